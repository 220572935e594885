/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping of hardware clocks: the worked example of discipline.md 25.4, how readings are combined,
 * and what happens when the clock jumps.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "clock/hardware_clock.h"
#include "test/unit/support/clock.h"
#include "test/unit/support/log.h"

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

/* Samples of a clock that runs faster by `bend` from the sixth on, up to the twelfth, each second
   one late by `noise`; returns by how much the mapping is off one second later. Error bounds are
   wide enough for both lines. */
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
    assert_true(local_clock_step(f->clock, -10.0, STEP_COMMAND));
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

/* Replaces the tracker and shows its debug messages. */
static void renew(struct fixture *f, int min_samples, int max_samples)
{
    struct hardware_clock_params params = {.min_samples = min_samples,
                                           .max_samples = max_samples,
                                           .min_separation = 1.0,
                                           .precision = 1e-9};

    hardware_clock_free(f->hw);
    f->hw = hardware_clock_new(&f->world->world, f->clock, &params);
    log_set_threshold(LOG_SEV_DEBUG);
    capture_log();
}

static int end_debug_log(void **state)
{
    end_log_capture();
    log_set_threshold(LOG_SEV_INFO);
    return teardown(state);
}

#define skip_without_debug()                                                                       \
    do {                                                                                           \
        if (log_lowest() > LOG_SEV_DEBUG)                                                          \
            skip();                                                                                \
    } while (0)

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* The mean of the readings whose delay lies between the quantiles of a tenth and a fifth. */
static void delays_of_the_second_tenth_are_usual(void **state)
{
    struct fixture *f = *state;
    struct local_clock_params params = clock_world_params();
    struct phc_reading r[4] = {
        reading(0.0, 500.0, 19e-6),
        reading(1e-3, 500.0, 1e-3 + 20e-6),
        reading(2e-3, 500.0, 2e-3 + 30e-6),
        reading(3e-3, 500.0, 3e-3 + 31e-6),
    };
    struct hardware_sample s;
    uint32_t random = 1;

    local_clock_free(f->clock);
    params.conf.precision = 1e-9;
    f->clock = local_clock_new(&f->world->world, f->world->loop, &params);
    renew(f, 2, 16);
    clock_world_wake_at(f->world, 1.0);
    /* The first two are where the estimates begin. */
    assert_true(hardware_clock_process(f->hw, r + 1, 1, &s));
    assert_true(hardware_clock_process(f->hw, r + 2, 1, &s));
    for (int i = 0; i < 20000; i++) {
        uint32_t percent = next_random(&random) % 100;

        f->world->random = next_random(&random);
        assert_true(hardware_clock_process(f->hw,
                                           r + (percent < 7    ? 0
                                                : percent < 15 ? 1
                                                : percent < 25 ? 2
                                                               : 3),
                                           1, &s));
    }
    r[0] = reading(0.0, 500.0, 19.5e-6);
    r[1] = reading(1e-3, 500.0, 1e-3 + 21e-6);
    r[2] = reading(2e-3, 500.0, 2e-3 + 29e-6);
    r[3] = reading(3e-3, 500.0, 3e-3 + 30.5e-6);
    assert_true(hardware_clock_process(f->hw, r, 4, &s));
    assert_int_equal(s.quality, 2);
    assert_close(s.error, (21e-6 + 29e-6) / 2.0 / 2.0, 1e-9);
    assert_close(instant_diff(s.system.i, local(1.5e-3).i), 12.5e-6, 1e-9);
}

/* Slower ones count as usual within the precision of the clock (1 us here). */
static void readings_within_the_precision_of_the_clock_are_alike(void **state)
{
    struct fixture *f = *state;
    struct phc_reading r[3] = {
        reading(0.0, 500.0, 2.0e-6),
        reading(1e-3, 500.0, 1e-3 + 2.9e-6),
        reading(2e-3, 500.0, 2e-3 + 3.1e-6),
    };
    struct hardware_sample s;

    clock_world_wake_at(f->world, 1.0);
    for (int i = 0; i < 20; i++)
        assert_true(hardware_clock_process(f->hw, r, 1, &s));
    assert_true(hardware_clock_process(f->hw, r, 3, &s));
    assert_int_equal(s.quality, 2);
    assert_close(s.error, (2.0e-6 + 2.9e-6) / 2.0 / 2.0, 2e-9);
}

static void fastest_of_slow_readings_is_used(void **state)
{
    struct fixture *f = *state;
    struct phc_reading usual = reading(0.0, 500.0, 2e-6);
    struct phc_reading r[4] = {
        reading(0.0, 500.0, 60e-6),
        reading(1e-3, 500.002, 1e-3 + 40e-6),
        reading(2e-3, 500.004, 2e-3 + 40e-6),
        reading(3e-3, 500.006, 3e-3 + 50e-6),
    };
    struct hardware_sample s;

    skip_without_debug();
    renew(f, 2, 16);
    clock_world_wake_at(f->world, 1.0);
    for (int i = 0; i < 20; i++)
        assert_true(hardware_clock_process(f->hw, &usual, 1, &s));
    assert_true(hardware_clock_process(f->hw, r, 4, &s));
    assert_int_equal(s.quality, 1);
    assert_close(instant_diff(s.hardware.i, hardware(500.002).i), 0.0, 0.0);
    assert_close(instant_diff(s.system.i, local(1e-3).i), 20e-6, 1e-9);
    assert_close(s.error, 20e-6, 1e-9);
    assert_int_equal(logged("Min-delay reading err=2.000000e-05 prerr=0.000000e+00 ql=1\n"), 1);
    assert_int_equal(logged("Combined 0 readings lo="), 1);

    /* Of use only when the system clock is later than the mapping by more than the error. */
    hardware_clock_add(f->hw, hardware(500.002 + 30.0001e-6), local(1e-3), 1e-7);
    hardware_clock_add(f->hw, hardware(501.002 + 30.0001e-6), local(1.0 + 1e-3), 1e-7);
    assert_true(hardware_clock_process(f->hw, r, 4, &s));
    assert_int_equal(s.quality, 1);
    assert_int_equal(logged("Min-delay reading err=2.000000e-05 prerr=5.000000e-05 ql=1\n"), 1);
    r[1].time = hardware(500.002 + 100e-6);
    assert_true(hardware_clock_process(f->hw, r, 4, &s));
    assert_int_equal(s.quality, 0);
}

/* The system clock slews by a twelfth: what took 2 us of raw time took less. */
static void delays_are_counted_in_cooked_time(void **state)
{
    struct fixture *f = *state;
    struct phc_reading r[2];
    struct hardware_sample s;

    clock_world_wake_at(f->world, 1.0);
    assert_true(local_clock_accumulate_offset(f->clock, 10.0, 1000.0));
    clock_world_wake_at(f->world, 2.0);
    double rate = local_diff(local_clock_cook(f->clock, clock_world_raw(f->world, 2.0), NULL),
                             local_clock_cook(f->clock, clock_world_raw(f->world, 1.0), NULL));
    assert_true(fabs(rate - 1.0) > 0.05);

    r[0] = reading(1.5, 500.0, 1.5 + 40e-6);
    assert_true(hardware_clock_process(f->hw, r, 1, &s));
    assert_close(s.error, 20e-6 * rate, 1e-9);
    /* Those that have no length together have the rate 1, those that take no time are good. */
    r[0] = reading(1.5 + 40e-6, 500.0, 1.5 + 80e-6);
    r[1] = reading(1.5, 500.0, 1.5 + 40e-6);
    assert_true(hardware_clock_process(f->hw, r, 2, &s));
    assert_close(s.error, 20e-6, 1e-9);
    r[0] = reading(1.5, 500.0, 1.5);
    assert_true(hardware_clock_process(f->hw, r, 1, &s));
    assert_close(s.error, 1e-7, 1e-9);
}

/* Adds one for every second from `first` on. */
static void add_samples(struct fixture *f, int first, int count, double rate)
{
    for (int i = first; i < first + count; i++)
        hardware_clock_add(f->hw, hardware(500.0 + rate * i + 1e-10), local(i), 1e-6);
}

static void messages_show_samples_and_line(void **state)
{
    struct fixture *f = *state;

    skip_without_debug();
    renew(f, 2, 16);
    add_samples(f, 0, 1, 1.00001);
    assert_int_equal(logged("HW clock needs more samples\n"), 1);
    add_samples(f, 1, 1, 1.00001);
    assert_int_equal(logged("HW clock samples=2 offset=0.000000e+00 freq=1.000000e-05 "
                            "raw_freq=1.000000e-05 err=1.000000e-06 ref_diff=-1."),
                     1);
    end_log_capture();
    renew(f, 2, 16);
    add_samples(f, 0, 20, 1.0);
    for (int n = 2; n <= 16; n++) {
        char text[32];

        snprintf(text, sizeof(text), "HW clock samples=%d ", n);
        assert_int_equal(logged(text), n < 16 ? 1 : 20 - 16 + 1);
    }
}

static void sixty_four_samples_are_kept_at_most(void **state)
{
    struct fixture *f = *state;

    skip_without_debug();
    renew(f, 64, 1000);
    add_samples(f, 0, 66, 1.0);
    assert_int_equal(logged("HW clock samples=64 "), 3);
    assert_int_equal(logged("HW clock samples=65 "), 0);
}

/* The regression needs few of the samples behind a bend, but the smallest number is kept. */
static void smallest_number_of_samples_is_kept(void **state)
{
    struct fixture *f = *state;
    double hw = 500.0;

    skip_without_debug();
    renew(f, 12, 16);
    for (int i = 0; i < 16; i++) {
        hardware_clock_add(f->hw, hardware(hw), local(i), 1e-2);
        hw += i < 9 ? 1.0 : 1.0 + 1e-4;
    }
    for (int n = 2; n < 12; n++) {
        char text[32];

        snprintf(text, sizeof(text), "HW clock samples=%d ", n);
        assert_int_equal(logged(text), 1);
    }
    assert_true(logged("HW clock samples=12 ") > 1);
}

static void samples_that_do_not_follow_start_again(void **state)
{
    static const struct {
        double hardware, local; /* after 502, 2 */
        bool follows;
    } cases[] = {
        {502.51, 2.51, true},
        {502.49, 2.49, false},
        {502.0, 3.0, false},
        {502.0 + 2e-9, 2.51, true},
    };
    struct fixture *f = *state;

    skip_without_debug();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (i > 0)
            end_log_capture();
        renew(f, 2, 16);
        add_samples(f, 0, 3, 1.0);
        hardware_clock_add(f->hw, hardware(cases[i].hardware), local(cases[i].local), 1e3);
        assert_int_equal(logged("HW clock reset interval="), cases[i].follows ? 0 : 1);
        assert_int_equal(logged("HW clock needs more samples"), cases[i].follows ? 1 : 2);
    }
}

static void frequencies_of_no_clock_start_again(void **state)
{
    static const struct {
        double rate;
        bool valid;
    } cases[] = {{1.66, true}, {1.67, false}, {0.34, true}, {0.33, false}};
    struct fixture *f = *state;
    struct local_time t;

    skip_without_debug();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (i > 0)
            end_log_capture();
        renew(f, 2, 16);
        add_samples(f, 0, 2, cases[i].rate);
        assert_int_equal(hardware_clock_cook(f->hw, hardware(502), &t, NULL), cases[i].valid);
        assert_int_equal(logged("HW clock reset\n"), cases[i].valid ? 0 : 1);
    }
}

/* Samples are kept without the frequency of the system clock, so that a change of it is no bend. */
static void frequency_of_the_system_clock_is_taken_out(void **state)
{
    struct fixture *f = *state;
    struct local_time t;
    double second = 1.0 - 500e-6; /* a local one for a hardware one, after the change */

    skip_without_debug();
    renew(f, 6, 16);
    add_samples(f, 0, 4, 1.0);
    local_clock_add_handler(f->clock, CLOCK_HOLDER_REFCLOCKS, on_change, f->hw);
    clock_world_wake_at(f->world, 3.0);
    local_clock_set_frequency(f->clock, 500.0);
    assert_true(hardware_clock_cook(f->hw, hardware(503.5), &t, NULL));
    assert_close(local_diff(t, local(3)), 0.5 * second, 2e-9);

    for (int i = 1; i <= 2; i++) {
        hardware_clock_add(f->hw, hardware(503.0 + i), local(3.0 + i * second), 1e-6);
        assert_true(hardware_clock_cook(f->hw, hardware(503.5 + i), &t, NULL));
        assert_close(local_diff(t, local(3)), (i + 0.5) * second, 3e-9);
    }
    assert_int_equal(logged("HW clock samples=6 "), 1);
    assert_int_equal(logged("freq=5.002501e-04 raw_freq=0.000000e+00 "), 2);
}

static void only_sample_is_moved_by_a_step(void **state)
{
    struct fixture *f = *state;
    struct local_time t;

    add_samples(f, 3, 1, 1.0);
    clock_world_wake_at(f->world, 3.0);
    local_clock_add_handler(f->clock, CLOCK_HOLDER_REFCLOCKS, on_change, f->hw);
    assert_true(local_clock_step(f->clock, -10.0, STEP_COMMAND));
    hardware_clock_add(f->hw, hardware(504.0), local(14.0), 1e-6);
    assert_true(hardware_clock_cook(f->hw, hardware(505.0), &t, NULL));
    assert_close(local_diff(t, local(15.0)), 0.0, 2e-9);
}

static void impossible_readings_are_refused(void **state)
{
    struct fixture *f = *state;
    struct phc_reading r = reading(1.0, 500.0, 0.9);
    struct hardware_sample s;

    assert_false(hardware_clock_process(f->hw, &r, 0, &s));
    assert_false(hardware_clock_process(f->hw, &r, 1, &s));
}

#define TEST(name)       cmocka_unit_test_setup_teardown(name, setup, teardown)
#define DEBUG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, end_debug_log)

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
        DEBUG_TEST(delays_of_the_second_tenth_are_usual),
        TEST(readings_within_the_precision_of_the_clock_are_alike),
        DEBUG_TEST(fastest_of_slow_readings_is_used),
        TEST(delays_are_counted_in_cooked_time),
        DEBUG_TEST(messages_show_samples_and_line),
        DEBUG_TEST(sixty_four_samples_are_kept_at_most),
        DEBUG_TEST(smallest_number_of_samples_is_kept),
        DEBUG_TEST(samples_that_do_not_follow_start_again),
        DEBUG_TEST(frequencies_of_no_clock_start_again),
        DEBUG_TEST(frequency_of_the_system_clock_is_taken_out),
        TEST(only_sample_is_moved_by_a_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
