/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference: estimates of discipline.md 15.3, update procedure, one-shot modes, drift file, local
 * reference, tracking report and log.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock/drift_file.h"
#include "ntp/wire/packet.h"
#include "test/unit/support/sources.h"

#define NULL_DRIVER "Disabled control of system clock\n"

static void assert_near(double value, double expected)
{
    if (fabs(value - expected) > fabs(expected) * 1e-9 + 1e-15) {
        print_error("%.12g is not %.12g\n", value, expected);
        fail();
    }
}

static struct reference_update make_update(const struct source_fixture *f, double offset)
{
    return (struct reference_update){
        .stratum = 1,
        .leap = LEAP_NORMAL,
        .combined_sources = 1,
        .refid = 0xc0000201,
        .addr = ip_addr_v4(192, 0, 2, 1),
        .ref_time = local_clock_event_time(f->clock, NULL),
        .offset = offset,
        .offset_sd = 1e-3,
        .frequency_sd = 1e-8,
        .skew = 1e-6,
        .root_delay = 0.02,
        .root_dispersion = 0.01,
    };
}

static void update_with_offset(struct source_fixture *f, double offset)
{
    struct reference_update u = make_update(f, offset);

    reference_update(f->reference, &u);
}

/* The last update, and how many became the same. */
static void assert_update(const struct source_fixture *f, enum update_result result, double value,
                          double limit, uint32_t count)
{
    const struct update_tally *t = reference_updates(f->reference);

    assert_int_equal(t->last.result, result);
    assert_near(t->last.value, value);
    assert_near(t->last.limit, limit);
    assert_int_equal(t->counts[result], count);
}

static struct report_tracking tracking(struct source_fixture *f)
{
    struct report_tracking r;

    reference_report_tracking(f->reference, &r);
    return r;
}

static void estimates_weigh_new_and_old_frequency(void **state)
{
    static const struct {
        double p, f, k, frequency, skew, residual;
        int leap;
    } rows[] = {
        {1.0, 1e-5, 5e-6, 1e-5, 5.000037201e-6, 8.33e-17, LEAP_NORMAL},
        {1e-6, 2e-6, 5e-7, 1.846153846e-6, 1.071400248e-6, 1.538461538e-7, LEAP_NORMAL},
        {1e-6, 5e-7, 2e-6, 2.142857143e-7, 1.676007258e-6, 2.857142857e-7, LEAP_NORMAL},
        {1e-6, 5e-7, 2e-3, 0, 1e-6, 5e-7, LEAP_NORMAL},
        {1e-6, 5e-5, 0.0999, 5e-5, 0.0999, 0, LEAP_UNSYNC},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source_fixture f;
        char directory[TEST_PATH_SIZE], line[TEST_PATH_SIZE + 32];

        /* The skew at the start comes from the drift file. */
        test_directory_make(directory);
        if (rows[i].p < 1.0)
            test_write_file(directory, "drift", "0.0 1.0\n");
        snprintf(line, sizeof(line), "driftfile %s/drift", directory);
        source_fixture_open(&f, line, false);
        struct reference_update u = make_update(&f, 0.0);
        u.leap = rows[i].leap;
        u.frequency = rows[i].f;
        u.skew = rows[i].k;
        reference_update(f.reference, &u);
        assert_near(reference_skew(f.reference), rows[i].skew);
        bool kept = rows[i].frequency == 0.0;
        assert_int_equal(reference_updates(f.reference)->last.keeps_frequency, kept);
        assert_int_equal(reference_updates(f.reference)->kept_frequency, kept);
        assert_near(reference_updates(f.reference)->last.skew, rows[i].k);
        assert_near(reference_updates(f.reference)->last.max_skew, 1e-3);
        struct report_tracking r = tracking(&f);
        assert_near(r.freq_ppm, rows[i].frequency * 1e6);
        if (rows[i].leap == LEAP_NORMAL)
            assert_true(fabs(r.resid_freq_ppm * 1e-6 - rows[i].residual) < 1e-16);
        source_fixture_check_log(&f, NULL);
        source_fixture_close(&f);
        test_directory_remove(directory);
    }
}

static void start_is_unsynchronised_and_logged(void **state)
{
    struct source_fixture f;
    char path[TEST_PATH_SIZE + 32];

    source_fixture_open(&f, "logdir %s\nlog tracking\nlogbanner 0", false);
    struct report_tracking r = tracking(&f);
    assert_int_equal(r.stratum, 0);
    assert_int_equal(r.refid, 0);
    assert_int_equal(r.leap, LEAP_UNSYNC);
    assert_int_equal(r.ref_time.sec, 0);
    assert_true(r.root_delay == 1.0 && r.root_dispersion == 1.0);
    assert_int_equal(reference_our_stratum(f.reference), 16);

    clock_world_wake_at(f.w, 10.0);
    update_with_offset(&f, 0.25);
    snprintf(path, sizeof(path), "%s/tracking.log", f.directory);
    char *text = test_read_file(path);
    assert_string_equal(
        text,
        "2023-11-14 22:13:20 0.0.0.0          0      0.000 1000000.000  0.000e+00 ?  0  0.000e+00 "
        "-0.000e+00  1.000e+00  1.000e+00  1.500e+00\n"
        "2023-11-14 22:13:29 192.0.2.1        2      0.000      1.000  2.500e-01 N  1  1.000e-03 "
        "-0.000e+00  2.000e-02  1.000e-02  1.500e+00\n");
    free(text);
    source_fixture_check_log(&f, NULL_DRIVER);
    source_fixture_close(&f);
}

static void offset_is_slewed_at_the_suggested_rate(void **state)
{
    struct source_fixture f;
    struct slew_state s;

    source_fixture_open(&f, "", true);
    clock_world_wake_at(f.w, 0.5);
    update_with_offset(&f, 0.0);
    clock_world_run_until(f.w, 64.5);
    update_with_offset(&f, -0.01);
    slew_get_state(f.slew, &s);
    assert_near(s.offset_register, -0.01);
    /* rate 0.5 * 3 * 1e-3 * 64 = 0.096 s^2, so 9.6 s of true time, 9.61 s of this clock. */
    assert_true(fabs(s.duration - 9.61) < 1e-4);
    struct report_tracking r = tracking(&f);
    assert_near(r.correction, 0.01);
    assert_near(r.last_offset, -0.01);
    assert_near(r.last_update_interval, 64.0);
    assert_near(r.rms_offset, 0.01);
    assert_int_equal(r.stratum, 2);
    assert_true(r.addr.family == IP_V4);
    assert_int_equal(f.w->kernel.status & STA_UNSYNC, 0);
    source_fixture_check_log(&f, "");
    source_fixture_close(&f);
}

/* 1 ms after an interval of 64 s, with the standard deviations of a filter. */
static double slew_duration(double offset_sd, double frequency_sd, bool joint)
{
    struct source_fixture f;
    struct slew_state s;

    source_fixture_open(&f, "", true);
    clock_world_wake_at(f.w, 0.5);
    update_with_offset(&f, 0.0);
    clock_world_run_until(f.w, 64.5);
    struct reference_update u = make_update(&f, -1e-3);
    u.filtered = true;
    u.offset_sd = joint ? 1.0 : offset_sd; /* with errors that are no noise */
    u.noise_sd = offset_sd;
    u.frequency_sd = frequency_sd;
    u.joint = joint;
    reference_update(f.reference, &u);
    slew_get_state(f.slew, &s);
    source_fixture_close(&f);
    return s.duration;
}

static void slew_of_a_filter_is_as_fast_as_the_frequency_is_uncertain(void **state)
{
    /* 1e-3 s at 3 * 2e-5. */
    assert_true(fabs(slew_duration(1e-9, 2e-5, false) - 50.0 / 3.0) < 0.01);
    assert_true(fabs(slew_duration(1e-5, 1e-8, false) - 64.0) < 0.01);
    /* An error of 4 deviations gets 1.25 intervals at most. */
    assert_true(fabs(slew_duration(2.5e-4, 1e-8, false) - 80.0) < 0.01);
    assert_true(fabs(slew_duration(1e-9, 1e-3, false) - 6.4) < 0.01);
    /* The clock was simply wrong: 150 deviations are half of the error, then less. */
    assert_true(fabs(slew_duration(3.333333e-6, 1e-8, false) - 32.0) < 0.01);
    assert_true(fabs(slew_duration(1e-6, 1e-8, false) - 25.0) < 0.01);
    /* corrtimeratio asks for more: 0.5 * 3 * 64 s, as the error is as large as its deviation. */
    assert_true(fabs(slew_duration(1e-3, 1e-3, false) - 96.0) < 0.01);
    /* Of several sources: 1e-3 s at 0.5 * 1e-5, within 1 and 8 intervals. */
    assert_true(fabs(slew_duration(1e-9, 1e-5, true) - 200.0) < 0.01);
    assert_true(fabs(slew_duration(1e-9, 1e-3, true) - 64.0) < 0.01);
    assert_true(fabs(slew_duration(1e-9, 1e-8, true) - 512.0) < 0.01);
}

static void estimate_is_refined_between_updates(void **state)
{
    struct source_fixture f;
    struct slew_state s;

    source_fixture_open(&f, "makestep 0.5 -1\nmaxchange 0.4 0 -1\n", true);
    clock_world_wake_at(f.w, 0.5);
    struct reference_update u = make_update(&f, -1e-3);
    u.filtered = true;
    u.noise_sd = 1e-9;
    u.frequency_sd = 1e-5;
    u.joint = true;
    reference_refine(f.reference, &u);
    assert_int_equal(tracking(&f).stratum, 0); /* not before the first update */
    update_with_offset(&f, 0.0);
    clock_world_run_until(f.w, 64.5);
    update_with_offset(&f, 0.0);

    clock_world_run_until(f.w, 70.5);
    u.ref_time = local_clock_event_time(f.clock, NULL);
    u.skew = 2e-6;
    u.root_dispersion = 0.02;
    reference_refine(f.reference, &u);
    slew_get_state(f.slew, &s);
    assert_near(s.offset_register, -1e-3);
    /* Parts of the interval between updates, which were 64 s apart. */
    assert_true(fabs(s.duration - 200.0) < 0.01);
    struct report_tracking r = tracking(&f);
    assert_near(r.skew_ppm, 2.0);
    assert_true(fabs(r.root_dispersion - 0.02) < 1e-4);
    assert_near(r.last_offset, 0.0);
    assert_near(r.last_update_interval, 64.0);
    assert_update(&f, UPDATE_SLEWED, 0.0, 0.5, 2);

    /* Many at once would cost too much: after 16 they are a sixteenth of the interval apart. */
    u.offset = 0.0;
    for (int i = 2; i <= 40; i++) {
        u.skew = 1e-6 * i;
        reference_refine(f.reference, &u);
    }
    assert_near(tracking(&f).skew_ppm, 16.0);
    clock_world_run_until(f.w, 74.0);
    reference_refine(f.reference, &u);
    assert_near(tracking(&f).skew_ppm, 16.0);
    clock_world_run_until(f.w, 75.0);
    reference_refine(f.reference, &u);
    assert_near(tracking(&f).skew_ppm, 40.0);

    /* What may have to be stepped, or is not allowed, waits for an update. */
    clock_world_run_until(f.w, 80.0);
    u.skew = 1e-6;
    u.offset = -0.6;
    reference_refine(f.reference, &u);
    u.offset = -0.45;
    reference_refine(f.reference, &u);
    u.offset = NAN;
    reference_refine(f.reference, &u);
    assert_near(tracking(&f).skew_ppm, 40.0);
    assert_true(f.w->stepped_ns == 0);
    source_fixture_check_log(&f, "");
    source_fixture_close(&f);
}

static void makestep_steps_the_error_of_the_raw_clock(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "makestep 1.0 2\nlogchange 0.5", true);
    update_with_offset(&f, -5.0);
    assert_true(f.w->stepped_ns == 5000000000);
    assert_update(&f, UPDATE_STEPPED, 5.0, 1.0, 1);
    assert_near(tracking(&f).correction, 0.0);
    update_with_offset(&f, -0.75); /* below the threshold, but counts */
    assert_true(f.w->stepped_ns == 5000000000);
    assert_update(&f, UPDATE_SLEWED, 0.75, 1.0, 1);
    update_with_offset(&f, -5.0); /* limit reached */
    assert_true(f.w->stepped_ns == 5000000000);
    assert_update(&f, UPDATE_SLEWED_ONLY, 0.0, 0.0, 1);
    reference_modify_makestep(f.reference, -1, 2.0);
    local_clock_cancel_correction(f.clock);
    update_with_offset(&f, 3.0);
    assert_true(f.w->stepped_ns == 2000000000);
    assert_update(&f, UPDATE_STEPPED, 3.0, 2.0, 2);
    source_fixture_check_log(&f, "System clock wrong by 5.000000 seconds\n"
                                 "System clock was stepped by 5.000000 seconds\n"
                                 "System clock wrong by 0.750000 seconds\n"
                                 "System clock wrong by 5.000000 seconds\n"
                                 "New makestep 2.000000 -1\n"
                                 "System clock wrong by -3.000000 seconds\n"
                                 "System clock was stepped by -3.000000 seconds\n");
    source_fixture_close(&f);
}

static void failing_step_is_slewed(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "makestep 1.0 2", false);
    update_with_offset(&f, -5.0);
    assert_near(tracking(&f).correction, 5.0);
    assert_update(&f, UPDATE_STEP_FAILED, 5.0, 1.0, 1);
    source_fixture_check_log(&f, NULL_DRIVER "System clock wrong by 5.000000 seconds\n"
                                             "Could not step system clock\n");
    source_fixture_close(&f);
}

static void maxchange_ignores_and_then_exits(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "maxchange 1.0 1 1\nlogchange 100", false);
    update_with_offset(&f, 5.0);
    assert_near(tracking(&f).last_offset, 5.0);
    update_with_offset(&f, 6.0);
    assert_near(tracking(&f).last_offset, 5.0);
    assert_int_equal(f.ended, 0);
    assert_update(&f, UPDATE_TOO_LARGE, 6.0, 1.0, 1);
    update_with_offset(&f, -6.0);
    assert_update(&f, UPDATE_TOO_LARGE_ENDS, 6.0, 1.0, 1);
    assert_int_equal(f.ended, 1);
    assert_int_equal(f.ended_mode, REFERENCE_NORMAL);
    assert_false(f.ended_success);
    assert_int_equal(reference_mode(f.reference), REFERENCE_IGNORE);
    update_with_offset(&f, 0.5);
    assert_update(&f, UPDATE_MODE_ENDED, 0.0, 0.0, 1);
    assert_near(tracking(&f).last_offset, 5.0);
    source_fixture_check_log(
        &f, NULL_DRIVER "Adjustment of -6.000 seconds exceeds the allowed maximum of 1.000 seconds "
                        "(ignored) \n"
                        "Adjustment of 6.000 seconds exceeds the allowed maximum of 1.000 seconds "
                        "(exiting) \n");
    source_fixture_close(&f);
}

static void updates_that_are_not_finite_are_ignored(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    update_with_offset(&f, NAN);
    update_with_offset(&f, INFINITY);
    assert_update(&f, UPDATE_NOT_FINITE, 0.0, 0.0, 2);
    assert_int_equal(tracking(&f).stratum, 0);
    assert_near(tracking(&f).correction, 0.0);
    source_fixture_check_log(&f, NULL_DRIVER);
    source_fixture_close(&f);
}

static void one_shot_modes_end_with_the_first_update(void **state)
{
    static const struct {
        enum reference_mode mode;
        double offset;
        int64_t stepped_ns;
        double correction;
        enum update_result result;
        double limit;
        const char *log;
    } cases[] = {
        {REFERENCE_UPDATE_ONCE, 0.25, -250000000, 0.0, UPDATE_SET_ONCE, 0.0,
         "System clock wrong by -0.250000 seconds (step)\n"},
        {REFERENCE_PRINT_ONCE, -0.25, 0, 0.0, UPDATE_PRINTED, 0.0,
         "System clock wrong by 0.250000 seconds (ignored)\n"},
        {REFERENCE_INIT_STEP_SLEW, -0.25, 0, 0.25, UPDATE_INITIAL_SLEW, 10.0,
         "System's initial offset : 0.250000 seconds slow of true (slew)\n"},
        {REFERENCE_INIT_STEP_SLEW, 30.0, -30000000000, 0.0, UPDATE_INITIAL_STEP, 10.0,
         "System's initial offset : 30.000000 seconds fast of true (step)\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct source_fixture f;
        source_fixture_open(&f, "initstepslew 10 192.0.2.1", true);
        reference_set_mode(f.reference, cases[i].mode);
        assert_true(reference_is_one_shot(f.reference));
        update_with_offset(&f, cases[i].offset);
        assert_int_equal(f.ended, 1);
        assert_int_equal(f.ended_mode, cases[i].mode);
        assert_update(&f, cases[i].result, cases[i].limit > 0.0 ? fabs(cases[i].offset) : 0.0,
                      cases[i].limit, 1);
        assert_true(f.ended_success);
        assert_true(f.w->stepped_ns == cases[i].stepped_ns);
        assert_near(tracking(&f).correction, cases[i].correction);
        assert_int_equal(tracking(&f).stratum, 0);
        assert_false(reference_is_one_shot(f.reference));
        source_fixture_check_log(&f, cases[i].log);
        source_fixture_close(&f);
    }
}

static void one_shot_fails_when_no_source_can_succeed(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    reference_set_mode(f.reference, REFERENCE_PRINT_ONCE);
    struct source *s = source_fixture_add(&f, 1, 0, 0);
    source_set_active(s, true);
    for (int i = 0; i < 4; i++)
        source_update_reachability(s, false);
    assert_int_equal(f.ended, 0);
    source_update_reachability(s, false); /* the fifth: two updates are left for three samples */
    assert_int_equal(f.ended, 1);
    assert_false(f.ended_success);
    source_fixture_check_log(&f, NULL_DRIVER "No suitable source for synchronisation\n");
    source_fixture_close(&f);

    source_fixture_open(&f, "", false);
    reference_set_mode(f.reference, REFERENCE_INIT_STEP_SLEW);
    source_register_check_one_shot(f.set);
    assert_int_equal(f.ended, 1);
    source_fixture_check_log(&f, NULL_DRIVER "No suitable source for initstepslew\n");
    source_fixture_close(&f);
}

static void drift_file_is_read_and_written(void **state)
{
    struct source_fixture f;
    char directory[TEST_PATH_SIZE], line[TEST_PATH_SIZE + 32], path[TEST_PATH_SIZE + 32];
    double freq, skew;

    test_directory_make(directory);
    snprintf(line, sizeof(line), "driftfile %s/drift interval 100", directory);
    snprintf(path, sizeof(path), "%s/drift", directory);
    test_write_file(directory, "drift", "           -12.345000             0.250000\n");

    source_fixture_open(&f, line, false);
    assert_near(tracking(&f).freq_ppm, -12.345);
    assert_near(reference_skew(f.reference), 0.25e-6);
    remove(path);
    for (int i = 0; i <= 10; i++) {
        assert_int_equal(drift_file_read(&f.w->world, path, &freq, &skew), DRIFT_FILE_MISSING);
        clock_world_run_until(f.w, 1.0 + 10.0 * i);
        update_with_offset(&f, 0.0);
    }
    /* It has to be on the disk first. */
    assert_int_equal(drift_file_read(&f.w->world, path, &freq, &skew), DRIFT_FILE_MISSING);
    clock_world_run_until(f.w, 150.0);
    assert_int_equal(drift_file_read(&f.w->world, path, &freq, &skew), DRIFT_FILE_MISSING);
    clock_world_run_until(f.w, 152.0);
    assert_int_equal(drift_file_read(&f.w->world, path, &freq, &skew), DRIFT_FILE_OK);
    assert_near(freq, -12.345);
    remove(path);
    char expected[TEST_PATH_SIZE + 128];
    snprintf(expected, sizeof(expected),
             NULL_DRIVER "Frequency -12.345 +/- 0.250 ppm read from %s\n", path);
    source_fixture_check_log(&f, expected);
    source_fixture_close(&f); /* writes it once more */
    char *text = test_read_file(path);
    assert_int_equal(strlen(text), 42);
    assert_memory_equal(text, "          -12.345000 ", 21);
    free(text);

    test_write_file(directory, "drift", "nonsense\n");
    source_fixture_open(&f, line, false);
    snprintf(expected, sizeof(expected),
             NULL_DRIVER "Could not read valid frequency and skew from driftfile %s\n", path);
    source_fixture_check_log(&f, expected);
    source_fixture_close(&f);
    test_directory_remove(directory);
}

static void local_reference_serves_when_the_distance_grows(void **state)
{
    struct source_fixture f;
    struct reference_data p;

    source_fixture_open(&f, "local stratum 8 distance 0.5", false);
    clock_world_wake_at(f.w, 1.0);
    reference_get(f.reference, local_clock_event_time(f.clock, NULL), &p);
    assert_false(p.synchronised);
    assert_int_equal(p.stratum, 8);
    assert_int_equal(p.refid, REFID_LOCAL);
    double age = local_diff(local_clock_event_time(f.clock, NULL), p.ref_time);
    assert_true(age >= 1.0 && age <= 2.0);
    struct report_tracking r = tracking(&f);
    assert_int_equal(r.leap, LEAP_NORMAL);
    assert_true(r.root_delay == 0.0 && r.skew_ppm == 0.0);

    update_with_offset(&f, 0.0);
    reference_get(f.reference, local_clock_event_time(f.clock, NULL), &p);
    assert_true(p.synchronised);
    assert_int_equal(p.stratum, 2);
    /* 0.02 s at first, then 2e-6 s more each second. */
    reference_get(f.reference, local_add(local_clock_event_time(f.clock, NULL), 250000.0), &p);
    assert_int_equal(p.stratum, 8);
    assert_int_equal(reference_our_stratum(f.reference), 2);

    reference_disable_local(f.reference);
    reference_set_unsynchronised(f.reference);
    assert_int_equal(reference_our_stratum(f.reference), 16);
    struct local_conf orphan = {
        .stratum = 20, .orphan = true, .distance = 1.0, .wait_unsynced = -1.0};
    reference_enable_local(f.reference, &orphan);
    assert_int_equal(reference_orphan_stratum(f.reference), 15);
    assert_int_equal(reference_our_stratum(f.reference), 16); /* waits for 300 s */
    clock_world_run_until(f.w, 400.0);
    assert_int_equal(reference_our_stratum(f.reference), 15);
    source_fixture_check_log(&f, NULL_DRIVER "Disabled local reference mode\n"
                                             "Enabled local reference mode\n");
    source_fixture_close(&f);
}

static void leap_is_announced_at_the_end_of_june_and_december_only(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    struct reference_update u = make_update(&f, 0.0);
    u.leap = LEAP_INSERT;
    reference_update(f.reference, &u);
    assert_int_equal(tracking(&f).leap, LEAP_NORMAL);
    f.w->jumped_ns = (1704067200LL - 3600 - 1700000000LL) * 1000000000LL; /* 2023-12-31 23:00 */
    reference_update_leap(f.reference, LEAP_INSERT);
    assert_int_equal(tracking(&f).leap, LEAP_INSERT);
    source_fixture_check_log(&f, NULL_DRIVER);
    source_fixture_close(&f);
}

static struct reference_update make_filtered(const struct source_fixture *f, double wander)
{
    struct reference_update u = make_update(f, 0.0);

    u.filtered = true;
    u.wander = wander;
    return u;
}

/* Without updates the errors grow as those of an oscillator that wanders (discipline.md 30.9). */
static void claims_grow_with_the_wander(void **state)
{
    const double wander = 1e-7, day = 86400.0;
    struct report_tracking r[2];

    for (int i = 0; i < 2; i++) {
        struct source_fixture f;
        source_fixture_open(&f, "maxclockerror 0", false);
        struct reference_update u = make_filtered(&f, i * wander);
        u.frequency_sd = u.skew / 3.5;
        reference_update(f.reference, &u);
        assert_near(reference_frequency_sd(f.reference), sqrt(3.0) * 1e-6 / 3.5);
        clock_world_wake_at(f.w, day);
        r[i] = tracking(&f);
        double variance = 3.0 * 1e-12 / 3.5 / 3.5 + i * wander * wander * day;
        assert_near(reference_frequency_sd(f.reference), sqrt(variance));
        assert_near(reference_skew(f.reference), 1e-6);
        source_fixture_close(&f);
    }
    assert_true(fabs(r[1].root_dispersion - r[0].root_dispersion -
                     3.5 * wander * sqrt(day * day * day / 3.0)) < 1e-3);
    assert_near(r[0].skew_ppm, 1.0);
    assert_true(fabs(r[1].skew_ppm - sqrt(1.0 + 12.25 * 1e-2 * day)) < 1e-3);
}

/* What the drift file says was true in another run, at another temperature. */
static void frequency_of_another_run_is_less_certain(void **state)
{
    struct source_fixture f;
    char directory[TEST_PATH_SIZE], line[TEST_PATH_SIZE + 32];

    test_directory_make(directory);
    test_write_file(directory, "drift", "5.0 0.01\n");
    snprintf(line, sizeof(line), "driftfile %s/drift", directory);
    source_fixture_open(&f, line, false);
    assert_near(reference_frequency_sd(f.reference), hypot(sqrt(3.0) * 1e-8 / 3.5, 5e-7));
    clock_world_wake_at(f.w, 10.0);
    struct reference_update u = make_filtered(&f, 0.0);
    reference_update(f.reference, &u);
    assert_near(reference_frequency_sd(f.reference), sqrt(3.0) * 1e-6 / 3.5);
    source_fixture_close(&f);
    test_directory_remove(directory);
    source_fixture_open(&f, "", false);
    assert_true(reference_frequency_sd(f.reference) > 0.1); /* nothing is known */
    source_fixture_close(&f);
}

/* Manual input says nothing of the wander. */
static void manual_input_ends_the_growth_of_claims(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "maxclockerror 0", false);
    struct reference_update u = make_filtered(&f, 1e-7);
    reference_update(f.reference, &u);
    u = make_update(&f, 0.0);
    u.leap = LEAP_UNSYNC;
    u.frequency = 5e-6;
    u.skew = 1e-3;
    reference_update(f.reference, &u);
    assert_near(tracking(&f).freq_ppm, 5.0);
    assert_near(reference_skew(f.reference), 1e-3);
    clock_world_wake_at(f.w, 1e5);
    assert_near(reference_frequency_sd(f.reference), sqrt(3.0) * 1e-3 / 3.5);
    source_fixture_close(&f);
}

static int count_error_calls(const struct source_fixture *f)
{
    int count = 0;

    for (int i = 0; i < f->w->call_count; i++)
        count += (f->w->calls[i].modes & ADJ_ESTERROR) != 0;
    return count;
}

static void kernel_hears_how_errors_grow(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "maxclockerror 0", true);
    struct reference_update u = make_filtered(&f, 1e-7);
    reference_update(f.reference, &u);
    assert_in_range(f.w->kernel.esterror, 1000, 1010);
    clock_world_run_until(f.w, 2047.0);
    assert_in_range(f.w->kernel.esterror, 1000, 1010);
    clock_world_run_until(f.w, 4097.0);
    assert_in_range(f.w->kernel.esterror, 15000, 15300);
    assert_true(f.w->kernel.maxerror > 52500);
    assert_int_equal(f.w->kernel.status & STA_UNSYNC, 0);
    reference_set_unsynchronised(f.reference);
    int calls = count_error_calls(&f);
    clock_world_run_until(f.w, 10000.0);
    assert_int_equal(count_error_calls(&f), calls);

    /* Without a wander nothing is said until the next update. */
    u = make_update(&f, 0.0);
    reference_update(f.reference, &u);
    calls = count_error_calls(&f);
    clock_world_run_until(f.w, 13000.0);
    assert_int_equal(count_error_calls(&f), calls);
    source_fixture_close(&f);
}

static void mail_tells_of_a_large_change(void **state)
{
    struct source_fixture f;

    setenv("TZ", "UTC", 1);
    source_fixture_open(&f, "mailonchange root@localhost 0.5\nlogchange 10", false);
    update_with_offset(&f, 0.25);
    assert_null(f.w->mail);
    update_with_offset(&f, 0.75);
    assert_string_equal(f.w->mail,
                        "To: root@localhost\n"
                        "Subject: chronyd reports change to system clock on node [host.test]\n\n"
                        "On Tuesday, 14 November 2023\n"
                        "  with the system clock reading 22:13:19 (UTC)\n\n"
                        "chronyd started to apply an adjustment of -0.750 seconds to it,\n"
                        "  which exceeded the reporting threshold of 0.500 seconds\n\n");
    source_fixture_check_log(&f, NULL_DRIVER);
    source_fixture_close(&f);
}

static void each_result_of_an_update_has_a_text_of_its_own(void **state)
{
    char texts[UPDATE_RESULTS][UPDATE_VERDICT_SIZE];

    for (enum update_result i = 0; i < UPDATE_RESULTS; i++) {
        const struct update_verdict verdict = {i,          -1.23456789e-300, -1.23456789e-300,
                                               -1.23e-300, -1e-300,          true};
        update_verdict_format(&verdict, texts[i], sizeof(texts[i]));
        assert_true(strlen(texts[i]) < sizeof(texts[i]) - 1);
        assert_non_null(strstr(texts[i], "frequency kept"));
        for (enum update_result k = 0; k < i; k++)
            assert_string_not_equal(texts[i], texts[k]);
    }
    const struct update_verdict stepped = {.result = UPDATE_STEPPED, .value = 5.0, .limit = 1.0};
    assert_string_equal(update_verdict_format(&stepped, texts[0], sizeof(texts[0])),
                        "stepped, error above makestep (5, limit 1)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_weigh_new_and_old_frequency),
        cmocka_unit_test(start_is_unsynchronised_and_logged),
        cmocka_unit_test(offset_is_slewed_at_the_suggested_rate),
        cmocka_unit_test(slew_of_a_filter_is_as_fast_as_the_frequency_is_uncertain),
        cmocka_unit_test(estimate_is_refined_between_updates),
        cmocka_unit_test(makestep_steps_the_error_of_the_raw_clock),
        cmocka_unit_test(failing_step_is_slewed),
        cmocka_unit_test(each_result_of_an_update_has_a_text_of_its_own),
        cmocka_unit_test(maxchange_ignores_and_then_exits),
        cmocka_unit_test(updates_that_are_not_finite_are_ignored),
        cmocka_unit_test(one_shot_modes_end_with_the_first_update),
        cmocka_unit_test(one_shot_fails_when_no_source_can_succeed),
        cmocka_unit_test(drift_file_is_read_and_written),
        cmocka_unit_test(local_reference_serves_when_the_distance_grows),
        cmocka_unit_test(leap_is_announced_at_the_end_of_june_and_december_only),
        cmocka_unit_test(claims_grow_with_the_wander),
        cmocka_unit_test(frequency_of_another_run_is_less_certain),
        cmocka_unit_test(manual_input_ends_the_growth_of_claims),
        cmocka_unit_test(kernel_hears_how_errors_grow),
        cmocka_unit_test(mail_tells_of_a_large_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
