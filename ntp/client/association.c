/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Association: creation, activity (online, offline, bursts), changes of address and clock, and
 * the use of samples. The owner is the set of sources; timers and packets are handled in the
 * files beside this one.
 */
#include "ntp/client/association_state.h"

#include <math.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"

#define MAX_DELAY_LIMIT     1e3
#define MAX_DELAY_RATIO     1e6
#define PEER_MIN_PRESEND    25
#define MIN_KEY_BITS        80
#define LONG_MAC_DIGEST     20
#define IBURST_GOOD         4
#define IBURST_TOTAL        8
#define MAX_SUBSECOND_DELAY 0.01
#define MAX_MONO_SHIFT      16.0
#define QUANTILE_SCALE      100
#define QUANTILE_REPEAT     7
#define QUANTILE_LARGE_STEP 100
#define FILTER_DISPERSION   16.0
#define POLICY_MIN_SAMPLES  8

static void set_polls(struct association *a, const struct source_options *o)
{
    a->poll.min = o->minpoll < MIN_POLL   ? DEFAULT_MINPOLL
                  : o->minpoll > MAX_POLL ? MAX_POLL
                                          : o->minpoll;
    a->poll.max = o->maxpoll < MIN_POLL   ? DEFAULT_MAXPOLL
                  : o->maxpoll > MAX_POLL ? MAX_POLL
                                          : o->maxpoll;
    if (a->poll.max < a->poll.min)
        a->poll.max = a->poll.min;
    a->poll.current = a->poll.min > 0 ? a->poll.min : 0;
}

/* Limits of the options (ntp.md 6.1). */
static void set_options(struct association *a, const struct source_options *o)
{
    const struct ntp_env *env = a->shared->env;

    set_polls(a, o);
    a->iburst = o->iburst;
    a->burst = o->burst;
    a->auto_offline = o->auto_offline;
    a->copy = o->copy && !a->is_peer;
    a->presend = a->is_peer && o->presend < PEER_MIN_PRESEND ? PEER_MIN_PRESEND : o->presend;
    a->min_stratum = o->min_stratum >= NTP_MAX_STRATUM ? NTP_MAX_STRATUM - 1 : o->min_stratum;
    a->poll_target = o->poll_target > 1 ? o->poll_target : 1;
    a->limits = (struct response_limits){
        .is_peer = a->is_peer,
        .interleaved = o->interleaved,
        .ext_flags = o->ext_flags,
        .offset = o->offset,
        .max_delay = clamp(0.0, o->max_delay, MAX_DELAY_LIMIT),
        .max_delay_ratio = clamp(0.0, o->max_delay_ratio, MAX_DELAY_RATIO),
        .max_delay_dev_ratio = clamp(0.0, o->max_delay_dev_ratio, MAX_DELAY_RATIO),
        .quantum = local_clock_precision(env->clock),
        .max_clock_error = local_clock_max_error(env->clock),
    };
    if (o->max_delay_quant > 0.0) {
        a->quantile_k = (int)lround(QUANTILE_SCALE * clamp(0.05, o->max_delay_quant, 0.95));
        a->quantile =
            quantile_new(env->world, a->quantile_k, a->quantile_k, QUANTILE_SCALE, QUANTILE_REPEAT,
                         QUANTILE_LARGE_STEP, local_clock_precision(env->clock) / 2.0);
    }
    if (o->filter_length >= 1)
        a->filter = sample_filter_new(&(struct sample_filter_params){
            .length = o->filter_length < SAMPLE_FILTER_MAX ? o->filter_length : SAMPLE_FILTER_MAX,
            .max_dispersion = FILTER_DISPERSION,
            .quantum = local_clock_precision(env->clock),
        });
}

/* The version to use (ntp.md 6.2). */
static int choose_version(const struct association *a, const struct source_options *o)
{
    enum key_type type;

    if (o->version > 0)
        return o->version < NTP_VERSION ? o->version : NTP_VERSION;
    if (o->ext_flags || o->interleaved)
        return NTP_VERSION;
    /* Old servers of this family do not know truncated MACs. */
    if (a->auth == NTP_AUTH_SYMMETRIC &&
        key_table_find(ntp_keys_table(a->shared->keys), a->key_id, &type, NULL) &&
        key_type_digest_length(type) > LONG_MAC_DIGEST)
        return 3;
    return NTP_VERSION;
}

static struct ip_port nts_address(const struct association *a, const struct ip_addr *addr)
{
    return (struct ip_port){.addr = *addr, .port = a->nts_port};
}

static bool nts_change_address(const struct ip_port *addr, void *arg)
{
    struct association *a = arg;

    return a->change_address(addr, a->arg);
}

static void set_auth(struct association *a, const struct source_options *o)
{
    int bits;

    if (o->nts) {
        a->auth = NTP_AUTH_NTS;
        if (a->is_peer)
            LOG_WARN("NTS not supported with peers");
    } else if (o->key_id != 0) {
        a->auth = NTP_AUTH_SYMMETRIC;
        a->key_id = o->key_id;
        if (!key_table_find(ntp_keys_table(a->shared->keys), o->key_id, NULL, &bits))
            LOG_WARN("Key %u is missing", o->key_id);
        else if (bits < MIN_KEY_BITS)
            LOG_WARN("Key %u is too short", o->key_id);
    }
}

static void create_nts(struct association *a, const struct source_options *o)
{
    const struct ntp_nts *nts = &a->shared->nts;

    if (a->auth != NTP_AUTH_NTS || a->is_peer || !nts->client)
        return;
    a->nts = nts->client->create(nts->client_ctx, &(struct ntp_nts_client_params){
                                                      .nts_addr = nts_address(a, &a->addr.addr),
                                                      .ntp_addr = a->addr,
                                                      .name = a->name,
                                                      .cert_set = o->cert_set,
                                                      .change_address = nts_change_address,
                                                      .arg = a,
                                                  });
}

/* Peers send from the server socket. */
static void hold_server(struct association *a)
{
    if (!a->is_peer || !ip_addr_is_real(&a->addr.addr))
        return;
    a->fd = ntp_sockets_hold_for(a->shared->sockets, &a->addr);
    a->holds_server = true;
}

static void release_server(struct association *a)
{
    if (a->holds_server)
        ntp_sockets_release_for(a->shared->sockets, &a->addr);
    a->holds_server = false;
    a->fd = -1;
}

struct association *association_new(struct association_env *shared,
                                    const struct association_params *params)
{
    struct association *a = mem_alloc(sizeof(*a));
    const struct source_options *o = params->options;

    a->shared = shared;
    a->change_address = params->change_address;
    a->arg = params->arg;
    a->is_peer = params->kind == SOURCE_PEER;
    a->addr = params->addr;
    a->configured_port = params->addr.port;
    a->name = params->name;
    a->nts_port = o->nts_port;
    a->fd = -1;
    a->facts = association_facts_make(loop_uptime(shared->env->loop));
    a->suspended = true;
    set_options(a, o);
    set_auth(a, o);
    a->version = choose_version(a, o);

    a->source = source_new(a->shared->env->sources, &(struct source_params){
                                                        .addr = a->addr.addr,
                                                        .name = a->name,
                                                        .authenticated = a->auth != NTP_AUTH_NONE,
                                                        .select_options = o->select_options,
                                                        .min_samples = o->min_samples,
                                                        .max_samples = o->max_samples,
                                                        .min_delay = o->min_delay,
                                                        .asymmetry = o->asymmetry,
                                                        .max_unreach = o->max_unreach,
                                                    });
    association_reset_report(a);
    hold_server(a);
    create_nts(a, o);
    association_set_connectivity(a, o->connectivity, false);
    return a;
}

void association_free(struct association *a)
{
    if (!a)
        return;
    loop_timer_cancel(a->shared->env->loop, a->tx_timer);
    association_close_client(a);
    release_server(a);
    if (a->nts)
        a->shared->nts.client->destroy(a->nts);
    source_free(a->source);
    sample_filter_free(a->filter);
    quantile_free(a->quantile);
    free(a);
}

/* The state of a new association (ntp.md 6.3). */
static void reset(struct association *a)
{
    exchange_reset(&a->ex);
    if (a->filter)
        sample_filter_reset(a->filter);
    a->filter_polls = 0;
    if (a->quantile)
        quantile_reset(a->quantile);
}

static void reset_poll(struct association *a)
{
    a->poll.score = 0.0;
    poll_policy_reset(&a->poll_policy);
    if (a->poll.current == a->poll.min)
        return;
    a->poll.current = a->poll.min;
    if (a->tx_timer != 0)
        association_set_timer(a, association_delay(a, false));
}

void association_close_client(struct association *a)
{
    loop_timer_cancel(a->shared->env->loop, a->rx_timer);
    a->rx_timer = 0;
    association_drop_waiting(a);
    if (a->is_peer)
        return;
    ntp_sockets_close_client(a->shared->sockets, a->fd);
    a->fd = -1;
}

void association_go_offline(struct association *a)
{
    a->online = false;
    a->in_burst = false;
    a->facts.offline_since = loop_uptime(a->shared->env->loop);
    loop_timer_cancel(a->shared->env->loop, a->tx_timer);
    a->tx_timer = 0;
    source_reset_reachability(a->source);
    source_set_active(a->source, false);
    association_close_client(a);
    reset(a);
}

void association_end_burst(struct association *a)
{
    a->in_burst = false;
    if (!a->online)
        association_go_offline(a);
}

static void go_online(struct association *a)
{
    bool was_active = association_is_active(a);

    a->online = true;
    if (was_active)
        return;
    reset(a);
    /* What has failed before does not count. */
    a->facts.unheard = 0;
    a->facts.errors = 0;
    association_set_initial_timer(a);
    if (a->iburst)
        association_start_burst(a, IBURST_GOOD, IBURST_TOTAL);
}

/* A burst goes on to its end. */
static void leave_online(struct association *a)
{
    if (a->in_burst)
        a->online = false;
    else if (a->online)
        association_go_offline(a);
}

void association_set_connectivity(struct association *a, enum source_connectivity connectivity,
                                  bool by_request)
{
    bool was_online = a->online;
    char text[ADDR_TEXT_SIZE];

    a->facts.offline = connectivity == SOURCE_MAYBE_ONLINE ? OFFLINE_NO_ROUTE
                       : by_request                        ? OFFLINE_COMMAND
                                                           : OFFLINE_CONFIGURED;
    if (connectivity == SOURCE_MAYBE_ONLINE)
        connectivity = ip_addr_is_real(&a->addr.addr) &&
                               ntp_sockets_is_connectable(a->shared->sockets, &a->addr)
                           ? SOURCE_ONLINE
                           : SOURCE_OFFLINE;
    if (connectivity == SOURCE_ONLINE)
        go_online(a);
    else
        leave_online(a);

    if (by_request && a->online != was_online)
        LOG_INFO("Source %s %s", ip_addr_format(&a->addr.addr, text, sizeof(text)),
                 was_online ? "offline" : "online");
}

void association_start_burst(struct association *a, int good, int total)
{
    /* A burst would disturb the timing of the peer. */
    if (a->is_peer || a->in_burst)
        return;
    a->in_burst = true;
    a->burst_good = good;
    a->burst_total = total;
    association_set_initial_timer(a);
}

void association_start(struct association *a)
{
    a->suspended = false;
    if (association_is_active(a))
        association_set_initial_timer(a);
}

void association_change_address(struct association *a, const struct ip_port *addr, bool ntp_only)
{
    reset(a);
    association_close_client(a);
    if (a->is_peer)
        release_server(a);
    a->addr = *addr;
    a->facts = association_facts_make(loop_uptime(a->shared->env->loop));
    if (a->is_peer) {
        a->local_addr = (struct ip_addr){0};
        hold_server(a);
    }

    /* An unreachable source keeps its long interval, in case the load was the reason. */
    if (source_is_reachable(a->source))
        reset_poll(a);
    source_set_address(a->source, &addr->addr);
    source_reset(a->source);
    association_reset_report(a);

    /* This comes last, because a cookie file may name another NTP address. */
    if (!ntp_only && a->nts) {
        struct ip_port nts_addr = nts_address(a, &addr->addr);
        a->shared->nts.client->change_nts_address(a->nts, &nts_addr);
    }
}

void association_clock_change(struct association *a, const struct clock_change *change)
{
    if (change->type == CLOCK_UNKNOWN_STEP) {
        association_drop_waiting(a);
        reset(a);
        reset_poll(a);
        return;
    }
    exchange_clock_change(&a->ex, change);
    if (a->waiting.exists)
        local_adjust(&a->waiting.arrival.time.time, change->cooked, change->dfreq, change->doffset);
    if (a->filter)
        sample_filter_clock_change(a->filter, change);
}

/* Whether the interval may be below a second (ntp.md 14.1, last paragraph). */
static bool may_poll_subsecond(const struct association *a)
{
    const struct source_sample *last = a->filter ? sample_filter_last(a->filter) : NULL;

    if (!source_is_reachable(a->source))
        return false;
    return source_min_delay(a->source) <= MAX_SUBSECOND_DELAY ||
           (last && last->peer_delay <= MAX_SUBSECOND_DELAY);
}

void association_adjust_poll(struct association *a, double adjustment)
{
    poll_adjust(&a->poll, adjustment);
    if (a->poll.current < 0 && !may_poll_subsecond(a))
        a->poll.current = 0;
}

/* Takes the interval that the accuracy asks for (ntp.md 14.5). */
static void vote_poll(struct association *a)
{
    struct poll_state limits = a->poll;
    struct steady_state noise;
    struct poll_outlook outlook = {
        .noise = &noise,
        .polls_per_sample = a->filter ? sample_filter_length(a->filter) : 1.0,
        .surprise = source_surprise(a->source),
    };
    int samples = source_steady_state(a->source, &noise);

    if (!may_poll_subsecond(a)) {
        limits.min = limits.min > 0 ? limits.min : 0;
        limits.max = limits.max > 0 ? limits.max : 0;
    }
    poll_policy_vote(&a->poll_policy, &limits,
                     samples >= POLICY_MIN_SAMPLES && samples >= a->poll_target ? &outlook : NULL,
                     a->shared->poll_policy.ratio);
    a->poll.current = limits.current;
    a->poll.score = limits.score;
}

static void accumulate(struct association *a, const struct source_sample *sample)
{
    double predicted = source_predict_offset(a->source, sample->time);
    double err = fabs(sample->offset - predicted);

    if (a->ex.mono_shift != 0.0 && fabs(a->ex.mono_shift) <= MAX_MONO_SHIFT)
        source_correct_offset(a->source, a->ex.mono_shift);
    a->ex.mono_shift = 0.0;

    source_accumulate(a->source, sample);
    if (a->shared->poll_policy.accuracy) {
        vote_poll(a);
        return;
    }
    association_adjust_poll(a,
                            poll_adjustment(err, sample->peer_dispersion + sample->peer_delay / 2.0,
                                            source_samples(a->source), a->poll_target));
}

void association_process_sample(struct association *a, const struct source_sample *sample)
{
    struct source_sample filtered;

    if (!a->filter) {
        if (sample)
            accumulate(a, sample);
        return;
    }

    if (sample)
        sample_filter_add(a->filter, sample);
    if (++a->filter_polls < sample_filter_length(a->filter))
        return;
    /* Without a result the filter is tried again at the next poll. */
    if (!sample_filter_take(a->filter, &filtered))
        return;
    a->filter_polls = 0;
    accumulate(a, &filtered);
}

struct source *association_source(const struct association *a)
{
    return a->source;
}

const struct ip_addr *association_local_addr(const struct association *a)
{
    return &a->local_addr;
}
