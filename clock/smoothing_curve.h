/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The curve of time smoothing (discipline.md 21.2, 21.4): plain values, independent of clocks.
 */
#ifndef CLOCK_SMOOTHING_CURVE_H
#define CLOCK_SMOOTHING_CURVE_H

#include <stdbool.h>
#include "base/instant.h"

struct smoothing_stage {
    double wander; /* change of frequency per second */
    double length; /* seconds, 0 or more */
};

struct smoothing_curve {
    double offset; /* to be added, seconds */
    double freq;   /* by which the offset decreases per second */
    struct smoothing_stage stages[3];
};

struct smoothing_value {
    double offset, freq, wander;
};

/* Stages that bring offset and frequency to zero with at most this frequency and this wander (>
   0). */
void smoothing_plan(struct smoothing_curve *curve, double max_freq, double max_wander);
/* Value some seconds after the beginning of the curve. */
struct smoothing_value smoothing_evaluate(const struct smoothing_curve *curve, double elapsed);

/* The curve that is in effect, for those who smooth without the module (clock/smoothing.h). */
struct smoothing_view {
    bool enabled;
    struct local_time last_update; /* where the curve begins */
    struct smoothing_curve curve;
};

/* Seconds to be added to a local time that is served; 0 if smoothing is not enabled. */
double smoothing_view_offset(const struct smoothing_view *view, struct local_time when);

#endif
