/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time of packets (ntp.md 5.2), as far as it depends on nothing but values.
 */
#include "ntp/arrival.h"

#include <math.h>
#include "base/log.h"

#define MAX_TIMESTAMP_ERROR 1.0 /* between a kernel timestamp and the time of the wake-up */

void arrival_take_kernel_time(struct local_timestamp *t, struct local_time kernel, double error)
{
    double delay = local_diff(t->time, kernel);

    if (fabs(delay) > MAX_TIMESTAMP_ERROR) {
        LOG_DEBUG("Unacceptable timestamp delay %.9f", delay);
        return;
    }
    t->time = kernel;
    t->error = error;
    t->source = TIMESTAMP_KERNEL;
}
