/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AEAD operations that are collected and done together. Where libipsec-mb is (x86-64), those of
 * AES-SIV-CMAC-256 are done in parallel lanes of the processor, which takes half of the time.
 * Elsewhere, and for other algorithms, they are done one after another by base/crypto.h. The
 * results are the same octets.
 */
#ifndef BASE_AEAD_BATCH_H
#define BASE_AEAD_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/crypto.h"

/* How many operations are done together at most. */
#define AEAD_BATCH_SIZE 64

/* One operation, with the rules of aead_seal() and aead_open(). */
struct aead_work {
    int id; /* enum aead_id */
    const struct secret *key;
    const struct aead_cipher *cipher; /* the same key, expanded, or NULL */
    bool seal;                        /* else open */
    const uint8_t *nonce;
    size_t nonce_length;
    const void *ad;
    size_t ad_length;
    const uint8_t *in; /* plaintext to seal, or what was sealed */
    size_t in_length;
    uint8_t *out;
    bool *failed; /* set to true if it fails, and never to false */
};

/* Does it at once. */
void aead_work_run(const struct aead_work *work);

/* What was done, to be compared with what a request may cost. */
struct aead_counts {
    uint64_t operations;
    uint64_t expansions; /* of AES keys, two for each key of AES-SIV */
    uint64_t blocks;     /* of AES, as RFC 5297 needs them; other algorithms are counted alike */
};

struct aead_batch;

/*
 * parallel: with libipsec-mb, which is loaded, so this comes before the system call filter; NULL
 * if it is not there, is another version, or fails the comparison with base/crypto.h. Not parallel:
 * one after another, never NULL.
 */
struct aead_batch *aead_batch_new(bool parallel);
/* NULL is allowed. */
void aead_batch_free(struct aead_batch *batch);

/* The octets that work names have to stay where they are until it is done: when the batch is full,
   or by aead_batch_run(). batch NULL: at once. */
void aead_batch_add(struct aead_batch *batch, const struct aead_work *work);
/* Does what was added. NULL is allowed. */
void aead_batch_run(struct aead_batch *batch);

const struct aead_counts *aead_batch_counts(const struct aead_batch *batch);

#endif
