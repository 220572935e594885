/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture of offsets over time, for people to look at.
 */
#ifndef TEST_SIM_PLOT_H
#define TEST_SIM_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#define PLOT_LINES 3

struct plot_line {
    const char *name;     /* NULL: it has no legend */
    const float *offsets; /* one for each second */
    size_t count;
};

/* At most PLOT_LINES; from: the first second that the scale is made for. False: the file cannot be
   written, errno says why. */
bool plot_write(const char *path, const char *title, const struct plot_line *lines, int count,
                size_t from);

#endif
