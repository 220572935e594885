/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drift file: frequency and skew of the local clock from one run to the next
 * (discipline.md 16.4, daemon.md 22).
 */
#ifndef CLOCK_DRIFT_FILE_H
#define CLOCK_DRIFT_FILE_H

#include <stdbool.h>
#include "base/state_file.h"
#include "base/world.h"

enum drift_file_status { DRIFT_FILE_OK, DRIFT_FILE_MISSING, DRIFT_FILE_INVALID };

/* Values in ppm, as in the file. Nothing is logged but the reason why an existing file could not be
   opened (warning), which counts as missing. */
enum drift_file_status drift_file_read(const struct world *world, const char *path,
                                       double *freq_ppm, double *skew_ppm);

/* For writing, with drift_file_print (a state_file_writer) and the values. */
struct drift_file_values {
    double freq_ppm, skew_ppm;
};
struct state_file *drift_file_new(struct world *world, struct loop *loop, const char *path);
void drift_file_print(FILE *stream, const void *values);

#endif
