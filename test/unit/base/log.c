/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats, destinations and fatal messages of the log (daemon.md 15). The sink is shared by the
 * whole process, so each test puts it back; fatal messages are made in a child.
 */
#include "test/unit/support/unit.h"

#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

#define STAMP "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z "

static char directory[] = "/tmp/test_log.XXXXXX";
static char log_path[64], other_path[64];

static int make_directory(void **state)
{
    if (!mkdtemp(directory))
        return -1;
    snprintf(log_path, sizeof(log_path), "%s/log", directory);
    snprintf(other_path, sizeof(other_path), "%s/other", directory);
    return 0;
}

static int remove_directory(void **state)
{
    return rmdir(directory);
}

static int clean_up(void **state)
{
    log_open_stderr();
    log_set_threshold(LOG_SEV_INFO);
    log_set_origin_prefix("");
    unlink(log_path);
    unlink(other_path);
    return 0;
}

/* The whole file, in a static buffer. */
static const char *contents(const char *path)
{
    static char buf[8192];
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    size_t n = fread(buf, 1, sizeof(buf) - 1, f);
    fclose(f);
    buf[n] = '\0';
    return buf;
}

static void assert_matches(const char *text, const char *pattern)
{
    regex_t regex;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int found = regexec(&regex, text, 0, NULL, 0);
    regfree(&regex);
    if (found != 0)
        fail_msg("\"%s\" does not match %s", text, pattern);
}

static void lines_have_a_time_stamp(void **state)
{
    assert_true(log_open_file(log_path));
    LOG_INFO("%s %d", "text", 5);
    /* Line buffered: it is there without closing the file. */
    assert_matches(contents(log_path), STAMP "text 5\n$");
}

static void messages_below_the_threshold_are_dropped(void **state)
{
    assert_true(log_open_file(log_path));
    LOG_DEBUG("debug");
    log_set_threshold(LOG_SEV_ERROR);
    LOG_INFO("info");
    LOG_WARN("warning");
    LOG_ERROR("error");
    assert_matches(contents(log_path), STAMP "error\n$");
}

static void debug_messages_show_their_origin(void **state)
{
    log_set_threshold(LOG_SEV_DEBUG);
    if (log_lowest() != LOG_SEV_DEBUG) {
        assert_int_equal(log_threshold(), LOG_SEV_INFO);
        skip();
    }
    assert_true(log_open_file(log_path));
    log_set_origin_prefix("nks#2:");
    log_message(LOG_SEV_WARN, "base/x.c", 17, "label", "text");
    assert_matches(contents(log_path), STAMP "W:nks#2:base/x\\.c:17:\\(label\\) text\n$");
    LOG_DEBUG("more");
    assert_matches(contents(log_path),
                   "\n[^ ]+Z D:nks#2:.*log.c:[0-9]+:\\(debug_messages[a-z_]*\\) more\n$");
}

static void long_messages_are_cut(void **state)
{
    char text[3000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_true(log_open_file(log_path));
    LOG_INFO("%s", text);
    const char *line = contents(log_path);
    assert_int_equal(strlen(line), strlen("YYYY-MM-DDTHH:MM:SSZ ") + 2047 + 1);
}

static void the_file_is_private_and_no_link_is_followed(void **state)
{
    struct stat st;
    mode_t mask = umask(0);

    assert_true(log_open_file(log_path));
    umask(mask);
    assert_int_equal(stat(log_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(symlink(log_path, other_path), 0);
    assert_false(log_open_file(other_path));
    /* The old file is still in use. */
    LOG_INFO("here");
    assert_matches(contents(log_path), "here\n$");
}

static void a_renamed_file_is_opened_again(void **state)
{
    assert_true(log_open_file(log_path));
    LOG_INFO("first");
    log_reopen_file();
    LOG_INFO("second");
    assert_int_equal(rename(log_path, other_path), 0);
    log_reopen_file();
    LOG_INFO("third");
    assert_matches(contents(other_path), "first\n.*second\n$");
    assert_matches(contents(log_path), STAMP "third\n$");
}

static void a_file_that_cannot_be_opened_again_is_kept(void **state)
{
    struct stat st;

    assert_true(log_open_file(log_path));
    assert_int_equal(rename(log_path, other_path), 0);
    /* Nothing exists where it points, and it is not followed. */
    assert_int_equal(symlink("missing", log_path), 0);
    log_reopen_file();
    LOG_INFO("kept");
    assert_matches(contents(other_path), "kept\n$");
    assert_int_equal(stat(log_path, &st), -1);
}

/* The size of a file is limited as a disk is: the last line is cut off. */
static void limit_file_size(rlim_t size)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void what_a_full_disk_has_swallowed_is_counted(void **state)
{
    assert_true(log_open_file(log_path));
    LOG_INFO("first");
    limit_file_size(28 + 10);
    for (int i = 0; i < 5; i++)
        LOG_INFO("lost");
    limit_file_size(RLIM_INFINITY);
    LOG_INFO("second");
    LOG_INFO("third");
    assert_matches(contents(log_path),
                   STAMP "first\n[-0-9T:]{1,11}\n" /* what was written of the first lost one */
                         "[^ ]* 5 messages could not be written : (File too large|No space left on "
                         "device)\n[^ ]* second\n[^ ]* third\n$");
}

static void severity_depends_on_the_context(void **state)
{
    assert_int_equal(log_context_severity(), LOG_SEV_DEBUG);
    log_set_context_info(true);
    assert_int_equal(log_context_severity(), LOG_SEV_INFO);
    log_set_context_info(false);
    assert_int_equal(log_context_severity(), LOG_SEV_DEBUG);
}

static void write_hook(void *arg)
{
    LOG_INFO("%s", (const char *)arg);
    LOG_FATAL("again");
}

static void a_fatal_message_reaches_everybody(void **state)
{
    char text[64] = "";
    int parent[2], status;

    assert_int_equal(pipe(parent), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(parent[0]);
        if (!freopen(other_path, "w", stderr) || !log_open_file(log_path))
            _exit(9);
        log_set_fatal_to_stderr(true);
        log_set_parent_fd(parent[1]);
        log_set_fatal_hook(write_hook, "hook");
        LOG_FATAL("bad %s", "thing");
    }
    close(parent[1]);
    assert_int_equal(read(parent[0], text, sizeof(text)), sizeof("bad thing"));
    close(parent[0]);
    assert_string_equal(text, "bad thing");
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_string_equal(contents(other_path), "Fatal error : bad thing\nFatal error : again\n");
    assert_matches(contents(log_path), STAMP "Fatal error : bad thing\n[^ ]* hook\n[^ ]* Fatal "
                                             "error : again\n$");
}

static void readiness_is_one_zero_octet(void **state)
{
    char text[4];
    int parent[2];

    assert_int_equal(pipe(parent), 0);
    log_set_parent_fd(parent[1]);
    assert_true(log_release_parent());
    assert_int_equal(read(parent[0], text, sizeof(text)), 1);
    assert_int_equal(text[0], 0);
    assert_int_equal(read(parent[0], text, sizeof(text)), 0);
    close(parent[0]);
    /* Without a foreground process there is nobody to tell. */
    assert_true(log_release_parent());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(lines_have_a_time_stamp, clean_up),
        cmocka_unit_test_teardown(messages_below_the_threshold_are_dropped, clean_up),
        cmocka_unit_test_teardown(debug_messages_show_their_origin, clean_up),
        cmocka_unit_test_teardown(long_messages_are_cut, clean_up),
        cmocka_unit_test_teardown(the_file_is_private_and_no_link_is_followed, clean_up),
        cmocka_unit_test_teardown(a_renamed_file_is_opened_again, clean_up),
        cmocka_unit_test_teardown(a_file_that_cannot_be_opened_again_is_kept, clean_up),
        cmocka_unit_test_teardown(what_a_full_disk_has_swallowed_is_counted, clean_up),
        cmocka_unit_test_teardown(severity_depends_on_the_context, clean_up),
        cmocka_unit_test_teardown(a_fatal_message_reaches_everybody, clean_up),
        cmocka_unit_test_teardown(readiness_is_one_zero_octet, clean_up),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
