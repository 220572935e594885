/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts another chronyd in a directory of its own and reads what virtual_time.so has measured; see
 * peer.h. Called by the scenarios that compare. The process is ended when it takes too long.
 */
#include "test/sim/peer.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

/* Of the clock of a server, seconds; 0: it is more than the library's servers. */
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

static bool is_plain(const struct sim_link *link)
{
    return link->kind != SIM_TABLE;
}

static bool can_have(const struct scenario *s, int node)
{
    const struct sim_device *devices = s->nodes[node].devices;

    if (node == s->subject)
        return !devices[SIM_SOCK].present && !devices[SIM_RTC].present &&
               !s->nodes[node].no_control && !strstr(s->nodes[node].conf, "peer ");
    return server_precision(s->nodes[node].conf) > 0.0 && !s->nodes[node].nic.present &&
           is_plain(scenario_link(s, s->subject, node)) &&
           is_plain(scenario_link(s, node, s->subject));
}

bool peer_can_run(const struct scenario *s)
{
    bool can = (s->figures || s->compared || s->tabled) && s->copies == 0 &&
               scenario_node_count(s) <= VIRTUAL_TIME_NODES;

    for (int i = 0; i < scenario_node_count(s); i++)
        can = can && can_have(s, i);
    for (int i = 0; i < SCENARIO_ACTIONS; i++)
        can = can && virtual_time_can(&s->actions[i]);
    return can;
}

/* A line with addresses in the place of names, as resolving them would need a thread. */
static void write_line(FILE *file, const struct scenario *scenario, const char *line, size_t length)
{
    char name[64];
    int end = 0;

    for (int i = 0; i < scenario_node_count(scenario); i++) {
        struct ip_addr address = sim_address(i);

        if (sscanf(line, "server %63s%n", name, &end) != 1 ||
            strcmp(name, scenario->nodes[i].name) != 0)
            continue;
        fprintf(file, "server %s", ip_addr_format(&address, name, sizeof(name)));
        line += end;
        length -= (size_t)end;
        break;
    }
    fprintf(file, "%.*s\n", (int)length, line);
}

static bool write_conf(const char *path, const char *directory, const struct scenario *scenario)
{
    FILE *file = fopen(path, "w");

    if (!file)
        return false;
    /* As common_conf of node.c. */
    fprintf(file, "port 0\ncmdport 0\nbindcmdaddress /\npidfile %s/pid\n", directory);
    for (const char *line = scenario->nodes[scenario->subject].conf; *line != '\0';) {
        size_t length = strcspn(line, "\n");

        write_line(file, scenario, line, length);
        line += length + (line[length] == '\n');
    }
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

/* Without random octets between the fields, for peer_key(). */
static struct virtual_time_params make_params(const struct scenario *scenario, uint64_t seed,
                                              double duration)
{
    const struct sim_node_spec *subject = &scenario->nodes[scenario->subject];
    struct virtual_time_params params;

    memset(&params, 0, sizeof(params));
    params.seed = seed;
    params.start = SCENARIO_START;
    params.duration = duration;
    params.node = scenario->subject;
    params.node_count = scenario_node_count(scenario);
    params.bounds.from = scenario->from;
    params.bounds.offset = scenario->sync_offset;
    params.bounds.frequency = scenario->sync_frequency;
    memcpy(&params.nic, &subject->nic, sizeof(params.nic));

    for (int i = 0; i < params.node_count; i++) {
        memcpy(&params.oscillators[i], &scenario->nodes[i].oscillator,
               sizeof(params.oscillators[i]));
        memcpy(&params.there[i], scenario_link(scenario, scenario->subject, i),
               sizeof(params.there[i]));
        memcpy(&params.back[i], scenario_link(scenario, i, scenario->subject),
               sizeof(params.back[i]));
        if (i != scenario->subject)
            params.precisions[i] = (int)lround(log2(server_precision(scenario->nodes[i].conf)));
    }
    memcpy(params.devices, subject->devices, sizeof(params.devices));
    memcpy(params.actions, scenario->actions, sizeof(params.actions));
    return params;
}

/* FNV-1a. */
static uint64_t add_to_key(uint64_t key, const void *data, size_t length)
{
    const uint8_t *octets = data;

    for (size_t i = 0; i < length; i++)
        key = (key ^ octets[i]) * UINT64_C(0x100000001b3);
    return key;
}

uint64_t peer_key(const struct peer_run *run)
{
    struct virtual_time_params params = make_params(run->scenario, run->seed, run->duration);
    uint64_t key = add_to_key(UINT64_C(0xcbf29ce484222325), &params, sizeof(params));

    for (int i = 0; i < params.node_count; i++) {
        const struct sim_node_spec *node = &run->scenario->nodes[i];

        key = add_to_key(key, node->name, strlen(node->name) + 1);
        key = add_to_key(key, node->conf, strlen(node->conf) + 1);
    }
    return key;
}

/* Its messages go to a file. Whatever it does, it cannot set the clock of this machine. */
static _Noreturn void be_peer(const char *program, const char *directory, const char *library,
                              const char *conf, const char *messages)
{
    setenv(VIRTUAL_TIME_VARIABLE, directory, 1);
    setenv("LD_PRELOAD", library, 1);
    prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0);
    if (!freopen(messages, "w", stderr) || !freopen("/dev/null", "w", stdout))
        _exit(127);
    alarm(TIME_LIMIT);
    execl(program, program, "-d", "-u", "root", "-f", conf, (char *)NULL);
    perror(program);
    _exit(127);
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

static bool run_in(const char directory[static DIRECTORY_SIZE], const struct peer_run *run,
                   struct sim_result *result, float **offsets, size_t *count)
{
    struct virtual_time_params params = make_params(run->scenario, run->seed, run->duration);
    char conf[PATH_SIZE], messages[PATH_SIZE], library[PATH_MAX];
    int status;

    snprintf(conf, sizeof(conf), "%s/chrony.conf", directory);
    snprintf(messages, sizeof(messages), "%s/messages", directory);
    if (!find_library(library)) {
        fprintf(stderr, "There is no virtual_time.so next to the simulator: run make sim\n");
        return false;
    }
    if (!write_conf(conf, directory, run->scenario) || !virtual_time_write(directory, &params)) {
        fprintf(stderr, "Could not start %s : %s\n", run->program, text_errno(errno));
        return false;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        be_peer(run->program, directory, library, conf, messages);
    bool good = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
    /* This removes its files, too. */
    good = virtual_time_read_result(directory, result, offsets, count) && good;
    if (!good) {
        fprintf(stderr, "%s, seed %llu: %s did not run in virtual time\n", run->scenario->name,
                (unsigned long long)run->seed, run->program);
        print_file(messages);
    }
    unlink(conf);
    unlink(messages);
    return good;
}

bool peer_run(const struct peer_run *run, struct sim_result *result, float **offsets, size_t *count)
{
    const char *parent = getenv("TMPDIR");
    char directory[DIRECTORY_SIZE], pid_file[PATH_SIZE];

    snprintf(directory, sizeof(directory), "%s/sim-peer-XXXXXX",
             parent && parent[0] != '\0' ? parent : "/tmp");
    if (!mkdtemp(directory)) {
        fprintf(stderr, "Could not make %s : %s\n", directory, text_errno(errno));
        return false;
    }
    bool good = run_in(directory, run, result, offsets, count);
    snprintf(pid_file, sizeof(pid_file), "%s/pid", directory);
    unlink(pid_file);
    rmdir(directory);
    return good;
}
