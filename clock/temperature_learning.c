/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learning the dependence on the temperature (discipline.md 30.8). Owns the readings of the sensor
 * and the sums from which the slope is learnt. It must never change the clock's offset, nor its
 * frequency by more than MAX_CHANGE in all.
 *
 * What the oscillator has gained on true time between two corrections of the clock is known without
 * any estimate of its frequency: what the clock was set to take back, which is the absolute
 * frequency times the time, plus the offset that the second correction found. A change that is made
 * here because of the temperature is part of the absolute frequency, so it does not disturb the
 * learning, and no estimator sees more than what is left.
 */
#include "clock/temperature_learning.h"
#include <math.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "clock/temperature_slope.h"

#define MAX_CHANGE     10.0 /* ppm, as of tempcomp */
#define END_OF_LIMIT   9.0  /* ppm, from which on exceeding it is news again */
#define MAX_RATE       0.01 /* ppm per second: an oscillator has a mass */
#define MIN_STEP       3e-5 /* ppm; the kernel's unit is half of that */
#define MAX_READING    1e9  /* in no unit is that a temperature */
#define MAX_FAILURES   3    /* readings in a row until the temperature counts as unknown */
#define REPORTED_TRUST 0.9
#define READINGS       3 /* of which the one in the middle is taken */

/* What the oscillator may feel of the temperature that the sensor shows. Smoothing with a trend has
   no delay while the temperature moves evenly, which a sensor with coarse steps needs. */
static const struct view {
    double time; /* constant of the smoothing, s */
    bool has_trend;
} views[TEMPERATURE_VIEWS] = {
    {0.0, false}, {240.0, true}, {60.0, false}, {300.0, false}, {1500.0, false}};

struct temperature_learning {
    struct temperature_env env;
    struct templearn_conf conf;
    timer_id timer;

    /* The sensor. */
    bool failing; /* reported */
    bool known;   /* the temperatures below are those of now */
    int failures; /* in a row */
    double readings[READINGS];
    double smooth[TEMPERATURE_VIEWS], smoother[TEMPERATURE_VIEWS]; /* once, twice */
    double seen[TEMPERATURE_VIEWS];
    double last_reading; /* uptime, s; valid once there was one */
    bool was_read;

    /* Since the last correction of the clock, if measuring. */
    bool measuring;
    struct temperature_interval interval;
    double frequency_ppm; /* absolute, that the clock is set to */
    double until;         /* uptime up to which the interval has been counted */

    struct temperature_slope slope;
    double wanted_ppm, applied_ppm; /* changes of the absolute frequency in all */
    bool limited;                   /* reported */
    bool learnt;                    /* reported */
};

/* Counts the time since the last call, during which temperature and frequency were constant. */
static void count_time(struct temperature_learning *t)
{
    double now = loop_uptime(t->env.loop), elapsed = now - t->until;

    t->until = now;
    if (!t->measuring || !(elapsed > 0.0))
        return;
    t->interval.duration += elapsed;
    t->interval.gain += 1e-6 * t->frequency_ppm * elapsed;
    for (int i = 0; i < TEMPERATURE_VIEWS; i++)
        t->interval.heat[i] += t->seen[i] * elapsed;
}

static void stop_measuring(struct temperature_learning *t)
{
    t->measuring = false;
    temperature_slope_break(&t->slope);
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct temperature_learning *t = arg;

    count_time(t);
    t->frequency_ppm = local_clock_read_frequency(t->env.clock);
    if (change->type != CLOCK_ADJUST || !t->known) {
        stop_measuring(t);
        return;
    }
    if (change->doffset == 0.0)
        return;

    t->interval.gain += change->doffset;
    if (t->measuring && !(t->interval.duration > 0.0))
        return; /* one more part of the correction that began this interval */
    if (t->measuring)
        temperature_slope_add(&t->slope, &t->interval);
    t->interval = (struct temperature_interval){0};
    t->measuring = true;
}

/* ---- The sensor ---- */

static double median_reading(const struct temperature_learning *t)
{
    const double *r = t->readings;

    return fmax(fmin(r[0], r[1]), fmin(fmax(r[0], r[1]), r[2]));
}

static void note_failure(struct temperature_learning *t)
{
    if (!t->failing)
        LOG_WARN("Could not read temperature from %s", t->conf.file);
    t->failing = true;
    if (++t->failures < MAX_FAILURES || !t->known)
        return;
    t->known = false;
    stop_measuring(t);
}

/* Takes the reading. Returns by how much the temperature that the oscillator feels has changed. */
static double take_reading(struct temperature_learning *t, double reading)
{
    double now = loop_uptime(t->env.loop), before = t->seen[t->slope.best];
    double elapsed = now - t->last_reading;

    if (t->failing)
        LOG_INFO("Reading temperature from %s works again", t->conf.file);
    t->failing = false;
    t->failures = 0;
    t->last_reading = now;
    t->was_read = true;
    if (!t->known) {
        for (int i = 0; i < READINGS; i++)
            t->readings[i] = reading;
        for (int i = 0; i < TEMPERATURE_VIEWS; i++)
            t->smooth[i] = t->smoother[i] = t->seen[i] = reading;
        t->known = true;
        return 0.0;
    }
    for (int i = READINGS - 1; i > 0; i--)
        t->readings[i] = t->readings[i - 1];
    t->readings[0] = reading;
    double middle = median_reading(t);
    for (int i = 0; i < TEMPERATURE_VIEWS; i++) {
        double part = views[i].time > 0.0 ? -expm1(-elapsed / views[i].time) : 1.0;

        t->smooth[i] += part * (middle - t->smooth[i]);
        t->smoother[i] += part * (t->smooth[i] - t->smoother[i]);
        t->seen[i] = views[i].has_trend ? 2.0 * t->smooth[i] - t->smoother[i] : t->smooth[i];
    }
    return t->seen[t->slope.best] - before;
}

/* ---- The clock ---- */

/* Moves the frequency towards the wanted one, within the limits. elapsed: since the last time. */
static void follow(struct temperature_learning *t, double elapsed)
{
    double target = clamp(-MAX_CHANGE, t->wanted_ppm, MAX_CHANGE);
    double rate = MAX_RATE * elapsed;
    double step = clamp(-rate, target - t->applied_ppm, rate);

    if (target != t->wanted_ppm && !t->limited) {
        LOG_WARN("Temperature compensation of %.3f ppm exceeds sanity limit of %.1f",
                 -t->wanted_ppm, MAX_CHANGE);
        t->limited = true;
    }
    if (fabs(t->wanted_ppm) < END_OF_LIMIT)
        t->limited = false;
    if (fabs(step) < MIN_STEP)
        return;
    t->applied_ppm += local_clock_follow_oscillator(t->env.clock, step);
    t->frequency_ppm = local_clock_read_frequency(t->env.clock);
}

/* Says once that the clock will follow the temperature from now on. */
static void report_slope(struct temperature_learning *t, const struct temperature_estimate *e)
{
    if (t->learnt || e->trust < REPORTED_TRUST)
        return;
    LOG_INFO("Clock follows temperature from %s by %.3e ppm per unit (+/- %.1e)", t->conf.file,
             -1e6 * e->slope, 1e6 * e->slope_sd);
    t->learnt = true;
}

static void write_log(const struct temperature_learning *t, double reading)
{
    char date[32];

    if (!measurement_log_enabled(t->env.log, MLOG_TEMPCOMP))
        return;
    instant_format_utc(local_clock_now(t->env.clock, NULL).i, date, sizeof(date));
    measurement_log_write(t->env.log, MLOG_TEMPCOMP, "%s %11.4e %11.4e", date, reading,
                          0.0 - t->applied_ppm);
}

static void on_timer(void *arg)
{
    struct temperature_learning *t = arg;
    double reading, last = t->last_reading;

    t->timer = loop_timer_add(t->env.loop, t->conf.interval, on_timer, t);
    count_time(t);
    /* A reference clock with the option local changes the frequency and tells nobody. */
    if (t->frequency_ppm != local_clock_read_frequency(t->env.clock))
        stop_measuring(t);
    t->frequency_ppm = local_clock_read_frequency(t->env.clock);
    if (!temperature_read(t->env.world, t->conf.file, &reading) || fabs(reading) > MAX_READING) {
        note_failure(t);
        return;
    }
    double change = take_reading(t, reading);
    const struct temperature_estimate *e = temperature_slope_estimate(&t->slope);
    t->wanted_ppm += 1e6 * e->trust * e->slope * change;
    report_slope(t, e);
    follow(t, t->last_reading - last);
    write_log(t, reading);
}

struct temperature_learning *temperature_learning_new(const struct temperature_env *env,
                                                      const struct templearn_conf *conf)
{
    if (!conf->file)
        return NULL;
    struct temperature_learning *t = mem_alloc(sizeof(*t));
    t->env = *env;
    t->conf = *conf;
    temperature_slope_init(&t->slope);
    t->until = t->last_reading = loop_uptime(env->loop);
    t->frequency_ppm = local_clock_read_frequency(env->clock);
    local_clock_add_handler(env->clock, CLOCK_HOLDER_TEMPERATURE, on_clock_change, t);
    on_timer(t);
    return t;
}

void temperature_learning_free(struct temperature_learning *t)
{
    if (!t)
        return;
    loop_timer_cancel(t->env.loop, t->timer);
    local_clock_remove_handler(t->env.clock, on_clock_change, t);
    free(t);
}

bool temperature_learning_report(const struct temperature_learning *t,
                                 struct report_temperature *report)
{
    if (!t)
        return false;
    const struct temperature_estimate *e = temperature_slope_estimate(&t->slope);
    *report = (struct report_temperature){
        .state = t->failing       ? REPORT_TEMPERATURE_FAILING
                 : e->trust > 0.0 ? REPORT_TEMPERATURE_FOLLOWING
                                  : REPORT_TEMPERATURE_LEARNING,
        .changes = (uint32_t)t->slope.changes,
        .last_reading_ago =
            t->was_read ? (uint32_t)(loop_uptime(t->env.loop) - t->last_reading) : UINT32_MAX,
        .temperature = t->was_read ? t->readings[0] : 0.0,
        .delay = views[t->slope.best].has_trend ? 0.0 : views[t->slope.best].time,
        .slope_ppm = 0.0 - 1e6 * e->slope,
        .slope_sd_ppm = 1e6 * e->slope_sd,
        .trust_percent = 100.0 * e->trust,
        .compensation_ppm = 0.0 - t->applied_ppm,
    };
    text_copy(report->sensor, sizeof(report->sensor), t->conf.file);
    return true;
}
