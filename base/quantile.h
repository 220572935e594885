/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streaming estimates of quantiles (discipline.md 8, ntp.md 13.2), and the median. Used by the
 * delay test of NTP associations and by the statistics of sources. Pure but for random numbers.
 */
#ifndef BASE_QUANTILE_H
#define BASE_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/world.h"

struct quantile;

/* Estimates of min_k/q to max_k/q, each the median of `repeat` (1 to 64) estimators with the given
   minimum step (seconds, above 0) and large step delay. Owned by the caller. The world gives random
   numbers and must outlive it. */
struct quantile *quantile_new(const struct world *world, int min_k, int max_k, int q, int repeat,
                              int large_step_delay, double min_step);
void quantile_free(struct quantile *quantile);
void quantile_reset(struct quantile *quantile);
void quantile_add(struct quantile *quantile, double value);
/* k from min_k to max_k; 0.0 before the first value. */
double quantile_get(const struct quantile *quantile, int k);
double quantile_min_step(const struct quantile *quantile);

/* Median of n > 0 values, which are sorted in place; the mean of the middle two for even n. */
double median_of(double *values, size_t n);

#endif
