/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of the server (ntp.md 20, 27.9, 27.11): the pure function row by row, with the reason for
 * each request that is not answered.
 */
#include "test/unit/support/unit.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "conf/conf.h"
#include "ntp/keys.h"
#include "ntp/server/answer.h"
#include "test/unit/support/request.h"
#include "test/unit/support/world.h"

#define CLIENT_PORT 40000
#define KEYS        "1 MD5 first\n2 SHA1 second\n3 SHA256 third\n"

struct fixture {
    struct sim_world *sim;
    struct world_ops ops; /* of the virtual world, with a clock that advances with each reading */
    struct world world;
    struct conf conf;
    struct client_log *log;
    struct access_table *access;
    struct ntp_keys *keys;
    struct plain_value nts_keys;
    struct server_shard shard;
    struct server_snapshot *snapshot;
    uint8_t reply[NTP_MAX_LENGTH];
    size_t length; /* of the reply */
    int asked;     /* each request arrives a microsecond after the last */
};

static struct raw_time raw_now(void *ctx)
{
    static int reads;

    return (struct raw_time){{SIM_START + 1, 500000 + reads++}};
}

/* A snapshot of the tables as they are, with the time of the last one. */
static void take_snapshot(struct fixture *f)
{
    const struct server_tables tables = {access_table_value(f->access), ntp_keys_value(f->keys),
                                         f->nts_keys};
    struct server_snapshot *snapshot = server_snapshots_new(&tables, 1);

    snapshot->limits = client_limits_make(&f->conf.client_log);
    if (f->snapshot) {
        snapshot->time = f->snapshot->time;
        snapshot->signing = f->snapshot->signing;
    }
    server_snapshots_free(f->snapshot);
    f->snapshot = snapshot;
}

/* A log and a shard, and the limits, as conf has them. */
static void open_shard(struct fixture *f)
{
    f->log = client_log_new(&f->world, &f->conf.client_log);
    server_shard_init(&f->shard, &f->world, f->log);
    take_snapshot(f);
}

static void close_shard(struct fixture *f)
{
    server_shard_clear(&f->shard);
    client_log_free(f->log);
}

static void limit_rate(struct fixture *f, struct ratelimit_conf limit)
{
    close_shard(f);
    f->conf.client_log.ntp = limit;
    open_shard(f);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct subnet all = {.bits = 0};

    f->sim = sim_world_new();
    f->world = *sim_world_interface(f->sim);
    f->ops = *f->world.ops;
    f->ops.raw_now = raw_now;
    f->world.ops = &f->ops;
    f->conf.client_log.limit = 524288;
    f->access = access_table_new();
    access_table_set(f->access, &all, true, false);
    f->keys = ntp_keys_new();
    sim_set_file(f->sim, "/keys", KEYS, 0640);
    ntp_keys_load(f->keys, &f->world, "/keys");
    open_shard(f);
    f->snapshot->time = (struct transmit_time){
        .event_time = {{SIM_START + 1, 400000}},
        .reference = {.synchronised = true,
                      .stratum = 2,
                      .refid = 0xc0000201,
                      .ref_time = {{SIM_START - 10, 5}},
                      .root_delay = 0.01,
                      .root_dispersion = 0.002},
        .precision_log = -24,
        .quantum = 1e-7,
        .mono = {.epoch = 0x12345678},
    };
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    server_snapshots_free(f->snapshot);
    close_shard(f);
    ntp_keys_free(f->keys);
    access_table_free(f->access);
    sim_world_free(f->sim);
    free(f);
    return 0;
}

/* Asks, and checks what holds for each answer. */
static enum server_result answer(struct fixture *f, const struct ntp_arrival *arrival)
{
    struct writer w = writer_make(f->reply, sizeof(f->reply));
    enum server_result result = server_answer(f->snapshot, &f->shard, arrival, &w);

    if (server_result_has_reply(result)) {
        f->length = w.pos;
        assert_in_range(f->length, NTP_HEADER_LENGTH, arrival->length);
    }
    return result;
}

static enum server_result ask_from(struct fixture *f, const uint8_t *packet, size_t length,
                                   uint16_t port)
{
    const struct ntp_arrival arrival = {
        .packet = packet,
        .length = length,
        .remote = {ip_addr_v4(192, 0, 2, 7), port},
        .time = {.time = {{SIM_START + 1, 300000 + 1000 * f->asked++}}, .source = TIMESTAMP_KERNEL},
    };

    return answer(f, &arrival);
}

static enum server_result ask(struct fixture *f, const uint8_t *packet, size_t length)
{
    return ask_from(f, packet, length, CLIENT_PORT);
}

static bool is_answered(struct fixture *f, const uint8_t *packet, size_t length)
{
    return server_result_has_reply(ask(f, packet, length));
}

static struct report_serverstats stats_of(const struct fixture *f)
{
    struct report_serverstats stats;

    server_shard_report_stats(&f->shard, &stats);
    return stats;
}

static struct ntp_header reply_header(const struct fixture *f)
{
    struct ntp_header h;

    ntp_header_read(f->reply, &h);
    return h;
}

static void versions_and_modes(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    for (int version = 0; version < 8; version++) {
        for (int mode = 0; mode < 8; mode++) {
            bool known = version >= 1 && version <= 4;
            int expected = !known                      ? 0
                           : mode == 3                 ? 4
                           : mode == 1                 ? 2
                           : mode == 0 && version == 1 ? 4
                                                       : 0;
            size_t length = put_header(p, version, mode);
            bool answered = is_answered(f, p, length);
            if (answered != (expected != 0))
                fail_msg("version %d mode %d: answered %d", version, mode, answered);
            if (!answered)
                continue;
            assert_int_equal(reply_header(f).mode, expected);
            assert_int_equal(reply_header(f).version, version);
            assert_int_equal(f->length, 48);
        }
    }
}

static void mode_0_of_version_1_needs_another_port(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    put_header(p, 1, 0);
    assert_int_equal(ask_from(f, p, 48, 124), SERVER_ANSWERED);
    assert_int_equal(ask_from(f, p, 48, 123), SERVER_DROPPED_MODE);
}

static void bad_lengths_get_no_answer(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH + 4];

    put_header(p, 4, 3);
    assert_int_equal(ask(f, p, 44), SERVER_DROPPED_LENGTH);
    assert_int_equal(ask(f, p, 50), SERVER_DROPPED_LENGTH);
    assert_int_equal(ask(f, p, 0), SERVER_DROPPED_LENGTH);
}

static void crypto_nak_is_ignored(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    put_header(p, 4, 3);
    assert_int_equal(ask(f, p, 52), SERVER_DROPPED_KEY);
}

/* Two servers never answer each other, whichever of them was asked first. */
static void no_reply_is_answered(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    for (int version = 1; version <= 4; version++) {
        for (int mode = 0; mode <= 3; mode++) {
            if (!is_answered(f, p, put_header(p, version, mode)))
                continue;
            memcpy(p, f->reply, f->length);
            assert_int_equal(ask_from(f, p, f->length, NTP_PORT), SERVER_DROPPED_MODE);
            assert_int_equal(ask_from(f, p, f->length, CLIENT_PORT), SERVER_DROPPED_MODE);
        }
    }
}

static size_t put_mac(struct fixture *f, uint8_t *p, int version, uint32_t id)
{
    struct writer w = writer_make(p, NTP_MAX_LENGTH);

    w.pos = put_header(p, version, 3);
    assert_true(key_table_add_mac(ntp_keys_table(f->keys), id, version, &w));
    return w.pos;
}

static void check_mac_reply(struct fixture *f, int version, uint32_t id, size_t mac)
{
    uint8_t p[NTP_MAX_LENGTH];
    struct ntp_info info;
    size_t length = put_mac(f, p, version, id);

    assert_int_equal(length, 48 + mac);
    assert_true(is_answered(f, p, length));
    assert_int_equal(f->length, 48 + mac);
    assert_true(ntp_packet_parse(f->reply, f->length, &info));
    assert_int_equal(info.mac_key_id, id);
    assert_true(key_table_check_mac(ntp_keys_table(f->keys), f->reply, &info));
    p[length - 1] ^= 0x80;
    assert_int_equal(ask(f, p, length), SERVER_DROPPED_KEY);
}

/* An octet that is the one of the buffer in each of many replies was not written. The value is one
   that the constant parts do not have, and the others are random. */
static void check_written(struct fixture *f, const uint8_t *request, size_t length)
{
    enum { ROUNDS = 64, VALUE = 0xa9 };
    int same[NTP_MAX_LENGTH] = {0};

    for (int i = 0; i < ROUNDS; i++) {
        memset(f->reply, VALUE, sizeof(f->reply));
        assert_true(is_answered(f, request, length));
        assert_int_equal(f->length, length);
        for (size_t j = 0; j < length; j++)
            same[j] += f->reply[j] == VALUE;
    }
    for (size_t j = 0; j < length; j++)
        if (same[j] == ROUNDS)
            fail_msg("octet %zu of %zu was not written", j, length);
}

static void replies_have_no_octet_that_was_not_written(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    for (int version = 1; version <= 4; version++)
        check_written(f, p, put_header(p, version, 3));
    for (uint32_t id = 1; id <= 3; id++)
        check_written(f, p, put_mac(f, p, 4, id));
}

static void macs_are_answered_in_kind(void **state)
{
    struct fixture *f = *state;

    check_mac_reply(f, 4, 1, 20);
    check_mac_reply(f, 3, 1, 20);
    check_mac_reply(f, 4, 2, 24);
    check_mac_reply(f, 3, 2, 24);
    check_mac_reply(f, 4, 3, 24);
    check_mac_reply(f, 3, 3, 36);
    assert_int_equal(stats_of(f).ntp_auth_hits, 6);
    assert_int_equal(stats_of(f).ntp_hits, 12);
    assert_int_equal(stats_of(f).ntp_kernel_rx, 6);
    assert_int_equal(stats_of(f).ntp_daemon_tx, 6);
}

static void macs_of_the_wrong_length_or_key_get_no_answer(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH], long_mac[NTP_MAX_LENGTH];

    /* Version 4 with the whole SHA256: the key ID does not parse as a field. */
    put_mac(f, long_mac, 3, 3);
    put_header(p, 4, 3);
    memcpy(p + 48, long_mac + 48, 36);
    assert_int_equal(ask(f, p, 84), SERVER_DROPPED_FIELDS);
    /* Version 3, SHA256 cut to 20 octets. */
    put_mac(f, p, 3, 3);
    assert_int_equal(ask(f, p, 72), SERVER_DROPPED_KEY);
    /* Unknown key. */
    put_mac(f, p, 4, 1);
    p[51] = 77;
    assert_int_equal(ask(f, p, 68), SERVER_DROPPED_KEY);
}

static void unknown_fields_are_ignored_and_not_echoed(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    put_header(p, 4, 3);
    assert_true(is_answered(f, p, put_field(p, 48, 0x7001, 28)));
    assert_int_equal(f->length, 48);
    assert_true(is_answered(f, p, put_field(p, put_field(p, 48, 0x7001, 16), 0x7002, 28)));
    assert_int_equal(f->length, 48);
    assert_int_equal(ask(f, p, put_field(p, put_field(p, 48, 0x7001, 12), 0x7002, 28)),
                     SERVER_DROPPED_FIELDS);
    put_header(p, 4, 3);
    assert_int_equal(ask(f, p, put_field(p, 48, 0x7001, 24)), SERVER_DROPPED_KEY);
}

static size_t put_known_field(uint8_t *packet, uint16_t type)
{
    put_header(packet, 4, 3);
    put_field(packet, 48, type, 28);
    if (type == NTP_EXT_MONO_ROOT)
        memcpy(packet + 52, "\xf5\xbe\xdd\x9a", 4);
    return 76;
}

static void mono_root_is_answered_and_net_correction_only_with_ptp(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    struct ntp_mono_root root;

    assert_true(is_answered(f, p, put_known_field(p, NTP_EXT_MONO_ROOT)));
    assert_int_equal(f->length, 76);
    assert_memory_equal(f->reply + 48, "\xf3\x23\x00\x1c\xf5\xbe\xdd\x9a", 8);
    assert_true(ntp_mono_root_read(f->reply + 52, 24, &root));
    assert_int_equal(root.epoch, 0x12345678);
    assert_true(root.root_delay >= 0.01 && root.root_delay < 0.01 + 1e-8);

    assert_true(is_answered(f, p, put_known_field(p, NTP_EXT_NET_CORRECTION)));
    assert_int_equal(f->length, 48);
    f->snapshot->time.add_net_correction = true;
    assert_true(is_answered(f, p, put_known_field(p, NTP_EXT_NET_CORRECTION)));
    assert_int_equal(f->length, 76);
}

static void reply_carries_the_reference_and_the_timestamps(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    uint32_t mask = 0xff; /* random bits of precision -24 */

    put_header(p, 4, 3);
    assert_true(is_answered(f, p, 48));
    struct ntp_header h = reply_header(f);
    assert_int_equal(h.leap, 0);
    assert_int_equal(h.stratum, 2);
    assert_int_equal(h.poll, 6);
    assert_int_equal(h.precision, -24);
    assert_int_equal(h.refid, 0xc0000201);
    assert_int_equal(h.origin.hi, 0x11223344);
    assert_int_equal(h.origin.lo, 0x55667788);
    struct ntp_time rx =
        ntp_time_from_instant((struct instant){SIM_START + 1, 300000}, (struct ntp_time){0});
    assert_int_equal(h.receive.hi, rx.hi);
    assert_int_equal(h.receive.lo & ~mask, rx.lo & ~mask);
    assert_int_equal(h.receive.lo & 1, 1);
    assert_int_equal(h.transmit.lo & 1, 0);
    assert_true(ntp_time_compare(h.transmit, h.receive) > 0);
}

static void unsynchronised_server_says_so(void **state)
{
    static const uint8_t start[] = {0xe4, 0, 6, 0xe8, 0, 1, 0, 0, 0, 1, 0, 0,
                                    0,    0, 0, 0,    0, 0, 0, 0, 0, 0, 0, 0};
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    f->snapshot->time.reference = (struct reference_data){
        .leap = 3, .stratum = 16, .root_delay = 1.0, .root_dispersion = 1.0};
    put_header(p, 4, 3);
    assert_true(is_answered(f, p, 48));
    assert_memory_equal(f->reply, start, sizeof(start));
}

static void denied_addresses_are_neither_answered_nor_logged(void **state)
{
    struct fixture *f = *state;
    struct subnet subnet = {ip_addr_v4(192, 0, 2, 0), 24};
    uint8_t p[NTP_MAX_LENGTH];

    access_table_set(f->access, &subnet, false, false);
    put_header(p, 4, 3);
    assert_true(is_answered(f, p, 48)); /* the snapshot is not changed, but replaced */
    take_snapshot(f);
    assert_int_equal(ask(f, p, 48), SERVER_DROPPED_ACCESS);
    assert_int_equal(stats_of(f).ntp_hits, 1);
}

static void rate_limit_drops_raises_the_poll_and_kisses(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    int answers = 0, kods = 0;

    limit_rate(f, (struct ratelimit_conf){true, 10, 2, 4, 1});
    put_header(p, 4, 3);
    for (int i = 0; i < 100; i++) {
        if (!is_answered(f, p, 48))
            continue;
        struct ntp_header h = reply_header(f);
        assert_int_equal(h.poll, 10);
        if (h.stratum == 0) {
            assert_int_equal(h.leap, 3);
            assert_int_equal(h.refid, NTP_KOD_RATE);
            kods++;
        } else {
            answers++;
        }
    }
    assert_in_range(answers, 2, 30);
    assert_in_range(kods, 20, 80);
}

static void nts_is_not_answered_when_it_is_not_served(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    put_header(p, 4, 3);
    assert_int_equal(ask(f, p, put_field(p, put_field(p, 48, 0x0104, 36), 0x0404, 40)),
                     SERVER_DROPPED_NTS);
}

/* The keys are the result of the check. */
static void nts_check(const void *keys, struct random_pool *random, struct aead_batch *batch,
                      struct ntp_nts_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i].check = *(const enum ntp_nts_check *)keys;
}

static void nts_add(struct aead_batch *batch, const struct ntp_nts_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(items[i].kod, NTP_KOD_NTSN);
        writer_zeros(items[i].w, 28);
    }
}

static void serve_nts(struct fixture *f, const enum ntp_nts_check *check)
{
    static const struct ntp_nts_server_ops ops = {nts_check, nts_add};

    f->nts_keys = (struct plain_value){check, sizeof(*check), 1};
    take_snapshot(f);
    f->shard.nts = &ops;
}

static void nts_nak_is_a_kiss_and_is_not_counted_as_authenticated(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    enum ntp_nts_check check = NTP_NTS_NAK;

    serve_nts(f, &check);
    put_header(p, 4, 3);
    size_t length = put_field(p, put_field(p, 48, 0x0104, 36), 0x0404, 40);
    assert_true(is_answered(f, p, length));
    assert_int_equal(f->length, 76);
    assert_int_equal(reply_header(f).refid, NTP_KOD_NTSN);
    assert_int_equal(reply_header(f).stratum, 0);
    assert_int_equal(stats_of(f).ntp_auth_hits, 0);
    assert_int_equal(f->shard.counts->results[SERVER_ANSWERED_KOD_NTSN], 1);
    check = NTP_NTS_DROP;
    serve_nts(f, &check);
    assert_int_equal(ask(f, p, length), SERVER_DROPPED_NTS);
}

/* 20.1 step 8: a request that would get both kisses gets none. */
static void nak_is_not_sent_instead_of_a_kiss(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    enum ntp_nts_check check = NTP_NTS_NAK;
    int answers = 0;

    limit_rate(f, (struct ratelimit_conf){true, 10, 2, 4, 1});
    serve_nts(f, &check);
    put_header(p, 4, 3);
    size_t length = put_field(p, put_field(p, 48, 0x0104, 36), 0x0404, 40);
    for (int i = 0; i < 200; i++) {
        bool answered = is_answered(f, p, length);
        if (answered)
            assert_int_equal(reply_header(f).refid, NTP_KOD_NTSN);
        assert_true(answered || i >= 2);
        answers += answered;
    }
    assert_in_range(answers, 2, 30);
    assert_in_range(stats_of(f).ntp_drops, 60, 140);
}

static void poll_of_the_reply_is_the_longer_one(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    for (int limited = 0; limited < 2; limited++) {
        limit_rate(f, (struct ratelimit_conf){limited == 1, 4, 255, 4, 0});
        for (int poll = -32; poll <= 32; poll++) {
            int least = limited ? 4 : -19;
            put_header(p, 4, 3);
            p[2] = (uint8_t)poll;
            assert_true(is_answered(f, p, 48));
            assert_int_equal(reply_header(f).poll, poll > least ? poll : least);
        }
    }
}

static void mssntp_requests_are_answered_only_when_they_can_be_signed(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    put_header(p, 3, 3);
    p[50] = 0x03;
    p[51] = 0xe8;
    assert_int_equal(ask(f, p, 68), SERVER_DROPPED_SIGNING);
    f->snapshot->signing = true;
    assert_int_equal(ask(f, p, 68), SERVER_ANSWERED_TO_SIGN);
    assert_int_equal(f->length, 48);
    assert_int_equal(ask(f, p, 120), SERVER_DROPPED_SIGNING); /* the extended form */
    p[67] = 1;                                                /* a MAC of an unknown key */
    assert_int_equal(ask(f, p, 68), SERVER_DROPPED_KEY);
    put_header(p, 4, 3);
    assert_int_equal(ask(f, p, 48), SERVER_ANSWERED);
}

/* A client with xleave: replies 1 and 2 are basic, 3 and later interleaved. */
static void third_reply_is_interleaved(void **state)
{
    struct fixture *f = *state;
    struct ntp_time last_rx = {0};
    uint8_t p[NTP_MAX_LENGTH];

    for (int i = 1; i <= 5; i++) {
        struct ntp_header h = {.version = 4,
                               .mode = 3,
                               .origin = last_rx,
                               .receive = {0x1000u + (uint32_t)i, 1},
                               .transmit = {0x2000u + (uint32_t)i, 2}};
        if (i == 1)
            h.receive = (struct ntp_time){0};
        ntp_header_write(p, &h);
        enum server_result result = ask(f, p, 48);
        struct ntp_header reply = reply_header(f);
        bool interleaved = ntp_time_equal(reply.origin, h.receive);
        if (interleaved != (i >= 3))
            fail_msg("reply %d: interleaved %d", i, interleaved);
        assert_int_equal(result, i == 1   ? SERVER_ANSWERED
                                 : i == 2 ? SERVER_ANSWERED_TIMES_KEPT
                                          : SERVER_ANSWERED_INTERLEAVED);
        if (server_result_keeps_times(result))
            timestamp_map_save(f->shard.map, reply.receive,
                               (struct local_time){{SIM_START + 1, 600000}}, TIMESTAMP_KERNEL);
        last_rx = reply.receive;
    }
    assert_int_equal(stats_of(f).ntp_interleaved_hits, 3);
    assert_int_equal(stats_of(f).ntp_kernel_tx, 3);
}

static void repeated_interleaved_request_gets_a_basic_reply(void **state)
{
    struct fixture *f = *state;
    struct ntp_header h = {.version = 4, .mode = 3, .receive = {5, 5}, .transmit = {6, 6}};
    struct ntp_time saved = {0xe8fe6f81, 0x10001};
    uint8_t p[NTP_MAX_LENGTH];

    timestamp_map_save(f->shard.map, saved, (struct local_time){{SIM_START + 1, 600000}},
                       TIMESTAMP_DAEMON);
    h.origin = saved;
    ntp_header_write(p, &h);
    assert_int_equal(ask(f, p, 48), SERVER_ANSWERED_INTERLEAVED);
    assert_true(ntp_time_equal(reply_header(f).origin, h.receive));
    assert_int_equal(ask(f, p, 48), SERVER_ANSWERED_TIMES_KEPT);
    assert_true(ntp_time_equal(reply_header(f).origin, h.transmit));
}

/* An entry whose transmit time is unknown is used up all the same, 20.4. */
static void reply_without_a_transmit_time_is_basic(void **state)
{
    struct fixture *f = *state;
    struct ntp_header h = {.version = 4, .mode = 3, .receive = {5, 5}, .transmit = {6, 6}};
    uint8_t p[NTP_MAX_LENGTH];

    h.origin = (struct ntp_time){0xe8fe6f81, 0x10001};
    timestamp_map_save(f->shard.map, h.origin, (struct local_time){{SIM_START + 100, 0}},
                       TIMESTAMP_KERNEL);
    ntp_header_write(p, &h);
    assert_true(is_answered(f, p, 48));
    assert_true(ntp_time_equal(reply_header(f).origin, h.transmit));
    assert_int_equal(stats_of(f).ntp_interleaved_hits, 1);
    assert_int_equal(stats_of(f).ntp_daemon_tx, 1);
}

/* Each of the conditions of 20.4. */
static void requests_that_are_not_eligible(void **state)
{
    struct fixture *f = *state;
    struct ntp_header h = {
        .version = 4, .mode = 3, .origin = {7, 1}, .receive = {5, 5}, .transmit = {6, 6}};

    for (int i = 0; i < 5; i++) {
        struct ntp_header bad = h;
        struct timestamp_map *map = f->shard.map;
        uint8_t p[NTP_MAX_LENGTH];

        if (i == 1)
            bad.version = 3;
        else if (i == 2)
            bad.origin.lo = 2;
        else if (i == 3)
            bad.transmit = bad.receive;
        else if (i == 4)
            f->shard.map = NULL;
        ntp_header_write(p, &bad);
        assert_int_equal(ask(f, p, 48), i == 0 ? SERVER_ANSWERED_TIMES_KEPT : SERVER_ANSWERED);
        f->shard.map = map;
    }
}

/* Requests with octets changed at random, cut and lengthened: answer checks the length of
   replies. */
static void damaged_requests_do_no_harm(void **state)
{
    struct fixture *f = *state;
    const struct world *w = &f->world;
    uint8_t p[NTP_MAX_LENGTH], random[8];
    int answers = 0;

    for (int i = 0; i < 20000; i++) {
        world_random(w, random, sizeof(random));
        size_t length = i % 2 == 0 ? put_mac(f, p, 3 + random[0] % 2, 1 + random[1] % 3)
                                   : put_known_field(p, NTP_EXT_MONO_ROOT);
        for (int j = 0; j < random[2] % 4; j++)
            world_random(w, p + (random[3] + 61U * (unsigned int)j) % length, 1);
        if (random[4] % 4 == 0)
            length = (random[5] * 256U + random[6]) % sizeof(p);
        answers += is_answered(f, p, length);
    }
    assert_in_range(answers, 2000, 18000);
}

static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* 100,000 spoofed addresses: the log and the timestamp map together stay within clientloglimit, and
   a client that behaves is served as before. */
static void flood_of_addresses_is_bounded_and_starves_nobody(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    int served = 0, asked = 0;

    close_shard(f);
    f->conf.client_log.ntp = (struct ratelimit_conf){true, 3, 8, 2, 0};
    size_t before = heap_in_use(), most = 0;
    open_shard(f);
    for (uint32_t i = 0; i < 100000; i++) {
        struct ntp_arrival arrival = {
            .packet = p,
            .length = put_header(p, 4, 3),
            .remote = {ip_addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i), 5000},
            .time = {.time = {instant_make(SIM_START, (int64_t)i * 1000000)}},
        };
        p[31] = 1; /* eligible for the interleaved mode: each reply is saved */
        p[39] = (uint8_t)i;
        assert_int_equal(answer(f, &arrival), SERVER_ANSWERED_TIMES_KEPT);
        server_keep_times(f->snapshot, &f->shard, f->reply, arrival.time.time);

        if (i % 8192 == 0) {
            arrival.remote.addr = ip_addr_v4(192, 0, 2, 7);
            served += server_result_has_reply(answer(f, &arrival));
            asked++;
        }
        size_t used = heap_in_use();
        most = used > most ? used : most;
    }
    assert_int_equal(served, asked);
    assert_in_range(client_log_size(f->log), 2048, client_log_capacity(f->log));
    /* Allocators of sanitizers do not count. */
    if (most > 0)
        assert_in_range(most - before, 1, f->conf.client_log.limit + 4096);
}

static void versions_and_modes_have_reasons(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    assert_int_equal(ask(f, p, put_header(p, 0, 3)), SERVER_DROPPED_VERSION);
    assert_int_equal(ask(f, p, put_header(p, 5, 3)), SERVER_DROPPED_VERSION);
    assert_int_equal(ask(f, p, put_header(p, 4, 4)), SERVER_DROPPED_MODE);
    assert_int_equal(f->shard.counts->results[SERVER_DROPPED_VERSION], 2);
    assert_int_equal(f->shard.counts->results[SERVER_DROPPED_MODE], 1);
    assert_int_equal(f->shard.counts->results[SERVER_ANSWERED], 0);
}

static void each_result_has_its_text(void **state)
{
    for (int i = 0; i < SERVER_RESULTS; i++) {
        const char *text = server_result_text((enum server_result)i);
        const char *start = server_result_has_reply((enum server_result)i) ? "answered"
                            : i == SERVER_LOST                             ? "lost: "
                                                                           : "dropped: ";

        assert_non_null(text);
        assert_memory_equal(text, start, strlen(start));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(text, server_result_text((enum server_result)j));
    }
}

static void answers_are_counted_by_their_timestamps(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    for (int rx = 0; rx < 3; rx++) {
        for (int i = 0; i <= rx; i++) {
            struct ntp_header h = {.version = 4, .mode = 3, .receive = {5, 5}, .transmit = {6, 6}};
            struct ntp_arrival arrival = {
                .packet = p,
                .length = NTP_HEADER_LENGTH,
                .remote = {ip_addr_v4(192, 0, 2, 7), CLIENT_PORT},
                .time = {.time = {{SIM_START + 1, 0}}, .source = (enum timestamp_source)rx},
            };

            h.origin = (struct ntp_time){0xe8fe6f81, 0x10001u + 2 * (uint32_t)f->asked++};
            timestamp_map_save(f->shard.map, h.origin, (struct local_time){{SIM_START + 1, 600000}},
                               (enum timestamp_source)(2 - rx));
            ntp_header_write(p, &h);
            assert_int_equal(answer(f, &arrival), SERVER_ANSWERED_INTERLEAVED);
        }
    }
    struct report_serverstats s = stats_of(f);
    assert_true(s.ntp_auth_hits == 0 && s.ntp_interleaved_hits == 6);
    assert_true(s.ntp_daemon_rx == 1 && s.ntp_kernel_rx == 2 && s.ntp_hw_rx == 3);
    assert_true(s.ntp_daemon_tx == 3 && s.ntp_kernel_tx == 2 && s.ntp_hw_tx == 1);
}

/* The snapshot has no pointer: a copy of its octets answers as well, without that which it was made
   of. */
static void copy_of_a_snapshot_is_a_snapshot(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    size_t size = f->snapshot->end;
    struct server_snapshot *copy = aligned_alloc(PLAIN_ALIGNMENT, plain_align(size));
    size_t length = put_mac(f, p, 4, 2);

    memcpy(copy, f->snapshot, size);
    server_snapshots_free(f->snapshot);
    f->snapshot = copy;
    ntp_keys_load(f->keys, &f->world, NULL);
    assert_int_equal(ask(f, p, length), SERVER_ANSWERED);
    p[length - 1] ^= 1;
    assert_int_equal(ask(f, p, length), SERVER_DROPPED_KEY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(versions_and_modes),
        TEST(mode_0_of_version_1_needs_another_port),
        TEST(bad_lengths_get_no_answer),
        TEST(no_reply_is_answered),
        TEST(replies_have_no_octet_that_was_not_written),
        TEST(crypto_nak_is_ignored),
        TEST(macs_are_answered_in_kind),
        TEST(macs_of_the_wrong_length_or_key_get_no_answer),
        TEST(unknown_fields_are_ignored_and_not_echoed),
        TEST(mono_root_is_answered_and_net_correction_only_with_ptp),
        TEST(reply_carries_the_reference_and_the_timestamps),
        TEST(unsynchronised_server_says_so),
        TEST(denied_addresses_are_neither_answered_nor_logged),
        TEST(rate_limit_drops_raises_the_poll_and_kisses),
        TEST(nts_is_not_answered_when_it_is_not_served),
        TEST(nts_nak_is_a_kiss_and_is_not_counted_as_authenticated),
        TEST(nak_is_not_sent_instead_of_a_kiss),
        TEST(poll_of_the_reply_is_the_longer_one),
        TEST(mssntp_requests_are_answered_only_when_they_can_be_signed),
        TEST(third_reply_is_interleaved),
        TEST(repeated_interleaved_request_gets_a_basic_reply),
        TEST(reply_without_a_transmit_time_is_basic),
        TEST(requests_that_are_not_eligible),
        TEST(damaged_requests_do_no_harm),
        TEST(flood_of_addresses_is_bounded_and_starves_nobody),
        TEST(versions_and_modes_have_reasons),
        TEST(each_result_has_its_text),
        TEST(answers_are_counted_by_their_timestamps),
        TEST(copy_of_a_snapshot_is_a_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
