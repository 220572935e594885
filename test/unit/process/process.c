/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process inherits and may lock (system.md 12.2, 13). Each case runs in a child.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef FEAT_SCFILTER
#include <seccomp.h>
#endif
#include "process/process.h"

#define LOW  1024 /* the first that select() does not take */
#define HIGH 1500

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Exit status of the child. */
static int run(void (*act)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(__LINE__ % 200 + 1);                                                             \
    } while (0)

/* 77: the limit of the test itself is too low. */
static void open_many(void)
{
    struct rlimit limit;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_max <= HIGH)
        _exit(77);
    limit.rlim_cur = HIGH + 1;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (int fd = LOW - 2; fd <= LOW + 2; fd++)
        CHECK(dup2(0, fd) == fd);
    CHECK(dup2(0, HIGH) == HIGH && dup2(0, HIGH - 1) == HIGH - 1);
}

static void close_with(int keep1, int keep2)
{
    open_many();
    process_close_descriptors(keep1, keep2);
    for (int fd = 3; fd <= HIGH; fd++)
        CHECK(is_open(fd) == (fd == keep1 || fd == keep2));
    CHECK(is_open(0) && is_open(1) && is_open(2));
}

static void close_all(void)
{
    close_with(-1, -1);
}

static void close_all_but_one(void)
{
    close_with(LOW, -1);
}

static void close_all_but_the_last(void)
{
    close_with(-1, HIGH);
}

static void close_all_but_two(void)
{
    close_with(HIGH - 1, LOW);
}

static void close_all_but_neighbours(void)
{
    close_with(LOW + 1, LOW);
}

static void (*const cases[])(void) = {close_all, close_all_but_one, close_all_but_the_last,
                                      close_all_but_two, close_all_but_neighbours};
#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static void no_descriptor_is_inherited(void **state)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        int status = run(cases[i]);
        if (status == 77)
            skip();
        assert_int_equal(status, 0);
    }
}

#if defined(FEAT_SCFILTER) && defined(SYS_close_range)
static void (*current)(void);

/* As on kernels before 5.9, and in containers that do not know the call. */
static void run_without_close_range(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    CHECK(filter && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SYS_close_range, 0) == 0 &&
          seccomp_load(filter) == 0);
    seccomp_release(filter);
    CHECK(syscall(SYS_close_range, ~0U, ~0U, 0U) < 0 && errno == ENOSYS);
    current();
}

static void nor_where_the_kernel_cannot_close_ranges(void **state)
{
    if (getenv("TEST_WRAPPER"))
        skip();
    for (size_t i = 0; i < CASE_COUNT; i++) {
        current = cases[i];
        int status = run(run_without_close_range);
        if (status == 77)
            skip();
        assert_int_equal(status, 0);
    }
}
#endif

/* Kilobytes. */
static long locked_memory(void)
{
    char line[128];
    long size = -1;
    FILE *f = fopen("/proc/self/status", "re");

    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "VmLck: %ld", &size) == 1)
            break;
    if (f)
        fclose(f);
    return size;
}

static void lock_with_the_hard_limit(void)
{
    struct rlimit limit = {.rlim_cur = 65536};

    CHECK(getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    limit.rlim_cur = 65536;
    CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    bool raised = process_raise_lock_limit();
    CHECK(getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    CHECK(raised == (limit.rlim_cur == RLIM_INFINITY));
    if (geteuid() == 0) {
        process_lock_memory();
        if (locked_memory() <= 0)
            _exit(77); /* no CAP_IPC_LOCK in a container */
    }
}

static void memory_is_locked_although_the_limit_stays(void **state)
{
    int status = run(lock_with_the_hard_limit);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_descriptor_is_inherited),
#if defined(FEAT_SCFILTER) && defined(SYS_close_range)
        cmocka_unit_test(nor_where_the_kernel_cannot_close_ranges),
#endif
        cmocka_unit_test(memory_is_locked_although_the_limit_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
