/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of the server (ntp.md 20, 27.9, 27.11): the pure function row by row, then the whole
 * server in a virtual network.
 */
#include "test/unit/support/unit.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "ntp/server/server.h"
#include "ntp/server/timestamp_map.h"
#include "test/unit/support/env.h"

#define CLIENT_PORT 40000
#define KEYS        "1 MD5 first\n2 SHA1 second\n3 SHA256 third\n"

struct fixture {
    struct sim_world *sim;
    struct loop *loop;
    struct stub_env stub;
    struct conf conf;
    struct client_log *log;
    struct access_table *access;
    struct ntp_keys *keys;
    struct timestamp_map *map;
    struct random_pool random;
    struct server_view view;
    struct server_reply reply;
    int reads; /* of the clock */
    int asked; /* each request arrives a microsecond after the last */
};

static struct local_time clock_now(void *arg)
{
    struct fixture *f = arg;

    f->reads++;
    return (struct local_time){{SIM_START + 1, 500000 + f->reads}};
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct subnet all = {.bits = 0};

    f->sim = sim_world_new();
    f->loop = loop_new(sim_world_interface(f->sim));
    stub_env_init(&f->stub, f->sim, f->loop);
    f->conf.client_log_limit = 524288;
    f->conf.port = 123;
    f->conf.acquisition_port = -1;
    f->log = client_log_new(sim_world_interface(f->sim), &f->conf);
    f->access = access_table_new();
    access_table_set(f->access, &all, true, false);
    f->keys = ntp_keys_new();
    sim_set_file(f->sim, "/keys", KEYS, 0640);
    ntp_keys_load(f->keys, sim_world_interface(f->sim), "/keys");
    f->map = timestamp_map_new(64);
    f->random = random_pool_make(sim_world_interface(f->sim));
    f->view = (struct server_view){
        .transmit =
            {
                .random = &f->random,
                .now = clock_now,
                .now_arg = f,
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
            },
        .access = f->access,
        .keys = f->keys,
    };
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    timestamp_map_free(f->map);
    ntp_keys_free(f->keys);
    access_table_free(f->access);
    client_log_free(f->log);
    loop_free(f->loop);
    sim_world_free(f->sim);
    free(f);
    return 0;
}

static size_t put_header(uint8_t *packet, int version, int mode)
{
    struct ntp_header h = {
        .version = (uint8_t)version,
        .mode = (uint8_t)mode,
        .poll = 6,
        .transmit = {0x11223344, 0x55667788},
    };

    memset(packet, 0, NTP_MAX_LENGTH);
    ntp_header_write(packet, &h);
    return NTP_HEADER_LENGTH;
}

static bool ask_from(struct fixture *f, const uint8_t *packet, size_t length, uint16_t port)
{
    struct server_request request = {
        .packet = packet,
        .length = length,
        .remote = {ip_addr_v4(192, 0, 2, 7), port},
        .rx = {.time = {{SIM_START + 1, 300000 + 1000 * f->asked++}}, .source = TIMESTAMP_KERNEL},
    };
    bool answered = server_answer(&f->view, f->log, f->map, &request, &f->reply);

    if (answered)
        assert_in_range(f->reply.length, NTP_HEADER_LENGTH, length);
    return answered;
}

static bool ask(struct fixture *f, const uint8_t *packet, size_t length)
{
    return ask_from(f, packet, length, CLIENT_PORT);
}

static struct ntp_header reply_header(const struct fixture *f)
{
    struct ntp_header h;

    ntp_header_read(f->reply.data, &h);
    return h;
}

/* An unknown field; the version must be in the packet. */
static size_t put_field(uint8_t *packet, size_t length, uint16_t type, uint16_t size)
{
    packet[length] = (uint8_t)(type >> 8);
    packet[length + 1] = (uint8_t)type;
    packet[length + 2] = (uint8_t)(size >> 8);
    packet[length + 3] = (uint8_t)size;
    return length + size;
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
            bool answered = ask(f, p, length);
            if (answered != (expected != 0))
                fail_msg("version %d mode %d: answered %d", version, mode, answered);
            if (!answered)
                continue;
            assert_int_equal(reply_header(f).mode, expected);
            assert_int_equal(reply_header(f).version, version);
            assert_int_equal(f->reply.length, 48);
        }
    }
}

static void mode_0_of_version_1_needs_another_port(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    put_header(p, 1, 0);
    assert_true(ask_from(f, p, 48, 124));
    assert_false(ask_from(f, p, 48, 123));
}

static void bad_lengths_get_no_answer(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH + 4];

    put_header(p, 4, 3);
    assert_false(ask(f, p, 44));
    assert_false(ask(f, p, 50));
    assert_false(ask(f, p, 0));
}

static void crypto_nak_is_ignored(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    put_header(p, 4, 3);
    assert_false(ask(f, p, 52));
}

/* Two servers never answer each other, whichever of them was asked first. */
static void no_reply_is_answered(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    for (int version = 1; version <= 4; version++) {
        for (int mode = 0; mode <= 3; mode++) {
            if (!ask(f, p, put_header(p, version, mode)))
                continue;
            struct server_reply reply = f->reply;
            assert_false(ask_from(f, reply.data, reply.length, NTP_PORT));
            assert_false(ask_from(f, reply.data, reply.length, CLIENT_PORT));
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
    assert_true(ask(f, p, length));
    assert_int_equal(f->reply.length, 48 + mac);
    assert_true(ntp_packet_parse(f->reply.data, f->reply.length, &info));
    assert_int_equal(info.mac_key_id, id);
    assert_true(key_table_check_mac(ntp_keys_table(f->keys), f->reply.data, &info));
    p[length - 1] ^= 0x80;
    assert_false(ask(f, p, length));
}

/* An octet that is the one of the buffer in each of many replies was not written. The value is one that
   the constant parts do not have, and the others are random. */
static void check_written(struct fixture *f, const uint8_t *request, size_t length)
{
    enum { ROUNDS = 64, VALUE = 0xa9 };
    int same[NTP_MAX_LENGTH] = {0};

    for (int i = 0; i < ROUNDS; i++) {
        memset(f->reply.data, VALUE, sizeof(f->reply.data));
        assert_true(ask(f, request, length));
        assert_int_equal(f->reply.length, length);
        for (size_t j = 0; j < length; j++)
            same[j] += f->reply.data[j] == VALUE;
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
    struct report_serverstats stats = {0};

    check_mac_reply(f, 4, 1, 20);
    check_mac_reply(f, 3, 1, 20);
    check_mac_reply(f, 4, 2, 24);
    check_mac_reply(f, 3, 2, 24);
    check_mac_reply(f, 4, 3, 24);
    check_mac_reply(f, 3, 3, 36);
    client_log_report_stats(f->log, &stats);
    assert_int_equal(stats.ntp_auth_hits, 6);
    assert_int_equal(stats.ntp_hits, 12);
    assert_int_equal(stats.ntp_kernel_rx, 6);
    assert_int_equal(stats.ntp_daemon_tx, 6);
}

static void macs_of_the_wrong_length_or_key_get_no_answer(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH], long_mac[NTP_MAX_LENGTH];

    /* Version 4 with the whole SHA256: the key ID does not parse as a field. */
    put_mac(f, long_mac, 3, 3);
    put_header(p, 4, 3);
    memcpy(p + 48, long_mac + 48, 36);
    assert_false(ask(f, p, 84));
    /* Version 3, SHA256 cut to 20 octets. */
    put_mac(f, p, 3, 3);
    assert_false(ask(f, p, 72));
    /* Unknown key. */
    put_mac(f, p, 4, 1);
    p[51] = 77;
    assert_false(ask(f, p, 68));
}

static void unknown_fields_are_ignored_and_not_echoed(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    put_header(p, 4, 3);
    assert_true(ask(f, p, put_field(p, 48, 0x7001, 28)));
    assert_int_equal(f->reply.length, 48);
    assert_true(ask(f, p, put_field(p, put_field(p, 48, 0x7001, 16), 0x7002, 28)));
    assert_int_equal(f->reply.length, 48);
    assert_false(ask(f, p, put_field(p, put_field(p, 48, 0x7001, 12), 0x7002, 28)));
    put_header(p, 4, 3);
    assert_false(ask(f, p, put_field(p, 48, 0x7001, 24)));
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

    assert_true(ask(f, p, put_known_field(p, NTP_EXT_MONO_ROOT)));
    assert_int_equal(f->reply.length, 76);
    assert_memory_equal(f->reply.data + 48, "\xf3\x23\x00\x1c\xf5\xbe\xdd\x9a", 8);
    assert_true(ntp_mono_root_read(f->reply.data + 52, 24, &root));
    assert_int_equal(root.epoch, 0x12345678);
    assert_true(root.root_delay >= 0.01 && root.root_delay < 0.01 + 1e-8);

    assert_true(ask(f, p, put_known_field(p, NTP_EXT_NET_CORRECTION)));
    assert_int_equal(f->reply.length, 48);
    f->view.transmit.add_net_correction = true;
    assert_true(ask(f, p, put_known_field(p, NTP_EXT_NET_CORRECTION)));
    assert_int_equal(f->reply.length, 76);
}

static void reply_carries_the_reference_and_the_timestamps(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    uint32_t mask = 0xff; /* random bits of precision -24 */

    put_header(p, 4, 3);
    assert_true(ask(f, p, 48));
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

    f->view.transmit.reference = (struct reference_data){
        .leap = 3, .stratum = 16, .root_delay = 1.0, .root_dispersion = 1.0};
    put_header(p, 4, 3);
    assert_true(ask(f, p, 48));
    assert_memory_equal(f->reply.data, start, sizeof(start));
}

static void denied_addresses_are_neither_answered_nor_logged(void **state)
{
    struct fixture *f = *state;
    struct subnet subnet = {ip_addr_v4(192, 0, 2, 0), 24};
    struct report_serverstats stats = {0};
    uint8_t p[NTP_MAX_LENGTH];

    access_table_set(f->access, &subnet, false, false);
    put_header(p, 4, 3);
    assert_false(ask(f, p, 48));
    client_log_report_stats(f->log, &stats);
    assert_int_equal(stats.ntp_hits, 0);
}

static void rate_limit_drops_raises_the_poll_and_kisses(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    int answers = 0, kods = 0;

    client_log_free(f->log);
    f->conf.ntp_ratelimit = (struct conf_ratelimit){true, 10, 2, 4, 1};
    f->log = client_log_new(sim_world_interface(f->sim), &f->conf);
    put_header(p, 4, 3);
    for (int i = 0; i < 100; i++) {
        if (!ask(f, p, 48))
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
    assert_false(ask(f, p, put_field(p, put_field(p, 48, 0x0104, 36), 0x0404, 40)));
}

static bool nts_check(void *ctx, const uint8_t *packet, const struct ntp_info *info,
                      struct ntp_nts_request *request, uint32_t *kod)
{
    *kod = *(uint32_t *)ctx;
    return false;
}

static bool nts_add(void *ctx, const uint8_t *packet, const struct ntp_info *info,
                    struct ntp_nts_request *request, uint32_t kod, struct writer *w)
{
    assert_int_equal(kod, NTP_KOD_NTSN);
    writer_zeros(w, 28);
    return true;
}

static void nts_nak_is_a_kiss_and_is_not_counted_as_authenticated(void **state)
{
    static const struct ntp_nts_server_ops ops = {nts_check, nts_add};
    struct fixture *f = *state;
    struct report_serverstats stats = {0};
    uint8_t p[NTP_MAX_LENGTH];
    uint32_t kod = NTP_KOD_NTSN;

    f->view.nts = &ops;
    f->view.nts_ctx = &kod;
    put_header(p, 4, 3);
    size_t length = put_field(p, put_field(p, 48, 0x0104, 36), 0x0404, 40);
    assert_true(ask(f, p, length));
    assert_int_equal(f->reply.length, 76);
    assert_int_equal(reply_header(f).refid, NTP_KOD_NTSN);
    assert_int_equal(reply_header(f).stratum, 0);
    client_log_report_stats(f->log, &stats);
    assert_int_equal(stats.ntp_auth_hits, 0);
    kod = 0;
    assert_false(ask(f, p, length));
}

/* 20.1 step 8: a request that would get both kisses gets none. */
static void nak_is_not_sent_instead_of_a_kiss(void **state)
{
    static const struct ntp_nts_server_ops ops = {nts_check, nts_add};
    struct fixture *f = *state;
    struct report_serverstats stats = {0};
    uint8_t p[NTP_MAX_LENGTH];
    uint32_t kod = NTP_KOD_NTSN;
    int answers = 0;

    client_log_free(f->log);
    f->conf.ntp_ratelimit = (struct conf_ratelimit){true, 10, 2, 4, 1};
    f->log = client_log_new(sim_world_interface(f->sim), &f->conf);
    f->view.nts = &ops;
    f->view.nts_ctx = &kod;
    put_header(p, 4, 3);
    size_t length = put_field(p, put_field(p, 48, 0x0104, 36), 0x0404, 40);
    for (int i = 0; i < 200; i++) {
        bool answered = ask(f, p, length);
        if (answered)
            assert_int_equal(reply_header(f).refid, NTP_KOD_NTSN);
        assert_true(answered || i >= 2);
        answers += answered;
    }
    assert_in_range(answers, 2, 30);
    client_log_report_stats(f->log, &stats);
    assert_in_range(stats.ntp_drops, 60, 140);
}

static void poll_of_the_reply_is_the_longer_one(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];

    for (int limited = 0; limited < 2; limited++) {
        client_log_free(f->log);
        f->conf.ntp_ratelimit = (struct conf_ratelimit){limited == 1, 4, 255, 4, 0};
        f->log = client_log_new(sim_world_interface(f->sim), &f->conf);
        for (int poll = -32; poll <= 32; poll++) {
            int least = limited ? 4 : -19;
            put_header(p, 4, 3);
            p[2] = (uint8_t)poll;
            assert_true(ask(f, p, 48));
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
    assert_false(ask(f, p, 68));
    f->view.signing = true;
    assert_true(ask(f, p, 68));
    assert_int_equal(f->reply.length, 48);
    assert_int_equal(f->reply.sign_key, 1000);
    assert_false(f->reply.eligible);
    assert_false(ask(f, p, 120)); /* the extended form */
    p[67] = 1;                    /* a MAC of an unknown key */
    assert_false(ask(f, p, 68));
    put_header(p, 4, 3);
    assert_true(ask(f, p, 48));
    assert_int_equal(f->reply.sign_key, 0);
}

/* A client with xleave: replies 1 and 2 are basic, 3 and later interleaved. */
static void third_reply_is_interleaved(void **state)
{
    struct fixture *f = *state;
    struct report_serverstats stats = {0};
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
        assert_true(ask(f, p, 48));
        struct ntp_header reply = reply_header(f);
        bool interleaved = ntp_time_equal(reply.origin, h.receive);
        if (interleaved != (i >= 3))
            fail_msg("reply %d: interleaved %d", i, interleaved);
        assert_int_equal(f->reply.eligible, i >= 2);
        if (f->reply.eligible)
            timestamp_map_save(f->map, f->reply.receive,
                               (struct local_time){{SIM_START + 1, 600000}}, TIMESTAMP_KERNEL);
        last_rx = reply.receive;
    }
    client_log_report_stats(f->log, &stats);
    assert_int_equal(stats.ntp_interleaved_hits, 3);
    assert_int_equal(stats.ntp_kernel_tx, 3);
}

static void repeated_interleaved_request_gets_a_basic_reply(void **state)
{
    struct fixture *f = *state;
    struct ntp_header h = {.version = 4, .mode = 3, .receive = {5, 5}, .transmit = {6, 6}};
    struct ntp_time saved = {0xe8fe6f81, 0x10001};
    uint8_t p[NTP_MAX_LENGTH];

    timestamp_map_save(f->map, saved, (struct local_time){{SIM_START + 1, 600000}},
                       TIMESTAMP_DAEMON);
    h.origin = saved;
    ntp_header_write(p, &h);
    assert_true(ask(f, p, 48));
    assert_true(ntp_time_equal(reply_header(f).origin, h.receive));
    assert_true(ask(f, p, 48));
    assert_true(ntp_time_equal(reply_header(f).origin, h.transmit));
}

/* Requests with octets changed at random, cut and lengthened: ask checks the length of replies. */
/* An entry whose transmit time is unknown is used up all the same, 20.4. */
static void reply_without_a_transmit_time_is_basic(void **state)
{
    struct fixture *f = *state;
    struct ntp_header h = {.version = 4, .mode = 3, .receive = {5, 5}, .transmit = {6, 6}};
    struct report_serverstats stats = {0};
    uint8_t p[NTP_MAX_LENGTH];

    h.origin = (struct ntp_time){0xe8fe6f81, 0x10001};
    timestamp_map_save(f->map, h.origin, (struct local_time){{SIM_START + 100, 0}},
                       TIMESTAMP_KERNEL);
    ntp_header_write(p, &h);
    assert_true(ask(f, p, 48));
    assert_true(ntp_time_equal(reply_header(f).origin, h.transmit));
    client_log_report_stats(f->log, &stats);
    assert_int_equal(stats.ntp_interleaved_hits, 1);
    assert_int_equal(stats.ntp_daemon_tx, 1);
}

/* Each of the conditions of 20.4. */
static void requests_that_are_not_eligible(void **state)
{
    struct fixture *f = *state;
    struct ntp_header h = {
        .version = 4, .mode = 3, .origin = {7, 1}, .receive = {5, 5}, .transmit = {6, 6}};

    for (int i = 0; i < 5; i++) {
        struct ntp_header bad = h;
        struct timestamp_map *map = f->map;
        uint8_t p[NTP_MAX_LENGTH];

        if (i == 1)
            bad.version = 3;
        else if (i == 2)
            bad.origin.lo = 2;
        else if (i == 3)
            bad.transmit = bad.receive;
        else if (i == 4)
            f->map = NULL;
        ntp_header_write(p, &bad);
        assert_true(ask(f, p, 48));
        assert_int_equal(f->reply.eligible, i == 0);
        f->map = map;
    }
}

static void damaged_requests_do_no_harm(void **state)
{
    struct fixture *f = *state;
    const struct world *w = sim_world_interface(f->sim);
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
        answers += ask(f, p, length);
    }
    assert_in_range(answers, 2000, 18000);
}

static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* 100,000 spoofed addresses: the log and the timestamp map together stay within clientloglimit, and a
   client that behaves is served as before. */
static void flood_of_addresses_is_bounded_and_starves_nobody(void **state)
{
    struct fixture *f = *state;
    uint8_t p[NTP_MAX_LENGTH];
    int served = 0, asked = 0;

    client_log_free(f->log);
    timestamp_map_free(f->map);
    f->conf.ntp_ratelimit = (struct conf_ratelimit){true, 3, 8, 2, 0};
    size_t before = heap_in_use(), most = 0;
    f->log = client_log_new(sim_world_interface(f->sim), &f->conf);
    f->map = timestamp_map_new(client_log_capacity(f->log));
    f->view.access = f->access;
    for (uint32_t i = 0; i < 100000; i++) {
        struct server_request request = {
            .packet = p,
            .length = put_header(p, 4, 3),
            .remote = {ip_addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i), 5000},
            .rx = {.time = {instant_make(SIM_START, (int64_t)i * 1000000)}},
        };
        p[31] = 1; /* eligible for the interleaved mode: each reply is saved */
        p[39] = (uint8_t)i;
        bool answered = server_answer(&f->view, f->log, f->map, &request, &f->reply);
        assert_true(answered && f->reply.eligible);
        timestamp_map_save(f->map, f->reply.receive, request.rx.time, TIMESTAMP_DAEMON);

        if (i % 8192 == 0) {
            request.remote.addr = ip_addr_v4(192, 0, 2, 7);
            served += server_answer(&f->view, f->log, f->map, &request, &f->reply);
            asked++;
        }
        size_t used = heap_in_use();
        most = used > most ? used : most;
    }
    assert_int_equal(served, asked);
    assert_in_range(client_log_size(f->log), 2048, client_log_capacity(f->log));
    /* Allocators of sanitizers do not count. */
    if (most > 0)
        assert_in_range(most - before, 1, f->conf.client_log_limit + 4096);
}

/* The server in the network. */

struct service {
    struct ntp_sockets *sockets;
    struct ntp_server *server;
    struct ntp_keys *keys;
    struct client_log *log;
};

static struct service start(struct fixture *f)
{
    struct service s = {.keys = f->keys, .log = f->log};

    s.sockets = ntp_sockets_new(&f->stub.env, &f->conf);
    s.server = ntp_server_new(&(struct ntp_server_params){.env = &f->stub.env,
                                                          .conf = &f->conf,
                                                          .log = f->log,
                                                          .keys = f->keys,
                                                          .sockets = s.sockets});
    return s;
}

static void shut_down(struct service *s)
{
    ntp_server_free(s->server);
    ntp_sockets_free(s->sockets);
}

static void sockets_follow_the_access_rules(void **state)
{
    struct fixture *f = *state;
    struct service s = start(f);
    struct conf_access_rule rule = {.subnet = {ip_addr_v4(192, 0, 2, 0), 24}, .allow = true};
    struct ip_addr addr = ip_addr_v4(192, 0, 2, 1);

    assert_false(ntp_sockets_is_serving(s.sockets));
    assert_true(ntp_server_set_access(s.server, &rule));
    assert_int_equal(sim_open_sockets(f->sim), 1);
    assert_true(ntp_server_is_allowed(s.server, &addr));
    rule.subnet = (struct subnet){.bits = 0};
    assert_true(ntp_server_set_access(s.server, &rule));
    assert_int_equal(sim_open_sockets(f->sim), 2);
    rule = (struct conf_access_rule){.allow = false, .all = true};
    assert_true(ntp_server_set_access(s.server, &rule));
    assert_int_equal(sim_open_sockets(f->sim), 0);
    rule.subnet = (struct subnet){ip_addr_v4(1, 2, 3, 4), 33};
    assert_false(ntp_server_set_access(s.server, &rule));
    shut_down(&s);
}

static void port_0_serves_nobody(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};

    f->conf.port = 0;
    struct service s = start(f);
    assert_true(ntp_server_set_access(s.server, &rule));
    assert_int_equal(sim_open_sockets(f->sim), 0);
    shut_down(&s);
}

static void batch_is_answered_with_one_send(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123};
    uint8_t p[NTP_MAX_LENGTH];
    struct service s = start(f);

    assert_true(ntp_server_set_access(s.server, &rule));
    put_header(p, 4, 3);
    for (uint16_t i = 0; i < 16; i++) {
        struct ip_port from = {ip_addr_v4(192, 0, 2, 7), (uint16_t)(5000 + i)};
        sim_deliver(f->sim, &from, &to, p, i == 3 ? 44 : 48, 1.0);
    }
    sim_run(f->sim, f->loop, 2.0);
    assert_int_equal(sim_sent_count(f->sim), 15);
    assert_int_equal(sim_send_calls(f->sim), 1);
    assert_int_equal(sim_sent(f->sim, 0)->to.port, 5000);
    assert_int_equal(sim_sent(f->sim, 0)->from.port, 123);
    assert_true(ip_addr_equal(&sim_sent(f->sim, 0)->from.addr, &to.addr));
    shut_down(&s);
}

/* After a quiet time less is asked for, and more again as it comes. */
static void burst_after_single_requests_takes_few_sends(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123};
    uint8_t p[NTP_MAX_LENGTH];
    struct service s = start(f);

    assert_true(ntp_server_set_access(s.server, &rule));
    put_header(p, 4, 3);
    for (uint16_t i = 0; i < 104; i++) {
        struct ip_port from = {ip_addr_v4(192, 0, 2, 7), (uint16_t)(5000 + i)};
        sim_deliver(f->sim, &from, &to, p, 48, i < 4 ? 1.0 + i : 5.0);
    }
    sim_run(f->sim, f->loop, 6.0);
    assert_int_equal(sim_sent_count(f->sim), 104);
    assert_int_equal(sim_sent(f->sim, 103)->to.port, 5103);
    assert_int_equal(sim_send_calls(f->sim), 4 + 3); /* 8, 32, 60 */
    shut_down(&s);
}

static void reply_that_cannot_be_sent_does_not_hold_up_others(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123};
    uint8_t p[NTP_MAX_LENGTH];
    struct service s = start(f);

    assert_true(ntp_server_set_access(s.server, &rule));
    put_header(p, 4, 3);
    for (uint16_t i = 0; i < 4; i++) {
        struct ip_port from = {ip_addr_v4(192, 0, 2, 7), i % 2 == 0 ? 0 : (uint16_t)(5000 + i)};
        sim_deliver(f->sim, &from, &to, p, 48, 1.0);
    }
    sim_run(f->sim, f->loop, 2.0);
    assert_int_equal(sim_sent_count(f->sim), 2);
    assert_int_equal(sim_sent(f->sim, 1)->to.port, 5003);
    shut_down(&s);
}

/* Request of the interleaved mode, and its reply over the network. */
static struct ntp_header exchange(struct fixture *f, struct ntp_header *request)
{
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123}, from = {ip_addr_v4(192, 0, 2, 7), 5000};
    struct ntp_header reply;
    uint8_t p[NTP_MAX_LENGTH];

    request->version = 4;
    request->mode = 3;
    request->receive.hi++;
    request->transmit.lo += 3;
    ntp_header_write(p, request);
    sim_clear_sent(f->sim);
    sim_deliver(f->sim, &from, &to, p, 48, 0.0);
    sim_run(f->sim, f->loop, 1.0);
    assert_int_equal(sim_sent_count(f->sim), 1);
    ntp_header_read(sim_sent(f->sim, 0)->data, &reply);
    request->origin = reply.receive;
    return reply;
}

/* With time smoothing also the transmit times that are told later are those of the smoothed clock,
   whoever has taken them. */
static void interleaved_replies_have_the_time_of_sending(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};

    for (int i = 0; i < 4; i++) {
        struct ntp_header request = {.receive = {1, 1}, .transmit = {2, 2}}, reply;
        struct service s = start(f);

        assert_true(ntp_server_set_access(s.server, &rule));
        f->stub.smoothing = i % 2 == 1 ? 0.125 : 0.0;
        sim_set_timestamps(f->sim, i >= 2);
        exchange(f, &request);
        exchange(f, &request);
        struct instant sent =
            instant_add(sim_raw(f->sim).i, sim_sent(f->sim, 0)->time - sim_time(f->sim));
        reply = exchange(f, &request);
        assert_true(ntp_time_equal(reply.origin, request.receive));
        double late = instant_diff(ntp_time_to_instant(reply.transmit), sent);
        assert_between(late, f->stub.smoothing - 1e-8, f->stub.smoothing + 2e-6);
        assert_int_equal(reply.refid == REFID_SMOOTH, i % 2);
        struct report_serverstats stats;
        ntp_server_report_stats(s.server, &stats);
        assert_int_equal(stats.ntp_timestamps, 2);
        shut_down(&s);
    }
}

static struct ntp_mono_root ask_mono_root(struct fixture *f, double *shift)
{
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123}, from = {ip_addr_v4(192, 0, 2, 7), 5000};
    struct ntp_mono_root root = {0};
    struct ntp_header reply;
    uint8_t p[NTP_MAX_LENGTH];
    size_t length = put_field(p, put_header(p, 4, 3), NTP_EXT_MONO_ROOT, 28);

    ntp_mono_root_write(p + 52, &root);
    sim_clear_sent(f->sim);
    sim_deliver(f->sim, &from, &to, p, length, 0.0);
    sim_run(f->sim, f->loop, 1.0);
    assert_int_equal(sim_sent(f->sim, 0)->length, 76);
    assert_true(ntp_mono_root_read(sim_sent(f->sim, 0)->data + 52, 24, &root));
    ntp_header_read(sim_sent(f->sim, 0)->data, &reply);
    *shift = ntp_time_diff(root.mono_receive, reply.receive);
    return root;
}

/* 16.2: corrections of the clock add up on the monotonic scale until it begins anew. */
static void monotonic_scale_follows_the_clock(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct clock_change change = {.type = CLOCK_ADJUST, .doffset = 0.5};
    struct service s = start(f);
    double shift;

    assert_true(ntp_server_set_access(s.server, &rule));
    uint32_t epoch = ask_mono_root(f, &shift).epoch;
    assert_between(shift, -1e-8, 1e-8);
    ntp_server_clock_change(s.server, &change);
    change.doffset = -0.125;
    ntp_server_clock_change(s.server, &change);
    assert_int_equal(ask_mono_root(f, &shift).epoch, epoch);
    assert_between(shift, 0.375 - 1e-8, 0.375 + 1e-8);
    assert_true(ntp_server_mono_scale(s.server)->shift == 0.375);
    for (change.type = CLOCK_STEP; change.type <= CLOCK_UNKNOWN_STEP; change.type++) {
        ntp_server_clock_change(s.server, &change);
        uint32_t next = ask_mono_root(f, &shift).epoch;
        assert_int_not_equal(next, epoch);
        assert_between(shift, -1e-8, 1e-8);
        /* Packets to peers have the same scale. */
        assert_int_equal(ntp_server_mono_scale(s.server)->epoch, next);
        assert_true(ntp_server_mono_scale(s.server)->shift == 0.0);
        epoch = next;
    }
    shut_down(&s);
}

static void kernel_timestamps_are_used_when_credible(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123}, from = {ip_addr_v4(192, 0, 2, 7), 5000};
    struct report_serverstats stats;
    uint8_t p[NTP_MAX_LENGTH];
    struct service s = start(f);

    assert_true(ntp_server_set_access(s.server, &rule));
    put_header(p, 4, 3);
    sim_deliver(f->sim, &from, &to, p, 48, 1.0);
    sim_run(f->sim, f->loop, 2.0);
    sim_set_timestamps(f->sim, true);
    sim_deliver(f->sim, &from, &to, p, 48, 1.0);
    sim_run(f->sim, f->loop, 2.0);
    ntp_server_report_stats(s.server, &stats);
    assert_int_equal(stats.ntp_hits, 2);
    assert_int_equal(stats.ntp_daemon_rx, 1);
    assert_int_equal(stats.ntp_kernel_rx, 1);
    shut_down(&s);
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
        TEST(sockets_follow_the_access_rules),
        TEST(port_0_serves_nobody),
        TEST(batch_is_answered_with_one_send),
        TEST(burst_after_single_requests_takes_few_sends),
        TEST(reply_that_cannot_be_sent_does_not_hold_up_others),
        TEST(interleaved_replies_have_the_time_of_sending),
        TEST(monotonic_scale_follows_the_clock),
        TEST(kernel_timestamps_are_used_when_credible),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
