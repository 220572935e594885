/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manual page chrony.conf(5) has an entry for every directive and every source option, and none
 * for anything else. Options of other directives and names of log files are in the entries of
 * these. Their defaults and ranges, and those of the specification, are the program's.
 */
#include <limits.h>
#include <math.h>
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
        bool before = find_entry(page, begin, d->row.name) != NULL;

        check_entry(before ? page : end, before ? begin : page + strlen(page), d->row.name);
    }
    free(page);
}

static void every_source_option_has_an_entry(void **state)
{
    char *page = test_read_file(TEST_DATA_DIR "/../../doc/chrony.conf.adoc");
    const char *begin = strstr(page, options_begin), *end = strstr(page, options_end);

    for (size_t i = 0; source_option(i); i++)
        check_entry(begin, end, source_option(i)->name);
    free(page);
}

static bool is_number(const struct option_row *row)
{
    return row->kind == OPTION_INT || row->kind == OPTION_PORT || row->kind == OPTION_REAL;
}

/* A default out of range stands for something that is not a number, as do those of these two. */
static bool has_default(const struct option_row *row)
{
    return row->initial >= row->min && row->initial <= row->max &&
           strcmp(row->name, "clockprecision") != 0 && strcmp(row->name, "waitunsynced") != 0;
}

static bool is_default(const struct option_row *row, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    return end != text && fabs(value - row->initial) <= 1e-6 * fabs(row->initial);
}

/* "Default 5" or "default 5" in the text; "Default 0 to 15" if it is for two. */
static bool tells_default(const struct option_row *row, const char *text)
{
    while ((text = strstr(text, "efault "))) {
        text += strlen("efault ");
        const char *second = text + strcspn(text, " .");

        if (is_default(row, text) ||
            (strncmp(second, " to ", 4) == 0 && is_default(row, second + 4)))
            return true;
    }
    return false;
}

static bool tells_range(const struct option_row *row, const char *text)
{
    char range[64];

    snprintf(range, sizeof(range), "%.15g...%.15g", row->min, row->max);
    bool from_0 = strstr(text, "0 or more") || strstr(text, " 0...");
    bool told = strstr(text, range) != NULL;
    return row->kind == OPTION_REAL ? from_0 == isfinite(row->min) : told;
}

/* Terms, and the text up to the next term; freed by the caller. */
static char *entry_text(const char *entry)
{
    const char *end = entry;

    while (is_term(end))
        end = next_line(end);
    while (*end != '\0' && !is_term(end) && *end != '=')
        end = next_line(end);
    char *text = mem_alloc((size_t)(end - entry) + 1);
    memcpy(text, entry, (size_t)(end - entry));
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '\n' ? ' ' : *c;
    return text;
}

/* The manual has ranges of what is used, which for some options and sched_priority is less than
   what is taken. */
static void check_number(const struct option_row *row, const char *entry, bool is_option)
{
    char *text = entry_text(entry);
    bool ranged = row->kind == OPTION_REAL || row->kind == OPTION_PORT ||
                  (!is_option && row->max < INT_MAX && strcmp(row->name, "sched_priority") != 0);

    if (has_default(row) && !tells_default(row, text))
        fail_msg("default of %s (%g): %s", row->name, row->initial, text);
    if (ranged && !tells_range(row, text))
        fail_msg("range of %s: %s", row->name, text);
    free(text);
}

static void the_manual_has_the_defaults_and_ranges(void **state)
{
    char *page = test_read_file(TEST_DATA_DIR "/../../doc/chrony.conf.adoc");
    char *options = strstr(page, options_begin), *rest = strstr(page, options_end);
    int checked = 0;

    for (size_t i = 0; source_option(i); i++) {
        if (!is_number(source_option(i)))
            continue;
        check_number(source_option(i), find_entry(options, rest, source_option(i)->name), true);
        checked++;
    }
    for (size_t i = 0; i < directive_count; i++) {
        const struct option_row *row = &directive_table[i].row;
        const char *entry = find_entry(page, options, row->name);

        if (!is_number(row))
            continue;
        check_number(row, entry ? entry : find_entry(rest, page + strlen(page), row->name), false);
        checked++;
    }
    assert_true(checked >= 20 + 35);
    free(page);
}

/* The row of a table of a section of the specification; NULL if there is none. */
static const char *find_spec_row(const char *section, const char *name)
{
    const char *end = strstr(section + strlen("\n## "), "\n## ");
    char start[64];

    snprintf(start, sizeof(start), "\n| `%s` | ", name);
    const char *row = strstr(section, start);
    return row && (!end || row < end) ? row + strlen(start) : NULL;
}

static const char *next_column(const char *text)
{
    return strstr(text, " | ") + strlen(" | ");
}

static void format_limit(char *text, size_t size, double value)
{
    if (value == INT_MAX)
        snprintf(text, size, "INT_MAX");
    else
        snprintf(text, size, "%.15g", value);
}

/* "I(0..63)", "D seconds", "D(0..) ppm" */
static void format_class(const struct option_row *row, char *text, size_t size)
{
    const char *unit = !row->unit ? "" : strcmp(row->unit, "s") == 0 ? " seconds" : " ppm";
    char low[32], high[32];

    if (row->kind == OPTION_REAL) {
        snprintf(text, size, "D%s%s | ", isfinite(row->min) ? "(0..)" : "", unit);
        return;
    }
    format_limit(low, sizeof(low), row->min);
    format_limit(high, sizeof(high), row->max);
    snprintf(text, size, "I(%s..%s)%s | ", low, high, row->unit ? " s" : "");
}

static void the_specification_has_the_defaults_and_ranges(void **state)
{
    char *spec = test_read_file(TEST_DATA_DIR "/../../doc/spec/config.md");
    char *index = strstr(spec, "## 8. Index of all directives"), class[96];

    for (size_t i = 0; i < directive_count; i++) {
        const struct option_row *row = &directive_table[i].row;
        const char *text = find_spec_row(index, row->name);

        if (!is_number(row))
            continue;
        format_class(row, class, sizeof(class));
        if (strncmp(text, class, strlen(class)) != 0)
            fail_msg("%s is %s: %.80s", row->name, class, text);
        if (has_default(row) && !is_default(row, next_column(text)))
            fail_msg("default of %s (%g): %.80s", row->name, row->initial, text);
    }
    free(spec);
}

/* The row "| `name` | d | 1.0 | 0.. | ..." of an option; one that is for several options has none
   of its own. Returns whether it is a number. */
static bool check_spec_row(const char *section, const struct option_row *row)
{
    const char *text = find_spec_row(section, row->name), *value;
    char low[32], high[32], range[96];

    if (!is_number(row) || !text)
        return false;
    value = next_column(text);
    assert_int_equal(text[0], row->kind == OPTION_REAL ? 'd' : 'i');
    if (has_default(row) && !is_default(row, value))
        fail_msg("default of %s (%g): %.80s", row->name, row->initial, value);
    format_limit(low, sizeof(low), row->min);
    format_limit(high, sizeof(high), row->max);
    if (row->min == INT_MIN || row->min == -INFINITY)
        snprintf(range, sizeof(range), "any");
    else
        snprintf(range, sizeof(range), "%s..%s", low, isfinite(row->max) ? high : " |");
    if (strncmp(next_column(value), range, strlen(range)) != 0)
        fail_msg("range of %s (%s): %.80s", row->name, range, value);
    return true;
}

static int check_spec_rows(const char *spec, const char *section, const struct option_row *rows,
                           size_t count)
{
    int numbers = 0;

    for (size_t i = 0; i < count; i++)
        numbers += check_spec_row(strstr(spec, section), &rows[i]);
    return numbers;
}

static void the_specification_has_the_defaults_and_ranges_of_options(void **state)
{
    char *spec = test_read_file(TEST_DATA_DIR "/../../doc/spec/config.md");
    int numbers = 0;

    for (size_t i = 0; source_option(i); i++)
        numbers += check_spec_row(strstr(spec, "\n## 9. "), source_option(i));
    assert_int_equal(numbers, 20);
    assert_int_equal(check_spec_rows(spec, "\n## 10. ", refclock_options, refclock_option_count),
                     11);
    assert_int_equal(check_spec_rows(spec, "\n### local\n", local_options, local_option_count), 5);
    assert_int_equal(
        check_spec_rows(spec, "\n## 20. ", hwtimestamp_options, hwtimestamp_option_count), 7);
    free(spec);
}

static void the_manual_has_the_defaults_and_ranges_of_refclock_options(void **state)
{
    char *page = test_read_file(TEST_DATA_DIR "/../../doc/chrony.conf.adoc");
    char *clocks = strstr(page, clocks_begin), *end = strstr(clocks + 1, "\n== ");
    int numbers = 0;

    for (size_t i = 0; i < refclock_option_count; i++) {
        const char *entry = find_entry(clocks, end, refclock_options[i].name);

        if (!is_number(&refclock_options[i]) || !entry)
            continue;
        check_number(&refclock_options[i], entry, true);
        numbers++;
    }
    assert_int_equal(numbers, 11);
    free(page);
}

static bool is_source_option(const char *name)
{
    for (size_t i = 0; source_option(i); i++) {
        if (strcmp(source_option(i)->name, name) == 0)
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

/* The text has the word, which is not a part of a longer one. */
static bool has_word(const char *text, const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

    for (const char *found = strstr(text, word); found; found = strstr(found + 1, word)) {
        bool begins = found == text || !strchr(letters, found[-1]);

        if (begins && (found[strlen(word)] == '\0' || !strchr(letters, found[strlen(word)])))
            return true;
    }
    return false;
}

static void check_words(const char *page, const char *directive, const struct option_row *rows,
                        size_t count)
{
    const char *end = page + strlen(page), *entry = find_entry(page, end, directive), *next;

    /* The last one: local is an option of reference clocks, too. */
    assert_non_null(entry);
    while ((next = find_entry(next_line(entry), end, directive)))
        entry = next;
    char *text = entry_text(entry);
    for (size_t i = 0; i < count; i++) {
        if (!has_word(text, rows[i].name))
            fail_msg("%s of %s is not in the manual", rows[i].name, directive);
    }
    free(text);
}

static void every_option_of_a_directive_is_in_its_entry(void **state)
{
    char *page = test_read_file(TEST_DATA_DIR "/../../doc/chrony.conf.adoc");

    assert_true(has_word("*minpoll* _N_", "minpoll") && !has_word("*minpoll*", "poll"));
    check_words(page, "local", local_options, local_option_count);
    check_words(page, "hwtimestamp", hwtimestamp_options, hwtimestamp_option_count);
    check_words(page, "ratelimit", ratelimit_options, ratelimit_option_count);
    check_words(page, "ntsratelimit", ratelimit_options, ratelimit_option_count - 1);
    check_words(page, "cmdratelimit", ratelimit_options, ratelimit_option_count - 1);
    free(page);
}

static void every_option_of_a_reference_clock_is_in_its_chapter(void **state)
{
    char *page = test_read_file(TEST_DATA_DIR "/../../doc/chrony.conf.adoc");
    char *clocks = strstr(page, clocks_begin), *end = strstr(clocks + 1, "\n== ");

    *end = '\0';
    for (size_t i = 0; i < refclock_option_count; i++) {
        char bold[64];

        snprintf(bold, sizeof(bold), "\n*%s*", refclock_options[i].name);
        if (!strstr(clocks, bold)) {
            snprintf(bold, sizeof(bold), " *%s*", refclock_options[i].name);
            /* Those that are the same as of NTP sources are only listed. */
            if (!strstr(clocks, bold) || !is_source_option(refclock_options[i].name))
                fail_msg("%s of refclock is not in the manual", refclock_options[i].name);
        }
    }
    free(page);
}

static void check_name(const char *page, const char *directive, const char *name)
{
    const struct option_row row = {.name = name};

    check_words(page, directive, &row, 1);
}

static void every_log_file_and_open_report_is_in_the_manual(void **state)
{
    char *page = test_read_file(TEST_DATA_DIR "/../../doc/chrony.conf.adoc");
    size_t logs = 0, reports = 0;

    for (; directive_log_name(logs); logs++) {
        char heading[64];

        check_name(page, "log", directive_log_name(logs));
        /* A section of its own, with its columns; of raw measurements that of the others */
        snprintf(heading, sizeof(heading), "\n=== %s.log\n", directive_log_name(logs));
        if (!strstr(page, heading) && strcmp(directive_log_name(logs), "rawmeasurements") != 0)
            fail_msg("there is no section %s", heading);
    }
    for (; directive_open_command(reports); reports++)
        check_name(page, "opencommands", directive_open_command(reports));
    assert_true(logs >= 9 && reports >= 15);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_directive_has_an_entry),
        cmocka_unit_test(every_source_option_has_an_entry),
        cmocka_unit_test(the_manual_has_the_defaults_and_ranges),
        cmocka_unit_test(the_manual_has_the_defaults_and_ranges_of_refclock_options),
        cmocka_unit_test(the_specification_has_the_defaults_and_ranges),
        cmocka_unit_test(the_specification_has_the_defaults_and_ranges_of_options),
        cmocka_unit_test(every_entry_is_of_something_that_exists),
        cmocka_unit_test(every_option_of_a_directive_is_in_its_entry),
        cmocka_unit_test(every_option_of_a_reference_clock_is_in_its_chapter),
        cmocka_unit_test(every_log_file_and_open_report_is_in_the_manual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
