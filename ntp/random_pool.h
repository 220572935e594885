/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random octets in small pieces: a buffer that is filled through the world in one call, so that
 * the timestamps of a batch of packets do not need a system call each. Octets that were given out
 * are wiped.
 */
#ifndef NTP_RANDOM_POOL_H
#define NTP_RANDOM_POOL_H

#include <stddef.h>
#include <stdint.h>
#include "base/world.h"

struct random_pool {
    const struct world *world;
    size_t left;
    uint8_t data[512];
};

struct random_pool random_pool_make(const struct world *world);
void random_pool_bytes(struct random_pool *pool, void *out, size_t length);
uint32_t random_pool_u32(struct random_pool *pool);

#endif
