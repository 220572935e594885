/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values in reports for people: units and their limits (chronyc.md 7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "chronyc/format.h"

#define assert_shown(expected, call) assert_string_equal((call).s, expected)

static void intervals_change_their_unit_at_the_limits(void **state)
{
    assert_shown("   0", format_interval(0));
    assert_shown("1199", format_interval(1199));
    assert_shown(" 20m", format_interval(1200));
    assert_shown("599m", format_interval(35999));
    assert_shown(" 10h", format_interval(36000));
    assert_shown(" 95h", format_interval(345599));
    assert_shown("  4d", format_interval(345600));
    assert_shown("999d", format_interval(86399999));
    assert_shown("  2y", format_interval(86400000));
    assert_shown("136y", format_interval(4294967294U));
    assert_shown("   -", format_interval(4294967295U));
}

static void times_change_their_unit_at_the_limits(void **state)
{
    assert_shown("   0ns", format_time(0.0));
    assert_shown("   +0ns", format_signed_time(0.0));
    assert_shown("9999ns", format_time(9999.4e-9));
    assert_shown("  10us", format_time(9999.6e-9));
    assert_shown("4000ms", format_time(4.0));
    assert_shown(" -200ms", format_signed_time(-0.2));
}

static void long_times_lose_their_decimals(void **state)
{
    assert_shown("123.5s", format_time(123.456));
    assert_shown("+123.5s", format_signed_time(123.456));
    assert_shown("12346s", format_time(12345.6));
    assert_shown(" 1667m", format_time(100000.0));
    assert_shown(" -1667m", format_signed_time(-100000.0));
    assert_shown("  276y", format_time(8.7e9));
}

static void frequencies_drop_decimals_when_large(void **state)
{
    assert_shown("     0.001", format_freq(0.001));
    assert_shown("    +0.001", format_signed_freq(0.001));
    assert_shown(" 99999.400", format_freq(99999.4));
    assert_shown("    100000", format_freq(99999.6));
    assert_shown("   -100000", format_signed_freq(-99999.6));
}

static void small_fields(void **state)
{
    assert_shown(" -", format_log2_interval(127));
    assert_shown("-7", format_log2_interval(-7));
    assert_shown("Thu Jan 01 00:00:00 1970", format_date((struct instant){.sec = 0, .nsec = 5}));
    assert_shown("", format_date((struct instant){.sec = INT64_MAX}));
    assert_shown("0101", format_bits(4, 0x35));
}

static void header_is_underlined_in_its_full_length(void **state)
{
    char text[64] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");

    print_header(out, "ab", 2, "c ");
    fclose(out);
    assert_string_equal(text, "ab  c \n======\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_change_their_unit_at_the_limits),
        cmocka_unit_test(times_change_their_unit_at_the_limits),
        cmocka_unit_test(long_times_lose_their_decimals),
        cmocka_unit_test(frequencies_drop_decimals_when_large),
        cmocka_unit_test(small_fields),
        cmocka_unit_test(header_is_underlined_in_its_full_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
