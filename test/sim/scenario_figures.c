/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios that compare the discipline with figures of chrony: a client
 * of one perfect server of stratum 1 for 20,000 s; medians over 21 seeds.
 */
#include "test/sim/scenario.h"

#define SERVER                                                                                     \
    {                                                                                              \
        .name = "server", .conf = "local stratum 1\nallow\n"                                       \
    }
#define CLIENT(start, wander_step, lines)                                                          \
    {                                                                                              \
        .name = "client",                                                                          \
        .oscillator = {.offset = (start), .frequency = 1e-4, .wander = (wander_step)},             \
        .conf = (lines)                                                                            \
    }
#define LINK(base, mean)                                                                           \
    {                                                                                              \
        .delay = (base), .kind = SIM_EXPONENTIAL, .jitter = (mean)                                 \
    }
#define FIGURES(sync, max, rms, frequency)                                                         \
    {                                                                                              \
        .sync_time = (sync), .max_offset = (max), .rms_offset = (rms),                             \
        .rms_frequency = (frequency),                                                              \
    }
#define COMMON .figures = true, .duration = 20000.0, .subject = 1, .sync_frequency = 5e-4
#define LOCAL_NETWORK(jitter)                                                                      \
    COMMON, .from = 400.0, .sync_offset = 1e-3, .link = LINK(1e-4, (jitter))

static const struct scenario scenarios[] = {
    {
        .name = "default",
        LOCAL_NETWORK(1e-4),
        .about = "default options in a local network",
        .nodes = {SERVER, CLIENT(0.1, 1e-9, "server server\n")},
        .limits = FIGURES(131.0, 3.0e-4, 9.5e-5, 1.7e-7),
        .best = 4.02e-5,
    },
    {
        .name = "quiet",
        LOCAL_NETWORK(1e-6),
        .about = "little jitter and a stable oscillator",
        .nodes = {SERVER, CLIENT(0.1, 1e-10, "server server\n")},
        .limits = FIGURES(131.0, 5.6e-6, 1.6e-6, 6.3e-9),
        .best = 7.47e-7,
    },
    {
        .name = "wan",
        COMMON,
        .about = "delay and jitter of a wide area network",
        .from = 2000.0,
        .sync_offset = 1e-2,
        .link = LINK(2e-2, 2e-3),
        .nodes = {SERVER, CLIENT(0.1, 1e-9, "server server\n")},
        .limits = FIGURES(132.0, 1.1e-3, 5.5e-4, 2.6e-7),
        .best = 2.66e-4,
        /* A coin is tossed here: with three samples the skew is above maxupdateskew, so at 193 s
           6.5 ms have to be slewed, and it depends on the offset sd then, whose median lies there,
           whether that is faster than the limit of 5e-4. 48 % of 801 seeds are done at 132 s, the
           others at 207 s. Debian's chronyd tosses the same coins in "sim --against": of 801 seeds
           47 % were done at 132 s, and its median was 197 s. */
        .sync_check = 210.0,
    },
    {
        .name = "wander",
        LOCAL_NETWORK(1e-5),
        .about = "an unstable oscillator",
        .nodes = {SERVER, CLIENT(0.1, 1e-7, "server server\n")},
        .limits = FIGURES(131.0, 4.2e-4, 1.1e-4, 2.3e-6),
        .best = 2.51e-5,
    },
    {
        .name = "poll0",
        LOCAL_NETWORK(1e-5),
        .about = "a poll each second",
        .nodes = {SERVER, CLIENT(0.1, 1e-9, "server server minpoll 0 maxpoll 0\n")},
        .limits = FIGURES(5.0, 9.6e-6, 1.05e-6, 2.4e-7),
        .best = 2.14e-7,
    },
    {
        .name = "iburst",
        LOCAL_NETWORK(1e-4),
        .about = "a burst at the start",
        .nodes = {SERVER, CLIENT(0.1, 1e-9, "server server iburst\n")},
        .limits = FIGURES(6.0, 2.9e-4, 1.0e-4, 1.7e-7),
    },
    {
        .name = "step",
        LOCAL_NETWORK(1e-4),
        .about = "a step at the start",
        .nodes = {SERVER, CLIENT(1000.0, 1e-9, "server server iburst\nmakestep 1 3\n")},
        .limits = FIGURES(5.0, 3.0e-4, 1.0e-4, 1.7e-7),
    },
    {
        .name = "slew",
        LOCAL_NETWORK(1e-4),
        .about = "an offset of a second is slewed away",
        .nodes = {SERVER, CLIENT(1.0, 1e-9, "server server\n")},
        .limits = FIGURES(142.0, 3.0e-4, 9.9e-5, 1.8e-7),
    },
};

const struct scenario *scenario_figures(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
