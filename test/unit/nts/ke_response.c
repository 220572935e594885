/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's processing of NTS-KE responses against the recorded cases, nts.md 5.7. What ALPN or
 * the resolver decide is left to the tests of sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "nts/ke_record.h"
#include "nts/ke_response.h"
#include "test/unit/support/nts.h"

static const struct nts_aeads only15 = {.ids = {15}, .count = 1};

static bool process_hex_case(const json_t *test_case, struct ke_response *response,
                             enum ke_message_status *framing)
{
    static uint8_t message[NTS_KE_MAX_MESSAGE];
    size_t length = test_hex(test_case, "response", message, sizeof(message));
    struct ke_scan scan = {.pos = 0};

    *framing = ke_message_check(&scan, message, length);
    return *framing == KE_MESSAGE_COMPLETE &&
           ke_response_process(message, length, &only15, response);
}

static void recorded_cases(void **state)
{
    json_t *json = test_json("ke-client-cases.json"), *test_case;
    int run = 0;
    size_t i;

    json_array_foreach(json_object_get(json, "cases"), i, test_case)
    {
        const char *error =
            json_string_value(json_array_get(json_object_get(test_case, "error_messages"), 0));
        bool expected = json_is_true(json_object_get(test_case, "accepted")), accepted;
        enum ke_message_status framing;
        struct ke_response response;

        print_message("%s\n", test_string(test_case, "name"));
        if (strcmp(test_string(test_case, "name"), "no_alpn") == 0)
            continue;
        run++;
        accepted = process_hex_case(test_case, &response, &framing);
        if (error && strncmp(error, "Could not resolve", 17) == 0) {
            assert_true(accepted);
            assert_string_equal(response.ntp_server, "nosuch.invalid");
            continue;
        }
        assert_int_equal(accepted, expected);
        if (error)
            assert_int_equal(strncmp(error, "Received invalid NTS-KE message", 31) == 0,
                             framing != KE_MESSAGE_COMPLETE);
        if (!accepted)
            continue;
        assert_int_equal(response.aead, 15);
        assert_in_range(response.cookie_count, 1, 8);
        if (strcmp(test_string(test_case, "name"), "server_ip_and_port") == 0) {
            assert_string_equal(response.ntp_server, "127.0.0.9");
            assert_int_equal(response.ntp_port, 4444);
        } else {
            assert_string_equal(response.ntp_server, "");
            assert_int_equal(response.ntp_port, 0);
        }
    }
    assert_int_equal(run, 32);
    json_decref(json);
}

/* A response with one odd record in front of an ordinary rest. */
static bool process_with(bool critical, uint16_t type, const void *body, size_t length,
                         struct ke_response *response)
{
    static uint8_t message[NTS_KE_MAX_MESSAGE];
    struct writer w = writer_make(message, sizeof(message));

    ke_record_add(&w, critical, type, body, length);
    ke_record_add_u16(&w, true, KE_RECORD_NEXT_PROTOCOL, 0);
    ke_record_add_u16(&w, true, KE_RECORD_AEAD, 15);
    ke_record_add(&w, false, KE_RECORD_COOKIE, "cook", 4);
    ke_record_add(&w, true, KE_RECORD_END, NULL, 0);
    assert_false(w.failed);
    return ke_response_process(message, w.pos, &only15, response);
}

static void long_critical_records_are_errors_and_others_are_skipped(void **state)
{
    static const uint8_t body[300];
    struct ke_response response;

    assert_true(process_with(false, KE_RECORD_NTP_SERVER, body, 257, &response));
    assert_false(process_with(true, KE_RECORD_NTP_SERVER, body, 257, &response));
    assert_false(process_with(true, KE_RECORD_COOKIE, body, 300, &response));
    assert_true(process_with(false, KE_RECORD_NEXT_PROTOCOL, body, 300, &response));
}

static void longest_server_name_is_taken(void **state)
{
    char body[256], name[KE_SERVER_NAME_SIZE + 1];
    struct ke_response response;

    memset(body, 'a', sizeof(body));
    assert_true(process_with(true, KE_RECORD_NTP_SERVER, body, sizeof(body), &response));
    assert_int_equal(strlen(response.ntp_server), 256);
    ke_response_resolver_name(response.ntp_server, name);
    assert_int_equal(strlen(name), 257);
    assert_int_equal(name[256], '.');
    body[255] = '\x7f';
    assert_false(process_with(true, KE_RECORD_NTP_SERVER, body, sizeof(body), &response));
    body[255] = '\0';
    assert_false(process_with(true, KE_RECORD_NTP_SERVER, body, sizeof(body), &response));
}

static void resolver_name_gets_one_dot(void **state)
{
    char name[KE_SERVER_NAME_SIZE + 1];

    ke_response_resolver_name("a.example", name);
    assert_string_equal(name, "a.example.");
    ke_response_resolver_name("a.example.", name);
    assert_string_equal(name, "a.example.");
}

static void empty_and_misaligned_cookies_are_skipped(void **state)
{
    struct ke_response response;

    assert_true(process_with(false, KE_RECORD_COOKIE, NULL, 0, &response));
    assert_int_equal(response.cookie_count, 1);
    assert_true(process_with(true, KE_RECORD_COOKIE, "abcde", 5, &response));
    assert_int_equal(response.cookie_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_cases),
        cmocka_unit_test(long_critical_records_are_errors_and_others_are_skipped),
        cmocka_unit_test(longest_server_name_is_taken),
        cmocka_unit_test(resolver_name_gets_one_dot),
        cmocka_unit_test(empty_and_misaligned_cookies_are_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
