/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Median filter over several polls of one association: `filter` option, ntp.md 13.5 with combine
 * ratio 0.
 */
#ifndef NTP_SAMPLE_FILTER_H
#define NTP_SAMPLE_FILTER_H

#include <stdbool.h>
#include "base/clock_change.h"
#include "ntp/env.h"

#define SAMPLE_FILTER_MAX 256

struct sample_filter;

/* length: 1 to SAMPLE_FILTER_MAX samples; quantum: precision of the clock in seconds. */
struct sample_filter *sample_filter_new(int length, double quantum);
void sample_filter_free(struct sample_filter *filter);

int sample_filter_length(const struct sample_filter *filter);
/* Drops the samples and the memory of the last one. */
void sample_filter_reset(struct sample_filter *filter);
/* False: not later than the last one, ignored. */
bool sample_filter_add(struct sample_filter *filter, const struct ntp_sample *sample);
/* The last sample that was added since the reset; NULL: none. */
const struct ntp_sample *sample_filter_last(const struct sample_filter *filter);
/* The filtered sample, after which the filter is empty. False: none. */
bool sample_filter_take(struct sample_filter *filter, struct ntp_sample *sample);

void sample_filter_clock_change(struct sample_filter *filter, const struct clock_change *change);

#endif
