/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set of sources: table, adding and removing, pools, changes of address, and the dispatch of
 * packets to associations. It owns every association and is the only one that changes the table.
 */
#include "ntp/client/sources_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"

#define INITIAL_HASH_SIZE 16

static const char *const status_texts[] = {
    [NTP_SOURCES_SUCCESS] = "Success",
    [NTP_SOURCES_NONE] = "No such source",
    [NTP_SOURCES_IN_USE] = "Already in use",
    [NTP_SOURCES_TOO_MANY] = "Too many sources",
    [NTP_SOURCES_BAD_ADDRESS] = "Invalid address",
    [NTP_SOURCES_BAD_NAME] = "Invalid name",
    [NTP_SOURCES_UNRESOLVED] = "Unresolved name",
};

const char *ntp_sources_status_text(enum ntp_sources_status status)
{
    return status_texts[status];
}

/* ---- Table ---- */

static size_t hash_of(const struct ntp_sources *s, const struct ip_addr *addr)
{
    const uint8_t *octets;
    size_t length = ip_addr_octets(addr, &octets);
    uint32_t h = s->hash_seed ^ (uint32_t)addr->family;

    if (addr->family == IP_ID) {
        octets = (const uint8_t *)&addr->u.id;
        length = sizeof(addr->u.id);
    }
    for (size_t i = 0; i < length; i++)
        h = (h ^ octets[i]) * 16777619U;
    return h & (s->hash_size - 1);
}

static void hash_insert(struct ntp_sources *s, struct record *r)
{
    size_t i = hash_of(s, &r->addr.addr);

    while (s->hash[i])
        i = (i + 1) & (s->hash_size - 1);
    s->hash[i] = r;
}

/* Closes the gap: a record behind it moves up, unless the gap is before the place where the
   search for that record begins. */
static void hash_remove(struct ntp_sources *s, const struct record *r)
{
    size_t mask = s->hash_size - 1, gap = hash_of(s, &r->addr.addr);

    while (s->hash[gap] != r)
        gap = (gap + 1) & mask;
    for (size_t i = (gap + 1) & mask; s->hash[i]; i = (i + 1) & mask) {
        size_t first = hash_of(s, &s->hash[i]->addr.addr);
        if (((i - first) & mask) >= ((i - gap) & mask)) {
            s->hash[gap] = s->hash[i];
            gap = i;
        }
    }
    s->hash[gap] = NULL;
}

static struct record **conf_bucket(const struct ntp_sources *s, uint32_t conf_id)
{
    return &s->by_conf_id[conf_id & (s->hash_size - 1)];
}

/* Adds it behind the others, so that the sources of a pool stay in order. */
static void conf_insert(struct ntp_sources *s, struct record *r)
{
    struct record **link = conf_bucket(s, r->conf_id);

    while (*link)
        link = &(*link)->next_of_conf;
    r->next_of_conf = NULL;
    *link = r;
}

static void conf_remove(struct ntp_sources *s, const struct record *r)
{
    struct record **link = conf_bucket(s, r->conf_id);

    while (*link != r)
        link = &(*link)->next_of_conf;
    *link = r->next_of_conf;
}

static void hash_grow(struct ntp_sources *s)
{
    struct record *r;

    s->hash_size *= 2;
    free(s->hash);
    free(s->by_conf_id);
    s->hash = mem_array(s->hash_size, sizeof(struct record *));
    s->by_conf_id = mem_array(s->hash_size, sizeof(struct record *));
    TAILQ_FOREACH (r, &s->records, others) {
        hash_insert(s, r);
        conf_insert(s, r);
    }
}

/* The source with this address and scope; for an address without scope the first one with its
   octets. */
struct record *sources_find(const struct ntp_sources *s, const struct ip_addr *addr)
{
    struct record *found = NULL;

    if (addr->family == IP_UNSPEC)
        return NULL;
    for (size_t i = hash_of(s, addr); s->hash[i]; i = (i + 1) & (s->hash_size - 1)) {
        if (ip_addr_equal(&s->hash[i]->addr.addr, addr))
            return s->hash[i];
        if (!found && ip_addr_matches(&s->hash[i]->addr.addr, addr))
            found = s->hash[i];
    }
    return found;
}

static void table_add(struct ntp_sources *s, struct record *r)
{
    TAILQ_INSERT_TAIL(&s->records, r, others);
    s->count++;
    if (2 * s->count > s->hash_size) {
        hash_grow(s);
    } else {
        hash_insert(s, r);
        conf_insert(s, r);
    }
}

static void table_remove(struct ntp_sources *s, struct record *r)
{
    sources_work_forget(s, r);
    TAILQ_REMOVE(&s->records, r, others);
    s->count--;
    hash_remove(s, r);
    conf_remove(s, r);
}

/* False for an address with the name of an interface. It is resolved as a name, because another
   interface may have that name later. */
bool sources_name_is_address(const char *name, struct ip_addr *addr)
{
    const char *interface;

    return ip_addr_parse_scoped(name, addr, &interface) && (!interface || addr->scope != 0);
}

/* ---- Changes of address ---- */

static void make_tentative(struct record *r)
{
    if (!r->tentative && r->pool != NO_POOL)
        r->set->pools[r->pool].confirmed--;
    r->tentative = true;
}

static void set_address(struct record *r, const struct ip_port *addr, bool ntp_only)
{
    hash_remove(r->set, r);
    r->addr = *addr;
    hash_insert(r->set, r);
    make_tentative(r);
    association_change_address(r->association, addr, ntp_only);
}

static enum ntp_sources_status change_negotiated(struct record *r, const struct ip_port *addr)
{
    char old[ADDR_TEXT_SIZE], new[ADDR_TEXT_SIZE];
    bool same_addr = ip_addr_equal(&r->addr.addr, &addr->addr);

    if (!ip_addr_is_real(&r->addr.addr) || !ip_addr_is_real(&addr->addr))
        return NTP_SOURCES_BAD_ADDRESS;
    if (same_addr && r->addr.port == addr->port)
        return NTP_SOURCES_SUCCESS;
    if (!same_addr && sources_find(r->set, &addr->addr))
        return NTP_SOURCES_IN_USE;

    ip_addr_format(&r->addr.addr, old, sizeof(old));
    if (same_addr)
        LOG_INFO("Source %s (%s) changed port to %u", old, r->name, (unsigned int)addr->port);
    else
        LOG_INFO("Source %s changed to %s (%s)", old, ip_addr_format(&addr->addr, new, sizeof(new)),
                 r->name);
    set_address(r, addr, true);
    return NTP_SOURCES_SUCCESS;
}

/* Called by NTS: at a poll, or, if cookies were loaded, while its source is added or changed. */
static bool nts_change_address(const struct ip_port *addr, void *arg)
{
    struct record *r = arg;
    struct ntp_sources *s = r->set;

    if (!s->changing)
        return change_negotiated(r, addr) == NTP_SOURCES_SUCCESS;
    if (s->saved_record)
        return false;
    s->saved_record = r;
    s->saved_addr = *addr;
    return true;
}

static void apply_saved_change(struct ntp_sources *s)
{
    struct record *r = s->saved_record;
    char old[ADDR_TEXT_SIZE], new[ADDR_TEXT_SIZE];

    s->changing = false;
    s->saved_record = NULL;
    if (r && change_negotiated(r, &s->saved_addr) != NTP_SOURCES_SUCCESS)
        LOG_ERROR("Could not change %s to %s", ip_port_format(&r->addr, old, sizeof(old)),
                  ip_port_format(&s->saved_addr, new, sizeof(new)));
}

void sources_give_address(struct record *r, const struct ip_addr *addr)
{
    struct ntp_sources *s = r->set;
    struct ip_port new_addr = {.addr = *addr, .port = r->addr.port};
    bool was_real = ip_addr_is_real(&r->addr.addr);
    char old[ADDR_TEXT_SIZE], new[ADDR_TEXT_SIZE];

    LOG(was_real ? LOG_SEV_INFO : LOG_SEV_DEBUG, "Source %s replaced with %s (%s)",
        ip_addr_format(&r->addr.addr, old, sizeof(old)), ip_addr_format(addr, new, sizeof(new)),
        r->name);

    s->changing = true;
    set_address(r, &new_addr, false);
    r->resolved_addr = *addr;
    if (!was_real) {
        if (r->pool != NO_POOL)
            s->pools[r->pool].unresolved--;
        if (s->auto_start)
            association_start(r->association);
    }
    apply_saved_change(s);
}

/* ---- Adding ---- */

struct addition {
    struct ip_port addr;
    const char *name;
    enum source_kind kind;
    int pool;
    const struct source_options *options;
    uint32_t conf_id;
};

static void log_added(const struct record *r)
{
    char label[ADDR_LABEL_SIZE];

    if (r->pool == NO_POOL)
        LOG_CONTEXT("Added source %s", ip_addr_label(&r->addr.addr, r->name, label, sizeof(label)));
    else if (r->set->pools[r->pool].sources == 1)
        LOG_CONTEXT("Added pool %s", r->name);
}

static enum ntp_sources_status add_source(struct ntp_sources *s, const struct addition *add)
{
    if (sources_find(s, &add->addr.addr))
        return NTP_SOURCES_IN_USE;
    if (s->count >= NTP_SOURCES_MAX)
        return NTP_SOURCES_TOO_MANY;

    struct record *r = mem_alloc(sizeof(*r));
    bool is_real = ip_addr_is_real(&add->addr.addr);
    r->set = s;
    r->addr = add->addr;
    r->name = text_dup(add->name);
    if (is_real)
        r->resolved_addr = add->addr.addr;
    r->family = add->options->family;
    r->pool = add->pool;
    r->tentative = true;
    r->conf_id = add->conf_id;
    r->last_resolved = loop_uptime(s->env->loop);
    table_add(s, r);
    if (r->pool != NO_POOL) {
        s->pools[r->pool].sources++;
        s->pools[r->pool].unresolved += !is_real;
    }

    s->changing = true;
    r->association = association_new(&s->shared, &(struct association_params){
                                                     .kind = add->kind,
                                                     .addr = add->addr,
                                                     .name = r->name,
                                                     .options = add->options,
                                                     .change_address = nts_change_address,
                                                     .arg = r,
                                                 });
    log_added(r);
    if (is_real && s->auto_start)
        association_start(r->association);
    apply_saved_change(s);
    return NTP_SOURCES_SUCCESS;
}

/* Returns a pool slot without sources. */
static int new_pool(struct ntp_sources *s, int quota)
{
    int i = 0;

    while (i < s->pool_count && (s->pools[i].sources > 0 || sources_pool_is_queued(s, i)))
        i++;
    if (i == s->pool_count)
        s->pools = mem_resize(s->pools, (size_t)++s->pool_count, sizeof(*s->pools));
    s->pools[i] = (struct pool){.quota = quota};
    return i;
}

static enum ntp_sources_status add_name(struct ntp_sources *s, const struct source_conf *conf,
                                        struct addition *add)
{
    enum ntp_sources_status status = NTP_SOURCES_SUCCESS;
    struct ip_port queued = {.addr = {.family = IP_UNSPEC}};
    int wanted = 1, added = 0;

    if (!text_is_graphic(conf->name))
        return NTP_SOURCES_BAD_NAME;
    /* An address with an interface is that of one server. */
    const bool pool = conf->pool && !strchr(conf->name, '%');
    if (pool) {
        int max = conf->options.max_sources;
        int quota = max < 1 ? 1 : max > MAX_POOL_QUOTA ? MAX_POOL_QUOTA : max;
        add->pool = new_pool(s, quota);
        wanted = 2 * quota < NTP_SOURCES_MAX_POOL ? 2 * quota : NTP_SOURCES_MAX_POOL;
    }
    for (; added < wanted && status == NTP_SOURCES_SUCCESS; added++) {
        add->addr.addr = ip_addr_from_id(++s->last_id);
        status = add_source(s, add);
    }
    if (!pool)
        queued = add->addr;
    if (added > 1 || status == NTP_SOURCES_SUCCESS)
        sources_queue_name(s, &queued, add->pool, conf->name, conf->options.family, false, false);
    return status == NTP_SOURCES_SUCCESS ? NTP_SOURCES_UNRESOLVED : NTP_SOURCES_TOO_MANY;
}

enum ntp_sources_status ntp_sources_add(struct ntp_sources *s, const struct source_conf *conf,
                                        uint32_t *conf_id)
{
    struct addition add = {
        .addr = {.port = conf->options.port},
        .name = conf->name,
        .kind = conf->kind,
        .pool = NO_POOL,
        .options = &conf->options,
        .conf_id = ++s->last_conf_id,
    };

    if (conf_id)
        *conf_id = add.conf_id;
    if (!sources_name_is_address(conf->name, &add.addr.addr))
        return add_name(s, conf, &add);
    if (conf->options.family != IP_UNSPEC && conf->options.family != add.addr.addr.family)
        return NTP_SOURCES_BAD_ADDRESS;
    return add_source(s, &add);
}

/* ---- Removing ---- */

static void remove_record(struct ntp_sources *s, struct record *r)
{
    table_remove(s, r);
    if (r->pool != NO_POOL) {
        struct pool *pool = &s->pools[r->pool];
        pool->sources--;
        pool->unresolved -= !ip_addr_is_real(&r->addr.addr);
        pool->confirmed -= !r->tentative;
        if (pool->quota > pool->sources)
            pool->quota = pool->sources;
    }
    association_free(r->association);
    free(r->name);
    free(r);
}

enum ntp_sources_status ntp_sources_remove(struct ntp_sources *s, const struct ip_addr *addr)
{
    struct record *r = sources_find(s, addr);
    char label[ADDR_LABEL_SIZE];

    if (!r)
        return NTP_SOURCES_NONE;
    LOG_CONTEXT("Removed source %s", ip_addr_label(&r->addr.addr, r->name, label, sizeof(label)));
    remove_record(s, r);
    return NTP_SOURCES_SUCCESS;
}

void ntp_sources_remove_by_conf_id(struct ntp_sources *s, uint32_t conf_id)
{
    struct record *r = *conf_bucket(s, conf_id), *next;
    char label[ADDR_LABEL_SIZE];

    for (; r; r = next) {
        next = r->next_of_conf;
        if (r->conf_id != conf_id)
            continue;
        if (r->pool == NO_POOL)
            LOG_CONTEXT("Removed source %s",
                        ip_addr_label(&r->addr.addr, r->name, label, sizeof(label)));
        else if (s->pools[r->pool].sources == 1)
            LOG_CONTEXT("Removed pool %s", r->name);
        remove_record(s, r);
    }
}

void ntp_sources_remove_all(struct ntp_sources *s)
{
    const struct ntp_env *env = s->env;
    bool hold = sources_work_is_large(s->count);
    struct record *r;

    if (hold)
        source_register_hold(env->sources);
    while ((r = TAILQ_LAST(&s->records, record_list)))
        remove_record(s, r);
    if (hold)
        source_register_release(env->sources);
}

/* ---- Packets ---- */

static void remove_tentative(struct ntp_sources *s, int pool)
{
    struct record *r, *next;

    for (r = TAILQ_FIRST(&s->records); r; r = next) {
        next = TAILQ_NEXT(r, others);
        if (r->pool == pool && r->tentative)
            remove_record(s, r);
    }
}

/* The first good response ends the tentative state (ntp.md 18.6). */
static void confirm(struct record *r)
{
    struct ntp_sources *s = r->set;

    if (r->tentative) {
        r->tentative = false;
        if (r->pool != NO_POOL) {
            struct pool *pool = &s->pools[r->pool];
            if (++pool->confirmed >= pool->quota)
                remove_tentative(s, r->pool);
        }
    }
    sources_consider_refresh(s);
}

/* A link-local address identifies a sender only together with the interface of the packet. */
static struct record *find_sender(const struct ntp_sources *s, const struct ntp_arrival *arrival)
{
    struct ip_addr addr = arrival->remote.addr;

    if (addr.family == IP_V6 && arrival->if_index > 0 && ip_addr_is_link_local(&addr))
        addr.scope = (uint32_t)arrival->if_index;
    struct record *r = sources_find(s, &addr);
    if (!r && addr.scope != 0) {
        /* A source without scope: bindacqdevice may tell its interface. */
        r = sources_find(s, &arrival->remote.addr);
        if (r && r->addr.addr.scope != 0)
            r = NULL;
    }
    return r && r->addr.port == arrival->remote.port ? r : NULL;
}

bool ntp_sources_receive(struct ntp_sources *s, const struct ntp_arrival *arrival)
{
    struct record *r = find_sender(s, arrival);

    if (!r)
        return false;
    enum response_reason reason = association_receive(r->association, arrival);
    if (reason == RESPONSE_GOOD || reason == RESPONSE_WAITS)
        confirm(r);
    return reason != RESPONSE_FOR_SERVER;
}

void ntp_sources_failed(struct ntp_sources *s, const struct ip_port *remote, int error)
{
    struct record *r = sources_find(s, &remote->addr);

    if (r && r->addr.port == remote->port)
        association_failed(r->association, error);
}

bool ntp_sources_transmitted(struct ntp_sources *s, const struct ntp_arrival *arrival)
{
    struct record *r = find_sender(s, arrival);

    return r && association_transmitted(r->association, arrival);
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    const struct ntp_sources *s = arg;
    struct record *r;

    TAILQ_FOREACH (r, &s->records, others)
        association_clock_change(r->association, change);
}

/* ---- The set ---- */

struct ntp_sources *ntp_sources_new(const struct ntp_sources_params *params)
{
    struct ntp_sources *s = mem_alloc(sizeof(*s));

    s->env = params->env;
    s->conf = params->conf;
    s->sockets = params->sockets;
    s->shared = (struct association_env){
        .env = params->env,
        .sockets = params->sockets,
        .keys = params->keys,
        .random = random_pool_make(params->env->world),
        .hwts_timeout = params->conf.hwts_timeout,
        .poll_policy = params->conf.poll_policy,
        .add_net_correction = params->ptp_port != 0,
        .mono = params->mono,
    };
    if (params->nts)
        s->shared.nts = *params->nts;
    s->hash_seed = random_pool_u32(&s->shared.random);
    s->hash_size = INITIAL_HASH_SIZE;
    s->hash = mem_array(s->hash_size, sizeof(struct record *));
    s->by_conf_id = mem_array(s->hash_size, sizeof(struct record *));
    TAILQ_INIT(&s->records);
    TAILQ_INIT(&s->queue);
    ntp_sockets_set_sources(s->sockets, s);
    local_clock_add_handler(s->env->clock, CLOCK_HOLDER_NTP_SOURCES, on_clock_change, s);
    return s;
}

void ntp_sources_free(struct ntp_sources *s)
{
    if (!s)
        return;
    local_clock_remove_handler(s->env->clock, on_clock_change, s);
    ntp_sockets_set_sources(s->sockets, NULL);
    sources_work_free(s);
    ntp_sources_remove_all(s);
    loop_timer_cancel(s->env->loop, s->round_timer);
    sources_free_queue(s);
    sources_free_files(s);
    free(s->hash);
    free(s->by_conf_id);
    free(s->pools);
    free(s);
}

void ntp_sources_start_all(struct ntp_sources *s)
{
    struct record *r;

    TAILQ_FOREACH (r, &s->records, others)
        if (ip_addr_is_real(&r->addr.addr))
            association_start(r->association);
}

void ntp_sources_set_auto_start(struct ntp_sources *s)
{
    s->auto_start = true;
}
