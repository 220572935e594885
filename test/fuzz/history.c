/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * History files: whole ones, and the records of a page, which get right checksums here.
 */
#include <math.h>
#include <string.h>
#include "history/file.h"
#include "history/page.h"
#include "history/reader.h"
#include "test/fuzz/support.h"

static uint8_t file[2 * HISTORY_PAGE_SIZE];
static struct history_page page;

static void check_source(const struct history *h, int source)
{
    assert(source == HISTORY_NO_SOURCE || (source >= 0 && (size_t)source < h->source_count));
}

static void check(const struct history *h)
{
    for (size_t i = 0; i < h->source_count; i++)
        assert(memchr(h->sources[i].name, '\0', sizeof(h->sources[i].name)) &&
               memchr(h->sources[i].address, '\0', sizeof(h->sources[i].address)));
    for (size_t i = 0; i < h->minute_count; i++) {
        const struct history_minute *m = &h->minutes[i];

        check_source(h, m->selected);
        assert(i == 0 || m->time >= h->minutes[i - 1].time);
        assert(isfinite(m->offset) && m->bound >= 0.0 && isfinite(m->freq_ppm));
    }
    for (size_t i = 0; i < h->sample_count; i++) {
        const struct history_sample *s = &h->samples[i];

        assert(s->source >= 0);
        check_source(h, s->source);
        assert(i == 0 || s->time >= h->samples[i - 1].time);
        assert(isfinite(s->offset) && isfinite(s->delay) && s->jitter >= 0.0);
    }
    for (size_t i = 0; i < h->event_count; i++) {
        const struct history_event *e = &h->events[i];

        check_source(h, e->source);
        assert(i == 0 || e->time >= h->events[i - 1].time);
        assert(e->kind >= 0 && e->kind < HISTORY_EVENT_KINDS && isfinite(e->value));
        assert(memchr(e->text, '\0', sizeof(e->text)));
    }
    assert(h->bad_pages + h->empty_pages <= h->pages + 1);
}

static void parse(const uint8_t *data, size_t size)
{
    struct history history;

    if (history_parse(data, size, NULL, &history) == HISTORY_READ)
        check(&history);
    history_free(&history);
}

/* A page that was read can be continued, and is right then. */
static void go_on(const uint8_t octets[HISTORY_PAGE_SIZE])
{
    static struct history_page next;
    const struct history_source source = {.name = "source"};
    const struct history_record record = {
        .kind = HISTORY_RECORD_SAMPLE,
        .u.sample = {.time = FUZZ_TIME, .state = '*'},
    };
    bool clean;

    if (!history_page_load(&next, octets))
        return;
    size_t before = next.length;
    history_page_add(&next, &record, &source);
    history_page_check(&next);
    assert(next.length >= before && next.length <= HISTORY_PAGE_SIZE);
    assert(history_page_checked(next.octets, &clean) == next.length && clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size);
    history_page_begin(&page, 0, FUZZ_TIME);
    size_t room = HISTORY_PAGE_SIZE - page.length - 5;
    memcpy(page.octets + page.length, data, size < room ? size : room);
    page.length += size < room ? size : room;
    history_page_check(&page);
    history_file_header(file, HISTORY_MIN_PAGES);
    memcpy(file + HISTORY_PAGE_SIZE, page.octets, HISTORY_PAGE_SIZE);
    parse(file, sizeof(file));
    go_on(page.octets);
    return 0;
}
