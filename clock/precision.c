/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Precision of the system clock (discipline.md 4.2): the smaller of its resolution and the time
 * that a reading takes. Called once by the local clock. A clock that stands still must not hang it.
 */
#include "base/number.h"
#include "clock/precision.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define READINGS        64
#define MAX_BUSY        100000
#define MAX_MEASUREMENT 0.1
#define INCREMENTS      100
/* The clock of a simulation may not move while it is read. */
#define MAX_READS 10000000

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void keep_busy(int units)
{
    volatile int work = 0;

    for (int i = 0; i < units; i++)
        work = work + 1;
}

enum series { SERIES_OK, SERIES_TOO_FEW, SERIES_FAILED };

/* One series of readings with growing pauses. *step: smallest step of the clock in nanoseconds. */
static enum series read_series(const struct world *world, int busy, struct mono_time begin,
                               int64_t *step)
{
    struct mono_time readings[READINGS];
    int64_t diffs[READINGS - 1];

    for (int i = 0; i < READINGS; i++) {
        readings[i] = world->ops->mono_raw_now(world->ctx);
        keep_busy(busy * (READINGS - i));
    }
    if (mono_diff(readings[READINGS - 1], begin) > MAX_MEASUREMENT)
        return SERIES_FAILED;

    for (int i = 0; i < READINGS - 1; i++) {
        double diff = mono_diff(readings[i + 1], readings[i]);
        if (!(diff > 0.0 && diff <= 1.0))
            return SERIES_FAILED;
        diffs[i] = llround(diff * 1.0e9);
    }
    qsort(diffs, READINGS - 1, sizeof(diffs[0]), compare_int64);

    int kept = 0;
    int64_t previous = 0;
    *step = INT64_MAX;
    for (int i = 0; i < READINGS / 2; i++) {
        if (kept > 0 && diffs[i] - previous <= 1)
            continue;
        if (kept > 0 && diffs[i] - previous < *step)
            *step = diffs[i] - previous;
        previous = diffs[i];
        kept++;
    }
    return kept >= 3 ? SERIES_OK : SERIES_TOO_FEW;
}

/* Seconds; infinity: unknown. */
static double measure_resolution(const struct world *world)
{
    struct mono_time begin = world->ops->mono_raw_now(world->ctx);

    for (int busy = 1; busy < MAX_BUSY; busy = busy * 3 / 2 + 1) {
        int64_t step;
        switch (read_series(world, busy, begin, &step)) {
        case SERIES_OK:
            return 1.0e-9 * (double)step;
        case SERIES_FAILED:
            return INFINITY;
        case SERIES_TOO_FEW:
            break;
        }
    }
    return INFINITY;
}

static double measure_read_delay(const struct world *world)
{
    struct raw_time previous = world_raw_now(world);
    double min = 1.0;
    int increments = 0;

    for (int i = 0; increments < INCREMENTS && i < MAX_READS; i++) {
        struct raw_time now = world_raw_now(world);
        double diff = raw_diff(now, previous);

        if (diff > 0.0) {
            min = fmin(min, diff);
            increments++;
        }
        previous = now;
    }
    return min;
}

double clock_precision_measure(const struct world *world)
{
    double resolution = measure_resolution(world);
    double precision = fmin(resolution, measure_read_delay(world));

    return clamp(1.0e-9, precision, 1.0);
}
