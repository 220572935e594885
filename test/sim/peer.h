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

/* Those with figures and those that are there to be compared, if they have just a client and a
   perfect server over a link with exponential jitter, or a node with a receiver in shared
   memory. */
bool peer_can_run(const struct scenario *scenario);
/* False after saying why on standard error. */
bool peer_run(const char *program, const struct scenario *scenario, uint64_t seed,
              struct sim_result *result);

#endif
