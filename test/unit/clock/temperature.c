/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Temperature compensation: the examples of discipline.md 22, its log, and sensors that fail.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "clock/temperature.h"
#include "test/unit/support/sources.h"

struct fixture {
    struct source_fixture f;
    struct temperature *t;
};

static void open_fixture(struct fixture *x, const char *lines, bool control,
                         const char *temperature)
{
    char text[1024];

    snprintf(text, sizeof(text), "%s\nlogdir %%s\nlog tempcomp\nlogbanner 0", lines);
    source_fixture_open(&x->f, text, control);
    if (temperature)
        test_write_file(x->f.directory, "temperature", temperature);
    struct temperature_env env = {&x->f.w->world, x->f.w->loop, x->f.clock, x->f.mlog};
    x->t = temperature_new(&env, &x->f.conf->tempcomp);
}

static void set_temperature(struct fixture *x, const char *temperature, double t)
{
    test_write_file(x->f.directory, "temperature", temperature);
    clock_world_run_until(x->f.w, t);
}

static void close_fixture(struct fixture *x, const char *expected)
{
    char *log = test_log_end(x->f.directory);

    assert_log_in(log, x->f.directory, expected);
    free(log);
    temperature_free(x->t);
    source_fixture_close(&x->f);
}

static double kernel_ppm(const struct fixture *x)
{
    return -(double)x->f.w->kernel.freq / 65536.0;
}

static void quadratic_function_follows_the_example(void **state)
{
    struct fixture x;
    char path[TEST_PATH_SIZE + 32];

    open_fixture(&x, "tempcomp %s/temperature 30 26000 0.0 0.000183 0.0", true, "27000\n");
    /* The clock is to run faster: the kernel is told that it is slow. */
    assert_close(kernel_ppm(&x), -0.183, 1.0 / 65536);
    assert_close(local_clock_read_frequency(x.f.clock), 0.0, 1e-12);
    set_temperature(&x, "25000 and words", 29.9);
    assert_close(kernel_ppm(&x), -0.183, 1.0 / 65536);
    clock_world_run_until(x.f.w, 30.1);
    assert_close(kernel_ppm(&x), 0.183, 1.0 / 65536);
    clock_world_run_until(x.f.w, 60.1);
    assert_close(local_clock_read_frequency(x.f.clock), 0.0, 1e-12);
    snprintf(path, sizeof(path), "%s/tempcomp.log", x.f.directory);
    char *text = test_read_file(path);
    assert_string_equal(text, "2023-11-14 22:13:20  2.7000e+04  1.8300e-01\n"
                              "2023-11-14 22:13:50  2.5000e+04 -1.8300e-01\n"
                              "2023-11-14 22:14:20  2.5000e+04 -1.8300e-01\n");
    free(text);
    close_fixture(&x, "");
}

static void all_terms_of_the_function_count(void **state)
{
    struct fixture x;

    open_fixture(&x, "tempcomp %s/temperature 30 20 0.5 0.1 0.01", true, "25");
    assert_close(kernel_ppm(&x), -(0.5 + 5 * 0.1 + 25 * 0.01), 1.0 / 65536);
    close_fixture(&x, "");
}

static void points_are_interpolated_and_extrapolated(void **state)
{
    static const struct {
        const char *temperature;
        double comp;
    } rows[] = {{"21500", 0.5},  {"20000", 1.0},  {"21000", 0.64}, {"20500", 0.82},
                {"22000", 0.36}, {"23000", 0.08}, {"19000", 1.36}};
    struct fixture x;
    char *directory;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char lines[TEST_PATH_SIZE * 2], points[TEST_PATH_SIZE];

        directory = points;
        test_directory_make(directory);
        test_write_file(directory, "points", "20000 1.0\n21000 0.64\n22000 0.36\n");
        snprintf(lines, sizeof(lines), "tempcomp %%s/temperature 1 %s/points", directory);
        open_fixture(&x, lines, true, rows[i].temperature);
        assert_close(kernel_ppm(&x), -rows[i].comp, 1.0 / 65536);
        close_fixture(&x, "");
        test_directory_remove(directory);
    }
}

static void bad_readings_leave_the_compensation_as_it_is(void **state)
{
    static const char *const bad[] = {"", "warm", "nan", "inf", "-"};
    struct fixture x;
    char path[TEST_PATH_SIZE + 32];
    double t = 1.01;

    open_fixture(&x, "tempcomp %s/temperature 0 0 0 1 0", true, "5"); /* interval 1 s */
    assert_close(kernel_ppm(&x), -5.0, 1e-3);
    /* Each is reported, when a good reading was before it. */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set_temperature(&x, bad[i], t);
        set_temperature(&x, "5", t + 1.0);
        assert_close(kernel_ppm(&x), -5.0, 1e-3);
        t += 2.0;
    }
    snprintf(path, sizeof(path), "%s/temperature", x.f.directory);
    file_remove(path);
    clock_world_run_until(x.f.w, t + 99.0); /* reported once */
    set_temperature(&x, "10.01", t + 100.0);
    set_temperature(&x, "-10.02", t + 101.0); /* still out of limits */
    assert_close(kernel_ppm(&x), -5.0, 1e-3);
    set_temperature(&x, "10", t + 102.0);
    assert_close(kernel_ppm(&x), -10.0, 1e-3);
    set_temperature(&x, "-10.03", t + 103.0);
    close_fixture(&x, "Could not read temperature from DIR/temperature\n"
                      "Temperature compensation with DIR/temperature works again\n"
                      "Could not read temperature from DIR/temperature\n"
                      "Temperature compensation with DIR/temperature works again\n"
                      "Could not read temperature from DIR/temperature\n"
                      "Temperature compensation with DIR/temperature works again\n"
                      "Could not read temperature from DIR/temperature\n"
                      "Temperature compensation with DIR/temperature works again\n"
                      "Could not read temperature from DIR/temperature\n"
                      "Temperature compensation with DIR/temperature works again\n"
                      "Could not read temperature from DIR/temperature\n"
                      "Temperature compensation of 10.010 ppm exceeds sanity limit of 10.0\n"
                      "Temperature compensation with DIR/temperature works again\n"
                      "Temperature compensation of -10.030 ppm exceeds sanity limit of 10.0\n");
}

static void missing_sensor_at_the_start_is_tried_again(void **state)
{
    struct fixture x;

    open_fixture(&x, "tempcomp %s/temperature 1 0 0 1 0", false, NULL);
    set_temperature(&x, "2", 1.01);
    double err;
    struct raw_time raw = clock_world_raw(x.f.w, 101.01);
    /* The virtual clock, 100 s later. */
    assert_close(local_clock_correction(x.f.clock, raw, &err), 2e-6 * 100.0, 1e-7);
    close_fixture(&x, "Could not read temperature from DIR/temperature\n"
                      "Temperature compensation with DIR/temperature works again\n");
}

static void no_directive_no_compensation(void **state)
{
    struct fixture x;

    open_fixture(&x, "", true, NULL);
    assert_null(x.t);
    close_fixture(&x, "");
}

/* Fatal messages: a child gets them. */
static void bad_points_are_fatal(void **state)
{
    static const struct {
        const char *points, *message;
    } rows[] = {
        {"20000 1.0\n", "Not enough points in "},
        {"", "Not enough points in "},
        {"20000 1.0\n\n21000 2\n", "Could not read tempcomp point from "},
        {"20000 1.0\n# 21000 2\n", "Could not read tempcomp point from "},
        {"20000 1.0\n21000\n", "Could not read tempcomp point from "},
        {"20000 1.0\n20000 2.0\n", "Could not read tempcomp point from "},
        {"20000 1.0\n19000 2.0\n", "Could not read tempcomp point from "},
        {"20000 nan\n21000 2.0\n", "Could not read tempcomp point from "},
        {NULL, "Could not open "},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char directory[TEST_PATH_SIZE], lines[TEST_PATH_SIZE * 3], path[TEST_PATH_SIZE + 32];
        int status;

        test_directory_make(directory);
        if (rows[i].points)
            test_write_file(directory, "points", rows[i].points);
        snprintf(lines, sizeof(lines), "tempcomp %s/t 1 %s/points", directory, directory);
        snprintf(path, sizeof(path), "%s/log", directory);
        pid_t child = fork();
        if (child == 0) {
            struct clock_world *w = clock_world_new(1700000000);
            struct temperature_env env = {.world = &w->world, .loop = w->loop};
            struct conf *conf = test_conf(lines);

            log_open_file(path);
            temperature_new(&env, &conf->tempcomp);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        char *text = test_read_file(path);
        assert_non_null(strstr(text, rows[i].message));
        free(text);
        test_directory_remove(directory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quadratic_function_follows_the_example),
        cmocka_unit_test(all_terms_of_the_function_count),
        cmocka_unit_test(points_are_interpolated_and_extrapolated),
        cmocka_unit_test(bad_readings_leave_the_compensation_as_it_is),
        cmocka_unit_test(missing_sensor_at_the_start_is_tried_again),
        cmocka_unit_test(no_directive_no_compensation),
        cmocka_unit_test(bad_points_are_fatal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
