/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AEAD algorithms of NTS (nts.md 4) over Nettle, or GnuTLS where Nettle lacks one. Called by
 * the NTS codecs: one-shot, or with a key that its owner keeps expanded. An expanded key has no
 * pointer in it. Nothing here logs, and with Nettle nothing allocates. (AES-128-GCM-SIV by GnuTLS
 * does, for each operation.)
 */
#include "base/crypto.h"

#include <assert.h>
#include <string.h>

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

/* A key as the library of its algorithm wants it: what is in struct aead_cipher. */
union expanded {
#ifdef HAVE_SIV
    struct siv_cmac_aes128_ctx siv_cmac;
#endif
#if defined(HAVE_NETTLE_SIV_GCM)
    struct aes128_ctx gcm_siv;
#elif defined(HAVE_GNUTLS_SIV_GCM)
    uint8_t gcm_siv[16]; /* what GnuTLS makes of it has pointers, and is not for several threads */
#endif
    char none; /* a build without both */
};

static_assert(sizeof(union expanded) <= sizeof(((struct aead_cipher *)NULL)->state),
              "room for an expanded key");

struct algorithm {
    int id;
    size_t key_length;
    size_t min_nonce;
    size_t max_nonce;     /* accepted from others */
    size_t max_own_nonce; /* made here */
    void (*expand)(union expanded *expanded, const uint8_t *key);
    bool (*seal)(const union expanded *expanded, const struct message *m, uint8_t *out);
    bool (*open)(const union expanded *expanded, const struct message *m, uint8_t *out);
};

#ifdef HAVE_SIV

/* Nettle's S2V takes the associated data (as one string, also when it is empty), then the nonce. */
static void siv_cmac_expand(union expanded *expanded, const uint8_t *key)
{
    siv_cmac_aes128_set_key(&expanded->siv_cmac, key);
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

static void gcm_siv_expand(union expanded *expanded, const uint8_t *key)
{
    aes128_set_encrypt_key(&expanded->gcm_siv, key);
}

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

static void gcm_siv_expand(union expanded *expanded, const uint8_t *key)
{
    memcpy(expanded->gcm_siv, key, sizeof(expanded->gcm_siv));
}

static bool gcm_siv_start(gnutls_aead_cipher_hd_t *handle, const union expanded *expanded)
{
    gnutls_datum_t key = {(uint8_t *)(uintptr_t)expanded->gcm_siv, sizeof(expanded->gcm_siv)};

    return gnutls_aead_cipher_init(handle, GNUTLS_CIPHER_AES_128_SIV_GCM, &key) >= 0;
}

static bool gcm_siv_seal(const union expanded *expanded, const struct message *m, uint8_t *out)
{
    size_t length = m->in_length + AEAD_TAG_LENGTH;
    gnutls_aead_cipher_hd_t handle;

    if (!gcm_siv_start(&handle, expanded))
        return false;
    int result = gnutls_aead_cipher_encrypt(handle, m->nonce, m->nonce_length, m->ad, m->ad_length,
                                            AEAD_TAG_LENGTH, m->in, m->in_length, out, &length);
    gnutls_aead_cipher_deinit(handle);
    return result >= 0 && length == m->in_length + AEAD_TAG_LENGTH;
}

static bool gcm_siv_open(const union expanded *expanded, const struct message *m, uint8_t *out)
{
    size_t length = m->in_length - AEAD_TAG_LENGTH;
    gnutls_aead_cipher_hd_t handle;

    if (!gcm_siv_start(&handle, expanded))
        return false;
    int result = gnutls_aead_cipher_decrypt(handle, m->nonce, m->nonce_length, m->ad, m->ad_length,
                                            AEAD_TAG_LENGTH, m->in, m->in_length, out, &length);
    gnutls_aead_cipher_deinit(handle);
    return result >= 0 && length == m->in_length - AEAD_TAG_LENGTH;
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

size_t aead_max_nonce(int id)
{
    const struct algorithm *a = find_algorithm(id);

    return a ? a->max_own_nonce : 0;
}

bool aead_cipher_init(struct aead_cipher *cipher, int id, const struct secret *key)
{
    const struct algorithm *a = find_algorithm(id);

    if (!a || key->length != a->key_length)
        return false;
    cipher->id = id;
    a->expand((union expanded *)(void *)cipher->state, key->data);
    return true;
}

static const union expanded *expanded_of(const struct aead_cipher *cipher)
{
    return (const union expanded *)(const void *)cipher->state;
}

static bool nonce_fits(const struct algorithm *a, size_t nonce_length)
{
    return a && nonce_length >= a->min_nonce && nonce_length <= a->max_nonce;
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
    const struct algorithm *a = find_algorithm(cipher->id);

    return nonce_fits(a, nonce_length) && plain_length <= SIZE_MAX - AEAD_TAG_LENGTH &&
           a->seal(expanded_of(cipher), &m, out);
}

bool aead_cipher_open(const struct aead_cipher *cipher, const uint8_t *nonce, size_t nonce_length,
                      const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
                      uint8_t *out)
{
    const struct message m = {
        nonce, nonce_length, or_empty(ad, ad_length), ad_length, sealed, sealed_length,
    };
    const struct algorithm *a = find_algorithm(cipher->id);
    uint8_t nothing[1];

    return nonce_fits(a, nonce_length) && sealed_length >= AEAD_TAG_LENGTH &&
           a->open(expanded_of(cipher), &m, sealed_length > AEAD_TAG_LENGTH ? out : nothing);
}

bool aead_seal(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const void *plain, size_t plain_length,
               uint8_t *out)
{
    struct aead_cipher cipher;

    if (!aead_cipher_init(&cipher, id, key))
        return false;
    bool ok =
        aead_cipher_seal(&cipher, nonce, nonce_length, ad, ad_length, plain, plain_length, out);
    crypto_wipe(&cipher, sizeof(cipher));
    return ok;
}

bool aead_open(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
               uint8_t *out)
{
    struct aead_cipher cipher;

    if (!aead_cipher_init(&cipher, id, key))
        return false;
    bool ok =
        aead_cipher_open(&cipher, nonce, nonce_length, ad, ad_length, sealed, sealed_length, out);
    crypto_wipe(&cipher, sizeof(cipher));
    return ok;
}
