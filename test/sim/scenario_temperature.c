/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Oscillators that depend on the temperature, and sensors that show it more or less well, or
 * something else. The limits of the RMS frequency are between what the same network gives without
 * templearn and what it gives with it; they hold for each estimator, if the lines do not name one.
 */
#include "test/sim/scenario.h"

#include <math.h>
#include <stdio.h>
#include "chronyd/chronyd.h"

/* 0.1 ppm per degree, 5 degrees up and down. */
#define SINE(seconds) .swing = 5e-7, .swing_period = (seconds)
#define SLOPE_PPM     (-1e-4) /* for each thousandth of a degree */

#define SENSOR_GOOD    .swing = 5000.0, .step = 125.0, .noise = 50.0
#define SENSOR_COARSE  .swing = 5000.0, .step = 1000.0
#define SENSOR_NOISE   .noise = 1000.0
#define SENSOR_OTHER   .swing = 5000.0, .period = 5000.0, .step = 1000.0
#define SENSOR_FAILING SENSOR_GOOD, .fails_from = 30000.0, .fails_until = 35400.0

#define COMMON(title, text)                                                                        \
    .name = (title), .about = (text), .duration = 50000.0, .subject = 1, .from = 20000.0,          \
    .sync_offset = 5e-3, .sync_frequency = 5e-4, .seeds = 5
#define NETWORK(jitter_mean, lines, sensors, ...)                                                  \
    .link = {.delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = (jitter_mean)},                     \
    .nodes = {                                                                                     \
        {.name = "server", .conf = "local stratum 1\nallow\n"},                                    \
        {.name = "client",                                                                         \
         .conf = "templearn /sensor 16\n" lines "\n",                                              \
         .sensor = {.path = "/sensor", .mean = 45000.0, SENSOR_##sensors},                         \
         .oscillator = {.offset = 0.1, .frequency = 1e-4, __VA_ARGS__}},                           \
    }
#define POLL(interval) "server server minpoll " #interval " maxpoll " #interval

static bool get_report(struct sim *sim, struct report_temperature *report)
{
    return temperature_learning_report(sim_node_daemon(sim, 1)->temperature_learning, report);
}

static bool slope_is_known(struct sim *sim)
{
    struct report_temperature report;

    if (get_report(sim, &report) && report.trust_percent > 40.0 &&
        fabs(report.slope_ppm - SLOPE_PPM) < 0.15 * fabs(SLOPE_PPM))
        return true;
    printf("temperature: the slope is %.3e ppm, trust %.0f %%\n", report.slope_ppm,
           report.trust_percent);
    return false;
}

/* Nothing was made of a temperature that says nothing: 0.01 ppm at most. */
static bool nothing_is_applied(struct sim *sim)
{
    struct report_temperature report;

    if (get_report(sim, &report) && fabs(report.compensation_ppm) < 0.01 && report.changes > 100)
        return true;
    printf("temperature: %.3e ppm are applied\n", report.compensation_ppm);
    return false;
}

static const struct scenario scenarios[] = {
    {
        COMMON("temperature6", "two hours up and down, shown by a good sensor, 64 s"),
        NETWORK(1e-5, POLL(6), GOOD, .wander = 1e-9, SINE(7200.0)),
        .limits = {.rms_offset = 9e-6, .rms_frequency = 9e-8},
        .check = slope_is_known,
    },
    {
        COMMON("temperature8", "the same, 256 s"),
        NETWORK(1e-5, POLL(8), GOOD, .wander = 1e-9, SINE(7200.0)),
        .limits = {.rms_offset = 4e-5, .rms_frequency = 1.4e-7},
        .check = slope_is_known,
    },
    {
        COMMON("temperature10", "the same, 1,024 s, estimator kalman"),
        NETWORK(1e-5, "estimator kalman\n" POLL(10), GOOD, .wander = 1e-9, SINE(7200.0)),
        .limits = {.rms_offset = 8e-5, .rms_frequency = 2e-7},
        .check = slope_is_known,
    },
    {
        COMMON("temperature-coarse", "whole degrees, quiet network, estimator kalman"),
        NETWORK(1e-6, "estimator kalman\n" POLL(6), COARSE, .wander = 1e-10, SINE(7200.0)),
        .limits = {.rms_offset = 1.45e-6, .rms_frequency = 2.8e-8},
        .check = slope_is_known,
    },
    {
        COMMON("temperature-day", "a day up and down, shown in whole degrees"),
        NETWORK(1e-5, POLL(8), COARSE, .wander = 1e-9, SINE(43200.0), .swing_straight = true),
        .limits = {.rms_offset = 3e-5, .rms_frequency = 1e-7},
        .check = slope_is_known,
    },
    {
        COMMON("temperature-noise", "a sensor that shows noise"),
        NETWORK(1e-5, POLL(6), NOISE, .wander = 1e-9),
        .limits = {.rms_offset = 8e-6, .rms_frequency = 1e-7},
        .check = nothing_is_applied,
    },
    {
        COMMON("temperature-other", "a sensor of something else"),
        NETWORK(1e-5, POLL(6), OTHER, .wander = 1e-9),
        .limits = {.rms_offset = 8e-6, .rms_frequency = 1e-7},
        .check = nothing_is_applied,
    },
    {
        COMMON("temperature-both", "another temperature than that of the oscillator"),
        NETWORK(1e-5, POLL(8), OTHER, .wander = 1e-9, SINE(7200.0)),
        .limits = {.rms_offset = 1.2e-4, .rms_frequency = 5e-7},
        .check = nothing_is_applied,
    },
    {
        COMMON("temperature-failing", "the sensor fails for an hour and a half"),
        NETWORK(1e-5, POLL(8), FAILING, .wander = 1e-9, SINE(7200.0)),
        .limits = {.rms_offset = 7e-5, .rms_frequency = 3e-7},
        .messages = {{1, "Could not read temperature from /sensor", 1, 1},
                     {1, "Reading temperature from /sensor works again", 1, 1},
                     {1, "Clock follows temperature from /sensor by -", 1, 1}},
        .check = slope_is_known,
    },
};

const struct scenario *scenario_temperature(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
