/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AEAD algorithms of NTS (nts.md 4) over Nettle, or GnuTLS where Nettle lacks one. Called by the
 * NTS codecs; one-shot, without state. Nothing here logs; expanded keys are wiped.
 */
#include "base/crypto.h"

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

struct algorithm {
    int id;
    size_t key_length;
    size_t min_nonce;
    size_t max_nonce;     /* of those that are accepted */
    size_t max_own_nonce; /* of those that are made here */
    bool (*seal)(const uint8_t *key, const struct message *m, uint8_t *out);
    bool (*open)(const uint8_t *key, const struct message *m, uint8_t *out);
};

#ifdef HAVE_SIV

/* Nettle's S2V takes the associated data (as one string, also when it is empty), then the nonce. */
static bool siv_cmac_seal(const uint8_t *key, const struct message *m, uint8_t *out)
{
    struct siv_cmac_aes128_ctx context;

    siv_cmac_aes128_set_key(&context, key);
    siv_cmac_aes128_encrypt_message(&context, m->nonce_length, m->nonce, m->ad_length, m->ad,
                                    m->in_length + AEAD_TAG_LENGTH, out, m->in);
    crypto_wipe(&context, sizeof(context));
    return true;
}

static bool siv_cmac_open(const uint8_t *key, const struct message *m, uint8_t *out)
{
    struct siv_cmac_aes128_ctx context;
    bool ok;

    siv_cmac_aes128_set_key(&context, key);
    ok = siv_cmac_aes128_decrypt_message(&context, m->nonce_length, m->nonce, m->ad_length, m->ad,
                                         m->in_length - AEAD_TAG_LENGTH, out, m->in) != 0;
    crypto_wipe(&context, sizeof(context));
    return ok;
}

#endif

#if defined(HAVE_NETTLE_SIV_GCM)

#define HAVE_GCM_SIV 1

static bool gcm_siv_seal(const uint8_t *key, const struct message *m, uint8_t *out)
{
    struct aes128_ctx context;

    aes128_set_encrypt_key(&context, key);
    siv_gcm_aes128_encrypt_message(&context, m->nonce_length, m->nonce, m->ad_length, m->ad,
                                   m->in_length + AEAD_TAG_LENGTH, out, m->in);
    crypto_wipe(&context, sizeof(context));
    return true;
}

static bool gcm_siv_open(const uint8_t *key, const struct message *m, uint8_t *out)
{
    struct aes128_ctx context;
    bool ok;

    aes128_set_encrypt_key(&context, key);
    ok = siv_gcm_aes128_decrypt_message(&context, m->nonce_length, m->nonce, m->ad_length, m->ad,
                                        m->in_length - AEAD_TAG_LENGTH, out, m->in) != 0;
    crypto_wipe(&context, sizeof(context));
    return ok;
}

#elif defined(HAVE_GNUTLS_SIV_GCM)

#define HAVE_GCM_SIV 1

static bool gcm_siv_start(gnutls_aead_cipher_hd_t *handle, const uint8_t *key)
{
    uint8_t copy[16];
    gnutls_datum_t datum = {copy, sizeof(copy)};
    bool ok;

    memcpy(copy, key, sizeof(copy));
    ok = gnutls_aead_cipher_init(handle, GNUTLS_CIPHER_AES_128_SIV_GCM, &datum) >= 0;
    crypto_wipe(copy, sizeof(copy));
    return ok;
}

static bool gcm_siv_seal(const uint8_t *key, const struct message *m, uint8_t *out)
{
    size_t length = m->in_length + AEAD_TAG_LENGTH;
    gnutls_aead_cipher_hd_t handle;
    bool ok;

    if (!gcm_siv_start(&handle, key))
        return false;
    ok = gnutls_aead_cipher_encrypt(handle, m->nonce, m->nonce_length, m->ad, m->ad_length,
                                    AEAD_TAG_LENGTH, m->in, m->in_length, out, &length) >= 0 &&
         length == m->in_length + AEAD_TAG_LENGTH;
    gnutls_aead_cipher_deinit(handle);
    return ok;
}

static bool gcm_siv_open(const uint8_t *key, const struct message *m, uint8_t *out)
{
    size_t length = m->in_length - AEAD_TAG_LENGTH;
    gnutls_aead_cipher_hd_t handle;
    bool ok;

    if (!gcm_siv_start(&handle, key))
        return false;
    ok = gnutls_aead_cipher_decrypt(handle, m->nonce, m->nonce_length, m->ad, m->ad_length,
                                    AEAD_TAG_LENGTH, m->in, m->in_length, out, &length) >= 0 &&
         length == m->in_length - AEAD_TAG_LENGTH;
    gnutls_aead_cipher_deinit(handle);
    return ok;
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

    return a != NULL ? a->key_length : 0;
}

size_t aead_min_nonce(int id)
{
    const struct algorithm *a = find_algorithm(id);

    return a != NULL ? a->min_nonce : 0;
}

size_t aead_max_nonce(int id)
{
    const struct algorithm *a = find_algorithm(id);

    return a != NULL ? a->max_own_nonce : 0;
}

static bool lengths_are_right(const struct algorithm *a, const struct secret *key,
                              size_t nonce_length)
{
    return a != NULL && key->length == a->key_length && nonce_length >= a->min_nonce &&
           nonce_length <= a->max_nonce;
}

/* The libraries want valid pointers also where the length is zero. */
static const uint8_t *or_empty(const void *data, size_t length)
{
    return length > 0 ? data : (const uint8_t *)"";
}

bool aead_seal(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const void *plain, size_t plain_length,
               uint8_t *out)
{
    const struct algorithm *a = find_algorithm(id);
    const struct message m = {
        nonce,
        nonce_length,
        or_empty(ad, ad_length),
        ad_length,
        or_empty(plain, plain_length),
        plain_length,
    };

    if (!lengths_are_right(a, key, nonce_length) || plain_length > SIZE_MAX - AEAD_TAG_LENGTH)
        return false;
    return a->seal(key->data, &m, out);
}

bool aead_open(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
               uint8_t *out)
{
    const struct algorithm *a = find_algorithm(id);
    const struct message m = {
        nonce, nonce_length, or_empty(ad, ad_length), ad_length, sealed, sealed_length,
    };
    uint8_t nothing[1];

    if (!lengths_are_right(a, key, nonce_length) || sealed_length < AEAD_TAG_LENGTH)
        return false;
    return a->open(key->data, &m, sealed_length > AEAD_TAG_LENGTH ? out : nothing);
}
