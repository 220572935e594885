/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sums over shards, and the merged client log. The shards of workers are read without trust: they
 * may change at any time, and whatever they say, no loop here is longer than the memory they have.
 */
#include "ntp/server/shards.h"

#include "ntp/server/workers.h"

#define EXACT_SIZE 32768 /* records of a log all of which are looked at for one report */

static int worker_count(const struct server_shards *s)
{
    return s->workers ? server_workers_count(s->workers) : 0;
}

/* All shards but the own one: those of workers, and behind them that of the kernel. */
static int other_count(const struct server_shards *s)
{
    return worker_count(s) + (s->kernel != NULL);
}

static const struct server_shard *other(const struct server_shards *s, int i)
{
    return i < worker_count(s) ? server_workers_shard(s->workers, i) : s->kernel;
}

static struct client_log *log_of(const struct server_shards *s, int i)
{
    return other(s, i)->log;
}

void server_shards_report_stats(const struct server_shards *shards,
                                struct report_serverstats *report)
{
    server_shard_report_stats(shards->own, report);
    for (int i = 0; i < other_count(shards); i++)
        server_shard_add_stats(other(shards, i), report);
}

uint64_t server_shards_count(const struct server_shards *shards, enum server_result result)
{
    uint64_t count = shards->own->counts->results[result];

    for (int i = 0; i < other_count(shards); i++)
        count += other(shards, i)->counts->results[result];
    return count;
}

/* ---- Clients ---- */

/* Whether one of the first `count` other shards has a record of a client. */
static bool is_known(const struct server_shards *s, int count, const struct ip_addr *addr)
{
    for (int i = 0; i < count; i++)
        if (client_log_knows(log_of(s, i), addr))
            return true;
    return false;
}

/* How many clients of a log are in the first `count` other ones, too. With a large log it is an
   estimate, so that the main process is not held up by a report. Clients fill slots from the first
   record on, and there is an even number of records in each: the step is odd. */
static uint32_t count_known(const struct server_shards *s, const struct client_log *log, int count)
{
    const int size = client_log_size(log);
    const int step = size > EXACT_SIZE ? size / EXACT_SIZE | 1 : 1;
    const uint32_t used = client_log_used(log);
    struct ip_addr addr;
    uint32_t known = 0;

    for (int i = 0; count > 0 && i < size; i += step)
        if (client_log_address(log, i, &addr))
            known += is_known(s, count, &addr);
    known *= (uint32_t)step;
    return known < used ? known : used; /* an estimate may be more */
}

uint32_t server_shards_clients(const struct server_shards *shards)
{
    const struct client_log *own = shards->own->log;
    uint32_t count = client_log_used(own) - count_known(shards, own, other_count(shards));

    for (int i = 0; i < other_count(shards); i++)
        count += client_log_used(log_of(shards, i));
    /* Workers have no client in common. */
    if (shards->kernel)
        count -= count_known(shards, shards->kernel->log, worker_count(shards));
    return count;
}

uint32_t server_shards_clients_max(const struct server_shards *shards)
{
    size_t capacity = client_log_capacity(shards->own->log);

    for (int i = 0; i < other_count(shards); i++)
        capacity += client_log_capacity(log_of(shards, i));
    return (uint32_t)capacity;
}

int server_shards_size(const struct server_shards *shards)
{
    int size = client_log_size(shards->own->log);

    for (int i = 0; size >= 0 && i < other_count(shards); i++)
        size += client_log_size(log_of(shards, i));
    return size;
}

static uint32_t earlier(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Adds what another shard knows about the same client. */
static void merge(struct report_client *r, const struct report_client *other)
{
    if (r->ntp_hits == 0 || other->ntp_hits > r->ntp_hits) {
        r->ntp_interval = other->ntp_interval;
        r->ntp_timeout_interval = other->ntp_timeout_interval;
    }
    r->nts_ke_interval = other->nts_ke_interval;
    r->cmd_interval = other->cmd_interval;
    r->ntp_hits += other->ntp_hits;
    r->nts_ke_hits += other->nts_ke_hits;
    r->cmd_hits += other->cmd_hits;
    r->ntp_drops += other->ntp_drops;
    r->nts_ke_drops += other->nts_ke_drops;
    r->cmd_drops += other->cmd_drops;
    r->last_ntp_ago = earlier(r->last_ntp_ago, other->last_ntp_ago);
    r->last_nts_ke_ago = earlier(r->last_nts_ke_ago, other->last_nts_ke_ago);
    r->last_cmd_ago = earlier(r->last_cmd_ago, other->last_cmd_ago);
}

static bool has_hits(const struct report_client *r, uint32_t min_hits)
{
    return r->ntp_hits >= min_hits || r->nts_ke_hits >= min_hits || r->cmd_hits >= min_hits;
}

struct walk {
    const struct server_shards *shards;
    const struct server_shards_query *query;
    struct report_client *clients;
    uint32_t count;
};

/* Adds what a log knows about the client of the report. */
static void merge_log(const struct walk *w, struct client_log *log, struct report_client *report)
{
    struct report_client known;

    if (client_log_report_client(log, &report->addr, w->query->now, &known))
        merge(report, &known);
    if (w->query->reset)
        client_log_reset_client(log, &report->addr);
}

/* An index of the log of another shard. */
static void report_other_client(struct walk *w, int i, int index)
{
    const struct server_shards *s = w->shards;
    struct report_client report;
    struct ip_addr addr;

    if (!client_log_address(log_of(s, i), index, &addr) || is_known(s, i, &addr) ||
        !client_log_report_client(log_of(s, i), &addr, w->query->now, &report))
        return;
    if (i < worker_count(s) && s->kernel)
        merge_log(w, s->kernel->log, &report);
    merge_log(w, s->own->log, &report);
    if (has_hits(&report, w->query->min_hits))
        w->clients[w->count++] = report;
}

static void report_own_client(struct walk *w, int index)
{
    struct client_log *log = w->shards->own->log;
    struct ip_addr addr;

    if (!client_log_address(log, index, &addr) ||
        is_known(w->shards, other_count(w->shards), &addr))
        return;
    w->count += client_log_report(log, index, w->query->reset, w->query->min_hits, w->query->now,
                                  &w->clients[w->count]);
}

/* Walks over the indices of a log, which begin at *base; *next goes on. -1: the own log. */
static void walk_log(struct walk *w, int i, uint32_t *base, uint32_t *next)
{
    struct client_log *log = i < 0 ? w->shards->own->log : log_of(w->shards, i);
    const uint32_t end = *base + (uint32_t)client_log_size(log), start = *next;
    /* Else the walk has ended in a log before this one, or this one lies before its start. */
    const bool walks = start >= *base && start < end && w->count < w->query->limit;
    const bool clears = walks && w->query->reset && i >= 0;
    const bool is_worker = i < worker_count(w->shards);

    if (clears && is_worker)
        server_workers_hold(w->shards->workers, i);
    for (; walks && *next < end && w->count < w->query->limit; ++*next) {
        const int index = (int)(*next - *base);

        if (i < 0)
            report_own_client(w, index);
        else
            report_other_client(w, i, index);
    }
    if (clears && is_worker)
        server_workers_reset(w->shards->workers, i, (int)(start - *base), (int)(*next - start));
    else if (clears)
        client_log_reset(log, (int)(start - *base), (int)(*next - start));
    *base = end;
}

uint32_t server_shards_report_clients(const struct server_shards *shards,
                                      const struct server_shards_query *query,
                                      struct report_client *clients, uint32_t *next)
{
    struct walk w = {.shards = shards, .query = query, .clients = clients};
    uint32_t base = 0;

    *next = query->first;
    if (client_log_size(shards->own->log) < 0)
        return 0;
    for (int i = 0; i < other_count(shards); i++)
        walk_log(&w, i, &base, next);
    walk_log(&w, -1, &base, next);
    return w.count;
}
