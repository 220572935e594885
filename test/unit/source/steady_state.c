/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error in the long run (discipline.md 30.7), beside filters that run until it is reached.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdint.h>
#include "source/steady_state.h"

/* Covariance of a Kalman filter for offset and frequency. */
struct filter {
    double a, b, c;
};

static void predict(struct filter *f, double wander, double t)
{
    f->a += 2.0 * t * f->b + t * t * f->c + wander * t * t * t / 3.0;
    f->b += t * f->c + wander * t * t / 2.0;
    f->c += wander * t;
}

static void update(struct filter *f, double variance)
{
    double total = f->a + variance, old = f->b;

    f->b *= variance / total;
    f->c -= old * old / total;
    f->a *= variance / total;
}

static double until_next(const struct filter *f, double wander, double t)
{
    return f->a + t * f->b + t * t * f->c / 3.0 + wander * t * t * t / 12.0;
}

/* With normal errors that are all alike. */
static double run(const struct steady_state *n, double t, int rounds)
{
    struct filter f = {n->common_variance, 0.0, n->wander * t + n->common_variance / (t * t)};

    for (int round = 0; round < rounds; round++) {
        predict(&f, n->wander, t);
        update(&f, n->common_variance);
    }
    return until_next(&f, n->wander, t);
}

static double uniform(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*random >> 12) + 0.5) / 4503599627370496.0;
}

static double normal(uint64_t *random)
{
    double radius = sqrt(-2.0 * log(uniform(random)));

    return radius * cos(2.0 * M_PI * uniform(random));
}

/* Cuts the distribution of the offset off beyond the bound around a sample whose distance from the
   prediction is given. */
static void cut_off(struct filter *f, double distance, double bound)
{
    double sd = sqrt(f->a), low = (distance - bound) / sd, high = (distance + bound) / sd;
    double at_low = exp(-0.5 * low * low), at_high = exp(-0.5 * high * high);
    double mass = sqrt(M_PI / 2.0) * (erf(high * M_SQRT1_2) - erf(low * M_SQRT1_2));
    double mean = (at_low - at_high) / mass;
    double lost = (high * at_high - low * at_low) / mass + mean * mean;

    f->c -= lost * f->b * f->b / f->a;
    f->b *= 1.0 - lost;
    f->a *= 1.0 - lost;
}

/* The mean over the second half of the rounds, with errors within bounds. What the filter believes
   is true, so the offset is drawn from that. */
static double run_bounded(const struct steady_state *n, double t, int rounds)
{
    struct filter f = {n->bounds[0] * n->bounds[0], 0.0, n->wander * t + 1e-6 / (t * t)};
    double sum = 0.0;
    uint64_t random = 1;

    for (int round = 0; round < 2 * rounds; round++) {
        double bound = n->bounds[(int)(uniform(&random) * n->count)];
        predict(&f, n->wander, t);
        cut_off(&f, normal(&random) * sqrt(f.a) + (2.0 * uniform(&random) - 1.0) * bound, bound);
        if (round >= rounds)
            sum += until_next(&f, n->wander, t);
    }
    return sum / rounds;
}

static struct steady_state equal(double wander, double variance)
{
    return (struct steady_state){.wander = wander,
                                 .bounds = {1.0},
                                 .count = 1,
                                 .softness = 1e-9,
                                 .common_share = 1.0,
                                 .common_variance = variance};
}

static void equal_samples_give_the_fixed_point_of_the_filter(void **state)
{
    for (int power = -10; power <= 10; power++) {
        double t = 64.0, variance = 1e-10;
        struct steady_state n = equal(pow(10.0, power) * variance / (t * t * t), variance);
        assert_close(steady_state_error(&n, t) / run(&n, t, 20000), 1.0, 1e-4);
    }
}

/* Known limits: R sqrt(2) g^(1/4) for little wander, as in continuous time; for much wander only
   the last sample counts, and the error is that of the prediction. */
static void limits_are_those_of_theory(void **state)
{
    struct steady_state little = equal(1e-30, 1.0), much = equal(1e20, 1.0);

    assert_close(steady_state_error(&little, 1.0) / (M_SQRT2 * pow(1e-30, 0.25)), 1.0, 1e-6);
    assert_true(steady_state_error(&much, 1.0) > 0.1 * 1e20);
    assert_true(steady_state_error(&much, 1.0) < 1.0 * 1e20);
}

/* Bounds like those of delays with queues, from a tenth to five times the usual one. */
static struct steady_state unequal(double wander)
{
    static const double bounds[] = {1.0, 0.5, 2.6, 0.1, 1.4, 5.0, 0.7, 0.2, 1.7, 0.3};
    struct steady_state n = {.wander = wander, .count = 10, .softness = 1e-9};

    for (int i = 0; i < n.count; i++)
        n.bounds[i] = bounds[i];
    return n;
}

/* From hundreds of samples in the memory to less than one. */
static void bounded_samples_are_worth_what_a_filter_makes_of_them(void **state)
{
    for (int power = -10; power <= 4; power++) {
        struct steady_state n = unequal(pow(10.0, power));
        assert_between(steady_state_error(&n, 1.0) / run_bounded(&n, 1.0, 100000), 0.95, 1.3);
    }
}

/* Nothing is known better than the bounds themselves. */
static void soft_bounds_are_worth_less(void **state)
{
    struct steady_state n = unequal(1e-6);
    double hard = steady_state_error(&n, 1.0);

    n.softness = 0.01;
    assert_true(steady_state_error(&n, 1.0) > hard);
    n.softness = 10.0;
    struct steady_state normal_error = equal(1e-6, 100.0);
    assert_close(steady_state_error(&n, 1.0) / steady_state_error(&normal_error, 1.0), 1.0, 0.05);
}

static void what_all_samples_have_in_common_counts_by_its_share(void **state)
{
    struct steady_state n = unequal(1e-3), same = equal(1e-3, 1.0);
    double last = steady_state_error(&n, 1.0);

    n.common_variance = 1.0;
    for (int i = 1; i <= 4; i++) {
        n.common_share = i / 4.0;
        double error = steady_state_error(&n, 1.0);
        assert_true(error > last); /* it makes the good ones worth less */
        last = error;
    }
    assert_close(last, steady_state_error(&same, 1.0), 1e-12);
}

static void error_grows_with_interval_wander_and_noise(void **state)
{
    for (double wander = 1e-24; wander < 1e-11; wander *= 10.0)
        for (int poll = -7; poll < 24; poll++) {
            struct steady_state n = unequal(wander), more = unequal(3.0 * wander);
            double interval = exp2(poll), error = steady_state_error(&n, interval);

            assert_true(isfinite(error) && error > 0.0);
            assert_true(steady_state_error(&n, 2.0 * interval) > error);
            assert_true(steady_state_error(&more, interval) > error);
            for (int i = 0; i < n.count; i++)
                n.bounds[i] *= 2.0;
            assert_true(steady_state_error(&n, interval) > error);
        }
}

/* Long delays must not count with a negative share. */
static void share_may_be_rounded(void **state)
{
    struct steady_state n = {.wander = 1e-18,
                             .bounds = {10.0},
                             .count = 1,
                             .softness = 1e-9,
                             .common_share = 1.0,
                             .common_variance = 1e-16};
    double error = steady_state_error(&n, 64.0);

    n.common_share = 1.0 + 4e-16;
    assert_true(error > 0.0);
    assert_true(steady_state_error(&n, 64.0) == error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_samples_give_the_fixed_point_of_the_filter),
        cmocka_unit_test(limits_are_those_of_theory),
        cmocka_unit_test(bounded_samples_are_worth_what_a_filter_makes_of_them),
        cmocka_unit_test(soft_bounds_are_worth_less),
        cmocka_unit_test(what_all_samples_have_in_common_counts_by_its_share),
        cmocka_unit_test(error_grows_with_interval_wander_and_noise),
        cmocka_unit_test(share_may_be_rounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
