/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The readings of a simulated temperature sensor.
 */
#include "test/sim/sensor.h"

#include <math.h>
#include <stdio.h>

bool sim_sensor_read(const struct sim_sensor *sensor, const struct sim_oscillator *oscillator,
                     struct sim_random *random, double time, char *text, size_t size)
{
    double step = sensor->step > 0.0 ? sensor->step : 1.0;
    double swing = sensor->period > 0.0 ? sin(2.0 * M_PI * time / sensor->period)
                                        : sim_oscillator_swing(oscillator, time);

    if (time >= sensor->fails_from && time < sensor->fails_until)
        return false;
    double reading = sensor->mean + sensor->swing * swing;
    if (sensor->noise > 0.0)
        reading += sensor->noise * sim_random_normal(random);
    snprintf(text, size, "%.0f\n", step * floor(reading / step));
    return true;
}
