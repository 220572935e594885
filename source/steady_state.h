/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error that an estimate of offset and frequency has in the long run, when samples of known
 * noise come at a constant interval (discipline.md 30.7). Pure.
 */
#ifndef SOURCE_STEADY_STATE_H
#define SOURCE_STEADY_STATE_H

#define STEADY_STATE_SAMPLES 64

/* The noise of a source and of the clock. */
struct steady_state {
    double wander; /* s^-1, variance of the frequency's change per second; above 0 */
    /* s, of typical samples, at least one: the error is hardly ever larger, and anything within
       that is as likely */
    double bounds[STEADY_STATE_SAMPLES];
    int count;
    double softness; /* s, standard deviation of the error of the bounds; above 0 */
    /* A share (0 to 1, but for rounding) of what is known about samples says that bounds mean
       nothing, and the errors of all are normal with the same variance. */
    double common_share;
    double common_variance; /* s^2 */
};

/* Mean square of the error of the offset (s^2), from one sample to the next, with a sample every
   `interval` seconds (above 0). Grows with the interval. */
double steady_state_error(const struct steady_state *noise, double interval);

#endif
