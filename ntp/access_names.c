/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access rules whose names wait for an address. Owns a timer and the state of each name; changes
 * no table itself. Rules keep the effect of their order: one that comes later in the
 * configuration, or from a command, is not undone by an earlier one whose name is found after it.
 */
#include "ntp/access_names.h"

#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"

/* The interval of names of sources (ntp.md 18.3). */
#define INTERVAL_UNIT 7.0
#define MAX_INTERVAL  9

/* Nodes of a table stand for four bits: longer prefixes than those of the second last level set the
   same nodes as single addresses. */
#define NODE_BITS 4

enum name_state { NAME_WAITS, NAME_RESOLVED, NAME_GIVEN_UP };

struct name {
    enum name_state state;
    struct ip_addr addr; /* when it is resolved */
};

struct access_names {
    struct access_names_params params;
    struct name *names;             /* of params.rules->names */
    struct conf_access_rule *later; /* applied at run time */
    size_t later_count;
    size_t current; /* being looked up */
    int interval;   /* log2 of the next interval between rounds in units of 7 s */
    timer_id timer;
};

static bool covers(const struct conf_access_rule *rule, const struct ip_addr *addr)
{
    const struct subnet *subnet = &rule->subnet;
    const struct ip_addr mask = ip_addr_mask(addr->family, subnet->bits);

    return subnet->addr.family == IP_UNSPEC || (subnet->addr.family == addr->family &&
                                                ip_addr_equal_masked(&subnet->addr, addr, &mask));
}

/* Whether the later rule would have removed or replaced a rule for this address. */
static bool overrides(const struct conf_access_rule *rule, const struct ip_addr *addr)
{
    const int whole = addr->family == IP_V6 ? 128 : 32;

    return covers(rule, addr) && (rule->all || (rule->subnet.addr.family != IP_UNSPEC &&
                                                rule->subnet.bits > whole - NODE_BITS));
}

static bool is_overridden(const struct access_names *n, size_t index, const struct ip_addr *addr)
{
    const struct conf_access_rules *rules = n->params.rules;

    for (size_t i = rules->names[index].position; i < rules->count; i++)
        if (overrides(&rules->rules[i], addr))
            return true;
    for (size_t i = 0; i < n->later_count; i++)
        if (overrides(&n->later[i], addr))
            return true;
    for (size_t i = index + 1; i < rules->name_count; i++)
        if (n->names[i].state == NAME_RESOLVED && ip_addr_equal(&n->names[i].addr, addr))
            return true;
    return false;
}

static void apply(struct access_names *n, size_t index, const struct ip_addr *addr)
{
    const struct conf_access_name *name = &n->params.rules->names[index];
    struct conf_access_rule rule = {
        .subnet = {.addr = *addr, .bits = addr->family == IP_V6 ? 128 : 32},
        .allow = name->allow,
        .all = name->all,
    };
    bool was_info = log_context_severity() == LOG_SEV_INFO;

    LOG_INFO("Resolved %s", name->name);
    n->names[index] = (struct name){NAME_RESOLVED, *addr};
    if (is_overridden(n, index, addr))
        return;
    log_set_context_info(true);
    n->params.apply(&rule, n->params.arg);
    log_set_context_info(was_info);
}

static void resolved(enum resolve_status status, const struct ip_addr *addrs, int count, void *arg);
static void start_round(void *arg);

static bool any_waits(const struct access_names *n)
{
    for (size_t i = 0; i < n->params.rules->name_count; i++)
        if (n->names[i].state == NAME_WAITS)
            return true;
    return false;
}

/* Looks up the first waiting name from `index` on. Without one, plans the next round. */
static void resolve_from(struct access_names *n, size_t index)
{
    const struct conf_access_rules *rules = n->params.rules;
    const struct world *w = n->params.world;

    for (; index < rules->name_count; index++) {
        n->current = index;
        if (n->names[index].state == NAME_WAITS &&
            w->ops->resolve(w->ctx, rules->names[index].name, IP_UNSPEC, true, resolved, n))
            return;
    }
    if (!any_waits(n))
        return;
    n->timer = loop_timer_add(n->params.loop, INTERVAL_UNIT * (1 << n->interval), start_round, n);
    if (n->interval < MAX_INTERVAL)
        n->interval++;
}

static void start_round(void *arg)
{
    struct access_names *n = arg;

    n->timer = 0;
    resolve_from(n, 0);
}

static void resolved(enum resolve_status status, const struct ip_addr *addrs, int count, void *arg)
{
    struct access_names *n = arg;

    if (status == RESOLVE_SUCCESS && count > 0) {
        apply(n, n->current, &addrs[0]);
    } else if (resolve_is_final(status)) {
        LOG_WARN("Invalid host %s", n->params.rules->names[n->current].name);
        n->names[n->current].state = NAME_GIVEN_UP;
    }
    resolve_from(n, n->current + 1);
}

struct access_names *access_names_new(const struct access_names_params *params)
{
    struct access_names *n = mem_alloc(sizeof(*n));

    n->params = *params;
    n->names = mem_array(params->rules->name_count + 1, sizeof(*n->names));
    /* The names have just failed, so the first round begins later. */
    resolve_from(n, params->rules->name_count);
    return n;
}

void access_names_free(struct access_names *n)
{
    if (!n)
        return;
    loop_timer_cancel(n->params.loop, n->timer);
    free(n->names);
    free(n->later);
    free(n);
}

void access_names_add_rule(struct access_names *n, const struct conf_access_rule *rule)
{
    if (!any_waits(n))
        return;
    n->later = mem_resize(n->later, n->later_count + 1, sizeof(*n->later));
    n->later[n->later_count++] = *rule;
}
