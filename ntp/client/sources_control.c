/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What control commands do with NTP sources: connectivity, bursts, one source by its address
 * (ntp.md 18.10; cmdmon.md 13, 14). Nothing here changes the table. Work on many of them is done in
 * slices (sources_work.h).
 */
#include "ntp/client/sources_work.h"

#include "base/text.h"

static bool matches(const struct record *r, const struct ip_addr *mask, const struct ip_addr *addr)
{
    if (addr->family == IP_UNSPEC)
        return true;
    if (addr->family == IP_ID)
        return ip_addr_equal(&r->addr.addr, addr);
    return ip_addr_equal_masked(&r->addr.addr, addr, mask) &&
           (addr->scope == 0 || addr->scope == r->addr.addr.scope);
}

static bool any_matches(const struct ntp_sources *s, const struct ip_addr *mask,
                        const struct ip_addr *addr)
{
    const struct record *r;

    TAILQ_FOREACH (r, &s->records, others)
        if (matches(r, mask, addr))
            return true;
    return false;
}

static bool more(const struct source_work *work)
{
    return work->at && work->at->conf_id <= work->last_conf_id;
}

/* Does a slice of work on the sources that match. */
static bool walk(struct ntp_sources *s, struct source_work *work)
{
    const struct ntp_env *env = s->env;
    bool hold = sources_work_is_large(s->count);

    if (hold)
        source_register_hold(env->sources);
    /* Sources added since the request are skipped. */
    for (int n = 0; n < SOURCES_SLICE && more(work); n++) {
        struct record *r = work->at;
        work->at = TAILQ_NEXT(r, others);
        if (matches(r, &work->mask, &work->addr))
            work->change(r, work);
    }
    if (!more(work) && work->selected)
        association_set_connectivity(work->selected->association, work->connectivity, true);
    if (hold)
        source_register_release(env->sources);
    return !more(work);
}

static struct source_work *new_walk(const struct ntp_sources *s, const struct ip_addr *mask,
                                    const struct ip_addr *addr)
{
    struct source_work *work = mem_alloc(sizeof(*work));

    work->run = walk;
    work->mask = *mask;
    work->addr = *addr;
    work->at = TAILQ_FIRST(&s->records);
    work->last_conf_id = s->last_conf_id;
    return work;
}

static void change_connectivity(struct record *r, struct source_work *work)
{
    if (work->connectivity == SOURCE_MAYBE_ONLINE && work->addr.family == IP_UNSPEC &&
        !ip_addr_is_real(&r->addr.addr))
        return;
    /* The selected source comes last, to avoid a needless change of the selection. (The selection
       may have changed between two slices.) */
    if (source_is_selected(association_source(r->association))) {
        struct record *earlier = work->selected;

        work->selected = r;
        r = earlier;
    }
    if (r)
        association_set_connectivity(r->association, work->connectivity, true);
}

bool ntp_sources_set_connectivity(struct ntp_sources *s, const struct ip_addr *mask,
                                  const struct ip_addr *addr, enum source_connectivity connectivity)
{
    if (connectivity != SOURCE_OFFLINE)
        ntp_sources_resolve_now(s);
    if (!any_matches(s, mask, addr))
        return false;
    struct source_work *work = new_walk(s, mask, addr);
    work->change = change_connectivity;
    work->connectivity = connectivity;
    sources_work_add(s, work);
    return true;
}

static void start_burst(struct record *r, struct source_work *work)
{
    association_start_burst(r->association, work->good, work->total);
}

bool ntp_sources_burst(struct ntp_sources *s, int good, int total, const struct ip_addr *mask,
                       const struct ip_addr *addr)
{
    if (!any_matches(s, mask, addr))
        return false;
    struct source_work *work = new_walk(s, mask, addr);
    work->change = start_burst;
    work->good = good;
    work->total = total;
    sources_work_add(s, work);
    return true;
}

struct association *ntp_sources_find(const struct ntp_sources *s, const struct ip_addr *addr)
{
    const struct record *r = sources_find(s, addr);

    return r ? r->association : NULL;
}

void ntp_sources_report_activity(const struct ntp_sources *s, struct report_activity *report)
{
    *report = (struct report_activity){0};
    const struct record *r;

    TAILQ_FOREACH (r, &s->records, others)
        association_count_activity(r->association, report);
}

const char *ntp_sources_name(const struct ntp_sources *s, const struct ip_addr *addr)
{
    const struct record *r = sources_find(s, addr);

    return r ? r->name : NULL;
}

static void save_nts(struct record *r, struct source_work *work)
{
    association_save_nts(r->association);
}

void ntp_sources_dump_nts(struct ntp_sources *s)
{
    const struct ip_addr any = {.family = IP_UNSPEC};
    struct source_work *work = new_walk(s, &any, &any);

    work->change = save_nts;
    sources_work_add(s, work);
}
