/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processor time that a sample costs, and a change of the clock with thousands of sources: for the
 * samples with their regression alone, and with the bank of filters. The same samples in turns;
 * each kind is measured twice, so that the difference of the two says how much a figure is worth.
 * Called by test/bench/estimator.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/number.h"
#include "source/estimator.h"

#define SAMPLES         20000
#define ROUNDS          5
#define SOURCES         10000
#define SAMPLES_OF_EACH 16
#define CHANGES         10
#define START           1700000000

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

struct source {
    struct samples *samples;
    struct estimator *estimator;
};

static struct source new_source(enum estimator_kind kind)
{
    struct samples_params params = {.min_samples = 6, .asymmetry = 1.0, .precision = 1e-8};
    struct source s = {.samples = samples_new(&params)};

    s.estimator = estimator_new(
        &(struct estimator_params){.kind = kind, .min_samples = 6, .precision = 1e-8}, s.samples);
    return s;
}

static void free_source(struct source *s)
{
    estimator_free(s->estimator);
    samples_free(s->samples);
}

/* Samples with exponential jitter. */
static void add_samples(struct source *s, int count, uint64_t *state)
{
    for (int i = 0; i < count; i++) {
        struct samples_fit fit;
        double there = -1e-5 * log(uniform(state)), back = -1e-5 * log(uniform(state));
        struct source_sample sample = {
            .time = {instant_add((struct instant){START, 0}, 16.0 * i)},
            .offset = 0.5 * (there - back),
            .peer_delay = 1e-3 + there + back,
            .peer_dispersion = 1e-7,
            .root_delay = 1e-3 + there + back,
            .root_dispersion = 1e-6,
        };
        samples_add(s->samples, &sample);
        samples_update(s->samples, &fit);
        estimator_add(s->estimator, &sample);
    }
}

/* Microseconds for each sample of a source. */
static double measure_samples(enum estimator_kind kind)
{
    struct source s = new_source(kind);
    uint64_t state = 1;
    double start = processor_time();

    add_samples(&s, SAMPLES, &state);
    double elapsed = processor_time() - start;
    free_source(&s);
    return 1e6 * elapsed / SAMPLES;
}

/* Milliseconds for a change of the clock that all sources follow. */
static double measure_changes(enum estimator_kind kind)
{
    static struct source sources[SOURCES];
    struct local_time when = {{START + 16 * SAMPLES_OF_EACH, 0}};
    uint64_t state = 1;

    for (int i = 0; i < SOURCES; i++) {
        sources[i] = new_source(kind);
        add_samples(&sources[i], SAMPLES_OF_EACH, &state);
    }
    double start = processor_time();
    for (int change = 0; change < CHANGES; change++)
        for (int i = 0; i < SOURCES; i++) {
            samples_slew(sources[i].samples, when, 1e-9, 1e-6);
            estimator_slew(sources[i].estimator, when, 1e-9, 1e-6);
        }
    double elapsed = processor_time() - start;
    for (int i = 0; i < SOURCES; i++)
        free_source(&sources[i]);
    return 1e3 * elapsed / CHANGES;
}

static void print_table(const char *title, double (*measure)(enum estimator_kind kind))
{
    static const struct {
        const char *name;
        enum estimator_kind kind;
    } columns[] = {{"regression", ESTIMATOR_REGRESSION},
                   {"again", ESTIMATOR_REGRESSION},
                   {"kalman", ESTIMATOR_KALMAN},
                   {"again", ESTIMATOR_KALMAN}};

    puts(title);
    for (size_t i = 0; i < COUNT(columns); i++)
        printf("%11s", columns[i].name);
    puts("");
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < COUNT(columns); i++)
            printf("%11.2f", measure(columns[i].kind));
        puts("");
    }
}

int main(void)
{
    print_table("Microseconds for a sample (kalman: with the regression)", measure_samples);
    print_table("Milliseconds for a change of the clock with 10000 sources", measure_changes);
    return 0;
}
