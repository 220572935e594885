/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sample of a reference clock may be wrong by (discipline.md 30.11). It has no delay that
 * would say so, and its dispersion is a limit, not the noise: so the noise is learnt from the
 * samples alone. Pure; nothing is allocated.
 */
#ifndef SOURCE_REFCLOCK_NOISE_H
#define SOURCE_REFCLOCK_NOISE_H

#include <stdbool.h>
#include "source/bank.h"

#define REFCLOCK_NOISE_WINDOW 8

struct refclock_noise {
    double quantum;  /* s^2, variance that is not gone below */
    double floor;    /* s^2, the same, as the samples are now */
    double base;     /* s^2, for the bank */
    double variance; /* s^2, of the error of a sample; 0: not known */
};

/* precision: s, quantum of the local clock. */
void refclock_noise_init(struct refclock_noise *noise, double precision);
void refclock_noise_reset(struct refclock_noise *noise);

/* Variances (s^2) of the error of a sample, from how far consecutive samples are from lines. */
struct refclock_spread {
    int count;     /* of the lines, each through the neighbours of a sample; 0: none */
    double mean;   /* with an allowance for few lines */
    double median; /* a step of the clock or single outliers do not matter */
};
/* Of count (at most REFCLOCK_NOISE_WINDOW) samples, oldest first, with ascending times (s). */
struct refclock_spread refclock_noise_measure(const double *times, const double *offsets,
                                              int count);

/* Starts with that spread; without one, with the dispersion (s) of a sample. */
void refclock_noise_start(struct refclock_noise *noise, const struct refclock_spread *spread,
                          double dispersion);
/* Follows what the bank finds, after it used a sample; they come every `interval` seconds. The base
   may be moved, in the bank as well. */
void refclock_noise_learn(struct refclock_noise *noise, struct bank *bank, double interval);
/* The bank did not use a sample, as it was too far from what was expected. */
void refclock_noise_miss(struct refclock_noise *noise);
/* Whether the samples are noisier than was known, so that the bank takes noise for steps; then the
   new noise is known. */
bool refclock_noise_rose(struct refclock_noise *noise, const struct refclock_spread *spread);

/* For the bank. */
struct bank_noise refclock_noise_get(const struct refclock_noise *noise);

#endif
