/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel clock of Linux over world.adjtimex: tick and frequency, steps, leap second and TAI
 * offset, synchronisation status, detection of other programs that steer the clock (discipline.md
 * 6.1 to 6.6, system.md 7). The slew engine owns and calls it.
 */
#ifndef CLOCK_DRIVER_LINUX_H
#define CLOCK_DRIVER_LINUX_H

#include "base/world.h"
#include "clock/driver.h"

/* Resets the kernel's own discipline. Ends the program with a message of system.md 7.1 if the
   kernel is not usable. rtc_sync: the kernel may copy the time to the RTC. The caller frees by
   ops->free. */
struct kernel_clock driver_linux_new(struct world *world, bool rtc_sync);

/* In the place of a process that has set the kernel's clock and is gone: takes its status, leap
   second and TAI offset over as they are. kernel: made before there was that process. */
void driver_linux_continue(const struct kernel_clock *kernel);

#endif
