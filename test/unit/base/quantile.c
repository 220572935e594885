/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quantile estimator: the worked example of discipline.md 8, filling and reset.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "base/quantile.h"
#include "test/unit/support/clock.h"

static void estimate_follows_the_worked_example(void **state)
{
    const double values[] = {12, 12, 12, 12, 9, 9, 9, 20, 20, 20};
    const double expected[] = {12, 12.25, 11.75, 12.25, 11.25, 10.25, 9.25, 10.25, 11.25, 12.25};
    struct clock_world *w = clock_world_new(1000);
    struct quantile *q = quantile_new(&w->world, 1, 1, 2, 1, 100, 1.0);

    w->random = 0x80000000; /* just above one half: every value counts */
    quantile_add(q, 10.0);
    assert_true(quantile_get(q, 1) == 10.0);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        quantile_add(q, values[i]);
        assert_true(quantile_get(q, 1) == expected[i]);
    }
    quantile_free(q);
    clock_world_free(w);
}

static void first_values_fill_the_estimates_in_order(void **state)
{
    struct clock_world *w = clock_world_new(1000);
    struct quantile *q = quantile_new(&w->world, 1, 3, 4, 7, 100, 1e-6);

    quantile_add(q, 5.0);
    assert_true(quantile_get(q, 1) == 5.0 && quantile_get(q, 3) == 5.0);
    quantile_add(q, 1.0);
    assert_true(quantile_get(q, 1) == 1.0 && quantile_get(q, 2) == 5.0);
    quantile_add(q, 3.0);
    assert_true(quantile_get(q, 1) == 1.0 && quantile_get(q, 2) == 3.0 &&
                quantile_get(q, 3) == 5.0);

    quantile_reset(q);
    assert_true(quantile_get(q, 2) == 0.0);
    quantile_free(q);
    clock_world_free(w);
}

static void improbable_directions_change_nothing(void **state)
{
    struct clock_world *w = clock_world_new(1000);
    struct quantile *q = quantile_new(&w->world, 5, 5, 100, 1, 100, 1.0);

    quantile_add(q, 10.0);
    w->random = 0x80000000;
    quantile_add(q, 20.0); /* 0.5 < 1 - 0.05 */
    assert_true(quantile_get(q, 5) == 10.0);
    quantile_add(q, NAN);
    assert_true(quantile_get(q, 5) == 10.0);
    quantile_add(q, 2.0); /* 0.5 >= 0.05 */
    assert_true(quantile_get(q, 5) == 9.0);
    quantile_free(q);
    clock_world_free(w);
}

/* The 10 % and 20 % estimates with a step limit of 3, by the rules of section 8: steps grow in one
   direction and shrink with every turn; values that come by turns make steps negative, down to the
   limit, so that it takes a few in a row until they grow again. */
static void estimates_follow_the_rules_step_by_step(void **state)
{
    static const struct {
        double random, value, low, high;
        int times; /* given again, with the value 0 before each */
    } rows[] = {
        {0.95, 120, 102, 199, 0},  {0.95, 400, 105, 200, 0},  {0.95, 400, 109, 201, 0},
        {0.95, 400, 114, 202, 0},  {0.85, 400, 114, 204, 0},  {0.85, 400, 114, 207, 0},
        {0.85, 400, 114, 211, 0},  {0.15, 50, 110, 211, 0},   {0.15, 50, 108, 211, 0},
        {0.05, 50, 108, 211, 0},   {0.25, 50, 105, 208, 0},   {0.25, 50, 101, 206, 0},
        {0.25, 50, 96, 203, 0},    {0.95, 0, 90, 199, 0},     {0.95, 1000, 95, 202, 0},
        {0.95, 1000, 95, 202, 5},  {0.95, 1000, 96, 203, 0},  {0.95, 1000, 97, 204, 0},
        {0.95, 1000, 98, 205, 0},  {0.95, 1000, 99, 206, 0},  {0.95, 1000, 101, 208, 0},
        {0.95, 1000, 104, 211, 0}, {0.95, 1000, 108, 215, 0}, {0.95, 1000, 113, 220, 0},
    };
    struct clock_world *w = clock_world_new(1000);
    struct quantile *q = quantile_new(&w->world, 1, 2, 10, 3, 3, 1.0);

    for (int round = 0; round < 2; round++) {
        quantile_add(q, 200.0);
        quantile_add(q, 100.0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            w->random = (uint32_t)(rows[i].random * 0x100000000);
            for (int j = 0; j < rows[i].times; j++) {
                quantile_add(q, 0.0);
                quantile_add(q, rows[i].value);
            }
            if (rows[i].times == 0)
                quantile_add(q, rows[i].value);
            assert_close(quantile_get(q, 1), rows[i].low, 1e-9);
            assert_close(quantile_get(q, 2), rows[i].high, 1e-9);
        }
        quantile_reset(q); /* to the very beginning */
    }
    quantile_free(q);
    clock_world_free(w);
}

static void median_is_the_middle_or_between_the_two(void **state)
{
    double odd[] = {5.0, 1.0, 9.0, 2.0, 7.0}, even[] = {8.0, 1.0, 2.0, 4.0}, one[] = {3.0};

    assert_true(median_of(odd, 5) == 5.0);
    assert_true(median_of(even, 4) == 3.0);
    assert_true(median_of(one, 1) == 3.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimate_follows_the_worked_example),
        cmocka_unit_test(first_values_fill_the_estimates_in_order),
        cmocka_unit_test(improbable_directions_change_nothing),
        cmocka_unit_test(estimates_follow_the_rules_step_by_step),
        cmocka_unit_test(median_is_the_middle_or_between_the_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
