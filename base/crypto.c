/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets, hashes and MACs over Nettle. Called by the key store, the reference IDs and NTS; pure
 * functions without state or allocation. Nothing here logs, and whatever saw a key is wiped.
 */
#include "base/crypto.h"

#include <nettle/cmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <string.h>

#include "config.h"

#ifdef FEAT_SECHASH
#define SECURE_HASH(name) (&(name))
#else
#define SECURE_HASH(name) NULL
#endif

#ifdef HAVE_CMAC
#define CMAC_BUILT true
#else
#define CMAC_BUILT false
#endif

void crypto_wipe(void *data, size_t length)
{
    if (length > 0)
        explicit_bzero(data, length);
}

void secret_wipe(struct secret *secret)
{
    crypto_wipe(secret, sizeof(*secret));
}

bool crypto_equal(const void *a, const void *b, size_t length)
{
    return length == 0 || memeql_sec(a, b, length) != 0;
}

struct key_kind {
    enum key_type type;
    const char *name;
    const struct nettle_hash *hash; /* NULL: a cipher, or a hash that this build lacks */
    size_t cipher_key_length;       /* 0: a hash */
};

/* Nettle's hash objects may be in a shared library, so they are no constants to an initialiser of
   static storage; the table is built where it is searched. */
static bool find_kind(enum key_type type, const char *name, struct key_kind *found)
{
    const struct key_kind kinds[] = {
        {KEY_MD5, "MD5", &nettle_md5, 0},
        {KEY_SHA1, "SHA1", SECURE_HASH(nettle_sha1), 0},
        {KEY_SHA256, "SHA256", SECURE_HASH(nettle_sha256), 0},
        {KEY_SHA384, "SHA384", SECURE_HASH(nettle_sha384), 0},
        {KEY_SHA512, "SHA512", SECURE_HASH(nettle_sha512), 0},
        {KEY_SHA3_224, "SHA3-224", SECURE_HASH(nettle_sha3_224), 0},
        {KEY_SHA3_256, "SHA3-256", SECURE_HASH(nettle_sha3_256), 0},
        {KEY_SHA3_384, "SHA3-384", SECURE_HASH(nettle_sha3_384), 0},
        {KEY_SHA3_512, "SHA3-512", SECURE_HASH(nettle_sha3_512), 0},
        {KEY_TIGER, "TIGER", NULL, 0},
        {KEY_WHIRLPOOL, "WHIRLPOOL", NULL, 0},
        {KEY_AES128, "AES128", NULL, AES128_KEY_SIZE},
        {KEY_AES256, "AES256", NULL, AES256_KEY_SIZE},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (name != NULL ? strcmp(kinds[i].name, name) == 0 : kinds[i].type == type) {
            *found = kinds[i];
            return true;
        }
    }
    return false;
}

enum key_type key_type_parse(const char *name)
{
    struct key_kind kind;

    return find_kind(KEY_INVALID, name, &kind) ? kind.type : KEY_INVALID;
}

const char *key_type_name(enum key_type type)
{
    struct key_kind kind;

    return find_kind(type, NULL, &kind) ? kind.name : NULL;
}

bool key_type_is_cipher(enum key_type type)
{
    return key_type_key_length(type) > 0;
}

bool key_type_supported(enum key_type type)
{
    return key_type_digest_length(type) > 0;
}

size_t key_type_digest_length(enum key_type type)
{
    struct key_kind kind;

    if (!find_kind(type, NULL, &kind))
        return 0;
    if (kind.cipher_key_length > 0)
        return CMAC_BUILT ? CMAC128_DIGEST_SIZE : 0;
    return kind.hash != NULL ? kind.hash->digest_size : 0;
}

size_t key_type_key_length(enum key_type type)
{
    struct key_kind kind;

    return find_kind(type, NULL, &kind) ? kind.cipher_key_length : 0;
}

/* Room for the state of every hash in the table. */
union hash_context {
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256;
    struct sha512_ctx sha512;
    struct sha3_224_ctx sha3_224;
    struct sha3_256_ctx sha3_256;
    struct sha3_384_ctx sha3_384;
    struct sha3_512_ctx sha3_512;
};

size_t hash_compute(enum key_type type, const void *a, size_t a_length, const void *b,
                    size_t b_length, uint8_t *out, size_t size)
{
    union hash_context context;
    struct key_kind kind;

    if (!find_kind(type, NULL, &kind) || kind.hash == NULL ||
        kind.hash->context_size > sizeof(context))
        return 0;
    if (size > kind.hash->digest_size)
        size = kind.hash->digest_size;
    kind.hash->init(&context);
    if (a_length > 0)
        kind.hash->update(&context, a_length, a);
    if (b_length > 0)
        kind.hash->update(&context, b_length, b);
    kind.hash->digest(&context, size, out);
    crypto_wipe(&context, sizeof(context));
    return size;
}

bool cmac_compute(enum key_type type, const uint8_t *key, size_t key_length, const void *data,
                  size_t length, uint8_t out[16])
{
    union {
        struct cmac_aes128_ctx aes128;
        struct cmac_aes256_ctx aes256;
    } context;

    if (!CMAC_BUILT || !key_type_is_cipher(type) || key_length != key_type_key_length(type))
        return false;
    if (length == 0)
        data = "";
    if (type == KEY_AES128) {
        cmac_aes128_set_key(&context.aes128, key);
        cmac_aes128_update(&context.aes128, length, data);
        cmac_aes128_digest(&context.aes128, CMAC128_DIGEST_SIZE, out);
    } else {
        cmac_aes256_set_key(&context.aes256, key);
        cmac_aes256_update(&context.aes256, length, data);
        cmac_aes256_digest(&context.aes256, CMAC128_DIGEST_SIZE, out);
    }
    crypto_wipe(&context, sizeof(context));
    return true;
}
