/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux clock driver on a fake adjtimex: tables and call sequences of discipline.md 6, system.md 7;
 * and the null driver.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock/driver_linux.h"
#include "clock/driver_null.h"
#include "test/unit/support/clock.h"
#include "test/unit/support/conf.h"

struct fixture {
    struct clock_world *w;
    struct kernel_clock k;
    char directory[TEST_PATH_SIZE];
};

static void set_up(struct fixture *f, bool rtc_sync)
{
    test_directory_make(f->directory);
    f->w = clock_world_new(1700000000);
    test_log_begin(f->directory);
    f->k = driver_linux_new(&f->w->world, rtc_sync);
}

/* Checks that all of the given texts are in the log; NULL: that it is empty. */
static void tear_down(struct fixture *f, const char *text)
{
    char *log = test_log_end(f->directory);

    if (text)
        assert_non_null(strstr(log, text));
    else
        assert_string_equal(log, "");
    free(log);
    f->k.ops->free(f->k.ctx);
    clock_world_free(f->w);
    test_directory_remove(f->directory);
}

static const struct timex *last_call(const struct fixture *f)
{
    return &f->w->calls[f->w->call_count - 1];
}

static void start_resets_the_kernel_discipline(void **state)
{
    struct fixture f;

    set_up(&f, false);
    assert_int_equal(f.w->call_count, 3);
    assert_int_equal(f.w->calls[0].modes, 0x8001);
    assert_int_equal(f.w->calls[1].modes, ADJ_OFFSET | ADJ_STATUS);
    assert_int_equal(f.w->calls[1].status, STA_PLL | STA_UNSYNC);
    assert_int_equal(f.w->calls[2].modes, ADJ_STATUS);
    assert_int_equal(f.w->calls[2].status, STA_UNSYNC);
    assert_true(f.k.max_freq_ppm == 100000.0);
    assert_true(fabs(f.k.max_set_delay - 1.1e-5) < 1e-15);
    tear_down(&f, NULL);
}

static void missing_right_to_set_the_clock_is_reported(void **state)
{
    struct fixture f = {.w = clock_world_new(1700000000)};

    test_directory_make(f.directory);
    test_log_begin(f.directory);
    f.w->may_not_set_clock = true;
    f.k = driver_linux_new(&f.w->world, false);
    tear_down(&f, "CAP_SYS_TIME not present\n");
}

static void old_kernels_change_the_frequency_at_ticks_only(void **state)
{
    static const struct {
        const char *release;
        double delay;
    } cases[] = {{"4.18.20", 1.1e-2}, {"4.19", 1.1e-5}, {"2.6.39", 1.1e-2}, {"10.0-rc1", 1.1e-5}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct clock_world *w = clock_world_new(1700000000);
        w->release = cases[i].release;
        struct kernel_clock k = driver_linux_new(&w->world, false);
        assert_true(fabs(k.max_set_delay - cases[i].delay) < 1e-12);
        k.ops->free(k.ctx);
        clock_world_free(w);
    }
}

static void tick_rate_is_guessed_where_it_is_not_known(void **state)
{
    static const struct {
        long tick;
        double max_freq_ppm;
        double ppm_per_tick;
    } cases[] = {{10000, 100000.0, 100.0}, {9500, 100000.0, 100.0}, {977, 99283.52, 1024.0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct clock_world *w = clock_world_new(1700000000);
        w->hz = -1;
        w->kernel.tick = cases[i].tick;
        struct kernel_clock k = driver_linux_new(&w->world, false);
        assert_true(fabs(k.max_freq_ppm - cases[i].max_freq_ppm) < 0.01);
        double before = k.ops->read_frequency(k.ctx);
        w->kernel.tick++;
        assert_true(fabs(before - k.ops->read_frequency(k.ctx) - cases[i].ppm_per_tick) < 1e-9);
        k.ops->free(k.ctx);
        clock_world_free(w);
    }
}

/* 100 is likely; else the power of two whose tick is within a third. */
static void guess_of_the_tick_rate_has_limits(void **state)
{
    static const struct {
        long tick;
        double hz;
    } cases[] = {
        {9000, 100}, {11000, 100}, {8999, 128}, {11001, 64}, {5209, 128}, {5208, 256},
        {83333, 16}, {41668, 16},  {41667, 32}, {42, 16384}, {41, 32768}, {21, 32768},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct clock_world *w = clock_world_new(1700000000);

        w->hz = -1;
        w->kernel.tick = cases[i].tick;
        struct kernel_clock k = driver_linux_new(&w->world, false);
        double before = k.ops->read_frequency(k.ctx);
        w->kernel.tick++;
        assert_close(before - k.ops->read_frequency(k.ctx), cases[i].hz, 1e-6);
        k.ops->free(k.ctx);
        clock_world_free(w);
    }
}

static void frequency_is_split_into_tick_and_rest(void **state)
{
    static const struct {
        double ppm;
        long tick, freq;
        double set;
    } rows[] = {
        {0, 10000, 0, 0},
        {10, 10000, -655360, 10},
        {-0.001, 10000, 65, -0.0009918212890625},
        {12.345, 10000, -809041, 12.344985961914062},
        {149.9, 9999, -3270246, 149.89999389648438},
        {150, 9998, 3276800, 150},
        {-150, 10002, -3276800, -150},
        {250, 9997, 3276800, 250},
        {83342.5, 9167, -2785280, 83342.5},
        {100000, 9000, 0, 100000},
        {123.456, 9999, -1537212, 100.0 + 1537212.0 / 65536.0},
    };
    struct fixture f;

    set_up(&f, false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(f.k.ops->set_frequency(f.k.ctx, rows[i].ppm) == rows[i].set);
        assert_int_equal(last_call(&f)->modes, 0x4002);
        assert_int_equal(last_call(&f)->tick, rows[i].tick);
        assert_int_equal(last_call(&f)->freq, rows[i].freq);
        assert_true(f.k.ops->read_frequency(f.k.ctx) == rows[i].set);
    }
    tear_down(&f, NULL);
}

static void step_has_nanoseconds_that_are_not_negative(void **state)
{
    struct fixture f;

    set_up(&f, false);
    assert_true(f.k.ops->step(f.k.ctx, 1.25, STEP_COMMAND));
    assert_int_equal(last_call(&f)->modes, 0x2100);
    assert_int_equal(last_call(&f)->time.tv_sec, -2);
    assert_int_equal(last_call(&f)->time.tv_usec, 750000000);
    assert_true(f.k.ops->step(f.k.ctx, -3.5, STEP_COMMAND));
    assert_int_equal(last_call(&f)->time.tv_sec, 3);
    assert_int_equal(last_call(&f)->time.tv_usec, 500000000);

    f.w->fail_modes = 0x2100;
    assert_false(f.k.ops->step(f.k.ctx, 1.0, STEP_COMMAND));
    tear_down(&f, NULL);
}

static void sync_status_is_limited(void **state)
{
    struct fixture f;

    set_up(&f, true);
    f.k.ops->set_sync_status(f.k.ctx, true, 0.25, 0.5);
    assert_int_equal(last_call(&f)->modes, 0x1c);
    assert_int_equal(last_call(&f)->status, 0);
    assert_int_equal(last_call(&f)->esterror, 250000);
    assert_int_equal(last_call(&f)->maxerror, 500000);
    f.k.ops->set_sync_status(f.k.ctx, true, 0.25, 17.0);
    assert_int_equal(last_call(&f)->status, STA_UNSYNC);
    assert_int_equal(last_call(&f)->esterror, 250000);
    assert_int_equal(last_call(&f)->maxerror, 16000000);
    f.k.ops->set_sync_status(f.k.ctx, true, 17.0, 15.5);
    assert_int_equal(last_call(&f)->status, 0);
    assert_int_equal(last_call(&f)->esterror, 16000000);
    assert_int_equal(last_call(&f)->maxerror, 15500000);
    f.k.ops->set_sync_status(f.k.ctx, true, 0.25, 16.0);
    assert_int_equal(last_call(&f)->status, STA_UNSYNC);
    f.k.ops->set_sync_status(f.k.ctx, false, 0.0, 0.0);
    assert_int_equal(last_call(&f)->status, STA_UNSYNC);
    assert_int_equal(last_call(&f)->esterror, 16000000);
    tear_down(&f, NULL);

    set_up(&f, false);
    f.k.ops->set_sync_status(f.k.ctx, true, 0.25, 0.5);
    assert_int_equal(last_call(&f)->status, STA_UNSYNC);
    assert_int_equal(last_call(&f)->maxerror, 500000);
    tear_down(&f, NULL);
}

static void leap_second_is_set_and_reset(void **state)
{
    struct fixture f;

    set_up(&f, false);
    f.k.ops->set_leap(f.k.ctx, 1, 36);
    assert_int_equal(last_call(&f)->modes, ADJ_STATUS | ADJ_TAI);
    assert_int_equal(last_call(&f)->status, STA_UNSYNC | STA_INS);
    assert_int_equal(last_call(&f)->constant, 36);

    f.w->kernel_state = TIME_WAIT; /* applied: the kernel has counted it itself */
    f.k.ops->set_leap(f.k.ctx, 0, 37);
    assert_int_equal(last_call(&f)->status, STA_UNSYNC);
    assert_int_equal(last_call(&f)->constant, 37);

    f.w->kernel_state = 0;
    f.k.ops->set_leap(f.k.ctx, -1, 0);
    assert_int_equal(last_call(&f)->modes, ADJ_STATUS);
    assert_int_equal(last_call(&f)->status, STA_UNSYNC | STA_DEL);
    f.k.ops->set_leap(f.k.ctx, 0, 0);
    tear_down(&f, "System clock TAI offset set to 36 seconds\n"
                  "System clock status set to insert leap second\n"
                  "System clock status reset after leap second\n"
                  "System clock status set to delete leap second\n"
                  "System clock status set to not insert/delete leap second\n");
}

/* What a start in a child ends with; NULL: it goes on. */
static void expect_start(const char *release, long hz, long tick, unsigned int fail_modes,
                         const char *fatal)
{
    struct fixture f = {.w = clock_world_new(1700000000)};
    int status;

    test_directory_make(f.directory);
    test_log_begin(f.directory);
    f.w->release = release;
    f.w->hz = hz;
    f.w->kernel.tick = tick;
    f.w->fail_modes = fail_modes;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        driver_linux_new(&f.w->world, false);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), fatal ? 1 : 0);
    char *log = test_log_end(f.directory);
    assert_string_equal(log, fatal ? fatal : "");
    free(log);
    clock_world_free(f.w);
    test_directory_remove(f.directory);
}

static void start_fails_where_the_clock_cannot_be_used(void **state)
{
    static const char too_old[] = "Fatal error : Kernel version not supported, sorry.\n";
    static const char unknown[] = "Fatal error : Could not parse kernel version\n";

    expect_start("2.6.39", 100, 10000, 0, NULL);
    expect_start("2.6.38.8", 100, 10000, 0, too_old);
    expect_start("2.5.40", 100, 10000, 0, too_old);
    expect_start("1.7.40", 100, 10000, 0, too_old);
    expect_start("2.7.0", 100, 10000, 0, NULL);
    expect_start("3.0", 100, 10000, 0, NULL);
    expect_start("6", 100, 10000, 0, unknown);
    expect_start("x6.1", 100, 10000, 0, unknown);
    expect_start(NULL, 100, 10000, 0, "Fatal error : uname() failed\n");
    expect_start("6.1", -1, 83334, 0, "Fatal error : Can't determine hz from tick 83334\n");
    expect_start("6.1", -1, 20, 0, "Fatal error : Can't determine hz from tick 20\n");
    expect_start("6.1", 100, 10000, 0x8001,
                 "Fatal error : adjtimex(0x8001) failed : Operation not permitted; give the "
                 "process CAP_SYS_TIME, which that of a user namespace (rootless container) is "
                 "not, or leave the clock to others with -x\n");
}

/* What somebody changes between two calls of ours, the second of which is a query (modes 0), or
   sets the frequency, or the status. */
static void another_program_is_noticed(void **state)
{
    enum call { QUERY, FREQUENCY, STATUS };
    static const struct {
        int status;
        long constant, freq, tick;
        enum call call;
        bool noticed;
    } cases[] = {
        {.freq = 65536, .call = QUERY, .noticed = true},
        {.freq = 1, .call = STATUS, .noticed = true},
        {.freq = 65536, .call = FREQUENCY, .noticed = false},
        {.constant = 1, .call = QUERY, .noticed = true},
        {.constant = 1, .call = FREQUENCY, .noticed = true},
        {.constant = 1, .call = STATUS, .noticed = true},
        {.status = STA_PLL, .call = QUERY, .noticed = true},
        {.status = STA_PLL, .call = FREQUENCY, .noticed = true},
        {.status = STA_PLL, .call = STATUS, .noticed = false},
        {.status = STA_INS | STA_NANO, .call = QUERY, .noticed = false},
        {.tick = 1, .call = QUERY, .noticed = false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;

        set_up(&f, false);
        for (int round = 0; round < 2; round++) {
            if (cases[i].call == QUERY)
                f.k.ops->read_frequency(f.k.ctx);
            else if (cases[i].call == FREQUENCY)
                f.k.ops->set_frequency(f.k.ctx, 0.0);
            else
                f.k.ops->set_sync_status(f.k.ctx, true, 0.0, 0.0);
            if (round > 0)
                break;
            f.w->kernel.status ^= cases[i].status;
            f.w->kernel.constant += cases[i].constant;
            f.w->kernel.freq += cases[i].freq;
            f.w->kernel.tick += cases[i].tick;
        }
        tear_down(&f, cases[i].noticed
                          ? "System clock interference detected (another NTP client?)\n"
                          : NULL);
    }
}

/* The kernel has counted the second that it left out: 36 is no news. */
static void deleted_second_is_counted_by_the_kernel(void **state)
{
    struct fixture f;

    set_up(&f, false);
    f.k.ops->set_leap(f.k.ctx, -1, 37);
    f.w->kernel_state = TIME_WAIT;
    f.k.ops->set_leap(f.k.ctx, 0, 36);
    assert_int_equal(last_call(&f)->constant, 36);
    /* Not applied, but changed: news. */
    f.w->kernel_state = TIME_OK;
    f.k.ops->set_leap(f.k.ctx, 0, 35);
    char *log = test_log_end(f.directory);
    assert_string_equal(log, "System clock TAI offset set to 37 seconds\n"
                             "System clock status set to delete leap second\n"
                             "System clock status reset after leap second\n"
                             "System clock TAI offset set to 35 seconds\n");
    free(log);
    f.k.ops->free(f.k.ctx);
    clock_world_free(f.w);
    test_directory_remove(f.directory);
}

static double correction_at(const struct clock_driver *d, struct raw_time raw, double *err)
{
    return clock_scale_correction(d->ops->scale(d->ctx, raw), raw, err);
}

static void null_driver_keeps_a_virtual_clock(void **state)
{
    struct clock_world *w = clock_world_new(1700000000);
    char directory[TEST_PATH_SIZE];

    test_directory_make(directory);
    test_log_begin(directory);
    struct clock_driver d = driver_null_new(&w->world);
    char *log = test_log_end(directory);
    assert_string_equal(log, "Disabled control of system clock\n");
    free(log);
    test_directory_remove(directory);

    double err = 1.0;
    assert_true(d.ops->set_frequency(d.ctx, 12.3456789) == 12.3456789);
    d.ops->accrue_offset(d.ctx, 0.5, 1.0);
    assert_true(fabs(correction_at(&d, clock_world_raw(w, 100.0), &err) + (0.5 + 12.3456789e-4)) <
                1e-12);
    assert_true(err == 0.0);
    assert_true(fabs(correction_at(&d, clock_world_raw(w, 2000.0), NULL) +
                     (0.5 + 12.3456789e-6 * 2000.0)) < 1e-12);
    assert_true(fabs(correction_at(&d, clock_world_raw(w, 3000.0), NULL) +
                     (0.5 + 12.3456789e-6 * 3000.0)) < 1e-12);
    /* What the old frequency did so far is kept. */
    clock_world_wake_at(w, 3500.0);
    d.ops->set_frequency(d.ctx, -1000.0);
    assert_true(fabs(correction_at(&d, clock_world_raw(w, 3600.0), NULL) +
                     (0.5 + 12.3456789e-6 * 3500.0 - 1e-3 * 100.0)) < 1e-12);
    assert_false(d.ops->step(d.ctx, 1.0, STEP_COMMAND));
    assert_int_equal(w->call_count, 0);
    d.ops->free(d.ctx);
    clock_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_resets_the_kernel_discipline),
        cmocka_unit_test(missing_right_to_set_the_clock_is_reported),
        cmocka_unit_test(old_kernels_change_the_frequency_at_ticks_only),
        cmocka_unit_test(tick_rate_is_guessed_where_it_is_not_known),
        cmocka_unit_test(guess_of_the_tick_rate_has_limits),
        cmocka_unit_test(frequency_is_split_into_tick_and_rest),
        cmocka_unit_test(step_has_nanoseconds_that_are_not_negative),
        cmocka_unit_test(sync_status_is_limited),
        cmocka_unit_test(leap_second_is_set_and_reset),
        cmocka_unit_test(another_program_is_noticed),
        cmocka_unit_test(deleted_second_is_counted_by_the_kernel),
        cmocka_unit_test(start_fails_where_the_clock_cannot_be_used),
        cmocka_unit_test(null_driver_keeps_a_virtual_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
