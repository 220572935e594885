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

static_assert(ID_LENGTH + AEAD_MAX_NONCE + NTS_COOKIE_PLAIN_MAX + AEAD_TAG_LENGTH ==
                  NTS_OWN_COOKIE_MAX,
              "size of the longest own cookie");

/* Octets of nonce in a cookie; 0 if the algorithm is not supported. */
static size_t nonce_length(int aead)
{
    size_t max = aead_max_nonce(aead);

    return max < NTS_NONCE_LENGTH ? max : NTS_NONCE_LENGTH;
}

size_t nts_cookie_length(const struct nts_server_key *key, const struct nts_context *context)
{
    const size_t n = nonce_length(key->aead), k = aead_key_length(context->aead);

    if (n == 0 || k == 0 || k > AEAD_MAX_KEY || context->c2s.length != k ||
        context->s2c.length != k)
        return 0;
    return ID_LENGTH + n + 2 * k + AEAD_TAG_LENGTH;
}

void nts_cookie_prepare(const struct nts_server_key *key, const struct aead_cipher *cipher,
                        const struct nts_context *context, const uint8_t nonce[NTS_NONCE_LENGTH],
                        uint8_t plain[NTS_COOKIE_PLAIN_MAX], uint8_t *cookie,
                        struct aead_work *work)
{
    const size_t n = nonce_length(key->aead), k = context->c2s.length;
    struct writer w = writer_make(cookie, ID_LENGTH + n);

    memcpy(plain, context->c2s.data, k);
    memcpy(plain + k, context->s2c.data, k);
    writer_u32(&w, key->id);
    writer_bytes(&w, nonce, n);
    *work = (struct aead_work){
        .id = key->aead,
        .key = &key->key,
        .cipher = cipher,
        .seal = true,
        .nonce = cookie + ID_LENGTH,
        .nonce_length = n,
        .in = plain,
        .in_length = 2 * k,
        .out = cookie + ID_LENGTH + n,
    };
}

bool nts_cookie_make(const struct nts_server_key *key, const struct aead_cipher *cipher,
                     const struct nts_context *context, const uint8_t nonce[NTS_NONCE_LENGTH],
                     struct nts_cookie *cookie)
{
    const size_t length = nts_cookie_length(key, context);
    uint8_t plain[NTS_COOKIE_PLAIN_MAX];
    struct aead_work work;
    bool failed = false;

    cookie->length = 0;
    if (length == 0)
        return false;
    nts_cookie_prepare(key, cipher, context, nonce, plain, cookie->data, &work);
    work.failed = &failed;
    aead_work_run(&work);
    crypto_wipe(plain, sizeof(plain));
    if (!failed)
        cookie->length = length;
    return !failed;
}

static int aead_of_key_length(size_t length)
{
    if (length == 16)
        return AEAD_AES_128_GCM_SIV;
    return length == 32 ? AEAD_AES_SIV_CMAC_256 : 0;
}

bool nts_cookie_context(const uint8_t *plain, size_t length, struct nts_context *context)
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

bool nts_cookie_find(const struct nts_server_key keys[NTS_SERVER_KEYS],
                     const struct aead_cipher *ciphers, const uint8_t *cookie, size_t length,
                     uint8_t plain[NTS_COOKIE_PLAIN_MAX], struct aead_work *work)
{
    struct reader r = reader_make(cookie, length);
    const uint32_t id = reader_u32(&r);
    const size_t slot = id % NTS_SERVER_KEYS;
    const struct nts_server_key *key = &keys[slot];
    const size_t n = nonce_length(key->aead);
    const uint8_t *nonce = reader_view(&r, n);
    const size_t sealed_length = reader_left(&r);
    const uint8_t *sealed = reader_view(&r, sealed_length);

    if (r.failed || n == 0 || key->id != id || sealed_length <= AEAD_TAG_LENGTH)
        return false;
    size_t plain_length = sealed_length - AEAD_TAG_LENGTH;
    if (plain_length > NTS_COOKIE_PLAIN_MAX || plain_length % 2 != 0)
        return false;
    *work = (struct aead_work){
        .id = key->aead,
        .key = &key->key,
        .cipher = ciphers ? &ciphers[slot] : NULL,
        .nonce = nonce,
        .nonce_length = n,
        .in = sealed,
        .in_length = sealed_length,
        .out = plain,
    };
    return true;
}

bool nts_cookie_decode(const struct nts_server_key keys[NTS_SERVER_KEYS],
                       const struct aead_cipher *ciphers, const uint8_t *cookie, size_t length,
                       struct nts_context *context)
{
    uint8_t plain[NTS_COOKIE_PLAIN_MAX];
    struct aead_work work;
    bool failed = false;

    *context = (struct nts_context){.aead = 0};
    if (!nts_cookie_find(keys, ciphers, cookie, length, plain, &work))
        return false;
    work.failed = &failed;
    aead_work_run(&work);
    failed = failed || !nts_cookie_context(plain, work.in_length - AEAD_TAG_LENGTH, context);
    crypto_wipe(plain, sizeof(plain));
    return !failed;
}
