/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening and making cookies of the NTS server.
 *
 * Proved: no octet outside of the cookie is read and none outside of the context is written,
 * with every length and content; only the key that the cookie names opens it; nothing is given
 * out unless the AEAD accepted it, and then two keys of the length of a known algorithm; the
 * plaintext is wiped on every way on which there was one; a cookie that is made from a context
 * gives this context back. The steps for batches keep to the same: what they describe is inside of
 * the cookie and of the room for the plaintext, which is for all of it, and the length that they
 * announce is written to the last octet and not beyond.
 * Assumed: cookies of 0 to 1140 octets, the longest packet, and any set of keys.
 * Stubs: the AEAD below aead_work_run(). It accepts or refuses as it likes and gives any
 * plaintext, so the proof does not depend on it; it asserts that what it reads and writes is
 * there. For the way there and back it is a copy. crypto_wipe() notes what it was asked to wipe.
 *
 * sources: nts/cookie.c base/aead_batch.c base/wire.c
 * options: --unwind 65
 */
#include "nts/cookie.h"

#include <string.h>
#include "test/proof/proof.h"

#define MAX_COOKIE 1140

static const struct nts_server_key *set; /* of the cookie that is being opened */
static const uint8_t *opened;
static bool accepted, copies;
static const void *plain, *wiped;
static size_t plain_length, wiped_length;

/* ---- Stubs ---- */

size_t aead_key_length(int id)
{
    if (id == AEAD_AES_SIV_CMAC_256)
        return 32;
    return id == AEAD_AES_128_GCM_SIV ? 16 : 0;
}

size_t aead_max_nonce(int id)
{
    if (id == AEAD_AES_SIV_CMAC_256)
        return AEAD_MAX_NONCE;
    return id == AEAD_AES_128_GCM_SIV ? 12 : 0;
}

void crypto_wipe(void *data, size_t length)
{
    proof_assert_writable(data, length);
    wiped = data;
    wiped_length = length;
}

static bool open_any(const uint8_t *nonce, size_t nonce_length, const uint8_t *sealed,
                     size_t sealed_length, uint8_t *out)
{
    proof_assert_readable(nonce, nonce_length);
    proof_assert_readable(sealed, sealed_length);
    proof_assert(nonce_length > 0 && sealed_length >= AEAD_TAG_LENGTH);
    plain = out;
    plain_length = sealed_length - AEAD_TAG_LENGTH;
    proof_assert_writable(out, plain_length);
    accepted = copies || nondet_bool();
    if (copies) {
        for (size_t i = 0; i < plain_length; i++)
            out[i] = sealed[i];
    } else if (plain_length > 0) {
        __CPROVER_havoc_slice(out, plain_length);
    }
    return accepted;
}

static bool seal_any(const uint8_t *nonce, size_t nonce_length, const void *in, size_t length,
                     uint8_t *out)
{
    proof_assert_readable(nonce, nonce_length);
    proof_assert_readable(in, length);
    proof_assert_writable(out, length + AEAD_TAG_LENGTH);
    for (size_t i = 0; i < length; i++)
        out[i] = ((const uint8_t *)in)[i];
    return copies || nondet_bool();
}

/* The key must be that which the cookie names in its first four octets. */
static void check_key(size_t slot)
{
    if (!opened)
        return;
    proof_assert(set[slot].id == ((uint32_t)opened[0] << 24 | (uint32_t)opened[1] << 16 |
                                  (uint32_t)opened[2] << 8 | opened[3]));
}

static const struct aead_cipher *ciphers_of_set;

bool aead_open(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
               uint8_t *out)
{
    bool of_set = !opened;

    for (size_t i = 0; i < NTS_SERVER_KEYS; i++)
        if (opened && key == &set[i].key) {
            of_set = true;
            check_key(i);
            proof_assert(id == set[i].aead);
        }
    proof_assert(of_set);
    return open_any(nonce, nonce_length, sealed, sealed_length, out);
}

bool aead_cipher_open(const struct aead_cipher *cipher, const uint8_t *nonce, size_t nonce_length,
                      const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
                      uint8_t *out)
{
    check_key((size_t)(cipher - ciphers_of_set));
    return open_any(nonce, nonce_length, sealed, sealed_length, out);
}

bool aead_seal(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const void *in, size_t length, uint8_t *out)
{
    return seal_any(nonce, nonce_length, in, length, out);
}

bool aead_cipher_seal(const struct aead_cipher *cipher, const uint8_t *nonce, size_t nonce_length,
                      const void *ad, size_t ad_length, const void *in, size_t length, uint8_t *out)
{
    return seal_any(nonce, nonce_length, in, length, out);
}

/* ---- Proofs ---- */

void prove_decode(void)
{
    struct nts_server_key keys[NTS_SERVER_KEYS];
    struct aead_cipher ciphers[NTS_SERVER_KEYS];
    size_t length = size_within(0, MAX_COOKIE);
    struct nts_context context;

    set = keys;
    ciphers_of_set = ciphers;
    opened = any_octets(length);
    bool ok = nts_cookie_decode(keys, nondet_bool() ? ciphers : NULL, opened, length, &context);
    if (plain)
        proof_assert(wiped == plain && wiped_length >= plain_length);
    if (!ok) {
        proof_assert(context.aead == 0 && context.c2s.length == 0 && context.s2c.length == 0);
        proof_reached("refused");
        return;
    }
    proof_reached("decoded");
    proof_assert(plain && accepted);
    proof_assert(context.aead == AEAD_AES_SIV_CMAC_256 || context.aead == AEAD_AES_128_GCM_SIV);
    proof_assert(context.c2s.length == aead_key_length(context.aead));
    proof_assert(context.s2c.length == context.c2s.length);
    proof_assert(plain_length == 2 * context.c2s.length);
}

/* As the NTP server does it: the work is done later, with its result in a place of the caller. */
void prove_decode_in_steps(void)
{
    struct nts_server_key keys[NTS_SERVER_KEYS];
    struct aead_cipher ciphers[NTS_SERVER_KEYS];
    size_t length = size_within(0, MAX_COOKIE);
    uint8_t *room = any_octets(NTS_COOKIE_PLAIN_MAX);
    struct nts_context context;
    struct aead_work work;
    bool failed = false;

    set = keys;
    ciphers_of_set = ciphers;
    opened = any_octets(length);
    if (!nts_cookie_find(keys, nondet_bool() ? ciphers : NULL, opened, length, room, &work)) {
        proof_assert(!plain);
        proof_reached("refused");
        return;
    }
    proof_assert(!work.seal && work.ad_length == 0 && work.out == room);
    proof_assert(work.in + work.in_length == opened + length);
    work.failed = &failed;
    aead_batch_add(NULL, &work);
    proof_assert(plain == room && failed != accepted);
    if (failed || !nts_cookie_context(room, work.in_length - AEAD_TAG_LENGTH, &context)) {
        proof_reached("not a context");
        return;
    }
    proof_reached("decoded");
    proof_assert(context.c2s.length == aead_key_length(context.aead) && context.c2s.length > 0);
    proof_assert(context.s2c.length == context.c2s.length);
    proof_assert(plain_length == 2 * context.c2s.length);
}

void prove_make(void)
{
    struct nts_server_key key;
    struct aead_cipher cipher;
    struct nts_context context;
    uint8_t nonce[NTS_NONCE_LENGTH];
    struct nts_cookie cookie;

    if (!nts_cookie_make(&key, nondet_bool() ? &cipher : NULL, &context, nonce, &cookie)) {
        proof_assert(cookie.length == 0);
        proof_reached("not made");
        return;
    }
    proof_reached("made");
    proof_assert(cookie.length > 0 && cookie.length <= NTS_OWN_COOKIE_MAX);
    proof_assert(wiped && wiped_length == 2 * AEAD_MAX_KEY);
}

/* The room is of the length that is announced, and is that of one cookie of several. */
void prove_make_in_steps(void)
{
    struct nts_server_key key;
    struct aead_cipher cipher;
    struct nts_context context;
    uint8_t nonce[NTS_NONCE_LENGTH], *room = any_octets(NTS_COOKIE_PLAIN_MAX);
    struct aead_work work;
    bool failed = false;
    size_t length = nts_cookie_length(&key, &context);

    proof_assert(length <= NTS_OWN_COOKIE_MAX);
    if (length == 0) {
        proof_reached("not possible");
        return;
    }
    uint8_t *cookie = any_octets(length);

    nts_cookie_prepare(&key, nondet_bool() ? &cipher : NULL, &context, nonce, room, cookie, &work);
    proof_assert(work.seal && work.id == key.aead && work.key == &key.key);
    proof_assert(work.ad_length == 0 && work.in == room);
    proof_assert(work.nonce + work.nonce_length == work.out);
    proof_assert(work.out + work.in_length + AEAD_TAG_LENGTH == cookie + length);
    work.failed = &failed;
    aead_batch_add(NULL, &work);
    proof_reached("prepared");
}

void prove_there_and_back(void)
{
    struct nts_server_key keys[NTS_SERVER_KEYS];
    const size_t slot = size_within(0, NTS_SERVER_KEYS - 1);
    struct nts_context context, again;
    uint8_t nonce[NTS_NONCE_LENGTH];
    struct nts_cookie cookie;

    copies = true;
    proof_assume(keys[slot].id % NTS_SERVER_KEYS == slot);
    if (!nts_cookie_make(&keys[slot], NULL, &context, nonce, &cookie))
        return;
    proof_assert(nts_cookie_decode(keys, NULL, cookie.data, cookie.length, &again));
    proof_reached("decoded");
    proof_assert(again.aead == context.aead);
    proof_assert(again.c2s.length == context.c2s.length);
    const size_t i = size_within(0, AEAD_MAX_KEY - 1);
    if (i < context.c2s.length) {
        proof_assert(again.c2s.data[i] == context.c2s.data[i]);
        proof_assert(again.s2c.data[i] == context.s2c.data[i]);
    }
}
