/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks and options beyond those of scenario_figures.c, without figures of their own: another
 * chronyd gives them (sim --against). Alone they check that the client gets in step and stays sane.
 */
#include "test/sim/scenario.h"

#define LINK(base, mean)                                                                           \
    {                                                                                              \
        .delay = (base), .kind = SIM_EXPONENTIAL, .jitter = (mean)                                 \
    }
#define NETWORK(base, mean, start, error, wander_step, lines)                                      \
    .link = LINK(base, mean),                                                                      \
    .nodes = {                                                                                     \
        {.name = "server", .conf = "local stratum 1\nallow\n"},                                    \
        {.name = "client",                                                                         \
         .oscillator = {.offset = (start), .frequency = (error), .wander = (wander_step)},         \
         .conf = (lines)},                                                                         \
    }
#define COMMON                                                                                     \
    .compared = true, .duration = 20000.0, .subject = 1, .from = 2000.0, .sync_offset = 5e-3,      \
    .sync_frequency = 5e-4
#define LAN(lines) NETWORK(1e-4, 1e-4, 0.1, 1e-4, 1e-9, lines)

static const struct scenario scenarios[] = {
    {
        .name = "poll-16s",
        COMMON,
        .about = "a fixed interval of 16 s",
        LAN("server server minpoll 4 maxpoll 4\n"),
        .limits = {.sync_time = 70.0, .max_offset = 0.00015},
    },
    {
        .name = "lossy",
        COMMON,
        .about = "a third of the packets is lost in each direction",
        .link = {.delay = 1e-3, .kind = SIM_EXPONENTIAL, .jitter = 2e-4, .loss = 0.33},
        .nodes = {{.name = "server", .conf = "local stratum 1\nallow\n"},
                  {.name = "client",
                   .oscillator = {.offset = 0.1, .frequency = 1e-4, .wander = 1e-9},
                   .conf = "server server\n"}},
        .limits = {.sync_time = 1500.0, .max_offset = 0.001},
    },
    {
        .name = "one-way-jitter",
        COMMON,
        .about = "the way back has the jitter",
        LAN("server server minpoll 4 maxpoll 6\n"),
        .links = {{true, 0, 1, LINK(1e-4, 2e-3)}},
        .limits = {.sync_time = 150.0, .max_offset = 0.0008},
    },
    {
        .name = "filtered",
        COMMON,
        .about = "a median filter over eight samples",
        NETWORK(1e-3, 5e-4, 0.1, 1e-4, 1e-9, "server server minpoll 1 maxpoll 1 filter 8\n"),
        .limits = {.sync_time = 130.0, .max_offset = 0.0004},
    },
    {
        .name = "many-samples",
        COMMON,
        .about = "at least 32 samples in the regression",
        LAN("server server minpoll 5 maxpoll 5 minsamples 32\n"),
        .limits = {.sync_time = 140.0, .max_offset = 0.00015},
    },
    {
        .name = "few-samples",
        COMMON,
        .about = "at most 6 samples in the regression",
        LAN("server server minpoll 5 maxpoll 5 maxsamples 6\n"),
        .limits = {.sync_time = 140.0, .max_offset = 0.0006},
    },
    {
        .name = "polltarget",
        COMMON,
        .about = "intervals that are to give 30 samples",
        NETWORK(1e-3, 1e-4, 0.1, 1e-4, 1e-8, "server server polltarget 30 minpoll 2 maxpoll 12\n"),
        .limits = {.sync_time = 140.0, .max_offset = 0.0006},
    },
    {
        .name = "corrtimeratio",
        COMMON,
        .about = "slow corrections of the offset",
        LAN("server server minpoll 4 maxpoll 4\ncorrtimeratio 20\n"),
        .limits = {.sync_time = 80.0, .max_offset = 0.0002},
    },
    {
        .name = "maxupdateskew",
        COMMON,
        .about = "frequencies that are known badly are not used",
        NETWORK(2e-3, 1e-3, 0.1, 1e-4, 1e-9,
                "server server minpoll 4 maxpoll 6\nmaxupdateskew 2\n"),
        .limits = {.sync_time = 2000.0, .max_offset = 0.001},
    },
    {
        .name = "maxslewrate",
        COMMON,
        .about = "a slew of 200 ppm at most",
        NETWORK(1e-4, 1e-4, -0.2, -5e-5, 1e-9,
                "server server minpoll 4 maxpoll 6\nmaxslewrate 200\n"),
        .limits = {.sync_time = 1200.0, .max_offset = 0.0003},
    },
    {
        .name = "far-off",
        COMMON,
        .about = "an oscillator that is 800 ppm too slow",
        NETWORK(1e-4, 1e-4, -3.0, -8e-4, 1e-9, "server server iburst\n"),
        .limits = {.sync_time = 140.0, .max_offset = 0.0008},
    },
    {
        .name = "wild",
        COMMON,
        .about = "an oscillator that wanders a lot, over much jitter",
        NETWORK(5e-3, 1e-3, 0.1, 1e-4, 1e-6, "server server\n"),
        .limits = {.max_offset = 0.02},
    },
    {
        .name = "maxdelayratio",
        COMMON,
        .about = "samples with a long delay are dropped",
        NETWORK(1e-4, 1e-4, 0.1, 1e-4, 1e-8, "server server minpoll 4 maxpoll 6 maxdelayratio 2\n"),
        .limits = {.sync_time = 140.0, .max_offset = 0.0008},
    },
    {
        .name = "maxdelaydevratio",
        COMMON,
        .about = "samples with a delay far from the others are dropped",
        NETWORK(1e-3, 1e-3, 0.1, 1e-4, 1e-8,
                "server server minpoll 4 maxpoll 6 maxdelaydevratio 2\n"),
        .limits = {.sync_time = 140.0, .max_offset = 0.003},
    },
};

const struct scenario *scenario_compare(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
