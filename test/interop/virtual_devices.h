/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock devices of virtual_time.c: a PTP clock and a PPS device, and the requests that the
 * kernel's drivers of such devices take. They make the errors of the simulator's devices
 * (test/sim/devices.c) from the same random numbers.
 */
#ifndef TEST_INTEROP_VIRTUAL_DEVICES_H
#define TEST_INTEROP_VIRTUAL_DEVICES_H

#include <stdint.h>
#include "test/sim/devices.h"
#include "test/sim/random.h"

#define VIRTUAL_PHC_PATH "/dev/ptp0"
#define VIRTUAL_PPS_PATH "/dev/pps0"

struct virtual_phc {
    struct sim_device spec;
    int64_t start; /* seconds since 1970 */
};

struct virtual_pps {
    uint32_t sequence;
    int64_t time; /* of the last pulse, by the system's clock, ns since 1970 */
};

/* What the clock shows some seconds from a true time (ns since the start), ns since 1970. */
int64_t virtual_phc_shown(const struct virtual_phc *phc, int64_t now, double from_now);
/* A request by ioctl() to its driver at a true time and a reading of the system's clock (ns since
   1970). 0, or an errno. */
int virtual_phc_request(const struct virtual_phc *phc, struct sim_random *random,
                        unsigned long request, void *data, int64_t now, int64_t raw);
/* The same for the PPS device. */
int virtual_pps_request(const struct virtual_pps *pps, unsigned long request, void *data);

#endif
