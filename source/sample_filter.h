/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filter that makes one sample of several: of the samples with a small dispersion, the middle part
 * by offset (discipline.md 10). One belongs to each association with the `filter` option, and to
 * each reference clock.
 */
#ifndef SOURCE_SAMPLE_FILTER_H
#define SOURCE_SAMPLE_FILTER_H

#include <stdbool.h>
#include "base/clock_change.h"
#include "source/sample.h"

#define SAMPLE_FILTER_MAX 256

struct sample_filter;

struct sample_filter_params {
    int length;            /* 1 to SAMPLE_FILTER_MAX samples */
    double max_dispersion; /* seconds; 0: no limit */
    double combine_ratio;  /* part of the candidates that is combined, 0 (one or two) to 1 */
    double quantum;        /* precision of the clock, seconds */
};
struct sample_filter *sample_filter_new(const struct sample_filter_params *params);
void sample_filter_free(struct sample_filter *filter);

int sample_filter_length(const struct sample_filter *filter);
/* Drops the samples, and forgets the last one. */
void sample_filter_reset(struct sample_filter *filter);
/* False: the sample is not later than the newest one in the filter, and was ignored. */
bool sample_filter_add(struct sample_filter *filter, const struct source_sample *sample);
/* The last sample that was added since the reset; NULL: none. */
const struct source_sample *sample_filter_last(const struct sample_filter *filter);
/* Takes the filtered sample. The filter is empty then, but remembers the last sample. False:
   there is none, and the samples stay. */
bool sample_filter_take(struct sample_filter *filter, struct source_sample *sample);
/* Square root of the running average of the variance: the usual error of one sample. */
double sample_filter_average_dispersion(const struct sample_filter *filter);

/* Changes of the clock; the type of the change does not matter. */
void sample_filter_clock_change(struct sample_filter *filter, const struct clock_change *change);
/* Adds a correction to the offsets. */
void sample_filter_correct_offset(struct sample_filter *filter, double correction);
void sample_filter_add_dispersion(struct sample_filter *filter, double dispersion);

#endif
