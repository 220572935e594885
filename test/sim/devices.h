/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clock devices of simulated nodes, with errors of their own: a shared memory segment and a Unix
 * socket that a receiver fills, a PPS device, a PTP clock, a real-time clock. Part of the node's
 * world; scenarios describe them and make them fail.
 */
#ifndef TEST_SIM_DEVICES_H
#define TEST_SIM_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

enum sim_device_kind {
    SIM_SHM,  /* unit 0, written each second, shortly before its end */
    SIM_SOCK, /* any path, one receiver, in the same way */
    SIM_PPS,  /* /dev/pps0, at the beginning of each second */
    SIM_PHC,  /* /dev/ptp0; with extpps it stamps the beginning of each second */
    SIM_RTC,  /* /dev/rtc, keeps UTC */
    SIM_DEVICES,
};

/* What the writer of SHM or SOCK does wrong. */
enum sim_fault {
    SIM_NO_FAULT,
    SIM_BAD_MAGIC, /* SOCK */
    SIM_BAD_SIZE,  /* SOCK */
    SIM_NAN,       /* SOCK: offset */
    SIM_HUGE,      /* time of the receiver */
    SIM_BAD_MODE,  /* SHM */
    SIM_TORN,      /* SHM: an update has begun and does not end */
    SIM_NO_FIX,    /* leap status of a receiver that does not know the time */
};

/* PHC: between the readings of one call, seconds. */
#define SIM_READING_INTERVAL 2e-6

struct sim_device {
    bool present;
    double offset;   /* what it shows is true time plus this; PPS: pulses are late by it */
    double jitter;   /* standard deviation; PHC: of the delay of a reading */
    double rate;     /* PHC, RTC: what it gains */
    double delay;    /* PHC: of a reading, seconds, the smallest that is possible */
    double sawtooth; /* pulses and samples go early by this and fall back to late by this ... */
    double sawtooth_period; /* ... in so many seconds; 0: not */
    double asymmetry;       /* PHC: part of the jitter that comes before the reading, less a half */
    int pulses;             /* PPS: in a second; 0: one */
    enum sim_fault fault;
};

/* In seconds, positive: early; at a true time in ns since the start. */
static inline double sim_device_sawtooth(const struct sim_device *device, int64_t now)
{
    if (device->sawtooth_period <= 0.0)
        return 0.0;
    double phase = 1e-9 * (double)now / device->sawtooth_period;

    return device->sawtooth * (1.0 - 2.0 * (phase - (double)(int64_t)phase));
}

#endif
