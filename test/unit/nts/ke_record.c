/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing and records of NTS-KE messages, nts.md 5.1 and 5.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "nts/ke_record.h"

static const uint8_t request[] = {0x80, 1, 0, 2, 0, 0, 0x80, 4, 0, 2, 0, 15, 0x80, 0, 0, 0};

static enum ke_message_status check(const void *data, size_t length)
{
    struct ke_scan scan = {.pos = 0};

    return ke_message_check(&scan, data, length);
}

static void every_prefix_of_a_message_is_incomplete(void **state)
{
    struct ke_scan scan = {.pos = 0};

    for (size_t i = 0; i < sizeof(request); i++) {
        assert_int_equal(check(request, i), KE_MESSAGE_INCOMPLETE);
        assert_int_equal(ke_message_check(&scan, request, i), KE_MESSAGE_INCOMPLETE);
    }
    assert_int_equal(check(request, sizeof(request)), KE_MESSAGE_COMPLETE);
    assert_int_equal(ke_message_check(&scan, request, sizeof(request)), KE_MESSAGE_COMPLETE);
}

static void bad_end_of_message_is_invalid(void **state)
{
    static const uint8_t not_critical[] = {0, 0, 0, 0}, with_body[] = {0x80, 0, 0, 1, 9};
    static const uint8_t twice[] = {0x80, 0, 0, 0, 0x80, 0, 0, 0};

    assert_int_equal(check(not_critical, sizeof(not_critical)), KE_MESSAGE_INVALID);
    assert_int_equal(check(with_body, sizeof(with_body)), KE_MESSAGE_INVALID);
    assert_int_equal(check(twice, sizeof(twice)), KE_MESSAGE_INVALID);
}

static void invalid_message_stays_invalid(void **state)
{
    static const uint8_t data[] = {0, 0, 0, 0, 0x80, 0, 0, 0};
    struct ke_scan scan = {.pos = 0};

    assert_int_equal(ke_message_check(&scan, data, 4), KE_MESSAGE_INVALID);
    assert_int_equal(ke_message_check(&scan, data, 8), KE_MESSAGE_INVALID);
}

static void data_after_the_end_wait_for_a_second_end(void **state)
{
    uint8_t data[sizeof(request) + 8];
    static const uint8_t more[] = {7, 0xd0, 0, 0, 0x80, 0, 0, 0};
    struct ke_scan scan = {.pos = 0};

    memcpy(data, request, sizeof(request));
    memcpy(data + sizeof(request), more, sizeof(more));
    for (size_t i = 1; i < 8; i++)
        assert_int_equal(ke_message_check(&scan, data, sizeof(request) + i), KE_MESSAGE_INCOMPLETE);
    assert_int_equal(ke_message_check(&scan, data, sizeof(data)), KE_MESSAGE_INVALID);
}

static void body_of_the_greatest_length_is_waited_for(void **state)
{
    static const uint8_t data[16384] = {0x7f, 0xff, 0xff, 0xff};

    assert_int_equal(check(data, sizeof(data)), KE_MESSAGE_INCOMPLETE);
}

static void records_are_read_as_they_were_written(void **state)
{
    uint8_t data[64];
    struct writer w = writer_make(data, sizeof(data));
    struct ke_record record;

    ke_record_add_u16(&w, true, KE_RECORD_NTP_PORT, 0x2b73);
    ke_record_add(&w, false, KE_RECORD_COOKIE, "abcd", 4);
    ke_record_add(&w, true, KE_RECORD_END, NULL, 0);
    assert_false(w.failed);
    assert_int_equal(check(data, w.pos), KE_MESSAGE_COMPLETE);

    struct reader r = reader_make(data, w.pos);
    assert_true(ke_record_next(&r, &record));
    assert_true(record.critical);
    assert_int_equal(record.type, KE_RECORD_NTP_PORT);
    assert_int_equal(record.length, 2);
    assert_memory_equal(record.body, "\x2b\x73", 2);
    assert_true(ke_record_next(&r, &record));
    assert_false(record.critical);
    assert_int_equal(record.type, KE_RECORD_COOKIE);
    assert_memory_equal(record.body, "abcd", 4);
    assert_false(ke_record_next(&r, &record));
}

static void record_that_does_not_fit_is_not_written(void **state)
{
    uint8_t data[9];
    struct writer w = writer_make(data, sizeof(data));

    ke_record_add(&w, false, 5, "abcde", 5);
    assert_false(w.failed);
    assert_int_equal(w.pos, 9);
    w = writer_make(data, sizeof(data));
    ke_record_add(&w, false, 5, "abcdef", 6);
    assert_true(w.failed);
    assert_int_equal(w.pos, 0);
}

static void body_longer_than_its_length_field_is_refused(void **state)
{
    static uint8_t data[70000], body[65536];
    struct writer w = writer_make(data, sizeof(data));

    ke_record_add(&w, false, 5, body, sizeof(body));
    assert_true(w.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_of_a_message_is_incomplete),
        cmocka_unit_test(bad_end_of_message_is_invalid),
        cmocka_unit_test(invalid_message_stays_invalid),
        cmocka_unit_test(data_after_the_end_wait_for_a_second_end),
        cmocka_unit_test(body_of_the_greatest_length_is_waited_for),
        cmocka_unit_test(records_are_read_as_they_were_written),
        cmocka_unit_test(record_that_does_not_fit_is_not_written),
        cmocka_unit_test(body_longer_than_its_length_field_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
