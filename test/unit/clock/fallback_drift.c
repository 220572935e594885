/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fallback drift: the example of discipline.md 16.3, and the averages that take effect one after
 * another when updates stay away.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdlib.h>
#include "clock/fallback_drift.h"
#include "ntp/wire/packet.h"
#include "test/unit/support/sources.h"

struct fixture {
    struct clock_world *w;
    struct fallback_drift *d;
    double freq_ppm;
    int set, fallbacks;
    double since; /* time of the last update */
};

static void set_frequency(double freq_ppm, void *arg)
{
    struct fixture *f = arg;

    f->freq_ppm = freq_ppm;
    f->set++;
}

static void on_fallback(void *arg)
{
    struct fixture *f = arg;

    f->fallbacks++;
    fallback_drift_schedule(f->d, (double)f->w->elapsed_ns * 1e-9 - f->since);
}

static void open_fixture(struct fixture *f, int min, int max)
{
    *f = (struct fixture){.w = clock_world_new(1700000000)};
    struct fallback_drift_env env = {f->w->loop, set_frequency, on_fallback, f};
    f->d = fallback_drift_new(&env, min, max);
}

static void close_fixture(struct fixture *f)
{
    fallback_drift_free(f->d);
    clock_world_free(f->w);
}

static void update(struct fixture *f, double freq_ppm, double interval)
{
    fallback_drift_update(f->d, freq_ppm, interval);
    f->since = (double)f->w->elapsed_ns * 1e-9;
    fallback_drift_schedule(f->d, 0.0);
}

static void check_average(const struct fixture *f, int length, double freq_ppm, double covered)
{
    struct fallback_drift_average a = fallback_drift_get(f->d, length);

    assert_close(a.freq_ppm, freq_ppm, 5e-8);
    assert_true(a.covered == covered);
}

static void averages_follow_the_worked_example(void **state)
{
    static const struct {
        double freq_ppm;
        double freq6, covered6;
        double freq7, covered7;
    } rows[] = {
        {1.0, 1.0, 16, 1.0, 16},
        {1.2, 1.1, 32, 1.1, 32},
        {0.8, 1.0, 48, 1.0, 48},
        {1.1, 1.025, 64, 1.025, 64},
        {1.3, 1.1332041, 64, 1.08, 80},
        {0.9, 1.0414454, 64, 1.05, 96},
        {1.0, 1.0251379, 64, 1.0428571, 112},
        {1.4, 1.1726347, 64, 1.0875, 128},
    };
    struct fixture f;

    open_fixture(&f, 6, 8);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fallback_drift_update(f.d, rows[i].freq_ppm, 32.0);
        check_average(&f, 6, rows[i].freq6, rows[i].covered6);
        check_average(&f, 7, rows[i].freq7, rows[i].covered7);
    }
    check_average(&f, 8, 1.0875, 128);
    close_fixture(&f);
}

static void short_and_bad_intervals_are_not_counted(void **state)
{
    struct fixture f;

    open_fixture(&f, 6, 6);
    fallback_drift_update(f.d, 5.0, 0.0);
    fallback_drift_update(f.d, 5.0, 0.99);
    fallback_drift_update(f.d, NAN, 32.0);
    fallback_drift_update(f.d, 5.0, NAN);
    check_average(&f, 6, 0.0, 0.0);
    fallback_drift_update(f.d, 5.0, 1.0);
    check_average(&f, 6, 5.0, 0.5);
    close_fixture(&f);
}

static void limits_decide_whether_it_is_on(void **state)
{
    static const int off[][2] = {{0, 0}, {0, 5}, {-1, 5}, {6, 5}, {100, 200}};
    struct fixture f;

    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        open_fixture(&f, off[i][0], off[i][1]);
        assert_null(f.d);
        fallback_drift_update(f.d, 1.0, 32.0);
        fallback_drift_schedule(f.d, 1e6);
        close_fixture(&f);
    }
    open_fixture(&f, 1, 1000);
    assert_non_null(f.d);
    for (int i = 0; i < 100; i++)
        fallback_drift_update(f.d, 1.0, 1e6);
    close_fixture(&f);
}

static void averages_take_effect_one_after_another(void **state)
{
    struct fixture f;

    open_fixture(&f, 6, 8);
    for (int i = 0; i < 8; i++)
        update(&f, i < 4 ? 1.0 : 2.0, 32.0);
    assert_int_equal(f.set, 0);

    /* 2^6 and 2^7 s are covered, 2^8 s not. */
    clock_world_run_until(f.w, 63.9);
    assert_int_equal(f.set, 0);
    clock_world_run_until(f.w, 64.1);
    assert_int_equal(f.set, 1);
    assert_int_equal(f.fallbacks, 1);
    assert_close(f.freq_ppm, fallback_drift_get(f.d, 6).freq_ppm, 0.0);
    clock_world_run_until(f.w, 127.9);
    assert_int_equal(f.set, 1);
    clock_world_run_until(f.w, 128.1);
    assert_int_equal(f.set, 2);
    assert_close(f.freq_ppm, fallback_drift_get(f.d, 7).freq_ppm, 0.0);
    clock_world_run_until(f.w, 2000.0);
    assert_int_equal(f.set, 2);
    assert_int_equal(f.fallbacks, 2);

    /* An update begins anew. */
    update(&f, 1.5, 32.0);
    clock_world_run_until(f.w, 2063.9);
    assert_int_equal(f.set, 2);
    update(&f, 1.5, 63.9);
    clock_world_run_until(f.w, 2127.7);
    assert_int_equal(f.set, 2);
    clock_world_run_until(f.w, 2127.9);
    assert_int_equal(f.set, 3);
    close_fixture(&f);
}

static void late_schedule_takes_the_longest_that_fits(void **state)
{
    struct fixture f;

    open_fixture(&f, 6, 8);
    for (int i = 0; i < 32; i++)
        fallback_drift_update(f.d, i < 16 ? 1.0 : 2.0, 32.0);
    fallback_drift_schedule(f.d, 200.0);
    assert_int_equal(f.set, 1);
    assert_close(f.freq_ppm, fallback_drift_get(f.d, 7).freq_ppm, 0.0);
    f.since = -200.0;
    clock_world_run_until(f.w, 55.9);
    assert_int_equal(f.set, 1);
    clock_world_run_until(f.w, 56.1);
    assert_int_equal(f.set, 2);
    assert_close(f.freq_ppm, fallback_drift_get(f.d, 8).freq_ppm, 0.0);
    close_fixture(&f);
}

/* Together with the reference: the frequency of the clock and the state of synchronisation. */
static void reference_falls_back_without_updates(void **state)
{
    struct source_fixture f;
    struct report_tracking r;

    source_fixture_open(&f, "fallbackdrift 6 7", true);
    for (int i = 0; i < 12; i++) {
        clock_world_run_until(f.w, 32.0 * i);
        struct reference_update u = {
            .stratum = 1,
            .leap = LEAP_NORMAL,
            .combined_sources = 1,
            .refid = 0xc0000201,
            .ref_time = local_clock_event_time(f.clock, NULL),
            .offset_sd = 1e-3,
            .frequency = i == 0    ? 1e-5
                         : i == 11 ? 2e-6
                                   : 0.0,
            .frequency_sd = 1e-8,
            .skew = 1e-6,
        };
        reference_update(f.reference, &u);
    }
    reference_report_tracking(f.reference, &r);
    double last = r.freq_ppm;
    assert_int_equal(r.stratum, 2);
    clock_world_run_until(f.w, 352.0 + 63.9);
    reference_report_tracking(f.reference, &r);
    assert_true(r.freq_ppm == last);
    clock_world_run_until(f.w, 352.0 + 64.1);
    reference_report_tracking(f.reference, &r);
    assert_int_equal(r.stratum, 0);
    assert_int_equal(r.leap, LEAP_UNSYNC);
    assert_true(r.freq_ppm > 10.0 && r.freq_ppm < last);
    source_fixture_check_log(&f, "");
    source_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages_follow_the_worked_example),
        cmocka_unit_test(short_and_bad_intervals_are_not_counted),
        cmocka_unit_test(limits_decide_whether_it_is_on),
        cmocka_unit_test(averages_take_effect_one_after_another),
        cmocka_unit_test(late_schedule_takes_the_longest_that_fits),
        cmocka_unit_test(reference_falls_back_without_updates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
