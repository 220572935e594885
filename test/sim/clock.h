/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock of a simulated node: an oscillator with a frequency error that wanders, and the
 * kernel's clock that counts it and is steered by adjtimex (discipline.md 6). Called by the node's
 * world and by the recorder of results. It knows nothing of daemons; true time is given with each
 * call and never goes back.
 */
#ifndef TEST_SIM_CLOCK_H
#define TEST_SIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "test/sim/random.h"

struct timex;

struct sim_oscillator {
    double offset;    /* seconds at the start; positive: the clock is fast */
    double frequency; /* relative error at the start; positive: fast */
    double wander;    /* standard deviation of the step that the error makes each second */
    double noise;     /* standard deviation of an addition to the error that each second has anew */
    /* An addition that follows the temperature: between -swing and swing. */
    double swing;
    double swing_period; /* seconds */
    bool swing_straight; /* up and down at an even pace; else a sine */
    /* One that is there at the start and dies out with this time constant. */
    double warm_up;
    double warm_up_time;
};

struct sim_clock {
    int64_t now; /* true time up to which this clock has been run, ns since the start */
    struct sim_random random;
    struct sim_random noise_random;
    struct sim_oscillator oscillator;
    double error;    /* of the oscillator */
    double addition; /* to the error in this second: noise and temperature */
    int64_t next_wander;

    /* Readings at `now`; the rests are in [0, 1) ns. */
    int64_t raw;
    double raw_rest;
    int64_t mono;
    double mono_rest;

    /* The kernel. */
    long tick;
    long freq; /* ppm with 16 bits of fraction */
    int status;
    int state; /* TIME_OK etc. */
    long constant;
    long max_error;
    long est_error;
    int tai;
    double single_shot; /* seconds that ADJ_OFFSET_SINGLESHOT has still to add */
};

/* The temperature at a time since the start: between -1 and 1, where `swing` is the addition to the
   error; 0 without a swing. */
double sim_oscillator_swing(const struct sim_oscillator *oscillator, double time);

/* raw_start: true time at the start in seconds since 1970. */
void sim_clock_init(struct sim_clock *c, const struct sim_oscillator *oscillator, int64_t raw_start,
                    uint64_t seed, uint64_t stream);
/* Runs the clock up to a true time; an earlier one than before changes nothing. */
void sim_clock_advance(struct sim_clock *c, int64_t now);
/* Raw seconds for each true second, minus 1. */
double sim_clock_frequency(const struct sim_clock *c);
/* Somebody else sets the clock. */
void sim_clock_step(struct sim_clock *c, double seconds);
/* As the system call. */
int sim_clock_adjtimex(struct sim_clock *c, struct timex *t);

#endif
