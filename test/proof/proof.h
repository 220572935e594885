/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the proofs share. Each function prove_...() is for CBMC, which looks at all of its runs at
 * once: nondet_...() gives every value of its type. test/proof/run reads the lines "sources:"
 * and "options:" at the head of each file; test/README says how to add one.
 */
#ifndef TEST_PROOF_PROOF_H
#define TEST_PROOF_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define proof_assume(condition) __CPROVER_assume(condition)
#define proof_assert(condition) __CPROVER_assert(condition, #condition)
/* Some run comes here: without it, a proof whose assumptions exclude each other would hold. */
#ifdef PROOF_SEEDED
#define proof_reached(name) (void)0
#else
#define proof_reached(name) __CPROVER_assert(false, "reached: " name)
#endif
/* Octets that the program may read, or write. */
#define proof_assert_readable(p, length) proof_assert((length) == 0 || __CPROVER_r_ok(p, length))
#define proof_assert_writable(p, length) proof_assert((length) == 0 || __CPROVER_w_ok(p, length))

/* Without a body: any value. */
bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
int nondet_int(void);
int64_t nondet_i64(void);
size_t nondet_size(void);

/* A size between two limits, which are included. */
static inline size_t size_within(size_t min, size_t max)
{
    size_t size = nondet_size();

    proof_assume(size >= min && size <= max);
    return size;
}

/* An object of exactly this many octets with any content: one octet outside of it is found. */
static inline uint8_t *any_octets(size_t size)
{
    uint8_t *octets = malloc(size);

    proof_assume(octets);
    return octets;
}

#endif
