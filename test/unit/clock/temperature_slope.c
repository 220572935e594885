/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slope of frequency over temperature: found under noise and wander, not found where there is
 * none, and not spoilt by jumps of sources and faults of sensors.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "clock/temperature_slope.h"

/* 0.1 ppm per unit. */
#define SLOPE 1e-7

struct oscillator {
    struct temperature_slope slope;
    uint32_t random;
    double time, frequency;                   /* s; ratio, what is left without temperature */
    double wander, noise;                     /* of the frequency in a second; of an offset, s */
    double dependence;                        /* ratio per unit */
    double last_error;                        /* of the offset */
    double mean, swing, period;               /* of the temperature */
    double walk, walked;                      /* of the temperature: its step in a second */
    double felt, lag;                         /* by the oscillator, s later */
    double smooth[TEMPERATURE_VIEWS], jumped; /* of the offset, once */
};

static const double lags[TEMPERATURE_VIEWS] = {0.0, 10.0, 60.0, 300.0, 1500.0};

static double draw(struct oscillator *o)
{
    o->random = o->random * 1664525 + 1013904223;
    return (o->random + 0.5) / 4294967296.0;
}

static double draw_normal(struct oscillator *o)
{
    double sum = -6.0;

    for (int i = 0; i < 12; i++)
        sum += draw(o);
    return sum;
}

static struct oscillator make(unsigned int seed, double dependence)
{
    struct oscillator o = {.random = seed * 7919 + 1,
                           .frequency = 2e-5,
                           .wander = 1e-9,
                           .noise = 1e-5,
                           .dependence = dependence,
                           .mean = 45.0,
                           .swing = 5.0,
                           .period = 7200.0};

    temperature_slope_init(&o.slope);
    for (int i = 0; i < TEMPERATURE_VIEWS; i++)
        o.smooth[i] = o.mean;
    o.felt = o.mean;
    return o;
}

/* One interval between two corrections, in steps of a second. */
static void run_interval(struct oscillator *o, int seconds)
{
    struct temperature_interval interval = {.duration = seconds};

    for (int s = 0; s < seconds; s++) {
        o->walked += o->walk * draw_normal(o);
        double temperature = o->mean + o->walked + o->swing * sin(2.0 * M_PI * o->time / o->period);

        o->felt += (temperature - o->felt) / (1.0 + o->lag);
        o->frequency += o->wander * draw_normal(o);
        interval.gain += o->frequency + o->dependence * (o->felt - o->mean);
        for (int i = 0; i < TEMPERATURE_VIEWS; i++) {
            o->smooth[i] += (temperature - o->smooth[i]) / (1.0 + lags[i]);
            interval.heat[i] += o->smooth[i];
        }
        o->time += 1.0;
    }
    double error = o->noise * draw_normal(o);
    interval.gain += error - o->last_error + o->jumped;
    o->last_error = error;
    o->jumped = 0.0;
    temperature_slope_add(&o->slope, &interval);
}

static void run(struct oscillator *o, double seconds, int interval)
{
    for (double end = o->time + seconds; o->time < end;)
        run_interval(o, interval);
}

static double applied(const struct oscillator *o)
{
    const struct temperature_estimate *e = temperature_slope_estimate(&o->slope);

    return e->trust * e->slope;
}

static void slope_is_learnt_within_hours(void **state)
{
    static const int intervals[] = {1, 16, 64, 256, 1024};

    for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
        struct oscillator o = make(1, SLOPE);

        assert_true(applied(&o) == 0.0);
        run(&o, 40000.0, intervals[i]);
        const struct temperature_estimate *e = temperature_slope_estimate(&o.slope);
        assert_true(fabs(e->slope - SLOPE) < 4.0 * e->slope_sd);
        assert_close(applied(&o), SLOPE, 0.15 * SLOPE);
    }
}

static void sign_and_unit_do_not_matter(void **state)
{
    struct oscillator o = make(2, -SLOPE / 1000.0);

    o.mean = 45000.0;
    o.swing = 5000.0;
    for (int i = 0; i < TEMPERATURE_VIEWS; i++)
        o.smooth[i] = o.felt = o.mean;
    run(&o, 40000.0, 64);
    assert_close(applied(&o), -SLOPE / 1000.0, 0.1 * SLOPE / 1000.0);
}

/* Frequency and temperature that both wander seem to depend on each other. What little is applied
   by mistake is small beside the wander. */
static void unrelated_temperatures_teach_nothing(void **state)
{
    int believed = 0;

    for (unsigned int seed = 0; seed < 60; seed++) {
        struct oscillator o = make(seed, 0.0);

        o.wander = seed % 2 ? 1e-8 : 1e-10;
        o.walk = seed % 3 ? 0.02 : 0.0;
        run(&o, 50000.0, seed % 2 ? 64 : 512);
        if (temperature_slope_estimate(&o.slope)->trust > 0.0)
            believed++;
        assert_true(temperature_slope_estimate(&o.slope)->trust < 0.6);
    }
    assert_true(believed <= 3);
}

/* The frequency goes up and down, too, but in its own time. */
static void another_cycle_is_no_slope(void **state)
{
    for (int i = 0; i < 5; i++) {
        struct oscillator o = make(9, SLOPE);
        double own_period = 3000.0 + 2500.0 * i;

        while (o.time < 60000.0) {
            struct temperature_interval interval = {.duration = 64.0};

            interval.gain =
                64.0 * SLOPE * 5.0 * sin(2.0 * M_PI * o.time / 7200.0) + 1e-6 * draw_normal(&o);
            for (int view = 0; view < TEMPERATURE_VIEWS; view++)
                interval.heat[view] = 64.0 * 5.0 * sin(2.0 * M_PI * o.time / own_period);
            temperature_slope_add(&o.slope, &interval);
            o.time += 64.0;
            if (o.time > 20000.0)
                assert_true(fabs(applied(&o)) < 0.1 * SLOPE);
        }
    }
}

static void deviation_is_honest(void **state)
{
    double sum = 0.0;

    for (unsigned int seed = 0; seed < 40; seed++) {
        struct oscillator o = make(seed, SLOPE);

        o.wander = seed % 2 ? 1e-8 : 1e-10;
        o.walk = 0.02;
        run(&o, 50000.0, 64);
        const struct temperature_estimate *e = temperature_slope_estimate(&o.slope);
        double error = (e->slope - SLOPE) / e->slope_sd;
        sum += error * error;
    }
    assert_true(sum / 40.0 > 0.1 && sum / 40.0 < 1.5);
}

static void view_that_fits_is_found(void **state)
{
    for (int view = 2; view < TEMPERATURE_VIEWS; view++) {
        struct oscillator o = make(3, SLOPE);

        o.lag = lags[view];
        o.noise = 1e-6;
        run(&o, 80000.0, 64);
        assert_int_equal(o.slope.best, view);
        assert_close(applied(&o), SLOPE, 0.1 * SLOPE);
    }
}

static void jump_of_a_source_does_not_count(void **state)
{
    struct oscillator o = make(4, SLOPE);

    run(&o, 40000.0, 64);
    o.jumped = 5e-3;
    run(&o, 4000.0, 64);
    assert_close(applied(&o), SLOPE, 0.15 * SLOPE);
}

/* The sensor shows 0 for ten minutes. */
static void fault_of_the_sensor_takes_slope_away_and_not_more(void **state)
{
    struct oscillator o = make(5, SLOPE);

    run(&o, 40000.0, 64);
    o.walked = -o.mean;
    o.dependence = 0.0;
    run(&o, 600.0, 64);
    o.walked = 0.0;
    o.dependence = SLOPE;
    run(&o, 600.0, 64);
    assert_true(applied(&o) > 0.0 && applied(&o) < 1.1 * SLOPE);
    run(&o, 80000.0, 64);
    assert_close(applied(&o), SLOPE, 0.35 * SLOPE);
}

static void constant_temperature_teaches_nothing_until_it_moves(void **state)
{
    struct oscillator o = make(6, SLOPE);

    o.swing = 0.0;
    run(&o, 40000.0, 64);
    const struct temperature_estimate *e = temperature_slope_estimate(&o.slope);
    assert_true(e->trust == 0.0 && e->slope == 0.0);
    o.swing = 5.0;
    run(&o, 80000.0, 64);
    assert_close(applied(&o), SLOPE, 0.2 * SLOPE);

    /* As good as constant. */
    o = make(6, SLOPE);
    o.swing = 1e-3;
    run(&o, 40000.0, 64);
    assert_true(applied(&o) == 0.0);
    o.swing = 5.0;
    run(&o, 160000.0, 64);
    assert_close(applied(&o), SLOPE, 0.2 * SLOPE);
}

static void new_slope_is_learnt(void **state)
{
    struct oscillator o = make(7, SLOPE);

    run(&o, 40000.0, 64);
    o.dependence = 2.0 * SLOPE;
    run(&o, 400000.0, 64);
    assert_close(applied(&o), 2.0 * SLOPE, 0.2 * SLOPE);
}

static void irregular_intervals_are_as_good(void **state)
{
    struct oscillator o = make(8, SLOPE);

    while (o.time < 120000.0)
        run_interval(&o, 1 + (int)(3000.0 * pow(draw(&o), 4.0)));
    assert_close(applied(&o), SLOPE, 0.15 * SLOPE);
    /* Longer than all scales. */
    run_interval(&o, 200000);
    run(&o, 20000.0, 64);
    assert_close(applied(&o), SLOPE, 0.15 * SLOPE);
}

static void broken_chain_compares_nothing_across_it(void **state)
{
    struct temperature_slope s;
    struct temperature_interval a = {.duration = 128.0, .gain = 1.0};

    temperature_slope_init(&s);
    temperature_slope_add(&s, &a);
    temperature_slope_break(&s);
    temperature_slope_add(&s, &a);
    assert_int_equal(s.changes, 0);
    temperature_slope_add(&s, &a);
    assert_int_equal(s.changes, 1);

    struct temperature_interval bad[] = {a, a, a};
    bad[0].duration = 0.0;
    bad[1].gain = NAN;
    bad[2].heat[3] = INFINITY;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unsigned long changes = s.changes;

        temperature_slope_break(&s);
        temperature_slope_add(&s, &a);
        temperature_slope_add(&s, &bad[i]);
        temperature_slope_add(&s, &a);
        assert_int_equal(s.changes, changes);
        assert_true(isfinite(temperature_slope_estimate(&s)->slope));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slope_is_learnt_within_hours),
        cmocka_unit_test(sign_and_unit_do_not_matter),
        cmocka_unit_test(unrelated_temperatures_teach_nothing),
        cmocka_unit_test(another_cycle_is_no_slope),
        cmocka_unit_test(deviation_is_honest),
        cmocka_unit_test(view_that_fits_is_found),
        cmocka_unit_test(jump_of_a_source_does_not_count),
        cmocka_unit_test(fault_of_the_sensor_takes_slope_away_and_not_more),
        cmocka_unit_test(constant_temperature_teaches_nothing_until_it_moves),
        cmocka_unit_test(new_slope_is_learnt),
        cmocka_unit_test(irregular_intervals_are_as_good),
        cmocka_unit_test(broken_chain_compares_nothing_across_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
