/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client access log. Memory is bounded by clientloglimit, and a flood of spoofed addresses only
 * replaces the oldest records. Nothing is allocated for a packet except when the table doubles,
 * which happens at most 21 times. It never logs.
 */
#include "ntp/server/client_log.h"

#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "conf/groups.h"
#include "ntp/random_pool.h"

#define SLOT_RECORDS     8
#define SLOT_BYTES       960 /* two tables of 64 + 16 octets for each record, times 3/2 */
#define MAX_SLOTS        (1UL << 21)
#define TIME_FRAC_BITS   4
#define INVALID_RATE     (-128)
#define RATE_SCALE       4
#define MIN_RATE_LOG     (-20)
#define MAX_RATE_LOG     56
#define MIN_INTERVAL     (-19)
#define MAX_INTERVAL     12
#define UNKNOWN_INTERVAL 127
#define NEVER            UINT32_MAX

struct record {
    struct ip_addr addr; /* IP_UNSPEC: empty */
    uint32_t last_hit[CLIENT_SERVICES];
    uint32_t hits[CLIENT_SERVICES];
    uint16_t drops[CLIENT_SERVICES];
    uint16_t tokens[CLIENT_SERVICES];
    int8_t rate[CLIENT_SERVICES];
    int8_t ntp_timeout_rate;
    uint8_t drop_flags;
};

struct service {
    uint64_t total_hits;
    uint64_t total_drops;
};

struct client_log {
    struct random_pool random;
    struct record *records; /* NULL: the log is not active */
    uint32_t slots;
    uint32_t max_slots;
    uint32_t seed;
    struct instant time_offset;
    struct service services[CLIENT_SERVICES];
    uint64_t record_drops;
    uint32_t used; /* records that are not empty */
};

struct token_bucket token_bucket_make(int interval, int burst, int leak, int kod)
{
    struct token_bucket b = {
        .interval = clamp_int(MIN_INTERVAL, interval, MAX_INTERVAL),
        .leak = clamp_int(1, leak, 4),
        .kod = clamp_int(0, kod, 4),
    };
    int per_hit;

    burst = clamp_int(1, burst, 255);

    if (b.interval >= -TIME_FRAC_BITS) {
        int max_shift = TIME_FRAC_BITS + b.interval;
        while (b.shift < max_shift && (burst << (max_shift - b.shift)) >= 65536)
            b.shift++;
        per_hit = 1 << (max_shift - b.shift);
    } else {
        /* Tokens come faster than the clock of the log ticks, so several come with each tick. */
        b.shift = b.interval + TIME_FRAC_BITS;
        per_hit = 1;
        if (burst < 1 << -b.shift)
            burst = 1 << -b.shift;
    }
    b.tokens_per_hit = (uint16_t)per_hit;
    b.max_tokens = (uint16_t)(per_hit * burst);
    return b;
}

struct client_limits client_limits_make(const struct client_log_conf *conf)
{
    const struct ratelimit_conf *of[CLIENT_SERVICES] = {
        [CLIENT_NTP] = &conf->ntp,
        [CLIENT_NTS_KE] = &conf->nts,
        [CLIENT_CMD] = &conf->cmd,
    };
    struct client_limits limits;

    for (int i = 0; i < CLIENT_SERVICES; i++) {
        limits.services[i].limited = of[i]->enabled;
        limits.services[i].bucket = token_bucket_make(of[i]->interval, of[i]->burst, of[i]->leak,
                                                      i == CLIENT_NTP ? of[i]->kod : 0);
    }
    return limits;
}

int client_limits_interval(const struct client_limits *limits, enum client_service service)
{
    return limits->services[service].limited ? limits->services[service].bucket.interval
                                             : MIN_INTERVAL;
}

struct client_log *client_log_new(const struct world *world, const struct client_log_conf *conf)
{
    struct client_log *log = mem_alloc(sizeof(*log));
    unsigned long slots = conf->limit / SLOT_BYTES;

    log->random = random_pool_make(world);
    if (conf->off)
        return log;

    log->max_slots = (uint32_t)(slots < 1 ? 1 : slots > MAX_SLOTS ? MAX_SLOTS : slots);
    log->slots = 1;
    log->records = mem_array(SLOT_RECORDS, sizeof(*log->records));
    do
        log->seed = random_pool_u32(&log->random);
    while (log->seed == 0);
    /* Hides the phase of the server's clock in the ages that are reported: 0 to 1/16 s. */
    uint32_t phase = random_pool_u32(&log->random) % (1000000000U >> TIME_FRAC_BITS);
    log->time_offset = (struct instant){.nsec = (int32_t)phase};
    return log;
}

void client_log_free(struct client_log *log)
{
    if (!log)
        return;
    free(log->records);
    free(log);
}

size_t client_log_capacity(const struct client_log *log)
{
    size_t slots = 1;

    if (!log->records)
        return 0;
    while (2 * slots <= log->max_slots)
        slots *= 2;
    return slots * SLOT_RECORDS;
}

static uint32_t time_fixed(const struct client_log *log, struct local_time now)
{
    struct instant t = instant_make(now.i.sec, (int64_t)now.i.nsec + log->time_offset.nsec);
    uint32_t frac = (140740U * ((uint32_t)t.nsec >> 15)) >> 28;

    return ((uint32_t)t.sec << TIME_FRAC_BITS) | frac;
}

static int32_t time_since(uint32_t now, uint32_t then)
{
    return (int32_t)(now - then);
}

static uint32_t slot_of(const struct client_log *log, const struct ip_addr *addr)
{
    const uint8_t *octets;
    size_t length = ip_addr_octets(addr, &octets);
    uint32_t h = log->seed;

    for (size_t i = 0; i < length; i++)
        h = (h ^ octets[i]) * 16777619U;
    return h & (log->slots - 1); /* a power of two */
}

static void record_init(const struct client_limits *limits, struct record *r,
                        const struct ip_addr *addr)
{
    memset(r, 0, sizeof(*r));
    r->addr = *addr;
    r->ntp_timeout_rate = INVALID_RATE;
    for (int i = 0; i < CLIENT_SERVICES; i++) {
        r->tokens[i] = limits->services[i].bucket.max_tokens;
        r->rate[i] = INVALID_RATE;
    }
}

static uint32_t record_latest(const struct record *r)
{
    uint32_t latest = r->last_hit[0];

    for (int i = 1; i < CLIENT_SERVICES; i++)
        if (latest == 0 || (r->last_hit[i] != 0 && time_since(r->last_hit[i], latest) > 0))
            latest = r->last_hit[i];
    return latest;
}

static uint64_t record_total(const struct record *r)
{
    uint64_t total = 0;

    for (int i = 0; i < CLIENT_SERVICES; i++)
        total += r->hits[i];
    return total;
}

static struct record *slot_find(struct record *slot, const struct ip_addr *addr)
{
    for (int i = 0; i < SLOT_RECORDS; i++)
        if (ip_addr_equal(&slot[i].addr, addr))
            return &slot[i];
    return NULL;
}

static struct record *slot_empty(struct record *slot)
{
    for (int i = 0; i < SLOT_RECORDS; i++)
        if (slot[i].addr.family == IP_UNSPEC)
            return &slot[i];
    return NULL;
}

static struct record *slot_oldest(struct record *slot)
{
    struct record *oldest = &slot[0];

    for (int i = 1; i < SLOT_RECORDS; i++) {
        int32_t age = time_since(record_latest(oldest), record_latest(&slot[i]));
        if (age > 0 || (age == 0 && record_total(oldest) > record_total(&slot[i])))
            oldest = &slot[i];
    }
    return oldest;
}

static bool table_grow(struct client_log *log)
{
    uint32_t old_slots = log->slots;
    struct record *old = log->records;

    if (2 * old_slots > log->max_slots)
        return false;

    log->slots = 2 * old_slots;
    log->records = mem_array((size_t)log->slots * SLOT_RECORDS, sizeof(*log->records));
    /* A slot of the new table takes records from one old slot only (the number of slots is a power
       of two), so there always is an empty record. */
    for (size_t i = 0; i < (size_t)old_slots * SLOT_RECORDS; i++) {
        if (old[i].addr.family == IP_UNSPEC)
            continue;
        struct record *r = slot_empty(&log->records[slot_of(log, &old[i].addr) * SLOT_RECORDS]);
        if (r)
            *r = old[i];
    }
    free(old);
    return true;
}

static struct record *table_get(struct client_log *log, const struct client_limits *limits,
                                const struct ip_addr *addr)
{
    for (;;) {
        struct record *slot = &log->records[(size_t)slot_of(log, addr) * SLOT_RECORDS];
        struct record *r = slot_find(slot, addr);
        if (r)
            return r;
        r = slot_empty(slot);
        if (!r && table_grow(log))
            continue;
        if (!r) {
            r = slot_oldest(slot);
            log->record_drops++;
        } else {
            log->used++;
        }
        record_init(limits, r, addr);
        return r;
    }
}

static void update_tokens(const struct token_bucket *b, struct record *r, enum client_service s,
                          uint32_t prev, uint32_t now)
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

/* Quarters of the rounded binary logarithm of an interval in seconds. */
static int interval_log(uint32_t interval)
{
    int v = -TIME_FRAC_BITS * RATE_SCALE;

    if (interval == 0)
        return MIN_RATE_LOG;
    for (uint64_t i = (uint64_t)interval + interval / 2; i > 1 && v < MAX_RATE_LOG; i /= 2)
        v += RATE_SCALE;
    return v;
}

static void update_rate(int8_t *rate, uint32_t interval)
{
    int v = interval_log(interval), r = *rate;

    if (r == INVALID_RATE)
        r = -v;
    else if (r < -v)
        r++;
    else if (r > -v)
        r = r > 10 - v ? 10 - v : (r - v - 1) / 2;
    *rate = (int8_t)r;
}

int client_log_access(struct client_log *log, const struct client_limits *limits,
                      enum client_service service, const struct ip_addr *addr,
                      struct local_time now)
{
    log->services[service].total_hits++;
    if (!log->records || !ip_addr_is_real(addr))
        return -1;

    struct record *r = table_get(log, limits, addr);
    uint32_t prev = r->last_hit[service], stamp = time_fixed(log, now);

    r->last_hit[service] = stamp;
    r->hits[service]++;
    if (prev != 0 && time_since(stamp, prev) >= 0) {
        update_tokens(&limits->services[service].bucket, r, service, prev, stamp);
        bool dropped = service == CLIENT_NTP && (r->drop_flags & (1U << CLIENT_NTP));
        update_rate(dropped ? &r->ntp_timeout_rate : &r->rate[service], stamp - prev);
    }
    return (int)(r - log->records);
}

static bool random_bits_are_zero(struct client_log *log, int bits)
{
    return (random_pool_u32(&log->random) & ((1U << bits) - 1)) == 0;
}

enum limit_result client_log_limit(struct client_log *log, const struct client_limits *limits,
                                   enum client_service service, int record)
{
    const struct token_bucket *bucket = &limits->services[service].bucket;
    uint8_t flag = (uint8_t)(1U << service);

    if (record < 0 || !limits->services[service].limited || !log->records)
        return LIMIT_PASS;

    struct record *r = &log->records[record];
    r->drop_flags &= (uint8_t)~flag;
    if (r->tokens[service] >= bucket->tokens_per_hit) {
        r->tokens[service] = (uint16_t)(r->tokens[service] - bucket->tokens_per_hit);
        return LIMIT_PASS;
    }

    bool drop = !random_bits_are_zero(log, bucket->leak);
    /* A client that asks faster without replies causes less load if most of its requests are
       answered. */
    if (service == CLIENT_NTP && r->ntp_timeout_rate != INVALID_RATE &&
        r->ntp_timeout_rate > r->rate[service] + RATE_SCALE)
        drop = !drop;
    if (!drop) {
        r->tokens[service] = 0;
        return LIMIT_PASS;
    }
    if (bucket->kod > 0 && random_bits_are_zero(log, bucket->kod))
        return LIMIT_KOD;

    r->drop_flags |= flag;
    r->drops[service]++;
    log->services[service].total_drops++;
    return LIMIT_DROP;
}

void client_log_report_stats(const struct client_log *log, struct report_serverstats *report)
{
    const struct service *s = log->services;

    report->ntp_hits = s[CLIENT_NTP].total_hits;
    report->nts_ke_hits = s[CLIENT_NTS_KE].total_hits;
    report->cmd_hits = s[CLIENT_CMD].total_hits;
    report->ntp_drops = s[CLIENT_NTP].total_drops;
    report->nts_ke_drops = s[CLIENT_NTS_KE].total_drops;
    report->cmd_drops = s[CLIENT_CMD].total_drops;
    report->log_drops = log->record_drops;
}

uint32_t client_log_used(const struct client_log *log)
{
    return log->used;
}

int client_log_size(const struct client_log *log)
{
    return log->records ? (int)(log->slots * SLOT_RECORDS) : -1;
}

static int8_t reported_interval(int rate)
{
    if (rate == INVALID_RATE)
        return UNKNOWN_INTERVAL;
    return (int8_t)((rate + (rate > 0 ? 2 : -2)) / -RATE_SCALE);
}

static uint32_t reported_age(uint32_t now, uint32_t last)
{
    if (last == 0 || time_since(now, last) < 0)
        return NEVER;
    return (now - last) >> TIME_FRAC_BITS;
}

static void fill_report(const struct record *r, uint32_t now, struct report_client *report)
{
    *report = (struct report_client){
        .addr = r->addr,
        .ntp_hits = r->hits[CLIENT_NTP],
        .nts_ke_hits = r->hits[CLIENT_NTS_KE],
        .cmd_hits = r->hits[CLIENT_CMD],
        .ntp_drops = r->drops[CLIENT_NTP],
        .nts_ke_drops = r->drops[CLIENT_NTS_KE],
        .cmd_drops = r->drops[CLIENT_CMD],
        .ntp_interval = reported_interval(r->rate[CLIENT_NTP]),
        .nts_ke_interval = reported_interval(r->rate[CLIENT_NTS_KE]),
        .cmd_interval = reported_interval(r->rate[CLIENT_CMD]),
        .ntp_timeout_interval = reported_interval(r->ntp_timeout_rate),
        .last_ntp_ago = reported_age(now, r->last_hit[CLIENT_NTP]),
        .last_nts_ke_ago = reported_age(now, r->last_hit[CLIENT_NTS_KE]),
        .last_cmd_ago = reported_age(now, r->last_hit[CLIENT_CMD]),
    };
}

bool client_log_report(struct client_log *log, int index, bool reset, uint32_t min_hits,
                       struct local_time now, struct report_client *report)
{
    bool wanted = min_hits == 0;

    if (index < 0 || index >= client_log_size(log))
        return false;
    struct record *r = &log->records[index];
    if (r->addr.family == IP_UNSPEC)
        return false;

    for (int i = 0; i < CLIENT_SERVICES; i++)
        wanted = wanted || r->hits[i] >= min_hits;
    if (wanted)
        fill_report(r, time_fixed(log, now), report);
    if (reset) {
        memset(r->hits, 0, sizeof(r->hits));
        memset(r->drops, 0, sizeof(r->drops));
    }
    return wanted;
}
