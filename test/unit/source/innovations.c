/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The check of a filter's claims by the distances of samples from their predictions
 * (discipline.md 30.11).
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdint.h>
#include "source/innovations.h"

static double normal(uint64_t *state)
{
    double sum = 0.0;

    for (int i = 0; i < 12; i++) {
        *state = *state * 6364136223846793005U + 1442695040888963407U;
        sum += (double)(*state >> 11) / 9007199254740992.0;
    }
    return sum - 6.0;
}

/* Mean of the last half of 4,000 distances, each of which has so much in common with the last. */
static double mean_excess(double sd, double correlation)
{
    struct innovations i;
    uint64_t random = 1;
    double distance = 0.0, sum = 0.0;

    innovations_reset(&i);
    for (int k = 0; k < 4000; k++) {
        distance =
            correlation * distance + sqrt(1.0 - correlation * correlation) * sd * normal(&random);
        innovations_add(&i, distance);
        if (k >= 2000)
            sum += innovations_excess(&i) / 2000.0;
    }
    return sum;
}

static void independent_distances_are_as_claimed(void **state)
{
    double excess = mean_excess(1.0, 0.0);

    assert_true(excess >= 1.0 && excess < 1.3);
    assert_true(fabs(mean_excess(0.1, 0.0) - 1.0) < 1e-9);
}

static void large_distances_are_an_excess(void **state)
{
    double excess = mean_excess(2.0, 0.0);

    assert_true(excess > 2.5 && excess < 5.0);
}

/* By (1 + c f) / (1 - c f), f = 15/16. */
static void equal_distances_are_an_excess(void **state)
{
    double excess = mean_excess(1.0, 0.8);

    assert_true(excess > 4.0 && excess < 10.0);
    assert_true(mean_excess(1.0, -0.5) < 1.1);
}

static void lone_outlier_says_little(void **state)
{
    struct innovations i;

    innovations_reset(&i);
    assert_true(innovations_excess(&i) == 1.0);
    innovations_add(&i, 1e9);
    assert_true(innovations_excess(&i) < 1.1);
    innovations_add(&i, NAN);
    innovations_add(&i, INFINITY);
    assert_true(innovations_excess(&i) < 1.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_distances_are_as_claimed),
        cmocka_unit_test(large_distances_are_an_excess),
        cmocka_unit_test(equal_distances_are_an_excess),
        cmocka_unit_test(lone_outlier_says_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
