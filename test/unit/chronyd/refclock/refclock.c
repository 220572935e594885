/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The common layer of reference clocks (system.md 2, discipline.md 26): samples and pulses with
 * their worked examples, locking, filter and poll, the local option, log lines. Drivers are in
 * drivers.c.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "chronyd/refclock/clock.h"
#include "ntp/wire/packet.h"
#include "test/unit/support/devices.h"
#include "test/unit/support/sources.h"

#define START 1700000000

struct fixture {
    struct source_fixture s;
    struct fake_devices devices;
    struct refclock_set *set;
};

static void open_clocks_at(struct fixture *f, const char *lines, int64_t start)
{
    source_fixture_open_at(&f->s, lines, false, start);
    fake_devices_install(&f->devices, f->s.w);
    struct refclock_env env = {&f->s.w->world, f->s.w->loop, f->s.clock, f->s.mlog};
    f->set = refclock_set_new(&env);
    refclock_set_open(f->set, &f->s.conf->refclocks);
    refclock_set_attach(f->set, f->s.set, f->s.reference);
    /* Away from the start, so that there is a past. */
    clock_world_wake_at(f->s.w, 100.0);
}

static void open_clocks(struct fixture *f, const char *lines)
{
    open_clocks_at(f, lines, START);
}

static void close_clocks(struct fixture *f, const char *expected_log)
{
    char log[1024];

    refclock_set_free(f->set);
    snprintf(log, sizeof(log), "Disabled control of system clock\n%s",
             expected_log ? expected_log : "");
    source_fixture_check_log(&f->s, expected_log ? log : NULL);
    source_fixture_close(&f->s);
}

static struct refclock *get(struct fixture *f, int index)
{
    assert_true(index < f->set->count);
    return f->set->clocks[index];
}

static struct raw_time at(const struct fixture *f, double t)
{
    return clock_world_raw(f->s.w, t);
}

/* Offset of the last sample in the filter, positive: the clock is slow; fails without one. */
static double last_offset(const struct refclock *c)
{
    const struct source_sample *last = sample_filter_last(c->filter);

    assert_non_null(last);
    return -last->offset;
}

static void sample(struct fixture *f, struct refclock *c, double t, double offset)
{
    struct raw_time raw = at(f, t);

    refclock_add_sample(c, raw, instant_add(raw.i, offset), LEAP_NORMAL, 1);
}

/* ---- Creation ---- */

static void default_refids_have_the_index(void **state)
{
    static const char *const expected[] = {"SHM0", "SOC1", "PPS2", "PHC3", "RTC4", "SHM5", "SHM6",
                                           "SHM7", "SHM8", "SHM9", "SH10", "GPS",  "SO12"};
    struct fixture f;

    open_clocks(&f,
                "refclock SHM 0\nrefclock SOCK /x\nrefclock PPS /dev/pps0\n"
                "refclock PHC /dev/ptp0\nrefclock RTC /dev/rtc\nrefclock SHM 1\nrefclock SHM 2\n"
                "refclock SHM 3\nrefclock SHM 4\nrefclock SHM 5\nrefclock SHM 6\n"
                "refclock SHM 7 refid GPS\nrefclock SOCK /y\n");
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_string_equal(get(&f, (int)i)->name, expected[i]);
    assert_int_equal(get(&f, 0)->refid, 0x53484d30);
    close_clocks(&f, "");
}

static void options_of_the_driver_follow_its_parameter(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PHC /dev/ptp1:extpps:pin=2:channel=3:pin=7:nocrossts\n"
                    "refclock SHM 5\nrefclock PHC /dev/ptp1:\n");
    struct refclock *c = get(&f, 0);
    assert_string_equal(c->parameter, "/dev/ptp1");
    assert_string_equal(refclock_option(c, "extpps"), "");
    assert_int_equal(refclock_int_option(c, "pin", 0), 2);
    assert_int_equal(refclock_int_option(c, "channel", 0), 3);
    assert_string_equal(refclock_option(c, "nocrossts"), "");
    assert_null(refclock_option(c, "clear"));
    assert_int_equal(refclock_int_option(c, "clear", 42), 42);
    assert_null(refclock_option(get(&f, 1), "perm"));
    close_clocks(&f, "");
}

static void limits_of_options(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SHM 0 poll 2 dpoll 6 filter 0 precision 1e-9\n"
                    "refclock SOCK /x poll 2 dpoll 6 precision 1e-3\n"
                    "refclock PPS /dev/pps0 local maxlockage 1 lock ABCD\n");
    assert_int_equal(get(&f, 0)->driver_poll, 2);
    assert_int_equal(sample_filter_length(get(&f, 0)->filter), 1);
    assert_close(get(&f, 0)->precision, 1e-6, 0.0);
    assert_close(get(&f, 1)->precision, 1e-3, 0.0);
    assert_int_equal(get(&f, 1)->driver_poll, 6);
    assert_int_equal(get(&f, 2)->max_lock_age, 3);
    assert_int_equal(get(&f, 2)->leap, LEAP_UNSYNC);
    refclock_set_start(f.set);
    assert_ptr_equal(get(&f, 2)->lock, get(&f, 2));
    close_clocks(&f, "");
}

static void locks_are_found_by_refid(void **state)
{
    struct fixture f;

    open_clocks(&f,
                "refclock PPS /dev/pps0 lock NMEA dpoll -1\nrefclock SHM 0 refid NMEA\n"
                "refclock SHM 1 refid NMEA dpoll 3\nrefclock SHM 2 lock NONE\n"
                "refclock SHM 3 refid SELF lock SELF\n"
                "refclock PPS /dev/pps0 refid FAST lock SLOW\nrefclock SHM 2 refid SLOW dpoll 2\n");
    refclock_set_start(f.set);
    assert_ptr_equal(get(&f, 0)->lock, get(&f, 1));
    assert_false(refclock_is_locked(get(&f, 3)));
    assert_ptr_equal(get(&f, 4)->lock, get(&f, 4));
    close_clocks(&f, "Invalid lock refid NONE\nInvalid lock refid SELF\n"
                     "FAST maxlockage too small for SLOW\n");
}

/* In pulses; the other clock has a sample each 2^dpoll seconds. */
static void lock_needs_samples_often_enough(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PPS /dev/pps0 refid A lock REF\n"
                    "refclock PPS /dev/pps1 refid B rate 2 lock REF\n"
                    "refclock PPS /dev/pps2 refid C rate 2 maxlockage 4 lock REF\n"
                    "refclock SHM 0 refid REF dpoll 1\n"
                    "refclock PPS /dev/pps3 refid D maxlockage 0 lock EVNT\n"
                    "refclock SOCK /x refid EVNT dpoll 4\n");
    refclock_set_start(f.set);
    close_clocks(&f, "B maxlockage too small for REF\n");
}

/* ---- Samples ---- */

static void samples_get_offset_delay_and_dispersion(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SHM 0 offset 0.25 delay 1e-3 precision 1e-4\n");
    sample(&f, get(&f, 0), 99.5, 0.125);
    const struct source_sample *last = sample_filter_last(get(&f, 0)->filter);
    assert_non_null(last);
    assert_close(last->offset, -0.375, 1e-9);
    assert_close(raw_diff((struct raw_time){last->time.i}, at(&f, 99.5)), 0.0, 1e-9);
    assert_close(last->peer_delay, 1e-3, 0.0);
    assert_close(last->root_delay, 1e-3, 0.0);
    assert_close(last->peer_dispersion, 1e-4, 1e-12);
    assert_close(last->root_dispersion, 1e-4, 1e-12);

    assert_true(refclock_set_modify_offset(f.set, get(&f, 0)->refid, -1.5));
    assert_false(refclock_set_modify_offset(f.set, 1, -1.5));
    sample(&f, get(&f, 0), 99.75, 0.125);
    assert_close(last_offset(get(&f, 0)), -1.375, 1e-9);
    close_clocks(&f, "Source SHM0 new offset -1.500000\n");
}

static void large_offsets_keep_their_precision(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SHM 0\n");
    struct raw_time raw = at(&f, 99.5);
    refclock_add_sample(get(&f, 0), raw, (struct instant){raw.i.sec + 100000000, 500000123},
                        LEAP_NORMAL, 1);
    /* 1e8 s in a double has a resolution of 1.5e-8. */
    assert_close(last_offset(get(&f, 0)), 100000000.000000123, 2e-8);
    close_clocks(&f, "");
}

static void impossible_samples_are_dropped(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SHM 0 poll 2\n");
    struct refclock *c = get(&f, 0);
    struct raw_time now = at(&f, 99.5);
    sample(&f, c, 100.5, 0.0); /* of the future */
    sample(&f, c, 91.9, 0.0);  /* older than two polls */
    refclock_add_sample(c, now, now.i, LEAP_UNSYNC, 1);
    refclock_add_sample(c, now, now.i, -1, 1);
    refclock_add_sample(c, now, (struct instant){INT64_MAX, 0}, 0, 1);
    refclock_add_sample(c, (struct raw_time){{INT64_MIN, 0}}, now.i, 0, 1);
    refclock_add_sample(c, (struct raw_time){{INT64_MIN, 0}}, (struct instant){INT64_MIN, 1}, 0, 1);
    assert_null(sample_filter_last(c->filter));
    assert_int_equal(c->reached, 0);

    sample(&f, c, 92.1, 0.0);
    assert_int_equal(c->reached, 1);
    sample(&f, c, 92.1, 0.0); /* not newer */
    assert_int_equal(c->reached, 2);
    close_clocks(&f, "Refclock SHM0 ignores samples : impossible time\n");
}

static void low_quality_keeps_the_clock_reachable_only(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PHC /dev/ptp0\n");
    struct raw_time now = at(&f, 99.5);
    refclock_add_sample(get(&f, 0), now, now.i, LEAP_NORMAL, 0);
    assert_int_equal(get(&f, 0)->reached, 1);
    assert_null(sample_filter_last(get(&f, 0)->filter));
    close_clocks(&f, "");
}

static void tai_is_converted_with_the_leap_second_data(void **state)
{
    char directory[TEST_PATH_SIZE], lines[512];
    struct fixture f;

    test_directory_make(directory);
    test_write_file(directory, "leap.list",
                    "#$ 3676924800\n#@ 4000000000\n2272060800 10\n3439756800 34\n3550089600 35\n"
                    "3644697600 36\n3692217600 37\n");
    snprintf(lines, sizeof(lines), "leapseclist %s/leap.list\nrefclock SHM 0 tai\n", directory);
    open_clocks(&f, lines);
    sample(&f, get(&f, 0), 99.5, 37.125);
    assert_close(last_offset(get(&f, 0)), 0.125, 1e-9);
    close_clocks(&f, NULL);
    test_directory_remove(directory);
}

static void sample_in_tai_needs_the_leap_second_data(void **state)
{
    char directory[TEST_PATH_SIZE], lines[512], path[TEST_PATH_SIZE + 32];
    struct fixture f;

    test_directory_make(directory);
    test_write_file(directory, "leap.list",
                    "#$ 3676924800\n#@ 4000000000\n2272060800 10\n3439756800 34\n3550089600 35\n");
    snprintf(lines, sizeof(lines), "leapseclist %s/leap.list\nrefclock SHM 0 tai\n", directory);
    open_clocks(&f, lines);
    snprintf(path, sizeof(path), "%s/leap.list", directory);
    remove(path);
    sample(&f, get(&f, 0), 99.5, 35.125);
    assert_null(sample_filter_last(get(&f, 0)->filter));
    assert_int_equal(get(&f, 0)->reached, 0);
    close_clocks(&f, NULL);
    test_directory_remove(directory);
}

/* Shortly before an inserted second the time of the sample, which is TAI, is already behind it. */
static void tai_offset_is_that_of_utc(void **state)
{
    static const struct {
        double from_midnight, tai;
    } cases[] = {{-3600.0, 37.125}, {-20.0, 37.125}, {20.0, 38.125}};
    const int64_t midnight = 1700006400;
    char directory[TEST_PATH_SIZE], lines[512];

    test_directory_make(directory);
    test_write_file(directory, "leap.list",
                    "#$ 3676924800\n#@ 4000000000\n2272060800 10\n3439756800 34\n3550089600 35\n"
                    "3644697600 36\n3692217600 37\n3908995200 38\n");
    snprintf(lines, sizeof(lines), "leapseclist %s/leap.list\nrefclock SHM 0 tai\n", directory);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;

        /* The clock's time is UTC, and the sample's half a second before the 100th. */
        open_clocks_at(&f, lines, midnight - 100 + (int64_t)cases[i].from_midnight);
        sample(&f, get(&f, 0), 99.5, cases[i].tai);
        assert_close(last_offset(get(&f, 0)), 0.125, 1e-9);
        close_clocks(&f, NULL);
    }
    test_directory_remove(directory);
}

/* ---- Pulses ---- */

static void pulse(struct fixture *f, struct refclock *c, double t, double second)
{
    refclock_add_pulse(c, at(f, t), second, 1);
}

static void pulses_are_reduced_to_the_nearest_one(void **state)
{
    static const struct {
        int rate;
        double second, offset;
    } examples[] = {{1, 0.9999, 1e-4}, {1, 0.3, -0.3},  {1, 0.5, -0.5},  {5, 0.7, -0.1},
                    {1, -0.25, 0.25},  {1, 7.3, -0.3},  {1, -1.5, -0.5}, {5, 0.35, 0.05},
                    {5, -0.35, -0.05}, {5, 0.11, 0.09}, {5, 0.1, -0.1},  {5, -0.1, -0.1}};

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct fixture f;
        char lines[128];

        snprintf(lines, sizeof(lines), "local stratum 5\nrefclock PPS /dev/pps0 rate %d\n",
                 examples[i].rate);
        open_clocks(&f, lines);
        pulse(&f, get(&f, 0), 99.5, examples[i].second);
        assert_close(last_offset(get(&f, 0)), examples[i].offset, 1e-9);
        close_clocks(&f, "");
    }
}

static void pulse_is_completed_by_the_clock_it_is_locked_to(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PPS /dev/pps0 lock NMEA\nrefclock SHM 0 refid NMEA\n");
    refclock_set_start(f.set);
    struct refclock *pps = get(&f, 0);
    struct refclock *ref = get(&f, 1);
    pulse(&f, pps, 96.0, 0.9999);
    assert_null(sample_filter_last(pps->filter)); /* nothing to lock to */

    sample(&f, ref, 97.0, 2.05);
    pulse(&f, pps, 97.5, 0.9999);
    assert_close(last_offset(pps), 2.0001, 1e-9);
    assert_true(pps->pulse_driven);
    assert_int_equal(pps->leap, LEAP_NORMAL);

    /* Two pulses later it is too old, before it is not too young. */
    pulse(&f, pps, 99.1, 0.9998);
    assert_close(last_offset(pps), 2.0001, 1e-9);
    pulse(&f, pps, 98.9, 0.9998);
    assert_close(last_offset(pps), 2.0002, 1e-9);

    /* More than 0.4 of a second apart: it might be the wrong one. */
    sample(&f, ref, 99.2, 2.45);
    pulse(&f, pps, 99.3, 0.9997);
    assert_close(last_offset(pps), 2.0002, 1e-9);
    sample(&f, ref, 99.4, 2.35);
    ref->leap = LEAP_INSERT;
    pulse(&f, pps, 99.5, 0.9997);
    assert_close(last_offset(pps), 2.0003, 1e-9);
    assert_int_equal(pps->leap, LEAP_INSERT);
    close_clocks(&f, NULL);
}

/* All limits are those of a pulse interval. */
static void several_pulses_in_a_second_are_completed(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PPS /dev/pps0 lock NMEA rate 5 maxlockage 4\n"
                    "refclock SHM 0 refid NMEA\n");
    refclock_set_start(f.set);
    struct refclock *pps = get(&f, 0);
    struct refclock *ref = get(&f, 1);
    sample(&f, ref, 97.0, 2.05);
    /* 2.0001 and 2.2001 are possible; 0.0499 is below 0.4 / 5. */
    pulse(&f, pps, 97.1, 0.9999);
    assert_close(last_offset(pps), 2.0001, 1e-9);
    pulse(&f, pps, 97.2, 0.7998);
    assert_close(last_offset(pps), 2.0002, 1e-9);
    /* 0.09 is not. */
    sample(&f, ref, 97.3, 2.09);
    pulse(&f, pps, 97.4, 0.0);
    assert_close(last_offset(pps), 2.0002, 1e-9);
    /* Four pulses take 0.8 s. */
    sample(&f, ref, 97.5, 2.05);
    pulse(&f, pps, 98.31, 0.9997);
    assert_close(last_offset(pps), 2.0002, 1e-9);
    pulse(&f, pps, 98.29, 0.9997);
    assert_close(last_offset(pps), 2.0003, 1e-9);
    close_clocks(&f, NULL);
}

static void maxlockage_is_counted_in_pulses(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PPS /dev/pps0 lock NMEA maxlockage 5\n"
                    "refclock SHM 0 refid NMEA\n");
    refclock_set_start(f.set);
    sample(&f, get(&f, 1), 92.0, 0.25);
    pulse(&f, get(&f, 0), 97.01, 0.9);
    assert_null(sample_filter_last(get(&f, 0)->filter));
    pulse(&f, get(&f, 0), 96.99, 0.9);
    assert_close(last_offset(get(&f, 0)), 0.1, 1e-9);
    close_clocks(&f, NULL);
}

/* 0.4 is for the difference, what is not known about the reference, and what the pulse adds. */
static void locked_pulses_leave_room_for_dispersions(void **state)
{
    struct fixture f;
    struct source_sample filtered;

    open_clocks(&f, "refclock PPS /dev/pps0 lock NMEA precision 0.1\n"
                    "refclock SHM 0 refid NMEA precision 0.12\n");
    refclock_set_start(f.set);
    struct refclock *pps = get(&f, 0);
    struct refclock *ref = get(&f, 1);
    sample(&f, ref, 97.0, 0.0);
    pulse(&f, pps, 97.1, 0.19); /* 0.41 together */
    assert_null(sample_filter_last(pps->filter));
    pulse(&f, pps, 97.2, 0.17);
    assert_close(last_offset(pps), -0.17, 1e-9);
    close_clocks(&f, NULL);

    /* What the reference scattered so far counts too. */
    open_clocks(&f, "refclock PPS /dev/pps0 lock NMEA\nrefclock SHM 0 refid NMEA\n");
    refclock_set_start(f.set);
    pps = get(&f, 0);
    ref = get(&f, 1);
    for (int i = 0; i < 16; i++)
        sample(&f, ref, 95.0 + 0.1 * i, i % 2 == 0 ? 0.1 : -0.1);
    assert_true(sample_filter_take(ref->filter, &filtered));
    double average = sample_filter_average_dispersion(ref->filter);
    assert_between(average, 0.05, 0.2);
    sample(&f, ref, 97.0, 0.0);
    pulse(&f, pps, 97.1, 0.4 - average + 1e-3);
    assert_null(sample_filter_last(pps->filter));
    pulse(&f, pps, 97.2, 0.4 - average - 1e-3);
    assert_non_null(sample_filter_last(pps->filter));
    /* 0.4 is nearer to 2.7 with two seconds, not three. */
    sample(&f, ref, 97.5, 2.7);
    pulse(&f, pps, 97.6, 0.6 - 0.2);
    assert_close(last_offset(pps), 2.6, 1e-9);
    close_clocks(&f, NULL);
}

static void last_sample_of_the_lock_survives_its_poll(void **state)
{
    struct fixture f;
    struct source_sample filtered;

    open_clocks(&f, "refclock PPS /dev/pps0 lock NMEA\nrefclock SHM 0 refid NMEA\n");
    refclock_set_start(f.set);
    sample(&f, get(&f, 1), 98.0, -3.0);
    assert_true(sample_filter_take(get(&f, 1)->filter, &filtered));
    pulse(&f, get(&f, 0), 98.5, 0.25);
    assert_close(last_offset(get(&f, 0)), -3.25, 1e-9);
    close_clocks(&f, NULL);
}

static void width_tells_the_edges_apart(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PPS /dev/pps0 lock NMEA width 0.2\nrefclock SHM 0 refid NMEA\n");
    refclock_set_start(f.set);
    struct refclock *pps = get(&f, 0);
    sample(&f, get(&f, 1), 98.0, 0.0);
    pulse(&f, pps, 98.1, 0.2); /* the end of the pulse */
    assert_null(sample_filter_last(pps->filter));
    pulse(&f, pps, 98.2, 0.099);
    assert_close(last_offset(pps), -0.099, 1e-9);
    close_clocks(&f, NULL);
}

/* Of five pulses in a second, with 0.15 of 0.2 s high: the low part is 0.05 s. */
static void width_is_that_of_the_shorter_part(void **state)
{
    struct fixture f;

    open_clocks(&f, "local\nrefclock PPS /dev/pps0 rate 5 width 0.15\n"
                    "refclock PPS /dev/pps1 rate 5 width 0.15 lock NMEA\n"
                    "refclock SHM 0 refid NMEA\n");
    refclock_set_start(f.set);
    sample(&f, get(&f, 2), 98.0, 0.0);
    for (int i = 0; i < 2; i++) {
        struct refclock *pps = get(&f, i);

        pulse(&f, pps, 98.1, 0.026);
        pulse(&f, pps, 98.11, -0.026);
        assert_null(sample_filter_last(pps->filter));
        pulse(&f, pps, 98.12, 0.024);
        assert_close(last_offset(pps), -0.024, 1e-9);
    }
    close_clocks(&f, NULL);
}

/* Half of the root delay and the root dispersion of what tells the second. */
static void distance_of_the_reference_limits_pulses(void **state)
{
    static const struct {
        const char *options; /* of the clock that tells the second */
        const char *pps;
        bool accepted;
    } cases[] = {
        {"delay 0.98", "", true},
        {"delay 1.01", "", false},
        {"delay 0.18", "rate 5", true},
        {"delay 0.21", "rate 5", false},
        {"delay 0.08 precision 0.03", "rate 5", true},
        {"delay 0.08 precision 0.07", "rate 5", false},
        {"delay 0.18", "width 0.2", true},
        {"delay 0.22", "width 0.2", false},
    };
    char lines[256];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reference_data ref;
        struct fixture f;

        snprintf(lines, sizeof(lines),
                 "maxdistance 10\nrefclock SOCK /x poll 0 filter 1 %s\n"
                 "refclock PPS /dev/pps0 noselect filter 1 %s\n",
                 cases[i].options, cases[i].pps);
        open_clocks(&f, lines);
        refclock_set_start(f.set);
        for (int t = 1; t < 10; t++) {
            clock_world_run_until(f.s.w, 100.5 + t);
            refclock_add_sample(get(&f, 0), at(&f, 100.25 + t), at(&f, 100.25 + t).i, LEAP_INSERT,
                                1);
        }
        reference_get(f.s.reference, local_clock_now(f.s.clock, NULL), &ref);
        assert_true(ref.synchronised);
        pulse(&f, get(&f, 1), 109.4, 1e-3);
        if (cases[i].accepted) {
            assert_close(last_offset(get(&f, 1)), -1e-3, 1e-9);
            assert_int_equal(get(&f, 1)->leap, ref.leap);
        } else if (sample_filter_last(get(&f, 1)->filter)) {
            fail_msg("%s %s", cases[i].options, cases[i].pps);
        }
        close_clocks(&f, NULL);
    }
}

static void unlocked_pulses_need_to_know_the_second(void **state)
{
    struct fixture f;
    struct local_conf local = {.enabled = true, .stratum = 5};

    open_clocks(&f, "refclock PPS /dev/pps0\n");
    struct refclock *pps = get(&f, 0);
    pulse(&f, pps, 98.0, 0.1);
    assert_null(sample_filter_last(pps->filter));
    reference_enable_local(f.s.reference, &local);
    pulse(&f, pps, 99.0, 0.1);
    assert_close(last_offset(pps), -0.1, 1e-9);
    assert_true(pps->pulse_driven);
    /* It is as good as what told it the second. */
    assert_int_equal(refclock_stratum(pps, (struct local_time){at(&f, 99).i}), 4);
    reference_disable_local(f.s.reference);
    pulse(&f, pps, 99.5, 0.1);
    assert_null(sample_filter_last(pps->filter));
    assert_int_equal(refclock_stratum(pps, (struct local_time){at(&f, 99).i}), 0);
    close_clocks(&f, NULL);
}

/* Of several clocks that only refine, none makes the others better. */
static void pulses_behind_pulses_keep_the_stratum(void **state)
{
    struct local_conf local = {.enabled = true, .stratum = 5, .distance = 1.0};
    struct reference_data ref;
    struct fixture f;

    open_clocks(&f, "refclock PPS /dev/pps0 poll 0 filter 1 prefer\nrefclock PPS /dev/pps1 poll 0\n"
                    "refclock SHM 0 stratum 7 poll 0 noselect\n");
    reference_enable_local(f.s.reference, &local);
    refclock_set_start(f.set);
    for (int i = 1; i < 10; i++) {
        clock_world_run_until(f.s.w, 100.5 + i);
        pulse(&f, get(&f, 0), 100.25 + i, 1e-6);
        pulse(&f, get(&f, 1), 100.25 + i, 1e-6);
    }
    sample(&f, get(&f, 2), 109.4, 0.0);
    assert_true(source_is_selected(get(&f, 0)->source));
    struct local_time when = local_clock_now(f.s.clock, NULL);
    reference_get(f.s.reference, when, &ref);
    assert_true(ref.synchronised);
    assert_int_equal(ref.refid, get(&f, 0)->refid);
    assert_int_equal(reference_our_stratum(f.s.reference), 5);
    assert_int_equal(refclock_stratum(get(&f, 0), when), 4); /* the reference is it itself */
    assert_int_equal(refclock_stratum(get(&f, 1), when), 4); /* or one of its kind */
    assert_int_equal(refclock_stratum(get(&f, 2), when), 7);
    close_clocks(&f, NULL);
}

/* A clock that is no pulse says nothing about those that are. */
static void pulses_behind_a_full_clock_have_stratum_0(void **state)
{
    struct reference_data ref;
    struct fixture f;

    open_clocks(&f,
                "refclock PPS /dev/pps0 noselect stratum 3\nrefclock SOCK /x poll 0 filter 1\n");
    refclock_set_start(f.set);
    for (int i = 1; i < 10; i++) {
        clock_world_run_until(f.s.w, 100.5 + i);
        sample(&f, get(&f, 1), 100.25 + i, 1e-6);
    }
    pulse(&f, get(&f, 0), 109.4, 0.0);
    assert_true(get(&f, 0)->pulse_driven);
    reference_get(f.s.reference, local_clock_now(f.s.clock, NULL), &ref);
    assert_int_equal(ref.refid, get(&f, 1)->refid);
    assert_int_equal(refclock_stratum(get(&f, 0), local_clock_now(f.s.clock, NULL)), 0);
    close_clocks(&f, NULL);
}

static void pps_option_makes_samples_pulses(void **state)
{
    struct fixture f;

    open_clocks(&f, "local\nrefclock PHC /dev/ptp0 pps\n");
    sample(&f, get(&f, 0), 99.5, 37.125);
    assert_close(last_offset(get(&f, 0)), 0.125, 1e-9);
    assert_true(get(&f, 0)->pulse_driven);
    close_clocks(&f, "");
}

/* The correction that is still to come is taken off, and shown in the log as what the clock was
   off. */
static void offsets_are_those_of_the_corrected_clock(void **state)
{
    struct fixture f;
    char *log, expected[128], path[TEST_PATH_SIZE + 32];

    open_clocks(&f,
                "logdir %s\nlog refclocks\nlogbanner 0\nlocal\nrefclock SOCK /x offset 0.125\n");
    assert_true(local_clock_accumulate_offset(f.s.clock, -3.25, 0.0));
    clock_world_wake_at(f.s.w, 101.0);
    double correction = local_clock_correction(f.s.clock, at(&f, 100.0), NULL);
    assert_close(correction, 3.25, 0.2);

    clock_world_wake_at(f.s.w, 110.0);
    correction = local_clock_correction(f.s.clock, at(&f, 105.5), NULL);
    sample(&f, get(&f, 0), 105.5, 5.0);
    assert_close(last_offset(get(&f, 0)), 5.0 - correction + 0.125, 1e-9);
    assert_false(get(&f, 0)->pulse_driven);
    /* Of the offset of pulses the fraction is left. */
    correction = local_clock_correction(f.s.clock, at(&f, 106.0), NULL);
    pulse(&f, get(&f, 0), 106.0, 0.25 - correction);
    assert_close(last_offset(get(&f, 0)), -0.25 + 0.125, 1e-9);
    assert_true(get(&f, 0)->pulse_driven);
    sample(&f, get(&f, 0), 107.0, 5.0);
    assert_false(get(&f, 0)->pulse_driven);

    snprintf(path, sizeof(path), "%s/refclocks.log", f.s.directory);
    log = test_read_file(path);
    snprintf(expected, sizeof(expected), " SOC0    1 N 1 %13.6e %13.6e ", -0.25 + correction,
             -0.125);
    if (!strstr(log, expected))
        fail_msg("%s", log);
    assert_non_null(strstr(log, " SOC0    2 N 0  5.000000e+00 "));
    free(log);
    close_clocks(&f, NULL);
}

/* Neither what is refused changes the clock, nor is it counted or logged. */
static void refused_samples_leave_the_clock_as_it_was(void **state)
{
    struct fixture f;
    char *log, path[TEST_PATH_SIZE + 32];

    open_clocks(&f, "logdir %s\nlog refclocks\nlogbanner 0\nlocal\nrefclock SOCK /x\n");
    struct refclock *c = get(&f, 0);
    sample(&f, c, 99.5, 0.25);
    refclock_add_pulse(c, at(&f, 99.6), 0.25, 0);
    pulse(&f, c, 99.4, 0.25); /* older */
    assert_false(c->pulse_driven);
    assert_int_equal(c->driver_polls, 1);
    assert_int_equal(c->reached, 3);
    pulse(&f, c, 99.7, 0.25);
    refclock_add_sample(c, at(&f, 99.8), at(&f, 99.8).i, LEAP_NORMAL, 0);
    sample(&f, c, 99.7, 0.25);
    assert_true(c->pulse_driven);
    assert_int_equal(c->driver_polls, 2);
    snprintf(path, sizeof(path), "%s/refclocks.log", f.s.directory);
    log = test_read_file(path);
    assert_non_null(strchr(log, '\n'));
    assert_string_equal(strchr(strchr(log, '\n') + 1, '\n'), "\n");
    free(log);
    close_clocks(&f, NULL);
}

static void impossible_pulses_are_dropped(void **state)
{
    struct fixture f;

    open_clocks(&f, "local\nrefclock SOCK /x\n");
    struct refclock *pps = get(&f, 0);
    pulse(&f, pps, 99.0, NAN);
    pulse(&f, pps, 99.0, INFINITY);
    pulse(&f, pps, 99.0, 1e300);
    pulse(&f, pps, 101.0, 0.0);
    refclock_add_pulse(pps, (struct raw_time){{INT64_MAX, 0}}, 0.0, 1);
    assert_null(sample_filter_last(pps->filter));
    close_clocks(&f, "Refclock SOC0 ignores samples : impossible time\n");

    open_clocks(&f, "local\nrefclock SOCK /x\n");
    refclock_add_pulse(get(&f, 0), (struct raw_time){{INT64_MAX, 0}}, 0.0, 1);
    close_clocks(&f, "Refclock SOC0 ignores samples : impossible time\n");
}

/* ---- Poll, log, changes of the clock ---- */

static void feed(void *arg)
{
    struct fixture *f = arg;
    double now = 1e-9 * (double)f->s.w->elapsed_ns;

    sample(f, get(f, 0), now, 2e-3);
    loop_timer_add(f->s.w->loop, 0.25, feed, f);
}

static void filtered_samples_go_to_the_source(void **state)
{
    struct report_source report;
    struct fixture f;
    char *log, path[TEST_PATH_SIZE + 32];

    open_clocks(&f, "logdir %s\nlog refclocks\nlogbanner 0\n"
                    "refclock SOCK /x refid GPS poll 1 stratum 2 delay 1e-3 prefer\n");
    refclock_set_start(f.set);
    loop_timer_add(f.s.w->loop, 0.125, feed, &f);
    clock_world_run_until(f.s.w, 107.0);

    source_report(get(&f, 0)->source, &report);
    refclock_set_report(f.set, get(&f, 0)->source, &report);
    assert_int_equal(report.mode, 2);
    assert_int_equal(report.poll, 1);
    assert_int_equal(report.stratum, 2);
    assert_int_equal(report.reachability, 07); /* the first poll was at the start */
    assert_close(report.orig_offset, -2e-3, 1e-9);
    assert_int_equal(source_samples(get(&f, 0)->source), 3);
    assert_int_equal(reference_our_stratum(f.s.reference), 3);

    snprintf(path, sizeof(path), "%s/refclocks.log", f.s.directory);
    log = test_read_file(path);
    assert_non_null(strstr(log,
                           "2023-11-14 22:15:00.125000 GPS     0 N 0  2.000000e-03  2.000000e-03  "
                           "1.000e-06\n"));
    assert_non_null(strstr(log, "2023-11-14 22:15:01.875000 GPS     7 N 0 "));
    assert_non_null(strstr(log,
                           "2023-11-14 22:15:01.000000 GPS     - N -       -        2.000000e-03  "
                           "1.000e-06\n"));
    free(log);
    close_clocks(&f, "Selected source GPS\n");
}

/* 2 of 10 are cut from each end, and the line has the time of the middle. */
static void filter_of_a_clock_has_the_ratio_of_clocks(void **state)
{
    static const double offsets[] = {0.0, 0.0, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 9e-3, 9e-3};
    struct fixture f;
    char *log, path[TEST_PATH_SIZE + 32];

    open_clocks(&f, "logdir %s\nlog refclocks\nlogbanner 0\nrefclock SOCK /x poll 1\n");
    refclock_set_start(f.set);
    clock_world_run_until(f.s.w, 101.75);
    for (int i = 0; i < 10; i++)
        sample(&f, get(&f, 0), 101.125 + 0.015625 * i, offsets[i]);
    clock_world_run_until(f.s.w, 102.5);
    snprintf(path, sizeof(path), "%s/refclocks.log", f.s.directory);
    log = test_read_file(path);
    assert_non_null(
        strstr(log, "2023-11-14 22:15:01.195312 SOC0    - N -       -        1.000000e-03 "));
    free(log);
    close_clocks(&f, NULL);
}

/* Runs to a time; up to then a sample comes each quarter of a second, by turns off by +-noise. */
static void run_with_noise(struct fixture *f, double until, double noise)
{
    double from = 1e-9 * (double)f->s.w->elapsed_ns;

    for (int i = 1; from + 0.25 * i <= until; i++) {
        clock_world_run_until(f->s.w, from + 0.25 * i);
        sample(f, get(f, 0), from + 0.25 * i - 0.01, i % 2 == 0 ? noise : -noise);
    }
}

static void scattered_samples_are_held_back_by_maxdispersion(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SOCK /x poll 1 filter 8 maxdispersion 1e-3\n");
    refclock_set_start(f.set);
    run_with_noise(&f, 110.1, 2e-3);
    assert_int_equal(source_samples(get(&f, 0)->source), 0);
    assert_true(source_is_reachable(get(&f, 0)->source));
    run_with_noise(&f, 120.1, 1e-4);
    assert_true(source_samples(get(&f, 0)->source) > 2);
    close_clocks(&f, NULL);
}

static void numbers_of_samples_are_those_of_the_options(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SOCK /x poll 0 maxsamples 5\n");
    refclock_set_start(f.set);
    run_with_noise(&f, 120.1, 1e-4);
    assert_int_equal(source_samples(get(&f, 0)->source), 5);
    close_clocks(&f, NULL);

    /* A bend, after which the regression would drop the samples before it. */
    for (int with = 0; with < 2; with++) {
        open_clocks(&f,
                    with ? "refclock SOCK /x poll 0 minsamples 25\n" : "refclock SOCK /x poll 0\n");
        refclock_set_start(f.set);
        for (int i = 1; i <= 40; i++) {
            clock_world_run_until(f.s.w, 100.5 + i);
            sample(&f, get(&f, 0), 100.4 + i, i < 20 ? 1e-3 * i : 2e-2 - 1e-2 * (i - 20));
        }
        if (with)
            assert_true(source_samples(get(&f, 0)->source) >= 25);
        else
            assert_true(source_samples(get(&f, 0)->source) < 25);
        close_clocks(&f, NULL);
    }
}

/* While another one has data from before the gap, an unreachable one may go on for a while. */
static void maxunreach_ends_the_selection(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SOCK /x poll 0 maxunreach 10 prefer\n"
                    "refclock SOCK /y poll 0 minsamples 64\n");
    refclock_set_start(f.set);
    for (int i = 1; i <= 40; i++) {
        clock_world_run_until(f.s.w, 100.5 + i);
        if (i <= 10)
            sample(&f, get(&f, 0), 100.4 + i, 1e-6 * (i % 2));
        sample(&f, get(&f, 1), 100.4 + i, 1e-6 * (i % 3));
        /* Eight polls until it is unreachable, and ten more. */
        if (i == 22 || i == 26) {
            assert_false(source_is_reachable(get(&f, 0)->source));
            assert_true(source_is_selected(get(&f, 0)->source));
        }
    }
    assert_true(source_is_selected(get(&f, 1)->source));
    close_clocks(&f, "Selected source SOC0\nSelected source SOC1\n");
}

static void dispersion_and_changes_reach_the_filter(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SHM 0\n");
    sample(&f, get(&f, 0), 99.5, 0.25);
    local_clock_announce_dispersion(1e-3, f.s.clock);
    assert_close(sample_filter_last(get(&f, 0)->filter)->peer_dispersion, 1e-3 + 1e-6, 1e-12);
    assert_true(local_clock_accumulate_offset(f.s.clock, -0.25, 0.0));
    assert_close(last_offset(get(&f, 0)), 0.0, 1e-9);
    local_clock_external_step(f.s.clock, at(&f, 100), (struct local_time){at(&f, 100).i}, 1.0, 1.0);
    assert_null(sample_filter_last(get(&f, 0)->filter));
    close_clocks(&f, NULL);
}

static void bad_input_is_told_when_it_begins(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SOCK /x poll 0\n");
    struct refclock *c = get(&f, 0);
    refclock_set_start(f.set);
    clock_world_run_until(f.s.w, 100.5);
    refclock_bad_input(c, "bad %d", 1);
    refclock_bad_input(c, "bad %d", 2);
    clock_world_run_until(f.s.w, 102.5);
    refclock_bad_input(c, "bad %d", 3); /* nothing good since */
    clock_world_run_until(f.s.w, 103.5);
    sample(&f, c, 103.4, 0.0);
    clock_world_run_until(f.s.w, 104.5);
    refclock_bad_input(c, "bad %d", 4);
    close_clocks(&f, "Refclock SOC0 ignores samples : bad 1\n"
                     "Refclock SOC0 ignores samples : bad 4\n");
}

/* The debug messages of 2.2, 2.6 to 2.8. */
static void debug_messages_tell_why_samples_are_ignored(void **state)
{
    static const char *const expected[] = {
        "refclock PPS refid=PPS0 poll=4 dpoll=0 filter=64\n",
        "refclock SHM refid=NMEA poll=2 dpoll=-1 filter=3\n",
        "NMEA refclock sample time 2023-11-14 22:15:00.500000000 not valid age=-0.500000\n",
        "refclock sample ignored bad leap 3\n",
        "refclock sample ignored quality=0\n",
        "filter non-increasing sample time 2023-11-14 22:14:57.000000000\n",
        "refclock pulse ignored no ref sample\n",
        "refclock pulse ignored samplediff=2.500000000\n",
        "refclock pulse ignored offdiff=0.450000000 refdisp=0.000002000 disp=0.000001000\n",
        "refclock pulse ignored offset=0.150000000 distance=0.000000000 max_error=0.100000000\n",
        "refclock pulse offset=-0.050000000 offdiff=0.050000000 samplediff=0.500000000\n",
        "refclock pulse offset=0.000000000 offdiff=0.000000000 samplediff=0.500000000\n",
        "refclock pulse ignored offset=-0.250000000 sync=0 dist=1.500000000\n",
    };
    struct fixture f;

    if (log_lowest() > LOG_SEV_DEBUG)
        skip();
    log_set_threshold(LOG_SEV_DEBUG);
    open_clocks(&f, "refclock PPS /dev/pps0 lock NMEA width 0.2\n"
                    "refclock SHM 0 refid NMEA poll 2 dpoll -1 filter 3\n"
                    "refclock PPS /dev/pps1\n");
    refclock_set_start(f.set);
    struct refclock *pps = get(&f, 0);
    struct refclock *ref = get(&f, 1);
    sample(&f, ref, 100.5, 0.0);
    refclock_add_sample(ref, at(&f, 96.0), at(&f, 96.0).i, LEAP_UNSYNC, 1);
    refclock_add_sample(ref, at(&f, 96.0), at(&f, 96.0).i, LEAP_NORMAL, 0);
    pulse(&f, pps, 96.0, 0.0);
    sample(&f, ref, 97.0, 0.0);
    sample(&f, ref, 97.0, 0.0);
    pulse(&f, pps, 99.5, 0.0);
    pulse(&f, pps, 97.5, 0.45);
    pulse(&f, pps, 97.5, 0.15);
    pulse(&f, pps, 97.5, 0.05);
    pulse(&f, pps, 97.5, 0.0);
    pulse(&f, get(&f, 2), 97.5, 0.25);
    refclock_set_free(f.set);
    char *log = test_log_end(f.s.directory);
    log_set_threshold(LOG_SEV_INFO);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        if (!strstr(log, expected[i]))
            fail_msg("not logged: %s%s", expected[i], log);
    }
    free(log);
    source_fixture_close(&f.s);
}

/* ---- Local standard ---- */

/* The standard gains 3 ppm against the clock, and 10 ppm more from `change` on: then the clock
   became slower. */
static void run_standard(struct fixture *f, double from, double to, double change)
{
    for (double t = from; t < to; t += 1.0) {
        /* Between the polls. */
        clock_world_run_until(f->s.w, t + 0.5);
        struct raw_time raw = at(f, t + 0.25);
        double standard = 3e-6 * t + 1e-5 * fmax(0.0, t - change);
        refclock_add_sample(get(f, 0), raw, instant_add(raw.i, standard), LEAP_NORMAL, 1);
    }
}

static void local_standard_steadies_the_clock(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PPS /dev/pps0 local poll 0 dpoll 0 filter 1 minsamples 4\n");
    refclock_set_start(f.set);
    /* How fast the standard is by itself means nothing. */
    run_standard(&f, 100.0, 130.0, 1000.0);
    assert_close(local_clock_read_frequency(f.s.clock), 0.0, 1e-3);
    run_standard(&f, 130.0, 220.0, 130.0);
    assert_close(local_clock_read_frequency(f.s.clock), -10.0, 0.5);
    assert_close(local_clock_correction(f.s.clock, at(&f, 220), NULL), 9e-4, 5e-5);
    assert_int_equal(get(&f, 0)->leap, LEAP_UNSYNC);
    assert_int_equal(reference_our_stratum(f.s.reference), 16);
    close_clocks(&f, NULL);
}

/* When the clock was stepped against the standard, it is brought back, and the standard's own
   samples are moved with it. */
static void local_standard_undoes_a_step(void **state)
{
    struct fixture f;
    double standard = 0.0;

    open_clocks(&f, "refclock PPS /dev/pps0 local poll 0 dpoll 0 filter 1 minsamples 4\n");
    refclock_set_start(f.set);
    for (int i = 0; i < 100; i++) {
        struct raw_time raw = at(&f, 100.25 + i);

        clock_world_run_until(f.s.w, 100.5 + i);
        if (i > 0)
            assert_close(last_offset(get(&f, 0)),
                         standard - local_clock_correction(f.s.clock, at(&f, 99.25 + i), NULL),
                         1e-6);
        standard = i < 40 ? 0.0 : 2e-3;
        refclock_add_sample(get(&f, 0), raw, instant_add(raw.i, standard), LEAP_NORMAL, 1);
    }
    assert_close(local_clock_correction(f.s.clock, at(&f, 200.0), NULL), 2e-3, 1e-4);
    close_clocks(&f, NULL);
}

/* Its samples keep their fraction of a second only. */
static void whole_seconds_of_a_local_standard_are_dropped(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PPS /dev/pps0 local poll 0 dpoll 0 filter 1 minsamples 4\n");
    refclock_set_start(f.set);
    for (int i = 0; i < 60; i++) {
        clock_world_run_until(f.s.w, 100.5 + i);
        struct raw_time raw = at(&f, 100.25 + i);
        refclock_add_sample(get(&f, 0), raw, instant_add(raw.i, 0.02 * i), LEAP_NORMAL, 1);
        if (i == 42) /* not yet */
            assert_close(last_offset(get(&f, 0)), 0.02 * 42, 0.03);
    }
    /* 2 % in 60 s are 1.2 s. */
    assert_close(source_predict_offset(get(&f, 0)->source, local_clock_now(f.s.clock, NULL)),
                 1.0 - 0.02 * 59.25, 0.03);
    assert_close(last_offset(get(&f, 0)), 0.02 * 59 - 1.0, 0.03);
    assert_close(local_clock_correction(f.s.clock, at(&f, 160), NULL), 0.0, 1e-3);
    close_clocks(&f, NULL);
}

static void local_standard_starts_again_after_a_gap(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PPS /dev/pps0 local poll 4 dpoll 0 minsamples 4\n");
    refclock_set_start(f.set);
    run_standard(&f, 100.0, 140.0, 1000.0);
    assert_true(source_samples(get(&f, 0)->source) > 0);
    clock_world_run_until(f.s.w, 150.0);
    sample(&f, get(&f, 0), 149.0, 0.3);
    assert_int_equal(source_samples(get(&f, 0)->source), 0);
    assert_null(sample_filter_last(get(&f, 0)->filter));
    close_clocks(&f, "Local refclock lost lock\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_refids_have_the_index),
        cmocka_unit_test(options_of_the_driver_follow_its_parameter),
        cmocka_unit_test(limits_of_options),
        cmocka_unit_test(locks_are_found_by_refid),
        cmocka_unit_test(lock_needs_samples_often_enough),
        cmocka_unit_test(samples_get_offset_delay_and_dispersion),
        cmocka_unit_test(large_offsets_keep_their_precision),
        cmocka_unit_test(impossible_samples_are_dropped),
        cmocka_unit_test(low_quality_keeps_the_clock_reachable_only),
        cmocka_unit_test(tai_is_converted_with_the_leap_second_data),
        cmocka_unit_test(sample_in_tai_needs_the_leap_second_data),
        cmocka_unit_test(tai_offset_is_that_of_utc),
        cmocka_unit_test(pulses_are_reduced_to_the_nearest_one),
        cmocka_unit_test(pulse_is_completed_by_the_clock_it_is_locked_to),
        cmocka_unit_test(several_pulses_in_a_second_are_completed),
        cmocka_unit_test(maxlockage_is_counted_in_pulses),
        cmocka_unit_test(locked_pulses_leave_room_for_dispersions),
        cmocka_unit_test(last_sample_of_the_lock_survives_its_poll),
        cmocka_unit_test(width_tells_the_edges_apart),
        cmocka_unit_test(width_is_that_of_the_shorter_part),
        cmocka_unit_test(distance_of_the_reference_limits_pulses),
        cmocka_unit_test(unlocked_pulses_need_to_know_the_second),
        cmocka_unit_test(pulses_behind_pulses_keep_the_stratum),
        cmocka_unit_test(pulses_behind_a_full_clock_have_stratum_0),
        cmocka_unit_test(pps_option_makes_samples_pulses),
        cmocka_unit_test(offsets_are_those_of_the_corrected_clock),
        cmocka_unit_test(refused_samples_leave_the_clock_as_it_was),
        cmocka_unit_test(impossible_pulses_are_dropped),
        cmocka_unit_test(filtered_samples_go_to_the_source),
        cmocka_unit_test(filter_of_a_clock_has_the_ratio_of_clocks),
        cmocka_unit_test(scattered_samples_are_held_back_by_maxdispersion),
        cmocka_unit_test(numbers_of_samples_are_those_of_the_options),
        cmocka_unit_test(maxunreach_ends_the_selection),
        cmocka_unit_test(dispersion_and_changes_reach_the_filter),
        cmocka_unit_test(bad_input_is_told_when_it_begins),
        cmocka_unit_test(debug_messages_tell_why_samples_are_ignored),
        cmocka_unit_test(local_standard_steadies_the_clock),
        cmocka_unit_test(local_standard_undoes_a_step),
        cmocka_unit_test(whole_seconds_of_a_local_standard_are_dropped),
        cmocka_unit_test(local_standard_starts_again_after_a_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
