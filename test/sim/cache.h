/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results of another chronyd, kept in a file, as they do not change. A result is found by a number
 * that is made of all that it depends on (peer_key()).
 */
#ifndef TEST_SIM_CACHE_H
#define TEST_SIM_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include "test/sim/tally.h"

struct cache;

/* Reads a file, which need not exist. NULL: no path was given. The string is kept. */
struct cache *cache_new(const char *path);
/* NULL is allowed, here and below: it finds and keeps nothing. */
void cache_free(struct cache *cache);
bool cache_find(const struct cache *cache, uint64_t key, struct sim_result *result);
/* Adds one to the file, not to what is found. Several processes may do so at a time. */
void cache_add(const struct cache *cache, uint64_t key, const struct sim_result *result);

#endif
