/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runner of simulated scenarios: one with its results, medians over many seeds, the whole table
 * beside chrony's figures, or beside another chronyd in the same networks, or the checks of
 * all.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "chronyd/chronyd.h"
#include "test/sim/peer.h"
#include "test/sim/plot.h"
#include "test/sim/scenario.h"

/* Single seeds scatter by a factor of two, medians of 21 still by a tenth. */
#define CHECK_SEEDS   21
#define CHECK_MARGIN  1.15
#define TABLE_SEEDS   21
#define AGAINST_SEEDS 51
/* What is asked for; with the same random numbers 101 seeds lie within 0.96 to 1.04. */
#define AGAINST_MARGIN 1.1

#define CONF_SIZE 1024

struct request {
    const char *scenario;
    const char *plot;
    const char *file;    /* of the subject, to be printed */
    const char *against; /* another chronyd */
    uint64_t seed;
    int seeds; /* 0: not given */
    double duration;
    char conf[CONF_SIZE]; /* lines for all nodes */
    bool list, table, check, messages;
};

static void usage(FILE *out)
{
    fputs("Usage: sim --list\n"
          "       sim --scenario NAME [--seed N | --seeds N] [--duration SECONDS]\n"
          "                           [--messages] [--file PATH] [--plot FILE.svg]\n"
          "       sim --table [--seeds N]\n"
          "       sim --against CHRONYD [--scenario NAME] [--seeds N]\n"
          "       sim --check [--scenario NAME]\n"
          "With all of them: --estimator regression|kalman, --line LINE: a line of configuration\n"
          "for all nodes (--against: not for the other chronyd); may be given more than once\n",
          out);
}

static double duration_of(const struct request *request, const struct scenario *scenario)
{
    return request->duration > 0.0 ? request->duration : scenario->duration;
}

static struct sim *run(const struct request *request, const struct scenario *scenario,
                       uint64_t seed)
{
    struct sim *sim = scenario_prepare(scenario, seed);

    sim_set_conf(sim, request->conf);
    sim_print_messages(sim, request->messages);
    if (request->plot)
        sim_keep_offsets(sim, scenario->subject);
    sim_run(sim, duration_of(request, scenario));
    return sim;
}

static void print_heading(void)
{
    printf("%-12s %9s %11s %11s %11s %11s %9s\n", "", "sync time", "max offset", "RMS offset",
           "max freq", "RMS freq", "packets");
}

static void print_result(const char *name, const struct sim_result *r)
{
    printf("%-12s %9.0f %11.3e %11.3e %11.3e %11.3e %9llu\n", name, r->sync_time, r->max_offset,
           r->rms_offset, r->max_frequency, r->rms_frequency, (unsigned long long)r->packets);
}

static bool plot(const struct request *request, const struct scenario *scenario, struct sim *sim)
{
    size_t count;
    const float *offsets = sim_offsets(sim, scenario->subject, &count);
    char title[128];

    snprintf(title, sizeof(title), "%s, seed %llu: offset of %s", scenario->name,
             (unsigned long long)request->seed, scenario->nodes[scenario->subject].name);
    if (plot_write(request->plot, title, offsets, count, (size_t)scenario->from))
        return true;
    fprintf(stderr, "Could not write %s : %s\n", request->plot, text_errno(errno));
    return false;
}

static int run_one(const struct request *request, const struct scenario *scenario)
{
    struct sim *sim = run(request, scenario, request->seed);
    bool good = true;

    print_heading();
    for (int i = 0; i < scenario_node_count(scenario); i++) {
        struct sim_result result;

        sim_get_result(sim, i, &result);
        print_result(scenario->nodes[i].name, &result);
    }
    if (request->plot)
        good = plot(request, scenario, sim);
    if (request->file) {
        const char *text = sim_files_text(sim_node_files(sim, scenario->subject), request->file);

        fputs(text ? text : "(no such file)\n", stdout);
    }
    sim_free(sim);
    return good ? 0 : 1;
}

/* Medians. */

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

enum figure { SYNC_TIME, MAX_OFFSET, RMS_OFFSET, MAX_FREQUENCY, RMS_FREQUENCY, PACKETS, FIGURES };

/* The figures of many runs of a scenario. */
struct series {
    int count;
    double *values[FIGURES];
};

static struct series series_new(int capacity)
{
    struct series series = {0};

    for (int i = 0; i < FIGURES; i++)
        series.values[i] = mem_array((size_t)capacity, sizeof(double));
    return series;
}

static void series_free(struct series *series)
{
    for (int i = 0; i < FIGURES; i++)
        free(series->values[i]);
}

static void series_add(struct series *series, const struct sim_result *r)
{
    int i = series->count++;

    series->values[SYNC_TIME][i] = r->sync_time;
    series->values[MAX_OFFSET][i] = r->max_offset;
    series->values[RMS_OFFSET][i] = r->rms_offset;
    series->values[MAX_FREQUENCY][i] = r->max_frequency;
    series->values[RMS_FREQUENCY][i] = r->rms_frequency;
    series->values[PACKETS][i] = (double)r->packets;
}

static struct sim_result series_medians(struct series *series)
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

static double series_mean(const struct series *series, enum figure figure)
{
    double sum = 0.0;

    for (int i = 0; i < series->count; i++)
        sum += series->values[figure][i];
    return sum / series->count;
}

/* Of the node that is judged; the caller frees it. */
static struct series run_series(const struct request *request, const struct scenario *scenario,
                                int seeds)
{
    struct series series = series_new(seeds);

    for (int i = 0; i < seeds; i++) {
        struct sim *sim = run(request, scenario, request->seed + (uint64_t)i);
        struct sim_result result;

        sim_get_result(sim, scenario->subject, &result);
        series_add(&series, &result);
        sim_free(sim);
    }
    return series;
}

static struct sim_result run_seeds(const struct request *request, const struct scenario *scenario,
                                   int seeds)
{
    struct series series = run_series(request, scenario, seeds);
    struct sim_result result = series_medians(&series);

    series_free(&series);
    return result;
}

static int print_table(const struct request *request)
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

/* Ours beside another chronyd, with the same clocks and delays. */

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
                               duration_of(request, scenario)};

        good = peer_run(&run, &result, NULL, NULL);
        if (good)
            series_add(&theirs, &result);
    }
    if (good) {
        struct series ours = run_series(request, scenario, seeds);

        good = print_pairs(scenario->name, &ours, &theirs);
        series_free(&ours);
    }
    series_free(&theirs);
    return good;
}

static int compare_with_peers(const struct request *request, const struct scenario *only)
{
    int seeds = request->seeds > 0 ? request->seeds : AGAINST_SEEDS, compared = 0, bad = 0;
    const struct scenario *scenario;

    printf("Ours, %s's and their ratio, over %d seeds: mean time to synchronise, else medians\n",
           request->against, seeds);
    printf("%-16s %17s %26s %26s %26s\n", "", "sync time", "max offset", "RMS offset", "RMS freq");
    for (size_t i = 0; (scenario = scenario_get(i)); i++) {
        if (!peer_can_run(scenario) || (only && scenario != only))
            continue;
        compared++;
        bad += !compare_with_peer(request, scenario, seeds);
    }
    if (compared == 0)
        fputs("Nothing that another chronyd could run\n", stderr);
    return compared > 0 && bad == 0 ? 0 : 1;
}

/* Checks. */

static bool compare(const struct scenario *scenario, const char *what, double value, double figure)
{
    if (figure == 0.0 || value <= CHECK_MARGIN * figure)
        return true;
    printf("%s: median of %s is %.3e, more than %.2f times %.3e\n", scenario->name, what, value,
           CHECK_MARGIN, figure);
    return false;
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
            struct sim *sim = run(request, scenario, seed);

            good = scenario_judge(scenario, sim, seed);
            sim_free(sim);
        }
    }
    printf("%s %s\n", good ? "ok  " : "BAD ", scenario->name);
    fflush(stdout);
    return good;
}

static int check(const struct request *request, const struct scenario *only)
{
    const struct scenario *scenario;
    int bad = 0;

    if (only)
        return check_one(request, only) ? 0 : 1;
    for (size_t i = 0; (scenario = scenario_get(i)); i++)
        if (!check_one(request, scenario))
            bad++;
    if (bad > 0)
        printf("%d scenarios failed\n", bad);
    return bad > 0 ? 1 : 0;
}

static int list(void)
{
    const struct scenario *scenario;

    for (size_t i = 0; (scenario = scenario_get(i)); i++)
        printf("%-16s %s\n", scenario->name, scenario->about);
    return 0;
}

enum option_code {
    OPTION_LIST = 256,
    OPTION_SCENARIO,
    OPTION_SEED,
    OPTION_SEEDS,
    OPTION_DURATION,
    OPTION_PLOT,
    OPTION_FILE,
    OPTION_MESSAGES,
    OPTION_TABLE,
    OPTION_CHECK,
    OPTION_AGAINST,
    OPTION_ESTIMATOR,
    OPTION_LINE,
    OPTION_HELP,
};

static const struct option options[] = {
    {"list", no_argument, NULL, OPTION_LIST},
    {"scenario", required_argument, NULL, OPTION_SCENARIO},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"seeds", required_argument, NULL, OPTION_SEEDS},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"plot", required_argument, NULL, OPTION_PLOT},
    {"file", required_argument, NULL, OPTION_FILE},
    {"messages", no_argument, NULL, OPTION_MESSAGES},
    {"table", no_argument, NULL, OPTION_TABLE},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"against", required_argument, NULL, OPTION_AGAINST},
    {"estimator", required_argument, NULL, OPTION_ESTIMATOR},
    {"line", required_argument, NULL, OPTION_LINE},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static double number(const char *text, double min)
{
    char *end;
    double value = strtod(text, &end);

    if (*end != '\0' || end == text || !(value >= min && value <= 1e12)) {
        fprintf(stderr, "Invalid number %s\n", text);
        exit(2);
    }
    return value;
}

static void add_line(struct request *request, const char *directive, const char *rest)
{
    size_t length = strlen(request->conf), left = sizeof(request->conf) - length;

    if (snprintf(request->conf + length, left, "%s%s\n", directive, rest) < (int)left)
        return;
    fputs("Too many lines of configuration\n", stderr);
    exit(2);
}

static void parse(struct request *request, int argc, char **argv)
{
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case OPTION_LIST:
            request->list = true;
            break;
        case OPTION_SCENARIO:
            request->scenario = optarg;
            break;
        case OPTION_SEED:
            request->seed = (uint64_t)number(optarg, 0.0);
            break;
        case OPTION_SEEDS:
            request->seeds = (int)fmin(number(optarg, 1.0), 1e6);
            break;
        case OPTION_DURATION:
            request->duration = number(optarg, 1.0);
            break;
        case OPTION_PLOT:
            request->plot = optarg;
            break;
        case OPTION_FILE:
            request->file = optarg;
            break;
        case OPTION_MESSAGES:
            request->messages = true;
            break;
        case OPTION_TABLE:
            request->table = true;
            break;
        case OPTION_CHECK:
            request->check = true;
            break;
        case OPTION_AGAINST:
            request->against = optarg;
            break;
        case OPTION_ESTIMATOR:
            add_line(request, "estimator ", optarg);
            break;
        case OPTION_LINE:
            add_line(request, "", optarg);
            break;
        default:
            usage(c == OPTION_HELP ? stdout : stderr);
            exit(c == OPTION_HELP ? 0 : 2);
        }
    }
}

int main(int argc, char **argv)
{
    struct request request = {.seed = 1};
    const struct scenario *scenario = NULL;

    parse(&request, argc, argv);
    if (request.scenario && !(scenario = scenario_find(request.scenario))) {
        fprintf(stderr, "There is no scenario %s; see --list\n", request.scenario);
        return 2;
    }
    if (request.list)
        return list();
    if (request.table)
        return print_table(&request);
    if (request.against)
        return compare_with_peers(&request, scenario);
    if (request.check)
        return check(&request, scenario);
    if (!scenario) {
        usage(stderr);
        return 2;
    }
    if (request.seeds == 0)
        return run_one(&request, scenario);
    struct sim_result result = run_seeds(&request, scenario, request.seeds);
    print_heading();
    print_result("medians", &result);
    return 0;
}
