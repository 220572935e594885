/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of a client, its request rate and its token buckets (ntp.md 23.4 to 23.6): functions
 * of plain integers. They are in a header, without a call of anything else, because the program
 * that answers in the kernel (ntp/server/xdp/program.c) is compiled from them as well as the
 * client log (ntp/server/client_log.c).
 */
#ifndef NTP_SERVER_CLIENT_RECORD_H
#define NTP_SERVER_CLIENT_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "ntp/server/client_limits.h"

#define CLIENT_SLOT_RECORDS 8
#define CLIENT_INVALID_RATE (-128)
#define CLIENT_RATE_SCALE   4 /* rates are in quarters of log2 */
#define CLIENT_MIN_RATE_LOG (-20)
#define CLIENT_MAX_RATE_LOG 56

struct client_record {
    struct ip_addr addr; /* IP_UNSPEC: empty */
    uint32_t last_hit[CLIENT_SERVICES];
    uint32_t hits[CLIENT_SERVICES];
    uint16_t drops[CLIENT_SERVICES];
    uint16_t tokens[CLIENT_SERVICES];
    int8_t rate[CLIENT_SERVICES];
    int8_t ntp_timeout_rate;
    uint8_t drop_flags;
};

/* What is decided about an access. */
enum limit_result { LIMIT_PASS, LIMIT_DROP, LIMIT_KOD };

/* One step of the hash of an address, over its octets in network order; it begins with the seed of
   the table. */
static inline uint32_t client_hash_step(uint32_t hash, uint8_t octet)
{
    return (hash ^ octet) * 16777619U;
}

static inline int32_t client_time_since(uint32_t now, uint32_t then)
{
    return (int32_t)(now - then);
}

/* A new record in place of what was there. */
static inline void client_record_init(struct client_record *r, const struct client_limits *limits,
                                      const struct ip_addr *addr)
{
    *r = (struct client_record){.addr = *addr, .ntp_timeout_rate = CLIENT_INVALID_RATE};
    for (int i = 0; i < CLIENT_SERVICES; i++) {
        r->tokens[i] = limits->services[i].bucket.max_tokens;
        r->rate[i] = CLIENT_INVALID_RATE;
    }
}

/* When a record was used last; 0: never. */
static inline uint32_t client_record_latest(const struct client_record *r)
{
    uint32_t latest = r->last_hit[0];

    for (int i = 1; i < CLIENT_SERVICES; i++)
        if (latest == 0 || (r->last_hit[i] != 0 && client_time_since(r->last_hit[i], latest) > 0))
            latest = r->last_hit[i];
    return latest;
}

static inline uint64_t client_record_total(const struct client_record *r)
{
    uint64_t total = 0;

    for (int i = 0; i < CLIENT_SERVICES; i++)
        total += r->hits[i];
    return total;
}

static inline void client_update_tokens(const struct token_bucket *b, struct client_record *r,
                                        enum client_service s, uint32_t prev, uint32_t now)
{
    uint32_t interval = now - prev, gain;

    if (b->shift >= 0)
        gain = (now >> b->shift) - (prev >> b->shift);
    else if (interval > b->max_tokens)
        gain = b->max_tokens;
    else
        gain = interval << -b->shift;

    r->tokens[s] = gain > (uint32_t)(b->max_tokens - r->tokens[s])
                       ? b->max_tokens
                       : (uint16_t)(r->tokens[s] + gain);
}

/* The binary logarithm, rounded down; 0 of 0. The number of steps does not depend on how long a
   client was silent. */
static inline int client_floor_log2(uint64_t x)
{
    int log = 0;

    for (int step = 32; step > 0; step /= 2) {
        if (x >> step) {
            x >>= step;
            log += step;
        }
    }
    return log;
}

/* Quarters of the rounded binary logarithm of an interval in seconds. */
static inline int client_interval_log(uint32_t interval)
{
    const int ticks = -CLIENT_LOG_TIME_BITS * CLIENT_RATE_SCALE;

    if (interval == 0)
        return CLIENT_MIN_RATE_LOG;
    int v = ticks + CLIENT_RATE_SCALE * client_floor_log2((uint64_t)interval + interval / 2);
    return v < CLIENT_MAX_RATE_LOG ? v : CLIENT_MAX_RATE_LOG;
}

/* x / 2, without a signed division, which the machine of the kernel lacks. */
static inline int client_half(int x)
{
    return x < 0 ? -(int)((unsigned int)-x / 2) : (int)((unsigned int)x / 2);
}

static inline int8_t client_new_rate(int8_t rate, uint32_t interval)
{
    int v = client_interval_log(interval), r = rate;

    if (r == CLIENT_INVALID_RATE)
        r = -v;
    else if (r < -v)
        r++;
    else if (r > -v)
        r = r > 10 - v ? 10 - v : client_half(r - v - 1);
    return (int8_t)r;
}

/* Counts an access at a time of the log. */
static inline void client_record_hit(struct client_record *r, const struct client_limits *limits,
                                     enum client_service service, uint32_t stamp)
{
    uint32_t prev = r->last_hit[service];

    r->last_hit[service] = stamp;
    r->hits[service]++;
    if (prev == 0 || client_time_since(stamp, prev) < 0)
        return;
    client_update_tokens(&limits->services[service].bucket, r, service, prev, stamp);
    if (service == CLIENT_NTP && (r->drop_flags & (1U << CLIENT_NTP)))
        r->ntp_timeout_rate = client_new_rate(r->ntp_timeout_rate, stamp - prev);
    else
        r->rate[service] = client_new_rate(r->rate[service], stamp - prev);
}

/* Takes the tokens of the access that was counted last, for a service that is limited. False: there
   are not enough, and client_record_limit() decides. */
static inline bool client_record_take(struct client_record *r, const struct client_limits *limits,
                                      enum client_service service)
{
    const struct token_bucket *bucket = &limits->services[service].bucket;

    r->drop_flags &= (uint8_t) ~(1U << service);
    if (r->tokens[service] < bucket->tokens_per_hit)
        return false;
    r->tokens[service] = (uint16_t)(r->tokens[service] - bucket->tokens_per_hit);
    return true;
}

/*
 * Decides about an access without tokens. A drop is counted in the record. Of `random` the lowest
 * bits decide whether the access leaks through, and those from bit 16 on whether it is answered
 * with a kiss-o'-death.
 */
static inline enum limit_result client_record_limit(struct client_record *r,
                                                    const struct client_limits *limits,
                                                    enum client_service service, uint32_t random)
{
    const struct token_bucket *bucket = &limits->services[service].bucket;
    bool drop = (random & ((1U << bucket->leak) - 1)) != 0;

    /* A client that asks faster without replies causes less load if most of its requests are
       answered. */
    if (service == CLIENT_NTP && r->ntp_timeout_rate != CLIENT_INVALID_RATE &&
        r->ntp_timeout_rate > r->rate[service] + CLIENT_RATE_SCALE)
        drop = !drop;
    if (!drop) {
        r->tokens[service] = 0;
        return LIMIT_PASS;
    }
    if (bucket->kod > 0 && (random >> 16 & ((1U << bucket->kod) - 1)) == 0)
        return LIMIT_KOD;

    r->drop_flags |= (uint8_t)(1U << service);
    r->drops[service]++;
    return LIMIT_DROP;
}

#endif
