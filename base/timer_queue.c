/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timer queue of the event loop: a sorted array, since it holds a few timers for each source and
 * the spacing of classes has to walk over them in order anyway. Called by base/loop.c only; runs no
 * handler and reads no clock.
 */
#include "base/timer_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

void timer_queue_clear(struct timer_queue *queue)
{
    free(queue->timers);
    memset(queue, 0, sizeof(*queue));
}

static struct timer *find_timer(const struct timer_queue *queue, timer_id id)
{
    for (size_t i = 0; i < queue->count; i++) {
        if (queue->timers[i].id == id)
            return &queue->timers[i];
    }
    return NULL;
}

static timer_id next_id(struct timer_queue *queue)
{
    do
        queue->last_id++;
    while (queue->last_id == 0 || find_timer(queue, queue->last_id) != NULL);
    return queue->last_id;
}

static struct mono_time expiry_of(struct mono_time now, double delay)
{
    struct mono_time expiry = mono_add(now, delay);
    int order = instant_compare(expiry.i, now.i);

    /* An addition that is out of range leaves the time as it is. */
    if (order < 0 || (order == 0 && !(delay < 1.0)))
        LOG_FATAL("Timeout overflow");
    return expiry;
}

/* Index of the first timer that expires after the given time. */
static size_t upper_bound(const struct timer_queue *queue, struct mono_time expiry)
{
    size_t low = 0, high = queue->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (instant_compare(queue->timers[middle].expiry.i, expiry.i) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

timer_id timer_queue_add(struct timer_queue *queue, struct mono_time now, double delay,
                         struct timer timer)
{
    size_t at;

    timer.expiry = expiry_of(now, delay < 0.0 ? 0.0 : delay);
    timer.id = next_id(queue);
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity > 0 ? 2 * queue->capacity : 16;
        queue->timers = mem_resize(queue->timers, queue->capacity, sizeof(*queue->timers));
    }
    at = upper_bound(queue, timer.expiry);
    memmove(queue->timers + at + 1, queue->timers + at,
            (queue->count - at) * sizeof(*queue->timers));
    queue->timers[at] = timer;
    queue->count++;
    return timer.id;
}

double timer_queue_separate(const struct timer_queue *queue, struct mono_time now, double min_delay,
                            double separation, enum timer_class class)
{
    double delay = min_delay;

    assert(class > TIMER_CLASS_NONE && class < TIMER_CLASS_COUNT);
    if (queue->was_dispatched[class]) {
        double elapsed = mono_diff(now, queue->dispatched[class]);

        if (elapsed >= 0.0 && elapsed < separation && elapsed + delay < separation)
            delay = separation - elapsed;
    }
    for (size_t i = 0; i < queue->count; i++) {
        double other = mono_diff(queue->timers[i].expiry, now);

        if (queue->timers[i].class != class)
            continue;
        if ((delay > other && delay - other < separation) ||
            (delay <= other && other - delay < separation))
            delay = other + separation;
    }
    return delay;
}

static void remove_timer(struct timer_queue *queue, struct timer *timer)
{
    size_t at = (size_t)(timer - queue->timers);

    queue->count--;
    memmove(timer, timer + 1, (queue->count - at) * sizeof(*timer));
}

void timer_queue_cancel(struct timer_queue *queue, timer_id id)
{
    struct timer *timer = id != 0 ? find_timer(queue, id) : NULL;

    if (timer != NULL)
        remove_timer(queue, timer);
}

bool timer_queue_take(struct timer_queue *queue, struct mono_time now, struct timer *timer)
{
    if (queue->count == 0 || instant_compare(queue->timers[0].expiry.i, now.i) > 0)
        return false;
    *timer = queue->timers[0];
    remove_timer(queue, queue->timers);
    queue->dispatched[timer->class] = now;
    queue->was_dispatched[timer->class] = true;
    return true;
}
