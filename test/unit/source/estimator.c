/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The estimator of a source, of both kinds: what it takes over from the samples, and how it follows
 * the clock (discipline.md 30).
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <string.h>
#include "source/estimator.h"

#define T0 1699999000

struct fixture {
    struct samples *samples;
    struct estimator *estimator;
};

static struct local_time at(double t)
{
    return (struct local_time){instant_add((struct instant){T0, 0}, t)};
}

static struct fixture make(enum estimator_kind kind)
{
    struct samples_params samples = {6, 0, 0.0, 1.0, 1e-8};
    struct estimator_params params = {.kind = kind, .min_samples = 6, .precision = 1e-8};
    struct fixture f = {.samples = samples_new(&samples)};

    f.estimator = estimator_new(&params, f.samples);
    return f;
}

static void clean(struct fixture *f)
{
    estimator_free(f->estimator);
    samples_free(f->samples);
}

/* The i-th sample, with queues of up to 50 us, on a path that is longer one way. */
static void add_on_path(struct fixture *f, double time, double offset, int i, double longer)
{
    struct samples_fit fit;
    double there = 1e-5 * (i * 7 % 6), back = 1e-5 * (i * 5 % 6);
    struct source_sample sample = {
        .time = at(time),
        .offset = offset + 0.5 * (longer + there - back),
        .peer_delay = 1e-3 + longer + there + back,
        .peer_dispersion = 1e-7,
        .root_delay = 2e-3 + longer + there + back,
        .root_dispersion = 1e-4,
    };

    samples_add(f->samples, &sample);
    samples_update(f->samples, &fit);
    estimator_add(f->estimator, &sample);
}

static void add_sample(struct fixture *f, double time, double offset, int i)
{
    add_on_path(f, time, offset, i, 0.0);
}

/* Of a clock that gains 1e-6. */
static void add(struct fixture *f, int i)
{
    add_sample(f, 64.0 * i, 1e-3 + 64e-6 * i, i);
}

static void regression_is_that_of_the_samples(void **state)
{
    struct fixture f = make(ESTIMATOR_REGRESSION);
    struct samples_tracking own, other;
    struct samples_report report, other_report;
    struct estimator_state s;

    for (int i = 0; i < 20; i++)
        add(&f, i);
    estimator_tracking(f.estimator, &own);
    samples_tracking(f.samples, &other);
    assert_memory_equal(&own, &other, sizeof(own));
    estimator_report(f.estimator, at(2000.0), &report);
    samples_report(f.samples, at(2000.0), &other_report);
    assert_memory_equal(&report, &other_report, sizeof(report));
    assert_false(estimator_is_filter(f.estimator));
    assert_true(estimator_state(f.estimator, &s));
    assert_true(s.weights[BANK_BOUND] == 0.0 && s.wander == 0.0);
    clean(&f);
}

static void bank_needs_three_samples(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    struct estimator_state s;

    for (int i = 0; i < 2; i++)
        add(&f, i);
    assert_false(estimator_state(f.estimator, &s));
    assert_false(estimator_is_filter(f.estimator));
    add(&f, 2);
    assert_true(estimator_state(f.estimator, &s));
    assert_true(estimator_is_filter(f.estimator));
    assert_int_equal(s.samples, 3);
    clean(&f);
}

static void bank_finds_offset_and_frequency(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    struct samples_tracking t;
    struct samples_report report;
    struct estimator_state s;
    double sum = 0.0;

    for (int i = 0; i < 100; i++)
        add(&f, i);
    estimator_tracking(f.estimator, &t);
    assert_true(fabs(t.offset - (1e-3 + 64e-6 * 99)) < 1e-5);
    assert_true(fabs(t.frequency - 1e-6) < 2e-8);
    assert_true(t.skew > t.frequency_sd);
    assert_true(t.root_delay >= 2e-3);
    estimator_report(f.estimator, at(64.0 * 99 + 100.0), &report);
    assert_true(fabs(report.offset - t.offset - 100.0 * t.frequency) < 1e-12);
    assert_true(report.sd > 1e-6 && report.sd < 5e-5);
    assert_true(estimator_state(f.estimator, &s));
    for (int i = 0; i < BANK_SHAPES; i++)
        sum += s.weights[i];
    assert_true(fabs(sum - 1.0) < 1e-9);
    assert_int_equal(s.samples, 100);
    clean(&f);
}

/* As if the clock had always run as it does after the change. */
static void changes_of_the_clock_are_followed(void **state)
{
    for (int count = 4; count < 30; count += 20) {
        struct fixture f = make(ESTIMATOR_KALMAN);
        struct samples_tracking before, after;

        for (int i = 0; i < count; i++)
            add(&f, i);
        estimator_tracking(f.estimator, &before);
        samples_slew(f.samples, before.ref_time, before.frequency, before.offset);
        estimator_slew(f.estimator, before.ref_time, before.frequency, before.offset);
        estimator_tracking(f.estimator, &after);
        assert_true(fabs(after.offset) < 1e-8);
        assert_true(fabs(after.frequency) < 1e-12);
        estimator_correct_offset(f.estimator, 0.5);
        estimator_tracking(f.estimator, &after);
        assert_true(fabs(after.offset - 0.5) < 1e-8);
        clean(&f);
    }
}

/* The clock gains 1e-6. Who expects that it is right within 1e-6 knows more after a few samples
   than who expects nothing; who is sure that it is right within 1e-9 finds out. */
static void expected_frequency_counts_until_samples_contradict(void **state)
{
    static const double sds[] = {0.0, 1e-6, 1e-9};
    struct samples_tracking t[3];

    for (int k = 0; k < 3; k++) {
        struct fixture f = make(ESTIMATOR_KALMAN);

        estimator_expect_frequency(f.estimator, sds[k]);
        for (int i = 0; i < 4; i++)
            add(&f, i);
        estimator_tracking(f.estimator, &t[k]);
        if (k == 2) {
            for (int i = 4; i < 8; i++)
                add(&f, i);
            estimator_tracking(f.estimator, &t[k]);
            assert_true(fabs(t[k].frequency - 1e-6) < t[k].frequency_sd);
        }
        clean(&f);
    }
    assert_true(t[1].frequency_sd < t[0].frequency_sd);
    assert_true(fabs(t[1].frequency - 1e-6) < 3.0 * t[1].frequency_sd);
}

/* A server that smears a leap second gains 1 ppm each second, far more than an oscillator ever
   would. That must not be taken for noise of the samples, which would make the estimate ever more
   uncertain. */
static void clock_that_is_slewed_is_followed(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    double offset = 0.0, frequency = 0.0, worst = 0.0;

    for (int i = 0; i < 300; i++) {
        struct samples_tracking t;
        double change = i >= 200 ? 16e-6 : 0.0;

        offset += 16.0 * frequency + 8.0 * change;
        frequency += change;
        add_sample(&f, 16.0 * i, offset, i);
        estimator_tracking(f.estimator, &t);
        if (i >= 220) {
            worst = fmax(worst, fabs(t.offset - offset));
            assert_true(t.offset_sd < 2e-4);
        }
    }
    clean(&f);
}

/* One sample that is 0.5 s off: it, or the estimate, is wrong by that. The next one tells. */
static void ignored_sample_makes_the_estimate_uncertain(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    struct samples_tracking before, t;

    for (int i = 0; i < 20; i++)
        add(&f, i);
    estimator_tracking(f.estimator, &before);
    assert_true(before.offset_sd < 1e-4);
    add_sample(&f, 64.0 * 20, 0.5 + 1e-3 + 64e-6 * 20, 20);
    estimator_tracking(f.estimator, &t);
    assert_true(fabs(t.offset - before.offset) < 1e-3);
    assert_true(t.offset_sd > 0.499 && t.root_dispersion > 0.499);
    add(&f, 21);
    estimator_tracking(f.estimator, &t);
    assert_true(t.offset_sd < 1e-4 && fabs(t.offset - before.offset) < 1e-3);
    for (int i = 22; i < 24; i++)
        add_sample(&f, 64.0 * i, 0.5 + 1e-3 + 64e-6 * i, i);
    estimator_tracking(f.estimator, &t);
    assert_true(t.offset_sd < 1e-4 && fabs(t.offset - 0.5) < 1e-2);
    clean(&f);
}

/* The expectation is about the clock before the change. */
static void expected_frequency_follows_the_clock(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    struct samples_tracking t;

    estimator_expect_frequency(f.estimator, 1e-9);
    add(&f, 0);
    estimator_expect_frequency(f.estimator, 1.0); /* too late */
    samples_slew(f.samples, at(0.0), -1e-6, 0.0);
    estimator_slew(f.estimator, at(0.0), -1e-6, 0.0);
    for (int i = 1; i < 4; i++)
        add(&f, i);
    estimator_tracking(f.estimator, &t);
    assert_true(fabs(t.frequency - 1e-6) < 5e-9);
    assert_true(t.frequency_sd < 1e-7);
    clean(&f);
}

static void replay_gives_the_same_estimate(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    struct samples_tracking before, after;

    for (int i = 0; i < 6; i++)
        add(&f, i);
    estimator_tracking(f.estimator, &before);
    estimator_replay(f.estimator);
    estimator_tracking(f.estimator, &after);
    assert_true(fabs(after.offset - before.offset) < 1e-12);
    assert_true(fabs(after.frequency - before.frequency) < 1e-15);
    assert_true(local_diff(after.ref_time, before.ref_time) == 0.0);
    clean(&f);
}

static void sample_out_of_order_starts_anew(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    struct estimator_state s;

    for (int i = 10; i < 20; i++)
        add(&f, i);
    add(&f, 5);
    assert_false(estimator_state(f.estimator, &s));
    add(&f, 6);
    add(&f, 7);
    assert_true(estimator_state(f.estimator, &s));
    assert_int_equal(s.samples, 3);
    clean(&f);
}

static void noise_is_told_when_it_was_learnt(void **state)
{
    struct fixture regression = make(ESTIMATOR_REGRESSION), f = make(ESTIMATOR_KALMAN);
    struct steady_state n;
    struct estimator_state s;

    for (int i = 0; i < 20; i++)
        add(&regression, i);
    assert_int_equal(estimator_steady_state(regression.estimator, &n), 0);
    assert_true(estimator_surprise(regression.estimator) == 0.0);
    for (int i = 0; i < 2; i++)
        add(&f, i);
    assert_int_equal(estimator_steady_state(f.estimator, &n), 0);
    for (int i = 2; i < 100; i++)
        add(&f, i);
    assert_int_equal(estimator_steady_state(f.estimator, &n), 100);
    assert_int_equal(n.count, STEADY_STATE_SAMPLES);
    assert_true(estimator_state(f.estimator, &s));
    assert_true(fabs(n.wander / (s.wander * s.wander) - 1.0) < 1e-9);
    assert_true(n.common_share == s.weights[BANK_GAUSS]);
    /* Queues of up to 50 us each way: an error of up to 50 us. */
    assert_true(n.common_variance > 1e-12 && n.common_variance < 2.5e-9);
    for (int i = 0; i < n.count; i++)
        assert_true(n.bounds[i] > 1e-7 && n.bounds[i] < 1.1e-4);
    assert_true(n.softness > 5e-8 && n.softness < 1e-5);
    assert_true(estimator_surprise(f.estimator) < 3.0);
    estimator_correct_offset(f.estimator, 0.1);
    add(&f, 100);
    assert_true(estimator_surprise(f.estimator) > 1000.0);
    estimator_reset(f.estimator);
    assert_int_equal(estimator_steady_state(f.estimator, &n), 0);
    clean(&regression);
    clean(&f);
}

static void expected_error_needs_no_dispersion(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    struct steady_state n;

    for (int i = 0; i < 400; i++) {
        struct samples_fit fit;
        struct source_sample sample = {.time = at(64.0 * i)};

        samples_add(f.samples, &sample);
        samples_update(f.samples, &fit);
        estimator_add(f.estimator, &sample);
        if (estimator_steady_state(f.estimator, &n) == 0)
            continue;
        assert_true(n.common_variance > 0.0);
        for (int poll = -7; poll <= 24; poll++)
            assert_true(steady_state_error(&n, exp2(poll)) > 0.0);
    }
    clean(&f);
}

/* As a file may have them. */
static void delays_below_zero_are_none(void **state)
{
    for (double delay = 1e-5; delay < 2.0; delay *= 10.0) {
        struct fixture f = make(ESTIMATOR_KALMAN);
        struct samples_entry entries[40];
        struct samples_tracking t;

        for (int i = 0; i < 40; i++)
            entries[i] = (struct samples_entry){.time = at(64.0 * i),
                                                .offset = 1e-5 * (i * 7 % 5),
                                                .peer_delay = -delay,
                                                .peer_dispersion = -1e-4 * (i % 2)};
        samples_load(f.samples, entries, 40, 0);
        estimator_replay(f.estimator);
        estimator_tracking(f.estimator, &t);
        assert_true(isfinite(t.offset) && t.offset_sd > 0.0 && t.frequency_sd > 0.0);
        clean(&f);
    }
}

static void last_sample_follows_the_clock(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN), regression = make(ESTIMATOR_REGRESSION);
    struct estimator_sample s, slewed;

    for (int i = 0; i < 20; i++) {
        assert_true(estimator_is_young(f.estimator) == (i < 8));
        add(&f, i);
        add(&regression, i);
        assert_true(estimator_last_sample(f.estimator, &s) == (i >= 2));
    }
    assert_false(estimator_last_sample(regression.estimator, &s));
    /* The 20th met queues of 10 us there and 50 us back. */
    assert_true(local_diff(s.time, at(64.0 * 19)) == 0.0);
    assert_true(fabs(s.offset - (1e-3 + 64e-6 * 19 - 2e-5)) < 1e-12);
    assert_true(s.noise.bound > 2e-5 && s.noise.bound < 5e-5);
    assert_true(fabs(s.weights[0] + s.weights[1] + s.weights[2] + s.weights[3] - 1.0) < 1e-9);
    assert_true(estimator_bank(f.estimator)->samples == 20);

    estimator_slew(f.estimator, local_add(s.time, 100.0), 1e-5, 0.25);
    estimator_correct_offset(f.estimator, 0.5);
    assert_true(estimator_last_sample(f.estimator, &slewed));
    assert_true(fabs(slewed.offset - s.offset - (100.0 * 1e-5 - 0.25) - 0.5) < 1e-12);
    assert_true(fabs(local_diff(slewed.time, s.time) - (100.0 * 1e-5 - 0.25)) < 2e-9);
    clean(&f);
    clean(&regression);
}

/* The clock goes on as it did. Should that be wrong, it is wrong by twice the correction. */
static void corrected_asymmetry_is_part_of_the_claimed_bound(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    struct samples_tracking before, after;

    for (int i = 0; i < 40; i++)
        add(&f, i);
    estimator_tracking(f.estimator, &before);
    for (int i = 40; i < 60; i++)
        add_on_path(&f, 64.0 * i, 1e-3 + 64e-6 * i, i, 4e-3);
    estimator_tracking(f.estimator, &after);
    assert_true(fabs(after.offset - (1e-3 + 64e-6 * 59)) < 1e-4);
    double clock = after.offset - 4e-3; /* if it was the other way that became longer */
    assert_true(after.root_dispersion + 0.5 * after.root_delay > fabs(after.offset - clock));
    assert_true(after.root_dispersion > before.root_dispersion + 1.9e-3);
    clean(&f);
}

/* Two samples that are far off in a row may leave a frequency that no later sample has. Steps would
   follow for ever, each with that frequency. */
static void wrong_frequency_does_not_last(void **state)
{
    struct fixture f = make(ESTIMATOR_KALMAN);
    struct samples_tracking t;

    for (int i = 0; i < 40; i++)
        add_sample(&f, 64.0 * i, 1e-3, i);
    add_sample(&f, 64.0 * 40, 2.0, 0);
    add_sample(&f, 64.0 * 41, 4.4, 0);
    estimator_tracking(f.estimator, &t);
    assert_true(fabs(t.frequency) > 1e-2);
    for (int i = 42; i < 50; i++)
        add_sample(&f, 64.0 * i, 4.4, i);
    estimator_tracking(f.estimator, &t);
    assert_true(fabs(t.offset - 4.4) < 1e-4);
    assert_true(fabs(t.frequency) < 1e-5);
    clean(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regression_is_that_of_the_samples),
        cmocka_unit_test(bank_needs_three_samples),
        cmocka_unit_test(bank_finds_offset_and_frequency),
        cmocka_unit_test(changes_of_the_clock_are_followed),
        cmocka_unit_test(expected_frequency_counts_until_samples_contradict),
        cmocka_unit_test(clock_that_is_slewed_is_followed),
        cmocka_unit_test(ignored_sample_makes_the_estimate_uncertain),
        cmocka_unit_test(expected_frequency_follows_the_clock),
        cmocka_unit_test(replay_gives_the_same_estimate),
        cmocka_unit_test(sample_out_of_order_starts_anew),
        cmocka_unit_test(noise_is_told_when_it_was_learnt),
        cmocka_unit_test(last_sample_follows_the_clock),
        cmocka_unit_test(expected_error_needs_no_dispersion),
        cmocka_unit_test(delays_below_zero_are_none),
        cmocka_unit_test(corrected_asymmetry_is_part_of_the_claimed_bound),
        cmocka_unit_test(wrong_frequency_does_not_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
