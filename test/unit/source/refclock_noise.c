/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The noise of reference clocks (discipline.md 30.11): what is learnt from samples alone, and what
 * the estimator makes of receivers that differ by seven orders of magnitude.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <string.h>
#include "base/number.h"
#include "source/estimator.h"
#include "source/refclock_noise.h"

#define T0 1699999000

/* ---- Measuring ---- */

static void line_has_no_spread(void **state)
{
    double times[] = {0.0, 16.0, 33.0, 64.0}, offsets[4];

    for (int i = 0; i < 4; i++)
        offsets[i] = 0.5 + 1e-4 * times[i];
    struct refclock_spread s = refclock_noise_measure(times, offsets, 4);
    assert_int_equal(s.count, 2);
    assert_true(s.mean < 1e-30 && s.median < 1e-30);
    assert_int_equal(refclock_noise_measure(times, offsets, 2).count, 0);
    assert_int_equal(refclock_noise_measure(times, offsets, 0).count, 0);
}

/* The middle sample is 1 off the line through the others, of which each has half a weight. */
static void spread_is_the_variance_of_one_sample(void **state)
{
    double times[] = {0.0, 16.0, 32.0}, offsets[] = {0.0, 1.0, 0.0};
    struct refclock_spread s = refclock_noise_measure(times, offsets, 3);

    assert_int_equal(s.count, 1);
    assert_true(fabs(s.mean - 3.0 / 1.5) < 1e-12); /* threefold, as it is only one */
    assert_true(fabs(s.median - 1.0 / 1.5 / 0.455) < 1e-12);
}

static void equal_times_are_left_out(void **state)
{
    double times[] = {0.0, 16.0, 16.0, 32.0}, offsets[] = {0.0, 1.0, 0.0, 2.0};

    assert_int_equal(refclock_noise_measure(times, offsets, 4).count, 0);
}

static void step_is_no_noise(void **state)
{
    double times[8], offsets[8];
    struct refclock_noise n;

    for (int i = 0; i < 8; i++) {
        times[i] = 16.0 * i;
        offsets[i] = 1e-6 * (i % 2) + (i < 5 ? 0.0 : 1.0);
    }
    struct refclock_spread s = refclock_noise_measure(times, offsets, 8);
    assert_true(s.median < 1e-11 && s.mean < 1e-10);
    refclock_noise_init(&n, 1e-8);
    refclock_noise_start(&n, &s, 1e-8);
    assert_false(refclock_noise_rose(&n, &s));
}

static void noise_that_rises_is_seen_at_once(void **state)
{
    double times[8], offsets[8];
    struct refclock_noise n;

    refclock_noise_init(&n, 1e-8);
    refclock_noise_start(&n, &(struct refclock_spread){6, 1e-12, 1e-12}, 1e-8);
    assert_true(n.variance == 1e-12);
    for (int i = 0; i < 8; i++) {
        times[i] = 16.0 * i;
        offsets[i] = 1e-3 * (i % 2);
    }
    struct refclock_spread s = refclock_noise_measure(times, offsets, 8);
    assert_true(refclock_noise_rose(&n, &s));
    assert_true(n.variance > 1e-7 && n.variance < 1e-5);
    assert_false(refclock_noise_rose(&n, &s));
}

static void dispersion_counts_before_there_is_a_spread(void **state)
{
    struct refclock_noise n;

    refclock_noise_init(&n, 1e-8);
    refclock_noise_start(&n, &(struct refclock_spread){0, 0.0, 0.0}, 1e-3);
    struct bank_noise b = refclock_noise_get(&n);
    assert_true(b.variance == 1e-6 && b.unbounded && b.bound == 0.0);
    refclock_noise_start(&n, &(struct refclock_spread){6, 1e-12, 1e-12}, 1e-3);
    assert_true(refclock_noise_get(&n).variance == 1e-12);
}

/* A tenth of the quantum: many readings may be averaged in a sample. */
static void quantum_is_a_floor(void **state)
{
    struct refclock_noise n;

    refclock_noise_init(&n, 1e-7);
    refclock_noise_start(&n, &(struct refclock_spread){6, 0.0, 0.0}, 1e-3);
    assert_true(fabs(n.variance - 1e-16) < 1e-28);
    refclock_noise_reset(&n);
    assert_true(n.variance == 0.0);
}

/* ---- The estimator ---- */

struct receiver {
    uint64_t random;
    double offset, frequency; /* of the clock */
    double wander, jitter;    /* s^-1/2, s */
    double correlation;       /* of the errors of two samples in a row */
    double error;
    double time;
};

static double uniform(struct receiver *r)
{
    r->random = r->random * 6364136223846793005U + 1442695040888963407U;
    return ((double)(r->random >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct receiver *r)
{
    double radius = sqrt(-2.0 * log(uniform(r)));

    return radius * cos(2.0 * M_PI * uniform(r));
}

struct fixture {
    struct samples *samples;
    struct estimator *estimator;
};

static struct fixture make(int min_samples, int max_samples)
{
    struct samples_params samples = {min_samples, max_samples, 0.0, 0.0, 1e-8};
    struct estimator_params params = {.kind = ESTIMATOR_KALMAN,
                                      .refclock = true,
                                      .min_samples = min_samples,
                                      .max_samples = max_samples,
                                      .precision = 1e-8};
    struct fixture f = {.samples = samples_new(&samples)};

    f.estimator = estimator_new(&params, f.samples);
    return f;
}

static void clean(struct fixture *f)
{
    estimator_free(f->estimator);
    samples_free(f->samples);
}

static void give(struct fixture *f, double time, double offset, double dispersion)
{
    struct samples_fit fit;
    struct source_sample sample = {
        .time = {instant_add((struct instant){T0, 0}, time)},
        .offset = offset,
        .peer_delay = 1e-9,
        .peer_dispersion = dispersion,
        .root_delay = 1e-9,
        .root_dispersion = dispersion,
    };

    samples_add(f->samples, &sample);
    samples_update(f->samples, &fit);
    estimator_add(f->estimator, &sample);
}

static double next(struct receiver *r, double interval)
{
    r->offset += interval * r->frequency;
    r->frequency += r->wander * sqrt(interval) * normal(r);
    r->time += interval;
    r->error = r->correlation * r->error +
               sqrt(1.0 - r->correlation * r->correlation) * r->jitter * normal(r);
    return r->offset + r->error;
}

struct outcome {
    double rms, calibration, jitter;
};

/* Of the second half of the samples. */
static struct outcome run(struct fixture *f, struct receiver *r, int samples, double interval,
                          double dispersion)
{
    struct outcome o = {0.0, 0.0, 0.0};
    struct samples_tracking t;
    struct estimator_state s;

    for (int i = 0; i < samples; i++) {
        double offset = next(r, interval);
        give(f, r->time, offset, dispersion);
        estimator_tracking(f->estimator, &t);
        double wrong = t.offset - r->offset;
        if (2 * i < samples)
            continue;
        o.rms += wrong * wrong / (samples / 2);
        o.calibration += wrong * wrong / (t.offset_sd * t.offset_sd) / (samples / 2);
    }
    o.rms = sqrt(o.rms);
    assert_true(estimator_state(f->estimator, &s));
    o.jitter = s.jitter;
    return o;
}

/* Whatever the dispersion says. */
static void noise_of_all_receivers_is_learnt(void **state)
{
    static const struct {
        double jitter, interval, dispersion;
    } cases[] = {
        {5e-2, 16.0, 1e-7}, {5e-2, 16.0, 0.5}, {1e-6, 4.0, 1e-7}, {1e-6, 4.0, 1e-3},
        {1e-7, 8.0, 1e-8},  {1e-8, 1.0, 1e-6}, {3e-9, 0.5, 1e-8},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture f = make(6, 0);
        struct receiver r = {
            .random = 1 + i, .frequency = 3e-5, .wander = 1e-9, .jitter = cases[i].jitter};
        struct outcome o = run(&f, &r, 2000, cases[i].interval, cases[i].dispersion);
        if (!(o.jitter > 0.7 * r.jitter && o.jitter < 1.4 * r.jitter))
            fail_msg("noise %g: %g was learnt", r.jitter, o.jitter);
        if (!(o.rms < 0.75 * r.jitter && o.calibration > 0.4 && o.calibration < 1.6))
            fail_msg("noise %g: RMS error %g, calibration %g", r.jitter, o.rms, o.calibration);
        clean(&f);
    }
}

/* Errors that stay for some samples: the mean of many is not as good as if they were independent,
   and the claim must not be as if it was. */
static void claims_hold_with_correlated_errors(void **state)
{
    struct fixture f = make(6, 0);
    struct receiver r = {
        .random = 5, .frequency = 3e-5, .wander = 1e-9, .jitter = 1e-2, .correlation = 0.8};
    struct outcome o = run(&f, &r, 4000, 16.0, 1e-6);

    if (!(o.calibration < 2.0))
        fail_msg("calibration %g", o.calibration);
    clean(&f);
}

/* An antenna is covered: noise that was 1 us is 10 ms from one sample to the next. */
static void noise_that_rises_is_followed(void **state)
{
    struct fixture f = make(6, 0);
    struct receiver r = {.random = 6, .frequency = 3e-5, .wander = 1e-9, .jitter = 1e-6};

    run(&f, &r, 200, 16.0, 1e-7);
    r.jitter = 1e-2;
    struct outcome o = run(&f, &r, 100, 16.0, 1e-7);
    if (!(o.jitter > 5e-3 && o.jitter < 2e-2 && o.rms < 1e-2 && o.calibration < 3.0))
        fail_msg("noise %g, RMS error %g, calibration %g", o.jitter, o.rms, o.calibration);
    clean(&f);
}

static void step_of_a_receiver_is_followed(void **state)
{
    struct fixture f = make(6, 0);
    struct receiver r = {.random = 7, .frequency = 3e-5, .wander = 1e-9, .jitter = 1e-6};
    struct samples_tracking t;

    run(&f, &r, 200, 4.0, 1e-7);
    r.offset += 1.0;
    for (int i = 0; i < 2; i++) {
        double offset = next(&r, 4.0);
        give(&f, r.time, offset, 1e-7);
    }
    estimator_tracking(f.estimator, &t);
    assert_true(fabs(t.offset - r.offset) < 1e-5);
    assert_true(fabs(t.frequency - r.frequency) < 1e-6);
    clean(&f);
}

/* A sample is the mean of readings and is some seconds old when it comes. */
static void tracking_data_are_those_of_the_time_asked_for(void **state)
{
    struct fixture f = make(6, 0);
    struct receiver r = {.random = 12, .frequency = 3e-5, .wander = 1e-9, .jitter = 1e-7};
    struct samples_tracking before, after, same;

    run(&f, &r, 200, 16.0, 1e-7);
    estimator_tracking(f.estimator, &before);
    struct local_time when = local_add(before.ref_time, 8.0);
    estimator_predict(f.estimator, when);
    estimator_tracking(f.estimator, &after);
    assert_true(local_diff(after.ref_time, when) == 0.0);
    assert_true(fabs(after.offset - before.offset - 8.0 * before.frequency) < 1e-12);
    assert_true(after.frequency == before.frequency);
    assert_true(after.offset_sd > before.offset_sd && after.offset_sd < 5.0 * before.offset_sd);
    assert_true(after.frequency_sd > before.frequency_sd);
    assert_true(after.root_dispersion > before.root_dispersion + 8.0 * before.skew);
    estimator_predict(f.estimator, local_add(before.ref_time, -8.0));
    estimator_tracking(f.estimator, &same);
    assert_memory_equal(&same, &before, sizeof(same));
    /* The next sample is that of its own time. */
    estimator_predict(f.estimator, when);
    double offset = next(&r, 16.0);
    give(&f, r.time, offset, 1e-7);
    estimator_tracking(f.estimator, &after);
    assert_true(fabs(local_diff(after.ref_time, before.ref_time) - 16.0) < 1e-9);
    clean(&f);
}

/* No samples for two hours: what was learnt stays, and the next samples count as ever. */
static void gap_changes_nothing_that_was_learnt(void **state)
{
    struct fixture f = make(6, 0);
    struct receiver r = {.random = 11, .frequency = 3e-5, .wander = 1e-8, .jitter = 1e-7};
    struct estimator_state before, after;
    struct samples_tracking t;

    run(&f, &r, 500, 4.0, 1e-7);
    assert_true(estimator_state(f.estimator, &before));
    next(&r, 7200.0);
    for (int i = 0; i < 3; i++) {
        double offset = next(&r, 4.0);
        give(&f, r.time, offset, 1e-7);
        assert_true(estimator_state(f.estimator, &after));
        if (!(after.jitter > 0.5 * before.jitter && after.jitter < 2.0 * before.jitter))
            fail_msg("noise %g before, %g after", before.jitter, after.jitter);
    }
    estimator_tracking(f.estimator, &t);
    assert_true(fabs(t.offset - r.offset) < 5e-7);
    assert_true(t.offset_sd < 3e-7);
    clean(&f);
}

/* ---- Memory ---- */

/* What a sample of that age still counts in the offset: the estimate without and with a small
   change of it. */
static double weight_at_age(int min_samples, int max_samples, int age)
{
    const double change = 1e-9;
    struct samples_tracking t[2];

    for (int i = 0; i < 2; i++) {
        struct fixture f = make(min_samples, max_samples);
        struct receiver r = {.random = 8, .frequency = 1e-5, .wander = 1e-12, .jitter = 1e-6};
        for (int k = 0; k < 400; k++) {
            double offset = next(&r, 4.0);
            give(&f, r.time, offset + (k == 399 - age ? i * change : 0.0), 1e-7);
        }
        estimator_tracking(f.estimator, &t[i]);
        clean(&f);
    }
    return (t[1].offset - t[0].offset) / change;
}

static void samples_older_than_maxsamples_hardly_count(void **state)
{
    for (int n = 4; n <= 32; n *= 2) {
        double newest = weight_at_age(n > 6 ? 6 : n, n, 0);
        double old = 0.0;
        for (int age = n; age < 2 * n; age++)
            old += fabs(weight_at_age(n > 6 ? 6 : n, n, age));
        double ancient = fabs(weight_at_age(n > 6 ? 6 : n, n, 4 * n));
        /* In a regression the newest of n counts 4 / n, roughly. */
        if (!(newest > 2.0 / n && newest < 5.0 / n))
            fail_msg("maxsamples %d: the newest counts %g", n, newest);
        if (!(old < 0.35 && ancient < 0.02))
            fail_msg("maxsamples %d: older samples count %g and %g", n, old, ancient);
    }
}

static void minsamples_make_a_long_memory(void **state)
{
    double rms[2];

    /* So much wander that the best memory is shorter. */
    for (int i = 0; i < 2; i++) {
        struct fixture f = make(i == 0 ? 6 : 48, 0);
        struct receiver r = {.random = 9, .frequency = 3e-5, .wander = 2e-8, .jitter = 1e-6};
        rms[i] = run(&f, &r, 1000, 4.0, 1e-7).rms;
        clean(&f);
    }
    assert_true(rms[1] > rms[0]);
    assert_true(weight_at_age(48, 0, 0) < 5.0 / 48);
    /* But not one that is of no use. */
    assert_true(rms[1] < 20.0 * rms[0]);
}

/* As with the regression: the offset is that of the last sample, and there is no frequency. */
static void one_or_two_samples_make_no_estimate(void **state)
{
    for (int n = 1; n <= 2; n++) {
        struct fixture f = make(1, n);
        struct samples_tracking own, other;
        for (int i = 0; i < 10; i++)
            give(&f, 16.0 * i, 0.1 + 1e-6 * (i * 7 % 5), 1e-7);
        assert_false(estimator_is_filter(f.estimator));
        estimator_tracking(f.estimator, &own);
        samples_tracking(f.samples, &other);
        assert_memory_equal(&own, &other, sizeof(own));
        clean(&f);
    }
}

/* As after a restart with -r: the noise is not in the file, but in the samples. */
static void replay_learns_the_noise_again(void **state)
{
    struct fixture f = make(6, 0);
    struct receiver r = {.random = 10, .frequency = 3e-5, .wander = 1e-9, .jitter = 1e-7};
    struct samples_tracking before, after;
    struct estimator_state s;

    run(&f, &r, 500, 4.0, 1e-6);
    estimator_tracking(f.estimator, &before);
    assert_true(samples_count(f.samples) >= 6);
    estimator_replay(f.estimator);
    estimator_tracking(f.estimator, &after);
    assert_true(estimator_state(f.estimator, &s));
    assert_true(s.jitter > 4e-8 && s.jitter < 3e-7);
    assert_true(s.weights[BANK_GAUSS] == 1.0 && s.weights[BANK_BOUND] == 0.0);
    assert_true(fabs(after.offset - before.offset) < 1e-7);
    assert_true(fabs(after.frequency - before.frequency) < 2e-8);
    assert_true(fabs(after.offset - r.offset) < 3.0 * after.offset_sd);
    clean(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_no_spread),
        cmocka_unit_test(spread_is_the_variance_of_one_sample),
        cmocka_unit_test(equal_times_are_left_out),
        cmocka_unit_test(step_is_no_noise),
        cmocka_unit_test(noise_that_rises_is_seen_at_once),
        cmocka_unit_test(dispersion_counts_before_there_is_a_spread),
        cmocka_unit_test(quantum_is_a_floor),
        cmocka_unit_test(noise_of_all_receivers_is_learnt),
        cmocka_unit_test(claims_hold_with_correlated_errors),
        cmocka_unit_test(noise_that_rises_is_followed),
        cmocka_unit_test(step_of_a_receiver_is_followed),
        cmocka_unit_test(tracking_data_are_those_of_the_time_asked_for),
        cmocka_unit_test(gap_changes_nothing_that_was_learnt),
        cmocka_unit_test(samples_older_than_maxsamples_hardly_count),
        cmocka_unit_test(minsamples_make_a_long_memory),
        cmocka_unit_test(one_or_two_samples_make_no_estimate),
        cmocka_unit_test(replay_learns_the_noise_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
