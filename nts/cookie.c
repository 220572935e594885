/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cookies of our own server (nts.md 12.3, 12.4). Decoding is called with octets of anybody: nothing
 * is believed before the AEAD says so, and the plaintext is wiped on every way out.
 */
#include "nts/cookie.h"

#include <assert.h>
#include <string.h>
#include "base/wire.h"

#define ID_LENGTH 4u
#define MAX_PLAIN (2u * AEAD_MAX_KEY)

static_assert(ID_LENGTH + AEAD_MAX_NONCE + MAX_PLAIN + AEAD_TAG_LENGTH == NTS_OWN_COOKIE_MAX,
              "size of the longest own cookie");

/* Octets of nonce in a cookie; 0 if the algorithm is not supported. */
static size_t nonce_length(int aead)
{
    size_t max = aead_max_nonce(aead);

    return max < NTS_NONCE_LENGTH ? max : NTS_NONCE_LENGTH;
}

bool nts_cookie_make(const struct nts_server_key *key, const struct aead_cipher *cipher,
                     const struct nts_context *context, const uint8_t nonce[NTS_NONCE_LENGTH],
                     struct nts_cookie *cookie)
{
    const size_t n = nonce_length(key->aead), k = aead_key_length(context->aead);
    uint8_t plain[MAX_PLAIN];
    struct writer w = writer_make(cookie->data, sizeof(cookie->data));
    bool ok;

    cookie->length = 0;
    if (n == 0 || k == 0 || k > AEAD_MAX_KEY || context->c2s.length != k ||
        context->s2c.length != k)
        return false;
    memcpy(plain, context->c2s.data, k);
    memcpy(plain + k, context->s2c.data, k);
    writer_u32(&w, key->id);
    writer_bytes(&w, nonce, n);
    if (cipher)
        ok = aead_cipher_seal(cipher, nonce, n, NULL, 0, plain, 2 * k, cookie->data + w.pos);
    else
        ok = aead_seal(key->aead, &key->key, nonce, n, NULL, 0, plain, 2 * k, cookie->data + w.pos);
    ok = ok && !w.failed;
    crypto_wipe(plain, sizeof(plain));
    if (ok)
        cookie->length = w.pos + 2 * k + AEAD_TAG_LENGTH;
    return ok;
}

static int aead_of_key_length(size_t length)
{
    if (length == 16)
        return AEAD_AES_128_GCM_SIV;
    return length == 32 ? AEAD_AES_SIV_CMAC_256 : 0;
}

static bool take_keys(const uint8_t *plain, size_t length, struct nts_context *context)
{
    const size_t k = length / 2;

    context->aead = aead_of_key_length(k);
    if (context->aead == 0)
        return false;
    memcpy(context->c2s.data, plain, k);
    context->c2s.length = k;
    memcpy(context->s2c.data, plain + k, k);
    context->s2c.length = k;
    return true;
}

bool nts_cookie_decode(const struct nts_server_key keys[NTS_SERVER_KEYS],
                       const struct aead_cipher *ciphers, const uint8_t *cookie, size_t length,
                       struct nts_context *context)
{
    struct reader r = reader_make(cookie, length);
    const uint32_t id = reader_u32(&r);
    const struct nts_server_key *key = &keys[id % NTS_SERVER_KEYS];
    const size_t n = nonce_length(key->aead);
    const uint8_t *nonce = reader_view(&r, n);
    const size_t sealed_length = reader_left(&r);
    const uint8_t *sealed = reader_view(&r, sealed_length);
    uint8_t plain[MAX_PLAIN];
    bool ok;

    *context = (struct nts_context){.aead = 0};
    if (r.failed || n == 0 || key->id != id || sealed_length <= AEAD_TAG_LENGTH)
        return false;
    size_t plain_length = sealed_length - AEAD_TAG_LENGTH;
    if (plain_length > sizeof(plain) || plain_length % 2 != 0)
        return false;
    if (ciphers)
        ok = aead_cipher_open(&ciphers[id % NTS_SERVER_KEYS], nonce, n, NULL, 0, sealed,
                              sealed_length, plain);
    else
        ok = aead_open(key->aead, &key->key, nonce, n, NULL, 0, sealed, sealed_length, plain);
    ok = ok && take_keys(plain, plain_length, context);
    crypto_wipe(plain, sizeof(plain));
    return ok;
}
