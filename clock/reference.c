/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference update and everything that follows from it (discipline.md 15, 16, 19): the one place
 * that decides how the local clock is corrected. Called by source selection, manual input and
 * commands. It never looks at single sources. What is said about the result is in
 * reference_serve.c.
 */
#include "clock/reference.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/addr.h"
#include "base/number.h"
#include "base/log.h"
#include "base/state_file.h"
#include "base/text.h"
#include "clock/change_mail.h"
#include "clock/estimate.h"
#include "clock/reference_state.h"
#include "base/sync_status.h"

#define INITIAL_SKEW     1.0
#define MEAN_SQUARE_GAIN 0.1
/* Slews of a filter's estimates: frequency, in standard deviations of that of the clock; least and
   largest duration, as parts of the interval between updates, the latter for an error that is far
   beyond its standard deviation, and for one that is not. */
struct slew_limits {
    double sigmas, min_part, max_part, max_part_small;
};
static const struct slew_limits one_source = {3.0, 0.1, 1.0, 2.0};
/* Corrections that come early and often need no haste. */
static const struct slew_limits several_sources = {0.5, 1.0, 8.0, 8.0};
/* In between the part is this, over the number of standard deviations. */
#define SMALL_ERROR     5.0
#define MAX_REFINEMENTS 16 /* in a row, and in an interval between updates */
/* An error of more standard deviations of the offset gets less than that, down to so many
   seconds. */
#define GROSS_SIGMAS   150.0
#define GROSS_DURATION 25.0
/* Seconds after which the kernel is told how errors have grown (discipline.md 30.9). */
#define HOLDOVER_INTERVAL 2048.0

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct reference *r = arg;

    if (!local_is_zero(r->ref_time))
        local_adjust(&r->ref_time, change->cooked, change->dfreq, change->doffset);
    if (change->type == CLOCK_UNKNOWN_STEP) {
        r->updated = false;
        r->external_steps++;
        r->external_step = -change->doffset;
        r->last_external_step = loop_uptime(r->loop);
        reference_set_unsynchronised(r);
    }
    if (change->type != CLOCK_ADJUST)
        r->leap = leap_clock_stepped(r->leap_second, change, r->leap);
}

/* Leap status update (discipline.md 17.4). seconds: raw time; 0: none. */
static void update_leap_status(struct reference *r, int leap, int64_t seconds)
{
    r->leap = leap_update(r->leap_second, leap, seconds, false);
}

static void on_leap_end(void *arg)
{
    struct reference *r = arg;

    if (r->leap == LEAP_INSERT || r->leap == LEAP_DELETE)
        r->leap = LEAP_NORMAL;
}

bool reference_is_leap_close(const struct reference *r, int64_t seconds)
{
    return leap_is_close(r->leap_second, seconds);
}

bool reference_is_leap_close_now(const struct reference *r)
{
    return leap_is_close_now(r->leap_second);
}

/* ---- Fallback drift ---- */

static void set_fallback_frequency(double freq_ppm, void *arg)
{
    local_clock_set_frequency(((struct reference *)arg)->clock, freq_ppm);
}

static void on_fallback(void *arg)
{
    reference_set_unsynchronised(arg);
}

static void schedule_fallback_drift(struct reference *r)
{
    fallback_drift_schedule(r->fallback_drift,
                            loop_uptime(r->loop) - (r->updated ? r->last_update : 0.0));
}

static void start_leap_seconds(struct reference *r)
{
    struct leap_env env = {r->world, r->loop, r->clock, on_leap_end, r};

    r->leap_second = leap_new(&env, &r->conf.leap);
}

static void start_fallback_drift(struct reference *r)
{
    struct fallback_drift_env env = {r->loop, set_fallback_frequency, on_fallback, r};

    r->fallback_drift =
        fallback_drift_new(&env, r->conf.fallback_drift.min, r->conf.fallback_drift.max);
}

struct reference *reference_new(const struct reference_env *env, const struct reference_conf *conf)
{
    struct reference *r = mem_alloc(sizeof(*r));

    r->world = env->world;
    r->loop = env->loop;
    r->clock = env->clock;
    r->log = env->log;
    r->on_end = env->on_end;
    r->on_end_arg = env->on_end_arg;
    r->conf = *conf;
    r->mode = REFERENCE_NORMAL;

    r->max_update_skew = fabs(conf->max_update_skew) * 1.0e-6;
    reference_set_local(r, &conf->local);

    r->leap = LEAP_UNSYNC;
    r->skew = INITIAL_SKEW;
    r->root_delay = REFERENCE_UNKNOWN_DISTANCE;
    r->root_dispersion = REFERENCE_UNKNOWN_DISTANCE;
    r->unsynchronised_since = loop_uptime(r->loop);
    r->local_activated = r->conf.local.activate == 0.0;

    start_leap_seconds(r);
    start_fallback_drift(r);
    reference_read_drift_file(r);
    local_clock_add_handler(r->clock, CLOCK_HOLDER_REFERENCE, on_clock_change, r);
    reference_set_unsynchronised(r);
    return r;
}

void reference_free(struct reference *r)
{
    if (!r)
        return;
    /* The kernel must not apply a leap second that nobody watches any more. */
    update_leap_status(r, LEAP_UNSYNC, 0);
    reference_write_drift_file(r, 0.0);
    state_file_free(r->drift_file);
    local_clock_remove_handler(r->clock, on_clock_change, r);
    loop_timer_cancel(r->loop, r->holdover_timer);
    fallback_drift_free(r->fallback_drift);
    leap_free(r->leap_second);
    free(r);
}

void reference_set_mode(struct reference *r, enum reference_mode mode)
{
    r->mode = mode;
}

enum reference_mode reference_mode(const struct reference *r)
{
    return r->mode;
}

bool reference_is_one_shot(const struct reference *r)
{
    return r->mode == REFERENCE_INIT_STEP_SLEW || r->mode == REFERENCE_UPDATE_ONCE ||
           r->mode == REFERENCE_PRINT_ONCE;
}

static void end_mode(struct reference *r, bool success)
{
    enum reference_mode mode = r->mode;

    r->mode = REFERENCE_IGNORE;
    if (r->on_end)
        r->on_end(mode, success, r->on_end_arg);
}

static double root_distance_at(const struct reference *r, struct local_time when)
{
    return 0.5 * r->root_delay + reference_root_dispersion(r, when);
}

static void on_holdover(void *arg);

static void update_sync_status(struct reference *r, struct local_time now)
{
    loop_timer_cancel(r->loop, r->holdover_timer);
    r->holdover_timer = 0;
    if (!r->synchronised) {
        local_clock_set_sync_status(r->clock, false, 0.0, 0.0);
        return;
    }
    double elapsed = fabs(local_diff(now, r->ref_time));
    local_clock_set_sync_status(
        r->clock, true, estimate_offset_sd(r->offset_sd, r->frequency_sd, r->wander, elapsed),
        root_distance_at(r, now));
    /* The kernel does not know how errors grow without updates. */
    if (r->wander > 0.0)
        r->holdover_timer = loop_timer_add(r->loop, HOLDOVER_INTERVAL, on_holdover, r);
}

static void on_holdover(void *arg)
{
    struct reference *r = arg;

    r->holdover_timer = 0;
    update_sync_status(r, local_clock_now(r->clock, NULL));
}

static void write_tracking_log(struct reference *r, struct local_time now, int combined,
                               double offset, double offset_sd, double correction,
                               double old_distance)
{
    char date[32], source[ADDR_TEXT_SIZE];
    double max_error = old_distance + fabs(r->last_raw_error);

    r->last_raw_error = offset - correction;
    if (!measurement_log_enabled(r->log, MLOG_TRACKING))
        return;
    if (r->addr.family != IP_UNSPEC)
        ip_addr_format(&r->addr, source, sizeof(source));
    else
        refid_format(r->refid, source, sizeof(source));
    instant_format_utc(now.i, date, sizeof(date));
    measurement_log_write(
        r->log, MLOG_TRACKING,
        "%s %-15s %2d %10.3f %10.3f %10.3e %1c %2d %10.3e %10.3e %10.3e %10.3e %10.3e", date,
        source, r->stratum, local_clock_read_frequency(r->clock), 1.0e6 * r->skew, offset,
        leap_letter(r->leap), combined, offset_sd, correction, r->root_delay,
        reference_root_dispersion(r, now), max_error);
}

static void set_unsynchronised(struct reference *r)
{
    if (r->mode != REFERENCE_NORMAL) {
        if (reference_is_one_shot(r)) {
            LOG_WARN("No suitable source for %s",
                     r->mode == REFERENCE_INIT_STEP_SLEW ? "initstepslew" : "synchronisation");
            end_mode(r, false);
        }
        return;
    }

    struct raw_time raw = world_raw_now(r->world);
    double correction = local_clock_correction(r->clock, raw, NULL);
    struct local_time now = {instant_add(raw.i, correction)};
    double old_distance = root_distance_at(r, now);

    schedule_fallback_drift(r);
    update_leap_status(r, LEAP_UNSYNC, 0);
    r->addr = ip_addr_any(IP_V4);
    r->stratum = 0;
    if (r->synchronised)
        r->unsynchronised_since = loop_uptime(r->loop);
    r->synchronised = false;
    update_sync_status(r, now);
    write_tracking_log(r, now, 0, 0.0, 0.0, correction, old_distance);
}

void reference_set_unsynchronised(struct reference *r)
{
    local_clock_begin_change(r->clock);
    set_unsynchronised(r);
    local_clock_end_change(r->clock);
}

/* The only effect of an update in a one-shot mode (discipline.md 19.1). */
static struct update_verdict finish_one_shot(struct reference *r, double offset)
{
    struct update_verdict verdict = {.result = UPDATE_MODE_ENDED};

    switch (r->mode) {
    case REFERENCE_INIT_STEP_SLEW: {
        bool step = fabs(offset) >= r->conf.initstepslew_threshold;
        verdict =
            (struct update_verdict){.result = step ? UPDATE_INITIAL_STEP : UPDATE_INITIAL_SLEW,
                                    .value = fabs(offset),
                                    .limit = r->conf.initstepslew_threshold};
        LOG_INFO("System's initial offset : %.6f seconds %s of true (%s)", fabs(offset),
                 offset >= 0.0 ? "fast" : "slow", step ? "step" : "slew");
        if (step)
            local_clock_step(r->clock, offset, STEP_INITIAL);
        else
            local_clock_accumulate_offset(r->clock, offset, 0.0);
        break;
    }
    case REFERENCE_UPDATE_ONCE:
        verdict.result = UPDATE_SET_ONCE;
        LOG_INFO("System clock wrong by %.6f seconds (%s)", -offset, "step");
        local_clock_step(r->clock, offset, STEP_INITIAL);
        break;
    case REFERENCE_PRINT_ONCE:
        verdict.result = UPDATE_PRINTED;
        LOG_INFO("System clock wrong by %.6f seconds (%s)", -offset, "ignored");
        break;
    case REFERENCE_NORMAL:
    case REFERENCE_IGNORE:
        return verdict;
    }
    end_mode(r, true);
    return verdict;
}

/* Whether maxchange allows the offset (discipline.md 15.4, step 7); if not, the verdict says so. */
static bool offset_is_allowed(struct reference *r, double offset, struct update_verdict *verdict)
{
    bool ends = r->conf.max_change.ignore == 0;

    if (r->conf.max_change.start < 0)
        return true;
    if (r->conf.max_change.start > 0) {
        r->conf.max_change.start--;
        return true;
    }
    if (fabs(offset) <= r->conf.max_change.offset)
        return true;

    *verdict = (struct update_verdict){.result = ends ? UPDATE_TOO_LARGE_ENDS : UPDATE_TOO_LARGE,
                                       .value = fabs(offset),
                                       .limit = r->conf.max_change.offset};
    LOG_WARN("Adjustment of %.3f seconds exceeds the allowed maximum of %.3f seconds (%s) ",
             -offset, r->conf.max_change.offset, ends ? "exiting" : "ignored");
    if (ends)
        end_mode(r, false);
    else if (r->conf.max_change.ignore > 0)
        r->conf.max_change.ignore--;
    return false;
}

/* Whether makestep asks for a step (discipline.md 15.4, step 10). error: of the raw clock. */
static struct update_verdict choose_correction(struct reference *r, double error)
{
    if (r->conf.makestep.limit == 0)
        return (struct update_verdict){.result = UPDATE_SLEWED_ONLY};
    if (r->conf.makestep.limit > 0)
        r->conf.makestep.limit--;
    return (struct update_verdict){
        .result = fabs(error) > r->conf.makestep.threshold ? UPDATE_STEPPED : UPDATE_SLEWED,
        .value = fabs(error),
        .limit = r->conf.makestep.threshold,
    };
}

static void notify_large_change(const struct reference *r, double offset, struct local_time now)
{
    if (fabs(offset) > r->conf.log_change)
        LOG_WARN("System clock wrong by %.6f seconds", -offset);
    if (r->conf.mail_user && fabs(offset) > r->conf.mail_change)
        change_mail_send(r->world, r->conf.mail_user, now, -offset, r->conf.mail_change);
}

static void update_mean_square(struct reference *r, double offset)
{
    double square = offset * offset;

    if (r->mean_square_moving) {
        r->mean_square += MEAN_SQUARE_GAIN * (square - r->mean_square);
    } else {
        if (r->mean_square > 0.0 && r->mean_square < square)
            r->mean_square_moving = true;
        r->mean_square = square;
    }
}

static void store_estimate(struct reference *r, const struct reference_update *u,
                           const struct clock_estimate *estimate)
{
    r->ref_time = u->ref_time;
    r->skew = estimate->skew;
    r->residual_frequency = estimate->residual_frequency;
    r->root_delay = u->root_delay;
    r->root_dispersion = u->root_dispersion;
    r->frequency_sd = u->frequency_sd;
    r->wander = u->filtered ? u->wander : 0.0;
    r->offset_sd = u->offset_sd;
}

/* Takes the update over (discipline.md 15.4, step 9). */
static void store_update(struct reference *r, const struct reference_update *u,
                         const struct clock_estimate *estimate, double interval, double offset)
{
    bool manual = u->leap == LEAP_UNSYNC;

    if (manual && r->synchronised)
        r->unsynchronised_since = loop_uptime(r->loop);
    r->synchronised = !manual;
    r->stratum = u->stratum + 1;
    r->refid = u->refid;
    r->addr = u->addr;
    store_estimate(r, u, estimate);
    r->updated = true;
    r->measured = true;
    r->last_update = loop_uptime(r->loop);
    r->last_update_interval = interval;
    r->last_offset = offset;
    r->refinements = 0;
}

/* Hands frequency and offset to the clock (discipline.md 15.4, steps 10 to 13). */
static struct update_verdict correct_clock(struct reference *r, double frequency, double offset,
                                           double correction, double rate, struct local_time now)
{
    struct update_verdict verdict = choose_correction(r, offset - correction);
    bool step = verdict.result == UPDATE_STEPPED;
    double slew_amount = step ? correction : offset;
    double step_amount = step ? offset - correction : 0.0;

    local_clock_note_update(r->clock);
    local_clock_accumulate(r->clock, frequency, slew_amount, rate);
    notify_large_change(r, offset, now);
    if (step_amount != 0.0) {
        if (local_clock_step(r->clock, step_amount,
                             r->makestep_by_command ? STEP_COMMAND : STEP_UPDATE)) {
            LOG_WARN("System clock was stepped by %.6f seconds", -step_amount);
        } else {
            verdict.result = UPDATE_STEP_FAILED;
            local_clock_accumulate_offset(r->clock, step_amount, 0.0);
        }
    }
    return verdict;
}

/* The rate of the slew (discipline.md 5.3): its duration times the offset. The standard deviation
   of a filter's offset is small, so large corrections would be made in no time, at the cost of the
   frequency: a slew is itself an error of it. So they are made no faster than the frequency is
   uncertain anyway, but within the interval between updates; in a part of it, if the error is so
   large that the clock was simply wrong (discipline.md 30.5). */
static double correction_rate(const struct reference *r, const struct reference_update *u,
                              double error, double interval)
{
    double sd = u->filtered ? u->noise_sd : u->offset_sd;
    double rate = 0.5 * r->conf.corr_time_ratio * sd * interval;

    if (!u->filtered)
        return rate;
    const struct slew_limits *limits = u->joint ? &several_sources : &one_source;
    double part = clamp(limits->max_part, SMALL_ERROR * sd / error, limits->max_part_small);
    double gross = fmax(GROSS_SIGMAS * u->offset_sd / error * interval, GROSS_DURATION);
    double duration = clamp(limits->min_part * interval, error / (limits->sigmas * u->frequency_sd),
                            part * interval);
    return fmax(rate, fmin(duration, gross) * error);
}

static bool is_finite_update(const struct reference_update *u)
{
    return isfinite(u->offset) && isfinite(u->offset_sd) && isfinite(u->frequency) &&
           isfinite(u->frequency_sd) && isfinite(u->skew) && isfinite(u->root_delay) &&
           isfinite(u->root_dispersion) && isfinite(u->wander);
}

/* The procedure of discipline.md 15.4. */
static struct update_verdict update(struct reference *r, const struct reference_update *u)
{
    struct update_verdict verdict = {.result = UPDATE_NOT_FINITE};

    if (!is_finite_update(u))
        return verdict;
    if (r->mode != REFERENCE_NORMAL)
        return finish_one_shot(r, u->offset);

    struct raw_time raw = world_raw_now(r->world);
    double correction = local_clock_correction(r->clock, raw, NULL);
    struct local_time now = {instant_add(raw.i, correction)};
    double offset = u->offset + local_diff(now, u->ref_time) * u->frequency;
    bool manual = u->leap == LEAP_UNSYNC;
    double interval = r->updated ? loop_uptime(r->loop) - r->last_update : 0.0;
    struct clock_estimate estimate =
        clock_estimate(r->skew, u->frequency, u->skew, r->max_update_skew,
                       manual        ? WEIGHT_MANUAL
                       : u->filtered ? WEIGHT_FILTERED
                                     : WEIGHT_MEASUREMENT);

    if (!offset_is_allowed(r, offset, &verdict))
        return verdict;

    double old_distance = root_distance_at(r, now);
    store_update(r, u, &estimate, interval, offset);
    verdict = correct_clock(r, estimate.frequency, offset, correction,
                            correction_rate(r, u, fabs(offset - correction), interval), now);
    verdict.skew = u->skew;
    verdict.max_skew = r->max_update_skew;
    verdict.keeps_frequency = estimate.skew_too_large;

    /* The change has moved the reference time, so it must be compared with a new reading. */
    now = local_clock_now(r->clock, NULL);
    update_leap_status(r, u->leap, raw.i.sec);
    update_sync_status(r, now);

    /* The exact time would reveal when packets are received. */
    r->ref_time = local_add(r->ref_time, -world_random_unit(r->world));
    write_tracking_log(r, now, u->combined_sources, offset, u->offset_sd, correction, old_distance);

    reference_age_drift_file(r, interval);
    if (r->synchronised) {
        fallback_drift_update(r->fallback_drift, local_clock_read_frequency(r->clock), interval);
        schedule_fallback_drift(r);
    }
    update_mean_square(r, offset);
    r->local_adjustments = 0;
    return verdict;
}

void reference_update(struct reference *r, const struct reference_update *u)
{
    char text[UPDATE_VERDICT_SIZE];

    local_clock_begin_change(r->clock);
    struct update_verdict verdict = update(r, u);
    local_clock_end_change(r->clock);
    update_tally_add(&r->updates, &verdict);
    LOG_DEBUG("Update of the clock: %s", update_verdict_format(&verdict, text, sizeof(text)));
}

/* Whether an update might step the clock for that, or refuse it. */
static bool needs_update(const struct reference *r, double offset, double error)
{
    return (r->conf.max_change.start >= 0 && fabs(offset) > r->conf.max_change.offset) ||
           (r->conf.makestep.limit != 0 && fabs(error) > r->conf.makestep.threshold);
}

/* Each change of the clock is announced to all sources. So that thousands of them do not cause
   thousands of changes, only the first refinements after an update are all made. */
static bool may_refine(const struct reference *r)
{
    double since = loop_uptime(r->loop) - r->last_refinement;

    return r->refinements < MAX_REFINEMENTS || since >= r->last_update_interval / MAX_REFINEMENTS;
}

void reference_refine(struct reference *r, const struct reference_update *u)
{
    if (!is_finite_update(u) || r->mode != REFERENCE_NORMAL || !r->synchronised || !may_refine(r))
        return;

    struct raw_time raw = world_raw_now(r->world);
    double correction = local_clock_correction(r->clock, raw, NULL);
    struct local_time now = {instant_add(raw.i, correction)};
    double offset = u->offset + local_diff(now, u->ref_time) * u->frequency;
    double error = offset - correction;

    if (needs_update(r, offset, error))
        return;
    struct clock_estimate estimate =
        clock_estimate(r->skew, u->frequency, u->skew, r->max_update_skew, WEIGHT_FILTERED);
    local_clock_begin_change(r->clock);
    store_estimate(r, u, &estimate);
    local_clock_accumulate(r->clock, estimate.frequency, offset,
                           correction_rate(r, u, fabs(error), r->last_update_interval));
    update_sync_status(r, local_clock_now(r->clock, NULL));
    r->ref_time = local_add(r->ref_time, -world_random_unit(r->world));
    local_clock_end_change(r->clock);
    r->refinements++;
    r->last_refinement = loop_uptime(r->loop);
}

const struct update_tally *reference_updates(const struct reference *r)
{
    return &r->updates;
}

bool reference_follow_local(struct reference *r, double dfreq, double doffset)
{
    double ratio = r->conf.corr_time_ratio, now = loop_uptime(r->loop);
    double elapsed = now - r->last_local_adjustment;

    if (r->mode != REFERENCE_NORMAL)
        return false;
    r->local_adjustments++;
    r->last_local_adjustment = now;
    return local_clock_accumulate_unannounced(
        r->clock, dfreq, doffset,
        fmax(0.5 * ratio * fabs(doffset) * elapsed,
             0.5 * ratio * r->offset_sd * r->last_update_interval / r->local_adjustments));
}

int reference_tai_offset(const struct reference *r, int64_t seconds)
{
    return leap_tai_offset(r->leap_second, seconds);
}

void reference_update_leap(struct reference *r, int leap)
{
    if (!r->synchronised)
        return;
    local_clock_begin_change(r->clock);
    update_leap_status(r, leap, world_raw_now(r->world).i.sec);
    update_sync_status(r, local_clock_now(r->clock, NULL));
    local_clock_end_change(r->clock);
}
