/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the names of sources and of all sources together, as findings (cmdmon.md 13.18).
 * Nothing here changes state.
 */
#include "ntp/client/sources_state.h"

#include <math.h>
#include "base/text.h"
#include "process/resolver_helper.h"

/* Values that a finding on a name has: which, in their order. */
enum name_values {
    VALUES_NONE,
    VALUES_TRIES,     /* tries, expected, limit of a lookup */
    VALUES_ADDRESSES, /* addresses, expected */
};

static const struct {
    enum finding_code code;
    enum name_values values;
} failures[RESOLVE_STATUSES] = {
    [RESOLVE_TRY_AGAIN] = {FINDING_NAME_NO_ANSWER, VALUES_TRIES},
    [RESOLVE_TIMED_OUT] = {FINDING_NAME_TIMEOUT, VALUES_TRIES},
    [RESOLVE_UNAVAILABLE] = {FINDING_NAME_UNAVAILABLE, VALUES_TRIES},
    [RESOLVE_NO_INTERFACE] = {FINDING_NAME_NO_INTERFACE, VALUES_TRIES},
    [RESOLVE_NOT_FOUND] = {FINDING_NAME_NOT_FOUND, VALUES_TRIES},
    [RESOLVE_BROKEN] = {FINDING_NAME_FAILED, VALUES_TRIES},
    [RESOLVE_FAILURE] = {FINDING_NAME_GIVEN_UP, VALUES_NONE},
    [RESOLVE_FINALLY_BROKEN] = {FINDING_NAME_GIVEN_UP, VALUES_NONE},
    [RESOLVE_FAMILY_OFF] = {FINDING_NAME_FAMILY_OFF, VALUES_NONE},
};

static uint32_t age_of(const struct ntp_sources *s, double time)
{
    return (uint32_t)fmax(loop_uptime(s->env->loop) - time, 0.0);
}

/* Seconds until names are looked up again; 0: that is under way. */
static double next_lookup_in(const struct ntp_sources *s)
{
    return s->round_timer == 0 ? 0.0 : fmax(s->next_round - loop_uptime(s->env->loop), 0.0);
}

/* The lookup has given addresses, and none of them could be used. */
static enum finding_code unusable(const struct name_facts *facts)
{
    if (facts->no_route > 0)
        return FINDING_NAME_NO_ROUTE;
    return facts->in_use > 0 ? FINDING_NAME_IN_USE : FINDING_NAME_OTHER_FAMILY;
}

static void explain_failure(const struct ntp_sources *s, const struct name_facts *facts,
                            enum finding_code code, enum name_values values, const char *name,
                            struct findings *findings)
{
    struct report_finding *f = findings_add(findings, code);

    f->ago = age_of(s, facts->time);
    finding_set_text(f, name);
    if (values == VALUES_NONE)
        return;
    f->value[0] = values == VALUES_TRIES ? facts->tries : facts->addresses;
    f->value[1] = next_lookup_in(s);
    f->value[2] = values == VALUES_TRIES ? RESOLVER_LIMIT : 0.0;
}

static void explain_pool_place(const struct ntp_sources *s, const struct pool *pool,
                               const char *name, struct findings *findings)
{
    struct report_finding *f = findings_add(findings, FINDING_POOL_PLACE);

    f->ago = age_of(s, pool->lookups.time);
    finding_set_text(f, name);
    f->value[0] = pool->lookups.addresses;
    f->value[1] = pool->sources - pool->unresolved;
    f->value[2] = pool->sources;
    f->value[3] = next_lookup_in(s);
}

/* A source without an address. */
static void explain_name(const struct ntp_sources *s, const struct record *r,
                         struct findings *findings)
{
    const struct pool *pool = r->pool != NO_POOL ? &s->pools[r->pool] : NULL;
    const struct name_facts *facts = pool ? &pool->lookups : &r->lookups;
    const char *name = text_is_graphic(r->name) ? r->name : "?";

    if (facts->tries > 0) {
        explain_failure(s, facts, failures[facts->status].code, failures[facts->status].values,
                        name, findings);
    } else if (facts->addresses == 0) {
        struct report_finding *f = findings_add(findings, FINDING_NAME_LOOKED_UP);

        finding_set_text(f, name);
    } else if (pool && pool->unresolved < pool->sources) {
        explain_pool_place(s, pool, name, findings);
    } else {
        explain_failure(s, facts, unusable(facts), VALUES_ADDRESSES, name, findings);
    }
}

void ntp_sources_explain_source(const struct ntp_sources *s, const struct ip_addr *addr,
                                struct findings *findings)
{
    const struct record *r = sources_find(s, addr);

    if (!r)
        return;
    if (ip_addr_is_real(&r->addr.addr))
        association_explain(r->association, findings);
    else
        explain_name(s, r, findings);
}

void ntp_sources_explain(const struct ntp_sources *s, struct findings *findings)
{
    const struct record *r;
    size_t count = 0;

    TAILQ_FOREACH (r, &s->records, others) {
        if (!ip_addr_is_real(&r->addr.addr))
            continue;
        if (!association_is_silent(r->association))
            return;
        count++;
    }
    if (count > 1)
        findings_add(findings, FINDING_NO_ANSWERS_AT_ALL)->value[0] = (double)count;
}
