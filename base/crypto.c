/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets, hashes and MACs over Nettle. Called by the key table, the reference IDs and NTS; pure
 * functions. Nothing here allocates or logs, and whatever saw a key is wiped.
 */
#include "base/crypto.h"

#include <assert.h>
#include <nettle/aes.h>
#include <nettle/cmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <string.h>

#include "config.h"
#include "base/number.h"

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
    size_t cipher_key_length; /* 0: a hash */
};

static const struct key_kind key_kinds[] = {
    {KEY_MD5, "MD5", 0},
    {KEY_SHA1, "SHA1", 0},
    {KEY_SHA256, "SHA256", 0},
    {KEY_SHA384, "SHA384", 0},
    {KEY_SHA512, "SHA512", 0},
    {KEY_SHA3_224, "SHA3-224", 0},
    {KEY_SHA3_256, "SHA3-256", 0},
    {KEY_SHA3_384, "SHA3-384", 0},
    {KEY_SHA3_512, "SHA3-512", 0},
    {KEY_TIGER, "TIGER", 0},
    {KEY_WHIRLPOOL, "WHIRLPOOL", 0},
    {KEY_AES128, "AES128", AES128_KEY_SIZE},
    {KEY_AES256, "AES256", AES256_KEY_SIZE},
};

#define KIND_COUNT COUNT(key_kinds)

/* NULL: unknown. */
static const struct key_kind *find_kind(enum key_type type)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (key_kinds[i].type == type)
            return &key_kinds[i];
    }
    return NULL;
}

/* NULL: no hash, or one that this build lacks. The table cannot hold these pointers: Nettle may
   be a shared library, and addresses of its objects are no constant expressions. */
static const struct nettle_hash *find_hash(enum key_type type)
{
    switch (type) {
    case KEY_MD5:
        return &nettle_md5;
    case KEY_SHA1:
        return SECURE_HASH(nettle_sha1);
    case KEY_SHA256:
        return SECURE_HASH(nettle_sha256);
    case KEY_SHA384:
        return SECURE_HASH(nettle_sha384);
    case KEY_SHA512:
        return SECURE_HASH(nettle_sha512);
    case KEY_SHA3_224:
        return SECURE_HASH(nettle_sha3_224);
    case KEY_SHA3_256:
        return SECURE_HASH(nettle_sha3_256);
    case KEY_SHA3_384:
        return SECURE_HASH(nettle_sha3_384);
    case KEY_SHA3_512:
        return SECURE_HASH(nettle_sha3_512);
    case KEY_INVALID:
    case KEY_TIGER:
    case KEY_WHIRLPOOL:
    case KEY_AES128:
    case KEY_AES256:
        break;
    }
    return NULL;
}

enum key_type key_type_parse(const char *name)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strcmp(key_kinds[i].name, name) == 0)
            return key_kinds[i].type;
    }
    return KEY_INVALID;
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
    const struct nettle_hash *hash = find_hash(type);

    if (key_type_is_cipher(type))
        return CMAC_BUILT ? CMAC128_DIGEST_SIZE : 0;
    return hash ? hash->digest_size : 0;
}

size_t key_type_key_length(enum key_type type)
{
    const struct key_kind *kind = find_kind(type);

    return kind ? kind->cipher_key_length : 0;
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
    const struct nettle_hash *hash = find_hash(type);
    union hash_context context;

    if (!hash || hash->context_size > sizeof(context))
        return 0;
    if (size > hash->digest_size)
        size = hash->digest_size;
    hash->init(&context);
    if (a_length > 0)
        hash->update(&context, a_length, a);
    if (b_length > 0)
        hash->update(&context, b_length, b);
    hash->digest(&context, size, out);
    crypto_wipe(&context, sizeof(context));
    return size;
}

union cipher_context {
    struct aes128_ctx aes128;
    struct aes256_ctx aes256;
};

/* What is in struct cmac_key. */
struct cmac_state {
    union cipher_context expanded;
    struct cmac128_key subkeys;
};

static_assert(sizeof(struct cmac_state) <= sizeof(((struct cmac_key *)NULL)->state),
              "room for an expanded key");

static const struct nettle_cipher *find_cipher(enum key_type type)
{
    return type == KEY_AES128 ? &nettle_aes128 : &nettle_aes256;
}

bool cmac_key_init(struct cmac_key *cmac, enum key_type type, const uint8_t *key, size_t key_length)
{
    struct cmac_state *state = (struct cmac_state *)(void *)cmac->state;
    const struct nettle_cipher *cipher = find_cipher(type);

    if (!CMAC_BUILT || !key_type_is_cipher(type) || key_length != key_type_key_length(type))
        return false;
    cmac->type = type;
    cipher->set_encrypt_key(&state->expanded, key);
    cmac128_set_key(&state->subkeys, &state->expanded, cipher->encrypt);
    return true;
}

void cmac_key_compute(const struct cmac_key *key, const void *data, size_t length, uint8_t out[16])
{
    const struct cmac_state *state = (const struct cmac_state *)(const void *)key->state;
    const struct nettle_cipher *cipher = find_cipher(key->type);
    struct cmac128_ctx message; /* apart from the key, which stays where it is */

    if (length == 0)
        data = "";
    cmac128_init(&message);
    cmac128_update(&message, &state->expanded, cipher->encrypt, length, data);
    cmac128_digest(&message, &state->subkeys, &state->expanded, cipher->encrypt,
                   CMAC128_DIGEST_SIZE, out);
    crypto_wipe(&message, sizeof(message));
}
