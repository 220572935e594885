/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashes and MACs with the example of ntp.md 27.8, and AEADs with test/data/nts/aead.json.
 */
#include "test/unit/support/unit.h"

#include <jansson.h>
#include <string.h>

#include "base/crypto.h"
#include "base/text.h"

#define MAX_TEXT 1024

static size_t from_hex(const char *text, uint8_t *out, size_t size)
{
    size_t n = text[0] != '\0' ? text_from_hex(text, out, size) : 0;

    assert_int_equal(2 * n, strlen(text));
    return n;
}

/* The packet of ntp.md 27.8. */
static void example_packet(uint8_t packet[48])
{
    from_hex(
        "230006200000000000000000000000000000000000000000000000000000000000000000000000000102030405"
        "060708",
        packet, 48);
}

static void hashes_of_the_worked_example(void **state)
{
    static const struct {
        enum key_type type;
        const char *digest;
    } cases[] = {
        {KEY_MD5, "49b5df5879c449a856236287c79f8a68"},
        {KEY_SHA1, "87ccc4bad3e0f81c0d9bfda813a256a1fa024bb3"},
        {KEY_SHA256, "b02bcbfbb71d84b9fc96cb97d0d3aaeb7d924835776bdfcf0ed70bd2934ea802"},
        {KEY_SHA384,
         "6b31e457204d21baffcfe1d974b3ec65d6ac2d543cebdb39f7d07438c3fb78a433292888e6a2b4"
         "d6399e50e98068acae"},
        {KEY_SHA512,
         "b6982e97827be0b0d70bfbd79c7bd1b5ae360a63a99a2f0d001eaca416665e4a4a3258dbca7698"
         "edb787c1045e1ba25eb32c6c8994fc9029a46770b71f8e470d"},
        {KEY_SHA3_256, "0994947e32d6bee661a6447934c17b9ed4d8a3a3e83ade63c5d2099a274a3614"},
    };
    uint8_t packet[48], key[8], expected[HASH_MAX_LENGTH], out[HASH_MAX_LENGTH + 8];

    example_packet(packet);
    from_hex("6b5d3c6a2e4a7477", key, sizeof(key));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = from_hex(cases[i].digest, expected, sizeof(expected));

        if (!key_type_supported(cases[i].type)) {
            assert_int_not_equal(cases[i].type, KEY_MD5);
            continue;
        }
        assert_int_equal(key_type_digest_length(cases[i].type), length);
        assert_int_equal(
            hash_compute(cases[i].type, key, sizeof(key), packet, sizeof(packet), out, sizeof(out)),
            length);
        assert_memory_equal(out, expected, length);
    }
}

static void digests_are_cut_to_the_room(void **state)
{
    uint8_t packet[48], out[21], key[] = {0x6b, 0x5d, 0x3c, 0x6a, 0x2e, 0x4a, 0x74, 0x77};

    example_packet(packet);
    out[4] = 0xee;
    assert_int_equal(hash_compute(KEY_MD5, key, sizeof(key), packet, sizeof(packet), out, 4), 4);
    assert_memory_equal(out, "\x49\xb5\xdf\x58\xee", 5);
    assert_int_equal(hash_compute(KEY_MD5, NULL, 0, NULL, 0, out, sizeof(out)), 16);
    assert_memory_equal(out, "\xd4\x1d\x8c\xd9", 4);
}

static bool cmac(enum key_type type, const uint8_t *key, size_t key_length, const void *data,
                 size_t length, uint8_t out[16])
{
    struct cmac_key expanded;

    if (!cmac_key_init(&expanded, type, key, key_length))
        return false;
    cmac_key_compute(&expanded, data, length, out);
    return true;
}

static void macs_of_the_worked_example(void **state)
{
    uint8_t packet[48], key[32], expected[16], out[16];

    if (!key_type_supported(KEY_AES128))
        skip();
    example_packet(packet);
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    from_hex("3ae11d5c4b72086a51c56b1cec95fd9a", expected, sizeof(expected));
    assert_true(cmac(KEY_AES128, key, 16, packet, sizeof(packet), out));
    assert_memory_equal(out, expected, sizeof(out));
    from_hex("2c6045bfbdeea53b3742250f8e49809e", expected, sizeof(expected));
    assert_true(cmac(KEY_AES256, key, 32, packet, sizeof(packet), out));
    assert_memory_equal(out, expected, sizeof(out));
    struct cmac_key expanded;
    assert_true(cmac_key_init(&expanded, KEY_AES256, key, 32));
    for (int i = 0; i < 2; i++) {
        memset(out, 0, sizeof(out));
        cmac_key_compute(&expanded, packet, sizeof(packet), out);
        assert_memory_equal(out, expected, sizeof(out));
    }
    assert_false(cmac(KEY_AES128, key, 32, packet, sizeof(packet), out));
    assert_false(cmac(KEY_AES256, key, 16, packet, sizeof(packet), out));
    assert_false(cmac(KEY_SHA1, key, 16, packet, sizeof(packet), out));
}

static void names_of_key_types(void **state)
{
    static const char *const names[] = {"MD5",       "SHA1",     "SHA256",   "SHA384",   "SHA512",
                                        "SHA3-224",  "SHA3-256", "SHA3-384", "SHA3-512", "TIGER",
                                        "WHIRLPOOL", "AES128",   "AES256"};
    static const enum key_type types[] = {
        KEY_MD5,       KEY_SHA1,     KEY_SHA256,   KEY_SHA384,   KEY_SHA512,
        KEY_SHA3_224,  KEY_SHA3_256, KEY_SHA3_384, KEY_SHA3_512, KEY_TIGER,
        KEY_WHIRLPOOL, KEY_AES128,   KEY_AES256,
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        enum key_type type = key_type_parse(names[i]);

        assert_int_equal(type, types[i]);
        assert_int_equal(key_type_is_cipher(type), strncmp(names[i], "AES", 3) == 0);
    }
    assert_int_equal(key_type_parse("md5"), KEY_INVALID);
    assert_int_equal(key_type_parse("SHA3"), KEY_INVALID);
    assert_false(key_type_supported(KEY_TIGER));
    assert_false(key_type_supported(KEY_WHIRLPOOL));
    assert_int_equal(key_type_key_length(KEY_AES256), 32);
    assert_int_equal(key_type_key_length(KEY_SHA1), 0);
}

struct vector {
    struct secret key;
    uint8_t nonce[64];
    size_t nonce_length;
    uint8_t ad[MAX_TEXT];
    size_t ad_length;
    uint8_t plain[MAX_TEXT];
    size_t plain_length;
    uint8_t sealed[MAX_TEXT];
    size_t sealed_length;
};

static void check_vector(int id, const struct vector *v)
{
    uint8_t sealed[MAX_TEXT + 1], opened[MAX_TEXT + 1];

    assert_int_equal(v->key.length, aead_key_length(id));
    assert_int_equal(v->sealed_length, v->plain_length + AEAD_TAG_LENGTH);
    sealed[v->sealed_length] = opened[v->plain_length] = 0xee;
    assert_true(aead_seal(id, &v->key, v->nonce, v->nonce_length, v->ad, v->ad_length, v->plain,
                          v->plain_length, sealed));
    assert_memory_equal(sealed, v->sealed, v->sealed_length);
    assert_true(aead_open(id, &v->key, v->nonce, v->nonce_length, v->ad, v->ad_length, sealed,
                          v->sealed_length, opened));
    assert_memory_equal(opened, v->plain, v->plain_length);
    assert_int_equal(sealed[v->sealed_length], 0xee);
    assert_int_equal(opened[v->plain_length], 0xee);

    /* One changed bit anywhere is noticed. */
    for (size_t i = 0; i < v->sealed_length; i++) {
        sealed[i] ^= 0x10;
        assert_false(aead_open(id, &v->key, v->nonce, v->nonce_length, v->ad, v->ad_length, sealed,
                               v->sealed_length, opened));
        sealed[i] ^= 0x10;
    }
    assert_false(aead_open(id, &v->key, v->nonce, v->nonce_length, v->ad, v->ad_length, sealed,
                           v->sealed_length - 1, opened));
    if (v->ad_length > 0)
        assert_false(aead_open(id, &v->key, v->nonce, v->nonce_length, v->ad, v->ad_length - 1,
                               sealed, v->sealed_length, opened));
}

/* False: a vector of the primitive with which no NTS message can be written. */
static bool load_vector(const json_t *entry, const char *sealed_name, struct vector *v)
{
    const json_t *ad = json_object_get(entry, "associated_data");
    const char *nonce = json_string_value(json_object_get(entry, "nonce"));

    if (!nonce || (json_is_array(ad) && json_array_size(ad) != 1))
        return false;
    if (json_is_array(ad))
        ad = json_array_get(ad, 0);
    v->key.length = from_hex(json_string_value(json_object_get(entry, "key")), v->key.data,
                             sizeof(v->key.data));
    v->nonce_length = from_hex(nonce, v->nonce, sizeof(v->nonce));
    v->ad_length = from_hex(json_string_value(ad), v->ad, sizeof(v->ad));
    v->plain_length = from_hex(json_string_value(json_object_get(entry, "plaintext")), v->plain,
                               sizeof(v->plain));
    v->sealed_length = from_hex(json_string_value(json_object_get(entry, sealed_name)), v->sealed,
                                sizeof(v->sealed));
    return true;
}

static void check_vectors(int id, const char *list, const char *sealed_name, size_t expected)
{
    json_t *root = json_load_file(TEST_DATA_DIR "/nts/aead.json", 0, NULL);
    size_t index, checked = 0;
    json_t *entry;

    assert_non_null(root);
    json_array_foreach(json_object_get(root, list), index, entry)
    {
        struct vector v;

        memset(&v, 0, sizeof(v));
        if (load_vector(entry, sealed_name, &v)) {
            check_vector(id, &v);
            checked++;
        }
    }
    json_decref(root);
    assert_int_equal(checked, expected);
}

static void aes_siv_vectors(void **state)
{
    if (!aead_supported(AEAD_AES_SIV_CMAC_256))
        skip();
    check_vectors(AEAD_AES_SIV_CMAC_256, "aes_siv", "ciphertext_tag_first", 6);
}

static void aes_gcm_siv_vectors(void **state)
{
    if (!aead_supported(AEAD_AES_128_GCM_SIV))
        skip();
    check_vectors(AEAD_AES_128_GCM_SIV, "aes_gcm_siv", "ciphertext_tag_last", 9);
}

static void lengths_of_the_algorithms(void **state)
{
    for (int id = -1; id < 300; id++) {
        if (id != AEAD_AES_SIV_CMAC_256 && id != AEAD_AES_128_GCM_SIV)
            assert_false(aead_supported(id));
    }
    if (aead_supported(AEAD_AES_SIV_CMAC_256)) {
        assert_int_equal(aead_key_length(AEAD_AES_SIV_CMAC_256), 32);
        assert_int_equal(aead_max_nonce(AEAD_AES_SIV_CMAC_256), 16);
    }
    if (aead_supported(AEAD_AES_128_GCM_SIV)) {
        assert_int_equal(aead_key_length(AEAD_AES_128_GCM_SIV), 16);
        assert_int_equal(aead_max_nonce(AEAD_AES_128_GCM_SIV), 12);
    }
}

static void wrong_lengths_are_refused(void **state)
{
    const int ids[] = {AEAD_AES_SIV_CMAC_256, AEAD_AES_128_GCM_SIV};
    uint8_t nonce[16] = {1}, sealed[64] = {0};

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct secret key = {.length = aead_key_length(ids[i])};
        size_t good = ids[i] == AEAD_AES_SIV_CMAC_256 ? 1 : 12;

        if (!aead_supported(ids[i]))
            continue;
        assert_true(aead_seal(ids[i], &key, nonce, good, NULL, 0, NULL, 0, sealed));
        assert_true(aead_open(ids[i], &key, nonce, good, NULL, 0, sealed, 16, NULL));
        assert_false(aead_open(ids[i], &key, nonce, good, NULL, 0, sealed, 15, NULL));
        assert_false(aead_seal(ids[i], &key, nonce, good - 1, NULL, 0, NULL, 0, sealed));
        key.length--;
        assert_false(aead_seal(ids[i], &key, nonce, good, NULL, 0, NULL, 0, sealed));
        key.length = 0;
        assert_false(aead_seal(ids[i], &key, nonce, good, NULL, 0, NULL, 0, sealed));
    }
}

static void secrets_are_wiped_and_compared(void **state)
{
    struct secret secret = {.data = {1, 2, 3}, .length = 3}, zero = {.length = 0};

    memset(&zero, 0, sizeof(zero));
    assert_true(crypto_equal("abc", "abd", 2));
    assert_false(crypto_equal("abc", "abd", 3));
    assert_true(crypto_equal(NULL, NULL, 0));
    secret_wipe(&secret);
    assert_memory_equal(&secret, &zero, sizeof(secret));
}

static void expanded_key_works_again_and_again(void **state)
{
    static const uint8_t nonce[12] = {1}, plain[40] = {2}, ad[7] = {3};
    static const int ids[] = {AEAD_AES_SIV_CMAC_256, AEAD_AES_128_GCM_SIV};
    uint8_t one_shot[sizeof(plain) + AEAD_TAG_LENGTH], sealed[sizeof(one_shot)];
    uint8_t opened[sizeof(plain)];

    for (size_t i = 0; i < 2; i++) {
        struct secret key = {.data = {9}, .length = aead_key_length(ids[i])};

        if (!aead_supported(ids[i]))
            continue;
        struct aead_cipher cipher;
        assert_true(aead_cipher_init(&cipher, ids[i], &key));
        assert_true(aead_seal(ids[i], &key, nonce, 12, ad, 7, plain, sizeof(plain), one_shot));
        for (int round = 0; round < 3; round++) {
            assert_true(aead_cipher_seal(&cipher, nonce, 12, ad, 7, plain, sizeof(plain), sealed));
            assert_memory_equal(sealed, one_shot, sizeof(sealed));
            assert_true(
                aead_cipher_open(&cipher, nonce, 12, ad, 7, sealed, sizeof(sealed), opened));
            assert_memory_equal(opened, plain, sizeof(plain));
            sealed[0] ^= 1;
            assert_false(
                aead_cipher_open(&cipher, nonce, 12, ad, 7, sealed, sizeof(sealed), opened));
        }
        assert_false(aead_cipher_seal(&cipher, nonce, 0, ad, 7, plain, sizeof(plain), sealed));
        assert_false(aead_cipher_open(&cipher, nonce, 12, ad, 7, sealed, 15, opened));
        key.length--;
        assert_false(aead_cipher_init(&cipher, ids[i], &key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_of_the_worked_example),
        cmocka_unit_test(digests_are_cut_to_the_room),
        cmocka_unit_test(macs_of_the_worked_example),
        cmocka_unit_test(names_of_key_types),
        cmocka_unit_test(aes_siv_vectors),
        cmocka_unit_test(aes_gcm_siv_vectors),
        cmocka_unit_test(lengths_of_the_algorithms),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(secrets_are_wiped_and_compared),
        cmocka_unit_test(expanded_key_works_again_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
