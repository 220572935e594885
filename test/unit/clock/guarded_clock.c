/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock of a process with a guard, under the slew engine: it works as without one, a refusal or
 * a guard that is missing leaves the frequency as it was, and the next guard finds everything as it
 * should be.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdlib.h>
#include "clock/driver_linux.h"
#include "clock/guard.h"
#include "clock/guarded_clock.h"
#include "clock/slew.h"
#include "test/unit/support/clock.h"
#include "test/unit/support/conf.h"

#define START       1700000000
#define END_OF_JUNE INT64_C(1782864000)

struct fixture {
    struct clock_world *w;
    struct guard_policy policy;
    struct guard *guard; /* NULL: none at the moment */
    int asked;
    struct guarded_clock *clock;
    struct kernel_clock kernel;
};

static bool ask(void *ctx, const struct ipc_message *request, int fd, struct ipc_message *reply)
{
    struct fixture *f = ctx;

    f->asked++;
    if (!f->guard)
        return false;
    guard_answer(f->guard, request, fd, reply);
    return true;
}

static void start_guard(struct fixture *f)
{
    struct kernel_clock kernel = driver_linux_new(&f->w->world, true);

    f->guard = guard_new(&f->w->world, &kernel, &f->policy);
}

/* Its successor knows the kernel's clock from the time before the first one. */
static void end_guard(struct fixture *f)
{
    guard_free(f->guard);
    f->guard = NULL;
}

static void replace_guard(struct fixture *f)
{
    struct timex left = f->w->kernel;
    struct kernel_clock kernel = driver_linux_new(&f->w->world, true);

    f->w->kernel = left; /* the reset was made before the first one */
    f->w->call_count = 0;
    f->policy.restarted = true;
    driver_linux_continue(&kernel);
    f->guard = guard_new(&f->w->world, &kernel, &f->policy);
}

static void begin(struct fixture *f, int64_t start)
{
    const struct guard_link link = {.ask = ask, .ctx = f};

    *f = (struct fixture){.policy = {.max_freq_ppm = 90000.0,
                                     .makestep = {.threshold = 0.1, .limit = 3},
                                     .max_change = {.start = -1},
                                     .clock_step = {.limit = INFINITY, .per_hour = 3}}};
    f->w = clock_world_new(start);
    start_guard(f);
    f->kernel = driver_linux_new(&f->w->world, true);
    f->clock = guarded_clock_new(&link, &f->kernel);
    assert_non_null(f->clock);
    f->w->call_count = 0;
}

static void end(struct fixture *f)
{
    guarded_clock_free(f->clock);
    f->kernel.ops->free(f->kernel.ctx);
    end_guard(f);
    clock_world_free(f->w);
}

static struct clock_driver slew_of(struct fixture *f, struct slew **slew)
{
    *slew = slew_new(&f->w->world, f->w->loop, guarded_clock_kernel(f->clock), 1e6 / 12.0);
    return slew_driver(*slew);
}

static void guard_that_does_not_answer_is_none(void **state)
{
    const struct kernel_clock kernel = {.max_freq_ppm = 1e5};
    struct fixture f = {0};
    const struct guard_link link = {.ask = ask, .ctx = &f};

    assert_null(guarded_clock_new(&link, &kernel));
}

static void slews_are_the_same_with_a_guard(void **state)
{
    struct slew_state with, without;
    struct slew *slew;
    struct fixture f;

    begin(&f, START);
    struct clock_driver d = slew_of(&f, &slew);
    d.ops->set_frequency(d.ctx, 12.345);
    d.ops->accrue_offset(d.ctx, 1e-3, 9.6e-3);
    slew_get_state(slew, &with);
    struct timex kernel = f.w->kernel;
    guard_leave(f.guard); /* it knows what is the slew */
    assert_int_equal(f.w->kernel.tick, 10000);
    assert_int_equal(f.w->kernel.freq, -809041);
    d.ops->free(d.ctx);
    end(&f);

    struct clock_world *w = clock_world_new(START);
    slew = slew_new(&w->world, w->loop, driver_linux_new(&w->world, true), 1e6 / 12.0);
    d = slew_driver(slew);
    d.ops->set_frequency(d.ctx, 12.345);
    d.ops->accrue_offset(d.ctx, 1e-3, 9.6e-3);
    slew_get_state(slew, &without);
    assert_memory_equal(&with, &without, sizeof(with));
    assert_int_equal(kernel.tick, w->kernel.tick);
    assert_int_equal(kernel.freq, w->kernel.freq);
    d.ops->free(d.ctx);
    clock_world_free(w);
}

/* A slew that should end while there is no guard ends as soon as there is one. */
static void what_could_not_be_set_is_tried_again_each_second(void **state)
{
    struct slew_state s;
    struct slew *slew;
    struct fixture f;

    begin(&f, START);
    struct clock_driver d = slew_of(&f, &slew);
    d.ops->set_frequency(d.ctx, 10.0);
    d.ops->accrue_offset(d.ctx, 1e-3, 2e-3); /* for 2 s */
    slew_get_state(slew, &s);
    double slewing_ppm = s.kernel_freq_ppm;
    assert_true(slewing_ppm > 500.0);
    end_guard(&f);
    clock_world_run_until(f.w, 5.5);
    slew_get_state(slew, &s);
    assert_true(s.kernel_freq_ppm == slewing_ppm);
    assert_true(s.duration == 1.0);
    /* It knows what the frequency does meanwhile. */
    assert_close(s.offset_register, 1e-3 - 5.0 * s.slew_freq, 2e-6);
    replace_guard(&f);
    clock_world_run_until(f.w, 7.0);
    slew_get_state(slew, &s);
    assert_true(s.kernel_freq_ppm < 10.0); /* it goes back now */
    clock_world_run_until(f.w, 100.0);
    slew_get_state(slew, &s);
    assert_close(s.offset_register, 0.0, 1e-6);
    assert_close(s.kernel_freq_ppm, 10.0, 0.1);
    d.ops->free(d.ctx);
    end(&f);
}

static void refusal_leaves_the_frequency(void **state)
{
    enum guard_verdict last;
    struct fixture f;

    begin(&f, START);
    struct kernel_clock k = guarded_clock_kernel(f.clock);
    assert_true(k.max_freq_ppm == f.kernel.max_freq_ppm);
    assert_true(k.max_set_delay == f.kernel.max_set_delay);
    assert_int_equal(guarded_clock_refusals(f.clock, &last), 0);
    assert_int_equal(last, GUARD_ALLOWED);
    assert_true(k.ops->set_frequency(k.ctx, 100.0) == 100.0);
    assert_true(k.ops->set_frequency(k.ctx, 95000.0) == 100.0);
    assert_false(k.ops->step(k.ctx, 1.0, STEP_UPDATE));
    assert_int_equal(guarded_clock_refusals(f.clock, &last), 2);
    assert_int_equal(last, GUARD_STEP_NOT_NOW);
    k.ops->note_update(k.ctx);
    assert_true(k.ops->step(k.ctx, 1.0, STEP_UPDATE));
    assert_true(f.w->stepped_ns == -1000000000);
    end(&f);
}

static void errors_without_bound_are_the_largest(void **state)
{
    enum guard_verdict last;
    struct fixture f;

    begin(&f, START);
    struct kernel_clock k = guarded_clock_kernel(f.clock);
    k.ops->set_sync_status(k.ctx, true, INFINITY, NAN);
    assert_true(f.w->kernel.status & STA_UNSYNC);
    assert_int_equal(f.w->kernel.maxerror, 16000000);
    k.ops->set_sync_status(k.ctx, true, 1e9, 0.5);
    assert_false(f.w->kernel.status & STA_UNSYNC);
    assert_int_equal(f.w->kernel.esterror, 16000000);
    assert_int_equal(guarded_clock_refusals(f.clock, &last), 0);
    end(&f);
}

static void next_guard_finds_everything_as_it_was(void **state)
{
    char directory[TEST_PATH_SIZE];
    enum guard_verdict last;
    struct fixture f;

    begin(&f, END_OF_JUNE - 3600);
    struct kernel_clock k = guarded_clock_kernel(f.clock);
    k.ops->set_frequency(k.ctx, 123.0);
    k.ops->set_sync_status(k.ctx, true, 0.001, 0.002);
    k.ops->set_leap(k.ctx, 1, 37);
    k.ops->set_frequency(k.ctx, 1e5); /* refused */
    struct timex before = f.w->kernel;
    end_guard(&f);
    assert_true(k.ops->set_frequency(k.ctx, 50.0) == 123.0);
    k.ops->set_sync_status(k.ctx, true, 0.003, 0.004);
    /* The last request of the one that ended was carried out, and its reply was lost. */
    f.w->kernel.freq += 65536;
    test_directory_make(directory);
    test_log_begin(directory);
    replace_guard(&f);
    guarded_clock_restore(f.clock);
    char *log = test_log_end(directory);
    assert_string_equal(log, "");
    free(log);
    test_directory_remove(directory);
    assert_int_equal(f.w->kernel.tick, before.tick);
    assert_int_equal(f.w->kernel.freq, before.freq);
    assert_int_equal(f.w->kernel.status, before.status);
    assert_true(f.w->kernel.status & STA_INS);
    assert_int_equal(f.w->kernel.tai, 37);
    assert_int_equal(f.w->kernel.maxerror, 4000); /* what was asked for last */
    /* The status was never another one meanwhile. */
    for (int i = 0; i < f.w->call_count; i++)
        if (f.w->calls[i].modes & ADJ_STATUS)
            assert_int_equal(f.w->calls[i].status, before.status);
    /* Refusals of both count. */
    k.ops->set_frequency(k.ctx, 1e5);
    assert_int_equal(guarded_clock_refusals(f.clock, &last), 2);
    assert_int_equal(last, GUARD_FREQUENCY);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guard_that_does_not_answer_is_none),
        cmocka_unit_test(slews_are_the_same_with_a_guard),
        cmocka_unit_test(what_could_not_be_set_is_tried_again_each_second),
        cmocka_unit_test(refusal_leaves_the_frequency),
        cmocka_unit_test(errors_without_bound_are_the_largest),
        cmocka_unit_test(next_guard_finds_everything_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
