/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference update and everything that follows from it (discipline.md 15, 16, 18, 19): the one
 * place that decides how the local clock is corrected. Called by source selection, manual input and
 * commands; asked for parameters by the NTP code. It never looks at single sources.
 *
 * Leap seconds (17) enter at update_leap_status, fallback drift (16.3) after the drift file in
 * reference_update and in reference_set_unsynchronised.
 */
#include "chronyd/clock/reference.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/addr.h"
#include "base/log.h"
#include "base/text.h"
#include "chronyd/clock/change_mail.h"
#include "chronyd/clock/drift_file.h"
#include "chronyd/clock/estimate.h"
#include "ntp/packet.h"

#define MIN_SKEW             1.0e-12
#define INITIAL_SKEW         1.0
#define UNKNOWN_DISTANCE     1.0
#define MEAN_SQUARE_GAIN     0.1
#define LOCAL_REF_MAX_AGE    64.0
#define LOCAL_REF_MIN_AGE    1.0
#define MIN_LOCAL_STRATUM    1
#define MAX_LOCAL_STRATUM    15
#define ORPHAN_WAIT_UNSYNCED 300.0

struct reference {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
    struct measurement_log *log;
    reference_end_handler on_end;
    void *on_end_arg;
    const struct conf *conf;
    enum reference_mode mode;

    /* Settings that commands or time change. */
    double max_update_skew;
    int makestep_limit;
    double makestep_threshold;
    int max_change_start, max_change_ignore;
    struct conf_local local;

    bool synchronised;
    int leap; /* enum ntp_leap */
    int stratum;
    uint32_t refid;
    struct ip_addr addr; /* IP_UNSPEC: the refid says more */
    struct local_time ref_time;
    double skew, residual_frequency, frequency_sd, offset_sd;
    double root_delay, root_dispersion;

    bool updated;       /* last_update is set */
    double last_update; /* monotonic */
    double last_update_interval;
    double last_offset;
    double mean_square;
    bool mean_square_moving;
    double last_raw_error;       /* offset - correction of the last tracking log entry */
    double unsynchronised_since; /* monotonic */
    double drift_file_age;

    bool local_activated;
    struct local_time local_ref_time;
};

static void set_local(struct reference *r, const struct conf_local *local)
{
    r->local = *local;
    if (r->local.stratum < MIN_LOCAL_STRATUM)
        r->local.stratum = MIN_LOCAL_STRATUM;
    if (r->local.stratum > MAX_LOCAL_STRATUM)
        r->local.stratum = MAX_LOCAL_STRATUM;
    if (r->local.wait_unsynced < 0.0)
        r->local.wait_unsynced = r->local.orphan ? ORPHAN_WAIT_UNSYNCED : 0.0;
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct reference *r = arg;

    if (!local_is_zero(r->ref_time))
        local_adjust(&r->ref_time, change->cooked, change->dfreq, change->doffset);
    if (change->type == CLOCK_UNKNOWN_STEP) {
        r->updated = false;
        reference_set_unsynchronised(r);
    }
}

static void set_initial_frequency(struct reference *r)
{
    double freq_ppm = 0.0, skew_ppm;
    enum drift_file_status status = DRIFT_FILE_MISSING;

    if (r->conf->drift_file)
        status = drift_file_read(r->world, r->conf->drift_file, &freq_ppm, &skew_ppm);
    if (status == DRIFT_FILE_OK) {
        r->skew = fmax(MIN_SKEW, 1.0e-6 * skew_ppm);
        LOG_INFO("Frequency %.3f +/- %.3f ppm read from %s", freq_ppm, skew_ppm,
                 r->conf->drift_file);
        local_clock_set_frequency(r->clock, freq_ppm);
    } else {
        freq_ppm = 0.0;
        if (status == DRIFT_FILE_INVALID)
            LOG_WARN("Could not read valid frequency and skew from driftfile %s",
                     r->conf->drift_file);
    }
    /* What somebody has set before us is gone on with. */
    if (freq_ppm == 0.0 && local_clock_read_frequency(r->clock) != 0.0)
        LOG_INFO("Initial frequency %.3f ppm", local_clock_read_frequency(r->clock));
}

static void write_drift_file(const struct reference *r)
{
    if (r->conf->drift_file)
        drift_file_write(r->world, r->conf->drift_file, local_clock_read_frequency(r->clock),
                         r->skew * 1.0e6);
}

struct reference *reference_new(const struct reference_env *env, const struct conf *conf)
{
    struct reference *r = mem_alloc(sizeof(*r));

    r->world = env->world;
    r->loop = env->loop;
    r->clock = env->clock;
    r->log = env->log;
    r->on_end = env->on_end;
    r->on_end_arg = env->on_end_arg;
    r->conf = conf;
    r->mode = REFERENCE_NORMAL;

    r->max_update_skew = fabs(conf->max_update_skew) * 1.0e-6;
    r->makestep_limit = conf->makestep_limit;
    r->makestep_threshold = conf->makestep_threshold;
    r->max_change_start = conf->max_change_start;
    r->max_change_ignore = conf->max_change_ignore;
    set_local(r, &conf->local);

    r->leap = NTP_LEAP_UNSYNC;
    r->skew = INITIAL_SKEW;
    r->root_delay = UNKNOWN_DISTANCE;
    r->root_dispersion = UNKNOWN_DISTANCE;
    r->unsynchronised_since = loop_mono(r->loop);
    r->local_activated = r->local.activate == 0.0;

    set_initial_frequency(r);
    local_clock_add_handler(r->clock, CLOCK_HOLDER_REFERENCE, on_clock_change, r);
    reference_set_unsynchronised(r);
    return r;
}

void reference_free(struct reference *r)
{
    if (!r)
        return;
    write_drift_file(r);
    local_clock_remove_handler(r->clock, on_clock_change, r);
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

static double root_dispersion_at(const struct reference *r, struct local_time when)
{
    if (local_is_zero(r->ref_time))
        return UNKNOWN_DISTANCE;
    return r->root_dispersion +
           fabs(local_diff(when, r->ref_time)) *
               (r->skew + fabs(r->residual_frequency) + local_clock_max_error(r->clock));
}

static double root_distance_at(const struct reference *r, struct local_time when)
{
    return 0.5 * r->root_delay + root_dispersion_at(r, when);
}

static void update_sync_status(const struct reference *r, struct local_time now)
{
    if (!r->synchronised) {
        local_clock_set_sync_status(r->clock, false, 0.0, 0.0);
        return;
    }
    double elapsed = fabs(local_diff(now, r->ref_time));
    local_clock_set_sync_status(r->clock, true, r->offset_sd + elapsed * r->frequency_sd,
                                root_distance_at(r, now));
}

static bool is_leap_day(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm utc;

    if (!gmtime_r(&t, &utc))
        return false;
    return (utc.tm_mon == 5 && utc.tm_mday == 30) || (utc.tm_mon == 11 && utc.tm_mday == 31);
}

/* seconds: raw time, 0: none. 17.4; a leap second is possible only at the end of June and of
   December. */
static void update_leap_status(struct reference *r, int leap, int64_t seconds)
{
    if ((leap == NTP_LEAP_INSERT || leap == NTP_LEAP_DELETE) && !is_leap_day(seconds))
        leap = NTP_LEAP_NORMAL;
    r->leap = leap;
}

static char leap_letter(int leap)
{
    return leap == NTP_LEAP_NORMAL   ? 'N'
           : leap == NTP_LEAP_INSERT ? '+'
           : leap == NTP_LEAP_DELETE ? '-'
                                     : '?';
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
        root_dispersion_at(r, now), max_error);
}

void reference_set_unsynchronised(struct reference *r)
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

    update_leap_status(r, NTP_LEAP_UNSYNC, 0);
    r->addr = ip_addr_any(IP_V4);
    r->stratum = 0;
    if (r->synchronised)
        r->unsynchronised_since = loop_mono(r->loop);
    r->synchronised = false;
    update_sync_status(r, now);
    write_tracking_log(r, now, 0, 0.0, 0.0, correction, old_distance);
}

/* 19.1: the only effect of an update in a one-shot mode. */
static void finish_one_shot(struct reference *r, double offset)
{
    switch (r->mode) {
    case REFERENCE_INIT_STEP_SLEW: {
        bool step = fabs(offset) >= r->conf->initstepslew_threshold;
        LOG_INFO("System's initial offset : %.6f seconds %s of true (%s)", fabs(offset),
                 offset >= 0.0 ? "fast" : "slow", step ? "step" : "slew");
        if (step)
            local_clock_step(r->clock, offset);
        else
            local_clock_accumulate_offset(r->clock, offset, 0.0);
        break;
    }
    case REFERENCE_UPDATE_ONCE:
        LOG_INFO("System clock wrong by %.6f seconds (%s)", -offset, "step");
        local_clock_step(r->clock, offset);
        break;
    case REFERENCE_PRINT_ONCE:
        LOG_INFO("System clock wrong by %.6f seconds (%s)", -offset, "ignored");
        break;
    case REFERENCE_NORMAL:
    case REFERENCE_IGNORE:
        return;
    }
    end_mode(r, true);
}

/* False: the offset is larger than maxchange allows. 15.4, step 7 */
static bool offset_is_allowed(struct reference *r, double offset)
{
    if (r->max_change_start < 0)
        return true;
    if (r->max_change_start > 0) {
        r->max_change_start--;
        return true;
    }
    if (fabs(offset) <= r->conf->max_change_offset)
        return true;

    LOG_WARN("Adjustment of %.3f seconds exceeds the allowed maximum of %.3f seconds (%s) ",
             -offset, r->conf->max_change_offset,
             r->max_change_ignore == 0 ? "exiting" : "ignored");
    if (r->max_change_ignore == 0)
        end_mode(r, false);
    else if (r->max_change_ignore > 0)
        r->max_change_ignore--;
    return false;
}

/* 15.4, step 10. error: of the raw clock. */
static bool step_is_wanted(struct reference *r, double error)
{
    if (r->makestep_limit == 0)
        return false;
    if (r->makestep_limit > 0)
        r->makestep_limit--;
    return fabs(error) > r->makestep_threshold;
}

static void notify_large_change(const struct reference *r, double offset, struct local_time now)
{
    if (fabs(offset) > r->conf->log_change)
        LOG_WARN("System clock wrong by %.6f seconds", -offset);
    if (r->conf->mail_user && fabs(offset) > r->conf->mail_change)
        change_mail_send(r->world, r->conf->mail_user, now, -offset, r->conf->mail_change);
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

/* 15.4, step 9 */
static void store_update(struct reference *r, const struct reference_update *u,
                         const struct clock_estimate *estimate, double interval, double offset)
{
    bool manual = u->leap == NTP_LEAP_UNSYNC;

    if (manual && r->synchronised)
        r->unsynchronised_since = loop_mono(r->loop);
    r->synchronised = !manual;
    r->stratum = u->stratum + 1;
    r->refid = u->refid;
    r->addr = u->addr;
    r->ref_time = u->ref_time;
    r->skew = estimate->skew;
    r->residual_frequency = estimate->residual_frequency;
    r->root_delay = u->root_delay;
    r->root_dispersion = u->root_dispersion;
    r->frequency_sd = u->frequency_sd;
    r->offset_sd = u->offset_sd;
    r->updated = true;
    r->last_update = loop_mono(r->loop);
    r->last_update_interval = interval;
    r->last_offset = offset;
}

/* Steps 10 to 13: hands frequency and offset to the clock. */
static void correct_clock(struct reference *r, double frequency, double offset, double correction,
                          double rate, struct local_time now)
{
    bool step = step_is_wanted(r, offset - correction);
    double slew_amount = step ? correction : offset;
    double step_amount = step ? offset - correction : 0.0;

    local_clock_accumulate(r->clock, frequency, slew_amount, rate);
    notify_large_change(r, offset, now);
    if (step_amount != 0.0) {
        if (local_clock_step(r->clock, step_amount))
            LOG_WARN("System clock was stepped by %.6f seconds", -step_amount);
        else
            local_clock_accumulate_offset(r->clock, step_amount, 0.0);
    }
}

static bool is_finite_update(const struct reference_update *u)
{
    return isfinite(u->offset) && isfinite(u->offset_sd) && isfinite(u->frequency) &&
           isfinite(u->frequency_sd) && isfinite(u->skew) && isfinite(u->root_delay) &&
           isfinite(u->root_dispersion);
}

void reference_update(struct reference *r, const struct reference_update *u)
{
    if (!is_finite_update(u)) {
        LOG_DEBUG("Reference update that is not finite ignored");
        return;
    }
    if (r->mode != REFERENCE_NORMAL) {
        finish_one_shot(r, u->offset);
        return;
    }

    struct raw_time raw = world_raw_now(r->world);
    double correction = local_clock_correction(r->clock, raw, NULL);
    struct local_time now = {instant_add(raw.i, correction)};
    double offset = u->offset + local_diff(now, u->ref_time) * u->frequency;
    bool manual = u->leap == NTP_LEAP_UNSYNC;
    double interval = r->updated ? loop_mono(r->loop) - r->last_update : 0.0;
    struct clock_estimate estimate =
        clock_estimate(r->skew, u->frequency, u->skew, r->max_update_skew, manual);

    if (!offset_is_allowed(r, offset))
        return;

    double old_distance = root_distance_at(r, now);
    store_update(r, u, &estimate, interval, offset);
    correct_clock(r, estimate.frequency, offset, correction,
                  0.5 * r->conf->corr_time_ratio * u->offset_sd * interval, now);

    /* The reference time was moved with the clock; so must be what it is compared with. */
    now = local_clock_now(r->clock, NULL);
    update_leap_status(r, u->leap, raw.i.sec);
    update_sync_status(r, now);

    /* The exact time would reveal when packets are received. */
    r->ref_time = local_add(r->ref_time, -world_random_unit(r->world));
    write_tracking_log(r, now, u->combined_sources, offset, u->offset_sd, correction, old_distance);

    r->drift_file_age += interval;
    if (r->drift_file_age >= r->conf->drift_file_interval) {
        write_drift_file(r);
        r->drift_file_age = 0.0;
    }
    update_mean_square(r, offset);
}

void reference_update_leap(struct reference *r, int leap)
{
    if (!r->synchronised)
        return;
    update_leap_status(r, leap, world_raw_now(r->world).i.sec);
    update_sync_status(r, local_clock_now(r->clock, NULL));
}

/* A recent time that is not later than any transmit timestamp. 18.1 */
static struct local_time get_local_ref_time(struct reference *r, struct local_time when)
{
    double age = local_diff(when, r->local_ref_time);

    if (!(age <= LOCAL_REF_MAX_AGE && age >= LOCAL_REF_MIN_AGE))
        r->local_ref_time = local_add(when, -LOCAL_REF_MIN_AGE - world_random_unit(r->world));
    return r->local_ref_time;
}

void reference_get(struct reference *r, struct local_time when, struct ntp_reference *out)
{
    double dispersion = r->synchronised ? root_dispersion_at(r, when) : 0.0;
    double distance = 0.5 * r->root_delay + dispersion;
    bool waited = r->synchronised
                      ? local_diff(when, r->ref_time) >= r->local.wait_synced
                      : loop_mono(r->loop) - r->unsynchronised_since >= r->local.wait_unsynced;

    if (r->local.activate == 0.0 || (r->synchronised && distance < r->local.activate))
        r->local_activated = true;
    bool local_ready = r->local.enabled && r->local_activated && waited;

    if (r->synchronised && !(local_ready && distance > r->local.distance)) {
        *out = (struct ntp_reference){
            .synchronised = true,
            .leap = r->leap,
            .stratum = r->stratum,
            .refid = r->refid,
            .ref_time = r->ref_time,
            .root_delay = r->root_delay,
            .root_dispersion = dispersion,
        };
    } else if (local_ready) {
        *out = (struct ntp_reference){
            .leap = NTP_LEAP_NORMAL,
            .stratum = r->local.stratum,
            .refid = NTP_REFID_LOCAL,
            .ref_time = get_local_ref_time(r, when),
        };
    } else {
        *out = (struct ntp_reference){
            .leap = NTP_LEAP_UNSYNC,
            .stratum = NTP_MAX_STRATUM,
            .refid = NTP_REFID_UNSYNC,
            .root_delay = UNKNOWN_DISTANCE,
            .root_dispersion = UNKNOWN_DISTANCE,
        };
    }
}

int reference_our_stratum(struct reference *r)
{
    struct ntp_reference parameters;

    reference_get(r, local_clock_event_time(r->clock, NULL), &parameters);
    return parameters.stratum;
}

int reference_orphan_stratum(const struct reference *r)
{
    if (r->local.enabled && r->local.orphan && r->mode == REFERENCE_NORMAL)
        return r->local.stratum;
    return NTP_MAX_STRATUM;
}

double reference_skew(const struct reference *r)
{
    return r->skew;
}

void reference_report_tracking(struct reference *r, struct report_tracking *report)
{
    struct raw_time raw = world_raw_now(r->world);
    double correction = local_clock_correction(r->clock, raw, NULL);
    struct ntp_reference parameters;

    reference_get(r, (struct local_time){instant_add(raw.i, correction)}, &parameters);
    *report = (struct report_tracking){
        .refid = parameters.refid,
        .stratum = parameters.stratum == NTP_MAX_STRATUM ? 0 : parameters.stratum,
        .leap = parameters.leap,
        .ref_time = parameters.ref_time.i,
        .correction = correction,
        .last_offset = r->last_offset,
        .rms_offset = sqrt(r->mean_square),
        .freq_ppm = local_clock_read_frequency(r->clock),
        .root_delay = parameters.root_delay,
        .root_dispersion = parameters.root_dispersion,
        .last_update_interval = r->last_update_interval,
    };
    if (parameters.synchronised) {
        report->addr = r->addr;
        report->resid_freq_ppm = 1.0e6 * r->residual_frequency;
        report->skew_ppm = 1.0e6 * r->skew;
    }
}

void reference_modify_makestep(struct reference *r, int limit, double threshold)
{
    r->makestep_limit = limit;
    r->makestep_threshold = threshold;
    LOG_INFO("New makestep %f %d", threshold, limit);
}

void reference_modify_max_update_skew(struct reference *r, double skew_ppm)
{
    r->max_update_skew = skew_ppm * 1.0e-6;
    LOG_INFO("New maxupdateskew %f ppm", skew_ppm);
}

void reference_enable_local(struct reference *r, const struct conf_local *local)
{
    set_local(r, local);
    r->local.enabled = true;
    r->local_activated = r->local.activate == 0.0;
    LOG_INFO("Enabled local reference mode");
}

void reference_disable_local(struct reference *r)
{
    r->local.enabled = false;
    LOG_INFO("Disabled local reference mode");
}
