/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of sources (discipline.md 12), and how they follow changes of the clock. Called by NTP
 * associations, reference clocks and the local clock. What may change which is best selects anew.
 */
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/sync_status.h"
#include "base/text.h"
#include "conf/source_options.h"
#include "source/intersection.h"
#include "source/record.h"

/* A source in a one-shot mode gets 7 requests and needs 3 samples. */
#define ONE_SHOT_UPDATES 7
#define ONE_SHOT_SAMPLES 3

static void follow_slew(struct source *s, struct local_time when, double dfreq, double doffset)
{
    samples_slew(s->samples, when, dfreq, doffset);
    estimator_slew(s->estimator, when, dfreq, doffset);
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct source_register *reg = arg;

    if (change->type == CLOCK_UNKNOWN_STEP)
        joint_stop(&reg->joint); /* at once, rather than member by member */
    for (int i = 0; i < reg->count; i++)
        if (change->type == CLOCK_UNKNOWN_STEP)
            source_drop_samples(reg->sources[i]);
        else
            follow_slew(reg->sources[i], change->cooked, change->dfreq, change->doffset);
    joint_slew(&reg->joint, change->cooked, change->dfreq, change->doffset);
    if (change->type == CLOCK_UNKNOWN_STEP)
        source_register_select(reg, NULL);
}

static void on_dispersion(double dispersion, void *arg)
{
    struct source_register *reg = arg;

    for (int i = 0; i < reg->count; i++)
        samples_add_dispersion(reg->sources[i]->samples, dispersion);
}

struct source_register *source_register_new(const struct source_register_env *env,
                                            const struct selection_conf *conf)
{
    struct source_register *reg = mem_alloc(sizeof(*reg));

    reg->env = *env;
    reg->conf = *conf;
    local_clock_add_handler(env->clock, CLOCK_HOLDER_SOURCES, on_clock_change, reg);
    local_clock_add_dispersion_handler(env->clock, on_dispersion, reg);
    return reg;
}

static void free_record(struct source *s)
{
    estimator_free(s->estimator);
    samples_free(s->samples);
    free(s);
}

void source_register_free(struct source_register *reg)
{
    if (!reg)
        return;
    local_clock_remove_handler(reg->env.clock, on_clock_change, reg);
    local_clock_remove_dispersion_handler(reg->env.clock, on_dispersion, reg);
    for (int i = 0; i < reg->count; i++)
        free_record(reg->sources[i]);
    free(reg->sources);
    free(reg->list);
    free(reg->endpoints);
    free(reg);
}

/* by: 1 when the source comes, -1 when it goes; both around a change of its options. */
static void count_for_authselect(const struct source *s, int by)
{
    if (s->refclock || (s->conf_options & SELECT_NOSELECT))
        return;
    if (s->authenticated)
        s->reg->authenticated += by;
    else
        s->reg->unauthenticated += by;
}

/* Adds the options that follow from authselectmode (discipline.md 12.4). */
static void update_options(struct source *s)
{
    s->options = s->conf_options;
    if (s->conf_options & SELECT_NOSELECT)
        return;
    if (s->reg->ignore_unauthenticated && !s->refclock && !s->authenticated)
        s->options |= SELECT_NOSELECT;
    if (s->reg->trust_authenticated && (s->refclock || s->authenticated))
        s->options |= SELECT_TRUST | SELECT_REQUIRE;
}

/* To be called after a change of the counts. Visits all sources only if the result has changed,
   so that adding thousands of sources is O(n). */
static void apply_authselect(struct source_register *reg)
{
    enum authselect_mode mode = reg->conf.authselect_mode;
    bool ignore =
        mode == AUTHSELECT_REQUIRE || (mode == AUTHSELECT_PREFER && reg->authenticated > 0);
    bool trust = mode == AUTHSELECT_MIX && reg->authenticated > 0 && reg->unauthenticated > 0;

    if (ignore == reg->ignore_unauthenticated && trust == reg->trust_authenticated)
        return;
    reg->ignore_unauthenticated = ignore;
    reg->trust_authenticated = trust;
    for (int i = 0; i < reg->count; i++)
        update_options(reg->sources[i]);
}

static void reset_record(struct source *s)
{
    s->reach = 0;
    s->reach_size = 0;
    s->unreach_run = 0;
    s->updates = 0;
    s->distant = 0;
    s->bad = 0;
    s->verdict = (struct source_verdict){.status = STATUS_MISSING_SAMPLES};
    s->reported = 0;
    s->score = 1.0;
    s->info = (struct samples_selection){0};
    s->stratum = 0;
    s->leap = LEAP_UNSYNC;
    s->leap_vote = false;
    source_drop_samples(s);
}

static void make_room(struct source_register *reg)
{
    if (reg->count < reg->capacity)
        return;
    reg->capacity = reg->capacity > 0 ? 2 * reg->capacity : 16;

    size_t capacity = (size_t)reg->capacity;
    reg->sources = mem_resize(reg->sources, capacity, sizeof(struct source *));
    reg->list = mem_resize(reg->list, capacity, sizeof(struct source *));
    reg->endpoints = mem_resize(reg->endpoints, 2 * capacity, sizeof(*reg->endpoints));
}

static struct source *add_record(struct source_register *reg, const struct source_params *params,
                                 bool refclock)
{
    const struct selection_conf *conf = &reg->conf;
    struct source *s = mem_alloc(sizeof(*s));
    struct samples_params samples = {
        .min_samples =
            params->min_samples == SOURCE_DEFAULT_SAMPLES ? conf->min_samples : params->min_samples,
        .max_samples =
            params->max_samples == SOURCE_DEFAULT_SAMPLES ? conf->max_samples : params->max_samples,
        .min_delay = params->min_delay,
        .asymmetry = params->asymmetry,
        .precision = local_clock_precision(reg->env.clock),
    };

    s->reg = reg;
    s->refclock = refclock;
    s->authenticated = params->authenticated;
    s->conf_options = params->select_options;
    s->max_unreach = params->max_unreach;
    s->samples = samples_new(&samples);
    s->estimator = estimator_new(
        &(struct estimator_params){
            .kind = conf->estimator,
            .refclock = refclock,
            .min_samples = samples.min_samples,
            .max_samples = samples.max_samples,
            .min_delay = samples.min_delay,
            .precision = samples.precision,
        },
        s->samples);
    reset_record(s);

    make_room(reg);
    reg->sources[reg->count++] = s;
    reg->generation++;
    count_for_authselect(s, 1);
    update_options(s);
    apply_authselect(reg);
    return s;
}

struct source *source_new(struct source_register *reg, const struct source_params *params)
{
    struct source *s = add_record(reg, params, false);

    s->name = params->name;
    source_set_address(s, &params->addr);
    return s;
}

struct source *source_new_refclock(struct source_register *reg, uint32_t refid,
                                   const struct source_params *params)
{
    struct source *s = add_record(reg, params, true);

    s->refid = refid;
    return s;
}

/* Whether a run of the selection has an effect. At exit, when sources are removed one by one,
   only the log of the selection shows it (discipline.md 19.3). */
static bool selection_is_noticed(const struct source_register *reg)
{
    return reference_mode(reg->env.reference) != REFERENCE_IGNORE ||
           measurement_log_enabled(reg->env.log, MLOG_SELECTION);
}

/* Closes the gaps of all removed sources in one pass. */
static void purge(struct source_register *reg)
{
    int kept = 0, dump_at = reg->dump_at;

    for (int i = 0; i < reg->count; i++) {
        struct source *s = reg->sources[i];
        if (!s->removed) {
            reg->sources[kept++] = s;
            continue;
        }
        free_record(s);
        if (i < dump_at)
            reg->dump_at--;
    }
    reg->count = kept;
    reg->generation++;
    reg->removed = 0;
    reg->select_later = false;
    if (selection_is_noticed(reg))
        source_register_select(reg, NULL);
}

/* An online source goes offline before it is removed (discipline.md 12.2): so it has a last line
   in the log of the selection, and a message tells if no other source can be selected. */
static void leave(struct source *s)
{
    if (s->reg->last_updated == s)
        s->reg->last_updated = NULL; /* so that it is not replaced as a bad one */
    if (s->refclock || !s->active || !selection_is_noticed(s->reg))
        return;
    s->reach = 0;
    s->reach_size = 1;
    s->unreach_run = 1;
    source_register_select(s->reg, NULL);
}

void source_free(struct source *s)
{
    if (!s)
        return;

    struct source_register *reg = s->reg;

    leave(s);
    source_leave_joint(s);
    if (reg->selected == s)
        source_register_deselect(reg);
    count_for_authselect(s, -1);
    apply_authselect(reg);
    s->removed = true;
    reg->removed++;
    if (!source_register_is_held(reg))
        purge(reg);
}

bool source_register_is_held(const struct source_register *reg)
{
    return reg->holds > 0 && (reference_mode(reg->env.reference) != REFERENCE_IGNORE ||
                              !measurement_log_enabled(reg->env.log, MLOG_SELECTION));
}

void source_register_hold(struct source_register *reg)
{
    reg->holds++;
}

void source_register_release(struct source_register *reg)
{
    assert(reg->holds > 0);
    if (--reg->holds > 0)
        return;
    if (reg->removed > 0)
        purge(reg);
    else if (reg->select_later)
        source_register_select(reg, NULL);
}

void source_reset(struct source *s)
{
    reset_record(s);
    if (s->reg->selected == s)
        source_register_select(s->reg, NULL);
}

void source_set_address(struct source *s, const struct ip_addr *addr)
{
    s->addr = *addr;
    s->refid = ip_addr_refid(addr);
    s->reg->generation++;
}

void source_set_refid(struct source *s, uint32_t refid)
{
    s->refid = refid;
}

void source_set_active(struct source *s, bool active)
{
    s->active = active;
}

void source_register_check_one_shot(struct source_register *reg)
{
    if (!reference_is_one_shot(reg->env.reference))
        return;
    for (int i = 0; i < reg->count; i++) {
        const struct source *s = reg->sources[i];
        int updates_left = ONE_SHOT_UPDATES - s->reach_size;
        if (s->active && updates_left > 0 &&
            updates_left + samples_count(s->samples) >= ONE_SHOT_SAMPLES)
            return;
    }
    reference_set_unsynchronised(reg->env.reference);
}

void source_register_forget_reports(struct source_register *reg)
{
    reg->report_loss = false;
    reg->first_report_done = false;
    reg->no_majority_reported = false;
}

void source_handle_bad(struct source *s)
{
    const struct source_register_env *env = &s->reg->env;

    if (!s->refclock && env->on_bad)
        env->on_bad(s, env->arg);
}

void source_update_reachability(struct source *s, bool reachable)
{
    s->reach = (uint8_t)(s->reach << 1 | reachable);
    if (s->reach_size < FULL_REACH_SIZE)
        s->reach_size++;
    if (s->reach != 0)
        s->unreach_run = 0;
    else if (s->unreach_run < INT_MAX)
        s->unreach_run++;

    source_register_check_one_shot(s->reg);
    if (s->reach == 0) {
        if (s->reach_size == FULL_REACH_SIZE)
            source_handle_bad(s);
        source_register_select(s->reg, NULL);
    }
}

void source_reset_reachability(struct source *s)
{
    s->reach = 0;
    s->reach_size = 0;
    s->unreach_run = 0;
    source_update_reachability(s, false);
}

void source_update_status(struct source *s, int stratum, int leap)
{
    s->stratum = stratum;
    if (reference_is_leap_close_now(s->reg->env.reference))
        return;
    s->leap = leap;
    if (s->leap_vote)
        reference_update_leap(s->reg->env.reference, source_register_majority_leap(s->reg));
}

const char *source_plain_name(const struct source *s, char *buf, size_t size)
{
    if (s->refclock)
        return refid_format(s->refid, buf, size);
    return ip_addr_format(&s->addr, buf, size);
}

const char *source_label(const struct source *s, char *buf, size_t size)
{
    return s->refclock ? refid_format(s->refid, buf, size)
                       : ip_addr_label(&s->addr, s->name, buf, size);
}

void source_update_statistics(struct source *s)
{
    char date[32], name[ADDR_TEXT_SIZE];
    struct samples_fit fit;

    if (!samples_update(s->samples, &fit) ||
        !measurement_log_enabled(s->reg->env.log, MLOG_STATISTICS))
        return;
    instant_format_utc(fit.time.i, date, sizeof(date));
    measurement_log_write(s->reg->env.log, MLOG_STATISTICS,
                          "%s %-15s %10.3e %10.3e %10.3e %10.3e %10.3e %7.1e %3d %3d %3d %5.2f",
                          date, source_plain_name(s, name, sizeof(name)), fit.sd, fit.offset,
                          fit.offset_sd, fit.frequency, fit.skew, fit.stress, fit.count, fit.start,
                          fit.runs, fit.asymmetry);
}

/* Around a leap second the clock of the source or of this host may be wrong by a second
   (discipline.md 12.3). */
static bool is_around_leap(const struct source *s, const struct source_sample *sample)
{
    const struct reference *reference = s->reg->env.reference;

    return reference_is_leap_close_now(reference) ||
           reference_is_leap_close(reference, sample->time.i.sec) ||
           reference_is_leap_close(reference, instant_add(sample->time.i, -sample->offset).sec);
}

void source_accumulate(struct source *s, const struct source_sample *sample)
{
    char name[ADDR_TEXT_SIZE];

    if (is_around_leap(s, sample)) {
        LOG_INFO("Dropping sample around leap second");
        return;
    }
    if (!samples_add(s->samples, sample))
        LOG_WARN("Out of order sample detected, discarding history for %s",
                 source_plain_name(s, name, sizeof(name)));
    source_update_statistics(s);
    estimator_expect_frequency(s->estimator, reference_frequency_sd(s->reg->env.reference));
    estimator_add(s->estimator, sample);
    estimator_predict(s->estimator, local_clock_event_time(s->reg->env.clock, NULL));
    source_log_estimator(s);
    source_register_select(s->reg, s);
    if (s->reg->env.on_sample)
        s->reg->env.on_sample(s, sample, s->reg->env.arg);
}

void source_correct_offset(struct source *s, double correction)
{
    source_leave_joint(s);
    samples_correct_offset(s->samples, correction);
    estimator_correct_offset(s->estimator, correction);
}

void source_slew(struct source *s, struct local_time when, double dfreq, double doffset)
{
    follow_slew(s, when, dfreq, doffset);
    source_leave_joint(s);
}

void source_drop_samples(struct source *s)
{
    source_leave_joint(s);
    samples_reset(s->samples);
    estimator_reset(s->estimator);
}

bool source_estimate(const struct source *s, struct source_estimate *estimate)
{
    struct samples_tracking tracking;

    if (samples_count(s->samples) < samples_minimum(s->samples))
        return false;
    estimator_tracking(s->estimator, &tracking);
    *estimate = (struct source_estimate){
        .time = tracking.ref_time,
        .offset = tracking.offset,
        .frequency = tracking.frequency,
    };
    return true;
}

int source_reach_size(const struct source *s)
{
    return s->reach_size;
}

bool source_is_reachable(const struct source *s)
{
    return s->reach != 0;
}

bool source_is_selected(const struct source *s)
{
    return s->reg->selected == s;
}

int source_samples(const struct source *s)
{
    return samples_count(s->samples);
}

double source_predict_offset(const struct source *s, struct local_time when)
{
    return samples_predict_offset(s->samples, when);
}

double source_skew(const struct source *s)
{
    return samples_skew(s->samples);
}

bool source_test_data(const struct source *s, struct local_time when, struct source_test_data *out)
{
    return samples_test_data(s->samples, when, out);
}

const struct ip_addr *source_address(const struct source *s)
{
    return &s->addr;
}

bool source_is_refclock(const struct source *s)
{
    return s->refclock;
}

int source_register_count(const struct source_register *reg)
{
    return reg->count;
}

struct source *source_register_get(const struct source_register *reg, int index)
{
    return index >= 0 && index < reg->count ? reg->sources[index] : NULL;
}

struct source *source_register_find(const struct source_register *reg, const struct ip_addr *addr)
{
    struct source *found = NULL;

    for (int i = 0; i < reg->count; i++) {
        struct source *s = reg->sources[i];
        if (!s->refclock && ip_addr_equal(&s->addr, addr))
            return s;
        if (!found && !s->refclock && ip_addr_matches(&s->addr, addr))
            found = s;
    }
    return found;
}

struct source *source_register_find_refclock(const struct source_register *reg, uint32_t refid)
{
    for (int i = 0; i < reg->count; i++) {
        struct source *s = reg->sources[i];
        if (s->refclock && s->refid == refid)
            return s;
    }
    return NULL;
}

void source_register_reselect(struct source_register *reg)
{
    source_register_deselect(reg);
    source_register_select(reg, NULL);
}

void source_register_modify_reselect_distance(struct source_register *reg, double distance)
{
    if (distance == reg->conf.reselect_distance)
        return;
    reg->conf.reselect_distance = distance;
    LOG_INFO("New reselect distance %f", distance);
}

void source_register_reset(struct source_register *reg)
{
    for (int i = 0; i < reg->count; i++)
        reset_record(reg->sources[i]);
    LOG_INFO("Reset all sources");

    /* The announcement runs the selection. */
    local_clock_external_step(reg->env.clock, local_clock_event_raw(reg->env.clock),
                              local_clock_event_time(reg->env.clock, NULL), 0.0, 0.0);
}

void source_modify_options(struct source *s, unsigned int mask, unsigned int options)
{
    char name[ADDR_TEXT_SIZE];

    if ((s->conf_options & mask) == options)
        return;
    count_for_authselect(s, -1);
    s->conf_options = (s->conf_options & ~mask) | options;
    count_for_authselect(s, 1);
    LOG_INFO("Source %s selection options modified", source_plain_name(s, name, sizeof(name)));
    update_options(s);
    apply_authselect(s->reg);
}
