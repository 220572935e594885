/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intervals by accuracy (pollpolicy accuracy): constant where nothing changes, and shorter soon
 * after an oscillator becomes restless. What the interval was is read from the log of measurements.
 */
#include <stdio.h>
#include <string.h>
#include "test/sim/scenario.h"

#define LINES(options, ratio)                                                                      \
    "server server " options "\n"                                                                  \
    "estimator kalman\n"                                                                           \
    "pollpolicy accuracy " ratio "\n"                                                              \
    "logdir /log\n"                                                                                \
    "log measurements\n"
#define NODES(options, ratio, wander_step)                                                         \
    {                                                                                              \
        {.name = "server", .conf = "local stratum 1\nallow\n"},                                    \
        {                                                                                          \
            .name = "client", .conf = LINES(options, ratio), .oscillator = {                       \
                .offset = 0.1,                                                                     \
                .frequency = 1e-4,                                                                 \
                .wander = (wander_step),                                                           \
            }                                                                                      \
        }                                                                                          \
    }
#define CONSTANT_FROM 20000.0

/* The shortest and the longest interval (log2 s) between two times after the start, on the same day
   or on the next ones. */
static bool intervals(struct sim *sim, double from, double until, int *shortest, int *longest)
{
    const char *line = sim_files_text(sim_node_files(sim, 1), "/log/measurements.log");
    bool found = false;

    for (; line; line = strchr(line, '\n')) {
        int day, hour, minute, second, poll;
        line += *line == '\n';
        if (sscanf(line, "2010-01-%d %d:%d:%d", &day, &hour, &minute, &second) != 4 ||
            strlen(line) < 54 || sscanf(line + 53, "%*d %d", &poll) != 1)
            continue;
        double time = 86400.0 * (day - 1) + 3600.0 * hour + 60.0 * minute + second;
        if (time < from || time >= until)
            continue;
        if (!found)
            *shortest = *longest = poll;
        *shortest = poll < *shortest ? poll : *shortest;
        *longest = poll > *longest ? poll : *longest;
        found = true;
    }
    if (!found)
        printf("no measurement from %.0f to %.0f s\n", from, until);
    return found;
}

static bool stays(struct sim *sim)
{
    int shortest, longest;

    if (!intervals(sim, CONSTANT_FROM, sim_time(sim), &shortest, &longest))
        return false;
    if (shortest >= 7 && longest <= shortest + 1)
        return true;
    printf("intervals of 2^%d to 2^%d s\n", shortest, longest);
    return false;
}

/* Restless from 40000 s to 60000 s. */
static bool follows(struct sim *sim)
{
    int shortest[4], longest[4];

    if (!intervals(sim, 30000.0, 40000.0, &shortest[0], &longest[0]) ||
        !intervals(sim, 40000.0, 41500.0, &shortest[1], &longest[1]) ||
        !intervals(sim, 45000.0, 60000.0, &shortest[2], &longest[2]) ||
        !intervals(sim, 80000.0, 100000.0, &shortest[3], &longest[3]))
        return false;
    if (shortest[0] >= 7 && shortest[1] < shortest[0] && longest[2] < shortest[0] &&
        shortest[3] >= 7)
        return true;
    for (int i = 0; i < 4; i++)
        printf("intervals of 2^%d to 2^%d s\n", shortest[i], longest[i]);
    return false;
}

#define STAYS(title, text, options, wander_step, sync, rms, ...)                                   \
    {                                                                                              \
        .name = (title), .about = (text), .duration = 120000.0, .subject = 1,                      \
        .from = CONSTANT_FROM, .sync_offset = (sync), .sync_frequency = 5e-4, .seeds = 3,          \
        .limits = {.rms_offset = (rms)}, .nodes = NODES(options, "", wander_step), .check = stays, \
        .link = {                                                                                  \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const struct scenario scenarios[] = {
    STAYS("polling-local", "an interval by accuracy in a local network", "", 1e-9, 1e-3, 1.2e-5,
          .delay = 1e-4, .jitter = 1e-5),
    STAYS("polling-wide", "an interval by accuracy in a wide network", "", 1e-9, 2e-2, 3.2e-4,
          .delay = 2e-2, .jitter = 2e-3),
    STAYS("polling-lossy", "an interval by accuracy, and 20 % of the packets are lost each way", "",
          1e-9, 1e-3, 8e-5, .delay = 5e-4, .jitter = 1e-4, .loss = 0.2),
    {
        .name = "polling-restless",
        .about = "an oscillator wanders a hundred times as much for some hours",
        .duration = 100000.0,
        .subject = 1,
        .from = 1000.0,
        .sync_offset = 1e-2,
        .sync_frequency = 5e-4,
        .seeds = 3,
        .link = {.delay = 1e-4, .jitter = 1e-5},
        .nodes = NODES("minpoll 4", "5", 1e-9),
        .actions = {{40000.0, CHANGE_WANDER, 1, 0, 1e-7}, {60000.0, CHANGE_WANDER, 1, 0, 1e-9}},
        .limits = {.max_offset = 2e-3, .rms_offset = 1e-4},
        .check = follows,
    },
};

const struct scenario *scenario_polling(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
