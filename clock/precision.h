/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measurement of the precision of the system clock at start (discipline.md 4.2, system.md 7.5).
 */
#ifndef CLOCK_PRECISION_H
#define CLOCK_PRECISION_H

#include "base/world.h"

/* Seconds, 1e-9 to 1. Busy for up to 0.1 s and a little. */
double clock_precision_measure(const struct world *world);

#endif
