/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Complete recorded sessions (exchange-*.json, nts-nak.json): key export, NTS-KE messages, cookies,
 * and requests and responses of NTP, checked and built again octet by octet.
 */
#include <gnutls/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"
#include "ntp/wire/packet.h"
#include "nts/auth_field.h"
#include "nts/cookie.h"
#include "nts/ke_record.h"
#include "nts/ke_request.h"
#include "nts/ke_response.h"
#include "test/unit/support/nts.h"

static const struct nts_aeads both = {.ids = {30, 15}, .count = 2};

static int aead_of(const json_t *object)
{
    return (int)json_integer_value(json_object_get(object, "aead"));
}

static void read_secret(const json_t *object, const char *key, struct secret *secret)
{
    secret->length = test_hex(object, key, secret->data, sizeof(secret->data));
}

/* HKDF-Expand-Label of RFC 8446 section 7.1 */
static void expand_label(gnutls_mac_algorithm_t mac, const uint8_t *secret, size_t hash_length,
                         const char *label, const uint8_t *context, uint8_t *out, size_t length)
{
    uint8_t info_data[256];
    struct writer w = writer_make(info_data, sizeof(info_data));
    gnutls_datum_t key, info = {info_data, 0};
    uint8_t key_copy[64];

    memcpy(key_copy, secret, hash_length);
    key = (gnutls_datum_t){key_copy, (unsigned int)hash_length};
    writer_u16(&w, (uint16_t)length);
    writer_u8(&w, (uint8_t)(6 + strlen(label)));
    writer_bytes(&w, "tls13 ", 6);
    writer_bytes(&w, label, strlen(label));
    writer_u8(&w, (uint8_t)hash_length);
    writer_bytes(&w, context, hash_length);
    assert_false(w.failed);
    info.size = (unsigned int)w.pos;
    assert_int_equal(gnutls_hkdf_expand(mac, &key, &info, out, length), 0);
}

/* The exporter of RFC 8446, 7.5, with our label and context. */
static void export_key(const json_t *json, int aead, bool compliant, bool s2c, struct secret *out)
{
    const json_t *tls = json_object_get(json, "tls");
    const bool sha384 = strcmp(test_string(tls, "hash"), "sha384") == 0;
    const gnutls_mac_algorithm_t mac = sha384 ? GNUTLS_MAC_SHA384 : GNUTLS_MAC_SHA256;
    const gnutls_digest_algorithm_t hash = sha384 ? GNUTLS_DIG_SHA384 : GNUTLS_DIG_SHA256;
    uint8_t secret[64], derived[64], digest[64], context[KE_EXPORTER_CONTEXT_LENGTH];
    size_t hash_length = test_hex(json_object_get(tls, "secrets"), "EXPORTER_SECRET", secret, 64);

    assert_int_equal(hash_length, sha384 ? 48 : 32);
    assert_int_equal(gnutls_hash_fast(hash, "", 0, digest), 0);
    expand_label(mac, secret, hash_length, KE_EXPORTER_LABEL, digest, derived, hash_length);
    ke_exporter_context(aead, compliant, s2c, context);
    assert_int_equal(gnutls_hash_fast(hash, context, sizeof(context), digest), 0);
    out->length = aead == 30 ? 16 : 32;
    expand_label(mac, derived, hash_length, "exporter", digest, out->data, out->length);
}

static void check_export(const json_t *json, bool compliant)
{
    const json_t *exporter = json_object_get(json, "exporter");
    const int aead = aead_of(json);
    struct secret expected, actual;
    uint8_t context[KE_EXPORTER_CONTEXT_LENGTH], recorded[KE_EXPORTER_CONTEXT_LENGTH];

    assert_string_equal(test_string(exporter, "label"), KE_EXPORTER_LABEL);
    ke_exporter_context(aead, compliant, false, context);
    assert_int_equal(test_hex(exporter, "context_c2s", recorded, sizeof(recorded)), 5);
    assert_memory_equal(context, recorded, sizeof(context));
    ke_exporter_context(aead, compliant, true, context);
    assert_int_equal(test_hex(exporter, "context_s2c", recorded, sizeof(recorded)), 5);
    assert_memory_equal(context, recorded, sizeof(context));

    read_secret(json, "c2s", &expected);
    export_key(json, aead, compliant, false, &actual);
    assert_int_equal(actual.length, expected.length);
    assert_memory_equal(actual.data, expected.data, expected.length);
    read_secret(json, "s2c", &expected);
    export_key(json, aead, compliant, true, &actual);
    assert_memory_equal(actual.data, expected.data, expected.length);
}

static void check_ke_messages(const json_t *json, bool compliant)
{
    const json_t *ke = json_object_get(json, "ke");
    uint8_t request[256], response[4096], cookie[NTS_MAX_COOKIE_LENGTH];
    size_t request_length = test_hex(ke, "request", request, sizeof(request));
    size_t response_length = test_hex(ke, "response", response, sizeof(response));
    struct ke_outcome outcome;
    struct ke_response result;

    ke_request_process(request, request_length, &both, &outcome);
    assert_int_equal(outcome.kind, KE_OUTCOME_SUCCESS);
    assert_int_equal(outcome.aead, aead_of(json));
    assert_int_equal(outcome.compliant, compliant && outcome.aead == 30);

    assert_true(ke_response_process(response, response_length, &both, &result));
    assert_int_equal(result.aead, aead_of(json));
    assert_int_equal(result.compliant, compliant && result.aead == 30);
    assert_int_equal(result.cookie_count, 8);
    assert_int_equal(result.ntp_port, 11123);
    assert_int_equal(result.cookies[0].length, test_hex(json_object_get(json, "first_cookie"),
                                                        "cookie", cookie, sizeof(cookie)));
    assert_memory_equal(result.cookies[0].data, cookie, result.cookies[0].length);
}

static void read_server_keys(const json_t *json, struct nts_server_key keys[NTS_SERVER_KEYS])
{
    size_t i;
    json_t *item;

    json_array_foreach(json_object_get(json, "server_keys"), i, item)
    {
        uint8_t id[4];

        assert_int_equal(test_hex(item, "key_id", id, sizeof(id)), 4);
        struct nts_server_key *key = &keys[id[3] % NTS_SERVER_KEYS];
        key->id = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
        key->aead = aead_of(item);
        read_secret(item, "key", &key->key);
    }
    assert_int_equal(i, NTS_SERVER_KEYS);
}

static void check_cookie(const json_t *json)
{
    const json_t *first = json_object_get(json, "first_cookie");
    struct nts_server_key keys[NTS_SERVER_KEYS];
    struct nts_context context;
    struct nts_cookie made;
    struct secret c2s, s2c;
    uint8_t cookie[NTS_MAX_COOKIE_LENGTH], nonce[NTS_NONCE_LENGTH] = {0};
    size_t length = test_hex(first, "cookie", cookie, sizeof(cookie));

    read_server_keys(json, keys);
    read_secret(json, "c2s", &c2s);
    read_secret(json, "s2c", &s2c);
    assert_true(nts_cookie_decode(keys, NULL, cookie, length, &context));
    assert_int_equal(context.aead, aead_of(json));
    assert_int_equal(context.c2s.length, c2s.length);
    assert_memory_equal(context.c2s.data, c2s.data, c2s.length);
    assert_memory_equal(context.s2c.data, s2c.data, s2c.length);

    test_hex(first, "nonce", nonce, sizeof(nonce));
    assert_true(nts_cookie_make(&keys[cookie[3] % NTS_SERVER_KEYS], NULL, &context, nonce, &made));
    assert_int_equal(made.length, length);
    assert_memory_equal(made.data, cookie, length);

    for (size_t cut = 0; cut < length; cut++)
        assert_false(nts_cookie_decode(keys, NULL, cookie, cut, &context));
    for (size_t i = 0; i < length; i++) {
        cookie[i] ^= 0x10;
        assert_false(nts_cookie_decode(keys, NULL, cookie, length, &context));
        assert_int_equal(context.aead, 0);
        cookie[i] ^= 0x10;
    }
}

/* The last field of the packet, which is the authenticator. */
static void find_auth(const uint8_t *packet, size_t length, struct ntp_info *info,
                      struct ntp_ext_field *field)
{
    size_t pos = NTP_HEADER_LENGTH;

    assert_true(ntp_packet_parse(packet, length, info));
    assert_int_equal(info->auth, NTP_AUTH_NTS);
    for (int i = 0; i < info->ext_fields; i++)
        assert_true(ntp_ext_next(packet, info, &pos, field));
    assert_int_equal(pos, length);
    assert_int_equal(field->type, NTP_EXT_NTS_AUTH);
}

static void check_packet(const json_t *json, const json_t *side)
{
    const json_t *auth = json_object_get(side, "auth");
    uint8_t packet[NTP_MAX_LENGTH], built[NTP_MAX_LENGTH], nonce[NTS_NONCE_LENGTH] = {0};
    uint8_t expected[NTP_MAX_LENGTH], plain[NTP_MAX_LENGTH];
    size_t length = test_hex(side, "packet", packet, sizeof(packet)), plain_length;
    size_t expected_length = test_hex(auth, "plaintext", expected, sizeof(expected));
    struct writer w = writer_make(built, sizeof(built));
    struct ntp_info info;
    struct ntp_ext_field field;
    struct secret key;

    read_secret(json, test_string(auth, "key"), &key);
    find_auth(packet, length, &info, &field);
    assert_true(auth_field_open(packet, &field, aead_of(json), &key, plain, &plain_length));
    assert_int_equal(plain_length, expected_length);
    assert_memory_equal(plain, expected, expected_length);

    test_hex(auth, "nonce", nonce, sizeof(nonce));
    writer_bytes(&w, packet, field.start);
    assert_true(auth_field_add(&w, aead_of(json), &key, nonce, expected, expected_length, 28));
    assert_int_equal(w.pos, length);
    assert_memory_equal(built, packet, length);

    packet[field.start - 1] ^= 1;
    assert_false(auth_field_open(packet, &field, aead_of(json), &key, plain, &plain_length));
}

static void check_exchange(const char *name, bool compliant)
{
    json_t *json = test_json(name), *exchange;
    const json_t *key = json_array_get(json_object_get(json, "server_keys"), 0);
    size_t i;

    check_export(json, compliant);
    if (!aead_supported(aead_of(json))) {
        print_message("%s: packets skipped, the libraries have no AEAD 30\n", name);
        json_decref(json);
        skip();
    }
    check_ke_messages(json, compliant);
    if (aead_supported(aead_of(key)))
        check_cookie(json);
    else
        print_message("%s: cookies skipped, the libraries have no AEAD 30\n", name);
    json_array_foreach(json_object_get(json, "ntp"), i, exchange)
    {
        check_packet(json, json_object_get(exchange, "request"));
        check_packet(json, json_object_get(exchange, "response"));
    }
    assert_int_equal(i, 2);
    json_decref(json);
}

static void exchange_aead15(void **state)
{
    check_exchange("exchange-aead15.json", true);
}

static void exchange_aead15_cookie30(void **state)
{
    check_exchange("exchange-aead15-cookie30.json", true);
}

static void exchange_aead30_compliant(void **state)
{
    check_exchange("exchange-aead30-compliant.json", true);
}

static void exchange_aead30_noncompliant(void **state)
{
    check_exchange("exchange-aead30-noncompliant.json", false);
}

/* Every combination of lengths in a field of every size: nothing outside of the field is read (for
   the sanitizers the field ends where its memory does), and nothing is accepted. */
static void hostile_lengths_in_an_authenticator(void **state)
{
    static const uint16_t lengths[] = {0,  1,  3,   4,    12,    15,    16,   17,
                                       20, 32, 255, 1000, 32768, 65533, 65535};
    const size_t count = sizeof(lengths) / sizeof(lengths[0]);
    const struct secret key = {.length = 32};
    uint8_t plain[NTP_MAX_LENGTH];
    size_t plain_length;

    for (size_t body = 0; body <= 64; body += 4)
        for (size_t n = 0; n < count; n++)
            for (size_t c = 0; c < count; c++) {
                uint8_t *packet = test_calloc(1, NTP_HEADER_LENGTH + 4 + body);
                struct ntp_ext_field field = {.start = NTP_HEADER_LENGTH,
                                              .length = 4 + body,
                                              .type = NTP_EXT_NTS_AUTH,
                                              .body = packet + NTP_HEADER_LENGTH + 4,
                                              .body_length = body};
                struct writer w = writer_make(packet + NTP_HEADER_LENGTH + 4, body);

                writer_u16(&w, lengths[n]);
                writer_u16(&w, lengths[c]);
                assert_false(auth_field_open(packet, &field, 15, &key, plain, &plain_length));
                assert_int_equal(plain_length, 0);
                test_free(packet);
            }
}

static void authenticator_is_not_added_where_it_does_not_fit(void **state)
{
    static uint8_t packet[2000] = {0x23}, plain[1200];
    static const uint8_t nonce[NTS_NONCE_LENGTH];
    const struct secret key = {.length = 32}, no_key = {.length = 0};
    struct writer w = writer_make(packet, sizeof(packet));

    w.pos = 48;
    /* 48 + 8 + 16 + 16 + 1052 is the longest packet */
    assert_true(auth_field_add(&w, 15, &key, nonce, plain, 1052, 28));
    assert_int_equal(w.pos, NTP_MAX_LENGTH);
    w = writer_make(packet, sizeof(packet));
    w.pos = 48;
    assert_false(auth_field_add(&w, 15, &key, nonce, plain, 1056, 28));
    assert_true(w.failed);
    w = writer_make(packet, 100); /* the buffer of the caller counts as well */
    w.pos = 48;
    assert_false(auth_field_add(&w, 15, &key, nonce, plain, 100, 28));
    w = writer_make(packet, sizeof(packet));
    w.pos = 48;
    assert_false(auth_field_add(&w, 15, &no_key, nonce, plain, 0, 28));
    w = writer_make(packet, sizeof(packet));
    w.pos = 50;
    assert_false(auth_field_add(&w, 15, &key, nonce, plain, 0, 28));
    w = writer_make(packet, sizeof(packet));
    w.pos = 48;
    packet[0] = 0x1b; /* NTPv3 */
    assert_false(auth_field_add(&w, 15, &key, nonce, plain, 0, 28));
    packet[0] = 0x23;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange_aead15),
        cmocka_unit_test(exchange_aead15_cookie30),
        cmocka_unit_test(exchange_aead30_compliant),
        cmocka_unit_test(exchange_aead30_noncompliant),
        cmocka_unit_test(hostile_lengths_in_an_authenticator),
        cmocka_unit_test(authenticator_is_not_added_where_it_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
