/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine of a company through a month, with what happens in one: warm days and cold nights, a
 * server that is wrong for some hours, a cut line, a clock that is set while the daemon does not
 * run, and a path that becomes longer. For reports about the past, which need that much.
 */
#include "test/sim/scenario.h"

#define DAY 86400.0

#define SERVER(title, start)                                                                       \
    {                                                                                              \
        .name = (title), .conf = "local stratum 1\nallow\n", .oscillator.offset = (start)          \
    }
#define LINK(base, mean)                                                                           \
    {                                                                                              \
        .delay = (base), .kind = SIM_EXPONENTIAL, .jitter = (mean)                                 \
    }
#define PATH(server, base, mean)                                                                   \
    {true, ALL_NODES, (server), LINK(base, mean)},                                                 \
    {                                                                                              \
        true, (server), ALL_NODES, LINK(base, mean)                                                \
    }

static const struct scenario scenarios[] = {
    {
        .name = "month",
        .about = "a month with a false server, a cut line, a restart and a step",
        .duration = 30.0 * DAY,
        .start = 1793491200, /* 2026-11-01 */
        .subject = 3,
        .from = 7200.0,
        .sync_offset = 1e-3,
        .sync_frequency = 1e-6,
        .nodes = {SERVER("time1.example", 0.0),
                  SERVER("time2.example", 2e-5),
                  SERVER("time3.example", -1e-4),
                  {.name = "machine",
                   .conf = "server time1.example iburst maxpoll 8\n"
                           "server time2.example iburst maxpoll 8\n"
                           "server time3.example iburst maxpoll 8\n"
                           "server time4.example iburst maxpoll 10\n"
                           "makestep 0.1 3\ntempcomp /sensor 30 45000 0.0 0.0 0.0\n"
                           "driftfile /drift\ndumpdir /dump\n",
                   .sensor = {.path = "/sensor",
                              .mean = 45000.0,
                              .swing = 5000.0,
                              .step = 250.0,
                              .noise = 100.0},
                   .oscillator = {.offset = -0.35,
                                  .frequency = -1.2e-5,
                                  .wander = 2e-11,
                                  .swing = 2e-7,
                                  .swing_period = DAY}},
                  SERVER("time4.example", 3e-4)},
        .links = {PATH(0, 6e-5, 1e-5), PATH(1, 4e-4, 5e-5), PATH(2, 3e-3, 2e-4),
                  PATH(4, 9e-3, 5e-4)},
        .actions = {{5.3 * DAY, STEP_CLOCK, 2, 0, 0.02},
                    {5.8 * DAY, STEP_CLOCK, 2, 0, -0.02},
                    {10.2 * DAY, LINKS_DOWN, 3, 0, 0.0},
                    {10.6 * DAY, LINKS_UP, 3, 0, 0.0},
                    {15.4 * DAY, STOP_DAEMON, 3, 0, 0.0},
                    {15.5 * DAY, STEP_CLOCK, 3, 0, 0.25},
                    {15.6 * DAY, START_DAEMON, 3, 0, 0.0},
                    {20.1 * DAY, LINKS_DOWN, 0, 0, 0.0},
                    {21.3 * DAY, LINKS_UP, 0, 0, 0.0},
                    {24.5 * DAY, CHANGE_DELAY, 1, 4, 1e-3}},
        .limits = {.rms_offset = 2e-2, .max_offset = 0.26, .final_offset = 1e-4},
        .messages = {{3, "System clock was stepped by -0.2", 1, 1},
                     {3, "System clock was stepped by 0.3", 1, 1}},
    },
};

const struct scenario *scenario_month(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
