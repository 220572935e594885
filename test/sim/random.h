/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers of the simulator: streams that are independent of each other and depend on nothing
 * but the seed. Each oscillator, each node and each direction of a link has its own, so that what
 * one of them draws changes nothing for the others.
 */
#ifndef TEST_SIM_RANDOM_H
#define TEST_SIM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Streams of the oscillator of a node, its noise, its devices, its network card, its sensor,
   and of the direction of the link from one node to another. */
#define SIM_CLOCK_STREAM(node)      (1000 + (uint64_t)(node))
#define SIM_DEVICE_STREAM(node)     (3000 + (uint64_t)(node))
#define SIM_NIC_STREAM(node)        (4000 + (uint64_t)(node))
#define SIM_NOISE_STREAM(clock)     (4000 + (uint64_t)(clock)) /* of the stream of a clock */
#define SIM_SENSOR_STREAM(node)     (6000 + (uint64_t)(node))
#define SIM_PAGE_STREAM(node)       (7000 + (uint64_t)(node))
#define SIM_LINK_STREAM(from, to)   (1000000 + 64 * (uint64_t)(from) + (uint64_t)(to))
#define SIM_LATE_STREAM(from, to)   (1000000 + SIM_LINK_STREAM(from, to))
#define SIM_QUEUE_STREAM(from, to)  (2000000 + SIM_LINK_STREAM(from, to))
#define SIM_WINDOW_STREAM(from, to) (3000000 + SIM_LINK_STREAM(from, to))

struct sim_random {
    uint64_t state[4];
};

/* stream: which of the independent sequences of this seed. */
void sim_random_seed(struct sim_random *r, uint64_t seed, uint64_t stream);
uint64_t sim_random_bits(struct sim_random *r);
void sim_random_bytes(struct sim_random *r, void *out, size_t length);
/* Uniform in (0, 1). */
double sim_random_unit(struct sim_random *r);
/* Mean 0, standard deviation 1. */
double sim_random_normal(struct sim_random *r);
/* Mean 1. */
double sim_random_exponential(struct sim_random *r);

#endif
