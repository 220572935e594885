/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the HTML page of a report about the past. Only the page itself uses them.
 */
#ifndef CHRONYC_PAST_PAGE_H
#define CHRONYC_PAST_PAGE_H

#include "chronyc/chart_columns.h"
#include "chronyc/chart_svg.h"
#include "chronyc/past_report.h"

#define PAST_PAGE_SOURCES 24 /* more have no row and no chart */

struct past_page {
    const struct past_report *report;
    struct chart_span span; /* from the first record to the last one */
    int sources[PAST_PAGE_SOURCES];
    size_t source_count, left_out;
    FILE *out;
};

/* Colours and layout. */
extern const char past_page_style[];

/* A figure with its unit; the us of a terminal becomes a micro sign. */
void past_page_value(FILE *out, const char *text);

/* What all charts over time refer to: where nothing was recorded, and the events. */
void past_page_write_shared(const struct past_page *p);
/* The charts of the clock: offset, bound, frequency, temperature. */
void past_page_write_clock(const struct past_page *p);
/* Allan deviation, and frequency against temperature. */
void past_page_write_stability(const struct past_page *p);
/* Selection, offsets and delays of the sources. */
void past_page_write_sources(const struct past_page *p);

/* The colour class of an event in charts; NULL: it is in the table only. */
const char *past_event_style(enum history_event_kind kind);

/* What is longer than this (s) between samples of a source is a gap. */
int64_t past_source_gap(const struct history *h, int source);

#endif
