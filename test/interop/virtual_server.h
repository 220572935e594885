/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server of virtual_network.c, of stratum 1, whose clock may be wrong: what it answers.
 */
#ifndef TEST_INTEROP_VIRTUAL_SERVER_H
#define TEST_INTEROP_VIRTUAL_SERVER_H

#include <stdint.h>
#include "test/interop/virtual_time.h"
#include "test/sim/random.h"

#define VIRTUAL_SERVER_PORT   123
#define VIRTUAL_SERVER_LENGTH 48

/* Its memory for the interleaved mode (ntp.md 20.4): the last exchange that may be continued. */
struct virtual_exchange {
    uint8_t receive[8], transmit[8];
};

struct virtual_server {
    struct sim_clock clock;
    struct sim_random fuzz;
    int precision; /* log2 of seconds */
    struct virtual_exchange exchange;
};

/* That of a node of the scenario. */
void virtual_server_init(struct virtual_server *server, const struct virtual_time_params *params,
                         int node);
/* The reply to a request that comes at a true time (ns since the start). */
void virtual_server_answer(struct virtual_server *server, int64_t now,
                           const uint8_t request[static VIRTUAL_SERVER_LENGTH],
                           uint8_t reply[static VIRTUAL_SERVER_LENGTH]);

#endif
