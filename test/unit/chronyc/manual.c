/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manual page chronyc(1) has an entry for every command and every form that help shows, and
 * none for a command that does not exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chronyc/commands.h"

#define PAGE            TEST_DATA_DIR "/../../doc/chronyc.adoc"
#define LINE_MAX_LENGTH 512

/* Calls back for the text of each "*...*...::" in the chapter on commands, without the star. */
static void each_entry(void (*call)(const char *term, void *arg), void *arg)
{
    FILE *f = fopen(PAGE, "r");
    char line[LINE_MAX_LENGTH];
    bool inside = false;

    if (!f)
        fail_msg("cannot open %s", PAGE);
    while (fgets(line, sizeof(line), f)) {
        size_t length = strcspn(line, "\n");

        line[length] = '\0';
        if (strncmp(line, "== ", 3) == 0)
            inside = strcmp(line, "== COMMANDS") == 0;
        if (inside && line[0] == '*' && length > 3 && strcmp(line + length - 2, "::") == 0)
            call(line + 1, arg);
    }
    fclose(f);
}

struct search {
    const char *words; /* bold words at the start of the entry */
    size_t found;
};

static void compare(const char *term, void *arg)
{
    struct search *search = arg;
    size_t length = strlen(search->words);

    if (strncmp(term, search->words, length) == 0 && (term[length] == '*' || term[length] == ' '))
        search->found++;
}

static bool has_entry(const char *words)
{
    struct search search = {.words = words};

    each_entry(compare, &search);
    return search.found > 0;
}

static void every_command_is_described(void **state)
{
    for (const struct command *cmd = command_table; cmd->name; cmd++)
        if (!has_entry(cmd->name))
            fail_msg("no entry for %s", cmd->name);
}

static void every_word_that_is_completed_is_described(void **state)
{
    for (const struct command *cmd = command_table; cmd->name; cmd++) {
        for (size_t i = 0; i < COMMAND_WORDS_MAX && cmd->completions[i]; i++) {
            char words[64];

            if (cmd->completions[i][0] == '-')
                continue; /* an option, described in the entry */
            snprintf(words, sizeof(words), "%s %s", cmd->name, cmd->completions[i]);
            if (!has_entry(words))
                fail_msg("no entry for %s", words);
        }
    }
}

static void check_exists(const char *term, void *arg)
{
    size_t *count = arg;
    char name[64];
    size_t length = strcspn(term, "* ");

    assert_true(length < sizeof(name));
    memcpy(name, term, length);
    name[length] = '\0';
    if (!command_find(name))
        fail_msg("an entry for %s, which is no command", name);
    (*count)++;
}

static void nothing_else_is_described(void **state)
{
    size_t count = 0;

    each_entry(check_exists, &count);
    assert_true(count > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_described),
        cmocka_unit_test(every_word_that_is_completed_is_described),
        cmocka_unit_test(nothing_else_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
