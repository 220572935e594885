/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios: a network, what happens to it and what has to come of it, as plain data. The tables
 * are in scenario_figures.c, scenario_faults.c, scenario_leap.c etc.; scenario.c runs and judges
 * them.
 */
#ifndef TEST_SIM_SCENARIO_H
#define TEST_SIM_SCENARIO_H

#include "test/sim/action.h"
#include "test/sim/sim.h"

#define SCENARIO_NODES    10
#define SCENARIO_MESSAGES 12
#define SCENARIO_START    1262304000 /* 2010-01-01 00:00:00 */
#define ALL_NODES         (-1)

/* One direction that differs from the others. */
struct link_change {
    bool set;
    int from, to; /* or ALL_NODES */
    struct sim_link link;
};

/* What lies in the file system of a node at the start. */
struct initial_file {
    int node;
    const char *path;
    const char *text;
};

/* A name with the addresses of several nodes in a row. */
struct pool_name {
    const char *name;
    int first, count;
};

struct expected_message {
    int node;
    const char *text;
    int min, max; /* how often; max 0: any number, -1: never */
};

/* Largest values; 0: any. */
struct limits {
    double sync_time, max_offset, rms_offset, rms_frequency, max_frequency;
    double final_offset; /* from the clock of node 0 */
    double change;       /* of the offset within a second, while recording */
    double calibration;  /* mean of the squared error over the variance that the daemon gives */
    double exceeded;     /* part of the time in which the error is above the daemon's bound */
};

struct scenario {
    const char *name;
    const char *about;
    bool figures;  /* limits are chrony's figures: medians are compared with them */
    bool compared; /* also with another chronyd, as those with figures are */
    /* Only in tables, as chance decides too much, or no other chronyd could run there. */
    bool tabled;
    double duration;
    int64_t start;    /* 0: SCENARIO_START */
    int64_t leap_utc; /* true time jumps there; 0: never */
    int leap;
    /* Statistics begin; limits of synchronisation. */
    double from, sync_offset, sync_frequency;
    struct sim_link link;
    struct sim_node_spec nodes[SCENARIO_NODES]; /* up to the first without a name */
    struct link_change links[16];
    struct initial_file files[8];
    struct pool_name pools[2];
    struct action actions[SCENARIO_ACTIONS];
    int copies;        /* of the last node, beside it */
    int seeds;         /* in the check; 0: one */
    int subject;       /* the node that is judged */
    double sync_check; /* limit of the median in the check, where the figure is of no use; else 0 */
    struct limits limits;
    /* RMS offset of the best estimator that knows only what came before, at chrony's times of
       samples (doc/design/estimator.md, table 1, column c); 0: not known. */
    double best;
    struct expected_message messages[SCENARIO_MESSAGES];
    bool keep_calls; /* of the subject's kernel, for the check */
    /* What the tables cannot say; false after telling why on standard output. */
    bool (*check)(struct sim *sim);
};

/* All scenarios, one after another; NULL behind the last. */
const struct scenario *scenario_get(size_t index);
/* Also a random one, which stays until the end of the process. */
const struct scenario *scenario_find(const char *name);
/* Network number N of those that are drawn at random; freed with free(). */
struct scenario *scenario_random(int number);
const struct scenario *scenario_figures(size_t *count);
const struct scenario *scenario_compare(size_t *count);
const struct scenario *scenario_networks(size_t *count);
const struct scenario *scenario_field(size_t *count);
const struct scenario *scenario_temperature(size_t *count);
const struct scenario *scenario_polling(size_t *count);
const struct scenario *scenario_several(size_t *count);
const struct scenario *scenario_faults(size_t *count);
const struct scenario *scenario_estimator(size_t *count);
const struct scenario *scenario_leap(size_t *count);
const struct scenario *scenario_kernel(size_t *count);
const struct scenario *scenario_refclock(size_t *count);
const struct scenario *scenario_hwts(size_t *count);
const struct scenario *scenario_month(size_t *count);
/* None in a build without NTS. */
const struct scenario *scenario_nts(size_t *count);

/* Whether the errors of the samples are symmetric about the truth: links that are alike in both
   directions, right servers and receivers, and nothing that happens. */
bool scenario_is_symmetric(const struct scenario *scenario);
/* Of one direction between two nodes, at the start. */
const struct sim_link *scenario_link(const struct scenario *scenario, int from, int to);
int scenario_node_count(const struct scenario *scenario);
/* The network before it runs; the caller frees it. */
struct sim *scenario_prepare(const struct scenario *scenario, uint64_t seed);
/* What happens comes again after each duration of the scenario, up to a time. */
void scenario_repeat(const struct scenario *scenario, struct sim *sim, double until);
/* Limits, messages and check after the run of one seed. Says what failed. */
bool scenario_judge(const struct scenario *scenario, struct sim *sim, uint64_t seed);

#endif
