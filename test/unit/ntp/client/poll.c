/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adaptation of the polling interval (ntp.md 14, 27.6).
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include "ntp/client/poll.h"

static void adjustment_moves_whole_steps(void **state)
{
    static const struct {
        int poll;
        double score, adjustment;
        int poll_after;
        double score_after;
    } rows[] = {
        {6, 0.0, 0.25, 6, 0.25},  {6, 0.9, 0.25, 7, 0.15}, {8, 0.3, -2.5, 6, 0.0},
        {7, 0.0, -1.0, 6, 0.0},   {10, 0.9, 0.5, 10, 1.0}, {10, 1.0, -0.1, 10, 0.9},
        {8, 0.25, -0.5, 7, 0.75}, {9, 0.0, -1.0, 7, 1.0},  {6, 0.75, 0.25, 7, 0.0},
        {8, 0.5, -0.5, 8, 0.0},   {6, 0.0, 2.5, 8, 0.5},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct poll_state p = {6, 10, rows[i].poll, rows[i].score};
        poll_adjust(&p, rows[i].adjustment);
        assert_int_equal(p.current, rows[i].poll_after);
        assert_true(fabs(p.score - rows[i].score_after) < 1e-9);
    }
}

static void infinite_adjustment_is_harmless(void **state)
{
    struct poll_state p = {-7, 24, 10, 0.5};

    poll_adjust(&p, -INFINITY);
    assert_int_equal(p.current, -7);
    poll_adjust(&p, INFINITY);
    assert_int_equal(p.current, 24);
}

static void good_samples_ask_for_the_right_interval(void **state)
{
    assert_true(fabs(poll_adjustment(0.002, 0.001, 10, 8) + 1.0) < 1e-9);
    assert_true(fabs(poll_adjustment(0.001, 0.001, 16, 8) - 0.125) < 1e-9);
    assert_true(fabs(poll_adjustment(0.0, 0.001, 4, 8) + 0.125) < 1e-9);
    assert_true(fabs(poll_adjustment(0.0, 0.001, 8, 8)) < 1e-9);
    assert_true(fabs(poll_adjustment(0.0, 0.001, 16, 8) - 0.125) < 1e-9);
    assert_true(fabs(poll_adjustment(0.0, 0.001, 64, 8) - 0.875) < 1e-9);
}

static void separation_has_limits(void **state)
{
    assert_true(poll_separation(-7) == 0.002);
    assert_true(poll_separation(-3) == 0.015625);
    assert_true(poll_separation(0) == 0.125);
    assert_true(poll_separation(1) == 0.2);
    assert_true(poll_separation(10) == 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adjustment_moves_whole_steps),
        cmocka_unit_test(infinite_adjustment_is_harmless),
        cmocka_unit_test(good_samples_ask_for_the_right_interval),
        cmocka_unit_test(separation_has_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
