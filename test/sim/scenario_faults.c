/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios of faults: what must come of them, and what the log must say.
 */
#include "test/sim/scenario.h"

#define LAN                                                                                        \
    {                                                                                              \
        .delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-4                                     \
    }
#define SERVER(title)                                                                              \
    {                                                                                              \
        .name = (title), .conf = "local stratum 1\nallow\n"                                        \
    }

static const struct scenario scenarios[] = {
    {
        .name = "five",
        .about = "five servers, the usual configuration",
        .duration = 20000.0,
        .from = 400.0,
        .sync_offset = 1e-3,
        .sync_frequency = 5e-4,
        .link = LAN,
        .nodes =
            {
                SERVER("server1"),
                SERVER("server2"),
                SERVER("server3"),
                SERVER("server4"),
                SERVER("server5"),
                {
                    .name = "client",
                    .oscillator = {.offset = 0.1, .frequency = 1e-4, .wander = 1e-9},
                    .conf = "server server1\nserver server2\nserver server3\nserver server4\n"
                            "server server5\n",
                },
            },
        .subject = 5,
        .limits = {.sync_time = 200.0, .max_offset = 3e-4},
    },
};

const struct scenario *scenario_faults(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
