/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulator's oscillator: wander, noise and what follows the temperature.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "test/sim/clock.h"
#include "test/sim/devices.h"

#define NS INT64_C(1000000000)

static struct sim_clock make(const struct sim_oscillator *oscillator)
{
    struct sim_clock clock;

    sim_clock_init(&clock, oscillator, 1262304000, 3, 1001);
    return clock;
}

/* Seconds by which it is fast. */
static double offset_at(struct sim_clock *clock, int64_t second)
{
    sim_clock_advance(clock, second * NS);
    return (double)(clock->raw - (1262304000 + second) * NS) * 1e-9 + clock->raw_rest * 1e-9;
}

static void constant_error_adds_up(void **arg)
{
    struct sim_oscillator oscillator = {.offset = 0.5, .frequency = -1e-5};
    struct sim_clock clock = make(&oscillator);

    assert_close(offset_at(&clock, 1000), 0.5 - 1e-2, 2e-9);
}

/* After n steps the error of the frequency has the standard deviation wander * sqrt(n). */
static void wander_is_a_random_walk(void **arg)
{
    double sum = 0.0;

    for (uint64_t seed = 0; seed < 400; seed++) {
        struct sim_oscillator oscillator = {.wander = 1e-8};
        struct sim_clock clock;

        sim_clock_init(&clock, &oscillator, 0, seed, 1001);
        sim_clock_advance(&clock, 100 * NS + 1);
        sum += pow(sim_clock_frequency(&clock), 2.0);
    }
    assert_close(sqrt(sum / 400.0), 1e-7, 1.5e-8);
}

static void noise_is_new_each_second(void **arg)
{
    struct sim_oscillator oscillator = {.noise = 1e-6};
    struct sim_clock clock = make(&oscillator);
    double squares = 0.0, products = 0.0, previous = 0.0;

    for (int64_t i = 1; i <= 20000; i++) {
        sim_clock_advance(&clock, i * NS);
        double frequency = sim_clock_frequency(&clock);
        squares += frequency * frequency;
        products += frequency * previous;
        previous = frequency;
    }
    assert_close(sqrt(squares / 20000.0), 1e-6, 3e-8);
    assert_close(products / squares, 0.0, 0.03);
}

static double frequency_at(struct sim_clock *clock, int64_t second)
{
    sim_clock_advance(clock, second * NS);
    return sim_clock_frequency(clock);
}

static void temperature_moves_the_frequency(void **arg)
{
    struct sim_oscillator sine = {.swing = 1e-6, .swing_period = 4000.0};
    struct sim_oscillator straight = {
        .swing = 1e-6, .swing_period = 4000.0, .swing_straight = true};
    struct sim_oscillator cold = {.warm_up = -1e-6, .warm_up_time = 100.0};
    struct sim_clock a = make(&sine), b = make(&straight), c = make(&cold);

    assert_close(frequency_at(&a, 1000), 1e-6, 1e-10);
    assert_close(frequency_at(&b, 0), -1e-6, 1e-10);
    assert_close(frequency_at(&b, 1000), 0.0, 1e-9);
    assert_close(frequency_at(&b, 2000), 1e-6, 1e-9);
    assert_close(frequency_at(&a, 3000), -1e-6, 1e-10);
    assert_close(frequency_at(&c, 100), -1e-6 / M_E, 1e-10);
    /* A whole period leaves nothing but what rounding to seconds does. */
    assert_close(offset_at(&a, 4000), 0.0, 2e-6);
}

static void sawtooth_falls_and_jumps(void **arg)
{
    struct sim_device device = {.sawtooth = 2e-8, .sawtooth_period = 10.0};
    struct sim_device none = {.sawtooth = 2e-8};

    assert_close(sim_device_sawtooth(&device, 0), 2e-8, 1e-15);
    assert_close(sim_device_sawtooth(&device, 5 * NS), 0.0, 1e-15);
    assert_close(sim_device_sawtooth(&device, 10 * NS - 1), -2e-8, 1e-15);
    assert_close(sim_device_sawtooth(&device, 10 * NS), 2e-8, 1e-15);
    assert_close(sim_device_sawtooth(&none, 5 * NS), 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_error_adds_up),
        cmocka_unit_test(wander_is_a_random_walk),
        cmocka_unit_test(noise_is_new_each_second),
        cmocka_unit_test(temperature_moves_the_frequency),
        cmocka_unit_test(sawtooth_falls_and_jumps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
