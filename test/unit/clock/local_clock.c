/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local clock: operations and announcements of discipline.md 4.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "clock/local_clock.h"
#include "clock/precision.h"
#include "test/unit/support/clock.h"
#include "test/unit/support/conf.h"

#define START 1700000000

struct fixture {
    struct clock_world *w;
    struct local_clock *c;
    char directory[TEST_PATH_SIZE];
    struct clock_change last;
    int changes;
    double dispersion;
    char order[16];
};

static void on_change(const struct clock_change *change, void *arg)
{
    struct fixture *f = arg;

    f->last = *change;
    f->changes++;
}

static void on_dispersion(double dispersion, void *arg)
{
    ((struct fixture *)arg)->dispersion += dispersion;
}

static void set_up(struct fixture *f, bool control)
{
    struct local_clock_params params = clock_world_params();

    memset(f, 0, sizeof(*f));
    params.control = control;
    test_directory_make(f->directory);
    test_log_begin(f->directory);
    f->w = clock_world_new(START);
    f->c = local_clock_new(&f->w->world, f->w->loop, &params);
    local_clock_add_handler(f->c, CLOCK_HOLDER_SOURCES, on_change, f);
    local_clock_add_dispersion_handler(f->c, on_dispersion, f);
}

static void tear_down(struct fixture *f, const char *expected_log)
{
    local_clock_free(f->c);
    clock_world_free(f->w);

    char *log = test_log_end(f->directory);
    assert_string_equal(log, expected_log);
    free(log);
    test_directory_remove(f->directory);
}

static double correction(const struct fixture *f)
{
    return local_clock_correction(f->c, world_raw_now(&f->w->world), NULL);
}

static void assert_near(double value, double expected)
{
    if (fabs(value - expected) > fabs(expected) * 1e-9 + 1e-12) {
        print_error("%.12g is not %.12g\n", value, expected);
        fail();
    }
}

static void offset_moves_cooked_time_at_once(void **state)
{
    struct fixture f;

    set_up(&f, true);
    clock_world_wake_at(f.w, 10.0);
    assert_near(local_diff(local_clock_event_time(f.c, NULL), (struct local_time){{START + 10, 0}}),
                0.0);
    assert_true(local_clock_accumulate_offset(f.c, 0.25, 0.0));
    assert_near(correction(&f), -0.25);
    assert_int_equal(f.last.type, CLOCK_ADJUST);
    assert_near(f.last.doffset, 0.25);
    assert_true(f.last.dfreq == 0.0);
    /* Announced with the time before the change; the event time follows. */
    assert_int_equal(f.last.cooked.i.sec, START + 10);
    assert_int_equal(f.last.cooked.i.nsec, 0);
    assert_near(local_diff(local_clock_event_time(f.c, NULL), f.last.cooked), -0.25);
    assert_true(f.dispersion > 0.0); /* of the sudden change of the frequency */
    assert_int_equal(local_clock_updates(f.c), 1);
    tear_down(&f, "");
}

static void frequency_is_announced_as_it_was_really_set(void **state)
{
    struct fixture f;

    set_up(&f, false);
    local_clock_set_frequency(f.c, 100.0);
    assert_near(f.last.dfreq, 100.0 / 1e6);
    local_clock_accumulate_frequency(f.c, 1e-5);
    assert_near(local_clock_read_frequency(f.c), 100.0 + 1e-5 * (1e6 - 100.0));
    assert_near(f.last.dfreq, 1e-5);
    assert_int_equal(local_clock_updates(f.c), 0);
    assert_true(local_clock_accumulate(f.c, -1e-5, 0.5, 0.0));
    assert_near(f.last.dfreq, -1e-5);
    assert_near(f.last.doffset, 0.5);
    assert_int_equal(f.changes, 3);
    tear_down(&f, "Disabled control of system clock\n");
}

static void frequency_is_limited(void **state)
{
    struct fixture f;

    set_up(&f, true);
    local_clock_set_frequency(f.c, -200000.0);
    assert_near(local_clock_read_frequency(f.c), -100000.0);
    local_clock_set_frequency(f.c, NAN);
    assert_near(local_clock_read_frequency(f.c), -100000.0);
    tear_down(&f, "Frequency -200000.0 ppm exceeds allowed maximum\n");
}

static void insane_offsets_are_refused(void **state)
{
    struct fixture f;

    set_up(&f, true);
    assert_false(local_clock_accumulate_offset(f.c, 1e10, 0.0));
    assert_false(local_clock_accumulate(f.c, 1e-6, 1e10, 0.0));
    assert_false(local_clock_step(f.c, 1e10, STEP_COMMAND));
    assert_true(local_clock_read_frequency(f.c) == 0.0);
    assert_int_equal(f.changes, 0);
    assert_int_equal(local_clock_updates(f.c), 0);
    tear_down(&f, "Adjustment of -10000000000.0 seconds is invalid\n"
                  "Adjustment of -10000000000.0 seconds is invalid\n"
                  "Adjustment of -10000000000.0 seconds is invalid\n");
}

static void step_is_announced_and_keeps_the_loop_quiet(void **state)
{
    struct fixture f;

    set_up(&f, true);
    clock_world_wake_at(f.w, 10.0);
    assert_true(local_clock_step(f.c, 3600.5, STEP_COMMAND));
    assert_true(f.w->stepped_ns == -3600500000000);
    assert_int_equal(f.last.type, CLOCK_STEP);
    assert_near(f.last.doffset, 3600.5);
    assert_int_equal(f.last.cooked.i.sec, START + 10);
    clock_world_wake_at(f.w, 11.0);
    assert_int_equal(f.changes, 1); /* not taken for somebody else's step */
    assert_near(raw_diff(local_clock_event_raw(f.c), clock_world_raw(f.w, 11.0)), 0.0);
    tear_down(&f, "");
}

static void makestep_replaces_the_slew_by_a_step(void **state)
{
    struct fixture f;

    set_up(&f, true);
    local_clock_accumulate_offset(f.c, -2.0, 0.0);
    assert_true(local_clock_make_step(f.c));
    assert_true(f.w->stepped_ns == 2000000000);
    assert_near(correction(&f), 0.0);
    tear_down(&f, "System clock was stepped by 2.000000 seconds\n");

    set_up(&f, false);
    local_clock_accumulate_offset(f.c, -2.0, 0.0);
    assert_false(local_clock_make_step(f.c));
    assert_near(correction(&f), 2.0);
    tear_down(&f, "Disabled control of system clock\nCould not step system clock\n");
}

static void external_step_cancels_the_slew_and_is_not_an_update(void **state)
{
    struct fixture f;

    set_up(&f, true);
    clock_world_wake_at(f.w, 1.0);
    local_clock_accumulate_offset(f.c, 0.5, 0.0);
    f.changes = 0;
    f.dispersion = 0.0;
    f.w->jump_in_wait_ns = 1000000000000;
    clock_world_wake_at(f.w, 2.0);
    assert_int_equal(f.changes, 2);
    assert_int_equal(f.last.type, CLOCK_UNKNOWN_STEP);
    assert_near(f.last.doffset, -1000.0 - 1.0); /* the wait lasted no time as far as is known */
    assert_int_equal(f.last.raw.i.sec, START + 1002);
    assert_true(f.dispersion > 1000.0);
    assert_near(correction(&f), 0.0);
    assert_int_equal(local_clock_updates(f.c), 1);
    tear_down(&f, "Forward time jump detected!\n");
}

struct named_holder {
    struct fixture *f;
    char name;
};

static void note_order(const struct clock_change *change, void *arg)
{
    struct named_holder *h = arg;
    size_t length = strlen(h->f->order);

    h->f->order[length] = h->name;
}

static void holders_are_told_in_a_fixed_order(void **state)
{
    struct fixture f;

    set_up(&f, true);
    struct named_holder a = {&f, 'a'}, b = {&f, 'b'}, c = {&f, 'c'}, d = {&f, 'd'};
    local_clock_add_handler(f.c, CLOCK_HOLDER_SMOOTHING, note_order, &d);
    local_clock_add_handler(f.c, CLOCK_HOLDER_REFERENCE, note_order, &b);
    local_clock_add_handler(f.c, CLOCK_HOLDER_RTC, note_order, &a);
    local_clock_add_handler(f.c, CLOCK_HOLDER_REFERENCE, note_order, &c);
    local_clock_accumulate_frequency(f.c, 1e-6);
    assert_string_equal(f.order, "abcd");
    local_clock_remove_handler(f.c, note_order, &b);
    local_clock_accumulate_frequency(f.c, 1e-6);
    assert_string_equal(f.order, "abcdacd");
    tear_down(&f, "");
}

static void commands_log_what_they_did(void **state)
{
    struct fixture f;

    set_up(&f, true);
    local_clock_command_dfreq(f.c, 1.5);
    assert_true(local_clock_command_doffset(f.c, 0.125));
    assert_near(correction(&f), -0.125);
    tear_down(&f, "Accumulated delta freq of 1.500ppm\n"
                  "Accumulated delta offset of 0.125000 seconds\n");
}

static void temperature_compensation_is_hidden_from_readings(void **state)
{
    struct fixture f;

    set_up(&f, false);
    local_clock_set_frequency(f.c, 20.0);
    assert_near(local_clock_set_temperature_compensation(f.c, 2.0), 2.0);
    assert_near(local_clock_read_frequency(f.c), 20.0);
    local_clock_set_frequency(f.c, 30.0);
    assert_near(local_clock_read_frequency(f.c), 30.0);
    tear_down(&f, "Disabled control of system clock\n");
}

static void count_change(const struct clock_change *change, void *arg)
{
    (*(int *)arg)++;
}

static void following_the_oscillator_is_announced_to_nobody(void **state)
{
    struct fixture f;
    int announced = 0;

    set_up(&f, false);
    local_clock_set_frequency(f.c, 20.0);
    local_clock_add_handler(f.c, CLOCK_HOLDER_MANUAL, count_change, &announced);
    assert_near(local_clock_follow_oscillator(f.c, 1.5), 1.5);
    assert_near(local_clock_read_frequency(f.c), 21.5);
    assert_near(local_clock_follow_oscillator(f.c, -2.0), -2.0);
    assert_near(local_clock_read_frequency(f.c), 19.5);
    assert_int_equal(announced, 0);
    /* What could be done within maxdrift. */
    assert_near(local_clock_follow_oscillator(f.c, 1e6), 100000.0 - 19.5);
    local_clock_remove_handler(f.c, count_change, &announced);
    tear_down(&f, "Disabled control of system clock\n"
                  "Frequency 1000019.5 ppm exceeds allowed maximum\n");
}

/* Differences between readings of the monotonic clock, by turns. */
static struct {
    const int *steps;
    int count, next;
} stepping;

static struct mono_time stepping_clock(void *ctx)
{
    struct clock_world *w = ctx;

    w->elapsed_ns += stepping.steps[stepping.next++ % stepping.count];
    return w->world.ops->mono_now(ctx);
}

/* Of the smaller half of the differences, the least that two of them are apart. */
static void precision_is_that_of_the_steps_of_the_clock(void **state)
{
    static const struct {
        int count, steps[8];
        double delay, precision;
    } cases[] = {
        {8, {400, 440, 480, 520, 560, 600, 640, 680}, 1e-6, 40e-9},
        {8, {680, 401, 480, 520, 640, 600, 440, 400}, 1e-6, 40e-9}, /* 1 ns is not believed */
        {8, {400, 402, 480, 520, 560, 600, 640, 680}, 1e-6, 2e-9},
        {8, {400, 440, 480, 520, 560, 561, 563, 565}, 1e-6, 40e-9}, /* the upper half */
        {8, {400, 440, 480, 520, 560, 600, 640, 680}, 30e-9, 30e-9},
        {2, {400, 440}, 1e-6, 1e-6}, /* two are too few */
        {3, {400, 430, 500}, 1e-6, 1e-6},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct clock_world *w = clock_world_new(1700000000);
        struct world_ops ops = *w->world.ops;
        const struct world world = {&ops, w};

        ops.mono_raw_now = stepping_clock;
        stepping.steps = cases[i].steps;
        stepping.count = cases[i].count;
        w->precision_step_ns = (int64_t)(1e9 * cases[i].delay + 0.5);
        assert_close(clock_precision_measure(&world), cases[i].precision, 1e-12);
        clock_world_free(w);
    }
}

static void precision_is_that_of_reading_the_clock(void **state)
{
    struct clock_world *w = clock_world_new(START);

    w->precision_step_ns = 40;
    assert_near(clock_precision_measure(&w->world), 40e-9);
    w->precision_step_ns = 2000000000;
    assert_near(clock_precision_measure(&w->world), 1.0);
    clock_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offset_moves_cooked_time_at_once),
        cmocka_unit_test(frequency_is_announced_as_it_was_really_set),
        cmocka_unit_test(frequency_is_limited),
        cmocka_unit_test(insane_offsets_are_refused),
        cmocka_unit_test(step_is_announced_and_keeps_the_loop_quiet),
        cmocka_unit_test(makestep_replaces_the_slew_by_a_step),
        cmocka_unit_test(external_step_cancels_the_slew_and_is_not_an_update),
        cmocka_unit_test(holders_are_told_in_a_fixed_order),
        cmocka_unit_test(commands_log_what_they_did),
        cmocka_unit_test(temperature_compensation_is_hidden_from_readings),
        cmocka_unit_test(following_the_oscillator_is_announced_to_nobody),
        cmocka_unit_test(precision_is_that_of_the_steps_of_the_clock),
        cmocka_unit_test(precision_is_that_of_reading_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
