/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slew engine (discipline.md 5): holds the offset that is still to be corrected and drives it
 * to zero by changing the frequency of a kernel clock for planned times. Called by the local
 * clock and by its own timer. It never steps by itself.
 *
 * The kernel clock has one control, its frequency. The engine uses it for two things at once. The
 * base frequency makes a second of the clock as long as a true second, and stays. The slew
 * frequency is added to it until an offset is corrected, and then taken away again. Example: the
 * clock is 1 ms fast. A slew of 100 ppm makes it lose 1 ms in 10 s; a timer then ends the slew.
 * The timer is always a little late, by microseconds or, on a loaded machine, by milliseconds. So
 * the end of each slew computes from the raw time that really went by what was corrected, and the
 * next slew takes the rest. A slew lasts at least five times the recent lateness, so that the
 * rest becomes smaller, not larger.
 */
#include "clock/slew.h"
#include <math.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"

#define MIN_OFFSET          1.0e-9
#define MIN_DURATION        1.0
#define MAX_DURATION        1.0e4
#define MAX_EXCESS          100.0
#define MIN_EXCESS_MULTIPLE 5.0
#define EXCESS_DECAY        0.9
#define MIN_EXCESS          1.0e-9
#define MAX_ROUNDING        0.01 /* ppm, by the kernel */

struct slew {
    struct world *world;
    struct loop *loop;
    struct kernel_clock kernel;
    double max_rate; /* seconds of offset per second */
    slew_dispersion_handler on_dispersion;
    void *on_dispersion_arg;
    void (*on_begin)(void *arg);
    void (*on_end)(void *arg);
    void *change_arg;

    double base_freq_ppm;
    double kernel_freq_ppm;
    struct clock_scale scale; /* offset: the register; start: zero until the first slew */
    double correction_rate;
    double duration;
    double excess; /* decaying maximum of how late slews ended */
    timer_id timer;
};

static void announce_dispersion(const struct slew *s, double dispersion)
{
    if (s->on_dispersion)
        s->on_dispersion(dispersion, s->on_dispersion_arg);
}

static void on_timer(void *arg);

/* Subtracts from the register what the slew in progress has corrected (discipline.md 5.3, steps 2
   and 3). */
static void end_slew(struct slew *s, struct raw_time now)
{
    double elapsed = raw_diff(now, s->scale.start);

    s->scale.offset -= s->scale.freq * elapsed;

    s->excess = (s->excess + MIN_EXCESS) * EXCESS_DECAY;
    double excess = elapsed - s->duration;
    if (s->excess < excess && excess <= MAX_EXCESS)
        s->excess = excess;
}

static double desired_duration(const struct slew *s)
{
    double offset = fabs(s->scale.offset);

    if (offset < MIN_OFFSET)
        return MAX_DURATION;
    return fmax(fmax(s->correction_rate / offset, MIN_DURATION), MIN_EXCESS_MULTIPLE * s->excess);
}

/* As far as the kernel can have it. */
static double base_ppm(const struct slew *s)
{
    return clamp(-s->kernel.max_freq_ppm, s->base_freq_ppm, s->kernel.max_freq_ppm);
}

/* Ends the slew in progress and starts the next one (discipline.md 5.3). */
static void update_slew(struct slew *s)
{
    loop_timer_cancel(s->loop, s->timer);
    if (s->on_begin)
        s->on_begin(s->change_arg);

    struct raw_time now = world_raw_now(s->world);
    end_slew(s, now);

    double correction_freq =
        clamp(-s->max_rate, s->scale.offset / desired_duration(s), s->max_rate);
    double total_ppm = s->base_freq_ppm + correction_freq * (1.0e6 - s->base_freq_ppm);

    total_ppm = clamp(-s->kernel.max_freq_ppm, total_ppm, s->kernel.max_freq_ppm);
    if (s->kernel.ops->note_base)
        s->kernel.ops->note_base(s->kernel.ctx, base_ppm(s));
    s->kernel_freq_ppm = s->kernel.ops->set_frequency(s->kernel.ctx, total_ppm);

    double old_freq = s->scale.freq;
    s->scale.freq = (s->kernel_freq_ppm - s->base_freq_ppm) / (1.0e6 - s->kernel_freq_ppm);

    /* The exact time at which the kernel changed the frequency is not known. */
    s->scale.error = fabs((old_freq - s->scale.freq) * s->kernel.max_set_delay);
    if (s->scale.error >= MIN_OFFSET)
        announce_dispersion(s, s->scale.error);

    if (fabs(s->scale.offset) < MIN_OFFSET || s->scale.offset * s->scale.freq <= 0.0)
        s->duration = MAX_DURATION;
    else
        s->duration = clamp(MIN_DURATION, s->scale.offset / s->scale.freq, MAX_DURATION);
    /* The frequency could not be set. */
    if (fabs(s->kernel_freq_ppm - total_ppm) > MAX_ROUNDING)
        s->duration = MIN_DURATION;

    s->timer = loop_timer_add(s->loop, s->duration, on_timer, s);
    s->scale.start = now;
    if (s->on_end)
        s->on_end(s->change_arg);
    LOG_DEBUG("slew offset=%e corr_rate=%e base_freq=%f total_freq=%f slew_freq=%e duration=%f "
              "slew_error=%e",
              s->scale.offset, s->correction_rate, s->base_freq_ppm, s->kernel_freq_ppm,
              s->scale.freq, s->duration, s->scale.error);
}

static void on_timer(void *arg)
{
    struct slew *s = arg;

    s->timer = 0;
    update_slew(s);
}

static double slew_read_frequency(void *ctx)
{
    const struct slew *s = ctx;

    return s->base_freq_ppm;
}

static double slew_set_frequency(void *ctx, double freq_ppm)
{
    struct slew *s = ctx;

    s->base_freq_ppm = freq_ppm;
    update_slew(s);
    return s->base_freq_ppm;
}

static void slew_accrue_offset(void *ctx, double offset, double rate)
{
    struct slew *s = ctx;

    s->scale.offset += offset;
    s->correction_rate = rate;
    update_slew(s);
}

static const struct clock_scale *slew_scale(void *ctx, struct raw_time raw)
{
    return &((const struct slew *)ctx)->scale;
}

static bool slew_step(void *ctx, double offset, enum step_reason reason)
{
    const struct slew *s = ctx;

    return s->kernel.ops->step(s->kernel.ctx, offset, reason);
}

static void slew_stepped(void *ctx, double offset)
{
    struct slew *s = ctx;

    s->scale.start = raw_add(s->scale.start, -offset);
}

static void slew_set_sync_status(void *ctx, bool synchronised, double est_error, double max_error)
{
    const struct slew *s = ctx;
    double offset = fabs(s->scale.offset);

    s->kernel.ops->set_sync_status(s->kernel.ctx, synchronised, fmax(est_error, offset),
                                   max_error + offset);
}

static void slew_set_leap(void *ctx, int leap, int tai_offset)
{
    const struct slew *s = ctx;

    s->kernel.ops->set_leap(s->kernel.ctx, leap, tai_offset);
}

static void slew_note_update(void *ctx)
{
    const struct slew *s = ctx;

    if (s->kernel.ops->note_update)
        s->kernel.ops->note_update(s->kernel.ctx);
}

static void slew_free(void *ctx)
{
    struct slew *s = ctx;

    loop_timer_cancel(s->loop, s->timer);
    s->kernel.ops->set_frequency(s->kernel.ctx, base_ppm(s));
    s->kernel.ops->free(s->kernel.ctx);
    free(s);
}

static const struct clock_driver_ops slew_ops = {
    .read_frequency = slew_read_frequency,
    .set_frequency = slew_set_frequency,
    .accrue_offset = slew_accrue_offset,
    .scale = slew_scale,
    .step = slew_step,
    .stepped = slew_stepped,
    .set_sync_status = slew_set_sync_status,
    .set_leap = slew_set_leap,
    .note_update = slew_note_update,
    .free = slew_free,
};

struct slew *slew_new(struct world *world, struct loop *loop, struct kernel_clock kernel,
                      double max_rate_ppm)
{
    struct slew *s = mem_alloc(sizeof(*s));

    s->world = world;
    s->loop = loop;
    s->kernel = kernel;
    s->max_rate = max_rate_ppm * 1.0e-6;
    s->base_freq_ppm = kernel.ops->read_frequency(kernel.ctx);
    s->kernel_freq_ppm = s->base_freq_ppm;
    s->scale.error_length = kernel.max_set_delay;
    return s;
}

void slew_set_dispersion_handler(struct slew *s, slew_dispersion_handler handler, void *arg)
{
    s->on_dispersion = handler;
    s->on_dispersion_arg = arg;
}

void slew_set_change_handlers(struct slew *s, void (*begin)(void *arg), void (*end)(void *arg),
                              void *arg)
{
    s->on_begin = begin;
    s->on_end = end;
    s->change_arg = arg;
}

struct clock_driver slew_driver(struct slew *s)
{
    return (struct clock_driver){&slew_ops, s};
}

void slew_get_state(const struct slew *s, struct slew_state *state)
{
    *state = (struct slew_state){
        .base_freq_ppm = s->base_freq_ppm,
        .offset_register = s->scale.offset,
        .slew_freq = s->scale.freq,
        .duration = s->duration,
        .excess = s->excess,
        .error = s->scale.error,
        .kernel_freq_ppm = s->kernel_freq_ppm,
    };
}
