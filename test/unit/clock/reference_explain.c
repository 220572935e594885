/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings on the clock (cmdmon.md 13.18): what is said in each state, with its values; and the
 * report clock.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <string.h>

#include "test/unit/support/sources.h"

static void update_with_skew(struct source_fixture *f, double offset, double skew)
{
    struct reference_update u = {
        .stratum = 1,
        .leap = LEAP_NORMAL,
        .combined_sources = 1,
        .refid = 0xc0000201,
        .addr = ip_addr_v4(192, 0, 2, 1),
        .ref_time = local_clock_event_time(f->clock, NULL),
        .offset = offset,
        .offset_sd = 1e-3,
        .frequency_sd = 1e-8,
        .skew = skew,
        .root_delay = 0.02,
        .root_dispersion = 0.001,
    };

    reference_update(f->reference, &u);
}

static void update(struct source_fixture *f, double offset)
{
    update_with_skew(f, offset, 1e-6);
}

/* The findings in their order, and the one that is looked at. */
static struct findings list;

static void explain_controlled(struct source_fixture *f, const char *source, bool controlled)
{
    list.count = 0;
    reference_explain_state(f->reference, source, &list);
    reference_explain_changes(f->reference, controlled, &list);
}

static void explain(struct source_fixture *f, const char *source)
{
    explain_controlled(f, source, true);
}

static const struct report_finding *find(enum finding_code code)
{
    for (uint32_t i = 0; i < list.count; i++)
        if (list.list[i].code == code)
            return &list.list[i];
    return NULL;
}

static const struct report_finding *expect(enum finding_code code)
{
    const struct report_finding *f = find(code);

    if (!f)
        fail_msg("no finding %s", finding_word(code));
    return f;
}

static void assert_near(double value, double expected, double error)
{
    if (fabs(value - expected) > error)
        fail_msg("%.9g is not %.9g", value, expected);
}

static void a_clock_without_updates_is_not_synchronised(void **state)
{
    struct report_clock clock;
    struct source_fixture f;

    source_fixture_open(&f, "", true);
    clock_world_wake_at(f.w, 10.0);
    explain(&f, NULL);
    assert_int_equal(list.count, 1);
    assert_int_equal(expect(FINDING_NOT_SYNCHRONISED)->ago, 10);
    reference_report_clock(f.reference, &clock);
    assert_int_equal(clock.state, REPORT_CLOCK_UNSYNCHRONISED);
    assert_int_equal(clock.last_update_ago, UINT32_MAX);
    assert_int_equal(clock.last_step_ago, UINT32_MAX);
    assert_true(clock.bound == 0.0);
    assert_int_equal(clock.uptime_seconds, 10);
    source_fixture_close(&f);
}

static void the_largest_part_of_the_bound_is_named(void **state)
{
    struct report_clock clock;
    struct source_fixture f;

    source_fixture_open(&f, "", true);
    update(&f, 0.0);
    clock_world_wake_at(f.w, 100.0);
    explain(&f, "192.0.2.1 (ntp.example.net)");
    const struct report_finding *finding = expect(FINDING_SYNCHRONISED);
    assert_string_equal(finding->text, "192.0.2.1 (ntp.example.net)");
    assert_int_equal(finding->ago, 100);
    assert_near(finding->value[0], 0.011 + 100 * 2e-6, 1e-4); /* skew and maxclockerror of 1 ppm */
    assert_near(finding->value[1], 2.0, 1.0);
    assert_near(finding->value[2], 2.0, 0.0);
    assert_near(expect(FINDING_BOUND_DELAY)->value[0], 0.01, 1e-9);
    reference_report_clock(f.reference, &clock);
    assert_near(clock.bound, finding->value[0], 1e-12);
    assert_int_equal(clock.state, REPORT_CLOCK_SYNCHRONISED);
    assert_int_equal(clock.updates, 1);

    clock_world_wake_at(f.w, 20000.0);
    explain(&f, "192.0.2.1");
    assert_near(expect(FINDING_BOUND_AGE)->value[0], 20000 * 2e-6, 0.02);
    explain(&f, NULL);
    assert_string_equal(expect(FINDING_HOLDING)->text, "192.0.2.1");
    source_fixture_close(&f);
}

static void a_frequency_that_is_not_known_is_no_matter_of_polling(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", true);
    update_with_skew(&f, 0.0, 1.0);
    clock_world_wake_at(f.w, 10.0);
    explain(&f, "x");
    assert_near(expect(FINDING_SYNCHRONISED)->value[1], 1e6, 10.0);
    assert_near(expect(FINDING_FREQUENCY_UNKNOWN)->value[0], 10.0, 0.1);
    assert_int_equal(expect(FINDING_FREQUENCY_UNKNOWN)->ago, 10);
    assert_null(find(FINDING_BOUND_AGE));
    update_with_skew(&f, 0.0, 10e-6);
    clock_world_wake_at(f.w, 10000.0);
    explain(&f, "x");
    expect(FINDING_BOUND_AGE);
    assert_null(find(FINDING_FREQUENCY_UNKNOWN));
    source_fixture_close(&f);
}

static void a_large_slew_says_when_it_ends_and_why_it_is_none_step(void **state)
{
    static const struct {
        const char *conf;
        enum finding_code why;
    } rows[] = {
        {"", FINDING_SLEW_NO_STEP},
        {"makestep 100 3", FINDING_SLEW_BELOW_STEP},
    };

    for (size_t i = 0; i < 2; i++) {
        struct source_fixture f;

        source_fixture_open(&f, rows[i].conf, true);
        update(&f, 50.0);
        clock_world_wake_at(f.w, 1.0);
        explain(&f, "x");
        const struct report_finding *slew = expect(FINDING_LARGE_SLEW);
        assert_near(slew->value[0], 50.0, 0.2);
        assert_near(slew->value[1], 83333.333, 1.0); /* maxslewrate */
        assert_near(slew->value[2], 600.0, 3.0);
        assert_int_equal(expect(FINDING_BOUND_OFFSET)->code, FINDING_BOUND_OFFSET);
        expect(rows[i].why);
        assert_null(find(rows[1 - i].why));
        if (rows[i].why == FINDING_SLEW_BELOW_STEP)
            assert_near(expect(rows[i].why)->value[0], 100.0, 0.0);
        explain_controlled(&f, "x", false);
        assert_null(find(FINDING_LARGE_SLEW));
        assert_null(find(rows[i].why));
        source_fixture_close(&f);
    }
}

static void small_and_short_corrections_are_not_mentioned(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", true);
    update(&f, 0.05);
    explain(&f, "x");
    assert_null(find(FINDING_LARGE_SLEW));
    assert_null(find(FINDING_SLEW_NO_STEP));
    source_fixture_close(&f);
}

static void steps_are_told_for_an_hour(void **state)
{
    struct report_clock clock;
    struct source_fixture f;

    source_fixture_open(&f, "makestep 1 3", true);
    update(&f, 50.0);
    clock_world_wake_at(f.w, 60.0);
    explain(&f, "x");
    assert_near(expect(FINDING_STEPPED)->value[0], -50.0, 1e-9);
    assert_int_equal(expect(FINDING_STEPPED)->ago, 60);
    assert_int_equal(expect(FINDING_STEPPED)->value[1], 1);
    reference_report_clock(f.reference, &clock);
    assert_int_equal(clock.steps, 1);
    assert_near(clock.last_step, -50.0, 1e-9);
    assert_int_equal(clock.last_step_ago, 60);
    clock_world_wake_at(f.w, 3700.0);
    explain(&f, "x");
    assert_null(find(FINDING_STEPPED));
    source_fixture_close(&f);
}

static void a_failed_step_is_told(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "makestep 1 3", true);
    f.w->fail_modes = ADJ_SETOFFSET | ADJ_NANO;
    update(&f, 50.0);
    explain(&f, "x");
    assert_near(expect(FINDING_STEP_FAILED)->value[0], 50.0, 1e-6);
    assert_null(find(FINDING_STEPPED));
    source_fixture_close(&f);
}

static void steps_by_others_are_told(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", true);
    update(&f, 0.0);
    clock_world_wake_at(f.w, 10.0);
    f.w->jump_in_wait_ns = 1000000000000;
    clock_world_wake_at(f.w, 20.0);
    clock_world_wake_at(f.w, 25.0);
    explain(&f, NULL);
    const struct report_finding *finding = expect(FINDING_STEPPED_BY_OTHERS);
    assert_near(finding->value[0], 1000.0, 11.0); /* as exact as the wait that it happened in */
    assert_int_equal(finding->ago, 5);
    expect(FINDING_NOT_SYNCHRONISED);
    source_fixture_close(&f);
}

static void refused_updates_are_told(void **state)
{
    struct report_clock clock;
    struct source_fixture f;

    source_fixture_open(&f, "maxchange 1.0 0 2", true);
    update(&f, 5.0);
    update(&f, 6.0);
    explain(&f, NULL);
    const struct report_finding *finding = expect(FINDING_UPDATE_REFUSED);
    assert_near(finding->value[0], 6.0, 1e-9);
    assert_near(finding->value[1], 1.0, 0.0);
    assert_near(finding->value[2], 2.0, 0.0);
    update(&f, 7.0);
    explain(&f, NULL);
    assert_near(expect(FINDING_UPDATE_REFUSED_ENDS)->value[0], 7.0, 1e-9);
    reference_report_clock(f.reference, &clock);
    assert_int_equal(clock.refusals, 3);
    assert_int_equal(clock.updates, 0);
    source_fixture_close(&f);
}

static void a_frequency_that_is_kept_is_told(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "maxupdateskew 0.5", true);
    update(&f, 0.0);
    explain(&f, "x");
    assert_near(expect(FINDING_FREQUENCY_KEPT)->value[0], 1.0, 1e-9);
    assert_near(expect(FINDING_FREQUENCY_KEPT)->value[1], 0.5, 1e-9);
    source_fixture_close(&f);
}

static void the_local_reference_has_an_age(void **state)
{
    static const struct {
        const char *conf;
        enum finding_code code;
        uint32_t age;
    } rows[] = {
        {"local stratum 8", FINDING_LOCAL_REFERENCE, 1000},
        {"local stratum 8 orphan", FINDING_LOCAL_ORPHAN, 700},
        {"local stratum 8 waitunsynced 10", FINDING_LOCAL_REFERENCE, 990},
    };

    for (size_t i = 0; i < 3; i++) {
        struct report_clock clock;
        struct source_fixture f;

        source_fixture_open(&f, rows[i].conf, true);
        clock_world_wake_at(f.w, 1000.0);
        explain(&f, NULL);
        assert_near(expect(rows[i].code)->value[0], 8.0, 0.0);
        assert_int_equal(expect(rows[i].code)->ago, rows[i].age);
        expect(FINDING_NOT_SYNCHRONISED);
        reference_report_clock(f.reference, &clock);
        assert_int_equal(clock.state, REPORT_CLOCK_LOCAL);
        source_fixture_close(&f);
    }
}

/* 2016-12-31 20:00:00 */
#define FOUR_HOURS_BEFORE_A_LEAP_SECOND 1483214400

static void a_leap_second_is_announced(void **state)
{
    struct source_fixture f;

    source_fixture_open_at(&f, "", true, FOUR_HOURS_BEFORE_A_LEAP_SECOND);
    update(&f, 0.0);
    reference_update_leap(f.reference, LEAP_INSERT);
    explain(&f, "x");
    assert_near(expect(FINDING_LEAP_SECOND)->value[0], 1.0, 0.0);
    assert_near(expect(FINDING_LEAP_SECOND)->value[1], 4 * 3600, 1.0);
    source_fixture_close(&f);
}

static void initstepslew_waits_for_its_sources(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", true);
    reference_set_mode(f.reference, REFERENCE_INIT_STEP_SLEW);
    explain(&f, NULL);
    expect(FINDING_INITIAL_OFFSET);
    source_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_without_updates_is_not_synchronised),
        cmocka_unit_test(the_largest_part_of_the_bound_is_named),
        cmocka_unit_test(a_frequency_that_is_not_known_is_no_matter_of_polling),
        cmocka_unit_test(a_large_slew_says_when_it_ends_and_why_it_is_none_step),
        cmocka_unit_test(small_and_short_corrections_are_not_mentioned),
        cmocka_unit_test(steps_are_told_for_an_hour),
        cmocka_unit_test(a_failed_step_is_told),
        cmocka_unit_test(steps_by_others_are_told),
        cmocka_unit_test(refused_updates_are_told),
        cmocka_unit_test(a_frequency_that_is_kept_is_told),
        cmocka_unit_test(the_local_reference_has_an_age),
        cmocka_unit_test(a_leap_second_is_announced),
        cmocka_unit_test(initstepslew_waits_for_its_sources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
