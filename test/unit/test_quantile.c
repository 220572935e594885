/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quantile estimator: the worked example of discipline.md 8, filling and reset.
 */
#include "test/unit/unit.h"
#include <math.h>
#include "base/quantile.h"
#include "test/unit/support_clock.h"

static void estimate_follows_the_worked_example(void **state)
{
    (void)state;
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
    (void)state;
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
    (void)state;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimate_follows_the_worked_example),
        cmocka_unit_test(first_values_fill_the_estimates_in_order),
        cmocka_unit_test(improbable_directions_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
