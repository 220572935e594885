/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cookies at the server: decoding of what a client sent, and of what was encrypted with a right
 * key.
 */
#include <string.h>
#include "base/wire.h"
#include "nts/cookie.h"
#include "test/fuzz/support.h"

static void check_context(const struct nts_context *context)
{
    /* The algorithm may be one that only another build has. */
    assert(context->c2s.length == 16 || context->c2s.length == 32);
    assert(context->s2c.length == context->c2s.length);
    assert(!aead_supported(context->aead) || context->c2s.length == aead_key_length(context->aead));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nts_server_key keys[NTS_SERVER_KEYS];
    uint8_t cookie[NTS_MAX_COOKIE_LENGTH + 64];
    struct nts_context context;

    memset(keys, 0, sizeof(keys));
    for (unsigned int i = 0; i < NTS_SERVER_KEYS; i++) {
        keys[i].id = 0x01020300u | i;
        keys[i].aead = AEAD_AES_SIV_CMAC_256;
        keys[i].key.length = aead_key_length(keys[i].aead);
        keys[i].key.data[0] = (uint8_t)i;
    }
    if (nts_cookie_decode(keys, NULL, data, size, &context))
        check_context(&context);
    /* The input as plaintext. */
    if (size == 0 || size > NTS_MAX_COOKIE_LENGTH)
        return 0;
    struct writer w = writer_make(cookie, sizeof(cookie));
    writer_u32(&w, keys[1].id);
    writer_zeros(&w, NTS_NONCE_LENGTH);
    if (!aead_seal(keys[1].aead, &keys[1].key, cookie + 4, NTS_NONCE_LENGTH, NULL, 0, data, size,
                   cookie + w.pos))
        return 0;
    if (nts_cookie_decode(keys, NULL, cookie, w.pos + size + AEAD_TAG_LENGTH, &context))
        check_context(&context);
    return 0;
}
