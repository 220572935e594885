/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cookies of our own server: a client's context, encrypted by a server key (nts.md 12.3, 12.4).
 * Pure: the nonce is given in. Used by the NTS-KE session (one key is enough) and the NTP server.
 */
#ifndef NTS_COOKIE_H
#define NTS_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/crypto.h"
#include "nts/context.h"

#define NTS_SERVER_KEYS 4 /* keys of a set; the slot of a key is its ID modulo this */

/* The keys of a server, by slot, and the same expanded: a plain value (base/plain.h). A cipher of
   an algorithm that the libraries lack does nothing. */
struct nts_key_set {
    unsigned int current; /* slot of the key that encrypts new cookies */
    struct nts_server_key keys[NTS_SERVER_KEYS];
    struct aead_cipher ciphers[NTS_SERVER_KEYS];
};

/* Longest cookie made here: ID, 16 octets of nonce, 2 keys of 32 octets, tag. */
#define NTS_OWN_COOKIE_MAX 100

/* cipher: the key in its expanded form if it is used more than once, or NULL.
   nonce: fresh random octets, of which the algorithm of the key takes what it needs. False if the
   keys of the context do not fit its algorithm, or encryption failed. */
bool nts_cookie_make(const struct nts_server_key *key, const struct aead_cipher *cipher,
                     const struct nts_context *context, const uint8_t nonce[NTS_NONCE_LENGTH],
                     struct nts_cookie *cookie);

/* keys: a whole set, by slot; ciphers likewise, or NULL. False: the cookie cannot be decoded, and
   the context is empty. */
bool nts_cookie_decode(const struct nts_server_key keys[NTS_SERVER_KEYS],
                       const struct aead_cipher *ciphers, const uint8_t *cookie, size_t length,
                       struct nts_context *context);

#endif
