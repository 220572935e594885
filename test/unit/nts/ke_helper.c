/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One NTS-KE helper process, of which the test is the main process, and the rights with which files
 * are parsed.
 */
#include "test/unit/support/ke_server.h"
#include "test/unit/support/unit.h"
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "config.h"
/* Starts a helper, of which the test is the main process, and waits until it is ready. */
static pid_t run_helper(struct ke_fixture *f, struct channel *channel)
{
    const struct helper_identity identity = {.generation = 1, .number = 1};
    int ends[2];

    assert_true(channel_pair(ends));
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        _exit(ke_helper_run(&f->spec, &identity,
                            server_files_read(f->tls.linux, &f->tls.conf.nts_server), ends[1]));
    }
    close(ends[1]);
    *channel = channel_make(ends[0], IPC_HELPER, 0);
    return pid;
}

static void receive(struct channel *channel, struct ipc_message *message)
{
    enum channel_result result;
    int none;

    while ((result = channel_receive(channel, message, &none)) == CHANNEL_AGAIN)
        usleep(1000);
    assert_int_equal(result, CHANNEL_OK);
}

/* Waits for the next message of a helper, which must be of this type; before it is ready it tells
   of its certificate. */
static void await_message(struct channel *channel, enum ipc_type type, struct ipc_message *message)
{
    receive(channel, message);
    if (type == IPC_READY) {
        assert_int_equal(message->type, IPC_CERTIFICATE);
        receive(channel, message);
    }
    assert_int_equal(message->type, type);
}

static void expect_end(pid_t pid, enum helper_exit expected)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

static void helper_ends_on_an_invalid_request(void **state)
{
    struct ke_fixture *f = *state;
    struct ipc_message message;
    struct channel channel;
    pid_t pid = run_helper(f, &channel);

    await_message(&channel, IPC_READY, &message);
    assert_int_equal(send(channel.fd, "x", 1, 0), 1);
    expect_end(pid, HELPER_EXIT_FATAL);
    assert_true(tls_fixture_log_has(&f->tls, "Invalid helper request"));
    channel_close(&channel);
}

static void set_connection(struct ke_fixture *f, struct ipc_message *message)
{
    *message = (struct ipc_message){.type = IPC_CONNECTION};
    message->u.connection.peer.addr = ip_addr_loopback(IP_V4);
    message->u.connection.key_id = f->key.id;
    message->u.connection.aead = f->key.aead;
    message->u.connection.key = f->key.key;
}

/* A dispatcher that has said that it leaves has nothing more to say. */
static void helper_takes_no_connection_after_the_order_to_drain(void **state)
{
    struct ke_fixture *f = *state;
    const struct ipc_message drain = {.type = IPC_DRAIN};
    struct ipc_message message, connection;
    struct channel channel;
    pid_t pid = run_helper(f, &channel);

    set_connection(f, &connection);
    await_message(&channel, IPC_READY, &message);
    kill(pid, SIGSTOP);
    assert_int_equal(channel_send(&channel, &connection, f->tls.listener), CHANNEL_OK);
    assert_int_equal(channel_send(&channel, &drain, -1), CHANNEL_OK);
    kill(pid, SIGCONT);
    await_message(&channel, IPC_OUTCOME, &message);
    expect_end(pid, HELPER_EXIT_DONE);
    channel_close(&channel);
}

/* No descriptor is free where a connection goes: that connection is lost, and nothing else. */
static void helper_without_descriptors_loses_one_connection(void **state)
{
    struct ke_fixture *f = *state;
    struct ipc_message message, connection;
    struct channel channel;
    struct rlimit limit;
    int fd;
    pid_t pid = run_helper(f, &channel);

    set_connection(f, &connection);
    await_message(&channel, IPC_READY, &message);
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &limit), 0);
    struct rlimit none = limit;
    none.rlim_cur = 3;
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &none, NULL), 0);
    for (uint32_t session = 1; session <= 3; session++) {
        connection.u.connection.session = session;
        assert_int_equal(channel_send(&channel, &connection, f->tls.listener), CHANNEL_OK);
        await_message(&channel, IPC_OUTCOME, &message);
        assert_int_equal(message.u.outcome.session, session);
        assert_int_equal(message.u.outcome.end, KE_END_REJECTED);
    }
    assert_int_equal(
        ke_fixture_log_count(f, "Could not receive NTS-KE connection : Too many open files"), 1);
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &limit, NULL), 0);
    connection.u.connection.session = 4;
    assert_int_equal(channel_send(&channel, &connection, f->tls.listener), CHANNEL_OK);
    await_message(&channel, IPC_OUTCOME, &message);
    assert_int_equal(message.u.outcome.session, 4);
    assert_int_not_equal(message.u.outcome.end, KE_END_REJECTED);
    assert_int_equal(channel_receive(&channel, &message, &fd), CHANNEL_AGAIN);
    channel_close(&channel);
    expect_end(pid, HELPER_EXIT_DONE);
}

/* ---- The process that judges the files ---- */

static bool is_checker(void)
{
    char name[16];

    prctl(PR_GET_NAME, name);
    return strcmp(name, "chronyd-certs") == 0;
}

/* It asks for the time right before it parses. */
static struct raw_time say_rights(void *ctx)
{
    if (is_checker())
        LOG_INFO("parses with filter %d, no-new-privs %d, dumpable %d", prctl(PR_GET_SECCOMP),
                 prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    return (struct raw_time){.i.sec = time(NULL)};
}

/* The real world, where the clock is asked by a function of the test. */
static void use_clock(struct ke_fixture *f, struct world_ops *ops, struct world *world,
                      struct raw_time (*raw_now)(void *ctx))
{
    *ops = *f->tls.linux->ops;
    ops->raw_now = raw_now;
    *world = (struct world){.ops = ops, .ctx = f->tls.linux->ctx};
    f->spec.world = world;
}

static bool status_has(pid_t pid, const char *line)
{
    char path[64], text[4096] = "";

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    (void)!fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    return strstr(text, line) != NULL;
}

/* A helper parses what it was given when it has no rights any more, and so does what checks
   files. */
static void files_are_parsed_without_rights(void **state)
{
#ifdef FEAT_SCFILTER
    static const char seccomp[] = "\nSeccomp:\t2\n";
    const char *line = "parses with filter 2, no-new-privs 1, dumpable 0\n";
    const int level = 2;
#else
    static const char seccomp[] = "\nSeccomp:\t";
    const char *line = "parses with filter 0, no-new-privs 1, dumpable 0\n";
    const int level = 0;
#endif
    struct ke_fixture *f = *state;
    struct ke_generation second = {f, 2};
    struct world_ops ops;
    struct world world;
    FILE *file = fopen(f->tls.cert_files[0], "w");

    fputs("garbage\n", file);
    fclose(file);
    use_clock(f, &ops, &world, say_rights);
    f->sandbox.filter_level = level;
    ke_fixture_start(f, 1);
    char *log = tls_fixture_log(&f->tls);
    const char *rights = strstr(log, line), *reason = strstr(log, "no certificate in PEM format");
    assert_non_null(rights);
    assert_non_null(reason);
    assert_true(rights < reason);
    free(log);
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    ke_listener_rekey(f->listener);
    assert_true(tls_fixture_run(&f->tls, ke_fixture_has_generation, &second, 10.0));
    assert_int_equal(ke_fixture_log_count(f, line), 2);
    pid_t helper = ke_fixture_only_helper(f);
    assert_true(status_has(helper, seccomp));
    assert_true(status_has(helper, "\nNoNewPrivs:\t1\n"));
    assert_true(status_has(helper, "\nCapPrm:\t0000000000000000\n"));
    assert_true(ke_fixture_establish(f));
}

/* One of the files has taken the process over: it says that they are good, and does not end. */
static struct raw_time approve_and_hang(void *ctx)
{
    const struct ipc_message good = {.type = IPC_VERDICT, .u.verdict.usable = true};

    for (int fd = 3; fd < 256 && is_checker(); fd++) {
        struct channel channel = channel_make(fd, IPC_FORK_SERVER, 0);
        channel_send(&channel, &good, -1);
    }
    while (is_checker())
        pause();
    return (struct raw_time){.i.sec = time(NULL)};
}

static void nobody_waits_for_who_judged_the_files(void **state)
{
    struct ke_fixture *f = *state;
    struct world_ops ops;
    struct world world;

    use_clock(f, &ops, &world, approve_and_hang);
    ke_fixture_start(f, 1);
    assert_true(ke_fixture_establish(f));
    for (int i = 0; i < 2 * FORK_SERVER_SILENCE; i++) {
        f->tls.clock_offset += FORK_SERVER_PING;
        ke_fixture_run_for(f, 0.1);
    }
    assert_int_equal(f->lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KE_TEST(helper_ends_on_an_invalid_request),
        KE_TEST(helper_takes_no_connection_after_the_order_to_drain),
        KE_TEST(helper_without_descriptors_loses_one_connection),
        KE_TEST(files_are_parsed_without_rights),
        KE_TEST(nobody_waits_for_who_judged_the_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
