/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leap seconds: a true server whose kernel follows UTC, a relay that knows of the leap second from
 * a list, and a client that hears of it from the relay, in each leapsecmode. The one of
 * 2017-01-01, and one that is left out at the same place in a list made for it.
 */
#include "test/sim/scenario.h"

#define MIDNIGHT 1483228800 /* 2017-01-01 00:00:00 */
#define LIST_BEGIN                                                                                 \
    "#$ 3676924800\n#@ 3928521600\n3345062400 33\n3439756800 34\n3550089600 35\n3644697600 36\n"

static const char list_insert[] = LIST_BEGIN "3692217600 37\n";
static const char list_delete[] = LIST_BEGIN "3692217600 35\n";

#define COMMON(list)                                                                               \
    .duration = 20000.0, .start = MIDNIGHT - 10000, .from = 2000.0,                                \
    .link = {.delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-5},                              \
    .files = {{1, "/list", list}}
#define INSERT COMMON(list_insert), .leap_utc = MIDNIGHT, .leap = 1
#define DELETE COMMON(list_delete), .leap_utc = MIDNIGHT - 1, .leap = -1
#define NODES(lines)                                                                               \
    {                                                                                              \
        {.name = "server", .conf = "local stratum 1\nallow\n"},                                    \
            {.name = "relay",                                                                      \
             .conf = "server server maxpoll 6\nallow\nrtcsync\nleapseclist /list\n",               \
             .oscillator = {.offset = 0.01, .frequency = 1e-5, .wander = 1e-10}},                  \
        {                                                                                          \
            .name = "client", .conf = "server relay maxpoll 6\nrtcsync\n" lines, .oscillator = {   \
                .offset = -0.01,                                                                   \
                .frequency = -1e-5,                                                                \
                .wander = 1e-10                                                                    \
            }                                                                                      \
        }                                                                                          \
    }
#define INSERT_ACTION                                                                              \
    {                                                                                              \
        {                                                                                          \
            1000.0, KERNEL_LEAP, 0, 0, 1.0                                                         \
        }                                                                                          \
    }
#define DELETE_ACTION                                                                              \
    {                                                                                              \
        {                                                                                          \
            1000.0, KERNEL_LEAP, 0, 0, -1.0                                                        \
        }                                                                                          \
    }
#define RELAY_MESSAGES(kind)                                                                       \
    {1, "Using leap second list /list", 1, 1},                                                     \
        {1, "System clock status set to " kind " leap second", 1, 1},                              \
        {1, "System clock status reset after leap second", 1, 1},                                  \
    {                                                                                              \
        1, "stepped", 0, -1                                                                        \
    }

static const struct scenario scenarios[] = {
    {
        INSERT,
        .name = "leap-insert-system",
        .about = "a leap second is inserted by the kernel",
        .nodes = NODES("leapsecmode system\n"),
        .actions = INSERT_ACTION,
        .subject = 2,
        .limits = {.max_offset = 1e-3, .change = 1e-3},
        .messages = {RELAY_MESSAGES("insert"),
                     {2, "System clock status set to insert leap second", 1, 1},
                     {2, "System clock status reset after leap second", 1, 1}},
    },
    {
        INSERT,
        .name = "leap-insert-step",
        .about = "a leap second is inserted by a step of the daemon",
        .nodes = NODES("leapsecmode step\n"),
        .actions = INSERT_ACTION,
        .subject = 2,
        .limits = {.max_offset = 1e-3, .change = 1e-3},
        .messages = {RELAY_MESSAGES("insert"),
                     {2, "System clock was stepped for leap second", 1, 1},
                     {2, "System clock status", 0, -1}},
    },
    {
        INSERT,
        .name = "leap-insert-slew",
        .about = "a leap second is slewed away",
        .nodes = NODES("leapsecmode slew\n"),
        .actions = INSERT_ACTION,
        .subject = 2,
        .limits = {.max_offset = 1.001, .rms_offset = 0.03, .final_offset = 5e-4},
        .messages = {RELAY_MESSAGES("insert"),
                     {2, "Adjusting system clock for leap second", 1, 1},
                     {2, "stepped", 0, -1}},
    },
    {
        INSERT,
        .name = "leap-insert-ignore",
        .about = "a leap second is ignored and then found as an error",
        .nodes = NODES("leapsecmode ignore\nlogchange 0.1\n"),
        .actions = INSERT_ACTION,
        .subject = 2,
        .limits = {.max_offset = 1.5, .final_offset = 1e-3},
        .messages = {RELAY_MESSAGES("insert"),
                     {2, "Ignoring leap second", 1, 1},
                     {2, "System clock wrong by -", 1, 0},
                     {2, "stepped", 0, -1}},
    },
    {
        DELETE,
        .name = "leap-delete-system",
        .about = "a leap second is left out by the kernel",
        .nodes = NODES("leapsecmode system\n"),
        .actions = DELETE_ACTION,
        .subject = 2,
        .limits = {.max_offset = 1e-3, .change = 1e-3},
        .messages = {RELAY_MESSAGES("delete"),
                     {2, "System clock status set to delete leap second", 1, 1},
                     {2, "System clock status reset after leap second", 1, 1}},
    },
    {
        DELETE,
        .name = "leap-delete-step",
        .about = "a leap second is left out by a step of the daemon",
        .nodes = NODES("leapsecmode step\n"),
        .actions = DELETE_ACTION,
        .subject = 2,
        .limits = {.max_offset = 1e-3, .change = 1e-3},
        .messages = {RELAY_MESSAGES("delete"),
                     {2, "System clock was stepped for leap second", 1, 1}},
    },
    {
        DELETE,
        .name = "leap-delete-slew",
        .about = "a left out second is slewed",
        .nodes = NODES("leapsecmode slew\n"),
        .actions = DELETE_ACTION,
        .subject = 2,
        .limits = {.max_offset = 1.001, .rms_offset = 0.03, .final_offset = 5e-4},
        .messages = {RELAY_MESSAGES("delete"),
                     {2, "Adjusting system clock for leap second", 1, 1},
                     {2, "stepped", 0, -1}},
    },
    {
        DELETE,
        .name = "leap-delete-ignore",
        .about = "a left out second is ignored and then found as an error",
        .nodes = NODES("leapsecmode ignore\nlogchange 0.1\n"),
        .actions = DELETE_ACTION,
        .subject = 2,
        .limits = {.max_offset = 1.5, .final_offset = 1e-3},
        .messages = {RELAY_MESSAGES("delete"),
                     {2, "Ignoring leap second", 1, 1},
                     {2, "System clock wrong by ", 1, 0},
                     {2, "stepped", 0, -1}},
    },
    {
        COMMON(list_insert),
        .leap_utc = MIDNIGHT,
        .leap = 1,
        .name = "leap-smear",
        .about =
            "a server smears the leap second, so that its client sees no jump and no leap status",
        .nodes = {{.name = "server", .conf = "local stratum 1\nallow\n"},
                  {.name = "relay",
                   .conf = "server server maxpoll 6\nallow\nleapseclist /list\nleapsecmode slew\n"
                           "maxslewrate 1000\nsmoothtime 10000 1 leaponly\n",
                   .oscillator = {.offset = 0.001, .frequency = 1e-5, .wander = 1e-10}},
                  {.name = "client",
                   .conf = "server relay minpoll 4 maxpoll 4\n",
                   .oscillator = {.offset = -0.001, .frequency = -1e-5, .wander = 1e-10}}},
        .actions = INSERT_ACTION,
        .subject = 2,
        .limits = {.max_offset = 1.1, .max_frequency = 1e-2, .final_offset = 2e-3},
        .messages = {{1, "Adjusting system clock for leap second", 1, 1},
                     {1, "Activated time smoothing (leap seconds only)", 1, 1},
                     {2, "leap second", 0, -1}},
    },
};

const struct scenario *scenario_leap(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
