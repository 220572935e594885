/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's half of the metrics server: what it gives to the process, and what that may
 * send, as if it were hostile.
 */
#include "test/unit/support/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/number.h"
#include "chronyd/metrics_server.h"
#include "chronyd/os/world_linux.h"
#include "metrics/metrics.h"
#include "process/channel.h"
#include "test/unit/support/log.h"

struct fixture {
    struct world *world;
    struct loop *loop;
    struct metrics_server *server;
    struct channel channel; /* the process's end */
    uint16_t last_command;
    enum cmd_status status; /* of what is executed */
    int executed;
    pid_t killed, seen_off;
};

static enum cmd_status execute(void *ctx, const struct cmd_request *request,
                               union cmd_reply_body *body)
{
    struct fixture *f = ctx;

    f->executed++;
    f->last_command = request->command;
    if (request->command == CMD_TRACKING)
        body->tracking.stratum = 7;
    return f->status;
}

static void end_process(void *ctx, pid_t pid)
{
    ((struct fixture *)ctx)->killed = pid;
}

static void see_off_process(void *ctx, pid_t pid)
{
    ((struct fixture *)ctx)->seen_off = pid;
}

static void start(struct fixture *f, const char *address)
{
    const struct world_linux_options options = {.ipv4 = true};
    struct ip_port listen = {.port = 0};
    int ends[2];

    *f = (struct fixture){.world = world_linux_new(&options), .status = CMD_STATUS_SUCCESS};
    f->loop = loop_new(f->world);
    const struct metrics_server_env env = {.world = f->world,
                                           .loop = f->loop,
                                           .execute = execute,
                                           .kill = end_process,
                                           .see_off = see_off_process,
                                           .ctx = f};
    assert_true(ip_addr_parse(address, &listen.addr));
    assert_true(channel_pair(ends));
    capture_log();
    f->server = metrics_server_new(&env, &listen);
    f->channel = channel_make(ends[1], IPC_REPORTER, 0);
    assert_false(metrics_server_take(f->server, ends[0], 4711));
}

static void end(struct fixture *f)
{
    channel_close(&f->channel);
    metrics_server_free(f->server);
    loop_free(f->loop);
    world_linux_free(f->world);
    end_log_capture();
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void run_for(struct fixture *f, double seconds)
{
    bool over = false;

    loop_timer_add(f->loop, seconds, set_flag, &over);
    while (!over)
        loop_run_once(f->loop);
}

/* The process has its socket. */
static void take_socket(struct fixture *f)
{
    struct ipc_message message;
    int fd;

    assert_int_equal(channel_receive(&f->channel, &message, &fd), CHANNEL_OK);
    assert_int_equal(message.type, IPC_LISTEN);
    close(fd);
}

static struct ipc_message query_of(const struct cmd_request *request, uint32_t id)
{
    const struct cmd_request_header header = {.version = CMD_VERSION_NO_PADDING};
    struct ipc_message query = {.type = IPC_QUERY, .u.octets.id = id};

    query.u.octets.length =
        cmd_request_encode(&header, request, query.u.octets.data, IPC_OCTETS_SIZE);
    return query;
}

static void process_gets_the_listening_socket(void **state)
{
    struct ipc_message message;
    struct fixture f;
    int fd, listening = 0;
    socklen_t length = sizeof(listening);

    start(&f, "127.0.0.1");
    assert_int_equal(channel_receive(&f.channel, &message, &fd), CHANNEL_OK);
    assert_int_equal(message.type, IPC_LISTEN);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length), 0);
    assert_int_equal(listening, 1);
    close(fd);
    end(&f);
}

/* The next process gets it, too. */
static void another_process_takes_over(void **state)
{
    struct fixture f;
    uint32_t restarts;
    int ends[2];

    start(&f, "127.0.0.1");
    take_socket(&f);
    assert_true(metrics_server_has_process(f.server, &restarts));
    assert_int_equal(restarts, 0);
    channel_close(&f.channel);
    run_for(&f, 0.01);
    assert_false(metrics_server_has_process(f.server, &restarts));
    assert_int_equal(f.seen_off, 4711);
    assert_true(channel_pair(ends));
    f.channel = channel_make(ends[1], IPC_REPORTER, 0);
    assert_true(metrics_server_take(f.server, ends[0], 4712));
    take_socket(&f);
    assert_int_equal(f.killed, 0);
    assert_true(metrics_server_has_process(f.server, &restarts));
    assert_int_equal(restarts, 1);
    end(&f);
}

/* Each report that the process may ask for fits into a message. */
static void reports_fit(void **state)
{
    int count = 0;

    for (size_t i = 0; i < cmd_command_count; i++) {
        const struct cmd_request request = {.command = cmd_commands[i].code};

        if (!metrics_may_ask(&request))
            continue;
        assert_in_range(cmd_reply_length(cmd_commands[i].reply), CMD_REPLY_HEADER,
                        CMD_REPLY_HEADER + IPC_OCTETS_SIZE);
        count++;
    }
    assert_true(count >= 10);
}

static void report_comes_with_its_status(void **state)
{
    static const enum cmd_status statuses[] = {CMD_STATUS_SUCCESS, CMD_STATUS_NOT_ENABLED};
    const struct cmd_request request = {.command = CMD_TRACKING};
    struct ipc_message message;
    struct fixture f;
    int none;

    start(&f, "127.0.0.1");
    take_socket(&f);
    for (size_t i = 0; i < COUNT(statuses); i++) {
        uint8_t reply[CMD_REPLY_MAX] = {0};
        union cmd_reply_body body;

        f.status = statuses[i];
        message = query_of(&request, 77);
        assert_int_equal(channel_send(&f.channel, &message, -1), CHANNEL_OK);
        run_for(&f, 0.01);
        assert_int_equal(channel_receive(&f.channel, &message, &none), CHANNEL_OK);
        assert_int_equal(message.type, IPC_REPORT);
        assert_int_equal(message.u.octets.id, 77);
        assert_int_equal(message.u.octets.status, statuses[i]);
        if (statuses[i] != CMD_STATUS_SUCCESS) {
            assert_int_equal(message.u.octets.length, 0);
            continue;
        }
        memcpy(reply + CMD_REPLY_HEADER, message.u.octets.data, message.u.octets.length);
        assert_true(cmd_reply_decode(reply, CMD_REPLY_HEADER + message.u.octets.length,
                                     REPLY_TRACKING, &body));
        assert_int_equal(body.tracking.stratum, 7);
    }
    assert_int_equal(f.executed, 2);
    end(&f);
}

/* It is not executed, and ends the process. */
static void expect_end(const struct ipc_message *query)
{
    struct ipc_message message;
    struct fixture f;
    int none;

    start(&f, "127.0.0.1");
    take_socket(&f);
    assert_int_equal(channel_send(&f.channel, query, -1), CHANNEL_OK);
    run_for(&f, 0.01);
    assert_int_equal(f.executed, 0);
    assert_int_equal(f.killed, 4711);
    assert_int_equal(channel_receive(&f.channel, &message, &none), CHANNEL_CLOSED);
    assert_int_equal(logged("Metrics server (process 4711) has asked for what is not its business, "
                            "ending it"),
                     1);
    end(&f);
}

static void nothing_with_an_effect_is_executed(void **state)
{
    struct cmd_request reset = {.command = CMD_CLIENTS};

    reset.u.clients.reset = true;
    struct ipc_message query = query_of(&reset, 1);
    expect_end(&query);
    for (size_t i = 0; i < cmd_command_count; i++) {
        const struct cmd_request request = {.command = cmd_commands[i].code};

        if (cmd_commands[i].access == CMD_RO)
            continue;
        query = query_of(&request, 1);
        if (query.u.octets.length > 0) /* too long for a query otherwise */
            expect_end(&query);
    }
}

static void what_is_no_request_ends_the_process(void **state)
{
    const struct cmd_request request = {.command = CMD_TRACKING};
    const struct ipc_message good = query_of(&request, 1);
    struct ipc_message query = good;

    query.u.octets.length--; /* shorter than a header */
    expect_end(&query);
    query.u.octets.length = 1;
    expect_end(&query);
    query = good;
    query.u.octets.length = IPC_OCTETS_SIZE; /* more than the request */
    expect_end(&query);
    query = good;
    query.u.octets.data[0] = CMD_VERSION;
    expect_end(&query);
    query = good;
    query.u.octets.data[1] = CMD_TYPE_REPLY;
    expect_end(&query);
    query = good;
    query.u.octets.data[2] = 1;
    expect_end(&query);
    query = good;
    query.u.octets.data[4] = 0x7f; /* no command */
    expect_end(&query);
}

static void invalid_message_ends_the_process(void **state)
{
    uint8_t data[IPC_MESSAGE_SIZE] = {0};
    struct fixture f;

    start(&f, "127.0.0.1");
    take_socket(&f);
    assert_int_equal(send(f.channel.fd, data, sizeof(data), 0), sizeof(data));
    run_for(&f, 0.01);
    assert_int_equal(f.killed, 4711);
    assert_int_equal(logged("has sent an invalid message, ending it"), 1);
    end(&f);
}

/* It asks as fast as it can, and reads what comes. */
static void rate_of_queries_is_limited(void **state)
{
    const struct cmd_request request = {.command = CMD_TRACKING};
    const struct ipc_message query = query_of(&request, 1);
    struct ipc_message message;
    struct fixture f;
    int none;

    start(&f, "127.0.0.1");
    take_socket(&f);
    struct mono_time begin = world_mono_now(f.world);
    for (int i = 0; i < 50; i++) {
        for (int n = 0; n < 100 && channel_send(&f.channel, &query, -1) == CHANNEL_OK; n++)
            ;
        run_for(&f, 0.002);
        while (channel_receive(&f.channel, &message, &none) == CHANNEL_OK)
            ;
    }
    double intervals = mono_diff(world_mono_now(f.world), begin) / METRICS_SERVER_INTERVAL;
    assert_int_equal(f.killed, 0);
    assert_between(f.executed, METRICS_SERVER_QUERIES, METRICS_SERVER_QUERIES * (intervals + 2.0));
    end(&f);
}

/* A process that asks and never reads costs no memory here. */
static void process_that_does_not_read_is_ended(void **state)
{
    const struct cmd_request request = {.command = CMD_TRACKING};
    const struct ipc_message query = query_of(&request, 1);
    struct fixture f;

    start(&f, "127.0.0.1");
    take_socket(&f);
    for (int i = 0; i < 200 && f.killed == 0; i++) {
        while (channel_send(&f.channel, &query, -1) == CHANNEL_OK)
            ;
        run_for(&f, 0.01);
    }
    assert_int_equal(f.killed, 4711);
    assert_int_equal(logged("does not take its reports, ending it"), 1);
    end(&f);
}

/* That one has ended is said by the fork server. */
static void process_that_has_ended_is_no_warning(void **state)
{
    struct fixture f;
    uint32_t restarts;
    int ends[2];

    start(&f, "127.0.0.1");
    assert_true(channel_pair(ends));
    close(ends[1]);
    assert_true(metrics_server_take(f.server, ends[0], 4712));
    assert_false(metrics_server_has_process(f.server, &restarts));
    assert_int_equal(f.killed, 0);
    assert_int_equal(logged("does not take its socket"), 0);
    end(&f);
}

static void socket_that_cannot_be_opened_is_an_error_once(void **state)
{
    struct ipc_message message;
    struct fixture f;
    int none;

    start(&f, "::1"); /* in a world without IPv6 */
    assert_int_equal(logged("Could not open metrics socket on [::1]:0 : "
                            "Address family not supported by protocol"),
                     1);
    /* The process waits. */
    run_for(&f, 0.01);
    assert_int_equal(channel_receive(&f.channel, &message, &none), CHANNEL_AGAIN);
    assert_int_equal(f.killed, 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_gets_the_listening_socket),
        cmocka_unit_test(another_process_takes_over),
        cmocka_unit_test(reports_fit),
        cmocka_unit_test(report_comes_with_its_status),
        cmocka_unit_test(nothing_with_an_effect_is_executed),
        cmocka_unit_test(what_is_no_request_ends_the_process),
        cmocka_unit_test(invalid_message_ends_the_process),
        cmocka_unit_test(rate_of_queries_is_limited),
        cmocka_unit_test(process_that_does_not_read_is_ended),
        cmocka_unit_test(process_that_has_ended_is_no_warning),
        cmocka_unit_test(socket_that_cannot_be_opened_is_an_error_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
