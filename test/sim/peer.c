/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts another chronyd in a directory of its own and reads what virtual_time.so has measured; see
 * peer.h. Called by the scenarios that compare. The process is ended when it takes too long.
 */
#include "test/sim/peer.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/text.h"
#include "test/interop/virtual_time.h"

/* Seconds of real time after which a run is taken for one that hangs; it takes one or two. */
#define TIME_LIMIT     200
#define DIRECTORY_SIZE 256
/* Of a perfect server; a line with its precision may follow. */
#define SERVER_CONF "local stratum 1\nallow\n"
#define PATH_SIZE   (DIRECTORY_SIZE + 16)

static bool has_devices(const struct scenario *s)
{
    const struct sim_device *devices = s->nodes[0].devices;

    return scenario_node_count(s) == 1 && !devices[SIM_SOCK].present && !devices[SIM_RTC].present;
}

/* Of the clock of a perfect server, seconds; 0: it is none. */
static double server_precision(const char *conf)
{
    double precision;
    int end = 0;

    if (strcmp(conf, SERVER_CONF) == 0)
        return SIM_PRECISION;
    if (sscanf(conf, SERVER_CONF "clockprecision %lf%n", &precision, &end) == 1 &&
        strcmp(conf + end, "\n") == 0)
        return precision;
    return 0.0;
}

static bool has_server(const struct scenario *s)
{
    return scenario_node_count(s) == 2 && s->subject == 1 && s->link.kind == SIM_EXPONENTIAL &&
           server_precision(s->nodes[0].conf) > 0.0 &&
           strncmp(s->nodes[1].conf, "server server", 13) == 0;
}

bool peer_can_run(const struct scenario *s)
{
    return (s->figures || s->compared) && (has_devices(s) || has_server(s));
}

static bool write_conf(const char *path, const char *directory, const struct scenario *scenario)
{
    FILE *file = fopen(path, "w");

    if (!file)
        return false;
    /* As common_conf of node.c; resolving the name would need a thread. */
    fprintf(file, "port 0\ncmdport 0\nbindcmdaddress /\npidfile %s/pid\n", directory);
    if (has_devices(scenario))
        fputs(scenario->nodes[0].conf, file);
    else
        fprintf(file, "server " VIRTUAL_TIME_SERVER "%s",
                scenario->nodes[1].conf + strlen("server server"));
    return fclose(file) == 0;
}

static bool find_library(char path[static PATH_MAX])
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

    if (length < 0)
        return false;
    program[length] = '\0';
    return snprintf(path, PATH_MAX, "%s/virtual_time.so", dirname(program)) < PATH_MAX &&
           access(path, R_OK) == 0;
}

static struct virtual_link virtual_link(const struct sim_link *link)
{
    return (struct virtual_link){link->delay, link->jitter, link->loss};
}

static void set_environment(const char *library, const struct scenario *scenario, uint64_t seed)
{
    const struct sim_node_spec *subject = &scenario->nodes[scenario->subject];
    struct virtual_time_params params = {
        .seed = seed,
        .start = SCENARIO_START,
        .duration = scenario->duration,
        .oscillator = subject->oscillator,
        .node = scenario->subject,
        .nic = subject->nic,
        .there = virtual_link(scenario_link(scenario, 1, 0)),
        .back = virtual_link(scenario_link(scenario, 0, 1)),
        .bounds = {scenario->from, scenario->sync_offset, scenario->sync_frequency},
    };
    char text[VIRTUAL_TIME_TEXT_SIZE];

    if (!has_devices(scenario))
        params.server_precision = (int)lround(log2(server_precision(scenario->nodes[0].conf)));
    memcpy(params.devices, subject->devices, sizeof(params.devices));
    virtual_time_format(text, &params);
    setenv(VIRTUAL_TIME_VARIABLE, text, 1);
    setenv("LD_PRELOAD", library, 1);
}

/* Its messages go to a file, its standard output to the pipe. */
static _Noreturn void be_peer(const char *program, const char *conf, const char *messages, int out)
{
    if (dup2(out, STDOUT_FILENO) < 0 || !freopen(messages, "w", stderr))
        _exit(127);
    alarm(TIME_LIMIT);
    execl(program, program, "-d", "-u", "root", "-f", conf, (char *)NULL);
    perror(program);
    _exit(127);
}

/* What it prints has one line; `text` keeps its start. */
static void read_all(int fd, char text[static VIRTUAL_TIME_TEXT_SIZE])
{
    size_t length = 0;
    ssize_t got;

    while ((got = read(fd, text + length, VIRTUAL_TIME_TEXT_SIZE - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
}

static void print_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[TEXT_LINE_SIZE];

    while (file && fgets(line, sizeof(line), file))
        fprintf(stderr, "    | %s", line);
    if (file)
        fclose(file);
}

static bool run_in(const char directory[static DIRECTORY_SIZE], const char *program,
                   const struct scenario *scenario, uint64_t seed, struct sim_result *result)
{
    char conf[PATH_SIZE], messages[PATH_SIZE], library[PATH_MAX], text[VIRTUAL_TIME_TEXT_SIZE];
    int pipe_ends[2], status;

    snprintf(conf, sizeof(conf), "%s/chrony.conf", directory);
    snprintf(messages, sizeof(messages), "%s/messages", directory);
    if (!find_library(library)) {
        fprintf(stderr, "There is no virtual_time.so next to the simulator: run make sim\n");
        return false;
    }
    if (!write_conf(conf, directory, scenario) || pipe(pipe_ends) < 0) {
        fprintf(stderr, "Could not start %s : %s\n", program, text_errno(errno));
        return false;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        set_environment(library, scenario, seed);
        be_peer(program, conf, messages, pipe_ends[1]);
    }
    close(pipe_ends[1]);
    text[0] = '\0';
    if (pid > 0)
        read_all(pipe_ends[0], text);
    close(pipe_ends[0]);
    bool good = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 &&
                virtual_time_parse_result(text, result);
    if (!good) {
        fprintf(stderr, "%s, seed %llu: %s did not run in virtual time\n", scenario->name,
                (unsigned long long)seed, program);
        print_file(messages);
    }
    unlink(conf);
    unlink(messages);
    return good;
}

bool peer_run(const char *program, const struct scenario *scenario, uint64_t seed,
              struct sim_result *result)
{
    const char *parent = getenv("TMPDIR");
    char directory[DIRECTORY_SIZE], pid_file[PATH_SIZE];

    snprintf(directory, sizeof(directory), "%s/sim-peer-XXXXXX",
             parent && parent[0] != '\0' ? parent : "/tmp");
    if (!mkdtemp(directory)) {
        fprintf(stderr, "Could not make %s : %s\n", directory, text_errno(errno));
        return false;
    }
    bool good = run_in(directory, program, scenario, seed, result);
    snprintf(pid_file, sizeof(pid_file), "%s/pid", directory);
    unlink(pid_file);
    rmdir(directory);
    return good;
}
