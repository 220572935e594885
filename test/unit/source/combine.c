/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arithmetic of combining sources (discipline.md 14) with its worked example, and which sources
 * have a part in the joint estimate (30.10). Which are combined is tested with selection.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <string.h>
#include "base/sync_status.h"
#include "conf/source_options.h"
#include "source/combine.h"
#include "source/record.h"
#include "test/unit/support/sources.h"

static struct samples_tracking estimate(double time, double offset, double offset_sd)
{
    return (struct samples_tracking){
        .ref_time = {instant_add((struct instant){1700000000, 0}, time)},
        .offset = offset,
        .offset_sd = offset_sd,
        .frequency = 1e-7,
        .frequency_sd = 2e-8,
        .skew = 1e-7,
    };
}

static void worked_example(void **state)
{
    struct samples_tracking selected = estimate(0.0, 1e-3, 1e-5);
    struct samples_tracking other = estimate(-10.0, 1.2e-3, 3e-5);
    struct combine_sums sums = {0};

    other.frequency = 3e-7;
    other.frequency_sd = 4e-8;
    other.skew = 3e-7;
    combine_add(&sums, &selected, &selected, 0.005);
    combine_add(&sums, &selected, &other, 0.010);
    assert_int_equal(sums.count, 2);
    struct samples_tracking result = selected;
    combine_finish(&sums, &result);

    assert_close(result.offset, 1.067666667e-3, 1e-12);
    assert_close(result.offset_sd, 1.187899547e-4, 1e-13);
    assert_close(result.frequency, 1.4e-7, 1e-16);
    assert_close(result.frequency_sd, 1.788854382e-8, 1e-17);
    assert_close(result.skew, 9.486832981e-8, 1e-17);
    assert_true(local_diff(result.ref_time, selected.ref_time) == 0.0);
}

static void nothing_added_changes_nothing(void **state)
{
    const struct combine_sums sums = {0};
    struct samples_tracking t = estimate(0.0, 1e-3, 1e-5);

    combine_finish(&sums, &t);
    assert_true(t.offset == 1e-3 && t.offset_sd == 1e-5 && t.frequency == 1e-7);
    assert_true(t.frequency_sd == 2e-8 && t.skew == 1e-7);
}

/* Two equal estimates are twice as certain about the frequency, and no more about the offset. */
static void equal_sources(void **state)
{
    const struct samples_tracking one = estimate(0.0, 1e-3, 1e-5);
    struct combine_sums sums = {0};
    struct samples_tracking result = one;

    combine_add(&sums, &one, &one, 0.005);
    combine_add(&sums, &one, &one, 0.005);
    combine_finish(&sums, &result);
    assert_close(result.offset, 1e-3, 1e-15);
    assert_close(result.offset_sd, 1e-5, 1e-17);
    assert_close(result.frequency_sd, 2e-8 / sqrt(2.0), 1e-20);
    assert_close(result.skew, 1e-7 / sqrt(2.0), 1e-20);
}

/* Distances and deviations of zero, as a perfect reference clock may have, give finite results. */
static void weights_are_finite(void **state)
{
    struct samples_tracking perfect = estimate(0.0, 1e-3, 0.0);
    const struct samples_tracking other = estimate(0.0, 2e-3, 1e-5);
    struct combine_sums sums = {0};

    perfect.frequency_sd = 0.0;
    perfect.skew = 0.0;
    combine_add(&sums, &perfect, &perfect, 0.0);
    combine_add(&sums, &perfect, &other, 0.005);
    struct samples_tracking result = perfect;
    combine_finish(&sums, &result);
    assert_close(result.offset, 1e-3, 1e-9);
    assert_true(isfinite(result.offset_sd) && isfinite(result.frequency));
    assert_true(isfinite(result.frequency_sd) && isfinite(result.skew));
}

/* ---- The joint estimate of estimator kalman (discipline.md 30.10) ---- */

#define JOINT_SOURCES 4

struct joint_fixture {
    struct source_fixture f;
    struct source *sources[JOINT_SOURCES];
    double offsets[JOINT_SOURCES];
    double root_dispersion[JOINT_SOURCES];
    int rounds;
};

/* What the clock's present offset was corrected by, s. */
static double joint_correction(const struct joint_fixture *j)
{
    return local_clock_correction(j->f.clock, local_clock_event_raw(j->f.clock), NULL);
}

/* A sample of one source; queues of up to 100 us make its error. */
static void joint_sample(struct joint_fixture *j, int i)
{
    int n = j->rounds + 3 * i;
    double there = 2e-5 * (n * 7 % 6), back = 2e-5 * (n * 5 % 6);
    struct source_sample sample = {
        .time = local_clock_event_time(j->f.clock, NULL),
        .offset = j->offsets[i] + 0.5 * (there - back) + joint_correction(j),
        .peer_delay = 1e-3 + there + back,
        .peer_dispersion = 1e-7,
        .root_delay = 2e-3 + there + back,
        .root_dispersion = j->root_dispersion[i],
    };

    source_update_reachability(j->sources[i], true);
    source_accumulate(j->sources[i], &sample);
}

/* One sample of each of the first sources, 4 s apart. */
static void joint_rounds(struct joint_fixture *j, int count, int rounds)
{
    for (int n = 0; n < rounds; n++, j->rounds++)
        for (int i = 0; i < count; i++) {
            clock_world_wake_at(j->f.w, 16.0 * j->rounds + 4.0 * i + 1.0);
            joint_sample(j, i);
        }
}

/* The first three are up to 1 ms off, the last one by half a second. */
static void joint_open(struct joint_fixture *j, const char *lines)
{
    static const double offsets[JOINT_SOURCES] = {0.0, 1e-3, -1e-3, 0.5};

    memset(j, 0, sizeof(*j));
    source_fixture_open(&j->f, lines, false);
    for (int i = 0; i < JOINT_SOURCES; i++) {
        j->sources[i] = source_fixture_add(&j->f, i + 1, 0, SOURCE_DEFAULT_SAMPLES);
        j->offsets[i] = offsets[i];
        j->root_dispersion[i] = 4e-3;
        source_update_status(j->sources[i], 2, LEAP_NORMAL);
    }
}

static void joint_close(struct joint_fixture *j)
{
    source_fixture_check_log(&j->f, NULL);
    source_fixture_close(&j->f);
}

static struct report_estimator joint_report(const struct joint_fixture *j, int i)
{
    struct report_estimator r;

    source_report_estimator(j->sources[i], &r);
    return r;
}

/* Of the raw clock, which does not follow what is corrected. */
static double joint_offset(const struct joint_fixture *j)
{
    return j->f.set->joint.bank.mix.offset - joint_correction(j);
}

static void combined_sources_have_a_joint_estimate(void **state)
{
    static const double biases[3] = {0.0, 1e-3, -1e-3};
    struct joint_fixture j;
    double percent = 0.0;

    joint_open(&j, "estimator kalman\n");
    joint_rounds(&j, 3, 2);
    assert_false(j.f.set->joint.running); /* nothing is selected yet */
    joint_rounds(&j, 3, 40);
    assert_true(j.f.set->joint.running);
    for (int i = 0; i < 3; i++) {
        struct report_estimator r = joint_report(&j, i);
        percent += r.joint_percent;
        assert_true(fabs(r.joint_bias - biases[i]) < 5e-5);
    }
    assert_true(fabs(percent - 100.0) < 1e-9);
    assert_true(fabs(joint_offset(&j)) < 5e-5);
    joint_close(&j);
}

static void regression_has_no_joint_estimate(void **state)
{
    struct joint_fixture j;

    joint_open(&j, "");
    joint_rounds(&j, 3, 20);
    assert_false(j.f.set->joint.running);
    assert_true(joint_report(&j, 0).joint_percent == 0.0);
    joint_close(&j);
}

/* Whatever it says, the others' estimate is the same. */
static void falseticker_never_moves_the_joint_estimate(void **state)
{
    struct joint_fixture one, other;

    joint_open(&one, "estimator kalman\n");
    joint_open(&other, "estimator kalman\n");
    other.offsets[3] = -0.7;
    for (int i = 0; i < 60; i++) {
        joint_rounds(&one, 4, 1);
        joint_rounds(&other, 4, 1);
        assert_false(one.sources[3]->joint.joined || other.sources[3]->joint.joined);
        assert_true(joint_offset(&one) == joint_offset(&other));
    }
    assert_true(one.f.set->joint.running);
    assert_int_equal(source_status_letter(source_verdict(one.sources[3])->status), 'x');
    /* One that becomes wrong leaves, and one that becomes right comes. */
    one.offsets[1] = 0.5;
    one.offsets[3] = 0.0;
    joint_rounds(&one, 4, 80);
    assert_false(one.sources[1]->joint.joined);
    assert_true(one.sources[3]->joint.joined);
    assert_true(fabs(joint_offset(&one)) < 1.1e-3);
    joint_close(&one);
    joint_close(&other);
}

static void options_keep_their_meaning_with_the_joint_estimate(void **state)
{
    struct joint_fixture j;

    joint_open(&j, "estimator kalman\ncombinelimit 0\n");
    joint_rounds(&j, 3, 20);
    assert_false(j.f.set->joint.running);
    joint_close(&j);

    joint_open(&j, "estimator kalman\n");
    source_modify_options(j.sources[1], SELECT_NOSELECT, SELECT_NOSELECT);
    joint_rounds(&j, 3, 20);
    assert_false(j.sources[1]->joint.joined);
    assert_true(j.sources[0]->joint.joined && j.sources[2]->joint.joined);
    source_modify_options(j.sources[2], SELECT_PREFER, SELECT_PREFER);
    joint_rounds(&j, 3, 1);
    assert_false(j.f.set->joint.running);
    joint_close(&j);
}

static void source_that_is_not_what_it_was_leaves_the_joint_estimate(void **state)
{
    struct joint_fixture j;

    for (int what = 0; what < 5; what++) {
        joint_open(&j, "estimator kalman\n");
        joint_rounds(&j, 3, 20);
        int other = source_is_selected(j.sources[1]) ? 2 : 1;
        struct source *s = j.sources[other];
        assert_true(s->joint.joined);
        if (what == 0)
            source_reset(s);
        else if (what == 1)
            source_correct_offset(s, 1e-3);
        else if (what == 2)
            source_drop_samples(s);
        else if (what == 3)
            source_slew(s, local_clock_event_time(j.f.clock, NULL), 0.0, 1e-3);
        else
            source_free(s);
        assert_int_equal(j.f.set->joint.count, 2);
        assert_true(j.f.set->joint.running);
        if (what < 4)
            assert_false(s->joint.joined);
        /* The mean of the two others, of which one has no error. */
        assert_true(fabs(joint_offset(&j) + j.offsets[other] / 2.0) < 5e-5);
        joint_close(&j);
    }
}

/* Its last selection selects another source, and starts another joint estimate. */
static void selected_source_that_is_removed_leaves_nothing_behind(void **state)
{
    struct joint_fixture j;

    joint_open(&j, "estimator kalman\n");
    joint_rounds(&j, 3, 20);
    for (int i = 0; i < 3; i++) {
        source_set_active(j.sources[i], true);
        if (source_is_selected(j.sources[i]))
            continue;
        j.sources[i]->updates = 1;
        j.sources[i]->score = 1e6;
    }
    for (int i = 0; i < 3; i++)
        if (source_is_selected(j.sources[i])) {
            source_free(j.sources[i]);
            break;
        }
    assert_int_equal(source_register_count(j.f.set), JOINT_SOURCES - 1);
    for (const struct joint_member *m = j.f.set->joint.first; m; m = m->next) {
        bool known = false;
        for (int i = 0; i < source_register_count(j.f.set); i++)
            known |= m == &source_register_get(j.f.set, i)->joint;
        assert_true(known);
    }
    joint_close(&j);
}

/* One that keeps two samples has no filter. */
static void selected_source_without_a_filter_ends_the_joint_estimate(void **state)
{
    struct joint_fixture j;

    joint_open(&j, "estimator kalman\n");
    j.sources[3] = source_fixture_add(&j.f, 5, 0, 2);
    source_update_status(j.sources[3], 2, LEAP_NORMAL);
    j.offsets[3] = 0.0;
    joint_rounds(&j, 4, 20);
    assert_true(j.f.set->joint.running);
    source_modify_options(j.sources[3], SELECT_PREFER, SELECT_PREFER);
    joint_rounds(&j, 4, 2);
    assert_true(source_is_selected(j.sources[3]));
    assert_false(j.f.set->joint.running);
    joint_close(&j);
}

static void joint_estimate_starts_anew_with_another_selected_source(void **state)
{
    struct joint_fixture j;

    joint_open(&j, "estimator kalman\n");
    joint_rounds(&j, 3, 20);
    assert_true(j.f.set->joint_origin == j.f.set->selected);
    source_register_reselect(j.f.set);
    assert_true(!j.f.set->joint.running || !j.f.set->selected ||
                j.f.set->joint_origin == j.f.set->selected);
    source_register_deselect(j.f.set);
    assert_false(j.f.set->joint.running);
    joint_rounds(&j, 3, 2);
    assert_true(j.f.set->joint.running);
    assert_true(j.f.set->joint_origin == j.f.set->selected);
    /* The selected source itself goes. */
    for (int i = 0; i < 3; i++)
        if (source_is_selected(j.sources[i])) {
            source_reset(j.sources[i]);
            break;
        }
    assert_null(j.f.set->joint_origin);
    assert_false(j.f.set->joint.running);
    joint_close(&j);
}

static void joint_estimate_follows_the_clock_and_ends_with_an_unknown_step(void **state)
{
    struct joint_fixture j;

    joint_open(&j, "estimator kalman\n");
    joint_rounds(&j, 3, 20);
    double before = joint_offset(&j), cooked = j.f.set->joint.bank.mix.offset;
    local_clock_accumulate_offset(j.f.clock, 0.125, 0.0);
    assert_true(fabs(j.f.set->joint.bank.mix.offset - cooked + 0.125) < 1e-9);
    assert_true(fabs(joint_offset(&j) - before) < 1e-9);
    assert_true(j.f.set->joint.running);
    local_clock_external_step(j.f.clock, local_clock_event_raw(j.f.clock),
                              local_clock_event_time(j.f.clock, NULL), 100.0, 100.0);
    assert_false(j.f.set->joint.running);
    assert_int_equal(j.f.set->joint.count, 0);
    joint_close(&j);
}

/* The reference has the bound of the selected source and the distance from it. */
static void root_dispersion_covers_the_differences(void **state)
{
    struct report_tracking tracking;
    struct joint_fixture j;

    joint_open(&j, "estimator kalman\n");
    j.offsets[0] = 3e-3;
    joint_rounds(&j, 3, 40);
    reference_report_tracking(j.f.reference, &tracking);
    /* The sources are 3, 1 and -1 ms off, their mean 1 ms. */
    double distance = 0.0;
    for (int i = 0; i < 3; i++)
        if (source_is_selected(j.sources[i]))
            distance = fabs(j.offsets[i] - 1e-3);
    assert_true(tracking.root_dispersion > 4e-3 + fmax(distance, 1e-3));
    assert_true(tracking.root_dispersion < 4e-3 + fmax(distance, 1.3e-3) + 2e-4);
    joint_close(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example),
        cmocka_unit_test(nothing_added_changes_nothing),
        cmocka_unit_test(equal_sources),
        cmocka_unit_test(weights_are_finite),
        cmocka_unit_test(combined_sources_have_a_joint_estimate),
        cmocka_unit_test(regression_has_no_joint_estimate),
        cmocka_unit_test(falseticker_never_moves_the_joint_estimate),
        cmocka_unit_test(options_keep_their_meaning_with_the_joint_estimate),
        cmocka_unit_test(source_that_is_not_what_it_was_leaves_the_joint_estimate),
        cmocka_unit_test(selected_source_that_is_removed_leaves_nothing_behind),
        cmocka_unit_test(selected_source_without_a_filter_ends_the_joint_estimate),
        cmocka_unit_test(joint_estimate_starts_anew_with_another_selected_source),
        cmocka_unit_test(joint_estimate_follows_the_clock_and_ends_with_an_unknown_step),
        cmocka_unit_test(root_dispersion_covers_the_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
