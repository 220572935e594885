/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sample filter (discipline.md 10): selects by dispersion, cuts off the extreme offsets and
 * combines the rest. Owned by an association or a reference clock; the memory is allocated once.
 */
#include "source/sample_filter.h"

#include <math.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/number.h"
#include "base/regression.h"
#include "base/text.h"

#define MAX_DISPERSION_RATIO   1.5
#define MIN_CANDIDATES         4
#define MIN_REGRESSION_SAMPLES 4
#define MIN_VARIANCE           1e-20
#define MAX_AVERAGE_COUNT      50

struct sample_filter {
    int length;
    int count;
    double max_variance; /* 0: no limit */
    double combine_ratio;
    bool has_last;
    struct source_sample last; /* the one before the samples were taken; valid while count is 0 */
    double average_variance;
    int average_count;
    struct source_sample *samples; /* oldest first */
    int *order;                    /* working space: indices of candidates */
    double *points;                /* working space: x, y, weights */
};

struct sample_filter *sample_filter_new(const struct sample_filter_params *params)
{
    struct sample_filter *filter = mem_alloc(sizeof(*filter));
    size_t length = (size_t)params->length;

    filter->length = params->length;
    filter->max_variance = params->max_dispersion * params->max_dispersion;
    filter->combine_ratio = clamp(0.0, params->combine_ratio, 1.0);
    filter->average_variance = params->quantum * params->quantum;
    filter->samples = mem_array(length, sizeof(*filter->samples));
    filter->order = mem_array(length, sizeof(*filter->order));
    filter->points = mem_array(3 * length, sizeof(*filter->points));
    return filter;
}

void sample_filter_free(struct sample_filter *filter)
{
    if (!filter)
        return;
    free(filter->samples);
    free(filter->order);
    free(filter->points);
    free(filter);
}

int sample_filter_length(const struct sample_filter *filter)
{
    return filter->length;
}

void sample_filter_reset(struct sample_filter *filter)
{
    filter->count = 0;
    filter->has_last = false;
}

bool sample_filter_add(struct sample_filter *filter, const struct source_sample *sample)
{
    if (filter->count > 0 &&
        instant_compare(sample->time.i, filter->samples[filter->count - 1].time.i) <= 0)
        return false;
    if (filter->count == filter->length) {
        for (int i = 1; i < filter->count; i++)
            filter->samples[i - 1] = filter->samples[i];
        filter->count--;
    }
    filter->samples[filter->count++] = *sample;
    filter->has_last = true;
    return true;
}

const struct source_sample *sample_filter_last(const struct sample_filter *filter)
{
    if (filter->count > 0)
        return &filter->samples[filter->count - 1];
    return filter->has_last ? &filter->last : NULL;
}

/* Indices of the samples whose dispersion is not much above the smallest. */
static int select_candidates(const struct sample_filter *f)
{
    double smallest = INFINITY;
    int n = 0;

    for (int i = 0; i < f->count; i++)
        smallest = fmin(smallest, f->samples[i].peer_dispersion);
    if (f->count > MIN_CANDIDATES)
        for (int i = 0; i < f->count; i++)
            if (f->samples[i].peer_dispersion <= MAX_DISPERSION_RATIO * smallest)
                f->order[n++] = i;
    if (n >= MIN_CANDIDATES)
        return n;
    for (n = 0; n < f->count; n++)
        f->order[n] = n;
    return n;
}

static void sort_by_offset(const struct sample_filter *f, int n)
{
    for (int i = 1; i < n; i++) {
        int index = f->order[i], j = i;
        for (; j > 0 && f->samples[f->order[j - 1]].offset < f->samples[index].offset; j--)
            f->order[j] = f->order[j - 1];
        f->order[j] = index;
    }
}

static void sort_by_time(int *order, int n)
{
    for (int i = 1; i < n; i++) {
        int index = order[i], j = i;
        for (; j > 0 && order[j - 1] > index; j--)
            order[j] = order[j - 1];
        order[j] = index;
    }
}

/* Keeps the middle part by offset, in order of time. Returns its size; *kept is the first. */
static int keep_middle(const struct sample_filter *f, int n, int **kept)
{
    int from = 0;

    if (n > 2) {
        from = (int)(n * (1.0 - f->combine_ratio) / 2.0);
        if (from > (n - 1) / 2)
            from = (n - 1) / 2;
        if (from < 1)
            from = 1;
    }
    sort_by_offset(f, n);
    *kept = f->order + from;
    n -= 2 * from;
    sort_by_time(*kept, n);
    return n;
}

/* The noise of the kept samples. */
struct spread {
    double variance;
    double dispersion;
    int dof;
};

static bool fit_line(const struct sample_filter *f, const int *kept, int n, double mean_x,
                     struct local_time origin, struct spread *spread)
{
    double *x = f->points, *y = x + f->length, *w = y + f->length;
    struct regression_line line;

    for (int i = 0; i < n; i++) {
        const struct source_sample *s = &f->samples[kept[i]];
        x[i] = local_diff(s->time, origin) - mean_x;
        y[i] = s->offset;
        w[i] = s->peer_dispersion;
    }
    if (!regression_weighted(x, y, w, n, &line))
        return false;
    *spread = (struct spread){line.variance, line.intercept_sd, n - 2};
    return true;
}

static void measure_spread(const struct sample_filter *f, const int *kept, int n,
                           double mean_offset, struct spread *spread)
{
    double sum = 0.0;

    for (int i = 0; i < n; i++) {
        double d = f->samples[kept[i]].offset - mean_offset;
        sum += d * d;
    }
    spread->dof = n > 1 ? n - 1 : 1;
    spread->variance = n > 1 ? sum / spread->dof : f->average_variance;
    spread->dispersion = sqrt(spread->variance);
}

/* Updates the running average and returns the dispersion to be used. */
static double average_dispersion(struct sample_filter *f, const struct spread *s)
{
    double previous = f->average_variance;

    if (f->average_count > MAX_AVERAGE_COUNT) {
        f->average_variance +=
            s->dof / (double)(s->dof + MAX_AVERAGE_COUNT) * (s->variance - f->average_variance);
    } else {
        f->average_variance = (f->average_variance * f->average_count + s->variance * s->dof) /
                              (s->dof + f->average_count);
        if (f->average_count == 0)
            previous = f->average_variance;
        f->average_count += s->dof;
    }
    /* The variance of a few samples is uncertain: a value below the usual one is not believed. */
    if (s->variance * s->dof / regression_chi2_coefficient(s->dof) < previous)
        return sqrt(f->average_variance) * s->dispersion / sqrt(s->variance);
    return s->dispersion;
}

static bool combine(struct sample_filter *f, struct source_sample *out)
{
    int *kept, n = keep_middle(f, select_candidates(f), &kept);
    struct local_time origin = f->samples[kept[n - 1]].time;
    struct source_sample mean = {0};
    struct spread spread;
    double x = 0.0;

    for (int i = 0; i < n; i++) {
        const struct source_sample *s = &f->samples[kept[i]];
        x += local_diff(s->time, origin) / n;
        mean.offset += s->offset / n;
        mean.peer_delay += s->peer_delay / n;
        mean.root_delay += s->root_delay / n;
        mean.peer_dispersion += s->peer_dispersion / n;
        mean.root_dispersion += s->root_dispersion / n;
    }
    if (n < MIN_REGRESSION_SAMPLES || !fit_line(f, kept, n, x, origin, &spread))
        measure_spread(f, kept, n, mean.offset, &spread);
    if (spread.variance < MIN_VARIANCE) {
        spread.variance = MIN_VARIANCE;
        spread.dispersion = sqrt(MIN_VARIANCE);
    }
    if (f->max_variance > 0.0 && spread.variance > f->max_variance) {
        LOG_DEBUG("filter dispersion too large disp=%.9f max=%.9f", sqrt(spread.variance),
                  sqrt(f->max_variance));
        return false;
    }

    double dispersion = average_dispersion(f, &spread);
    *out = mean;
    out->time = local_add(origin, x);
    out->peer_dispersion = fmax(dispersion, mean.peer_dispersion);
    out->root_dispersion = fmax(dispersion, mean.root_dispersion);
    return true;
}

bool sample_filter_take(struct sample_filter *filter, struct source_sample *sample)
{
    if (filter->count == 0 || !combine(filter, sample))
        return false;
    filter->last = filter->samples[filter->count - 1];
    filter->count = 0;
    return true;
}

double sample_filter_average_dispersion(const struct sample_filter *filter)
{
    return sqrt(filter->average_variance);
}

static void adjust(struct source_sample *s, const struct clock_change *change)
{
    s->offset += local_adjust(&s->time, change->cooked, change->dfreq, change->doffset);
}

void sample_filter_clock_change(struct sample_filter *filter, const struct clock_change *change)
{
    for (int i = 0; i < filter->count; i++)
        adjust(&filter->samples[i], change);
    if (filter->count == 0 && filter->has_last)
        adjust(&filter->last, change);
}

void sample_filter_correct_offset(struct sample_filter *filter, double correction)
{
    for (int i = 0; i < filter->count; i++)
        filter->samples[i].offset += correction;
    if (filter->count == 0 && filter->has_last)
        filter->last.offset += correction;
}

void sample_filter_add_dispersion(struct sample_filter *filter, double dispersion)
{
    for (int i = 0; i < filter->count; i++) {
        filter->samples[i].peer_dispersion += dispersion;
        filter->samples[i].root_dispersion += dispersion;
    }
}
