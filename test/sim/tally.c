/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maxima and root mean squares of the errors of a clock; see tally.h.
 */
#include "test/sim/tally.h"

#include <math.h>

void sim_tally_add(struct sim_tally *t, const struct sim_bounds *bounds, int64_t second,
                   double offset, double frequency)
{
    double change = offset - t->previous_offset;

    if (fabs(offset) > bounds->offset || fabs(frequency) > bounds->frequency)
        t->last_bad = second;
    t->previous_offset = offset;
    if ((double)second < bounds->from)
        return;
    t->min_raw_step = fmin(t->min_raw_step, change);
    t->max_raw_step = fmax(t->max_raw_step, change);
    t->count++;
    t->square_offset += offset * offset;
    t->max_offset = fmax(t->max_offset, fabs(offset));
    t->square_frequency += frequency * frequency;
    t->max_frequency = fmax(t->max_frequency, fabs(frequency));
}

void sim_tally_result(const struct sim_tally *t, struct sim_result *result)
{
    double count = t->count > 0 ? (double)t->count : 1.0;

    *result = (struct sim_result){
        .sync_time = (double)t->last_bad,
        .max_offset = t->max_offset,
        .rms_offset = sqrt(t->square_offset / count),
        .max_frequency = t->max_frequency,
        .rms_frequency = sqrt(t->square_frequency / count),
        .min_raw_step = t->min_raw_step,
        .max_raw_step = t->max_raw_step,
        .final_offset = t->previous_offset,
    };
}
