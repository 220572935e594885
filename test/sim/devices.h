/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clock devices of simulated nodes, with errors of their own: a shared memory segment and a Unix
 * socket that a receiver fills, a PPS device, a PTP clock, a real-time clock. Part of the node's
 * world; scenarios describe them and make them fail.
 */
#ifndef TEST_SIM_DEVICES_H
#define TEST_SIM_DEVICES_H

#include <stdbool.h>

enum sim_device_kind {
    SIM_SHM,  /* unit 0, written each second, shortly before its end */
    SIM_SOCK, /* any path, one receiver, in the same way */
    SIM_PPS,  /* /dev/pps0, at the beginning of each second */
    SIM_PHC,  /* /dev/ptp0 */
    SIM_RTC,  /* /dev/rtc, keeps UTC */
    SIM_DEVICES,
};

struct sim_device {
    bool present;
    double offset;    /* what it shows is true time plus this */
    double jitter;    /* standard deviation; PHC: of the delay of a reading */
    double rate;      /* PHC, RTC: what it gains */
    double delay;     /* PHC: of a reading, seconds, the smallest that is possible */
    double asymmetry; /* PHC: part of the jitter that comes before the reading, less a half */
};

#endif
