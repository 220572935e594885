/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Downsampling keeps the extremes, and breaks lines where nothing was recorded.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdlib.h>

#include "chronyc/chart_columns.h"

static void one_spike_of_a_month_is_kept(void **state)
{
    const struct chart_span span = {1000000, 1000000 + 30 * 86400};

    /* Wherever it is. */
    for (int64_t at = 0; at <= 43200; at += 617) {
        struct chart_series *s = chart_series_new(span, 900, 150);

        for (int64_t i = 0; i <= 43200; i++)
            chart_series_add(s, span.from + i * 60, i == at ? -7.0 : 1.0 + 1e-3 * (double)(i % 2));
        assert_int_equal(s->count, 900);
        assert_close(s->low, -7.0, 0.0);
        const struct chart_column *c = &s->columns[chart_column_of(span, 900, span.from + at * 60)];
        assert_close(c->low, -7.0, 0.0);
        for (size_t i = 0; i < s->count; i++) {
            assert_int_equal(s->columns[i].x, i);
            assert_int_equal(s->columns[i].starts, i == 0);
            assert_close(s->columns[i].high, 1.001, 0.0);
        }
        chart_series_free(s);
    }
}

static void gaps_break_the_line(void **state)
{
    struct chart_series *s = chart_series_new((struct chart_span){0, 1000}, 100, 150);

    chart_series_add(s, 10, 1.0);
    chart_series_add(s, 160, 2.0);
    chart_series_add(s, 311, 3.0);
    chart_series_add(s, 312, 4.0);
    assert_int_equal(s->count, 3);
    assert_true(s->columns[0].starts);
    assert_false(s->columns[1].starts);
    assert_true(s->columns[2].starts);
    assert_int_equal(s->columns[2].x, 31);
    assert_close(s->columns[2].low, 3.0, 0.0);
    assert_close(s->columns[2].high, 4.0, 0.0);
    chart_series_free(s);
}

static void what_is_outside_or_no_number_is_left_out(void **state)
{
    struct chart_series *s = chart_series_new((struct chart_span){100, 200}, 10, 50);

    chart_series_add(s, 99, 1.0);
    chart_series_add(s, 150, NAN);
    chart_series_add(s, 150, INFINITY);
    chart_series_add(s, 201, 1.0);
    assert_int_equal(s->count, 0);
    chart_series_add(s, 100, 2.0);
    chart_series_add(s, 200, 3.0);
    assert_int_equal(s->count, 2);
    assert_int_equal(s->columns[0].x, 0);
    assert_int_equal(s->columns[1].x, 9);
    chart_series_free(s);
    chart_series_free(NULL);
}

static void usual_range(const double *values, size_t count, double *low, double *high)
{
    struct chart_series *s = chart_series_new((struct chart_span){0, 1000}, 1000, 10);

    for (size_t i = 0; i < count; i++)
        chart_series_add(s, (int64_t)i, values[i]);
    chart_series_usual(s, low, high);
    chart_series_free(s);
}

static void a_few_columns_far_out_are_cut_off(void **state)
{
    double values[1000], low, high;

    for (int i = 0; i < 1000; i++)
        values[i] = i % 11 - 5.0;
    usual_range(values, 1000, &low, &high);
    assert_close(low, -5.0, 0.0);
    assert_close(high, 5.0, 0.0);
    values[0] = 30.0; /* not so far */
    usual_range(values, 1000, &low, &high);
    assert_close(high, 30.0, 0.0);
    values[0] = 1e6;
    usual_range(values, 1000, &low, &high);
    assert_close(low, -5.0, 0.0);
    assert_between(high, 5.0, 15.0);
    for (int i = 0; i < 100; i++) /* not so few */
        values[i] = 1e6;
    usual_range(values, 1000, &low, &high);
    assert_close(high, 1e6, 0.0);
    for (int i = 1; i < 1000; i++) /* constant but for one */
        values[i] = 1.0;
    usual_range(values, 1000, &low, &high);
    assert_close(high, 1e6, 0.0);
    usual_range(values, 0, &low, &high);
    assert_close(high - low, 0.0, 0.0);
}

static void columns_are_inside_the_chart(void **state)
{
    const struct chart_span span = {0, INT64_MAX / 2}, none = {5, 5};

    assert_int_equal(chart_column_of(span, 900, -1), 0);
    assert_int_equal(chart_column_of(span, 900, span.to - 1), 899);
    assert_int_equal(chart_column_of(span, 900, INT64_MAX), 899);
    assert_int_equal(chart_column_of(none, 900, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_spike_of_a_month_is_kept),
        cmocka_unit_test(gaps_break_the_line),
        cmocka_unit_test(what_is_outside_or_no_number_is_left_out),
        cmocka_unit_test(a_few_columns_far_out_are_cut_off),
        cmocka_unit_test(columns_are_inside_the_chart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
