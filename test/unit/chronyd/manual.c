/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manual input: the estimates of discipline.md 23, and a recorded session of chrony, whose times
 * are entered again at the same moments.
 */
#include "test/unit/support/unit.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "chronyd/manual.h"
#include "cmdmon/message.h"
#include "ntp/wire/packet.h"
#include "test/unit/support/sources.h"

#define START 1700000000

struct fixture {
    struct source_fixture f;
    struct manual *m;
};

static void open_fixture_at(struct fixture *x, bool control, int64_t start)
{
    source_fixture_open_at(&x->f, "", control, start);
    struct manual_env env = {&x->f.w->world, x->f.clock, x->f.reference};
    x->m = manual_new(&env, true);
}

static void open_fixture(struct fixture *x, bool control)
{
    open_fixture_at(x, control, START);
}

static void close_fixture(struct fixture *x, const char *log)
{
    source_fixture_check_log(&x->f, log);
    manual_free(x->m);
    source_fixture_close(&x->f);
}

static struct report_manual_list list(const struct fixture *x)
{
    struct report_manual_list l;

    manual_list(x->m, &l);
    return l;
}

/* Moves the time on and enters one that the clock is ahead of by an offset. */
static struct manual_estimate enter(struct fixture *x, double t, double offset)
{
    struct manual_estimate e;

    clock_world_wake_at(x->f.w, t);
    struct local_time now = local_clock_now(x->f.clock, NULL);
    assert_true(manual_accept(x->m, instant_add(now.i, -offset), &e));
    return e;
}

static void first_time_is_slewed_to(void **state)
{
    struct fixture x;
    struct report_tracking tracking;

    open_fixture(&x, true);
    struct manual_estimate e = enter(&x, 5.0, 0.5);
    assert_close(e.offset, 0.5, 1e-9);
    assert_true(e.freq_change_ppm == 0.0 && e.new_freq_ppm == 0.0);
    assert_close(local_clock_correction(x.f.clock, clock_world_raw(x.f.w, 5.0), NULL), -0.5, 1e-9);

    struct report_manual_list l = list(&x);
    assert_int_equal(l.count, 1);
    assert_close(l.samples[0].orig_offset, 0.5, 1e-9);
    assert_close(l.samples[0].slewed_offset, 0.0, 1e-9);
    assert_true(l.samples[0].residual == 0.0);
    assert_close(instant_diff(l.samples[0].when, (struct instant){START, 0}), 4.5, 1e-9);

    /* Not synchronised: only a local reference would be served. */
    reference_report_tracking(x.f.reference, &tracking);
    assert_int_equal(tracking.stratum, 0);
    assert_int_equal(tracking.leap, LEAP_UNSYNC);
    assert_close(tracking.last_offset, 0.5, 1e-9);
    close_fixture(&x, "Making a slew of 0.500000\n");
}

static void later_times_correct_the_frequency_too(void **state)
{
    struct fixture x;

    open_fixture(&x, true);
    enter(&x, 0.0, 0.0);
    /* 0.01 s fast after 1000 s: a gain of 10 ppm. */
    struct manual_estimate e = enter(&x, 1000.0, 0.01);
    assert_close(e.offset, 0.01, 1e-8);
    assert_close(e.freq_change_ppm, 10.0, 1e-5);
    assert_close(e.new_freq_ppm, 10.0, 1e-4);
    struct report_manual_list l = list(&x);
    assert_int_equal(l.count, 2);
    assert_close(l.samples[1].slewed_offset, 0.0, 1e-8);
    assert_close(l.samples[1].residual, 0.0, 1e-8);
    /* The first one is on the scale of the new frequency. */
    assert_close(l.samples[0].slewed_offset, 0.0, 1e-8);
    close_fixture(&x, "Making a slew of 0.000000\n"
                      "Making a frequency change of 10.000 ppm and a slew of 0.010000\n");
}

static void hasty_and_insane_times_are_refused(void **state)
{
    struct fixture x;
    struct manual_estimate e;

    open_fixture(&x, true);
    assert_false(manual_accept(x.m, (struct instant){-1, 0}, &e));
    assert_false(manual_accept(x.m, (struct instant){INT64_C(1) << 40, 0}, &e));
    assert_int_equal(list(&x).count, 0);
    enter(&x, 10.0, 0.0);
    clock_world_wake_at(x.f.w, 10.99);
    assert_false(manual_accept(x.m, (struct instant){START + 11, 0}, &e));
    assert_int_equal(list(&x).count, 1);
    enter(&x, 11.0, 0.0);
    close_fixture(&x, NULL);
}

static void sixteen_samples_are_kept(void **state)
{
    struct fixture x;

    open_fixture(&x, true);
    for (int i = 0; i < 20; i++)
        enter(&x, 100.0 * i, i * 1e-3);
    struct report_manual_list l = list(&x);
    assert_int_equal(l.count, 16);
    assert_close(l.samples[0].orig_offset, 4e-3, 1e-8);
    assert_close(l.samples[15].orig_offset, 19e-3, 1e-8);
    manual_reset(x.m);
    assert_int_equal(list(&x).count, 0);
    close_fixture(&x, NULL);
}

static void deleted_sample_makes_a_new_estimate(void **state)
{
    struct fixture x;

    open_fixture(&x, false);
    enter(&x, 0.0, 0.0);
    enter(&x, 100.0, 0.0);
    enter(&x, 200.0, 0.3);
    assert_false(manual_delete(x.m, -1));
    assert_false(manual_delete(x.m, 3));
    assert_true(manual_delete(x.m, 2));
    assert_int_equal(list(&x).count, 2);
    assert_true(manual_delete(x.m, 0));
    struct report_manual_list l = list(&x);
    assert_int_equal(l.count, 1);
    assert_true(l.samples[0].residual == 0.0);
    assert_true(manual_delete(x.m, 0));
    assert_int_equal(list(&x).count, 0);
    assert_false(manual_delete(x.m, 0));
    close_fixture(&x, NULL);
}

static void unknown_step_forgets_the_samples_a_known_one_moves_them(void **state)
{
    struct fixture x;

    open_fixture(&x, true);
    enter(&x, 5.0, 0.25);
    assert_true(local_clock_step(x.f.clock, -100.0, STEP_COMMAND));
    struct report_manual_list l = list(&x);
    assert_int_equal(l.count, 1);
    assert_close(l.samples[0].slewed_offset, 100.0, 1e-6);
    assert_close(instant_diff(l.samples[0].when, (struct instant){START, 0}), 104.75, 1e-6);
    local_clock_external_step(x.f.clock, world_raw_now(&x.f.w->world),
                              local_clock_now(x.f.clock, NULL), 5.0, 5.0);
    assert_int_equal(list(&x).count, 0);
    close_fixture(&x, NULL);
}

/* The recorded session. */

static union cmd_reply_body decode(const char *hex, enum reply_code code)
{
    uint8_t data[CMD_REPLY_MAX];
    union cmd_reply_body body = {0};
    size_t length = text_from_hex(hex, data, sizeof(data));

    assert_true(cmd_reply_decode(data, length, code, &body));
    return body;
}

static const char *find_reply(const json_t *root, const char *command, size_t number)
{
    const json_t *records = json_object_get(root, "records");

    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        const char *text = json_string_value(json_object_get(record, "command"));

        if (text && strncmp(text, command, strlen(command)) == 0 && number-- == 0)
            return json_string_value(json_array_get(json_object_get(record, "reply_hex"), 0));
    }
    return NULL;
}

/* Waits until the corrected clock is `ahead` of a time. */
static void wait_until(struct fixture *x, struct instant time, double ahead)
{
    double t = (double)x->f.w->elapsed_ns * 1e-9;

    for (int i = 0; i < 100; i++) {
        struct local_time cooked = local_clock_cook(x->f.clock, clock_world_raw(x->f.w, t), NULL);
        t += instant_diff(time, cooked.i) + ahead;
    }
    clock_world_wake_at(x->f.w, t);
}

static void check_estimate(const struct manual_estimate *e, const char *reply)
{
    union cmd_reply_body body = decode(reply, REPLY_SETTIME);

    assert_close(e->offset, body.settime.offset, 1e-5);
    assert_close(e->freq_change_ppm, body.settime.freq_change_ppm,
                 fabs(body.settime.freq_change_ppm) * 1e-4);
    assert_close(e->new_freq_ppm, body.settime.new_freq_ppm, 1e-3);
}

static void check_list(const struct fixture *x, const char *reply)
{
    union cmd_reply_body body = decode(reply, REPLY_MANUAL_LIST);
    struct report_manual_list l = list(x);

    assert_int_equal(l.count, body.manual_list.count);
    for (uint32_t i = 0; i < l.count; i++) {
        const struct report_manual_sample *expected = &body.manual_list.samples[i];

        assert_close(instant_diff(l.samples[i].when, expected->when), 0.0, 1e-4);
        assert_close(l.samples[i].orig_offset, expected->orig_offset, 1e-5);
        assert_close(l.samples[i].slewed_offset, expected->slewed_offset, 1e-4);
        assert_close(l.samples[i].residual, expected->residual, 1e-4);
    }
}

static void recorded_session_has_the_same_answers(void **state)
{
    static const struct {
        int64_t time;
        size_t reply; /* among those of settime */
    } entered[] = {{0x6b027297, 0}, {0x6b027299, 1}, {0x6b02729b, 3}};
    json_error_t error;
    json_t *root = json_load_file(TEST_DATA_DIR "/cmdmon/manual-time.json", 0, &error);
    struct fixture x;

    assert_non_null(root);
    union cmd_reply_body full = decode(find_reply(root, "manual list", 2), REPLY_MANUAL_LIST);
    open_fixture_at(&x, false, 0x6b027290);
    for (size_t i = 0; i < 3; i++) {
        struct instant time = {entered[i].time, 0};
        struct manual_estimate e;

        wait_until(&x, time, full.manual_list.samples[i].orig_offset);
        assert_true(manual_accept(x.m, time, &e));
        check_estimate(&e, find_reply(root, "settime", entered[i].reply));
        if (i == 0)
            check_list(&x, find_reply(root, "manual list", 0));
        if (i == 1) /* "settime now", a moment later */
            assert_false(manual_accept(x.m, time, &e));
    }
    check_list(&x, find_reply(root, "manual list", 2));
    assert_true(manual_delete(x.m, 1));
    check_list(&x, find_reply(root, "manual list", 8));

    /* A time of 2025, which is no trend of the clock: the recorded numbers have 24 bits. */
    struct manual_estimate e;
    struct instant old = {0x6956d240, 0};
    wait_until(&x, old, 28024924.0);
    assert_true(manual_accept(x.m, old, &e));
    assert_close(e.offset, 28024924.0, 2.0);
    assert_true(e.freq_change_ppm == 0.0);
    assert_close(e.new_freq_ppm, -1e5, 1e-3);
    union cmd_reply_body last = decode(find_reply(root, "manual list", 9), REPLY_MANUAL_LIST);
    struct report_manual_list l = list(&x);
    assert_int_equal(l.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_close(l.samples[i].slewed_offset, last.manual_list.samples[i].slewed_offset, 4.0);
        assert_close(l.samples[i].residual, last.manual_list.samples[i].residual, 4.0);
    }
    json_decref(root);
    close_fixture(&x, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_time_is_slewed_to),
        cmocka_unit_test(later_times_correct_the_frequency_too),
        cmocka_unit_test(hasty_and_insane_times_are_refused),
        cmocka_unit_test(sixteen_samples_are_kept),
        cmocka_unit_test(deleted_sample_makes_a_new_estimate),
        cmocka_unit_test(unknown_step_forgets_the_samples_a_known_one_moves_them),
        cmocka_unit_test(recorded_session_has_the_same_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
