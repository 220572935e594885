/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A treap of timers: a search tree that pseudo-random priorities keep balanced. The priorities
 * are the same in each run. Each node knows the longest gap below it, so a search for a gap skips
 * whole branches. Called by base/timer_queue.c, which owns the nodes; allocates nothing.
 */
#include "base/timer_tree.h"

#include <assert.h>
#include <math.h>

bool timer_is_before(const struct timer_node *a, const struct timer_node *b)
{
    int order = instant_compare(a->timer.expiry.i, b->timer.expiry.i);

    return order < 0 || (order == 0 && a->sequence < b->sequence);
}

/* The finalisation of MurmurHash3: every bit of the sequence counts for every bit of the result. */
static uint32_t make_priority(uint64_t sequence)
{
    sequence ^= sequence >> 33;
    sequence *= UINT64_C(0xff51afd7ed558ccd);
    sequence ^= sequence >> 33;
    sequence *= UINT64_C(0xc4ceb9fe1a85ec53);
    return (uint32_t)(sequence >> 32);
}

/* Recomputes what a node knows of its subtree. */
static void update(struct timer_node *nodes, timer_ref at)
{
    struct timer_node *node = &nodes[at];
    const struct timer_node *left = &nodes[node->left], *right = &nodes[node->right];

    node->first = node->last = node->timer.expiry;
    node->longest = 0.0;
    if (node->left != TIMER_NOBODY) {
        node->first = left->first;
        node->longest = fmax(left->longest, mono_diff(node->timer.expiry, left->last));
    }
    if (node->right != TIMER_NOBODY) {
        node->last = right->last;
        node->longest = fmax(node->longest, right->longest);
        node->longest = fmax(node->longest, mono_diff(right->first, node->timer.expiry));
    }
}

/* Splits the tree into the nodes before the given one and the rest. The given node is not in it. */
static void split(struct timer_node *nodes, timer_ref tree, const struct timer_node *node,
                  timer_ref *before, timer_ref *after)
{
    if (tree == TIMER_NOBODY) {
        *before = *after = TIMER_NOBODY;
        return;
    }
    if (timer_is_before(&nodes[tree], node)) {
        split(nodes, nodes[tree].right, node, &nodes[tree].right, after);
        *before = tree;
    } else {
        split(nodes, nodes[tree].left, node, before, &nodes[tree].left);
        *after = tree;
    }
    update(nodes, tree);
}

/* Joins two trees; all nodes of the first come before those of the second. */
static timer_ref merge(struct timer_node *nodes, timer_ref before, timer_ref after)
{
    if (before == TIMER_NOBODY || after == TIMER_NOBODY)
        return before != TIMER_NOBODY ? before : after;
    if (nodes[before].priority >= nodes[after].priority) {
        nodes[before].right = merge(nodes, nodes[before].right, after);
        update(nodes, before);
        return before;
    }
    nodes[after].left = merge(nodes, before, nodes[after].left);
    update(nodes, after);
    return after;
}

timer_ref timer_tree_insert(struct timer_node *nodes, timer_ref tree, timer_ref node)
{
    timer_ref before, after;

    nodes[node].left = nodes[node].right = TIMER_NOBODY;
    nodes[node].priority = make_priority(nodes[node].sequence);
    update(nodes, node);
    split(nodes, tree, &nodes[node], &before, &after);
    return merge(nodes, merge(nodes, before, node), after);
}

timer_ref timer_tree_remove(struct timer_node *nodes, timer_ref tree, timer_ref node)
{
    assert(tree != TIMER_NOBODY);
    if (tree == node)
        return merge(nodes, nodes[node].left, nodes[node].right);
    timer_ref *branch =
        timer_is_before(&nodes[node], &nodes[tree]) ? &nodes[tree].left : &nodes[tree].right;
    *branch = timer_tree_remove(nodes, *branch, node);
    update(nodes, tree);
    return tree;
}

timer_ref timer_tree_first(const struct timer_node *nodes, timer_ref tree)
{
    if (tree == TIMER_NOBODY)
        return TIMER_NOBODY;
    while (nodes[tree].left != TIMER_NOBODY)
        tree = nodes[tree].left;
    return tree;
}

bool timer_tree_search(const struct timer_node *nodes, timer_ref tree,
                       bool (*passes_over)(struct mono_time expiry, const void *arg),
                       const void *arg, struct mono_time *expiry)
{
    bool found = false;

    while (tree != TIMER_NOBODY) {
        if (passes_over(nodes[tree].timer.expiry, arg)) {
            tree = nodes[tree].right;
        } else {
            *expiry = nodes[tree].timer.expiry;
            found = true;
            tree = nodes[tree].left;
        }
    }
    return found;
}

static bool is_gap(struct mono_time before, struct mono_time after, struct mono_time from,
                   double length, struct timer_gap *gap)
{
    if (instant_compare(before.i, from.i) < 0 || mono_diff(after, before) < length)
        return false;
    *gap = (struct timer_gap){before, after};
    return true;
}

bool timer_tree_find_gap(const struct timer_node *nodes, timer_ref tree, struct mono_time from,
                         double length, struct timer_gap *gap)
{
    const struct timer_node *node = &nodes[tree];

    if (tree == TIMER_NOBODY || instant_compare(node->last.i, from.i) < 0 || node->longest < length)
        return false;
    if (timer_tree_find_gap(nodes, node->left, from, length, gap))
        return true;
    if (node->left != TIMER_NOBODY &&
        is_gap(nodes[node->left].last, node->timer.expiry, from, length, gap))
        return true;
    if (node->right == TIMER_NOBODY)
        return false;
    return is_gap(node->timer.expiry, nodes[node->right].first, from, length, gap) ||
           timer_tree_find_gap(nodes, node->right, from, length, gap);
}
