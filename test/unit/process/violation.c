/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process does when it makes a call that its filter does not let pass: the line in the log,
 * the count, and the end, or none. Each case runs in a forked child, since a filter cannot be
 * removed.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "test/unit/support/sanitized.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "process/filter.h"
#include "process/violation.h"

#ifdef FEAT_SCFILTER

struct fixture {
    struct violations *violations;
    char log[2048];
    int status;
};

static void skip_if_sanitized(void)
{
    if (SANITIZED || getenv("TEST_WRAPPER"))
        skip();
}

/* Acts in a child under the filter; its log goes to a file that is read then. */
static void run(struct fixture *f, int level, enum process_role role, void (*act)(void))
{
    char path[] = "/tmp/test_violation.XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    memset(f, 0, sizeof(*f));
    f->violations = violations_new();
    assert_non_null(f->violations);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        log_set_threshold(LOG_SEV_WARN);
        if (!log_open_file(path))
            _exit(99);
        violation_catch(f->violations, role, level < 0, true);
        filter_load(level, role, WORK_CLOCK);
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &f->status, 0), child);
    ssize_t n = read(fd, f->log, sizeof(f->log) - 1);
    assert_true(n >= 0);
    close(fd);
    unlink(path);
}

static void make_directory(void)
{
    (void)!mkdir("/tmp", 0700);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    while ((text = strstr(text, part))) {
        n++;
        text++;
    }
    return n;
}

static void assert_ended(const struct fixture *f)
{
    assert_true(WIFSIGNALED(f->status));
    assert_int_equal(WTERMSIG(f->status), SIGSYS);
}

static void violation_is_logged_with_role_and_name_before_the_end(void **state)
{
    struct fixture f;
    char name[32];
    int year, month, day, hour, minute, second, used = 0;

    skip_if_sanitized();
    run(&f, 1, PROCESS_MAIN, make_directory);
    assert_ended(&f);
    assert_int_equal(count(f.log, "\n"), 1);
    assert_int_equal(sscanf(f.log, "%4d-%2d-%2dT%2d:%2d:%2dZ %n", &year, &month, &day, &hour,
                            &minute, &second, &used),
                     6);
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    double age = difftime(time(NULL), timegm(&tm));
    assert_true(age >= 0.0 && age < 3600.0);
    char expected[128];
#ifdef SYS_mkdir
    snprintf(
        expected, sizeof(expected),
        "Fatal error : System call mkdir (%d) of the main process is forbidden by the filter\n",
        (int)SYS_mkdir);
#else
    snprintf(
        expected, sizeof(expected),
        "Fatal error : System call mkdirat (%d) of the main process is forbidden by the filter\n",
        (int)SYS_mkdirat);
#endif
    assert_string_equal(f.log + used, expected);
    assert_int_equal(violations_count(f.violations, PROCESS_MAIN), 1);
    assert_int_equal(violations_count(f.violations, PROCESS_GUARD), 0);
    assert_true(
        strncmp(violations_last(f.violations, PROCESS_MAIN, name, sizeof(name)), "mkdir", 5) == 0);
    assert_string_equal(violations_last(f.violations, PROCESS_GUARD, name, sizeof(name)), "");
}

static void make_directories(void)
{
    for (int i = 0; i < 3; i++)
        if (mkdir("/tmp/test_violation.never", 0700) == 0 || errno != EPERM)
            _exit(1);
    errno = 0;
    if (syscall(SYS_execve, NULL, NULL, NULL) >= 0 || errno != EPERM)
        _exit(2);
}

static void negative_level_denies_counts_and_logs_once_for_each_call(void **state)
{
    struct fixture f;

    skip_if_sanitized();
    run(&f, -1, PROCESS_MAIN, make_directories);
    assert_int_equal(f.status, 0);
    assert_int_equal(violations_count(f.violations, PROCESS_MAIN), 4);
    assert_int_equal(count(f.log, "\n"), 2);
    assert_int_equal(count(f.log, " of the main process was denied by the filter\n"), 2);
    assert_int_equal(count(f.log, "System call mkdir"), 1);
    assert_int_equal(count(f.log, "System call execve"), 1);
    assert_null(strstr(f.log, "Fatal"));
}

static void trace(void)
{
    syscall(SYS_ptrace, -1L, -1L, 0L, 0L);
}

static void dangerous_call_has_no_handler(void **state)
{
    struct fixture f;

    skip_if_sanitized();
    for (int level = 1; level <= 2; level++) {
        run(&f, level, PROCESS_MAIN, trace);
        assert_ended(&f);
        assert_string_equal(f.log, "");
        assert_int_equal(violations_count(f.violations, PROCESS_MAIN), 0);
    }
}

static void exchange_handler(void)
{
    signal(SIGSYS, SIG_IGN);
}

static void handler_cannot_be_exchanged(void **state)
{
    struct fixture f;

    skip_if_sanitized();
    for (int level = 1; level <= 2; level++) {
        run(&f, level, PROCESS_KE_HELPER, exchange_handler);
        assert_ended(&f);
        assert_non_null(strstr(f.log, "System call rt_sigaction"));
        assert_non_null(strstr(f.log, "of the NTS-KE helper is forbidden"));
    }
}

static void exchange_other_handlers(void)
{
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action = {.sa_handler = SIG_DFL};

        if (i != SIGSYS && i != SIGKILL && i != SIGSTOP && (i < 32 || i >= SIGRTMIN) &&
            sigaction(i, &action, NULL) < 0)
            _exit(i);
    }
    /* What the kernel takes for SIGSYS, whatever else the register holds. */
    syscall(SYS_rt_sigaction, 0x100000000L | SIGSYS, NULL, NULL, 8L);
    _exit(0);
}

static void handlers_of_other_signals_can_be(void **state)
{
    struct fixture f;

    skip_if_sanitized();
    run(&f, 1, PROCESS_MAIN, exchange_other_handlers);
    assert_ended(&f);
    run(&f, 2, PROCESS_MAIN, exchange_other_handlers);
    assert_ended(&f);
}

static void block_signal(void)
{
    sigset_t set;

    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    make_directory();
}

static void blocked_signal_ends_the_process(void **state)
{
    struct fixture f;

    skip_if_sanitized();
    run(&f, 1, PROCESS_MAIN, block_signal);
    assert_ended(&f);
}

static void *act_in_thread(void *arg)
{
    make_directory();
    return arg;
}

static void make_directory_in_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, act_in_thread, NULL) == 0)
        pthread_join(thread, NULL);
}

static void violation_in_a_thread_ends_the_whole_process(void **state)
{
    struct fixture f;

    skip_if_sanitized();
    run(&f, 1, PROCESS_MAIN, make_directory_in_thread);
    assert_ended(&f);
    assert_int_equal(count(f.log, "mkdir"), 1);
}

static void signal_from_elsewhere(void)
{
    raise(SIGSYS);
}

static void signal_that_is_not_of_the_filter_is_no_violation(void **state)
{
    struct fixture f;

    skip_if_sanitized();
    run(&f, 2, PROCESS_MAIN, signal_from_elsewhere);
    assert_ended(&f);
    assert_string_equal(f.log, "");
    assert_int_equal(violations_count(f.violations, PROCESS_MAIN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(violation_is_logged_with_role_and_name_before_the_end),
        cmocka_unit_test(negative_level_denies_counts_and_logs_once_for_each_call),
        cmocka_unit_test(dangerous_call_has_no_handler),
        cmocka_unit_test(handler_cannot_be_exchanged),
        cmocka_unit_test(handlers_of_other_signals_can_be),
        cmocka_unit_test(blocked_signal_ends_the_process),
        cmocka_unit_test(violation_in_a_thread_ends_the_whole_process),
        cmocka_unit_test(signal_that_is_not_of_the_filter_is_no_violation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void build_without_the_filter_counts_nothing(void **state)
{
    char text[8];

    assert_null(violations_new());
    assert_int_equal(violations_count(NULL, PROCESS_MAIN), 0);
    assert_string_equal(violations_last(NULL, PROCESS_MAIN, text, sizeof(text)), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(build_without_the_filter_counts_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
