/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both estimators and another chronyd side by side, in all networks with figures or of which a
 * scenario says so. The runs are done by several processes, which share the array of results and
 * take the next one by counting.
 */
#include "test/sim/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/text.h"
#include "test/sim/cache.h"
#include "test/sim/peer.h"

#define TABLE_SEEDS 21
#define CONF_SIZE   2048

/* One run. */
struct cell {
    bool done;
    struct sim_result result;
    struct sim_honesty honesty;
};

/* What all processes see. */
struct shared {
    int next;
    struct cell cells[]; /* of a row and a column, one for each seed */
};

struct work {
    const struct request *request;
    int seeds;
    const struct scenario **scenarios;
    int count;
    struct run_options run[2]; /* of the estimators */
    char conf[2][CONF_SIZE];
    struct cache *cache;
    struct shared *shared;
};

static int count_cells(const struct work *work)
{
    return work->count * TABLE_COLUMNS * work->seeds;
}

static void list_scenarios(struct work *work)
{
    const struct scenario *scenario;
    size_t all = 0;

    if (work->request->random > 0) {
        work->scenarios = mem_array((size_t)work->request->random, sizeof(const struct scenario *));
        for (int i = 0; i < work->request->random; i++)
            work->scenarios[work->count++] = scenario_random(i + 1);
        return;
    }
    while (scenario_get(all))
        all++;
    if (work->request->scenario) {
        work->scenarios = mem_array(1, sizeof(const struct scenario *));
        work->scenarios[work->count++] = work->request->scenario;
        return;
    }
    work->scenarios = mem_array(all, sizeof(const struct scenario *));
    for (size_t i = 0; (scenario = scenario_get(i)); i++)
        if (scenario->figures || scenario->compared || scenario->tabled)
            work->scenarios[work->count++] = scenario;
}

void table_conf(const struct request *request, enum table_column column, char *conf, size_t size)
{
    bool kalman = column == TABLE_KALMAN;

    snprintf(conf, size, "%sestimator %s\n%s", request->run.conf ? request->run.conf : "",
             kalman ? "kalman" : "regression",
             kalman && request->kalman_conf ? request->kalman_conf : "");
}

static void run_ours(const struct work *work, const struct scenario *scenario,
                     enum table_column column, uint64_t seed, struct cell *cell)
{
    struct sim *sim = run_scenario(&work->run[column], scenario, seed);

    sim_get_result(sim, scenario->subject, &cell->result);
    sim_get_honesty(sim, scenario->subject, &cell->honesty);
    cell->done = true;
    sim_free(sim);
}

static void run_theirs(const struct work *work, const struct scenario *scenario, uint64_t seed,
                       struct cell *cell)
{
    struct peer_run run = {work->request->against, scenario, seed,
                           run_duration(&work->request->run, scenario)};

    if (!run.program || !peer_can_run(scenario))
        return;
    uint64_t key = peer_key(&run);
    cell->done = cache_find(work->cache, key, &cell->result);
    if (cell->done)
        return;
    cell->done = peer_run(&run, &cell->result, NULL, NULL);
    if (cell->done)
        cache_add(work->cache, key, &cell->result);
}

static void be_worker(struct work *work)
{
    int i, all = count_cells(work);

    while ((i = __atomic_fetch_add(&work->shared->next, 1, __ATOMIC_RELAXED)) < all) {
        const struct scenario *scenario = work->scenarios[i / (TABLE_COLUMNS * work->seeds)];
        enum table_column column = (enum table_column)(i / work->seeds % TABLE_COLUMNS);
        uint64_t seed = work->request->seed + (uint64_t)(i % work->seeds);

        if (column == TABLE_PEER)
            run_theirs(work, scenario, seed, &work->shared->cells[i]);
        else
            run_ours(work, scenario, column, seed, &work->shared->cells[i]);
    }
}

/* False: a process did not end well, or another chronyd did not run. */
static bool run_all(struct work *work)
{
    bool good = true;
    int started = 0, status;

    fflush(NULL);
    for (; started < work->request->jobs; started++) {
        pid_t pid = fork();

        if (pid == 0) {
            be_worker(work);
            _exit(0);
        }
        if (pid < 0)
            break;
    }
    for (int i = 0; i < started; i++)
        good = wait(&status) > 0 && status == 0 && good;
    if (started == 0)
        be_worker(work);
    return good;
}

/* NAN for all of a column that has not run. */
static void summarise_column(const struct work *work, int row, enum table_column column,
                             struct table_row *out)
{
    const struct cell *cells =
        &work->shared->cells[(row * TABLE_COLUMNS + (int)column) * work->seeds];
    struct series series = series_new(work->seeds);
    struct table_cell *cell = &out->cells[column];

    for (int i = 0; i < work->seeds; i++)
        if (cells[i].done)
            series_add(&series, &cells[i].result, &cells[i].honesty);
    cell->present = series.count > 0;
    if (cell->present) {
        cell->sync_time = series_mean(&series, SYNC_TIME);
        cell->medians = series_medians(&series);
        cell->honesty = series.honesty;
    }
    series_free(&series);
}

/* It is that of the scenario as it stands, at the default intervals. */
static double limit_of(const struct request *request, const struct scenario *scenario)
{
    bool as_it_stands = request->run.duration == 0.0 && request->run.conf[0] == '\0' &&
                        request->kalman_conf[0] == '\0';

    return as_it_stands && scenario->best > 0.0 ? scenario->best : NAN;
}

static bool prepare(struct work *work, const struct request *request)
{
    *work = (struct work){
        .request = request,
        .seeds = request->seeds > 0 ? request->seeds : TABLE_SEEDS,
        .cache = cache_new(request->cache),
    };
    list_scenarios(work);
    for (int i = 0; i < 2; i++) {
        table_conf(request, (enum table_column)i, work->conf[i], sizeof(work->conf[i]));
        work->run[i] = request->run;
        work->run[i].conf = work->conf[i];
        work->run[i].honesty = true;
    }
    size_t size = sizeof(*work->shared) + (size_t)count_cells(work) * sizeof(struct cell);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "No memory for the results : %s\n", text_errno(errno));
        return false;
    }
    work->shared = memory;
    return true;
}

int table_run(const struct request *request)
{
    struct work work;
    bool good = prepare(&work, request);

    if (good) {
        struct table_row *rows = mem_array((size_t)work.count, sizeof(*rows));

        good = run_all(&work);
        if (!good)
            fputs("Not all runs came to their end\n", stderr);
        for (int i = 0; i < work.count; i++) {
            rows[i].scenario = work.scenarios[i];
            rows[i].limit = limit_of(request, work.scenarios[i]);
            for (int column = 0; column < TABLE_COLUMNS; column++)
                summarise_column(&work, i, (enum table_column)column, &rows[i]);
        }
        good = table_print(request, work.seeds, rows, work.count) && good;
        free(rows);
        munmap(work.shared,
               sizeof(*work.shared) + (size_t)count_cells(&work) * sizeof(struct cell));
    }
    for (int i = 0; request->random > 0 && i < work.count; i++)
        free((void *)(uintptr_t)work.scenarios[i]);
    cache_free(work.cache);
    free(work.scenarios);
    return good ? 0 : 1;
}
