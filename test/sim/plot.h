/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture of an offset over time, for people to look at.
 */
#ifndef TEST_SIM_PLOT_H
#define TEST_SIM_PLOT_H

#include <stdbool.h>
#include <stddef.h>

/* One value for each second; from: the first second that the scale is made for. False: the file
   cannot be written, errno says why. */
bool plot_write(const char *path, const char *title, const float *offsets, size_t count,
                size_t from);

#endif
