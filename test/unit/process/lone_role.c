/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lone processes: the one that is waited for before the loop, the one that is started on order only
 * and started again, and several of one role.
 */
#include "test/unit/support/ke_server.h"
#include "test/unit/support/unit.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sends the number that its role has in the test, and stays until its channel ends. */
static int say_number(void *ctx, const struct sandbox *sandbox, int channel)
{
    const char *number = ctx;
    struct pollfd p = {.fd = channel, .events = POLLIN};
    ssize_t written = write(channel, number, 1);

    while (written == 1 && (poll(&p, 1, -1) < 0 || (p.revents & (POLLHUP | POLLIN)) == 0))
        ;
    return HELPER_EXIT_DONE;
}

static struct lone_role role_of(enum process_role role, uint16_t number, char *says)
{
    return (struct lone_role){
        .role = role,
        .number = number,
        .name = "Process",
        .process_name = "lone",
        .run = say_number,
        .ctx = says,
    };
}

/* What the process on the other side is called, which is what it sent first. */
static char read_number(int channel)
{
    struct pollfd p = {.fd = channel, .events = POLLIN};
    char number = 0;

    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_int_equal(read(channel, &number, 1), 1);
    return number;
}

struct lone_fixture {
    struct ke_fixture *ke;
    struct lone_role roles[4];
    struct lone_process last;
    int started, expected;
};

static void on_lone(const struct lone_process *process, void *arg)
{
    struct lone_fixture *f = arg;

    if (f->started++ > 0)
        close(f->last.channel);
    f->last = *process;
}

static bool has_started(void *arg)
{
    return ((struct lone_fixture *)arg)->started > 0;
}

static bool has_started_twice(void *arg)
{
    return ((struct lone_fixture *)arg)->started > 1;
}

/* The guard at once, two workers on order. */
static struct lone_fixture start(struct ke_fixture *ke)
{
    struct lone_fixture f = {
        .ke = ke,
        .roles = {role_of(PROCESS_GUARD, 1, "g"), role_of(PROCESS_SERVER_WORKER, 1, "1"),
                  role_of(PROCESS_SERVER_WORKER, 2, "2"), role_of(PROCESS_KE_CLIENT, 1, "k")},
    };
    char error[256];

    f.roles[1].presence = f.roles[2].presence = LONE_FROM_ORDER;
    f.roles[3].presence = LONE_WHILE_ORDERED;
    ke->fork_spec.lone = f.roles;
    ke->fork_spec.lone_count = 4;
    ke->handle = fork_server_start(&ke->fork_spec, error, sizeof(error));
    assert_non_null(ke->handle);
    ke->fork_server = fork_server_pid(ke->handle);
    return f;
}

static void attach(struct lone_fixture *f)
{
    const struct fork_server_events events = {.lone = on_lone, .arg = f};

    fork_server_attach(f->ke->handle, f->ke->tls.loop, &events);
}

static void one_is_there_before_the_loop(void **state)
{
    struct lone_fixture f = start(*state);
    struct lone_process guard;

    assert_true(fork_server_await_lone(f.ke->handle, PROCESS_GUARD, 1, &guard));
    assert_int_equal(guard.role, PROCESS_GUARD);
    assert_int_equal(read_number(guard.channel), 'g');
    /* It was handed over once. */
    attach(&f);
    ke_fixture_run_for(f.ke, 0.1);
    assert_int_equal(f.started, 0);
    close(guard.channel);
}

static void one_that_nobody_waited_for_comes_with_the_loop(void **state)
{
    struct lone_fixture f = start(*state);

    attach(&f);
    assert_true(tls_fixture_run(&f.ke->tls, has_started, &f, 10.0));
    assert_int_equal(read_number(f.last.channel), 'g');
    close(f.last.channel);
}

static void others_start_on_order_only(void **state)
{
    struct lone_fixture f = start(*state);
    struct lone_process guard;

    assert_true(fork_server_await_lone(f.ke->handle, PROCESS_GUARD, 1, &guard));
    attach(&f);
    fork_server_want(f.ke->handle, PROCESS_SERVER_WORKER, 2);
    fork_server_want(f.ke->handle, PROCESS_SERVER_WORKER, 2);
    /* Neither a role that is not there, nor a number. */
    fork_server_want(f.ke->handle, PROCESS_SERVER_WORKER, 3);
    fork_server_want(f.ke->handle, PROCESS_RESOLVER, 1);
    assert_true(tls_fixture_run(&f.ke->tls, has_started, &f, 10.0));
    ke_fixture_run_for(f.ke, 0.2);
    assert_int_equal(f.started, 1);
    assert_int_equal(f.last.role, PROCESS_SERVER_WORKER);
    assert_int_equal(f.last.number, 2);
    assert_int_equal(read_number(f.last.channel), '2');

    /* From then on it is started again when it ends. */
    kill(f.last.pid, SIGKILL);
    assert_true(tls_fixture_run(&f.ke->tls, has_started_twice, &f, 10.0));
    assert_int_equal(f.last.number, 2);
    assert_int_equal(read_number(f.last.channel), '2');
    close(f.last.channel);
    close(guard.channel);
}

/* One that is there for a while: ended by order it stays away until the next order, and the first
   order may come before its end is known. */
static void one_for_a_while_ends_by_order(void **state)
{
    struct lone_fixture f = start(*state);
    struct lone_process guard;

    assert_true(fork_server_await_lone(f.ke->handle, PROCESS_GUARD, 1, &guard));
    attach(&f);
    fork_server_want(f.ke->handle, PROCESS_KE_CLIENT, 1);
    assert_true(tls_fixture_run(&f.ke->tls, has_started, &f, 10.0));
    pid_t first = f.last.pid;
    fork_server_kill(f.ke->handle, first);
    assert_true(tls_fixture_run(&f.ke->tls, ke_fixture_process_is_gone, &first, 10.0));
    ke_fixture_run_for(f.ke, 1.3);
    assert_int_equal(f.started, 1);

    fork_server_want(f.ke->handle, PROCESS_KE_CLIENT, 1);
    assert_true(tls_fixture_run(&f.ke->tls, has_started_twice, &f, 10.0));
    assert_int_equal(read_number(f.last.channel), 'k');
    for (int i = 3; i <= 6; i++) {
        fork_server_kill(f.ke->handle, f.last.pid);
        fork_server_want(f.ke->handle, PROCESS_KE_CLIENT, 1);
        ke_fixture_run_for(f.ke, 0.2);
        assert_int_equal(f.started, i);
        assert_int_equal(read_number(f.last.channel), 'k');
    }
    /* Nothing of that is worth a message. */
    char *log = tls_fixture_log(&f.ke->tls);
    assert_string_equal(log, "");
    free(log);
    /* One that ends by itself is started again, but not if it is ended by order before that. */
    kill(f.last.pid, SIGKILL);
    while (f.started == 6)
        ke_fixture_run_for(f.ke, 0.1);
    first = f.last.pid;
    kill(first, SIGKILL);
    assert_true(tls_fixture_run(&f.ke->tls, ke_fixture_process_is_gone, &first, 10.0));
    fork_server_kill(f.ke->handle, first);
    ke_fixture_run_for(f.ke, 2.0);
    assert_int_equal(f.started, 7);
    close(f.last.channel);
    close(guard.channel);
}

static bool has_started_as_often(void *arg)
{
    const struct lone_fixture *f = arg;

    return f->started >= f->expected;
}

/* Ends a process several times in a row, and waits for each that comes in its place. Returns
   seconds. */
static double end_in_a_row(struct lone_fixture *f, bool by_order)
{
    struct mono_time before = world_mono_now(f->ke->fork_spec.world);

    for (int i = 0; i < 5; i++) {
        f->expected = f->started + 1;
        if (by_order)
            fork_server_kill(f->ke->handle, f->last.pid);
        else
            kill(f->last.pid, SIGKILL);
        assert_true(tls_fixture_run(&f->ke->tls, has_started_as_often, f, 60.0));
    }
    return mono_diff(world_mono_now(f->ke->fork_spec.world), before);
}

/* Who is killed has not crashed, and is there a second later each time. Who is ended by order has
   done what it may not do, and comes back later each time: 1.5, 2.5, 4.5, 8.5 s. */
static void killed_process_comes_back_soon(void **state)
{
    struct lone_fixture f = start(*state);
    struct lone_process guard;

    assert_true(fork_server_await_lone(f.ke->handle, PROCESS_GUARD, 1, &guard));
    attach(&f);
    fork_server_want(f.ke->handle, PROCESS_SERVER_WORKER, 1);
    assert_true(tls_fixture_run(&f.ke->tls, has_started, &f, 10.0));
    assert_true(end_in_a_row(&f, false) < 12.0);
    /* And the first crash after that is one. */
    struct mono_time before = world_mono_now(f.ke->fork_spec.world);
    f.expected = f.started + 1;
    kill(f.last.pid, SIGABRT);
    assert_true(tls_fixture_run(&f.ke->tls, has_started_as_often, &f, 60.0));
    assert_true(mono_diff(world_mono_now(f.ke->fork_spec.world), before) < 12.0);
    close(f.last.channel);
    close(guard.channel);
}

static void process_that_broke_the_rules_comes_back_later(void **state)
{
    struct lone_fixture f = start(*state);
    struct lone_process guard;

    assert_true(fork_server_await_lone(f.ke->handle, PROCESS_GUARD, 1, &guard));
    attach(&f);
    fork_server_want(f.ke->handle, PROCESS_SERVER_WORKER, 1);
    assert_true(tls_fixture_run(&f.ke->tls, has_started, &f, 10.0));
    assert_true(end_in_a_row(&f, true) >= 12.0);
    close(f.last.channel);
    close(guard.channel);
}

static void nothing_is_waited_for_without_end(void **state)
{
    struct lone_fixture f = start(*state);
    struct lone_process process;

    kill(f.ke->fork_server, SIGKILL);
    assert_false(fork_server_await_lone(f.ke->handle, PROCESS_SERVER_WORKER, 1, &process));
    /* Unless the handle had time to do it. */
    waitpid(f.ke->fork_server, NULL, 0);
    f.ke->fork_server = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KE_TEST(one_is_there_before_the_loop),
        KE_TEST(one_that_nobody_waited_for_comes_with_the_loop),
        KE_TEST(others_start_on_order_only),
        KE_TEST(one_for_a_while_ends_by_order),
        KE_TEST(killed_process_comes_back_soon),
        KE_TEST(process_that_broke_the_rules_comes_back_later),
        KE_TEST(nothing_is_waited_for_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
