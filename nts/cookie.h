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
#include "base/aead_batch.h"
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

/* Octets of the plaintext of a cookie. */
#define NTS_COOKIE_PLAIN_MAX (2 * AEAD_MAX_KEY)

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

/*
 * The same in two steps, so that several cookies can be encrypted or decrypted together: the work
 * is described, without `failed`, and is the caller's to do. plain has to stay until the work is
 * done, and is then the caller's to wipe.
 */

/* Octets of a cookie that is made with them; 0: the keys of the context do not fit its algorithm,
   or one of the algorithms is not supported. */
size_t nts_cookie_length(const struct nts_server_key *key, const struct nts_context *context);
/* cookie: room for that length, which must not be 0. */
void nts_cookie_prepare(const struct nts_server_key *key, const struct aead_cipher *cipher,
                        const struct nts_context *context, const uint8_t nonce[NTS_NONCE_LENGTH],
                        uint8_t plain[NTS_COOKIE_PLAIN_MAX], uint8_t *cookie,
                        struct aead_work *work);
/* False: the cookie cannot be decoded. */
bool nts_cookie_find(const struct nts_server_key keys[NTS_SERVER_KEYS],
                     const struct aead_cipher *ciphers, const uint8_t *cookie, size_t length,
                     uint8_t plain[NTS_COOKIE_PLAIN_MAX], struct aead_work *work);
/* The context in the plaintext of a cookie. */
bool nts_cookie_context(const uint8_t *plain, size_t length, struct nts_context *context);

#endif
