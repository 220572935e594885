/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source statistics: the worked example of discipline.md 11.9, and the rules around it.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "source/samples.h"

#define T0 1699999000

static void assert_near(double value, double expected)
{
    if (fabs(value - expected) > fabs(expected) * 2e-9 + 1e-18) {
        print_error("%.12g is not %.12g\n", value, expected);
        fail();
    }
}

static struct local_time at(double t)
{
    return (struct local_time){instant_add((struct instant){T0, 0}, t)};
}

static struct samples *make(int min_samples, int max_samples, double min_delay, double asymmetry)
{
    struct samples_params params = {min_samples, max_samples, min_delay, asymmetry, 1e-6};

    return samples_new(&params);
}

static void add_example_sample(struct samples *s, int i)
{
    static const double offsets[] = {1.00, 1.05, 0.98, 1.10, 1.02, 1.07, 1.30, 1.04};
    static const double delays[] = {1.0, 1.1, 1.0, 1.2, 1.05, 1.1, 2.0, 1.02};
    struct source_sample sample = {
        .time = at(64.0 * i),
        .offset = -offsets[i] * 1e-3,
        .peer_delay = delays[i] * 1e-3,
        .peer_dispersion = 2e-5,
        .root_delay = delays[i] * 1e-3 + 5e-3,
        .root_dispersion = 1.02e-3,
    };

    assert_true(samples_add(s, &sample));
}

struct row {
    int best;
    double offset, offset_sd, frequency, frequency_sd, skew, sd;
    int runs;
};

static void statistics_follow_the_worked_example(void **state)
{
    static const struct row rows[] = {
        {0, -1.0e-3, 4, 0, 2e-3, 2e-3, 4, 0},
        {1, -1.05e-3, 4, 0, 2e-3, 2e-3, 4, 0},
        {2, -9.800119976e-4, 1.199820034e-6, 1.5625e-7, 1.325692652e-8, 8.4393591e-6,
         1.469399966e-6, 3},
        {3, -9.933333308e-4, 3.999170596e-5, 3.910995354e-8, 2.86270199e-7, 9.046138397e-6,
         3.684032732e-5, 4},
        {4, -1.008412921e-3, 3.04103598e-5, -4.460833934e-8, 1.647697655e-7, 2.128825383e-6,
         3.245115269e-5, 3},
        {5, -1.039357344e-3, 3.136232271e-5, -1.420210162e-7, 1.385816476e-7, 1.193187938e-6,
         3.615725976e-5, 5},
        {5, -1.060717794e-3, 3.947411327e-5, -1.75010145e-7, 1.422381023e-7, 9.770335184e-7,
         4.135009222e-5, 5},
        {7, -1.047048145e-3, 2.350460264e-5, -1.126538862e-7, 7.583753013e-8, 4.519158505e-7,
         3.438315945e-5, 6},
    };
    struct samples *s = make(6, 0, 0.0, 1.0);
    struct samples_fit fit;
    struct samples_tracking t;
    struct samples_report r;

    for (int i = 0; i < 8; i++) {
        const struct row *row = &rows[i];
        add_example_sample(s, i);
        assert_int_equal(samples_update(s, &fit), i >= 2);
        samples_tracking(s, &t);
        samples_report(s, at(64.0 * i), &r);
        assert_near(t.offset, row->offset);
        assert_near(t.offset_sd, row->offset_sd);
        assert_near(t.frequency, row->frequency);
        assert_near(t.frequency_sd, row->frequency_sd);
        assert_near(t.skew, row->skew);
        assert_near(r.sd, row->sd);
        assert_int_equal(r.runs, row->runs);
        /* The best sample is seen by its delay. */
        static const double delays[] = {1.0, 1.1, 1.0, 1.2, 1.05, 1.1, 2.0, 1.02};
        assert_near(t.root_delay, delays[row->best] * 1e-3 + 5e-3);
    }
    assert_int_equal(samples_asymmetry_run(s), -3);

    struct samples_selection info;
    assert_true(samples_selection(s, at(500.0), 1.0, &info));
    assert_near(info.low, -0.005099357626);
    assert_near(info.high, 0.003007641622);
    assert_near(info.root_distance, 0.004053499624);
    assert_near(info.first_ago, 500.0);
    assert_near(info.last_ago, 52.0);
    assert_near(samples_predict_offset(s, at(500.0)), -0.001052906147);
    samples_tracking(s, &t);
    assert_near(t.root_delay, 0.00602);
    assert_near(t.root_dispersion, 0.001043504603);
    samples_report(s, at(500.0), &r);
    assert_near(r.span, 448.0);
    assert_near(r.offset, -0.001052906147);
    assert_near(r.offset_error, 0.004077004227);

    samples_slew(s, at(500.0), 1e-5, 2e-4);
    samples_tracking(s, &t);
    assert_near(t.offset, -7.270481448e-4);
    assert_near(t.frequency, -1.011275501e-5);
    assert_near(local_diff(t.ref_time, at(0.0)), 448.00032);
    struct samples_entry oldest;
    samples_get_entry(s, 0, &oldest);
    assert_near(oldest.offset, 0.0038);
    assert_near(oldest.original_offset, -0.001);
    assert_near(local_diff(oldest.time, at(0.0)), 0.0048);
    samples_free(s);
}

static void delays_below_the_fixed_minimum_are_reflected(void **state)
{
    struct samples *s = make(3, 0, 2e-4, 0.499);
    struct samples_entry e;
    struct samples_fit fit;
    struct samples_tracking t;

    for (int i = 0; i < 4; i++) {
        struct source_sample sample = {
            .time = at(16.0 * i), .peer_delay = 1.5e-4, .root_delay = 1e-3};
        assert_true(samples_add(s, &sample));
    }
    samples_get_entry(s, 0, &e);
    assert_near(e.peer_delay, 2.5e-4);
    assert_true(samples_update(s, &fit));
    samples_tracking(s, &t);
    assert_near(t.offset, -2.495e-5);
    assert_near(samples_min_delay(s), 2e-4);
    assert_near(samples_asymmetry(s), 0.499);
    samples_free(s);
}

static void sample_out_of_order_discards_the_history(void **state)
{
    struct samples *s = make(6, 0, 0.0, 1.0);
    struct source_sample sample = {.time = at(64.0), .offset = -0.5};

    add_example_sample(s, 0);
    add_example_sample(s, 1);
    assert_false(samples_add(s, &sample));
    assert_int_equal(samples_count(s), 1);
    assert_near(samples_predict_offset(s, at(100.0)), -0.5);
    samples_free(s);
}

static void register_keeps_the_newest_samples_within_its_limit(void **state)
{
    struct samples *s = make(6, 0, 0.0, 1.0);
    struct samples_fit fit;

    for (int i = 0; i < 500; i++) {
        struct source_sample sample = {
            .time = at(i), .offset = i % 3 * 1e-6, .peer_delay = 1e-3 + i % 7 * 1e-6};
        assert_true(samples_add(s, &sample));
        samples_update(s, &fit);
    }
    struct samples_entry e;
    assert_true(samples_count(s) <= SAMPLES_MAX);
    samples_get_entry(s, samples_count(s) - 1, &e);
    assert_near(local_diff(e.time, at(0.0)), 499.0);
    assert_near(samples_min_delay(s), 1e-3);
    samples_free(s);
}

static void one_sample_is_enough_with_maxsamples_1(void **state)
{
    struct samples *one = make(6, 1, 0.0, 1.0), *many = make(6, 0, 0.0, 1.0);
    struct samples_selection info;
    struct samples_fit fit;

    assert_false(samples_selection(one, at(0.0), 1.0, &info));
    for (int i = 0; i < 2; i++) {
        add_example_sample(one, i);
        samples_update(one, &fit);
    }
    assert_int_equal(samples_count(one), 1);
    assert_true(samples_selection(one, at(65.0), 0.25, &info));
    assert_near(info.sd, 0.25);

    add_example_sample(many, 0);
    samples_update(many, &fit);
    assert_false(samples_selection(many, at(1.0), 0.25, &info));
    assert_near(info.last_ago, 1.0);
    samples_free(one);
    samples_free(many);
}

static void delay_tests_get_data_from_six_samples_on(void **state)
{
    struct samples *s = make(6, 0, 0.0, 1.0);
    struct source_test_data data;
    struct samples_fit fit;

    for (int i = 0; i < 6; i++) {
        assert_false(samples_test_data(s, at(0.0), &data));
        add_example_sample(s, i);
        samples_update(s, &fit);
    }
    assert_true(samples_test_data(s, at(420.0), &data));
    assert_near(data.last_sample_ago, 100.0);
    assert_near(data.predicted_offset, -1.039357344e-3 - 1.420210162e-5);
    assert_near(data.min_delay, 1e-3);
    samples_free(s);
}

static void corrections_and_dispersion_reach_all_samples(void **state)
{
    struct samples *s = make(6, 0, 0.0, 1.0);
    struct samples_entry e;

    add_example_sample(s, 0);
    add_example_sample(s, 1);
    samples_correct_offset(s, 0.25);
    samples_add_dispersion(s, 0.125);
    samples_get_entry(s, 0, &e);
    assert_near(e.offset, 0.249);
    assert_near(e.peer_dispersion, 0.12502);
    assert_near(e.root_dispersion, 0.12602);
    assert_near(e.original_offset, -0.001);
    samples_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_follow_the_worked_example),
        cmocka_unit_test(delays_below_the_fixed_minimum_are_reflected),
        cmocka_unit_test(sample_out_of_order_discards_the_history),
        cmocka_unit_test(register_keeps_the_newest_samples_within_its_limit),
        cmocka_unit_test(one_sample_is_enough_with_maxsamples_1),
        cmocka_unit_test(delay_tests_get_data_from_six_samples_on),
        cmocka_unit_test(corrections_and_dispersion_reach_all_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
