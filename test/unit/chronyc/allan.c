/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Allan deviation against noise whose deviation is known, and with values missing.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "chronyc/allan.h"

#define COUNT_VALUES 20000

static uint64_t random_state;

/* Gaussian, standard deviation 1; the same numbers after each random_state = 1. */
static double noise(void)
{
    double sum = -6.0;

    for (int i = 0; i < 12; i++) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(random_state >> 11) / 9007199254740992.0;
    }
    return sum;
}

static void four_phases_are_as_computed_by_hand(void **state)
{
    /* Second differences: 1 - 0, ... of 0 1 4 9 16 ...: all of them are 2, so the deviation at one
       interval of 10 s is 2 / (sqrt(2) * 10). */
    double phases[40];
    struct allan_point points[ALLAN_POINTS_MAX];

    for (int i = 0; i < 40; i++)
        phases[i] = (double)i * i;
    assert_int_equal(allan_of_phases(phases, 40, 10.0, points), 4);
    assert_close(points[0].tau, 10.0, 0.0);
    assert_close(points[0].deviation, 2.0 / sqrt(2.0) / 10.0, 1e-12);
    assert_int_equal(points[0].count, 38);
    /* (i + 2m)^2 - 2 (i + m)^2 + i^2 = 2 m^2 */
    assert_close(points[2].tau, 40.0, 0.0);
    assert_close(points[2].deviation, 32.0 / sqrt(2.0) / 40.0, 1e-12);
}

static void white_noise_of_phases_falls_with_tau(void **state)
{
    const double sigma = 1e-6, interval = 64.0;
    double *phases = mem_array(COUNT_VALUES, sizeof(*phases));
    struct allan_point points[ALLAN_POINTS_MAX];

    random_state = 1;
    for (int i = 0; i < COUNT_VALUES; i++)
        phases[i] = sigma * noise();
    size_t count = allan_of_phases(phases, COUNT_VALUES, interval, points);
    assert_true(count >= 8);
    /* sqrt(3) sigma / tau */
    for (size_t i = 0; i < 8; i++) {
        double expected = sqrt(3.0) * sigma / points[i].tau;

        assert_between(points[i].deviation / expected, 0.95, 1.05);
    }
    free(phases);
}

static void random_walk_of_frequency_rises_with_the_root_of_tau(void **state)
{
    const double step = 1e-9, interval = 60.0;
    double *freqs = mem_array(COUNT_VALUES, sizeof(*freqs)), freq = 1e-5;
    struct allan_point points[ALLAN_POINTS_MAX];

    random_state = 7;
    for (int i = 0; i < COUNT_VALUES; i++) {
        freqs[i] = freq;
        freq += step * noise();
    }
    assert_true(allan_of_frequencies(freqs, COUNT_VALUES, interval, points) >= 8);
    /* With steps at the ends of the intervals only: step^2 (2 m^2 + 1) / (6 m). */
    for (int i = 0; i < 7; i++) {
        double m = points[i].tau / interval;
        double expected = step * sqrt((2.0 * m * m + 1.0) / (6.0 * m));

        assert_between(points[i].deviation / expected, 0.85, 1.15);
    }
    free(freqs);
}

static void missing_values_leave_out_what_they_touch(void **state)
{
    double phases[100], freqs[100];
    struct allan_point with[ALLAN_POINTS_MAX], without[ALLAN_POINTS_MAX];

    for (int i = 0; i < 100; i++) {
        phases[i] = i % 2 == 0 ? 1.0 : -1.0;
        freqs[i] = i % 2 == 0 ? 1.0 : -1.0;
    }
    allan_of_phases(phases, 100, 1.0, without);
    phases[50] = NAN;
    allan_of_phases(phases, 100, 1.0, with);
    assert_int_equal(without[0].count - with[0].count, 3);
    assert_close(with[0].deviation, without[0].deviation, 1e-12);

    /* A frequency that is missing is in twice as many differences as intervals. */
    allan_of_frequencies(freqs, 100, 1.0, without);
    freqs[50] = NAN;
    allan_of_frequencies(freqs, 100, 1.0, with);
    assert_int_equal(without[1].count - with[1].count, 4);
    assert_close(with[0].deviation, without[0].deviation, 1e-12);
}

static void few_or_no_values_have_no_deviation(void **state)
{
    double phases[10] = {0.0};
    struct allan_point points[ALLAN_POINTS_MAX];

    assert_int_equal(allan_of_phases(phases, 0, 1.0, points), 0);
    assert_int_equal(allan_of_phases(phases, 4, 1.0, points), 0);
    assert_int_equal(allan_of_frequencies(phases, 0, 1.0, points), 0);
    for (int i = 0; i < 10; i++)
        phases[i] = NAN;
    assert_int_equal(allan_of_phases(phases, 10, 1.0, points), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_phases_are_as_computed_by_hand),
        cmocka_unit_test(white_noise_of_phases_falls_with_tau),
        cmocka_unit_test(random_walk_of_frequency_rises_with_the_root_of_tau),
        cmocka_unit_test(missing_values_leave_out_what_they_touch),
        cmocka_unit_test(few_or_no_values_have_no_deviation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
