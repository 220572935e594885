/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scales of charts: what is inside, round labels, and values that leave no room.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <string.h>

#include "chronyc/chart_scale.h"

static bool has_label(const struct chart_scale *s, const char *label)
{
    for (int i = 0; i < s->tick_count; i++)
        if (strcmp(s->ticks[i].label, label) == 0)
            return true;
    return false;
}

static void assert_in_order(const struct chart_scale *s)
{
    for (int i = 0; i < s->tick_count; i++) {
        assert_between(s->ticks[i].place, i > 0 ? s->ticks[i - 1].place + 1e-6 : 0.0, 1.0);
        assert_string_not_equal(s->ticks[i].label, "");
    }
}

static void linear_scales_have_round_labels(void **state)
{
    struct chart_scale s = chart_scale_linear(-12e-6, 11e-6, CHART_SIGNED_SECONDS);

    assert_in_order(&s);
    assert_between(s.low, -14e-6, -12e-6);
    assert_between(s.high, 11e-6, 13e-6);
    assert_true(has_label(&s, "+10 \u00b5s"));
    assert_true(has_label(&s, "-10 \u00b5s"));
    assert_true(has_label(&s, "0"));
    s = chart_scale_linear(-12.53, -12.11, CHART_PLAIN);
    assert_in_order(&s);
    assert_true(has_label(&s, "-12.2"));
    assert_between(s.tick_count, 3, 7);
}

static void constant_values_have_a_scale(void **state)
{
    static const double values[] = {0.0, 1e-9, -5.0, 1e12};

    for (int i = 0; i < 4; i++) {
        struct chart_scale s = chart_scale_linear(values[i], values[i], CHART_PLAIN);

        assert_true(s.high > s.low);
        assert_close(chart_place(&s, values[i]), 0.5, 1e-6);
        assert_in_order(&s);
    }
}

static void logarithmic_scales_are_whole_decades(void **state)
{
    struct chart_scale s = chart_scale_log(2e-6, 1e-3, CHART_SECONDS);

    assert_in_order(&s);
    assert_close(s.low, -6.0, 0.0);
    assert_close(s.high, -3.0, 0.0);
    assert_int_equal(s.tick_count, 4);
    assert_true(has_label(&s, "1 \u00b5s"));
    assert_true(has_label(&s, "1 ms"));
    assert_close(chart_place(&s, 1e-3), 1.0, 1e-9);
    assert_close(chart_place(&s, 1e-5), 1.0 / 3.0, 1e-9);
    assert_close(chart_place(&s, 0.0), 0.0, 0.0);
    assert_close(chart_place(&s, 1.0), 1.0, 0.0);
    s = chart_scale_log(1e-12, 1e5, CHART_PLAIN);
    assert_in_order(&s);
    assert_true(has_label(&s, "10\u207b\u00b9\u00b2"));
    s = chart_scale_log(1e3, 1e3, CHART_SECONDS);
    assert_true(s.high > s.low);
    assert_true(has_label(&s, "1000 s"));
    assert_true(has_label(&s, "10\u2074 s"));
}

static void times_are_those_of_a_clock_or_calendar(void **state)
{
    const int64_t day = 1793491200; /* 2026-11-01 */
    struct chart_scale s = chart_scale_time((struct chart_span){day, day + 30 * 86400});

    assert_in_order(&s);
    assert_between(s.tick_count, 4, 9);
    assert_true(has_label(&s, "Nov 08"));
    s = chart_scale_time((struct chart_span){day - 7200, day + 7200});
    assert_in_order(&s);
    assert_true(has_label(&s, "Nov 01"));
    assert_true(has_label(&s, "22:30"));
    s = chart_scale_time((struct chart_span){day, day + 900 * (int64_t)86400});
    assert_in_order(&s);
    assert_int_equal(strlen(s.ticks[0].label), strlen("2026-11-01"));
    for (int64_t length = 60; length < (int64_t)1 << 36; length *= 3) {
        s = chart_scale_time((struct chart_span){day + 17, day + 17 + length});
        assert_in_order(&s);
        assert_between(s.tick_count, 0, 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_scales_have_round_labels),
        cmocka_unit_test(constant_values_have_a_scale),
        cmocka_unit_test(logarithmic_scales_are_whole_decades),
        cmocka_unit_test(times_are_those_of_a_clock_or_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
