/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the contents that the program in the kernel answers from. They are replaced as a whole: a
 * copy that is not in use is written, then the head names it. Access rules lie in one of two halves
 * of the nodes, and a change of them goes to the other half.
 */
#include "ntp/server/fast_path.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/refid.h"
#include "base/text.h"

#define MIN_NODES 16384 /* of each half */
/* The program multiplies nanoseconds as numbers of 32 bits. */
#define MAX_AGE_NS (UINT32_MAX - 1LL)
#define RATE_UNIT  4294967296.0 /* of rates in the time page */

struct fast_path {
    struct fast_path_memory memory;
    struct xdp_content content; /* the next one to be published */
    bool has_access;            /* the rules are complete */
    uint16_t port;              /* in network order */
    const struct world *world;
    int64_t slept_ns; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC */
    struct server_shard shard;
    struct client_log *log;
};

/* ---- Publishing ---- */

static void store(uint32_t *place, uint32_t value)
{
    atomic_store_explicit((_Atomic uint32_t *)place, value, memory_order_seq_cst);
}

/* Each word is stored with release, so no fences are needed: who has loaded a word of a later write
   then sees the numbers in the head that were stored before it. */
static void copy_words(void *to, const void *from, size_t size)
{
    _Atomic uint32_t *place = to;
    uint32_t word;

    for (size_t i = 0; i < size / sizeof(word); i++) {
        memcpy(&word, (const char *)from + i * sizeof(word), sizeof(word));
        atomic_store_explicit(&place[i], word, memory_order_release);
    }
}

/* Without rules there is no port, and everything passes. */
static void publish(struct fast_path *path)
{
    const uint32_t turn = path->memory.head->turn + 1;

    path->content.port = path->has_access ? path->port : 0;
    copy_words(&path->memory.contents[turn % XDP_COPIES], &path->content, sizeof(path->content));
    store(&path->memory.head->turn, turn);
}

/* ---- Start and stop ---- */

struct fast_path_sizes fast_path_sizes(const struct client_log_conf *log,
                                       const struct plain_value *access)
{
    const size_t nodes = access->size / sizeof(struct access_node);
    size_t half = MIN_NODES;

    while (half < 2 * nodes)
        half *= 2;
    return (struct fast_path_sizes){.slots = client_log_slots(log) + 1,
                                    .nodes = (uint32_t)(2 * half)};
}

/* The head of the client log's table ends where the second slot begins, so that the records of the
   other slots are those of the table. */
static void *log_memory(const struct fast_path_memory *memory)
{
    return (char *)&memory->slots[1] - client_log_head();
}

struct fast_path *fast_path_new(const struct fast_path_params *params)
{
    struct fast_path *path = mem_alloc(sizeof(*path));
    struct xdp_content *c = &path->content;

    path->memory = params->memory;
    path->world = params->world;
    path->log = client_log_new_foreign(params->world, params->log, log_memory(&params->memory));
    path->shard = (struct server_shard){.log = path->log};
    path->shard.counts = &path->shard.own_counts;
    c->limits = params->limits;
    c->has_log = params->memory.sizes.slots > 1;
    c->log_seed = c->has_log ? client_log_seed(path->log) : 0;
    c->slot_mask = c->has_log ? params->memory.sizes.slots - 2 : 0;
    path->port = htons((uint16_t)params->port);
    c->traffic_class = (uint8_t)(params->dscp << 2);
    c->min_poll = (int8_t)client_limits_interval(&params->limits, CLIENT_NTP);
    publish(path);
    return path;
}

void fast_path_free(struct fast_path *path)
{
    if (!path)
        return;
    path->has_access = false;
    for (int i = 0; i < XDP_COPIES; i++)
        publish(path);
    client_log_free(path->log);
    free(path);
}

/* ---- Time ---- */

/* Whether the program may answer from these contents: not while the clock is being changed, and not
   with time smoothing, which is no straight line. */
static bool is_usable(const struct time_page_lines *l)
{
    return l->valid_until_ns > l->mono_ns && l->changing_since_ns == 0 &&
           !(l->flags & TIME_PAGE_STEPPING) && l->leap != LEAP_UNSYNC && l->stratum > 0 &&
           l->stratum < NTP_MAX_STRATUM && l->refid != REFID_SMOOTH;
}

static uint64_t net64(struct ntp_time t)
{
    return (uint64_t)htonl(t.lo) << 32 | htonl(t.hi);
}

/* Time of the client log in units of 2^-32 s. Seconds beyond 2^32 do not matter to it. */
static uint64_t log_time(const struct fast_path *path, int64_t utc_ns)
{
    const uint64_t ns = (uint64_t)utc_ns + client_log_phase(path->log);

    return (ns / 1000000000 << 32) + (ns % 1000000000 << 32) / 1000000000;
}

/* The program uses the clock that goes on while the machine sleeps: when it wakes up, the contents
   are out of date at once. Between two readings some time passes, so that a difference by less than
   a millisecond is none. */
static void update_slept(struct fast_path *path)
{
    int64_t best = INT64_MAX, slept = 0;

    for (int i = 0; i < 5 && path->world->ops->boot_now; i++) {
        const int64_t before = time_page_ns(world_mono_now(path->world).i);
        const int64_t boot = time_page_ns(path->world->ops->boot_now(path->world->ctx).i);
        const int64_t gap = time_page_ns(world_mono_now(path->world).i) - before;

        if (gap < best) {
            best = gap;
            slept = boot - before - gap / 2;
        }
    }
    if (llabs(slept) < 1000000)
        slept = 0;
    if (llabs(slept - path->slept_ns) > 1000000)
        path->slept_ns = slept;
}

static struct xdp_time make_time(const struct fast_path *path, const struct time_page_lines *l)
{
    const double units = (1.0 + (double)l->served_rate / RATE_UNIT) * 4.294967296;
    const double scale = (units - 3.0) * (1 << XDP_SCALE_BITS);
    const double growth =
        (double)l->bound_growth / RATE_UNIT * 65536e-9 * (double)(1ULL << XDP_GROWTH_BITS);
    const struct ntp_time fuzz = ntp_fuzz_mask(l->precision);
    struct xdp_time t = {0};

    if (!is_usable(l) || !(scale >= 0.0 && scale < (double)INT32_MAX) ||
        !(growth >= 0.0 && growth < (double)UINT32_MAX))
        return t;
    t = (struct xdp_time){
        .boot_ns = (uint64_t)(l->mono_ns + path->slept_ns),
        .valid_until_ns = (uint64_t)(path->slept_ns + (l->valid_until_ns - l->mono_ns < MAX_AGE_NS
                                                           ? l->valid_until_ns
                                                           : l->mono_ns + MAX_AGE_NS)),
        .scale = (uint64_t)llround(scale),
        .served = (uint64_t)l->served_ntp.hi << 32 | l->served_ntp.lo,
        .log = log_time(path, l->utc_ns),
        .growth = (uint64_t)ceil(growth),
        .fuzz = fuzz.lo,
        .reference = net64(l->reference),
        .root_delay = htonl(l->root_delay),
        .refid = htonl(l->refid),
        .root_dispersion = l->root_dispersion,
        .leap = l->leap,
        .stratum = l->stratum,
        .precision = l->precision,
    };
    return t;
}

void fast_path_set_time(struct fast_path *path, const struct time_page_content *content)
{
    update_slept(path);
    path->content.time = make_time(path, &content->lines);
    publish(path);
}

/* ---- Access ---- */

bool fast_path_set_access(struct fast_path *path, const struct plain_value *access)
{
    const uint32_t generation = path->content.access_generation + 1;
    const uint32_t half = path->memory.sizes.nodes / 2;
    const size_t count = access->size / sizeof(struct access_node);

    path->has_access = count <= half;
    path->content.access_generation = generation;
    path->content.access_base = generation % 2 * half;
    /* Who still walks over the older rules in this half sees by this that they change. */
    store(&path->memory.head->access_started, generation);
    if (path->has_access)
        copy_words(&path->memory.nodes[path->content.access_base], access->data, access->size);
    publish(path);
    return path->has_access;
}

/* ---- Hosts ---- */

static bool put_interface(struct xdp_content *c, const struct xdp_interface *interface)
{
    const uint32_t hash = xdp_hash_interface(interface->index, interface->vlan);

    for (uint32_t i = 0; i < XDP_PROBES; i++) {
        struct xdp_interface *entry = &c->interfaces[(hash + i) % XDP_INTERFACES];

        if (entry->index == 0) {
            *entry = *interface;
            return true;
        }
    }
    return false;
}

static bool put_v4(struct xdp_content *c, const struct ip_addr *addr)
{
    uint32_t v4;

    memcpy(&v4, addr->u.v4, sizeof(v4));
    const uint32_t hash = xdp_hash(v4);
    for (uint32_t i = 0; i < XDP_PROBES; i++) {
        uint32_t *entry = &c->v4[(hash + i) % XDP_ADDRESSES];

        if (*entry == 0 || *entry == v4) {
            *entry = v4;
            return true;
        }
    }
    return false;
}

static bool is_v6_equal(const uint32_t a[4], const uint32_t b[4])
{
    return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0;
}

static bool put_v6(struct xdp_content *c, const struct ip_addr *addr)
{
    static const uint32_t none[4];
    uint32_t v6[4];

    memcpy(v6, addr->u.v6, sizeof(v6));
    const uint32_t hash = xdp_hash_v6(v6);
    for (uint32_t i = 0; i < XDP_PROBES; i++) {
        uint32_t *entry = c->v6[(hash + i) % XDP_ADDRESSES];

        if (is_v6_equal(entry, none) || is_v6_equal(entry, v6)) {
            memcpy(entry, v6, sizeof(v6));
            return true;
        }
    }
    return false;
}

/* Addresses of one link, of this machine alone, and of nobody are never served here. */
static bool put_address(struct xdp_content *c, const struct ip_addr *addr)
{
    if (!ip_addr_is_real(addr) || ip_addr_is_any(addr) || ip_addr_is_link_local(addr) ||
        (addr->family == IP_V4 && addr->u.v4[0] == 127) || ip_addr_is_loopback(addr))
        return true;
    return addr->family == IP_V4 ? put_v4(c, addr) : put_v6(c, addr);
}

size_t fast_path_set_hosts(struct fast_path *path, const struct fast_path_hosts *hosts)
{
    struct xdp_content *c = &path->content;
    size_t left = 0;

    memset(c->interfaces, 0, sizeof(c->interfaces));
    memset(c->v4, 0, sizeof(c->v4));
    memset(c->v6, 0, sizeof(c->v6));
    for (size_t i = 0; i < hosts->interface_count; i++)
        left += !put_interface(c, &hosts->interfaces[i]);
    for (size_t i = 0; i < hosts->address_count; i++)
        left += !put_address(c, &hosts->addresses[i]);
    publish(path);
    return left;
}

/* ---- Reports ---- */

void fast_path_count(const struct fast_path *path, uint64_t results[XDP_RESULTS])
{
    memset(results, 0, XDP_RESULTS * sizeof(*results));
    for (uint32_t cpu = 0; cpu < path->memory.processors; cpu++)
        for (int i = 0; i < XDP_RESULTS; i++)
            results[i] +=
                ((const volatile struct xdp_counts *)&path->memory.counts[cpu])->results[i];
}

const struct server_shard *fast_path_shard(struct fast_path *path)
{
    struct server_counts *counts = path->shard.counts;
    struct client_log_totals totals = {0};
    uint64_t results[XDP_RESULTS], records = 0;

    fast_path_count(path, results);
    for (uint32_t cpu = 0; cpu < path->memory.processors; cpu++) {
        totals.record_drops += path->memory.counts[cpu].record_drops;
        records += path->memory.counts[cpu].new_records;
    }
    const uint64_t answered = results[XDP_RESULT_ANSWERED] + results[XDP_RESULT_KOD];
    totals.hits = answered + results[XDP_RESULT_DROPPED];
    totals.drops = results[XDP_RESULT_DROPPED];
    totals.used = (uint32_t)records;
    client_log_set_totals(path->log, &totals);
    counts->results[SERVER_ANSWERED] = results[XDP_RESULT_ANSWERED];
    counts->results[SERVER_ANSWERED_KOD_RATE] = results[XDP_RESULT_KOD];
    counts->results[SERVER_DROPPED_RATE] = results[XDP_RESULT_DROPPED];
    counts->rx_timestamps[TIMESTAMP_KERNEL] = answered;
    counts->tx_timestamps[TIMESTAMP_KERNEL] = answered;
    return &path->shard;
}
