/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MS-SNTP signing (ntp.md 22, system.md 19) against a scripted signer behind a stream of the
 * virtual world: octets of the request, order, and everything that a signer can do wrong.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/wire.h"
#include "conf/conf.h"
#include "ntp/server/server.h"
#include "ntp/server/signd.h"
#include "test/unit/support/env.h"
#include "test/unit/support/log.h"

#define STREAM_FD 120 /* beyond the sockets of the virtual world */
#define KEY_ID    0x3e8

struct fixture {
    struct sim_world *sim;
    struct world_ops ops; /* of the virtual world, with the stream */
    const struct world_ops *under;
    struct world world;
    struct loop *loop;
    struct stub_env stub;
    struct conf conf;
    struct ntp_sockets *sockets;
    struct signd *signd;
    int fd; /* a server socket */
    struct ip_port client;

    bool refuse;
    bool connected;
    int connections;
    size_t chunk; /* octets that one call moves at most */
    uint8_t to_signer[8192];
    size_t to_length;
    uint8_t from_signer[4096];
    size_t from_length;
    bool eof;
    bool answering; /* as a good signer */
    int stalls;     /* calls that have to be made again */
    int write_error;
    size_t answered;
};

/* The world's functions get the virtual world as context, tests run one after another. */
static struct fixture *current(void)
{
    static struct fixture fixture;

    return &fixture;
}

static int stream_connect(void *ctx, const char *path)
{
    struct fixture *f = current();

    assert_string_equal(path, "/samba/socket");
    if (f->refuse) {
        errno = ECONNREFUSED;
        return -1;
    }
    assert_false(f->connected);
    f->connected = true;
    f->connections++;
    f->to_length = f->from_length = f->answered = 0;
    f->eof = false;
    return STREAM_FD;
}

static void socket_close(void *ctx, int fd)
{
    struct fixture *f = current();

    if (fd == STREAM_FD)
        f->connected = false;
    else
        f->under->socket_close(ctx, fd);
}

static void give(struct fixture *f, const void *data, size_t length)
{
    memcpy(f->from_signer + f->from_length, data, length);
    f->from_length += length;
}

static void give_response(struct fixture *f, uint32_t rest, uint32_t operation, uint32_t id,
                          const uint8_t *packet, size_t length)
{
    uint8_t header[16];
    struct writer w = writer_make(header, sizeof(header));

    writer_u32(&w, rest);
    writer_u32(&w, 0);
    writer_u32(&w, operation);
    writer_u32(&w, id);
    give(f, header, sizeof(header));
    give(f, packet, length);
}

/* Signs by appending the key ID and 16 octets. */
static void answer(struct fixture *f, const uint8_t *request)
{
    uint8_t packet[68];

    memcpy(packet, request + 20, 48);
    memcpy(packet + 48, request + 16, 4);
    memset(packet + 52, 0x5a, 16);
    give_response(f, 12 + 68, 3, (uint32_t)request[12] << 8 | request[13], packet, sizeof(packet));
}

static bool stall(struct fixture *f)
{
    errno = f->stalls % 2 == 0 ? EAGAIN : EWOULDBLOCK;
    return f->stalls > 0 && f->stalls-- > 0;
}

static ssize_t stream_write(void *ctx, int fd, const void *data, size_t length)
{
    struct fixture *f = current();
    size_t n = length < f->chunk ? length : f->chunk;

    assert_int_equal(fd, STREAM_FD);
    if (f->eof || f->write_error != 0) {
        errno = f->eof ? EPIPE : f->write_error;
        return -1;
    }
    if (stall(f))
        return -1;
    memcpy(f->to_signer + f->to_length, data, n);
    f->to_length += n;
    while (f->answering && f->to_length - f->answered >= 68) {
        answer(f, f->to_signer + f->answered);
        f->answered += 68;
    }
    return (ssize_t)n;
}

static ssize_t stream_read(void *ctx, int fd, void *data, size_t length)
{
    struct fixture *f = current();
    size_t n = length < f->chunk ? length : f->chunk;

    assert_int_equal(fd, STREAM_FD);
    assert_true(length > 0);
    if (stall(f))
        return -1;
    n = n < f->from_length ? n : f->from_length;
    if (n == 0 && !f->eof) {
        errno = EAGAIN;
        return -1;
    }
    memcpy(data, f->from_signer, n);
    /* Not memmove(): valgrind takes its checked variant for that of memcpy(). */
    f->from_length -= n;
    for (size_t i = 0; i < f->from_length; i++)
        f->from_signer[i] = f->from_signer[i + n];
    return (ssize_t)n;
}

static int wait_events(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    struct fixture *f = current();

    for (size_t i = 0; i < count; i++) {
        unsigned int events = WORLD_WRITE | (f->from_length > 0 || f->eof ? WORLD_READ : 0);
        fds[i].revents = 0;
        if (fds[i].fd == STREAM_FD && (fds[i].events & events) != 0) {
            for (size_t j = 0; j < count; j++)
                fds[j].revents = 0;
            fds[i].revents = fds[i].events & events;
            return 1;
        }
    }
    return f->under->wait(ctx, fds, count, timeout);
}

static int setup(void **state)
{
    struct fixture *f = current();

    *f = (struct fixture){.chunk = 1000, .answering = true};
    f->sim = sim_world_new();
    f->under = sim_world_interface(f->sim)->ops;
    f->ops = *f->under;
    f->ops.unix_stream_connect = stream_connect;
    f->ops.socket_close = socket_close;
    f->ops.stream_read = stream_read;
    f->ops.stream_write = stream_write;
    f->ops.wait = wait_events;
    f->world = (struct world){.ops = &f->ops, .ctx = f->sim};
    f->loop = loop_new(&f->world);
    stub_env_init(&f->stub, f->sim, f->loop);
    f->stub.env.world = &f->world;
    f->conf.sockets.port = 123;
    f->conf.sockets.acquisition_port = -1;
    f->sockets =
        ntp_sockets_new(&f->stub.env, &f->conf.sockets, &f->conf.client, &f->conf.broadcasts);
    f->fd = ntp_sockets_hold_server(f->sockets, IP_V4);
    f->client = (struct ip_port){ip_addr_v4(192, 0, 2, 7), 5000};
    f->signd = signd_new(&f->stub.env, f->sockets, "/samba");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    signd_free(f->signd);
    ntp_sockets_free(f->sockets);
    loop_free(f->loop);
    sim_world_free(f->sim);
    return 0;
}

static void sign_for(struct fixture *f, uint16_t port)
{
    uint8_t request[68] = {[50] = KEY_ID >> 8, [51] = KEY_ID & 0xff}, reply[NTP_HEADER_LENGTH];
    struct ntp_arrival arrival = {
        .fd = f->fd,
        .packet = request,
        .length = sizeof(request),
        .remote = f->client,
        .local = ip_addr_v4(192, 0, 2, 100),
    };

    arrival.remote.port = port;
    for (size_t i = 0; i < sizeof(reply); i++)
        reply[i] = (uint8_t)i;
    signd_sign(f->signd, &arrival, reply);
}

static void run(struct fixture *f)
{
    sim_run(f->sim, f->loop, 0.1);
}

/* 27.9, and the way back. */
static void reply_goes_to_the_signer_and_then_to_the_client(void **state)
{
    struct fixture *f = *state;
    static const uint8_t expected[20] = {0, 0, 0, 0x40, [13] = 2, [18] = 0x03, [19] = 0xe8};

    assert_int_equal(f->connections, 0);
    sign_for(f, 5000);
    sign_for(f, 5001);
    sign_for(f, 5002);
    run(f);
    assert_int_equal(f->to_length, 3 * 68);
    assert_memory_equal(f->to_signer + 2 * 68, expected, sizeof(expected));
    for (uint8_t i = 0; i < 48; i++)
        assert_int_equal(f->to_signer[2 * 68 + 20 + i], i);

    assert_int_equal(sim_sent_count(f->sim), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct sim_packet *p = sim_sent(f->sim, i);
        assert_int_equal(p->length, 68);
        assert_int_equal(p->to.port, 5000 + i);
        assert_int_equal(p->from.port, 123);
        assert_int_equal(p->data[47], 47);
        assert_int_equal(p->data[51], 0xe8);
        assert_int_equal(p->data[67], 0x5a);
    }
    assert_int_equal(f->connections, 1);
}

static void pieces_are_put_together(void **state)
{
    struct fixture *f = *state;

    f->chunk = 1;
    sign_for(f, 5000);
    sign_for(f, 5001);
    run(f);
    assert_int_equal(sim_sent_count(f->sim), 2);
    assert_int_equal(sim_sent(f->sim, 1)->length, 68);
}

static void requests_go_one_at_a_time_and_15_wait_at_most(void **state)
{
    struct fixture *f = *state;

    f->answering = false;
    for (uint16_t i = 0; i < 20; i++)
        sign_for(f, (uint16_t)(5000 + i));
    run(f);
    assert_int_equal(f->to_length, 68);
    f->answering = true;
    answer(f, f->to_signer);
    f->answered = 68;
    run(f);
    assert_int_equal(sim_sent_count(f->sim), 15);
    assert_int_equal(sim_sent(f->sim, 14)->to.port, 5014);
    /* The ring goes round. */
    for (uint16_t i = 0; i < 40; i++) {
        sign_for(f, 6000);
        run(f);
    }
    assert_int_equal(sim_sent_count(f->sim), 55);
    assert_int_equal(f->connections, 1);
}

static void failed_and_foreign_responses_finish_the_request(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[68] = {0};

    f->answering = false;
    for (uint16_t i = 0; i < 4; i++)
        sign_for(f, (uint16_t)(5000 + i));
    run(f);
    give_response(f, 12 + 68, 4, 0, packet, sizeof(packet)); /* failure */
    run(f);
    assert_int_equal(f->to_length, 2 * 68);
    give_response(f, 12 + 68, 3, 7, packet, sizeof(packet)); /* another ID */
    run(f);
    assert_int_equal(f->to_length, 3 * 68);
    give_response(f, 12, 3, 2, packet, 0); /* nothing signed */
    run(f);
    assert_int_equal(f->to_length, 4 * 68);
    assert_int_equal(sim_sent_count(f->sim), 0);
    give_response(f, 12 + 68, 3, 3, packet, sizeof(packet));
    run(f);
    assert_int_equal(sim_sent_count(f->sim), 1);
    assert_int_equal(sim_sent(f->sim, 0)->to.port, 5003);
    assert_int_equal(f->connections, 1);
}

static void bad_lengths_close_the_connection(void **state)
{
    struct fixture *f = *state;
    static const uint32_t lengths[] = {0, 11, 1153, 0x7fffffff, 0xffffffff};
    uint8_t packet[68] = {0};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        f->answering = false;
        sign_for(f, 5000);
        sign_for(f, 5001);
        run(f);
        give_response(f, lengths[i], 3, 0, packet, sizeof(packet));
        run(f);
        assert_false(f->connected);
        assert_int_equal(sim_sent_count(f->sim), 0);
    }
    /* The longest one is taken. */
    uint8_t longest[1140] = {0};
    sign_for(f, 5000);
    run(f);
    give_response(f, 1152, 3, 0, longest, sizeof(longest));
    run(f);
    assert_true(f->connected);
    assert_int_equal(sim_sent(f->sim, 0)->length, 1140);
}

static void end_of_file_and_unasked_data_close_the_connection(void **state)
{
    struct fixture *f = *state;

    f->answering = false;
    sign_for(f, 5000);
    run(f);
    f->eof = true;
    run(f);
    assert_false(f->connected);

    f->answering = true;
    sign_for(f, 5001);
    run(f);
    assert_int_equal(sim_sent_count(f->sim), 1);
    give(f, "x", 1);
    run(f);
    assert_false(f->connected);

    /* Gone while the request is being written. */
    sign_for(f, 5002);
    f->eof = true;
    run(f);
    assert_false(f->connected);
    sign_for(f, 5003);
    run(f);
    assert_int_equal(sim_sent_count(f->sim), 2);
    assert_int_equal(f->connections, 4);
}

static void replies_are_dropped_without_a_signer(void **state)
{
    struct fixture *f = *state;

    f->refuse = true;
    sign_for(f, 5000);
    sign_for(f, 5001);
    f->refuse = false;
    sign_for(f, 5002);
    run(f);
    assert_int_equal(sim_sent_count(f->sim), 1);
    assert_int_equal(sim_sent(f->sim, 0)->to.port, 5002);
}

/* One message until a signer has answered again. */
static void missing_signer_is_reported_once(void **state)
{
    struct fixture *f = *state;
    const char *message = "Could not connect to signd socket /samba/socket : Connection refused";

    capture_log();
    for (int round = 1; round <= 2; round++) {
        f->refuse = true;
        sign_for(f, 5000);
        sign_for(f, 5001);
        run(f);
        assert_int_equal(logged(message), round);
        /* Connected, but without an answer. */
        f->refuse = false;
        f->answering = false;
        sign_for(f, 5002);
        run(f);
        f->eof = true;
        run(f);
        f->refuse = true;
        sign_for(f, 5003);
        assert_int_equal(logged(message), round);
        f->refuse = false;
        f->answering = true;
        sign_for(f, 5004);
        run(f);
        assert_int_equal(sim_sent_count(f->sim), round);
        f->eof = true;
        run(f);
    }
    end_log_capture();
}

static void stalled_calls_are_made_again(void **state)
{
    struct fixture *f = *state;

    for (int stalls = 1; stalls < 10; stalls++) {
        f->stalls = stalls;
        f->chunk = 40;
        sign_for(f, 5000);
        run(f);
        assert_int_equal(sim_sent_count(f->sim), stalls);
    }
    assert_int_equal(f->connections, 1);
}

static void failed_write_closes_the_connection(void **state)
{
    struct fixture *f = *state;

    f->write_error = ECONNRESET;
    sign_for(f, 5000);
    sign_for(f, 5001);
    run(f);
    assert_false(f->connected);
    f->write_error = 0;
    sign_for(f, 5002);
    run(f);
    assert_int_equal(f->connections, 2);
    assert_int_equal(sim_sent_count(f->sim), 1);
    assert_int_equal(sim_sent(f->sim, 0)->to.port, 5002);
}

static void reply_is_dropped_when_its_socket_is_gone(void **state)
{
    struct fixture *f = *state;

    f->answering = false;
    sign_for(f, 5000);
    run(f);
    ntp_sockets_release_server(f->sockets, IP_V4);
    answer(f, f->to_signer);
    run(f);
    assert_int_equal(sim_sent_count(f->sim), 0);
    assert_true(f->connected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reply_goes_to_the_signer_and_then_to_the_client),
        TEST(pieces_are_put_together),
        TEST(requests_go_one_at_a_time_and_15_wait_at_most),
        TEST(failed_and_foreign_responses_finish_the_request),
        TEST(bad_lengths_close_the_connection),
        TEST(end_of_file_and_unasked_data_close_the_connection),
        TEST(replies_are_dropped_without_a_signer),
        TEST(missing_signer_is_reported_once),
        TEST(stalled_calls_are_made_again),
        TEST(failed_write_closes_the_connection),
        TEST(reply_is_dropped_when_its_socket_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
