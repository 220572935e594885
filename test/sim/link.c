/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The models of link.h. What happens at random in time (windows, the queue) is a function of the
 * seed and the time alone, whenever packets are sent.
 */
#include "test/sim/link.h"

#include <math.h>

/* The queue is drawn so often within its correlation time, and is straight in between. */
#define QUEUE_STEPS 16
/* Seconds until a buffer is full, but for a part of 1/e. */
#define BLOAT_RISE  1.0
#define BLOAT_SWING 0.2

/* The number of a window stands above that of the stream. */
#define WINDOW_BITS 32

enum window_use { BLOAT_WINDOW = 1, HOLD_WINDOW, BURST_WINDOW };

void sim_link_init(struct sim_link_state *state, uint64_t seed, int from, int to)
{
    struct sim_random random;

    *state = (struct sim_link_state){.seed = seed, .stream = SIM_WINDOW_STREAM(from, to)};
    sim_random_seed(&state->random, seed, SIM_LINK_STREAM(from, to));
    sim_random_seed(&state->late, seed, SIM_LATE_STREAM(from, to));
    sim_random_seed(&state->queue_random, seed, SIM_QUEUE_STREAM(from, to));
    sim_random_seed(&random, seed, state->stream);
    state->grid_phase = sim_random_unit(&random);
}

int sim_link_copies(const struct sim_link *link, struct sim_link_state *state)
{
    /* All are drawn always, so that changing one setting leaves the other fates as they were. */
    double loss = sim_random_unit(&state->random), duplicate = sim_random_unit(&state->random);

    return link->down || loss < link->loss ? 0 : duplicate < link->duplicate ? 2 : 1;
}

/* Whether a time is in a window; when that began and ends. */
static bool in_window(const struct sim_window *window, const struct sim_link_state *state,
                      enum window_use use, double time, double *begin, double *end)
{
    if (window->period <= 0.0)
        return false;
    double number = floor(time / window->period), start = number * window->period;
    double length = window->length;
    *begin = start + window->begin;
    if (window->random) {
        struct sim_random random;

        sim_random_seed(&random, state->seed,
                        state->stream + ((4 * (uint64_t)number + use) << WINDOW_BITS));
        *begin = start + window->period * sim_random_unit(&random);
        length *= sim_random_exponential(&random);
    }
    *end = fmin(*begin + length, start + window->period);
    return time >= *begin && time < *end;
}

static double draw_table(const struct sim_link *link, struct sim_random *random)
{
    double place = sim_random_unit(random) * (double)(link->table_size - 1);
    size_t i = (size_t)place;

    return link->table[i] + (place - (double)i) * (link->table[i + 1] - link->table[i]);
}

static double draw_jitter(const struct sim_link *link, struct sim_random *random)
{
    switch (link->kind) {
    case SIM_EXPONENTIAL:
        return link->jitter * sim_random_exponential(random);
    case SIM_NORMAL:
        return fabs(link->jitter * sim_random_normal(random));
    case SIM_GAUSS:
        return link->jitter * sim_random_normal(random);
    case SIM_PARETO:
        return link->jitter * (link->shape - 1.0) *
               (pow(sim_random_unit(random), -1.0 / link->shape) - 1.0);
    case SIM_TABLE:
        return link->table_size > 1 ? draw_table(link, random) : 0.0;
    }
    return 0.0;
}

static double draw_queue(const struct sim_link *link, struct sim_link_state *state, double time)
{
    double place = time / link->queue_time * QUEUE_STEPS, keep = exp(-1.0 / QUEUE_STEPS);
    int64_t wanted = (int64_t)floor(place) + 1;

    if (state->queue_step == 0)
        state->queue_after = sim_random_normal(&state->queue_random);
    for (; state->queue_step < wanted; state->queue_step++) {
        state->queue_before = state->queue_after;
        state->queue_after = keep * state->queue_before +
                             sqrt(1.0 - keep * keep) * sim_random_normal(&state->queue_random);
    }
    double part = place - (double)(wanted - 1);
    return fmax(0.0,
                link->queue * ((1.0 - part) * state->queue_before + part * state->queue_after));
}

/* Beside the jitter. */
static double draw_extra(const struct sim_link *link, struct sim_link_state *state, double time)
{
    double extra = 0.0, begin, end;

    if (link->outlier > 0.0) {
        double late = sim_random_unit(&state->late), size = sim_random_unit(&state->late);

        extra += late < link->outlier ? size * link->outlier_delay : 0.0;
    }
    if (link->queue > 0.0)
        extra += draw_queue(link, state, time);
    if (in_window(&link->bloat, state, BLOAT_WINDOW, time, &begin, &end))
        extra += link->bloat_delay * (1.0 - exp((begin - time) / BLOAT_RISE)) *
                 (1.0 - BLOAT_SWING * sim_random_unit(&state->late));
    if (link->swing_period > 0.0)
        extra += link->swing * (time / link->swing_period - floor(time / link->swing_period));
    return extra;
}

static double next_slot(const struct sim_link *link, const struct sim_link_state *state,
                        double time)
{
    double phase = state->grid_phase;

    return link->grid > 0.0 ? link->grid * (ceil(time / link->grid - phase) + phase) : time;
}

double sim_link_delay(const struct sim_link *link, struct sim_link_state *state, double time)
{
    double jitter = draw_jitter(link, &state->random), begin, end;

    if (in_window(&link->burst, state, BURST_WINDOW, time, &begin, &end))
        jitter *= link->burst_factor;
    if (link->reorder > 0.0 && sim_random_unit(&state->random) < link->reorder)
        jitter += link->reorder_delay;
    double delay = fmax(0.0, link->delay + jitter + draw_extra(link, state, time));
    if (link->grid > 0.0)
        delay += next_slot(link, state, time) - time;
    if (in_window(&link->hold, state, HOLD_WINDOW, time + delay, &begin, &end))
        delay = end - time;
    return delay;
}

double sim_link_fate(const struct sim_link *link, struct sim_link_state *state, double time)
{
    bool lost = sim_random_unit(&state->random) < link->loss;
    double delay = sim_link_delay(link, state, time);

    return lost || link->down ? -1.0 : delay;
}
