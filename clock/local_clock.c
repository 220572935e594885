/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local clock (discipline.md 4): owns the driver, the cooked time of the last event and the
 * lists of those who are told of changes. Every change of the clock by this process goes through
 * the operations here, so that each is checked, announced and counted. It never decides by itself
 * that the clock should be changed.
 */
#include "clock/local_clock.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "clock/driver_linux.h"
#include "clock/driver_null.h"
#include "clock/precision.h"
#include "clock/slew.h"

#define MAX_DRIFT_LIMIT   100000.0
#define MIN_PRECISION     1.0e-9
#define MAX_PRECISION     1.0
#define MIN_PRECISION_LOG (-30)
#define MAX_HANDLERS      64

struct change_holder {
    enum clock_holder holder;
    clock_change_handler handler;
    void *arg;
};

struct dispersion_holder {
    dispersion_handler handler;
    void *arg;
};

struct local_clock {
    struct world *world;
    struct loop *loop;
    struct clock_driver driver;

    double freq_ppm; /* as set in the driver, with the temperature compensation */
    double temp_comp_ppm;
    double max_drift_ppm;
    double max_error;
    double precision;
    int precision_log;

    struct local_time event_time;
    double event_error;
    uint64_t updates;
    struct local_clock_steps steps;

    struct change_holder holders[MAX_HANDLERS];
    int holder_count;
    struct dispersion_holder dispersion_holders[MAX_HANDLERS];
    int dispersion_holder_count;
    void (*step_hook)(struct local_time before, void *arg);
    void *step_hook_arg;
    void (*leap_hook)(struct local_time now, int leap, void *arg);
    void *leap_hook_arg;
    struct clock_watch watch;
    int changes; /* that have begun and not ended, one within the other */
};

static void on_wake(struct raw_time raw, void *arg)
{
    struct local_clock *c = arg;

    c->event_time = local_clock_cook(c, raw, &c->event_error);
}

static void on_jump(struct raw_time raw, double step, void *arg)
{
    struct local_clock *c = arg;

    local_clock_external_step(c, raw, (struct local_time){raw.i}, step, fabs(step));
}

struct local_clock *local_clock_new_with_driver(struct world *world, struct loop *loop,
                                                const struct local_clock_params *params,
                                                struct clock_driver driver)
{
    struct local_clock *c = mem_alloc(sizeof(*c));

    c->world = world;
    c->loop = loop;
    c->driver = driver;
    c->max_drift_ppm = fmin(params->conf.max_drift, MAX_DRIFT_LIMIT);
    c->max_error = params->conf.max_error * 1.0e-6;

    double precision =
        params->conf.precision > 0.0 ? params->conf.precision : clock_precision_measure(world);
    c->precision = clamp(MIN_PRECISION, precision, MAX_PRECISION);
    c->precision_log = (int)lround(log2(c->precision));
    if (c->precision_log < MIN_PRECISION_LOG)
        c->precision_log = MIN_PRECISION_LOG;
    LOG_DEBUG("Clock precision %.9f (%d)", c->precision, c->precision_log);

    c->freq_ppm = driver.ops->read_frequency(driver.ctx);
    c->event_time = local_clock_now(c, &c->event_error);
    loop_set_wake_handler(loop, on_wake, c);
    loop_set_jump_handler(loop, on_jump, c);
    return c;
}

struct local_clock *local_clock_new(struct world *world, struct loop *loop,
                                    const struct local_clock_params *params)
{
    if (!params->control)
        return local_clock_new_with_driver(world, loop, params, driver_null_new(world));

    struct kernel_clock kernel =
        params->kernel ? *params->kernel : driver_linux_new(world, params->rtc_sync);
    struct slew *slew = slew_new(world, loop, kernel, params->conf.max_slew_rate);
    struct local_clock *c = local_clock_new_with_driver(world, loop, params, slew_driver(slew));
    local_clock_follow_slew(c, slew);
    return c;
}

void local_clock_free(struct local_clock *c)
{
    if (!c)
        return;
    loop_set_wake_handler(c->loop, NULL, NULL);
    loop_set_jump_handler(c->loop, NULL, NULL);
    c->driver.ops->free(c->driver.ctx);
    free(c);
}

double local_clock_precision(const struct local_clock *c)
{
    return c->precision;
}

int local_clock_precision_log(const struct local_clock *c)
{
    return c->precision_log;
}

double local_clock_max_error(const struct local_clock *c)
{
    return c->max_error;
}

bool local_clock_can_leap(const struct local_clock *c)
{
    return c->driver.ops->set_leap != NULL;
}

struct clock_scale local_clock_scale(const struct local_clock *c, struct raw_time raw)
{
    return *c->driver.ops->scale(c->driver.ctx, raw);
}

double local_clock_correction(const struct local_clock *c, struct raw_time raw, double *err)
{
    return clock_scale_correction(c->driver.ops->scale(c->driver.ctx, raw), raw, err);
}

struct local_time local_clock_cook(const struct local_clock *c, struct raw_time raw, double *err)
{
    return clock_scale_cook(c->driver.ops->scale(c->driver.ctx, raw), raw, err);
}

struct local_time local_clock_now(const struct local_clock *c, double *err)
{
    return local_clock_cook(c, world_raw_now(c->world), err);
}

struct raw_time local_clock_event_raw(const struct local_clock *c)
{
    return loop_event_raw(c->loop);
}

struct local_time local_clock_event_time(const struct local_clock *c, double *err)
{
    if (err)
        *err = c->event_error;
    return c->event_time;
}

/* ---- Holders ---- */

/* They are kept in the order of discipline.md 4.4, those of one kind in order of registration. */

void local_clock_add_handler(struct local_clock *c, enum clock_holder holder,
                             clock_change_handler handler, void *arg)
{
    int at = c->holder_count;

    assert(c->holder_count < MAX_HANDLERS);
    for (; at > 0 && c->holders[at - 1].holder > holder; at--)
        c->holders[at] = c->holders[at - 1];
    c->holders[at] = (struct change_holder){holder, handler, arg};
    c->holder_count++;
}

void local_clock_remove_handler(struct local_clock *c, clock_change_handler handler, void *arg)
{
    int kept = 0;

    for (int i = 0; i < c->holder_count; i++) {
        if (c->holders[i].handler != handler || c->holders[i].arg != arg)
            c->holders[kept++] = c->holders[i];
    }
    c->holder_count = kept;
}

void local_clock_add_dispersion_handler(struct local_clock *c, dispersion_handler handler,
                                        void *arg)
{
    assert(c->dispersion_holder_count < MAX_HANDLERS);
    c->dispersion_holders[c->dispersion_holder_count++] = (struct dispersion_holder){handler, arg};
}

void local_clock_remove_dispersion_handler(struct local_clock *c, dispersion_handler handler,
                                           void *arg)
{
    int kept = 0;

    for (int i = 0; i < c->dispersion_holder_count; i++) {
        if (c->dispersion_holders[i].handler != handler || c->dispersion_holders[i].arg != arg)
            c->dispersion_holders[kept++] = c->dispersion_holders[i];
    }
    c->dispersion_holder_count = kept;
}

void local_clock_announce_dispersion(double dispersion, void *arg)
{
    const struct local_clock *c = arg;

    for (int i = 0; i < c->dispersion_holder_count; i++)
        c->dispersion_holders[i].handler(dispersion, c->dispersion_holders[i].arg);
}

void local_clock_set_step_hook(struct local_clock *c,
                               void (*hook)(struct local_time before, void *arg), void *arg)
{
    c->step_hook = hook;
    c->step_hook_arg = arg;
}

void local_clock_set_leap_hook(struct local_clock *c,
                               void (*hook)(struct local_time now, int leap, void *arg), void *arg)
{
    c->leap_hook = hook;
    c->leap_hook_arg = arg;
}

/* ---- Watch ---- */

void local_clock_set_watch(struct local_clock *c, const struct clock_watch *watch)
{
    c->watch = watch ? *watch : (struct clock_watch){0};
}

void local_clock_begin_change(struct local_clock *c)
{
    if (c->changes++ == 0 && c->watch.before)
        c->watch.before(false, c->watch.arg);
}

static void begin_step(struct local_clock *c)
{
    c->changes++;
    if (c->watch.before)
        c->watch.before(true, c->watch.arg);
}

void local_clock_end_change(struct local_clock *c)
{
    if (--c->changes == 0 && c->watch.after)
        c->watch.after(c->watch.arg);
}

static void on_slew_begin(void *arg)
{
    local_clock_begin_change(arg);
}

static void on_slew_end(void *arg)
{
    local_clock_end_change(arg);
}

void local_clock_follow_slew(struct local_clock *c, struct slew *slew)
{
    slew_set_dispersion_handler(slew, local_clock_announce_dispersion, c);
    slew_set_change_handlers(slew, on_slew_begin, on_slew_end, c);
}

/* ---- Operations ---- */

static void announce(struct local_clock *c, const struct clock_change *change)
{
    /* The loop and the last event time come first, then the driver. Steps by other programs are
       known to the loop already. */
    if (change->type == CLOCK_STEP)
        loop_clock_stepped(c->loop, change->doffset);
    local_adjust(&c->event_time, change->cooked, change->dfreq, change->doffset);
    if (change->type == CLOCK_STEP && c->driver.ops->stepped)
        c->driver.ops->stepped(c->driver.ctx, change->doffset);

    for (int i = 0; i < c->holder_count; i++)
        c->holders[i].handler(change, c->holders[i].arg);
}

/* Raw and cooked time now, as announcements and checks need them. */
static struct clock_change change_now(const struct local_clock *c, enum clock_change_type type)
{
    struct clock_change change = {.type = type, .raw = world_raw_now(c->world)};

    change.cooked = local_clock_cook(c, change.raw, NULL);
    return change;
}

static bool offset_is_sane(struct instant now, double offset)
{
    if (time_offset_is_sane(now, offset))
        return true;
    LOG_WARN("Adjustment of %.1f seconds is invalid", -offset);
    return false;
}

static double clamp_frequency(const struct local_clock *c, double freq_ppm)
{
    if (isnan(freq_ppm))
        return c->freq_ppm;
    if (fabs(freq_ppm) <= c->max_drift_ppm)
        return freq_ppm;
    LOG_WARN("Frequency %.1f ppm exceeds allowed maximum", freq_ppm);
    return freq_ppm > 0.0 ? c->max_drift_ppm : -c->max_drift_ppm;
}

/* Sets the driver's frequency. Returns the gain relative to the old setting. */
static double set_driver_frequency(struct local_clock *c, double freq_ppm)
{
    double old_ppm = c->freq_ppm;

    local_clock_begin_change(c);
    c->freq_ppm = c->driver.ops->set_frequency(c->driver.ctx, freq_ppm);
    local_clock_end_change(c);
    return (c->freq_ppm - old_ppm) / (1.0e6 - old_ppm);
}

static void accrue(struct local_clock *c, double offset, double rate)
{
    c->driver.ops->accrue_offset(c->driver.ctx, offset, rate);
    if (offset != 0.0)
        c->updates++;
}

double local_clock_read_frequency(const struct local_clock *c)
{
    if (c->temp_comp_ppm == 0.0)
        return c->freq_ppm;
    return (c->freq_ppm + c->temp_comp_ppm) / (1.0 - 1.0e-6 * c->temp_comp_ppm);
}

void local_clock_set_frequency(struct local_clock *c, double freq_ppm)
{
    freq_ppm = clamp_frequency(c, freq_ppm);
    if (c->temp_comp_ppm != 0.0)
        freq_ppm = freq_ppm * (1.0 - 1.0e-6 * c->temp_comp_ppm) - c->temp_comp_ppm;

    local_clock_begin_change(c);
    double dfreq = set_driver_frequency(c, freq_ppm);
    struct clock_change change = change_now(c, CLOCK_ADJUST);
    change.dfreq = dfreq;
    announce(c, &change);
    local_clock_end_change(c);
}

void local_clock_accumulate_frequency(struct local_clock *c, double dfreq)
{
    double freq_ppm = clamp_frequency(c, c->freq_ppm + dfreq * (1.0e6 - c->freq_ppm));

    local_clock_begin_change(c);
    dfreq = set_driver_frequency(c, freq_ppm);
    struct clock_change change = change_now(c, CLOCK_ADJUST);
    change.dfreq = dfreq;
    announce(c, &change);
    local_clock_end_change(c);
}

bool local_clock_accumulate_offset(struct local_clock *c, double offset, double rate)
{
    struct clock_change change = change_now(c, CLOCK_ADJUST);

    if (!offset_is_sane(change.cooked.i, offset))
        return false;
    local_clock_begin_change(c);
    accrue(c, offset, rate);
    change.doffset = offset;
    announce(c, &change);
    local_clock_end_change(c);
    return true;
}

/* False: the offset is not sane, nothing was done. */
static bool apply(struct local_clock *c, double dfreq, double offset, double rate,
                  struct clock_change *change)
{
    *change = change_now(c, CLOCK_ADJUST);
    if (!offset_is_sane(change->cooked.i, offset))
        return false;

    double freq_ppm = clamp_frequency(c, c->freq_ppm + dfreq * (1.0e6 - c->freq_ppm));
    change->dfreq = set_driver_frequency(c, freq_ppm);
    accrue(c, offset, rate);
    change->doffset = offset;
    return true;
}

bool local_clock_accumulate(struct local_clock *c, double dfreq, double offset, double rate)
{
    struct clock_change change;

    local_clock_begin_change(c);
    bool applied = apply(c, dfreq, offset, rate, &change);
    if (applied)
        announce(c, &change);
    local_clock_end_change(c);
    return applied;
}

bool local_clock_accumulate_unannounced(struct local_clock *c, double dfreq, double offset,
                                        double rate)
{
    struct clock_change change;

    local_clock_begin_change(c);
    bool applied = apply(c, dfreq, offset, rate, &change);
    local_clock_end_change(c);
    return applied;
}

static bool step(struct local_clock *c, double offset, enum step_reason reason)
{
    struct clock_change change = change_now(c, CLOCK_STEP);

    if (!offset_is_sane(change.raw.i, offset))
        return false;
    if (!c->driver.ops->step(c->driver.ctx, offset, reason)) {
        LOG_ERROR("Could not step system clock");
        return false;
    }
    if (offset != 0.0) {
        c->updates++;
        c->steps = (struct local_clock_steps){c->steps.count + 1, -offset, loop_uptime(c->loop)};
    }
    if (c->step_hook)
        c->step_hook(change.cooked, c->step_hook_arg);
    change.doffset = offset;
    announce(c, &change);
    return true;
}

bool local_clock_step(struct local_clock *c, double offset, enum step_reason reason)
{
    begin_step(c);
    bool stepped = step(c, offset, reason);
    local_clock_end_change(c);
    return stepped;
}

static bool make_step(struct local_clock *c)
{
    struct raw_time raw = world_raw_now(c->world);
    double correction = local_clock_correction(c, raw, NULL);

    if (!offset_is_sane(raw.i, -correction))
        return false;

    /* The slew is cancelled first, so that cooked time is raw time when that is stepped. */
    if (!local_clock_accumulate_offset(c, correction, 0.0))
        return false;
    if (!local_clock_step(c, -correction, STEP_COMMAND)) {
        local_clock_accumulate_offset(c, -correction, 0.0);
        return false;
    }
    LOG_WARN("System clock was stepped by %.6f seconds", correction);
    return true;
}

bool local_clock_make_step(struct local_clock *c)
{
    begin_step(c);
    bool stepped = make_step(c);
    local_clock_end_change(c);
    return stepped;
}

void local_clock_cancel_correction(struct local_clock *c)
{
    double correction = local_clock_correction(c, world_raw_now(c->world), NULL);

    local_clock_accumulate_offset(c, correction, 0.0);
}

void local_clock_external_step(struct local_clock *c, struct raw_time raw, struct local_time cooked,
                               double offset, double dispersion)
{
    uint64_t updates = c->updates;

    begin_step(c);
    local_clock_cancel_correction(c);
    c->updates = updates; /* it only ends the slew, which is no correction */

    struct clock_change change = {
        .type = CLOCK_UNKNOWN_STEP, .raw = raw, .cooked = cooked, .doffset = offset};
    announce(c, &change);
    local_clock_announce_dispersion(dispersion, c);
    local_clock_end_change(c);
}

void local_clock_notify_leap(struct local_clock *c, int leap)
{
    struct clock_change change = change_now(c, CLOCK_STEP);

    local_clock_begin_change(c);
    if (c->leap_hook)
        c->leap_hook(change.cooked, leap, c->leap_hook_arg);
    change.doffset = -leap;
    announce(c, &change);
    local_clock_end_change(c);
}

void local_clock_command_dfreq(struct local_clock *c, double freq_ppm)
{
    local_clock_accumulate_frequency(c, freq_ppm * 1.0e-6);
    LOG_INFO("Accumulated delta freq of %.3fppm", freq_ppm);
}

bool local_clock_command_doffset(struct local_clock *c, double offset)
{
    if (!local_clock_accumulate_offset(c, offset, 0.0))
        return false;
    LOG_INFO("Accumulated delta offset of %.6f seconds", offset);
    return true;
}

double local_clock_set_temperature_compensation(struct local_clock *c, double comp_ppm)
{
    if (comp_ppm == c->temp_comp_ppm)
        return comp_ppm;

    double uncompensated = local_clock_read_frequency(c);
    local_clock_begin_change(c);
    c->freq_ppm = c->driver.ops->set_frequency(
        c->driver.ctx, uncompensated * (1.0 - 1.0e-6 * comp_ppm) - comp_ppm);
    c->temp_comp_ppm = (uncompensated - c->freq_ppm) / (1.0e-6 * uncompensated + 1.0);
    local_clock_end_change(c);
    return c->temp_comp_ppm;
}

double local_clock_follow_oscillator(struct local_clock *c, double change_ppm)
{
    double before_ppm = c->freq_ppm;

    set_driver_frequency(c, clamp_frequency(c, before_ppm + change_ppm));
    return c->freq_ppm - before_ppm;
}

void local_clock_note_update(struct local_clock *c)
{
    if (c->driver.ops->note_update)
        c->driver.ops->note_update(c->driver.ctx);
}

void local_clock_set_sync_status(struct local_clock *c, bool synchronised, double est_error,
                                 double max_error)
{
    if (c->driver.ops->set_sync_status)
        c->driver.ops->set_sync_status(c->driver.ctx, synchronised, est_error, max_error);
}

void local_clock_set_leap(struct local_clock *c, int leap, int tai_offset)
{
    if (c->driver.ops->set_leap)
        c->driver.ops->set_leap(c->driver.ctx, leap, tai_offset);
}

uint64_t local_clock_updates(const struct local_clock *c)
{
    return c->updates;
}

struct local_clock_steps local_clock_steps(const struct local_clock *c)
{
    return c->steps;
}
