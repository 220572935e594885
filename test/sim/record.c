/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is measured: offset and frequency error of each node's clock against true time, once each
 * second of true time.
 */
#include "test/sim/internal.h"

#include <stdlib.h>
#include "base/text.h"

void sim_set_leap(struct sim *sim, int64_t utc, int leap)
{
    sim->leap_utc = utc;
    sim->leap = leap;
}

double sim_offset(struct sim *sim, int id)
{
    struct sim_node *node = sim->nodes[id];

    sim_clock_advance(&node->clock, sim->now);
    int64_t truth = sim->start * SIM_NS + sim->now;
    if (sim->leap_utc != 0 && truth >= sim->leap_utc * SIM_NS)
        truth -= sim->leap * (int64_t)SIM_NS;
    return (double)(node->clock.raw - truth) * 1e-9 + node->clock.raw_rest * 1e-9;
}

static void keep(struct sim_recorder *r, double offset)
{
    if (r->offset_count == r->offset_capacity) {
        r->offset_capacity = 2 * r->offset_capacity + 1024;
        r->offsets = mem_resize(r->offsets, r->offset_capacity, sizeof(*r->offsets));
    }
    r->offsets[r->offset_count++] = (float)offset;
}

/* At the jump itself nobody can say what a clock that is a microsecond late should show. */
static bool is_at_leap(const struct sim *sim)
{
    int64_t distance = sim->start * SIM_NS + sim->now - sim->leap_utc * SIM_NS;

    return sim->leap_utc != 0 && llabs(distance) < SIM_NS / 10;
}

static void sample_node(struct sim *sim, struct sim_node *node)
{
    struct sim_recorder *r = &node->recorder;
    double offset = sim_offset(sim, node->id);
    double frequency = sim_clock_frequency(&node->clock);
    int64_t second = sim->now / SIM_NS;

    if (r->keep)
        keep(r, offset);
    sim_tally_add(&r->tally, &sim->bounds, second, offset, frequency);
    sim_honesty_second(node);
}

void sim_record_sample(struct sim *sim)
{
    if (is_at_leap(sim))
        return;
    for (int i = 0; i < sim->node_count; i++)
        sample_node(sim, sim->nodes[i]);
}

void sim_record(struct sim *sim, const struct sim_bounds *bounds)
{
    sim->bounds = *bounds;
}

void sim_keep_offsets(struct sim *sim, int node)
{
    sim->nodes[node]->recorder.keep = true;
}

const float *sim_offsets(const struct sim *sim, int node, size_t *count)
{
    *count = sim->nodes[node]->recorder.offset_count;
    return sim->nodes[node]->recorder.offsets;
}

void sim_keep_kernel_calls(struct sim *sim, int node)
{
    sim->nodes[node]->keep_calls = true;
}

const struct sim_kernel_call *sim_kernel_calls(const struct sim *sim, int node, size_t *count)
{
    *count = sim->nodes[node]->call_count;
    return sim->nodes[node]->calls;
}

void sim_get_result(const struct sim *sim, int node, struct sim_result *result)
{
    const struct sim_recorder *r = &sim->nodes[node]->recorder;

    sim_tally_result(&r->tally, result);
    result->packets = r->packets;
}
