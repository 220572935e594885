/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's handling of control datagrams against recorded hand-made ones: which get an answer,
 * of what code, status and length (cmdmon.md 9, 10). Execution is a stub that gives the recorded
 * status, so that what is judged is everything around it.
 */
#include "test/unit/support/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "cmdmon/service.h"

struct stub {
    bool admit;
    enum cmd_status status;
    int executed;
};

static bool stub_is_allowed(void *ctx, const struct ip_addr *addr)
{
    return false;
}

static bool stub_admit(void *ctx, const struct ip_addr *addr)
{
    return ((struct stub *)ctx)->admit;
}

static enum cmd_status stub_execute(void *ctx, const struct cmd_request *request,
                                    union cmd_reply_body *body)
{
    struct stub *stub = ctx;

    stub->executed++;
    return stub->status;
}

static const struct cmd_service_ops stub_ops = {stub_is_allowed, stub_admit, stub_execute};

/* opencommands of the recorded daemon: the default list. */
#define DEFAULT_OPEN                                                                               \
    (OPEN_ACTIVITY | OPEN_MANUAL | OPEN_RTCDATA | OPEN_SMOOTHING | OPEN_SOURCENAME |               \
     OPEN_SOURCES | OPEN_SOURCESTATS | OPEN_TRACKING)

static const char *first_text(json_t *record, const char *name)
{
    json_t *list = json_object_get(record, name);

    return json_array_size(list) > 0 ? json_string_value(json_array_get(list, 0)) : NULL;
}

/* Notes without a datagram, and what is dropped for its source before cmd_answer. */
static bool is_about_answers(json_t *record)
{
    const char *note = json_string_value(json_object_get(record, "note"));

    return first_text(record, "request_hex") && !strstr(note, "unbound") &&
           !strstr(note, "not in cmdallow");
}

static enum cmd_status reply_status(const uint8_t *reply)
{
    return (enum cmd_status)(reply[8] << 8 | reply[9]);
}

/* Statuses that the checks around execution produce. */
static bool is_check_status(enum cmd_status status)
{
    return status == CMD_STATUS_UNAUTHORISED || status == CMD_STATUS_BAD_VERSION ||
           status == CMD_STATUS_BAD_LENGTH;
}

static void check_record(json_t *record)
{
    uint8_t request[2048], expected[CMD_REPLY_MAX], reply[CMD_REPLY_MAX];
    const char *note = json_string_value(json_object_get(record, "note"));
    const char *reply_hex = first_text(record, "reply_hex");
    bool is_unix = strcmp(json_string_value(json_object_get(record, "transport")), "unix") == 0;
    struct ip_addr addr = ip_addr_loopback(IP_V4);
    struct stub stub = {.admit = true};
    struct cmd_policy policy = {&stub_ops, &stub, DEFAULT_OPEN, 0};
    size_t length = text_from_hex(first_text(record, "request_hex"), request, sizeof(request));
    size_t expected_length = 0, reply_length;

    if (reply_hex) {
        expected_length = text_from_hex(reply_hex, expected, sizeof(expected));
        stub.status = reply_status(expected);
    }
    reply_length =
        cmd_answer(&policy, is_unix ? NULL : &addr, request, length, reply, sizeof(reply));
    if (reply_length != expected_length)
        fail_msg("%s: %zu octets instead of %zu", note, reply_length, expected_length);
    if (expected_length == 0) {
        assert_int_equal(stub.executed, 0);
        return;
    }
    if (memcmp(reply, expected, CMD_REPLY_HEADER) != 0)
        fail_msg("%s: another header", note);
    if (is_check_status(stub.status) && stub.executed != 0)
        fail_msg("%s: executed", note);
    assert_true(reply_length <= length);
}

static void recorded_requests_get_the_recorded_kind_of_answer(void **state)
{
    json_t *root = json_load_file(TEST_DATA_DIR "/cmdmon/raw-requests.json", 0, NULL);
    json_t *records = json_object_get(root, "records");
    size_t i, checked = 0;
    json_t *record;

    json_array_foreach(records, i, record)
    {
        if (!is_about_answers(record))
            continue;
        check_record(record);
        checked++;
    }
    assert_true(checked > 300);
    json_decref(root);
}

static size_t make_tracking(uint8_t *request, size_t size)
{
    struct cmd_request_header header = {.version = CMD_VERSION, .command = CMD_TRACKING};
    struct cmd_request body = {.command = CMD_TRACKING};

    return cmd_request_encode(&header, &body, request, size);
}

/* With every report open: over UDP none of the requests that change something is executed, over the
   Unix socket all of them are. */
static void nothing_over_udp_changes_anything(void **state)
{
    struct ip_addr addr = ip_addr_loopback(IP_V4);
    uint8_t request[2048], reply[CMD_REPLY_MAX];
    int open = 0;

    for (size_t i = 0; i < cmd_command_count; i++) {
        for (int reset = 0; reset < 2; reset++) {
            const struct cmd_command *row = &cmd_commands[i];
            uint16_t command = row->code;
            struct cmd_request_header header = {.version = CMD_VERSION, .command = command};
            struct cmd_request body = {.command = command};
            struct stub stub = {.admit = true, .status = CMD_STATUS_SUCCESS};
            struct cmd_policy policy = {&stub_ops, &stub, ~0U, 0};

            if (command == CMD_CLIENTS)
                body.u.clients.reset = reset;
            size_t length = cmd_request_encode(&header, &body, request, sizeof(request));
            assert_true(length > 0);
            bool reads = row->access == CMD_RO;
            cmd_answer(&policy, NULL, request, length, reply, sizeof(reply));
            bool known = stub.executed == 1;
            stub.executed = 0;
            assert_int_equal(cmd_answer(&policy, &addr, request, length, reply, sizeof(reply)) > 0,
                             true);
            if (!reads || (command == CMD_CLIENTS && reset)) {
                assert_int_equal(stub.executed, 0);
                assert_int_equal(reply_status(reply), CMD_STATUS_UNAUTHORISED);
            } else if (known && row->open != 0) {
                assert_int_equal(stub.executed, 1);
                open++;
            }
        }
    }
    assert_true(open > 20);
}

static void a_limited_request_is_dropped(void **state)
{
    uint8_t request[CMD_REQUEST_MAX], reply[CMD_REPLY_MAX];
    struct stub stub = {.admit = false};
    struct cmd_policy policy = {&stub_ops, &stub, DEFAULT_OPEN, 0};
    size_t length = make_tracking(request, sizeof(request));

    assert_int_equal(cmd_answer(&policy, NULL, request, length, reply, sizeof(reply)), 0);
    assert_int_equal(stub.executed, 0);
    stub.admit = true;
    assert_int_equal(cmd_answer(&policy, NULL, request, length, reply, sizeof(reply)), 104);
}

static void a_report_that_is_not_open_needs_the_unix_socket(void **state)
{
    uint8_t request[CMD_REQUEST_MAX], reply[CMD_REPLY_MAX];
    struct ip_addr addr = ip_addr_loopback(IP_V6);
    struct stub stub = {.admit = true};
    struct cmd_policy policy = {&stub_ops, &stub, DEFAULT_OPEN & ~(unsigned int)OPEN_TRACKING, 0};
    size_t length = make_tracking(request, sizeof(request));

    assert_int_equal(cmd_answer(&policy, &addr, request, length, reply, sizeof(reply)),
                     CMD_REPLY_HEADER);
    assert_int_equal(reply_status(reply), CMD_STATUS_UNAUTHORISED);
    assert_int_equal(cmd_answer(&policy, NULL, request, length, reply, sizeof(reply)), 104);
}

/* Of whatever status: the client needs it before it explains anything. Without it the octets are
   zero, as every other daemon sends them. */
static void features_are_in_every_reply(void **state)
{
    static const enum cmd_status statuses[] = {CMD_STATUS_SUCCESS, CMD_STATUS_FAILED,
                                               CMD_STATUS_LATER};
    uint8_t request[CMD_REQUEST_MAX], reply[CMD_REPLY_MAX];
    size_t length = make_tracking(request, sizeof(request));
    const uint8_t zeros[6] = {0};

    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct stub stub = {.admit = true, .status = statuses[i]};
        struct cmd_policy policy = {&stub_ops, &stub, DEFAULT_OPEN, CMD_FEATURE_KALMAN};
        struct cmd_reply_header header;

        size_t n = cmd_answer(&policy, NULL, request, length, reply, sizeof(reply));
        assert_true(cmd_reply_header_decode(reply, n, &header));
        assert_int_equal(header.features, CMD_FEATURE_KALMAN);
        assert_int_equal(reply[10], 0);
        assert_int_equal(reply[11], CMD_FEATURE_KALMAN);
        assert_memory_equal(reply + 12, zeros, 4);
        policy.features = 0;
        assert_int_equal(cmd_answer(&policy, NULL, request, length, reply, sizeof(reply)), n);
        assert_memory_equal(reply + 10, zeros, sizeof(zeros));
    }
}

static void no_reply_packet_is_answered(void **state)
{
    uint8_t request[CMD_REQUEST_MAX], reply[CMD_REPLY_MAX];
    struct stub stub = {.admit = true};
    struct cmd_policy policy = {&stub_ops, &stub, DEFAULT_OPEN, 0};
    size_t length = make_tracking(request, sizeof(request));

    for (int type = 0; type < 256; type++) {
        request[1] = (uint8_t)type;
        assert_int_equal(cmd_answer(&policy, NULL, request, length, reply, sizeof(reply)) != 0,
                         type == CMD_TYPE_REQUEST);
    }
}

/* A request for each code, with every length that may come, by versions with and without
   padding. */
static void no_reply_is_longer_than_its_request(void **state)
{
    static const uint16_t unknown[] = {0, 10, 75, 255, 256, UINT16_MAX};
    uint8_t request[CMD_REQUEST_MAX] = {0}, reply[CMD_REPLY_MAX];
    struct stub stub = {.admit = true};
    struct cmd_policy policy = {&stub_ops, &stub, DEFAULT_OPEN, 0};

    for (size_t i = 0; i < cmd_command_count + COUNT(unknown); i++) {
        unsigned int command =
            i < cmd_command_count ? cmd_commands[i].code : unknown[i - cmd_command_count];

        for (unsigned int version = CMD_VERSION - 1; version <= CMD_VERSION + 1; version++) {
            request[0] = (uint8_t)version;
            request[1] = CMD_TYPE_REQUEST;
            request[4] = (uint8_t)(command >> 8);
            request[5] = (uint8_t)command;
            for (size_t length = 0; length <= sizeof(request); length++) {
                size_t n = cmd_answer(&policy, NULL, request, length, reply, sizeof(reply));
                if (n > length)
                    fail_msg("command %u version %u: %zu octets for %zu", command, version, n,
                             length);
            }
        }
    }
    assert_true(stub.executed > 0);
}

/* What was in the buffer before shows nowhere, whatever kind of reply it is. */
static void replies_have_no_octet_that_was_not_written(void **state)
{
    uint8_t request[CMD_REQUEST_MAX] = {0}, zeros[CMD_REPLY_MAX], ones[CMD_REPLY_MAX];
    struct stub stub = {.admit = true};
    struct cmd_policy policy = {&stub_ops, &stub, DEFAULT_OPEN, 0};
    int replies = 0;

    request[0] = CMD_VERSION;
    request[1] = CMD_TYPE_REQUEST;
    for (size_t i = 0; i < cmd_command_count; i++) {
        request[4] = (uint8_t)(cmd_commands[i].code >> 8);
        request[5] = (uint8_t)cmd_commands[i].code;
        memset(zeros, 0x00, sizeof(zeros));
        memset(ones, 0xff, sizeof(ones));
        size_t a = cmd_answer(&policy, NULL, request, sizeof(request), zeros, sizeof(zeros));
        size_t b = cmd_answer(&policy, NULL, request, sizeof(request), ones, sizeof(ones));
        assert_int_equal(a, b);
        assert_memory_equal(zeros, ones, a);
        replies += a > CMD_REPLY_HEADER;
    }
    assert_true(replies >= 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_requests_get_the_recorded_kind_of_answer),
        cmocka_unit_test(nothing_over_udp_changes_anything),
        cmocka_unit_test(a_limited_request_is_dropped),
        cmocka_unit_test(a_report_that_is_not_open_needs_the_unix_socket),
        cmocka_unit_test(features_are_in_every_reply),
        cmocka_unit_test(no_reply_packet_is_answered),
        cmocka_unit_test(no_reply_is_longer_than_its_request),
        cmocka_unit_test(replies_have_no_octet_that_was_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
