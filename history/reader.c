/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See reader.h. Pages are taken in the order of their sequence, which is that of writing, and each
 * record is put behind its kind. Then what a step of the clock has brought out of order is sorted
 * by time.
 */
#include "history/reader.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "history/file.h"
#include "history/page.h"

#define MAX_FILE_SIZE ((size_t)(HISTORY_MAX_PAGES + 1) * HISTORY_PAGE_SIZE)
#define LOAD_ATTEMPTS 3
/* Seconds between two minutes above which something is missing, and above which one of them is not
   believed. */
#define LONGEST_MINUTE 150.0
#define LONGEST_GAP    1e12

struct page_place {
    uint64_t sequence;
    const uint8_t *octets;
};

struct load {
    struct history *history;
    struct history_limits limits;
    struct page_place *pages; /* that begin as pages do */
    size_t page_count;
    /* Number of a source in the history plus one, by a hash of its identity. */
    uint32_t *table;
    size_t table_size;                 /* a power of two, or 0 */
    int sources[HISTORY_PAGE_SOURCES]; /* of the page that is read: their numbers */
    int source_count;
    int64_t last_minute; /* -1: none yet */
    double steps;        /* of the clock since then, s */
};

/* Room for one more in an array that grows by doubling. */
static void *grow(void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return items;
    return mem_resize(items, count > 0 ? 2 * count : 1, size);
}

/* ---- Sources ---- */

static size_t hash_source(const struct history_source *source)
{
    uint32_t hash = source->refclock;

    for (const char *p = source->name; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619;
    for (const char *p = source->address; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619;
    return hash ^ hash >> 15;
}

/* The place in the table of a source, or the free one where it belongs. */
static uint32_t *find_slot(const struct load *load, const struct history_source *source)
{
    for (size_t i = hash_source(source);; i++) {
        uint32_t *slot = &load->table[i & (load->table_size - 1)];

        if (*slot == 0)
            return slot;
        const struct history_source *other = &load->history->sources[*slot - 1];
        if (other->refclock == source->refclock && strcmp(other->name, source->name) == 0 &&
            strcmp(other->address, source->address) == 0)
            return slot;
    }
}

static void enlarge_table(struct load *load)
{
    load->table_size = load->table_size > 0 ? 2 * load->table_size : 64;
    free(load->table);
    load->table = mem_array(load->table_size, sizeof(*load->table));
    for (size_t i = 0; i < load->history->source_count; i++)
        *find_slot(load, &load->history->sources[i]) = (uint32_t)(i + 1);
}

static void take_source(struct load *load, const struct history_source *source)
{
    struct history *h = load->history;

    if (2 * h->source_count >= load->table_size)
        enlarge_table(load);
    uint32_t *slot = find_slot(load, source);
    if (*slot == 0) {
        h->sources = grow(h->sources, h->source_count, sizeof(*h->sources));
        h->sources[h->source_count++] = *source;
        *slot = (uint32_t)h->source_count;
    }
    load->sources[load->source_count++] = (int)(*slot - 1);
}

static int source_number(const struct load *load, int index)
{
    return index == HISTORY_NO_SOURCE ? HISTORY_NO_SOURCE : load->sources[index];
}

/* ---- Records ---- */

static bool is_wanted(const struct load *load, int64_t time)
{
    return time >= load->limits.since && time <= load->limits.until;
}

static void add_event(struct history *h, const struct history_event *event)
{
    h->events = grow(h->events, h->event_count, sizeof(*h->events));
    h->events[h->event_count++] = *event;
}

static void take_event(struct load *load, struct history_event *event)
{
    if (!isfinite(event->value))
        return;
    if (event->kind == HISTORY_EVENT_STEP)
        load->steps += event->value;
    event->source = source_number(load, event->source);
    if (is_wanted(load, event->time))
        add_event(load->history, event);
}

/* Notes the gap between the last minute and this one, if there is one. */
static void check_gap(struct load *load, int64_t time)
{
    double passed = (double)(time - load->last_minute) - load->steps;

    if (load->last_minute >= 0 && passed > LONGEST_MINUTE && passed < LONGEST_GAP) {
        struct history_event gap = {
            .time = time - (int64_t)passed,
            .kind = HISTORY_EVENT_GAP,
            .source = HISTORY_NO_SOURCE,
            .value = passed,
        };

        if (gap.time <= load->limits.until && time >= load->limits.since)
            add_event(load->history, &gap);
    }
    load->last_minute = time;
    load->steps = 0.0;
}

static void take_minute(struct load *load, struct history_minute *minute)
{
    struct history *h = load->history;

    check_gap(load, minute->time);
    minute->selected = source_number(load, minute->selected);
    if (!is_wanted(load, minute->time) || isnan(minute->offset) || isnan(minute->bound) ||
        isnan(minute->freq_ppm) || isnan(minute->skew_ppm))
        return;
    h->minutes = grow(h->minutes, h->minute_count, sizeof(*h->minutes));
    h->minutes[h->minute_count++] = *minute;
}

static void take_sample(struct load *load, struct history_sample *sample)
{
    struct history *h = load->history;

    sample->source = source_number(load, sample->source);
    if (!is_wanted(load, sample->time) || isnan(sample->offset) || isnan(sample->delay) ||
        isnan(sample->jitter))
        return;
    h->samples = grow(h->samples, h->sample_count, sizeof(*h->samples));
    h->samples[h->sample_count++] = *sample;
}

/* ---- Pages ---- */

static void take_page(struct load *load, const uint8_t *octets)
{
    struct history_page_walk walk;
    struct history_record record;

    load->source_count = 0;
    if (!history_page_walk_begin(&walk, octets))
        return;
    while (history_page_walk_next(&walk, &record)) {
        if (record.kind == HISTORY_RECORD_SOURCE)
            take_source(load, &record.u.source);
        else if (record.kind == HISTORY_RECORD_EVENT)
            take_event(load, &record.u.event);
        else if (record.kind == HISTORY_RECORD_MINUTE)
            take_minute(load, &record.u.minute);
        else
            take_sample(load, &record.u.sample);
    }
}

static int compare_pages(const void *a, const void *b)
{
    uint64_t x = ((const struct page_place *)a)->sequence;
    uint64_t y = ((const struct page_place *)b)->sequence;

    return (x > y) - (x < y);
}

static bool is_zero(const uint8_t *octets)
{
    return octets[0] == 0 && memcmp(octets, octets + 1, HISTORY_PAGE_SIZE - 1) == 0;
}

/* Finds the pages and counts those that are not as they should be. */
static void find_pages(struct load *load, const uint8_t *data, size_t count)
{
    struct history *h = load->history;

    load->pages = mem_array(count, sizeof(*load->pages));
    for (size_t i = 0; i < count; i++) {
        const uint8_t *octets = data + i * HISTORY_PAGE_SIZE;
        struct page_place *page = &load->pages[load->page_count];
        int64_t time;
        bool clean = false;

        page->octets = octets;
        if (is_zero(octets)) {
            h->empty_pages++;
        } else if (!history_page_identify(octets, &page->sequence, &time)) {
            h->bad_pages++;
        } else {
            history_page_checked(octets, &clean);
            h->bad_pages += !clean;
            load->page_count++;
        }
    }
    h->pages = count;
    qsort(load->pages, load->page_count, sizeof(*load->pages), compare_pages);
}

/* Pages that stand where they do not belong, or twice, are bad. */
static void drop_misplaced(struct load *load, const uint8_t *data, uint32_t pages)
{
    size_t kept = 0;

    for (size_t i = 0; i < load->page_count; i++) {
        const struct page_place *page = &load->pages[i];
        size_t place = 1 + (size_t)(page->octets - data) / HISTORY_PAGE_SIZE;
        bool twice = kept > 0 && load->pages[kept - 1].sequence == page->sequence;

        if (twice || (pages > 0 && place != history_file_place(page->sequence, pages)))
            load->history->bad_pages++;
        else
            load->pages[kept++] = *page;
    }
    load->page_count = kept;
}

/* ---- Order of time ---- */

struct time_place {
    int64_t time;
    size_t place;
};

static int compare_times(const void *a, const void *b)
{
    const struct time_place *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Sorts records, which begin with their time; those of the same time keep their order. */
static void *sort_by_time(void *items, size_t count, size_t size)
{
    const uint8_t *from = items;
    struct time_place *order = mem_array(count, sizeof(*order));
    bool sorted = true;

    for (size_t i = 0; i < count; i++) {
        memcpy(&order[i].time, from + i * size, sizeof(order[i].time));
        order[i].place = i;
        sorted = sorted && (i == 0 || order[i].time >= order[i - 1].time);
    }
    if (!sorted) {
        uint8_t *to = mem_array(count, size);

        qsort(order, count, sizeof(*order), compare_times);
        for (size_t i = 0; i < count; i++)
            memcpy(to + i * size, from + order[i].place * size, size);
        free(items);
        items = to;
    }
    free(order);
    return items;
}

_Static_assert(offsetof(struct history_minute, time) == 0 &&
                   offsetof(struct history_sample, time) == 0 &&
                   offsetof(struct history_event, time) == 0,
               "sort_by_time() finds the time at the beginning");

/* ---- Files ---- */

static enum history_result load_pages(struct load *load, const uint8_t *data, size_t count)
{
    struct history *h = load->history;
    uint32_t pages;

    enum history_file_kind kind = history_file_check(data, &pages);
    if (kind == HISTORY_FILE_OTHER_VERSION)
        return HISTORY_OTHER_VERSION;
    find_pages(load, data + HISTORY_PAGE_SIZE, count - 1);
    if (kind == HISTORY_FILE_DAMAGED && load->page_count == 0)
        return HISTORY_NOT_A_HISTORY;
    drop_misplaced(load, data + HISTORY_PAGE_SIZE, pages);
    h->bad_pages += kind == HISTORY_FILE_DAMAGED;
    for (size_t i = 0; i < load->page_count; i++)
        take_page(load, load->pages[i].octets);
    h->minutes = sort_by_time(h->minutes, h->minute_count, sizeof(*h->minutes));
    h->samples = sort_by_time(h->samples, h->sample_count, sizeof(*h->samples));
    h->events = sort_by_time(h->events, h->event_count, sizeof(*h->events));
    return HISTORY_READ;
}

enum history_result history_parse(const void *data, size_t size,
                                  const struct history_limits *limits, struct history *history)
{
    const struct history_limits all = {INT64_MIN, INT64_MAX};
    struct load load = {.history = history, .limits = limits ? *limits : all, .last_minute = -1};
    size_t count = size / HISTORY_PAGE_SIZE + (size % HISTORY_PAGE_SIZE > 0);

    *history = (struct history){0};
    if (count == 0 || size > MAX_FILE_SIZE)
        return HISTORY_NOT_A_HISTORY;
    /* The last page may be cut off. */
    uint8_t *copy = mem_array(count, HISTORY_PAGE_SIZE);
    memcpy(copy, data, size);
    enum history_result result = load_pages(&load, copy, count);
    if (result != HISTORY_READ) {
        history_free(history);
        *history = (struct history){0};
    }
    free(copy);
    free(load.pages);
    free(load.table);
    return result;
}

/* All octets of a file, but not more than a history can have. NULL with errno set. */
static uint8_t *read_all(const char *path, size_t *size)
{
    FILE *f = file_open_read(path);
    uint8_t *data = NULL;
    size_t capacity = 0;

    if (!f)
        return NULL;
    for (*size = 0; !feof(f) && !ferror(f) && *size <= MAX_FILE_SIZE;) {
        if (*size == capacity) {
            capacity = capacity > 0 ? 2 * capacity : (size_t)1 << 21;
            data = mem_resize(data, capacity, 1);
        }
        *size += fread(data + *size, 1, capacity - *size, f);
    }
    int error = ferror(f) ? errno : 0;
    fclose(f);
    if (error == 0)
        return data;
    free(data);
    errno = error;
    return NULL;
}

enum history_result history_load(const char *path, const struct history_limits *limits,
                                 struct history *history)
{
    enum history_result result = HISTORY_UNREADABLE;

    *history = (struct history){0};
    for (int attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
        size_t size;
        uint8_t *data = read_all(path, &size);

        history_free(history);
        *history = (struct history){0};
        if (!data)
            return HISTORY_UNREADABLE;
        result = history_parse(data, size, limits, history);
        free(data);
        if (result != HISTORY_READ || history->bad_pages == 0)
            break;
    }
    return result;
}

void history_free(struct history *history)
{
    free(history->minutes);
    free(history->sources);
    free(history->samples);
    free(history->events);
}
