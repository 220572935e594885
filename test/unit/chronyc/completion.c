/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The completion files for bash and zsh know what the command table knows: the former is run, the
 * latter, whose shell may not be installed, is read here and run by test/system/terminal.test.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/commands.h"

#define DIRECTORY TEST_DATA_DIR "/../../doc/completion/"
#define WORDS_MAX 128
#define LINE_SIZE 2048

/* Completes each line of standard input, as the shell does when Tab is typed. */
#define SCRIPT                                                                                     \
    "set -u; source \"$FILE\"; while IFS= read -r line; do "                                       \
    "IFS=' ' read -r -a COMP_WORDS <<< \"chronyc $line\"; "                                        \
    "[[ -n $line && $line != *' ' ]] || COMP_WORDS+=(''); "                                        \
    "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _chronyc; echo \"${COMPREPLY[*]}\"; done"

struct lines {
    char (*line)[64];
    size_t count;
};

static void add_line(struct lines *l, const char *first, const char *second, const char *third)
{
    l->line = mem_resize(l->line, l->count + 1, sizeof(*l->line));
    snprintf(l->line[l->count++], sizeof(*l->line), "%s%s%s", first, second, third);
}

static struct lines make_lines(void)
{
    struct lines l = {0};

    add_line(&l, "", "", "");
    add_line(&l, "s", "", "");
    add_line(&l, "watch ", "", "");
    add_line(&l, "watch s", "", "");
    add_line(&l, "manual d", "", "");
    for (const struct command *cmd = command_table; cmd->section != SECTION_NONE; cmd++) {
        add_line(&l, cmd->name, " ", "");
        if (cmd->watchable)
            add_line(&l, "watch ", cmd->name, " ");
    }
    return l;
}

static void run_bash(const struct lines *l, const char *prefix, char replies[][LINE_SIZE])
{
    char input[] = "/tmp/chronyc-completion.XXXXXX", command[1024];
    int fd = mkstemp(input);
    FILE *f = fdopen(fd, "w");
    size_t count = 0;

    assert_non_null(f);
    for (size_t i = 0; i < l->count; i++)
        fprintf(f, "%s%s\n", prefix, l->line[i]);
    fclose(f);
    setenv("FILE", DIRECTORY "chronyc.bash", 1);
    setenv("SCRIPT", SCRIPT, 1);
    snprintf(command, sizeof(command), "bash -c \"$SCRIPT\" < %s", input);
    f = popen(command, "r");
    assert_non_null(f);
    while (count < l->count && fgets(replies[count], LINE_SIZE, f)) {
        replies[count][strcspn(replies[count], "\n")] = '\0';
        count++;
    }
    assert_int_equal(pclose(f), 0);
    remove(input);
    assert_int_equal(count, l->count);
}

static void check_bash(const char *prefix)
{
    struct lines l = make_lines();
    char(*replies)[LINE_SIZE] = mem_array(l.count, sizeof(*replies));

    run_bash(&l, prefix, replies);
    for (size_t i = 0; i < l.count; i++) {
        const char *words[WORDS_MAX];
        size_t count = command_complete(l.line[i], words, WORDS_MAX), length = 0;
        char expected[LINE_SIZE] = "";

        for (size_t j = 0; j < count; j++)
            length += (size_t)snprintf(expected + length, sizeof(expected) - length, "%s%s",
                                       j > 0 ? " " : "", words[j]);
        if (strcmp(replies[i], expected) != 0)
            fail_msg("'%s%s' is completed to '%s' instead of '%s'", prefix, l.line[i], replies[i],
                     expected);
    }
    free(replies);
    free(l.line);
}

static void bash_completes_like_the_client(void **state)
{
    check_bash("");
    check_bash("-n -h localhost -cp 323 --color always ");
    check_bash("--color = never -m ");
}

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = mem_alloc(65536);

    if (!f)
        fail_msg("cannot open %s", path);
    assert_true(fread(text, 1, 65535, f) > 0);
    fclose(f);
    return text;
}

/* "(NAME|NAME) values=(WORD WORD)": whether the line is about the command. */
static bool is_about(const char *line, const char *name)
{
    char first[64], only[64], middle[64], last[64];

    snprintf(only, sizeof(only), "(%s) ", name);
    snprintf(first, sizeof(first), "(%s|", name);
    snprintf(middle, sizeof(middle), "|%s|", name);
    snprintf(last, sizeof(last), "|%s) ", name);
    return strstr(line, only) || strstr(line, first) || strstr(line, middle) || strstr(line, last);
}

static void zsh_knows_all_commands_and_words(void **state)
{
    char *text = read_file(DIRECTORY "_chronyc");
    size_t commands = 0, entries = 0, with_words = 0, cases = 0;

    for (const struct command *cmd = command_table; cmd->section != SECTION_NONE; cmd++) {
        char entry[64];

        snprintf(entry, sizeof(entry), "\n    '%s:", cmd->name);
        if (!strstr(text, entry))
            fail_msg("_chronyc does not know %s", cmd->name);
        commands++;
        with_words += cmd->completions[0] != NULL;
    }
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *words = strstr(line, " values=("), values[128];

        entries += strncmp(line, "    '", 5) == 0 && strchr(line + 5, ':') && line[5] != '-' &&
                   line[5] != '(' && line[5] >= 'a';
        if (!words)
            continue;
        assert_true(text_copy(values, sizeof(values), words));
        words[1] = '\0';
        for (const struct command *cmd = command_table; cmd->section != SECTION_NONE; cmd++) {
            char expected[128] = " values=(";

            if (!is_about(line, cmd->name))
                continue;
            cases++;
            for (size_t i = 0; i < COMMAND_WORDS_MAX && cmd->completions[i]; i++) {
                strcat(expected, i > 0 ? " " : "");
                strcat(expected, cmd->completions[i]);
            }
            strcat(expected, ") ;;");
            assert_string_equal(values, expected);
        }
    }
    assert_int_equal(entries, commands);
    assert_int_equal(cases, with_words);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bash_completes_like_the_client),
        cmocka_unit_test(zsh_knows_all_commands_and_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
