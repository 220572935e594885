/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learning from corrections of a real local clock, with a modelled oscillator and a sensor's file:
 * what the clock does then, its limits, sensors that fail, changes of the clock by others.
 */
#include "test/unit/support/unit.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock/temperature_learning.h"
#include "test/unit/support/sources.h"

#define START_PPM 20.0

struct fixture {
    struct source_fixture f;
    struct temperature_learning *t;
    double time;
    double dependence;  /* ppm of the oscillator per unit; positive: fast */
    double temperature; /* of the oscillator */
    double error;       /* of the cooked clock, s */
    int announced;
    struct world_ops ops; /* whose sensor is in memory */
    char sensor[40];
};

static void on_change(const struct clock_change *change, void *arg)
{
    ((struct fixture *)arg)->announced++;
}

/* The fixture whose sensor is read: its world has the address of the usual one as a context. */
static struct fixture *current;

static FILE *read_sensor(void *ctx, const char *path)
{
    if (current->sensor[0] == '\0') {
        errno = ENOENT;
        return NULL;
    }
    return fmemopen(current->sensor, strlen(current->sensor), "r");
}

static void show(struct fixture *x, const char *text)
{
    snprintf(x->sensor, sizeof(x->sensor), "%s", text);
}

static void show_number(struct fixture *x, double reading)
{
    snprintf(x->sensor, sizeof(x->sensor), "%.0f\n", reading);
}

static void open_fixture(struct fixture *x, const char *lines, double dependence)
{
    *x = (struct fixture){.dependence = dependence, .temperature = 45000.0};
    source_fixture_open(&x->f, lines, false);
    current = x;
    x->ops = *x->f.w->world.ops;
    x->ops.file_read = read_sensor;
    x->f.w->world.ops = &x->ops;
    show_number(x, x->temperature);
    struct temperature_env env = {&x->f.w->world, x->f.w->loop, x->f.clock, x->f.mlog};
    x->t = temperature_learning_new(&env, &x->f.conf->templearn);
    local_clock_add_handler(x->f.clock, CLOCK_HOLDER_MANUAL, on_change, x);
}

static void open_usual(struct fixture *x, double dependence)
{
    open_fixture(x, "templearn %s/temperature 10", dependence);
}

/* With the messages, which are freed, too. */
static void free_fixture(struct fixture *x, char *log)
{
    free(log);
    local_clock_remove_handler(x->f.clock, on_change, x);
    temperature_learning_free(x->t);
    source_fixture_close(&x->f);
}

static void close_fixture(struct fixture *x, const char *expected)
{
    char *log = test_log_end(x->f.directory);

    assert_log_in(log, x->f.directory, expected);
    free_fixture(x, log);
}

static double clock_ppm(const struct fixture *x)
{
    return local_clock_read_frequency(x->f.clock);
}

static double report_slope(const struct fixture *x)
{
    struct report_temperature report;

    assert_true(temperature_learning_report(x->t, &report));
    return report.slope_ppm;
}

/* One interval of the sensor. The oscillator gains what the clock does not take back. */
static void run_10s(struct fixture *x)
{
    double oscillator = START_PPM + x->dependence * (x->temperature - 45000.0);

    x->error += 1e-6 * (oscillator - clock_ppm(x)) * 10.0;
    x->time += 10.0;
    clock_world_run_until(x->f.w, x->time + 0.5);
}

/* The offset is measured and corrected, and half of the frequency that it shows. */
static void correct(struct fixture *x, double interval)
{
    assert_true(local_clock_accumulate(x->f.clock, 0.5 * x->error / interval, x->error, 0.0));
    x->error = 0.0;
}

/* A sine of the temperature, which the sensor shows if it works. */
static void learn(struct fixture *x, double seconds)
{
    for (double end = x->time + seconds; x->time < end;) {
        for (int i = 0; i < 6; i++) {
            x->temperature = 45000.0 + 5000.0 * sin(2.0 * M_PI * x->time / 7200.0);
            show_number(x, x->temperature);
            run_10s(x);
        }
        correct(x, 60.0);
    }
}

static void run_s(struct fixture *x, double seconds)
{
    for (double end = x->time + seconds; x->time < end;)
        run_10s(x);
}

static void clock_follows_a_temperature_that_was_learnt(void **state)
{
    struct fixture x;
    struct report_temperature report;

    open_usual(&x, 1e-4);
    assert_true(temperature_learning_report(x.t, &report));
    assert_int_equal(report.state, REPORT_TEMPERATURE_LEARNING);
    assert_true(report.trust_percent == 0.0 && report.changes == 0 && report.slope_sd_ppm == 0.0);
    assert_true(report.temperature == 45000.0);
    learn(&x, 36000.0);

    assert_true(temperature_learning_report(x.t, &report));
    assert_int_equal(report.state, REPORT_TEMPERATURE_FOLLOWING);
    assert_true(report.changes > 150);
    assert_close(report.slope_ppm, -1e-4, 2e-6);
    assert_true(report.trust_percent > 99.0);

    /* A minute later all of it has come, and nobody was told. */
    double before = clock_ppm(&x), compensation = report.compensation_ppm;
    int announced = x.announced;
    x.temperature += 2000.0;
    show_number(&x, x.temperature);
    run_s(&x, 60.0);
    assert_close(clock_ppm(&x) - before, 0.2, 0.02);
    assert_int_equal(x.announced, announced);
    assert_true(temperature_learning_report(x.t, &report));
    assert_close(report.compensation_ppm - compensation, -0.2, 0.02);

    char *log = test_log_end(x.f.directory);
    assert_non_null(strstr(log, "Clock follows temperature from "));
    assert_null(strstr(strstr(log, "Clock follows temperature from ") + 1, "Clock follows"));
    free_fixture(&x, log);
}

static void offsets_are_smaller_then(void **state)
{
    double largest[2];

    for (int i = 0; i < 2; i++) {
        struct fixture x;

        open_usual(&x, 1e-4);
        learn(&x, 36000.0);
        if (i == 1) /* as without a sensor */
            temperature_learning_free(x.t);
        largest[i] = 0.0;
        for (double end = x.time + 7200.0; x.time < end;) {
            for (int k = 0; k < 60; k++) {
                x.temperature = 45000.0 + 5000.0 * sin(2.0 * M_PI * x.time / 7200.0);
                show_number(&x, x.temperature);
                run_10s(&x);
            }
            largest[i] = fmax(largest[i], fabs(x.error));
            correct(&x, 600.0);
        }
        if (i == 1)
            x.t = NULL;
        free_fixture(&x, test_log_end(x.f.directory));
    }
    assert_true(largest[0] < 0.15 * largest[1]);
}

static void sensor_that_shows_something_else_changes_nothing(void **state)
{
    struct fixture x;
    unsigned int random = 1;

    open_usual(&x, 0.0);
    for (int i = 0; i < 600; i++) {
        for (int k = 0; k < 6; k++) {
            random = random * 1664525 + 1013904223;
            show_number(&x, 45000.0 + (random >> 20));
            run_10s(&x);
        }
        random = random * 1664525 + 1013904223;
        x.error += 1e-6 * ((random >> 20) / 4096.0 - 0.5);
        correct(&x, 60.0);
    }
    struct report_temperature report;
    assert_true(temperature_learning_report(x.t, &report));
    assert_int_equal(report.state, REPORT_TEMPERATURE_LEARNING);
    assert_true(report.compensation_ppm == 0.0);
    close_fixture(&x, "");
}

static void one_wrong_reading_is_not_followed(void **state)
{
    struct fixture x;

    open_usual(&x, 1e-4);
    learn(&x, 36000.0);
    run_s(&x, 100.0);
    double before = clock_ppm(&x);
    show(&x, "0");
    run_10s(&x);
    show_number(&x, x.temperature);
    for (int i = 0; i < 6; i++) {
        run_10s(&x);
        assert_close(clock_ppm(&x), before, 0.01);
    }
    free_fixture(&x, test_log_end(x.f.directory));
}

static void changes_are_limited_in_rate_and_size(void **state)
{
    struct fixture x;

    open_usual(&x, 1e-4);
    learn(&x, 36000.0);
    double before = clock_ppm(&x);
    show_number(&x, 345000.0); /* 30 ppm */
    run_s(&x, 20.0);
    double slow = clock_ppm(&x) - before;
    assert_true(slow > 0.05 && slow < 0.25);
    run_s(&x, 6000.0);
    struct report_temperature report;
    assert_true(temperature_learning_report(x.t, &report));
    assert_close(report.compensation_ppm, -10.0, 1e-3);
    char *log = test_log_end(x.f.directory);
    assert_non_null(strstr(log, "Temperature compensation of -"));
    assert_non_null(strstr(log, " ppm exceeds sanity limit of 10.0\n"));
    assert_null(strstr(strstr(log, "exceeds") + 1, "exceeds"));
    free_fixture(&x, log);
}

static void failing_sensor_leaves_the_frequency_and_is_reported_once(void **state)
{
    struct fixture x;
    struct report_temperature report;

    open_usual(&x, 0.0);
    run_s(&x, 100.0);
    show(&x, "warm");
    run_10s(&x);
    show_number(&x, 45000.0);
    run_10s(&x);
    show(&x, "");
    run_s(&x, 1000.0);
    assert_true(temperature_learning_report(x.t, &report));
    assert_int_equal(report.state, REPORT_TEMPERATURE_FAILING);
    assert_int_equal(report.last_reading_ago, 1000);
    show(&x, "1e300");
    run_s(&x, 100.0);
    show_number(&x, 55000.0);
    run_s(&x, 100.0);
    assert_true(temperature_learning_report(x.t, &report));
    assert_int_equal(report.state, REPORT_TEMPERATURE_LEARNING);
    assert_true(report.temperature == 55000.0);
    close_fixture(&x, "Could not read temperature from DIR/temperature\n"
                      "Reading temperature from DIR/temperature works again\n"
                      "Could not read temperature from DIR/temperature\n"
                      "Reading temperature from DIR/temperature works again\n");
}

/* What happened meanwhile is in the frequency already, by corrections. */
static void temperature_after_a_failure_is_a_new_start(void **state)
{
    struct fixture x;

    open_usual(&x, 1e-4);
    learn(&x, 36000.0);
    show(&x, "");
    x.temperature = 55000.0;
    for (int i = 0; i < 40; i++) {
        run_s(&x, 60.0);
        correct(&x, 60.0);
    }
    double before = clock_ppm(&x);
    assert_close(before, START_PPM + 1.0, 0.05);
    show_number(&x, 55000.0);
    run_s(&x, 300.0);
    assert_close(clock_ppm(&x), before, 1e-3);
    assert_close(report_slope(&x), -1e-4, 3e-6);
    free_fixture(&x, test_log_end(x.f.directory));
}

static void steps_and_frequencies_of_others_do_not_disturb(void **state)
{
    struct fixture x;

    open_usual(&x, 1e-4);
    for (int i = 0; i < 12; i++) {
        learn(&x, 3000.0);
        switch (i % 4) {
        case 0:
            local_clock_notify_leap(x.f.clock, 1);
            break;
        case 1: /* nobody is told */
            assert_true(
                local_clock_accumulate_unannounced(x.f.clock, 5e-6 * (i % 8 - 3), 0.0, 0.0));
            break;
        case 2:
            local_clock_command_dfreq(x.f.clock, i % 8 < 4 ? 3.0 : -3.0);
            break;
        default:
            local_clock_external_step(x.f.clock, world_raw_now(&x.f.w->world),
                                      local_clock_now(x.f.clock, NULL), 1.0, 0.1);
        }
    }
    assert_close(report_slope(&x), -1e-4, 3e-6);
    free_fixture(&x, test_log_end(x.f.directory));
}

static void log_has_reading_and_compensation(void **state)
{
    struct fixture x;
    char path[TEST_PATH_SIZE + 32];

    open_fixture(&x, "templearn %s/temperature 10\nlogdir %s\nlog tempcomp\nlogbanner 0", 0.0);
    show_number(&x, 46000.0);
    run_10s(&x);
    snprintf(path, sizeof(path), "%s/tempcomp.log", x.f.directory);
    char *text = test_read_file(path);
    assert_string_equal(text, "2023-11-14 22:13:20  4.5000e+04  0.0000e+00\n"
                              "2023-11-14 22:13:30  4.6000e+04  0.0000e+00\n");
    free(text);
    close_fixture(&x, "");
}

static void no_directive_nothing_is_learnt(void **state)
{
    struct fixture x;
    struct report_temperature report;

    open_fixture(&x, "", 0.0);
    assert_null(x.t);
    assert_false(temperature_learning_report(x.t, &report));
    close_fixture(&x, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_follows_a_temperature_that_was_learnt),
        cmocka_unit_test(offsets_are_smaller_then),
        cmocka_unit_test(sensor_that_shows_something_else_changes_nothing),
        cmocka_unit_test(one_wrong_reading_is_not_followed),
        cmocka_unit_test(changes_are_limited_in_rate_and_size),
        cmocka_unit_test(failing_sensor_leaves_the_frequency_and_is_reported_once),
        cmocka_unit_test(temperature_after_a_failure_is_a_new_start),
        cmocka_unit_test(steps_and_frequencies_of_others_do_not_disturb),
        cmocka_unit_test(log_has_reading_and_compensation),
        cmocka_unit_test(no_directive_nothing_is_learnt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
