/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timer queue of the event loop: a tree for each class, and lists by ID. The tree finds a
 * place that keeps its distance from the other timers of the class. Each source has a few timers,
 * so with thousands of sources no operation here may be O(n). Called by base/loop.c only; runs no
 * handler and reads no clock.
 */
#include "base/timer_queue.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/timer_tree.h"

#define MIN_CAPACITY 16

void timer_queue_clear(struct timer_queue *queue)
{
    free(queue->nodes);
    free(queue->buckets);
    memset(queue, 0, sizeof(*queue));
}

/* The head of the list with an ID. There has to be a node. */
static timer_ref *bucket_of(const struct timer_queue *queue, timer_id id)
{
    return &queue->buckets[id & (queue->capacity - 1)];
}

static timer_ref find_timer(const struct timer_queue *queue, timer_id id)
{
    timer_ref node = queue->capacity > 0 ? *bucket_of(queue, id) : TIMER_NOBODY;

    while (node != TIMER_NOBODY && queue->nodes[node].timer.id != id)
        node = queue->nodes[node].next;
    return node;
}

static timer_id next_id(struct timer_queue *queue)
{
    do
        queue->last_id++;
    while (queue->last_id == 0 || find_timer(queue, queue->last_id) != TIMER_NOBODY);
    return queue->last_id;
}

static void push(struct timer_queue *queue, timer_ref *list, timer_ref node)
{
    queue->nodes[node].next = *list;
    *list = node;
}

/* Twice as many nodes, and the old ones in the lists of their IDs. All of them are in use. */
static void grow(struct timer_queue *queue)
{
    uint32_t old = queue->capacity, capacity = old > 0 ? 2 * old : MIN_CAPACITY;

    if (capacity < old)
        LOG_FATAL("Could not allocate memory");
    queue->nodes = mem_resize(queue->nodes, capacity, sizeof(*queue->nodes));
    queue->buckets = mem_resize(queue->buckets, capacity, sizeof(*queue->buckets));
    queue->capacity = capacity;
    memset(queue->buckets, 0, capacity * sizeof(*queue->buckets));
    for (timer_ref node = 1; node < old; node++)
        push(queue, bucket_of(queue, queue->nodes[node].timer.id), node);
    for (timer_ref node = capacity - 1; node > 0 && node >= old; node--)
        push(queue, &queue->free, node);
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

timer_id timer_queue_add(struct timer_queue *queue, struct mono_time now, double delay,
                         struct timer timer)
{
    timer.expiry = expiry_of(now, delay < 0.0 ? 0.0 : delay);
    timer.id = next_id(queue);
    if (queue->free == TIMER_NOBODY)
        grow(queue);
    timer_ref node = queue->free;
    queue->free = queue->nodes[node].next;
    queue->nodes[node].timer = timer;
    queue->nodes[node].sequence = ++queue->last_sequence;
    push(queue, bucket_of(queue, timer.id), node);
    queue->trees[timer.class] = timer_tree_insert(queue->nodes, queue->trees[timer.class], node);
    queue->count++;
    return timer.id;
}

/* What a new timer of a class wants. */
struct wish {
    struct mono_time now;
    double delay;
    double separation;
};

/* Seconds from a timer to the wish. */
static double distance(struct mono_time expiry, const struct wish *wish)
{
    return wish->delay - mono_diff(expiry, wish->now);
}

static bool is_far_before(struct mono_time expiry, const void *arg)
{
    const struct wish *wish = arg;

    return distance(expiry, wish) >= wish->separation;
}

/*
 * The result of the walk of discipline.md 3.2 (step 3) in O(log n). A timer that is a separation
 * or more before the wanted time changes nothing. From the first one that is closer, each timer
 * pushes the new one to a separation after itself, until the next timer is at least a separation
 * away. That can only happen in a gap of two separations, so only such gaps are examined. The
 * search for gaps has a margin for rounding errors; a gap found is then judged with the
 * arithmetic of the walk, so the result is the same to the last bit.
 */
static double keep_away(const struct timer_queue *queue, timer_ref tree, struct wish wish)
{
    const double separation = wish.separation;
    struct mono_time at, last = queue->nodes[tree].last;
    struct timer_gap gap;

    if (!timer_tree_search(queue->nodes, tree, is_far_before, &wish, &at) ||
        !(fabs(distance(at, &wish)) < separation))
        return wish.delay;
    double margin =
        8.0 * DBL_EPSILON *
        (1.0 + separation + fabs(mono_diff(at, wish.now)) + fabs(mono_diff(last, wish.now)));
    while (timer_tree_find_gap(queue->nodes, tree, at, 2.0 * separation - margin, &gap)) {
        wish.delay = mono_diff(gap.before, wish.now) + separation;
        if (distance(gap.after, &wish) <= -separation)
            return wish.delay;
        at = gap.after;
    }
    return mono_diff(last, wish.now) + separation;
}

double timer_queue_separate(const struct timer_queue *queue, struct mono_time now, double min_delay,
                            double separation, enum timer_class class)
{
    struct wish wish = {now, min_delay, separation};

    assert(class > TIMER_CLASS_NONE && class < TIMER_CLASS_COUNT);
    if (queue->was_dispatched[class]) {
        double elapsed = mono_diff(now, queue->dispatched[class]);

        if (elapsed >= 0.0 && elapsed < separation && elapsed + min_delay < separation)
            wish.delay = separation - elapsed;
    }
    if (queue->trees[class] == TIMER_NOBODY)
        return wish.delay;
    return keep_away(queue, queue->trees[class], wish);
}

static void remove_timer(struct timer_queue *queue, timer_ref node)
{
    const struct timer *timer = &queue->nodes[node].timer;
    timer_ref *tree = &queue->trees[timer->class], *link = bucket_of(queue, timer->id);

    *tree = timer_tree_remove(queue->nodes, *tree, node);
    while (*link != node)
        link = &queue->nodes[*link].next;
    *link = queue->nodes[node].next;
    push(queue, &queue->free, node);
    queue->count--;
}

void timer_queue_cancel(struct timer_queue *queue, timer_id id)
{
    timer_ref node = id != 0 ? find_timer(queue, id) : TIMER_NOBODY;

    if (node != TIMER_NOBODY)
        remove_timer(queue, node);
}

/* The first of all classes. */
static timer_ref find_first(const struct timer_queue *queue)
{
    timer_ref first = TIMER_NOBODY;

    for (int i = 0; i < TIMER_CLASS_COUNT; i++) {
        timer_ref node = timer_tree_first(queue->nodes, queue->trees[i]);

        if (first == TIMER_NOBODY ||
            (node != TIMER_NOBODY && timer_is_before(&queue->nodes[node], &queue->nodes[first])))
            first = node;
    }
    return first;
}

bool timer_queue_first(const struct timer_queue *queue, struct mono_time *expiry)
{
    timer_ref first = find_first(queue);

    if (first == TIMER_NOBODY)
        return false;
    *expiry = queue->nodes[first].timer.expiry;
    return true;
}

bool timer_queue_take(struct timer_queue *queue, struct mono_time now, struct timer *timer)
{
    timer_ref first = find_first(queue);

    if (first == TIMER_NOBODY || instant_compare(queue->nodes[first].timer.expiry.i, now.i) > 0)
        return false;
    *timer = queue->nodes[first].timer;
    remove_timer(queue, first);
    queue->dispatched[timer->class] = now;
    queue->was_dispatched[timer->class] = true;
    return true;
}
