/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs, and medians and means of their figures; see run.h.
 */
#include "test/sim/run.h"

#include <stdlib.h>
#include "base/text.h"

double run_duration(const struct run_options *options, const struct scenario *scenario)
{
    return options->duration > 0.0 ? options->duration : scenario->duration;
}

struct sim *run_scenario(const struct run_options *options, const struct scenario *scenario,
                         uint64_t seed)
{
    struct sim *sim = scenario_prepare(scenario, seed);

    sim_set_conf(sim, options->conf);
    sim_print_messages(sim, options->messages);
    if (options->offsets)
        sim_keep_offsets(sim, scenario->subject);
    if (options->honesty)
        sim_measure_honesty(sim, scenario->subject);
    if (options->time_page)
        sim_read_time_page(sim, scenario->subject);
    if (options->repeat)
        scenario_repeat(scenario, sim, run_duration(options, scenario));
    sim_run(sim, run_duration(options, scenario));
    return sim;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), compare_doubles);
    return count % 2 != 0 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

struct series series_new(int capacity)
{
    struct series series = {0};

    for (int i = 0; i < FIGURES; i++)
        series.values[i] = mem_array((size_t)capacity, sizeof(double));
    return series;
}

void series_free(struct series *series)
{
    for (int i = 0; i < FIGURES; i++)
        free(series->values[i]);
}

void series_add(struct series *series, const struct sim_result *r,
                const struct sim_honesty *honesty)
{
    int i = series->count++;

    series->values[SYNC_TIME][i] = r->sync_time;
    series->values[MAX_OFFSET][i] = r->max_offset;
    series->values[RMS_OFFSET][i] = r->rms_offset;
    series->values[MAX_FREQUENCY][i] = r->max_frequency;
    series->values[RMS_FREQUENCY][i] = r->rms_frequency;
    series->values[PACKETS][i] = (double)r->packets;
    if (!honesty)
        return;
    series->honesty.updates += honesty->updates;
    series->honesty.square_ratio += honesty->square_ratio;
    series->honesty.seconds += honesty->seconds;
    series->honesty.exceeded += honesty->exceeded;
}

struct sim_result series_medians(struct series *series)
{
    int n = series->count;

    return (struct sim_result){
        .sync_time = median(series->values[SYNC_TIME], n),
        .max_offset = median(series->values[MAX_OFFSET], n),
        .rms_offset = median(series->values[RMS_OFFSET], n),
        .max_frequency = median(series->values[MAX_FREQUENCY], n),
        .rms_frequency = median(series->values[RMS_FREQUENCY], n),
        .packets = (uint64_t)median(series->values[PACKETS], n),
    };
}

double series_mean(const struct series *series, enum figure figure)
{
    double sum = 0.0;

    for (int i = 0; i < series->count; i++)
        sum += series->values[figure][i];
    return sum / series->count;
}

struct series series_run(const struct run_options *options, const struct scenario *scenario,
                         uint64_t seed, int count)
{
    struct series series = series_new(count);

    for (int i = 0; i < count; i++) {
        struct sim *sim = run_scenario(options, scenario, seed + (uint64_t)i);
        struct sim_result result;
        struct sim_honesty honesty;

        sim_get_result(sim, scenario->subject, &result);
        sim_get_honesty(sim, scenario->subject, &honesty);
        series_add(&series, &result, &honesty);
        sim_free(sim);
    }
    return series;
}
