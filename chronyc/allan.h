/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Allan deviation: how much the mean frequency over a time tau differs from one such time to
 * the next. White noise of measured offsets falls with tau, the wander of an oscillator rises, and
 * the minimum is the averaging time that suits the clock best. Pure.
 */
#ifndef CHRONYC_ALLAN_H
#define CHRONYC_ALLAN_H

#include <stddef.h>

struct allan_point {
    double tau;       /* s */
    double deviation; /* ratio (not ppm) */
    size_t count;     /* differences that it was made of; they overlap */
};

#define ALLAN_POINTS_MAX 40

/*
 * The overlapping Allan deviation of n phases (offsets, s), `interval` seconds apart; NAN where
 * there is none. Points at 1, 2, 4, ... intervals, as long as four times tau fit into the phases
 * and eight differences are there. Returns the number of points.
 */
size_t allan_of_phases(const double *phases, size_t n, double interval,
                       struct allan_point points[ALLAN_POINTS_MAX]);

/* The same of mean frequencies (ratios) of n consecutive intervals. A difference counts only if no
   value is missing between its ends. */
size_t allan_of_frequencies(const double *frequencies, size_t n, double interval,
                            struct allan_point points[ALLAN_POINTS_MAX]);

#endif
