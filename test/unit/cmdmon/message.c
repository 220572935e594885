/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The codec of the control protocol: every recorded datagram must decode and encode to the same
 * octets again, the floats must be those that were recorded, and short messages must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "base/wire.h"
#include "cmdmon/message.h"
#include "test/unit/support/chronyc.h"

#define PATH_SIZE 4096

static size_t from_hex(const char *hex, uint8_t *buf, size_t size)
{
    size_t length = text_from_hex(hex, buf, size);

    assert_true(length > 0);
    return length;
}

static uint32_t get_word(const uint8_t *data)
{
    struct reader r = reader_make(data, 4);

    return reader_u32(&r);
}

/* A rounded float may have two forms (0x35800000 and 0x33000000): those are the same value. */
static void assert_same_message(const uint8_t *a, const uint8_t *b, size_t length)
{
    for (size_t i = 0; i + 4 <= length; i += 4) {
        uint32_t x = get_word(a + i), y = get_word(b + i);

        if (x != y && cmd_float_decode(x) != cmd_float_decode(y))
            fail_msg("octets %zu of %zu: %08x instead of %08x", i, length, y, x);
    }
}

static void check_request(const char *hex)
{
    uint8_t data[CMD_REQUEST_MAX], again[CMD_REQUEST_MAX];
    size_t length = from_hex(hex, data, sizeof(data));
    struct cmd_request_header header;
    struct cmd_request request;

    assert_true(cmd_request_header_decode(data, length, &header));
    assert_int_equal(header.type, CMD_TYPE_REQUEST);
    assert_int_equal(length, cmd_request_length(header.command, header.version));
    assert_true(cmd_request_decode(data, length, header.command, &request));
    assert_int_equal(cmd_request_encode(&header, &request, again, sizeof(again)), length);
    assert_same_message(data, again, length);
}

static void check_reply(const char *hex)
{
    uint8_t data[1024], again[CMD_REPLY_MAX];
    size_t length = from_hex(hex, data, sizeof(data));
    struct cmd_reply_header header;
    union cmd_reply_body body;

    assert_true(cmd_reply_header_decode(data, length, &header));
    assert_int_equal(header.type, CMD_TYPE_REPLY);
    assert_int_equal(length, cmd_reply_length(header.reply));
    assert_true(cmd_reply_decode(data, length, header.reply, &body));
    assert_int_equal(cmd_reply_encode(&header, &body, again, sizeof(again)), length);
    assert_same_message(data, again, length);
}

/* Files with made-up or malformed datagrams, which are not what a daemon or client would write. */
static bool is_artificial(const char *name)
{
    return strcmp(name, "raw-requests.json") == 0 || strcmp(name, "synthetic-replies.json") == 0 ||
           strcmp(name, "reply-status-and-validation.json") == 0;
}

static void recorded_messages_survive_a_round_trip(void **state)
{
    char path[PATH_SIZE];
    struct dirent *entry;
    size_t requests = 0, replies = 0;

    snprintf(path, sizeof(path), "%s/cmdmon", TEST_DATA_DIR);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        const char *suffix = strrchr(entry->d_name, '.');
        json_t *record, *hex;
        size_t i, j;

        if (!suffix || strcmp(suffix, ".json") != 0 || is_artificial(entry->d_name))
            continue;
        json_t *root = replay_load(entry->d_name);
        json_array_foreach(json_object_get(root, "records"), i, record)
        {
            json_array_foreach(json_object_get(record, "request_hex"), j, hex)
            {
                check_request(json_string_value(hex));
                requests++;
            }
            json_array_foreach(json_object_get(record, "reply_hex"), j, hex)
            {
                check_reply(json_string_value(hex));
                replies++;
            }
        }
        json_decref(root);
    }
    closedir(dir);
    assert_true(requests > 1000);
    assert_true(replies > 1000);
}

static void floats_are_those_of_the_recordings(void **state)
{
    json_t *root = replay_load("float-encoding.json"), *record;
    size_t i, compared = 0;

    json_array_foreach(json_object_get(root, "records"), i, record)
    {
        const char *value = json_string_value(json_object_get(record, "value"));
        const char *hex = json_string_value(json_object_get(record, "float_hex"));
        char text[9];

        if (!hex)
            continue;
        snprintf(text, sizeof(text), "%08x", cmd_float_encode(strtod(value, NULL)));
        if (strcmp(text, hex) != 0)
            fail_msg("%s: %s instead of %s", value, text, hex);
        compared++;
    }
    json_decref(root);
    assert_true(compared > 50);
}

static void floats_follow_the_worked_examples(void **state)
{
    static const struct {
        double x;
        uint32_t word;
    } examples[] = {
        {0.0, 0x00000000},      {1.0, 0x04800000},        {-1.0, 0x03000000},
        {0.5, 0x02800000},      {-0.5, 0x01000000},       {2.0, 0x06800000},
        {3.0, 0x06c00000},      {0.1, 0xfccccccd},        {-0.1, 0xfd333333},
        {1e-9, 0xc889705f},     {123456.789, 0x24f12065}, {-123456.789, 0x250edf9b},
        {1e-27, 0x80000000},    {1e30, 0x7effffff},       {-1e30, 0x7f000000},
        {16777215, 0x32ffffff}, {16777216, 0x34800000},   {-16777216, 0x33000000},
        {86400.0, 0x24a8c000},  {1e-6, 0xdc8637bd},       {-0.0, 0x00000000},
        {INFINITY, 0x7effffff}, {-INFINITY, 0x7f000000},  {NAN, 0x00000000},
    };

    for (size_t i = 0; i < COUNT(examples); i++)
        assert_int_equal(cmd_float_encode(examples[i].x), examples[i].word);
    assert_true(cmd_float_decode(0x04800000) == 1.0);
    assert_true(cmd_float_decode(0x03000000) == -1.0);
    assert_true(cmd_float_decode(0x80000001) == ldexp(1.0, -89));
}

/* Every table entry has both a length and a layout, and refuses one octet less. */
static void short_messages_are_refused(void **state)
{
    uint8_t data[CMD_REQUEST_MAX] = {0};

    for (unsigned int code = 0; code <= UINT16_MAX; code++) {
        struct cmd_request request;
        size_t base = cmd_request_length(code, CMD_VERSION_NO_PADDING);
        size_t padded = cmd_request_length(code, CMD_VERSION);

        assert_int_equal(base > 0, cmd_command_find(code) != NULL);
        if (base == 0) {
            assert_false(cmd_request_decode(data, sizeof(data), code, &request));
            continue;
        }
        assert_true(padded >= cmd_reply_length(cmd_command_find(code)->reply));
        assert_true(padded <= CMD_REQUEST_MAX && padded >= CMD_REQUEST_MIN);
        assert_true(cmd_request_decode(data, base, code, &request));
        assert_false(cmd_request_decode(data, base - 1, code, &request));
    }
    for (unsigned int code = 0; code <= UINT16_MAX; code++) {
        union cmd_reply_body body;
        size_t length = cmd_reply_length(code);

        assert_true(length <= CMD_REPLY_MAX);
        assert_int_equal(cmd_reply_decode(data, length, code, &body), length > 0);
        if (length > 0)
            assert_false(cmd_reply_decode(data, length - 1, code, &body));
    }
}

/* The lengths that the specification lists, summed up so that a slip in a row is noticed. */
static void obsolete_codes_have_no_length(void **state)
{
    static const unsigned int obsolete[] = {0,  10, 12, 27, 28, 32, 38, 39,   40,
                                            55, 56, 58, 59, 60, 61, 75, 65535};

    for (size_t i = 0; i < COUNT(obsolete); i++)
        assert_int_equal(cmd_request_length(obsolete[i], CMD_VERSION), 0);
    assert_int_equal(cmd_request_length(CMD_CLIENTS, CMD_VERSION), 520);
    assert_int_equal(cmd_request_length(CMD_CLIENTS, CMD_VERSION_NO_PADDING), 36);
    assert_int_equal(cmd_request_length(CMD_TRACKING, CMD_VERSION), 104);
    assert_int_equal(cmd_request_length(CMD_DUMP, CMD_VERSION), 28);
}

static void hostile_counts_stay_in_the_arrays(void **state)
{
    uint8_t data[CMD_REPLY_MAX], again[CMD_REPLY_MAX];
    struct cmd_reply_header header = {.version = CMD_VERSION, .reply = REPLY_MANUAL_LIST};
    union cmd_reply_body body;

    memset(data, 0xff, sizeof(data));
    assert_true(cmd_reply_decode(data, sizeof(data), REPLY_CLIENTS, &body));
    assert_int_equal(body.clients.count, CMD_CLIENTS_MAX);
    assert_true(cmd_reply_decode(data, sizeof(data), REPLY_MANUAL_LIST, &body));
    assert_int_equal(cmd_reply_encode(&header, &body, again, sizeof(again)), 416);
    assert_true(cmd_reply_decode(data, sizeof(data), REPLY_SOURCENAME, &body));
    assert_int_equal(strlen(body.name), CMD_NAME_SIZE);
}

static bool same_value(const struct cmd_field *field, const void *a, const void *b)
{
    const void *x = field_value(field, a), *y = field_value(field, b);

    switch (field->member) {
    case MEMBER_REAL:
        return *(const double *)x == *(const double *)y;
    case MEMBER_TIME:
        return instant_compare(*(const struct instant *)x, *(const struct instant *)y) == 0;
    case MEMBER_ADDR:
        return ip_addr_equal(x, y);
    case MEMBER_TEXT:
        return strcmp(x, y) == 0;
    default:
        return field_integer(field, a) == field_integer(field, b);
    }
}

static void assert_same_fields(const struct cmd_field *fields, size_t count, const void *a,
                               const void *b)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].wire != WIRE_NONE && fields[i].wire != WIRE_ONES &&
            !same_value(&fields[i], a, b))
            fail_msg("octet %u: another value", fields[i].at);
}

static void assert_same_values(const struct cmd_layout *layout, const void *a, const void *b)
{
    const struct cmd_records *records = layout->records;

    assert_same_fields(layout->fields, layout->field_count, a, b);
    for (size_t i = 0; records && i < records->max; i++) {
        size_t offset = records->offset + i * records->size;

        assert_same_fields(records->fields, records->field_count, (const char *)a + offset,
                           (const char *)b + offset);
    }
}

/* Random octets seldom are one of the families of addresses. */
static void set_families(const struct cmd_layout *layout, uint8_t *data)
{
    for (size_t i = 0; layout && i < layout->field_count; i++) {
        uint8_t *family = data + layout->fields[i].at + 16;

        if (layout->fields[i].wire != WIRE_ADDR)
            continue;
        family[0] = 0;
        family[1] &= 3;
    }
}

/* Whatever comes in decodes to values that can be written again, in the length of the table, and
   that are then read as the same values. */
static void decoding_and_encoding_are_inverse(void **state)
{
    struct cmd_request_header request_header = {.version = CMD_VERSION};
    struct cmd_reply_header reply_header = {.version = CMD_VERSION};
    uint8_t data[CMD_REQUEST_MAX], again[CMD_REQUEST_MAX];
    uint32_t random = 1;

    for (int round = 0; round < 100; round++) {
        for (size_t i = 0; i < sizeof(data); i++) {
            random = random * 1103515245U + 12345U;
            data[i] = (uint8_t)(random >> 16);
        }
        for (size_t i = 0; i < cmd_command_count; i++) {
            unsigned int code = cmd_commands[i].code;
            struct cmd_request request, second;

            set_families(cmd_commands[i].request, data);
            assert_true(cmd_request_decode(data, sizeof(data), code, &request));
            assert_int_equal(cmd_request_encode(&request_header, &request, again, sizeof(again)),
                             cmd_request_length(code, CMD_VERSION));
            assert_true(cmd_request_decode(again, sizeof(again), code, &second));
            assert_same_values(cmd_commands[i].request, &request, &second);
        }
        for (size_t i = 0; i < cmd_command_count; i++) {
            unsigned int code = cmd_commands[i].reply;
            size_t length = cmd_reply_length(code);
            union cmd_reply_body body, second;

            reply_header.reply = (uint16_t)code;
            set_families(cmd_reply_layout(code), data);
            assert_true(cmd_reply_decode(data, sizeof(data), code, &body));
            assert_int_equal(cmd_reply_encode(&reply_header, &body, again, sizeof(again)), length);
            assert_true(cmd_reply_decode(again, length, code, &second));
            assert_same_values(cmd_reply_layout(code), &body, &second);
        }
    }
}

static void instants_keep_their_sign_and_old_senders_are_understood(void **state)
{
    struct cmd_request_header header = {.version = CMD_VERSION};
    struct cmd_request request = {.command = CMD_SETTIME, .u.time = {.sec = -1, .nsec = 5}};
    uint8_t data[CMD_REQUEST_MAX];
    size_t length = cmd_request_encode(&header, &request, data, sizeof(data));

    assert_int_equal(length, 40);
    assert_true(cmd_request_decode(data, length, CMD_SETTIME, &request));
    assert_int_equal(request.u.time.sec, -1);
    assert_int_equal(request.u.time.nsec, 5);

    memcpy(data + 20, "\x7f\xff\xff\xff\x00\x00\x00\x02\xff\xff\xff\xff", 12);
    assert_true(cmd_request_decode(data, length, CMD_SETTIME, &request));
    assert_int_equal(request.u.time.sec, 2);
    assert_int_equal(request.u.time.nsec, 999999999);
}

/* cmdmon.md 4.3: the padding carries the scope of link-local addresses, and nothing else does. */
static void scope_is_in_the_padding(void **state)
{
    static const struct {
        uint8_t first, second;
        uint32_t scope, read;
    } cases[] = {{0xfe, 0x80, 0, 0},
                 {0xfe, 0x80, 7, 7},
                 {0xfe, 0x80, 0xffff, 0xffff},
                 {0xfe, 0x80, 0x10000, 0},
                 {0x20, 0x01, 7, 0}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip_addr addr = {.family = IP_V6, .scope = cases[i].scope};
        struct cmd_request_header header = {.version = CMD_VERSION};
        struct cmd_request request = {.command = CMD_ACCHECK}, read;
        uint8_t data[CMD_REQUEST_MAX];

        addr.u.v6[0] = cases[i].first;
        addr.u.v6[1] = cases[i].second;
        request.u.addr = addr;
        size_t length = cmd_request_encode(&header, &request, data, sizeof(data));
        assert_true(cmd_request_decode(data, length, CMD_ACCHECK, &read));
        assert_int_equal(read.u.addr.scope, cases[i].read);
        assert_memory_equal(read.u.addr.u.v6, addr.u.v6, sizeof(addr.u.v6));
    }

    const uint8_t v4[40] = {[20] = 192, 0, 2, 1, [37] = 1, [38] = 0xff, 0xff};
    struct cmd_request read;
    assert_true(cmd_request_decode(v4, sizeof(v4), CMD_ACCHECK, &read));
    assert_int_equal(read.u.addr.family, IP_V4);
    assert_int_equal(read.u.addr.scope, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scope_is_in_the_padding),
        cmocka_unit_test(recorded_messages_survive_a_round_trip),
        cmocka_unit_test(floats_are_those_of_the_recordings),
        cmocka_unit_test(floats_follow_the_worked_examples),
        cmocka_unit_test(short_messages_are_refused),
        cmocka_unit_test(obsolete_codes_have_no_length),
        cmocka_unit_test(hostile_counts_stay_in_the_arrays),
        cmocka_unit_test(decoding_and_encoding_are_inverse),
        cmocka_unit_test(instants_keep_their_sign_and_old_senders_are_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
