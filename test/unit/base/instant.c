/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic of instants, and NTP timestamps with the examples of ntp.md 27.1. The era split of the
 * examples is 1600000000; where the one of this build differs, decoded seconds are compared modulo
 * the length of an era.
 */
#include "test/unit/support/unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"

#define ERA INT64_C(4294967296)

static const struct ntp_time no_fuzz = {0, 0};

static void assert_instant(struct instant t, int64_t sec, int32_t nsec)
{
    assert_int_equal(t.sec, sec);
    assert_int_equal(t.nsec, nsec);
}

static void making_an_instant_normalises_it(void **state)
{
    assert_instant(instant_make(5, 1000000000), 6, 0);
    assert_instant(instant_make(5, -1), 4, 999999999);
    assert_instant(instant_make(0, -2500000000), -3, 500000000);
    assert_instant(instant_make(INT64_MAX, 1000000000), INT64_MAX, 0);
    assert_instant(instant_make(INT64_MIN, -1), INT64_MIN, 999999999);
    assert_instant(instant_make(0, INT64_MIN), -9223372037, 145224192);
}

static void adding_borrows_and_carries(void **state)
{
    assert_instant(instant_add((struct instant){10, 900000000}, 0.25), 11, 150000000);
    assert_instant(instant_add((struct instant){10, 100000000}, -0.25), 9, 850000000);
    assert_instant(instant_add((struct instant){10, 0}, -20.5), -11, 500000000);
    assert_instant(instant_add((struct instant){10, 5}, 4e-10), 10, 5);
}

static void adding_what_cannot_be_expressed_changes_nothing(void **state)
{
    static const double hostile[] = {NAN, INFINITY, -INFINITY, DBL_MAX, -DBL_MAX, 9.3e18};
    const struct instant t = {1700000000, 1};

    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
        assert_int_equal(instant_compare(instant_add(t, hostile[i]), t), 0);
    assert_instant(instant_add((struct instant){INT64_MAX, 999999999}, 0.5), INT64_MAX, 999999999);
    assert_instant(instant_add((struct instant){INT64_MIN, 0}, -1.0), INT64_MIN, 0);
}

static void differences_and_order(void **state)
{
    assert_true(instant_diff((struct instant){5, 250000000}, (struct instant){7, 0}) == -1.75);
    assert_true(isfinite(
        instant_diff((struct instant){INT64_MAX, 999999999}, (struct instant){INT64_MIN, 0})));
    assert_true(instant_compare((struct instant){1, 2}, (struct instant){1, 3}) < 0);
    assert_true(instant_compare((struct instant){2, 0}, (struct instant){1, 3}) > 0);
    assert_true(instant_compare((struct instant){-1, 3}, (struct instant){-1, 3}) == 0);
}

static void adjusting_follows_frequency_and_offset(void **state)
{
    struct local_time t = {{1000, 0}};

    /* 100 s before the change, gain 1e-3, fast by 0.5 s. */
    assert_close(local_adjust(&t, (struct local_time){{1100, 0}}, 1e-3, 0.5), -0.4, 1e-12);
    assert_close(local_diff(t, (struct local_time){{999, 600000000}}), 0.0, 2e-9);
}

static void log2_is_limited(void **state)
{
    assert_true(log2_to_seconds(-1) == 0.5);
    assert_true(log2_to_seconds(10) == 1024.0);
    assert_true(log2_to_seconds(127) == 2147483648.0);
    assert_true(log2_to_seconds(-128) == 1.0 / 2147483648.0);
}

static void sanity_window(void **state)
{
    const int64_t split = ntp_era_split();
    const int64_t first = split > 0 ? split : 0;

    assert_true(time_offset_is_sane((struct instant){first, 0}, 0.0));
    assert_false(time_offset_is_sane((struct instant){first, 0}, 0.001));
    assert_true(time_offset_is_sane((struct instant){split + ERA, 0}, 0.0));
    assert_false(time_offset_is_sane((struct instant){split + ERA, 1}, 0.0));
    assert_false(time_offset_is_sane((struct instant){split + ERA - 1, 0}, -1.5));
    assert_false(time_offset_is_sane((struct instant){first + 1000, 0}, NAN));
    assert_false(time_offset_is_sane((struct instant){split + ERA, 0}, 4294967296.0));
    assert_false(time_offset_is_sane((struct instant){INT64_MAX, 999999999}, -4294967295.0));
    assert_false(time_offset_is_sane((struct instant){INT64_MIN, 0}, 4294967295.0));
    assert_false(time_offset_is_sane((struct instant){-5, 0}, -1.0));
}

static void timestamps_of_the_worked_example(void **state)
{
    static const struct {
        struct instant t;
        struct ntp_time encoded;
        struct instant decoded;
    } cases[] = {
        {{0, 0}, {0, 0}, {0, 0}},
        {{0, 1}, {0x83aa7e80, 0x00000004}, {4294967296, 0}},
        {{1700000000, 500000000}, {0xe8fe6f80, 0x80000000}, {1700000000, 499999999}},
        {{1700000000, 1}, {0xe8fe6f80, 0x00000004}, {1700000000, 0}},
        {{1700000000, 999999999}, {0xe8fe6f80, 0xfffffffb}, {1700000000, 999999998}},
        {{2085978495, 999999999}, {0xffffffff, 0xfffffffb}, {2085978495, 999999998}},
        {{2085978496, 0}, {0, 0}, {0, 0}},
        {{2085978496, 1000}, {0, 0x000010c6}, {2085978496, 999}},
        {{4294967296, 250000000}, {0x83aa7e80, 0x40000000}, {4294967296, 249999999}},
        {{4294967296, 0}, {0, 0}, {0, 0}},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ntp_time encoded = ntp_time_from_instant(cases[i].t, no_fuzz);
        struct instant decoded = ntp_time_to_instant(encoded);

        assert_int_equal(encoded.hi, cases[i].encoded.hi);
        assert_int_equal(encoded.lo, cases[i].encoded.lo);
        assert_int_equal(decoded.nsec, cases[i].decoded.nsec);
        assert_int_equal((decoded.sec - cases[i].decoded.sec) % ERA, 0);
        if (!ntp_time_is_zero(encoded))
            assert_in_range(decoded.sec - ntp_era_split(), 0, ERA - 1);
    }
}

static void the_whole_era_is_decoded(void **state)
{
    const int64_t split = ntp_era_split();
    const int64_t seconds[] = {split, split + 1, split + ERA / 2, split + ERA - 1};

    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        struct ntp_time t = ntp_time_from_instant((struct instant){seconds[i], 500000001}, no_fuzz);

        assert_int_equal(ntp_time_to_instant(t).sec, seconds[i]);
    }
}

static void fuzz_spares_the_zero_timestamp(void **state)
{
    const struct ntp_time fuzz = {0xffffffff, 0x12345678};
    struct ntp_time t = ntp_time_from_instant((struct instant){0, 0}, fuzz);

    assert_true(ntp_time_is_zero(t));
    t = ntp_time_from_instant((struct instant){1700000000, 500000000}, fuzz);
    assert_int_equal(t.hi, 0xe8fe6f80 ^ 0xffffffff);
    assert_int_equal(t.lo, 0x80000000 ^ 0x12345678);
}

static void timestamps_compare_across_the_era(void **state)
{
    const struct ntp_time before = {0xffffffff, 0x80000000}, after = {1, 0};

    assert_true(ntp_time_compare(before, after) < 0);
    assert_true(ntp_time_compare(after, before) > 0);
    assert_true(ntp_time_compare((struct ntp_time){7, 9}, (struct ntp_time){7, 0xf0000000}) < 0);
    assert_int_equal(ntp_time_compare(after, after), 0);
    assert_true(ntp_time_diff(after, before) == 1.5);
    assert_true(ntp_time_diff(before, after) == -1.5);
    assert_true(ntp_time_diff((struct ntp_time){0x80000000, 0}, no_fuzz) == -2147483648.0);
}

static void dates_are_utc(void **state)
{
    char buf[24];

    assert_true(instant_format_utc((struct instant){1700000000, 999999999}, buf, sizeof(buf)));
    assert_string_equal(buf, "2023-11-14 22:13:20");
    assert_true(instant_format_utc((struct instant){-1, 0}, buf, sizeof(buf)));
    assert_string_equal(buf, "1969-12-31 23:59:59");
    assert_false(instant_format_utc((struct instant){INT64_MAX, 0}, buf, sizeof(buf)));
    assert_string_equal(buf, "INVALID    INVALID ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(making_an_instant_normalises_it),
        cmocka_unit_test(adding_borrows_and_carries),
        cmocka_unit_test(adding_what_cannot_be_expressed_changes_nothing),
        cmocka_unit_test(differences_and_order),
        cmocka_unit_test(adjusting_follows_frequency_and_offset),
        cmocka_unit_test(log2_is_limited),
        cmocka_unit_test(sanity_window),
        cmocka_unit_test(timestamps_of_the_worked_example),
        cmocka_unit_test(the_whole_era_is_decoded),
        cmocka_unit_test(fuzz_spares_the_zero_timestamp),
        cmocka_unit_test(timestamps_compare_across_the_era),
        cmocka_unit_test(dates_are_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
