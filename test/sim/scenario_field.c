/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks, hosts and receivers as they are found outside: radio links, satellites, virtual
 * machines, rooms that are heated, trains, GPS receivers, strangers in a pool. None of them has
 * been used to find a constant of an estimator. Limits hold for each estimator and are wide.
 */
#include "test/sim/scenario.h"

#define LOCAL_SERVER "local stratum 1\nallow\n"
#define SERVER(title, start)                                                                       \
    {                                                                                              \
        .name = (title), .conf = LOCAL_SERVER, .oscillator = {.offset = (start) }                  \
    }
#define NODE(title, lines, wander_step, ...)                                                       \
    {                                                                                              \
        .name = (title), .conf = (lines), .oscillator = {                                          \
            .offset = 0.1,                                                                         \
            .frequency = 1e-4,                                                                     \
            .wander = (wander_step),                                                               \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define CLIENT(wander_step, ...) NODE("client", "server server\n", wander_step, __VA_ARGS__)
#define HOST(lines, ...)                                                                           \
    {                                                                                              \
        .name = "host", .conf = (lines), .devices = {__VA_ARGS__}, .oscillator = {                 \
            .offset = 0.1,                                                                         \
            .frequency = 1e-4,                                                                     \
            .wander = 1e-9                                                                         \
        }                                                                                          \
    }
#define DEVICE(...)                                                                                \
    {                                                                                              \
        .present = true, __VA_ARGS__                                                               \
    }
#define LINK(base, mean, ...)                                                                      \
    {                                                                                              \
        .delay = (base), .kind = SIM_EXPONENTIAL, .jitter = (mean), __VA_ARGS__                    \
    }
#define THERE_AND_BACK(there, back) .links = {{true, 1, 0, there}, {true, 0, 1, back}}
#define LINK_TO(server, base, mean)                                                                \
    {                                                                                              \
        true, ALL_NODES, (server), LINK(base, mean)                                                \
    }
/* max, rms: limits of the offset. */
#define COMMON(node, length, sync, max, rms)                                                       \
    .tabled = true, .duration = (length), .subject = (node), .from = 4000.0,                       \
    .sync_offset = (sync), .sync_frequency = 5e-4, .seeds = 3,                                     \
    .limits = {.max_offset = (max), .rms_offset = (rms)}
#define SEVEN                                                                                      \
    "server server1\nserver server2\nserver server3\nserver server4\n"                             \
    "server false1\nserver false2\nserver false3\n"
#define FOUR "server server1\nserver server2\nserver server3\nserver server4\n"
#define NMEA_LOCKED                                                                                \
    "refclock SHM 0 refid NMEA delay 0.5 noselect\n"                                               \
    "refclock PPS /dev/pps0 refid PPS lock NMEA poll 3\nmakestep 1 3\n"

#define TUNNEL(start, end)                                                                         \
    {(start), LINKS_DOWN, 1, 0, 0.0},                                                              \
    {                                                                                              \
        (end), LINKS_UP, 1, 0, 0.0                                                                 \
    }
/* Another mast: a path that is longer by so much there, and by so much back. */
#define MAST(time, there, back)                                                                    \
    {(time), CHANGE_DELAY, 1, 1, (there)},                                                         \
    {                                                                                              \
        (time), CHANGE_DELAY, 0, 2, (back)                                                         \
    }

static const struct scenario scenarios[] = {
    {
        .name = "wifi",
        .about = "a radio link with bursts of collisions, sleep and losses",
        COMMON(1, 40000.0, 2e-2, 0.02, 5e-3),
        .nodes = {SERVER("server", 0.0), CLIENT(3e-9)},
        .link =
            LINK(1.5e-3, 7e-4, .loss = 0.03, .outlier = 0.03, .outlier_delay = 0.1,
                 .burst = {.period = 60.0, .length = 8.0, .random = true}, .burst_factor = 20.0),
    },
    {
        .name = "geostationary",
        .about = "a satellite far away whose distance changes through the day",
        COMMON(1, 86400.0, 5e-2, 0.05, 1e-2),
        .nodes = {SERVER("server", 0.0), CLIENT(1e-9)},
        .link = LINK(0.25, 4e-3, .loss = 0.01, .swing = 3e-3, .swing_period = 28800.0),
    },
    {
        .name = "low-orbit",
        .about = "satellites that take over from each other every 15 s",
        COMMON(1, 40000.0, 2e-2, 0.02, 5e-3),
        .nodes = {SERVER("server", 0.0), CLIENT(1e-9)},
        .link = LINK(0.02, 1e-3, .loss = 0.01, .swing = 8e-3, .swing_period = 15.0),
    },
    {
        .name = "mobile",
        .about = "a mobile network: what is sent waits for its slot in a grid of 10 ms",
        COMMON(1, 40000.0, 2e-2, 0.02, 5e-3),
        .nodes = {SERVER("server", 0.0), CLIENT(3e-9)},
        THERE_AND_BACK(LINK(1.5e-2, 1e-3, .grid = 0.0100001),
                       LINK(1.5e-2, 1e-3, .outlier = 0.05, .outlier_delay = 0.05)),
    },
    {
        .name = "cloud",
        .about = "a virtual machine that does not run for 20 ms, about once a second",
        COMMON(1, 40000.0, 5e-3, 5e-3, 1e-3),
        .nodes = {SERVER("server", 0.0), CLIENT(3e-9)},
        .link = LINK(2e-4, 5e-5, .hold = {.period = 1.0, .length = 0.02, .random = true}),
    },
    {
        .name = "cloud-busy",
        .about = "a virtual machine that runs half the time, in pieces",
        COMMON(1, 40000.0, 2e-2, 0.05, 1e-2),
        .nodes = {SERVER("server", 0.0), CLIENT(3e-9)},
        .link = LINK(2e-4, 5e-5, .hold = {.period = 0.05, .length = 0.03, .random = true}),
    },
    {
        .name = "heating",
        .about = "a room that becomes warmer and colder, and a machine that was cold",
        COMMON(1, 40000.0, 5e-3, 1e-2, 3e-3),
        .nodes = {SERVER("server", 0.0),
                  CLIENT(1e-9, .swing = 1e-6, .swing_period = 14400.0, .swing_straight = true,
                         .warm_up = -3e-6, .warm_up_time = 1200.0)},
        .link = LINK(3e-4, 5e-5),
    },
    {
        .name = "air-condition",
        .about = "an air condition that goes on and off, 16 s",
        COMMON(1, 40000.0, 5e-3, 1e-3, 3e-4),
        .nodes = {SERVER("server", 0.0),
                  NODE("client", "server server minpoll 4 maxpoll 4\n", 1e-9, .swing = 1e-7,
                       .swing_period = 900.0, .swing_straight = true)},
        .link = LINK(3e-4, 5e-5),
    },
    {
        .name = "strangers",
        .about = "a pool of strangers: three of seven are off by 5 ms",
        COMMON(1, 40000.0, 2e-2, 5e-3, 2e-3),
        .nodes = {SERVER("server1", 0.0), NODE("client", SEVEN, 1e-9), SERVER("server2", 0.0),
                  SERVER("server3", 2e-4), SERVER("server4", -2e-4), SERVER("false1", 5e-3),
                  SERVER("false2", 5e-3), SERVER("false3", 5e-3)},
        .link = LINK(1e-3, 2e-4),
        .links = {LINK_TO(2, 1.2e-3, 3e-4), LINK_TO(3, 8e-4, 2e-4), LINK_TO(4, 2e-3, 4e-4),
                  LINK_TO(6, 1.5e-3, 2e-4)},
    },
    {
        .name = "train",
        .about = "a day on a train: tunnels, and paths that change with each mast",
        COMMON(1, 86400.0, 5e-2, 0.1, 3e-2),
        .nodes = {SERVER("server", 0.0), CLIENT(1e-8)},
        .link = LINK(2e-2, 3e-3, .loss = 0.05, .outlier = 0.1, .outlier_delay = 0.2),
        .actions = {TUNNEL(6000.0, 6900.0), MAST(9000.0, 1e-2, 5e-3), TUNNEL(15000.0, 15300.0),
                    MAST(20000.0, -5e-3, 1e-2), MAST(27000.0, 2e-2, -1e-2),
                    TUNNEL(30000.0, 34000.0), MAST(34000.0, -2e-2, 0.0), MAST(45000.0, 1e-2, 1e-2),
                    TUNNEL(52000.0, 52600.0), MAST(60000.0, -1e-2, -1e-2), TUNNEL(66000.0, 72000.0),
                    MAST(72000.0, 5e-3, -5e-3)},
    },
    {
        .name = "congested-start",
        .about = "half an hour of congestion at the start",
        .tabled = true,
        .duration = 20000.0,
        .subject = 1,
        .from = 1000.0,
        .sync_offset = 5e-2,
        .sync_frequency = 5e-4,
        .seeds = 3,
        .limits = {.max_offset = 0.1, .rms_offset = 2e-2},
        .nodes = {SERVER("server", 0.0), CLIENT(1e-9)},
        .link = LINK(1e-2, 5e-4, .burst = {.period = 1e6, .length = 1800.0}, .burst_factor = 40.0),
    },
    {
        .name = "upload",
        .about = "somebody fills the buffer of a narrow line for some minutes each hour",
        COMMON(1, 86400.0, 5e-2, 0.2, 5e-2),
        .nodes = {SERVER("server", 0.0), CLIENT(3e-9)},
        THERE_AND_BACK(LINK(8e-3, 5e-4, .bloat_delay = 0.4,
                            .bloat = {.period = 3600.0, .length = 400.0, .random = true}),
                       LINK(5e-3, 5e-4)),
    },
    {
        .name = "tail",
        .about = "a wide network with a very heavy tail",
        COMMON(1, 40000.0, 5e-2, 2e-2, 5e-3),
        .nodes = {SERVER("server", 0.0), CLIENT(3e-9)},
        .link = {.delay = 3e-2, .kind = SIM_PARETO, .shape = 1.1, .jitter = 5e-3},
    },
    {
        .name = "two-paths",
        .about = "two servers, and the path to one of them becomes longer one way",
        COMMON(1, 40000.0, 2e-2, 5e-3, 2e-3),
        .nodes = {SERVER("server1", 0.0), NODE("client", "server server1\nserver server2\n", 1e-9),
                  SERVER("server2", 0.0)},
        .link = LINK(2e-3, 1e-4),
        .actions = {{15000.0, CHANGE_DELAY, 2, 2, 1e-3}},
    },
    {
        .name = "holdover",
        .about = "a day without the server",
        COMMON(1, 120000.0, 5e-3, 0.1, 5e-2),
        .nodes = {SERVER("server", 0.0), CLIENT(1e-9)},
        .link = LINK(5e-4, 1e-4),
        .actions = {{20000.0, LINKS_DOWN, 1, 0, 0.0}, {106400.0, LINKS_UP, 1, 0, 0.0}},
    },
    {
        .name = "restless",
        .about = "an oscillator that is quiet, wanders for hours and is quiet again",
        COMMON(1, 86400.0, 5e-3, 1e-2, 3e-3),
        .nodes = {SERVER("server", 0.0), CLIENT(3e-10)},
        .link = LINK(5e-4, 1e-4),
        .actions = {{15000.0, CHANGE_WANDER, 1, 0, 3e-8},
                    {25000.0, CHANGE_WANDER, 1, 0, 3e-10},
                    {50000.0, CHANGE_WANDER, 1, 0, 1e-8},
                    {65000.0, CHANGE_WANDER, 1, 0, 1e-10}},
    },
    {
        .name = "jumps",
        .about = "an oscillator whose frequency jumps back and forth by 0.2 ppm",
        COMMON(1, 86400.0, 5e-3, 5e-3, 1e-3),
        .nodes = {SERVER("server", 0.0), CLIENT(3e-10)},
        .link = LINK(5e-4, 1e-4),
        .actions = {{8000.0, CHANGE_FREQUENCY, 1, 0, 2e-7},
                    {11000.0, CHANGE_FREQUENCY, 1, 0, -2e-7},
                    {25000.0, CHANGE_FREQUENCY, 1, 0, 2e-7},
                    {40000.0, CHANGE_FREQUENCY, 1, 0, -2e-7},
                    {41000.0, CHANGE_FREQUENCY, 1, 0, 2e-7},
                    {60000.0, CHANGE_FREQUENCY, 1, 0, -2e-7},
                    {75000.0, CHANGE_FREQUENCY, 1, 0, 2e-7}},
    },
    {
        .name = "office-hours",
        .about = "a wide network that is loaded for a third of the day",
        COMMON(1, 172800.0, 2e-2, 2e-2, 5e-3),
        .nodes = {SERVER("server", 0.0), CLIENT(1e-9, .swing = 1e-7, .swing_period = 86400.0)},
        .link = LINK(1e-2, 3e-4, .burst = {.period = 86400.0, .length = 28800.0, .begin = 28800.0},
                     .burst_factor = 10.0, .queue = 1e-3, .queue_time = 600.0),
    },
    {
        .name = "near-and-far",
        .about = "four servers: two near ones, a far one and one behind a bad line",
        COMMON(1, 40000.0, 2e-2, 5e-3, 2e-3),
        .nodes = {SERVER("server1", 0.0), NODE("client", FOUR, 1e-9), SERVER("server2", 3e-5),
                  SERVER("server3", -2e-4), SERVER("server4", 1e-4)},
        .link = LINK(1e-3, 1e-4),
        .links = {LINK_TO(2, 2e-3, 2e-4), LINK_TO(3, 4e-2, 1e-3), LINK_TO(4, 8e-3, 5e-3)},
    },
    {
        .name = "first-hour",
        .about = "the first hour after the start, with a burst",
        .tabled = true,
        .duration = 3600.0,
        .subject = 1,
        .from = 200.0,
        .sync_offset = 5e-3,
        .sync_frequency = 5e-4,
        .seeds = 3,
        .limits = {.max_offset = 5e-3, .rms_offset = 2e-3},
        .nodes = {SERVER("server", 0.0), NODE("client", "server server iburst\n", 1e-9)},
        .link = LINK(2e-3, 2e-4),
    },
    {
        .name = "gps-sawtooth",
        .about = "pulses that the receiver rounds to its own clock",
        COMMON(0, 20000.0, 1e-3, 1e-6, 2e-7),
        .nodes = {HOST("refclock SHM 0 refid NMEA delay 0.2 noselect\n"
                       "refclock PPS /dev/pps0 refid PPS lock NMEA poll 2\nmakestep 1 3\n",
                       [SIM_SHM] = DEVICE(.offset = 0.05, .jitter = 1e-3),
                       [SIM_PPS] =
                           DEVICE(.jitter = 3e-9, .sawtooth = 2e-8, .sawtooth_period = 13.7))},
    },
    {
        .name = "nmea",
        .about = "a receiver whose sentences come 50 ms early or late",
        COMMON(0, 40000.0, 0.1, 0.2, 5e-2),
        .nodes = {HOST(
            "refclock SHM 0 refid NMEA delay 0.5\nmakestep 1 3\n", [SIM_SHM] =
                                                                       DEVICE(.jitter = 0.05))},
    },
    {
        .name = "nmea-pps",
        .about = "pulses locked to sentences that come 50 ms early or late",
        COMMON(0, 20000.0, 1e-3, 5e-6, 1e-6),
        .nodes = {HOST(
            NMEA_LOCKED, [SIM_SHM] = DEVICE(.jitter = 0.05), [SIM_PPS] = DEVICE(.jitter = 1e-7))},
    },
    {
        .name = "two-hops",
        .about = "a client of a client",
        COMMON(2, 40000.0, 5e-3, 2e-3, 5e-4),
        .nodes = {SERVER("server", 0.0), NODE("middle", "server server\nallow\n", 1e-9),
                  NODE("client", "server middle\n", 1e-9)},
        .link = LINK(5e-4, 1e-4),
    },
    {
        .name = "fifty-clients",
        .about = "one of fifty clients of a client",
        COMMON(2, 20000.0, 5e-3, 2e-3, 5e-4),
        .nodes = {SERVER("server", 0.0), NODE("middle", "server server\nallow\n", 1e-9),
                  NODE("client", "server middle minpoll 6 maxpoll 6\n", 1e-9)},
        .copies = 49,
        .link = LINK(5e-4, 1e-4),
    },
    {
        .name = "together",
        .about = "two peers that start together; only one of them has a server",
        COMMON(2, 20000.0, 5e-3, 2e-3, 5e-4),
        .nodes = {SERVER("server", 0.0),
                  NODE("first", "server server iburst\npeer client minpoll 4 maxpoll 6\nallow\n",
                       1e-9),
                  NODE("client", "peer first minpoll 4 maxpoll 6\nallow\n", 1e-9)},
        .link = LINK(5e-4, 1e-4),
    },
    {
        .name = "laptop",
        .about = "a laptop that sleeps for hours and is warm afterwards",
        COMMON(1, 86400.0, 5e-2, 0.2, 5e-2),
        .nodes = {SERVER("server", 0.0), CLIENT(3e-9)},
        .link = LINK(1e-3, 5e-4),
        .actions = {{20000.0, SUSPEND, 1, 0, 0.0},
                    {27000.0, CHANGE_FREQUENCY, 1, 0, 2e-6},
                    {27200.0, RESUME, 1, 0, 0.0},
                    {50000.0, SUSPEND, 1, 0, 0.0},
                    {79000.0, CHANGE_FREQUENCY, 1, 0, -2e-6},
                    {79200.0, RESUME, 1, 0, 0.0}},
    },
};

const struct scenario *scenario_field(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
