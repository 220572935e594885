/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time smoothing (discipline.md 21). Owns the offset between the served time and the local clock,
 * and the curve on which it goes to zero: three stages of constant wander, so that frequency and
 * wander stay within their limits. It never changes the clock.
 *
 * A server's clients measure its frequency. A jump of the served time would look to them like a
 * bad server, and a quick slew like a bad frequency. So a correction of the own clock is hidden
 * first: the served time goes on as before, and then approaches the clock. Its frequency changes
 * at a steady rate (the wander) up to a maximum, stays there, and changes back: that is as fast
 * as the limits allow, and the curve is smooth enough for clients to follow. A leap smear is the
 * same with an offset of one second: the clock steps or slews over the leap second, the served
 * time begins one second away from it and needs hours to close the gap (62,500 s with the limits
 * 400 and 0.001), while the leap status is hidden from clients. All servers of a client have to
 * smear alike, or it sees falsetickers.
 */
#include "clock/smoothing.h"
#include <math.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"

/* Without leaponly, smoothing starts when the ratio of skew to maximum wander is below this: the
   frequency of the clock is well known then. */
#define UNLOCK_SKEW_WANDER_RATIO 10000.0

struct smoothing {
    struct local_clock *clock;
    const struct reference *reference;
    double max_freq, max_wander;
    bool leap_only;
    bool locked;
    struct local_time last_update; /* zero: none */
    struct smoothing_curve curve;
};

static void activate(struct smoothing *s, struct local_time now)
{
    if (!s->locked)
        return;
    LOG_INFO("Activated time smoothing%s", s->leap_only ? " (leap seconds only)" : "");
    s->locked = false;
    s->last_update = now;
}

static void update(struct smoothing *s, struct local_time now, double offset, double freq)
{
    if (s->locked) {
        if (s->leap_only || reference_skew(s->reference) / s->max_wander < UNLOCK_SKEW_WANDER_RATIO)
            activate(s, now);
        return;
    }
    struct smoothing_value v = smoothing_evaluate(&s->curve, local_diff(now, s->last_update));
    v.offset += offset;
    v.freq = (v.freq - freq) / (1.0 - freq);
    if (!isfinite(v.offset) || !isfinite(v.freq))
        v = (struct smoothing_value){0};
    s->last_update = now;
    s->curve.offset = v.offset;
    s->curve.freq = v.freq;
    smoothing_plan(&s->curve, s->max_freq, s->max_wander);
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct smoothing *s = arg;

    if (change->type == CLOCK_ADJUST) {
        if (s->leap_only)
            update(s, change->cooked, 0.0, 0.0);
        else
            update(s, change->cooked, change->doffset, change->dfreq);
    }
    if (!local_is_zero(s->last_update))
        local_adjust(&s->last_update, change->cooked, change->dfreq, change->doffset);
}

static void reset(struct smoothing *s, struct local_time now)
{
    s->curve = (struct smoothing_curve){0};
    s->last_update = now;
    LOG_INFO("Reset time smoothing");
}

static void on_step(struct local_time before, void *arg)
{
    reset(arg, before);
}

/* Without leaponly the second comes as an offset that is slewed, or with a step. */
static void on_leap(struct local_time now, int leap, void *arg)
{
    struct smoothing *s = arg;

    if (s->leap_only)
        update(s, now, leap, 0.0);
}

struct smoothing *smoothing_new(struct local_clock *clock, const struct reference *reference,
                                const struct smoothing_conf *conf)
{
    if (!(conf->max_freq > 0.0 && conf->max_wander > 0.0))
        return NULL;
    struct smoothing *s = mem_alloc(sizeof(*s));
    s->clock = clock;
    s->reference = reference;
    s->max_freq = conf->max_freq * 1.0e-6;
    s->max_wander = conf->max_wander * 1.0e-6;
    s->leap_only = conf->leap_only;
    s->locked = true;
    local_clock_add_handler(clock, CLOCK_HOLDER_SMOOTHING, on_clock_change, s);
    local_clock_set_step_hook(clock, on_step, s);
    local_clock_set_leap_hook(clock, on_leap, s);
    return s;
}

void smoothing_free(struct smoothing *s)
{
    if (!s)
        return;
    local_clock_remove_handler(s->clock, on_clock_change, s);
    local_clock_set_step_hook(s->clock, NULL, NULL);
    local_clock_set_leap_hook(s->clock, NULL, NULL);
    free(s);
}

struct smoothing_view smoothing_view(const struct smoothing *s)
{
    return s ? (struct smoothing_view){true, s->last_update, s->curve}
             : (struct smoothing_view){.enabled = false};
}

bool smoothing_offset(const struct smoothing *s, struct local_time when, double *offset)
{
    struct smoothing_view view = smoothing_view(s);

    *offset = smoothing_view_offset(&view, when);
    return view.enabled;
}

bool smoothing_reset(struct smoothing *s)
{
    if (!s)
        return false;
    local_clock_begin_change(s->clock);
    reset(s, local_clock_now(s->clock, NULL));
    local_clock_end_change(s->clock);
    return true;
}

bool smoothing_activate(struct smoothing *s)
{
    if (!s)
        return false;
    local_clock_begin_change(s->clock);
    activate(s, local_clock_now(s->clock, NULL));
    local_clock_end_change(s->clock);
    return true;
}

bool smoothing_report(const struct smoothing *s, struct report_smoothing *report)
{
    if (!s)
        return false;
    double elapsed = local_diff(local_clock_now(s->clock, NULL), s->last_update);
    struct smoothing_value v = smoothing_evaluate(&s->curve, elapsed);
    *report = (struct report_smoothing){
        .active = !s->locked,
        .leap_only = s->leap_only,
        .offset = v.offset,
        .freq_ppm = v.freq * -1.0e6,
        .wander_ppm = v.wander * -1.0e6,
    };
    if (s->locked || elapsed < 0.0)
        return true;
    const struct smoothing_stage *stages = s->curve.stages;
    report->last_update_ago = elapsed;
    report->remaining_time =
        fmax(0.0, stages[0].length + stages[1].length + stages[2].length - elapsed);
    return true;
}
