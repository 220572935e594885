/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real-time clock on a simulated device (discipline.md 24, system.md 8): first setting of the
 * clock, initial measurement, tracking, trimming, its file, and devices that fail.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/text.h"
#include "chronyd/os/devices.h"
#include "chronyd/rtc/rtc.h"
#include "chronyd/rtc/rtc_device.h"
#include "chronyd/rtc/rtc_start.h"
#include "test/unit/support/devices.h"
#include "test/unit/support/sources.h"

#define START 1700000000

struct fixture {
    struct source_fixture s;
    struct fake_devices devices;
    struct rtc *rtc;
    bool done;
};

static const char lines[] = "rtcfile %s/rtc\nrtcdevice /dev/rtc\nrtconutc\nlogdir %s\nlog rtc\n"
                            "logbanner 0\n";

static void open_rtc_with(struct fixture *f, const char *more, const struct rtc_coefficients *file)
{
    static const struct rtc_coefficients none = {.valid = false};
    char text[512];

    snprintf(text, sizeof(text), "%s%s", lines, more);
    source_fixture_open(&f->s, text, false);
    fake_devices_install(&f->devices, f->s.w);
    struct rtc_env env = {&f->s.w->world, f->s.w->loop, f->s.clock, f->s.mlog, NULL};
    f->rtc = rtc_new(&env, &f->s.conf->rtc, file ? file : &none);
    assert_non_null(f->rtc);
    f->done = false;
}

static void open_rtc(struct fixture *f, const char *more)
{
    open_rtc_with(f, more, NULL);
}

static void close_rtc(struct fixture *f, const char *expected_log)
{
    char log[1024];

    rtc_free(f->rtc);
    assert_int_equal(f->devices.opened, f->devices.closed);
    assert_false(f->devices.rtc_interrupts);
    snprintf(log, sizeof(log), "Disabled control of system clock\n%s", expected_log);
    source_fixture_check_log(&f->s, log);
    source_fixture_close(&f->s);
}

static char *read_file(const struct fixture *f, const char *name)
{
    char path[TEST_PATH_SIZE + 32];

    snprintf(path, sizeof(path), "%s/%s", f->s.directory, name);
    return test_read_file(path);
}

static struct report_rtc report(const struct fixture *f)
{
    struct report_rtc r;

    assert_int_equal(rtc_report(f->rtc, &r), RTC_STATUS_OK);
    return r;
}

/* ---- Tracking ---- */

static void tracking_finds_offset_and_gain(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    f.devices.rtc_offset = 1.25;
    f.devices.rtc_rate = 20e-6;
    rtc_start(f.rtc, f.s.reference);
    assert_true(f.devices.rtc_interrupts);
    clock_world_run_until(f.s.w, 1800.0);
    struct report_rtc r = report(&f);
    /* 15 s for 3, 30 s for 2, 60 s for 4, 120 s for 4, then 240 s. */
    assert_between(r.samples, 14, 17);
    assert_close(r.gain_ppm, 20.0, 0.1);
    assert_close(r.seconds_fast, 1.25 + 20e-6 * (double)(r.ref_time.sec - START), 1e-4);
    assert_between(r.span_seconds, 1000, 1800);
    assert_true(r.runs > 0);
    assert_false(f.devices.rtc_interrupts); /* only while a sample is wanted */

    assert_int_equal(rtc_write_file(f.rtc), RTC_STATUS_OK);
    char *text = read_file(&f, "rtc");
    assert_int_equal(strncmp(text, "1 17000", 7), 0);
    assert_non_null(strstr(text, " 20.0"));
    free(text);
    text = read_file(&f, "rtc.log");
    assert_non_null(strstr(text, "2023-11-14 22:13:21       1.2500"));
    assert_non_null(strstr(text, " 0        0.000000         0.000   1   0   15\n"));
    free(text);
    close_rtc(&f, "");
}

static void times_between_measurements_grow(void **state)
{
    static const int periods[] = {15, 15, 15, 30, 30, 60, 60, 60, 60, 120, 120, 120, 120, 240, 240};
    struct fixture f;

    open_rtc(&f, "");
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 1500.0);
    char *text = read_file(&f, "rtc.log");
    char *line = text;
    for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        assert_int_equal(atoi(strrchr(line, ' ')), periods[i]);
        line = end + 1;
    }
    free(text);
    close_rtc(&f, "");
}

static void tracking_follows_changes_of_the_clock(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    f.devices.rtc_offset = 0.5;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 300.0);
    double before = report(&f).seconds_fast;
    assert_true(local_clock_accumulate_offset(f.s.clock, 0.125, 0.0));
    assert_close(report(&f).seconds_fast, before + 0.125, 1e-9);
    clock_world_run_until(f.s.w, 700.0);
    assert_close(report(&f).seconds_fast, 0.625, 1e-3);

    local_clock_external_step(f.s.clock, clock_world_raw(f.s.w, 700),
                              (struct local_time){clock_world_raw(f.s.w, 700).i}, 1.0, 1.0);
    assert_int_equal(report(&f).samples, 0);
    close_rtc(&f, "");
}

static void gain_follows_the_frequency_of_the_clock(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    f.devices.rtc_rate = 20e-6;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 600.0);
    double before = report(&f).gain_ppm;
    assert_close(before, 20.0, 0.5);
    /* The clock runs slower by 1 %: dfreq 0.01. */
    local_clock_set_frequency(f.s.clock, 10000.0);
    assert_close(report(&f).gain_ppm, before + 0.01 * (1e6 - before), 1e-3);
    local_clock_set_frequency(f.s.clock, 0.0);

    /* Samples get the time of the corrected clock: the next one fits. */
    before = report(&f).seconds_fast;
    int samples = report(&f).samples;
    assert_true(local_clock_accumulate_offset(f.s.clock, 0.125, 0.0));
    clock_world_run_until(f.s.w, 1.0e-9 * (double)f.s.w->elapsed_ns + 125.0);
    assert_int_equal(report(&f).samples, samples + 1);
    assert_close(report(&f).seconds_fast, before + 0.125, 5e-3);
    assert_close(report(&f).gain_ppm, 20.0, 1.0);
    close_rtc(&f, "");
}

/* Samples of before a bend are dropped when the regression shows it. */
static void samples_off_the_line_are_dropped(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 1500.0);
    int before = report(&f).samples;
    assert_true(before > 12);
    f.devices.rtc_offset -= 0.2;
    f.devices.rtc_rate = 1e-3;
    clock_world_run_until(f.s.w, 1500.0 + 5 * 250.0);
    assert_true(report(&f).samples < before);
    close_rtc(&f, "");
}

/* The number of samples in each line of the log. */
static int numbers_of_samples(const char *log, int *numbers, int max)
{
    int count = 0;

    for (const char *end; (end = strchr(log, '\n')) && count < max; log = end + 1)
        assert_int_equal(sscanf(end - 13, "%d", &numbers[count++]), 1);
    return count;
}

/* Of 64 samples the oldest four are dropped for the next; what is left is still on the line. */
static void oldest_samples_make_room(void **state)
{
    struct fixture f;
    int numbers[128], count, full = 0;

    open_rtc(&f, "");
    f.devices.rtc_rate = 20e-6;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 30000.0);
    char *text = read_file(&f, "rtc.log");
    count = numbers_of_samples(text, numbers, 128);
    for (int i = 1; i < count; i++) {
        if (numbers[i - 1] == 64) {
            /* The regression may find that it needs fewer. */
            assert_true(numbers[i] <= 61);
            full += numbers[i] == 61;
        } else {
            assert_between(numbers[i], 1, numbers[i - 1] + 1);
        }
    }
    assert_true(full > 5);
    assert_close(report(&f).gain_ppm, 20.0, 0.01);
    assert_close(report(&f).seconds_fast, 20e-6 * (double)(report(&f).ref_time.sec - START), 5e-5);
    assert_between(report(&f).span_seconds, 59 * 240, 64 * 242);
    free(text);
    close_rtc(&f, "");
}

/* All columns of 8.6, and the span, which needs two samples. */
static void log_and_report_show_the_fit(void **state)
{
    struct fixture f;
    char *text, *line, date[16], time[16];
    double fast, estimate, slope;
    int valid, samples, runs, period;

    open_rtc(&f, "");
    f.devices.rtc_offset = 1.25;
    f.devices.rtc_rate = 1e-3;
    rtc_start(f.rtc, f.s.reference);
    /* Each sample is at the second second, which takes the RTC from 16.x to 17.x s after the
       last. */
    clock_world_run_until(f.s.w, 5.0);
    assert_int_equal(report(&f).samples, 1);
    assert_int_equal(report(&f).span_seconds, 0);
    clock_world_run_until(f.s.w, 22.0);
    assert_int_equal(report(&f).samples, 2);
    assert_int_equal(report(&f).span_seconds, 17);
    clock_world_run_until(f.s.w, 70.0);
    assert_int_equal(report(&f).samples, 4);
    assert_int_equal(report(&f).span_seconds, 3 * 17);
    assert_true(f.devices.rtc_utc);
    assert_true(f.devices.opened_writable);

    text = read_file(&f, "rtc.log");
    line = text;
    for (int i = 0; i < 3; i++)
        line = strchr(line, '\n') + 1;
    assert_int_equal(strcspn(line, "\n"),
                     19 + 1 + 14 + 1 + 1 + 2 + 14 + 2 + 12 + 2 + 2 + 2 + 2 + 5);
    assert_int_equal(sscanf(line, "%10s %8s %lf %d %lf %lf %d %d %d", date, time, &fast, &valid,
                            &estimate, &slope, &samples, &runs, &period),
                     9);
    assert_string_equal(date, "2023-11-14");
    assert_close(fast, report(&f).seconds_fast, 5e-5);
    assert_int_equal(valid, 1);
    assert_close(estimate, report(&f).seconds_fast, 1e-6);
    assert_close(slope, 1000.0, 3.0);
    assert_close(slope, report(&f).gain_ppm, 1e-3);
    assert_int_equal(samples, 4);
    assert_int_equal(runs, report(&f).runs);
    assert_int_equal(period, 30);
    free(text);
    close_rtc(&f, "");
}

static void coefficients_are_written_at_the_end(void **state)
{
    struct fixture f;
    char path[TEST_PATH_SIZE + 32];
    struct stat info;

    open_rtc(&f, "");
    f.devices.rtc_offset = 1.25;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 100.0);
    struct report_rtc r = report(&f);
    rtc_free(f.rtc);
    snprintf(path, sizeof(path), "%s/rtc", f.s.directory);
    struct rtc_coefficients c = rtc_file_read(&f.s.w->world, path);
    assert_true(c.valid);
    assert_int_equal(c.ref, r.ref_time.sec);
    assert_close(c.offset, r.seconds_fast, 1e-6);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0133, 0);
    source_fixture_check_log(&f.s, "Disabled control of system clock\n");
    source_fixture_close(&f.s);
}

static void file_that_cannot_be_written_is_told(void **state)
{
    struct fixture f;
    char path[TEST_PATH_SIZE + 32];

    open_rtc(&f, "");
    snprintf(path, sizeof(path), "%s/rtc", f.s.directory);
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 100.0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(rtc_write_file(f.rtc), RTC_STATUS_FAILED);
    assert_int_equal(rtc_write_file(f.rtc), RTC_STATUS_FAILED);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rtc_write_file(f.rtc), RTC_STATUS_OK);
    rtc_free(f.rtc);
    char *log = test_log_end(f.s.directory);
    char *message = strstr(log, "Could not replace ");
    assert_non_null(message);
    assert_null(strstr(message + 1, "Could not replace ")); /* once */
    assert_non_null(strstr(message, "rtc works again"));
    free(log);
    source_fixture_close(&f.s);
}

static void rtc_that_goes_back_starts_again(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 200.0);
    assert_true(report(&f).samples > 4);
    f.devices.rtc_offset = -86400.0 * 366; /* the wrong year */
    clock_world_run_until(f.s.w, 262.0);
    assert_between(report(&f).samples, 1, 2);
    close_rtc(&f, "");
}

/* The second of the last sample, once more. */
static void second_that_comes_again_starts_again(void **state)
{
    struct fixture f;

    for (int samples = 1; samples < 3; samples++) {
        open_rtc(&f, "");
        rtc_start(f.rtc, f.s.reference);
        clock_world_run_until(f.s.w, samples == 1 ? 5.0 : 22.0);
        assert_int_equal(report(&f).samples, samples);
        f.devices.rtc_offset = -17.0;
        clock_world_run_until(f.s.w, samples == 1 ? 22.0 : 39.0);
        assert_int_equal(report(&f).samples, 1);
        close_rtc(&f, "");
    }
}

static void file_is_not_touched_without_a_measurement(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    test_write_file(f.s.directory, "rtc", "1 1690000000 0.250000 12.000\n");
    assert_int_equal(rtc_write_file(f.rtc), RTC_STATUS_OK);
    char *text = read_file(&f, "rtc");
    assert_string_equal(text, "1 1690000000 0.250000 12.000\n");
    free(text);
    assert_int_equal(rtc_trim(f.rtc), RTC_STATUS_OK);
    assert_int_equal(f.devices.rtc_sets, 0);
    close_rtc(&f, "");
}

/* ---- Trimming ---- */

static void trimming_sets_the_rtc_and_keeps_the_rate(void **state)
{
    struct fixture f;
    char path[TEST_PATH_SIZE + 32];

    open_rtc(&f, "");
    f.devices.rtc_offset = 5.25;
    f.devices.rtc_rate = 50e-6;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 600.0);
    assert_close(report(&f).seconds_fast, 5.27, 0.01);
    assert_int_equal(rtc_trim(f.rtc), RTC_STATUS_OK);
    assert_int_equal(f.devices.rtc_sets, 1);
    assert_between(report(&f).seconds_fast, -0.5, 0.5);
    assert_int_equal(rtc_trim(f.rtc), RTC_STATUS_OK); /* nothing to do */
    assert_int_equal(f.devices.rtc_sets, 1);
    clock_world_run_until(f.s.w, 611.0);
    assert_int_equal(report(&f).samples, 0); /* measured, written, forgotten */
    snprintf(path, sizeof(path), "%s/rtc", f.s.directory);
    struct rtc_coefficients c = rtc_file_read(&f.s.w->world, path);
    assert_true(c.valid);
    assert_close(c.rate, 50e-6, 1e-7);
    assert_close(c.offset, fake_rtc_time(&f.devices) - (double)START - 611.0, 1e-3);
    clock_world_run_until(f.s.w, 700.0);
    assert_true(report(&f).samples > 2);
    close_rtc(&f, "RTC wrong by 5.274 seconds (step)\n");
}

/* Until it is measured again, the error of the set RTC is known from the fraction of the second. */
static void error_of_a_set_rtc_is_estimated(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    f.devices.rtc_offset = -5.25;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 100.375);
    assert_int_equal(rtc_trim(f.rtc), RTC_STATUS_OK);
    assert_int_equal(report(&f).ref_time.sec, START + 100);
    assert_close(report(&f).seconds_fast, 0.5 - 0.375, 1e-6);
    assert_int_equal(report(&f).samples, 0);
    /* It ticks at 100.875; the first interrupt is skipped, eight follow. */
    clock_world_run_until(f.s.w, 108.5);
    assert_int_equal(report(&f).samples, 7);
    clock_world_run_until(f.s.w, 109.5);
    assert_int_equal(report(&f).samples, 0);
    assert_false(f.devices.rtc_interrupts);
    /* Normal operation begins with a period of 15 s. */
    clock_world_run_until(f.s.w, 124.5);
    assert_int_equal(report(&f).samples, 0);
    clock_world_run_until(f.s.w, 127.0);
    assert_int_equal(report(&f).samples, 1);
    char *text = read_file(&f, "rtc");
    assert_int_equal(strncmp(text, "1 1700000109 0.1249", 19), 0);
    free(text);
    close_rtc(&f, "RTC wrong by -5.250 seconds (step)\n");
}

static void errors_below_a_second_are_not_trimmed(void **state)
{
    static const struct {
        double offset;
        const char *autotrim; /* NULL: by command */
        int sets;
    } cases[] = {
        {0.95, NULL, 0}, {1.05, NULL, 1}, {-1.05, NULL, 1}, {0.95, "0.5", 0}, {1.05, "0.5", 1},
        {1.4, "1.5", 0}, {1.6, "1.5", 1}, {-1.6, "1.5", 1}, {100.0, "0", 0},
    };
    struct local_conf local = {.enabled = true, .stratum = 5};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        char more[64];

        snprintf(more, sizeof(more), "rtcautotrim %s\n",
                 cases[i].autotrim ? cases[i].autotrim : "0");
        open_rtc(&f, more);
        reference_enable_local(f.s.reference, &local);
        f.devices.rtc_offset = cases[i].offset;
        rtc_start(f.rtc, f.s.reference);
        clock_world_run_until(f.s.w, 100.0);
        if (!cases[i].autotrim)
            assert_int_equal(rtc_trim(f.rtc), RTC_STATUS_OK);
        assert_int_equal(f.devices.rtc_sets, cases[i].sets);
        rtc_free(f.rtc);
        source_fixture_check_log(&f.s, NULL);
        source_fixture_close(&f.s);
    }
}

static void automatic_trimming_needs_a_known_time(void **state)
{
    struct local_conf local = {.enabled = true, .stratum = 5};
    struct fixture f;

    open_rtc(&f, "rtcautotrim 2\n");
    f.devices.rtc_offset = -3.0;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 100.0);
    assert_int_equal(f.devices.rtc_sets, 0);
    reference_enable_local(f.s.reference, &local);
    clock_world_run_until(f.s.w, 200.0);
    assert_int_equal(f.devices.rtc_sets, 1);
    close_rtc(&f, "Enabled local reference mode\nRTC wrong by -3.000 seconds (step)\n");
}

static void rtc_that_cannot_be_set(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    f.devices.rtc_offset = 5.25;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 100.0);
    f.devices.rtc_failing = true;
    assert_int_equal(rtc_trim(f.rtc), RTC_STATUS_FAILED);
    f.devices.rtc_failing = false;
    clock_world_run_until(f.s.w, 200.0);
    assert_true(report(&f).samples > 4);
    close_rtc(&f, "RTC wrong by 5.250 seconds (step)\nCould not set RTC time\n");
}

/* ---- Initial measurement ---- */

static void on_done(void *arg)
{
    ((struct fixture *)arg)->done = true;
}

static void initial_measurement_slews_the_clock(void **state)
{
    /* The RTC was fast by 0.25 s a million seconds ago, and gains 1 ppm. */
    const struct rtc_coefficients file = {true, START - 1000000, 0.25, 1e-6};
    struct fixture f;

    open_rtc_with(&f, "", &file);
    f.devices.rtc_offset = 1.5;
    assert_true(rtc_measure_initially(f.rtc, on_done, &f));
    /* One interrupt is skipped, eight are used: that of 8.5 s is the last. */
    clock_world_run_until(f.s.w, 8.25);
    assert_false(f.done);
    assert_int_equal(report(&f).samples, 7);
    clock_world_run_until(f.s.w, 8.75);
    assert_true(f.done);
    clock_world_run_until(f.s.w, 12.0);
    assert_int_equal(report(&f).samples, 0);
    assert_int_equal(report(&f).ref_time.sec, 0);
    assert_true(report(&f).seconds_fast == 0.0 && report(&f).gain_ppm == 0.0);
    assert_false(f.devices.rtc_interrupts);
    /* 1.25 s are foretold, 1.5 s seen: the clock is slow. */
    assert_close(local_clock_correction(f.s.clock, clock_world_raw(f.s.w, 12), NULL), 0.25, 1e-3);
    rtc_free(f.rtc);
    char *log = test_log_end(f.s.directory);
    assert_non_null(strstr(log, "System clock off from RTC by -0.2499"));
    free(log);
    source_fixture_close(&f.s);
}

static void initial_measurement_without_coefficients(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    assert_true(rtc_measure_initially(f.rtc, on_done, &f));
    clock_world_run_until(f.s.w, 12.0);
    assert_true(f.done);
    close_rtc(&f, "No valid rtcfile coefficients\n");
}

static void initial_measurement_ends_with_an_error(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    assert_true(rtc_measure_initially(f.rtc, on_done, &f));
    clock_world_run_until(f.s.w, 4.5);
    f.devices.rtc_failing = true;
    clock_world_run_until(f.s.w, 6.0);
    assert_true(f.done);
    f.devices.rtc_failing = false;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 100.0);
    assert_true(report(&f).samples > 2);
    close_rtc(&f, "Could not read time from /dev/rtc : Input/output error\n"
                  "RTC /dev/rtc works again\n");
}

/* In tracking it is asked every few minutes. */
static void rtc_that_fails_is_reported_once(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 200.0);
    f.devices.rtc_failing = true;
    clock_world_run_until(f.s.w, 2000.0);
    f.devices.rtc_no_interrupts = true;
    clock_world_run_until(f.s.w, 4000.0);
    f.devices.rtc_failing = f.devices.rtc_no_interrupts = false;
    clock_world_run_until(f.s.w, 5000.0);
    f.devices.rtc_no_interrupts = true;
    clock_world_run_until(f.s.w, 7000.0);
    f.devices.rtc_no_interrupts = false;
    close_rtc(&f, "Could not read time from /dev/rtc : Input/output error\n"
                  "RTC /dev/rtc works again\n"
                  "Could not enable RTC interrupt : Invalid argument\n");
}

static void initial_measurement_does_not_wait_for_an_rtc_that_has_stopped(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    assert_true(rtc_measure_initially(f.rtc, on_done, &f));
    clock_world_run_until(f.s.w, 4.5);
    f.devices.rtc_stopped = true;
    clock_world_run_until(f.s.w, 13.5);
    assert_false(f.done);
    clock_world_run_until(f.s.w, 15.0);
    assert_true(f.done);
    assert_false(f.devices.rtc_interrupts);
    close_rtc(&f, "No interrupts from /dev/rtc\n");
}

static void rtc_that_stops_is_reported_once(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 200.0);
    int samples = (int)report(&f).samples;
    assert_true(samples > 4);
    f.devices.rtc_stopped = true;
    clock_world_run_until(f.s.w, 2000.0);
    assert_int_equal(report(&f).samples, samples);
    /* It is asked now and then, and goes on as if nothing had been. */
    f.devices.rtc_stopped = false;
    clock_world_run_until(f.s.w, 3000.0);
    assert_true((int)report(&f).samples > samples);
    f.devices.rtc_stopped = true;
    clock_world_run_until(f.s.w, 4000.0);
    close_rtc(&f, "No interrupts from /dev/rtc\nRTC /dev/rtc works again\n"
                  "No interrupts from /dev/rtc\n");
}

static void rtc_that_stops_after_trimming(void **state)
{
    struct fixture f;

    open_rtc(&f, "");
    f.devices.rtc_offset = 5.25;
    rtc_start(f.rtc, f.s.reference);
    clock_world_run_until(f.s.w, 100.0);
    assert_int_equal(rtc_trim(f.rtc), RTC_STATUS_OK);
    clock_world_run_until(f.s.w, 104.0);
    f.devices.rtc_stopped = true;
    clock_world_run_until(f.s.w, 150.0);
    f.devices.rtc_stopped = false;
    clock_world_run_until(f.s.w, 300.0);
    assert_true(report(&f).samples > 4);
    assert_between(report(&f).seconds_fast, -1.0, 1.0);
    close_rtc(&f, "RTC wrong by 5.250 seconds (step)\nNo interrupts from /dev/rtc\n"
                  "RTC /dev/rtc works again\n");
}

static void device_that_fails_ends_the_tracking(void **state)
{
    struct report_rtc r;
    struct fixture f;

    open_rtc(&f, "");
    assert_true(rtc_measure_initially(f.rtc, on_done, &f));
    clock_world_run_until(f.s.w, 2.5);
    f.devices.rtc_event_failing = true;
    clock_world_run_until(f.s.w, 30.0);
    assert_true(f.done);
    rtc_start(f.rtc, f.s.reference);
    assert_int_equal(rtc_report(f.rtc, &r), RTC_STATUS_NOT_RUNNING);
    assert_int_equal(rtc_trim(f.rtc), RTC_STATUS_NOT_RUNNING);
    assert_int_equal(rtc_write_file(f.rtc), RTC_STATUS_NOT_RUNNING);
    close_rtc(&f, "Could not read flags /dev/rtc : Input/output error\n");
}

static void without_a_usable_device_there_is_no_tracking(void **state)
{
    const struct rtc_coefficients none = {.valid = false};
    struct fixture f;

    source_fixture_open(&f.s, "rtcfile /x\nrtcdevice /dev/none\n", false);
    fake_devices_install(&f.devices, f.s.w);
    struct rtc_env env = {&f.s.w->world, f.s.w->loop, f.s.clock, f.s.mlog, NULL};
    assert_null(rtc_new(&env, &f.s.conf->rtc, &none));
    free(f.s.conf->rtc.device);
    f.s.conf->rtc.device = text_dup("/dev/rtc");
    f.devices.rtc_no_interrupts = true;
    assert_null(rtc_new(&env, &f.s.conf->rtc, &none));
    assert_int_equal(f.devices.opened, f.devices.closed);
    free(f.s.conf->rtc.file);
    f.s.conf->rtc.file = NULL;
    assert_null(rtc_new(&env, &f.s.conf->rtc, &none));
    assert_int_equal(rtc_trim(NULL), RTC_STATUS_NOT_RUNNING);
    rtc_free(NULL);
    source_fixture_check_log(&f.s,
                             "Disabled control of system clock\n"
                             "Could not open RTC device /dev/none : No such file or directory\n"
                             "RTC driver could not be initialised\n"
                             "Could not enable RTC interrupt : Invalid argument\n"
                             "RTC driver could not be initialised\n");
    source_fixture_close(&f.s);
}

/* ---- Files ---- */

static void coefficients_are_read_back(void **state)
{
    struct rtc_coefficients c = {true, 1699999999, -1.234567, 12.345e-6}, back;
    struct fixture f;
    char path[TEST_PATH_SIZE + 32], *text;

    open_rtc(&f, "");
    snprintf(path, sizeof(path), "%s/file", f.s.directory);
    struct state_file *file = rtc_file_new(&f.s.w->world, f.s.w->loop, path);
    assert_true(rtc_file_write(file, &c));
    state_file_free(file);
    text = read_file(&f, "file");
    assert_string_equal(text, "1 1699999999 -1.234567 12.345\n");
    free(text);
    back = rtc_file_read(&f.s.w->world, path);
    assert_true(back.valid);
    assert_int_equal(back.ref, c.ref);
    assert_close(back.offset, c.offset, 1e-12);
    assert_close(back.rate, c.rate, 1e-15);
    close_rtc(&f, "");
}

static void bad_coefficients_are_not_valid(void **state)
{
    static const char *const texts[] = {"",          "1 2 3",        "x",
                                        "1 nan 0 0", "1 1e300 0 0",  "1 1700000000 inf 0",
                                        "1 0 0 1e9", "1 0 -1e300 0", "1\n2\n"};
    struct fixture f;
    char path[TEST_PATH_SIZE + 32], log[4096] = "";

    open_rtc(&f, "");
    snprintf(path, sizeof(path), "%s/file", f.s.directory);
    assert_false(rtc_file_read(&f.s.w->world, path).valid); /* no file: no message */
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        test_write_file(f.s.directory, "file", texts[i]);
        assert_false(rtc_file_read(&f.s.w->world, path).valid);
        snprintf(log + strlen(log), sizeof(log) - strlen(log),
                 "Could not read coefficients from %s\n", path);
    }
    test_write_file(f.s.directory, "file", "0 1700000000 0.5 1\n");
    assert_false(rtc_file_read(&f.s.w->world, path).valid);
    rtc_free(f.rtc);
    char *text = test_log_end(f.s.directory);
    assert_string_equal(strchr(text, '\n') + 1, log);
    free(text);
    source_fixture_close(&f.s);
}

static void hwclock_file_says_what_the_rtc_keeps(void **state)
{
    static const struct {
        const char *text;
        bool utc;
    } cases[] = {{"0.0 0 0\n0\nLOCAL\n", false},
                 {"0.0 0 0\n0\nUTC", true},
                 {"0.0 0 0\n0\n", true},
                 {"1\n2\nutc\n", true},
                 {"", true}};
    struct fixture f;
    char path[TEST_PATH_SIZE + 32];

    open_rtc(&f, "");
    snprintf(path, sizeof(path), "%s/adjtime", f.s.directory);
    free(f.s.conf->rtc.hwclock_file);
    f.s.conf->rtc.hwclock_file = text_dup(path);
    assert_true(rtc_is_on_utc(&f.s.w->world, &f.s.conf->rtc)); /* no file: rtconutc */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_write_file(f.s.directory, "adjtime", cases[i].text);
        assert_int_equal(rtc_is_on_utc(&f.s.w->world, &f.s.conf->rtc), cases[i].utc);
    }
    /* The file decides, whatever rtconutc says. */
    f.s.conf->rtc.on_utc = false;
    test_write_file(f.s.directory, "adjtime", "1\n2\nUTC+\n4\n");
    assert_true(rtc_is_on_utc(&f.s.w->world, &f.s.conf->rtc));
    test_write_file(f.s.directory, "adjtime", "1\n2\nUT\n");
    assert_false(rtc_is_on_utc(&f.s.w->world, &f.s.conf->rtc));
    f.s.conf->rtc.on_utc = true;
    test_write_file(f.s.directory, "adjtime", "1\n2\nLOCA\n");
    assert_true(rtc_is_on_utc(&f.s.w->world, &f.s.conf->rtc));
    f.s.conf->rtc.hwclock_file[0] = '\0';
    assert_true(rtc_is_on_utc(&f.s.w->world, &f.s.conf->rtc));
    rtc_free(f.rtc);
    char *log = test_log_end(f.s.directory), *p = log;
    int warnings = 0;
    while ((p = strstr(p, "Could not read RTC LOCAL/UTC setting from")))
        p++, warnings++;
    assert_int_equal(warnings, 5);
    free(log);
    source_fixture_close(&f.s);
}

/* ---- Start ---- */

/* With control of a clock that can be stepped; drift_time: modification of the drift file, 0:
   none. */
static bool start(double rtc_offset, const struct rtc_coefficients *file, int64_t drift_time,
                  double *stepped, char **log)
{
    static const struct rtc_coefficients none = {.valid = false};
    struct fixture f;

    source_fixture_open(&f.s, "rtcdevice /dev/rtc\nrtconutc\ndriftfile %s/drift\n", true);
    fake_devices_install(&f.devices, f.s.w);
    f.devices.rtc_offset = rtc_offset;
    f.devices.rtc_failing = isnan(rtc_offset);
    if (f.devices.rtc_failing)
        f.devices.rtc_offset = 0.0;
    f.devices.drift_file_time = drift_time;
    bool good = rtc_start_set_clock(&f.s.w->world, f.s.clock, &f.s.conf->rtc,
                                    f.s.conf->reference.drift_file.path, file ? file : &none);
    *stepped = 1e-9 * (double)f.s.w->stepped_ns;
    assert_false(f.devices.opened_writable);
    assert_int_equal(f.devices.opened, f.devices.closed);
    *log = test_log_end(f.s.directory);
    source_fixture_close(&f.s);
    return good;
}

static void first_setting_of_the_clock(void **state)
{
    const struct rtc_coefficients file = {true, START - 1000, 20.0, 1e-3};
    double stepped;
    char *log;

    /* The RTC is on average half a second into its second. */
    assert_true(start(100.25, NULL, 0, &stepped, &log));
    assert_close(stepped, 100.5, 1e-6);
    assert_non_null(strstr(log, "System time set from RTC\n"));
    free(log);
    /* Close enough. */
    assert_true(start(0.25, NULL, 0, &stepped, &log));
    assert_close(stepped, 0.0, 0.0);
    assert_null(strstr(log, "System time"));
    free(log);
    /* A second is too much. */
    struct rtc_coefficients fast = {true, START, 0.5, 0.0};
    assert_true(start(1.75, &fast, 0, &stepped, &log));
    assert_close(stepped, 1.0, 1e-9);
    free(log);
    fast.offset = 0.51;
    assert_true(start(1.75, &fast, 0, &stepped, &log));
    assert_close(stepped, 0.0, 0.0);
    free(log);
    /* The second of the last run will do, the one before it not. */
    assert_true(start(50.25, NULL, START + 50, &stepped, &log));
    assert_close(stepped, 50.5, 1e-6);
    free(log);
    assert_false(start(50.25, NULL, START + 51, &stepped, &log));
    assert_close(stepped, 51.0, 1e-6);
    free(log);
    /* With the error that the file foretells: 20 s and 1.1 s. */
    assert_true(start(100.0, &file, 0, &stepped, &log));
    assert_close(stepped, 100.5 - 20.0 - 1.1, 1e-6);
    free(log);
    /* Before the last run of the daemon: the battery is empty. */
    assert_false(start(-5000.0, NULL, START + 50, &stepped, &log));
    assert_close(stepped, 50.0, 1e-6);
    assert_non_null(strstr(log, "RTC time before last driftfile modification (ignored)\n"
                                "System time restored from driftfile\n"));
    free(log);
    /* No RTC that can be read. */
    assert_false(start(NAN, NULL, START + 50, &stepped, &log));
    assert_close(stepped, 50.0, 1e-6);
    free(log);
    assert_false(start(NAN, NULL, START - 50, &stepped, &log));
    assert_close(stepped, 0.0, 0.0);
    free(log);
    assert_false(start(NAN, NULL, 0, &stepped, &log));
    assert_close(stepped, 0.0, 0.0);
    free(log);
}

/* The clock may tick between the fields of a reading: two equal ones in a row are wanted. */
static void reading_is_repeated_until_it_is_stable(void **state)
{
    struct fixture f;
    struct raw_time now;
    int64_t seconds;

    open_rtc(&f, "");
    clock_world_wake_at(f.s.w, 1.25);
    f.devices.rtc_ticks_between = 3;
    assert_true(rtc_device_read_now(&f.s.w->world, f.devices.rtc_fd, true, &seconds, &now));
    assert_int_equal(seconds, START + 4);
    assert_close(instant_diff(now.i, clock_world_raw(f.s.w, 4.25).i), 0.0, 1e-9);
    /* Not for ever. */
    f.devices.rtc_ticks_between = 1000;
    assert_false(rtc_device_read_now(&f.s.w->world, f.devices.rtc_fd, true, &seconds, &now));
    assert_true(f.devices.rtc_ticks_between > 900);
    f.devices.rtc_ticks_between = 0;
    f.devices.rtc_failing = true;
    assert_false(rtc_device_read_now(&f.s.w->world, f.devices.rtc_fd, true, &seconds, &now));
    close_rtc(&f, "");
}

/* ---- Linux ---- */

static void broken_down_time_does_not_depend_on_the_zone(void **state)
{
    static const char *const zones[] = {"UTC", "Europe/Prague", "America/New_York", "Asia/Kolkata"};
    struct tm winter = {.tm_year = 123, .tm_mon = 0, .tm_mday = 15, .tm_hour = 12};
    struct tm summer = {.tm_year = 123, .tm_mon = 6, .tm_mday = 15, .tm_hour = 12};

    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        assert_int_equal(rtc_linux_seconds(&winter, true), 1673784000);
        assert_int_equal(rtc_linux_seconds(&summer, true), 1689422400);
    }
    /* Local time, with the rule of the date. */
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_int_equal(rtc_linux_seconds(&winter, false), 1673784000 - 3600);
    assert_int_equal(rtc_linux_seconds(&summer, false), 1689422400 - 7200);
    unsetenv("TZ");
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tracking_finds_offset_and_gain),
        cmocka_unit_test(times_between_measurements_grow),
        cmocka_unit_test(tracking_follows_changes_of_the_clock),
        cmocka_unit_test(gain_follows_the_frequency_of_the_clock),
        cmocka_unit_test(samples_off_the_line_are_dropped),
        cmocka_unit_test(oldest_samples_make_room),
        cmocka_unit_test(log_and_report_show_the_fit),
        cmocka_unit_test(coefficients_are_written_at_the_end),
        cmocka_unit_test(file_that_cannot_be_written_is_told),
        cmocka_unit_test(rtc_that_goes_back_starts_again),
        cmocka_unit_test(second_that_comes_again_starts_again),
        cmocka_unit_test(file_is_not_touched_without_a_measurement),
        cmocka_unit_test(trimming_sets_the_rtc_and_keeps_the_rate),
        cmocka_unit_test(error_of_a_set_rtc_is_estimated),
        cmocka_unit_test(errors_below_a_second_are_not_trimmed),
        cmocka_unit_test(automatic_trimming_needs_a_known_time),
        cmocka_unit_test(rtc_that_cannot_be_set),
        cmocka_unit_test(initial_measurement_slews_the_clock),
        cmocka_unit_test(initial_measurement_without_coefficients),
        cmocka_unit_test(initial_measurement_ends_with_an_error),
        cmocka_unit_test(rtc_that_fails_is_reported_once),
        cmocka_unit_test(initial_measurement_does_not_wait_for_an_rtc_that_has_stopped),
        cmocka_unit_test(rtc_that_stops_is_reported_once),
        cmocka_unit_test(rtc_that_stops_after_trimming),
        cmocka_unit_test(device_that_fails_ends_the_tracking),
        cmocka_unit_test(without_a_usable_device_there_is_no_tracking),
        cmocka_unit_test(coefficients_are_read_back),
        cmocka_unit_test(bad_coefficients_are_not_valid),
        cmocka_unit_test(hwclock_file_says_what_the_rtc_keeps),
        cmocka_unit_test(first_setting_of_the_clock),
        cmocka_unit_test(reading_is_repeated_until_it_is_stable),
        cmocka_unit_test(broken_down_time_does_not_depend_on_the_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
