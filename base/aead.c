/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AEAD algorithms of NTS (nts.md 4) over Nettle, or GnuTLS where Nettle lacks one. Called by
 * the NTS codecs: one-shot, or with a key that its owner keeps expanded. Nothing here logs;
 * expanded keys are wiped.
 */
#include "base/crypto.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#include "config.h"

#ifdef HAVE_SIV
#include <nettle/siv-cmac.h>
#endif
#if defined(HAVE_NETTLE_SIV_GCM)
#include <nettle/aes.h>
#include <nettle/siv-gcm.h>
#elif defined(HAVE_GNUTLS_SIV_GCM)
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#endif

struct message {
    const uint8_t *nonce;
    size_t nonce_length;
    const uint8_t *ad;
    size_t ad_length;
    const uint8_t *in;
    size_t in_length;
};

/* A key as the library of its algorithm wants it. */
union expanded {
#ifdef HAVE_SIV
    struct siv_cmac_aes128_ctx siv_cmac;
#endif
#if defined(HAVE_NETTLE_SIV_GCM)
    struct aes128_ctx gcm_siv;
#elif defined(HAVE_GNUTLS_SIV_GCM)
    gnutls_aead_cipher_hd_t gcm_siv;
#endif
    char none; /* a build without both */
};

struct algorithm {
    int id;
    size_t key_length;
    size_t min_nonce;
    size_t max_nonce;     /* accepted from others */
    size_t max_own_nonce; /* made here */
    bool (*expand)(union expanded *expanded, const uint8_t *key);
    void (*release)(union expanded *expanded); /* NULL: wiping is enough */
    bool (*seal)(const union expanded *expanded, const struct message *m, uint8_t *out);
    bool (*open)(const union expanded *expanded, const struct message *m, uint8_t *out);
};

struct aead_cipher {
    const struct algorithm *algorithm;
    union expanded expanded;
};

#ifdef HAVE_SIV

/* Nettle's S2V takes the associated data (as one string, also when it is empty), then the nonce. */
static bool siv_cmac_expand(union expanded *expanded, const uint8_t *key)
{
    siv_cmac_aes128_set_key(&expanded->siv_cmac, key);
    return true;
}

static bool siv_cmac_seal(const union expanded *expanded, const struct message *m, uint8_t *out)
{
    siv_cmac_aes128_encrypt_message(&expanded->siv_cmac, m->nonce_length, m->nonce, m->ad_length,
                                    m->ad, m->in_length + AEAD_TAG_LENGTH, out, m->in);
    return true;
}

static bool siv_cmac_open(const union expanded *expanded, const struct message *m, uint8_t *out)
{
    return siv_cmac_aes128_decrypt_message(&expanded->siv_cmac, m->nonce_length, m->nonce,
                                           m->ad_length, m->ad, m->in_length - AEAD_TAG_LENGTH, out,
                                           m->in) != 0;
}

#endif

#if defined(HAVE_NETTLE_SIV_GCM)

#define HAVE_GCM_SIV 1

static bool gcm_siv_expand(union expanded *expanded, const uint8_t *key)
{
    aes128_set_encrypt_key(&expanded->gcm_siv, key);
    return true;
}

#define gcm_siv_release NULL

static bool gcm_siv_seal(const union expanded *expanded, const struct message *m, uint8_t *out)
{
    siv_gcm_aes128_encrypt_message(&expanded->gcm_siv, m->nonce_length, m->nonce, m->ad_length,
                                   m->ad, m->in_length + AEAD_TAG_LENGTH, out, m->in);
    return true;
}

static bool gcm_siv_open(const union expanded *expanded, const struct message *m, uint8_t *out)
{
    return siv_gcm_aes128_decrypt_message(&expanded->gcm_siv, m->nonce_length, m->nonce,
                                          m->ad_length, m->ad, m->in_length - AEAD_TAG_LENGTH, out,
                                          m->in) != 0;
}

#elif defined(HAVE_GNUTLS_SIV_GCM)

#define HAVE_GCM_SIV 1

static bool gcm_siv_expand(union expanded *expanded, const uint8_t *key)
{
    uint8_t copy[16];
    gnutls_datum_t datum = {copy, sizeof(copy)};

    memcpy(copy, key, sizeof(copy));
    bool ok =
        gnutls_aead_cipher_init(&expanded->gcm_siv, GNUTLS_CIPHER_AES_128_SIV_GCM, &datum) >= 0;
    crypto_wipe(copy, sizeof(copy));
    return ok;
}

static void gcm_siv_release(union expanded *expanded)
{
    gnutls_aead_cipher_deinit(expanded->gcm_siv);
}

static bool gcm_siv_seal(const union expanded *expanded, const struct message *m, uint8_t *out)
{
    size_t length = m->in_length + AEAD_TAG_LENGTH;

    return gnutls_aead_cipher_encrypt(expanded->gcm_siv, m->nonce, m->nonce_length, m->ad,
                                      m->ad_length, AEAD_TAG_LENGTH, m->in, m->in_length, out,
                                      &length) >= 0 &&
           length == m->in_length + AEAD_TAG_LENGTH;
}

static bool gcm_siv_open(const union expanded *expanded, const struct message *m, uint8_t *out)
{
    size_t length = m->in_length - AEAD_TAG_LENGTH;

    return gnutls_aead_cipher_decrypt(expanded->gcm_siv, m->nonce, m->nonce_length, m->ad,
                                      m->ad_length, AEAD_TAG_LENGTH, m->in, m->in_length, out,
                                      &length) >= 0 &&
           length == m->in_length - AEAD_TAG_LENGTH;
}

#endif

static const struct algorithm algorithms[] = {
#ifdef HAVE_SIV
    {
        .id = AEAD_AES_SIV_CMAC_256,
        .key_length = 32,
        .min_nonce = 1,
        .max_nonce = SIZE_MAX,
        .max_own_nonce = AEAD_MAX_NONCE,
        .expand = siv_cmac_expand,
        .seal = siv_cmac_seal,
        .open = siv_cmac_open,
    },
#endif
#ifdef HAVE_GCM_SIV
    {
        .id = AEAD_AES_128_GCM_SIV,
        .key_length = 16,
        .min_nonce = 12,
        .max_nonce = 12,
        .max_own_nonce = 12,
        .expand = gcm_siv_expand,
        .release = gcm_siv_release,
        .seal = gcm_siv_seal,
        .open = gcm_siv_open,
    },
#endif
    {.id = 0}, /* end */
};

static const struct algorithm *find_algorithm(int id)
{
    for (const struct algorithm *a = algorithms; a->id != 0; a++) {
        if (a->id == id)
            return a;
    }
    return NULL;
}

size_t aead_key_length(int id)
{
    const struct algorithm *a = find_algorithm(id);

    return a ? a->key_length : 0;
}

size_t aead_min_nonce(int id)
{
    const struct algorithm *a = find_algorithm(id);

    return a ? a->min_nonce : 0;
}

size_t aead_max_nonce(int id)
{
    const struct algorithm *a = find_algorithm(id);

    return a ? a->max_own_nonce : 0;
}

static bool start(struct aead_cipher *cipher, int id, const struct secret *key)
{
    cipher->algorithm = find_algorithm(id);
    return cipher->algorithm && key->length == cipher->algorithm->key_length &&
           cipher->algorithm->expand(&cipher->expanded, key->data);
}

static void end(struct aead_cipher *cipher)
{
    if (cipher->algorithm->release)
        cipher->algorithm->release(&cipher->expanded);
    crypto_wipe(cipher, sizeof(*cipher));
}

struct aead_cipher *aead_cipher_new(int id, const struct secret *key)
{
    struct aead_cipher *cipher = mem_alloc(sizeof(*cipher));

    if (start(cipher, id, key))
        return cipher;
    free(cipher);
    return NULL;
}

void aead_cipher_free(struct aead_cipher *cipher)
{
    if (!cipher)
        return;
    end(cipher);
    free(cipher);
}

static bool nonce_fits(const struct algorithm *a, size_t nonce_length)
{
    return nonce_length >= a->min_nonce && nonce_length <= a->max_nonce;
}

/* The libraries want valid pointers also where the length is zero. */
static const uint8_t *or_empty(const void *data, size_t length)
{
    return length > 0 ? data : (const uint8_t *)"";
}

bool aead_cipher_seal(const struct aead_cipher *cipher, const uint8_t *nonce, size_t nonce_length,
                      const void *ad, size_t ad_length, const void *plain, size_t plain_length,
                      uint8_t *out)
{
    const struct message m = {
        nonce,
        nonce_length,
        or_empty(ad, ad_length),
        ad_length,
        or_empty(plain, plain_length),
        plain_length,
    };

    return nonce_fits(cipher->algorithm, nonce_length) &&
           plain_length <= SIZE_MAX - AEAD_TAG_LENGTH &&
           cipher->algorithm->seal(&cipher->expanded, &m, out);
}

bool aead_cipher_open(const struct aead_cipher *cipher, const uint8_t *nonce, size_t nonce_length,
                      const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
                      uint8_t *out)
{
    const struct message m = {
        nonce, nonce_length, or_empty(ad, ad_length), ad_length, sealed, sealed_length,
    };
    uint8_t nothing[1];

    return nonce_fits(cipher->algorithm, nonce_length) && sealed_length >= AEAD_TAG_LENGTH &&
           cipher->algorithm->open(&cipher->expanded, &m,
                                   sealed_length > AEAD_TAG_LENGTH ? out : nothing);
}

bool aead_seal(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const void *plain, size_t plain_length,
               uint8_t *out)
{
    struct aead_cipher cipher;

    if (!start(&cipher, id, key))
        return false;
    bool ok =
        aead_cipher_seal(&cipher, nonce, nonce_length, ad, ad_length, plain, plain_length, out);
    end(&cipher);
    return ok;
}

bool aead_open(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
               uint8_t *out)
{
    struct aead_cipher cipher;

    if (!start(&cipher, id, key))
        return false;
    bool ok =
        aead_cipher_open(&cipher, nonce, nonce_length, ad, ad_length, sealed, sealed_length, out);
    end(&cipher);
    return ok;
}
