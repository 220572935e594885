/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ours beside another chronyd, with the same clocks and delays: the test of the discipline.
 */
#include "test/sim/request.h"

#include <stdio.h>
#include "test/sim/peer.h"

#define AGAINST_SEEDS 51
/* What is asked for; with the same random numbers 101 seeds lie within 0.96 to 1.04. */
#define AGAINST_MARGIN 1.1

static bool print_pair(const char *format, double ours, double theirs)
{
    double ratio = ours / theirs;

    printf(format, ours, theirs);
    printf(" %5.2f", ratio);
    return ratio <= AGAINST_MARGIN;
}

/* The mean of sync_time, because chance often decides between two times that lie far apart. */
static bool print_pairs(const char *name, struct series *ours, struct series *theirs)
{
    double our_sync = series_mean(ours, SYNC_TIME), their_sync = series_mean(theirs, SYNC_TIME);
    struct sim_result our = series_medians(ours), their = series_medians(theirs);

    printf("%-16s", name);
    bool sync = print_pair(" %5.1f %5.1f", our_sync, their_sync);
    print_pair("  %.3e %.3e", our.max_offset, their.max_offset);
    bool offset = print_pair("  %.3e %.3e", our.rms_offset, their.rms_offset);
    bool frequency = print_pair("  %.3e %.3e", our.rms_frequency, their.rms_frequency);
    puts(sync && offset && frequency ? "" : "  WORSE");
    fflush(stdout);
    return sync && offset && frequency;
}

static bool compare_with_peer(const struct request *request, const struct scenario *scenario,
                              int seeds)
{
    struct series theirs = series_new(seeds);
    struct sim_result result;
    bool good = true;

    for (int i = 0; good && i < seeds; i++) {
        struct peer_run run = {request->against, scenario, request->seed + (uint64_t)i,
                               run_duration(&request->run, scenario)};

        good = peer_run(&run, &result, NULL, NULL);
        if (good)
            series_add(&theirs, &result, NULL);
    }
    if (good) {
        struct series ours = series_run(&request->run, scenario, request->seed, seeds);

        good = print_pairs(scenario->name, &ours, &theirs);
        series_free(&ours);
    }
    series_free(&theirs);
    return good;
}

int against_run(const struct request *request)
{
    int seeds = request->seeds > 0 ? request->seeds : AGAINST_SEEDS, compared = 0, bad = 0;
    const struct scenario *scenario;

    printf("Ours, %s's and their ratio, over %d seeds: mean time to synchronise, else medians\n",
           request->against, seeds);
    printf("%-16s %17s %26s %26s %26s\n", "", "sync time", "max offset", "RMS offset", "RMS freq");
    for (size_t i = 0; (scenario = scenario_get(i)); i++) {
        bool is_meant = request->scenario ? scenario == request->scenario : !scenario->tabled;

        if (!is_meant || !peer_can_run(scenario))
            continue;
        compared++;
        bad += !compare_with_peer(request, scenario, seeds);
    }
    if (compared == 0)
        fputs("Nothing that another chronyd could run\n", stderr);
    return compared > 0 && bad == 0 ? 0 : 1;
}
