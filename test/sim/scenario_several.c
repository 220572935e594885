/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients of several servers, which differ in quality, are wrong by constant or by changing
 * errors, come and go. Most errors lie within what the servers' root distances allow, so that no
 * selection can help. Limits hold for each estimator and are wide.
 */
#include "test/sim/scenario.h"

#define SERVER(title, start, ...)                                                                  \
    {                                                                                              \
        .name = (title), .conf = "local stratum 1\nallow\n", .oscillator = {                       \
            .offset = (start),                                                                     \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define CLIENT(wander_step, lines)                                                                 \
    {                                                                                              \
        .name = "client", .conf = (lines), .oscillator = {                                         \
            .offset = 0.1,                                                                         \
            .frequency = 1e-4,                                                                     \
            .wander = (wander_step)                                                                \
        }                                                                                          \
    }
#define LINES(options)                                                                             \
    "server server1" options "\nserver server2" options "\nserver server3" options                 \
    "\nserver server4" options "\nserver server5" options "\n"
#define SEVEN LINES("") "server server6\nserver server7\n"
/* The servers are nodes 0, 2, 3, 4, 5; the arguments are what they are wrong by. */
#define FIVE(wander_step, lines, a, b, c, d, e)                                                    \
    .nodes = {SERVER("server1", a), CLIENT(wander_step, lines), SERVER("server2", b),              \
              SERVER("server3", c), SERVER("server4", d),       SERVER("server5", e)}
#define EQUAL(wander_step, lines) FIVE(wander_step, lines, 0.0, 0.0, 0.0, 0.0, 0.0)
#define BIASED(lines)             FIVE(1e-9, lines, 1.5e-3, 3e-4, -2e-4, -2.1e-3, 5e-4)
#define LINK(base, mean, ...)                                                                      \
    {                                                                                              \
        .delay = (base), .kind = SIM_EXPONENTIAL, .jitter = (mean), __VA_ARGS__                    \
    }
#define PATH(server, base, mean)                                                                   \
    {true, ALL_NODES, (server), LINK(base, mean)},                                                 \
    {                                                                                              \
        true, (server), ALL_NODES, LINK(base, mean)                                                \
    }
/* max, rms: limits of the offset. Only in tables: the polls of several sources fall at other times
   in another program, so that the random numbers are not the same for both, and over 51 seeds equal
   programs differ by a tenth. */
#define COMMON(title, text, max, rms)                                                              \
    .name = (title), .about = (text), .tabled = true, .duration = 20000.0, .subject = 1,           \
    .from = 2000.0, .sync_offset = 2e-2, .sync_frequency = 5e-4, .seeds = 3,                       \
    .limits = {.max_offset = (max), .rms_offset = (rms)}
#define ABSENT(server, start, end)                                                                 \
    {(start), LINKS_DOWN, (server), 0, 0.0},                                                       \
    {                                                                                              \
        (end), LINKS_UP, (server), 0, 0.0                                                          \
    }

static const struct scenario scenarios[] = {
    {
        COMMON("several-lan", "five servers in a local network", 3e-4, 6e-5),
        EQUAL(1e-9, LINES("")),
        .link = LINK(1e-4, 1e-5),
    },
    {
        COMMON("several-64s", "five servers at 64 s", 1e-3, 3e-4),
        EQUAL(1e-9, LINES(" minpoll 6 maxpoll 6")),
        .link = LINK(5e-3, 1e-3),
    },
    {
        COMMON("several-wander", "five servers and an unstable oscillator", 1e-3, 3e-4),
        EQUAL(1e-7, LINES("")),
        .link = LINK(5e-4, 1e-4),
    },
    {
        COMMON("several-polls", "a server at 1024 s, four at 64 s", 1e-3, 3e-4),
        EQUAL(1e-8, "server server1 minpoll 10 maxpoll 10\nserver server2 minpoll 6 maxpoll 6\n"
                    "server server3 minpoll 6 maxpoll 6\nserver server4 minpoll 6 maxpoll 6\n"
                    "server server5 minpoll 6 maxpoll 6\n"),
        .link = LINK(1e-3, 2e-4),
    },
    {
        COMMON("several-makestep", "bursts and a step at the start", 2e-3, 6e-4),
        .nodes = {SERVER("server1", 0.0),
                  {.name = "client",
                   .conf = LINES(" iburst") "makestep 1 3\n",
                   .oscillator = {.offset = 1000.0, .frequency = 1e-4, .wander = 1e-9}},
                  SERVER("server2", 1e-3),
                  SERVER("server3", -1e-3),
                  SERVER("server4", 5e-4),
                  SERVER("server5", 0.0)},
        .link = LINK(5e-3, 5e-4),
    },
    {
        COMMON("several-gauss", "normal jitter", 3e-3, 6e-4),
        EQUAL(1e-9, LINES("")),
        .link = {.delay = 5e-3, .kind = SIM_GAUSS, .jitter = 5e-4},
    },
    {
        COMMON("several-pareto", "jitter with a heavy tail", 3e-3, 6e-4),
        BIASED(LINES("")),
        .link = {.delay = 5e-3, .kind = SIM_PARETO, .shape = 1.5, .jitter = 5e-4},
    },
    {
        COMMON("several-fstep", "the oscillator's frequency makes a step of 1 ppm", 5e-3, 2e-3),
        BIASED(LINES("")),
        .link = LINK(5e-3, 2e-4),
        .actions = {{10000.0, CHANGE_FREQUENCY, 1, 0, 1e-6}},
    },
    {
        COMMON("several-biased", "each server has a constant error", 3e-3, 1e-3),
        BIASED(LINES("")),
        .link = LINK(5e-3, 2e-4),
        .links = {PATH(0, 6e-3, 3e-4), PATH(2, 4e-3, 2e-4), PATH(3, 8e-3, 5e-4),
                  PATH(4, 5e-3, 1e-3)},
    },
    {
        COMMON("several-good", "a good server and four bad ones", 5e-3, 2e-3),
        FIVE(1e-9, LINES(""), 0.0, 1e-3, -1.5e-3, 7e-4, -2e-4),
        .link = LINK(5e-3, 2e-3),
        .links = {PATH(0, 5e-3, 1e-4)},
    },
    {
        COMMON("several-near", "a server in the local network and four in the internet", 3e-4,
               6e-5),
        FIVE(1e-9, LINES(""), 0.0, 1e-3, -1.5e-3, 7e-4, -2e-4),
        .link = LINK(2e-2, 2e-3),
        .links = {PATH(0, 1e-4, 1e-5)},
    },
    {
        COMMON("several-asym", "one of five servers has all its jitter on the way back", 3e-3,
               1e-3),
        EQUAL(1e-9, LINES("")),
        .link = LINK(5e-3, 2e-4),
        .links = {{true, 0, ALL_NODES, LINK(5e-3, 3e-3)}},
    },
    {
        COMMON("several-queue", "a slow queue on the way to one of five servers", 3e-3, 1e-3),
        EQUAL(1e-9, LINES("")),
        .link = LINK(5e-3, 2e-4),
        .links = {{true, ALL_NODES, 0, LINK(5e-3, 2e-4, .queue = 1e-3, .queue_time = 3000.0)}},
    },
    {
        COMMON("several-drift", "one of five servers drifts by 1 ms", 3e-3, 1e-3),
        .nodes = {SERVER("server1", 0.0), CLIENT(1e-9, LINES("")), SERVER("server2", 0.0),
                  SERVER("server3", 0.0), SERVER("server4", 0.0),
                  SERVER("server5", -5e-4, .frequency = 5e-8)},
        .link = LINK(5e-3, 2e-4),
    },
    {
        COMMON("several-step", "one of five servers steps by 3 ms and later back", 3e-3, 1e-3),
        EQUAL(1e-9, LINES("")),
        .link = LINK(5e-3, 2e-4),
        .actions = {{8000.0, STEP_CLOCK, 3, 0, 3e-3}, {14000.0, STEP_CLOCK, 3, 0, -3e-3}},
    },
    {
        COMMON("several-come", "servers with constant errors come and go", 5e-3, 2e-3),
        BIASED(LINES(" minpoll 6 maxpoll 6")),
        .link = LINK(5e-3, 2e-4),
        .actions = {ABSENT(0, 5000.0, 9000.0), ABSENT(4, 7000.0, 12000.0),
                    ABSENT(3, 11000.0, 15000.0), ABSENT(5, 13000.0, 17000.0)},
    },
    {
        COMMON("several-off", "three of seven servers are off by 5 ms, and nobody can see it", 6e-3,
               4e-3),
        .nodes = {SERVER("server1", 5e-3), CLIENT(1e-9, SEVEN), SERVER("server2", 0.0),
                  SERVER("server3", 5e-3), SERVER("server4", 0.0), SERVER("server5", 5e-3),
                  SERVER("server6", 0.0), SERVER("server7", 0.0)},
        .link = LINK(1e-2, 5e-4),
    },
    {
        COMMON("several-two", "two servers", 2e-3, 6e-4),
        .nodes = {SERVER("server1", 0.0), CLIENT(1e-9, "server server1\nserver server2\n"),
                  SERVER("server2", 0.0)},
        .link = LINK(5e-3, 1e-3),
    },
    {
        COMMON("several-three", "three servers with constant errors", 3e-3, 1e-3),
        .nodes = {SERVER("server1", 1e-3),
                  CLIENT(1e-9, "server server1\nserver server2\nserver server3\n"),
                  SERVER("server2", 0.0), SERVER("server3", -1e-3)},
        .link = LINK(5e-3, 1e-3),
    },
    {
        .name = "several-routes",
        .about = "the way back from two of five servers is longer by 2 ms for some hours",
        EQUAL(1e-9, LINES("")),
        .link = LINK(5e-3, 2e-4),
        .duration = 70000.0,
        .subject = 1,
        .from = 5000.0,
        .sync_offset = 2e-2,
        .sync_frequency = 5e-4,
        .seeds = 3,
        /* The error of one path by it is 1 ms. */
        .limits = {.max_offset = 1.5e-3, .rms_offset = 6e-4},
        .actions = {{20000.0, CHANGE_DELAY, 0, 2, 2e-3},
                    {20000.0, CHANGE_DELAY, 2, 2, 2e-3},
                    {60000.0, CHANGE_DELAY, 0, 2, -2e-3},
                    {60000.0, CHANGE_DELAY, 2, 2, -2e-3}},
    },
};

const struct scenario *scenario_several(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
