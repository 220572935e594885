/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The joint estimate: what it makes of sources that agree, that differ, jump, come and go, and how
 * it follows the clock (discipline.md 30.10).
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <string.h>
#include "source/joint.h"

#define SOURCES  5
#define INTERVAL 64
#define JITTER   1e-4 /* mean, each way */
#define WEIGHT   200.0

/* A clock and a network with numbers from a fixed sequence. */
struct truth {
    uint64_t state;
    double time, offset, frequency, wander;
    double bias[SOURCES];
    double sum; /* of the squared errors */
    double variance_sum;
    int count;
};

static double uniform(struct truth *t)
{
    t->state = t->state * 6364136223846793005U + 1442695040888963407U;
    return ((double)(t->state >> 11) + 0.5) / 9007199254740992.0;
}

static void advance(struct truth *t, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        double r = sqrt(-2.0 * log(uniform(t)));
        t->offset += t->frequency;
        t->frequency += t->wander * r * cos(2.0 * M_PI * uniform(t));
    }
    t->time += seconds;
}

static struct local_time at(double time)
{
    return (struct local_time){instant_add((struct instant){1699999000, 0}, time)};
}

static struct estimator_sample measure(struct truth *t, int source)
{
    double there = -JITTER * log(uniform(t)), back = -JITTER * log(uniform(t));

    return (struct estimator_sample){
        .time = at(t->time),
        .offset = t->offset + t->bias[source] + 0.5 * (there - back),
        .noise = {.bound = 0.5 * (there + back) + 1e-9,
                  .softness = 1e-9,
                  .variance = 0.5 * JITTER * JITTER},
        .weights = {[BANK_BOUND] = 0.98, [BANK_GAUSS] = 0.02},
    };
}

/* Source 0 alone, for long enough to know the clock; then all sources by their first samples. */
static void start(struct joint *j, struct joint_member *members, struct truth *t, int count)
{
    struct bank bank = {.samples = 0};

    memset(j, 0, sizeof(*j));
    memset(members, 0, (size_t)count * sizeof(*members));
    for (int i = 0; i < 30; i++) {
        struct estimator_sample s = measure(t, 0);
        bank_update(&bank, i > 0 ? INTERVAL : 0.0, s.offset, &s.noise);
        if (i < 29)
            advance(t, INTERVAL);
    }
    joint_start(j, &bank, at(t->time));
    for (int i = 0; i < count; i++) {
        struct estimator_sample s = measure(t, i);
        struct samples_tracking own = {
            .ref_time = s.time, .offset = s.offset, .offset_sd = sqrt(s.noise.variance)};
        joint_join(j, &members[i], &own, WEIGHT);
    }
    joint_settle(j);
}

/* Each source in turn, all within an interval. */
static void run(struct joint *j, struct joint_member *members, struct truth *t, int count,
                int rounds)
{
    t->sum = t->variance_sum = 0.0;
    t->count = 0;
    for (int i = 0; i < rounds * count; i++) {
        advance(t, INTERVAL / count);
        struct estimator_sample s = measure(t, i % count);
        joint_add(j, &members[i % count], &s, WEIGHT);
        double error = j->bank.mix.offset - t->offset;
        t->sum += error * error;
        t->variance_sum += j->bank.mix.offset_variance;
        t->count++;
    }
}

static double rms(const struct truth *t)
{
    return sqrt(t->sum / t->count);
}

static struct truth make_truth(uint64_t seed)
{
    return (struct truth){.state = seed, .offset = 1e-3, .frequency = 1e-6, .wander = 1e-8};
}

/* Mean square of the errors over some seeds, relative to what is claimed. */
static double error_of(int count, const double *bias, double *calibration)
{
    double sum = 0.0, variances = 0.0;

    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct truth t = make_truth(seed);
        struct joint j;
        struct joint_member members[SOURCES];
        memcpy(t.bias, bias, sizeof(t.bias));
        start(&j, members, &t, count);
        run(&j, members, &t, count, 40);
        run(&j, members, &t, count, 200);
        sum += t.sum / t.count;
        variances += t.variance_sum / t.count;
        joint_stop(&j);
    }
    *calibration = sum / variances;
    return sqrt(sum / 8.0);
}

static void several_equal_sources_are_better_than_one(void **state)
{
    static const double none[SOURCES];
    double calibration_1, calibration_5;
    double one = error_of(1, none, &calibration_1), five = error_of(5, none, &calibration_5);

    assert_true(five < 0.55 * one);
    assert_true(calibration_1 > 0.5 && calibration_1 < 1.5);
    assert_true(calibration_5 > 0.5 && calibration_5 < 1.5);
}

static void constant_errors_are_taken_off(void **state)
{
    static const double none[SOURCES], biases[SOURCES] = {2e-3, 1e-3, 0.0, -1e-3, -2e-3};
    double calibration;
    double equal = error_of(5, none, &calibration), biased = error_of(5, biases, &calibration);

    assert_true(biased < 1.35 * equal);
    assert_true(calibration > 0.5 && calibration < 1.5);
}

static void biases_are_found(void **state)
{
    struct truth t = make_truth(11);
    struct joint j;
    struct joint_member members[SOURCES];
    struct joint_estimate e;
    static const double biases[SOURCES] = {2e-3, 1e-3, 0.0, -1e-3, -2e-3};

    memcpy(t.bias, biases, sizeof(t.bias));
    start(&j, members, &t, 5);
    run(&j, members, &t, 5, 100);
    for (int i = 0; i < 5; i++) {
        assert_true(fabs(members[i].correction - biases[i]) < 3e-5);
        assert_true(fabs(joint_share(&j, &members[i]) - 0.2) < 1e-9);
    }
    /* Standard deviation of the biases: 1.58 ms; of the mean of five true ones: that / sqrt(5). */
    joint_estimate(&j, &e);
    assert_true(e.mean_sd > 0.6e-3 && e.mean_sd < 0.8e-3);
    assert_true(e.offset_sd < 3e-5);
    joint_stop(&j);
}

/* What differs by chance only is not taken off. */
static void sources_that_agree_are_not_corrected(void **state)
{
    struct truth t = make_truth(12);
    struct joint j;
    struct joint_member members[SOURCES];
    double sum = 0.0;

    start(&j, members, &t, 5);
    for (int i = 0; i < 30; i++) {
        run(&j, members, &t, 5, 10);
        for (int k = 0; k < 5; k++)
            sum += members[k].correction * members[k].correction;
    }
    assert_true(sqrt(sum / 150.0) < 4e-6);
    joint_stop(&j);
}

/* Two sources that are 2 ms apart. */
static void start_pair(struct joint *j, struct joint_member *members, struct truth *t)
{
    *t = make_truth(13);
    t->bias[0] = 1e-3;
    t->bias[1] = -1e-3;
    start(j, members, t, 2);
    run(j, members, t, 2, 50);
}

static void estimate_follows_the_weights(void **state)
{
    struct truth t;
    struct joint j;
    struct joint_member members[2];

    start_pair(&j, members, &t);
    assert_true(fabs(j.bank.mix.offset - t.offset) < 5e-5);
    for (int i = 0; i < 100; i++) {
        advance(&t, INTERVAL / 2);
        struct estimator_sample s = measure(&t, i % 2);
        joint_add(&j, &members[i % 2], &s, i % 2 ? WEIGHT : 3.0 * WEIGHT);
    }
    assert_true(fabs(joint_share(&j, &members[0]) - 0.75) < 1e-3);
    assert_true(fabs(j.bank.mix.offset - t.offset - 0.5e-3) < 5e-5);
    joint_stop(&j);
}

static void who_leaves_takes_its_bias_along(void **state)
{
    struct truth t;
    struct joint j;
    struct joint_member members[2];

    start_pair(&j, members, &t);
    joint_leave(&j, &members[0]);
    assert_false(members[0].joined);
    assert_int_equal(j.count, 1);
    assert_true(joint_share(&j, &members[0]) == 0.0 && joint_share(&j, &members[1]) == 1.0);
    assert_true(fabs(j.bank.mix.offset - t.offset + 1e-3) < 5e-5);
    joint_leave(&j, &members[0]); /* has no effect */
    assert_int_equal(j.count, 1);

    struct samples_tracking own = {
        .ref_time = at(t.time), .offset = t.offset + 1e-3, .offset_sd = 1e-5};
    joint_join(&j, &members[0], &own, WEIGHT);
    joint_settle(&j);
    assert_true(fabs(j.bank.mix.offset - t.offset) < 5e-5);
    joint_leave(&j, &members[1]);
    joint_leave(&j, &members[0]);
    assert_null(j.first);
    joint_stop(&j);
}

static void estimate_does_not_follow_a_source_that_jumps(void **state)
{
    static const double jumps[] = {2e-4, 3e-3};

    for (int i = 0; i < 2; i++) {
        struct truth t = make_truth(14);
        struct joint j;
        struct joint_member members[SOURCES];
        start(&j, members, &t, 5);
        run(&j, members, &t, 5, 50);
        t.bias[3] = jumps[i];
        run(&j, members, &t, 5, 8);
        assert_true(rms(&t) < 5e-5);
        assert_true(fabs(members[3].bias - members[2].bias - jumps[i]) < 5e-5);
        /* The mean of the sources has moved by a fifth; in the long run the estimate follows. */
        run(&j, members, &t, 5, 600);
        assert_true(fabs(j.bank.mix.offset - t.offset - 0.2 * jumps[i]) < 6e-5);
        joint_stop(&j);
    }
}

/* By 5 us between two samples, which is a twentieth of the jitter. */
static void source_that_drifts_is_followed(void **state)
{
    double sum = 0.0, error = 0.0;

    for (uint64_t seed = 20; seed < 30; seed++) {
        struct truth t = make_truth(seed);
        struct joint j;
        struct joint_member members[SOURCES];
        start(&j, members, &t, 5);
        run(&j, members, &t, 5, 20);
        for (int i = 0; i < 100; i++) {
            t.bias[3] += 5e-6;
            run(&j, members, &t, 5, 1);
            sum += t.sum / t.count;
        }
        error += t.bias[3] - (members[3].correction - members[2].correction);
        joint_stop(&j);
    }
    assert_true(error / 10.0 < 5e-5);
    assert_true(sqrt(sum / 1000.0) < 7e-5);
}

/* A sample without a queue, and farther off than that explains: less than what is far off. */
static void take_strange_sample(struct joint *j, struct joint_member *members, struct truth *t,
                                int source)
{
    advance(t, INTERVAL / SOURCES);
    struct estimator_sample s = measure(t, source);
    s.offset = t->offset + 3.5e-4;
    s.noise.bound = s.noise.softness = 1e-6;
    assert_int_equal(joint_add(j, &members[source], &s, WEIGHT), JOINT_USED);
}

static void change_of_one_source_is_not_the_clock(void **state)
{
    struct truth t = make_truth(9);
    struct joint j;
    struct joint_member members[SOURCES];

    t.wander = 1e-9;
    start(&j, members, &t, SOURCES);
    run(&j, members, &t, SOURCES, 100);
    double variance = j.bank.mix.frequency_variance;
    take_strange_sample(&j, members, &t, 0);
    assert_true(fabs(j.bank.mix.offset - t.offset) < 3e-5);
    assert_true(j.bank.mix.frequency_variance < 2.0 * variance);
    /* All of them: it is the clock. */
    for (int i = 1; i < 2 * SOURCES; i++)
        take_strange_sample(&j, members, &t, i % SOURCES);
    assert_true(j.bank.mix.offset - t.offset > 2e-4);
    joint_stop(&j);
}

static void step_of_the_clock_ends_it(void **state)
{
    struct truth t = make_truth(15);
    struct joint j;
    struct joint_member members[SOURCES];

    start(&j, members, &t, 5);
    run(&j, members, &t, 5, 20);
    double before = j.bank.mix.offset;
    t.offset += 0.1;
    struct estimator_sample s = measure(&t, 0);
    assert_int_equal(joint_add(&j, &members[0], &s, WEIGHT), JOINT_IGNORED);
    assert_true(j.bank.mix.offset == before);
    s = measure(&t, 1);
    assert_int_equal(joint_add(&j, &members[1], &s, WEIGHT), JOINT_STOPPED);
    assert_false(j.running);
    for (int i = 0; i < 5; i++)
        assert_false(members[i].joined);
}

/* One sample that is far off is ignored, if others are not. */
static void outlier_is_ignored(void **state)
{
    struct truth t = make_truth(16);
    struct joint j;
    struct joint_member members[SOURCES];

    start(&j, members, &t, 5);
    run(&j, members, &t, 5, 20);
    for (int i = 0; i < 4; i++) {
        struct estimator_sample s = measure(&t, 0);
        s.offset += 0.1;
        assert_int_equal(joint_add(&j, &members[0], &s, WEIGHT), JOINT_IGNORED);
        for (int k = 0; k < 2; k++) {
            s = measure(&t, k);
            assert_int_equal(joint_add(&j, &members[k], &s, WEIGHT), JOINT_USED);
        }
    }
    assert_true(fabs(j.bank.mix.offset - t.offset) < 1e-4);
    /* Who leaves is not waited for. */
    struct estimator_sample s = measure(&t, 0);
    s.offset += 0.1;
    joint_add(&j, &members[0], &s, WEIGHT);
    joint_leave(&j, &members[0]);
    assert_null(j.doubtful);
    joint_stop(&j);
}

static void late_sample_counts_for_its_own_time(void **state)
{
    struct truth t = make_truth(17);
    struct joint j;
    struct joint_member members[2];

    t.frequency = 1e-4;
    start(&j, members, &t, 2);
    run(&j, members, &t, 2, 20);
    struct estimator_sample old = measure(&t, 1);
    advance(&t, 10); /* 1 ms of the clock */
    struct estimator_sample s = measure(&t, 0);
    assert_int_equal(joint_add(&j, &members[0], &s, WEIGHT), JOINT_USED);
    assert_int_equal(joint_add(&j, &members[1], &old, WEIGHT), JOINT_USED);
    assert_true(local_diff(j.time, s.time) == 0.0);
    assert_true(fabs(j.bank.mix.offset - t.offset) < 1e-4);
    joint_stop(&j);
}

/* A source of whose path it is known that it became longer one way. */
static void expected_error_is_taken_off(void **state)
{
    struct truth t = make_truth(19);
    struct joint j;
    struct joint_member members[2];

    start(&j, members, &t, 2);
    run(&j, members, &t, 2, 20);
    for (int i = 0; i < 40; i++) {
        advance(&t, INTERVAL / 2);
        struct estimator_sample s = measure(&t, i % 2);
        if (i % 2) {
            s.offset += 2e-3;
            s.noise.mean = 2e-3;
        }
        assert_int_equal(joint_add(&j, &members[i % 2], &s, WEIGHT), JOINT_USED);
    }
    assert_true(fabs(members[1].bias - members[0].bias) < 5e-5);
    assert_true(fabs(j.bank.mix.offset - t.offset) < 5e-5);
    joint_stop(&j);
}

static void estimate_follows_the_clock(void **state)
{
    struct truth t = make_truth(18);
    struct joint j;
    struct joint_member members[2];
    struct joint_estimate before, after;

    start(&j, members, &t, 2);
    run(&j, members, &t, 2, 20);
    joint_estimate(&j, &before);
    joint_slew(&j, local_add(j.time, 100.0), 1e-5, 0.25);
    joint_estimate(&j, &after);
    /* t += (when - t) dfreq - doffset */
    assert_true(fabs(after.offset - before.offset - (100.0 * 1e-5 - 0.25)) < 1e-12);
    assert_true(fabs(local_diff(after.time, before.time) - (100.0 * 1e-5 - 0.25)) < 2e-9);
    assert_true(fabs(after.frequency - (before.frequency - 1e-5) / (1.0 - 1e-5)) < 1e-15);
    assert_true(after.offset_sd == before.offset_sd);
    joint_stop(&j);
    joint_slew(&j, at(0.0), 1e-5, 1.0);
    assert_false(j.running);
}

/* The path to two of five becomes longer in one direction. All are asked within a minute, and then
   not for a quarter of an hour, in which a wrong frequency would do much. */
static void sources_that_disagree_do_not_turn_the_clock(void **state)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct truth t = make_truth(seed);
        struct joint j;
        struct joint_member members[SOURCES];

        double worst = 0.0;

        t.wander = 1e-10;
        start(&j, members, &t, SOURCES);
        for (int i = 0; i < 100 * SOURCES; i++) {
            advance(&t, i % SOURCES == 0 ? 964 : 15);
            if (i > 40 * SOURCES)
                t.bias[0] = t.bias[1] = 1e-3;
            struct bank_state expected = bank_predict(&j.bank, local_diff(at(t.time), j.time));
            if (i > 20 * SOURCES)
                worst = fmax(worst, fabs(expected.offset - t.offset));
            struct estimator_sample s = measure(&t, i % SOURCES);
            s.wander = 1e-19;
            if (joint_add(&j, &members[i % SOURCES], &s, WEIGHT) == JOINT_STOPPED)
                break;
        }
        assert_true(worst < 5e-4);
        joint_stop(&j);
    }
}

/* Of what they see of the clock's wander the median counts, the lower one of two in the middle, and
   those that have not learnt any do not; nor more than was allowed at the start. */
static void median_of_the_sources_limits_the_wander(void **state)
{
    static const double wanders[SOURCES] = {1e-15, 1e-20, 0.0, 1e-17, 1e-19};
    static const double limits[SOURCES] = {1e-14, 1e-19, 1e-19, 1e-16, 1e-18};
    struct truth t = make_truth(1);
    struct joint j;
    struct joint_member members[SOURCES];

    start(&j, members, &t, SOURCES);
    for (int i = 0; i < SOURCES; i++) {
        struct estimator_sample s = measure(&t, i);
        s.wander = wanders[i];
        assert_int_equal(joint_add(&j, &members[i], &s, WEIGHT), JOINT_USED);
        double ratio = j.bank.wander_ceiling / limits[i];
        assert_true(ratio > 0.999 && ratio < 1.26);
    }
    joint_leave(&j, &members[1]);
    struct bank bank = j.bank;
    bank.wander_ceiling = 1e-19;
    joint_start(&j, &bank, at(t.time));
    joint_join(&j, &members[0],
               &(struct samples_tracking){.ref_time = at(t.time), .offset_sd = 1e-4}, WEIGHT);
    struct estimator_sample s = measure(&t, 0);
    for (int known = 0; known < 2; known++) {
        s.wander = known * 1e-17;
        joint_add(&j, &members[0], &s, WEIGHT);
        assert_true(j.bank.wander_ceiling == 1e-19);
    }
    joint_stop(&j);
}

/* One source is known 10^14 times as well as the other. */
static void sources_may_differ_by_any_factor(void **state)
{
    struct truth t = make_truth(1);
    struct joint j;
    struct joint_member members[2] = {{0}};
    struct joint_estimate e;

    start(&j, members, &t, 0);
    for (int i = 0; i < 2; i++) {
        struct samples_tracking own = {.ref_time = at(t.time),
                                       .offset = t.offset + 100.0 * i,
                                       .offset_sd = i > 0 ? 10.0 : 0.0};
        joint_join(&j, &members[i], &own, i > 0 ? 1e-3 : WEIGHT);
    }
    joint_settle(&j);
    joint_estimate(&j, &e);
    /* A hundred times the variance of the estimates, which explains one part. The rest is twice the
       spread. */
    assert_true(fabs(j.spread - 4950.0) < 5.0);
    assert_true(fabs(e.offset - t.offset) < 1e-3);
    assert_true(e.mean_sd > 0.0 && e.mean_sd < 200.0);
    joint_stop(&j);
}

static void wander_that_is_claimed_counts_large_ones(void **state)
{
    struct joint j;
    struct joint_member members[SOURCES];
    struct truth t = make_truth(77);
    struct joint_estimate e;

    start(&j, members, &t, SOURCES);
    joint_estimate(&j, &e);
    assert_true(e.wander * e.wander > bank_wander(&j.bank));
    joint_stop(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wander_that_is_claimed_counts_large_ones),
        cmocka_unit_test(several_equal_sources_are_better_than_one),
        cmocka_unit_test(constant_errors_are_taken_off),
        cmocka_unit_test(biases_are_found),
        cmocka_unit_test(sources_that_agree_are_not_corrected),
        cmocka_unit_test(estimate_follows_the_weights),
        cmocka_unit_test(who_leaves_takes_its_bias_along),
        cmocka_unit_test(estimate_does_not_follow_a_source_that_jumps),
        cmocka_unit_test(source_that_drifts_is_followed),
        cmocka_unit_test(change_of_one_source_is_not_the_clock),
        cmocka_unit_test(step_of_the_clock_ends_it),
        cmocka_unit_test(outlier_is_ignored),
        cmocka_unit_test(late_sample_counts_for_its_own_time),
        cmocka_unit_test(expected_error_is_taken_off),
        cmocka_unit_test(estimate_follows_the_clock),
        cmocka_unit_test(sources_that_disagree_do_not_turn_the_clock),
        cmocka_unit_test(median_of_the_sources_limits_the_wander),
        cmocka_unit_test(sources_may_differ_by_any_factor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
