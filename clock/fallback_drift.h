/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fallback drift (discipline.md 16.2, 16.3): long-term averages of the frequency, which replace the
 * last estimate when there has been no update for a long time. Owned and called by the reference.
 */
#ifndef CLOCK_FALLBACK_DRIFT_H
#define CLOCK_FALLBACK_DRIFT_H

#include "base/loop.h"

struct fallback_drift;

struct fallback_drift_env {
    struct loop *loop;
    /* An average takes effect: the absolute frequency in ppm. */
    void (*set_frequency)(double freq_ppm, void *arg);
    /* Called after set_frequency: the clock counts as unsynchronised from now on. */
    void (*on_fallback)(void *arg);
    void *arg;
};

/* The averages are over 2^min to 2^max seconds; NULL (off) unless max >= min > 0. The functions
   below accept NULL. */
struct fallback_drift *fallback_drift_new(const struct fallback_drift_env *env, int min, int max);
void fallback_drift_free(struct fallback_drift *drift);

/* After an update: absolute frequency, and seconds since the previous update. */
void fallback_drift_update(struct fallback_drift *drift, double freq_ppm, double interval);
/* Applies the average for a time without updates, and starts the timer for the next longer one. */
void fallback_drift_schedule(struct fallback_drift *drift, double since_update);

/* State of one average. length: binary logarithm of its seconds, min to max. */
struct fallback_drift_average {
    double freq_ppm;
    double covered; /* seconds */
};
struct fallback_drift_average fallback_drift_get(const struct fallback_drift *drift, int length);

#endif
