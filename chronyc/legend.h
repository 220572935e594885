/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Explanations of the columns that -v prints above a table (chronyc.md 10.2 to 10.5, 10.17).
 */
#ifndef CHRONYC_LEGEND_H
#define CHRONYC_LEGEND_H

#include <stdbool.h>
#include <stdio.h>

enum legend {
    LEGEND_SOURCES,
    LEGEND_SOURCESTATS,
    LEGEND_ESTIMATOR,
    LEGEND_SELECTDATA,
    LEGEND_AUTHDATA
};

/* extra: additional width of the name column. kalman: the daemon's estimator, which gives some
   columns another meaning. */
void legend_print(FILE *out, enum legend legend, int extra, bool kalman);

#endif
