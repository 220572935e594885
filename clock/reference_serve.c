/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reference says about this host's time (discipline.md 18, 20.1): parameters of NTP
 * packets, the local reference, the tracking report. Nothing here changes the clock, and no state
 * but that of the local reference.
 */
#include <math.h>
#include "base/log.h"
#include "clock/estimate.h"
#include "clock/reference_state.h"
#include "base/sync_status.h"
#include "base/refid.h"

#define LOCAL_REF_MAX_AGE    64.0
#define LOCAL_REF_MIN_AGE    1.0
#define MIN_LOCAL_STRATUM    1
#define MAX_LOCAL_STRATUM    15
#define ORPHAN_WAIT_UNSYNCED 300.0
/* What a frequency from another run may be off by: it was some degrees warmer or colder then. */
#define OTHER_RUN_SD 5e-7

void reference_set_local(struct reference *r, const struct local_conf *local)
{
    r->conf.local = *local;
    if (r->conf.local.stratum < MIN_LOCAL_STRATUM)
        r->conf.local.stratum = MIN_LOCAL_STRATUM;
    if (r->conf.local.stratum > MAX_LOCAL_STRATUM)
        r->conf.local.stratum = MAX_LOCAL_STRATUM;
    if (r->conf.local.wait_unsynced < 0.0)
        r->conf.local.wait_unsynced = r->conf.local.orphan ? ORPHAN_WAIT_UNSYNCED : 0.0;
}

static struct reference_view make_view(const struct reference *r)
{
    double unsynchronised_for = loop_uptime(r->loop) - r->unsynchronised_since;

    return (struct reference_view){
        .synchronised = r->synchronised,
        .leap = leap_in_progress(r->leap_second) ? LEAP_UNSYNC : r->leap,
        .stratum = r->stratum,
        .refid = r->refid,
        .ref_time = r->ref_time,
        .root_delay = r->root_delay,
        .root_dispersion = r->root_dispersion,
        .rate = r->skew + fabs(r->residual_frequency) + local_clock_max_error(r->clock),
        .wander = r->wander,
        .local =
            {
                .enabled = r->conf.local.enabled,
                .activated = r->local_activated,
                .stratum = r->conf.local.stratum,
                .activate = r->conf.local.activate,
                .distance = r->conf.local.distance,
                .wait_synced = r->conf.local.wait_synced,
                .waited_unsynced = unsynchronised_for >= r->conf.local.wait_unsynced,
                .ref_time = r->local_ref_time,
            },
    };
}

double reference_root_dispersion(const struct reference *r, struct local_time when)
{
    struct reference_view view = make_view(r);

    return reference_view_dispersion(&view, when);
}

/* Reference time of the local reference: recent, and not later than any transmit timestamp
   (discipline.md 18.1). */
static struct local_time get_local_ref_time(struct reference *r, struct local_time when)
{
    double age = local_diff(when, r->local_ref_time);

    if (!(age <= LOCAL_REF_MAX_AGE && age >= LOCAL_REF_MIN_AGE))
        r->local_ref_time = local_add(when, -LOCAL_REF_MIN_AGE - world_random_unit(r->world));
    return r->local_ref_time;
}

struct reference_view reference_view(struct reference *r, struct local_time when)
{
    struct reference_view view = make_view(r);
    struct reference_data data;

    view.local.activated = r->local_activated = reference_view_activated(&view, when);
    if (reference_view_get(&view, when, &data))
        view.local.ref_time = get_local_ref_time(r, when);
    return view;
}

void reference_get(struct reference *r, struct local_time when, struct reference_data *out)
{
    struct reference_view view = reference_view(r, when);

    reference_view_get(&view, when, out);
}

bool reference_leap_pending(const struct reference *r, struct raw_time *start)
{
    return leap_pending(r->leap_second, start);
}

int reference_our_stratum(struct reference *r)
{
    struct reference_data parameters;

    reference_get(r, local_clock_event_time(r->clock, NULL), &parameters);
    return parameters.stratum;
}

int reference_orphan_stratum(const struct reference *r)
{
    if (r->conf.local.enabled && r->conf.local.orphan && r->mode == REFERENCE_NORMAL)
        return r->conf.local.stratum;
    return NTP_MAX_STRATUM;
}

double reference_skew(const struct reference *r)
{
    return r->skew;
}

double reference_frequency_sd(const struct reference *r)
{
    double sd = sqrt(3.0) / ESTIMATE_BOUND * (r->skew + fabs(r->residual_frequency));

    if (!r->measured)
        return hypot(sd, OTHER_RUN_SD);
    return estimate_frequency_sd(sd, r->wander, loop_uptime(r->loop) - r->last_update);
}

void reference_report_tracking(struct reference *r, struct report_tracking *report)
{
    struct raw_time raw = world_raw_now(r->world);
    double correction = local_clock_correction(r->clock, raw, NULL);
    struct local_time now = {instant_add(raw.i, correction)};
    struct reference_data parameters;

    reference_get(r, now, &parameters);
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
        report->skew_ppm =
            1.0e6 * estimate_skew(r->skew, r->wander, fabs(local_diff(now, r->ref_time)));
    }
}

/* A time of loop_uptime(), in whole seconds before now; a report has all bits set for never. */
static uint32_t seconds_since(const struct reference *r, bool ever, double uptime)
{
    return ever ? (uint32_t)(loop_uptime(r->loop) - uptime) : UINT32_MAX;
}

static enum report_clock_state clock_state(const struct reference_data *parameters)
{
    if (parameters->synchronised)
        return REPORT_CLOCK_SYNCHRONISED;
    return parameters->leap == LEAP_UNSYNC ? REPORT_CLOCK_UNSYNCHRONISED : REPORT_CLOCK_LOCAL;
}

/* The growth of the bound at this age of the reference (ppm). */
static double bound_growth(const struct reference *r, struct local_time now)
{
    return 1.0e6 *
           (reference_root_dispersion(r, local_add(now, 1.0)) - reference_root_dispersion(r, now));
}

void reference_report_clock(struct reference *r, struct report_clock *report)
{
    struct raw_time raw = world_raw_now(r->world);
    struct clock_scale scale = local_clock_scale(r->clock, raw);
    double offset = -clock_scale_correction(&scale, raw, NULL);
    double rate = fabs(scale.freq) / (1.0 + scale.freq); /* in a second of true time */
    struct local_time now = {instant_add(raw.i, -offset)};
    struct local_clock_steps steps = local_clock_steps(r->clock);
    const uint32_t *counts = r->updates.counts;
    struct reference_data parameters;

    reference_get(r, now, &parameters);
    *report = (struct report_clock){
        .state = (int)clock_state(&parameters),
        .last_update_ago = seconds_since(r, r->updated, r->last_update),
        .offset = offset,
        .slew_rate_ppm = 1.0e6 * rate,
        .slew_left = rate > 0.0 ? fabs(offset) / rate : 0.0,
        .updates = counts[UPDATE_SLEWED] + counts[UPDATE_SLEWED_ONLY] + counts[UPDATE_STEPPED] +
                   counts[UPDATE_STEP_FAILED],
        .refusals =
            counts[UPDATE_NOT_FINITE] + counts[UPDATE_TOO_LARGE] + counts[UPDATE_TOO_LARGE_ENDS],
        .steps = steps.count,
        .last_step_ago = seconds_since(r, steps.count > 0, steps.last_time),
        .last_step = steps.last,
        .uptime_seconds = (uint32_t)loop_uptime(r->loop),
    };
    if (parameters.synchronised) {
        report->bound = fabs(offset) + 0.5 * parameters.root_delay + parameters.root_dispersion;
        report->bound_growth_ppm = bound_growth(r, now);
    }
}

void reference_enable_local(struct reference *r, const struct local_conf *local)
{
    local_clock_begin_change(r->clock);
    reference_set_local(r, local);
    r->conf.local.enabled = true;
    r->local_enabled = loop_uptime(r->loop);
    r->local_activated = r->conf.local.activate == 0.0;
    local_clock_end_change(r->clock);
    LOG_INFO("Enabled local reference mode");
}

void reference_disable_local(struct reference *r)
{
    local_clock_begin_change(r->clock);
    r->conf.local.enabled = false;
    local_clock_end_change(r->clock);
    LOG_INFO("Disabled local reference mode");
}

void reference_modify_makestep(struct reference *r, int limit, double threshold)
{
    r->conf.makestep.limit = limit;
    r->conf.makestep.threshold = threshold;
    r->makestep_by_command = true;
    LOG_INFO("New makestep %f %d", threshold, limit);
}

void reference_modify_max_update_skew(struct reference *r, double skew_ppm)
{
    r->max_update_skew = skew_ppm * 1.0e-6;
    LOG_INFO("New maxupdateskew %f ppm", skew_ppm);
}
