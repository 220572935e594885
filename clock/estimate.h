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

/* A bound is that many standard deviations: 99.95 % of a normal distribution. */
#define ESTIMATE_BOUND 3.5

/* previous_skew: of the last estimate; a measured skew above max_skew has no weight, unless it is
   manual. All are ratios. */
struct clock_estimate clock_estimate(double previous_skew, double frequency, double skew,
                                     double max_skew, enum estimate_weight weight);

/* How the errors of an estimate grow while nothing is measured (discipline.md 30.9). elapsed: s
   since the estimate, 0 or more; wander: standard deviation of the frequency's change within a
   second (s^-1/2), 0: it is not known, and errors grow as if the frequency stayed. */

/* Standard deviation of the offset, s. */
double estimate_offset_sd(double offset_sd, double frequency_sd, double wander, double elapsed);
/* Standard deviation of the frequency. */
double estimate_frequency_sd(double frequency_sd, double wander, double elapsed);
/* Bound of the frequency's error. */
double estimate_skew(double skew, double wander, double elapsed);
/* What the wander adds to the bound of the offset's error, s; skew times elapsed is not in it. */
double estimate_wander_bound(double wander, double elapsed);

#endif
