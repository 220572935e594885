/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The samples of one source and their statistics (discipline.md 11). Called by the source's record
 * only. Stored offsets are positive when the local clock is fast and follow every change of the
 * clock; the original offsets never change. Nothing is allocated after creation.
 */
#include "source/samples.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/quantile.h"
#include "base/regression.h"
#include "base/text.h"

#define WORST_CASE_FREQ      2000.0e-6
#define MIN_SKEW             1.0e-12
#define MAX_SKEW             1.0
#define MIN_SD               1.0e-9
#define WORST_CASE_SD        4.0
#define MAX_ASYMMETRY        0.5
#define MIN_ASYMMETRY        0.45
#define MIN_ASYMMETRY_RUN    10
#define MAX_ASYMMETRY_RUN    1000
#define SD_TO_DISTANCE_RATIO 0.7
#define MIN_TEST_SAMPLES     6

struct samples {
    int min_samples;
    int max_samples;
    double fixed_min_delay;
    double fixed_asymmetry;
    double precision;

    /* Oldest first: `extra` entries for the runs test, then `count` current ones. */
    struct samples_entry entries[2 * SAMPLES_MAX];
    int extra;
    int count;
    int min_delay_index; /* in entries */
    int best;            /* current sample, 0: oldest */

    bool valid; /* the last regression succeeded */
    double frequency, frequency_sd, skew;
    double offset, offset_sd;
    struct local_time offset_time;
    double sd;
    int runs;
    double asymmetry;
    int asymmetry_run;
};

struct samples *samples_new(const struct samples_params *params)
{
    struct samples *s = mem_alloc(sizeof(*s));

    s->max_samples =
        params->max_samples == 0 ? SAMPLES_MAX : clamp_int(1, params->max_samples, SAMPLES_MAX);
    s->min_samples = clamp_int(1, params->min_samples, s->max_samples);
    s->fixed_min_delay = params->min_delay;
    s->fixed_asymmetry = params->asymmetry;
    s->precision = params->precision;
    samples_reset(s);
    return s;
}

void samples_free(struct samples *s)
{
    free(s);
}

void samples_reset(struct samples *s)
{
    s->extra = 0;
    s->count = 0;
    s->min_delay_index = 0;
    s->best = 0;
    s->valid = false;
    s->frequency = 0.0;
    s->frequency_sd = WORST_CASE_FREQ;
    s->skew = WORST_CASE_FREQ;
    s->offset = 0.0;
    s->offset_sd = WORST_CASE_SD;
    s->offset_time = (struct local_time){{0, 0}};
    s->sd = WORST_CASE_SD;
    s->runs = 0;
    s->asymmetry = 0.0;
    s->asymmetry_run = 0;
}

/* Current samples, oldest first. */
static const struct samples_entry *current(const struct samples *s, int index)
{
    return &s->entries[s->extra + index];
}

static const struct samples_entry *newest(const struct samples *s)
{
    return current(s, s->count - 1);
}

static void find_min_delay(struct samples *s)
{
    s->min_delay_index = 0;
    for (int i = 1; i < s->extra + s->count; i++) {
        if (s->entries[i].peer_delay < s->entries[s->min_delay_index].peer_delay)
            s->min_delay_index = i;
    }
}

/* Old samples stay for the runs test, but no more than there are current ones (discipline.md
   11.5). */
static void drop_oldest(struct samples *s, int number)
{
    if (number <= 0)
        return;
    assert(number <= s->count);
    s->count -= number;
    s->extra += number;

    int surplus = s->extra - s->count;
    if (surplus > 0) {
        s->extra -= surplus;
        memmove(s->entries, s->entries + surplus,
                (size_t)(s->extra + s->count) * sizeof(s->entries[0]));
    }
    find_min_delay(s);
}

static void append(struct samples *s, const struct samples_entry *entry)
{
    int at = s->extra + s->count;

    assert(at < 2 * SAMPLES_MAX);
    s->entries[at] = *entry;
    s->count++;
    if (at == 0 || entry->peer_delay < s->entries[s->min_delay_index].peer_delay)
        s->min_delay_index = at;
}

bool samples_add(struct samples *s, const struct source_sample *sample)
{
    bool in_order = true;

    if (s->count > 0 && s->count >= s->max_samples)
        drop_oldest(s, 1);
    if (s->count > 0 && instant_compare(newest(s)->time.i, sample->time.i) >= 0) {
        samples_reset(s);
        in_order = false;
    }

    struct samples_entry entry = {
        .time = sample->time,
        .offset = sample->offset,
        .original_offset = sample->offset,
        .peer_delay = sample->peer_delay,
        .peer_dispersion = sample->peer_dispersion,
        .root_delay = sample->root_delay,
        .root_dispersion = sample->root_dispersion,
    };
    /* A delay below the fixed minimum is an error as large as one above it. */
    if (entry.peer_delay < s->fixed_min_delay)
        entry.peer_delay = 2.0 * s->fixed_min_delay - entry.peer_delay;
    append(s, &entry);
    return in_order;
}

/* A packet that waited in a queue shows it by its delay, and its offset may be wrong by half of the
   additional delay. So samples near the shortest distance are good, and the further one is above
   that the less it counts. How much is much? The median tells what is usual for this path; the
   deviation made from it is the unit in which the excess is measured. On a quiet path a few
   microseconds are suspicious, on a busy one milliseconds are nothing. A larger w is a worse
   sample: regression divides by it, and so takes w as the square of a relative standard deviation.
   Nothing is thrown away here: even a bad sample has some information, and a path that became
   longer for good makes its own median in time.

   Weights of the current samples by their distance (discipline.md 11.3): the variance relative to
   that of good samples. */
static void get_weights(const struct samples *s, double *weights)
{
    double distances[SAMPLES_MAX], sorted[SAMPLES_MAX];
    double min_distance = INFINITY;

    for (int i = 0; i < s->count; i++) {
        const struct samples_entry *e = current(s, i);
        distances[i] = sorted[i] = 0.5 * e->peer_delay + e->peer_dispersion;
        min_distance = fmin(min_distance, distances[i]);
    }

    double median = median_of(sorted, (size_t)s->count);
    double sd = (median - min_distance) / SD_TO_DISTANCE_RATIO;
    sd = clamp(s->precision, sd, min_distance);
    min_distance += s->precision;

    for (int i = 0; i < s->count; i++) {
        double w = 1.0 + fmax(0.0, distances[i] - min_distance) / sd;
        weights[i] = w * w;
    }
}

/* Removes from y the error that comes from jitter in one direction only (discipline.md 11.4). */
static void correct_asymmetry(struct samples *s, const double *x, double *y)
{
    double excess[2 * SAMPLES_MAX];
    int total = s->extra + s->count;
    double min_delay = samples_min_delay(s);

    if (s->fixed_asymmetry == 0.0)
        return;
    for (int i = 0; i < total; i++)
        excess[i] = s->entries[i].peer_delay - min_delay;

    if (fabs(s->fixed_asymmetry) <= MAX_ASYMMETRY) {
        s->asymmetry = s->fixed_asymmetry;
    } else {
        double a;
        if (!regression_second_slope(x, excess, y, total, &a) || a * s->asymmetry_run < 0.0) {
            s->asymmetry = 0.0;
            s->asymmetry_run = 0;
            return;
        }
        if (a <= -MIN_ASYMMETRY && s->asymmetry_run > -MAX_ASYMMETRY_RUN)
            s->asymmetry_run--;
        else if (a >= MIN_ASYMMETRY && s->asymmetry_run < MAX_ASYMMETRY_RUN)
            s->asymmetry_run++;
        if (abs(s->asymmetry_run) < MIN_ASYMMETRY_RUN)
            return;
        s->asymmetry = clamp(-MAX_ASYMMETRY, a, MAX_ASYMMETRY);
    }
    for (int i = 0; i < total; i++)
        y[i] -= s->asymmetry * excess[i];
}

static void find_best(struct samples *s)
{
    double best_distance = INFINITY;

    s->best = 0;
    for (int i = 0; i < s->count; i++) {
        const struct samples_entry *e = current(s, i);
        double age = local_diff(newest(s)->time, e->time);
        double distance = e->root_dispersion + age * s->skew + 0.5 * e->root_delay;
        if (distance < best_distance) {
            best_distance = distance;
            s->best = i;
        }
    }
}

static void use_fit(struct samples *s, const struct regression_best *best, struct samples_fit *fit)
{
    double old_frequency = s->frequency;
    double old_skew = s->skew;

    s->frequency = best->line.slope;
    s->frequency_sd = clamp(MIN_SKEW, best->line.slope_sd, MAX_SKEW);
    s->skew = clamp(MIN_SKEW, best->line.slope_sd * regression_t_coefficient(best->dof), MAX_SKEW);
    s->offset = best->line.intercept;
    s->offset_sd = best->line.intercept_sd;
    s->offset_time = newest(s)->time;
    s->sd = fmax(MIN_SD, sqrt(best->line.variance));
    s->runs = best->runs;

    *fit = (struct samples_fit){
        .time = s->offset_time,
        .sd = s->sd,
        .offset = s->offset,
        .offset_sd = s->offset_sd,
        .frequency = s->frequency,
        .skew = s->skew,
        .stress = fabs(old_frequency - s->frequency) / old_skew,
        .count = s->count,
        .start = best->start,
        .runs = s->runs,
        .asymmetry = s->asymmetry,
    };
    drop_oldest(s, best->start);
}

/* The frequency stays: it is still the best estimate. */
static void use_failure(struct samples *s)
{
    s->frequency_sd = WORST_CASE_FREQ;
    s->skew = WORST_CASE_FREQ;
    s->offset_sd = WORST_CASE_SD;
    s->sd = WORST_CASE_SD;
    s->runs = 0;
    s->offset = s->count > 0 ? newest(s)->offset : 0.0;
    s->offset_time = s->count > 0 ? newest(s)->time : (struct local_time){{0, 0}};
}

bool samples_update(struct samples *s, struct samples_fit *fit)
{
    double x[2 * SAMPLES_MAX], y[2 * SAMPLES_MAX], weights[SAMPLES_MAX];
    struct regression_best best;

    s->valid = false;
    if (s->count > 0) {
        for (int i = 0; i < s->extra + s->count; i++) {
            x[i] = local_diff(s->entries[i].time, newest(s)->time);
            y[i] = s->entries[i].offset;
        }
        get_weights(s, weights);
        correct_asymmetry(s, x, y);
        s->valid =
            regression_best_weighted(x, y, weights, s->count, s->extra, s->min_samples, &best);
    }
    if (s->valid)
        use_fit(s, &best, fit);
    else
        use_failure(s);
    find_best(s);
    return s->valid;
}

int samples_minimum(const struct samples *s)
{
    return s->min_samples;
}

int samples_count(const struct samples *s)
{
    return s->count;
}

double samples_min_delay(const struct samples *s)
{
    if (s->fixed_min_delay > 0.0)
        return s->fixed_min_delay;
    if (s->count == 0)
        return INFINITY;
    return s->entries[s->min_delay_index].peer_delay;
}

double samples_asymmetry(const struct samples *s)
{
    return s->asymmetry;
}

double samples_predict_offset(const struct samples *s, struct local_time when)
{
    if (s->count < 3)
        return s->count > 0 ? newest(s)->offset : 0.0;
    return s->offset + local_diff(when, s->offset_time) * s->frequency;
}

double samples_skew(const struct samples *s)
{
    return s->skew > WORST_CASE_FREQ ? WORST_CASE_FREQ : s->skew;
}

bool samples_selection(const struct samples *s, struct local_time now, double max_jitter,
                       struct samples_selection *out)
{
    if (s->count == 0)
        return false;

    const struct samples_entry *best = current(s, s->best);
    double elapsed = fabs(local_diff(now, best->time));
    double offset = best->offset + elapsed * s->frequency;

    out->root_distance = 0.5 * best->root_delay + best->root_dispersion + elapsed * s->skew;
    out->low = offset - out->root_distance;
    out->high = offset + out->root_distance;
    out->first_ago = local_diff(now, current(s, 0)->time);
    out->last_ago = local_diff(now, newest(s)->time);
    out->sd = s->sd;
    if (s->valid)
        return true;
    /* With maxsamples 1 or 2 there will never be a regression. */
    if (s->count < 3 && s->count == s->max_samples) {
        out->sd = max_jitter;
        return true;
    }
    return false;
}

void samples_tracking(const struct samples *s, struct samples_tracking *out)
{
    *out = (struct samples_tracking){
        .ref_time = s->offset_time,
        .offset = s->offset,
        .offset_sd = s->offset_sd,
        .frequency = s->frequency,
        .frequency_sd = s->frequency_sd,
        .skew = s->skew,
    };
    if (s->count > 0) {
        const struct samples_entry *best = current(s, s->best);
        double elapsed = local_diff(s->offset_time, best->time);
        out->root_delay = best->root_delay;
        out->root_dispersion = best->root_dispersion + s->skew * elapsed + s->offset_sd;
    }
}

bool samples_test_data(const struct samples *s, struct local_time when,
                       struct source_test_data *out)
{
    if (s->count < MIN_TEST_SAMPLES)
        return false;
    out->last_sample_ago = local_diff(when, s->offset_time);
    out->predicted_offset = s->offset + out->last_sample_ago * s->frequency;
    out->min_delay = samples_min_delay(s);
    out->skew = s->skew;
    out->sd = s->sd;
    return true;
}

void samples_slew(struct samples *s, struct local_time when, double dfreq, double doffset)
{
    if (s->count == 0)
        return;
    for (int i = 0; i < s->extra + s->count; i++) {
        struct samples_entry *e = &s->entries[i];
        e->offset += local_adjust(&e->time, when, dfreq, doffset);
    }
    s->offset += local_adjust(&s->offset_time, when, dfreq, doffset);
    s->frequency = (s->frequency - dfreq) / (1.0 - dfreq);
}

void samples_correct_offset(struct samples *s, double correction)
{
    if (s->count == 0)
        return;
    for (int i = 0; i < s->extra + s->count; i++)
        s->entries[i].offset += correction;
    s->offset += correction;
}

void samples_add_dispersion(struct samples *s, double dispersion)
{
    for (int i = s->extra; i < s->extra + s->count; i++) {
        s->entries[i].root_dispersion += dispersion;
        s->entries[i].peer_dispersion += dispersion;
    }
}

bool samples_latest(const struct samples *s, struct samples_latest *out)
{
    if (s->count == 0)
        return false;

    const struct samples_entry *e = newest(s);
    out->time = e->time;
    out->original_offset = e->original_offset;
    out->offset = e->offset;
    out->error = 0.5 * e->root_delay + e->root_dispersion;
    return true;
}

void samples_report(const struct samples *s, struct local_time now, struct samples_report *out)
{
    *out = (struct samples_report){
        .count = s->count,
        .runs = s->runs,
        .frequency = s->frequency,
        .skew = s->skew,
        .sd = s->sd,
    };
    if (s->count > 0) {
        const struct samples_entry *best = current(s, s->best);
        out->span = local_diff(newest(s)->time, current(s, 0)->time);
        out->offset = s->offset + local_diff(now, s->offset_time) * s->frequency;
        out->offset_error = s->offset_sd + local_diff(now, best->time) * s->skew +
                            0.5 * best->root_delay + best->root_dispersion;
    }
}

void samples_get_entry(const struct samples *s, int index, struct samples_entry *out)
{
    assert(index >= 0 && index < s->count);
    *out = *current(s, index);
}

int samples_asymmetry_run(const struct samples *s)
{
    return s->asymmetry_run;
}

void samples_load(struct samples *s, const struct samples_entry *entries, int count,
                  int asymmetry_run)
{
    samples_reset(s);
    for (int i = count > s->max_samples ? count - s->max_samples : 0; i < count; i++)
        append(s, &entries[i]);
    s->asymmetry_run = clamp_int(-MAX_ASYMMETRY_RUN, asymmetry_run, MAX_ASYMMETRY_RUN);
}
