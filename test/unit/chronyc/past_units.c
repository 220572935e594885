/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values in reports about the past.
 */
#include "test/unit/support/unit.h"

#include <math.h>

#include "base/number.h"
#include "chronyc/past_units.h"

static void times_have_three_digits(void **state)
{
    static const struct {
        double seconds;
        const char *expected;
    } cases[] = {{0.0, "0 ns"},         {1.234e-9, "1.23 ns"}, {9.994e-9, "9.99 ns"},
                 {9.996e-9, "10.0 ns"}, {99.96e-9, "100 ns"},  {999.4e-9, "999 ns"},
                 {999.6e-9, "1.00 us"}, {123.4e-6, "123 us"},  {-45.67e-3, "45.7 ms"},
                 {0.9996, "1.00 s"},    {12345.6, "12346 s"},  {NAN, "-"}};

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(past_time(cases[i].seconds).s, cases[i].expected);
    assert_string_equal(past_signed_time(-45.67e-3).s, "-45.7 ms");
    assert_string_equal(past_signed_time(1e-6).s, "+1.00 us");
    assert_string_equal(past_signed_time(0.0).s, "0 ns");
    assert_string_equal(past_signed_time(NAN).s, "-");
}

static void limits_are_as_they_were_set(void **state)
{
    assert_string_equal(past_limit(1e-3).s, "1 ms");
    assert_string_equal(past_limit(250e-6).s, "250 us");
    assert_string_equal(past_limit(1.5).s, "1.5 s");
    assert_string_equal(past_limit(100e-9).s, "100 ns");
}

static void lengths_have_their_two_largest_units(void **state)
{
    static const struct {
        double seconds;
        const char *expected;
    } cases[] = {{0.0, "0 s"},    {59.4, "59 s"},  {60.0, "1 min"},          {125.0, "2 min 5 s"},
                 {3600.0, "1 h"}, {3659.0, "1 h"}, {86399.0, "23 h 59 min"}, {273600.0, "3 d 4 h"},
                 {INFINITY, "-"}};

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(past_length(cases[i].seconds).s, cases[i].expected);
}

static void all_and_nothing_are_said_of_these_only(void **state)
{
    assert_string_equal(past_percent(0, 1000000000).s, "0 %");
    assert_string_equal(past_percent(1, 1000000000).s, "<0.001 %");
    assert_string_equal(past_percent(123456, 1000000000).s, "0.012 %");
    assert_string_equal(past_percent(123, 1000).s, "12.3 %");
    assert_string_equal(past_percent(99500, 100000).s, "99.500 %");
    assert_string_equal(past_percent(999999999, 1000000000).s, ">99.999 %");
    assert_string_equal(past_percent(5, 5).s, "100 %");
    assert_string_equal(past_percent(0, 0).s, "0 %");
}

static void shares_have_one_decimal(void **state)
{
    assert_string_equal(past_share(0, 7).s, "0 %");
    assert_string_equal(past_share(7, 7).s, "100 %");
    assert_string_equal(past_share(1, 10000).s, "<0.1 %");
    assert_string_equal(past_share(9999, 10000).s, ">99.9 %");
    assert_string_equal(past_share(5, 1000).s, "0.5 %");
    assert_string_equal(past_share(994, 1000).s, "99.4 %");
}

static void dates_are_in_utc(void **state)
{
    assert_string_equal(past_date(1796042096).s, "2026-11-30 12:34:56");
    assert_string_equal(past_date_minutes(1796042096).s, "2026-11-30 12:34");
    assert_string_equal(past_date(INT64_MAX).s, "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_three_digits),
        cmocka_unit_test(limits_are_as_they_were_set),
        cmocka_unit_test(lengths_have_their_two_largest_units),
        cmocka_unit_test(all_and_nothing_are_said_of_these_only),
        cmocka_unit_test(shares_have_one_decimal),
        cmocka_unit_test(dates_are_in_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
