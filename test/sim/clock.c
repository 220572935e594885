/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated kernel clock. Time advances in pieces within which its rate is constant: up to the
 * next step of the oscillator's wander, the end of a single-shot adjustment, or a leap second.
 */
#include "test/sim/clock.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/timex.h>

#define NS               1000000000
#define DAY_NS           (86400 * (int64_t)NS)
#define NOMINAL_TICK     10000
#define MIN_TICK         9000
#define MAX_TICK         11000
#define FREQ_SCALE       65536.0e6
#define MAX_FREQ         (500 * 65536)
#define SINGLE_SHOT_RATE 500e-6

static bool changes(const struct sim_oscillator *o)
{
    return o->wander > 0.0 || o->noise > 0.0 || o->swing_period > 0.0 || o->warm_up_time > 0.0;
}

double sim_oscillator_swing(const struct sim_oscillator *o, double time)
{
    if (!(o->swing_period > 0.0))
        return 0.0;
    double phase = time / o->swing_period;
    return o->swing_straight ? 4.0 * fabs(phase - floor(phase + 0.5)) - 1.0
                             : sin(2.0 * M_PI * phase);
}

static double draw_addition(struct sim_clock *c, double time)
{
    const struct sim_oscillator *o = &c->oscillator;
    double addition = 0.0;

    if (o->noise > 0.0)
        addition += o->noise * sim_random_normal(&c->noise_random);
    if (o->swing_period > 0.0)
        addition += o->swing * sim_oscillator_swing(o, time);
    if (o->warm_up_time > 0.0)
        addition += o->warm_up * exp(-time / o->warm_up_time);
    return addition;
}

void sim_clock_init(struct sim_clock *c, const struct sim_oscillator *oscillator, int64_t raw_start,
                    uint64_t seed, uint64_t stream)
{
    *c = (struct sim_clock){
        .oscillator = *oscillator,
        .error = oscillator->frequency,
        .next_wander = changes(oscillator) ? NS : INT64_MAX,
        .raw = raw_start * NS + (int64_t)llround(oscillator->offset * 1e9),
        .mono = 1000 * (int64_t)NS,
        .tick = NOMINAL_TICK,
        .status = STA_UNSYNC,
        .state = TIME_OK,
        .constant = 2,
        .max_error = 16000000,
        .est_error = 16000000,
    };
    sim_random_seed(&c->random, seed, stream);
    sim_random_seed(&c->noise_random, seed, SIM_NOISE_STREAM(stream));
    c->addition = draw_addition(c, 0.0);
}

double sim_clock_frequency(const struct sim_clock *c)
{
    double kernel = (double)(c->tick - NOMINAL_TICK) / NOMINAL_TICK + (double)c->freq / FREQ_SCALE;

    if (c->single_shot != 0.0)
        kernel += copysign(SINGLE_SHOT_RATE, c->single_shot);
    /* (1 + error) * (1 + kernel) - 1 without loss of digits. */
    double error = c->error + c->addition;
    return error + kernel + error * kernel;
}

static void count(int64_t *reading, double *rest, int64_t elapsed, double frequency)
{
    double extra = (double)elapsed * frequency + *rest, whole = floor(extra);

    *reading += elapsed + (int64_t)whole;
    *rest = extra - whole;
}

/* Raw time of the next leap second, or a time that never comes. */
static int64_t leap_time(const struct sim_clock *c)
{
    int64_t midnight = (c->raw / DAY_NS + 1) * DAY_NS;

    if (c->state == TIME_WAIT || c->state == TIME_OOP)
        return INT64_MAX;
    if (c->status & STA_INS)
        return midnight;
    /* Within the last second of the day it is too late to leave it out. */
    if ((c->status & STA_DEL) && c->raw < midnight - NS)
        return midnight - NS;
    return INT64_MAX;
}

/* True time at which the raw clock will show something, at its present rate, rounded up. */
static int64_t time_of_raw(const struct sim_clock *c, int64_t raw, double frequency)
{
    if (raw == INT64_MAX)
        return INT64_MAX;
    return c->now + (int64_t)ceil(((double)(raw - c->raw) - c->raw_rest) / (1.0 + frequency));
}

static void apply_leap(struct sim_clock *c)
{
    if (c->status & STA_INS) {
        c->raw -= NS;
        c->tai++;
        c->state = TIME_OOP;
    } else {
        c->raw += NS;
        c->tai--;
        c->state = TIME_WAIT;
    }
}

static void end_leap(struct sim_clock *c)
{
    if (c->state == TIME_OOP && c->raw % DAY_NS < DAY_NS - NS)
        c->state = TIME_WAIT;
    if (c->state == TIME_WAIT && !(c->status & (STA_INS | STA_DEL)))
        c->state = TIME_OK;
}

/* One piece. */
static void advance_piece(struct sim_clock *c, int64_t now)
{
    double frequency = sim_clock_frequency(c);
    int64_t leap = leap_time(c), end = now;
    int64_t leap_end = time_of_raw(c, leap, frequency);
    int64_t shot_end = INT64_MAX;

    if (c->single_shot != 0.0)
        shot_end = c->now + (int64_t)ceil(fabs(c->single_shot) / SINGLE_SHOT_RATE * 1e9);
    if (c->next_wander < end)
        end = c->next_wander;
    if (shot_end < end)
        end = shot_end;
    if (leap_end < end)
        end = leap_end;

    int64_t elapsed = end - c->now;
    count(&c->raw, &c->raw_rest, elapsed, frequency);
    count(&c->mono, &c->mono_rest, elapsed, frequency);
    c->now = end;
    if (c->single_shot != 0.0)
        c->single_shot = end == shot_end
                             ? 0.0
                             : c->single_shot - copysign(SINGLE_SHOT_RATE * 1e-9 * (double)elapsed,
                                                         c->single_shot);
    if (end == c->next_wander) {
        c->error += c->oscillator.wander * sim_random_normal(&c->random);
        c->addition = draw_addition(c, (double)end * 1e-9);
        c->next_wander += NS;
    }
    if (c->raw >= leap)
        apply_leap(c);
    end_leap(c);
}

void sim_clock_advance(struct sim_clock *c, int64_t now)
{
    while (c->now < now)
        advance_piece(c, now);
}

void sim_clock_step(struct sim_clock *c, double seconds)
{
    c->raw += (int64_t)llround(seconds * 1e9);
}

static void set_offset(struct sim_clock *c, const struct timex *t)
{
    int64_t fraction = t->time.tv_usec;

    if (!(t->modes & ADJ_NANO))
        fraction *= 1000;
    c->raw += (int64_t)t->time.tv_sec * NS + fraction;
}

/* What the call returns: an unsynchronised clock hides the state of a leap second. */
static int kernel_state(const struct sim_clock *c)
{
    if (c->status & STA_UNSYNC)
        return TIME_ERROR;
    if (c->state == TIME_OK && (c->status & STA_INS))
        return TIME_INS;
    if (c->state == TIME_OK && (c->status & STA_DEL))
        return TIME_DEL;
    return c->state;
}

static int report(const struct sim_clock *c, struct timex *t)
{
    unsigned int modes = t->modes;

    memset(t, 0, sizeof(*t));
    t->modes = modes;
    t->tick = c->tick;
    t->freq = c->freq;
    t->status = c->status;
    t->constant = c->constant;
    t->maxerror = c->max_error;
    t->esterror = c->est_error;
    t->tolerance = MAX_FREQ;
    t->precision = 1;
    t->tai = c->tai;
    t->time.tv_sec = c->raw / NS;
    t->time.tv_usec = c->raw % NS / 1000;
    return kernel_state(c);
}

int sim_clock_adjtimex(struct sim_clock *c, struct timex *t)
{
    if (t->modes == ADJ_OFFSET_SINGLESHOT) {
        long before = lround(c->single_shot * 1e6);

        c->single_shot = (double)t->offset * 1e-6;
        int state = report(c, t);
        t->offset = before;
        return state;
    }
    if (t->modes & ADJ_TICK) {
        if (t->tick < MIN_TICK || t->tick > MAX_TICK) {
            errno = EINVAL;
            return -1;
        }
        c->tick = t->tick;
    }
    if (t->modes & ADJ_FREQUENCY)
        c->freq = t->freq > MAX_FREQ ? MAX_FREQ : t->freq < -MAX_FREQ ? -MAX_FREQ : t->freq;
    if (t->modes & ADJ_SETOFFSET)
        set_offset(c, t);
    if (t->modes & ADJ_STATUS)
        c->status = t->status;
    if (t->modes & ADJ_MAXERROR)
        c->max_error = t->maxerror;
    if (t->modes & ADJ_ESTERROR)
        c->est_error = t->esterror;
    if (t->modes & ADJ_TAI)
        c->tai = (int)t->constant;
    return report(c, t);
}
