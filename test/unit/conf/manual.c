/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manual page chrony.conf(5) has an entry for every directive and every source option, and none
 * for anything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"
#include "conf/directive.h"
#include "test/unit/support/conf.h"

static const char options_begin[] = "\n=== Options of server, pool and peer\n";
static const char options_end[] = "\n=== Further settings of sources\n";
static const char clocks_begin[] = "\n== REFERENCE CLOCKS\n";

/* A line "*NAME* arguments::" that begins an entry. */
static bool is_term(const char *line)
{
    size_t length = strcspn(line, "\n");

    return line[0] == '*' && length > 4 && strncmp(line + length - 2, "::", 2) == 0;
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return *line == '\n' ? line + 1 : line;
}

/* The first entry of a name in a part of the page; NULL if there is none. */
static const char *find_entry(const char *begin, const char *end, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = begin; line < end && *line != '\0'; line = next_line(line)) {
        if (is_term(line) && strncmp(line + 1, name, length) == 0 && line[1 + length] == '*')
            return line;
    }
    return NULL;
}

static void check_entry(const char *begin, const char *end, const char *name)
{
    if (!find_entry(begin, end, name))
        fail_msg("%s is not in the manual", name);
}

static void every_directive_has_an_entry(void **state)
{
    char *page = test_read_file(TEST_DATA_DIR "/../../doc/chrony.conf.adoc");
    const char *begin = strstr(page, options_begin), *end = strstr(page, options_end);

    assert_non_null(begin);
    assert_non_null(end);
    for (size_t i = 0; i < directive_count; i++) {
        const struct directive *d = &directive_table[i];
        bool before = find_entry(page, begin, d->name) != NULL;

        check_entry(before ? page : end, before ? begin : page + strlen(page), d->name);
    }
    free(page);
}

static void every_source_option_has_an_entry(void **state)
{
    char *page = test_read_file(TEST_DATA_DIR "/../../doc/chrony.conf.adoc");
    const char *begin = strstr(page, options_begin), *end = strstr(page, options_end);

    for (size_t i = 0; source_option_name(i); i++)
        check_entry(begin, end, source_option_name(i));
    free(page);
}

static bool is_source_option(const char *name)
{
    for (size_t i = 0; source_option_name(i); i++) {
        if (strcmp(source_option_name(i), name) == 0)
            return true;
    }
    return false;
}

/* A driver, or an option that the parser takes. */
static bool is_of_refclock(const char *name)
{
    static const char *const values[] = {"", " 1"};
    struct conf_env env = {.client_only = false};
    struct conf_error error;
    bool known = false;

    for (size_t i = 0; !known && i < sizeof(values) / sizeof(values[0]); i++) {
        bool driver = name[0] >= 'A' && name[0] <= 'Z';
        struct conf *conf = conf_new(&env);
        char line[128];

        if (driver)
            snprintf(line, sizeof(line), "refclock %s 0", name);
        else
            snprintf(line, sizeof(line), "refclock SHM 0 %s%s", name, values[i]);
        known = conf_read_line(conf, &env, line, 1, &error) &&
                (conf_check(conf, &error) || strncmp(error.message, "unknown", 7) != 0);
        conf_free(conf);
    }
    return known;
}

static void every_entry_is_of_something_that_exists(void **state)
{
    char *page = test_read_file(TEST_DATA_DIR "/../../doc/chrony.conf.adoc");
    const char *begin = strstr(page, options_begin), *end = strstr(page, options_end);
    const char *clocks = strstr(page, clocks_begin), *clocks_end = strstr(clocks + 1, "\n== ");
    int entries = 0;

    for (const char *line = page; *line != '\0'; line = next_line(line)) {
        char name[64];

        if (!is_term(line))
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(line + 1, "*"), line + 1);
        if (line > begin && line < end           ? !is_source_option(name)
            : line > clocks && line < clocks_end ? !is_of_refclock(name)
                                                 : !directive_find(name))
            fail_msg("%s is in the manual only", name);
        entries++;
    }
    assert_true(entries >= 100 + 36 + 5 + 17);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_directive_has_an_entry),
        cmocka_unit_test(every_source_option_has_an_entry),
        cmocka_unit_test(every_entry_is_of_something_that_exists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
