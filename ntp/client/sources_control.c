/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What control commands do with NTP sources: connectivity, bursts, options, reports (ntp.md 14.4,
 * 18.10; cmdmon.md 13, 14). Sources are found by address; nothing here changes the table. Work on
 * many of them is done in slices (sources_work.h).
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

static struct association *find(const struct ntp_sources *s, const struct ip_addr *addr)
{
    const struct record *r = sources_find(s, addr);

    return r ? r->association : NULL;
}

bool ntp_sources_modify_minpoll(struct ntp_sources *s, const struct ip_addr *addr, int v)
{
    struct association *a = find(s, addr);

    if (a)
        association_modify_minpoll(a, v);
    return a != NULL;
}

bool ntp_sources_modify_maxpoll(struct ntp_sources *s, const struct ip_addr *addr, int v)
{
    struct association *a = find(s, addr);

    if (a)
        association_modify_maxpoll(a, v);
    return a != NULL;
}

bool ntp_sources_modify_max_delay(struct ntp_sources *s, const struct ip_addr *addr, double v)
{
    struct association *a = find(s, addr);

    if (a)
        association_modify_max_delay(a, v);
    return a != NULL;
}

bool ntp_sources_modify_max_delay_ratio(struct ntp_sources *s, const struct ip_addr *addr, double v)
{
    struct association *a = find(s, addr);

    if (a)
        association_modify_max_delay_ratio(a, v);
    return a != NULL;
}

bool ntp_sources_modify_max_delay_dev_ratio(struct ntp_sources *s, const struct ip_addr *addr,
                                            double v)
{
    struct association *a = find(s, addr);

    if (a)
        association_modify_max_delay_dev_ratio(a, v);
    return a != NULL;
}

bool ntp_sources_modify_min_stratum(struct ntp_sources *s, const struct ip_addr *addr, int v)
{
    struct association *a = find(s, addr);

    if (a)
        association_modify_min_stratum(a, v);
    return a != NULL;
}

bool ntp_sources_modify_poll_target(struct ntp_sources *s, const struct ip_addr *addr, int v)
{
    struct association *a = find(s, addr);

    if (a)
        association_modify_poll_target(a, v);
    return a != NULL;
}

bool ntp_sources_modify_offset(struct ntp_sources *s, const struct ip_addr *addr, double v)
{
    struct association *a = find(s, addr);

    if (a)
        association_modify_offset(a, v);
    return a != NULL;
}

bool ntp_sources_report_source(const struct ntp_sources *s, const struct ip_addr *addr,
                               struct report_source *report)
{
    const struct association *a = find(s, addr);

    if (a)
        association_report_source(a, report);
    return a != NULL;
}

bool ntp_sources_report_ntpdata(const struct ntp_sources *s, const struct ip_addr *addr,
                                struct report_ntpdata *report)
{
    const struct association *a = find(s, addr);

    if (a)
        association_report_ntpdata(a, report);
    return a != NULL;
}

const struct response_tally *ntp_sources_responses(const struct ntp_sources *s,
                                                   const struct ip_addr *addr)
{
    const struct association *a = find(s, addr);

    return a ? association_responses(a) : NULL;
}

bool ntp_sources_report_authdata(const struct ntp_sources *s, const struct ip_addr *addr,
                                 struct report_authdata *report)
{
    const struct association *a = find(s, addr);

    if (a)
        association_report_authdata(a, report);
    return a != NULL;
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

struct source *ntp_sources_find(const struct ntp_sources *s, const struct ip_addr *addr)
{
    const struct association *a = find(s, addr);

    return a ? association_source(a) : NULL;
}

struct ip_addr ntp_sources_local_addr(const struct ntp_sources *s, const struct ip_addr *addr)
{
    const struct association *a = find(s, addr);

    return a ? *association_local_addr(a) : (struct ip_addr){0};
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
