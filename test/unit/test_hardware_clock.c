/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping of hardware clocks: the worked example of discipline.md 25.4, how readings are combined,
 * and what happens when the clock jumps.
 */
#include "test/unit/unit.h"

#include <stdlib.h>
#include "chronyd/clock/hardware_clock.h"
#include "test/unit/support_clock.h"

#define START 1700000000

struct fixture {
    struct clock_world *world;
    struct local_clock *clock;
    struct hardware_clock *hw;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct local_clock_params params = clock_world_params();
    struct hardware_clock_params hw = {.max_samples = 16, .min_separation = 1.0, .precision = 1e-7};

    f->world = clock_world_new(START);
    f->clock = local_clock_new(&f->world->world, f->world->loop, &params);
    f->hw = hardware_clock_new(&f->world->world, f->clock, &hw);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    hardware_clock_free(f->hw);
    local_clock_free(f->clock);
    clock_world_free(f->world);
    free(f);
    return 0;
}

static struct local_time local(double t)
{
    return local_add((struct local_time){{START, 0}}, t);
}

static struct hardware_time hardware(double t)
{
    return (struct hardware_time){instant_add((struct instant){0, 0}, t)};
}

static void worked_example(void **state)
{
    static const double noise[] = {0.0, 1e-7, -1e-7, 5e-8, -2e-8, 1e-7};
    static const double expected[] = {0.0,         0.249997475, 0.2499975120,
                                      0.249997495, 0.249997501, 0.249997512};
    struct fixture *f = *state;
    struct local_time t;
    double error;

    for (int i = 0; i < 6; i++) {
        /* The noise of each is rounded to what an instant holds. */
        struct hardware_time h = hardware(500.0 + i * (1.0 + 1e-5) + noise[i] + 1e-10);

        assert_true(hardware_clock_needs_sample(f->hw, local(i)));
        hardware_clock_add(f->hw, h, local(i), 5e-7);
        h.i = instant_add(h.i, 0.25);
        assert_int_equal(hardware_clock_cook(f->hw, h, &t, &error), i > 0);
        if (i == 0)
            continue;
        assert_close(local_diff(t, local(i)), expected[i], 2e-9);
        assert_close(error, 5e-7, 0.0);
    }
    assert_false(hardware_clock_needs_sample(f->hw, local(5.9)));
    assert_true(hardware_clock_needs_sample(f->hw, local(6)));
}

/* Samples of a clock that runs faster by `bend` from the sixth on, up to the twelfth, each second one
   late by `noise`; returns by how much the mapping is off one second later. Error bounds are wide enough for both lines. */
static double error_of_mapping(struct fixture *f, int min_samples, int max_samples, double bend,
                               double noise)
{
    struct hardware_clock_params params = {.min_samples = min_samples,
                                           .max_samples = max_samples,
                                           .min_separation = 1.0,
                                           .precision = 1e-7};
    struct local_time t;
    double hw = 500.0;

    hardware_clock_free(f->hw);
    f->hw = hardware_clock_new(&f->world->world, f->clock, &params);
    for (int i = 0; i < 12; i++) {
        hardware_clock_add(f->hw, hardware(hw + (i % 2 == 0 ? noise : 0.0)), local(i), 1e-3);
        hw += i < 5 ? 1.0 : 1.0 + bend;
    }
    assert_true(hardware_clock_cook(f->hw, hardware(hw), &t, NULL));
    return local_diff(t, local(12));
}

static void numbers_of_samples_are_limited(void **state)
{
    struct fixture *f = *state;

    /* The regression keeps the straight part; the two newest are on it in any case. */
    assert_close(error_of_mapping(f, 0, 16, 1e-5, 0.0), 0.0, 1e-8);
    assert_close(error_of_mapping(f, 2, 2, 1e-5, 0.0), 0.0, 1e-8);
    assert_close(error_of_mapping(f, -5, 0, 1e-5, 0.0), 0.0, 1e-8);
    /* Two samples follow all noise. */
    assert_between(error_of_mapping(f, 2, 2, 0.0, 1e-6), 0.9e-6, 1.1e-6);
    assert_between(error_of_mapping(f, 2, 1, 0.0, 1e-6), 0.9e-6, 1.1e-6);
    assert_between(error_of_mapping(f, 2, 16, 0.0, 1e-6), 0.0, 0.5e-6);
    /* All twelve have to be used. */
    assert_between(error_of_mapping(f, 12, 16, 1e-5, 0.0), 1e-6, 1e-4);
    assert_between(error_of_mapping(f, 100, 3, 1e-5, 0.0), 1e-6, 1e-4);
    /* Seven are straight; there is room for the smallest number in any case. */
    assert_close(error_of_mapping(f, 7, 7, 1e-5, 0.0), 0.0, 1e-8);
    assert_between(error_of_mapping(f, 64, 7, 1e-5, 0.0), 1e-6, 1e-4);
}

static void error_is_no_smaller_than_the_precision(void **state)
{
    static const double precisions[] = {1e-9, 1e-3};
    struct fixture *f = *state;

    clock_world_wake_at(f->world, 0.01);
    for (int i = 0; i < 2; i++) {
        struct hardware_clock_params params = {
            .max_samples = 16, .min_separation = 1.0, .precision = precisions[i]};
        struct phc_reading r = {
            .before.i = local(0.0).i, .time = hardware(500.0), .after.i = local(4e-6).i};
        struct hardware_sample s;

        hardware_clock_free(f->hw);
        f->hw = hardware_clock_new(&f->world->world, f->clock, &params);
        assert_true(hardware_clock_process(f->hw, &r, 1, &s));
        assert_close(s.error, i == 0 ? 2e-6 : 1e-3, 1e-9);
    }
}

static void jump_of_the_hardware_clock_starts_again(void **state)
{
    struct fixture *f = *state;
    struct local_time t;

    for (int i = 0; i < 4; i++)
        hardware_clock_add(f->hw, hardware(500.0 + i), local(i), 5e-7);
    assert_true(hardware_clock_cook(f->hw, hardware(504), &t, NULL));

    hardware_clock_add(f->hw, hardware(510.0), local(4), 5e-7);
    assert_false(hardware_clock_cook(f->hw, hardware(511), &t, NULL));
    hardware_clock_add(f->hw, hardware(511.0), local(5), 5e-7);
    assert_false(hardware_clock_cook(f->hw, hardware(511), &t, NULL));
    hardware_clock_add(f->hw, hardware(512.0), local(6), 5e-7);
    assert_true(hardware_clock_cook(f->hw, hardware(511), &t, NULL));
    assert_close(local_diff(t, local(5)), 0.0, 2e-9);

    /* Back in time: only the newest is left. */
    hardware_clock_add(f->hw, hardware(100.0), local(7), 5e-7);
    assert_false(hardware_clock_cook(f->hw, hardware(100), &t, NULL));
}

static void on_change(const struct clock_change *change, void *arg)
{
    hardware_clock_change(arg, change);
}

static void follows_changes_of_the_local_clock(void **state)
{
    struct fixture *f = *state;
    struct local_time t;

    for (int i = 0; i < 4; i++)
        hardware_clock_add(f->hw, hardware(500.0 + i), local(i), 5e-7);
    clock_world_wake_at(f->world, 3.0);
    local_clock_add_handler(f->clock, CLOCK_HOLDER_REFCLOCKS, on_change, f->hw);
    assert_true(local_clock_step(f->clock, -10.0));
    assert_true(hardware_clock_cook(f->hw, hardware(503.5), &t, NULL));
    assert_close(local_diff(t, local(13.5)), 0.0, 2e-9);
}

static struct phc_reading reading(double before, double hw, double after)
{
    return (struct phc_reading){
        .before.i = local(before).i, .time = hardware(hw), .after.i = local(after).i};
}

static void readings_with_a_usual_delay_are_combined(void **state)
{
    struct fixture *f = *state;
    struct phc_reading r[3] = {
        reading(0.0, 500.0 + 1e-6, 2e-6 + 1e-9),
        reading(1e-3, 500.001 + 1e-6, 1.002e-3 + 1e-9),
        reading(2e-3, 500.9, 2.5e-3),
    };
    struct hardware_sample s;

    clock_world_wake_at(f->world, 0.01);
    for (int i = 0; i < 20; i++)
        assert_true(hardware_clock_process(f->hw, r, 2, &s));
    assert_true(hardware_clock_process(f->hw, r, 3, &s));
    assert_int_equal(s.quality, 2);
    assert_close(instant_diff(s.hardware.i, hardware(500.0005).i), 1e-6, 3e-9);
    assert_close(instant_diff(s.system.i, local(0.0005).i), 1e-6, 3e-9);
    assert_close(s.error, 1e-6, 2e-9);

    /* A slow one only: used while nothing better is known, else only when it shows an error. */
    assert_true(hardware_clock_process(f->hw, r + 2, 1, &s));
    assert_int_equal(s.quality, 1);
    assert_close(s.error, 2.5e-4, 1e-8);
    hardware_clock_add(f->hw, hardware(500.89775), local(0.0), 1e-7);
    hardware_clock_add(f->hw, hardware(501.89775), local(1.0), 1e-7);
    assert_true(hardware_clock_process(f->hw, r + 2, 1, &s));
    assert_int_equal(s.quality, 0);
}

static void impossible_readings_are_refused(void **state)
{
    struct fixture *f = *state;
    struct phc_reading r = reading(1.0, 500.0, 0.9);
    struct hardware_sample s;

    assert_false(hardware_clock_process(f->hw, &r, 0, &s));
    assert_false(hardware_clock_process(f->hw, &r, 1, &s));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(worked_example),
        TEST(numbers_of_samples_are_limited),
        TEST(error_is_no_smaller_than_the_precision),
        TEST(jump_of_the_hardware_clock_starts_again),
        TEST(follows_changes_of_the_local_clock),
        TEST(readings_with_a_usual_delay_are_combined),
        TEST(impossible_readings_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
