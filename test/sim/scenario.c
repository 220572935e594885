/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a scenario to a network that runs, and from what it did to a verdict.
 */
#include "test/sim/scenario.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

int scenario_node_count(const struct scenario *scenario)
{
    int count = 0;

    while (count < SCENARIO_NODES && scenario->nodes[count].name)
        count++;
    return count;
}

const struct scenario *scenario_get(size_t index)
{
    const struct scenario *(*const tables[])(size_t *) = {
        scenario_figures,   scenario_compare,     scenario_networks, scenario_field,
        scenario_several,   scenario_temperature, scenario_polling,  scenario_faults,
        scenario_estimator, scenario_leap,        scenario_kernel,   scenario_refclock,
        scenario_hwts,      scenario_nts,         scenario_month};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        size_t count;
        const struct scenario *first = tables[i](&count);

        if (index < count)
            return &first[index];
        index -= count;
    }
    return NULL;
}

const struct scenario *scenario_find(const char *name)
{
    const struct scenario *scenario;
    int number, end = 0;

    for (size_t i = 0; (scenario = scenario_get(i)); i++)
        if (strcmp(scenario->name, name) == 0)
            return scenario;
    if (sscanf(name, "random-%d%n", &number, &end) == 1 && name[end] == '\0')
        return scenario_random(number);
    return NULL;
}

static void set_links(struct sim *sim, int node, int other, bool down)
{
    for (int i = 0; i < SIM_MAX_NODES; i++) {
        if (other != 0 && i != other - 1)
            continue;
        sim_link(sim, node, i)->down = down;
        sim_link(sim, i, node)->down = down;
    }
}

static void act(struct sim *sim, void *arg);

/* Does the same again later, by the state in which the links are. */
static void flap(struct sim *sim, const struct action *action)
{
    bool down = sim_link(sim, action->node, 0)->down;

    set_links(sim, action->node, action->other, !down);
    sim_at(sim, sim_time(sim) + action->value, act, (void *)(uintptr_t)action);
}

/* The machine is off at once: nothing more is written. What does not fit is lost, so is what was
   not brought to the disk, and the kernel forgets the frequency of its clock. */
static void cut_power(struct sim *sim, int node, long octets)
{
    struct sim_clock *clock = sim_node_clock(sim, node);

    sim_files_limit_writes(sim_node_files(sim, node), octets);
    sim_node_stop(sim, node);
    sim_files_limit_writes(sim_node_files(sim, node), -1);
    sim_files_lose_power(sim_node_files(sim, node));
    clock->tick = 10000;
    clock->freq = 0;
}

static void act(struct sim *sim, void *arg)
{
    const struct action *action = arg;
    int node = action->node;

    switch (action->kind) {
    case STEP_CLOCK:
        sim_node_step(sim, node, action->value);
        break;
    case ORDER:
        if (sim_node_is_running(sim, node))
            sim_node_order(sim, node, (enum sim_order)action->other, action->value);
        break;
    case LINKS_DOWN:
    case LINKS_UP:
        set_links(sim, node, action->other, action->kind == LINKS_DOWN);
        break;
    case SUSPEND:
        sim_node_suspend(sim, node);
        break;
    case RESUME:
        sim_node_resume(sim, node);
        break;
    case STOP_DAEMON:
        sim_node_stop(sim, node);
        break;
    case START_DAEMON:
    case START_RELOAD:
        sim_node_start(sim, node, action->kind == START_RELOAD);
        break;
    case POWER_CUT:
        cut_power(sim, node, (long)action->value);
        break;
    case CHANGE_FREQUENCY:
        sim_node_clock(sim, node)->error += action->value;
        break;
    case CHANGE_WANDER:
        sim_node_clock(sim, node)->oscillator.wander = action->value;
        break;
    case CHANGE_DELAY:
        sim_link(sim, node, action->other - 1)->delay += action->value;
        break;
    case KERNEL_LEAP:
        sim_node_clock(sim, node)->status |= action->value > 0.0 ? STA_INS : STA_DEL;
        break;
    case STOP_DEVICE:
    case START_DEVICE:
        sim_node_switch_device(sim, node, (enum sim_device_kind)action->other,
                               action->kind == START_DEVICE);
        break;
    case MOVE_DEVICE:
        sim_node_move_device(sim, node, (enum sim_device_kind)action->other, action->value);
        break;
    case BREAK_DEVICE:
        sim_node_break_device(sim, node, (enum sim_device_kind)action->other,
                              (enum sim_fault)action->value);
        break;
    case FLAP_LINKS:
        flap(sim, action);
        break;
    case ACTION_NONE:
        break;
    }
}

const struct sim_link *scenario_link(const struct scenario *scenario, int from, int to)
{
    const struct sim_link *link = &scenario->link;

    for (size_t i = 0; i < sizeof(scenario->links) / sizeof(scenario->links[0]); i++) {
        const struct link_change *change = &scenario->links[i];

        if (change->set && (change->from == ALL_NODES || change->from == from) &&
            (change->to == ALL_NODES || change->to == to))
            link = &change->link;
    }
    return link;
}

bool scenario_is_symmetric(const struct scenario *scenario)
{
    bool symmetric = scenario->link.hold.period == 0.0;

    for (size_t i = 0; i < sizeof(scenario->links) / sizeof(scenario->links[0]); i++)
        symmetric = symmetric && (!scenario->links[i].set || scenario->links[i].from == ALL_NODES);
    for (int i = 0; i < SCENARIO_ACTIONS; i++)
        symmetric = symmetric && scenario->actions[i].kind == ACTION_NONE;
    for (int i = 0; i < scenario_node_count(scenario); i++) {
        const struct sim_node_spec *node = &scenario->nodes[i];

        symmetric = symmetric && (i == scenario->subject || node->oscillator.offset == 0.0) &&
                    node->devices[SIM_PPS].offset == 0.0 && node->devices[SIM_PHC].asymmetry == 0.0;
    }
    return symmetric;
}

static void add_pool(struct sim *sim, const struct pool_name *pool)
{
    struct ip_addr addrs[ADDR_MAX_PER_NAME];

    for (int i = 0; i < pool->count; i++)
        addrs[i] = sim_address(pool->first + i);
    sim_set_name(sim, pool->name, addrs, pool->count);
}

struct sim *scenario_prepare(const struct scenario *scenario, uint64_t seed)
{
    struct sim *sim = sim_new(seed, scenario->start != 0 ? scenario->start : SCENARIO_START);
    int count = scenario_node_count(scenario);

    sim_set_links(sim, &scenario->link);
    for (int from = 0; from < count; from++)
        for (int to = 0; to < count; to++)
            *sim_link(sim, from, to) = *scenario_link(scenario, from, to);
    for (int i = 0; i < count; i++)
        sim_add_node(sim, &scenario->nodes[i]);
    for (int i = 0; i < scenario->copies; i++)
        sim_add_node(sim, &scenario->nodes[count - 1]);
    for (size_t i = 0; i < sizeof(scenario->pools) / sizeof(scenario->pools[0]); i++)
        if (scenario->pools[i].name)
            add_pool(sim, &scenario->pools[i]);
    for (size_t i = 0; i < sizeof(scenario->files) / sizeof(scenario->files[0]); i++)
        if (scenario->files[i].path)
            sim_files_set(sim_node_files(sim, scenario->files[i].node), scenario->files[i].path,
                          scenario->files[i].text);
    for (int i = 0; i < SCENARIO_ACTIONS; i++)
        if (scenario->actions[i].kind != ACTION_NONE)
            sim_at(sim, scenario->actions[i].time, act, (void *)(uintptr_t)&scenario->actions[i]);
    if (scenario->keep_calls)
        sim_keep_kernel_calls(sim, scenario->subject);
    if (scenario->limits.calibration > 0.0 || scenario->limits.exceeded > 0.0)
        sim_measure_honesty(sim, scenario->subject);
    sim_set_leap(sim, scenario->leap_utc, scenario->leap);
    sim_record(
        sim, &(struct sim_bounds){scenario->from, scenario->sync_offset, scenario->sync_frequency});
    return sim;
}

/* Links that flap go on by themselves. */
void scenario_repeat(const struct scenario *scenario, struct sim *sim, double until)
{
    for (int i = 0; i < SCENARIO_ACTIONS; i++) {
        const struct action *action = &scenario->actions[i];

        if (action->kind == ACTION_NONE || action->kind == FLAP_LINKS)
            continue;
        for (double time = action->time + scenario->duration; time < until;
             time += scenario->duration)
            sim_at(sim, time, act, (void *)(uintptr_t)action);
    }
}

struct verdict {
    const struct scenario *scenario;
    uint64_t seed;
    bool good;
};

static void check_limit(struct verdict *v, const char *what, double value, double limit)
{
    if (limit == 0.0 || value <= limit)
        return;
    printf("%s, seed %llu: %s is %.3e, not at most %.3e\n", v->scenario->name,
           (unsigned long long)v->seed, what, value, limit);
    v->good = false;
}

static void check_honesty(struct verdict *v, const struct sim *sim)
{
    const struct limits *l = &v->scenario->limits;
    struct sim_honesty honesty;

    sim_get_honesty(sim, v->scenario->subject, &honesty);
    if (honesty.updates > 0)
        check_limit(v, "mean of the squared error over the variance", sim_calibration(&honesty),
                    l->calibration);
    if (honesty.seconds > 0)
        check_limit(v, "part of the time above the bound", sim_part_exceeded(&honesty),
                    l->exceeded);
}

static void check_message(struct verdict *v, const struct sim *sim,
                          const struct expected_message *m)
{
    int count = sim_count_messages(sim, m->node, m->text);
    int max = m->max < 0 ? 0 : m->max == 0 ? count : m->max;

    if (count >= m->min && count <= max)
        return;
    printf("%s, seed %llu: %d messages \"%s\" of %s, not %d to %d\n", v->scenario->name,
           (unsigned long long)v->seed, count, m->text, v->scenario->nodes[m->node].name, m->min,
           max);
    v->good = false;
}

bool scenario_judge(const struct scenario *scenario, struct sim *sim, uint64_t seed)
{
    struct verdict v = {scenario, seed, true};
    const struct limits *l = &scenario->limits;
    struct sim_result r, first;

    sim_get_result(sim, 0, &first);
    sim_get_result(sim, scenario->subject, &r);
    if (!scenario->figures) {
        check_limit(&v, "time to synchronise", r.sync_time, l->sync_time);
        check_limit(&v, "maximum offset", r.max_offset, l->max_offset);
        check_limit(&v, "RMS offset", r.rms_offset, l->rms_offset);
        check_limit(&v, "maximum frequency error", r.max_frequency, l->max_frequency);
        check_limit(&v, "RMS frequency error", r.rms_frequency, l->rms_frequency);
        check_limit(&v, "last offset", fabs(r.final_offset - first.final_offset), l->final_offset);
        check_limit(&v, "change within a second", fmax(r.max_raw_step, -r.min_raw_step), l->change);
    }
    check_honesty(&v, sim);
    for (int i = 0; i < SCENARIO_MESSAGES; i++)
        if (scenario->messages[i].text)
            check_message(&v, sim, &scenario->messages[i]);
    /* The checks of no jump, NaN or dead daemon are the same for all. */
    if (!isfinite(r.max_offset) || !isfinite(r.rms_frequency)) {
        printf("%s, seed %llu: not a number\n", scenario->name, (unsigned long long)seed);
        v.good = false;
    }
    return (!scenario->check || scenario->check(sim)) && v.good;
}
