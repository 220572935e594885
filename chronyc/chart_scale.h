/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scales of a chart: which values its edges stand for, and where lines with a label are drawn.
 * Pure.
 */
#ifndef CHRONYC_CHART_SCALE_H
#define CHRONYC_CHART_SCALE_H

#include <stdbool.h>
#include <stdint.h>
#include "chronyc/chart_columns.h"

#define CHART_TICKS_MAX 16
#define CHART_LABEL     32

struct chart_tick {
    double place; /* 0 at the left or the bottom, 1 at the right or the top */
    char label[CHART_LABEL];
};

struct chart_scale {
    double low, high; /* values at the edges; with logarithmic their common logarithms */
    bool logarithmic;
    struct chart_tick ticks[CHART_TICKS_MAX];
    int tick_count;
};

/* What the labels of values are. */
enum chart_unit {
    CHART_SECONDS, /* with the unit that fits the largest value */
    CHART_SIGNED_SECONDS,
    CHART_PLAIN, /* as many decimals as the steps need */
};

/* Linear, with round numbers, around low..high and some more room. */
struct chart_scale chart_scale_linear(double low, double high, enum chart_unit unit);
/* Logarithmic; whole decades around low..high, which are above 0. */
struct chart_scale chart_scale_log(double low, double high, enum chart_unit unit);
/* Times in UTC at whole minutes, hours or days. */
struct chart_scale chart_scale_time(struct chart_span span);

/* Place of a value; outside of the scale it is at the edge. */
double chart_place(const struct chart_scale *scale, double value);

#endif
