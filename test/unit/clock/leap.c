/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leap seconds in each mode, in virtual time (discipline.md 17): the timers, the clock, the
 * kernel's status, what is served and which samples are dropped.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ntp/wire/packet.h"
#include "test/unit/support/sources.h"

#define MIDNIGHT 1230768000 /* the end of 2008 */
#define BEFORE   3600       /* s from the start of a test to midnight */

#define LIST "#$ 3676924800\n#@ 3928521600\n3345062400 33\n3439756800 34\n3550089600 35\n"

static void open_before_midnight(struct source_fixture *f, const char *lines, bool control)
{
    source_fixture_open_at(f, lines, control, MIDNIGHT - BEFORE);
}

static void update(struct source_fixture *f, int leap)
{
    struct reference_update u = {
        .stratum = 1,
        .leap = leap,
        .combined_sources = 1,
        .refid = 0xc0000201,
        .addr = ip_addr_v4(192, 0, 2, 1),
        .ref_time = local_clock_event_time(f->clock, NULL),
        .offset_sd = 1e-3,
        .frequency_sd = 1e-8,
        .skew = 1e-6,
        .root_delay = 0.02,
        .root_dispersion = 0.01,
    };

    reference_update(f->reference, &u);
}

static int served_leap(struct source_fixture *f)
{
    struct reference_data r;

    reference_get(f->reference, local_clock_now(f->clock, NULL), &r);
    return r.leap;
}

/* Raw seconds from midnight, and cooked ones. */
static double raw_now(struct source_fixture *f)
{
    return raw_diff(world_raw_now(&f->w->world), (struct raw_time){{MIDNIGHT, 0}});
}

static double cooked_now(struct source_fixture *f)
{
    return local_diff(local_clock_now(f->clock, NULL), (struct local_time){{MIDNIGHT, 0}});
}

/* The served status changes from pending to unsynchronised and to normal at these times of the real
   world, seconds from midnight. */
static void check_progress(struct source_fixture *f, int leap, double start, double end)
{
    clock_world_run_until(f->w, BEFORE + start - 0.001);
    assert_int_equal(served_leap(f), leap);
    clock_world_run_until(f->w, BEFORE + start + 0.001);
    assert_int_equal(served_leap(f), LEAP_UNSYNC);
    clock_world_run_until(f->w, BEFORE + end - 0.001);
    assert_int_equal(served_leap(f), LEAP_UNSYNC);
    clock_world_run_until(f->w, BEFORE + end + 0.001);
    assert_int_equal(served_leap(f), LEAP_NORMAL);
}

static void kernel_inserts_the_second(void **state)
{
    struct source_fixture f;

    open_before_midnight(&f, "", true);
    update(&f, LEAP_INSERT);
    assert_int_equal(served_leap(&f), LEAP_INSERT);
    assert_true(f.w->kernel.status & STA_INS);
    /* 3 s, in which the raw clock shows 2. */
    check_progress(&f, LEAP_INSERT, -0.5, 2.5);
    assert_true(fabs(raw_now(&f) - 1.501) < 1e-6);
    assert_false(f.w->kernel.status & (STA_INS | STA_DEL));
    clock_world_run_until(f.w, BEFORE + 64.0);
    update(&f, LEAP_INSERT); /* of a server that is late: the day is over */
    assert_int_equal(served_leap(&f), LEAP_NORMAL);
    assert_false(f.w->kernel.status & (STA_INS | STA_DEL));
    source_fixture_check_log(&f, "System clock status set to insert leap second\n"
                                 "System clock status reset after leap second\n");
    source_fixture_close(&f);
}

static void kernel_deletes_the_second(void **state)
{
    struct source_fixture f;

    open_before_midnight(&f, "", true);
    update(&f, LEAP_DELETE);
    assert_int_equal(served_leap(&f), LEAP_DELETE);
    assert_true(f.w->kernel.status & STA_DEL);
    /* From 23:59:58.5; the second in it that is missing leaves 1 s until raw M + 0.5. */
    check_progress(&f, LEAP_DELETE, -1.5, -0.5);
    assert_true(fabs(raw_now(&f) - 0.501) < 1e-6);
    assert_false(f.w->kernel.status & (STA_INS | STA_DEL));
    source_fixture_check_log(&f, "System clock status set to delete leap second\n"
                                 "System clock status reset after leap second\n");
    source_fixture_close(&f);
}

static void database_tells_the_kernel_tai_offset(void **state)
{
    struct source_fixture f;
    char directory[TEST_PATH_SIZE], line[TEST_PATH_SIZE + 32];

    test_directory_make(directory);
    test_write_file(directory, "list", LIST);
    snprintf(line, sizeof(line), "leapseclist %s/list", directory);
    open_before_midnight(&f, line, true);
    update(&f, LEAP_NORMAL); /* sources that don't know of it */
    assert_int_equal(served_leap(&f), LEAP_INSERT);
    assert_int_equal(f.w->kernel.tai, 33);
    check_progress(&f, LEAP_INSERT, -0.5, 2.5);
    assert_int_equal(f.w->kernel.tai, 34);
    clock_world_run_until(f.w, BEFORE + 64.0);
    int calls = f.w->call_count;
    update(&f, LEAP_NORMAL);
    assert_int_equal(served_leap(&f), LEAP_NORMAL);
    /* Frequency twice and the synchronisation status, nothing about leap seconds. */
    assert_int_equal(f.w->call_count, calls + 3);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
    test_directory_remove(directory);
}

/* One source with a sample a minute before midnight. */
static struct source *add_sampled_source(struct source_fixture *f)
{
    struct source *s = source_fixture_add(f, 1, 0, 0);
    struct source_sample sample = {
        .offset = 0.25,
        .peer_delay = 1e-3,
        .peer_dispersion = 1e-6,
        .root_delay = 1e-3,
        .root_dispersion = 1e-6,
    };

    clock_world_run_until(f->w, BEFORE - 60.0);
    sample.time = local_clock_now(f->clock, NULL);
    source_update_reachability(s, true);
    source_accumulate(s, &sample);
    return s;
}

/* Age and offset that a source's sample has now: they follow UTC, not the steps of the clock. */
static void check_sample(const struct source *s, uint32_t age)
{
    struct report_source r;

    source_report(s, &r);
    assert_true(fabs(r.offset - 0.25) < 1e-6);
    assert_int_equal(r.latest_age, age);
}

static void daemon_steps_the_clock(void **state)
{
    static const struct {
        int leap;
        double start;
        double second;
    } rows[] = {{LEAP_INSERT, 0.0, 1.0}, {LEAP_DELETE, -1.0, -1.0}};

    for (size_t i = 0; i < 2; i++) {
        struct source_fixture f;

        open_before_midnight(&f, "leapsecmode step", true);
        update(&f, rows[i].leap);
        struct source *s = add_sampled_source(&f);
        assert_false(f.w->kernel.status & (STA_INS | STA_DEL));
        check_progress(&f, rows[i].leap, rows[i].start, rows[i].start + 2.0);
        double elapsed = rows[i].start + 2.001;
        assert_true(fabs(raw_now(&f) - (elapsed - rows[i].second)) < 1e-6);
        assert_true(fabs(cooked_now(&f) - (elapsed - rows[i].second)) < 1e-6);
        check_sample(s, (uint32_t)(60.0 + elapsed - rows[i].second));
        source_fixture_check_log(&f, "System clock was stepped for leap second\n");
        source_fixture_close(&f);
    }
}

static void daemon_slews_the_clock(void **state)
{
    static const struct {
        int leap;
        double start;
        double second;
    } rows[] = {{LEAP_INSERT, 0.0, 1.0}, {LEAP_DELETE, -1.0, -1.0}};

    for (size_t i = 0; i < 2; i++) {
        struct source_fixture f;

        open_before_midnight(&f, "leapsecmode slew", true);
        update(&f, rows[i].leap);
        struct source *s = add_sampled_source(&f);
        check_progress(&f, rows[i].leap, rows[i].start, rows[i].start + 2.0);
        double elapsed = rows[i].start + 2.001;
        assert_true(fabs(raw_now(&f) - elapsed) < 1e-6);
        /* Cooked time has the second at once; what was slewed out is not in this world's raw
           time. */
        struct slew_state slew;
        slew_get_state(f.slew, &slew);
        assert_true(fabs(slew.offset_register - rows[i].second) < 1e-6);
        assert_true(fabs(slew.duration - 12.0) < 1.1);
        assert_true(slew.kernel_freq_ppm * rows[i].second > 7e4);
        struct report_source r;
        source_report(s, &r);
        assert_true(fabs(r.offset - 0.25) < 1e-6);
        source_fixture_check_log(&f, "Adjusting system clock for leap second\n");
        source_fixture_close(&f);
    }
}

static void leap_second_is_ignored(void **state)
{
    struct source_fixture f;

    open_before_midnight(&f, "leapsecmode ignore", true);
    update(&f, LEAP_INSERT);
    struct source *s = add_sampled_source(&f);
    check_progress(&f, LEAP_INSERT, 0.0, 2.0);
    assert_true(fabs(raw_now(&f) - 2.001) < 1e-6);
    check_sample(s, 62);
    source_fixture_check_log(&f, "Ignoring leap second\n");
    source_fixture_close(&f);
}

static void virtual_clock_steps_instead_of_the_kernel(void **state)
{
    struct source_fixture f;

    open_before_midnight(&f, "", false);
    update(&f, LEAP_INSERT);
    struct source *s = add_sampled_source(&f);
    check_progress(&f, LEAP_INSERT, 0.0, 2.0);
    assert_true(fabs(raw_now(&f) - 2.001) < 1e-6);
    assert_true(fabs(cooked_now(&f) - 1.001) < 1e-6);
    check_sample(s, 61);
    source_fixture_check_log(&f, "Disabled control of system clock\n"
                                 "Could not step system clock\n"
                                 "System clock was stepped for leap second\n");
    source_fixture_close(&f);
}

static void announcement_counts_in_june_and_december_only(void **state)
{
    static const struct {
        int64_t start;
        bool accepted;
    } rows[] = {
        {1214784000, true},  /* 2008-06-30 00:00 */
        {1214783999, false}, /* 2008-06-29 23:59:59 */
        {1214870400, false}, /* 2008-07-01 */
        {1230681600, true},  /* 2008-12-31 */
        {1238457600, false}, /* 2009-03-31 */
        {1222732800, false}, /* 2008-09-30 */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source_fixture f;

        source_fixture_open_at(&f, "", true, rows[i].start);
        update(&f, LEAP_INSERT);
        assert_int_equal(served_leap(&f), rows[i].accepted ? LEAP_INSERT : LEAP_NORMAL);
        assert_int_equal((f.w->kernel.status & STA_INS) != 0, rows[i].accepted);
        source_fixture_check_log(&f, NULL);
        source_fixture_close(&f);
    }
}

static void announcement_that_is_withdrawn_is_forgotten(void **state)
{
    struct source_fixture f;

    open_before_midnight(&f, "", true);
    update(&f, LEAP_INSERT);
    clock_world_run_until(f.w, 64.0);
    reference_update_leap(f.reference, LEAP_NORMAL);
    assert_int_equal(served_leap(&f), LEAP_NORMAL);
    assert_false(f.w->kernel.status & STA_INS);
    clock_world_run_until(f.w, BEFORE + 0.2);
    assert_int_equal(served_leap(&f), LEAP_NORMAL);
    source_fixture_check_log(&f, "System clock status set to insert leap second\n"
                                 "System clock status set to not insert/delete leap second\n");
    source_fixture_close(&f);
}

static void end_of_the_daemon_cancels_the_leap_second(void **state)
{
    struct source_fixture f;

    open_before_midnight(&f, "", true);
    update(&f, LEAP_INSERT);
    reference_set_mode(f.reference, REFERENCE_IGNORE);
    reference_free(f.reference);
    assert_false(f.w->kernel.status & STA_INS);
    f.reference = NULL;
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void timer_follows_steps_of_the_clock(void **state)
{
    struct source_fixture f;

    /* By the daemon, 100 s back. */
    open_before_midnight(&f, "leapsecmode ignore", true);
    update(&f, LEAP_INSERT);
    clock_world_run_until(f.w, BEFORE - 500.0);
    assert_true(local_clock_step(f.clock, 100.0, STEP_COMMAND));
    check_progress(&f, LEAP_INSERT, 100.0, 102.0);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);

    /* To the next day: there is no leap second any more. */
    open_before_midnight(&f, "leapsecmode ignore", true);
    update(&f, LEAP_INSERT);
    assert_true(local_clock_step(f.clock, -4000.0, STEP_COMMAND));
    assert_int_equal(served_leap(&f), LEAP_NORMAL);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);

    /* By somebody else, so little that it is not noticed. */
    open_before_midnight(&f, "leapsecmode ignore", true);
    update(&f, LEAP_INSERT);
    clock_world_run_until(f.w, BEFORE - 1000.0);
    f.w->jumped_ns += 5000000000;
    check_progress(&f, LEAP_INSERT, -5.0, -3.0);
    source_fixture_check_log(&f, "Ignoring leap second\n");
    source_fixture_close(&f);
    open_before_midnight(&f, "leapsecmode ignore", true);
    update(&f, LEAP_INSERT);
    clock_world_run_until(f.w, BEFORE - 1000.0);
    f.w->jumped_ns -= 5000000000;
    check_progress(&f, LEAP_INSERT, 5.0, 7.0);
    source_fixture_check_log(&f, "Ignoring leap second\n");
    source_fixture_close(&f);
}

static void samples_around_the_leap_second_are_dropped(void **state)
{
    /* Time of arrival, time of the sample before it, its offset. */
    static const struct {
        double t, ago, offset;
        bool dropped;
    } rows[] = {
        {-5.001, 0.0, 0.0, false}, {-5.001, 0.0, -0.5, true}, {-4.999, 0.0, 0.0, true},
        {1.0, 0.0, 0.0, true},     {4.999, 0.0, 0.0, true},   {5.001, 0.0, 0.0, false},
        {6.5, 2.0, 0.0, true},     {6.5, 0.0, 1.6, true},     {6.5, 0.0, 0.0, false},
    };
    struct source_fixture f;
    int count = 0;

    open_before_midnight(&f, "leapsecmode ignore", true);
    update(&f, LEAP_INSERT);
    struct source *s = source_fixture_add(&f, 1, 0, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clock_world_run_until(f.w, BEFORE + rows[i].t);
        struct source_sample sample = {
            .time = local_add(local_clock_event_time(f.clock, NULL), -rows[i].ago),
            .offset = rows[i].offset,
            .peer_delay = 1e-3,
            .peer_dispersion = 1e-6,
            .root_delay = 1e-3,
            .root_dispersion = 1e-6,
        };
        source_accumulate(s, &sample);
        count += !rows[i].dropped;
        assert_int_equal(source_samples(s), count);
    }
    source_fixture_check_log(&f, "Dropping sample around leap second\n"
                                 "Dropping sample around leap second\n"
                                 "Ignoring leap second\n"
                                 "Dropping sample around leap second\n"
                                 "Dropping sample around leap second\n"
                                 "Dropping sample around leap second\n"
                                 "Dropping sample around leap second\n");
    source_fixture_close(&f);
}

static void leap_status_of_sources_is_not_changed_around_the_leap_second(void **state)
{
    struct source_fixture f;
    struct report_selectdata r;

    open_before_midnight(&f, "leapsecmode ignore", true);
    update(&f, LEAP_INSERT);
    struct source *s = source_fixture_add(&f, 1, 0, 0);
    source_update_status(s, 2, LEAP_INSERT);
    clock_world_run_until(f.w, BEFORE + 1.0);
    source_update_status(s, 3, LEAP_NORMAL);
    source_report_select(s, &r);
    assert_int_equal(r.leap, LEAP_INSERT);
    clock_world_run_until(f.w, BEFORE + 5.1);
    source_update_status(s, 3, LEAP_NORMAL);
    source_report_select(s, &r);
    assert_int_equal(r.leap, LEAP_NORMAL);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_inserts_the_second),
        cmocka_unit_test(kernel_deletes_the_second),
        cmocka_unit_test(database_tells_the_kernel_tai_offset),
        cmocka_unit_test(daemon_steps_the_clock),
        cmocka_unit_test(daemon_slews_the_clock),
        cmocka_unit_test(leap_second_is_ignored),
        cmocka_unit_test(virtual_clock_steps_instead_of_the_kernel),
        cmocka_unit_test(announcement_counts_in_june_and_december_only),
        cmocka_unit_test(announcement_that_is_withdrawn_is_forgotten),
        cmocka_unit_test(end_of_the_daemon_cancels_the_leap_second),
        cmocka_unit_test(timer_follows_steps_of_the_clock),
        cmocka_unit_test(samples_around_the_leap_second_are_dropped),
        cmocka_unit_test(leap_status_of_sources_is_not_changed_around_the_leap_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
