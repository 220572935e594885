/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slew engine: the worked example of discipline.md 5.6 over the Linux driver of a fake kernel.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "clock/driver_linux.h"
#include "clock/slew.h"
#include "test/unit/support/clock.h"

#define START 1700000000

static void assert_near(double value, double expected, double tolerance)
{
    if (fabs(value - expected) > fabs(expected) * tolerance + 1e-15) {
        print_error("%.12g is not %.12g\n", value, expected);
        fail();
    }
}

struct row {
    double offset, freq, duration, excess, kernel_ppm, error;
};

static void check(const struct slew *slew, struct row row)
{
    struct slew_state s;

    slew_get_state(slew, &s);
    /* The times of the table are known to a nanosecond, offsets with 10 digits. */
    assert_true(fabs(s.offset_register - row.offset) < fabs(row.offset) * 4e-9 + 1e-12);
    assert_near(s.slew_freq, row.freq, 1e-8);
    assert_near(s.duration, row.duration, 1e-7);
    assert_near(s.excess, row.excess, 3e-3); /* the first rows are given with 3 digits */
    assert_near(s.kernel_freq_ppm, row.kernel_ppm, 1e-8);
    assert_near(s.error, row.error, 1e-5);
}

static void check_correction(const struct clock_world *w, const struct clock_driver *d, double t,
                             double correction, double error)
{
    struct raw_time raw = clock_world_raw(w, t);
    double err;

    assert_near(clock_scale_correction(d->ops->scale(d->ctx, raw), raw, &err), correction, 1e-7);
    assert_near(err, error, 1e-5);
}

static void count_dispersion(double dispersion, void *arg)
{
    *(double *)arg += dispersion;
}

static void slews_follow_the_worked_example(void **state)
{
    struct clock_world *w = clock_world_new(START);
    double dispersion = 0.0;
    struct slew *slew =
        slew_new(&w->world, w->loop, driver_linux_new(&w->world, false), 1e6 / 12.0);
    struct clock_driver d = slew_driver(slew);

    slew_set_dispersion_handler(slew, count_dispersion, &dispersion);
    d.ops->set_frequency(d.ctx, 0.0);
    d.ops->accrue_offset(d.ctx, 1e-3, 9.6e-3);
    check(slew, (struct row){0.001, 1.041775083e-4, 9.599000938, 1.71e-9, 104.1666565, 1.14595e-9});
    check_correction(w, &d, 0.0, -0.001, 1.14595e-9);
    check_correction(w, &d, 5.0, -4.791124584e-4, 0.0);
    assert_near(dispersion, 1.14595e-9, 1e-5);

    clock_world_wake_at(w, 9.6);
    check(slew, (struct row){-1.040797377e-7, 0, 10000, 9.990614999e-4, 0, 1.14595e-9});
    check_correction(w, &d, 9.6, 1.040797377e-7, 1.14595e-9);

    clock_world_wake_at(w, 9.65);
    d.ops->set_frequency(d.ctx, 10.0);
    d.ops->accrue_offset(d.ctx, -2e-3, 9.6e-3);
    check(slew, (struct row){-0.00200010408, -4.165364485e-4, 4.801750452, 8.092415249e-4,
                             -406.7058563, 4.58190e-9});
    check_correction(w, &d, 9.65, 0.00200010408, 4.58190e-9);

    clock_world_wake_at(w, 14.47);
    check(slew, (struct row){7.601601665e-6, 6.012023047e-9, 1264.399954, 0.01824954741,
                             10.00601196, 4.58197e-9});
    d.ops->accrue_offset(d.ctx, 1.0, 0.0);
    check(slew,
          (struct row){1.000007602, 0.09090909091, 11.00008362, 0.01642459357, 83342.5, 1.0e-6});

    clock_world_wake_at(w, 26.47);
    check(slew, (struct row){-0.09090148931, -0.01785714286, 5.0904834, 0.9999163824, -18171.63637,
                             1.196428571e-6});
    check_correction(w, &d, 26.47, 0.09090148931, 1.196428571e-6);

    clock_world_wake_at(w, 27.47);
    d.ops->accrue_offset(d.ctx, -100.0, 0.0);
    check(slew, (struct row){-100.0730443, -0.07692307692, 1300.949577, 0.899924745, -83322.5,
                             6.49725e-7});
    check_correction(w, &d, 28.47, 99.99612127, 0.0);

    d.ops->free(d.ctx);
    assert_int_equal(w->kernel.tick, 10000); /* the base frequency is left */
    assert_int_equal(w->kernel.freq, -655360);
    clock_world_free(w);
}

static void step_moves_the_start_of_the_slew(void **state)
{
    struct clock_world *w = clock_world_new(START);
    struct slew *slew =
        slew_new(&w->world, w->loop, driver_linux_new(&w->world, false), 1e6 / 12.0);
    struct clock_driver d = slew_driver(slew);

    d.ops->accrue_offset(d.ctx, 1e-3, 9.6e-3);
    assert_true(d.ops->step(d.ctx, 3.5, STEP_COMMAND));
    d.ops->stepped(d.ctx, 3.5);
    assert_true(w->stepped_ns == -3500000000);
    check_correction(w, &d, 5.0, -4.791124584e-4, 0.0);
    d.ops->free(d.ctx);
    clock_world_free(w);
}

static void sync_status_includes_the_offset_that_is_left(void **state)
{
    struct clock_world *w = clock_world_new(START);
    struct slew *slew = slew_new(&w->world, w->loop, driver_linux_new(&w->world, true), 1e6 / 12.0);
    struct clock_driver d = slew_driver(slew);

    d.ops->accrue_offset(d.ctx, -0.25, 0.0);
    d.ops->set_sync_status(d.ctx, true, 0.125, 0.5);
    assert_int_equal(w->kernel.esterror, 250000);
    assert_int_equal(w->kernel.maxerror, 750000);
    d.ops->free(d.ctx);
    clock_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slews_follow_the_worked_example),
        cmocka_unit_test(step_moves_the_start_of_the_slew),
        cmocka_unit_test(sync_status_includes_the_offset_that_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
