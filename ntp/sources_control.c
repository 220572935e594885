/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What control commands do with NTP sources: connectivity, bursts, options, reports (ntp.md 14.4,
 * 18.10; cmdmon.md 13, 14). Sources are found by address; nothing here changes the table.
 */
#include "ntp/sources_state.h"

static bool matches(const struct record *r, const struct ip_addr *mask, const struct ip_addr *addr)
{
    if (addr->family == IP_UNSPEC)
        return true;
    if (addr->family == IP_ID)
        return ip_addr_equal(&r->addr.addr, addr);
    return ip_addr_equal_masked(&r->addr.addr, addr, mask);
}

bool ntp_sources_set_connectivity(struct ntp_sources *s, const struct ip_addr *mask,
                                  const struct ip_addr *addr, enum source_connectivity connectivity)
{
    const struct ntp_env *env = s->env;
    struct record *selected = NULL;
    bool any = false;

    if (connectivity != SOURCE_OFFLINE)
        ntp_sources_resolve_now(s);

    for (size_t i = 0; i < s->count; i++) {
        struct record *r = s->records[i];
        if (!matches(r, mask, addr))
            continue;
        any = true;
        if (connectivity == SOURCE_MAYBE_ONLINE && addr->family == IP_UNSPEC &&
            !ip_addr_is_real(&r->addr.addr))
            continue;
        /* Last, to avoid a change of the selection that is of no use. */
        if (env->ops->source_is_selected(env->ctx, association_source(r->association)))
            selected = r;
        else
            association_set_connectivity(r->association, connectivity, true);
    }
    if (selected)
        association_set_connectivity(selected->association, connectivity, true);
    return any;
}

bool ntp_sources_burst(struct ntp_sources *s, int good, int total, const struct ip_addr *mask,
                       const struct ip_addr *addr)
{
    bool any = false;

    for (size_t i = 0; i < s->count; i++) {
        if (!matches(s->records[i], mask, addr))
            continue;
        any = true;
        association_start_burst(s->records[i]->association, good, total);
    }
    return any;
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
    for (size_t i = 0; i < s->count; i++)
        association_count_activity(s->records[i]->association, report);
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

void ntp_sources_dump_nts(const struct ntp_sources *s)
{
    for (size_t i = 0; i < s->count; i++)
        association_save_nts(s->records[i]->association);
}
