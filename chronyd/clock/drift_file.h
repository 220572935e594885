/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drift file: frequency and skew of the local clock from one run to the next
 * (discipline.md 16.4, daemon.md 22).
 */
#ifndef CHRONYD_CLOCK_DRIFT_FILE_H
#define CHRONYD_CLOCK_DRIFT_FILE_H

#include <stdbool.h>
#include "base/world.h"

enum drift_file_status { DRIFT_FILE_OK, DRIFT_FILE_MISSING, DRIFT_FILE_INVALID };

/* Values in ppm, as in the file. Nothing is logged. */
enum drift_file_status drift_file_read(const struct world *world, const char *path,
                                       double *freq_ppm, double *skew_ppm);
/* Replaces the file atomically. Failures are logged. */
void drift_file_write(const struct world *world, const char *path, double freq_ppm,
                      double skew_ppm);

#endif
