/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS of the NTP server against the recorded requests, nts.md 11, and against hostile ones. The
 * caller's part (parsing, header, dropping) is done here as ntp.md 20 says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"
#include "nts/auth_field.h"
#include "nts/server_auth.h"
#include "nts/server_keys.h"
#include "test/unit/support/nts.h"

struct fixture {
    struct test_world test;
    struct loop *loop;
    struct nts_server_keys *keys;
    struct random_pool random;
    int aead;
    struct secret c2s;
    struct secret s2c;
};

static void start(struct fixture *f, const json_t *set)
{
    test_world_init(&f->test);
    test_world_put(&f->test, "/keys/ntskeys", test_string(set, "server_keys_file"));
    f->loop = loop_new(&f->test.world);
    f->keys = server_keys_new(&f->test.world, f->loop, "/keys", 0);
    f->random = random_pool_make(&f->test.world);
    f->aead = (int)json_integer_value(json_object_get(set, "aead"));
    f->c2s.length = test_hex(set, "c2s", f->c2s.data, sizeof(f->c2s.data));
    f->s2c.length = test_hex(set, "s2c", f->s2c.data, sizeof(f->s2c.data));
}

static void shut_down(struct fixture *f)
{
    server_keys_free(f->keys);
    loop_free(f->loop);
    test_world_free(&f->test);
}

/* What the server sends for a request; 0: nothing. */
static size_t answer(struct fixture *f, const uint8_t *packet, size_t length,
                     uint8_t response[NTP_MAX_LENGTH])
{
    const struct ntp_nts_server_ops *ops = nts_server_auth_ops();
    struct ntp_header header = {.leap = 0, .version = 4, .mode = NTP_MODE_SERVER, .stratum = 1};
    struct writer w = writer_make(response, NTP_MAX_LENGTH);
    struct ntp_nts_request request;
    struct ntp_info info;
    uint32_t kod = 0;

    if (length < NTP_HEADER_LENGTH || length > NTP_MAX_LENGTH ||
        !ntp_packet_parse(packet, length, &info) || info.mode != NTP_MODE_CLIENT ||
        info.auth != NTP_AUTH_NTS)
        return 0;
    struct ntp_nts_item item = {.packet = packet, .info = &info, .request = &request, .w = &w};
    ops->check_requests(server_keys_value(f->keys).data, &f->random, NULL, &item, 1);
    switch (item.check) {
    case NTP_NTS_PASS:
        header.refid = REFID_LOCAL;
        break;
    case NTP_NTS_NAK:
        kod = NTP_KOD_NTSN;
        header.leap = LEAP_UNSYNC;
        header.stratum = 0;
        header.refid = kod;
        break;
    case NTP_NTS_DROP:
        return 0;
    }
    ntp_header_write(response, &header);
    w.pos = NTP_HEADER_LENGTH;
    item.kod = kod;
    ops->add_responses(NULL, &item, 1);
    if (w.failed)
        return 0;
    assert_true(w.pos <= length);
    return w.pos;
}

static void compare_plaintext(const struct fixture *f, const json_t *test_case,
                              const uint8_t *packet, const struct ntp_ext_field *field)
{
    const json_t *expected = json_object_get(test_case, "encrypted_fields");
    uint8_t plain[NTP_MAX_LENGTH];
    struct ntp_ext_field inner;
    struct nts_context context;
    size_t plain_length, pos = 0, i = 0;
    struct reader r = reader_make(field->body, field->body_length);

    assert_int_equal(reader_u16(&r),
                     json_integer_value(json_object_get(test_case, "nonce_length")));
    assert_int_equal(reader_u16(&r),
                     json_integer_value(json_object_get(test_case, "ciphertext_length")));
    assert_true(auth_field_open(packet, field, f->aead, &f->s2c, plain, &plain_length));
    for (; ntp_ext_next_inner(plain, plain_length, &pos, &inner); i++) {
        assert_int_equal(inner.type, 0x0204);
        assert_int_equal(inner.length,
                         json_integer_value(json_array_get(json_array_get(expected, i), 1)));
        assert_true(nts_cookie_decode(test_server_keys(f->keys), NULL, inner.body,
                                      inner.body_length, &context));
        assert_int_equal(context.aead, f->aead);
        assert_memory_equal(context.c2s.data, f->c2s.data, f->c2s.length);
        assert_memory_equal(context.s2c.data, f->s2c.data, f->s2c.length);
    }
    assert_int_equal(pos, plain_length);
    assert_int_equal(i, json_array_size(expected));
}

static void compare_response(const struct fixture *f, const json_t *test_case,
                             const uint8_t *packet, size_t length)
{
    struct ntp_header header;
    struct ntp_info info;
    struct ntp_ext_field field;
    size_t pos = NTP_HEADER_LENGTH, i;
    json_t *expected;
    char text[16];

    ntp_header_read(packet, &header);
    assert_int_equal(header.stratum, json_integer_value(json_object_get(test_case, "stratum")));
    snprintf(text, sizeof(text), "%08x", (unsigned int)header.refid);
    assert_string_equal(text, test_string(test_case, "refid"));
    assert_true(ntp_packet_parse(packet, length, &info));
    json_array_foreach(json_object_get(test_case, "fields"), i, expected)
    {
        assert_true(ntp_ext_next(packet, &info, &pos, &field));
        snprintf(text, sizeof(text), "0x%04x", field.type);
        assert_string_equal(text, json_string_value(json_array_get(expected, 0)));
        assert_int_equal(field.length, json_integer_value(json_array_get(expected, 1)));
        if (field.type == NTP_EXT_NTS_AUTH)
            compare_plaintext(f, test_case, packet, &field);
    }
    assert_int_equal(pos, length);
}

static int run_set(const json_t *set)
{
    struct fixture f = {.aead = 0};
    json_t *test_case;
    size_t i;

    start(&f, set);
    json_array_foreach(json_object_get(set, "cases"), i, test_case)
    {
        uint8_t request[2048], response[NTP_MAX_LENGTH];
        size_t length = test_hex(test_case, "request", request, sizeof(request));
        size_t got = answer(&f, request, length, response);

        if (got != (size_t)json_integer_value(json_object_get(test_case, "response_length")))
            fail_msg("%s: response of %zu octets", test_string(test_case, "name"), got);
        if (got > 0)
            compare_response(&f, test_case, response, got);
    }
    shut_down(&f);
    return (int)i;
}

static void recorded_requests(void **state)
{
    json_t *json = test_json("ntp-server-cases.json"), *set;
    int run = 0, skipped = 0;
    size_t i;

    json_array_foreach(json, i, set)
    {
        const bool keys30 = strstr(test_string(set, "server_keys_file"), " 30\n") != NULL;

        if (!aead_supported((int)json_integer_value(json_object_get(set, "aead"))) ||
            (keys30 && !aead_supported(30)))
            skipped += (int)json_array_size(json_object_get(set, "cases"));
        else
            run += run_set(set);
    }
    print_message("%d cases, %d skipped (no AEAD 30)\n", run, skipped);
    assert_true(run >= 32);
    assert_true(skipped == 0 || !aead_supported(30));
    json_decref(json);
}

/* Requests made here with the keys of the first recorded set. */

struct request_spec {
    int placeholders;
    size_t cookie_length; /* 0: a good cookie */
    size_t placeholder_length;
    const uint8_t *plain;
    size_t plain_length;
    uint16_t unknown_type;
};

static size_t make_request(struct fixture *f, const struct request_spec *spec,
                           uint8_t packet[NTP_MAX_LENGTH])
{
    static const uint8_t zeros[NTP_MAX_LENGTH];
    const struct ntp_header header = {.version = 4, .mode = NTP_MODE_CLIENT};
    const struct nts_context context = {.aead = f->aead, .c2s = f->c2s, .s2c = f->s2c};
    struct writer w = writer_make(packet, NTP_MAX_LENGTH);
    struct nts_cookie cookie;
    uint8_t nonce[NTS_NONCE_LENGTH] = {7};
    size_t length = spec->placeholder_length;

    assert_true(nts_cookie_make(server_keys_current(f->keys), NULL, &context, nonce, &cookie));
    ntp_header_write(packet, &header);
    w.pos = NTP_HEADER_LENGTH;
    ntp_ext_add(&w, NTP_EXT_NTS_UID, zeros, 32);
    if (spec->cookie_length > 0)
        ntp_ext_add(&w, NTP_EXT_NTS_COOKIE, zeros, spec->cookie_length);
    else
        ntp_ext_add(&w, NTP_EXT_NTS_COOKIE, cookie.data, cookie.length);
    for (int i = 0; i < spec->placeholders; i++)
        ntp_ext_add(&w, NTP_EXT_NTS_PLACEHOLDER, zeros, length > 0 ? length : cookie.length);
    auth_field_add(&w, f->aead, &f->c2s, nonce, spec->plain, spec->plain_length, 28);
    return w.failed ? 0 : w.pos;
}

static void start_first(struct fixture *f)
{
    json_t *json = test_json("ntp-server-cases.json");

    start(f, json_array_get(json, 0));
    json_decref(json);
}

static void any_number_of_placeholders_gives_at_most_eight_cookies(void **state)
{
    struct fixture f = {.aead = 0};
    uint8_t packet[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH], inner[1000];
    struct writer w = writer_make(inner, sizeof(inner));
    int placeholders = 0;
    size_t length;

    start_first(&f);
    for (;; placeholders++) {
        length = make_request(&f, &(struct request_spec){.placeholders = placeholders}, packet);
        if (length == 0)
            break;
        assert_int_equal(answer(&f, packet, length, response), length);
    }
    assert_int_equal(placeholders, 9);

    /* Encrypted ones of 12 octets do not have the length of the cookie. */
    for (int i = 0; i < 60; i++)
        ntp_ext_add_inner(&w, NTP_EXT_NTS_PLACEHOLDER, packet, 12);
    assert_false(w.failed);
    length = make_request(&f, &(struct request_spec){.plain = inner, .plain_length = w.pos - 160},
                          packet);
    assert_int_not_equal(length, 0);
    assert_int_equal(answer(&f, packet, length, response), 0);
    shut_down(&f);
}

static void smallest_cookies_with_many_placeholders_get_a_nak(void **state)
{
    struct fixture f = {.aead = 0};
    uint8_t packet[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];

    start_first(&f);
    size_t length = make_request(
        &f,
        &(struct request_spec){.placeholders = 60, .cookie_length = 12, .placeholder_length = 12},
        packet);
    assert_int_not_equal(length, 0);
    assert_int_equal(answer(&f, packet, length, response), 84);
    shut_down(&f);
}

static void malformed_plaintext_is_dropped_without_nak(void **state)
{
    static const uint8_t short_field[] = {2, 4, 0, 8}, zero_length[] = {2, 4, 0, 0};
    static const uint8_t unaligned[] = {2, 4, 0, 6, 0, 0, 0, 0}, empty_field[] = {9, 9, 0, 4};
    struct fixture f = {.aead = 0};
    uint8_t packet[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];
    const struct {
        const uint8_t *plain;
        size_t length;
        bool good;
    } cases[] = {{short_field, 4, false},
                 {zero_length, 4, false},
                 {unaligned, 8, false},
                 {short_field, 3, false},
                 {empty_field, 4, true}};

    start_first(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = make_request(
            &f, &(struct request_spec){.plain = cases[i].plain, .plain_length = cases[i].length},
            packet);
        assert_int_equal(answer(&f, packet, length, response), cases[i].good ? length : 0);
    }
    shut_down(&f);
}

static void packets_of_every_length_and_with_any_octet_changed(void **state)
{
    struct fixture f = {.aead = 0};
    uint8_t packet[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];

    start_first(&f);
    size_t length = make_request(&f, &(struct request_spec){.placeholders = 1}, packet);
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *exact = test_malloc(cut + 1);

        memcpy(exact, packet, cut);
        assert_int_equal(answer(&f, exact, cut, response), 0);
        test_free(exact);
    }
    for (size_t i = 1; i < length; i++) {
        uint8_t old = packet[i];

        packet[i] = (uint8_t)~old;
        size_t got = answer(&f, packet, length, response);
        assert_true(got == 0 || (got == 84 && response[1] == 0));
        packet[i] = old;
    }
    assert_int_equal(answer(&f, packet, length, response), length);
    shut_down(&f);
}

static void server_with_other_keys_answers_complete_requests_with_nak(void **state)
{
    struct fixture f = {.aead = 0};
    uint8_t packet[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];

    start_first(&f);
    size_t length = make_request(&f, &(struct request_spec){.placeholders = 0}, packet);
    server_keys_free(f.keys);
    f.keys = server_keys_new(&f.test.world, f.loop, NULL, 0);
    assert_int_equal(answer(&f, packet, length, response), 84);
    assert_memory_equal(response + 12, "NTSN", 4);
    shut_down(&f);
}

static void rotation_keeps_a_cookie_valid_until_its_key_has_left_the_set(void **state)
{
    struct fixture f = {.aead = 15};
    struct nts_cookie cookie;
    struct nts_context context = {.aead = 15};
    uint8_t nonce[NTS_NONCE_LENGTH] = {1};

    test_world_init(&f.test);
    f.loop = loop_new(&f.test.world);
    f.keys = server_keys_new(&f.test.world, f.loop, NULL, 100);
    context.c2s.length = context.s2c.length = 32;
    test_world_advance(f.loop, 50.0);
    struct nts_server_key key = *server_keys_current(f.keys);
    assert_true(nts_cookie_make(&key, NULL, &context, nonce, &cookie));
    for (int i = 0; i < 4; i++) {
        struct nts_context decoded;

        assert_int_equal(
            nts_cookie_decode(test_server_keys(f.keys), NULL, cookie.data, cookie.length, &decoded),
            i < 3);
        test_world_advance(f.loop, 100.0);
    }
    shut_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_requests),
        cmocka_unit_test(any_number_of_placeholders_gives_at_most_eight_cookies),
        cmocka_unit_test(smallest_cookies_with_many_placeholders_get_a_nak),
        cmocka_unit_test(malformed_plaintext_is_dropped_without_nak),
        cmocka_unit_test(packets_of_every_length_and_with_any_octet_changed),
        cmocka_unit_test(server_with_other_keys_answers_complete_requests_with_nak),
        cmocka_unit_test(rotation_keeps_a_cookie_valid_until_its_key_has_left_the_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
