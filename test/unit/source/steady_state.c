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

/* The mean square until the next sample, after `rounds` times as many samples as there are, taken
   by chance. */
static double run(const struct steady_state *n, double t, int rounds)
{
    struct filter f = {n->variances[0], 0.0, n->wander * t + n->variances[0] / (t * t)};
    double sum = 0.0;
    uint32_t random = 1;

    for (int round = 0; round < 2 * rounds; round++)
        for (int i = 0; i < n->count; i++) {
            predict(&f, n->wander, t);
            random = random * 1664525u + 1013904223u;
            update(&f, n->variances[(random >> 16) % (uint32_t)n->count]);
            if (round >= rounds)
                sum += f.a + t * f.b + t * t * f.c / 3.0 + n->wander * t * t * t / 12.0;
        }
    return sum / (rounds * n->count);
}

static struct steady_state equal(double wander, double variance)
{
    return (struct steady_state){.wander = wander, .variances = {variance}, .count = 1};
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

/* Variances like those of delays with queues, from 1/100 to 20 times the usual one. */
static struct steady_state unequal(double wander)
{
    static const double variances[] = {1.0, 0.3, 7.0, 0.01, 2.0, 20.0, 0.5, 0.04, 3.0, 0.1};
    struct steady_state n = {.wander = wander, .count = 10};

    for (int i = 0; i < n.count; i++)
        n.variances[i] = variances[i];
    return n;
}

static void unequal_samples_are_worth_as_much_as_their_equivalent(void **state)
{
    for (int power = -8; power <= 4; power++) {
        struct steady_state n = unequal(pow(10.0, power));
        assert_close(steady_state_error(&n, 1.0) / run(&n, 1.0, 20000), 1.0, 0.2);
    }
}

/* Good samples decide if many are averaged, and not if each stands for itself. */
static void good_samples_are_worth_more_at_short_intervals(void **state)
{
    struct steady_state mixed = unequal(1e-12), good = equal(1e-12, 0.0), all = equal(1e-12, 0.0);

    for (int i = 0; i < mixed.count; i++) {
        good.variances[0] += 1.0 / mixed.variances[i] / mixed.count;
        all.variances[0] += mixed.variances[i] / mixed.count;
    }
    good.variances[0] = 1.0 / good.variances[0];
    assert_close(steady_state_error(&mixed, 1.0) / steady_state_error(&good, 1.0), 1.0, 0.03);
    double share = (steady_state_error(&mixed, 1e6) - steady_state_error(&good, 1e6)) /
                   (steady_state_error(&all, 1e6) - steady_state_error(&good, 1e6));
    assert_between(share, 0.9, 1.0);
}

static void what_all_samples_have_in_common_counts_by_its_share(void **state)
{
    struct steady_state n = unequal(1e-3), same = equal(1e-3, 0.5);
    double last = steady_state_error(&n, 1.0);

    n.common_variance = 0.5;
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
                n.variances[i] *= 3.0;
            assert_true(steady_state_error(&n, interval) > error);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_samples_give_the_fixed_point_of_the_filter),
        cmocka_unit_test(limits_are_those_of_theory),
        cmocka_unit_test(unequal_samples_are_worth_as_much_as_their_equivalent),
        cmocka_unit_test(good_samples_are_worth_more_at_short_intervals),
        cmocka_unit_test(what_all_samples_have_in_common_counts_by_its_share),
        cmocka_unit_test(error_grows_with_interval_wander_and_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
