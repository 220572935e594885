/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample filter: the worked examples of discipline.md 10.6, and what it does with late samples,
 * large dispersions and changes of the clock.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stddef.h>
#include "source/sample_filter.h"

static struct source_sample example(int i, double start, double scale)
{
    static const double offsets[] = {1.0, 1.4, 0.8, 1.2, 5.0, 1.1, 0.9, 1.3, 1.0, -2.0};
    static const double dispersions[] = {1.0, 1.1, 1.2, 1.0, 1.3, 1.4, 1.6, 1.1, 1.0, 1.0};

    return (struct source_sample){
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
        struct source_sample s = example(i, start, scale);
        assert_true(sample_filter_add(filter, &s));
    }
}

static void check(struct sample_filter *filter, const struct expected *e)
{
    struct source_sample out;

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
    struct source_sample out;

    for (int i = 0; i < 2 * SAMPLE_FILTER_MAX; i++) {
        struct source_sample s = example(0, 1000.0 + i, 1.0);
        assert_true(sample_filter_add(filter, &s));
    }
    assert_true(sample_filter_take(filter, &out));
    assert_close(out.offset, 1e-3, 1e-12);
    sample_filter_free(filter);
}

/* Samples of one round, a second apart; NULL: all have a dispersion of 1e-9. */
static void add_round(struct sample_filter *filter, double start, int count, const double *offsets,
                      const double *dispersions)
{
    for (int i = 0; i < count; i++) {
        struct source_sample s = {
            .time = local_add((struct local_time){{0, 0}}, start + i),
            .offset = offsets[i],
            .peer_dispersion = dispersions ? dispersions[i] : 1e-9,
            .root_dispersion = dispersions ? dispersions[i] : 1e-9,
        };
        assert_true(sample_filter_add(filter, &s));
    }
}

static struct source_sample take(struct sample_filter *filter)
{
    struct source_sample out;

    assert_true(sample_filter_take(filter, &out));
    return out;
}

/* Of more than four, those with at most 1.5 times the smallest dispersion, if they are four or
   more. */
static void samples_with_a_small_dispersion_are_selected(void **state)
{
    static const struct {
        int count;
        double dispersions[6], offset;
    } cases[] = {
        {5, {1.0, 1.4, 1.4, 1.4, 1.6}, 1.5}, /* 0 to 3: their middle two */
        {5, {1.0, 1.4, 1.4, 1.6, 1.6}, 2.0}, /* all */
        {5, {1.0, 1.4, 1.4, 1.4, 1.4}, 2.0},
        {4, {1.0, 9.0, 9.0, 9.0}, 1.5},
    };
    static const double offsets[] = {0.0, 1.0, 2.0, 3.0, 100.0};
    struct sample_filter *filter = new_filter(8, 0.6);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        add_round(filter, 100.0 * (double)i, cases[i].count, offsets, cases[i].dispersions);
        assert_close(take(filter).offset, cases[i].offset, 1e-12);
    }
    sample_filter_free(filter);
}

static void middle_of_the_offsets_is_kept(void **state)
{
    static const double offsets[] = {-5.0, 7.0, 1.0, -4.0, 3.0, 6.0, -2.0, 9.0};
    static const struct {
        double ratio;
        int count;
        double offset;
    } cases[] = {
        {0.0, 6, 2.0},                            /* 1, 3 */
        {0.0, 8, 2.0},                            /* 1, 3 */
        {0.6, 6, (-4.0 + 1.0 + 3.0 + 6.0) / 4.0}, /* one from each end */
        {0.6, 8, (-4.0 - 2.0 + 1.0 + 3.0 + 6.0 + 7.0) / 6.0},
        {0.4, 8, 2.0}, /* two from each end: -2, 1, 3, 6 */
        {1.0, 3, 1.0}, /* one, in any case */
        {1.0, 2, 1.0}, /* but none of two */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample_filter *filter = new_filter(8, cases[i].ratio);

        add_round(filter, 0.0, cases[i].count, offsets, NULL);
        assert_close(take(filter).offset, cases[i].offset, 1e-12);
        sample_filter_free(filter);
    }
}

/* Four are enough for a line, of which these have no error: 1e-10 is the least that is told. */
static void drift_of_four_samples_is_no_dispersion(void **state)
{
    static const double offsets[] = {-9.0, 1.0, 2.0, 3.0, 4.0, 9.0};
    struct sample_filter *filter = new_filter(6, 0.6);

    add_round(filter, 0.0, 6, offsets, NULL);
    struct source_sample out = take(filter);
    assert_close(out.offset, 2.5, 1e-12);
    assert_close(out.peer_dispersion, 1e-9, 1e-15);
    assert_close(sample_filter_average_dispersion(filter), 1e-10, 1e-16);
    sample_filter_free(filter);

    /* Three are not. */
    filter = new_filter(5, 0.6);
    add_round(filter, 0.0, 5, offsets, NULL);
    assert_close(take(filter).peer_dispersion, 1.0, 1e-12);
    sample_filter_free(filter);
}

/* A round whose middle three samples have the variance a^2, with two degrees of freedom. */
static struct source_sample take_round(struct sample_filter *filter, double start, double a)
{
    const double offsets[] = {-9.0, -a, 0.0, a, 9.0};

    add_round(filter, start, 5, offsets, NULL);
    return take(filter);
}

/* 2 v / 4.605 is compared with the average of the rounds before. */
static void dispersion_below_the_usual_is_not_believed(void **state)
{
    static const struct {
        double variance, expected; /* of the second round; that of the first is 1 */
    } cases[] = {
        {5.0, 5.0},                     /* = 2.17 */
        {2.0, (1.0 * 2 + 2.0 * 2) / 4}, /* = 0.87 */
        {0.01, (1.0 * 2 + 0.01 * 2) / 4},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample_filter *filter = new_filter(5, 0.6);

        assert_close(take_round(filter, 0.0, 1.0).peer_dispersion, 1.0, 1e-12);
        struct source_sample out = take_round(filter, 100.0, sqrt(cases[i].variance));
        assert_close(out.peer_dispersion, sqrt(cases[i].expected), 1e-12);
        assert_close(out.root_dispersion, sqrt(cases[i].expected), 1e-12);
        sample_filter_free(filter);
    }
}

/* Each round adds two degrees of freedom; above 50 the old rounds weigh as much as 50. */
static void average_forgets_old_rounds(void **state)
{
    struct sample_filter *filter = new_filter(5, 0.6);

    for (int i = 0; i < 40; i++)
        take_round(filter, 100.0 * i, 1.0);
    assert_close(sample_filter_average_dispersion(filter), 1.0, 1e-12);
    take_round(filter, 10000.0, 3.0);
    assert_close(sample_filter_average_dispersion(filter), sqrt(1.0 + 2.0 / 52.0 * 8.0), 1e-12);
    sample_filter_free(filter);

    filter = new_filter(5, 0.6);
    for (int i = 0; i < 10; i++)
        take_round(filter, 100.0 * i, 1.0);
    take_round(filter, 10000.0, 3.0);
    assert_close(sample_filter_average_dispersion(filter), sqrt((20.0 + 2.0 * 9.0) / 22.0), 1e-12);
    sample_filter_free(filter);
}

/* A line through four samples has two degrees of freedom too. */
static void line_has_two_degrees_less_than_samples(void **state)
{
    static const double offsets[] = {-9.0, 1.0, 2.5, 2.5, 4.0, 9.0};
    struct sample_filter *filter = new_filter(6, 0.6);

    add_round(filter, 0.0, 6, offsets, NULL);
    take(filter);
    double variance =
        sample_filter_average_dispersion(filter) * sample_filter_average_dispersion(filter);
    /* The line 1.15 + 0.9 i leaves -0.15, 0.45, -0.45, 0.15. */
    assert_close(variance, 0.45 / 2.0, 1e-9);
    take_round(filter, 100.0, 1.0);
    assert_close(sample_filter_average_dispersion(filter), sqrt((2.0 * variance + 2.0) / 4.0),
                 1e-9);
    sample_filter_free(filter);
}

static void samples_that_are_not_newer_are_refused(void **state)
{
    struct sample_filter *filter = new_filter(4, 0.6);
    struct source_sample s = example(1, 1000.0, 1.0), earlier = example(0, 1000.0, 1.0), out;

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
    struct source_sample out;

    fill(filter, 2, 1000.0, 1.0);
    assert_false(sample_filter_take(filter, &out));
    for (int i = 2; i < 8; i++) {
        struct source_sample s = example(0, 1000.0 + 16 * i, 1.0);
        assert_true(sample_filter_add(filter, &s));
    }
    assert_true(sample_filter_take(filter, &out));
    sample_filter_free(filter);
}

static void changes_of_the_clock_move_what_is_stored_or_the_last_one(void **state)
{
    struct sample_filter *filter = new_filter(4, 0.6);
    struct clock_change change = {.cooked = {{1000, 0}}, .doffset = 0.5};
    struct source_sample s = example(0, 1000.0, 1.0), out;

    sample_filter_add(filter, &s);
    sample_filter_clock_change(filter, &change);
    sample_filter_add_dispersion(filter, 1e-3);
    sample_filter_correct_offset(filter, 0.25);
    assert_true(sample_filter_take(filter, &out));
    assert_close(local_diff(out.time, (struct local_time){{1000, 0}}), -0.5, 1e-9);
    assert_close(out.offset, 0.001 - 0.5 + 0.25, 1e-12);
    assert_close(out.peer_dispersion, 1e-5 + 1e-3, 1e-12);
    assert_close(out.root_dispersion, 1e-3 + 1e-5 + 1e-3, 1e-12);

    change.cooked = (struct local_time){{999, 500000000}};
    sample_filter_clock_change(filter, &change);
    sample_filter_correct_offset(filter, 0.25);
    sample_filter_add_dispersion(filter, 1.0);
    assert_close(local_diff(sample_filter_last(filter)->time, (struct local_time){{999, 0}}), 0.0,
                 1e-9);
    assert_close(sample_filter_last(filter)->offset, 0.001 - 0.5, 1e-12);
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
        cmocka_unit_test(samples_with_a_small_dispersion_are_selected),
        cmocka_unit_test(middle_of_the_offsets_is_kept),
        cmocka_unit_test(drift_of_four_samples_is_no_dispersion),
        cmocka_unit_test(dispersion_below_the_usual_is_not_believed),
        cmocka_unit_test(average_forgets_old_rounds),
        cmocka_unit_test(line_has_two_degrees_less_than_samples),
        cmocka_unit_test(samples_that_are_not_newer_are_refused),
        cmocka_unit_test(too_large_dispersion_gives_nothing_and_keeps_the_samples),
        cmocka_unit_test(changes_of_the_clock_move_what_is_stored_or_the_last_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
