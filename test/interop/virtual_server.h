/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The perfect server of virtual_time.c, of stratum 1, and the link to it: what it answers and when
 * the answer comes. The delays are those that the simulator draws for the same seed.
 */
#ifndef TEST_INTEROP_VIRTUAL_SERVER_H
#define TEST_INTEROP_VIRTUAL_SERVER_H

#include <stdbool.h>
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
    struct virtual_link there, back;
    struct sim_random there_random, back_random, fuzz;
    int precision; /* log2 of seconds */
    int64_t start; /* seconds since 1970 */
    struct virtual_exchange exchange;
};

void virtual_server_init(struct virtual_server *server, const struct virtual_time_params *params);
/* The reply to a request that leaves at a true time (ns since the start), and when it comes. False
   if a packet is lost. */
bool virtual_server_answer(struct virtual_server *server,
                           const uint8_t request[static VIRTUAL_SERVER_LENGTH], int64_t leaves,
                           uint8_t reply[static VIRTUAL_SERVER_LENGTH], int64_t *comes);

#endif
