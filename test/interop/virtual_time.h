/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the simulator and the library that it preloads into another implementation's chronyd tell
 * each other: parameters in an environment variable, results in the last line of standard output.
 */
#ifndef TEST_INTEROP_VIRTUAL_TIME_H
#define TEST_INTEROP_VIRTUAL_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include "test/sim/clock.h"
#include "test/sim/devices.h"
#include "test/sim/nic.h"
#include "test/sim/tally.h"

#define VIRTUAL_TIME_VARIABLE  "CHRONY_VIRTUAL_TIME"
#define VIRTUAL_TIME_SERVER    "192.168.123.1"
#define VIRTUAL_TIME_TEXT_SIZE 1024

/* One direction: shortest delay, mean of the exponential addition, probability of a loss. */
struct virtual_link {
    double delay, jitter, loss;
};

struct virtual_time_params {
    uint64_t seed;
    int64_t start; /* seconds since 1970 */
    double duration;
    struct sim_oscillator oscillator;
    int node; /* of the scenario, whose place it takes */
    struct virtual_link there, back;
    int server_precision; /* of the server's clock, log2 of seconds */
    struct sim_nic nic;
    struct sim_device devices[SIM_DEVICES]; /* SHM, PPS, PHC, which is the clock of the card too */
    struct sim_bounds bounds;
};

void virtual_time_format(char text[static VIRTUAL_TIME_TEXT_SIZE],
                         const struct virtual_time_params *params);
bool virtual_time_parse(const char *text, struct virtual_time_params *params);
void virtual_time_format_result(char text[static VIRTUAL_TIME_TEXT_SIZE],
                                const struct sim_result *result);
bool virtual_time_parse_result(const char *text, struct sim_result *result);

#endif
