/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers in order of expiry, then of insertion, and the gaps between them: what the timer queue has
 * for each class. All operations are O(log n) in the number of timers. Only base/timer_queue.c
 * uses it.
 */
#ifndef BASE_TIMER_TREE_H
#define BASE_TIMER_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timer_queue.h"

/* Index of a node; a tree is the node at its root. */
typedef uint32_t timer_ref;
#define TIMER_NOBODY 0

struct timer_node {
    struct timer timer;
    uint64_t sequence; /* later ones were inserted later */
    timer_ref next;    /* for the owner's lists */
    /* Of the tree: */
    timer_ref left, right;
    uint32_t priority;
    /* What is below and at this node. */
    struct mono_time first, last;
    double longest; /* gap between two neighbours, in seconds */
};

/* Two neighbours. */
struct timer_gap {
    struct mono_time before, after;
};

bool timer_is_before(const struct timer_node *a, const struct timer_node *b);

/* Insert adds a node whose timer and sequence are set; remove takes out one that is there. Both
   return the new tree. nodes[TIMER_NOBODY] is not a node. */
timer_ref timer_tree_insert(struct timer_node *nodes, timer_ref tree, timer_ref node);
timer_ref timer_tree_remove(struct timer_node *nodes, timer_ref tree, timer_ref node);

/* The first one; TIMER_NOBODY: there is none. */
timer_ref timer_tree_first(const struct timer_node *nodes, timer_ref tree);

/* Finds the first expiry that the predicate does not pass over. It has to pass over a prefix of the
   timers in order of expiry. False: it passes over all. */
bool timer_tree_search(const struct timer_node *nodes, timer_ref tree,
                       bool (*passes_over)(struct mono_time expiry, const void *arg),
                       const void *arg, struct mono_time *expiry);

/* The first gap of at least so many seconds among those that begin at the given time or later, with
   the error of mono_diff(). False: there is none. */
bool timer_tree_find_gap(const struct timer_node *nodes, timer_ref tree, struct mono_time from,
                         double length, struct timer_gap *gap);

#endif
