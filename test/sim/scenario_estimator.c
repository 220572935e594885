/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to a clock beside its measurements, and what an estimate has to make of it: a
 * frequency that is known, commands, steps of its own clock and of others', a day without sources,
 * servers that are being slewed. The limits hold for each estimator, with a margin for chance: they
 * are what the worse one of the two reaches, which of offsets is the regression nearly everywhere.
 */
#include "test/sim/scenario.h"

#define LAN                                                                                        \
    {                                                                                              \
        .delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-4                                     \
    }
#define COMMON(title, text, length, start)                                                         \
    .name = (title), .about = (text), .duration = (length), .from = (start), .sync_offset = 1e-3,  \
    .sync_frequency = 5e-4, .link = LAN, .seeds = 5
#define SERVER                                                                                     \
    {                                                                                              \
        .name = "server", .conf = "local stratum 1\nallow\n"                                       \
    }
#define CLIENT_OF(error, lines)                                                                    \
    {                                                                                              \
        .name = "client", .conf = (lines), .oscillator = {                                         \
            .offset = (error),                                                                     \
            .frequency = 1e-4,                                                                     \
            .wander = 1e-9                                                                         \
        }                                                                                          \
    }
#define CLIENT(lines) CLIENT_OF(0.01, lines)
#define ORDERED(at, order, number)                                                                 \
    {                                                                                              \
        (at), ORDER, 1, (order), (number)                                                          \
    }
#define DRIFT_FILE(text)                                                                           \
    {                                                                                              \
        {                                                                                          \
            1, "/drift", (text)                                                                    \
        }                                                                                          \
    }

static const struct scenario scenarios[] = {
    {
        COMMON("drift-file", "a frequency that is known from the last run, and a burst", 2000.0,
               20.0),
        .nodes = {SERVER, CLIENT("server server iburst\ndriftfile /drift\n")},
        .files = DRIFT_FILE("100.000 0.100\n"),
        .subject = 1,
        .limits =
            {.sync_time = 20.0, .max_offset = 1.2e-4, .rms_offset = 4e-5, .rms_frequency = 6e-7},
    },
    {
        COMMON("drift-file-wrong", "a frequency that is not what it was in the last run", 10000.0,
               1500.0),
        .nodes = {SERVER, CLIENT("server server iburst\ndriftfile /drift\n")},
        .files = DRIFT_FILE("130.000 0.010\n"),
        .subject = 1,
        .limits =
            {.sync_time = 300.0, .max_offset = 2e-4, .rms_offset = 1.1e-4, .rms_frequency = 1.3e-7},
    },
    {
        COMMON("drift-file-cold", "a machine that is colder than in the last run", 10000.0, 1500.0),
        .nodes = {SERVER, CLIENT("server server iburst\ndriftfile /drift\n")},
        .files = DRIFT_FILE("99.500 0.010\n"),
        .subject = 1,
        .limits = {.sync_time = 20.0,
                   .max_offset = 2e-4,
                   .rms_offset = 1.1e-4,
                   .rms_frequency = 1.3e-7,
                   .exceeded = 5e-4},
    },
    {
        COMMON("day-off", "a day without sources, and what is claimed then", 120000.0, 1000.0),
        .nodes = {SERVER, CLIENT("server server\n")},
        .actions = {{20000.0, LINKS_DOWN, 1, 0, 0.0}, {106400.0, LINKS_UP, 1, 0, 0.0}},
        .subject = 1,
        .limits =
            {.max_offset = 3e-2, .rms_offset = 1.03e-2, .final_offset = 5e-4, .exceeded = 1e-3},
    },
    {
        COMMON("doffset", "chronyc doffset by 1 ms, and back", 12000.0, 1000.0),
        .nodes = {SERVER, CLIENT("server server maxpoll 6\n")},
        .actions = {ORDERED(5000.0, ORDER_DOFFSET, 1e-3), ORDERED(8000.0, ORDER_DOFFSET, -1e-3)},
        .subject = 1,
        .limits = {.sync_time = 8065.0,
                   .max_offset = 1.05e-3,
                   .rms_offset = 1.05e-4,
                   .rms_frequency = 2e-5},
    },
    {
        COMMON("dfreq", "chronyc dfreq by 2 ppm, and back", 12000.0, 1000.0),
        .nodes = {SERVER, CLIENT("server server maxpoll 6\n")},
        .actions = {ORDERED(5000.0, ORDER_DFREQ, 2.0), ORDERED(8000.0, ORDER_DFREQ, -2.0)},
        .subject = 1,
        .limits = {.sync_time = 135.0,
                   .max_offset = 1.2e-4,
                   .rms_offset = 2.7e-5,
                   .rms_frequency = 4e-7,
                   .exceeded = 5e-4},
    },
    {
        COMMON("makestep", "half a second is slewed, until chronyc makestep ends it", 8000.0,
               2000.0),
        .nodes = {SERVER, CLIENT_OF(0.5, "server server\nmaxslewrate 500\n")},
        .actions = {ORDERED(400.0, ORDER_MAKESTEP, 0.0)},
        .subject = 1,
        .limits = {.sync_time = 401.0,
                   .max_offset = 1.8e-4,
                   .rms_offset = 1.1e-4,
                   .rms_frequency = 1.3e-7},
    },
    {
        COMMON("reselect", "chronyc reselect again and again, two servers", 12000.0, 1000.0),
        .nodes = {SERVER,
                  CLIENT("server server maxpoll 6\nserver other maxpoll 6\n"),
                  {.name = "other", .conf = "local stratum 1\nallow\n"}},
        .actions = {ORDERED(3000.0, ORDER_RESELECT, 0.0), ORDERED(5000.0, ORDER_RESELECT, 0.0),
                    ORDERED(5010.0, ORDER_RESELECT, 0.0), ORDERED(7000.0, ORDER_RESELECT, 0.0)},
        .subject = 1,
        .limits = {.sync_time = 135.0,
                   .max_offset = 6e-5,
                   .rms_offset = 2.5e-5,
                   .rms_frequency = 8e-8,
                   .exceeded = 5e-4},
    },
    {
        COMMON("reset-sources", "chronyc reset sources", 12000.0, 1000.0),
        .nodes = {SERVER, CLIENT("server server maxpoll 6\n")},
        .actions = {ORDERED(5000.0, ORDER_RESET_SOURCES, 0.0)},
        .subject = 1,
        .limits = {.sync_time = 135.0,
                   .max_offset = 3e-4,
                   .rms_offset = 3.2e-5,
                   .rms_frequency = 1e-6,
                   .exceeded = 5e-4},
    },
    {
        COMMON("delete-source", "the better one of two servers is deleted", 12000.0, 1000.0),
        .nodes = {SERVER,
                  CLIENT("server server maxpoll 6\nserver other maxpoll 6\n"),
                  {.name = "other",
                   .conf = "local stratum 1\nallow\n",
                   .oscillator = {.offset = 5e-4}}},
        .links = {{true, 1, 2, {.delay = 1e-3, .kind = SIM_EXPONENTIAL, .jitter = 1e-4}},
                  {true, 2, 1, {.delay = 1e-3, .kind = SIM_EXPONENTIAL, .jitter = 1e-4}}},
        .actions = {ORDERED(5000.0, ORDER_DELETE_SOURCE, 0.0)},
        .subject = 1,
        .limits = {.max_offset = 6e-4, .rms_offset = 4.3e-4, .final_offset = 6e-4},
    },
    {
        COMMON("offline", "two hours offline, and a burst afterwards", 20000.0, 1000.0),
        .nodes = {SERVER, CLIENT("server server\n")},
        .actions = {ORDERED(5000.0, ORDER_OFFLINE, 0.0), ORDERED(12200.0, ORDER_ONLINE, 0.0),
                    ORDERED(12201.0, ORDER_BURST, 6.0)},
        .subject = 1,
        .limits = {.sync_time = 135.0,
                   .max_offset = 8e-4,
                   .rms_offset = 3e-4,
                   .rms_frequency = 3.3e-6,
                   .exceeded = 5e-3},
    },
    {
        COMMON("settime", "somebody sets a time that is 50 ms wrong; the server is right", 12000.0,
               1000.0),
        .nodes = {SERVER, CLIENT("server server maxpoll 6\nmanual\n")},
        .actions = {ORDERED(5000.0, ORDER_SETTIME, 0.05)},
        .subject = 1,
        .limits = {.sync_time = 5110.0,
                   .max_offset = 0.051,
                   .rms_offset = 4e-3,
                   .final_offset = 1e-4,
                   .exceeded = 5e-4},
    },
    {
        COMMON("relay-slews", "a server is 20 ms wrong and slews it away, its client follows",
               12000.0, 2000.0),
        .nodes = {SERVER,
                  CLIENT("server relay maxpoll 6\n"),
                  {.name = "relay",
                   .conf = "server server maxpoll 6\nallow\ncorrtimeratio 10\n",
                   .oscillator = {.offset = -0.01, .frequency = 2e-5, .wander = 1e-9}}},
        .actions = {{5000.0, STEP_CLOCK, 2, 0, 0.02}},
        .subject = 1,
        .limits =
            {.sync_time = 5700.0, .max_offset = 2.1e-2, .rms_offset = 2.4e-3, .final_offset = 2e-4},
    },
    {
        COMMON("smoothtime", "a server serves smoothed time, its client follows", 20000.0, 4000.0),
        .nodes = {SERVER,
                  CLIENT("server relay maxpoll 6\n"),
                  {.name = "relay",
                   .conf =
                       "server server maxpoll 6\nallow\nsmoothtime 400 0.01\nmakestep 0.01 -1\n",
                   .oscillator = {.offset = -0.01, .frequency = 2e-5, .wander = 1e-9}}},
        .actions = {{6000.0, STEP_CLOCK, 0, 0, 0.02}},
        .subject = 1,
        .limits = {.max_offset = 2.1e-2, .rms_offset = 1.93e-2, .rms_frequency = 4.2e-5},
    },
    {
        COMMON("own-steps", "the clock is stepped by others by 2 ms, 20 ms and 5 s", 20000.0,
               1000.0),
        .nodes = {SERVER, CLIENT("server server maxpoll 6\nmakestep 1 -1\n")},
        .actions = {{5000.0, STEP_CLOCK, 1, 0, 2e-3},
                    {9000.0, STEP_CLOCK, 1, 0, -0.02},
                    {13000.0, STEP_CLOCK, 1, 0, 5.0}},
        .subject = 1,
        .limits = {.sync_time = 13400.0, .rms_offset = 0.72, .final_offset = 1e-4},
    },
    {
        COMMON("reload", "twice stopped and started again with -r", 12000.0, 1000.0),
        .nodes = {SERVER, CLIENT("server server\ndumpdir /dump\ndriftfile /drift\n")},
        .actions = {{5000.0, STOP_DAEMON, 1, 0, 0.0},
                    {5002.0, START_RELOAD, 1, 0, 0.0},
                    {8000.0, STOP_DAEMON, 1, 0, 0.0},
                    {8600.0, START_RELOAD, 1, 0, 0.0}},
        .subject = 1,
        .limits = {.sync_time = 135.0,
                   .max_offset = 1.8e-4,
                   .rms_offset = 7.7e-5,
                   .rms_frequency = 1e-6,
                   .exceeded = 5e-4},
    },
    {
        COMMON("tempcomp", "compensation by a sensor: it has to be taken for the oscillator's",
               40000.0, 8000.0),
        .nodes = {SERVER,
                  {.name = "client",
                   .conf =
                       "server server minpoll 6 maxpoll 6\ntempcomp /sensor 16 45000 0 -1e-4 0\n",
                   .sensor = {.path = "/sensor", .mean = 45000.0, .swing = 5000.0, .step = 125.0},
                   .oscillator = {.offset = 0.01,
                                  .frequency = 1e-4,
                                  .wander = 1e-9,
                                  .swing = 5e-7,
                                  .swing_period = 7200.0}}},
        .subject = 1,
        .limits = {.sync_time = 135.0,
                   .max_offset = 1.2e-4,
                   .rms_offset = 3e-5,
                   .rms_frequency = 1.2e-7,
                   .exceeded = 5e-4},
    },
    {
        COMMON("several-events", "steps, commands and a pause of a client of three servers",
               24000.0, 1000.0),
        .nodes = {SERVER,
                  CLIENT("server server maxpoll 6\nserver second maxpoll 6\n"
                         "server third maxpoll 6\nmanual\n"),
                  {.name = "second", .conf = "local stratum 1\nallow\n"},
                  {.name = "third", .conf = "local stratum 1\nallow\n"}},
        .actions = {{4000.0, STEP_CLOCK, 1, 0, 2e-3},
                    ORDERED(7000.0, ORDER_RESET_SOURCES, 0.0),
                    ORDERED(10000.0, ORDER_DFREQ, 1.0),
                    {13000.0, SUSPEND, 1, 0, 0.0},
                    {13600.0, RESUME, 1, 0, 0.0},
                    ORDERED(16000.0, ORDER_DELETE_SOURCE, 0.0),
                    ORDERED(19000.0, ORDER_SETTIME, 5e-3)},
        .subject = 1,
        .limits = {.sync_time = 19250.0,
                   .max_offset = 5.2e-3,
                   .rms_offset = 3.6e-4,
                   .rms_frequency = 6e-5,
                   .exceeded = 6e-3},
    },
    {
        COMMON("peers-start", "two peers that start together, one with a bad clock and a server",
               6000.0, 1000.0),
        .nodes = {SERVER,
                  {.name = "b",
                   .conf = "peer a maxpoll 6\nallow\n",
                   .oscillator = {.offset = -0.05, .frequency = -1e-4, .wander = 1e-9}},
                  {.name = "a",
                   .conf = "server server maxpoll 6\npeer b maxpoll 6\nallow\n",
                   .oscillator = {.offset = 0.2, .frequency = 1e-4, .wander = 1e-9}}},
        .subject = 1,
        .limits =
            {.sync_time = 300.0, .max_offset = 2.1e-4, .rms_offset = 9e-5, .rms_frequency = 3e-7},
    },
};

const struct scenario *scenario_estimator(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
