/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Temperature compensation (discipline.md 22, daemon.md 19): reads a sensor's file at intervals and
 * makes the clock faster or slower as its oscillator is known to depend on the temperature.
 */
#ifndef CLOCK_TEMPERATURE_H
#define CLOCK_TEMPERATURE_H

#include "base/loop.h"
#include "base/world.h"
#include "clock/local_clock.h"
#include "clock/measurement_log.h"
#include "conf/groups.h"

struct temperature;

struct temperature_env {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
    struct measurement_log *log; /* NULL: none */
};

/* Reads the points, if there is such a file (errors are fatal), and compensates for the first time.
   conf must outlive it. NULL: no tempcomp directive. */
struct temperature *temperature_new(const struct temperature_env *env,
                                    const struct tempcomp_conf *conf);
void temperature_free(struct temperature *temperature);

/* The first number in the file of a sensor, in the unit of the sensor. False: the file cannot be
   read, or does not begin with a finite number. */
bool temperature_read(struct world *world, const char *path, double *temperature);

#endif
