/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of sources: the resolving queue with its rounds, use of the addresses, replacement of bad
 * sources and periodic refresh (ntp.md 18.3, 18.5, 18.7). Resolution itself does not block: the
 * world answers later, from the event loop.
 */
#include "ntp/client/sources_state.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"

#define INTERVAL_UNIT    7.0
#define MIN_INTERVAL     2
#define MAX_INTERVAL     9
#define REPLACE_INTERVAL (INTERVAL_UNIT * (1 << MAX_INTERVAL)) /* 3584 s */

void sources_queue_name(struct ntp_sources *s, const struct ip_port *addr, int pool,
                        const char *name, enum ip_family family, bool random_order, bool refresh)
{
    struct queue_entry *entry = mem_alloc(sizeof(*entry));

    entry->addr = *addr;
    entry->pool = pool;
    entry->name = text_dup(name);
    entry->family = family;
    entry->random_order = random_order;
    entry->refresh = refresh;
    TAILQ_INSERT_TAIL(&s->queue, entry, others);
}

bool sources_pool_is_queued(const struct ntp_sources *s, int pool)
{
    const struct queue_entry *e;

    TAILQ_FOREACH (e, &s->queue, others)
        if (e->addr.addr.family == IP_UNSPEC && e->pool == pool)
            return true;
    return false;
}

static struct queue_entry *remove_entry(struct ntp_sources *s, struct queue_entry *entry)
{
    struct queue_entry *next = TAILQ_NEXT(entry, others);

    TAILQ_REMOVE(&s->queue, entry, others);
    free(entry->name);
    free(entry);
    return next;
}

void sources_free_queue(struct ntp_sources *s)
{
    while (!TAILQ_EMPTY(&s->queue))
        remove_entry(s, TAILQ_FIRST(&s->queue));
}

static bool is_resolved(const struct ntp_sources *s, const struct queue_entry *entry)
{
    if (entry->addr.addr.family == IP_UNSPEC)
        return s->pools[entry->pool].unresolved == 0;
    return !sources_find(s, &entry->addr.addr);
}

/* ---- Use of the addresses (ntp.md 18.5) ---- */

static bool try_address(struct record *r, const struct ip_addr *addr, struct name_facts *facts)
{
    struct ip_port new_addr = {.addr = *addr, .port = r->addr.port};

    if (sources_find(r->set, addr)) {
        facts->in_use++;
        return false;
    }
    if (!ntp_sockets_is_connectable(r->set->sockets, &new_addr)) {
        facts->no_route++;
        return false;
    }
    sources_give_address(r, addr);
    return true;
}

static struct record *first_unresolved(const struct ntp_sources *s, int pool)
{
    struct record *r;

    TAILQ_FOREACH (r, &s->records, others)
        if (r->pool == pool && !ip_addr_is_real(&r->addr.addr))
            return r;
    return NULL;
}

static bool resolved_name_is_fresh(const struct record *r, const struct ip_addr *addrs, int count)
{
    char label[ADDR_LABEL_SIZE];

    for (int i = 0; i < count; i++)
        if (ip_addr_equal(&addrs[i], &r->resolved_addr)) {
            LOG_DEBUG("%s still fresh",
                      ip_addr_label(&r->addr.addr, r->name, label, sizeof(label)));
            return true;
        }
    return false;
}

static void use_addresses(struct ntp_sources *s, const struct queue_entry *entry,
                          struct name_facts *facts, const struct ip_addr *addrs, int count)
{
    bool for_pool = entry->addr.addr.family == IP_UNSPEC;
    struct record *r = for_pool ? NULL : sources_find(s, &entry->addr.addr);
    uint16_t start = 0;

    if (!for_pool && !r)
        return;
    if (entry->refresh &&
        (r->addr.port != entry->addr.port || resolved_name_is_fresh(r, addrs, count)))
        return;
    if (entry->random_order)
        world_random(s->env->world, &start, sizeof(start));

    for (int i = 0; i < count; i++) {
        const struct ip_addr *addr = &addrs[(i + start) % count];
        if (entry->family != IP_UNSPEC && addr->family != entry->family) {
            facts->other_family++;
            continue;
        }
        if (for_pool)
            r = first_unresolved(s, entry->pool);
        if (!r)
            return;
        if (try_address(r, addr, facts) && !for_pool)
            return;
    }
}

/* NULL: the source was removed. */
static struct name_facts *lookups_of(struct ntp_sources *s, const struct queue_entry *entry)
{
    if (entry->addr.addr.family == IP_UNSPEC)
        return &s->pools[entry->pool].lookups;
    struct record *r = sources_find(s, &entry->addr.addr);
    if (!r)
        return NULL;
    return r->pool != NO_POOL ? &s->pools[r->pool].lookups : &r->lookups;
}

static void note_lookup(const struct ntp_sources *s, struct name_facts *facts,
                        enum resolve_status status, int count)
{
    facts->status = status;
    facts->time = loop_uptime(s->env->loop);
    if (status == RESOLVE_SUCCESS) {
        facts->tries = 0;
        facts->addresses = (unsigned int)count;
        facts->in_use = facts->no_route = facts->other_family = 0;
    } else {
        facts->tries++;
    }
}

/* Logs the first failure of a lookup, and the first success after it (ntp.md 18.3). */
static void log_lookup(const struct queue_entry *entry, struct name_facts *facts, bool failed)
{
    if (facts->failure_logged == failed)
        return;
    const char *interface = strchr(entry->name, '%');

    facts->failure_logged = failed;
    if (failed && interface)
        LOG_WARN("Invalid host %s : no interface %s, trying again", entry->name, interface + 1);
    else if (failed)
        LOG_INFO("Could not resolve %s, trying again", entry->name);
    else
        LOG_INFO("Resolved %s", entry->name);
}

/* ---- Rounds (ntp.md 18.3) ---- */

static void end_round(struct ntp_sources *s);

static void resolved(enum resolve_status status, const struct ip_addr *addrs, int count, void *arg);

/* Starts the first lookup, from `entry` on, that the world accepts. Without one the round ends. */
static void resolve_from(struct ntp_sources *s, struct queue_entry *entry, bool reload)
{
    const struct world *w = s->env->world;

    for (; entry; entry = TAILQ_NEXT(entry, others)) {
        s->resolving = entry;
        if (w->ops->resolve(w->ctx, entry->name, IP_UNSPEC, reload, resolved, s))
            return;
    }
    s->resolving = NULL;
    end_round(s);
}

static void start_round(struct ntp_sources *s)
{
    for (struct queue_entry *e = TAILQ_FIRST(&s->queue); e;)
        e = is_resolved(s, e) ? remove_entry(s, e) : TAILQ_NEXT(e, others);
    resolve_from(s, TAILQ_FIRST(&s->queue), true);
}

static void round_timeout(void *arg)
{
    struct ntp_sources *s = arg;

    s->round_timer = 0;
    start_round(s);
}

static void end_round(struct ntp_sources *s)
{
    s->restart_round = false;
    s->interval++;
    if (s->interval < MIN_INTERVAL)
        s->interval = MIN_INTERVAL;
    if (s->interval > MAX_INTERVAL)
        s->interval = MAX_INTERVAL;
    if (!TAILQ_EMPTY(&s->queue)) {
        double delay = INTERVAL_UNIT * (1 << s->interval);

        s->next_round = loop_uptime(s->env->loop) + delay;
        s->round_timer = loop_timer_add(s->env->loop, delay, round_timeout, s);
    } else {
        s->interval = 0;
    }
    if (s->round_handler)
        s->round_handler(s->round_arg);
}

static void resolved(enum resolve_status status, const struct ip_addr *addrs, int count, void *arg)
{
    struct ntp_sources *s = arg;
    struct queue_entry *entry = s->resolving, *next;
    struct name_facts *facts = lookups_of(s, entry);

    if (facts)
        note_lookup(s, facts, status, count);
    if (facts && !resolve_is_final(status))
        log_lookup(entry, facts, status != RESOLVE_SUCCESS);
    if (facts && status == RESOLVE_SUCCESS)
        use_addresses(s, entry, facts, addrs, count);
    else if (resolve_is_final(status))
        LOG_WARN("Invalid host %s", entry->name);

    if (resolve_is_final(status) || ip_addr_is_real(&entry->addr.addr) || entry->refresh ||
        is_resolved(s, entry))
        next = remove_entry(s, entry);
    else
        next = TAILQ_NEXT(entry, others);

    s->resolving = NULL;
    if (!next && s->restart_round) {
        s->restart_round = false;
        start_round(s);
        return;
    }
    resolve_from(s, next, false);
}

void ntp_sources_set_round_handler(struct ntp_sources *s, void (*handler)(void *arg), void *arg)
{
    s->round_handler = handler;
    s->round_arg = arg;
}

void ntp_sources_resolve_now(struct ntp_sources *s)
{
    if (s->resolving) {
        s->restart_round = true;
        return;
    }
    if (s->round_timer != 0) {
        loop_timer_cancel(s->env->loop, s->round_timer);
        s->round_timer = 0;
        s->interval--;
    }
    start_round(s);
}

/* ---- Replacement and refresh (ntp.md 18.7) ---- */

/* Whether the same work is in the queue already. */
static bool is_queued(const struct ntp_sources *s, const struct ip_port *addr, bool refresh)
{
    const struct queue_entry *e;

    TAILQ_FOREACH (e, &s->queue, others)
        if (ip_port_equal(&e->addr, addr) && e->refresh == refresh)
            return true;
    return false;
}

static void queue_again(struct record *r, bool refresh, bool queued)
{
    struct ntp_sources *s = r->set;
    char label[ADDR_LABEL_SIZE];

    LOG_DEBUG("%s %s", refresh ? "refreshing" : "trying to replace",
              ip_addr_label(&r->addr.addr, r->name, label, sizeof(label)));
    r->last_resolved = loop_uptime(s->env->loop);
    if (queued)
        return;
    sources_queue_name(s, &r->addr, NO_POOL, r->name, r->family, true, refresh);
}

void ntp_sources_replace_bad(struct ntp_sources *s, const struct ip_addr *addr)
{
    struct record *r = sources_find(s, addr);
    double now = loop_uptime(s->env->loop);
    struct ip_addr name_addr;

    if (!r || !ip_addr_is_real(&r->addr.addr))
        return;
    if (sources_name_is_address(r->name, &name_addr) && ip_addr_equal(&name_addr, &r->addr.addr))
        return;
    if (now < s->replace_after)
        return;
    s->replace_after = now + world_random_unit(s->env->world) * REPLACE_INTERVAL;
    queue_again(r, false, is_queued(s, &r->addr, false));
    if (!s->resolving)
        ntp_sources_resolve_now(s);
}

void sources_consider_refresh(struct ntp_sources *s)
{
    double now = loop_uptime(s->env->loop), interval = s->conf.refresh;
    struct record *oldest = NULL, *r;
    struct ip_addr addr;

    if (s->conf.refresh == 0 || now < s->last_refresh + interval)
        return;
    s->last_refresh = now;
    TAILQ_FOREACH (r, &s->records, others) {
        if (!sources_name_is_address(r->name, &addr) &&
            (!oldest || r->last_resolved < oldest->last_resolved))
            oldest = r;
    }
    if (!oldest)
        return;
    if (now < oldest->last_resolved + interval) {
        s->last_refresh = oldest->last_resolved;
        return;
    }
    queue_again(oldest, true, is_queued(s, &oldest->addr, true));
    if (!s->resolving)
        ntp_sources_resolve_now(s);
}

void ntp_sources_refresh(struct ntp_sources *s)
{
    const struct queue_entry *e;
    struct record *r;

    TAILQ_FOREACH (r, &s->records, others)
        r->listed = false;
    /* One pass over the queue instead of one for each source. */
    TAILQ_FOREACH (e, &s->queue, others)
        if (e->refresh && (r = sources_find(s, &e->addr.addr)) && r->addr.port == e->addr.port)
            r->listed = true;
    TAILQ_FOREACH (r, &s->records, others)
        queue_again(r, true, r->listed);
    ntp_sources_resolve_now(s);
}
