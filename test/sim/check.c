/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks: limits of each scenario, and medians beside figures of chrony.
 */
#include "test/sim/request.h"

#include <stdio.h>

/* Single seeds scatter by a factor of two, medians of 21 still by a tenth. */
#define CHECK_SEEDS  21
#define CHECK_MARGIN 1.15
#define TABLE_SEEDS  21

static bool compare(const struct scenario *scenario, const char *what, double value, double figure)
{
    if (figure == 0.0 || value <= CHECK_MARGIN * figure)
        return true;
    printf("%s: median of %s is %.3e, more than %.2f times %.3e\n", scenario->name, what, value,
           CHECK_MARGIN, figure);
    return false;
}

static struct sim_result run_seeds(const struct request *request, const struct scenario *scenario,
                                   int seeds)
{
    struct series series = series_run(&request->run, scenario, request->seed, seeds);
    struct sim_result result = series_medians(&series);

    series_free(&series);
    return result;
}

static bool check_figures(const struct request *request, const struct scenario *scenario)
{
    struct sim_result r = run_seeds(request, scenario, CHECK_SEEDS);
    const struct limits *l = &scenario->limits;
    double sync_limit =
        scenario->sync_check > 0.0 ? scenario->sync_check / CHECK_MARGIN : l->sync_time;
    bool sync = compare(scenario, "time to synchronise", r.sync_time, sync_limit);
    bool offset = compare(scenario, "RMS offset", r.rms_offset, l->rms_offset);
    bool frequency = compare(scenario, "RMS frequency error", r.rms_frequency, l->rms_frequency);

    return sync && offset && frequency;
}

static bool check_one(const struct request *request, const struct scenario *scenario)
{
    bool good;

    if (scenario->figures) {
        good = check_figures(request, scenario);
    } else {
        good = true;
        for (int i = 0; good && i < (scenario->seeds > 0 ? scenario->seeds : 1); i++) {
            uint64_t seed = request->seed + (uint64_t)i;
            struct sim *sim = run_scenario(&request->run, scenario, seed);

            good = scenario_judge(scenario, sim, seed);
            sim_free(sim);
        }
    }
    printf("%s %s\n", good ? "ok  " : "BAD ", scenario->name);
    fflush(stdout);
    return good;
}

int check_run(const struct request *request)
{
    const struct scenario *scenario;
    int bad = 0;

    if (request->scenario)
        return check_one(request, request->scenario) ? 0 : 1;
    for (size_t i = 0; (scenario = scenario_get(i)); i++)
        if (!check_one(request, scenario))
            bad++;
    if (bad > 0)
        printf("%d scenarios failed\n", bad);
    return bad > 0 ? 1 : 0;
}

int check_print_figures(const struct request *request)
{
    const struct scenario *scenario;
    int seeds = request->seeds > 0 ? request->seeds : TABLE_SEEDS;

    printf("Medians over %d seeds, and their ratios to chrony's figures\n", seeds);
    printf("%-10s %9s %18s %18s %18s\n", "", "sync time", "max offset", "RMS offset", "RMS freq");
    for (size_t i = 0; (scenario = scenario_get(i)); i++) {
        const struct limits *l = &scenario->limits;

        if (!scenario->figures)
            continue;
        struct sim_result r = run_seeds(request, scenario, seeds);
        printf("%-10s %4.0f %4.2f %11.3e %6.2f %11.3e %6.2f %11.3e %6.2f\n", scenario->name,
               r.sync_time, r.sync_time / l->sync_time, r.max_offset, r.max_offset / l->max_offset,
               r.rms_offset, r.rms_offset / l->rms_offset, r.rms_frequency,
               r.rms_frequency / l->rms_frequency);
        fflush(stdout);
    }
    return 0;
}
