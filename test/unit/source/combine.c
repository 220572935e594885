/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arithmetic of combining sources (discipline.md 14) with its worked example. Which sources are
 * combined is tested with selection.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include "source/combine.h"

static struct samples_tracking estimate(double time, double offset, double offset_sd)
{
    return (struct samples_tracking){
        .ref_time = {instant_add((struct instant){1700000000, 0}, time)},
        .offset = offset,
        .offset_sd = offset_sd,
        .frequency = 1e-7,
        .frequency_sd = 2e-8,
        .skew = 1e-7,
    };
}

static void worked_example(void **state)
{
    struct samples_tracking selected = estimate(0.0, 1e-3, 1e-5);
    struct samples_tracking other = estimate(-10.0, 1.2e-3, 3e-5);
    struct combine_sums sums = {0};

    other.frequency = 3e-7;
    other.frequency_sd = 4e-8;
    other.skew = 3e-7;
    combine_add(&sums, &selected, &selected, 0.005);
    combine_add(&sums, &selected, &other, 0.010);
    assert_int_equal(sums.count, 2);
    struct samples_tracking result = selected;
    combine_finish(&sums, &result);

    assert_close(result.offset, 1.067666667e-3, 1e-12);
    assert_close(result.offset_sd, 1.187899547e-4, 1e-13);
    assert_close(result.frequency, 1.4e-7, 1e-16);
    assert_close(result.frequency_sd, 1.788854382e-8, 1e-17);
    assert_close(result.skew, 9.486832981e-8, 1e-17);
    assert_true(local_diff(result.ref_time, selected.ref_time) == 0.0);
}

static void nothing_added_changes_nothing(void **state)
{
    const struct combine_sums sums = {0};
    struct samples_tracking t = estimate(0.0, 1e-3, 1e-5);

    combine_finish(&sums, &t);
    assert_true(t.offset == 1e-3 && t.offset_sd == 1e-5 && t.frequency == 1e-7);
    assert_true(t.frequency_sd == 2e-8 && t.skew == 1e-7);
}

/* Two equal estimates are twice as certain about the frequency, and no more about the offset. */
static void equal_sources(void **state)
{
    const struct samples_tracking one = estimate(0.0, 1e-3, 1e-5);
    struct combine_sums sums = {0};
    struct samples_tracking result = one;

    combine_add(&sums, &one, &one, 0.005);
    combine_add(&sums, &one, &one, 0.005);
    combine_finish(&sums, &result);
    assert_close(result.offset, 1e-3, 1e-15);
    assert_close(result.offset_sd, 1e-5, 1e-17);
    assert_close(result.frequency_sd, 2e-8 / sqrt(2.0), 1e-20);
    assert_close(result.skew, 1e-7 / sqrt(2.0), 1e-20);
}

/* Distances and deviations of zero, as a perfect reference clock may have, give finite results. */
static void weights_are_finite(void **state)
{
    struct samples_tracking perfect = estimate(0.0, 1e-3, 0.0);
    const struct samples_tracking other = estimate(0.0, 2e-3, 1e-5);
    struct combine_sums sums = {0};

    perfect.frequency_sd = 0.0;
    perfect.skew = 0.0;
    combine_add(&sums, &perfect, &perfect, 0.0);
    combine_add(&sums, &perfect, &other, 0.005);
    struct samples_tracking result = perfect;
    combine_finish(&sums, &result);
    assert_close(result.offset, 1e-3, 1e-9);
    assert_true(isfinite(result.offset_sd) && isfinite(result.frequency));
    assert_true(isfinite(result.frequency_sd) && isfinite(result.skew));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example),
        cmocka_unit_test(nothing_added_changes_nothing),
        cmocka_unit_test(equal_sources),
        cmocka_unit_test(weights_are_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
