/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bank of filters: what it learns from samples whose wander and noise are known here, and how
 * it takes steps and outliers (discipline.md 30.2).
 */
#include "test/unit/support/unit.h"
#include <limits.h>
#include <math.h>
#include <string.h>
#include "base/number.h"
#include "source/bank.h"

/* A clock and a network with numbers from a fixed sequence. */
struct truth {
    uint64_t state;
    double offset, frequency, wander;
};

static double uniform(struct truth *t)
{
    t->state = t->state * 6364136223846793005U + 1442695040888963407U;
    return ((double)(t->state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct truth *t)
{
    double r = sqrt(-2.0 * log(uniform(t)));

    return r * cos(2.0 * M_PI * uniform(t));
}

static void advance(struct truth *t, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        t->offset += t->frequency;
        t->frequency += t->wander * normal(t);
    }
}

/* Delays there and back above those of an empty path; the bound follows from their sum. */
static struct bank_noise jitter(struct truth *t, double there, double back, double *error)
{
    double d1 = -there * log(uniform(t)), d2 = -back * log(uniform(t));

    *error = 0.5 * (d1 - d2);
    return (struct bank_noise){.bound = 0.5 * (d1 + d2) + 1e-9,
                               .softness = 1e-9,
                               .variance = 0.5 * (there + back) * (there + back) / 4.0,
                               .edge_bound = 0.5 * (d1 + d2) + 1e-9,
                               .tilt = 8.0 / (there + back)};
}

struct outcome {
    double rms, calibration; /* of the offset right after samples; and of its claim */
    double wander;           /* geometric mean of what was learnt */
};

static struct outcome run(struct bank *b, struct truth *t, int samples, int interval, double there,
                          double back)
{
    struct outcome o = {0.0, 0.0, 0.0};
    int used = 0;

    for (int i = 0; i < samples; i++) {
        double error;
        struct bank_noise noise = jitter(t, there, back, &error);
        bank_update(b, i > 0 ? interval : 0.0, t->offset + error, &noise);
        double wrong = b->mix.offset - t->offset;
        if (i >= samples / 4) {
            used++;
            o.rms += wrong * wrong;
            o.calibration += wrong * wrong / b->mix.offset_variance;
            o.wander += 0.5 * log(bank_wander(b));
        }
        advance(t, interval);
    }
    o.rms = sqrt(o.rms / used);
    o.calibration /= used;
    o.wander = exp(o.wander / used);
    return o;
}

static void wander_is_learnt(void **state)
{
    static const double wanders[] = {1e-9, 1e-8, 1e-7};

    for (size_t i = 0; i < COUNT(wanders); i++) {
        struct bank b = {.samples = 0};
        struct truth t = {.state = 1, .frequency = 5e-5, .wander = wanders[i]};
        struct outcome o = run(&b, &t, 4000, 64, 1e-5, 1e-5);
        if (!(o.wander > 0.3 * wanders[i] && o.wander < 3.0 * wanders[i]))
            fail_msg("wander %g: %g was learnt", wanders[i], o.wander);
    }
}

/* The bound makes a sample worth more than its variance says: so the estimate is better than that
   of a Kalman filter that knows wander and variance (its error here is 1.44e-5, by the Riccati
   equation). */
static void bound_beats_the_filter_that_knows_the_variance(void **state)
{
    struct bank b = {.samples = 0};
    struct truth t = {.state = 2, .frequency = 5e-5, .wander = 1e-9};
    struct outcome o = run(&b, &t, 4000, 16, 1e-4, 1e-4);

    assert_true(o.rms < 0.7 * 1.44e-5);
    assert_true(bank_shape_weight(&b, BANK_BOUND) > 0.5);
}

static void claims_hold(void **state)
{
    static const double jitters[] = {1e-6, 1e-5, 1e-4};

    for (size_t i = 0; i < COUNT(jitters); i++) {
        struct bank b = {.samples = 0};
        struct truth t = {.state = 3 + i, .frequency = -2e-5, .wander = 1e-9};
        struct outcome o = run(&b, &t, 4000, 64, jitters[i], jitters[i]);
        if (!(o.calibration > 0.5 && o.calibration < 1.5))
            fail_msg("jitter %g: calibration %g", jitters[i], o.calibration);
    }
}

/* Nine times the jitter in one direction: a filter that knows nothing but mean and variance of the
   errors has an error of 1.73e-5 here, by the Riccati equation. */
static void jitter_on_one_way_is_learnt(void **state)
{
    struct bank fast = {.samples = 0}, slow = {.samples = 0};
    struct truth t = {.state = 7, .frequency = 1e-5, .wander = 1e-9};

    assert_true(run(&slow, &t, 4000, 16, 2e-5, 1.8e-4).rms < 0.5 * 1.73e-5);
    assert_true(bank_shape_weight(&slow, BANK_EDGE_SLOW) > 0.5);
    t.state = 8;
    struct outcome o = run(&fast, &t, 4000, 16, 1.8e-4, 2e-5);
    assert_true(o.rms < 0.5 * 1.73e-5);
    assert_true(bank_shape_weight(&fast, BANK_EDGE_FAST) > 0.5);
    assert_true(o.calibration > 0.5 && o.calibration < 1.5);
}

/* What was known of the frequency counts from the first sample on. */
static void known_frequency_is_kept(void **state)
{
    struct bank known = {.samples = 0}, unknown = {.samples = 0};
    struct truth t = {.state = 12, .frequency = 3e-6, .wander = 1e-9}, same = t;

    known.start_frequency = 3e-6;
    known.start_frequency_sd = 1e-8;
    run(&known, &t, 4, 2, 1e-4, 1e-4);
    run(&unknown, &same, 4, 2, 1e-4, 1e-4);
    assert_true(fabs(known.mix.frequency - 3e-6) < 2e-8);
    assert_true(sqrt(known.mix.frequency_variance) < 1e-6);
    assert_true(sqrt(unknown.mix.frequency_variance) > 5e-6);
    bank_reset(&known);
    assert_true(known.start_frequency_sd == 0.0);
}

/* Without a bound the shapes are noises: the right one predicts best. */
static void noise_without_a_bound_is_learnt(void **state)
{
    static const double scales[] = {0.125, 0.5, 2.0, 8.0};

    for (size_t i = 0; i < COUNT(scales); i++) {
        struct bank b = {.samples = 0};
        struct truth t = {.state = 30 + i, .frequency = 1e-5, .wander = 1e-9};
        const struct bank_noise noise = {
            .variance = scales[i] * 1e-12, .base = 1e-12, .unbounded = true};
        for (int k = 0; k < 500; k++) {
            bank_update(&b, k > 0 ? 4.0 : 0.0, t.offset + sqrt(scales[i] * 1e-12) * normal(&t),
                        &noise);
            advance(&t, 4);
        }
        double scale = bank_noise_scale(&b);
        if (!(scale > 0.6 * scales[i] && scale < 1.7 * scales[i]))
            fail_msg("noise %g: %g was found", scales[i], scale);
        assert_true(bank_shape_weight(&b, (enum bank_shape)i) > 0.5);
    }
}

/* The weights stay with the variances that they belong to. */
static void base_is_moved_with_the_weights(void **state)
{
    struct bank b = {.samples = 0};
    const struct bank_noise noise = {.variance = 1e-12, .base = 1e-12, .unbounded = true};

    for (int k = 0; k < 50; k++)
        bank_update(&b, k > 0 ? 4.0 : 0.0, 2e-6 * (k % 2), &noise);
    double half = bank_shape_weight(&b, (enum bank_shape)1), scale = bank_noise_scale(&b);
    struct bank_state before = b.mix;
    bank_move_base(&b, 1);
    assert_true(bank_shape_weight(&b, (enum bank_shape)0) >= half);
    assert_true(bank_shape_weight(&b, (enum bank_shape)3) == 0.0);
    assert_true(bank_noise_scale(&b) < 0.5 * scale);
    assert_true(fabs(b.mix.offset - before.offset) < 1e-6);
    bank_move_base(&b, -1);
    assert_true(bank_shape_weight(&b, (enum bank_shape)0) == 0.0);
    assert_true(bank_noise_scale(&b) < 2.0 * scale && bank_noise_scale(&b) > 0.5 * scale);
}

static void wander_stays_within_floor_and_ceiling(void **state)
{
    struct bank low = {.wander_floor = 1e-14}, high = {.wander_ceiling = 1e-19};
    struct truth t = {.state = 40, .frequency = 1e-5, .wander = 1e-9}, u = t;

    run(&low, &t, 200, 64, 1e-5, 1e-5);
    assert_true(bank_wander(&low) >= 0.999e-14 && bank_wander(&low) < 1e-12);
    u.wander = 1e-8;
    run(&high, &u, 200, 64, 1e-5, 1e-5);
    assert_true(bank_wander(&high) > 1e-22 && bank_wander(&high) <= 1.001e-19);
    bank_reset(&low);
    bank_reset(&high);
    assert_true(low.wander_floor == 1e-14 && high.wander_ceiling == 1e-19);
}

/* The mean counts what is unlikely, but not the wanders that no oscillator has. */
static void mean_wander_is_not_less_than_the_geometric_one(void **state)
{
    struct bank b = {.samples = 0};
    struct truth t = {.state = 13, .frequency = 5e-5, .wander = 1e-9};

    assert_true(bank_mean_wander(&b) <= 1e-12);
    run(&b, &t, 60, 1024, 1e-4, 1e-4);
    double mean = bank_mean_wander(&b);
    assert_true(mean >= bank_wander(&b));
    if (!(mean > 0.1 * 1e-18 && mean < 20.0 * 1e-18))
        fail_msg("mean wander %g", mean);
}

static void settle(struct bank *b, struct truth *t)
{
    run(b, t, 200, 16, 1e-5, 1e-5);
}

static void expected_error_is_subtracted(void **state)
{
    struct bank b = {.samples = 0};
    struct bank_noise noise = {.mean = 1e-3, .bound = 1e-5, .softness = 1e-7, .variance = 5e-11};

    for (int i = 0; i < 20; i++)
        bank_update(&b, i > 0 ? 16.0 : 0.0, 1e-3, &noise);
    assert_true(fabs(b.mix.offset) < 1e-5);
}

static void lone_outlier_is_ignored(void **state)
{
    struct bank b = {.samples = 0};
    struct truth t = {.state = 11, .frequency = 1e-5, .wander = 1e-9};
    const struct bank_noise noise = {.bound = 1e-5, .softness = 1e-7, .variance = 5e-11};

    settle(&b, &t);
    assert_int_equal(bank_update(&b, 16.0, t.offset + 1.0, &noise), BANK_IGNORED);
    advance(&t, 16);
    assert_int_equal(bank_update(&b, 16.0, t.offset, &noise), BANK_USED);
    assert_true(fabs(b.mix.offset - t.offset) < 2e-5);
}

static void step_is_followed_with_the_second_sample(void **state)
{
    struct bank b = {.samples = 0};
    struct truth t = {.state = 12, .frequency = 1e-5, .wander = 1e-9};
    const struct bank_noise noise = {.bound = 1e-5, .softness = 1e-7, .variance = 5e-11};

    settle(&b, &t);
    double frequency = b.mix.frequency;
    t.offset += 2e-3;
    assert_int_equal(bank_update(&b, 16.0, t.offset, &noise), BANK_IGNORED);
    advance(&t, 16);
    assert_int_equal(bank_update(&b, 16.0, t.offset, &noise), BANK_STEPPED);
    assert_true(fabs(b.mix.offset - t.offset) < 2e-5);
    assert_true(fabs(b.mix.frequency - frequency) < 1e-7);
}

/* Somebody holds up one packet on the way there, and the next one on the way back. */
static void two_errors_are_no_frequency(void **state)
{
    struct bank b = {.samples = 0};
    struct truth t = {.state = 12, .frequency = 1e-5, .wander = 1e-9};
    const struct bank_noise noise = {.bound = 1e-5, .softness = 1e-7, .variance = 5e-11};

    settle(&b, &t);
    double frequency = b.mix.frequency;
    assert_int_equal(bank_update(&b, 16.0, t.offset + 0.05, &noise), BANK_IGNORED);
    advance(&t, 16);
    assert_int_equal(bank_update(&b, 16.0, t.offset - 0.05, &noise), BANK_STEPPED);
    assert_true(fabs(b.mix.frequency - frequency) < 1e-7);
    assert_true(sqrt(b.mix.offset_variance) > 0.05);
    advance(&t, 16);
    assert_int_equal(bank_update(&b, 16.0, t.offset, &noise), BANK_USED);
    assert_true(fabs(b.mix.offset - t.offset) < 2e-5);
}

/* The source is being slewed by 500 ppm. */
static void slewed_source_is_followed_with_the_second_sample(void **state)
{
    struct bank b = {.samples = 0};
    struct truth t = {.state = 12, .frequency = 1e-5, .wander = 1e-9};
    const struct bank_noise noise = {.bound = 1e-5, .softness = 1e-7, .variance = 5e-11};

    settle(&b, &t);
    t.frequency += 5e-4;
    t.offset += 4e-3;
    assert_int_equal(bank_update(&b, 16.0, t.offset, &noise), BANK_IGNORED);
    advance(&t, 16);
    assert_int_equal(bank_update(&b, 16.0, t.offset, &noise), BANK_STEPPED);
    assert_true(fabs(b.mix.frequency - t.frequency) < 1e-5);
}

static void changes_of_the_clock_are_followed(void **state)
{
    struct bank b = {.samples = 0};
    struct truth t = {.state = 13, .frequency = 1e-5, .wander = 1e-9};

    settle(&b, &t);
    struct bank_state before = b.mix;
    bank_change(&b, 0.25, 1e-5);
    assert_true(fabs(b.mix.offset - before.offset - 0.25) < 1e-12);
    assert_true(fabs(b.mix.frequency - (before.frequency - 1e-5) / (1.0 - 1e-5)) < 1e-15);
    assert_true(b.mix.offset_variance == before.offset_variance);

    /* All models have followed each of the changes, too, so that their mean is the same. */
    bank_change(&b, -1.0, -1e-3);
    bank_change(&b, 0.5, 2e-3);
    struct bank_state after = b.mix;
    bank_move_base(&b, 0);
    assert_true(fabs(b.mix.offset - after.offset) < 1e-12);
    assert_true(fabs(b.mix.frequency - after.frequency) < 1e-14);
    bank_move_base(&b, 0);
    assert_true(fabs(b.mix.offset - after.offset) < 1e-12);
}

/* Years of samples at the shortest interval. */
static void number_of_samples_has_an_end(void **state)
{
    struct bank b = {.samples = 0};
    struct truth t = {.state = 15, .frequency = 1e-5, .wander = 1e-9};

    settle(&b, &t);
    b.samples = INT_MAX - 1;
    for (int i = 0; i < 3; i++) {
        struct bank_noise noise = {.bound = 1e-4, .softness = 1e-6, .variance = 1e-9, .tilt = 1e4};
        noise.edge_bound = noise.bound;
        bank_update(&b, 16.0, b.mix.offset, &noise);
        assert_int_equal(b.samples, INT_MAX);
    }
}

static void prediction_becomes_uncertain(void **state)
{
    struct bank b = {.samples = 0};
    struct truth t = {.state = 14, .frequency = 1e-5, .wander = 1e-8};

    settle(&b, &t);
    struct bank_state hour = bank_predict(&b, 3600.0), day = bank_predict(&b, 86400.0);
    double wander = bank_wander(&b);
    assert_true(hour.offset_variance > b.mix.offset_variance);
    assert_true(day.offset_variance >= wander * pow(86400.0, 3.0) / 3.0);
    assert_true(fabs(day.offset - b.mix.offset - 86400.0 * b.mix.frequency) < 1e-9);
}

/* Whatever comes, numbers stay numbers. */
static void extreme_samples_leave_finite_numbers(void **state)
{
    static const double offsets[] = {0.0, 1e9, -1e9, 1e-300, 3.0, 3.0, 3.0, -1e5};
    static const double elapsed[] = {0.0, 1e-9, 1e9, 1.0, 0.0, 1e5, 64.0, 1024.0};
    struct bank b = {.samples = 0};
    struct truth t = {.state = 15};

    for (int i = 0; i < 20000; i++) {
        struct bank_noise noise = {.bound = pow(10.0, -12.0 + 14.0 * uniform(&t)),
                                   .softness = pow(10.0, -12.0 + 14.0 * uniform(&t)),
                                   .variance = pow(10.0, -24.0 + 28.0 * uniform(&t)),
                                   .edge_bound = pow(10.0, -12.0 + 14.0 * uniform(&t)),
                                   .tilt = pow(10.0, -2.0 + 14.0 * uniform(&t)),
                                   .unbounded = uniform(&t) < 0.1,
                                   .base = pow(10.0, -24.0 + 28.0 * uniform(&t)),
                                   .floor = 1e-20};
        bank_update(&b, elapsed[(size_t)(8.0 * uniform(&t))], offsets[(size_t)(8.0 * uniform(&t))],
                    &noise);
        if (i % 100 == 0)
            bank_change(&b, 1e3 * normal(&t), 1e-3 * normal(&t));
        assert_true(isfinite(b.mix.offset) && isfinite(b.mix.frequency));
        assert_true(b.mix.offset_variance > 0.0 && b.mix.frequency_variance > 0.0);
        assert_true(isfinite(b.mix.offset_variance) && isfinite(b.mix.frequency_variance));
    }
}

static void shapes_of_another_source_replace_the_learnt_ones(void **state)
{
    static const double weights[BANK_SHAPES] = {0.1, 0.2, 0.3, 0.4};
    struct bank b = {0};
    struct truth t = {.state = 5, .frequency = 1e-6, .wander = 1e-8};
    double of_wander[BANK_WANDERS] = {0.0};

    run(&b, &t, 100, 64, 1e-4, 1e-4);
    struct bank_state before = b.mix;
    for (int i = 0; i < BANK_WANDERS; i++)
        for (int shape = 0; shape < BANK_SHAPES; shape++)
            of_wander[i] += b.models[i][shape].weight;
    bank_set_shapes(&b, weights);

    struct bank_state mean = {.offset = 0.0};
    for (int i = 0; i < BANK_WANDERS; i++) {
        double sum = 0.0;
        for (int shape = 0; shape < BANK_SHAPES; shape++) {
            const struct bank_model *m = &b.models[i][shape];
            double dx = m->state.offset - before.offset;
            assert_true(fabs(m->weight - of_wander[i] * weights[shape]) < 1e-12);
            assert_true(m->state.offset == b.models[i][0].state.offset);
            sum += m->weight;
            mean.offset += m->weight * m->state.offset;
            mean.offset_variance += m->weight * (m->state.offset_variance + dx * dx);
        }
        assert_true(fabs(sum - of_wander[i]) < 1e-12);
    }
    /* What is known of the clock is the same. */
    assert_true(fabs(mean.offset - before.offset) < 1e-12);
    assert_true(fabs(mean.offset_variance / before.offset_variance - 1.0) < 1e-6);
    for (int shape = 0; shape < BANK_SHAPES; shape++)
        assert_true(fabs(bank_shape_weight(&b, (enum bank_shape)shape) - weights[shape]) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wander_is_learnt),
        cmocka_unit_test(bound_beats_the_filter_that_knows_the_variance),
        cmocka_unit_test(claims_hold),
        cmocka_unit_test(jitter_on_one_way_is_learnt),
        cmocka_unit_test(known_frequency_is_kept),
        cmocka_unit_test(expected_error_is_subtracted),
        cmocka_unit_test(noise_without_a_bound_is_learnt),
        cmocka_unit_test(base_is_moved_with_the_weights),
        cmocka_unit_test(wander_stays_within_floor_and_ceiling),
        cmocka_unit_test(mean_wander_is_not_less_than_the_geometric_one),
        cmocka_unit_test(lone_outlier_is_ignored),
        cmocka_unit_test(step_is_followed_with_the_second_sample),
        cmocka_unit_test(two_errors_are_no_frequency),
        cmocka_unit_test(slewed_source_is_followed_with_the_second_sample),
        cmocka_unit_test(changes_of_the_clock_are_followed),
        cmocka_unit_test(number_of_samples_has_an_end),
        cmocka_unit_test(prediction_becomes_uncertain),
        cmocka_unit_test(extreme_samples_leave_finite_numbers),
        cmocka_unit_test(shapes_of_another_source_replace_the_learnt_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
