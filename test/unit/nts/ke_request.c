/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE requests and responses of a server against the recorded cases, nts.md 5.3 to 5.6. The
 * cases that are decided by TLS (ALPN, version) are left to the tests of sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"
#include "nts/cookie.h"
#include "nts/ke_record.h"
#include "nts/ke_request.h"
#include "test/unit/support/nts.h"

static const int default_aeads[] = {30, 15};

static void fill_secret(struct secret *secret, int aead, uint8_t value)
{
    secret->length = aead_key_length(aead);
    memset(secret->data, value, secret->length);
}

/* The message of a case, also those that are given as a rule. */
static size_t case_request(const json_t *test_case, uint8_t *out, size_t size)
{
    const char *name = test_string(test_case, "name");
    const bool fits = strcmp(name, "padding_to_16384") == 0;
    struct writer w = writer_make(out, size);

    if (json_is_string(json_object_get(test_case, "request")))
        return test_hex(test_case, "request", out, size);
    assert_true(fits || strcmp(name, "padding_to_16388") == 0);
    ke_record_add_u16(&w, true, 1, 0);
    ke_record_add_u16(&w, true, 4, 15);
    writer_u16(&w, 2000);
    writer_u16(&w, fits ? 16364 : 16368);
    writer_zeros(&w, fits ? 16364 : 16368);
    ke_record_add(&w, true, 0, NULL, 0);
    assert_false(w.failed);
    assert_int_equal(w.pos, fits ? 16384 : 16388);
    return w.pos;
}

static bool decided_by_tls(const json_t *test_case)
{
    const json_t *hello = json_object_get(test_case, "client_hello");

    return hello && strcmp(test_string(test_case, "name"), "two_alpn") != 0;
}

static bool involves_aead30(const json_t *test_case)
{
    size_t i;
    json_t *record;

    json_array_foreach(json_object_get(test_case, "response_records"), i, record)
    {
        json_int_t type = json_integer_value(json_object_get(record, "type"));
        const char *body = json_string_value(json_object_get(record, "body"));
        if (type == 1024 || (type == 4 && strcmp(body, "001e") == 0))
            return true;
    }
    return false;
}

/* Cookies are recorded by their length, which depends on the algorithm of the server key. */
static size_t cookie_length(const char *body, bool with_key30)
{
    size_t length = strtoul(body + strlen("cookie"), NULL, 10);

    return length == 96 && !with_key30 ? 100 : length;
}

static void compare_records(const json_t *test_case, const uint8_t *response, size_t length,
                            bool with_key30)
{
    struct reader r = reader_make(response, length);
    size_t i;
    json_t *expected;

    json_array_foreach(json_object_get(test_case, "response_records"), i, expected)
    {
        const char *body = json_string_value(json_object_get(expected, "body"));
        const bool is_end = json_integer_value(json_object_get(expected, "type")) == 0;
        char hex[2 * 256 + 1];
        struct ke_record record;

        assert_int_equal(ke_record_next(&r, &record), !is_end);
        assert_int_equal(record.critical,
                         json_integer_value(json_object_get(expected, "critical")));
        assert_int_equal(record.type, json_integer_value(json_object_get(expected, "type")));
        if (record.type == KE_RECORD_COOKIE) {
            assert_int_equal(record.length, cookie_length(body, with_key30));
            continue;
        }
        for (size_t k = 0; k < record.length; k++)
            snprintf(hex + 2 * k, 3, "%02x", record.body[k]);
        hex[2 * record.length] = '\0';
        assert_string_equal(hex, body);
    }
    assert_int_equal(reader_left(&r), 0);
}

static void check_answer(struct test_world *test, const json_t *test_case, const uint8_t *message,
                         size_t length, const struct nts_aeads *aeads, int key_aead)
{
    const struct ke_server_info info = {.ntp_port = 11123};
    struct nts_server_key key = {.id = 4, .aead = key_aead};
    struct nts_context context = {.aead = 0};
    json_int_t expected_length = json_integer_value(json_object_get(test_case, "response_length"));
    struct ke_outcome outcome;
    uint8_t response[NTS_KE_MAX_MESSAGE];
    struct writer w = writer_make(response, sizeof(response));

    ke_request_process(message, length, aeads, &outcome);
    fill_secret(&key.key, key_aead, 1);
    context.aead = outcome.aead;
    fill_secret(&context.c2s, outcome.aead, 2);
    fill_secret(&context.s2c, outcome.aead, 3);
    assert_true(ke_response_build(&outcome, &info, &context, &key, &test->world, &w));
    if (expected_length == 822 && key_aead == 15) /* eight cookies of 96 octets */
        expected_length += 8 * (100 - 96);
    if (expected_length != 0)
        assert_int_equal(w.pos, expected_length);
    else
        compare_records(test_case, response, w.pos, key_aead == 30);
}

static void check_framing(const json_t *test_case, const uint8_t *message, size_t length)
{
    const double seconds = json_real_value(json_object_get(test_case, "seconds"));
    struct ke_scan scan = {.pos = 0};
    enum ke_message_status status;

    if (length > NTS_KE_MAX_MESSAGE) /* the session ends at the limit */
        status = ke_message_check(&scan, message, NTS_KE_MAX_MESSAGE) == KE_MESSAGE_INCOMPLETE
                     ? KE_MESSAGE_INVALID
                     : KE_MESSAGE_COMPLETE;
    else
        status = ke_message_check(&scan, message, length);
    assert_int_equal(status, seconds > 1.0 ? KE_MESSAGE_INCOMPLETE : KE_MESSAGE_INVALID);
}

static void run_build(const char *build, const int *ids, size_t count, int key_aead)
{
    json_t *json = test_json("ke-server-cases.json"), *test_case;
    struct nts_aeads aeads;
    struct test_world test;
    static uint8_t message[20000];
    int run = 0, skipped = 0, tls = 0;
    size_t i;

    test_world_init(&test);
    nts_aeads_init(&aeads, ids, count);
    json_array_foreach(json_object_get(json, build), i, test_case)
    {
        struct ke_scan scan = {.pos = 0};

        print_message("%s\n", test_string(test_case, "name"));
        if (decided_by_tls(test_case)) {
            tls++;
            continue;
        }
        if (involves_aead30(test_case) && !aead_supported(30)) {
            skipped++;
            continue;
        }
        size_t length = case_request(test_case, message, sizeof(message));
        run++;
        if (!json_object_get(test_case, "response_length") &&
            json_array_size(json_object_get(test_case, "response_records")) == 0) {
            check_framing(test_case, message, length);
            continue;
        }
        assert_int_equal(ke_message_check(&scan, message, length), KE_MESSAGE_COMPLETE);
        check_answer(&test, test_case, message, length, &aeads, key_aead);
    }
    print_message("%s: %d cases, %d skipped (no AEAD 30), %d are of TLS\n", build, run, skipped,
                  tls);
    assert_int_equal(tls, 3);
    assert_int_equal(run + skipped + tls, 44);
    assert_int_equal(skipped,
                     aead_supported(30) || strcmp(build, "aead15_only_build") == 0 ? 0 : 2);
    json_decref(json);
    test_world_free(&test);
}

static void recorded_cases_of_the_build_with_aead15(void **state)
{
    run_build("aead15_only_build", &default_aeads[1], 1, 15);
}

static void recorded_cases_of_the_build_with_both(void **state)
{
    run_build("aead30_and_15_build", default_aeads, 2, aead_supported(30) ? 30 : 15);
}

static void client_request_is_that_of_the_specification(void **state)
{
    static const uint8_t only15[] = {0x80, 1, 0, 2, 0, 0, 0x80, 4, 0, 2, 0, 15, 0x80, 0, 0, 0};
    static const uint8_t both[] = {0x80, 1, 0,    2, 0, 0, 0x80, 4,    0, 4, 0,
                                   0x1e, 0, 0x0f, 4, 0, 0, 0,    0x80, 0, 0, 0};
    struct nts_aeads aeads;
    uint8_t data[64];
    struct writer w = writer_make(data, sizeof(data));

    nts_aeads_init(&aeads, &default_aeads[1], 1);
    assert_true(ke_request_build(&aeads, &w));
    assert_int_equal(w.pos, sizeof(only15));
    assert_memory_equal(data, only15, sizeof(only15));

    nts_aeads_init(&aeads, default_aeads, 2);
    w = writer_make(data, sizeof(data));
    assert_true(ke_request_build(&aeads, &w));
    if (!aead_supported(30)) {
        assert_int_equal(w.pos, sizeof(only15));
        return;
    }
    assert_int_equal(w.pos, sizeof(both));
    assert_memory_equal(data, both, sizeof(both));
}

static void request_has_at_most_four_algorithms_and_may_have_none(void **state)
{
    static const int many[] = {15, 15, 16, 15, 15, 15, 15};
    struct nts_aeads aeads;
    uint8_t data[64];
    struct writer w = writer_make(data, sizeof(data));

    nts_aeads_init(&aeads, many, 7);
    assert_true(ke_request_build(&aeads, &w));
    assert_int_equal(w.pos, 6 + 4 + 2 * 4 + 4);
    nts_aeads_init(&aeads, many, 0);
    w = writer_make(data, sizeof(data));
    assert_true(ke_request_build(&aeads, &w));
    assert_int_equal(w.pos, 6 + 4 + 4);
}

static void response_names_server_and_port_only_if_configured(void **state)
{
    static const uint8_t port_and_server[] = {0x80, 7, 0, 2, 0, 0, 0x80, 6, 0, 3, 'a', '.', 'b'};
    const struct ke_outcome outcome = {.kind = KE_OUTCOME_SUCCESS, .aead = 15};
    struct ke_server_info info = {.ntp_port = 0, .ntp_server = "a.b"};
    struct nts_server_key key = {.id = 4, .aead = 15};
    struct nts_context context = {.aead = 15};
    struct test_world test;
    uint8_t data[2000];
    struct writer w = writer_make(data, sizeof(data));

    test_world_init(&test);
    fill_secret(&key.key, 15, 1);
    fill_secret(&context.c2s, 15, 2);
    fill_secret(&context.s2c, 15, 3);
    assert_true(ke_response_build(&outcome, &info, &context, &key, &test.world, &w));
    assert_memory_equal(data + 12, port_and_server, sizeof(port_and_server));
    assert_int_equal(w.pos, 12 + sizeof(port_and_server) + 8 * 104 + 4);

    info = (struct ke_server_info){.ntp_port = 123};
    w = writer_make(data, sizeof(data));
    assert_true(ke_response_build(&outcome, &info, &context, &key, &test.world, &w));
    assert_int_equal(w.pos, 848);
    w = writer_make(data, 847);
    assert_false(ke_response_build(&outcome, &info, &context, &key, &test.world, &w));
    context.c2s.length = 16; /* not the keys of the algorithm */
    w = writer_make(data, sizeof(data));
    assert_false(ke_response_build(&outcome, &info, &context, &key, &test.world, &w));
    test_world_free(&test);
}

static void server_without_algorithms_accepts_none(void **state)
{
    static const uint8_t request[] = {0x80, 1, 0, 2, 0, 0, 0x80, 4, 0, 2, 0, 15, 0x80, 0, 0, 0};
    const struct nts_aeads none = {.count = 0};
    struct ke_outcome outcome;

    ke_request_process(request, sizeof(request), &none, &outcome);
    assert_int_equal(outcome.kind, KE_OUTCOME_NO_AEAD);
}

static void exporter_contexts_are_those_of_the_specification(void **state)
{
    uint8_t context[5];

    ke_exporter_context(15, true, false, context);
    assert_memory_equal(context, "\0\0\0\x0f\0", 5);
    ke_exporter_context(15, false, true, context);
    assert_memory_equal(context, "\0\0\0\x0f\x01", 5);
    ke_exporter_context(30, true, true, context);
    assert_memory_equal(context, "\0\0\0\x1e\x01", 5);
    ke_exporter_context(30, false, false, context);
    assert_memory_equal(context, "\0\0\0\x0f\0", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_cases_of_the_build_with_aead15),
        cmocka_unit_test(recorded_cases_of_the_build_with_both),
        cmocka_unit_test(client_request_is_that_of_the_specification),
        cmocka_unit_test(request_has_at_most_four_algorithms_and_may_have_none),
        cmocka_unit_test(response_names_server_and_port_only_if_configured),
        cmocka_unit_test(server_without_algorithms_accepts_none),
        cmocka_unit_test(exporter_contexts_are_those_of_the_specification),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
