/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a link: how long packets take, and which are lost. The network of the simulator
 * and the library that runs other programs in virtual time call it, so that a model of a network is
 * the same for both. It knows no packets: what it is given is the true time at which one leaves.
 *
 * The loss, the copies and the jitter are drawn from one stream of random numbers, all other
 * models from streams of their own, so that using one of them leaves the other delays as they were.
 */
#ifndef TEST_SIM_LINK_H
#define TEST_SIM_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "test/sim/random.h"

/* The part of each period in which something happens: `length` seconds from `begin` on; or at
   random, once, for a time that is exponential with the mean `length` and ends with the period. */
struct sim_window {
    double period; /* seconds, 0: never */
    double length;
    double begin;
    bool random;
};

enum sim_jitter {
    SIM_EXPONENTIAL,
    SIM_NORMAL, /* its absolute value */
    SIM_TABLE,
    SIM_GAUSS,  /* on both sides of the delay; a sum below 0 counts as 0 */
    SIM_PARETO, /* of the second kind (Lomax) */
};

/* All fields may be changed at any time. Times are in seconds. */
struct sim_link {
    double delay; /* the smallest that is possible, SIM_GAUSS: the mean */
    enum sim_jitter kind;
    double jitter;       /* mean (exponential, Pareto) or standard deviation (normal, Gauss) */
    double shape;        /* SIM_PARETO, more than 1: the tail falls with this power */
    const double *table; /* SIM_TABLE: quantiles of the additional delay, in ascending order */
    size_t table_size;
    double loss;      /* probabilities for each packet */
    double duplicate; /* a second copy, with a delay of its own */
    double reorder;   /* it is held back by reorder_delay */
    double reorder_delay;
    bool down;

    /* In this part of the time the jitter is so many times as large. */
    struct sim_window burst;
    double burst_factor;
    /* Some packets are late by up to outlier_delay, uniformly. */
    double outlier; /* probability */
    double outlier_delay;
    /* A queue of other packets: the positive part of a normal process with this standard deviation
       and correlation time. */
    double queue;
    double queue_time;
    /* Somebody fills a large buffer: four fifths of it to all is the time that a packet waits. */
    struct sim_window bloat;
    double bloat_delay;
    /* The path becomes longer, evenly, and is short again. */
    double swing;
    double swing_period;
    /* A packet leaves only at times that lie grid seconds apart. */
    double grid;
    /* Nothing arrives: a host that does not run finds packets later. */
    struct sim_window hold;
};

struct sim_link_state {
    struct sim_random random;
    struct sim_random late, queue_random; /* outliers and bloat; the queue */
    uint64_t seed, stream;                /* of windows at random */
    double queue_before, queue_after;     /* at the steps around the present time */
    int64_t queue_step;                   /* of queue_after; 0: not begun */
    double grid_phase;                    /* part of the grid's interval */
};

void sim_link_init(struct sim_link_state *state, uint64_t seed, int from, int to);
/* Of a packet that is sent; 0: it is lost. */
int sim_link_copies(const struct sim_link *link, struct sim_link_state *state);
/* Seconds on the way of one copy that leaves at a time, which does not go back. */
double sim_link_delay(const struct sim_link *link, struct sim_link_state *state, double time);
/* Of a part of a stream, of which there are no copies; negative: it is lost. */
double sim_link_fate(const struct sim_link *link, struct sim_link_state *state, double time);

#endif
