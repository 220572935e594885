/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share: a world whose only file is the input, with fixed clocks and
 * repeatable random octets. A target is LLVMFuzzerTestOneInput() in a file of its own; what must
 * hold for every input is checked by assert(). The log is silent.
 */
#ifndef TEST_FUZZ_SUPPORT_H
#define TEST_FUZZ_SUPPORT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include "base/world.h"

#define FUZZ_TIME 1700000000 /* of the clocks */

struct fuzz_world {
    struct world world;
    struct world_ops ops;
    const uint8_t *data; /* every file that is read */
    size_t size;
    uint64_t random;
};

void fuzz_world_init(struct fuzz_world *fuzz, const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
