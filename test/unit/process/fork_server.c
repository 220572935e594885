/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fork server, with NTS-KE helpers as an example: its death and its silence, orders that wait,
 * and orders without end.
 */
#include "test/unit/support/ke_server.h"
#include "test/unit/support/unit.h"
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
static void say_dumpable(void *arg)
{
    LOG_INFO("dumpable %d", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
}

/* The private keys in it are not for a core dump, nor for a tracer of the same user. */
static void fork_server_cannot_be_traced(void **state)
{
    struct ke_fixture *f = *state;
    char path[64];

    f->fork_spec.limited = say_dumpable;
    ke_fixture_start(f, 1);
    ke_fixture_await_log(f, "dumpable 0");
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)f->fork_server);
    if (geteuid() != 0)
        assert_int_equal(open(path, O_RDONLY), -1);
}

static void processes_end_with_the_server(void **state)
{
    struct ke_fixture *f = *state;
    pid_t pids[2];

    ke_fixture_start(f, 2);
    assert_int_equal(helper_pool_pids(ke_listener_pool(f->listener), pids, 2), 2);
    ke_fixture_end(f);
    for (int i = 0; i < 2; i++)
        assert_true(tls_fixture_run(&f->tls, ke_fixture_process_is_gone, &pids[i], 5.0));
}

static bool fork_server_is_lost(void *arg)
{
    return ((struct ke_fixture *)arg)->lost > 0;
}

static void death_of_the_fork_server_is_reported(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    kill(f->fork_server, SIGKILL);
    assert_true(tls_fixture_run(&f->tls, fork_server_is_lost, f, 10.0));
    assert_true(tls_fixture_log_has(&f->tls, "was killed by signal 9; no helper process"));
    /* It was waited for. */
    assert_int_equal(waitpid(f->fork_server, NULL, 0), -1);
    f->fork_server = 0;
    /* Nothing hangs and nothing is reported twice. */
    ke_listener_rekey(f->listener);
    ke_fixture_run_for(f, 0.1);
    assert_int_equal(f->lost, 1);
    assert_int_equal(ke_fixture_log_count(f, "Fork server"), 1);
}

static void silent_fork_server_is_reported(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    ke_fixture_run_for(f, 0.1);
    kill(f->fork_server, SIGSTOP);
    for (int i = 0; i < FORK_SERVER_SILENCE; i++) {
        f->tls.clock_offset += FORK_SERVER_PING;
        ke_fixture_run_for(f, 0.1);
        assert_int_equal(f->lost, 0);
    }
    f->tls.clock_offset += FORK_SERVER_PING;
    assert_true(tls_fixture_run(&f->tls, fork_server_is_lost, f, 10.0));
    assert_true(tls_fixture_log_has(&f->tls, "does not answer"));
    kill(f->fork_server, SIGCONT);
}

/* A machine that slept, or whose processes were all stopped, finds a lot of time gone at once. */
static void sleep_is_no_silence(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    for (int i = 0; i < 3 * FORK_SERVER_SILENCE; i++) {
        f->tls.clock_offset += 1000.0;
        ke_fixture_run_for(f, 0.05);
    }
    assert_int_equal(f->lost, 0);
    assert_true(ke_fixture_establish(f));
}

/* Nobody reads the orders: none is lost, and they come in their order. */
static void orders_wait_for_room(void **state)
{
    struct ke_fixture *f = *state;
    const struct fork_server_events events = {.lost = ke_fixture_count_loss, .arg = f};
    const int count = 3000;
    struct ipc_message order;
    int ends[2], expected = 2, none;

    assert_true(channel_pair(ends));
    struct channel orders = channel_make(ends[1], IPC_SUPERVISOR, 0);
    struct fork_server *handle = fork_server_connect(ends[0], 0);
    fork_server_attach(handle, f->tls.loop, &events);
    for (int i = expected; i <= count; i++)
        fork_server_kill(handle, (pid_t)i);
    fork_server_order(handle, IPC_START);
    for (int rounds = 0; expected <= count && rounds < 1000; rounds++) {
        while (expected <= count && channel_receive(&orders, &order, &none) == CHANNEL_OK) {
            assert_int_equal(order.type, IPC_KILL);
            assert_int_equal(order.u.process.pid, expected);
            expected++;
        }
        ke_fixture_run_for(f, 0.05);
    }
    assert_int_equal(expected, count + 1);
    assert_int_equal(channel_receive(&orders, &order, &none), CHANNEL_OK);
    assert_int_equal(order.type, IPC_START);
    fork_server_free(handle);
    channel_close(&orders);
}

/* A process whose channel has ended, and that goes on, is killed. */
static void process_without_a_channel_is_killed(void **state)
{
    struct ke_fixture *f = *state;
    const struct fork_server_events events = {.lost = ke_fixture_count_loss, .arg = f};
    struct ipc_message order;
    int ends[2], none;

    assert_true(channel_pair(ends));
    struct channel orders = channel_make(ends[1], IPC_SUPERVISOR, 0);
    struct fork_server *handle = fork_server_connect(ends[0], 0);
    fork_server_attach(handle, f->tls.loop, &events);
    fork_server_see_off(handle, 4711);
    fork_server_see_off(handle, 4712);
    ke_fixture_run_for(f, 0.05);
    for (pid_t pid = 4711; pid <= 4712; pid++) {
        f->tls.clock_offset += FORK_SERVER_FAREWELL;
        ke_fixture_run_for(f, 0.05);
        assert_int_equal(channel_receive(&orders, &order, &none), CHANNEL_OK);
        assert_int_equal(order.type, IPC_KILL);
        assert_in_range(order.u.process.pid, 4711, 4712);
    }
    assert_int_equal(channel_receive(&orders, &order, &none), CHANNEL_AGAIN);
    fork_server_see_off(handle, 4713); /* is not waited for */
    fork_server_free(handle);
    channel_close(&orders);
}

/* A fork server in a process of its own, whose main process is the test. */
static pid_t run_fork_server(struct ke_fixture *f, struct channel *channel)
{
    int ends[2];

    ke_fixture_make_role(f, 2);
    f->fork_spec.helpers = f->role;
    assert_true(channel_pair(ends));
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        fork_server_run(&f->fork_spec, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    *channel = channel_make(ends[0], IPC_FORK_SERVER, 0);
    return pid;
}

/* Another one than that with which each process begins. */
static void await_message(struct channel *channel, struct ipc_message *message)
{
    enum channel_result result;
    int fd;

    do {
        while ((result = channel_receive(channel, message, &fd)) == CHANNEL_AGAIN)
            usleep(1000);
        assert_int_equal(result, CHANNEL_OK);
        if (fd >= 0)
            close(fd);
    } while (message->type == IPC_FACTS);
}

/* A main process that was taken over may order what it wants. */
static void generations_are_limited(void **state)
{
    const struct ipc_message start = {.type = IPC_START}, abandon = {.type = IPC_ABANDON};
    struct ke_fixture *f = *state;
    struct ipc_message message;
    struct channel channel;
    int refused = 0, helpers = 0, status;
    pid_t pid = run_fork_server(f, &channel);

    for (int i = 0; i < 100; i++) {
        assert_int_equal(channel_send(&channel, &start, -1), CHANNEL_OK);
        assert_int_equal(channel_send(&channel, &abandon, -1), CHANNEL_OK);
        for (int n = 0; n < 2; n++) {
            await_message(&channel, &message);
            if (message.type == IPC_FILES) {
                assert_int_equal(message.u.files.generation, i + 1);
                n--;
                continue;
            }
            if (message.type == IPC_REFUSED) {
                assert_int_equal(message.u.refused.generation, i + 1);
                refused++;
                break;
            }
            assert_int_equal(message.type, IPC_HELPER_NEW);
            assert_int_equal(message.u.helper.generation, i + 1);
            helpers++;
        }
    }
    /* A slow machine may take long enough for some more of them. */
    assert_true(helpers >= 2 && refused >= 50);
    channel_close(&channel);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* A socket to bind is for the binder's channel. */
static void fork_server_ends_on_a_request_to_bind(void **state)
{
    const struct ipc_message bind = {.type = IPC_BIND,
                                     .u.bind.local = {ip_addr_loopback(IP_V4), 123}};
    struct channel channel;
    int status;
    pid_t pid = run_fork_server(*state, &channel);

    assert_int_equal(channel_send(&channel, &bind, STDIN_FILENO), CHANNEL_OK);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    channel_close(&channel);
}

/* What is no order ends the fork server. */
static void fork_server_ends_on_an_invalid_order(void **state)
{
    const struct ipc_message ping = {.type = IPC_PING};
    struct ke_fixture *f = *state;
    struct ipc_message message;
    struct channel channel;
    int status;
    pid_t pid = run_fork_server(f, &channel);

    assert_int_equal(channel_send(&channel, &ping, -1), CHANNEL_OK);
    await_message(&channel, &message);
    assert_int_equal(message.type, IPC_ALIVE);
    assert_int_equal(send(channel.fd, "n", 1, 0), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    channel_close(&channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KE_TEST(fork_server_cannot_be_traced),
        KE_TEST(processes_end_with_the_server),
        KE_TEST(death_of_the_fork_server_is_reported),
        KE_TEST(silent_fork_server_is_reported),
        KE_TEST(sleep_is_no_silence),
        KE_TEST(orders_wait_for_room),
        KE_TEST(process_without_a_channel_is_killed),
        KE_TEST(generations_are_limited),
        KE_TEST(fork_server_ends_on_an_invalid_order),
        KE_TEST(fork_server_ends_on_a_request_to_bind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
