/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random octets in small pieces, read from the world in blocks. Octets that were given out are
 * wiped from the buffer, so that memory does not reveal values that were sent.
 */
#include "ntp/random_pool.h"

#include <string.h>
#include "base/crypto.h"

struct random_pool random_pool_make(const struct world *world)
{
    return (struct random_pool){.world = world};
}

void random_pool_bytes(struct random_pool *pool, void *out, size_t length)
{
    if (length > sizeof(pool->data)) {
        world_random(pool->world, out, length);
        return;
    }
    if (length > pool->left) {
        world_random(pool->world, pool->data, sizeof(pool->data));
        pool->left = sizeof(pool->data);
    }
    uint8_t *from = pool->data + pool->left - length;
    memcpy(out, from, length);
    crypto_wipe(from, length);
    pool->left -= length;
}

uint32_t random_pool_u32(struct random_pool *pool)
{
    uint32_t v;

    random_pool_bytes(pool, &v, sizeof(v));
    return v;
}
