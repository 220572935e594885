/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets for NTP (ntp.md 4, 5.2, 5.5, 11.1): with which addresses and options each kind is opened,
 * which packets are dropped before anybody looks at them, and who gets the others.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <string.h>
#include "conf/conf.h"
#include "ntp/client/sources.h"
#include "ntp/server/server.h"
#include "ntp/sockets.h"
#include "ntp/sockets_state.h"
#include "ntp/wire/packet.h"
#include "process/ipc.h"
#include "test/unit/support/env.h"

#define MAX_OPENED 32

struct opened {
    struct world_socket spec;
    struct ip_port local, remote;
};

struct fixture {
    struct sim_world *sim;
    const struct world_ops *under;
    struct world_ops ops; /* of the virtual world, with what is noted here */
    struct world world;
    struct loop *loop;
    struct stub_env stub;
    struct conf conf;
    struct ntp_sockets *sockets;

    struct opened opened[MAX_OPENED];
    int opens;
    enum ip_family disabled;
    bool truncate;
    bool empty_errqueue;
    int error; /* of all sockets */
    int errors_read;
    struct ip_port failed; /* of which the sources were told: */
    int failures, failure;
    struct world_datagram last_sent;

    bool is_source; /* takes what it is offered */
    int offered, requests, batches, offered_sent, server_sent;
    struct ntp_arrival last;
};

/* The world's functions get the virtual world as context, tests run one after another. */
static struct fixture current;

static int socket_open(void *ctx, const struct world_socket *spec)
{
    struct opened *o = &current.opened[current.opens++];

    assert_true(current.opens <= MAX_OPENED);
    o->spec = *spec;
    if (spec->local)
        o->local = *spec->local;
    if (spec->remote)
        o->remote = *spec->remote;
    return current.under->socket_open(ctx, spec);
}

static bool family_enabled(void *ctx, enum ip_family family)
{
    return family != current.disabled && current.under->family_enabled(ctx, family);
}

static int receive_datagrams(void *ctx, int fd, struct world_datagram *msgs, int count,
                             bool errqueue)
{
    int n = current.under->receive(ctx, fd, msgs, count, errqueue);

    for (int i = 0; i < n; i++)
        msgs[i].truncated = current.truncate;
    return errqueue && current.empty_errqueue ? -1 : n;
}

static int send_datagrams(void *ctx, int fd, const struct world_datagram *msgs, int count)
{
    current.last_sent = msgs[0];
    return current.under->send(ctx, fd, msgs, count);
}

static int socket_error(void *ctx, int fd)
{
    current.errors_read++;
    return current.error;
}

/* The fixture stands for the sources and for the server: it counts what it is given. */
bool ntp_sources_receive(struct ntp_sources *sources, const struct ntp_arrival *arrival)
{
    struct fixture *f = (struct fixture *)(void *)sources;

    f->offered++;
    f->last = *arrival;
    return f->is_source;
}

void ntp_sources_failed(struct ntp_sources *sources, const struct ip_port *remote, int error)
{
    struct fixture *f = (struct fixture *)(void *)sources;

    f->failures++;
    f->failed = *remote;
    f->failure = error;
}

bool ntp_sources_transmitted(struct ntp_sources *sources, const struct ntp_arrival *arrival)
{
    struct fixture *f = (struct fixture *)(void *)sources;

    f->offered_sent++;
    f->last = *arrival;
    return f->is_source;
}

void ntp_server_receive(struct ntp_server *server, const struct ntp_arrival *arrivals, int count)
{
    struct fixture *f = (struct fixture *)(void *)server;

    f->requests += count;
    f->batches++;
    f->last = arrivals[count - 1];
    assert_in_range(count, 1, WORLD_BATCH);
    for (int i = 0; i < count; i++)
        assert_true(arrivals[i].on_server_socket);
}

void ntp_server_transmitted(struct ntp_server *server, const struct ntp_arrival *arrival)
{
    struct fixture *f = (struct fixture *)(void *)server;

    f->server_sent++;
    f->last = *arrival;
}

static int setup(void **state)
{
    struct fixture *f = &current;

    *f = (struct fixture){.conf.sockets = {.port = 123, .acquisition_port = -1}};
    f->sim = sim_world_new();
    f->under = sim_world_interface(f->sim)->ops;
    f->ops = *f->under;
    f->ops.socket_open = socket_open;
    f->ops.family_enabled = family_enabled;
    f->ops.receive = receive_datagrams;
    f->ops.send = send_datagrams;
    f->ops.socket_error = socket_error;
    f->world = (struct world){.ops = &f->ops, .ctx = f->sim};
    f->loop = loop_new(&f->world);
    stub_env_init(&f->stub, f->sim, f->loop);
    f->stub.env.world = &f->world;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    ntp_sockets_free(f->sockets);
    loop_free(f->loop);
    sim_world_free(f->sim);
    return 0;
}

static void start(struct fixture *f)
{
    f->sockets =
        ntp_sockets_new(&f->stub.env, &f->conf.sockets, &f->conf.client, &f->conf.broadcasts);
    ntp_sockets_end_start(f->sockets);
    ntp_sockets_set_sources(f->sockets, (struct ntp_sources *)(void *)f);
    ntp_sockets_set_server(f->sockets, (struct ntp_server *)(void *)f);
}

static struct ip_port port_of(const char *text, uint16_t port)
{
    struct ip_port p = {.port = port};

    assert_true(ip_addr_parse(text, &p.addr));
    return p;
}

/* ---- Opening ---- */

static void server_sockets_are_opened_with_their_options(void **state)
{
    struct fixture *f = *state;

    f->conf.sockets.server.v4 = ip_addr_v4(192, 0, 2, 100);
    f->conf.sockets.server.device = (char *)(uintptr_t) "eth7";
    f->conf.sockets.dscp = 46;
    start(f);
    assert_int_equal(f->opens, 0);
    assert_false(ntp_sockets_is_serving(f->sockets));
    ntp_sockets_hold_server(f->sockets, IP_V4);
    ntp_sockets_hold_server(f->sockets, IP_V6);
    assert_int_equal(f->opens, 2);
    for (int i = 0; i < 2; i++) {
        const struct world_socket *s = &f->opened[i].spec;
        assert_int_equal(s->family, i == 0 ? IP_V4 : IP_V6);
        assert_int_equal(s->type, WORLD_UDP);
        assert_true(s->broadcast && s->packet_info && s->timestamps_rx && !s->timestamps_tx);
        assert_int_equal(s->dscp, 46);
        assert_string_equal(s->device, "eth7");
        assert_null(s->remote);
        assert_int_equal(f->opened[i].local.port, 123);
    }
    assert_true(ip_addr_equal(&f->opened[0].local.addr, &f->conf.sockets.server.v4));
    assert_true(ip_addr_is_any(&f->opened[1].local.addr));
    assert_true(ntp_sockets_is_serving(f->sockets));
}

static void client_sockets_are_opened_with_their_options(void **state)
{
    struct fixture *f = *state;
    struct ip_port v4 = port_of("192.0.2.1", 1123), v6 = port_of("2001:db8::1", 123);

    f->conf.sockets.client.v6 = port_of("2001:db8::64", 0).addr;
    f->conf.sockets.client.device = (char *)(uintptr_t) "eth8";
    f->conf.sockets.server.v4 = ip_addr_v4(192, 0, 2, 100); /* not for clients */
    f->conf.sockets.dscp = 10;
    start(f);
    int fd4 = ntp_sockets_open_client(f->sockets, &v4);
    int fd6 = ntp_sockets_open_client(f->sockets, &v6);
    assert_true(fd4 >= 0 && fd6 >= 0);
    for (int i = 0; i < 2; i++) {
        const struct world_socket *s = &f->opened[i].spec;
        assert_true(!s->broadcast && s->packet_info && s->timestamps_rx && s->timestamps_tx);
        assert_int_equal(s->dscp, 10);
        assert_string_equal(s->device, "eth8");
        assert_true(ip_port_equal(&f->opened[i].remote, i == 0 ? &v4 : &v6));
    }
    /* Bound only to an address that was asked for. */
    assert_null(f->opened[0].spec.local);
    assert_true(ip_addr_equal(&f->opened[1].local.addr, &f->conf.sockets.client.v6));
    assert_int_equal(f->opened[1].local.port, 0);
    assert_false(ntp_sockets_is_serving(f->sockets));
    ntp_sockets_close_client(f->sockets, fd4);
    ntp_sockets_close_client(f->sockets, fd6);
    ntp_sockets_close_client(f->sockets, -1);
    assert_int_equal(sim_open_sockets(f->sim), 0);
}

static void shared_client_sockets_stay_open(void **state)
{
    struct fixture *f = *state;
    struct ip_port v4 = port_of("192.0.2.1", 123), v6 = port_of("2001:db8::1", 123);

    for (f->conf.sockets.acquisition_port = 0; f->conf.sockets.acquisition_port < 2;
         f->conf.sockets.acquisition_port++) {
        f->opens = 0;
        start(f);
        assert_int_equal(f->opens, 2);
        for (int i = 0; i < 2; i++) {
            assert_null(f->opened[i].spec.remote);
            if (f->conf.sockets.acquisition_port == 0)
                assert_null(f->opened[i].spec.local);
            else
                assert_int_equal(f->opened[i].local.port, 1);
        }
        int fd = ntp_sockets_open_client(f->sockets, &v4);
        assert_int_equal(ntp_sockets_open_client(f->sockets, &v4), fd);
        assert_int_not_equal(ntp_sockets_open_client(f->sockets, &v6), fd);
        ntp_sockets_close_client(f->sockets, fd);
        assert_int_equal(sim_open_sockets(f->sim), 2);
        assert_false(ntp_sockets_is_serving(f->sockets));
        /* Whether there is a route is found out with another one, connected, which is closed. */
        assert_true(ntp_sockets_is_connectable(f->sockets, &v4));
        assert_true(ip_port_equal(&f->opened[2].remote, &v4));
        assert_null(f->opened[2].spec.local);
        assert_int_equal(sim_open_sockets(f->sim), 2);
        assert_int_equal(ntp_sockets_open_client(f->sockets, &v4), fd);
        ntp_sockets_free(f->sockets);
    }
    f->sockets = NULL;
}

static void port_0_has_no_server_socket(void **state)
{
    struct fixture *f = *state;
    struct ip_port peer = port_of("192.0.2.1", 123);
    uint8_t packet[NTP_HEADER_LENGTH] = {0x21};

    f->conf.sockets.port = 0;
    start(f);
    int fd = ntp_sockets_hold_for(f->sockets, &peer);
    assert_int_equal(fd, -1);
    assert_false(ntp_sockets_send(f->sockets, fd, &peer, packet, sizeof(packet), true));
    assert_int_equal(f->opens, 0);
    ntp_sockets_release_for(f->sockets, &peer);
}

static void sockets_of_a_disabled_family_are_not_opened(void **state)
{
    struct fixture *f = *state;
    struct ip_port v6 = port_of("2001:db8::1", 123);

    f->disabled = IP_V6;
    f->conf.sockets.acquisition_port = f->conf.sockets.port;
    f->conf.sockets.ptp_port = 319;
    start(f);
    assert_int_equal(f->opens, 2); /* the server's and that of PTP */
    for (int i = 0; i < f->opens; i++)
        assert_int_equal(f->opened[i].spec.family, IP_V4);
    assert_int_equal(ntp_sockets_hold_server(f->sockets, IP_V6), -1);
    assert_int_equal(ntp_sockets_open_client(f->sockets, &v6), -1);
    assert_false(ntp_sockets_is_connectable(f->sockets, &v6));
    assert_int_equal(f->opens, 2);

    /* Shared client sockets need one family, too. */
    ntp_sockets_release_server(f->sockets, IP_V6);
    ntp_sockets_free(f->sockets);
    f->conf.sockets.acquisition_port = 5;
    f->conf.sockets.ptp_port = 0;
    f->opens = 0;
    start(f);
    assert_int_equal(f->opens, 1);
}

/* Test D of a response asks for this: each of the four makes somebody our client. */
static void any_serving_socket_serves(void **state)
{
    struct fixture *f = *state;

    start(f);
    for (int i = 0; i < 2; i++) {
        enum ip_family family = i == 0 ? IP_V4 : IP_V6;
        assert_false(ntp_sockets_is_serving(f->sockets));
        ntp_sockets_hold_server(f->sockets, family);
        assert_true(ntp_sockets_is_serving(f->sockets));
        ntp_sockets_release_server(f->sockets, family);
    }
    f->conf.sockets.ptp_port = 319;
    for (int i = 0; i < 2; i++) {
        ntp_sockets_free(f->sockets);
        f->disabled = i == 0 ? IP_V6 : IP_V4;
        start(f);
        assert_true(ntp_sockets_is_serving(f->sockets));
    }
}

static void uses_are_counted_for_each_family(void **state)
{
    struct fixture *f = *state;
    struct ip_port v4 = port_of("192.0.2.1", 123), v6 = port_of("2001:db8::1", 123);

    start(f);
    int fd = ntp_sockets_hold_for(f->sockets, &v4);
    assert_int_equal(ntp_sockets_hold_server(f->sockets, IP_V4), fd);
    assert_int_not_equal(ntp_sockets_hold_for(f->sockets, &v6), fd);
    assert_int_equal(sim_open_sockets(f->sim), 2);
    assert_true(ntp_sockets_is_server(f->sockets, fd));
    assert_false(ntp_sockets_is_server(f->sockets, -1));
    ntp_sockets_release_for(f->sockets, &v4);
    assert_int_equal(sim_open_sockets(f->sim), 2);
    ntp_sockets_release_server(f->sockets, IP_V4);
    assert_int_equal(sim_open_sockets(f->sim), 1);
    assert_false(ntp_sockets_is_server(f->sockets, fd));
    ntp_sockets_release_for(f->sockets, &v6);
    assert_int_equal(sim_open_sockets(f->sim), 0);
}

/* Those whose address is in the configuration: before the daemon is one. */
static void configured_peers_have_their_socket_from_the_start(void **state)
{
    struct fixture *f = *state;
    struct source_conf sources[3] = {
        {.kind = SOURCE_SERVER}, {.kind = SOURCE_PEER}, {.kind = SOURCE_PEER}};
    char names[3][12] = {"192.0.2.1", "192.0.2.2", "peer.test"};

    for (size_t i = 0; i < 3; i++) {
        sources[i].name = names[i];
        sources[i].options.port = 123;
    }
    f->conf.client.sources = sources;
    f->conf.client.source_count = 1;
    f->sockets =
        ntp_sockets_new(&f->stub.env, &f->conf.sockets, &f->conf.client, &f->conf.broadcasts);
    assert_int_equal(f->opens, 0);
    ntp_sockets_free(f->sockets);
    f->conf.client.source_count = 3;
    f->sockets =
        ntp_sockets_new(&f->stub.env, &f->conf.sockets, &f->conf.client, &f->conf.broadcasts);
    assert_int_equal(f->opens, 1);
    assert_int_equal(f->opened[0].spec.family, IP_V4);
    ntp_sockets_end_start(f->sockets);
    assert_int_equal(sim_open_sockets(f->sim), 0); /* unless somebody holds it now */
    ntp_sockets_end_start(f->sockets);
    f->conf.client.source_count = 0;
}

/* ---- Receiving ---- */

static void deliver(struct fixture *f, const char *from, uint8_t first, size_t length, int n)
{
    struct ip_port source = port_of(from, 5000), to = port_of("192.0.2.100", 123);
    uint8_t packet[NTP_MAX_LENGTH + 1] = {first};

    if (strchr(from, ':'))
        to = port_of("2001:db8::64", 123);
    for (int i = 0; i < n; i++)
        sim_deliver(f->sim, &source, &to, packet, length, 0.0);
    sim_run(f->sim, f->loop, 0.01);
}

static void lengths_are_checked_before_anything_else(void **state)
{
    struct fixture *f = *state;
    static const struct {
        size_t length;
        bool taken;
    } cases[] = {{0, false}, {1, false}, {47, false}, {48, true}, {1140, true}, {1141, false}};

    start(f);
    ntp_sockets_hold_server(f->sockets, IP_V4);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->requests = f->offered = 0;
        deliver(f, "192.0.2.7", 0x23, cases[i].length, 1);
        deliver(f, "192.0.2.7", 0x24, cases[i].length, 1);
        assert_int_equal(f->requests, cases[i].taken ? 2 : 0);
        assert_int_equal(f->offered, cases[i].taken);
    }
    f->truncate = true;
    f->requests = 0;
    deliver(f, "192.0.2.7", 0x23, 48, 1);
    assert_int_equal(f->requests, 0);
}

/* Requests of clients go to the server at once, others only when no source has the address. */
static void modes_decide_who_is_asked(void **state)
{
    struct fixture *f = *state;

    start(f);
    ntp_sockets_hold_server(f->sockets, IP_V4);
    for (int is_source = 0; is_source < 2; is_source++)
        for (int mode = 0; mode < 8; mode++) {
            f->is_source = is_source == 1;
            f->requests = f->offered = 0;
            deliver(f, "192.0.2.7", (uint8_t)(0x20 | mode), 48, 1);
            assert_int_equal(f->offered, mode != 3);
            assert_int_equal(f->requests, mode == 3 || !is_source);
        }
    assert_int_equal(f->last.length, 48);
    assert_int_equal(f->last.remote.port, 5000);
    assert_int_equal(f->last.local.u.v4[3], 100);
}

static void client_sockets_serve_nobody(void **state)
{
    struct fixture *f = *state;
    struct ip_port from = port_of("192.0.2.7", 5000), to = port_of("192.0.2.100", 1);
    uint8_t packet[NTP_HEADER_LENGTH] = {0};

    f->conf.sockets.acquisition_port = 1;
    start(f);
    for (int mode = 0; mode < 8; mode++) {
        packet[0] = (uint8_t)(0x20 | mode);
        sim_deliver(f->sim, &from, &to, packet, sizeof(packet), 0.0);
    }
    sim_run(f->sim, f->loop, 0.01);
    assert_int_equal(f->offered, 7);
    assert_int_equal(f->requests, 0);
}

static void a_call_reads_64_packets(void **state)
{
    struct fixture *f = *state;

    start(f);
    ntp_sockets_hold_server(f->sockets, IP_V4);
    deliver(f, "192.0.2.7", 0x23, 48, 130);
    assert_int_equal(f->requests, 130);
    assert_int_equal(f->batches, 3);
}

/* 5.2: a second from the time of the daemon at most. */
static void kernel_timestamps_must_be_near(void **state)
{
    struct fixture *f = *state;
    static const struct {
        double offset;
        bool used;
    } cases[] = {{0.99, true}, {-0.99, true}, {1.01, false}, {-1.01, false}};

    start(f);
    ntp_sockets_hold_server(f->sockets, IP_V4);
    sim_set_timestamps(f->sim, true);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* The event time is that of the wake-up; the clock of the kernel is stepped meanwhile. */
        struct local_time before = {sim_raw(f->sim).i};
        f->stub.event_offset = cases[i].offset;
        deliver(f, "192.0.2.7", 0x23, 48, 1);
        assert_int_equal(f->last.time.source, cases[i].used ? TIMESTAMP_KERNEL : TIMESTAMP_DAEMON);
        assert_close(local_diff(f->last.time.time, before), cases[i].used ? 0.0 : cases[i].offset,
                     1e-3);
    }
}

/* ---- Sending and what comes back ---- */

static void destinations_are_given_on_shared_sockets_only(void **state)
{
    struct fixture *f = *state;
    struct ip_port to = port_of("192.0.2.1", 123);
    uint8_t packet[NTP_HEADER_LENGTH] = {0x23};

    start(f);
    int fd = ntp_sockets_open_client(f->sockets, &to);
    assert_true(ntp_sockets_send(f->sockets, fd, &to, packet, 48, true));
    assert_int_equal(f->last_sent.remote.addr.family, IP_UNSPEC);
    assert_true(f->last_sent.want_tx_timestamp);
    assert_int_equal(f->last_sent.local.family, IP_UNSPEC);
    assert_int_equal(f->last_sent.if_index, -1);
    int server = ntp_sockets_hold_server(f->sockets, IP_V4);
    assert_true(ntp_sockets_send(f->sockets, server, &to, packet, 48, false));
    assert_true(ip_port_equal(&f->last_sent.remote, &to));
    assert_false(f->last_sent.want_tx_timestamp);
    assert_int_equal(f->last_sent.local.family, IP_UNSPEC);
    ntp_sockets_close_client(f->sockets, fd);
}

/* One that cannot be sent, here for its port 0, is skipped. */
static void batch_tells_what_was_sent(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_HEADER_LENGTH] = {0x24};
    struct world_datagram msgs[3] = {0};
    bool sent[3];

    start(f);
    int fd = ntp_sockets_hold_server(f->sockets, IP_V4);
    for (int i = 0; i < 3; i++) {
        msgs[i].data = packet;
        msgs[i].size = msgs[i].length = sizeof(packet);
        msgs[i].remote = port_of("192.0.2.1", i == 1 ? 0 : 5000);
    }
    ntp_sockets_send_batch(f->sockets, fd, msgs, 3, sent);
    assert_true(sent[0] && !sent[1] && sent[2]);
    assert_int_equal(sim_sent_count(f->sim), 2);
    sim_set_send_failure(f->sim, true);
    ntp_sockets_send_batch(f->sockets, fd, msgs, 3, sent);
    assert_false(sent[0] || sent[1] || sent[2]);
}

/* Replies are the server's, what else was sent that of a source, if one has its address. */
static void transmit_timestamps_find_their_packet(void **state)
{
    struct fixture *f = *state;
    struct ip_port to = port_of("192.0.2.1", 123);
    uint8_t packet[NTP_HEADER_LENGTH] = {0};

    start(f);
    sim_set_timestamps(f->sim, true);
    int fd = ntp_sockets_hold_server(f->sockets, IP_V4);
    for (int is_source = 0; is_source < 2; is_source++)
        for (int mode = 1; mode < 6; mode++) {
            f->is_source = is_source == 1;
            f->offered_sent = f->server_sent = 0;
            packet[0] = (uint8_t)(0x20 | mode);
            ntp_sockets_send(f->sockets, fd, &to, packet, 48, true);
            sim_run(f->sim, f->loop, 0.01);
            assert_int_equal(f->offered_sent, mode != 4);
            assert_int_equal(f->server_sent, mode == 4 || !is_source);
            assert_int_equal(f->last.time.source, TIMESTAMP_KERNEL);
            assert_true(ip_port_equal(&f->last.remote, &to));
        }
    assert_int_equal(f->errors_read, 0);

    /* Without a credible time they say nothing. */
    f->offered_sent = f->server_sent = 0;
    f->stub.event_offset = 2.0;
    ntp_sockets_send(f->sockets, fd, &to, packet, 48, true);
    sim_run(f->sim, f->loop, 0.01);
    assert_int_equal(f->offered_sent + f->server_sent, 0);
    /* An error that is no timestamp is read, so that it is not reported for ever. */
    f->empty_errqueue = true;
    ntp_sockets_send(f->sockets, fd, &to, packet, 48, true);
    sim_run(f->sim, f->loop, 0.01);
    assert_true(f->errors_read >= 1);
}

/* Whom an error is about is known of a socket for one request only. */
static void errors_of_requests_are_told_to_the_sources(void **state)
{
    struct fixture *f = *state;
    struct ip_port to = port_of("192.0.2.1", 123);
    uint8_t packet[NTP_HEADER_LENGTH] = {0x23};

    start(f);
    sim_set_timestamps(f->sim, true);
    f->empty_errqueue = true;
    for (int error = 0; error <= ECONNREFUSED; error += ECONNREFUSED) {
        f->error = error;
        int fd = ntp_sockets_open_client(f->sockets, &to);
        ntp_sockets_send(f->sockets, fd, &to, packet, 48, true);
        sim_run(f->sim, f->loop, 0.01);
        assert_int_equal(f->failures > 0, error != 0);
        ntp_sockets_close_client(f->sockets, fd);
    }
    assert_true(ip_port_equal(&f->failed, &to));
    assert_int_equal(f->failure, ECONNREFUSED);

    f->failures = 0;
    int fd = ntp_sockets_hold_server(f->sockets, IP_V4);
    ntp_sockets_send(f->sockets, fd, &to, packet, 48, true);
    sim_run(f->sim, f->loop, 0.01);
    assert_int_equal(f->failures, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- Server workers ---- */

/* A worker that was taken over cannot say that a packet comes from the future. */
static void time_of_a_worker_is_not_later_than_now(void **state)
{
    struct fixture *f = *state;
    struct ip_port peer = port_of("192.0.2.1", 123);
    struct ipc_packet packet = {
        .kind = IPC_PACKET_RECEIVED, .family = IP_V4, .remote = peer, .length = NTP_HEADER_LENGTH};

    start(f);
    f->is_source = true;
    assert_true(ntp_sockets_hold_for(f->sockets, &peer) >= 0);
    const struct local_time now = local_clock_event_time(f->stub.env.clock, NULL);
    packet.data[0] = 0x21;
    packet.time = local_clock_event_raw(f->stub.env.clock);
    packet.kernel_time = raw_add(packet.time, -0.25);
    assert_true(ntp_sockets_take_packet(f->sockets, &packet));
    assert_true(f->last.by_worker);
    assert_int_equal(f->last.time.source, TIMESTAMP_KERNEL);
    assert_float_equal(local_diff(now, f->last.time.time), 0.25, 1e-6);
    packet.kernel_time = raw_add(packet.time, 0.25);
    assert_true(ntp_sockets_take_packet(f->sockets, &packet));
    assert_int_equal(f->last.time.source, TIMESTAMP_DAEMON);
    assert_float_equal(local_diff(now, f->last.time.time), 0.0, 1e-9);
    ntp_sockets_release_for(f->sockets, &peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(server_sockets_are_opened_with_their_options),
        TEST(client_sockets_are_opened_with_their_options),
        TEST(shared_client_sockets_stay_open),
        TEST(port_0_has_no_server_socket),
        TEST(time_of_a_worker_is_not_later_than_now),
        TEST(sockets_of_a_disabled_family_are_not_opened),
        TEST(any_serving_socket_serves),
        TEST(uses_are_counted_for_each_family),
        TEST(configured_peers_have_their_socket_from_the_start),
        TEST(lengths_are_checked_before_anything_else),
        TEST(modes_decide_who_is_asked),
        TEST(client_sockets_serve_nobody),
        TEST(a_call_reads_64_packets),
        TEST(kernel_timestamps_must_be_near),
        TEST(destinations_are_given_on_shared_sockets_only),
        TEST(batch_tells_what_was_sent),
        TEST(transmit_timestamps_find_their_packet),
        TEST(errors_of_requests_are_told_to_the_sources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
