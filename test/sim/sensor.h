/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A temperature sensor of a simulated node: a file that shows a number, as those of the kernel do.
 * It feels what moves the node's oscillator, or something that has nothing to do with it. Called by
 * the node's world when a file is read.
 */
#ifndef TEST_SIM_SENSOR_H
#define TEST_SIM_SENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include "test/sim/clock.h"
#include "test/sim/random.h"

struct sim_sensor {
    const char *path; /* of the file; NULL: no sensor */
    double mean;      /* reading, in thousandths of a degree */
    double swing;     /* of the reading, up and down with the oscillator's swing */
    double period;    /* s, of a sine instead, which the oscillator does not feel; 0: none */
    double noise;     /* standard deviation of an error that each reading has anew */
    double step;      /* readings are multiples of this; 0: of 1 */
    double fails_from, fails_until; /* s; nothing can be read between them */
};

/* What the sensor shows at a time, s since the start. False: it fails. */
bool sim_sensor_read(const struct sim_sensor *sensor, const struct sim_oscillator *oscillator,
                     struct sim_random *random, double time, char *text, size_t size);

#endif
