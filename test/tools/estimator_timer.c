/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processor time that a sample costs: for the samples with their regression alone, and with the
 * bank of filters. The same samples in turns; each kind is measured twice, so that the difference
 * of the two says how much a figure is worth. Called by test/bench/estimator.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/number.h"
#include "source/estimator.h"

#define SAMPLES 20000
#define ROUNDS  5

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

static double processor_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Microseconds for each sample of a source with exponential jitter. */
static double measure(enum estimator_kind kind)
{
    struct samples_params params = {.min_samples = 6, .asymmetry = 1.0, .precision = 1e-8};
    struct samples *samples = samples_new(&params);
    struct estimator *estimator = estimator_new(
        &(struct estimator_params){.kind = kind, .min_samples = 6, .precision = 1e-8}, samples);
    uint64_t state = 1;
    double start = processor_time();

    for (int i = 0; i < SAMPLES; i++) {
        struct samples_fit fit;
        double there = -1e-5 * log(uniform(&state)), back = -1e-5 * log(uniform(&state));
        struct source_sample sample = {
            .time = {instant_add((struct instant){1700000000, 0}, 16.0 * i)},
            .offset = 0.5 * (there - back),
            .peer_delay = 1e-3 + there + back,
            .peer_dispersion = 1e-7,
            .root_delay = 1e-3 + there + back,
            .root_dispersion = 1e-6,
        };
        samples_add(samples, &sample);
        samples_update(samples, &fit);
        estimator_add(estimator, &sample);
    }
    double elapsed = processor_time() - start;
    estimator_free(estimator);
    samples_free(samples);
    return 1e6 * elapsed / SAMPLES;
}

int main(void)
{
    static const struct {
        const char *name;
        enum estimator_kind kind;
    } columns[] = {{"regression", ESTIMATOR_REGRESSION},
                   {"again", ESTIMATOR_REGRESSION},
                   {"kalman", ESTIMATOR_KALMAN},
                   {"again", ESTIMATOR_KALMAN}};

    puts("Microseconds for a sample (kalman: with the regression)");
    for (size_t i = 0; i < COUNT(columns); i++)
        printf("%11s", columns[i].name);
    puts("");
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < COUNT(columns); i++)
            printf("%11.2f", measure(columns[i].kind));
        puts("");
    }
    return 0;
}
