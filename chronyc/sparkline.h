/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of a terminal that shows the course of a value: a character for each column, in eight
 * heights. Pure.
 */
#ifndef CHRONYC_SPARKLINE_H
#define CHRONYC_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>

#define SPARKLINE_COLUMNS_MAX 200
/* Room for the text of so many columns, terminator included. */
#define SPARKLINE_SIZE(columns) (3 * (size_t)(columns) + 1)

/*
 * Text for the values from low (the lowest height, as everything below) to high. A NAN is a space.
 * With utf8 the heights are block characters, without it ASCII ones that get darker.
 */
void sparkline(const double *values, size_t count, double low, double high, bool utf8, char *text,
               size_t size);

#endif
