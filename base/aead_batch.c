/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collects AEAD operations, counts them, and gives them to base/siv_lanes.h or base/crypto.h.
 * Nothing here allocates after the batch was made, and nothing logs.
 */
#include "base/aead_batch.h"

#include <stdlib.h>
#include <string.h>
#include "base/siv_lanes.h"
#include "base/text.h"

#define BLOCK 16u

#define SIV_KEY_LENGTH 32u

/* Of a string; far more than a packet has. The lanes count with 16 bits. */
#define LONGEST_IN_LANES 4096u

/* With fewer operations at a time, Nettle is as fast. */
#define FEWEST_IN_LANES 4

struct aead_batch {
    struct siv_lanes *lanes; /* NULL: one after another */
    struct aead_counts counts;
    size_t count;
    struct aead_work works[AEAD_BATCH_SIZE];
};

void aead_work_run(const struct aead_work *w)
{
    bool ok;

    if (w->seal)
        ok = w->cipher ? aead_cipher_seal(w->cipher, w->nonce, w->nonce_length, w->ad, w->ad_length,
                                          w->in, w->in_length, w->out)
                       : aead_seal(w->id, w->key, w->nonce, w->nonce_length, w->ad, w->ad_length,
                                   w->in, w->in_length, w->out);
    else
        ok = w->cipher ? aead_cipher_open(w->cipher, w->nonce, w->nonce_length, w->ad, w->ad_length,
                                          w->in, w->in_length, w->out)
                       : aead_open(w->id, w->key, w->nonce, w->nonce_length, w->ad, w->ad_length,
                                   w->in, w->in_length, w->out);
    if (!ok)
        *w->failed = true;
}

static bool fits_lanes(const struct aead_work *w)
{
    return w->id == AEAD_AES_SIV_CMAC_256 && w->key->length == SIV_KEY_LENGTH &&
           w->nonce_length > 0 && w->nonce_length <= LONGEST_IN_LANES &&
           w->ad_length <= LONGEST_IN_LANES && w->in_length <= LONGEST_IN_LANES &&
           (w->seal || w->in_length >= AEAD_TAG_LENGTH);
}

static size_t blocks_of(size_t length)
{
    return length / BLOCK + (length % BLOCK != 0);
}

/* CMAC needs a block also for a message without octets. */
static size_t mac_blocks(size_t length)
{
    return length > 0 ? blocks_of(length) : 1;
}

static void count_work(struct aead_counts *counts, const struct aead_work *w)
{
    const size_t text =
        w->seal || w->in_length < AEAD_TAG_LENGTH ? w->in_length : w->in_length - AEAD_TAG_LENGTH;

    counts->operations++;
    if (!w->cipher)
        counts->expansions += 2;
    /* The MACs of zero, associated data, nonce and text, and the key stream. */
    counts->blocks += 1 + mac_blocks(w->ad_length) + mac_blocks(w->nonce_length) +
                      mac_blocks(text) + blocks_of(text);
}

void aead_batch_add(struct aead_batch *batch, const struct aead_work *work)
{
    if (!batch) {
        aead_work_run(work);
        return;
    }
    count_work(&batch->counts, work);
    if (!batch->lanes || !fits_lanes(work)) {
        aead_work_run(work);
        return;
    }
    batch->works[batch->count++] = *work;
    if (batch->count == AEAD_BATCH_SIZE)
        aead_batch_run(batch);
}

void aead_batch_run(struct aead_batch *batch)
{
    if (!batch)
        return;
    if (batch->count >= FEWEST_IN_LANES)
        siv_lanes_run(batch->lanes, batch->works, batch->count);
    else
        for (size_t i = 0; i < batch->count; i++)
            aead_work_run(&batch->works[i]);
    batch->count = 0;
}

const struct aead_counts *aead_batch_counts(const struct aead_batch *batch)
{
    return &batch->counts;
}

/* ---- Start and stop ---- */

#define TRIALS      (FEWEST_IN_LANES * 4)
#define TRIAL_TEXT  120u
#define TRIAL_NONCE 16u

/* Whether the lanes do what Nettle does: with another processor than those of our tests they are
   other code. */
static bool lanes_agree(struct aead_batch *batch)
{
    struct secret keys[TRIALS];
    uint8_t text[TRIAL_TEXT], sealed[TRIALS][TRIAL_TEXT + AEAD_TAG_LENGTH];
    uint8_t expected[TRIAL_TEXT + AEAD_TAG_LENGTH], opened[TRIALS][TRIAL_TEXT];
    bool failed = false, forged[TRIALS] = {false};
    struct aead_work w = {
        .id = AEAD_AES_SIV_CMAC_256, .nonce = text, .ad = text, .failed = &failed};

    for (size_t i = 0; i < TRIAL_TEXT; i++)
        text[i] = (uint8_t)(i * 89 + 7);
    w.seal = true;
    for (size_t i = 0; i < TRIALS; i++) {
        keys[i].length = aead_key_length(w.id);
        for (size_t j = 0; j < keys[i].length; j++)
            keys[i].data[j] = (uint8_t)(i * 31 + j);
        w.key = &keys[i];
        w.nonce_length = TRIAL_NONCE - i % 3;
        w.ad_length = i * 7;
        w.in = text;
        w.in_length = TRIAL_TEXT - i * 7;
        w.out = sealed[i];
        aead_batch_add(batch, &w);
    }
    aead_batch_run(batch);
    w.seal = false;
    for (size_t i = 0; i < TRIALS && !failed; i++) {
        w.key = &keys[i];
        w.nonce_length = TRIAL_NONCE - i % 3;
        w.ad_length = i * 7;
        w.in_length = TRIAL_TEXT - i * 7;
        failed = !aead_seal(w.id, w.key, w.nonce, w.nonce_length, w.ad, w.ad_length, text,
                            w.in_length, expected) ||
                 memcmp(sealed[i], expected, w.in_length + AEAD_TAG_LENGTH) != 0;
        sealed[i][i] ^= i % 2;
        w.in = sealed[i];
        w.in_length += AEAD_TAG_LENGTH;
        w.out = opened[i];
        w.failed = &forged[i];
        aead_batch_add(batch, &w);
    }
    aead_batch_run(batch);
    for (size_t i = 0; i < TRIALS && !failed; i++)
        failed = forged[i] != (i % 2 != 0) ||
                 (!forged[i] && memcmp(opened[i], text, TRIAL_TEXT - i * 7) != 0);
    return !failed;
}

struct aead_batch *aead_batch_new(bool parallel)
{
    struct aead_batch *batch = mem_alloc(sizeof(*batch));

    if (!parallel)
        return batch;
    batch->lanes = aead_supported(AEAD_AES_SIV_CMAC_256) ? siv_lanes_new() : NULL;
    if (!batch->lanes || !lanes_agree(batch)) {
        aead_batch_free(batch);
        return NULL;
    }
    batch->counts = (struct aead_counts){0};
    return batch;
}

void aead_batch_free(struct aead_batch *batch)
{
    if (!batch)
        return;
    siv_lanes_free(batch->lanes);
    free(batch);
}
