/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page of the history file: records come back, the page says how far it is right, and goes on
 * where it stopped (history.md 3).
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <string.h>
#include "history/page.h"
#include "test/unit/support/history.h"

#define START 1800000000

static struct history_page page;

static const struct history_record minute = {
    .kind = HISTORY_RECORD_MINUTE,
    .u.minute = {.time = START + 60,
                 .state = HISTORY_SYNCHRONISED,
                 .offset = -1.5e-5,
                 .bound = 0.0125,
                 .freq_ppm = -17.25,
                 .skew_ppm = 0.03125,
                 .temperature = 41.5},
};
static const struct history_record sample = {
    .kind = HISTORY_RECORD_SAMPLE,
    .u.sample = {.time = START + 70, .state = '+', .offset = 0.25, .delay = -1e-3, .jitter = 2e-4}};
static const struct history_record event = {
    .kind = HISTORY_RECORD_EVENT,
    .u.event = {.time = START - 5,
                .kind = HISTORY_EVENT_STEP,
                .value = -0.123456789,
                .text = "why"},
};

static struct history_record at(struct history_record record, int64_t time)
{
    record.u.event.time = time;
    return record;
}

static void add(struct history_record record, int source)
{
    const struct history_source identity = history_image_source(source);

    assert_true(history_page_add(&page, &record, source < 0 ? NULL : &identity));
}

static void every_kind_of_record_comes_back(void **state)
{
    struct history_page_walk walk;
    struct history_record r;

    history_page_begin(&page, 7, START);
    add(minute, 2);
    add(sample, 3);
    add(event, HISTORY_NO_SOURCE);
    history_page_check(&page);

    assert_true(history_page_walk_begin(&walk, page.octets));
    assert_true(history_page_walk_next(&walk, &r));
    assert_true(r.kind == HISTORY_RECORD_SOURCE && !r.u.source.refclock);
    assert_string_equal(r.u.source.name, "ntp2.example.net");
    assert_string_equal(r.u.source.address, "192.0.2.3");
    assert_true(history_page_walk_next(&walk, &r));
    assert_true(r.kind == HISTORY_RECORD_MINUTE && r.u.minute.time == START + 60 &&
                r.u.minute.state == HISTORY_SYNCHRONISED && r.u.minute.selected == 0);
    assert_close(r.u.minute.offset, -1.5e-5, 1e-10);
    assert_close(r.u.minute.bound, 0.0125, 1e-5);
    assert_true(r.u.minute.freq_ppm == -17.25 && r.u.minute.skew_ppm == 0.03125 &&
                r.u.minute.temperature == 41.5);
    assert_true(history_page_walk_next(&walk, &r));
    assert_true(r.kind == HISTORY_RECORD_SOURCE && r.u.source.refclock);
    assert_true(history_page_walk_next(&walk, &r));
    assert_true(r.kind == HISTORY_RECORD_SAMPLE && r.u.sample.time == START + 70 &&
                r.u.sample.source == 1 && r.u.sample.state == '+' && r.u.sample.offset == 0.25);
    assert_close(r.u.sample.delay, -1e-3, 1e-6);
    assert_close(r.u.sample.jitter, 2e-4, 1e-7);
    assert_true(history_page_walk_next(&walk, &r));
    assert_true(r.kind == HISTORY_RECORD_EVENT && r.u.event.time == START - 5 &&
                r.u.event.kind == HISTORY_EVENT_STEP && r.u.event.source == HISTORY_NO_SOURCE &&
                r.u.event.value == -0.123456789);
    assert_string_equal(r.u.event.text, "why");
    assert_false(history_page_walk_next(&walk, &r));
}

static void minute_in_which_nothing_changes_takes_six_octets(void **state)
{
    struct history_page_walk walk;
    struct history_record r;

    history_page_begin(&page, 0, START);
    add(minute, 0);
    size_t length = page.length;
    add(at(minute, START + 120), 0);
    assert_int_equal(page.length - length, 6);
    struct history_record cold = at(minute, START + 180);
    cold.u.minute.temperature = NAN;
    add(cold, 0);
    add(at(minute, START + 200), HISTORY_NO_SOURCE);
    history_page_check(&page);

    assert_true(history_page_walk_begin(&walk, page.octets));
    for (int i = 0; i < 3; i++)
        assert_true(history_page_walk_next(&walk, &r));
    assert_true(r.u.minute.time == START + 120 && r.u.minute.freq_ppm == -17.25 &&
                r.u.minute.temperature == 41.5 && r.u.minute.selected == 0);
    assert_true(history_page_walk_next(&walk, &r));
    assert_true(r.u.minute.time == START + 180 && isnan(r.u.minute.temperature));
    assert_true(history_page_walk_next(&walk, &r));
    assert_true(r.u.minute.time == START + 200 && r.u.minute.temperature == 41.5 &&
                r.u.minute.selected == HISTORY_NO_SOURCE);
}

static void sample_takes_nine_octets(void **state)
{
    history_page_begin(&page, 0, START);
    add(sample, 0);
    size_t length = page.length;
    add(at(sample, START + 134), 0);
    assert_int_equal(page.length - length, 10);
    add(at(sample, START + 197), 0);
    assert_int_equal(page.length - length, 19);
}

static void times_that_cannot_be_expressed_are_the_nearest(void **state)
{
    struct history_page_walk walk;
    struct history_record r;

    history_page_begin(&page, 0, -1);
    add(at(event, -1000), HISTORY_NO_SOURCE);
    add(at(event, INT64_MAX), HISTORY_NO_SOURCE);
    add(at(event, INT64_MIN), HISTORY_NO_SOURCE);
    history_page_check(&page);
    assert_true(history_page_walk_begin(&walk, page.octets));
    assert_true(history_page_walk_next(&walk, &r) && r.u.event.time == 0);
    assert_true(history_page_walk_next(&walk, &r) && r.u.event.time == HISTORY_MAX_TIME);
    assert_true(history_page_walk_next(&walk, &r) && r.u.event.time == 0);
}

static void many_sources_in_a_page(void **state)
{
    struct history_page_walk walk;
    struct history_record r;
    int added = 0, found = 0;

    history_page_begin(&page, 0, START);
    for (int i = 0; i < 1000; i++) {
        struct history_source source = {.name = "a"};

        source.address[0] = (char)('A' + i / 26);
        source.address[1] = (char)('A' + i % 26);
        if (!history_page_add(&page, &sample, &source))
            break;
        added++;
    }
    history_page_check(&page);
    assert_between(added, 180, HISTORY_PAGE_SOURCES);
    assert_true(history_page_walk_begin(&walk, page.octets));
    while (history_page_walk_next(&walk, &r))
        if (r.kind == HISTORY_RECORD_SAMPLE)
            assert_int_equal(r.u.sample.source, found++);
    assert_int_equal(found, added);
}

static void page_that_is_full_stays_as_it_was(void **state)
{
    bool clean;

    history_page_begin(&page, 0, START);
    struct history_record full = minute;
    while (history_page_add(&page, &full, NULL)) {
        history_page_check(&page);
        full.u.minute.time += 77;
        full.u.minute.freq_ppm += 1.0;
    }
    static struct history_page before;
    before = page;
    const struct history_source source = history_image_source(1);
    assert_false(history_page_add(&page, &full, &source));
    assert_memory_equal(&page, &before, sizeof(page));
    assert_int_equal(history_page_checked(page.octets, &clean), page.length);
    assert_true(clean && page.length > HISTORY_PAGE_SIZE - 40);
}

static void what_is_not_confirmed_does_not_count(void **state)
{
    struct history_page_walk walk;
    struct history_record r;
    bool clean;

    history_page_begin(&page, 0, START);
    add(event, HISTORY_NO_SOURCE);
    history_page_check(&page);
    size_t length = page.length;
    history_page_check(&page);
    assert_int_equal(page.length, length);
    add(event, HISTORY_NO_SOURCE);
    assert_int_equal(history_page_checked(page.octets, &clean), length);
    assert_false(clean);
    assert_true(history_page_walk_begin(&walk, page.octets));
    assert_true(history_page_walk_next(&walk, &r));
    assert_false(history_page_walk_next(&walk, &r));
}

/* Each octet of a page is damaged in turn. What stood before it is found, and nothing wrong. */
static void damage_costs_only_what_follows_it(void **state)
{
    size_t ends[64];
    int groups = 0;
    bool clean;

    history_page_begin(&page, 3, START);
    ends[groups++] = page.length;
    for (int i = 0; i < 40; i++) {
        add(at(minute, START + 60 * i), i % 3);
        add(at(sample, START + 60 * i + 7), i % 5);
        history_page_check(&page);
        ends[groups++] = page.length;
    }
    for (size_t i = 0; i < page.length; i++) {
        size_t expected = 0;

        for (int k = 0; k < groups && ends[k] <= i; k++)
            expected = ends[k];
        for (int bit = 0; bit < 8; bit++) {
            page.octets[i] ^= (uint8_t)(1 << bit);
            assert_int_equal(history_page_checked(page.octets, &clean), expected);
            assert_false(clean);
            page.octets[i] ^= (uint8_t)(1 << bit);
        }
    }
}

/* The page is cut at each octet, with what was there before behind it, and continued. */
static void page_goes_on_after_its_last_good_record(void **state)
{
    static struct history_page whole, other;
    static uint8_t old[HISTORY_PAGE_SIZE];
    bool clean;

    history_page_begin(&page, 2, START - 100000);
    for (int i = 0; i < 200; i++) {
        add(at(minute, START - 100000 + 61 * i), 1);
        history_page_check(&page);
    }
    memcpy(old, page.octets, sizeof(old));
    history_page_begin(&page, 3, START);
    for (int i = 0; i < 20; i++) {
        add(at(minute, START + 60 * i), i % 3);
        history_page_check(&page);
    }
    whole = page;
    for (size_t cut = 0; cut <= whole.length; cut++) {
        uint8_t torn[HISTORY_PAGE_SIZE];

        memcpy(torn, old, sizeof(torn));
        memcpy(torn, whole.octets, cut);
        /* The headers differ from octet 11 on. */
        bool loads = history_page_load(&other, torn);
        assert_int_equal(loads, cut <= 11 || cut >= 24);
        if (!loads)
            continue;
        assert_int_equal(other.sequence, cut <= 11 ? 2 : 3);
        page = other;
        add(at(minute, START + 5000), 2);
        add(at(sample, START + 5001), 1);
        history_page_check(&page);
        assert_int_equal(history_page_checked(page.octets, &clean), page.length);
        assert_true(clean);
    }
    /* The end of the loop had the whole page. */
    memset(&other, 0, sizeof(other));
    assert_true(history_page_load(&other, whole.octets));
    page = whole;
    add(at(minute, START + 1200), 2);
    whole = page;
    page = other;
    add(at(minute, START + 1200), 2);
    assert_memory_equal(page.octets, whole.octets, HISTORY_PAGE_SIZE);
}

static void text_is_made_printable(void **state)
{
    struct history_record bad = event;
    struct history_page_walk walk;
    struct history_record r;

    strcpy(bad.u.event.text, "a\x1b[31m\nb");
    history_page_begin(&page, 0, START);
    add(bad, HISTORY_NO_SOURCE);
    history_page_check(&page);
    assert_true(history_page_walk_begin(&walk, page.octets));
    assert_true(history_page_walk_next(&walk, &r));
    assert_string_equal(r.u.event.text, "a?[31m?b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_record_comes_back),
        cmocka_unit_test(minute_in_which_nothing_changes_takes_six_octets),
        cmocka_unit_test(sample_takes_nine_octets),
        cmocka_unit_test(times_that_cannot_be_expressed_are_the_nearest),
        cmocka_unit_test(many_sources_in_a_page),
        cmocka_unit_test(page_that_is_full_stays_as_it_was),
        cmocka_unit_test(what_is_not_confirmed_does_not_count),
        cmocka_unit_test(damage_costs_only_what_follows_it),
        cmocka_unit_test(page_goes_on_after_its_last_good_record),
        cmocka_unit_test(text_is_made_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
