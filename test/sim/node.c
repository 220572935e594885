/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node: its daemon's life, its turns, its messages. The daemon is the real one, made from lines
 * of configuration; only the world is ours.
 */
#include "test/sim/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define NODE_STREAM 2000

#define TEXT_OF(number)  #number
#define VALUE_OF(number) TEXT_OF(number)

/* For all nodes, before their own lines. The precision is given, because time stands still while
   the daemon would measure it; this is about what it finds on a present-day machine. */
static const char common_conf[] = "cmdport 0\n"
                                  "bindcmdaddress /\n"
                                  "pidfile /\n"
                                  "clockprecision " VALUE_OF(SIM_PRECISION) "\n";

static int resolve_for_conf(const char *name, struct ip_addr *addrs, int max, void *arg)
{
    return sim_resolve(arg, name, IP_UNSPEC, addrs, max);
}

static void read_lines(struct conf *conf, const struct conf_env *env, const char *text)
{
    struct conf_error error;
    char line[TEXT_LINE_SIZE];

    for (int number = 1; *text != '\0'; number++) {
        size_t length = strcspn(text, "\n");

        if (length >= sizeof(line))
            LOG_FATAL("Line too long in the configuration of a simulated node");
        memcpy(line, text, length);
        line[length] = '\0';
        if (!conf_read_line(conf, env, line, number, &error))
            LOG_FATAL("%s", error.message);
        text += length + (text[length] == '\n');
    }
}

static struct conf *read_conf(struct sim_node *node)
{
    struct conf_env env = {.resolve = resolve_for_conf, .resolve_arg = node->sim};
    struct conf *conf = conf_new(&env);
    struct conf_error error;

    read_lines(conf, &env, common_conf);
    if (node->sim->conf)
        read_lines(conf, &env, node->sim->conf);
    read_lines(conf, &env, node->spec.conf);
    if (!conf_check(conf, &error))
        LOG_FATAL("%s", error.message);
    return conf;
}

/* Messages. */

static void on_message(enum log_severity severity, const char *text, void *arg)
{
    struct sim *sim = arg;
    struct sim_node *node = sim->turn;

    if (sim->print_messages)
        printf("%14.6f %-10s %s\n", sim_time(sim), node ? node->spec.name : "-", text);
    if (!node)
        return;
    if (node->message_count == node->message_capacity) {
        node->message_capacity = 2 * node->message_capacity + 16;
        node->messages =
            mem_resize(node->messages, node->message_capacity, sizeof(*node->messages));
    }
    node->messages[node->message_count++] = (struct sim_message){sim_time(sim), text_dup(text)};
}

void sim_print_messages(struct sim *sim, bool on)
{
    sim->print_messages = on;
}

int sim_count_messages(const struct sim *sim, int id, const char *text)
{
    const struct sim_node *node = sim->nodes[id];
    int count = 0;

    for (size_t i = 0; i < node->message_count; i++)
        if (strstr(node->messages[i].text, text))
            count++;
    return count;
}

double sim_message_time(const struct sim *sim, int id, const char *text)
{
    const struct sim_node *node = sim->nodes[id];

    for (size_t i = 0; i < node->message_count; i++)
        if (strstr(node->messages[i].text, text))
            return node->messages[i].time;
    return -1.0;
}

/* Turns. */

static void freeze(struct sim_node *node)
{
    node->frozen_raw = sim_node_raw(node);
    node->frozen_mono = sim_node_mono(node);
    node->frozen = true;
}

static void end_daemon(struct sim_node *node)
{
    struct sim_node *previous = node->sim->turn;

    node->sim->turn = node;
    node->frozen = false;
    chronyd_stop(&node->daemon);
    sim_guard_end(node);
    conf_free(node->daemon.conf);
    sim_world_close(node);
    node->running = false;
    node->suspended = false;
    node->wake_serial++;
    node->sim->turn = previous;
}

void sim_node_run(struct sim_node *node)
{
    struct sim_node *previous = node->sim->turn;

    if (!node->running)
        return;
    if (node->suspended) {
        node->wanted = true;
        return;
    }
    sim_page_read(node);
    node->sim->turn = node;
    node->blocked = false;
    while (!node->blocked && !loop_is_quitting(node->daemon.loop))
        loop_run_once(node->daemon.loop);
    if (loop_is_quitting(node->daemon.loop))
        end_daemon(node);
    else {
        freeze(node);
        sim_honesty_after_turn(node);
        sim_page_read(node);
    }
    node->sim->turn = previous;
}

/* Life. */

void sim_node_start(struct sim *sim, int id, bool reload_dumps)
{
    struct sim_node *node = sim->nodes[id], *previous = sim->turn;

    if (node->running)
        return;
    node->options = (struct options){
        .program = "chronyd",
        .family = IP_V4,
        .timeout = -1,
        .foreground = true,
        .reload_dumps = reload_dumps,
        .control_clock = !node->spec.no_control,
    };
    sim->turn = node;
    node->frozen = false;
    chronyd_init(&node->daemon, &node->options);
    node->daemon.world = &node->world;
    node->daemon.conf = read_conf(node);
    sim_guard_start(node);
    node->daemon.program_page.page = sim_page_memory(node);
    chronyd_open(&node->daemon);
    chronyd_start(&node->daemon);
    chronyd_begin(&node->daemon);
    node->running = true;
    sim_node_run(node);
    sim->turn = previous;
}

void sim_node_stop(struct sim *sim, int id)
{
    if (sim->nodes[id]->running)
        end_daemon(sim->nodes[id]);
}

bool sim_node_is_running(const struct sim *sim, int id)
{
    return sim->nodes[id]->running;
}

void sim_node_suspend(struct sim *sim, int id)
{
    sim->nodes[id]->suspended = true;
}

void sim_node_resume(struct sim *sim, int id)
{
    struct sim_node *node = sim->nodes[id];

    node->suspended = false;
    if (node->wanted)
        sim_node_run(node);
    node->wanted = false;
}

void sim_node_step(struct sim *sim, int id, double seconds)
{
    sim_clock_advance(&sim->nodes[id]->clock, sim->now);
    sim_clock_step(&sim->nodes[id]->clock, seconds);
}

struct sim_files *sim_node_files(struct sim *sim, int id)
{
    return sim->nodes[id]->files;
}

struct sim_clock *sim_node_clock(struct sim *sim, int id)
{
    sim_clock_advance(&sim->nodes[id]->clock, sim->now);
    return &sim->nodes[id]->clock;
}

struct chronyd *sim_node_daemon(struct sim *sim, int id)
{
    return &sim->nodes[id]->daemon;
}

static void start(struct sim *sim, uint64_t value, void *arg)
{
    sim_node_start(sim, ((struct sim_node *)arg)->id, false);
}

int sim_add_node(struct sim *sim, const struct sim_node_spec *spec)
{
    struct sim_node *node = mem_alloc(sizeof(*node));
    int id = sim->node_count;

    if (id == SIM_MAX_NODES)
        LOG_FATAL("Too many nodes in the simulation");
    node->sim = sim;
    node->id = id;
    node->spec = *spec;
    node->world = (struct world){sim_world_ops(), node};
    node->files = sim_files_new();
    sim_clock_init(&node->clock, &spec->oscillator, sim->start, sim->seed, SIM_CLOCK_STREAM(id));
    sim_random_seed(&node->random, sim->seed, NODE_STREAM + (uint64_t)id);
    sim_random_seed(&node->sensor_random, sim->seed, SIM_SENSOR_STREAM(id));
    node->devices = sim_devices_new(node);
    sim_nic_init(node);
    node->recorder.tally.previous_offset = spec->oscillator.offset;
    sim->nodes[sim->node_count++] = node;
    if (!spec->not_started)
        sim_event_add(sim, sim->now, &(struct sim_event){.handler = start, .arg = node});
    return id;
}

/* The simulation as a whole. */

void sim_set_conf(struct sim *sim, const char *lines)
{
    sim->conf = lines;
}

struct sim *sim_new(uint64_t seed, int64_t start_second)
{
    struct sim *sim = mem_alloc(sizeof(*sim));

    sim->seed = seed;
    sim->start = start_second;
    sim->next_sample = SIM_NS;
    sim->bounds = (struct sim_bounds){.offset = INFINITY, .frequency = INFINITY};
    sim_network_init(sim);
    log_open_function(on_message, sim);
    log_set_fatal_to_stderr(true);
    return sim;
}

static void free_node(struct sim_node *node)
{
    if (node->running)
        end_daemon(node);
    for (size_t i = 0; i < node->message_count; i++)
        free(node->messages[i].text);
    free(node->messages);
    free(node->recorder.offsets);
    free(node->calls);
    free(node->page);
    sim_files_free(node->files);
    free(node->devices);
    free(node);
}

struct script {
    void (*function)(struct sim *sim, void *arg);
    void *arg;
};

static void run_script(struct sim *sim, uint64_t value, void *arg)
{
    struct script *script = arg;

    script->function(sim, script->arg);
    free(script);
}

void sim_at(struct sim *sim, double time, void (*function)(struct sim *sim, void *arg), void *arg)
{
    struct script *script = mem_alloc(sizeof(*script));

    *script = (struct script){function, arg};
    sim_event_add(sim, (int64_t)llround(time * 1e9),
                  &(struct sim_event){.handler = run_script, .arg = script, .discard = free});
}

static void sample_until(struct sim *sim, int64_t time)
{
    while (sim->next_sample <= time) {
        sim->now = sim->next_sample;
        sim_record_sample(sim);
        sim->next_sample += SIM_NS;
    }
    sim->now = time;
}

void sim_run(struct sim *sim, double until)
{
    int64_t end = (int64_t)llround(until * 1e9);
    struct sim_event event;

    while (sim_event_take(sim, end, &event)) {
        sample_until(sim, event.time);
        event.handler(sim, event.value, event.arg);
    }
    sample_until(sim, end);
}

double sim_time(const struct sim *sim)
{
    return (double)sim->now * 1e-9;
}

void sim_free(struct sim *sim)
{
    struct sim_event event;

    for (int i = 0; i < sim->node_count; i++)
        free_node(sim->nodes[i]);
    while (sim_event_take(sim, INT64_MAX, &event))
        if (event.discard)
            event.discard(event.arg);
    free(sim->events);
    sim_network_free(sim);
    log_open_stderr();
    free(sim);
}
