/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures of the offset over time: both estimators and another chronyd in the same network, from
 * the same seed. One SVG for each scenario.
 */
#include "test/sim/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "test/sim/peer.h"
#include "test/sim/plot.h"

#define CONF_SIZE 2048
#define PATH_SIZE 512

/* The caller frees what it gets. */
static float *run_ours(const struct request *request, const struct scenario *scenario,
                       enum table_column column, size_t *count)
{
    struct run_options options = request->run;
    char conf[CONF_SIZE];

    table_conf(request, column, conf, sizeof(conf));
    options.conf = conf;
    options.offsets = true;
    struct sim *sim = run_scenario(&options, scenario, request->seed);
    const float *offsets = sim_offsets(sim, scenario->subject, count);
    float *copy = mem_array(*count + 1, sizeof(*copy));
    memcpy(copy, offsets, *count * sizeof(*copy));
    sim_free(sim);
    return copy;
}

static float *run_theirs(const struct request *request, const struct scenario *scenario,
                         size_t *count)
{
    struct peer_run run = {request->against, scenario, request->seed,
                           run_duration(&request->run, scenario)};
    struct sim_result result;
    float *offsets = NULL;

    *count = 0;
    if (!run.program || !peer_can_run(scenario) || !peer_run(&run, &result, &offsets, count))
        return NULL;
    return offsets;
}

static bool plot_one(const struct request *request, const struct scenario *scenario)
{
    float *offsets[TABLE_COLUMNS];
    struct plot_line lines[TABLE_COLUMNS];
    size_t counts[TABLE_COLUMNS];
    char path[PATH_SIZE], title[PATH_SIZE];

    offsets[0] = run_ours(request, scenario, TABLE_KALMAN, &counts[0]);
    offsets[1] = run_ours(request, scenario, TABLE_REGRESSION, &counts[1]);
    offsets[2] = run_theirs(request, scenario, &counts[2]);
    lines[0] = (struct plot_line){"kalman", offsets[0], counts[0]};
    lines[1] = (struct plot_line){"regression", offsets[1], counts[1]};
    lines[2] = (struct plot_line){"chronyd", offsets[2], counts[2]};
    snprintf(title, sizeof(title), "%s: %s, seed %llu", scenario->name, scenario->about,
             (unsigned long long)request->seed);
    snprintf(path, sizeof(path), "%s/%s.svg", request->plot, scenario->name);
    bool good = plot_write(path, title, lines, offsets[2] ? 3 : 2, (size_t)scenario->from);
    if (!good)
        fprintf(stderr, "Could not write %s : %s\n", path, text_errno(errno));
    for (int i = 0; i < TABLE_COLUMNS; i++)
        free(offsets[i]);
    return good;
}

int table_plot(const struct request *request)
{
    const struct scenario *scenario;
    bool good = true;

    if (request->scenario)
        return plot_one(request, request->scenario) ? 0 : 1;
    for (size_t i = 0; (scenario = scenario_get(i)); i++)
        if (scenario->figures || scenario->compared || scenario->tabled)
            good = plot_one(request, scenario) && good;
    return good ? 0 : 1;
}
