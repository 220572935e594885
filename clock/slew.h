/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slew engine: turns a frequency and an offset to get rid of into a sequence of frequency
 * settings of a kernel clock (discipline.md 5). Owned by the local clock, which is told of the
 * dispersion that late frequency changes cause.
 */
#ifndef CLOCK_SLEW_H
#define CLOCK_SLEW_H

#include "base/loop.h"
#include "base/world.h"
#include "clock/driver.h"

struct slew;
typedef void (*slew_dispersion_handler)(double dispersion, void *arg);

#define SLEW_DEFAULT_MAX_RATE_PPM (1000000.0 / 12.0)

/* Takes over the kernel clock. max_rate_ppm: maxslewrate. */
struct slew *slew_new(struct world *world, struct loop *loop, struct kernel_clock kernel,
                      double max_rate_ppm);
/* Receives dispersion; without a handler it is dropped. */
void slew_set_dispersion_handler(struct slew *slew, slew_dispersion_handler handler, void *arg);
/* Called before and after each change of the kernel's frequency, with what belongs to it; within
   operations of the driver, too. Without handlers nobody is told. */
void slew_set_change_handlers(struct slew *slew, void (*begin)(void *arg), void (*end)(void *arg),
                              void *arg);
/* The engine as a driver of the local clock; its free function frees the engine. */
struct clock_driver slew_driver(struct slew *slew);

/* State after the last change, for tests and debugging. */
struct slew_state {
    double base_freq_ppm;
    double offset_register;
    double slew_freq;
    double duration;
    double excess;
    double error;
    double kernel_freq_ppm;
};
void slew_get_state(const struct slew *slew, struct slew_state *state);

#endif
