/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short numbers of the history file: range, accuracy and special values (history.md 3).
 */
#include "test/unit/support/unit.h"
#include <float.h>
#include <math.h>
#include "history/number.h"

static void floats_keep_their_relative_accuracy(void **state)
{
    for (double value = 2e-9; value < 8e9; value *= 1.37) {
        assert_close(history_float24_value(history_float24(value)), value, value * 4e-6);
        assert_close(history_float24_value(history_float24(-value)), -value, value * 4e-6);
        assert_close(history_float16_value(history_float16(-value)), -value, value * 1e-3);
        assert_close(history_ufloat16_value(history_ufloat16(value)), value, value * 5e-4);
    }
}

static void small_floats_keep_an_absolute_accuracy(void **state)
{
    for (double value = 1e-17; value < 2e-9; value *= 1.37) {
        assert_close(history_float24_value(history_float24(value)), value, 0.71e-14);
        assert_close(history_float16_value(history_float16(-value)), -value, 1.9e-12);
        assert_close(history_ufloat16_value(history_ufloat16(value)), value, 0.95e-12);
    }
}

static void every_code_comes_back(void **state)
{
    for (uint32_t code = 0; code < 63U << 10; code++)
        assert_int_equal(history_ufloat16(history_ufloat16_value((uint16_t)code)), code);
    for (uint32_t code = 0; code < 63U << 17; code++) {
        assert_int_equal(history_float24(history_float24_value(code)), code);
        if (code > 0)
            assert_int_equal(history_float24(-history_float24_value(code)), code | 1U << 23);
    }
}

static void special_floats(void **state)
{
    assert_true(history_float24_value(history_float24(0.0)) == 0.0);
    assert_true(history_ufloat16_value(history_ufloat16(0.0)) == 0.0);
    assert_true(isnan(history_float24_value(history_float24(NAN))));
    assert_true(isnan(history_float16_value(history_float16(NAN))));
    assert_true(isnan(history_ufloat16_value(history_ufloat16(NAN))));
    assert_between(history_float24_value(history_float24(INFINITY)), 8.5e9, 8.6e9);
    assert_between(history_float24_value(history_float24(-DBL_MAX)), -8.6e9, -8.5e9);
    assert_between(history_ufloat16_value(history_ufloat16(8.5899e9)), 8.5e9, 8.6e9);
    assert_true(history_ufloat16(-1.0) == 0);
}

static void integers_come_back(void **state)
{
    const int64_t values[] = {0, 1, -1, 63, -64, 64, 8191, -8192, INT32_MAX, INT64_MAX, INT64_MIN};
    const size_t lengths[] = {1, 1, 1, 1, 1, 2, 2, 2, 5, 10, 10};
    uint8_t octets[10];

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct writer w = writer_make(octets, sizeof(octets));

        history_write_signed(&w, values[i]);
        assert_false(w.failed);
        assert_int_equal(w.pos, lengths[i]);
        struct reader r = reader_make(octets, w.pos);
        assert_true(history_read_signed(&r) == values[i] && !r.failed && reader_left(&r) == 0);
    }
}

static void integer_without_end_fails(void **state)
{
    const uint8_t octets[12] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};
    struct reader r = reader_make(octets, sizeof(octets));
    struct reader cut = reader_make(octets, 3);

    assert_true(history_read_unsigned(&r) == 0 && r.failed);
    history_read_unsigned(&cut);
    assert_true(cut.failed);
}

static void checksum_is_that_of_the_standard(void **state)
{
    assert_true(history_crc(0, "123456789", 9) == 0xcbf43926);
    assert_true(history_crc(history_crc(0, "1234", 4), "56789", 5) == 0xcbf43926);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_keep_their_relative_accuracy),
        cmocka_unit_test(small_floats_keep_an_absolute_accuracy),
        cmocka_unit_test(every_code_comes_back),
        cmocka_unit_test(special_floats),
        cmocka_unit_test(integers_come_back),
        cmocka_unit_test(integer_without_end_fails),
        cmocka_unit_test(checksum_is_that_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
