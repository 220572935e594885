/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answering in four threads, each with a shard of its own, from one snapshot that is replaced
 * meanwhile: with each replacement the access rules, the symmetric keys, the NTS keys (by rotation)
 * and the reference are others. Each answer must follow from one snapshot alone. Under the thread
 * sanitizer this shows that no lock is missing.
 */
#include "test/unit/support/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "conf/conf.h"
#include "ntp/server/answer.h"
#include "nts/auth_field.h"
#include "nts/server_auth.h"
#include "nts/server_keys.h"
#include "test/unit/support/request.h"
#include "test/unit/support/world.h"

#define THREADS      4
#define REPLACEMENTS 40
#define ROTATION     100 /* seconds */
#define REFID        0xc0000200u

struct request {
    uint8_t packet[NTP_MAX_LENGTH];
    size_t length;
    struct ip_addr from;
};

enum { PLAIN, DENIED_IN_ODD, KEY_OF_EVEN, KEY_OF_ODD, NTS, REQUESTS };

struct worker {
    pthread_t thread;
    struct world world;
    struct world_ops ops;
    uint64_t random;
    struct client_log *log;
    struct server_shard shard;
    struct shared *shared;
    _Atomic(unsigned long) rounds; /* that have ended */
    uint64_t asked;
    uint64_t wrong; /* answers that do not follow from the snapshot */
};

struct shared {
    _Atomic(struct server_snapshot *) snapshot;
    atomic_bool stop;
    struct request requests[REQUESTS];
    uint32_t cookie_key; /* its ID */
    struct worker workers[THREADS];
};

struct fixture {
    struct sim_world *sim;
    struct loop *loop;
    struct conf conf;
    struct access_table *access;
    struct key_table *keys[2]; /* of even and odd snapshots */
    struct nts_server_keys *nts_keys;
    struct shared shared;
};

/* ---- The workers ---- */

static struct raw_time raw_now(void *ctx)
{
    return (struct raw_time){{SIM_START, 500000}};
}

static void random_bytes(void *ctx, void *out, size_t length)
{
    struct worker *w = ctx;

    for (size_t i = 0; i < length; i++) {
        w->random = w->random * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(w->random >> 56);
    }
}

static enum server_result expected(const struct shared *shared,
                                   const struct server_snapshot *snapshot, int request, bool odd)
{
    const struct nts_key_set *set = server_snapshot_at(snapshot, snapshot->nts_keys);

    switch (request) {
    case DENIED_IN_ODD:
        return odd ? SERVER_DROPPED_ACCESS : SERVER_ANSWERED_TIMES_KEPT;
    case KEY_OF_EVEN:
        return odd ? SERVER_DROPPED_KEY : SERVER_ANSWERED;
    case KEY_OF_ODD:
        return odd ? SERVER_ANSWERED : SERVER_DROPPED_KEY;
    case NTS:
        return set->keys[shared->cookie_key % NTS_SERVER_KEYS].id == shared->cookie_key
                   ? SERVER_ANSWERED
                   : SERVER_ANSWERED_KOD_NTSN;
    default:
        return SERVER_ANSWERED_TIMES_KEPT;
    }
}

static void ask(struct worker *w, const struct server_snapshot *snapshot, int request)
{
    const struct request *r = &w->shared->requests[request];
    bool odd = snapshot->time.reference.refid & 1;
    uint8_t reply[NTP_MAX_LENGTH];
    struct writer writer = writer_make(reply, sizeof(reply));
    struct ntp_arrival arrival = {
        .packet = r->packet,
        .length = r->length,
        .remote = {r->from, 5000},
        .time = {.time = {{SIM_START, 1000 * (int32_t)(w->asked % 100000)}}},
    };
    struct ntp_header header;

    arrival.remote.addr.u.v4[3] = (uint8_t)w->asked++;
    enum server_result result = server_answer(snapshot, &w->shard, &arrival, &writer);
    w->wrong += result != expected(w->shared, snapshot, request, odd);
    if (!server_result_has_reply(result))
        return;
    ntp_header_read(reply, &header);
    w->wrong +=
        header.refid !=
        (result == SERVER_ANSWERED_KOD_NTSN ? NTP_KOD_NTSN : snapshot->time.reference.refid);
    if (server_result_keeps_times(result))
        server_keep_times(snapshot, &w->shard, reply, arrival.time.time);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    while (!atomic_load(&w->shared->stop)) {
        const struct server_snapshot *snapshot = atomic_load(&w->shared->snapshot);

        for (int i = 0; i < REQUESTS; i++)
            ask(w, snapshot, i);
        atomic_fetch_add(&w->rounds, 1);
    }
    return NULL;
}

static void start_worker(struct fixture *f, int index)
{
    struct worker *w = &f->shared.workers[index];

    w->shared = &f->shared;
    w->ops = (struct world_ops){.raw_now = raw_now, .random_bytes = random_bytes};
    w->world = (struct world){.ops = &w->ops, .ctx = w};
    w->random = (uint64_t)index;
    w->log = client_log_new(&w->world, &f->conf.client_log);
    server_shard_init(&w->shard, &w->world, w->log);
    w->shard.nts = nts_server_auth_ops();
    assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
}

/* Each request has one result, and all workers had results of each kind. */
static void check_worker(struct worker *w)
{
    static const enum server_result kinds[] = {
        SERVER_ANSWERED,       SERVER_ANSWERED_TIMES_KEPT, SERVER_ANSWERED_KOD_NTSN,
        SERVER_DROPPED_ACCESS, SERVER_DROPPED_KEY,
    };
    uint64_t results = 0;

    for (int i = 0; i < SERVER_RESULTS; i++)
        results += w->shard.counts->results[i];
    assert_int_equal(results, w->asked);
    assert_int_equal(w->wrong, 0);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        assert_int_not_equal(w->shard.counts->results[kinds[i]], 0);
    server_shard_clear(&w->shard);
    client_log_free(w->log);
}

/* ---- The snapshots ---- */

static struct server_snapshot *make_snapshot(struct fixture *f, uint32_t number)
{
    const struct key_table *keys = f->keys[number % 2];
    const struct subnet ten = {ip_addr_v4(10, 0, 0, 0), 8};

    access_table_set(f->access, &ten, number % 2 == 0, true);
    const struct server_tables tables = {
        .access = access_table_value(f->access),
        .keys = {keys, key_table_size(keys), number},
        .nts_keys = server_keys_value(f->nts_keys),
    };
    struct server_snapshot *snapshot = server_snapshots_new(&tables, 1);
    snapshot->limits = client_limits_make(&f->conf.client_log);
    snapshot->time = (struct transmit_time){
        .event_time = {{SIM_START, 400000}},
        .reference = {.synchronised = true, .stratum = 2, .refid = REFID + number},
        .precision_log = -24,
        .quantum = 1e-7,
    };
    return snapshot;
}

/* Puts a snapshot in the place of another one, which is freed when the round of each worker that
   may have begun with it has ended. */
static void replace(struct fixture *f, struct server_snapshot *snapshot)
{
    struct server_snapshot *old = atomic_exchange(&f->shared.snapshot, snapshot);

    for (int i = 0; i < THREADS; i++) {
        unsigned long rounds = atomic_load(&f->shared.workers[i].rounds);

        while (atomic_load(&f->shared.workers[i].rounds) == rounds)
            sched_yield();
    }
    server_snapshots_free(old);
}

/* ---- The requests ---- */

/* Eligible for interleaved replies. */
static size_t put_plain(uint8_t *packet)
{
    const struct ntp_header h = {
        .version = 4, .mode = 3, .origin = {7, 1}, .receive = {5, 5}, .transmit = {6, 6}};

    ntp_header_write(packet, &h);
    return NTP_HEADER_LENGTH;
}

static size_t put_nts(struct fixture *f, uint8_t *packet)
{
    static const uint8_t uid[32], nonce[NTS_NONCE_LENGTH];
    const struct nts_server_key *key = server_keys_current(f->nts_keys);
    struct nts_context context = {.aead = AEAD_AES_SIV_CMAC_256};
    struct writer w = writer_make(packet, NTP_MAX_LENGTH);
    struct nts_cookie cookie;

    context.c2s.length = context.s2c.length = aead_key_length(context.aead);
    assert_true(nts_cookie_make(key, NULL, &context, nonce, &cookie));
    f->shared.cookie_key = key->id;
    w.pos = put_header(packet, 4, 3);
    ntp_ext_add(&w, NTP_EXT_NTS_UID, uid, sizeof(uid));
    ntp_ext_add(&w, NTP_EXT_NTS_COOKIE, cookie.data, cookie.length);
    assert_true(auth_field_add(&w, context.aead, &context.c2s, nonce, NULL, 0, 0));
    return w.pos;
}

static void make_requests(struct fixture *f)
{
    struct request *r = f->shared.requests;

    for (int i = 0; i < REQUESTS; i++)
        r[i].from = i == DENIED_IN_ODD ? ip_addr_v4(10, 0, 0, 0) : ip_addr_v4(192, 0, 2, 0);
    r[PLAIN].length = put_plain(r[PLAIN].packet);
    r[DENIED_IN_ODD].length = put_plain(r[DENIED_IN_ODD].packet);
    for (int i = 0; i < 2; i++) {
        struct request *with_mac = &r[i == 0 ? KEY_OF_EVEN : KEY_OF_ODD];
        struct writer w = writer_make(with_mac->packet, NTP_MAX_LENGTH);

        w.pos = put_header(with_mac->packet, 4, 3);
        assert_true(key_table_add_mac(f->keys[i], 1, 4, &w));
        with_mac->length = w.pos;
    }
    r[NTS].length = put_nts(f, r[NTS].packet);
}

static void shards_answer_in_threads_from_a_snapshot_that_is_replaced(void **state)
{
    static uint8_t values[2][16] = {"key of the even", "key of the odd."};
    const struct ntp_key first = {1, KEY_AES128, values[0], 16},
                         second = {1, KEY_MD5, values[1], 16};
    const struct subnet all = {.bits = 0};
    struct fixture *f = calloc(1, sizeof(*f));

    f->sim = sim_world_new();
    f->loop = loop_new(sim_world_interface(f->sim));
    f->conf.client_log.limit = 100000;
    f->access = access_table_new();
    access_table_set(f->access, &all, true, false);
    f->keys[0] = key_table_new(&first, 1);
    f->keys[1] = key_table_new(&second, 1);
    f->nts_keys = server_keys_new(sim_world_interface(f->sim), f->loop, NULL, ROTATION);
    make_requests(f);
    atomic_store(&f->shared.snapshot, make_snapshot(f, 0));

    for (int i = 0; i < THREADS; i++)
        start_worker(f, i);
    for (uint32_t i = 1; i <= REPLACEMENTS; i++) {
        if (i % 10 == 0)
            sim_run(f->sim, f->loop, ROTATION);
        replace(f, make_snapshot(f, i));
    }
    atomic_store(&f->shared.stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(f->shared.workers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++)
        check_worker(&f->shared.workers[i]);

    server_snapshots_free(atomic_load(&f->shared.snapshot));
    server_keys_free(f->nts_keys);
    key_table_free(f->keys[0]);
    key_table_free(f->keys[1]);
    access_table_free(f->access);
    loop_free(f->loop);
    sim_world_free(f->sim);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_answer_in_threads_from_a_snapshot_that_is_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
