/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard of the clock over a fake kernel: what is allowed is done, what is refused touches
 * nothing and is logged once an hour for each reason.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "clock/driver_linux.h"
#include "clock/guard.h"
#include "test/unit/support/conf.h"
#include "test/unit/support/devices.h"

#define START  1700000000
#define RTC_FD 77

struct fixture {
    struct clock_world *w;
    struct guard *guard;
    char directory[TEST_PATH_SIZE];
    struct ipc_guard_reply reply; /* to the last request */
};

static void begin(struct fixture *f)
{
    const struct guard_policy policy = {
        .max_freq_ppm = 600.0,
        .makestep = {.threshold = 0.5, .limit = 1},
        .max_change = {.start = -1},
        .clock_step = {.limit = 100.0, .per_hour = 2},
        .sets_rtc = true,
        .rtc_on_utc = true,
    };

    f->w = clock_world_new(START);
    test_directory_make(f->directory);
    test_log_begin(f->directory);
    struct kernel_clock kernel = driver_linux_new(&f->w->world, true);
    f->guard = guard_new(&f->w->world, &kernel, &policy);
    f->w->call_count = 0;
}

/* Checks how often a text is in the log. */
static void check_log(const struct fixture *f, const char *text, int count)
{
    char *log = test_log_end(f->directory);

    for (const char *p = log; (p = strstr(p, text)); p++)
        count--;
    if (count != 0)
        print_error("%s\n", log);
    assert_int_equal(count, 0);
    free(log);
    test_log_begin(f->directory);
}

static void end(struct fixture *f)
{
    free(test_log_end(f->directory));
    guard_free(f->guard);
    clock_world_free(f->w);
    test_directory_remove(f->directory);
}

static enum guard_verdict ask_with(struct fixture *f, enum ipc_type type,
                                   const struct ipc_guard_request *request, int fd)
{
    struct ipc_message message = {.type = type, .u.guard_request = *request}, reply;

    message.u.guard_request.id = f->reply.id + 1;
    guard_answer(f->guard, &message, fd, &reply);
    assert_int_equal(reply.type, IPC_GUARD_REPLY);
    assert_int_equal(reply.u.guard_reply.id, f->reply.id + 1);
    f->reply = reply.u.guard_reply;
    return f->reply.verdict;
}

static enum guard_verdict ask(struct fixture *f, enum ipc_type type,
                              struct ipc_guard_request request)
{
    return ask_with(f, type, &request, -1);
}

static enum guard_verdict set_frequency(struct fixture *f, double freq_ppm)
{
    return ask(f, IPC_GUARD_FREQUENCY, (struct ipc_guard_request){.freq_ppm = freq_ppm});
}

static enum guard_verdict step(struct fixture *f, enum step_reason reason, double offset)
{
    return ask(f, IPC_GUARD_STEP, (struct ipc_guard_request){.reason = reason, .offset = offset});
}

static void what_is_allowed_reaches_the_kernel(void **state)
{
    struct fixture f = {0};

    begin(&f);
    assert_int_equal(set_frequency(&f, -250.0), GUARD_ALLOWED);
    assert_true(f.reply.done && f.reply.freq_ppm == -250.0);
    assert_int_equal(f.w->kernel.tick, 10003);
    assert_int_equal(f.w->kernel.freq, -50 * 65536);
    assert_int_equal(step(&f, STEP_COMMAND, 1.5), GUARD_ALLOWED);
    assert_true(f.reply.done);
    assert_true(f.w->stepped_ns == -1500000000);
    assert_int_equal(
        ask(&f, IPC_GUARD_STATUS,
            (struct ipc_guard_request){.synchronised = true, .est_error = 0.25, .max_error = 0.5}),
        GUARD_ALLOWED);
    assert_false(f.w->kernel.status & STA_UNSYNC);
    assert_int_equal(f.w->kernel.maxerror, 500000);
    assert_int_equal(ask(&f, IPC_GUARD_LEAP, (struct ipc_guard_request){.tai_offset = 37}),
                     GUARD_ALLOWED);
    assert_int_equal(f.w->kernel.tai, 37);
    assert_int_equal(f.reply.refusals, 0);
    assert_int_equal(f.reply.last_refusal, GUARD_ALLOWED);
    assert_int_equal(guard_count(f.guard, GUARD_ALLOWED), 4);
    end(&f);
}

static void what_is_refused_touches_nothing(void **state)
{
    struct fixture f = {0};

    begin(&f);
    set_frequency(&f, 100.0);
    int calls = f.w->call_count;
    assert_int_equal(set_frequency(&f, 601.0), GUARD_FREQUENCY);
    assert_false(f.reply.done);
    assert_true(f.reply.freq_ppm == 100.0); /* as it was */
    assert_int_equal(set_frequency(&f, NAN), GUARD_BAD_NUMBER);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW);
    assert_int_equal(step(&f, STEP_COMMAND, 101.0), GUARD_STEP_LIMIT);
    assert_int_equal(ask(&f, IPC_GUARD_STATUS, (struct ipc_guard_request){.max_error = -1.0}),
                     GUARD_STATUS);
    assert_int_equal(ask(&f, IPC_GUARD_LEAP, (struct ipc_guard_request){.leap = 1}), GUARD_LEAP);
    assert_int_equal(f.w->call_count, calls);
    assert_int_equal(f.reply.refusals, 6);
    assert_int_equal(f.reply.last_refusal, GUARD_LEAP);
    /* It is said in later replies, too. */
    assert_int_equal(ask(&f, IPC_GUARD_READ, (struct ipc_guard_request){0}), GUARD_ALLOWED);
    assert_true(f.reply.done);
    assert_int_equal(f.reply.refusals, 6);
    assert_int_equal(f.reply.last_refusal, GUARD_LEAP);
    assert_int_equal(f.w->call_count, calls);
    end(&f);
}

static void step_by_update_comes_after_the_word_of_it(void **state)
{
    struct fixture f = {0};

    begin(&f);
    assert_int_equal(ask(&f, IPC_GUARD_UPDATE, (struct ipc_guard_request){0}), GUARD_ALLOWED);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_ALLOWED);
    ask(&f, IPC_GUARD_UPDATE, (struct ipc_guard_request){0});
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW);
    check_log(&f, "by command", 0);
    end(&f);
}

static void step_that_the_kernel_does_not_make_is_not_done(void **state)
{
    struct fixture f = {0};

    begin(&f);
    f.w->fail_modes = ADJ_SETOFFSET | ADJ_NANO;
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_ALLOWED);
    assert_false(f.reply.done);
    check_log(&f, "Clock guard stepped", 0);
    end(&f);
}

static void each_step_by_command_is_logged(void **state)
{
    struct fixture f = {0};

    begin(&f);
    step(&f, STEP_COMMAND, -2.25);
    check_log(&f,
              "Clock guard stepped the clock by command by 2.250000 seconds to "
              "2023-11-14 22:13:22 UTC (1 of 2 in an hour)",
              1);
    step(&f, STEP_COMMAND, 0.5);
    check_log(&f, "by -0.500000 seconds to 2023-11-14 22:13:21 UTC (2 of 2 in an hour)", 1);
    step(&f, STEP_COMMAND, 0.5);
    check_log(&f, "Clock guard stepped", 0);
    end(&f);
}

static void refusals_are_logged_once_an_hour_for_each_reason(void **state)
{
    static const char text[] = "Clock guard refused a frequency : frequency in ppm above maxdrift "
                               "and maxslewrate (700, limit 600)";
    struct fixture f = {0};

    begin(&f);
    for (int i = 0; i < 100; i++)
        set_frequency(&f, 700.0);
    check_log(&f, text, 1);
    step(&f, STEP_COMMAND, 200.0);
    check_log(&f, "Clock guard refused a step", 1);
    f.w->elapsed_ns += 3599 * INT64_C(1000000000);
    set_frequency(&f, 700.0);
    check_log(&f, "refused", 0);
    f.w->elapsed_ns += 2 * INT64_C(1000000000);
    set_frequency(&f, 700.0);
    check_log(&f, "limit 600); 100 more since the last message", 1);
    end(&f);
}

static enum guard_verdict set_rtc(struct fixture *f, int64_t seconds, int fd)
{
    return ask_with(f, IPC_GUARD_RTC, &(struct ipc_guard_request){.seconds = seconds}, fd);
}

static void only_an_rtc_is_set_as_one(void **state)
{
    struct fake_devices d;
    struct fixture f = {0};

    begin(&f);
    assert_int_equal(set_rtc(&f, START, RTC_FD), GUARD_RTC_DEVICE); /* a world without any */
    fake_devices_install(&d, f.w);
    assert_int_equal(set_rtc(&f, START, -1), GUARD_RTC_DEVICE);
    assert_int_equal(set_rtc(&f, START + 1000, RTC_FD), GUARD_RTC_TIME);
    assert_int_equal(d.rtc_sets, 0);
    assert_int_equal(set_rtc(&f, START + 10, RTC_FD), GUARD_ALLOWED);
    assert_true(f.reply.done && d.rtc_utc);
    assert_int_equal(d.rtc_sets, 1);
    d.rtc_failing = true; /* what cannot be read is none */
    assert_int_equal(set_rtc(&f, START, RTC_FD), GUARD_RTC_DEVICE);
    assert_int_equal(d.rtc_sets, 1);
    end(&f);
}

/* A main process that is killed leaves no slew that goes on for ever. */
static void slew_ends_when_nobody_steers(void **state)
{
    struct fixture f = {0};

    begin(&f);
    ask(&f, IPC_GUARD_FREQUENCY, (struct ipc_guard_request){.freq_ppm = 520.0, .base_ppm = 20.0});
    assert_int_equal(f.w->kernel.tick, 9995);
    ask(&f, IPC_GUARD_FREQUENCY, (struct ipc_guard_request){.freq_ppm = 0.0, .base_ppm = 700.0});
    assert_int_equal(f.reply.verdict, GUARD_FREQUENCY);
    guard_leave(f.guard);
    assert_int_equal(f.w->kernel.tick, 10000);
    assert_int_equal(f.w->kernel.freq, -20 * 65536);
    int calls = f.w->call_count;
    guard_leave(f.guard); /* nothing more to do */
    assert_int_equal(f.w->call_count, calls);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_allowed_reaches_the_kernel),
        cmocka_unit_test(what_is_refused_touches_nothing),
        cmocka_unit_test(step_by_update_comes_after_the_word_of_it),
        cmocka_unit_test(step_that_the_kernel_does_not_make_is_not_done),
        cmocka_unit_test(each_step_by_command_is_logged),
        cmocka_unit_test(refusals_are_logged_once_an_hour_for_each_reason),
        cmocka_unit_test(only_an_rtc_is_set_as_one),
        cmocka_unit_test(slew_ends_when_nobody_steers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
