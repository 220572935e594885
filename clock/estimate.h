/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Estimate of the clock's frequency and skew from a measurement and what was known before
 * (discipline.md 15.3). Pure.
 */
#ifndef CLOCK_ESTIMATE_H
#define CLOCK_ESTIMATE_H

#include <stdbool.h>

enum estimate_weight {
    WEIGHT_MEASUREMENT, /* by its skew and the previous one */
    WEIGHT_FILTERED,    /* the estimator has weighed it with all that came before: taken as it is */
    WEIGHT_MANUAL,      /* taken as it is, whatever its skew */
};

struct clock_estimate {
    double frequency;          /* change to be made */
    double residual_frequency; /* what is left of the measured frequency */
    double skew;
    bool skew_too_large; /* the measured one: the frequency stays */
};

/* previous_skew: of the last estimate; a measured skew above max_skew has no weight, unless it is
   manual. All are ratios. */
struct clock_estimate clock_estimate(double previous_skew, double frequency, double skew,
                                     double max_skew, enum estimate_weight weight);

#endif
