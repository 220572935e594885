/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runner of simulated scenarios: one with its results, medians over many seeds, tables of both
 * estimators beside another chronyd in the same networks, or the checks of all.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "test/sim/plot.h"
#include "test/sim/request.h"

#define CONF_SIZE 1024
/* The history file of the simulated daemons. */
#define HISTORY_PATH "/history"

enum task { TASK_SCENARIO, TASK_LIST, TASK_FIGURES, TASK_TABLE, TASK_PLOTS, TASK_CHECK, TASK_DAY };

static void usage(FILE *out)
{
    fputs("Usage: sim --list [--scenario NAME]\n"
          "       sim --scenario NAME [--seed N | --seeds N] [--duration SECONDS] [--honesty]\n"
          "                           [--time-page] [--messages] [--file PATH] [--plot FILE.svg]\n"
          "                           [--history FILE]\n"
          "       sim --figures [--seeds N]\n"
          "       sim --table [--against CHRONYD [--cache FILE]] [--scenario NAME] [--seeds N]\n"
          "                   [--jobs N] [--markdown FILE] [--random NETWORKS]\n"
          "       sim --plot-compare DIRECTORY [--against CHRONYD] [--scenario NAME] [--seed N]\n"
          "       sim --against CHRONYD [--scenario NAME] [--seeds N]\n"
          "       sim --check [--scenario NAME]\n"
          "       sim --day [--scenario NAME] [--seeds N]\n"
          "With all of them: --estimator regression|kalman, --line LINE: a line of configuration\n"
          "for all nodes, but not for the other chronyd; may be given more than once, --guard: "
          "their\n"
          "clocks are set by guards. In tables:\n"
          "--kalman-line LINE, for that column only\n",
          out);
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

static void print_honesty(const struct request *request, const struct sim_honesty *honesty)
{
    if (!request->run.honesty)
        return;
    printf("mean of the squared error over the variance %.2f (%llu updates), "
           "error above the bound %.4f %% of the time\n",
           sim_calibration(honesty), (unsigned long long)honesty->updates,
           100.0 * sim_part_exceeded(honesty));
}

static void print_page_readings(const struct request *request, const struct sim *sim)
{
    struct sim_page_readings r;

    if (!request->run.time_page)
        return;
    sim_get_page_readings(sim, request->scenario->subject, &r);
    printf("time page read %llu times: %llu synchronised (%llu honest, %llu wrong, %llu wide; "
           "%llu untrue), "
           "%llu unsynchronised, %llu stale\n",
           (unsigned long long)r.count, (unsigned long long)r.synchronised,
           (unsigned long long)r.honest, (unsigned long long)r.wrong, (unsigned long long)r.wide,
           (unsigned long long)r.untrue, (unsigned long long)r.unsynchronised,
           (unsigned long long)r.stale);
}

static bool plot(const struct request *request, struct sim *sim)
{
    const struct scenario *scenario = request->scenario;
    size_t count;
    const float *offsets = sim_offsets(sim, scenario->subject, &count);
    char title[128];

    snprintf(title, sizeof(title), "%s, seed %llu: offset of %s", scenario->name,
             (unsigned long long)request->seed, scenario->nodes[scenario->subject].name);
    struct plot_line line = {NULL, offsets, count};
    if (plot_write(request->plot, title, &line, 1, (size_t)scenario->from))
        return true;
    fprintf(stderr, "Could not write %s : %s\n", request->plot, text_errno(errno));
    return false;
}

/* Copies the history file of the node that is judged, up to now, out of the simulation. */
static bool save_history(const struct request *request, struct sim *sim)
{
    size_t size;
    const void *data =
        sim_files_data(sim_node_files(sim, request->scenario->subject), HISTORY_PATH, &size);
    FILE *f = data ? fopen(request->history, "w") : NULL;
    bool good = f && fwrite(data, 1, size, f) == size;

    if (f && fclose(f) != 0)
        good = false;
    if (!good)
        fprintf(stderr, "Could not write %s\n", request->history);
    return good;
}

static int run_one(const struct request *request)
{
    const struct scenario *scenario = request->scenario;
    struct sim *sim = run_scenario(&request->run, scenario, request->seed);
    struct sim_honesty honesty;
    bool good = true;

    print_heading();
    for (int i = 0; i < scenario_node_count(scenario); i++) {
        struct sim_result result;

        sim_get_result(sim, i, &result);
        print_result(scenario->nodes[i].name, &result);
    }
    sim_get_honesty(sim, scenario->subject, &honesty);
    print_honesty(request, &honesty);
    print_page_readings(request, sim);
    if (request->plot)
        good = plot(request, sim);
    if (request->history)
        good = save_history(request, sim) && good;
    if (request->file) {
        const char *text = sim_files_text(sim_node_files(sim, scenario->subject), request->file);

        fputs(text ? text : "(no such file)\n", stdout);
    }
    sim_free(sim);
    return good ? 0 : 1;
}

static int run_many(const struct request *request)
{
    struct series series =
        series_run(&request->run, request->scenario, request->seed, request->seeds);
    struct sim_result result = series_medians(&series);

    print_heading();
    print_result("medians", &result);
    print_honesty(request, &series.honesty);
    series_free(&series);
    return 0;
}

static int list(const struct scenario *only)
{
    const struct scenario *scenario;

    for (size_t i = 0; !only && (scenario = scenario_get(i)); i++)
        printf("%-16s %s\n", scenario->name, scenario->about);
    if (only)
        printf("%-16s %s\n", only->name, only->about);
    return 0;
}

enum option_code {
    OPTION_LIST = 256,
    OPTION_SCENARIO,
    OPTION_SEED,
    OPTION_SEEDS,
    OPTION_DURATION,
    OPTION_HONESTY,
    OPTION_PLOT,
    OPTION_PLOT_COMPARE,
    OPTION_FILE,
    OPTION_HISTORY,
    OPTION_MESSAGES,
    OPTION_FIGURES,
    OPTION_TABLE,
    OPTION_RANDOM,
    OPTION_CACHE,
    OPTION_MARKDOWN,
    OPTION_JOBS,
    OPTION_CHECK,
    OPTION_DAY,
    OPTION_AGAINST,
    OPTION_TIME_PAGE,
    OPTION_ESTIMATOR,
    OPTION_LINE,
    OPTION_GUARD,
    OPTION_KALMAN_LINE,
    OPTION_HELP,
};

static const struct option options[] = {
    {"list", no_argument, NULL, OPTION_LIST},
    {"scenario", required_argument, NULL, OPTION_SCENARIO},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"seeds", required_argument, NULL, OPTION_SEEDS},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"honesty", no_argument, NULL, OPTION_HONESTY},
    {"time-page", no_argument, NULL, OPTION_TIME_PAGE},
    {"plot", required_argument, NULL, OPTION_PLOT},
    {"plot-compare", required_argument, NULL, OPTION_PLOT_COMPARE},
    {"file", required_argument, NULL, OPTION_FILE},
    {"history", required_argument, NULL, OPTION_HISTORY},
    {"messages", no_argument, NULL, OPTION_MESSAGES},
    {"figures", no_argument, NULL, OPTION_FIGURES},
    {"table", no_argument, NULL, OPTION_TABLE},
    {"random", required_argument, NULL, OPTION_RANDOM},
    {"cache", required_argument, NULL, OPTION_CACHE},
    {"markdown", required_argument, NULL, OPTION_MARKDOWN},
    {"jobs", required_argument, NULL, OPTION_JOBS},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"day", no_argument, NULL, OPTION_DAY},
    {"against", required_argument, NULL, OPTION_AGAINST},
    {"estimator", required_argument, NULL, OPTION_ESTIMATOR},
    {"line", required_argument, NULL, OPTION_LINE},
    {"guard", no_argument, NULL, OPTION_GUARD},
    {"kalman-line", required_argument, NULL, OPTION_KALMAN_LINE},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

/* What the options say, and the lines of configuration that the request points to. */
struct command_line {
    struct request request;
    enum task task;
    char conf[CONF_SIZE], kalman_conf[CONF_SIZE];
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

static const struct scenario *find(const char *name)
{
    const struct scenario *scenario = scenario_find(name);

    if (!scenario) {
        fprintf(stderr, "There is no scenario %s; see --list\n", name);
        exit(2);
    }
    return scenario;
}

static void add_line(char conf[static CONF_SIZE], const char *directive, const char *rest)
{
    size_t length = strlen(conf), left = CONF_SIZE - length;

    if (snprintf(conf + length, left, "%s%s\n", directive, rest) < (int)left)
        return;
    fputs("Too many lines of configuration\n", stderr);
    exit(2);
}

/* Options that choose what is done, or about what is printed. False: it is none of them. */
static bool parse_task(struct command_line *line, int option, const char *argument)
{
    struct request *request = &line->request;

    switch (option) {
    case OPTION_LIST:
        line->task = TASK_LIST;
        return true;
    case OPTION_FIGURES:
        line->task = TASK_FIGURES;
        return true;
    case OPTION_TABLE:
        line->task = TASK_TABLE;
        return true;
    case OPTION_CHECK:
        line->task = TASK_CHECK;
        return true;
    case OPTION_DAY:
        line->task = TASK_DAY;
        return true;
    case OPTION_PLOT_COMPARE:
        line->task = TASK_PLOTS;
        request->plot = argument;
        return true;
    case OPTION_PLOT:
        request->plot = argument;
        return true;
    case OPTION_FILE:
        request->file = argument;
        return true;
    case OPTION_HISTORY:
        request->history = argument;
        add_line(line->conf, "historyfile " HISTORY_PATH, "");
        return true;
    case OPTION_MESSAGES:
        request->run.messages = true;
        return true;
    case OPTION_HONESTY:
        request->run.honesty = true;
        return true;
    case OPTION_TIME_PAGE:
        request->run.time_page = true;
        return true;
    case OPTION_MARKDOWN:
        request->markdown = argument;
        return true;
    default:
        return false;
    }
}

static void parse_option(struct command_line *line, int option, const char *argument)
{
    struct request *request = &line->request;

    switch (option) {
    case OPTION_SCENARIO:
        request->scenario = find(argument);
        break;
    case OPTION_SEED:
        request->seed = (uint64_t)number(argument, 0.0);
        break;
    case OPTION_SEEDS:
        request->seeds = (int)fmin(number(argument, 1.0), 1e6);
        break;
    case OPTION_DURATION:
        request->run.duration = number(argument, 1.0);
        break;
    case OPTION_RANDOM:
        request->random = (int)fmin(number(argument, 1.0), 1e4);
        break;
    case OPTION_CACHE:
        request->cache = argument;
        break;
    case OPTION_JOBS:
        request->jobs = (int)fmin(number(argument, 1.0), 64.0);
        break;
    case OPTION_AGAINST:
        request->against = argument;
        break;
    case OPTION_ESTIMATOR:
        add_line(line->conf, "estimator ", argument);
        break;
    case OPTION_LINE:
        add_line(line->conf, "", argument);
        break;
    case OPTION_GUARD:
        add_line(line->conf, "clockguard yes", "");
        break;
    case OPTION_KALMAN_LINE:
        add_line(line->kalman_conf, "", argument);
        break;
    default:
        usage(option == OPTION_HELP ? stdout : stderr);
        exit(option == OPTION_HELP ? 0 : 2);
    }
}

static int do_task(const struct request *request, enum task task)
{
    switch (task) {
    case TASK_LIST:
        return list(request->scenario);
    case TASK_FIGURES:
        return check_print_figures(request);
    case TASK_TABLE:
        return table_run(request);
    case TASK_PLOTS:
        return table_plot(request);
    case TASK_CHECK:
        return check_run(request);
    case TASK_DAY:
        return day_run(request);
    case TASK_SCENARIO:
        break;
    }
    if (request->against)
        return against_run(request);
    if (request->scenario)
        return request->seeds > 0 ? run_many(request) : run_one(request);
    usage(stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct command_line line = {.request = {.seed = 1, .jobs = 1}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!parse_task(&line, option, optarg))
            parse_option(&line, option, optarg);
    line.request.run.conf = line.conf;
    line.request.kalman_conf = line.kalman_conf;
    line.request.run.offsets = line.request.plot != NULL;
    return do_task(&line.request, line.task);
}
