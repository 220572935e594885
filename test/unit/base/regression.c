/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regression: the worked examples of discipline.md 7.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "base/quantile.h"
#include "base/regression.h"

static void assert_near(double value, double expected)
{
    assert_true(fabs(value - expected) <= fabs(expected) * 1e-8 + 1e-18);
}

static void runs_are_counted_with_zeros_as_new_runs(void **state)
{
    const double r[] = {1, 2, -1, -2, 0, 0, 3};

    assert_int_equal(regression_count_runs(r, 1), 1);
    assert_int_equal(regression_count_runs(r, 2), 1);
    assert_int_equal(regression_count_runs(r, 4), 2);
    assert_int_equal(regression_count_runs(r, 7), 5);
}

static void tables_have_the_values_of_the_specification(void **state)
{
    int sum = 0;

    for (int i = 0; i <= 129; i++)
        sum += regression_critical_runs(i);
    assert_int_equal(sum, 3449);
    assert_int_equal(regression_critical_runs(7), 0);
    assert_int_equal(regression_critical_runs(8), 2);
    assert_int_equal(regression_critical_runs(64), 26);
    assert_int_equal(regression_critical_runs(129), 56);
    assert_true(regression_t_coefficient(6) == (double)5.959f);
    assert_true(regression_t_coefficient(40) == (double)3.551f);
    assert_true(regression_t_coefficient(41) == 3.5);
    assert_true(regression_chi2_coefficient(1) == (double)2.706f);
    assert_true(regression_chi2_coefficient(64) == (double)78.860f);
    assert_near(regression_chi2_coefficient(65), 78.0);
}

static void weighted_regression_of_example_1(void **state)
{
    const double x[] = {-70, -60, -50, -40, -30, -20, -10, 0};
    const double y[] = {1.0e-3, 1.3e-3, 0.9e-3, 1.2e-3, 1.4e-3, 1.1e-3, 1.5e-3, 1.3e-3};
    const double w[] = {1, 1, 4, 1, 2.25, 1, 1, 1};
    struct regression_best best;

    assert_true(regression_best_weighted(x, y, w, 8, 0, 6, &best));
    assert_near(best.line.intercept, 0.001360760149);
    assert_near(best.line.slope, 3.818351284e-6);
    assert_near(best.line.variance, 2.689353598e-8);
    assert_near(best.line.intercept_sd, 9.876096702e-5);
    assert_near(best.line.slope_sd, 2.369987873e-6);
    assert_int_equal(best.start, 0);
    assert_int_equal(best.runs, 7);
    assert_int_equal(best.dof, 6);
    assert_near(best.line.slope_sd * regression_t_coefficient(best.dof), 1.4122758e-5);
}

static void make_kink(double *x, double *y, double *w)
{
    for (int i = 0; i < 16; i++) {
        x[i] = -64.0 * (15 - i);
        y[i] = (i < 8 ? -5e-6 : 2e-5) * (x[i] + 512.0) + (i % 2 == 0 ? -1e-6 : 1e-6);
        w[i] = 1.0;
    }
}

static void points_before_a_frequency_step_are_dropped(void **state)
{
    double x[16], y[16], w[16];
    struct regression_best best;

    make_kink(x, y, w);
    for (int min_samples = 3; min_samples <= 6; min_samples += 3) {
        assert_true(regression_best_weighted(x, y, w, 16, 0, min_samples, &best));
        assert_int_equal(best.start, 7);
        assert_int_equal(best.runs, 9);
        assert_int_equal(best.dof, 7);
        assert_near(best.line.intercept, 0.01024011111);
        assert_near(best.line.slope, 2e-5);
        assert_near(best.line.variance, 1.26984127e-12);
        assert_near(best.line.intercept_sd, 6.926166422e-7);
        assert_near(best.line.slope_sd, 2.273103023e-9);
    }

    assert_true(regression_best_weighted(x, y, w, 16, 0, 10, &best));
    assert_int_equal(best.start, 6);
    assert_int_equal(best.runs, 3);
    assert_int_equal(best.dof, 8);
    assert_near(best.line.intercept, 0.01000754545);
    assert_near(best.line.slope, 1.863731061e-5);
    assert_near(best.line.variance, 2.091648485e-7);
    assert_near(best.line.intercept_sd, 2.688065246e-4);
    assert_near(best.line.slope_sd, 7.867511781e-7);
}

static void extra_points_take_part_in_the_runs_test(void **state)
{
    double x[16], y[16], w[16];
    struct regression_best best;

    make_kink(x, y, w);
    assert_true(regression_best_weighted(x, y, w, 8, 8, 3, &best));
    assert_int_equal(best.start, 0);
    assert_int_equal(best.runs, 8);
    assert_int_equal(best.dof, 6);
    assert_near(best.line.intercept, 0.01024033333);
    assert_near(best.line.slope, 2.00014881e-5);
}

static void median_of_odd_and_even_numbers(void **state)
{
    double odd[] = {3, 1, 2, 9, 4}, even[] = {3, 1, 2, 9};

    assert_true(median_of(odd, 5) == 3.0);
    assert_true(median_of(even, 4) == 2.5);
}

static void robust_regression_ignores_an_outlier(void **state)
{
    const double x[] = {0, 1, 2, 3, 4, 5, 6};
    const double y[] = {0.10, 0.31, 0.48, 0.72, 5.0, 1.09, 1.31};
    struct regression_robust r;

    assert_true(regression_robust_line(x, y, 7, 1e-8, &r));
    assert_near(r.intercept, 0.1);
    assert_near(r.slope, 0.2016666697);
    assert_int_equal(r.runs, 5);
    assert_int_equal(r.start, 0);
}

static void robust_regression_of_two_and_three_points(void **state)
{
    const double x3[] = {-2, -1, 0}, y3[] = {1, 2.1, 2.9};
    const double x2[] = {-2, 0}, y2[] = {1, 2.1};
    struct regression_robust r;

    assert_true(regression_robust_line(x3, y3, 3, 1e-8, &r));
    assert_near(r.intercept, 2.9);
    assert_near(r.slope, 0.9499999911);
    assert_int_equal(r.runs, 0);

    assert_true(regression_robust_line(x2, y2, 2, 1e-8, &r));
    assert_near(r.intercept, 2.1);
    assert_near(r.slope, 0.55);
    assert_false(regression_robust_line(x2, y2, 1, 1e-8, &r));
}

static void second_slope_is_found_or_the_fit_fails(void **state)
{
    const double x1[] = {-5, -4, -3, -2, -1, 0};
    double x2[] = {0, 2e-3, 1e-3, 0, 3e-3, 1e-3}, y[6], slope;

    for (int i = 0; i < 6; i++)
        y[i] = 1e-3 + 2e-5 * x1[i] + 0.48 * x2[i];
    assert_true(regression_second_slope(x1, x2, y, 6, &slope));
    assert_near(slope, 0.48);
    assert_false(regression_second_slope(x1, x2, y, 3, &slope));
    for (int i = 0; i < 6; i++)
        x2[i] = 0.0;
    assert_false(regression_second_slope(x1, x2, y, 6, &slope));
}

static void degenerate_data_are_failures(void **state)
{
    const double same[] = {5, 5, 5, 5}, y[] = {1, 2, 3, 4}, w[] = {1, 1, 1, 1};
    const double nans[] = {NAN, NAN, NAN, NAN};
    struct regression_best best;
    struct regression_robust robust;
    double slope;

    assert_false(regression_best_weighted(same, y, w, 4, 0, 3, &best));
    assert_false(regression_best_weighted(y, y, w, 2, 0, 3, &best));
    assert_false(regression_robust_line(same, y, 4, 1e-8, &robust));
    assert_false(regression_robust_line(y, nans, 4, 1e-8, &robust));
    assert_false(regression_second_slope(y, nans, y, 4, &slope));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_counted_with_zeros_as_new_runs),
        cmocka_unit_test(tables_have_the_values_of_the_specification),
        cmocka_unit_test(weighted_regression_of_example_1),
        cmocka_unit_test(points_before_a_frequency_step_are_dropped),
        cmocka_unit_test(extra_points_take_part_in_the_runs_test),
        cmocka_unit_test(median_of_odd_and_even_numbers),
        cmocka_unit_test(robust_regression_ignores_an_outlier),
        cmocka_unit_test(robust_regression_of_two_and_three_points),
        cmocka_unit_test(second_slope_is_found_or_the_fit_fails),
        cmocka_unit_test(degenerate_data_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
