/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frugal-2U estimators of quantiles (discipline.md 8). One allocation at creation; adding a value
 * takes a random number for each estimator and no memory. Never fails on any value that is not NaN;
 * NaN is ignored.
 */
#include "base/quantile.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define MAX_REPEAT 64

struct estimator {
    double estimate;
    double step;
    int sign;
};

struct quantile {
    const struct world *world;
    struct estimator *estimators; /* `repeat` for each k in turn */
    int quantiles;
    int repeat;
    int min_k;
    int q;
    int large_step_delay;
    double min_step;
    int filled; /* quantiles that have a first value */
};

struct quantile *quantile_new(const struct world *world, int min_k, int max_k, int q, int repeat,
                              int large_step_delay, double min_step)
{
    assert(q > 0 && min_k >= 0 && max_k >= min_k && max_k <= q);
    assert(repeat >= 1 && repeat <= MAX_REPEAT && min_step > 0.0);

    struct quantile *quantile = mem_alloc(sizeof(*quantile));

    quantile->world = world;
    quantile->quantiles = max_k - min_k + 1;
    quantile->repeat = repeat;
    quantile->min_k = min_k;
    quantile->q = q;
    quantile->large_step_delay = large_step_delay;
    quantile->min_step = min_step;
    quantile->estimators =
        mem_array((size_t)quantile->quantiles * (size_t)repeat, sizeof(*quantile->estimators));
    quantile_reset(quantile);
    return quantile;
}

void quantile_free(struct quantile *quantile)
{
    if (!quantile)
        return;
    free(quantile->estimators);
    free(quantile);
}

void quantile_reset(struct quantile *quantile)
{
    quantile->filled = 0;
    for (int i = 0; i < quantile->quantiles * quantile->repeat; i++)
        quantile->estimators[i] = (struct estimator){0.0, quantile->min_step, 1};
}

/* The first values are put in order; estimators without one repeat the largest so far. */
static void fill(struct quantile *quantile, double value)
{
    struct estimator *e = quantile->estimators;
    int repeat = quantile->repeat;
    int at = quantile->filled;

    while (at > 0 && e[(at - 1) * repeat].estimate > value) {
        for (int i = 0; i < repeat; i++)
            e[at * repeat + i].estimate = e[(at - 1) * repeat + i].estimate;
        at--;
    }
    for (int i = 0; i < repeat; i++)
        e[at * repeat + i].estimate = value;
    quantile->filled++;

    double largest = e[(quantile->filled - 1) * repeat].estimate;
    for (int i = quantile->filled * repeat; i < quantile->quantiles * repeat; i++)
        e[i].estimate = largest;
}

static void update(const struct quantile *quantile, struct estimator *e, double p, double value)
{
    double random = world_random_unit(quantile->world);
    int direction = value >= e->estimate ? 1 : -1;

    if (random < (direction > 0 ? 1.0 - p : p))
        return;

    double min_step = quantile->min_step;

    e->step += e->sign == direction ? min_step : -min_step;
    e->estimate += direction * fmax(e->step, min_step);

    double beyond = direction * (e->estimate - value);
    if (beyond > 0.0) {
        e->step -= beyond;
        e->estimate = value + direction * min_step / 4.0;
    }
    if (e->sign != direction && e->step > min_step)
        e->step = min_step;
    e->sign = direction;
    e->step = fmax(e->step, -quantile->large_step_delay * min_step);
}

void quantile_add(struct quantile *quantile, double value)
{
    if (isnan(value))
        return;
    if (quantile->filled < quantile->quantiles) {
        fill(quantile, value);
        return;
    }
    for (int k = 0; k < quantile->quantiles; k++) {
        double p = (double)(quantile->min_k + k) / quantile->q;
        for (int i = 0; i < quantile->repeat; i++)
            update(quantile, &quantile->estimators[k * quantile->repeat + i], p, value);
    }
}

double quantile_get(const struct quantile *quantile, int k)
{
    double estimates[MAX_REPEAT];

    assert(k >= quantile->min_k && k < quantile->min_k + quantile->quantiles);
    for (int i = 0; i < quantile->repeat; i++)
        estimates[i] = quantile->estimators[(k - quantile->min_k) * quantile->repeat + i].estimate;
    return median_of(estimates, (size_t)quantile->repeat);
}

double quantile_min_step(const struct quantile *quantile)
{
    return quantile->min_step;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

double median_of(double *values, size_t n)
{
    assert(n > 0);
    qsort(values, n, sizeof(*values), compare_doubles);
    if (n % 2 != 0)
        return values[n / 2];
    return 0.5 * (values[n / 2 - 1] + values[n / 2]);
}
