/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of reports: units and their limits, and the CSV form (chronyc.md 7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "chronyc/format.h"

#define TEXT_SIZE 128

/* What a field looks like in the two modes. */
#define assert_field(plain, in_csv, call)                                                          \
    do {                                                                                           \
        char text[TEXT_SIZE] = "";                                                                 \
        struct printer p = printer_make(fmemopen(text, sizeof(text), "w"), false);                 \
        call;                                                                                      \
        fclose(p.out);                                                                             \
        assert_string_equal(text, plain);                                                          \
        memset(text, 0, sizeof(text));                                                             \
        p = printer_make(fmemopen(text, sizeof(text), "w"), true);                                 \
        call;                                                                                      \
        fclose(p.out);                                                                             \
        assert_string_equal(text, in_csv);                                                         \
    } while (0)

static void intervals_change_their_unit_at_the_limits(void **state)
{
    assert_field("   0", "0", put_interval(&p, 0));
    assert_field("1199", "1199", put_interval(&p, 1199));
    assert_field(" 20m", "1200", put_interval(&p, 1200));
    assert_field("599m", "35999", put_interval(&p, 35999));
    assert_field(" 10h", "36000", put_interval(&p, 36000));
    assert_field(" 95h", "345599", put_interval(&p, 345599));
    assert_field("  4d", "345600", put_interval(&p, 345600));
    assert_field("999d", "86399999", put_interval(&p, 86399999));
    assert_field("  2y", "86400000", put_interval(&p, 86400000));
    assert_field("136y", "4294967294", put_interval(&p, 4294967294U));
    assert_field("   -", "4294967295", put_interval(&p, 4294967295U));
}

static void times_change_their_unit_at_the_limits(void **state)
{
    assert_field("   0ns", "0.000000000", put_time(&p, 0.0));
    assert_field("   +0ns", "0.000000000", put_signed_time(&p, 0.0));
    assert_field("9999ns", "0.000009999", put_time(&p, 9999.4e-9));
    assert_field("  10us", "0.000010000", put_time(&p, 9999.6e-9));
    assert_field("4000ms", "4.000000000", put_time(&p, 4.0));
    assert_field(" -200ms", "-0.200000000", put_signed_time(&p, -0.2));
}

static void long_times_lose_their_decimals(void **state)
{
    assert_field("123.5s", "123.456000000", put_time(&p, 123.456));
    assert_field("+123.5s", "123.456000000", put_signed_time(&p, 123.456));
    assert_field("12346s", "12345.600000000", put_time(&p, 12345.6));
    assert_field(" 1667m", "100000.000000000", put_time(&p, 100000.0));
    assert_field(" -1667m", "-100000.000000000", put_signed_time(&p, -100000.0));
    assert_field("  276y", "8700000000.000000000", put_time(&p, 8.7e9));
}

static void frequencies_drop_decimals_when_large(void **state)
{
    assert_field("     0.001", "0.001", put_freq(&p, 0.001));
    assert_field("    +0.001", "0.001", put_signed_freq(&p, 0.001));
    assert_field(" 99999.400", "99999.400", put_freq(&p, 99999.4));
    assert_field("    100000", "99999.600", put_freq(&p, 99999.6));
    assert_field("   -100000", "-99999.600", put_signed_freq(&p, -99999.6));
}

static void slow_and_fast_follow_the_sign(void **state)
{
    assert_field("0.000000000 seconds fast", "0.000000000", put_slow_fast_offset(&p, 0.0));
    assert_field("0.500000000 seconds slow", "0.500000000", put_slow_fast_offset(&p, 0.5));
    assert_field("0.500000000 seconds fast", "-0.500000000", put_slow_fast_offset(&p, -0.5));
    assert_field("0.000 ppm slow", "0.000", put_slow_fast_freq(&p, 0.0));
    assert_field("1.500 ppm fast", "1.500", put_slow_fast_freq(&p, 1.5));
    assert_field("1.500 ppm slow", "-1.500", put_slow_fast_freq(&p, -1.5));
}

static void small_fields(void **state)
{
    assert_field(" -", "127", put_log_interval(&p, 127));
    assert_field("-7", "-7", put_log_interval(&p, -7));
    assert_field("Thu Jan 01 00:00:00 1970", "0.000000005",
                 put_date(&p, ((struct instant){.sec = 0, .nsec = 5})));
    assert_field("0101", "0101", put_bits(&p, 4, 0x35));
    assert_field("?", "Not synchronised", put_short_leap(&p, 3));
    assert_field("?", "Invalid", put_short_leap(&p, 9));
    assert_field("+", "Insert second", put_short_leap(&p, 1));
    assert_field("Invalid", "Invalid", put_leap(&p, 4));
    assert_field("0000BEEF", "0000BEEF", put_refid(&p, 0xbeef));
}

static void csv_rows_have_commas_between_fields_only(void **state)
{
    assert_field("a: 1 b: 2\na: 3\n", "1,2\n3\n", {
        put_text(&p, "a: ");
        put_int(&p, 0, 1);
        put_text(&p, " b: ");
        put_int(&p, 0, 2);
        put_end(&p);
        put_text(&p, "a: ");
        put_int(&p, 0, 3);
        put_end(&p);
    });
}

static void header_is_underlined_in_its_full_length(void **state)
{
    assert_field("ab  c \n======\n", "", put_header(&p, "ab", 2, "c "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_change_their_unit_at_the_limits),
        cmocka_unit_test(times_change_their_unit_at_the_limits),
        cmocka_unit_test(long_times_lose_their_decimals),
        cmocka_unit_test(frequencies_drop_decimals_when_large),
        cmocka_unit_test(slow_and_fast_follow_the_sign),
        cmocka_unit_test(small_fields),
        cmocka_unit_test(csv_rows_have_commas_between_fields_only),
        cmocka_unit_test(header_is_underlined_in_its_full_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
