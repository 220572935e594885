/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the table of both estimators and another chronyd share: table.c has the runs,
 * table_print.c what is printed, table_plot.c the pictures.
 */
#ifndef TEST_SIM_TABLE_H
#define TEST_SIM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include "test/sim/request.h"

enum table_column { TABLE_REGRESSION, TABLE_KALMAN, TABLE_PEER, TABLE_COLUMNS };

struct table_cell {
    bool present;
    double sync_time; /* mean, because chance often decides between two times that lie far apart */
    struct sim_result medians;
    struct sim_honesty honesty; /* of all seeds; not of the other chronyd */
};

struct table_row {
    const struct scenario *scenario;
    double limit; /* of the RMS offset, scenario->best; NAN: not known for such runs */
    struct table_cell cells[TABLE_COLUMNS];
};

/* The lines of configuration for one of the estimators. */
void table_conf(const struct request *request, enum table_column column, char *conf, size_t size);

/* On standard output, and in the file request->markdown. False: that could not be written. */
bool table_print(const struct request *request, int seeds, const struct table_row *rows, int count);

#endif
