/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of nts/ share: a world with virtual time, files in memory and repeatable random
 * octets, and readers of the recorded vectors.
 */
#ifndef TEST_UNIT_SUPPORT_NTS_H
#define TEST_UNIT_SUPPORT_NTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include "base/loop.h"
#include "base/world.h"
#include "nts/server_keys.h"

#define TEST_MAX_FILES 64

struct test_file {
    char *path;
    char *data;
    size_t size;
    mode_t mode;
    bool removed; /* kept, a stream may still read it */
};

struct test_world {
    struct world world;
    struct world_ops ops;
    struct instant now; /* monotonic and raw */
    uint64_t random_state;
    struct test_file files[TEST_MAX_FILES];
    int file_count;
    bool disk_full; /* writes to new files fail */
};

/* The keys of a server by slot. */
static inline const struct nts_server_key *test_server_keys(const struct nts_server_keys *keys)
{
    const struct nts_key_set *set = server_keys_value(keys).data;

    return set->keys;
}

void test_world_init(struct test_world *test);
void test_world_free(struct test_world *test);
/* Runs the loop for some seconds of virtual time. */
void test_world_advance(struct loop *loop, double seconds);
void test_world_put(struct test_world *test, const char *path, const char *content);
/* NULL: there is no such file. */
const struct test_file *test_world_file(const struct test_world *test, const char *path);

/* test/data/nts/NAME; fails the test if it cannot be read. */
json_t *test_json(const char *name);
const char *test_string(const json_t *object, const char *key);
/* Octets of a hexadecimal member, at most size; fails if there are more. */
size_t test_hex(const json_t *object, const char *key, uint8_t *out, size_t size);

#endif
