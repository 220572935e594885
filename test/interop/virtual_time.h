/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the simulator and the library that it preloads into another implementation's chronyd tell
 * each other, in two files of a directory that an environment variable names. Both are built from
 * these sources, so structs are written as they are.
 */
#ifndef TEST_INTEROP_VIRTUAL_TIME_H
#define TEST_INTEROP_VIRTUAL_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "test/sim/action.h"
#include "test/sim/clock.h"
#include "test/sim/devices.h"
#include "test/sim/link.h"
#include "test/sim/nic.h"
#include "test/sim/tally.h"

#define VIRTUAL_TIME_VARIABLE "CHRONY_VIRTUAL_TIME"
#define VIRTUAL_TIME_NODES    12

struct virtual_time_params {
    uint64_t seed;
    int64_t start; /* seconds since 1970 */
    double duration;
    int node;       /* of the scenario, whose place it takes */
    int node_count; /* with it; all others are servers */
    /* Of each node. */
    struct sim_oscillator oscillators[VIRTUAL_TIME_NODES];
    int precisions[VIRTUAL_TIME_NODES]; /* of a server's clock, log2 of seconds */
    struct sim_link there[VIRTUAL_TIME_NODES], back[VIRTUAL_TIME_NODES]; /* to and from a server */
    struct sim_nic nic;
    struct sim_device devices[SIM_DEVICES]; /* SHM, PPS, PHC, which is the clock of the card too */
    struct action actions[SCENARIO_ACTIONS];
    struct sim_bounds bounds;
};

/* Whether the library can do it. */
bool virtual_time_can(const struct action *action);

/* All return false and set errno, if a file cannot be written or is not what is wanted. */
bool virtual_time_write(const char *directory, const struct virtual_time_params *params);
bool virtual_time_read(const char *directory, struct virtual_time_params *params);
/* With the offset at the end of each second. */
bool virtual_time_write_result(const char *directory, const struct sim_result *result,
                               const float *offsets, size_t count);
/* offsets: NULL, or freed by the caller. Removes the files. */
bool virtual_time_read_result(const char *directory, struct sim_result *result, float **offsets,
                              size_t *count);

#endif
