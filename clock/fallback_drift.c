/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Averages of the frequency and the timer that brings them into effect one after another, the
 * shortest first (discipline.md 16.3). The frequency is set by the owner.
 */
#include "clock/fallback_drift.h"
#include <math.h>
#include <stdlib.h>
#include "base/text.h"

#define MIN_INTERVAL 1.0
#define MAX_LENGTH   60 /* longer than any daemon runs */

struct fallback_drift {
    struct fallback_drift_env env;
    int min, max;
    int next; /* what is in effect, or is waited for; 0: none */
    timer_id timer;
    struct fallback_drift_average *averages;
};

struct fallback_drift *fallback_drift_new(const struct fallback_drift_env *env, int min, int max)
{
    if (min <= 0 || max < min || min > MAX_LENGTH)
        return NULL;
    struct fallback_drift *d = mem_alloc(sizeof(*d));
    d->env = *env;
    d->min = min;
    d->max = max < MAX_LENGTH ? max : MAX_LENGTH;
    d->averages = mem_array((size_t)(d->max - d->min + 1), sizeof(*d->averages));
    return d;
}

void fallback_drift_free(struct fallback_drift *d)
{
    if (!d)
        return;
    loop_timer_cancel(d->env.loop, d->timer);
    free(d->averages);
    free(d);
}

static struct fallback_drift_average *average(const struct fallback_drift *d, int i)
{
    return &d->averages[i - d->min];
}

void fallback_drift_update(struct fallback_drift *d, double freq_ppm, double interval)
{
    if (!d)
        return;
    d->next = 0;
    loop_timer_cancel(d->env.loop, d->timer);
    d->timer = 0;
    if (!(interval >= MIN_INTERVAL) || !isfinite(freq_ppm))
        return;

    for (int i = d->min; i <= d->max; i++) {
        struct fallback_drift_average *a = average(d, i);
        double length = ldexp(1.0, i), weight = 0.5 * interval;

        if (a->covered < length) {
            a->freq_ppm = (a->freq_ppm * a->covered + freq_ppm * weight) / (weight + a->covered);
            a->covered += weight;
        } else {
            a->freq_ppm += (1.0 - exp(-interval / length)) * (freq_ppm - a->freq_ppm);
        }
    }
}

static void on_timer(void *arg)
{
    struct fallback_drift *d = arg;

    d->timer = 0;
    d->env.set_frequency(average(d, d->next)->freq_ppm, d->env.arg);
    d->env.on_fallback(d->env.arg);
}

void fallback_drift_schedule(struct fallback_drift *d, double since_update)
{
    int current = 0, i;

    if (!d || d->timer != 0)
        return;
    for (i = d->min; i <= d->max; i++) {
        double length = ldexp(1.0, i);

        if (average(d, i)->covered < length)
            continue;
        if (since_update < length && i > d->next)
            break;
        current = i;
    }
    if (current > d->next) {
        d->env.set_frequency(average(d, current)->freq_ppm, d->env.arg);
        d->next = current;
    }
    if (i <= d->max) {
        d->next = i;
        d->timer = loop_timer_add(d->env.loop, ldexp(1.0, i) - since_update, on_timer, d);
    }
}

struct fallback_drift_average fallback_drift_get(const struct fallback_drift *d, int length)
{
    return *average(d, length);
}
