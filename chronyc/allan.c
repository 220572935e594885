/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Overlapping Allan deviation from phases x: with m intervals in tau the mean of
 * (x[i + 2m] - 2 x[i + m] + x[i])^2 / (2 tau^2) over all i is the variance.
 */
#include "chronyc/allan.h"

#include <math.h>
#include <stdlib.h>
#include "base/text.h"

#define DIFFERENCES_MIN 8

/* missing: NULL, or the number of missing values before each phase. False: too few are known. */
static bool measure(const double *phases, const size_t *missing, size_t n, size_t m,
                    double interval, struct allan_point *point)
{
    double tau = (double)m * interval, sum = 0.0;
    size_t count = 0;

    for (size_t i = 0; i + 2 * m < n; i++) {
        double second = phases[i + 2 * m] - 2.0 * phases[i + m] + phases[i];

        if (!isfinite(second) || (missing && missing[i] != missing[i + 2 * m]))
            continue;
        sum += second * second;
        count++;
    }
    if (count < DIFFERENCES_MIN)
        return false;
    *point = (struct allan_point){tau, sqrt(sum / (double)count / 2.0) / tau, count};
    return true;
}

static size_t measure_all(const double *phases, const size_t *missing, size_t n, double interval,
                          struct allan_point points[ALLAN_POINTS_MAX])
{
    size_t count = 0;

    for (size_t m = 1; n > 0 && m <= (n - 1) / 4 && count < ALLAN_POINTS_MAX; m *= 2)
        count += measure(phases, missing, n, m, interval, &points[count]);
    return count;
}

size_t allan_of_phases(const double *phases, size_t n, double interval,
                       struct allan_point points[ALLAN_POINTS_MAX])
{
    return measure_all(phases, NULL, n, interval, points);
}

size_t allan_of_frequencies(const double *frequencies, size_t n, double interval,
                            struct allan_point points[ALLAN_POINTS_MAX])
{
    double *phases = mem_array(n + 1, sizeof(*phases));
    size_t *missing = mem_array(n + 1, sizeof(*missing));

    for (size_t i = 0; i < n; i++) {
        bool known = isfinite(frequencies[i]);

        phases[i + 1] = phases[i] + (known ? frequencies[i] * interval : 0.0);
        missing[i + 1] = missing[i] + !known;
    }
    size_t count = measure_all(phases, missing, n + 1, interval, points);
    free(phases);
    free(missing);
    return count;
}
