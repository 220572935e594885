/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host says about its own time to others: a plain value, given by the reference for one
 * instant, and carried by NTP packets and reports.
 */
#ifndef CLOCK_REFERENCE_DATA_H
#define CLOCK_REFERENCE_DATA_H

#include <stdbool.h>
#include <stdint.h>
#include "base/instant.h"
#include "base/sync_status.h"

/* Reference data served and reported at a local time: ntp.md 20.6, discipline.md 18.1. */
struct reference_data {
    bool synchronised;
    int leap;    /* enum leap_status */
    int stratum; /* 16: unsynchronised */
    uint32_t refid;
    struct local_time ref_time;
    double root_delay;
    double root_dispersion;
};

#endif
