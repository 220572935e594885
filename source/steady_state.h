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
    /* s^2, of the errors of typical samples; each above 0, at least one */
    double variances[STEADY_STATE_SAMPLES];
    int count;
    /* A share (0 to 1) of what is known about samples says that all have the same variance. */
    double common_share;
    double common_variance; /* s^2 */
};

/* Mean square of the error of the offset (s^2), from one sample to the next, with a sample every
   `interval` seconds (above 0). Grows with the interval. */
double steady_state_error(const struct steady_state *noise, double interval);

#endif
