/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of scenarios with the settings of the command line, and figures of many of them. Called by
 * main.c and table.c.
 */
#ifndef TEST_SIM_RUN_H
#define TEST_SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include "test/sim/scenario.h"

struct run_options {
    const char *conf; /* lines for all nodes; NULL: none */
    double duration;  /* seconds; 0: that of the scenario */
    bool messages;    /* are printed */
    bool offsets;     /* of the node that is judged are kept */
    bool repeat;      /* what happens comes again after each length of the scenario */
    bool time_page;   /* its time page is read */
    bool honesty;     /* and what it says of its errors is compared with them */
};

double run_duration(const struct run_options *options, const struct scenario *scenario);
/* The network after the run; the caller frees it. */
struct sim *run_scenario(const struct run_options *options, const struct scenario *scenario,
                         uint64_t seed);

enum figure {
    SYNC_TIME,
    MAX_OFFSET,
    RMS_OFFSET,
    MAX_FREQUENCY,
    RMS_FREQUENCY,
    PACKETS,
    FIGURES,
};

/* The figures of many runs of a scenario. */
struct series {
    int count;
    double *values[FIGURES];
    struct sim_honesty honesty; /* of all runs together */
};

/* At most so many runs; series_free() frees what it holds. */
struct series series_new(int capacity);
void series_free(struct series *series);
/* honesty: NULL, if it was not measured. */
void series_add(struct series *series, const struct sim_result *result,
                const struct sim_honesty *honesty);
/* Sorts the values. */
struct sim_result series_medians(struct series *series);
double series_mean(const struct series *series, enum figure figure);
/* Of the node that is judged, in so many runs from a seed on; the caller frees it. */
struct series series_run(const struct run_options *options, const struct scenario *scenario,
                         uint64_t seed, int count);

#endif
