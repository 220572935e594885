/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values shared by all NTS modules: keys of an association, cookies, limits (nts.md 4, 5).
 */
#ifndef NTS_CONTEXT_H
#define NTS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/crypto.h"

#define NTS_MAX_COOKIES       8
#define NTS_MAX_COOKIE_LENGTH 256
#define NTS_MIN_COOKIE_BODY   12
#define NTS_UID_LENGTH        32
#define NTS_NONCE_LENGTH      16
#define NTS_KE_PORT           4460
#define NTS_KE_MAX_MESSAGE    16384
#define NTS_MAX_AEADS         4 /* sent in a request */

/* AEAD algorithm and the two keys; aead 0: none. */
struct nts_context {
    int aead;
    struct secret c2s;
    struct secret s2c;
};

struct nts_cookie {
    uint8_t data[NTS_MAX_COOKIE_LENGTH];
    size_t length;
};

/* A server key that encrypts cookies. */
struct nts_server_key {
    uint32_t id;
    int aead;
    struct secret key;
};

/* The algorithms of ntsaeads that this build supports, in configured order (at most 4 for requests;
   all for acceptance). */
struct nts_aeads {
    int ids[16];
    size_t count;
};

static inline void nts_context_wipe(struct nts_context *context)
{
    secret_wipe(&context->c2s);
    secret_wipe(&context->s2c);
    context->aead = 0;
}

/* The entries of ntsaeads that the libraries support, in configured order. */
void nts_aeads_init(struct nts_aeads *aeads, const int *ids, size_t count);

/* Enabled (in the list) and supported by the libraries. */
static inline bool nts_aead_enabled(const struct nts_aeads *aeads, int id)
{
    for (size_t i = 0; i < aeads->count; i++)
        if (aeads->ids[i] == id)
            return aead_supported(id);
    return false;
}

#endif
