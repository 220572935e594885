/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches in which requests are answered together, beside the same ones answered one after another:
 * random mixes of requests without authentication, with keys, with NTS, good and bad, interleaved
 * and over the rate have the same replies octet for octet, and leave the same counters. And how
 * much work a request with NTS can cause. By hand with more batches: batch BATCHES [SEED]
 */
#include "test/unit/support/unit.h"

#include <stdlib.h>
#include <string.h>
#include "base/aead_batch.h"
#include "base/number.h"
#include "base/text.h"
#include "conf/conf.h"
#include "ntp/keys.h"
#include "ntp/server/batch.h"
#include "nts/auth_field.h"
#include "nts/cookie.h"
#include "nts/server_auth.h"
#include "nts/server_keys.h"
#include "test/unit/support/request.h"
#include "test/unit/support/world.h"

#define KEYS           "1 MD5 first\n2 SHA1 second\n3 AES128 HEX:000102030405060708090a0b0c0d0e0f\n"
#define BATCHES        300
#define ADDRESSES      40
#define WITHOUT_COOKIE (48 + 36 + 40) /* octets of the usual request with NTS but for its cookie */
#define USUAL_BLOCKS   (2 * 11 + 15 + 22)
#define LONGEST        600 /* octets of fields besides those of a request that is usual */

static long batches = BATCHES;
static uint64_t seed = 1;

struct sent {
    int count;
    struct world_datagram msgs[WORLD_BATCH];
    uint8_t data[WORLD_BATCH][NTP_MAX_LENGTH];
    int to_sign;
    uint8_t signing[WORLD_BATCH][NTP_HEADER_LENGTH];
};

/* One way to answer, with a log and a shard of its own. */
struct side {
    struct world_ops ops;
    struct world world; /* its random octets are always the same */
    struct world_ops log_ops;
    struct world log_world; /* its random octets follow from the number of those before */
    uint64_t log_random;
    int64_t time; /* of the last reading of the clock, nanoseconds */
    struct client_log *log;
    struct server_shard shard;
    struct server_batch batch;
    struct sent sent;
};

struct request {
    uint8_t packet[NTP_MAX_LENGTH];
    size_t length;
};

struct fixture {
    struct sim_world *sim;
    struct loop *loop;
    struct conf conf;
    struct access_table *access;
    struct ntp_keys *keys;
    struct nts_server_keys *nts_keys;
    struct nts_context context; /* of all clients */
    struct server_snapshot *snapshot;
    struct side sides[2]; /* one after another; together */
    uint64_t random;
    int64_t now; /* nanoseconds after the start */
    struct request requests[WORLD_BATCH];
    struct ntp_arrival arrivals[WORLD_BATCH];
    /* By address: the last reply. */
    struct ntp_header last[ADDRESSES];
};

static uint32_t draw(struct fixture *f, uint32_t below)
{
    f->random = f->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((f->random >> 32) * below >> 32);
}

/* ---- Both sides ---- */

static struct raw_time raw_now(void *ctx)
{
    struct side *side = ctx;

    side->time += 100;
    return (struct raw_time){
        {SIM_START + side->time / 1000000000, (int32_t)(side->time % 1000000000)}};
}

static void same_octets(void *ctx, void *out, size_t length)
{
    memset(out, 0x5a, length);
}

static void octets_in_order(void *ctx, void *out, size_t length)
{
    struct side *side = ctx;

    for (size_t i = 0; i < length; i++) {
        side->log_random = side->log_random * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(side->log_random >> 56);
    }
}

static void open_side(struct fixture *f, struct side *side)
{
    side->ops = (struct world_ops){.raw_now = raw_now, .random_bytes = same_octets};
    side->world = (struct world){.ops = &side->ops, .ctx = side};
    side->log_ops = (struct world_ops){.raw_now = raw_now, .random_bytes = octets_in_order};
    side->log_world = (struct world){.ops = &side->log_ops, .ctx = side};
    side->log = client_log_new(&side->log_world, &f->conf.client_log);
    server_shard_init(&side->shard, &side->world, side->log);
    side->shard.nts = nts_server_auth_ops();
}

static void close_side(struct side *side)
{
    server_room_free(side->batch.room);
    server_shard_clear(&side->shard);
    client_log_free(side->log);
}

/* Some cannot be sent. */
static void keep_messages(void *ctx, int fd, struct world_datagram *msgs, int count, bool *sent)
{
    struct side *side = ctx;

    side->sent.count = count;
    for (int i = 0; i < count; i++) {
        side->sent.msgs[i] = msgs[i];
        memcpy(side->sent.data[i], msgs[i].data, msgs[i].length);
        sent[i] = i % 7 != 6;
    }
}

static void keep_signing(void *ctx, const struct ntp_arrival *request, const uint8_t *reply)
{
    struct sent *sent = &((struct side *)ctx)->sent;

    memcpy(sent->signing[sent->to_sign++], reply, NTP_HEADER_LENGTH);
}

/* ---- Requests ---- */

static void put_uid(struct fixture *f, struct writer *w, size_t length)
{
    uint8_t uid[NTP_MAX_LENGTH];

    for (size_t i = 0; i < length; i++)
        uid[i] = (uint8_t)draw(f, 256);
    ntp_ext_add(w, NTP_EXT_NTS_UID, uid, length);
}

struct nts_spec {
    size_t uid_length;
    int uids;
    int placeholders;
    size_t junk;      /* octets of an unknown field */
    size_t encrypted; /* placeholders */
    int slot;         /* of the key of the cookie; -1: an unknown one */
};

static void put_nts(struct fixture *f, struct writer *w, const struct nts_spec *spec)
{
    const struct nts_key_set *set = server_keys_value(f->nts_keys).data;
    uint8_t nonce[NTS_NONCE_LENGTH], plain[NTP_MAX_LENGTH];
    struct nts_server_key key = set->keys[spec->slot < 0 ? 0 : spec->slot];
    struct writer inner = writer_make(plain, sizeof(plain));
    struct nts_cookie cookie;

    for (size_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = (uint8_t)draw(f, 256);
    if (spec->slot < 0)
        key.id ^= 0x1000;
    assert_true(nts_cookie_make(&key, NULL, &f->context, nonce, &cookie));
    for (int i = 0; i < spec->uids; i++)
        put_uid(f, w, spec->uid_length);
    ntp_ext_add(w, NTP_EXT_NTS_COOKIE, cookie.data, cookie.length);
    for (int i = 0; i < spec->placeholders; i++)
        ntp_ext_add(w, NTP_EXT_NTS_PLACEHOLDER, NULL, cookie.length);
    if (spec->junk > 0)
        ntp_ext_add(w, 0x7777, NULL, spec->junk);
    for (size_t i = 0; i < spec->encrypted; i++)
        ntp_ext_add_inner(&inner, NTP_EXT_NTS_PLACEHOLDER, NULL, cookie.length);
    auth_field_add(w, f->context.aead, &f->context.c2s, nonce, plain, inner.pos, 0);
}

static void put_some_nts(struct fixture *f, struct writer *w)
{
    struct nts_spec spec = {.uid_length = 32, .uids = 1, .slot = (int)draw(f, NTS_SERVER_KEYS)};

    switch (draw(f, 8)) {
    case 0:
        spec.placeholders = (int)draw(f, 10);
        break;
    case 1:
        spec.encrypted = draw(f, 5);
        break;
    case 2:
        spec.uids = (int)draw(f, 4);
        break;
    case 3:
        spec.junk = 12 + 4 * draw(f, 100);
        break;
    case 4:
        spec.slot = -1;
        break;
    }
    put_nts(f, w, &spec);
}

/* MS-SNTP: a key ID, and zeros for the MAC. */
static void put_key_to_sign_with(struct writer *w)
{
    writer_u32(w, 0x01020304);
    writer_zeros(w, 16);
}

static bool is_denied(int address)
{
    return address % 10 == 9;
}

static void put_request_header(struct fixture *f, struct request *r, int address)
{
    const struct ntp_header *last = &f->last[address];
    struct ntp_header h = {
        .version = draw(f, 8) == 0 ? (uint8_t)(1 + draw(f, 4)) : 4,
        .mode = draw(f, 20) == 0 ? (uint8_t)draw(f, 8) : NTP_MODE_CLIENT,
        .poll = 6,
        .receive = {draw(f, 1000), draw(f, 1000)},
        .transmit = {draw(f, 1000), draw(f, 1000)},
    };

    /* For an interleaved reply. */
    if (draw(f, 2) == 0)
        h.origin = last->receive;
    ntp_header_write(r->packet, &h);
}

static void make_request(struct fixture *f, struct request *r, int address, bool with_nts)
{
    struct writer w = writer_make(r->packet, sizeof(r->packet));

    put_request_header(f, r, address);
    w.pos = NTP_HEADER_LENGTH;
    if (with_nts)
        put_some_nts(f, &w);
    else if (draw(f, 3) == 0)
        key_table_add_mac(ntp_keys_table(f->keys), 1 + draw(f, 3), r->packet[0] >> 3 & 7, &w);
    else if (draw(f, 8) == 0)
        put_key_to_sign_with(&w);
    r->length = w.failed ? NTP_HEADER_LENGTH : w.pos;
    /* Damage that the length, the parser, or a key notices. */
    if (draw(f, 6) == 0)
        r->packet[draw(f, (uint32_t)r->length)] ^= (uint8_t)(1u << draw(f, 8));
    if (draw(f, 25) == 0)
        r->length = NTP_HEADER_LENGTH + draw(f, (uint32_t)(r->length - NTP_HEADER_LENGTH + 1));
}

static int make_batch(struct fixture *f)
{
    const int count = 1 + (int)draw(f, WORLD_BATCH);
    const uint32_t of_ten_with_nts = draw(f, 11);

    f->now += 20000000 * (int64_t)draw(f, 100);
    for (int i = 0; i < count; i++) {
        struct request *r = &f->requests[i];
        int address = (int)draw(f, draw(f, 2) ? ADDRESSES : 4);

        make_request(f, r, address, draw(f, 10) < of_ten_with_nts);
        if (i > 0 && draw(f, 10) == 0)
            *r = f->requests[draw(f, (uint32_t)i)];
        f->now += 1000 * (int64_t)(1 + draw(f, 100));
        f->arrivals[i] = (struct ntp_arrival){
            .fd = 5,
            .packet = r->packet,
            .length = r->length,
            .remote = {is_denied(address) ? ip_addr_v4(10, 0, 0, (uint8_t)address)
                                          : ip_addr_v4(192, 0, 2, (uint8_t)address),
                       5000},
            .time = {.time = {{SIM_START + f->now / 1000000000, (int32_t)(f->now % 1000000000)}}},
        };
    }
    return count;
}

/* ---- Comparison ---- */

static void answer_batch(struct fixture *f, struct side *side, int count)
{
    static const struct server_batch_ops ops = {.send = keep_messages, .sign = keep_signing};

    side->sent.count = side->sent.to_sign = 0;
    side->time = f->now + 50000;
    side->batch.ops = &ops;
    side->batch.ctx = side;
    server_batch_answer(&side->batch, f->snapshot, &side->shard, f->arrivals, count);
}

/* Replies have different times of sending: each side reads its clock when it makes a reply, and so
   as often, in the same order. */
static void compare_sides(struct fixture *f, int count)
{
    const struct sent *a = &f->sides[0].sent, *b = &f->sides[1].sent;

    for (int i = 0; i < count; i++)
        if (f->sides[0].batch.replies[i].result != f->sides[1].batch.replies[i].result)
            fail_msg("request %d of %d: %s, together %s", i, count,
                     server_result_text(f->sides[0].batch.replies[i].result),
                     server_result_text(f->sides[1].batch.replies[i].result));
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->to_sign, b->to_sign);
    for (int i = 0; i < a->count; i++) {
        struct ntp_header *last = &f->last[a->msgs[i].remote.addr.u.v4[3]];

        assert_int_equal(a->msgs[i].length, b->msgs[i].length);
        assert_memory_equal(a->data[i], b->data[i], a->msgs[i].length);
        assert_true(ip_addr_equal(&a->msgs[i].remote.addr, &b->msgs[i].remote.addr));
        assert_int_equal(a->msgs[i].want_tx_timestamp, b->msgs[i].want_tx_timestamp);
        ntp_header_read(a->data[i], last);
    }
    for (int i = 0; i < a->to_sign; i++)
        assert_memory_equal(a->signing[i], b->signing[i], NTP_HEADER_LENGTH);
    assert_memory_equal(f->sides[0].shard.counts, f->sides[1].shard.counts,
                        sizeof(struct server_counts));
}

static void compare_reports(struct fixture *f)
{
    struct report_serverstats a, b;

    server_shard_report_stats(&f->sides[0].shard, &a);
    server_shard_report_stats(&f->sides[1].shard, &b);
    assert_int_equal(a.ntp_hits, b.ntp_hits);
    assert_int_equal(a.ntp_drops, b.ntp_drops);
    assert_int_equal(a.ntp_timestamps, b.ntp_timestamps);
    assert_int_equal(a.ntp_span_seconds, b.ntp_span_seconds);
}

/* ---- Tests ---- */

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct subnet all = {.bits = 0}, ten = {ip_addr_v4(10, 0, 0, 0), 8};

    f->random = seed;
    f->sim = sim_world_new();
    f->loop = loop_new(sim_world_interface(f->sim));
    f->conf.client_log.limit = 524288;
    f->conf.client_log.ntp = (struct ratelimit_conf){true, 0, 8, 2, 2};
    f->access = access_table_new();
    access_table_set(f->access, &all, true, false);
    access_table_set(f->access, &ten, false, false);
    f->keys = ntp_keys_new();
    sim_set_file(f->sim, "/keys", KEYS, 0640);
    ntp_keys_load(f->keys, sim_world_interface(f->sim), "/keys");
    f->nts_keys = server_keys_new(sim_world_interface(f->sim), f->loop, NULL, 0);
    f->context.aead = AEAD_AES_SIV_CMAC_256;
    f->context.c2s.length = f->context.s2c.length = aead_key_length(AEAD_AES_SIV_CMAC_256);
    for (size_t i = 0; i < f->context.c2s.length; i++) {
        f->context.c2s.data[i] = (uint8_t)i;
        f->context.s2c.data[i] = (uint8_t)(100 + i);
    }
    const struct server_tables tables = {access_table_value(f->access), ntp_keys_value(f->keys),
                                         server_keys_value(f->nts_keys)};
    f->snapshot = server_snapshots_new(&tables, 1);
    f->snapshot->limits = client_limits_make(&f->conf.client_log);
    f->snapshot->signing = true;
    f->snapshot->time = (struct transmit_time){
        .event_time = {{SIM_START, 400000}},
        .reference = {.synchronised = true, .stratum = 2, .refid = 0xc0000201},
        .precision_log = -24,
        .quantum = 1e-7,
    };
    for (size_t i = 0; i < COUNT(f->sides); i++)
        open_side(f, &f->sides[i]);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(f->sides); i++)
        close_side(&f->sides[i]);
    server_snapshots_free(f->snapshot);
    server_keys_free(f->nts_keys);
    ntp_keys_free(f->keys);
    access_table_free(f->access);
    loop_free(f->loop);
    sim_world_free(f->sim);
    free(f);
    return 0;
}

static void compare_batches(struct fixture *f)
{
    /* All that a mix is made for. */
    static const enum server_result kinds[] = {
        SERVER_ANSWERED,          SERVER_ANSWERED_TIMES_KEPT, SERVER_ANSWERED_INTERLEAVED,
        SERVER_ANSWERED_KOD_RATE, SERVER_ANSWERED_KOD_NTSN,   SERVER_ANSWERED_TO_SIGN,
        SERVER_DROPPED_VERSION,   SERVER_DROPPED_FIELDS,      SERVER_DROPPED_ACCESS,
        SERVER_DROPPED_MODE,      SERVER_DROPPED_RATE,        SERVER_DROPPED_KODS,
        SERVER_DROPPED_KEY,       SERVER_DROPPED_NTS,
    };
    long requests = 0;

    for (long i = 0; i < batches; i++) {
        const int count = make_batch(f);

        for (size_t s = 0; s < COUNT(f->sides); s++)
            answer_batch(f, &f->sides[s], count);
        compare_sides(f, count);
        requests += count;
    }
    compare_reports(f);
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (f->sides[0].shard.counts->results[kinds[i]] == 0)
            fail_msg("no request was %s", server_result_text(kinds[i]));
    print_message("%ld requests, %lu replies with authentication\n", requests,
                  (unsigned long)f->sides[0].shard.counts->auth_hits);
}

static void batches_are_answered_as_single_requests_are(void **state)
{
    struct fixture *f = *state;

    f->sides[1].batch.room = server_room_load();
    if (!f->sides[1].batch.room)
        skip(); /* without libipsec-mb */
    compare_batches(f);
}

static void steps_for_all_requests_are_those_of_single_ones(void **state)
{
    struct fixture *f = *state;

    f->sides[1].batch.room = server_room_new(aead_batch_new(false));
    compare_batches(f);
}

/* ---- Work ---- */

/* What the answer to one request costs. */
static struct aead_counts cost_of(struct fixture *f, struct aead_batch *work,
                                  struct server_room *room, const struct request *r,
                                  enum server_result *result)
{
    const struct aead_counts before = *aead_batch_counts(work);
    struct ntp_arrival arrival = {
        .packet = r->packet,
        .length = r->length,
        .remote = {ip_addr_v4(192, 0, 2, 1), 5000},
        .time = {.time = {{SIM_START, 0}}},
    };
    uint8_t reply[NTP_MAX_LENGTH];
    struct writer w = writer_make(reply, sizeof(reply));

    server_answer_all(f->snapshot, &f->sides[1].shard, room, &arrival, 1, &w, result);
    const struct aead_counts *after = aead_batch_counts(work);
    return (struct aead_counts){after->operations - before.operations,
                                after->expansions - before.expansions,
                                after->blocks - before.blocks};
}

static size_t nts_request(struct fixture *f, struct request *r, const struct nts_spec *spec)
{
    struct writer w = writer_make(r->packet, sizeof(r->packet));

    w.pos = put_header(r->packet, 4, NTP_MODE_CLIENT);
    put_nts(f, &w, spec);
    r->length = w.failed ? 0 : w.pos;
    return r->length;
}

/*
 * The usual request: a cookie of 64 octets of plaintext is opened (1 + 1 + 1 + 4 + 4 blocks) and
 * another one made (the same), 188 octets are verified (1 + 12 + 1 + 1), and a reply of 84 octets
 * gets 104 encrypted ones (1 + 6 + 1 + 7 + 7): 59 blocks. Keys of client and server are expanded.
 *
 * Two placeholders more, of 104 octets, are verified (13), perhaps decrypted (13), and paid with
 * two cookies (22) that are encrypted (26): 37 blocks each. Other octets are verified and
 * decrypted, or verified and copied into the reply, which is authenticated: 2 blocks for each 16.
 * Blocks that are not full make up to 5 more.
 */
static uint64_t most_blocks(size_t usual_length, size_t length, int placeholders)
{
    const int paid = placeholders < NTS_MAX_COOKIES ? placeholders : NTS_MAX_COOKIES - 1;
    const size_t in_fields = usual_length + (size_t)paid * (usual_length - WITHOUT_COOKIE);
    const size_t others = length > in_fields ? length - in_fields : 0;

    return USUAL_BLOCKS + 37 * (uint64_t)paid + others / 8 + 5;
}

static void no_request_costs_more_than_its_length_allows(void **state)
{
    const struct nts_spec usual = {.uid_length = 32, .uids = 1};
    struct fixture *f = *state;
    struct aead_batch *work = aead_batch_new(false);
    struct server_room *room = server_room_new(work);
    struct request r;
    enum server_result result;
    size_t answered = 0, nearly = 0;

    f->snapshot->limits = client_limits_make(&(struct client_log_conf){.limit = 524288});
    const size_t usual_length = nts_request(f, &r, &usual);
    assert_int_equal(usual_length,
                     WITHOUT_COOKIE + (aead_supported(AEAD_AES_128_GCM_SIV) ? 100 : 104));
    const struct aead_counts normal = cost_of(f, work, room, &r, &result);
    assert_int_equal(result, SERVER_ANSWERED);
    assert_int_equal(normal.operations, 4);
    assert_int_equal(normal.expansions, 4);
    assert_int_equal(normal.blocks, USUAL_BLOCKS);

    for (int i = 0; i < 20000; i++) {
        const struct nts_spec spec = {
            .uid_length = 12 + 4 * draw(f, draw(f, 2) ? 10 : LONGEST / 4),
            .uids = 1 + (int)draw(f, 4),
            .placeholders = draw(f, 2) ? (int)draw(f, 10) : 0,
            .junk = draw(f, 2) ? 12 + 4 * draw(f, LONGEST / 4) : 0,
            .encrypted = draw(f, 3) ? 0 : draw(f, 9),
            .slot = (int)draw(f, NTS_SERVER_KEYS + 1) - 1,
        };

        if (nts_request(f, &r, &spec) == 0)
            continue;
        if (draw(f, 4) == 0)
            r.packet[draw(f, (uint32_t)r.length)] ^= 1;
        const struct aead_counts cost = cost_of(f, work, room, &r, &result);
        const uint64_t most =
            most_blocks(usual_length, r.length, spec.placeholders + (int)spec.encrypted);

        answered += result == SERVER_ANSWERED;
        assert_true(cost.operations <= 3 + NTS_MAX_COOKIES);
        assert_true(cost.expansions <= normal.expansions);
        if (cost.blocks > most)
            fail_msg("%zu octets cost %lu blocks, not %lu", r.length, (unsigned long)cost.blocks,
                     (unsigned long)most);
        nearly += cost.blocks + 20 > most && r.length > 500;
    }
    /* The limit is not out of reach. */
    assert_true(nearly > 0);
    assert_in_range(answered, 4000, 18000);
    server_room_free(room);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(batches_are_answered_as_single_requests_are),
        TEST(steps_for_all_requests_are_those_of_single_ones),
        TEST(no_request_costs_more_than_its_length_allows),
    };

    if (argc > 1)
        batches = strtol(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
