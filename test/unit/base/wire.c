/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded reader and writer: order of octets, limits, sticky errors.
 */
#include "test/unit/support/unit.h"

#include <string.h>

#include "base/wire.h"

static void integers_are_in_network_order(void **state)
{
    uint8_t buf[23];
    struct writer w = writer_make(buf, sizeof(buf));

    writer_u8(&w, 0x01);
    writer_u16(&w, 0x0203);
    writer_u32(&w, 0x04050607);
    writer_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    writer_ntp_time(&w, (struct ntp_time){0x10111213, 0x14151617});
    assert_false(w.failed);
    assert_int_equal(w.pos, sizeof(buf));
    for (size_t i = 0; i < sizeof(buf); i++)
        assert_int_equal(buf[i], i + 1);

    struct reader r = reader_make(buf, sizeof(buf));
    assert_int_equal(reader_u8(&r), 0x01);
    assert_int_equal(reader_u16(&r), 0x0203);
    assert_int_equal(reader_u32(&r), 0x04050607);
    assert_true(reader_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(ntp_time_equal(reader_ntp_time(&r), (struct ntp_time){0x10111213, 0x14151617}));
    assert_int_equal(reader_left(&r), 0);
    assert_false(r.failed);
}

static void reading_behind_the_end_fails_for_good(void **state)
{
    const uint8_t data[] = {1, 2, 3};
    uint8_t out[2] = {9, 9};
    struct reader r = reader_make(data, sizeof(data));

    assert_int_equal(reader_u16(&r), 0x0102);
    assert_int_equal(reader_u16(&r), 0);
    assert_true(r.failed);
    assert_int_equal(reader_left(&r), 0);
    assert_int_equal(reader_u8(&r), 0);
    reader_bytes(&r, out, sizeof(out));
    assert_int_equal(out[0] + out[1], 0);
    assert_null(reader_view(&r, 0));
}

static void huge_lengths_are_refused(void **state)
{
    const uint8_t data[] = {1, 2, 3};
    uint8_t buf[4];
    struct reader r = reader_make(data, sizeof(data));
    struct writer w = writer_make(buf, sizeof(buf));

    reader_skip(&r, 1);
    assert_null(reader_view(&r, SIZE_MAX));
    assert_true(r.failed);
    writer_u8(&w, 1);
    writer_zeros(&w, SIZE_MAX);
    assert_true(w.failed);
}

static void views_point_into_the_buffer(void **state)
{
    const uint8_t data[] = {1, 2, 3};
    struct reader r = reader_make(data, sizeof(data)), empty = reader_make(NULL, 0);

    reader_skip(&r, 1);
    assert_ptr_equal(reader_view(&r, 2), data + 1);
    assert_non_null(reader_view(&r, 0));
    assert_non_null(reader_view(&empty, 0));
    assert_false(empty.failed);
}

static void writing_behind_the_end_touches_nothing(void **state)
{
    uint8_t buf[5] = {0, 0, 0, 0, 0xee};
    struct writer w = writer_make(buf, 4);

    writer_bytes(&w, "abc", 3);
    writer_u16(&w, 0xffff);
    assert_true(w.failed);
    assert_int_equal(w.pos, 3);
    writer_u8(&w, 0xff);
    assert_int_equal(buf[3], 0);
    assert_int_equal(buf[4], 0xee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_in_network_order),
        cmocka_unit_test(reading_behind_the_end_fails_for_good),
        cmocka_unit_test(huge_lengths_are_refused),
        cmocka_unit_test(views_point_into_the_buffer),
        cmocka_unit_test(writing_behind_the_end_touches_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
