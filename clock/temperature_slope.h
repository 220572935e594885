/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much the frequency of an oscillator changes with a temperature (discipline.md 30.8): a slope,
 * learnt from intervals of which the gain of the oscillator on true time and the temperature are
 * known. Pure: no clock, no sensor, no allocation. Called by temperature_learning.c.
 *
 * A frequency also wanders by itself, and a wandering frequency and a wandering temperature look
 * related when there is nothing between them. So only changes are compared: mean frequency of an
 * interval minus that of the one before, against the same difference of the temperature. This is
 * done on all scales, from neighbours of two minutes to neighbours of nine hours. On each scale the
 * differences have a spread of their own (errors of the measured offsets on the short ones, wander
 * on the long ones), which is learnt too, and by which it counts.
 */
#ifndef CLOCK_TEMPERATURE_SLOPE_H
#define CLOCK_TEMPERATURE_SLOPE_H

#include <stdbool.h>

/* The sensor may feel a change before the oscillator does: temperatures delayed by different
   amounts are tried beside each other. */
#define TEMPERATURE_VIEWS 5
/* Lengths of intervals: 128 s times 2^0 to 2^8. */
#define TEMPERATURE_SCALES 9

struct temperature_interval {
    double duration;                /* s, above 0 */
    double gain;                    /* s that the oscillator gained on true time */
    double heat[TEMPERATURE_VIEWS]; /* integral of each delayed temperature: units of it times s */
};

/* Differences between neighbours of about the same length, with forgetting. */
struct temperature_scale {
    double count; /* sum of weights */
    double ff;    /* sums of products: of the frequency, and with each temperature */
    double tf[TEMPERATURE_VIEWS], tt[TEMPERATURE_VIEWS];
    /* Products of temperature and what the slope left of the frequency: their squares, and each one
       times the one before. */
    double last_product[TEMPERATURE_VIEWS], pp[TEMPERATURE_VIEWS], pq[TEMPERATURE_VIEWS];
    bool waits; /* an interval waits for its neighbour */
    struct temperature_interval waiting;
};

struct temperature_estimate {
    double slope, slope_sd; /* ratio per unit of temperature; the sd is 0 when nothing is known */
    /* The part of the slope that is beyond doubt: 0 up to 3 deviations, near 1 for many. */
    double trust;
};

struct temperature_slope {
    struct temperature_interval open; /* shorter than the shortest scale so far */
    struct temperature_scale scales[TEMPERATURE_SCALES];
    struct temperature_estimate estimates[TEMPERATURE_VIEWS];
    int best;              /* the delay that explains most */
    unsigned long changes; /* differences that were taken */
};

/* Nothing is known. */
void temperature_slope_init(struct temperature_slope *s);
/* The next interval follows the one before without a gap, unless the chain was broken. Values that
   are not finite, and durations that are not positive, break it. */
void temperature_slope_add(struct temperature_slope *s,
                           const struct temperature_interval *interval);
/* The clock was stepped, or the sensor failed: what comes is no neighbour of what was. */
void temperature_slope_break(struct temperature_slope *s);
/* The estimate of the best delay; valid until s changes. */
const struct temperature_estimate *temperature_slope_estimate(const struct temperature_slope *s);

#endif
