/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another implementation's chronyd in the place of the client of a scenario. It runs as a process
 * of its own, with the library virtual_time.so, which is next to the simulator's program.
 */
#ifndef TEST_SIM_PEER_H
#define TEST_SIM_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include "test/sim/scenario.h"

struct peer_run {
    const char *program;
    const struct scenario *scenario;
    uint64_t seed;
    double duration; /* seconds */
};

/* Those with figures and those that are there to be compared, if the node that is judged is a
   client of perfect servers, or has reference clocks, and the library can do the rest. */
bool peer_can_run(const struct scenario *scenario);
/* A number for all that its result depends on but the program. */
uint64_t peer_key(const struct peer_run *run);
/* False after saying why on standard error. offsets: NULL, or those at the end of each second,
   freed by the caller. */
bool peer_run(const struct peer_run *run, struct sim_result *result, float **offsets,
              size_t *count);

#endif
