/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of chronyd (daemon.md 2, 3): what each option sets, what the one-shot modes
 * imply, numbers that cannot be used as they are written, and what ends the program.
 */
#include "test/unit/support/unit.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "chronyd/command_line.h"
#include "config.h"
#include "test/unit/support/conf.h"
#include "test/unit/support/log.h"

#define MAX_WORDS 16

/* Splits the line at spaces, in the caller's copy. */
static enum command_line_action parse(char *line, struct options *o)
{
    static char *argv[MAX_WORDS + 2];
    int argc = 0;

    argv[argc++] = "chronyd";
    for (char *word = strtok(line, " "); word && argc <= MAX_WORDS; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    optind = 0; /* getopt() starts again */
    opterr = 0;
    return command_line_parse(o, argc, argv);
}

static struct options run(const char *line)
{
    static char copy[256];
    struct options o;

    assert_true(strlen(line) < sizeof(copy));
    strcpy(copy, line);
    assert_int_equal(parse(copy, &o), ACTION_RUN);
    return o;
}

static void defaults(void **state)
{
    const struct options o = run("");

    assert_string_equal(o.program, "chronyd");
    assert_string_equal(o.conf_file, DEFAULT_CONF_FILE);
    assert_int_equal(o.mode, MODE_NORMAL);
    assert_int_equal(o.family, IP_UNSPEC);
    assert_int_equal(o.min_severity, LOG_SEV_INFO);
    assert_true(o.timeout < 0);
    assert_true(o.syslog && o.need_root && o.control_clock);
    assert_false(o.foreground || o.print_conf || o.client_only || o.reload_dumps || o.restarted ||
                 o.set_from_rtc || o.lock_memory);
    assert_null(o.log_file);
    assert_null(o.user);
    assert_int_equal(o.filter_level, 0);
    assert_int_equal(o.priority, 0);
    assert_int_equal(o.notify_fd, 0);
    assert_int_equal(o.directive_count, 0);
}

static void options_without_argument(void **state)
{
    assert_int_equal(run("-4").family, IP_V4);
    assert_int_equal(run("-4 -6").family, IP_V6);
    struct options o = run("-d");
    assert_true(o.foreground && !o.syslog);
    assert_int_equal(o.min_severity, LOG_SEV_INFO);
    assert_int_equal(run("-d -d").min_severity, log_lowest());
    assert_int_equal(run("-dd").min_severity, log_lowest());
    o = run("-n");
    assert_true(o.foreground && o.syslog);
    assert_true(run("-m").lock_memory);
    assert_true(run("-r").reload_dumps);
    assert_true(run("-R").restarted);
    assert_true(run("-s").set_from_rtc);
    assert_false(run("-U").need_root);
    assert_false(run("-x").control_clock);
}

static void options_with_argument(void **state)
{
    assert_string_equal(run("-f /etc/x.conf").conf_file, "/etc/x.conf");
    assert_string_equal(run("-l /tmp/log").log_file, "/tmp/log");
    assert_string_equal(run("-u ntp").user, "ntp");
    assert_int_equal(run("-F -1").filter_level, -1);
    assert_int_equal(run("-F2").filter_level, 2);
    assert_int_equal(run("-N 7").notify_fd, 7);
    assert_int_equal(run("-P 99").priority, 99);
    assert_int_equal(run("-t 10").timeout, 10);
    assert_int_equal(run("-L 2").min_severity, LOG_SEV_ERROR);
    assert_int_equal(run("-L -99").min_severity, log_lowest());
    assert_int_equal(run("-L 99").min_severity, LOG_SEV_FATAL);
}

/* -q sets the clock and so needs root; -Q only measures; -p only prints. */
static void one_shot_modes(void **state)
{
    struct options o = run("-q");
    assert_int_equal(o.mode, MODE_SET_ONCE);
    assert_true(o.foreground && !o.syslog && o.need_root && o.control_clock && !o.client_only);
    o = run("-Q");
    assert_int_equal(o.mode, MODE_MEASURE_ONCE);
    assert_true(o.foreground && !o.syslog && !o.need_root && !o.control_clock && o.client_only);
    o = run("-p");
    assert_int_equal(o.mode, MODE_NORMAL);
    assert_true(o.print_conf && o.foreground && !o.syslog && !o.need_root && o.control_clock);
    assert_int_equal(o.min_severity, LOG_SEV_WARN);
}

/* What follows the options is configuration, also between them. */
static void directives_are_kept(void **state)
{
    const struct options o = run("-Q server1 -t 3 local allow");

    assert_int_equal(o.timeout, 3);
    assert_int_equal(o.directive_count, 3);
    assert_string_equal(o.directives[0], "server1");
    assert_string_equal(o.directives[2], "allow");
    const struct options after = run("-x -- -Q");
    assert_int_equal(after.mode, MODE_NORMAL);
    assert_int_equal(after.directive_count, 1);
    assert_string_equal(after.directives[0], "-Q");
}

static void help_and_version_come_before_all_else(void **state)
{
    static const struct {
        const char *line;
        enum command_line_action action;
    } cases[] = {
        {"-h", ACTION_HELP},
        {"--help", ACTION_HELP},
        {"-t x --help", ACTION_HELP},
        {"-v", ACTION_VERSION},
        {"--version", ACTION_VERSION},
        {"-x -v", ACTION_VERSION},
        {"-z", ACTION_USAGE_ERROR},
        {"-t", ACTION_USAGE_ERROR},
        {"--nothing", ACTION_USAGE_ERROR},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char copy[64];
        struct options o;
        strcpy(copy, cases[i].line);
        assert_int_equal(parse(copy, &o), cases[i].action);
    }
}

static void check_is_an_action_of_its_own(void **state)
{
    static const struct {
        const char *line;
        enum command_line_action action;
        int directives;
        bool check;
    } cases[] = {
        {"--check", ACTION_CHECK, 0, true},
        {"-f /etc/x.conf --check", ACTION_CHECK, 0, true},
        {"server1 --check allow -x", ACTION_CHECK, 2, true},
        {"--check -z", ACTION_USAGE_ERROR, 0, true},
        {"--check -h", ACTION_HELP, 0, true},
        {"-x -- --check", ACTION_RUN, 1, false},
        {"--check -- local", ACTION_CHECK, 1, true},
        {"--checks", ACTION_USAGE_ERROR, 0, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char copy[64];
        struct options o;

        strcpy(copy, cases[i].line);
        assert_int_equal(parse(copy, &o), cases[i].action);
        assert_int_equal(o.check, cases[i].check);
        if (cases[i].action == ACTION_CHECK || cases[i].action == ACTION_RUN)
            assert_int_equal(o.directive_count, cases[i].directives);
    }
    struct options o = run("");
    assert_false(o.check);
}

static void numbers_that_do_not_fit_are_said(void **state)
{
    capture_log();
    assert_int_equal(run("-t 99999999999").timeout, INT_MAX);
    assert_int_equal(logged("Invalid argument 99999999999, using 2147483647"), 1);
    assert_int_equal(run("-F -99999999999").filter_level, INT_MIN);
    assert_int_equal(run("-P 5x").priority, 5);
    assert_int_equal(logged("Invalid argument 5x, using 5"), 1);
    assert_int_equal(logged("Invalid argument"), 3);
    end_log_capture();
}

static void word_instead_of_a_number_is_fatal(void **state)
{
    capture_log();
    pid_t child = fork();
    if (child == 0) {
        run("-t soon");
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_int_equal(logged("Invalid argument soon"), 1);
    end_log_capture();
}

/* Each option that is taken is in the usage text, and no other. */
static void usage_lists_the_options(void **state)
{
    char text[8192];
    FILE *out = fmemopen(text, sizeof(text), "w");

    command_line_print_usage("/sbin/chronyd", false, out);
    fclose(out);
    assert_ptr_equal(strstr(text, "Usage: /sbin/chronyd [OPTION]... [DIRECTIVE]...\n"), text);
    assert_null(strstr(text, "--check"));
    for (char c = '0'; c <= 'z'; c++) {
        char line[] = "-? 1", entry[] = "\n  -?";
        struct options o;
        line[1] = entry[4] = c;
        if (c > '9' && (c < 'A' || (c > 'Z' && c < 'a')))
            continue;
        bool known = parse(line, &o) != ACTION_USAGE_ERROR;
        bool listed = strstr(text, entry) != NULL;
        if (known != listed)
            fail_msg("-%c is %s", c, known ? "not in the usage text" : "unknown");
    }
}

/* "-x", "--check" of the usage text are in the completion files, with the same text for zsh. */
static void completion_has_the_options(void **state)
{
    static const char directory[] = TEST_DATA_DIR "/../../doc/completion/";
    char usage[8192], path[512], word[32];
    char *bash, *zsh, *rest = usage, *line;
    int count = 0;

    snprintf(path, sizeof(path), "%schronyd.bash", directory);
    bash = test_read_file(path);
    for (char *p = bash; *p != '\0'; p++)
        *p = *p == '"' ? ' ' : *p;
    snprintf(path, sizeof(path), "%s_chronyd", directory);
    zsh = test_read_file(path);
    FILE *out = fmemopen(usage, sizeof(usage), "w");
    command_line_print_usage("chronyd", true, out);
    fclose(out);
    while ((line = strsep(&rest, "\n"))) {
        char *text = strrchr(line, '\t');

        if (strncmp(line, "  -", 3) != 0 || !text || strncmp(line, "  -d -d", 7) == 0)
            continue;
        text[1 + strcspn(text + 1, "(")] = '\0';
        if (text[strlen(text) - 1] == ' ')
            text[strlen(text) - 1] = '\0';
        snprintf(word, sizeof(word), " %.*s ", (int)strcspn(line + 2, " \t,"), line + 2);
        if (!strstr(bash, word))
            fail_msg("%s is not completed by bash", word);
        word[strlen(word) - 1] = '\0';
        if (!strstr(zsh, word + 1) || !strstr(zsh, text + 1))
            fail_msg("%s (%s) is not completed by zsh", word, text + 1);
        count++;
    }
    assert_true(count > 20);
    free(bash);
    free(zsh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(options_without_argument),
        cmocka_unit_test(options_with_argument),
        cmocka_unit_test(one_shot_modes),
        cmocka_unit_test(directives_are_kept),
        cmocka_unit_test(help_and_version_come_before_all_else),
        cmocka_unit_test(check_is_an_action_of_its_own),
        cmocka_unit_test(numbers_that_do_not_fit_are_said),
        cmocka_unit_test(word_instead_of_a_number_is_fatal),
        cmocka_unit_test(usage_lists_the_options),
        cmocka_unit_test(completion_has_the_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
