/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock that is not controlled (-x, -Q; discipline.md 6.7): a virtual clock of frequency and
 * offset on top of the system clock. It never changes anything outside of the process.
 */
#ifndef CLOCK_DRIVER_NULL_H
#define CLOCK_DRIVER_NULL_H

#include "base/world.h"
#include "clock/driver.h"

/* Logs `Disabled control of system clock`. Freed by ops->free. */
struct clock_driver driver_null_new(struct world *world);

#endif
