/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time smoothing: the tables of discipline.md 21.8, and the module on a clock that is slewed,
 * stepped and gets a leap second.
 */
#include "test/unit/support/unit.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "clock/smoothing.h"
#include "cmdmon/message.h"
#include "ntp/wire/packet.h"
#include "test/unit/support/sources.h"

#define MIDNIGHT 1230768000 /* the end of 2008 */

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= fabs(expected) * 1e-9 + 1e-15)) {
        print_error("%.12g is not %.12g\n", value, expected);
        fail();
    }
}

static const struct row {
    double offset, freq;
    double max_freq, max_wander;
    struct smoothing_stage stages[3];
} rows[] = {
    {0.01, 0, 400, 0.01, {{1e-8, 1000}, {0, 0}, {-1e-8, 1000}}},
    {-0.01, 2e-6, 400, 0.01, {{-1e-8, 1209.950494}, {0, 0}, {1e-8, 1009.950494}}},
    {1.0, 0, 400, 0.001, {{1e-9, 31622.7766}, {0, 0}, {-1e-9, 31622.7766}}},
    {1.0, 0, 400, 0.001024, {{1.024e-9, 31250}, {0, 0}, {-1.024e-9, 31250}}},
    {1.0, 0, 30, 0.001024, {{1.024e-9, 29296.875}, {0, 4036.458333}, {-1.024e-9, 29296.875}}},
    {0.5, 0, 50, 0.01, {{1e-8, 5000}, {0, 5000}, {-1e-8, 5000}}},
    {0.1, 1e-4, 50, 0.01, {{-1e-8, 15000}, {0, 3000}, {1e-8, 5000}}},
    {-0.1, 1e-4, 50, 0.01, {{-1e-8, 15000}, {0, 7000}, {1e-8, 5000}}},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct smoothing_curve plan(const struct row *row)
{
    struct smoothing_curve c = {.offset = row->offset, .freq = row->freq};

    smoothing_plan(&c, row->max_freq * 1e-6, row->max_wander * 1e-6);
    return c;
}

static void stages_are_those_of_the_worked_examples(void **state)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct smoothing_curve c = plan(&rows[i]);

        for (int j = 0; j < 3; j++) {
            const struct smoothing_stage *expected = &rows[i].stages[j];
            assert_close(c.stages[j].wander, expected->wander, 1e-20);
            assert_close(c.stages[j].length, expected->length, expected->length * 1e-9 + 1e-6);
        }
    }
}

static void values_are_those_of_the_worked_examples(void **state)
{
    static const struct {
        int row;
        double t, offset, freq, wander;
    } values[] = {
        {0, 0, 0.01, 0, 0},
        {0, 10, 0.0099995, 1e-7, 1e-8},
        {0, 500, 0.00875, 5e-6, 1e-8},
        {0, 1000, 0.005, 1e-5, 1e-8},
        {0, 5000, 0, 0, 0},
        {1, 200, -0.0102, 0, -1e-8},
        {1, 1000, -0.007, -8e-6, -1e-8},
        {6, 1000, 0.005, 9e-5, -1e-8},
        {6, 5000, -0.275, 5e-5, -1e-8},
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct smoothing_curve c = plan(&rows[values[i].row]);
        struct smoothing_value v = smoothing_evaluate(&c, values[i].t);
        assert_close(v.offset, values[i].offset, 1e-12);
        assert_close(v.freq, values[i].freq, 1e-16);
        assert_close(v.wander, values[i].wander, 1e-20);
    }
}

/* Whatever the beginning: in the end there is nothing left, and in between the limits hold. */
static void every_curve_ends_at_zero_within_its_limits(void **state)
{
    static const double offsets[] = {-1000, -1, -1e-3, -1e-6, -1e-9, 0, 1e-9, 1e-6, 1e-3, 1, 1000};
    static const double freqs[] = {-1e-3, -1e-5, -1e-9, 0, 1e-9, 1e-5, 1e-3};
    const double max_freq = 50e-6, max_wander = 1e-8;

    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
        for (size_t j = 0; j < sizeof(freqs) / sizeof(freqs[0]); j++) {
            struct smoothing_curve c = {.offset = offsets[i], .freq = freqs[j]};
            double total = 0.0;

            smoothing_plan(&c, max_freq, max_wander);
            for (int k = 0; k < 3; k++) {
                assert_true(c.stages[k].length >= 0.0);
                assert_true(fabs(c.stages[k].wander) <= max_wander);
                total += c.stages[k].length;
            }
            struct smoothing_value end = smoothing_evaluate(&c, total);
            assert_close(end.offset, 0.0, fabs(offsets[i]) * 1e-9 + 1e-6);
            assert_close(end.freq, 0.0, 1e-12);
            for (int k = 0; k <= 100; k++) {
                struct smoothing_value v = smoothing_evaluate(&c, total * k / 100.0);
                assert_true(fabs(v.freq) <= fmax(max_freq, fabs(freqs[j])) * (1.0 + 1e-9));
            }
        }
}

/* Reports of chrony, recorded while its clock was corrected each 1/16 s: each lies on a curve that
   we plan in the same way. */
static int check_recorded_report(const char *hex)
{
    uint8_t data[CMD_REPLY_MAX];
    union cmd_reply_body body = {0};
    size_t length = text_from_hex(hex, data, sizeof(data));
    const struct report_smoothing *r = &body.smoothing;

    assert_true(cmd_reply_decode(data, length, REPLY_SMOOTHING, &body));
    if (!r->active || r->offset == 0.0)
        return 0;
    /* Back to the last update. */
    double wander = -1e-6 * r->wander_ppm, elapsed = r->last_update_ago;
    struct smoothing_curve c = {.freq = -1e-6 * r->freq_ppm - wander * elapsed};
    c.offset = r->offset + elapsed * (2.0 * c.freq + wander * elapsed) / 2.0;
    smoothing_plan(&c, 400e-6, 0.001e-6);
    double total = c.stages[0].length + c.stages[1].length + c.stages[2].length;
    assert_close(total, r->remaining_time + elapsed, 1.0);
    struct smoothing_value v = smoothing_evaluate(&c, elapsed);
    assert_close(v.offset, r->offset, 1e-12);
    assert_close(v.freq, -1e-6 * r->freq_ppm, 1e-12);
    assert_close(v.wander, wander, 1e-15);
    return 1;
}

static void recorded_reports_lie_on_our_curves(void **state)
{
    json_error_t error;
    json_t *root = json_load_file(TEST_DATA_DIR "/cmdmon/time-smoothing-smooth.json", 0, &error);
    json_t *record;
    size_t i;
    int checked = 0;

    assert_non_null(root);
    json_array_foreach(json_object_get(root, "records"), i, record)
    {
        const char *command = json_string_value(json_object_get(record, "command"));
        if (command && strcmp(command, "smoothing") == 0)
            checked += check_recorded_report(
                json_string_value(json_array_get(json_object_get(record, "reply_hex"), 0)));
    }
    assert_true(checked >= 6);
    json_decref(root);
}

/* The module. */

struct fixture {
    struct source_fixture f;
    struct smoothing *s;
};

static void open_fixture(struct fixture *x, const char *lines)
{
    source_fixture_open_at(&x->f, lines, true, MIDNIGHT - 3600);
    x->s = smoothing_new(x->f.clock, x->f.reference, &x->f.conf->smoothing);
}

static void close_fixture(struct fixture *x, const char *log)
{
    source_fixture_check_log(&x->f, log);
    smoothing_free(x->s);
    source_fixture_close(&x->f);
}

static void update(struct fixture *x, int leap, double offset, double frequency, double skew)
{
    struct reference_update u = {
        .stratum = 1,
        .leap = leap,
        .combined_sources = 1,
        .ref_time = local_clock_event_time(x->f.clock, NULL),
        .offset = offset,
        .offset_sd = 1e-3,
        .frequency = frequency,
        .frequency_sd = 1e-8,
        .skew = skew,
    };

    reference_update(x->f.reference, &u);
}

static struct report_smoothing report(struct fixture *x)
{
    struct report_smoothing r;

    assert_true(smoothing_report(x->s, &r));
    return r;
}

static double offset_now(struct fixture *x)
{
    double offset;

    assert_true(smoothing_offset(x->s, local_clock_now(x->f.clock, NULL), &offset));
    return offset;
}

static void smoothing_is_off_without_limits(void **state)
{
    static const char *const lines[] = {"", "smoothtime 0 0.01", "smoothtime 400 0",
                                        "smoothtime -1 -1"};

    for (size_t i = 0; i < 4; i++) {
        struct fixture x;
        struct report_smoothing r;
        double offset = 1.0;

        open_fixture(&x, lines[i]);
        assert_null(x.s);
        assert_false(smoothing_offset(x.s, local_clock_now(x.f.clock, NULL), &offset));
        assert_true(offset == 0.0);
        assert_false(smoothing_report(x.s, &r));
        assert_false(smoothing_reset(x.s));
        assert_false(smoothing_activate(x.s));
        close_fixture(&x, "");
    }
}

static void it_starts_when_the_frequency_is_known(void **state)
{
    struct fixture x;

    open_fixture(&x, "smoothtime 400 0.001"); /* unlocked by a skew below 10 ppm */
    clock_world_run_until(x.f.w, 10.0);
    update(&x, LEAP_NORMAL, 0.1, 0.0, 1e-4);
    struct report_smoothing r = report(&x);
    assert_false(r.active);
    assert_true(r.offset == 0.0 && r.last_update_ago == 0.0 && r.remaining_time == 0.0);
    update(&x, LEAP_NORMAL, 0.1, 0.0, 1e-6);
    r = report(&x);
    assert_true(r.active);
    assert_false(r.leap_only);
    /* The adjustment that activated it is not smoothed. */
    assert_close(r.offset, 0.0, 1e-12);
    close_fixture(&x, "Activated time smoothing\n");
}

static void corrections_are_added_to_the_served_time(void **state)
{
    struct fixture x;

    open_fixture(&x, "smoothtime 400 0.01");
    assert_true(smoothing_activate(x.s));
    assert_true(smoothing_activate(x.s)); /* no effect, no message */
    clock_world_run_until(x.f.w, 10.0);
    double before = local_diff(local_clock_now(x.f.clock, NULL), (struct local_time){{0, 0}});
    update(&x, LEAP_NORMAL, 0.01, 0.0, 1e-6);
    /* Cooked time went back at once, and what is served did not. */
    double after = local_diff(local_clock_now(x.f.clock, NULL), (struct local_time){{0, 0}});
    assert_close(after - before, -0.01, 1e-6);
    assert_close(offset_now(&x), 0.01, 1e-9);
    struct report_smoothing r = report(&x);
    assert_close(r.offset, 0.01, 1e-9);
    assert_close(r.remaining_time, 2000.0, 1e-3);
    /* Later as in the first worked example. */
    struct local_time later = local_add(local_clock_now(x.f.clock, NULL), 500.0);
    double offset;
    assert_true(smoothing_offset(x.s, later, &offset));
    assert_close(offset, 0.00875, 1e-8);
    close_fixture(&x, "Activated time smoothing\n");
}

static void frequency_changes_are_smoothed(void **state)
{
    struct fixture x;

    open_fixture(&x, "smoothtime 400 0.01");
    smoothing_activate(x.s);
    local_clock_accumulate_frequency(x.f.clock, 2e-6);
    struct report_smoothing r = report(&x);
    assert_near(r.freq_ppm, 2.0 * (1.0 + 2e-6));
    assert_near(fabs(r.wander_ppm), 0.0);
    close_fixture(&x, "Activated time smoothing\n");
}

static void steps_reset_it(void **state)
{
    struct fixture x;

    open_fixture(&x, "smoothtime 400 0.01");
    smoothing_activate(x.s);
    local_clock_accumulate_offset(x.f.clock, 0.1, 0.0);
    assert_close(offset_now(&x), 0.1, 1e-9);
    assert_true(local_clock_step(x.f.clock, -5.0, STEP_COMMAND));
    assert_true(offset_now(&x) == 0.0);
    struct report_smoothing r = report(&x);
    assert_true(r.active && r.remaining_time == 0.0);
    assert_close(r.last_update_ago, 0.0, 1e-6);

    local_clock_accumulate_offset(x.f.clock, 0.1, 0.0);
    assert_true(smoothing_reset(x.s));
    assert_true(offset_now(&x) == 0.0);
    close_fixture(&x, "Activated time smoothing\nReset time smoothing\nReset time smoothing\n");
}

/* The recommended leap smear: the served time goes on without the second and loses it in 62500
   s. */
static void leap_second_is_smeared(void **state)
{
    struct fixture x;
    double offset;

    open_fixture(&x, "leapsecmode slew\nsmoothtime 400 0.001024 leaponly");
    update(&x, LEAP_INSERT, 0.3, 1e-5, 1e-2);
    struct report_smoothing r = report(&x);
    assert_true(r.active && r.leap_only);
    clock_world_run_until(x.f.w, 3599.0);
    update(&x, LEAP_INSERT, -0.2, 0.0, 1e-6);
    assert_close(offset_now(&x), 0.0, 1e-12); /* other corrections are not smoothed */

    clock_world_run_until(x.f.w, 3600.5);
    struct local_time now = local_clock_now(x.f.clock, NULL);
    assert_close(offset_now(&x), 1.0, 1e-6);
    r = report(&x);
    assert_close(r.remaining_time, 62500.0, 1.1);
    assert_near(r.wander_ppm, -0.001024);
    assert_true(smoothing_offset(x.s, local_add(now, 31250.0), &offset));
    assert_close(offset, 0.5, 2e-5);
    assert_true(smoothing_offset(x.s, local_add(now, 62501.0), &offset));
    assert_close(offset, 0.0, 1e-9);
    close_fixture(&x, "Activated time smoothing (leap seconds only)\n"
                      "Adjusting system clock for leap second\n");
}

/* Without leaponly the slew of the second is an offset like any other. */
static void slewed_leap_second_is_smoothed_like_any_offset(void **state)
{
    struct fixture x;

    open_fixture(&x, "leapsecmode slew\nsmoothtime 400 0.001024");
    update(&x, LEAP_INSERT, 0.0, 0.0, 1e-6);
    clock_world_run_until(x.f.w, 3600.5);
    assert_close(offset_now(&x), 1.0, 1e-6);
    close_fixture(&x, "Activated time smoothing\nAdjusting system clock for leap second\n");
}

static void stepped_leap_second_resets_it(void **state)
{
    struct fixture x;

    open_fixture(&x, "leapsecmode step\nsmoothtime 400 0.001024");
    update(&x, LEAP_INSERT, 0.0, 0.0, 1e-6);
    clock_world_run_until(x.f.w, 3600.5);
    assert_true(offset_now(&x) == 0.0);
    close_fixture(&x, "Activated time smoothing\nReset time smoothing\n"
                      "System clock was stepped for leap second\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_are_those_of_the_worked_examples),
        cmocka_unit_test(values_are_those_of_the_worked_examples),
        cmocka_unit_test(every_curve_ends_at_zero_within_its_limits),
        cmocka_unit_test(recorded_reports_lie_on_our_curves),
        cmocka_unit_test(smoothing_is_off_without_limits),
        cmocka_unit_test(it_starts_when_the_frequency_is_known),
        cmocka_unit_test(corrections_are_added_to_the_served_time),
        cmocka_unit_test(frequency_changes_are_smoothed),
        cmocka_unit_test(steps_reset_it),
        cmocka_unit_test(leap_second_is_smeared),
        cmocka_unit_test(slewed_leap_second_is_smoothed_like_any_offset),
        cmocka_unit_test(stepped_leap_second_resets_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
