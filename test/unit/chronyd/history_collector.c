/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon records in its history file, and when (history.md 6).
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "chronyd/history_collector.h"
#include "conf/source_options.h"
#include "config.h"
#include "history/reader.h"
#include "test/unit/support/sources.h"

/* 20 s after a full minute. */
#define START 1700000000

struct recording {
    struct source_fixture f;
    struct history_collector *collector;
    char path[TEST_PATH_SIZE + 16];
    struct history h;
};

static void begin(struct recording *r, const char *lines, const char *sensor)
{
    source_fixture_open(&r->f, lines, true);
    snprintf(r->path, sizeof(r->path), "%s/history", r->f.directory);
    const struct history_env env = {&r->f.w->world, r->f.w->loop, r->f.clock,
                                    r->f.reference, r->f.set,     sensor};
    const struct history_conf conf = {r->path, 1 << 20};
    r->collector = history_collector_new(&env, &conf);
    assert_non_null(r->collector);
}

static void load(struct recording *r)
{
    struct history_writer_status status;

    assert_true(history_collector_report(r->collector, &status));
    history_free(&r->h);
    assert_int_equal(history_load(r->path, NULL, &r->h), HISTORY_READ);
}

static void end(struct recording *r)
{
    history_free(&r->h);
    r->h = (struct history){0};
    history_collector_free(r->collector);
    source_fixture_check_log(&r->f, NULL);
    source_fixture_close(&r->f);
}

/* The only event of a kind; NULL: there is none, or there are several. */
static const struct history_event *only_event(const struct recording *r,
                                              enum history_event_kind kind)
{
    const struct history_event *event = NULL;

    for (size_t i = 0; i < r->h.event_count; i++) {
        if (r->h.events[i].kind != kind)
            continue;
        if (event)
            return NULL;
        event = &r->h.events[i];
    }
    return event;
}

static size_t count_events(const struct recording *r, enum history_event_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < r->h.event_count; i++)
        count += r->h.events[i].kind == kind;
    return count;
}

/* A sample now, as the register reports it. */
static void accumulate(struct recording *r, struct source *s, double offset)
{
    const struct source_sample sample = {
        .time = local_clock_now(r->f.clock, NULL),
        .offset = offset,
        .peer_delay = 0.002,
        .peer_dispersion = 1e-6,
        .root_delay = 0.002,
        .root_dispersion = 1e-5,
    };

    source_update_reachability(s, true);
    source_update_status(s, 1, 0);
    source_accumulate(s, &sample);
    history_collector_observe(r->collector);
    history_collector_sample(r->collector, s, &sample);
}

static void run_with_samples(struct recording *r, struct source *s, double from, double to,
                             double interval)
{
    for (double t = from; t <= to; t += interval) {
        clock_world_run_until(r->f.w, t);
        accumulate(r, s, 1e-6 * fmod(t, 7.0));
    }
}

/* ---- Tests ---- */

static void without_a_file_there_is_nothing(void **state)
{
    const struct history_env env = {.sensor = NULL};
    const struct history_conf conf = {.file = NULL};
    struct history_writer_status status;
    struct history_collector *none = history_collector_new(&env, &conf);

    assert_null(none);
    history_collector_observe(none);
    history_collector_sample(none, NULL, NULL);
    history_collector_certificates(none, true);
    history_collector_restart(none, "x");
    assert_false(history_collector_report(none, &status));
    history_collector_free(none);
}

static void minutes_are_full_minutes(void **state)
{
    static struct recording r;

    begin(&r, "", NULL);
    clock_world_run_until(r.f.w, 39.0);
    load(&r);
    assert_int_equal(r.h.minute_count, 0);
    clock_world_run_until(r.f.w, 300.0);
    load(&r);
    assert_int_equal(r.h.minute_count, 5);
    for (int i = 0; i < 5; i++) {
        const struct history_minute *m = &r.h.minutes[i];

        assert_true(m->time == START + 40 + 60 * i);
        assert_true(m->state == HISTORY_UNSYNCHRONISED && m->selected == HISTORY_NO_SOURCE &&
                    m->bound == 0.0 && isnan(m->temperature));
    }
    /* A step moves the timer to the new full minutes. */
    assert_true(local_clock_step(r.f.clock, 15.0, STEP_COMMAND));
    clock_world_run_until(r.f.w, 600.0);
    load(&r);
    for (size_t i = r.h.minute_count - 3; i < r.h.minute_count; i++)
        assert_int_equal(r.h.minutes[i].time % 60, 0);
    const struct history_event *step = only_event(&r, HISTORY_EVENT_STEP);
    assert_true(step && step->value == -15.0 && step->time == START + 300 - 15);
    assert_string_equal(step->text, "");
    end(&r);
}

static void start_and_end(void **state)
{
    static struct recording r;
    char path[sizeof(r.path)];

    begin(&r, "", NULL);
    load(&r);
    assert_int_equal(r.h.event_count, 1);
    assert_true(r.h.events[0].kind == HISTORY_EVENT_START && r.h.events[0].time == START);
    assert_string_equal(r.h.events[0].text, CHRONY_VERSION);
    clock_world_run_until(r.f.w, 10.0);
    strcpy(path, r.path);
    history_collector_free(r.collector);
    r.collector = NULL;
    history_free(&r.h);
    assert_int_equal(history_load(path, NULL, &r.h), HISTORY_READ);
    assert_true(r.h.event_count == 2 && r.h.events[1].kind == HISTORY_EVENT_END &&
                r.h.events[1].time == START + 10);
    end(&r);
}

static void samples_selection_and_states(void **state)
{
    static struct recording r;

    begin(&r, "", NULL);
    struct source *s = source_fixture_add(&r.f, 5, 0, SOURCE_DEFAULT_SAMPLES);
    run_with_samples(&r, s, 64.0, 64.0 * 20, 64.0);
    load(&r);
    assert_int_equal(r.h.source_count, 1);
    assert_string_equal(r.h.sources[0].name, "ntp.test");
    assert_string_equal(r.h.sources[0].address, "192.0.2.5");
    assert_int_equal(r.h.sample_count, 20);
    assert_true(r.h.samples[0].time == START + 64 && r.h.samples[0].state == 'M');
    const struct history_sample *last = &r.h.samples[19];
    assert_int_equal(last->state, '*');
    assert_close(last->offset, 1e-6 * fmod(64.0 * 20, 7.0), 1e-10);
    assert_close(last->delay, 0.002, 2e-6);
    assert_between(last->jitter, 1e-8, 1e-5);
    const struct history_event *selected = only_event(&r, HISTORY_EVENT_SELECTED);
    assert_true(selected && selected->source == 0);
    assert_between((double)selected->time, START + 64 * 3 - 1, START + 64 * 3 + 1);
    const struct history_event *changed = only_event(&r, HISTORY_EVENT_STATE);
    assert_non_null(changed);
    assert_string_equal(changed->text, "selectable");
    const struct history_minute *minute = &r.h.minutes[r.h.minute_count - 1];
    assert_true(minute->state == HISTORY_SYNCHRONISED && minute->selected == 0);
    assert_between(minute->bound, 0.001, 0.01);

    source_free(s);
    history_collector_observe(r.collector);
    load(&r);
    const struct history_event *none = only_event(&r, HISTORY_EVENT_UNSELECTED);
    assert_non_null(none);
    assert_true(strlen(none->text) > 5);
    end(&r);
}

static void frequent_samples_are_thinned(void **state)
{
    static struct recording r;

    begin(&r, "", NULL);
    struct source *s = source_fixture_add(&r.f, 1, 0, SOURCE_DEFAULT_SAMPLES);
    run_with_samples(&r, s, 16.0, 16.0 * 60, 16.0);
    load(&r);
    assert_int_equal(r.h.sample_count, 20);
    for (size_t i = 1; i < r.h.sample_count; i++)
        assert_between((double)(r.h.samples[i].time - r.h.samples[i - 1].time), 47.0, 49.0);
    end(&r);
}

static void source_that_does_not_answer_is_unreachable(void **state)
{
    static struct recording r;

    begin(&r, "", NULL);
    struct source *s = source_fixture_add(&r.f, 1, 0, SOURCE_DEFAULT_SAMPLES);
    run_with_samples(&r, s, 64.0, 64.0 * 10, 64.0);
    clock_world_run_until(r.f.w, 700.0);
    for (int i = 0; i < 8; i++)
        source_update_reachability(s, false);
    clock_world_run_until(r.f.w, 800.0);
    accumulate(&r, s, 0.0);
    clock_world_run_until(r.f.w, 900.0);
    load(&r);
    assert_int_equal(count_events(&r, HISTORY_EVENT_STATE), 3);
    assert_string_equal(r.h.events[r.h.event_count - 3].text, "unreachable");
    assert_string_equal(r.h.events[r.h.event_count - 1].text, "selectable");
    assert_int_equal(count_events(&r, HISTORY_EVENT_UNSELECTED), 1);
    assert_int_equal(count_events(&r, HISTORY_EVENT_SELECTED), 2);
    end(&r);
}

static void sources_that_come_and_go_keep_their_places(void **state)
{
    static struct recording r;
    struct source *s[4];

    begin(&r, "", NULL);
    for (int i = 0; i < 4; i++)
        s[i] = source_fixture_add(&r.f, i, 0, SOURCE_DEFAULT_SAMPLES);
    for (int round = 1; round <= 12; round++) {
        clock_world_run_until(r.f.w, 64.0 * round);
        if (round == 4)
            source_free(s[1]);
        if (round == 6)
            s[1] = source_fixture_add(&r.f, 4, 0, SOURCE_DEFAULT_SAMPLES);
        if (round == 8) {
            const struct ip_addr other = ip_addr_v4(192, 0, 2, 77);
            source_set_address(s[2], &other);
        }
        for (int i = 0; i < 4; i++)
            if (i != 1 || round < 4 || round >= 6)
                accumulate(&r, s[i], 1e-6 * i);
    }
    load(&r);
    static const struct {
        const char *address;
        int samples;
    } expected[] = {{"192.0.2.0", 12}, {"192.0.2.1", 3}, {"192.0.2.2", 7},
                    {"192.0.2.3", 12}, {"192.0.2.4", 7}, {"192.0.2.77", 5}};
    assert_int_equal(r.h.source_count, 6);
    for (size_t i = 0; i < 6; i++) {
        int samples = 0, source = -1;

        for (int k = 0; k < 6; k++)
            if (strcmp(r.h.sources[k].address, expected[i].address) == 0)
                source = k;
        for (size_t k = 0; k < r.h.sample_count; k++)
            samples += r.h.samples[k].source == source;
        assert_int_equal(samples, expected[i].samples);
    }
    end(&r);
}

static void network_events(void **state)
{
    static struct recording r;
    struct source *s[3];

    begin(&r, "", NULL);
    for (int i = 0; i < 3; i++) {
        s[i] = source_fixture_add(&r.f, i, 0, SOURCE_DEFAULT_SAMPLES);
        source_set_active(s[i], i > 0);
    }
    history_collector_observe(r.collector);
    /* It was never offline before it came: that is the start. */
    source_set_active(s[0], true);
    history_collector_observe(r.collector);
    load(&r);
    assert_int_equal(count_events(&r, HISTORY_EVENT_NETWORK), 0);
    source_set_active(s[1], false);
    history_collector_observe(r.collector);
    load(&r);
    const struct history_event *event = only_event(&r, HISTORY_EVENT_NETWORK);
    assert_true(event && event->value == 0.0 && event->source >= 0);
    assert_string_equal(r.h.sources[event->source].address, "192.0.2.1");
    source_set_active(s[1], true);
    history_collector_observe(r.collector);
    load(&r);
    assert_int_equal(count_events(&r, HISTORY_EVENT_NETWORK), 2);
    assert_true(r.h.events[r.h.event_count - 1].value == 1.0);
    for (int online = 0; online < 2; online++) {
        for (int i = 0; i < 3; i++)
            source_set_active(s[i], online);
        history_collector_observe(r.collector);
        load(&r);
        assert_int_equal(count_events(&r, HISTORY_EVENT_NETWORK), 3 + online);
        event = &r.h.events[r.h.event_count - 1];
        assert_true(event->source == HISTORY_NO_SOURCE && event->value == online);
    }
    end(&r);
}

static void steps_by_others(void **state)
{
    static struct recording r;

    begin(&r, "", NULL);
    clock_world_run_until(r.f.w, 100.0);
    r.f.w->jump_in_wait_ns = 3600 * (int64_t)1000000000;
    clock_world_run_until(r.f.w, 500.0);
    load(&r);
    const struct history_event *step = only_event(&r, HISTORY_EVENT_STEP);
    assert_non_null(step);
    assert_close(step->value, 3600.0, 1e-3);
    assert_string_equal(step->text, "not by chronyd");
    assert_int_equal(count_events(&r, HISTORY_EVENT_GAP), 0);
    assert_int_equal(count_events(&r, HISTORY_EVENT_SUSPEND), 0);
    end(&r);
}

/* The system clock goes on while the monotonic clock stands. */
static void machine_that_sleeps(void **state)
{
    static struct recording r;

    begin(&r, "", NULL);
    clock_world_run_until(r.f.w, 100.0);
    r.f.w->slept_ns = r.f.w->jump_in_wait_ns = 3600 * (int64_t)1000000000;
    clock_world_run_until(r.f.w, 500.0);
    load(&r);
    const struct history_event *event = only_event(&r, HISTORY_EVENT_SUSPEND);
    assert_non_null(event);
    assert_close(event->value, 3600.0, 1e-3);
    assert_int_equal(count_events(&r, HISTORY_EVENT_STEP), 0);
    assert_int_equal(count_events(&r, HISTORY_EVENT_GAP), 1);
    end(&r);
}

static void refused_update(void **state)
{
    static struct recording r;

    begin(&r, "maxchange 1 1 -1", NULL);
    struct source *s = source_fixture_add(&r.f, 1, 0, SOURCE_DEFAULT_SAMPLES);
    run_with_samples(&r, s, 64.0, 64.0 * 10, 64.0);
    source_reset(s);
    for (int i = 11; i < 15; i++) {
        clock_world_run_until(r.f.w, 64.0 * i);
        accumulate(&r, s, 30.0);
    }
    load(&r);
    assert_true(count_events(&r, HISTORY_EVENT_REFUSED) > 0);
    const struct history_event *last = &r.h.events[r.h.event_count - 1];
    assert_int_equal(last->kind, HISTORY_EVENT_REFUSED);
    assert_close(last->value, 30.0, 0.1);
    assert_true(strncmp(last->text, "ignored, offset above maxchange", 31) == 0);
    end(&r);
}

static void certificates_and_restarts(void **state)
{
    static struct recording r;

    begin(&r, "", NULL);
    history_collector_certificates(r.collector, false);
    history_collector_restart(r.collector, "NTS-KE");
    load(&r);
    assert_string_equal(only_event(&r, HISTORY_EVENT_CERTIFICATE)->text,
                        "read again, not all can be used");
    assert_string_equal(only_event(&r, HISTORY_EVENT_RESTART)->text, "NTS-KE");
    end(&r);
}

static void temperature_of_the_sensor(void **state)
{
    static struct recording r;
    char sensor[] = "/tmp/sensor.XXXXXX";
    int fd = mkstemp(sensor);

    assert_true(write(fd, "45125\n", 6) == 6);
    begin(&r, "", sensor);
    clock_world_run_until(r.f.w, 100.0);
    load(&r);
    assert_close(r.h.minutes[0].temperature, 45125.0, 0.2);
    remove(sensor);
    close(fd);
    clock_world_run_until(r.f.w, 200.0);
    load(&r);
    assert_true(isnan(r.h.minutes[2].temperature));
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_there_is_nothing),
        cmocka_unit_test(minutes_are_full_minutes),
        cmocka_unit_test(start_and_end),
        cmocka_unit_test(samples_selection_and_states),
        cmocka_unit_test(frequent_samples_are_thinned),
        cmocka_unit_test(source_that_does_not_answer_is_unreachable),
        cmocka_unit_test(sources_that_come_and_go_keep_their_places),
        cmocka_unit_test(network_events),
        cmocka_unit_test(steps_by_others),
        cmocka_unit_test(machine_that_sleeps),
        cmocka_unit_test(refused_update),
        cmocka_unit_test(certificates_and_restarts),
        cmocka_unit_test(temperature_of_the_sensor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
