/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command line of the simulator asks for, and the parts that do it. main.c reads it.
 */
#ifndef TEST_SIM_REQUEST_H
#define TEST_SIM_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include "test/sim/run.h"

struct request {
    const struct scenario *scenario; /* NULL: all */
    const char *plot;                /* SVG to be written */
    const char *file;                /* of the node that is judged, to be printed */
    const char *history;             /* where its history file is written */
    const char *against;             /* another chronyd */
    const char *cache;               /* of the other chronyd's results */
    const char *markdown;            /* where the table goes, too */
    const char *kalman_conf;         /* lines of configuration for kalman only, in tables */
    uint64_t seed;
    int seeds;  /* 0: not given */
    int random; /* tables: so many networks that are drawn at random, in place of all others */
    int jobs;   /* processes at a time */
    struct run_options run;
};

/* Statuses of the process: 0, or 1 if something is worse than it may be or could not be done. */

/* Each scenario's limits (check.c). */
int check_run(const struct request *request);
/* Medians of the scenarios that have figures of chrony, and the ratios to those (check.c). */
int check_print_figures(const struct request *request);
/* A day with each fault, with both estimators (day.c). */
int day_run(const struct request *request);
/* Ours beside another chronyd, in the same networks (against.c). */
int against_run(const struct request *request);
/* Both estimators and another chronyd, side by side (table.c). */
int table_run(const struct request *request);
/* The offsets of both estimators and another chronyd in one picture for each scenario, which go to
   request->plot, a directory (table_plot.c). */
int table_plot(const struct request *request);

#endif
