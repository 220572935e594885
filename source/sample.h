/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One measurement of a source, as NTP associations and reference clocks make it and the source's
 * record takes it (discipline.md 12.3).
 */
#ifndef SOURCE_SAMPLE_H
#define SOURCE_SAMPLE_H

#include "base/instant.h"

struct source_sample {
    struct local_time time;
    double offset; /* seconds, positive: the local clock is fast */
    double peer_delay;
    double peer_dispersion;
    double root_delay;      /* including the peer delay */
    double root_dispersion; /* including the peer dispersion */
};

/* Data for the delay tests B and C, ntp.md 13. */
struct source_test_data {
    double last_sample_ago;
    double predicted_offset;
    double min_delay;
    double skew;
    double sd;
};

#endif
