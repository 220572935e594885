/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plain values: octets without pointers, so that a copy at any address, also in another process, is
 * as good as the original. What answers of the server depend on is kept in such values, and copied
 * from their owners into its snapshots (ntp/server/snapshot.h).
 */
#ifndef BASE_PLAIN_H
#define BASE_PLAIN_H

#include <stddef.h>
#include <stdint.h>

/* Alignment that every plain value may ask for; that of mem_alloc(). */
#define PLAIN_ALIGNMENT 16

/* The present value of an owner; valid until the owner changes it. */
struct plain_value {
    const void *data; /* NULL: there is none */
    size_t size;
    uint64_t generation; /* another one after each change by the owner */
};

static inline size_t plain_align(size_t size)
{
    return (size + PLAIN_ALIGNMENT - 1) / PLAIN_ALIGNMENT * PLAIN_ALIGNMENT;
}

#endif
