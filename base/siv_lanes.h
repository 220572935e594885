/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AES-SIV-CMAC-256 of several messages at a time with libipsec-mb. Only base/aead_batch.c uses it.
 */
#ifndef BASE_SIV_LANES_H
#define BASE_SIV_LANES_H

#include "base/aead_batch.h"

struct siv_lanes;

/* Loads the library. NULL: there is none that can be used. */
struct siv_lanes *siv_lanes_new(void);
void siv_lanes_free(struct siv_lanes *lanes);

/* works: up to AEAD_BATCH_SIZE, all of AES-SIV-CMAC-256 with a key of its length, a nonce, and, if
   they open, a tag. */
void siv_lanes_run(struct siv_lanes *lanes, const struct aead_work *works, size_t count);

#endif
