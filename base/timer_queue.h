/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of one-shot timers of the event loop (discipline.md 3.1, 3.2). Only base/loop.c uses
 * it; everybody else calls loop_timer_add() and its relatives. Reads no clock: the caller says
 * what time it is.
 */
#ifndef BASE_TIMER_QUEUE_H
#define BASE_TIMER_QUEUE_H

#include <stddef.h>

#include "base/loop.h"

struct timer {
    timer_id id;
    enum timer_class class;
    struct mono_time expiry;
    timer_handler handler;
    void *arg;
};

struct timer_node;

struct timer_queue {
    struct timer_node *nodes; /* with the timers; 0 is none of them */
    uint32_t *buckets;        /* lists of the nodes by ID; as many as nodes */
    uint32_t capacity;        /* of both; a power of two */
    uint32_t free;            /* list of nodes that are not in use */
    uint32_t trees[TIMER_CLASS_COUNT];
    size_t count;
    timer_id last_id;
    uint64_t last_sequence;
    /* The last dispatch in each class, if there was one. */
    struct mono_time dispatched[TIMER_CLASS_COUNT];
    bool was_dispatched[TIMER_CLASS_COUNT];
};

/* A queue of zero octets is empty and ready. Clearing frees what it owns. */
void timer_queue_clear(struct timer_queue *queue);

/* timer->id and expiry are filled in here, the latter from now and delay (seconds; negative counts
   as 0). Never 0. A time that cannot be expressed is fatal: `Timeout overflow`. */
timer_id timer_queue_add(struct timer_queue *queue, struct mono_time now, double delay,
                         struct timer timer);

/* Delay of a new timer of a class that keeps its separation from the others (discipline.md 3.2). */
double timer_queue_separate(const struct timer_queue *queue, struct mono_time now, double min_delay,
                            double separation, enum timer_class class);

void timer_queue_cancel(struct timer_queue *queue, timer_id id);

/* When the first timer expires; false: there is none. */
bool timer_queue_first(const struct timer_queue *queue, struct mono_time *expiry);

/* Takes the first timer off the queue if it is due. */
bool timer_queue_take(struct timer_queue *queue, struct mono_time now, struct timer *timer);

#endif
