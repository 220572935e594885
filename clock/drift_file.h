/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drift file (discipline.md 16.4, daemon.md 22): frequency and skew of the local clock from
 * one run to the next.
 *
 * A crystal runs fast or slow by some parts per million, nearly the same every day, and the
 * kernel forgets the correction at a reboot. Without the file a new run needs minutes to measure
 * it, and until then the clock is wrong by up to 100 us more with each second. So the frequency
 * is saved each hour and at exit, and set again at the start before there is any sample. The skew
 * says how uncertain it was: the first estimates are weighed against it (clock/estimate.h).
 */
#ifndef CLOCK_DRIFT_FILE_H
#define CLOCK_DRIFT_FILE_H

#include <stdbool.h>
#include "base/state_file.h"
#include "base/world.h"

enum drift_file_status { DRIFT_FILE_OK, DRIFT_FILE_MISSING, DRIFT_FILE_INVALID };

/* Values in ppm, as in the file. A file that exists and cannot be opened counts as missing, with a
   warning that gives the reason. Nothing else is logged. */
enum drift_file_status drift_file_read(const struct world *world, const char *path,
                                       double *freq_ppm, double *skew_ppm);

/* The values that drift_file_print (a state_file_writer) writes. */
struct drift_file_values {
    double freq_ppm, skew_ppm;
};
struct state_file *drift_file_new(struct world *world, struct loop *loop, const char *path);
void drift_file_print(FILE *stream, const void *values);

#endif
