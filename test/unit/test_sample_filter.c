/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample filter: the worked examples of discipline.md 10.6, and what it does with late samples,
 * large dispersions and changes of the clock.
 */
#include "test/unit/unit.h"

#include <math.h>
#include <stddef.h>
#include "ntp/sample_filter.h"

static struct ntp_sample example(int i, double start, double scale)
{
    static const double offsets[] = {1.0, 1.4, 0.8, 1.2, 5.0, 1.1, 0.9, 1.3, 1.0, -2.0};
    static const double dispersions[] = {1.0, 1.1, 1.2, 1.0, 1.3, 1.4, 1.6, 1.1, 1.0, 1.0};

    return (struct ntp_sample){
        .time = local_add((struct local_time){{0, 0}}, start + 16.0 * i),
        .offset = scale * 1e-3 * offsets[i],
        .peer_delay = 1e-3 * (i + 1),
        .root_delay = 2e-3 * (i + 1),
        .peer_dispersion = 1e-5 * dispersions[i],
        .root_dispersion = 1e-3 + 1e-5 * dispersions[i],
    };
}

struct expected {
    double time, offset, peer_delay, peer_dispersion, root_dispersion, average;
};

static struct sample_filter *new_filter(int length, double ratio)
{
    return sample_filter_new(&(struct sample_filter_params){
        .length = length, .max_dispersion = 16.0, .combine_ratio = ratio, .quantum = 1e-6});
}

static void fill(struct sample_filter *filter, int samples, double start, double scale)
{
    for (int i = 0; i < samples; i++) {
        struct ntp_sample s = example(i, start, scale);
        assert_true(sample_filter_add(filter, &s));
    }
}

static void check(struct sample_filter *filter, const struct expected *e)
{
    struct ntp_sample out;

    assert_true(sample_filter_take(filter, &out));
    assert_close(local_diff(out.time, (struct local_time){{0, 0}}), e->time, 1e-5);
    assert_close(out.offset, e->offset, 1e-12);
    if (e->peer_delay > 0.0) {
        assert_close(out.peer_delay, e->peer_delay, 1e-11);
        assert_close(out.root_delay, 2.0 * e->peer_delay, 1e-11);
    }
    assert_close(out.peer_dispersion, e->peer_dispersion, 1e-13);
    assert_close(out.root_dispersion, e->root_dispersion, 1e-11);
    assert_close(sample_filter_average_dispersion(filter), e->average, 1e-13);
}

static void worked_examples(void **state)
{
    static const struct {
        double ratio;
        int length, samples;
        struct expected first, second; /* second: time 0 when not given */
    } cases[] = {
        {.ratio = 0.0,
         .length = 1,
         .samples = 1,
         .first = {1000, 0.001, 0.001, 1e-5, 0.00101, 1e-6}},
        {0.0,
         2,
         2,
         {1008, 0.0012, 0.0015, 2.828427125e-4, 0.0010105, 2.828427125e-4},
         .second = {2008, 0.0006, 0, 2.236067977e-4, 0.0010105, 2.236067977e-4}},
        {.ratio = 0.0,
         .length = 3,
         .samples = 3,
         .first = {1000, 0.001, 0.001, 1e-5, 0.00101, 1e-6}},
        {.ratio = 0.0,
         .length = 4,
         .samples = 4,
         .first = {1024, 0.0011, 0.0025, 1.414213562e-4, 0.00101, 1.414213562e-4}},
        {.ratio = 0.0,
         .length = 5,
         .samples = 5,
         .first = {1048, 0.0012, 0.004, 1e-5, 0.00101, 1e-6}},
        {0.6,
         64,
         10,
         {1059.428571, 0.001114285714285714, 0.004714285714286, 8.332600447e-5, 0.001011142857143,
          2.204540353e-4},
         .second = {2059.428571, 0.0005571428571428571, 0, 6.587499061e-5, 0.001011142857143,
                    1.742842177e-4}},
        {.ratio = 0.6,
         .length = 64,
         .samples = 5,
         .first = {1021.333333, 0.0012, 0.002333333333333, 2e-4, 0.001010333333333, 2e-4}},
        {.ratio = 0.6,
         .length = 4,
         .samples = 10,
         .first = {1112, 0.00095, 0.008, 7.071067812e-5, 0.001013, 7.071067812e-5}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample_filter *filter = new_filter(cases[i].length, cases[i].ratio);

        fill(filter, cases[i].samples, 1000.0, 1.0);
        check(filter, &cases[i].first);
        if (cases[i].second.time > 0.0) {
            fill(filter, cases[i].samples, 2000.0, 0.5);
            check(filter, &cases[i].second);
        }
        sample_filter_free(filter);
    }
}

static void largest_filter_combines_many_samples(void **state)
{
    struct sample_filter *filter = new_filter(SAMPLE_FILTER_MAX, 1.0);
    struct ntp_sample out;

    (void)state;
    for (int i = 0; i < 2 * SAMPLE_FILTER_MAX; i++) {
        struct ntp_sample s = example(0, 1000.0 + i, 1.0);
        assert_true(sample_filter_add(filter, &s));
    }
    assert_true(sample_filter_take(filter, &out));
    assert_close(out.offset, 1e-3, 1e-12);
    sample_filter_free(filter);
}

static void samples_that_are_not_newer_are_refused(void **state)
{
    struct sample_filter *filter = new_filter(4, 0.6);
    struct ntp_sample s = example(1, 1000.0, 1.0), earlier = example(0, 1000.0, 1.0), out;

    (void)state;
    assert_true(sample_filter_add(filter, &s));
    assert_false(sample_filter_add(filter, &s));
    assert_false(sample_filter_add(filter, &earlier));
    assert_true(sample_filter_take(filter, &out));
    assert_non_null(sample_filter_last(filter));
    /* Nothing is stored that it could be out of order with. */
    assert_true(sample_filter_add(filter, &earlier));
    sample_filter_free(filter);
}

static void too_large_dispersion_gives_nothing_and_keeps_the_samples(void **state)
{
    struct sample_filter *filter = sample_filter_new(&(struct sample_filter_params){
        .length = 8, .max_dispersion = 1e-4, .combine_ratio = 0.6, .quantum = 1e-6});
    struct ntp_sample out;

    (void)state;
    fill(filter, 2, 1000.0, 1.0);
    assert_false(sample_filter_take(filter, &out));
    for (int i = 2; i < 8; i++) {
        struct ntp_sample s = example(0, 1000.0 + 16 * i, 1.0);
        assert_true(sample_filter_add(filter, &s));
    }
    assert_true(sample_filter_take(filter, &out));
    sample_filter_free(filter);
}

static void changes_of_the_clock_move_what_is_stored_or_the_last_one(void **state)
{
    struct sample_filter *filter = new_filter(4, 0.6);
    struct clock_change change = {.cooked = {{1000, 0}}, .doffset = 0.5};
    struct ntp_sample s = example(0, 1000.0, 1.0), out;

    (void)state;
    sample_filter_add(filter, &s);
    sample_filter_clock_change(filter, &change);
    sample_filter_add_dispersion(filter, 1e-3);
    sample_filter_correct_offset(filter, 0.25);
    assert_true(sample_filter_take(filter, &out));
    assert_close(local_diff(out.time, (struct local_time){{1000, 0}}), -0.5, 1e-9);
    assert_close(out.offset, 0.001 + 0.5 - 0.25, 1e-12);
    assert_close(out.peer_dispersion, 1e-5 + 1e-3, 1e-12);

    change.cooked = (struct local_time){{999, 500000000}};
    sample_filter_clock_change(filter, &change);
    sample_filter_correct_offset(filter, 0.25);
    sample_filter_add_dispersion(filter, 1.0);
    assert_close(local_diff(sample_filter_last(filter)->time, (struct local_time){{999, 0}}), 0.0,
                 1e-9);
    assert_close(sample_filter_last(filter)->offset, 0.001 + 0.5, 1e-12);
    assert_close(sample_filter_last(filter)->peer_dispersion, 1e-5 + 1e-3, 1e-12);

    sample_filter_reset(filter);
    assert_null(sample_filter_last(filter));
    sample_filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_examples),
        cmocka_unit_test(largest_filter_combines_many_samples),
        cmocka_unit_test(samples_that_are_not_newer_are_refused),
        cmocka_unit_test(too_large_dispersion_gives_nothing_and_keeps_the_samples),
        cmocka_unit_test(changes_of_the_clock_move_what_is_stored_or_the_last_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
