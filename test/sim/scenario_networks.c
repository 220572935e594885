/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The networks for which doc/design/estimator.md has figures: local and wide ones, and one in the
 * middle ("mid") with one difficulty at a time, at default intervals and at one of 64 s. Another
 * chronyd runs in the same ones (sim --against). Limits hold for each estimator and are wide: they
 * catch what is broken, and tables tell what is better.
 */
#include "test/sim/scenario.h"

#define SERVER(start)                                                                              \
    {                                                                                              \
        .name = "server", .conf = "local stratum 1\nallow\n", .oscillator = {.offset = (start) }   \
    }
#define CLIENT(wander_step, lines, ...)                                                            \
    {                                                                                              \
        .name = "client", .conf = (lines), .oscillator = {                                         \
            .offset = 0.1,                                                                         \
            .frequency = 1e-4,                                                                     \
            .wander = (wander_step),                                                               \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define LINK(base, mean)                                                                           \
    {                                                                                              \
        .delay = (base), .kind = SIM_EXPONENTIAL, .jitter = (mean)                                 \
    }
/* max, rms: limits of the offset. */
#define COMMON(start, sync, max, rms)                                                              \
    .tabled = true, .duration = 20000.0, .subject = 1, .from = (start), .sync_offset = (sync),     \
    .sync_frequency = 5e-4, .seeds = 3, .limits = {.max_offset = (max), .rms_offset = (rms)}

#define DEFAULT_POLL "server server\n"
#define POLL6        "server server minpoll 6 maxpoll 6\n"
#define POLL4        "server server minpoll 4 maxpoll 4\n"
#define POLL4_TO_6   "server server minpoll 4 maxpoll 6\n"
#define POLL0        "server server minpoll 0 maxpoll 0\n"

#define LAN(title, text, poll, wander_step, max, rms, ...)                                         \
    {                                                                                              \
        .name = (title), .about = (text), COMMON(400.0, 1e-3, max, rms),                           \
        .nodes = {SERVER(0.0), CLIENT(wander_step, poll)}, __VA_ARGS__                             \
    }
#define WAN(title, text, poll, wander_step, max, rms, ...)                                         \
    {                                                                                              \
        .name = (title), .about = (text), COMMON(2000.0, 2e-2, max, rms),                          \
        .nodes = {SERVER(0.0), CLIENT(wander_step, poll)}, __VA_ARGS__                             \
    }
#define MID_LINK .delay = 5e-4, .jitter = 1e-4
/* At both intervals, with the limits of each. */
#define MID(suffix, text, max, rms, max_6, rms_6, ...)                                             \
    WAN("mid" suffix, text, DEFAULT_POLL, 1e-9, max, rms, __VA_ARGS__),                            \
        WAN("mid6" suffix, text ", 64 s", POLL6, 1e-9, max_6, rms_6, __VA_ARGS__)
#define BOTH_WAYS(...)              .link = {MID_LINK, __VA_ARGS__}
#define THERE_AND_BACK(there, back) .links = {{true, 1, 0, there}, {true, 0, 1, back}}
#define CHANGE(kind, from, to, by)                                                                 \
    {                                                                                              \
        10000.0, kind, (from), (to), (by)                                                          \
    }
/* Its oscillator has more than a wander. */
#define MID_CLOCK(title, text, poll, max, rms, ...)                                                \
    {                                                                                              \
        .name = (title), .about = (text), COMMON(2000.0, 2e-2, max, rms), .link = {MID_LINK},      \
        .nodes = {                                                                                 \
            SERVER(0.0),                                                                           \
            CLIENT(1e-9, poll, __VA_ARGS__)                                                        \
        }                                                                                          \
    }

#define FIVE_LINES                                                                                 \
    "server server1\nserver server2\nserver server3\nserver server4\nserver server5\n"
#define NAMED(title, start)                                                                        \
    {                                                                                              \
        .name = (title), .conf = "local stratum 1\nallow\n", .oscillator = {.offset = (start) }    \
    }
#define FIVE(a, b, c, d, e)                                                                        \
    .link = LINK(5e-3, 1e-3),                                                                      \
    .nodes = {                                                                                     \
        NAMED("server1", a), CLIENT(1e-9, FIVE_LINES), NAMED("server2", b),                        \
        NAMED("server3", c), NAMED("server4", d),      NAMED("server5", e),                        \
    }

static const struct scenario scenarios[] = {
    LAN("lan", "a local network", DEFAULT_POLL, 1e-9, 2e-4, 6e-5, .link = LINK(1e-4, 1e-5),
        .best = 7.92e-6),
    LAN("poll4", "an interval of 16 s and an oscillator that wanders", POLL4, 1e-8, 3e-4, 6e-5,
        .link = LINK(1e-4, 1e-4), .limits.calibration = 6.0, .limits.exceeded = 0.02,
        .best = 1.13e-5),
    LAN("asym", "nine times the jitter on the way back", POLL4_TO_6, 1e-9, 1e-3, 4e-4,
        THERE_AND_BACK(LINK(1e-3, 2e-4), LINK(1e-3, 1.8e-3)), .limits.exceeded = 1e-3),
    WAN("wanbad", "a bad wide area network", DEFAULT_POLL, 1e-8, 0.05, 0.02,
        .link = LINK(5e-2, 1e-2), .best = 1.67e-3),
    {
        .name = "five-wan",
        .about = "five servers in a wide area network",
        COMMON(2000.0, 2e-2, 2e-3, 8e-4),
        FIVE(0.0, 0.0, 0.0, 0.0, 0.0),
        .best = 7.73e-5,
    },
    {
        .name = "five-bias",
        .about = "five servers with constant errors of 2, 1, 0, -1 and -2 ms",
        COMMON(2000.0, 2e-2, 4e-3, 2e-3),
        FIVE(2e-3, 1e-3, 0.0, -1e-3, -2e-3),
    },
    MID("", "between local and wide", 1e-3, 4e-4, 2e-4, 6e-5, BOTH_WAYS(.loss = 0.0),
        .limits.exceeded = 0.01),
    MID("-asym", "nine times the jitter on the way back", 6e-4, 3e-4, 2e-4, 6e-5,
        THERE_AND_BACK(LINK(5e-4, 2e-5), LINK(5e-4, 1.8e-4))),
    MID("-loss", "30 % of the exchanges are lost", 1e-3, 4e-4, 3e-4, 1e-4,
        BOTH_WAYS(.loss = 0.1633)),
    MID("-route", "the path becomes longer by 1 ms each way", 3e-3, 1e-3, 1e-3, 3e-4,
        BOTH_WAYS(.loss = 0.0),
        .actions = {CHANGE(CHANGE_DELAY, 0, 2, 1e-3), CHANGE(CHANGE_DELAY, 1, 1, 1e-3)}),
    MID("-routedn", "the path becomes shorter by 1 ms each way", 3e-3, 1e-3, 1e-3, 3e-4,
        .link = LINK(1.5e-3, 1e-4),
        .actions = {CHANGE(CHANGE_DELAY, 0, 2, -1e-3), CHANGE(CHANGE_DELAY, 1, 1, -1e-3)}),
    MID("-route1", "the path becomes longer by 2 ms one way", 3e-3, 1e-3, 3e-3, 1e-3,
        BOTH_WAYS(.loss = 0.0), .actions = {CHANGE(CHANGE_DELAY, 0, 2, 2e-3)}),
    MID("-fstep", "the oscillator's frequency makes a step of 1 ppm", 3e-3, 1e-3, 4e-4, 1e-4,
        BOTH_WAYS(.loss = 0.0), .actions = {CHANGE(CHANGE_FREQUENCY, 1, 0, 1e-6)}),
    MID("-sstep", "the server steps by 2 ms", 4e-3, 2e-3, 4e-3, 2e-3, BOTH_WAYS(.loss = 0.0),
        .actions = {CHANGE(STEP_CLOCK, 0, 0, 2e-3)}),
    MID("-sslew", "the server slews by 2 ms in 500 s", 4e-3, 2e-3, 4e-3, 2e-3,
        BOTH_WAYS(.loss = 0.0),
        .actions = {CHANGE(CHANGE_FREQUENCY, 0, 0, 4e-6),
                    {10500.0, CHANGE_FREQUENCY, 0, 0, -4e-6}}),
    MID("-gauss", "normal jitter on both sides of the delay", 1e-3, 4e-4, 3e-4, 1e-4,
        BOTH_WAYS(.kind = SIM_GAUSS)),
    MID("-pareto", "jitter with a heavy tail", 1e-3, 4e-4, 3e-4, 1e-4,
        BOTH_WAYS(.kind = SIM_PARETO, .shape = 1.5)),
    MID("-outlier", "5 % of the packets are late by up to 5 ms", 1e-3, 4e-4, 3e-4, 1e-4,
        BOTH_WAYS(.outlier = 0.05, .outlier_delay = 5e-3)),
    MID("-burst", "ten times the jitter for a quarter of the time", 3e-3, 1e-3, 2e-3, 3e-4,
        BOTH_WAYS(.burst = {.period = 2400.0, .length = 600.0}, .burst_factor = 10.0)),
    MID("-queue", "a queue on the way there that comes and goes within 300 s", 3e-3, 1e-3, 3e-3,
        1e-3, .link = {MID_LINK},
        .links = {{true, 1, 0, {MID_LINK, .queue = 5e-4, .queue_time = 300.0}}}),
    MID_CLOCK("mid-temp", "a sine in the oscillator's frequency", DEFAULT_POLL, 3e-3, 1e-3,
              .swing = 3e-7, .swing_period = 7200.0),
    MID_CLOCK("mid6-temp", "a sine in the oscillator's frequency, 64 s", POLL6, 4e-4, 2e-4,
              .swing = 3e-7, .swing_period = 7200.0),
    MID_CLOCK("mid-noise", "white noise of the frequency", DEFAULT_POLL, 1e-3, 4e-4, .noise = 1e-6),
    MID_CLOCK("mid6-noise", "white noise of the frequency, 64 s", POLL6, 4e-4, 1e-4, .noise = 1e-6),
    LAN("nowander", "an oscillator that does not wander", DEFAULT_POLL, 1e-12, 3e-4, 1e-4,
        BOTH_WAYS(.loss = 0.0)),
    LAN("nowander6", "an oscillator that does not wander, 64 s", POLL6, 1e-12, 2e-4, 5e-5,
        BOTH_WAYS(.loss = 0.0)),
    LAN("constant", "practically constant delays, 1 s", POLL0, 1e-9, 1e-6, 2e-7,
        .link = {.delay = 1e-5, .kind = SIM_GAUSS, .jitter = 1e-8}),
    LAN("constant6", "practically constant delays, 64 s", POLL6, 1e-9, 1e-5, 4e-6,
        .link = {.delay = 1e-5, .kind = SIM_GAUSS, .jitter = 1e-8}),
};

const struct scenario *scenario_networks(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
