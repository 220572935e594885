/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Charts in HTML: a frame with labels as text of the page, around an SVG drawing that is stretched
 * to the width that there is. So labels stay readable on a telephone, and lines keep their width.
 * Pure: writes to a stream.
 */
#ifndef CHRONYC_CHART_SVG_H
#define CHRONYC_CHART_SVG_H

#include <stdbool.h>
#include <stdio.h>
#include "chronyc/chart_columns.h"
#include "chronyc/chart_scale.h"

/* The drawing: columns, and a thousand rows, which are below zero at the top. */
#define CHART_WIDTH  900
#define CHART_HEIGHT 1000

/*
 * Opens the frame of a chart. id: a word that no other chart has. height: a class of the page's
 * style. title and description are for those who do not see the drawing, and are escaped. Lines of
 * both scales are drawn. y may be NULL: no labels at the side. Without x there are none below it.
 */
struct chart_frame {
    const char *id;
    const char *height;
    const char *title;
    const char *description;
    const struct chart_scale *x, *y;
    bool over_time; /* x is the time of the report: show what is missing, and the events */
};

void chart_begin(FILE *out, const struct chart_frame *frame);
/* Closes it, with the labels. */
void chart_end(FILE *out, const struct chart_frame *frame);

/* The series as an area between its lowest and highest values, in a class of the page's style. */
void chart_draw_series(FILE *out, const struct chart_series *series, const struct chart_scale *y,
                       const char *style);
/* Marks at the edge where the series is outside of the scale. Returns their number. */
size_t chart_draw_clipped(FILE *out, const struct chart_series *series,
                          const struct chart_scale *y);
/* A horizontal line at a value. */
void chart_draw_level(FILE *out, const struct chart_scale *y, double value, const char *style);

/* Points and a line through them; places on both scales. */
struct chart_dot {
    double x, y;
};
void chart_draw_dots(FILE *out, const struct chart_scale *x, const struct chart_scale *y,
                     const struct chart_dot *dots, size_t count, bool joined, const char *style);

/*
 * Bars along the time: of the columns for which levels (CHART_WIDTH of them) has this level, from
 * bottom to top (0..CHART_HEIGHT, downwards), as the contents of a path.
 */
void chart_write_bars(FILE *out, const unsigned char *levels, unsigned char level, int top,
                      int bottom);

#endif
