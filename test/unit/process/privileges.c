/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dropping root: what the kernel says about a process after it (system.md 10.3). The cases that
 * need root are skipped without it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "process/privileges.h"

#define TEST_UID 65533
#define TEST_GID 65532

#ifdef FEAT_PRIVDROP

#define BIT_SETGID           (1ULL << 6)
#define BIT_SETUID           (1ULL << 7)
#define BIT_NET_BIND_SERVICE (1ULL << 10)
#define BIT_SYS_TIME         (1ULL << 25)

/* What /proc/self/status says. */
struct status {
    unsigned long long permitted, effective, inheritable;
    unsigned int uid, gid, no_new_privs;
    char groups[64];
};

static void read_status(struct status *s)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");

    memset(s, 0, sizeof(*s));
    if (!f)
        _exit(99);
    while (fgets(line, sizeof(line), f)) {
        sscanf(line, "CapPrm: %llx", &s->permitted);
        sscanf(line, "CapEff: %llx", &s->effective);
        sscanf(line, "CapInh: %llx", &s->inheritable);
        sscanf(line, "Uid: %*u %u", &s->uid);
        sscanf(line, "Gid: %*u %u", &s->gid);
        sscanf(line, "NoNewPrivs: %u", &s->no_new_privs);
        sscanf(line, "Groups: %63[0-9]", s->groups);
    }
    fclose(f);
}

/* Runs the function in a child and gives the status that it ended with. */
static void run_child(void (*function)(void), struct status *s)
{
    int fds[2], status;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        function();
        read_status(s);
        _exit(write(fds[1], s, sizeof(*s)) == (ssize_t)sizeof(*s) ? 0 : 1);
    }
    close(fds[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(read(fds[0], s, sizeof(*s)), sizeof(*s));
    close(fds[0]);
}

static void skip_unless_root(void)
{
    if (geteuid() != 0)
        skip();
}

static void drop_with_two(void)
{
    privileges_drop(TEST_UID, TEST_GID, PRIVILEGE_SYS_TIME | PRIVILEGE_NET_BIND_SERVICE);
}

static void drop_with_none(void)
{
    privileges_drop(TEST_UID, TEST_GID, 0);
    privileges_forbid_new();
}

static void limit_root(void)
{
    privileges_limit(PRIVILEGE_SETUID | PRIVILEGE_SETGID);
}

static void drop_to_nothing_permitted(void)
{
    privileges_limit(PRIVILEGE_SETUID | PRIVILEGE_SETGID);
    if (privileges_missing(PRIVILEGE_SYS_TIME | PRIVILEGE_SETUID) != PRIVILEGE_SYS_TIME)
        _exit(98);
    privileges_drop(TEST_UID, TEST_GID, PRIVILEGE_SYS_TIME);
}

static void what_is_not_permitted_is_not_kept(void **state)
{
    struct status s;

    skip_unless_root();
    run_child(drop_to_nothing_permitted, &s);
    assert_int_equal(s.uid, TEST_UID);
    assert_true(s.permitted == 0 && s.effective == 0);
}

/* A child that has become another user is killed without CAP_KILL; the parent is what it was. */
static void kill_child_of_other_user(void)
{
    int status;

    privileges_limit(PRIVILEGE_SETUID | PRIVILEGE_SETGID);
    pid_t child = fork();
    if (child == 0) {
        privileges_drop(TEST_UID, TEST_GID, 0);
        for (;;)
            pause();
    }
    /* Not before it has changed. */
    while (kill(child, 0) == 0)
        usleep(1000);
    if (!privileges_kill(child, TEST_UID) || waitpid(child, &status, 0) != child ||
        !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        _exit(97);
}

static void child_is_killed_without_the_capability(void **state)
{
    struct status s;

    skip_unless_root();
    run_child(kill_child_of_other_user, &s);
    assert_int_equal(s.uid, 0);
    assert_true(s.permitted == (BIT_SETUID | BIT_SETGID));
    assert_true(s.effective == s.permitted);
}

/* A right that only a child may use is not in effect, also after the process was another user for a
   moment, and the child raises it. */
static void reserve_for_a_child(void)
{
    const unsigned int all = PRIVILEGE_SYS_TIME | PRIVILEGE_SETUID | PRIVILEGE_SETGID;
    unsigned int reserved;

    privileges_limit(all);
    privileges_reserve(PRIVILEGE_SYS_TIME);
    if (!privileges_assume(TEST_UID, TEST_GID, &reserved) || reserved != PRIVILEGE_SYS_TIME)
        _exit(96);
    privileges_resume(reserved);
    if (!privileges_may_become(TEST_UID, TEST_GID))
        _exit(95);
}

static void use_what_was_reserved(void)
{
    reserve_for_a_child();
    privileges_drop(TEST_UID, TEST_GID, PRIVILEGE_SYS_TIME);
}

static void reserve_and_give_up(void)
{
    reserve_for_a_child();
    privileges_give_up(PRIVILEGE_SYS_TIME);
}

static void reserved_right_is_for_a_child_only(void **state)
{
    struct status s;

    skip_unless_root();
    run_child(reserve_for_a_child, &s);
    assert_int_equal(s.uid, 0);
    assert_true(s.permitted == (BIT_SYS_TIME | BIT_SETUID | BIT_SETGID));
    assert_true(s.effective == (BIT_SETUID | BIT_SETGID));
    run_child(use_what_was_reserved, &s);
    assert_int_equal(s.uid, TEST_UID);
    assert_true(s.permitted == BIT_SYS_TIME && s.effective == BIT_SYS_TIME);
    run_child(reserve_and_give_up, &s);
    assert_true(s.permitted == (BIT_SETUID | BIT_SETGID) && s.effective == s.permitted);
}

static void main_process_keeps_exactly_what_it_asked_for(void **state)
{
    struct status before, s;

    skip_unless_root();
    read_status(&before);
    if ((before.permitted & (BIT_SYS_TIME | BIT_NET_BIND_SERVICE)) !=
        (BIT_SYS_TIME | BIT_NET_BIND_SERVICE))
        skip();
    run_child(drop_with_two, &s);
    assert_int_equal(s.uid, TEST_UID);
    assert_int_equal(s.gid, TEST_GID);
    assert_string_equal(s.groups, "");
    assert_true(s.permitted == (BIT_SYS_TIME | BIT_NET_BIND_SERVICE));
    assert_true(s.effective == s.permitted);
    assert_true(s.inheritable == 0);
}

static void helper_keeps_nothing(void **state)
{
    struct status s;

    skip_unless_root();
    run_child(drop_with_none, &s);
    assert_int_equal(s.uid, TEST_UID);
    assert_string_equal(s.groups, "");
    assert_true(s.permitted == 0 && s.effective == 0 && s.inheritable == 0);
    assert_int_equal(s.no_new_privs, 1);
}

static void fork_server_stays_root_with_few_capabilities(void **state)
{
    struct status s;

    skip_unless_root();
    run_child(limit_root, &s);
    assert_int_equal(s.uid, 0);
    assert_true(s.permitted == (BIT_SETUID | BIT_SETGID));
    assert_true(s.effective == s.permitted);
}

#else

static void dropping_is_refused_in_a_build_without_it(void **state)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        privileges_drop(TEST_UID, TEST_GID, 0);
        _exit(0);
    }
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

#endif

static void find_nobody_at_all(void)
{
    uid_t uid;
    gid_t gid;

    privileges_find_user("no-such-user-here", &uid, &gid);
}

static void unknown_user_is_fatal(void **state)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        find_nobody_at_all();
        _exit(0);
    }
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void user_is_found_by_name(void **state)
{
    uid_t uid = 1;
    gid_t gid = 1;

    privileges_find_user("root", &uid, &gid);
    assert_int_equal(uid, 0);
    assert_int_equal(gid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef FEAT_PRIVDROP
        cmocka_unit_test(main_process_keeps_exactly_what_it_asked_for),
        cmocka_unit_test(helper_keeps_nothing),
        cmocka_unit_test(what_is_not_permitted_is_not_kept),
        cmocka_unit_test(child_is_killed_without_the_capability),
        cmocka_unit_test(fork_server_stays_root_with_few_capabilities),
        cmocka_unit_test(reserved_right_is_for_a_child_only),
#else
        cmocka_unit_test(dropping_is_refused_in_a_build_without_it),
#endif
        cmocka_unit_test(unknown_user_is_fatal),
        cmocka_unit_test(user_is_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
