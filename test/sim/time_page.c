/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program on the machine of a node, which takes the time from the page that the node's daemon
 * writes, by the header that is for such programs. Each answer is compared with true time, and with
 * what the daemon itself knows. The daemon wakes up each second because of the page, so a run with
 * a page has other figures than one without.
 */
#include <math.h>
#include <stdlib.h>
#include "base/text.h"
#include "clock/reference_state.h"
#include "examples/clock_now.h"
#include "test/sim/internal.h"

#define MEAN_INTERVAL 0.2     /* seconds between two readings at random */
#define ROUNDING      2e-9    /* of true time here */
#define SLACK         2000e-9 /* what the interval may be wider */

struct sim_page {
    struct time_page page;
    struct sim_random random;
    struct sim_page_readings readings;
};

struct time_page *sim_page_memory(struct sim_node *node)
{
    if (!node->page)
        return NULL;
    time_page_init(&node->page->page);
    return &node->page->page;
}

/* Fields that belong together: nobody writes meanwhile. */
static enum clock_now_state ask(struct sim_node *node, struct clock_now_result *now)
{
    int64_t mono = time_page_ns(sim_node_mono(node).i), real = time_page_ns(sim_node_raw(node).i);
    int64_t f[9];

    for (int i = 0; i < 9; i++)
        f[i] = clock_now_field(&node->page->page, node->page->page.sequence, i);
    if (clock_now_jumped(f, mono, real))
        return CLOCK_NOW_STALE;
    return clock_now_at(f, mono, now);
}

/* How far the time that the daemon serves is from true time, and how far it may be. */
static void compare(struct sim_node *node, const struct clock_now_result *now)
{
    struct sim_page_readings *r = &node->page->readings;
    const struct reference *reference = node->daemon.reference;
    struct raw_time raw = sim_node_raw(node);
    double correction = local_clock_correction(node->daemon.clock, raw, NULL);
    struct local_time cooked = {instant_add(raw.i, correction)};
    double distance = 0.5 * reference->root_delay + reference_root_dispersion(reference, cooked);
    double offset = sim_offset(node->sim, node->id);
    int64_t truth = time_page_ns(instant_add(raw.i, -offset));

    bool is_outside = truth < now->earliest || truth > now->latest;

    r->untrue += is_outside;
    if (fabs(offset + correction) > distance - ROUNDING)
        return;
    r->honest++;
    r->wrong += is_outside;
    r->wide += 1e-9 * (double)(now->latest - now->earliest) > 2.0 * (distance + SLACK);
}

void sim_page_read(struct sim_node *node)
{
    struct clock_now_result now;

    if (!node->page)
        return;
    struct sim_page_readings *r = &node->page->readings;
    enum clock_now_state state = ask(node, &now);
    r->count++;
    r->synchronised += state == CLOCK_NOW_SYNCHRONISED;
    r->unsynchronised += state == CLOCK_NOW_UNSYNCHRONISED;
    r->stale += state == CLOCK_NOW_STALE;
    if (state == CLOCK_NOW_SYNCHRONISED)
        compare(node, &now);
}

static void read_at_random(struct sim *sim, void *arg)
{
    struct sim_node *node = arg;

    sim_page_read(node);
    sim_at(sim, sim_time(sim) + MEAN_INTERVAL * sim_random_exponential(&node->page->random),
           read_at_random, node);
}

void sim_read_time_page(struct sim *sim, int id)
{
    struct sim_node *node = sim->nodes[id];

    node->page = mem_alloc(sizeof(*node->page));
    time_page_init(&node->page->page);
    sim_random_seed(&node->page->random, sim->seed, SIM_PAGE_STREAM(id));
    read_at_random(sim, node);
}

void sim_get_page_readings(const struct sim *sim, int node, struct sim_page_readings *readings)
{
    *readings = sim->nodes[node]->page->readings;
}
