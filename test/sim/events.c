/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timeline: a binary heap of events in order of time, then of insertion.
 */
#include "test/sim/internal.h"

#include "base/text.h"

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->time != b->time ? a->time < b->time : a->serial < b->serial;
}

void sim_event_add(struct sim *sim, int64_t time, const struct sim_event *added)
{
    struct sim_event event = *added;

    event.time = time < sim->now ? sim->now : time;
    event.serial = ++sim->last_serial;
    if (sim->event_count == sim->event_capacity) {
        sim->event_capacity = 2 * sim->event_capacity + 64;
        sim->events = mem_resize(sim->events, sim->event_capacity, sizeof(*sim->events));
    }
    size_t i = sim->event_count++;
    while (i > 0 && is_before(&event, &sim->events[(i - 1) / 2])) {
        sim->events[i] = sim->events[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim->events[i] = event;
}

bool sim_event_take(struct sim *sim, int64_t until, struct sim_event *event)
{
    if (sim->event_count == 0 || sim->events[0].time > until)
        return false;
    *event = sim->events[0];

    struct sim_event last = sim->events[--sim->event_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= sim->event_count)
            break;
        if (child + 1 < sim->event_count && is_before(&sim->events[child + 1], &sim->events[child]))
            child++;
        if (!is_before(&sim->events[child], &last))
            break;
        sim->events[i] = sim->events[child];
        i = child;
    }
    sim->events[i] = last;
    return true;
}
