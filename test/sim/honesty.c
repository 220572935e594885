/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon says of its errors against the errors that it has: the standard deviation of the
 * offset at each update, and at each second the bound that its tracking report gives. The error is
 * that of the time that the daemon serves, which leaves out what is still being slewed.
 */
#include "test/sim/internal.h"

#include <math.h>
#include "clock/reference_state.h"

/* Of the daemon's clock, at present. */
static double served_error(struct sim_node *node)
{
    struct sim *sim = node->sim;
    struct raw_time raw = sim_node_raw(node);
    double correction = local_clock_correction(node->daemon.clock, raw, NULL);

    return sim_offset(sim, node->id) + correction;
}

static bool is_counted(const struct sim_node *node)
{
    return node->recorder.honest && node->running && node->daemon.reference->synchronised &&
           sim_time(node->sim) >= node->sim->bounds.from;
}

static uint64_t count_updates(const struct sim_node *node)
{
    const struct update_tally *tally = reference_updates(node->daemon.reference);
    uint64_t count = 0;

    for (int i = 0; i < UPDATE_RESULTS; i++)
        count += i == UPDATE_SLEWED || i == UPDATE_SLEWED_ONLY || i == UPDATE_STEPPED
                     ? tally->counts[i]
                     : 0;
    return count;
}

void sim_honesty_after_turn(struct sim_node *node)
{
    struct sim_honesty *h = &node->recorder.honesty;

    if (!is_counted(node))
        return;
    uint64_t count = count_updates(node);
    bool is_new = count != node->recorder.updates;
    node->recorder.updates = count;
    double sd = node->daemon.reference->offset_sd;
    if (!is_new || sd <= 0.0)
        return;
    double ratio = served_error(node) / sd;
    h->updates++;
    h->square_ratio += ratio * ratio;
}

void sim_honesty_second(struct sim_node *node)
{
    struct sim_honesty *h = &node->recorder.honesty;

    if (!is_counted(node))
        return;
    const struct reference *reference = node->daemon.reference;
    struct local_time now = local_clock_cook(node->daemon.clock, sim_node_raw(node), NULL);
    double bound = 0.5 * reference->root_delay + reference_root_dispersion(reference, now);
    h->seconds++;
    if (fabs(served_error(node)) > bound)
        h->exceeded++;
}

void sim_measure_honesty(struct sim *sim, int node)
{
    sim->nodes[node]->recorder.honest = true;
}

void sim_get_honesty(const struct sim *sim, int node, struct sim_honesty *honesty)
{
    *honesty = sim->nodes[node]->recorder.honesty;
}

double sim_calibration(const struct sim_honesty *honesty)
{
    return honesty->updates > 0 ? honesty->square_ratio / (double)honesty->updates : NAN;
}

double sim_part_exceeded(const struct sim_honesty *honesty)
{
    return honesty->seconds > 0 ? (double)honesty->exceeded / (double)honesty->seconds : NAN;
}
