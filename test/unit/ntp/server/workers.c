/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's half of the server workers: what it gives to a worker, what a worker may send
 * and write, as if it were hostile, and the reports on all shards together.
 */
#include "test/unit/support/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "chronyd/os/world_linux.h"
#include "conf/conf.h"
#include "ntp/server/shards.h"
#include "ntp/server/workers.h"
#include "process/channel.h"
#include "process/shared_memory.h"
#include "test/unit/support/log.h"

#define WORKERS 2
#define NOW     1700000000

struct fixture {
    struct world *world;
    struct loop *loop;
    struct conf conf;
    struct client_limits limits;
    struct server_workers *workers;
    struct channel channels[WORKERS]; /* the ends of the workers */
    void *memory[WORKERS];            /* as they have it */
    struct server_shard shards[WORKERS];
    struct client_log *log; /* of the main process */
    struct server_shard own;
    int started, restarted;
    pid_t killed, seen_off;
    int received, transmitted, to_sign;
    bool is_for_sources;
    int pages[2]; /* in the place of the time page */
};

static void start_worker(void *ctx, int number)
{
    struct fixture *f = ctx;

    assert_int_equal(number, ++f->started);
}

static void kill_worker(void *ctx, pid_t pid)
{
    ((struct fixture *)ctx)->killed = pid;
}

static void see_off_worker(void *ctx, pid_t pid)
{
    ((struct fixture *)ctx)->seen_off = pid;
}

static void on_restarted(void *ctx)
{
    ((struct fixture *)ctx)->restarted++;
}

static int time_page(void *ctx)
{
    return ((struct fixture *)ctx)->pages[0];
}

static bool on_received(void *ctx, const struct ipc_packet *packet)
{
    struct fixture *f = ctx;

    f->received++;
    return f->is_for_sources;
}

static void on_transmitted(void *ctx, const struct ipc_packet *packet)
{
    ((struct fixture *)ctx)->transmitted++;
}

static void on_sign(const struct ipc_packet *packet, void *arg)
{
    ((struct fixture *)arg)->to_sign++;
}

static int setup(void **state)
{
    const struct world_linux_options options = {.ipv4 = true};
    struct fixture *f = calloc(1, sizeof(*f));
    const struct server_workers_handler handler = {on_received, on_transmitted, f};

    capture_log();
    f->world = world_linux_new(&options);
    f->loop = loop_new(f->world);
    f->conf.client_log.limit = 16384;
    f->limits = client_limits_make(&f->conf.client_log);
    const struct server_workers_env env = {
        .world = f->world,
        .loop = f->loop,
        .log = &f->conf.client_log,
        .start = start_worker,
        .kill = kill_worker,
        .see_off = see_off_worker,
        .restarted = on_restarted,
        .time_page = time_page,
        .ctx = f,
    };
    assert_int_equal(pipe(f->pages), 0);
    f->workers = server_workers_new(&env, WORKERS);
    assert_non_null(f->workers);
    server_workers_set_handler(f->workers, &handler);
    server_workers_set_signer(f->workers, on_sign, f);
    f->log = client_log_new(f->world, &f->conf.client_log);
    server_shard_init(&f->own, f->world, f->log);
    for (int i = 0; i < WORKERS; i++)
        f->channels[i] = channel_make(-1, IPC_SERVER, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < WORKERS; i++) {
        channel_close(&f->channels[i]);
        if (f->memory[i])
            server_shard_clear(&f->shards[i]);
        shared_memory_unmap(f->memory[i], server_shard_memory(&f->conf.client_log));
    }
    server_workers_free(f->workers);
    server_shard_clear(&f->own);
    client_log_free(f->log);
    loop_free(f->loop);
    world_linux_free(f->world);
    close(f->pages[0]);
    close(f->pages[1]);
    end_log_capture();
    free(f);
    return 0;
}

/* The next message that a worker gets. */
static struct ipc_message next(struct fixture *f, int index, enum ipc_type type, int *fd)
{
    struct ipc_message message;

    assert_int_equal(channel_receive(&f->channels[index], &message, fd), CHANNEL_OK);
    assert_int_equal(message.type, type);
    return message;
}

static void has_nothing(struct fixture *f, int index)
{
    struct ipc_message message;
    int fd;

    assert_int_equal(channel_receive(&f->channels[index], &message, &fd), CHANNEL_AGAIN);
}

/* The process of a worker begins, and takes its memory and the page. */
static void begin(struct fixture *f, int index)
{
    const size_t size = server_shard_memory(&f->conf.client_log);
    int ends[2], fd;
    bool bad;

    assert_true(channel_pair(ends));
    channel_close(&f->channels[index]);
    f->channels[index] = channel_make(ends[1], IPC_SERVER, 0);
    server_workers_take(f->workers, index + 1, ends[0], 4711 + index);
    struct ipc_message message = next(f, index, IPC_SHARD, &fd);
    assert_int_equal(message.u.memory.size, size);
    if (!f->memory[index]) {
        f->memory[index] = shared_memory_map(fd, size, SHARED_WRITE);
        assert_non_null(f->memory[index]);
        server_shard_adopt(&f->shards[index], f->world, &f->conf.client_log, f->memory[index],
                           &bad);
        assert_false(bad);
    }
    /* It cannot be cut, which would end the main process. */
    assert_int_equal(ftruncate(fd, 0), -1);
    close(fd);
    next(f, index, IPC_TIME_PAGE, &fd);
    close(fd);
}

static void done(struct fixture *f, int index, uint32_t sequence)
{
    const struct ipc_message message = {.type = IPC_DONE, .u.done.sequence = sequence};

    assert_int_equal(channel_send(&f->channels[index], &message, -1), CHANNEL_OK);
}

static void nothing(void *arg)
{
}

static void run(struct fixture *f)
{
    for (int i = 0; i < 4; i++) {
        loop_timer_add(f->loop, 0.01, nothing, NULL);
        loop_run_once(f->loop);
    }
}

static struct ipc_message packet_message(enum ipc_packet_kind kind)
{
    struct ipc_message message = {.type = IPC_PACKET};
    struct ipc_packet *packet = &message.u.packet;

    packet->kind = kind;
    packet->family = IP_V4;
    packet->remote = (struct ip_port){ip_addr_v4(192, 0, 2, 1), 123};
    packet->if_index = -1;
    packet->time.i.sec = NOW;
    packet->length = 48;
    packet->data[0] = 0x24;
    return message;
}

static void send_packet(struct fixture *f, enum ipc_packet_kind kind)
{
    const struct ipc_message message = packet_message(kind);

    assert_int_equal(channel_send(&f->channels[0], &message, -1), CHANNEL_OK);
}

static void set_tables(struct fixture *f)
{
    static const uint8_t octets[64] = {1};
    const struct server_tables tables = {
        .access = {octets, sizeof(octets), 1},
        .keys = {octets, sizeof(octets), 1},
    };

    server_workers_set_tables(f->workers, &tables, &f->limits, true);
}

static void workers_start_with_the_first_socket(void **state)
{
    struct fixture *f = *state;
    const int fds[WORKERS] = {f->pages[0], f->pages[1]};
    int fd;

    assert_int_equal(f->started, 0);
    server_workers_open(f->workers, IP_V4, fds);
    assert_int_equal(f->started, WORKERS);
    begin(f, 0);
    struct ipc_message message = next(f, 0, IPC_SERVER_SOCKET, &fd);
    assert_int_equal(message.u.server_socket.family, IP_V4);
    close(fd);
    has_nothing(f, 0);
    server_workers_open(f->workers, IP_V6, fds);
    assert_int_equal(f->started, WORKERS);
    message = next(f, 0, IPC_SERVER_SOCKET, &fd);
    assert_int_equal(message.u.server_socket.family, IP_V6);
    close(fd);

    done(f, 0, 1);
    server_workers_close(f->workers, IP_V6);
    message = next(f, 0, IPC_SERVER_CLOSE, &fd);
    assert_int_equal(message.u.server_socket.family, IP_V6);
    assert_int_equal(message.u.server_socket.sequence, 1);
    /* The next process gets what is open now. */
    begin(f, 0);
    assert_int_equal(f->restarted, 1);
    next(f, 0, IPC_SERVER_SOCKET, &fd);
    close(fd);
    has_nothing(f, 0);
    assert_int_equal(f->killed, 0);
}

static void tables_are_passed_and_cannot_be_written(void **state)
{
    struct fixture *f = *state;
    int fd;

    begin(f, 0);
    done(f, 0, 1);
    set_tables(f);
    struct ipc_message message = next(f, 0, IPC_TABLES, &fd);
    assert_int_equal(message.u.memory.sequence, 1);
    assert_null(shared_memory_map(fd, (size_t)message.u.memory.size, SHARED_WRITE));
    assert_null(shared_memory_map(fd, (size_t)message.u.memory.size + 1, SHARED_READ));
    const struct server_snapshot *snapshot =
        shared_memory_map(fd, (size_t)message.u.memory.size, SHARED_COPY);
    assert_non_null(snapshot);
    close(fd);
    assert_true(snapshot->signing);
    assert_int_equal(((const uint8_t *)server_snapshot_at(snapshot, snapshot->access))[0], 1);

    /* New ones: the old ones are wiped, where a worker may still have them. A worker that does not
       confirm is not waited for long. */
    const size_t size = (size_t)message.u.memory.size;
    struct mono_time before = world_mono_now(f->world);
    set_tables(f);
    assert_true(mono_diff(world_mono_now(f->world), before) < 5.0);
    message = next(f, 0, IPC_TABLES, &fd);
    close(fd);
    assert_int_equal(((const uint8_t *)server_snapshot_at(snapshot, sizeof(*snapshot)))[0], 0);
    assert_int_equal(f->killed, 0);
    shared_memory_unmap((void *)(uintptr_t)snapshot, size);
}

static void packets_go_where_they_belong(void **state)
{
    struct fixture *f = *state;
    const int fds[WORKERS] = {f->pages[0], -1};
    int fd;

    begin(f, 0);
    send_packet(f, IPC_PACKET_RECEIVED);
    run(f);
    assert_int_equal(f->received, 0); /* there is no socket */
    server_workers_open(f->workers, IP_V4, fds);
    next(f, 0, IPC_SERVER_SOCKET, &fd);
    close(fd);
    f->is_for_sources = true;
    send_packet(f, IPC_PACKET_RECEIVED);
    send_packet(f, IPC_PACKET_SENT);
    send_packet(f, IPC_PACKET_TO_SIGN);
    run(f);
    assert_int_equal(f->received, 1);
    assert_int_equal(f->transmitted, 1);
    assert_int_equal(f->to_sign, 1);
    has_nothing(f, 0);
    f->is_for_sources = false;
    send_packet(f, IPC_PACKET_RECEIVED);
    run(f);
    struct ipc_message message = next(f, 0, IPC_PACKET_BACK, &fd);
    assert_int_equal(message.u.packet.length, 48);
    assert_int_equal(message.u.packet.data[0], 0x24);
}

/* While an order is waited for nothing else happens. */
static void packets_wait_for_the_end_of_an_order(void **state)
{
    struct fixture *f = *state;
    const int fds[WORKERS] = {f->pages[0], -1};

    begin(f, 0);
    server_workers_open(f->workers, IP_V4, fds);
    f->is_for_sources = true;
    for (int i = 0; i < 10; i++)
        send_packet(f, IPC_PACKET_RECEIVED);
    done(f, 0, 1);
    set_tables(f);
    assert_int_equal(f->received, 0);
    run(f);
    assert_int_equal(f->received, 10);
}

static void hostile_worker_is_ended(void **state)
{
    struct fixture *f = *state;
    uint8_t data[IPC_LONG_SIZE];
    struct ipc_message message = packet_message(IPC_PACKET_RECEIVED);

    begin(f, 0);
    size_t size = ipc_encode(&message, data);
    data[4] = 9; /* kind */
    assert_int_equal(send(f->channels[0].fd, data, size, 0), (ssize_t)size);
    run(f);
    assert_int_equal(f->killed, 4711);
    begin(f, 1);
    /* What another role sends. */
    message = (struct ipc_message){.type = IPC_ALIVE};
    size = ipc_encode(&message, data);
    assert_int_equal(send(f->channels[1].fd, data, size, 0), (ssize_t)size);
    run(f);
    assert_int_equal(f->killed, 4712);
}

/* It sends packets without end, and never confirms an order. */
static void flood_does_not_hold_the_main_process_up(void **state)
{
    struct fixture *f = *state;
    const struct ipc_message message = packet_message(IPC_PACKET_RECEIVED);
    int status;

    begin(f, 0);
    pid_t flood = fork();
    if (flood == 0)
        for (;;)
            channel_send_blocking(&f->channels[0], &message, -1);
    set_tables(f);
    kill(flood, SIGKILL);
    assert_int_equal(waitpid(flood, &status, 0), flood);
}

/* One that is stopped costs the wait once, and not with each command. */
static void late_worker_is_waited_for_once(void **state)
{
    struct fixture *f = *state;

    begin(f, 0);
    struct mono_time before = world_mono_now(f->world);
    for (int i = 0; i < 30; i++)
        set_tables(f);
    assert_true(mono_diff(world_mono_now(f->world), before) < 5.0);
    assert_int_equal(f->killed, 0);
}

/* It has closed its channel: whether the process has ended, too, is for the fork server to see. */
static void worker_without_a_channel_is_seen_off(void **state)
{
    struct fixture *f = *state;

    begin(f, 0);
    channel_close(&f->channels[0]);
    run(f);
    assert_int_equal(f->seen_off, 4711);
    begin(f, 1);
    channel_close(&f->channels[1]);
    set_tables(f);
    assert_int_equal(f->seen_off, 4712);
    assert_int_equal(f->killed, 0);
}

/* A worker that does not read any more is ended when there is no room for an order. */
static void worker_that_does_not_obey_is_ended(void **state)
{
    struct fixture *f = *state;
    const struct clock_change change = {.type = CLOCK_ADJUST, .doffset = 1e-6};

    begin(f, 0);
    for (int i = 0; i < 5000 && f->killed == 0; i++)
        server_workers_change_clock(f->workers, &change);
    assert_int_equal(f->killed, 4711);
}

static void missed_changes_of_the_clock_are_told(void **state)
{
    struct fixture *f = *state;
    const struct clock_change change = {.type = CLOCK_ADJUST, .doffset = 1e-6};
    int fd;

    begin(f, 0);
    server_workers_change_clock(f->workers, &change);
    struct ipc_message message = next(f, 0, IPC_CLOCK_CHANGE, &fd);
    assert_int_equal(message.u.clock_change.type, CLOCK_ADJUST);
    f->shards[0].counts->clock_changes = message.u.clock_change.number;
    begin(f, 0);
    has_nothing(f, 0);
    channel_close(&f->channels[0]);
    server_workers_change_clock(f->workers, &change);
    begin(f, 0);
    message = next(f, 0, IPC_CLOCK_CHANGE, &fd);
    assert_int_equal(message.u.clock_change.type, CLOCK_UNKNOWN_STEP);
}

/* ---- Reports ---- */

static void ask(struct fixture *f, struct client_log *log, enum client_service service, int client)
{
    const struct ip_addr addr = ip_addr_v4(10, 0, 0, (uint8_t)client);

    client_log_access(log, &f->limits, service, &addr, (struct local_time){{NOW, 0}});
}

static uint32_t report(struct fixture *f, bool reset, uint32_t min_hits,
                       struct report_client clients[32])
{
    const struct server_shards shards = {.own = &f->own, .workers = f->workers};
    struct server_shards_query query = {
        .limit = 4, .min_hits = min_hits, .reset = reset, .now = {{NOW + 5, 0}}};
    const uint32_t size = (uint32_t)server_shards_size(&shards);
    uint32_t count = 0;

    /* In parts, as chronyc asks. */
    while (query.first < size)
        count += server_shards_report_clients(&shards, &query, &clients[count], &query.first);
    return count;
}

static void clients_are_reported_once(void **state)
{
    struct fixture *f = *state;
    const struct server_shards shards = {.own = &f->own, .workers = f->workers};
    struct report_client clients[32];
    struct report_serverstats stats;

    begin(f, 0);
    begin(f, 1);
    for (int i = 0; i < 6; i++)
        ask(f, f->shards[i % 2].log, CLIENT_NTP, i);
    ask(f, f->shards[0].log, CLIENT_NTP, 0);
    ask(f, f->log, CLIENT_NTS_KE, 0);        /* known to the first worker */
    ask(f, f->log, CLIENT_CMD, 9);           /* to nobody else */
    ask(f, f->shards[1].log, CLIENT_NTP, 0); /* what should not be: to the second one, too */

    assert_int_equal(server_shards_clients(&shards), 8);
    assert_int_equal(report(f, false, 0, clients), 7);
    for (int i = 0; i < 7; i++) {
        const uint8_t number = clients[i].addr.u.v4[3];

        assert_int_equal(clients[i].ntp_hits, number == 0 ? 2 : number == 9 ? 0 : 1);
        assert_int_equal(clients[i].nts_ke_hits, number == 0);
        assert_int_equal(clients[i].cmd_hits, number == 9);
        assert_int_equal(clients[i].last_ntp_ago, number == 9 ? UINT32_MAX : 5);
    }
    assert_int_equal(report(f, false, 2, clients), 1);
    server_shards_report_stats(&shards, &stats);
    assert_int_equal(stats.ntp_hits, 8);
    assert_int_equal(stats.nts_ke_hits, 1);
    assert_int_equal(stats.cmd_hits, 1);
    f->shards[1].counts->results[SERVER_LOST] = 3;
    f->own.counts->results[SERVER_LOST] = 1;
    assert_int_equal(server_shards_count(&shards, SERVER_LOST), 4);
}

/* The main process would be held up if each record were looked at. */
static void clients_of_large_logs_are_estimated(void **state)
{
    struct fixture *f = *state;
    const struct client_log_conf conf = {.limit = 64UL << 20};
    struct client_log *logs[2];
    struct server_shard own, kernel;

    for (int i = 0; i < 2; i++)
        logs[i] = client_log_new(f->world, &conf);
    own = (struct server_shard){.log = logs[0]};
    kernel = (struct server_shard){.log = logs[1]};
    const struct server_shards shards = {.own = &own, .kernel = &kernel};
    for (int i = 0; i < 150000; i++) {
        const struct ip_addr addr =
            ip_addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i);
        for (int j = 0; j < 2; j++)
            if (j == 0 ? i < 100000 : i >= 50000)
                client_log_access(logs[j], &f->limits, CLIENT_NTP, &addr,
                                  (struct local_time){{NOW, 0}});
    }
    assert_true(client_log_size(logs[0]) > 100000);
    assert_between(server_shards_clients(&shards), 147000, 153000);

    /* Never more of them are in both than there are. */
    own.log = logs[1];
    const uint32_t used = client_log_used(logs[1]);
    assert_between(server_shards_clients(&shards), used, used * 1.05);
    for (int i = 0; i < 2; i++)
        client_log_free(logs[i]);
}

static void reset_is_ordered(void **state)
{
    struct fixture *f = *state;
    struct report_client clients[32];
    int fd;

    begin(f, 0);
    ask(f, f->shards[0].log, CLIENT_NTP, 1);
    ask(f, f->log, CLIENT_CMD, 1);
    ask(f, f->log, CLIENT_CMD, 2);
    done(f, 0, 1);
    assert_int_equal(report(f, true, 0, clients), 2);
    struct ipc_message message = next(f, 0, IPC_CLIENTS_RESET, &fd);
    assert_true(message.u.reset.hold);
    message = next(f, 0, IPC_CLIENTS_RESET, &fd);
    assert_false(message.u.reset.hold);
    assert_int_equal(message.u.reset.first, 0);
    assert_int_equal(message.u.reset.count, client_log_size(f->shards[0].log));
    client_log_reset(f->shards[0].log, (int)message.u.reset.first, (int)message.u.reset.count);
    assert_int_equal(report(f, false, 1, clients), 0);
}

/* A part of the report that ends in the log of the first worker says nothing to the second one. */
static void reset_is_ordered_of_those_that_were_looked_at(void **state)
{
    struct fixture *f = *state;
    const struct server_shards shards = {.own = &f->own, .workers = f->workers};
    struct server_shards_query query = {.limit = 2, .reset = true, .now = {{NOW + 5, 0}}};
    struct report_client clients[2];
    uint32_t next_index;
    int fd;

    begin(f, 0);
    begin(f, 1);
    for (int i = 0; i < 6; i++)
        ask(f, f->shards[i % 2].log, CLIENT_NTP, i);
    assert_int_equal(server_shards_report_clients(&shards, &query, clients, &next_index), 2);
    next(f, 0, IPC_CLIENTS_RESET, &fd);
    const struct ipc_message first = next(f, 0, IPC_CLIENTS_RESET, &fd);
    assert_int_equal(first.u.reset.first, 0);
    assert_int_equal(first.u.reset.count, next_index);
    has_nothing(f, 1);

    /* The next part goes on there, and into the second log. */
    query.first = next_index;
    assert_int_equal(server_shards_report_clients(&shards, &query, clients, &next_index), 2);
    next(f, 0, IPC_CLIENTS_RESET, &fd);
    const struct ipc_message rest = next(f, 0, IPC_CLIENTS_RESET, &fd);
    assert_int_equal(rest.u.reset.first, query.first);
    next(f, 1, IPC_CLIENTS_RESET, &fd);
    const struct ipc_message second = next(f, 1, IPC_CLIENTS_RESET, &fd);
    assert_int_equal(second.u.reset.first, 0);
    assert_int_equal(second.u.reset.count,
                     next_index - (uint32_t)client_log_size(f->shards[0].log));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(workers_start_with_the_first_socket),
        TEST(tables_are_passed_and_cannot_be_written),
        TEST(packets_go_where_they_belong),
        TEST(packets_wait_for_the_end_of_an_order),
        TEST(hostile_worker_is_ended),
        TEST(flood_does_not_hold_the_main_process_up),
        TEST(late_worker_is_waited_for_once),
        TEST(worker_without_a_channel_is_seen_off),
        TEST(worker_that_does_not_obey_is_ended),
        TEST(missed_changes_of_the_clock_are_told),
        TEST(clients_are_reported_once),
        TEST(clients_of_large_logs_are_estimated),
        TEST(reset_is_ordered),
        TEST(reset_is_ordered_of_those_that_were_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
