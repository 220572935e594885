/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client access log. Memory is bounded by clientloglimit, and a flood of spoofed addresses only
 * replaces the oldest records. Nothing is allocated for a packet except when the table doubles,
 * which happens at most 21 times, and never in memory that processes share. It never logs.
 *
 * The table is a block without pointers. Another process that reads it takes nothing in it for
 * granted: numbers are read once and checked, records are copied before they are looked at.
 */
#include "ntp/server/client_log.h"

#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "conf/groups.h"
#include "ntp/random_pool.h"

#define SLOT_RECORDS     CLIENT_SLOT_RECORDS
#define SLOT_BYTES       960 /* two tables of 64 + 16 octets for each record, times 3/2 */
#define MAX_SLOTS        (1UL << 21)
#define TIME_FRAC_BITS   CLIENT_LOG_TIME_BITS
#define INVALID_RATE     CLIENT_INVALID_RATE
#define RATE_SCALE       CLIENT_RATE_SCALE
#define UNKNOWN_INTERVAL 127
#define NEVER            UINT32_MAX

struct service {
    uint64_t total_hits;
    uint64_t total_drops;
};

struct table {
    uint32_t slots; /* a power of two */
    uint32_t seed;
    struct instant time_offset;
    struct service services[CLIENT_SERVICES];
    uint64_t record_drops;
    uint32_t used; /* records that are not empty */
    _Alignas(8) struct client_record records[];
};

struct client_log {
    struct random_pool random;
    struct table *table;
    uint32_t max_slots; /* a power of two; 0: the log is not active */
    bool is_shared;     /* the table has its full size, and belongs to somebody else */
};

/* ---- Making and freeing ---- */

static uint32_t max_slots(const struct client_log_conf *conf)
{
    const unsigned long limit = conf->limit / SLOT_BYTES;
    uint32_t slots = 1;

    if (conf->off)
        return 0;
    while (2UL * slots <= limit && 2UL * slots <= MAX_SLOTS)
        slots *= 2;
    return slots;
}

static size_t table_size(uint32_t slots)
{
    return sizeof(struct table) + (size_t)slots * SLOT_RECORDS * sizeof(struct client_record);
}

static void table_init(struct client_log *log)
{
    struct table *table = log->table;

    if (log->max_slots == 0)
        return;
    table->slots = 1;
    do
        table->seed = random_pool_u32(&log->random);
    while (table->seed == 0);
    /* Hides the phase of the server's clock in the ages that are reported: 0 to 1/16 s. */
    uint32_t phase = random_pool_u32(&log->random) % (1000000000U >> TIME_FRAC_BITS);
    table->time_offset = (struct instant){.nsec = (int32_t)phase};
}

struct client_log *client_log_new(const struct world *world, const struct client_log_conf *conf)
{
    struct client_log *log = mem_alloc(sizeof(*log));

    log->random = random_pool_make(world);
    log->max_slots = max_slots(conf);
    log->table = mem_alloc(table_size(log->max_slots > 0));
    table_init(log);
    return log;
}

size_t client_log_memory(const struct client_log_conf *conf)
{
    return table_size(max_slots(conf));
}

struct client_log *client_log_view(const struct client_log_conf *conf, const void *memory)
{
    struct client_log *log = mem_alloc(sizeof(*log));

    log->max_slots = max_slots(conf);
    log->table = (struct table *)(uintptr_t)memory;
    log->is_shared = true;
    return log;
}

void client_log_free(struct client_log *log)
{
    if (!log)
        return;
    if (!log->is_shared)
        free(log->table);
    free(log);
}

size_t client_log_capacity(const struct client_log *log)
{
    return (size_t)log->max_slots * SLOT_RECORDS;
}

/* ---- With records that another program writes ---- */

size_t client_log_head(void)
{
    return sizeof(struct table);
}

uint32_t client_log_slots(const struct client_log_conf *conf)
{
    return max_slots(conf);
}

struct client_log *client_log_new_foreign(const struct world *world,
                                          const struct client_log_conf *conf, void *memory)
{
    struct client_log *log = client_log_view(conf, memory);

    log->random = random_pool_make(world);
    table_init(log);
    log->table->slots = log->max_slots;
    return log;
}

uint32_t client_log_seed(const struct client_log *log)
{
    return log->table->seed;
}

uint32_t client_log_phase(const struct client_log *log)
{
    return (uint32_t)log->table->time_offset.nsec;
}

void client_log_set_totals(struct client_log *log, const struct client_log_totals *totals)
{
    log->table->services[CLIENT_NTP] = (struct service){totals->hits, totals->drops};
    log->table->record_drops = totals->record_drops;
    log->table->used = totals->used;
}

/* ---- Records ---- */

/* The size of the table, whatever another process may have written there. */
static uint32_t slots_of(const struct client_log *log)
{
    const uint32_t slots = *(const volatile uint32_t *)&log->table->slots;

    if (log->max_slots == 0)
        return 0;
    return slots >= 1 && slots <= log->max_slots && (slots & (slots - 1)) == 0 ? slots : 1;
}

static uint32_t time_fixed(const struct client_log *log, struct local_time now)
{
    struct instant t = instant_make(now.i.sec, (int64_t)now.i.nsec + log->table->time_offset.nsec);
    uint32_t frac = (140740U * ((uint32_t)t.nsec >> 15)) >> 28;

    return ((uint32_t)t.sec << TIME_FRAC_BITS) | frac;
}

static uint32_t slot_of(const struct client_log *log, uint32_t slots, const struct ip_addr *addr)
{
    const uint8_t *octets;
    size_t length = ip_addr_octets(addr, &octets);
    uint32_t h = log->table->seed;

    for (size_t i = 0; i < length; i++)
        h = client_hash_step(h, octets[i]);
    return h & (slots - 1);
}

/* The end of the process that wrote the table may have come between any two steps. Nothing then is
   in the wrong place, but the number of records may be wrong. */
static bool table_check(struct client_log *log)
{
    struct table *table = log->table;
    const size_t count = (size_t)table->slots * SLOT_RECORDS;
    uint32_t used = 0;

    if (table->slots != slots_of(log) || table->seed == 0 || table->time_offset.sec != 0 ||
        table->time_offset.nsec < 0 || table->time_offset.nsec >= 1000000000 >> TIME_FRAC_BITS)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct ip_addr *addr = &table->records[i].addr;

        if (addr->family == IP_UNSPEC)
            continue;
        if (!ip_addr_is_real(addr) || slot_of(log, table->slots, addr) != i / SLOT_RECORDS)
            return false;
        used++;
    }
    table->used = used;
    return true;
}

struct client_log *client_log_adopt(const struct world *world, const struct client_log_conf *conf,
                                    void *memory, bool *bad)
{
    struct client_log *log = client_log_view(conf, memory);
    const bool is_new = log->table->slots == 0;

    log->random = random_pool_make(world);
    *bad = log->max_slots > 0 && !is_new && !table_check(log);
    if (*bad)
        memset(memory, 0, table_size(log->max_slots));
    if (*bad || is_new)
        table_init(log);
    return log;
}

static struct client_record *slot_find(struct client_record *slot, const struct ip_addr *addr)
{
    for (int i = 0; i < SLOT_RECORDS; i++)
        if (ip_addr_equal(&slot[i].addr, addr))
            return &slot[i];
    return NULL;
}

static struct client_record *slot_empty(struct client_record *slot)
{
    for (int i = 0; i < SLOT_RECORDS; i++)
        if (slot[i].addr.family == IP_UNSPEC)
            return &slot[i];
    return NULL;
}

static struct client_record *slot_oldest(struct client_record *slot)
{
    struct client_record *oldest = &slot[0];

    for (int i = 1; i < SLOT_RECORDS; i++) {
        int32_t age =
            client_time_since(client_record_latest(oldest), client_record_latest(&slot[i]));
        if (age > 0 || (age == 0 && client_record_total(oldest) > client_record_total(&slot[i])))
            oldest = &slot[i];
    }
    return oldest;
}

/* Of a slot of the doubled table (the number of slots is a power of two), the records stay or move
   to the slot that is `half` further on. */
static void split_slot(struct client_log *log, uint32_t slot, uint32_t half)
{
    struct client_record *from = &log->table->records[(size_t)slot * SLOT_RECORDS];
    struct client_record *to = &log->table->records[(size_t)(slot + half) * SLOT_RECORDS];
    int kept = 0, moved = 0;

    memset(to, 0, SLOT_RECORDS * sizeof(*to));
    for (int i = 0; i < SLOT_RECORDS; i++) {
        if (from[i].addr.family == IP_UNSPEC)
            continue;
        if (slot_of(log, 2 * half, &from[i].addr) == slot)
            from[kept++] = from[i];
        else
            to[moved++] = from[i];
    }
    memset(&from[kept], 0, (size_t)(SLOT_RECORDS - kept) * sizeof(*from));
}

static bool table_grow(struct client_log *log)
{
    const uint32_t half = log->table->slots;

    if (2 * half > log->max_slots)
        return false;
    if (!log->is_shared)
        log->table = mem_resize(log->table, table_size(2 * half), 1);
    for (uint32_t slot = 0; slot < half; slot++)
        split_slot(log, slot, half);
    log->table->slots = 2 * half;
    return true;
}

static struct client_record *table_get(struct client_log *log, const struct client_limits *limits,
                                       const struct ip_addr *addr)
{
    for (;;) {
        struct table *table = log->table;
        struct client_record *slot =
            &table->records[(size_t)slot_of(log, table->slots, addr) * SLOT_RECORDS];
        struct client_record *r = slot_find(slot, addr);
        if (r)
            return r;
        r = slot_empty(slot);
        if (!r && table_grow(log))
            continue;
        if (!r) {
            r = slot_oldest(slot);
            table->record_drops++;
        } else {
            table->used++;
        }
        client_record_init(r, limits, addr);
        return r;
    }
}

int client_log_access(struct client_log *log, const struct client_limits *limits,
                      enum client_service service, const struct ip_addr *addr,
                      struct local_time now)
{
    log->table->services[service].total_hits++;
    if (log->max_slots == 0 || !ip_addr_is_real(addr))
        return -1;

    struct client_record *r = table_get(log, limits, addr);

    client_record_hit(r, limits, service, time_fixed(log, now));
    return (int)(r - log->table->records);
}

enum limit_result client_log_limit(struct client_log *log, const struct client_limits *limits,
                                   enum client_service service, int record)
{
    if (record < 0 || !limits->services[service].limited || log->max_slots == 0)
        return LIMIT_PASS;

    struct client_record *r = &log->table->records[record];
    if (client_record_take(r, limits, service))
        return LIMIT_PASS;
    const enum limit_result result =
        client_record_limit(r, limits, service, random_pool_u32(&log->random));
    if (result == LIMIT_DROP)
        log->table->services[service].total_drops++;
    return result;
}

void client_log_report_stats(const struct client_log *log, struct report_serverstats *report)
{
    const struct service *s = log->table->services;

    report->ntp_hits = s[CLIENT_NTP].total_hits;
    report->nts_ke_hits = s[CLIENT_NTS_KE].total_hits;
    report->cmd_hits = s[CLIENT_CMD].total_hits;
    report->ntp_drops = s[CLIENT_NTP].total_drops;
    report->nts_ke_drops = s[CLIENT_NTS_KE].total_drops;
    report->cmd_drops = s[CLIENT_CMD].total_drops;
    report->log_drops = log->table->record_drops;
}

uint32_t client_log_used(const struct client_log *log)
{
    const size_t capacity = client_log_capacity(log);
    const uint32_t used = *(const volatile uint32_t *)&log->table->used;

    return used < capacity ? used : (uint32_t)capacity;
}

int client_log_size(const struct client_log *log)
{
    return log->max_slots > 0 ? (int)(slots_of(log) * SLOT_RECORDS) : -1;
}

static int8_t reported_interval(int rate)
{
    if (rate == INVALID_RATE)
        return UNKNOWN_INTERVAL;
    return (int8_t)((rate + (rate > 0 ? 2 : -2)) / -RATE_SCALE);
}

static uint32_t reported_age(uint32_t now, uint32_t last)
{
    if (last == 0 || client_time_since(now, last) < 0)
        return NEVER;
    return (now - last) >> TIME_FRAC_BITS;
}

static void fill_report(const struct client_record *r, uint32_t now, struct report_client *report)
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

/* A copy of a record. False: it is empty, or there is no such record. */
static bool copy_record(const struct client_log *log, int index, struct client_record *r)
{
    if (index < 0 || index >= client_log_size(log))
        return false;
    memcpy(r, &log->table->records[index], sizeof(*r));
    return ip_addr_is_real(&r->addr);
}

/* The index of the record of an address; -1: there is none. */
static int find_record(const struct client_log *log, const struct ip_addr *addr,
                       struct client_record *r)
{
    const uint32_t slots = slots_of(log);

    if (slots == 0 || !ip_addr_is_real(addr))
        return -1;
    int first = (int)(slot_of(log, slots, addr) * SLOT_RECORDS);
    for (int i = first; i < first + SLOT_RECORDS; i++)
        if (copy_record(log, i, r) && ip_addr_equal(&r->addr, addr))
            return i;
    return -1;
}

static bool has_hits(const uint32_t hits[CLIENT_SERVICES], uint32_t min_hits)
{
    for (int i = 0; i < CLIENT_SERVICES; i++)
        if (hits[i] >= min_hits)
            return true;
    return min_hits == 0;
}

bool client_log_report(struct client_log *log, int index, bool reset, uint32_t min_hits,
                       struct local_time now, struct report_client *report)
{
    struct client_record r;

    if (!copy_record(log, index, &r))
        return false;
    bool wanted = has_hits(r.hits, min_hits);
    if (wanted)
        fill_report(&r, time_fixed(log, now), report);
    if (reset)
        client_log_reset(log, index, 1);
    return wanted;
}

bool client_log_knows(const struct client_log *log, const struct ip_addr *addr)
{
    struct client_record r;

    return find_record(log, addr, &r) >= 0;
}

bool client_log_address(const struct client_log *log, int index, struct ip_addr *addr)
{
    struct client_record r;

    if (!copy_record(log, index, &r))
        return false;
    *addr = r.addr;
    return true;
}

bool client_log_report_client(const struct client_log *log, const struct ip_addr *addr,
                              struct local_time now, struct report_client *report)
{
    struct client_record r;

    if (find_record(log, addr, &r) < 0)
        return false;
    fill_report(&r, time_fixed(log, now), report);
    return true;
}

void client_log_reset(struct client_log *log, int first, int count)
{
    const int size = client_log_size(log);

    for (int i = first; i >= 0 && i < size && i - first < count; i++) {
        struct client_record *r = &log->table->records[i];

        memset(r->hits, 0, sizeof(r->hits));
        memset(r->drops, 0, sizeof(r->drops));
    }
}

void client_log_reset_client(struct client_log *log, const struct ip_addr *addr)
{
    struct client_record r;
    const int index = find_record(log, addr, &r);

    if (index >= 0)
        client_log_reset(log, index, 1);
}
