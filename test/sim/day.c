/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A day with each fault: the scenarios of faults, reference clocks and network cards run on for
 * 86,400 s, and what happens in them happens again and again. With both estimators, so that the
 * bank of filters is held to what the regression does: no number that is none, no clock that runs
 * away, no bound that the error exceeds for longer.
 */
#include "test/sim/request.h"

#include <math.h>
#include <stdio.h>

#define DAY       86400.0
#define DAY_SEEDS 1
#define CONF_SIZE 2048
/* An offset at the end that is so small, or so many times the regression's, is none that runs
   away. */
#define SANE_OFFSET 1e-2
#define SANE_FACTOR 10.0
/* Part of the time that the bound may be exceeded for longer than with the regression: a few
   minutes. */
#define BOUND_MARGIN 2e-3

enum { REGRESSION, KALMAN, ESTIMATORS };

struct day {
    struct sim_result result;
    struct sim_honesty honesty;
};

static struct day run(const struct request *request, const struct scenario *scenario, int estimator,
                      uint64_t seed)
{
    struct run_options options = request->run;
    char conf[CONF_SIZE];
    struct day day;

    snprintf(conf, sizeof(conf), "%sestimator %s\n", options.conf ? options.conf : "",
             estimator == KALMAN ? "kalman" : "regression");
    options.conf = conf;
    options.duration = options.duration > 0.0 ? options.duration : DAY;
    options.honesty = true;
    options.repeat = true;
    struct sim *sim = run_scenario(&options, scenario, seed);
    sim_get_result(sim, scenario->subject, &day.result);
    sim_get_honesty(sim, scenario->subject, &day.honesty);
    sim_free(sim);
    return day;
}

static bool is_finite(const struct day *day)
{
    const struct sim_result *r = &day->result;

    return isfinite(r->max_offset) && isfinite(r->rms_offset) && isfinite(r->rms_frequency) &&
           isfinite(r->final_offset) && isfinite(day->honesty.square_ratio);
}

/* Of the part of the time; 0: nothing was claimed. */
static double exceeded(const struct day *day)
{
    return day->honesty.seconds > 0 ? sim_part_exceeded(&day->honesty) : 0.0;
}

static const char *problem(const struct day days[static ESTIMATORS])
{
    double kalman = fabs(days[KALMAN].result.final_offset);
    double regression = fabs(days[REGRESSION].result.final_offset);

    if (!is_finite(&days[KALMAN]))
        return "not a number";
    if (kalman > fmax(SANE_OFFSET, SANE_FACTOR * regression))
        return "the clock runs away";
    if (exceeded(&days[KALMAN]) > exceeded(&days[REGRESSION]) + BOUND_MARGIN)
        return "the error is above the bound for longer";
    return NULL;
}

static bool run_day(const struct request *request, const struct scenario *scenario)
{
    int seeds = request->seeds > 0 ? request->seeds : DAY_SEEDS;
    bool good = true;

    for (int i = 0; i < seeds; i++) {
        struct day days[ESTIMATORS];

        for (int estimator = 0; estimator < ESTIMATORS; estimator++)
            days[estimator] = run(request, scenario, estimator, request->seed + (uint64_t)i);
        const struct day *r = &days[REGRESSION], *k = &days[KALMAN];
        const char *what = problem(days);
        printf("%-22s %10.2e %10.2e %10.2e %10.2e %8.2f %8.2f %9.1e %9.1e  %s\n", scenario->name,
               r->result.rms_offset, k->result.rms_offset, fabs(r->result.final_offset),
               fabs(k->result.final_offset), sim_calibration(&r->honesty),
               sim_calibration(&k->honesty), exceeded(r), exceeded(k), what ? what : "");
        fflush(stdout);
        good = good && !what;
    }
    return good;
}

int day_run(const struct request *request)
{
    const struct scenario *(*const tables[])(size_t *) = {scenario_faults, scenario_estimator,
                                                          scenario_refclock, scenario_hwts};
    int bad = 0;

    printf("A day with each fault, regression and kalman. Mean of the squared error over the "
           "variance; part of the time above the bound\n%-22s %21s %21s %17s %19s\n",
           "", "RMS offset", "last offset", "calibration", "above bound");
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        size_t count;
        const struct scenario *scenarios = tables[i](&count);

        for (size_t j = 0; j < count; j++)
            if (!request->scenario || request->scenario == &scenarios[j])
                bad += !run_day(request, &scenarios[j]);
    }
    if (bad > 0)
        printf("%d faults are not borne for a day\n", bad);
    return bad > 0 ? 1 : 0;
}
