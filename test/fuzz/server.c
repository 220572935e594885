/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer path of the NTP server with keys, NTS, rate limits and interleaved replies. The first
 * octet says what is done with the rest of the input: a valid MAC is appended to it, or NTS fields
 * with a valid cookie and authenticator, so that what lies behind them is reached. No answer may be
 * longer than its request. A second shard answers the same request as one of a batch that makes
 * each step for all, and has to come to the same.
 */
#include <stdlib.h>
#include <string.h>
#include "base/aead_batch.h"
#include "base/text.h"
#include "conf/conf.h"
#include "ntp/keys.h"
#include "ntp/server/answer.h"
#include "nts/auth_field.h"
#include "nts/cookie.h"
#include "nts/server_auth.h"
#include "nts/server_keys.h"
#include "test/fuzz/support.h"

#define KEYS                                                                                       \
    "1 MD5 first\n2 SHA1 second\n3 SHA256 third\n4 AES128 HEX:000102030405060708090a0b0c0d0e0f\n"

struct server {
    struct fuzz_world fuzz;
    struct fuzz_world twin; /* of the second shard: the same random octets */
    struct loop *loop;
    struct conf conf;
    struct client_log *logs[2];
    struct access_table *access;
    struct ntp_keys *keys;
    struct nts_server_keys *server_keys;
    struct server_shard shard;  /* has the first log */
    struct server_shard second; /* the other one */
    struct server_room *room;
    struct server_snapshot *snapshot;
};

static void make_snapshot(struct server *s)
{
    const struct server_tables tables = {access_table_value(s->access), ntp_keys_value(s->keys),
                                         server_keys_value(s->server_keys)};

    s->snapshot = server_snapshots_new(&tables, 1);
    s->snapshot->limits = client_limits_make(&s->conf.client_log);
    s->snapshot->signing = true;
    s->snapshot->time = (struct transmit_time){
        .event_time = {{FUZZ_TIME, 4000}},
        .reference = {.synchronised = true, .stratum = 2},
        .precision_log = -24,
        .quantum = 1e-7,
        .add_net_correction = true,
    };
}

static struct server *make_server(void)
{
    struct server *s = mem_alloc(sizeof(*s));
    const struct subnet all = {.bits = 0};

    fuzz_world_init(&s->fuzz, (const uint8_t *)KEYS, strlen(KEYS));
    s->conf.client_log.limit = 10000;
    s->conf.client_log.ntp = (struct ratelimit_conf){true, -4, 8, 2, 1};
    fuzz_world_init(&s->twin, NULL, 0);
    s->logs[0] = client_log_new(&s->fuzz.world, &s->conf.client_log);
    s->logs[1] = client_log_new(&s->twin.world, &s->conf.client_log);
    s->access = access_table_new();
    access_table_set(s->access, &all, true, false);
    s->keys = ntp_keys_new();
    ntp_keys_load(s->keys, &s->fuzz.world, "/keys");
    s->loop = loop_new(&s->fuzz.world);
    s->server_keys = server_keys_new(&s->fuzz.world, s->loop, NULL, 0);
    server_shard_init(&s->shard, &s->fuzz.world, s->logs[0]);
    server_shard_init(&s->second, &s->twin.world, s->logs[1]);
    s->shard.nts = s->second.nts = nts_server_auth_ops();
    s->room = server_room_new(aead_batch_new(false));
    make_snapshot(s);
    s->twin.random = s->fuzz.random;
    return s;
}

static void add_nts(const struct server *s, struct writer *w, int placeholders)
{
    static const uint8_t uid[32], nonce[NTS_NONCE_LENGTH];
    struct nts_context context = {.aead = AEAD_AES_SIV_CMAC_256};
    struct nts_cookie cookie;

    context.c2s.length = context.s2c.length = aead_key_length(context.aead);
    bool made =
        nts_cookie_make(server_keys_current(s->server_keys), NULL, &context, nonce, &cookie);
    assert(made);
    ntp_ext_add(w, NTP_EXT_NTS_UID, uid, sizeof(uid));
    ntp_ext_add(w, NTP_EXT_NTS_COOKIE, cookie.data, cookie.length);
    for (int i = 0; i < placeholders; i++)
        ntp_ext_add(w, NTP_EXT_NTS_PLACEHOLDER, NULL, cookie.length);
    if (!w->failed)
        auth_field_add(w, context.aead, &context.c2s, nonce, NULL, 0, 0);
}

/* The length of the request, 0: there is none. */
static size_t make_request(const struct server *s, const uint8_t *data, size_t size,
                           uint8_t *request, size_t max)
{
    struct writer w = writer_make(request, max);
    unsigned int what = data[0];

    writer_bytes(&w, data + 1, size - 1);
    if (w.failed || w.pos < NTP_HEADER_LENGTH || (what & 7) == 0)
        return w.failed ? 0 : w.pos;
    if ((what & 7) <= 4)
        key_table_add_mac(ntp_keys_table(s->keys), what & 7, request[0] >> 3 & 7, &w);
    else if ((what & 7) == 5)
        add_nts(s, &w, (int)(what >> 4));
    return w.failed ? 0 : w.pos;
}

static void ask_second(struct server *s, const struct ntp_arrival *arrival,
                       enum server_result result, const struct writer *reply)
{
    uint8_t second[NTP_MAX_LENGTH];
    struct writer w = writer_make(second, sizeof(second));
    enum server_result second_result;

    server_answer_all(s->snapshot, &s->second, s->room, arrival, 1, &w, &second_result);
    assert(second_result == result);
    if (server_result_has_reply(result))
        assert(w.pos == reply->pos && memcmp(second, reply->data, w.pos) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct server *s;
    static uint32_t count;
    uint8_t packet[2048], reply[NTP_MAX_LENGTH];
    struct writer w = writer_make(reply, sizeof(reply));

    if (!s)
        s = make_server();
    if (size < 2)
        return 0;
    size_t length = make_request(s, data, size, packet, sizeof(packet));
    if (length == 0)
        return 0;
    count++;
    /* In a buffer of its own length, so that a read behind it is found. */
    uint8_t *request = mem_alloc(length);
    memcpy(request, packet, length);
    const struct ntp_arrival arrival = {
        .packet = request,
        .length = length,
        .remote = {ip_addr_v4(10, 0, (uint8_t)(count >> 6), 1), 123},
        .time = {.time = {{FUZZ_TIME + (count >> 8), 1000 * (count & 255)}}},
    };
    enum server_result result = server_answer(s->snapshot, &s->shard, &arrival, &w);
    if (server_result_has_reply(result)) {
        assert(w.pos >= NTP_HEADER_LENGTH && w.pos <= length);
        assert((request[0] >> 3 & 7) == (reply[0] >> 3 & 7));
    }
    ask_second(s, &arrival, result, &w);
    if (server_result_keeps_times(result)) {
        server_keep_times(s->snapshot, &s->shard, reply, arrival.time.time);
        server_keep_times(s->snapshot, &s->second, reply, arrival.time.time);
    }
    free(request);
    return 0;
}
