/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process and its helpers, with NTS-KE helpers as an example: helpers that die, lie, hang
 * or do not read.
 */
#include "test/unit/support/ke_server.h"
#include "test/unit/support/unit.h"
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
static void killed_helper_is_replaced_and_nobody_is_lost(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    assert_true(ke_fixture_establish(f));
    struct helper_pool_state before = helper_pool_state(ke_listener_pool(f->listener));
    assert_int_equal(before.wanted, 1);
    assert_int_equal(before.ready, 1);
    assert_int_equal(before.lost, 0);
    for (int i = 0; i < 2; i++) {
        struct ke_generation old = {f, (uint32_t)ke_fixture_only_helper(f)};
        assert_true(old.wanted > 0);
        pid_t pid = (pid_t)old.wanted;
        kill(pid, SIGKILL);
        while (!ke_fixture_process_is_gone(&pid))
            usleep(1000);
        /* The connection waits until there is another one. */
        assert_true(ke_fixture_establish(f));
        assert_true(tls_fixture_run(&f->tls, ke_fixture_has_new_helper, &old, 10.0));
    }
    assert_int_equal(
        ke_fixture_log_count(f, "NTS-KE helper #1 ended (killed by signal 9), starting it again"),
        1);
    assert_int_equal(ke_fixture_log_count(f, "\n"), 1);
    struct helper_pool_state after = helper_pool_state(ke_listener_pool(f->listener));
    assert_int_equal(after.ready, 1);
    assert_int_equal(after.lost, 2);
}

/* Also between the death of the helper that has told of it and the start of the next one. */
static void certificates_of_helpers_are_known(void **state)
{
    struct ke_fixture *f = *state;
    struct report_certificate report = {.total = 7};

    ke_fixture_start(f, 2);
    for (int i = 0; i < 2; i++) {
        const struct helper_pool *pool = ke_listener_pool(f->listener);
        pid_t pids[2];

        assert_true(ke_listener_report_certificate(f->listener, 0, &report));
        assert_string_equal(report.file, f->tls.conf.nts_server.certs.items[0]);
        assert_true(report.not_before.sec < report.not_after.sec);
        assert_false(ke_listener_report_certificate(f->listener, 1, &report));
        if (i > 0)
            break;
        assert_int_equal(helper_pool_pids(pool, pids, 2), 2);
        for (int j = 0; j < 2; j++) {
            kill(pids[j], SIGKILL);
            assert_true(tls_fixture_run(&f->tls, ke_fixture_process_is_gone, &pids[j], 5.0));
        }
    }
    assert_int_equal(report.total, 7);
}

static void others_serve_while_one_is_restarted(void **state)
{
    struct ke_fixture *f = *state;
    pid_t pids[2];

    ke_fixture_start(f, 2);
    assert_int_equal(helper_pool_pids(ke_listener_pool(f->listener), pids, 2), 2);
    kill(pids[0], SIGSTOP);
    /* A helper that does nothing gets one connection, the next ones go to the other. */
    ke_fixture_connect(f);
    ke_fixture_run_for(f, 0.1);
    for (int i = 0; i < 3; i++) {
        assert_true(ke_fixture_establish(f));
        /* Until the other's outcome is known, both have one session. */
        ke_fixture_run_for(f, 0.3);
    }
    /* A connection that is passed to it while it dies would be lost with it. */
    kill(pids[0], SIGKILL);
    assert_true(tls_fixture_run(&f->tls, ke_fixture_process_is_gone, &pids[0], 5.0));
    for (int i = 0; i < 3; i++)
        assert_true(ke_fixture_establish(f));
}

/* A helper that lies: its channel ends, the server goes on. */
static void lying_helper_is_cut_off(void **state)
{
    static const enum ipc_type orders_so_far[] = {IPC_START, IPC_ADOPT, IPC_KILL};
    const struct ipc_message lie = {.type = IPC_OUTCOME,
                                    .u.outcome = {.session = 3, .end = KE_END_COMPLETE}};
    const struct helper_pool_events events = {0};
    struct ke_fixture *f = *state;
    struct channel orders, helper;
    struct ipc_message message;
    int none;
    struct helper_pool *pool = ke_fixture_fake_pool(f, &orders, &helper, 10, &events);

    assert_true(helper_pool_is_ready(pool));
    /* The end of a session that it was never given. */
    assert_int_equal(channel_send(&helper, &lie, -1), CHANNEL_OK);
    ke_fixture_run_for(f, 0.05);
    assert_false(helper_pool_is_ready(pool));
    assert_int_equal(channel_receive(&helper, &message, &none), CHANNEL_CLOSED);
    assert_true(
        tls_fixture_log_has(&f->tls, "Invalid message from NTS-KE helper #1 (process 4242)"));
    /* It may not care about the end of its channel, so the fork server is to end it. */
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(channel_receive(&orders, &message, &none), CHANNEL_OK);
        assert_int_equal(message.type, orders_so_far[i]);
    }
    assert_int_equal(message.u.process.pid, 4242);
    channel_close(&helper);
    channel_close(&orders);
}

/* A generation takes over while a helper of the old one is started again: it is told to end before
   it is ready, and is ready before it reads that. */
static void helper_that_is_ready_late_ends_in_peace(void **state)
{
    const struct ipc_message old_helper = {.type = IPC_HELPER_NEW,
                                           .u.helper = {.generation = 1, .number = 1, .pid = 4243}};
    const struct ipc_message new_helper = {.type = IPC_HELPER_NEW,
                                           .u.helper = {.generation = 2, .number = 1, .pid = 4244}};
    const struct ipc_message ready = {.type = IPC_READY};
    const struct helper_pool_events events = {0};
    struct ke_fixture *f = *state;
    struct channel orders, helper;
    struct ipc_message message;
    int late[2], next[2], none;
    struct helper_pool *pool = ke_fixture_fake_pool(f, &orders, &helper, 10, &events);

    channel_close(&helper);
    assert_true(channel_pair(late));
    assert_true(channel_pair(next));
    assert_true(helper_pool_renew(pool));
    fork_server_attach(f->handle, f->tls.loop, &(const struct fork_server_events){0});
    assert_int_equal(channel_send(&orders, &old_helper, late[0]), CHANNEL_OK);
    assert_int_equal(channel_send(&orders, &new_helper, next[0]), CHANNEL_OK);
    close(late[0]);
    close(next[0]);
    struct channel late_helper = channel_make(late[1], IPC_DISPATCHER, 0);
    struct channel next_helper = channel_make(next[1], IPC_DISPATCHER, 0);
    assert_int_equal(channel_send(&next_helper, &ready, -1), CHANNEL_OK);
    ke_fixture_run_for(f, 0.05);
    assert_int_equal(helper_pool_generation(pool), 2);
    assert_int_equal(channel_send(&late_helper, &ready, -1), CHANNEL_OK);
    ke_fixture_run_for(f, 0.05);
    assert_int_equal(channel_receive(&late_helper, &message, &none), CHANNEL_OK);
    assert_int_equal(message.type, IPC_DRAIN);
    assert_int_equal(channel_receive(&late_helper, &message, &none), CHANNEL_AGAIN);
    assert_int_equal(ke_fixture_log_count(f, "Invalid message"), 0);
    channel_close(&late_helper);
    channel_close(&next_helper);
    channel_close(&orders);
}

static bool both_helpers_are_there(void *arg)
{
    pid_t pids[2];

    return helper_pool_pids(ke_listener_pool(((struct ke_fixture *)arg)->listener), pids, 2) == 2;
}

/* ... and where the channel of a new helper goes: a later one is taken in. */
static void lack_of_descriptors_does_not_end_the_service(void **state)
{
    struct ke_fixture *f = *state;
    struct rlimit limit;
    int taken[64], count_taken = 0;
    pid_t pids[2];

    /* valgrind applies limits itself, and not to descriptors that come in messages. */
    if (getenv("TEST_WRAPPER"))
        skip();
    ke_fixture_start(f, 2);
    assert_int_equal(helper_pool_pids(ke_listener_pool(f->listener), pids, 2), 2);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = limit;
    none.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    /* The one of the dead helper's channel is taken before the next helper is there. */
    kill(f->fork_server, SIGSTOP);
    kill(pids[0], SIGKILL);
    ke_fixture_run_for(f, 0.1);
    for (int fd; (fd = dup(f->tls.listener)) >= 0;)
        taken[count_taken++] = fd;
    kill(f->fork_server, SIGCONT);
    ke_fixture_run_for(f, 0.5);
    while (count_taken > 0)
        close(taken[--count_taken]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(
        ke_fixture_log_count(f, "Could not receive channel of NTS-KE helper : Too many"), 1);
    assert_true(ke_fixture_establish(f));
    assert_true(tls_fixture_run(&f->tls, both_helpers_are_there, f, 20.0));
    assert_int_equal(f->lost, 0);
    assert_true(ke_fixture_establish(f));
}

struct releases {
    int released, ended;
};

static void on_release(int fd, void *arg)
{
    assert_true(fd > 2);
    ((struct releases *)arg)->released++;
}

static void on_ended(uint32_t session, enum ke_end end, void *arg)
{
    assert_int_equal(end, KE_END_HELPER_LOST);
    ((struct releases *)arg)->ended++;
}

/* A helper that does not read for a while, with a short queue: connections wait, and are closed
   when they were sent; what does not fit any more is refused. */
static void connections_wait_for_room(void **state)
{
    struct ke_fixture *f = *state;
    struct releases releases = {0};
    const struct helper_pool_events events = {
        .ended = on_ended, .release = on_release, .arg = &releases};
    struct ipc_message connection = {.type = IPC_CONNECTION};
    struct channel orders, helper;
    struct ipc_message message;
    int fd, sent = 0, kept = 0, received = 0;
    struct helper_pool *pool = ke_fixture_fake_pool(f, &orders, &helper, 1000, &events);

    connection.u.connection.peer = (struct ip_port){.addr = ip_addr_loopback(IP_V4), .port = 1};
    connection.u.connection.key_id = f->key.id;
    connection.u.connection.aead = f->key.aead;
    connection.u.connection.key = f->key.key;
    enum helper_pool_result result;
    while ((result = helper_pool_pass(pool, &connection, f->tls.listener)) != HELPER_POOL_FULL) {
        assert_true(result == HELPER_POOL_OK || (result == HELPER_POOL_KEPT && sent > 0));
        assert_true(result == HELPER_POOL_KEPT || kept == 0);
        *(result == HELPER_POOL_OK ? &sent : &kept) += 1;
        connection.u.connection.session++;
        assert_true(connection.u.connection.session < 1000);
    }
    assert_true(kept > 3);
    ke_fixture_run_for(f, 0.1);
    assert_int_equal(releases.released, 0);
    for (int rounds = 0; received < sent + kept - 2 && rounds < 1000; rounds++) {
        while (received < sent + kept - 2 &&
               channel_receive(&helper, &message, &fd) == CHANNEL_OK) {
            assert_int_equal(message.type, IPC_CONNECTION);
            assert_int_equal(message.u.connection.session, received);
            close(fd);
            received++;
        }
        ke_fixture_run_for(f, 0.03);
    }
    assert_int_equal(received, sent + kept - 2);
    /* The helper ends, and with it all of its connections. */
    channel_close(&helper);
    ke_fixture_run_for(f, 0.1);
    assert_int_equal(releases.released, kept);
    assert_int_equal(releases.ended, sent + kept);
    channel_close(&orders);
}

/* The same for a helper that has a session, and for one that starts. */
static void sleep_is_no_silence_of_helpers(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    pid_t pid = ke_fixture_only_helper(f);
    ke_fixture_connect(f);
    ke_fixture_run_for(f, 0.1);
    kill(pid, SIGSTOP);
    f->tls.clock_offset += 1000.0;
    ke_fixture_run_for(f, 0.1);
    kill(pid, SIGCONT);
    assert_true(ke_fixture_establish(f));
    assert_int_equal(ke_fixture_only_helper(f), pid);
    kill(f->fork_server, SIGSTOP);
    ke_listener_rekey(f->listener);
    f->tls.clock_offset += 1000.0;
    ke_fixture_run_for(f, 0.1);
    assert_int_equal(f->rekeyed, 0);
    kill(f->fork_server, SIGCONT);
    ke_fixture_await_log(f, "NTS-KE helpers read certificates and keys again");
    assert_true(f->rekeyed_ok);
    assert_int_equal(ke_fixture_log_count(f, "\n"), 1);
}

static void helper_that_does_not_answer_is_replaced(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    pid_t pid = ke_fixture_only_helper(f);
    kill(pid, SIGSTOP);
    ke_fixture_connect(f);
    ke_fixture_run_for(f, 0.1);
    ke_fixture_let_time_pass(f, 30.0);
    assert_true(tls_fixture_run(&f->tls, ke_fixture_process_is_gone, &pid, 10.0));
    assert_true(ke_fixture_establish(f));
    assert_int_equal(ke_fixture_log_count(f, "does not answer"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KE_TEST(killed_helper_is_replaced_and_nobody_is_lost),
        KE_TEST(certificates_of_helpers_are_known),
        KE_TEST(others_serve_while_one_is_restarted),
        KE_TEST(lying_helper_is_cut_off),
        KE_TEST(helper_that_is_ready_late_ends_in_peace),
        KE_TEST(lack_of_descriptors_does_not_end_the_service),
        KE_TEST(connections_wait_for_room),
        KE_TEST(sleep_is_no_silence_of_helpers),
        KE_TEST(helper_that_does_not_answer_is_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
