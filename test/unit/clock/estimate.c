/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an estimate is weighed and grows old (discipline.md 15.3, 30.9). The numbers of 15.3 are in
 * reference.c beside this.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "clock/estimate.h"

static void filtered_estimate_is_taken_as_it_is(void **state)
{
    struct clock_estimate e = clock_estimate(1e-9, 5e-6, 1e-6, 1e-3, WEIGHT_FILTERED);

    assert_true(e.frequency == 5e-6 && e.residual_frequency == 0.0);
    assert_true(fabs(e.skew - 1e-6) < 1e-15);
    e = clock_estimate(1e-9, 5e-6, 2e-3, 1e-3, WEIGHT_FILTERED);
    assert_true(e.skew_too_large && e.frequency == 0.0);
}

static void without_wander_errors_grow_in_proportion(void **state)
{
    assert_true(estimate_offset_sd(1e-3, 1e-8, 0.0, 1e4) == 1e-3 + 1e4 * 1e-8);
    assert_true(estimate_frequency_sd(1e-8, 0.0, 1e4) == 1e-8);
    assert_true(estimate_skew(1e-8, 0.0, 1e4) == 1e-8);
    assert_true(estimate_wander_bound(0.0, 1e4) == 0.0);
}

/* A small generator of numbers with a normal distribution. */
static double normal(uint64_t *seed)
{
    double sum = -6.0;

    for (int i = 0; i < 12; i++) {
        *seed = *seed * 6364136223846793005U + 1442695040888963407U;
        sum += (double)(*seed >> 11) / 9007199254740992.0;
    }
    return sum;
}

/* Many oscillators that were wrong by known deviations and then wander: their errors are as large
   as claimed, and as good as never beyond the bound. */
static void claims_are_those_of_a_random_walk(void **state)
{
    const double offset_sd = 1e-5, frequency_sd = 1e-8, wander = 1e-9;
    const int runs = 2000, seconds = 20000;
    double offset_square = 0.0, frequency_square = 0.0;
    int beyond = 0;
    uint64_t seed = 1;
    double skew = ESTIMATE_BOUND * frequency_sd;
    double bound =
        ESTIMATE_BOUND * offset_sd + skew * seconds + estimate_wander_bound(wander, seconds);

    for (int i = 0; i < runs; i++) {
        double common = normal(&seed), offset = offset_sd * common;
        double frequency = frequency_sd * common;
        for (int k = 0; k < seconds / 10; k++) {
            offset += 10.0 * frequency;
            frequency += wander * sqrt(10.0) * normal(&seed);
        }
        offset_square += offset * offset / runs;
        frequency_square += frequency * frequency / runs;
        beyond += fabs(offset) > bound;
    }
    double offset_claim = estimate_offset_sd(offset_sd, frequency_sd, wander, seconds);
    double frequency_claim = estimate_frequency_sd(frequency_sd, wander, seconds);
    assert_true(fabs(sqrt(offset_square) / offset_claim - 1.0) < 0.05);
    assert_true(fabs(sqrt(frequency_square) / frequency_claim - 1.0) < 0.05);
    assert_true(fabs(estimate_skew(skew, wander, seconds) - 3.5 * frequency_claim) < 1e-15);
    assert_true(beyond <= runs / 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filtered_estimate_is_taken_as_it_is),
        cmocka_unit_test(without_wander_errors_grow_in_proportion),
        cmocka_unit_test(claims_are_those_of_a_random_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
