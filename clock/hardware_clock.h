/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracker of a hardware clock (discipline.md 25, system.md 4.3): learns from readings how a PTP
 * clock runs against the local clock, and converts its times to local time. One belongs to each
 * PHC reference clock and to each interface with hardware timestamps. It reads no device.
 */
#ifndef CLOCK_HARDWARE_CLOCK_H
#define CLOCK_HARDWARE_CLOCK_H

#include <stdbool.h>
#include "base/device.h"
#include "clock/local_clock.h"

struct hardware_clock;

struct hardware_clock_params {
    int min_samples; /* both limited to 2..64 */
    int max_samples;
    double min_separation; /* of samples, seconds */
    double precision;      /* of readings, seconds */
};

/* World and clock must outlive it. */
struct hardware_clock *hardware_clock_new(const struct world *world, struct local_clock *clock,
                                          const struct hardware_clock_params *params);
void hardware_clock_free(struct hardware_clock *hw);

bool hardware_clock_needs_sample(const struct hardware_clock *hw, struct local_time now);

/* One sample made of several readings. */
struct hardware_sample {
    struct hardware_time hardware;
    struct raw_time system;
    double error; /* seconds */
    int quality;  /* 0: to be dropped, 1: uncertain, 2: good */
};
/* Makes a sample of readings (discipline.md 25.2). False: no readings, or impossible ones. */
bool hardware_clock_process(struct hardware_clock *hw, const struct phc_reading *readings,
                            int count, struct hardware_sample *sample);

/* Adds a sample and runs the regression (discipline.md 25.3). error: bound of the sample,
   seconds. */
void hardware_clock_add(struct hardware_clock *hw, struct hardware_time hardware,
                        struct local_time local, double error);

/* Hardware to local time (discipline.md 25.4); error may be NULL. False: not known yet. */
bool hardware_clock_cook(const struct hardware_clock *hw, struct hardware_time hardware,
                         struct local_time *local, double *error);

/* To be called for every change of the local clock. */
void hardware_clock_change(struct hardware_clock *hw, const struct clock_change *change);

#endif
