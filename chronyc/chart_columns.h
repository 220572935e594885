/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A series of values made as narrow as the chart that shows it: for each column the lowest and the
 * highest value, so that no spike is lost, and where the line is broken because nothing was
 * recorded. Pure.
 */
#ifndef CHRONYC_CHART_COLUMNS_H
#define CHRONYC_CHART_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a chart begins and ends, in seconds since 1970. */
struct chart_span {
    int64_t from, to;
};

struct chart_column {
    int x; /* 0..columns-1 */
    double low, high;
    bool starts; /* the line does not come from the column before */
};

struct chart_series {
    struct chart_column *columns; /* those with values, from left to right */
    size_t count;
    double low, high; /* of all; 0 without values */
    int width;
    struct chart_span span;
    int64_t gap;       /* s: values that are further apart are not joined */
    int64_t last_time; /* of the value that was added last */
};

/* For values in the span (its ends included). width > 0: number of columns. Without memory for it
   the program ends. */
struct chart_series *chart_series_new(struct chart_span span, int width, int64_t gap);
void chart_series_free(struct chart_series *series);

/* Times do not decrease. What is outside the span or no finite number is left out; it does not
   break the line by itself. */
void chart_series_add(struct chart_series *series, int64_t time, double value);

/*
 * What a linear chart of the series shows: all, unless a few columns reach so far out that the
 * others would be a line. These are cut off then.
 */
void chart_series_usual(const struct chart_series *series, double *low, double *high);

/* The column of a time; outside of the span the one at its end. */
int chart_column_of(struct chart_span span, int width, int64_t time);

#endif
