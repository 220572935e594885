/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The self-test of a sandbox: it accepts each role's own one at each level, and finds one that lets
 * too much or too little through. Each case runs in a forked child.
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
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/number.h"
#include "process/filter.h"
#include "process/self_test.h"
#include "process/violation.h"

static void skip_if_sanitized(void)
{
    if (SANITIZED || getenv("TEST_WRAPPER"))
        skip();
}

/* What a child finds; in memory that it shares with the test. */
struct finding {
    bool passed;
    char problem[160];
};

static void run(void (*act)(struct finding *f, int a, int b), int a, int b, struct finding *finding)
{
    struct finding *f =
        mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    assert_true(f != MAP_FAILED);
    memset(f, 0, sizeof(*f));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        log_set_threshold(LOG_SEV_WARN);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        act(f, a, b);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    *finding = *f;
    munmap(f, sizeof(*f));
}

/* ---- The filter ---- */

#ifdef FEAT_SCFILTER

static void enter_and_test(struct finding *f, int level, int role)
{
    violation_catch(NULL, (enum process_role)role, level < 0, false);
    filter_load(level, (enum process_role)role, WORK_CLOCK);
    f->passed = self_test_filter(level, (enum process_role)role, WORK_CLOCK, f->problem,
                                 sizeof(f->problem));
}

static void filter_of_each_role_holds_at_each_level(void **state)
{
    static const int levels[] = {-2, -1, 1, 2};

    skip_if_sanitized();
    for (size_t i = 0; i < COUNT(levels); i++)
        for (int role = 0; role < PROCESS_ROLES; role++) {
            struct finding f;

            run(enter_and_test, levels[i], role, &f);
            if (!f.passed)
                fail_msg("%s at level %d: %s", promise_of((enum process_role)role)->name, levels[i],
                         f.problem);
        }
}

static void test_without_filter(struct finding *f, int level, int role)
{
    violation_catch(NULL, (enum process_role)role, false, false);
    f->passed = self_test_filter(level, (enum process_role)role, WORK_CLOCK, f->problem,
                                 sizeof(f->problem));
}

static void filter_that_is_not_there_is_found(void **state)
{
    struct finding f;

    skip_if_sanitized();
    run(test_without_filter, 1, PROCESS_KE_HELPER, &f);
    assert_false(f.passed);
    assert_string_equal(f.problem, "openat works, which should be denied");
    run(test_without_filter, 1, PROCESS_MAIN, &f);
    assert_false(f.passed);
    assert_string_equal(f.problem, "execve works, which should be denied");
    run(test_without_filter, 0, PROCESS_MAIN, &f);
    assert_true(f.passed);
}

static void test_with_filter_of_other(struct finding *f, int level, int role)
{
    violation_catch(NULL, PROCESS_KE_HELPER, false, false);
    filter_load(level, PROCESS_KE_HELPER, 0);
    f->passed = self_test_filter(level, (enum process_role)role, WORK_CLOCK, f->problem,
                                 sizeof(f->problem));
}

static void filter_that_forbids_too_much_is_found(void **state)
{
    struct finding f;

    skip_if_sanitized();
    run(test_with_filter_of_other, 1, PROCESS_METRICS, &f);
    assert_false(f.passed);
    assert_string_equal(f.problem,
                        "accept4, which it needs, does not work : forbidden by the filter");
    run(test_with_filter_of_other, 1, PROCESS_GUARD, &f);
    assert_false(f.passed);
    assert_string_equal(f.problem,
                        "adjtimex, which it needs, does not work : forbidden by the filter");
    run(test_with_filter_of_other, 1, PROCESS_MAIN, &f);
    assert_false(f.passed);
    assert_string_equal(f.problem,
                        "openat, which it needs, does not work : Operation not permitted");
}

static void load_without_clock(struct finding *f, int work, int unused)
{
    violation_catch(NULL, PROCESS_MAIN, false, false);
    filter_load(1, PROCESS_MAIN, 0);
    f->passed =
        self_test_filter(1, PROCESS_MAIN, (unsigned int)work, f->problem, sizeof(f->problem));
}

static void main_process_with_a_guard_has_no_clock(void **state)
{
    struct finding f;

    skip_if_sanitized();
    run(load_without_clock, 0, 0, &f);
    assert_true(f.passed);
    run(load_without_clock, WORK_CLOCK, 0, &f);
    assert_false(f.passed);
}

#endif

/* ---- Landlock ---- */

static struct landlock_wish wish_of(enum process_role role)
{
    const struct promise *promise = promise_of(role);
    struct landlock_wish wish = {.paths = promise->paths, .connects_any = promise->connects};

    while (wish.paths && wish.paths[wish.path_count].path)
        wish.path_count++;
    return wish;
}

static void restrict_and_test(struct finding *f, int role, int forks)
{
    const struct landlock_wish wish = wish_of((enum process_role)role);
    const struct landlock_result result = landlock_restrict(&wish);

    f->passed = self_test_landlock(&wish, &result, forks, f->problem, sizeof(f->problem));
}

static void landlock_of_each_role_holds(void **state)
{
    if (landlock_abi() == 0)
        skip();
    for (int role = 0; role < PROCESS_ROLES; role++) {
        struct finding f;

        run(restrict_and_test, role, 1, &f);
        if (!f.passed)
            fail_msg("%s: %s", promise_of((enum process_role)role)->name, f.problem);
    }
}

static void test_only(struct finding *f, int kind, int forks)
{
    const struct landlock_wish wish = {.path_count = 0};
    const struct landlock_result result = {.abi = 7, .kinds = (unsigned int)kind};

    f->passed = self_test_landlock(&wish, &result, forks, f->problem, sizeof(f->problem));
}

static void what_is_not_restricted_is_found(void **state)
{
    static const struct {
        enum landlock_kind kind;
        const char *problem;
    } cases[] = {{LANDLOCK_FILES, "open works, which should be denied"},
                 {LANDLOCK_BIND, "bind works, which should be denied"},
                 {LANDLOCK_CONNECT, "connect works, which should be denied"},
                 {LANDLOCK_SIGNALS, "kill works, which should be denied"}};
    struct finding f;

    for (size_t i = 0; i < COUNT(cases); i++) {
        run(test_only, (int)cases[i].kind, 1, &f);
        assert_false(f.passed);
        assert_string_equal(f.problem, cases[i].problem);
    }
    run(test_only, 0, 1, &f);
    assert_true(f.passed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef FEAT_SCFILTER
        cmocka_unit_test(filter_of_each_role_holds_at_each_level),
        cmocka_unit_test(filter_that_is_not_there_is_found),
        cmocka_unit_test(filter_that_forbids_too_much_is_found),
        cmocka_unit_test(main_process_with_a_guard_has_no_clock),
#endif
        cmocka_unit_test(landlock_of_each_role_holds),
        cmocka_unit_test(what_is_not_restricted_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
