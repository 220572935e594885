/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashes, MACs and AEADs over Nettle (GnuTLS where Nettle lacks one), and the type that holds
 * secrets. Nothing here logs.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_MAX_LENGTH 64
#define AEAD_MAX_KEY    32
#define AEAD_MAX_NONCE  16
#define AEAD_TAG_LENGTH 16

/* Key octets; wiped by secret_wipe, never logged, compared in constant time only. */
struct secret {
    uint8_t data[AEAD_MAX_KEY];
    size_t length;
};

void secret_wipe(struct secret *secret);
/* Overwrites memory in a way that the compiler keeps. */
void crypto_wipe(void *data, size_t length);
bool crypto_equal(const void *a, const void *b, size_t length); /* constant time */

/* The numbers are the key types of reports (ntp.md 15.1). */
enum key_type {
    KEY_INVALID = 0,
    KEY_MD5 = 1,
    KEY_SHA1 = 2,
    KEY_SHA256 = 3,
    KEY_SHA384 = 4,
    KEY_SHA512 = 5,
    KEY_SHA3_224 = 6,
    KEY_SHA3_256 = 7,
    KEY_SHA3_384 = 8,
    KEY_SHA3_512 = 9,
    KEY_TIGER = 10,
    KEY_WHIRLPOOL = 11,
    KEY_AES128 = 13,
    KEY_AES256 = 14,
};

/* Exact case; KEY_INVALID if unknown. */
enum key_type key_type_parse(const char *name);
bool key_type_is_cipher(enum key_type type);
/* Whether this build can compute it. */
bool key_type_supported(enum key_type type);
/* Full length of the digest or MAC; 0 if unsupported. */
size_t key_type_digest_length(enum key_type type);
/* Exact length of a cipher's key; 0 for hashes (any). */
size_t key_type_key_length(enum key_type type);

/* Hash over the concatenation of a and b (b may be empty). Writes min(size, digest length) octets
   and returns that number, 0 if unsupported. */
size_t hash_compute(enum key_type type, const void *a, size_t a_length, const void *b,
                    size_t b_length, uint8_t *out, size_t size);
/* A key of AES-CMAC, expanded once. A plain value (base/plain.h), to be
   wiped with crypto_wipe. */
struct cmac_key {
    enum key_type type;
    _Alignas(16) uint8_t state[272];
};
/* False: the key length or the type is not supported. */
bool cmac_key_init(struct cmac_key *cmac, enum key_type type, const uint8_t *key,
                   size_t key_length);
/* The MAC with it, 16 octets. */
void cmac_key_compute(const struct cmac_key *key, const void *data, size_t length, uint8_t out[16]);

/* AEAD algorithms by IANA number (nts.md 4). */
enum aead_id {
    AEAD_AES_SIV_CMAC_256 = 15,
    AEAD_AES_128_GCM_SIV = 30,
};

/* 0: unknown algorithm or not supported by the libraries. */
size_t aead_key_length(int id);
size_t aead_max_nonce(int id); /* limited to AEAD_MAX_NONCE for own nonces; see aead_seal */
static inline bool aead_supported(int id)
{
    return aead_key_length(id) > 0;
}

/*
 * One-shot operations with a key of exactly aead_key_length octets. Output length is the plaintext
 * length plus AEAD_TAG_LENGTH. AES-SIV accepts nonces of 1 octet or more, AES-GCM-SIV exactly 12.
 * False: wrong length of key, nonce or text, or (open) authentication failed; then no output is to
 * be used. in and out may not overlap.
 */
bool aead_seal(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const void *plain, size_t plain_length,
               uint8_t *out);
bool aead_open(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
               uint8_t *out);

/* A key that is used again and again, expanded once. A plain value (base/plain.h), to be wiped with
   crypto_wipe. */
struct aead_cipher {
    int id;
    _Alignas(16) uint8_t state[384];
};
/* False: wrong length or algorithm. */
bool aead_cipher_init(struct aead_cipher *cipher, int id, const struct secret *key);
/* The same operations with it. */
bool aead_cipher_seal(const struct aead_cipher *cipher, const uint8_t *nonce, size_t nonce_length,
                      const void *ad, size_t ad_length, const void *plain, size_t plain_length,
                      uint8_t *out);
bool aead_cipher_open(const struct aead_cipher *cipher, const uint8_t *nonce, size_t nonce_length,
                      const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
                      uint8_t *out);

#endif
