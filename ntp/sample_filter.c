/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Median filter: of the samples with a small dispersion, the one or two in the middle. Owned by an
 * association; the memory for the samples is allocated once.
 */
#include "ntp/sample_filter.h"

#include <math.h>
#include <stdlib.h>
#include "base/text.h"

#define MAX_DISPERSION_RATIO 1.5
#define MIN_CANDIDATES       4
#define MIN_VARIANCE         1e-20
#define MAX_VARIANCE         (16.0 * 16.0)
#define MAX_AVERAGE_COUNT    50

/* 90 % quantile of the chi-square distribution for 1 and 2 degrees of freedom. */
static const double chi2[] = {2.706, 4.605};

struct sample_filter {
    int length;
    int count;
    bool has_last;
    struct ntp_sample last;
    double average_variance;
    int average_count;
    struct ntp_sample *samples; /* oldest first */
    int *order;                 /* working space: indices of candidates */
};

struct sample_filter *sample_filter_new(int length, double quantum)
{
    struct sample_filter *filter = mem_alloc(sizeof(*filter));

    filter->length = length;
    filter->average_variance = quantum * quantum;
    filter->samples = mem_array((size_t)length, sizeof(*filter->samples));
    filter->order = mem_array((size_t)length, sizeof(*filter->order));
    return filter;
}

void sample_filter_free(struct sample_filter *filter)
{
    if (!filter)
        return;
    free(filter->samples);
    free(filter->order);
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

bool sample_filter_add(struct sample_filter *filter, const struct ntp_sample *sample)
{
    if (filter->has_last && local_diff(sample->time, filter->last.time) <= 0.0)
        return false;
    if (filter->count == filter->length) {
        for (int i = 1; i < filter->count; i++)
            filter->samples[i - 1] = filter->samples[i];
        filter->count--;
    }
    filter->samples[filter->count++] = *sample;
    filter->last = *sample;
    filter->has_last = true;
    return true;
}

const struct ntp_sample *sample_filter_last(const struct sample_filter *filter)
{
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
        for (; j > 0 && f->samples[f->order[j - 1]].offset > f->samples[index].offset; j--)
            f->order[j] = f->order[j - 1];
        f->order[j] = index;
    }
}

/* Leaves at most two in the middle, in order of time. Their number; *kept is the first. */
static int keep_middle(const struct sample_filter *f, int n, int **kept)
{
    int from = n > 2 ? (n - 1) / 2 : 0;

    sort_by_offset(f, n);
    *kept = f->order + from;
    n -= 2 * from;
    if (n == 2 && (*kept)[0] > (*kept)[1]) {
        int first = (*kept)[1];
        (*kept)[1] = (*kept)[0];
        (*kept)[0] = first;
    }
    return n;
}

/* Updates the running average and returns the dispersion to be used. */
static double average_dispersion(struct sample_filter *f, double variance, int dof)
{
    double dispersion = sqrt(variance), previous = f->average_variance;

    if (variance < MIN_VARIANCE) {
        variance = MIN_VARIANCE;
        dispersion = sqrt(MIN_VARIANCE);
    }
    if (f->average_count > MAX_AVERAGE_COUNT) {
        f->average_variance +=
            dof / (double)(dof + MAX_AVERAGE_COUNT) * (variance - f->average_variance);
    } else {
        f->average_variance =
            (f->average_variance * f->average_count + variance * dof) / (dof + f->average_count);
        if (f->average_count == 0)
            previous = f->average_variance;
        f->average_count += dof;
    }
    /* The variance of two samples says little: a value below the usual is not believed. */
    if (variance * dof / chi2[dof - 1] < previous)
        dispersion *= sqrt(f->average_variance) / sqrt(variance);
    return dispersion;
}

static bool combine(struct sample_filter *f, struct ntp_sample *out)
{
    int *kept, n = keep_middle(f, select_candidates(f), &kept);
    const struct ntp_sample *last = &f->samples[kept[n - 1]];
    struct ntp_sample sum = {0};
    double x = 0.0, variance = 0.0;

    for (int i = 0; i < n; i++) {
        const struct ntp_sample *s = &f->samples[kept[i]];
        x += local_diff(s->time, last->time) / n;
        sum.offset += s->offset / n;
        sum.peer_delay += s->peer_delay / n;
        sum.root_delay += s->root_delay / n;
        sum.peer_dispersion += s->peer_dispersion / n;
        sum.root_dispersion += s->root_dispersion / n;
    }
    for (int i = 0; i < n; i++) {
        double d = f->samples[kept[i]].offset - sum.offset;
        variance += d * d;
    }
    int dof = n > 1 ? n - 1 : 1;
    variance = n > 1 ? variance / dof : f->average_variance;
    if (variance > MAX_VARIANCE)
        return false;

    double dispersion = average_dispersion(f, variance, dof);
    *out = sum;
    out->time = local_add(last->time, x);
    out->peer_dispersion = fmax(dispersion, sum.peer_dispersion);
    out->root_dispersion = fmax(dispersion, sum.root_dispersion);
    return true;
}

bool sample_filter_take(struct sample_filter *filter, struct ntp_sample *sample)
{
    if (filter->count == 0 || !combine(filter, sample))
        return false;
    filter->count = 0;
    return true;
}

static void adjust(struct ntp_sample *s, const struct clock_change *change)
{
    s->offset -= local_adjust(&s->time, change->cooked, change->dfreq, change->doffset);
}

void sample_filter_clock_change(struct sample_filter *filter, const struct clock_change *change)
{
    if (filter->has_last)
        adjust(&filter->last, change);
    for (int i = 0; i < filter->count; i++)
        adjust(&filter->samples[i], change);
}
