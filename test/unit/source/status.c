/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts of the selection: the figure that was compared and its limit for each state, the result
 * of the whole run, and how often a source came into a state.
 */
#include "source/status.h"
#include "test/unit/support/unit.h"
#include <math.h>
#include <string.h>
#include "conf/source_options.h"
#include "source/record.h"
#include "test/unit/support/sources.h"

/* A source with one sample that has this interval in milliseconds, without a selection. */
static struct source *add(struct source_fixture *f, int number, double low, double high,
                          unsigned int options)
{
    struct source *s = source_fixture_add(f, number, options, 1);
    struct source_sample sample = {
        .time = local_clock_event_time(f->clock, NULL),
        .offset = (low + high) / 2e3,
        .root_dispersion = (high - low) / 2e3,
    };

    source_update_reachability(s, true);
    source_update_status(s, 2, LEAP_NORMAL);
    assert_true(samples_add(s->samples, &sample));
    source_update_statistics(s);
    return s;
}

static void assert_verdict(const struct source *s, enum source_status status, double value,
                           double limit)
{
    const struct source_verdict *v = source_verdict(s);

    assert_int_equal(v->status, status);
    assert_true(fabs(v->value - value) < 1e-9);
    assert_true(fabs(v->limit - limit) < 1e-9);
}

static void assert_result(const struct source_fixture *f, enum selection_result result, int value,
                          int limit)
{
    const struct selection_verdict *v = source_register_verdict(f->set);

    assert_int_equal(v->result, result);
    assert_int_equal(v->value, value);
    assert_int_equal(v->limit, limit);
    assert_true(source_register_results(f->set, result) > 0);
}

static void falseticker_is_outside_on_one_side(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    struct source *s = add(&f, 1, 7, 13, 0);
    add(&f, 2, 6, 14, 0);
    struct source *above = add(&f, 3, 24, 36, 0);
    struct source *below = add(&f, 4, -10, 8, 0);
    source_register_select(f.set, s);
    assert_verdict(above, STATUS_FALSETICKER, 0.024, 0.007);
    assert_verdict(s, STATUS_SELECTED, 0.0, 0.0);
    /* The best interval is 7 to 8 with three of them; it lies within each of the three. */
    assert_verdict(below, STATUS_COMBINED, 0.0, 0.0);
    assert_result(&f, SELECTION_DONE, 0, 0);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);

    source_fixture_open(&f, "", false);
    s = add(&f, 1, 6, 14, 0);
    add(&f, 2, 7, 13, 0);
    below = add(&f, 3, -10, -2, 0);
    source_register_select(f.set, s);
    assert_verdict(below, STATUS_FALSETICKER, -0.002, 0.013);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void without_a_majority_all_are_falsetickers(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    struct source *s = add(&f, 1, 6, 14, 0);
    add(&f, 2, 7, 13, 0);
    add(&f, 3, 24, 36, 0);
    add(&f, 4, 45, 55, 0);
    source_register_select(f.set, s);
    assert_verdict(s, STATUS_NO_MAJORITY, 2.0, 3.0);
    assert_result(&f, SELECTION_NO_MAJORITY, 2, 4);
    struct source *trusted = add(&f, 5, 64, 66, SELECT_TRUST);
    source_modify_options(s, SELECT_TRUST, SELECT_TRUST);
    source_register_select(f.set, s);
    assert_verdict(trusted, STATUS_NO_MAJORITY, 1.0, 2.0);
    assert_result(&f, SELECTION_NO_TRUSTED_AGREEMENT, 2, 0);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void untrusted_source_reaches_out_of_the_trusted_interval(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    struct source *s = add(&f, 1, 6, 14, SELECT_TRUST);
    struct source *above = add(&f, 2, 7, 17, 0);
    struct source *below = add(&f, 3, 5, 13, 0);
    source_register_select(f.set, s);
    assert_verdict(above, STATUS_UNTRUSTED, 0.017, 0.014);
    assert_verdict(below, STATUS_UNTRUSTED, 0.005, 0.006);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

/* Each by itself, with the limit that it exceeds. */
static void limits_of_a_single_source(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "minstratum 2\nmaxstratum 4\nmaxdistance 0.1", false);
    struct source *excluded = add(&f, 1, -5, 5, SELECT_NOSELECT);
    struct source *low = add(&f, 2, -5, 5, 0);
    struct source *high = add(&f, 3, -5, 5, 0);
    struct source *distant = add(&f, 4, -200, 200, 0);
    struct source *empty = source_fixture_add(&f, 5, 0, 1);
    source_update_status(empty, 2, LEAP_NORMAL);
    source_update_status(low, 1, LEAP_NORMAL);
    source_update_status(high, 5, LEAP_NORMAL);
    source_register_select(f.set, low);
    assert_verdict(excluded, STATUS_NOSELECT, 0.0, 0.0);
    assert_verdict(low, STATUS_STRATUM_LOW, 1.0, 2.0);
    assert_verdict(high, STATUS_STRATUM_HIGH, 5.0, 4.0);
    assert_verdict(distant, STATUS_BAD_DISTANCE, 0.2, 0.1);
    assert_verdict(empty, STATUS_MISSING_SAMPLES, 0.0, 0.0);
    assert_result(&f, SELECTION_NONE_USABLE, 1, 0);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void too_few_sources_wait(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "minsources 3", false);
    struct source *s = add(&f, 1, 6, 14, 0);
    add(&f, 2, 7, 13, 0);
    source_register_select(f.set, s);
    assert_verdict(s, STATUS_WAITS_SOURCES, 2.0, 3.0);
    assert_result(&f, SELECTION_NOT_ENOUGH, 2, 3);
    add(&f, 3, 24, 36, SELECT_REQUIRE);
    source_register_select(f.set, s);
    assert_verdict(s, STATUS_WAITS_REQUIRED, 0.0, 0.0);
    assert_result(&f, SELECTION_NO_REQUIRED, 0, 0);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

/* A distance of 20 ms against three times (2 + 0.1) ms; then it has to be nearer for 32
   selections. */
static void distant_source_is_not_combined_for_a_while(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    struct source *near = add(&f, 1, -2, 2, 0);
    struct source *far = add(&f, 2, -20, 20, 0);
    far->reach_size = FULL_REACH_SIZE;
    source_register_select(f.set, near);
    assert_verdict(near, STATUS_SELECTED, 0.0, 0.0);
    assert_verdict(far, STATUS_DISTANT, 0.02, 0.0063);
    f.set->conf.reselect_distance = 1.0;
    source_register_select(f.set, near);
    assert_verdict(far, STATUS_STILL_DISTANT, 31.0, 0.0);
    source_register_select(f.set, NULL);
    assert_verdict(far, STATUS_STILL_DISTANT, 31.0, 0.0);
    for (int i = 0; i < 31; i++)
        source_register_select(f.set, near);
    assert_verdict(far, STATUS_COMBINED, 0.0, 0.0);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void unreachable_source_is_stale_by_age_or_by_polls(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    struct source *s = add(&f, 1, -5, 5, 0);
    s->max_unreach = 3;
    source_reset_reachability(s);
    for (int i = 0; i < 3; i++)
        source_update_reachability(s, false);
    assert_verdict(s, STATUS_UNREACHABLE, 4.0, 3.0);
    assert_result(&f, SELECTION_NONE_USABLE, 1, 0);
    s->max_unreach = 100;
    clock_world_run_until(f.w, 20.0);
    struct source *other = add(&f, 2, -5, 5, 0);
    source_register_select(f.set, other);
    assert_verdict(s, STATUS_STALE, 20.0, 0.0);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void changes_are_counted_and_runs_that_change_nothing_are_not(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    struct source *s = add(&f, 1, 6, 14, 0);
    for (int i = 0; i < 5; i++)
        source_register_select(f.set, s);
    assert_int_equal(source_status_changes(s, STATUS_SELECTED), 1);
    assert_int_equal(source_register_results(f.set, SELECTION_DONE), 5);
    struct source *other = add(&f, 2, 24, 36, 0);
    source_register_select(f.set, other);
    assert_int_equal(source_status_changes(s, STATUS_NO_MAJORITY), 1);
    assert_int_equal(source_status_changes(other, STATUS_NO_MAJORITY), 1);
    assert_result(&f, SELECTION_NO_AGREEMENT, 2, 0);
    source_free(other);
    source_register_select(f.set, s);
    assert_int_equal(source_status_changes(s, STATUS_SELECTED), 2);
    source_free(s);
    assert_result(&f, SELECTION_NO_SOURCES, 0, 0);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

/* The letters of discipline.md 13.1, in the order of the enum. */
static void each_state_has_its_letter_and_a_text_of_its_own(void **state)
{
    static const char letters[] = "?NMsrrd~wSSOTxxWWPUDDD+*";
    char texts[SOURCE_STATUSES][SOURCE_VERDICT_SIZE];

    assert_int_equal(strlen(letters), SOURCE_STATUSES);
    for (enum source_status i = 0; i < SOURCE_STATUSES; i++) {
        const struct source_verdict verdict = {i, -1.23456789e-300, -1.23456789e-300};
        assert_int_equal(source_status_letter(i), letters[i]);
        source_verdict_format(&verdict, texts[i], sizeof(texts[i]));
        assert_true(strlen(texts[i]) > 3 && strlen(texts[i]) < sizeof(texts[i]) - 1);
        for (enum source_status k = 0; k < i; k++)
            assert_string_not_equal(texts[i], texts[k]);
    }
    const struct source_verdict jittery = {STATUS_JITTERY, 1.5, 1.0};
    assert_string_equal(source_verdict_format(&jittery, texts[0], sizeof(texts[0])),
                        "jitter above maxjitter (1.5, limit 1)");
}

static void each_result_has_a_text_of_its_own(void **state)
{
    char texts[SELECTION_RESULTS][SOURCE_VERDICT_SIZE];

    for (enum selection_result i = 0; i < SELECTION_RESULTS; i++) {
        const struct selection_verdict verdict = {i, 2000000000, 2000000000};
        selection_verdict_format(&verdict, texts[i], sizeof(texts[i]));
        assert_true(strlen(texts[i]) > 3 && strlen(texts[i]) < sizeof(texts[i]) - 1);
        for (enum selection_result k = 0; k < i; k++)
            assert_string_not_equal(texts[i], texts[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(falseticker_is_outside_on_one_side),
        cmocka_unit_test(without_a_majority_all_are_falsetickers),
        cmocka_unit_test(untrusted_source_reaches_out_of_the_trusted_interval),
        cmocka_unit_test(limits_of_a_single_source),
        cmocka_unit_test(too_few_sources_wait),
        cmocka_unit_test(distant_source_is_not_combined_for_a_while),
        cmocka_unit_test(unreachable_source_is_stale_by_age_or_by_polls),
        cmocka_unit_test(changes_are_counted_and_runs_that_change_nothing_are_not),
        cmocka_unit_test(each_state_has_its_letter_and_a_text_of_its_own),
        cmocka_unit_test(each_result_has_a_text_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
