/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arithmetic of combining the estimates of sources (discipline.md 14). Pure.
 */
#ifndef SOURCE_COMBINE_H
#define SOURCE_COMBINE_H

#include "source/samples.h"

struct combine_sums {
    double offset_weight, offset, offset_square;
    double frequency_weight, frequency;
    double skew_weight;
    int count;
};

/* Adds the estimate t of a source (all zero at first), moved to the time of the selected one. */
void combine_add(struct combine_sums *sums, const struct samples_tracking *selected,
                 const struct samples_tracking *t, double root_distance);
/* Replaces the estimate of the selected source by the combined one, if anything was added. */
void combine_finish(const struct combine_sums *sums, struct samples_tracking *tracking);

#endif
