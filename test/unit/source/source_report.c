/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a source says of its estimate: the report estimator with each kind of estimator, and the
 * estimator log (cmdmon.md 13.16, daemon.md 18).
 */
#include "test/unit/support/sources.h"
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NULL_DRIVER "Disabled control of system clock\n"

/* 0 to 1. */
static double next(uint32_t *random)
{
    *random = *random * 1103515245U + 12345U;
    return (*random >> 16 & 0xfff) / 4096.0;
}

/* Of a clock that gains 2e-6, with most of the jitter on the way to the source. */
static void add_samples(struct source_fixture *f, struct source *s, int count)
{
    struct local_time now = local_clock_event_time(f->clock, NULL);
    uint32_t random = 1;

    for (int i = 0; i < count; i++) {
        double up = 4e-4 * next(&random), down = 2e-5 * next(&random);
        struct source_sample sample = {
            .time = local_add(now, 16.0 * (i - count)),
            .offset = 1e-3 + 32e-6 * i + 0.5 * (down - up),
            .peer_delay = 1e-3 + up + down,
            .peer_dispersion = 1e-7,
            .root_delay = 2e-3 + up + down,
            .root_dispersion = 1e-4,
        };

        source_accumulate(s, &sample);
    }
}

static char *read_log(struct source_fixture *f)
{
    char path[TEST_PATH_SIZE + 32];

    snprintf(path, sizeof(path), "%s/estimator.log", f->directory);
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    fclose(file);
    return test_read_file(path);
}

static void the_regression_reports_its_deviations_and_logs_nothing(void **state)
{
    struct report_sourcestats stats;
    struct report_estimator report;
    struct source_fixture f;

    source_fixture_open(&f, "log estimator\nlogdir %s", false);
    struct source *s = source_fixture_add(&f, 1, SELECT_NOSELECT, SOURCE_DEFAULT_SAMPLES);
    add_samples(&f, s, 20);
    source_report_estimator(s, &report);
    source_report_stats(s, &stats);
    assert_int_equal(report.kind, REPORT_ESTIMATOR_REGRESSION);
    assert_true(ip_addr_equal(&report.addr, &stats.addr));
    assert_int_equal(report.refid, stats.refid);
    assert_int_equal(report.samples, stats.samples);
    assert_close(report.freq_ppm, stats.resid_freq_ppm, 1e-12);
    assert_close(report.jitter, stats.sd, 1e-18);
    assert_true(report.offset_sd > 0.0 && report.offset_sd < report.jitter);
    assert_true(report.freq_sd_ppm > 0.0 && report.freq_sd_ppm < stats.skew_ppm);
    assert_true(report.wander_ppm == 0.0 && report.bound_percent == 0.0 &&
                report.gauss_percent == 0.0 && report.up_percent == 0.0 &&
                report.down_percent == 0.0);
    assert_null(read_log(&f));
    source_fixture_check_log(&f, NULL_DRIVER);
    source_fixture_close(&f);
}

static void the_filters_report_what_they_have_learnt(void **state)
{
    struct report_sourcestats stats;
    struct report_estimator report;
    struct source_fixture f;

    source_fixture_open(&f, "estimator kalman", false);
    struct source *s = source_fixture_add(&f, 1, SELECT_NOSELECT, SOURCE_DEFAULT_SAMPLES);
    add_samples(&f, s, 60);
    source_report_estimator(s, &report);
    source_report_stats(s, &stats);
    assert_int_equal(report.kind, REPORT_ESTIMATOR_KALMAN);
    assert_int_equal(report.samples, 60);
    assert_close(report.offset, 1e-3 + 32e-6 * 59, 2e-5);
    assert_close(report.freq_ppm, 2.0, 0.1);
    assert_close(report.freq_ppm, stats.resid_freq_ppm, 1e-12);
    assert_close(3.5 * report.freq_sd_ppm, stats.skew_ppm, 1e-9);
    assert_close(report.jitter, stats.sd, 1e-18);
    assert_true(report.jitter > 1e-6 && report.jitter < 2e-4);
    assert_true(report.offset_sd > 0.0 && report.offset_sd < report.jitter);
    assert_true(report.wander_ppm > 0.0 && report.wander_ppm < 1.0);
    assert_close(report.bound_percent + report.gauss_percent + report.up_percent +
                     report.down_percent,
                 100.0, 1e-6);
    assert_true(report.up_percent > 50.0 && report.up_percent > 10.0 * report.down_percent);
    source_fixture_check_log(&f, NULL_DRIVER);
    source_fixture_close(&f);
}

static void without_an_estimate_there_is_only_the_number_of_samples(void **state)
{
    static const char *const lines[] = {"", "estimator kalman"};

    for (size_t i = 0; i < 2; i++) {
        struct report_estimator report;
        struct source_fixture f;

        source_fixture_open(&f, lines[i], false);
        struct source *s = source_fixture_add(&f, 1, SELECT_NOSELECT, SOURCE_DEFAULT_SAMPLES);
        add_samples(&f, s, 2);
        source_report_estimator(s, &report);
        assert_int_equal(report.kind, REPORT_ESTIMATOR_NONE);
        assert_int_equal(report.samples, 2);
        assert_true(report.offset == 0.0 && report.offset_sd == 0.0 && report.jitter == 0.0);
        source_fixture_check_log(&f, NULL_DRIVER);
        source_fixture_close(&f);
    }
}

static void a_reference_clock_has_no_address(void **state)
{
    struct source_params params = {.min_samples = SOURCE_DEFAULT_SAMPLES,
                                   .max_samples = SOURCE_DEFAULT_SAMPLES,
                                   .asymmetry = 1.0,
                                   .max_unreach = 100000,
                                   .select_options = SELECT_NOSELECT};
    struct report_estimator report;
    struct source_fixture f;

    source_fixture_open(&f, "estimator kalman", false);
    struct source *s = source_new_refclock(f.set, 0x50505300, &params);
    add_samples(&f, s, 10);
    source_report_estimator(s, &report);
    assert_int_equal(report.addr.family, IP_UNSPEC);
    assert_int_equal(report.refid, 0x50505300);
    assert_true(report.gauss_percent > 99.9); /* a delay says nothing */
    source_fixture_check_log(&f, NULL_DRIVER);
    source_fixture_close(&f);
}

/* One line for each sample from the third one on, with what the report says. */
static void the_log_has_a_line_for_each_sample(void **state)
{
    struct report_estimator report;
    char *text, *line, expected[256];
    struct source_fixture f;
    int lines = 0;

    source_fixture_open(&f, "estimator kalman\nlog estimator\nlogdir %s\nlogbanner 0", false);
    struct source *s = source_fixture_add(&f, 1, SELECT_NOSELECT, SOURCE_DEFAULT_SAMPLES);
    add_samples(&f, s, 20);
    source_report_estimator(s, &report);
    text = read_log(&f);
    assert_non_null(text);
    for (line = text; strchr(line, '\n')[1] != '\0'; line = strchr(line, '\n') + 1)
        lines++;
    assert_int_equal(lines + 1, 18);
    snprintf(expected, sizeof(expected),
             "2023-11-14 22:13:04 192.0.2.1       %10.3e %10.3e %10.3e %10.3e %10.3e %10.3e "
             "%3.0f %3.0f %3.0f %3.0f\n",
             report.offset, report.offset_sd, report.freq_ppm, report.freq_sd_ppm,
             report.wander_ppm, report.jitter, report.bound_percent, report.gauss_percent,
             report.up_percent, report.down_percent);
    assert_string_equal(line, expected);
    free(text);
    source_fixture_check_log(&f, NULL_DRIVER);
    source_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_regression_reports_its_deviations_and_logs_nothing),
        cmocka_unit_test(the_filters_report_what_they_have_learnt),
        cmocka_unit_test(without_an_estimate_there_is_only_the_number_of_samples),
        cmocka_unit_test(a_reference_clock_has_no_address),
        cmocka_unit_test(the_log_has_a_line_for_each_sample),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
