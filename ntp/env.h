/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every NTP module is given by its owner: the modules below the network that keep the time,
 * and world and loop. The NTP code calls them directly. The pointers may be set after an NTP
 * module was created, but before the loop runs.
 */
#ifndef NTP_ENV_H
#define NTP_ENV_H

#include <stdbool.h>
#include "base/loop.h"
#include "base/world.h"
#include "clock/local_clock.h"
#include "clock/measurement_log.h"
#include "clock/nic_clocks.h"
#include "clock/reference.h"
#include "clock/smoothing.h"
#include "source/source.h"

struct server_workers;

struct ntp_env {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
    struct nic_clocks *nic_clocks;
    struct reference *reference;
    struct source_register *sources;
    struct smoothing *smoothing; /* NULL: no smoothtime */
    struct measurement_log *log; /* NULL: none */
    bool log_raw_measurements;   /* also those that are not accepted */
    /* leapsecmode slew: the served time hides the leap second (ntp.md 10.2) */
    bool leap_is_slewed;
    struct server_workers *workers; /* NULL: the main process answers requests itself */
};

#endif
