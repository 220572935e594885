/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is measured of a clock: its offset and frequency error against true time, once each second
 * of true time. Called by the recorder of simulated nodes and by the library that runs other
 * programs in virtual time; it calls nothing.
 */
#ifndef TEST_SIM_TALLY_H
#define TEST_SIM_TALLY_H

#include <stdint.h>

/* A clock is in step while both are kept; all statistics but sync_time begin with second `from`. */
struct sim_bounds {
    double from, offset, frequency;
};

struct sim_tally {
    uint64_t count;
    int64_t last_bad; /* seconds */
    double square_offset, max_offset;
    double square_frequency, max_frequency;
    double previous_offset, min_raw_step, max_raw_step;
};

struct sim_result {
    double
        sync_time; /* last time at which a limit was exceeded, from the start of the simulation */
    double max_offset, rms_offset;
    double max_frequency, rms_frequency;
    double min_raw_step, max_raw_step; /* smallest and largest change of the offset in one second */
    uint64_t packets;                  /* sent, from the start of the simulation */
    double final_offset;
};

/* offset: seconds, at the end of a second since the start; frequency: relative error. */
void sim_tally_add(struct sim_tally *t, const struct sim_bounds *bounds, int64_t second,
                   double offset, double frequency);
/* All but the packets, which are 0. */
void sim_tally_result(const struct sim_tally *t, struct sim_result *result);

#endif
