/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sample may be wrong by, from delays and earlier errors (discipline.md 30.3).
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "source/sample_noise.h"

#define BASE 1e-3

static void assert_within(double value, double low, double high)
{
    if (!(value >= low && value <= high))
        fail_msg("%g is not within %g and %g", value, low, high);
}

/* Delays of the path with 0 to 9 times 10 us of queues. */
static void fill(struct sample_noise *n, double base, int count)
{
    for (int i = 0; i < count; i++)
        sample_noise_add(n, base + 1e-5 * (i * 7 % 10));
}

static void excess_delay_is_the_bound(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, 0.0);
    fill(&n, BASE, 60);
    struct bank_noise fast = sample_noise_get(&n, BASE, 1e-9);
    struct bank_noise slow = sample_noise_get(&n, BASE + 1e-4, 1e-9);
    assert_within(fast.bound, 1e-9, 1e-5);
    assert_within(slow.bound - fast.bound, 5e-5 - 1e-12, 5e-5 + 1e-12);
    assert_false(fast.unbounded);
    /* The mean excess is 45 us; that of both directions together, squared, over 8. */
    assert_within(slow.variance, 1e-10, 6e-10);
    assert_within(slow.tilt, 8.0 / 6e-5, 8.0 / 3e-5);
    /* The empty path is nearer to the shortest delay where one direction has most of the jitter. */
    assert_within(slow.edge_bound, 5e-5, slow.bound);
    assert_true(slow.edge_bound < slow.bound);
}

static void timestamps_widen_the_bound(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, 0.0);
    fill(&n, BASE, 60);
    struct bank_noise exact = sample_noise_get(&n, BASE, 0.0);
    struct bank_noise coarse = sample_noise_get(&n, BASE, 1e-6);
    assert_within(coarse.bound - exact.bound, 1e-6 - 1e-15, 1e-6 + 1e-15);
    assert_within(coarse.softness - exact.softness, 1e-6 - 1e-15, 1e-6 + 1e-15);
}

static void known_delay_is_used(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, BASE - 2e-5);
    fill(&n, BASE, 60);
    assert_within(sample_noise_get(&n, BASE, 0.0).bound, 1e-5 - 1e-12, 1e-5 + 1e-12);
}

static void shorter_path_is_followed_at_once(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, 0.0);
    fill(&n, BASE, 60);
    sample_noise_add(&n, 0.5 * BASE);
    assert_within(sample_noise_get(&n, 0.5 * BASE, 0.0).bound, 0.0, 1e-5);
    /* What was usual on the old path is usual on the new one. */
    assert_within(sample_noise_get(&n, 0.5 * BASE + 4e-5, 0.0).bound, 2e-5, 3e-5);
}

static void longer_path_is_followed_after_six_samples(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, 0.0);
    fill(&n, BASE, 60);
    fill(&n, 2.0 * BASE, 5);
    assert_within(sample_noise_get(&n, 2.0 * BASE, 0.0).bound, 0.4 * BASE, BASE);
    sample_noise_add(&n, 2.0 * BASE);
    assert_within(sample_noise_get(&n, 2.0 * BASE, 0.0).bound, 0.0, 5e-5);
}

static void window_tells_the_bounds_of_typical_samples(void **state)
{
    struct sample_noise n;
    double bounds[NOISE_WINDOW];

    sample_noise_init(&n, 0.0);
    assert_int_equal(sample_noise_bounds(&n, 1e-7, bounds), 0);
    fill(&n, BASE, 100);
    assert_int_equal(sample_noise_bounds(&n, 1e-7, bounds), NOISE_WINDOW);
    for (int i = 0; i < NOISE_WINDOW; i++) {
        double expected = sample_noise_get(&n, n.delays[i], 1e-7).bound;
        assert_within(bounds[i] / expected, 1.0 - 1e-9, 1.0 + 1e-9);
    }
}

/* The estimate took a sample that was `error` away from it, and `surprise` times as far (squared)
   as the noise let expect. */
static void learn(struct sample_noise *n, double delay, double error, double surprise)
{
    struct bank_noise noise = sample_noise_get(n, delay, 1e-6);
    struct bank bank = {.mix = {.offset = 0.25, .offset_variance = 1e-14}, .surprise = surprise};

    sample_noise_learn(n, &noise, &bank, 0.25 + error);
}

/* Six samples on another path, with offsets around a value. */
static void change_path(struct sample_noise *n, double base, double error)
{
    for (int i = 0; i < 6; i++) {
        double delay = base + 1e-5 * (i * 7 % 10);
        sample_noise_add(n, delay);
        learn(n, delay, error + (i % 2 ? 1e-5 : -1e-5), 1.0);
    }
}

/* The clock goes on as it did, so if offsets shift together with the delay, the path is wrong. */
static void path_that_is_longer_one_way_is_asymmetric(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, 0.0);
    fill(&n, BASE, 60);
    change_path(&n, 3.0 * BASE, BASE);
    assert_within(sample_noise_get(&n, 3.0 * BASE, 0.0).mean, 0.98 * BASE, BASE);
    assert_within(sample_noise_get(&n, 3.0 * BASE, 0.0).bound, 0.0, 5e-5);
    /* Never by more than what it is longer. */
    fill(&n, 3.0 * BASE, 64);
    change_path(&n, 5.0 * BASE, 3.0 * BASE);
    assert_within(sample_noise_get(&n, 5.0 * BASE, 0.0).mean, 2.0 * BASE, 2.0 * BASE);
    /* Back on the first path. */
    sample_noise_add(&n, BASE);
    assert_within(sample_noise_get(&n, BASE, 0.0).mean, 0.0, 0.0);
}

static void path_that_is_longer_both_ways_is_symmetric(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, 0.0);
    fill(&n, BASE, 60);
    change_path(&n, 3.0 * BASE, 1e-6);
    assert_within(sample_noise_get(&n, 3.0 * BASE, 0.0).mean, 0.0, 0.0);
}

static void errors_are_learnt(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, 0.0);
    fill(&n, BASE, 60);
    double expected = sample_noise_get(&n, BASE, 1e-6).variance;
    /* Always a quarter of what is expected: it falls and falls. */
    for (int i = 0; i < 1000; i++)
        learn(&n, BASE, 0.0, 0.25);
    double variance = sample_noise_get(&n, BASE, 1e-6).variance;
    assert_within(variance, 0.0, expected / 15.0);
    learn(&n, BASE, 0.0, NAN);
    assert_true(sample_noise_get(&n, BASE, 1e-6).variance == variance);
    sample_noise_reset(&n);
    fill(&n, BASE, 60);
    assert_true(sample_noise_get(&n, BASE, 1e-6).variance == expected);
    assert_false(sample_noise_get(&n, BASE, 1e-6).unbounded);
}

static void lone_outlier_teaches_little(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, 0.0);
    fill(&n, BASE, 60);
    for (int i = 0; i < 100; i++)
        learn(&n, BASE, 0.0, 1.0);
    double before = sample_noise_get(&n, BASE, 1e-6).variance;
    learn(&n, BASE, 1.0, 1e12);
    assert_within(sample_noise_get(&n, BASE, 1e-6).variance, before, 1.2 * before);
}

static double uniform(uint64_t *random)
{
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return ((double)(*random >> 11) + 0.5) / 9007199254740992.0;
}

struct outcome {
    double rms, jitter, gauss; /* of the estimate; what was learnt; weight of the shape */
};

/* 1000 samples with normal errors that have nothing to do with the delay. */
static struct outcome follow_normal(double sd, double excess, double dispersion, double interval)
{
    struct sample_noise n;
    struct bank b = {.samples = 0};
    uint64_t random = 5;
    double sum = 0.0;

    sample_noise_init(&n, 0.0);
    for (int i = 0; i < 1000; i++) {
        double delay = BASE + excess * uniform(&random);
        double error = sd * sqrt(-2.0 * log(uniform(&random))) * cos(2.0 * M_PI * uniform(&random));
        sample_noise_add(&n, delay);
        struct bank_noise noise = sample_noise_get(&n, delay, dispersion);
        bank_update(&b, i > 0 ? interval : 0.0, error, &noise);
        if (b.samples > 3)
            sample_noise_learn(&n, &noise, &b, error);
        if (i >= 500)
            sum += b.mix.offset * b.mix.offset;
    }
    return (struct outcome){sqrt(sum / 500.0), sqrt(n.mean_error),
                            bank_shape_weight(&b, BANK_GAUSS)};
}

/* Queues that both directions have at the same time. */
static void noise_is_less_than_delays_suggest(void **state)
{
    struct outcome o = follow_normal(1e-4, 2e-2, 1e-7, 64.0);

    assert_within(o.jitter, 0.7e-4, 1.4e-4);
    assert_within(o.rms, 0.0, 2e-5);
    assert_true(o.gauss > 0.8);
}

/* Hardware timestamps: a dispersion is a bound, and not how much samples scatter. */
static void noise_is_learnt_where_delays_are_constant(void **state)
{
    struct outcome o = follow_normal(1e-8, 2e-9, 5e-7, 1.0);

    assert_within(o.jitter, 0.5e-8, 2e-8);
    assert_within(o.rms, 0.0, 5e-9);
}

/* Delays without spread but for one: timestamps of another kind. */
static void late_sample_counts_less_and_teaches_nothing(void **state)
{
    struct sample_noise n;

    sample_noise_init(&n, 0.0);
    fill(&n, BASE, 60);
    double usual = sample_noise_get(&n, BASE + 1e-4, 1e-6).variance;
    struct bank_noise late = sample_noise_get(&n, BASE + 1e-3, 1e-6);
    /* Beyond 4 times the median excess of 45 us. */
    assert_within(sqrt(late.variance - usual), 0.40e-3, 0.42e-3);
    learn(&n, BASE + 1e-3, 1e-3, 5.0);
    assert_true(sample_noise_get(&n, BASE + 1e-4, 1e-6).variance == usual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(excess_delay_is_the_bound),
        cmocka_unit_test(timestamps_widen_the_bound),
        cmocka_unit_test(known_delay_is_used),
        cmocka_unit_test(shorter_path_is_followed_at_once),
        cmocka_unit_test(longer_path_is_followed_after_six_samples),
        cmocka_unit_test(window_tells_the_bounds_of_typical_samples),
        cmocka_unit_test(path_that_is_longer_one_way_is_asymmetric),
        cmocka_unit_test(path_that_is_longer_both_ways_is_symmetric),
        cmocka_unit_test(errors_are_learnt),
        cmocka_unit_test(lone_outlier_teaches_little),
        cmocka_unit_test(noise_is_less_than_delays_suggest),
        cmocka_unit_test(noise_is_learnt_where_delays_are_constant),
        cmocka_unit_test(late_sample_counts_less_and_teaches_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
