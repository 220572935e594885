/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a history file that is whole, cut off, damaged, of another version, or none
 * (history.md 4).
 */
#include "test/unit/support/unit.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "history/file.h"
#include "history/number.h"
#include "history/reader.h"
#include "test/unit/support/history.h"

#define START 1800000000

static struct history_image image;
static struct history h;

static int set_up(void **state)
{
    history_image_init(&image, 20);
    return 0;
}

static int tear_down(void **state)
{
    history_image_free(&image);
    history_free(&h);
    h = (struct history){0};
    return 0;
}

static enum history_result parse(size_t size)
{
    history_free(&h);
    return history_parse(image.data, size, NULL, &h);
}

static size_t count_gaps(void)
{
    size_t count = 0;

    for (size_t i = 0; i < h.event_count; i++)
        count += h.events[i].kind == HISTORY_EVENT_GAP;
    return count;
}

static void file_of_several_pages(void **state)
{
    history_image_fill(&image, START, 1000);
    assert_int_equal(parse(image.size), HISTORY_READ);
    assert_int_equal(h.minute_count, 1000);
    assert_int_equal(h.sample_count, 1000);
    assert_int_equal(h.event_count, 0);
    assert_int_equal(h.source_count, 4);
    assert_int_equal(h.pages, image.size / HISTORY_PAGE_SIZE - 1);
    assert_true(h.pages > 3 && h.bad_pages == 0 && h.empty_pages == 0);
    for (int i = 0; i < 1000; i++) {
        assert_true(h.minutes[i].time == START + 60 * i && h.minutes[i].selected == 0);
        assert_true(h.samples[i].time == START + 60 * i + 20 && h.samples[i].source == i % 4);
        assert_int_equal(h.samples[i].state, i % 4 == 0 ? '*' : '+');
    }
    assert_string_equal(h.sources[1].name, "ntp1.example.net");
    assert_string_equal(h.sources[1].address, "192.0.2.2");
    assert_true(h.sources[3].refclock && !h.sources[1].refclock);
}

static void ring_that_went_round_has_the_newest_pages(void **state)
{
    history_image_fill(&image, START, 10000);
    assert_int_equal(image.size, 21 * HISTORY_PAGE_SIZE);
    assert_int_equal(parse(image.size), HISTORY_READ);
    assert_true(h.pages == 20 && h.bad_pages == 0);
    assert_true(h.minutes[h.minute_count - 1].time == START + 60 * 9999);
    for (size_t i = 1; i < h.minute_count; i++)
        assert_true(h.minutes[i].time == h.minutes[i - 1].time + 60);
    assert_between((double)h.minute_count, 2500, 5000);
    assert_int_equal(count_gaps(), 0);
}

static void limits_of_time(void **state)
{
    const struct history_limits limits = {START + 600, START + 1200};

    history_image_fill(&image, START, 100);
    history_image_fill(&image, START + 100 * 60 + 86400, 10);
    assert_int_equal(history_parse(image.data, image.size, &limits, &h), HISTORY_READ);
    assert_int_equal(h.minute_count, 11);
    assert_int_equal(h.sample_count, 10);
    assert_int_equal(h.event_count, 0);
    history_free(&h);

    /* In the middle of a gap. */
    const struct history_limits inside = {START + 50000, START + 60000};
    assert_int_equal(history_parse(image.data, image.size, &inside, &h), HISTORY_READ);
    assert_int_equal(h.minute_count, 0);
    assert_int_equal(h.event_count, 1);
    assert_true(h.events[0].kind == HISTORY_EVENT_GAP && h.events[0].time == START + 99 * 60 &&
                h.events[0].value == 86460.0);
}

static void step_is_no_gap_and_records_are_sorted(void **state)
{
    history_image_fill(&image, START, 10);
    history_image_event(&image, START + 10 * 60 + 7200, HISTORY_EVENT_STEP, 7200.0, "");
    history_image_fill(&image, START + 10 * 60 + 7200, 10);
    assert_int_equal(parse(image.size), HISTORY_READ);
    assert_int_equal(count_gaps(), 0);

    history_image_event(&image, START + 300, HISTORY_EVENT_STEP, -7500.0 - 600.0, "");
    history_image_fill(&image, START + 300, 10);
    assert_int_equal(parse(image.size), HISTORY_READ);
    assert_int_equal(count_gaps(), 0);
    assert_int_equal(h.minute_count, 30);
    for (size_t i = 1; i < h.minute_count; i++)
        assert_true(h.minutes[i].time >= h.minutes[i - 1].time);
    for (size_t i = 1; i < h.sample_count; i++)
        assert_true(h.samples[i].time >= h.samples[i - 1].time);
    assert_true(h.event_count == 2 && h.events[0].value < 0 && h.events[1].value == 7200.0);
}

static void values_that_are_none_are_left_out(void **state)
{
    struct history_record bad = {
        .kind = HISTORY_RECORD_SAMPLE,
        .u.sample = {.time = START, .state = '+', .offset = NAN},
    };
    const struct history_source source = history_image_source(1);

    history_image_add(&image, &bad, &source);
    history_image_event(&image, START, HISTORY_EVENT_STEP, INFINITY, "");
    history_image_event(&image, START, HISTORY_EVENT_STEP, -1e300, "");
    history_image_fill(&image, START, 10);
    assert_int_equal(parse(image.size), HISTORY_READ);
    assert_int_equal(h.sample_count, 10);
    assert_int_equal(h.event_count, 1);
}

/* The file is cut at each octet of its last two pages. */
static void file_that_is_cut_off_has_what_stands_before(void **state)
{
    history_image_fill(&image, START, 400);
    size_t from = image.size - 2 * HISTORY_PAGE_SIZE, last_count = 0;

    for (size_t size = from; size <= image.size; size++) {
        assert_int_equal(parse(size), HISTORY_READ);
        assert_true(h.minute_count >= last_count && count_gaps() == 0);
        last_count = h.minute_count;
        for (size_t i = 0; i < h.minute_count; i++)
            assert_true(h.minutes[i].time == START + 60 * (int64_t)i);
    }
    assert_int_equal(last_count, 400);
}

/* One octet is damaged, at each place of the last two pages. */
static void damaged_file_has_the_rest(void **state)
{
    history_image_fill(&image, START, 400);
    assert_int_equal(parse(image.size), HISTORY_READ);
    size_t used = image.size - HISTORY_PAGE_SIZE + image.page.length;

    for (size_t i = image.size - 2 * HISTORY_PAGE_SIZE; i < used; i++) {
        image.data[i] ^= 0x10;
        assert_int_equal(parse(image.size), HISTORY_READ);
        assert_true(h.bad_pages == 1 && h.minute_count > 100);
        /* The end of a page that is full has no record. */
        assert_true(h.minute_count + h.sample_count < 800 ||
                    i % HISTORY_PAGE_SIZE > HISTORY_PAGE_SIZE - 50);
        assert_true(count_gaps() <= 1);
        image.data[i] ^= 0x10;
    }
}

static void damage_of_the_first_page_costs_nothing(void **state)
{
    history_image_fill(&image, START, 300);
    for (size_t i = 0; i < 32; i++) {
        image.data[i] ^= 0x40;
        assert_int_equal(parse(image.size), HISTORY_READ);
        assert_true(h.minute_count == 300 && h.bad_pages == 1);
        image.data[i] ^= 0x40;
    }
}

static void pages_that_are_out_of_place_are_bad(void **state)
{
    history_image_fill(&image, START, 600);
    memcpy(image.data + 3 * HISTORY_PAGE_SIZE, image.data + 2 * HISTORY_PAGE_SIZE,
           HISTORY_PAGE_SIZE);
    assert_int_equal(parse(image.size), HISTORY_READ);
    assert_true(h.bad_pages == 1 && count_gaps() == 1);
    memset(image.data + 3 * HISTORY_PAGE_SIZE, 0, HISTORY_PAGE_SIZE);
    assert_int_equal(parse(image.size), HISTORY_READ);
    assert_true(h.bad_pages == 0 && h.empty_pages == 1 && count_gaps() == 1);
}

static void other_version(void **state)
{
    struct writer w = writer_make(image.data, 32);

    history_image_fill(&image, START, 10);
    w = writer_make(image.data, 32);
    w.pos = 16;
    writer_u32(&w, 2);
    w.pos = 28;
    writer_u32(&w, history_crc(0, image.data, 28));
    assert_int_equal(parse(image.size), HISTORY_OTHER_VERSION);
    assert_true(!h.minutes && h.minute_count == 0 && h.pages == 0);
}

static void what_is_no_history(void **state)
{
    char text[10000];

    memset(text, 'x', sizeof(text));
    assert_int_equal(history_parse(text, sizeof(text), NULL, &h), HISTORY_NOT_A_HISTORY);
    assert_int_equal(history_parse(text, 3, NULL, &h), HISTORY_NOT_A_HISTORY);
    assert_int_equal(history_parse("", 0, NULL, &h), HISTORY_NOT_A_HISTORY);
    assert_true(!h.minutes && h.pages == 0);
}

static void files_on_disk(void **state)
{
    char path[] = "/tmp/history.XXXXXX";
    int fd = mkstemp(path);

    history_image_fill(&image, START, 400);
    assert_true(write(fd, image.data, image.size) == (ssize_t)image.size);
    assert_int_equal(history_load(path, NULL, &h), HISTORY_READ);
    assert_int_equal(h.minute_count, 400);
    history_free(&h);
    close(fd);
    unlink(path);
    assert_int_equal(history_load(path, NULL, &h), HISTORY_UNREADABLE);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(history_load("/tmp", NULL, &h), HISTORY_UNREADABLE);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(history_load("/dev/null", NULL, &h), HISTORY_NOT_A_HISTORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(file_of_several_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ring_that_went_round_has_the_newest_pages, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(limits_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(step_is_no_gap_and_records_are_sorted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_that_are_none_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_that_is_cut_off_has_what_stands_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(damaged_file_has_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_of_the_first_page_costs_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_that_are_out_of_place_are_bad, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_history, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_on_disk, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
