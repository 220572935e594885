/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See history.h: figures that repeat themselves, so that a test can say what it expects of them.
 */
#include "test/unit/support/history.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "history/file.h"

/* Copies the page to its place. */
static void put_page(struct history_image *image)
{
    size_t end =
        (history_file_place(image->page.sequence, image->pages) + 1) * (size_t)HISTORY_PAGE_SIZE;

    if (end > image->size) {
        image->data = mem_resize(image->data, end, 1);
        image->size = end;
    }
    memcpy(image->data + end - HISTORY_PAGE_SIZE, image->page.octets, HISTORY_PAGE_SIZE);
}

void history_image_init(struct history_image *image, uint32_t pages)
{
    memset(image, 0, sizeof(*image));
    image->pages = pages;
    image->size = HISTORY_PAGE_SIZE;
    image->data = mem_alloc(HISTORY_PAGE_SIZE);
    history_file_header(image->data, pages);
}

void history_image_free(struct history_image *image)
{
    free(image->data);
}

void history_image_add(struct history_image *image, const struct history_record *record,
                       const struct history_source *source)
{
    struct history_page *page = &image->page;

    if (image->size == HISTORY_PAGE_SIZE)
        history_page_begin(page, 0, record->u.event.time);
    if (!history_page_add(page, record, source)) {
        history_page_begin(page, page->sequence + 1, record->u.event.time);
        history_page_add(page, record, source);
    }
    history_page_check(page);
    put_page(image);
}

struct history_source history_image_source(int number)
{
    struct history_source source = {.refclock = number == 3};

    snprintf(source.name, sizeof(source.name), "ntp%d.example.net", number);
    snprintf(source.address, sizeof(source.address), "192.0.2.%d", number + 1);
    return source;
}

void history_image_minute(struct history_image *image, int64_t time, int source)
{
    const struct history_source identity = history_image_source(source);
    struct history_record record = {
        .kind = HISTORY_RECORD_MINUTE,
        .u.minute =
            {
                .time = time,
                .state =
                    source == HISTORY_NO_SOURCE ? HISTORY_UNSYNCHRONISED : HISTORY_SYNCHRONISED,
                .offset = 1e-6 * (double)(time % 1000),
                .bound = 0.01,
                .freq_ppm = -15.0 + 0.01 * (double)(time / 300 % 100),
                .skew_ppm = 0.02,
                .temperature = time % 7200 < 3600 ? 45.5 + (double)(time / 600 % 10) : (double)NAN,
            },
    };

    history_image_add(image, &record, source == HISTORY_NO_SOURCE ? NULL : &identity);
}

void history_image_sample(struct history_image *image, int64_t time, int source)
{
    const struct history_source identity = history_image_source(source);
    const struct history_record record = {
        .kind = HISTORY_RECORD_SAMPLE,
        .u.sample =
            {
                .time = time,
                .state = source == 0 ? '*' : '+',
                .offset = -1e-5 * source + 1e-7 * (double)(time % 100),
                .delay = 0.02,
                .jitter = 5e-6,
            },
    };

    history_image_add(image, &record, &identity);
}

void history_image_event(struct history_image *image, int64_t time, enum history_event_kind kind,
                         double value, const char *text)
{
    struct history_record record = {
        .kind = HISTORY_RECORD_EVENT,
        .u.event = {.time = time, .kind = kind, .value = value},
    };

    text_copy(record.u.event.text, sizeof(record.u.event.text), text);
    history_image_add(image, &record, NULL);
}

void history_image_fill(struct history_image *image, int64_t time, int count)
{
    for (int i = 0; i < count; i++, time += 60) {
        history_image_minute(image, time, 0);
        history_image_sample(image, time + 20, i % 4);
    }
}
