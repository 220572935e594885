/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process of the guard of the clock (clock/guard.h), a child of the fork server: the only one
 * of the daemon that may set the clock. It answers one request after another until the other side
 * closes.
 *
 * Promise: descriptors: the channel to the main process and the log, and for the moment of a
 * request that of an RTC, which comes over the channel. Files: none; the time zone, for an RTC on
 * local time, is read before. Capabilities: CAP_SYS_TIME. Started as root it runs as the user of
 * the daemon. System calls: adjtimex or clock_adjtime, the reading of the clocks, RTC_RD_TIME and
 * RTC_SET_TIME, waiting for, reading and writing its channel, and the log. It holds no secret, and
 * its policy comes from the configuration as it was before the main process gave up root.
 */
#ifndef CLOCK_GUARD_ROLE_H
#define CLOCK_GUARD_ROLE_H

#include "base/world.h"
#include "clock/driver.h"
#include "clock/guard_policy.h"
#include "process/lone_role.h"

/* What the process inherits; must outlive the start of the fork server. */
struct guard_process {
    struct world *world;
    struct kernel_clock kernel; /* made by the main process while it could */
    struct guard_policy policy;
};

struct lone_role guard_role_make(struct guard_process *process);

#endif
