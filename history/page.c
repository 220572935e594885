/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See page.h. What does not change from minute to minute (rates, state, temperature) is not written
 * again, so a quiet clock takes 6 octets a minute. Whatever a page has changed by is made by the
 * same functions for writing and reading, at the end of each record.
 */
#include "history/page.h"

#include <math.h>
#include <string.h>
#include "base/text.h"
#include "base/wire.h"
#include "history/number.h"

#define PAGE_MAGIC  0x43485031 /* "CHP1" */
#define HEADER_SIZE 24
#define CHECK_SIZE  5
#define NO_MINUTE   (-1)

/* First octet of a record. */
enum tag {
    TAG_END = 0,
    TAG_CHECK = 1,
    TAG_SOURCE = 2,
    TAG_EVENT = 3,
    TAG_MINUTE = 0x40, /* and flags */
    TAG_SAMPLE = 0x80, /* and flag and index */
};

enum minute_flag {
    MINUTE_NEXT = 1,            /* 60 s after the last one, no time follows */
    MINUTE_RATES = 2,           /* frequency and skew follow */
    MINUTE_TEMPERATURE = 4,     /* it is known */
    MINUTE_NEW_TEMPERATURE = 8, /* it follows */
    MINUTE_STATE = 16,          /* state and selected source follow */
    MINUTE_FLAGS = 31,
};

#define SAMPLE_STATE       0x40 /* the state follows */
#define SAMPLE_FAR_INDEX   0x3f /* the index follows */
#define SOURCE_IS_REFCLOCK 1

/* What a record can express. */
static int64_t limit_time(int64_t time)
{
    return time < 0 ? 0 : time > HISTORY_MAX_TIME ? HISTORY_MAX_TIME : time;
}

/* ---- Header ---- */

void history_page_begin(struct history_page *page, uint64_t sequence, int64_t time)
{
    struct writer w = writer_make(page->octets, HEADER_SIZE);

    time = limit_time(time);
    memset(page->octets, 0, sizeof(page->octets));
    writer_u32(&w, PAGE_MAGIC);
    writer_u64(&w, sequence);
    writer_u64(&w, (uint64_t)time);
    writer_u32(&w, history_crc(0, page->octets, w.pos));
    page->sequence = sequence;
    page->length = page->checked = HEADER_SIZE;
    page->crc = history_crc(0, page->octets, HEADER_SIZE);
    page->context = (struct history_context){
        .time = time, .minute_time = NO_MINUTE, .selected = HISTORY_NO_SOURCE};
}

bool history_page_identify(const uint8_t octets[HISTORY_PAGE_SIZE], uint64_t *sequence,
                           int64_t *time)
{
    struct reader r = reader_make(octets, HEADER_SIZE);
    bool ok = reader_u32(&r) == PAGE_MAGIC;

    *sequence = reader_u64(&r);
    uint64_t base = reader_u64(&r);
    uint32_t crc = history_crc(0, octets, r.pos);
    *time = (int64_t)base;
    return ok && reader_u32(&r) == crc && *sequence <= HISTORY_MAX_SEQUENCE &&
           base <= (uint64_t)HISTORY_MAX_TIME;
}

int64_t history_page_base_time(const struct history_page *page)
{
    uint64_t sequence;
    int64_t time;

    history_page_identify(page->octets, &sequence, &time);
    return time;
}

/* ---- Reading ---- */

static void read_text(struct reader *r, char *text, size_t size)
{
    size_t length = reader_u8(r);

    text[0] = '\0';
    if (length >= size) {
        r->failed = true;
        return;
    }
    reader_bytes(r, text, length);
    text[length] = '\0';
    text_make_printable(text);
}

static int64_t read_time(struct reader *r, const struct history_context *context)
{
    int64_t time;

    if (__builtin_add_overflow(context->time, history_read_signed(r), &time) || time < 0 ||
        time > HISTORY_MAX_TIME) {
        r->failed = true;
        return 0;
    }
    return time;
}

static int read_index(struct reader *r, const struct history_context *context)
{
    uint64_t index = history_read_unsigned(r);

    if (index < (uint64_t)context->source_count)
        return (int)index;
    r->failed = true;
    return 0;
}

/* Index plus one; 0: none. */
static int read_optional_index(struct reader *r, const struct history_context *context)
{
    uint64_t number = history_read_unsigned(r);

    if (number > (uint64_t)context->source_count) {
        r->failed = true;
        return HISTORY_NO_SOURCE;
    }
    return (int)number - 1;
}

static void read_source(struct reader *r, struct history_context *context,
                        struct history_source *source)
{
    source->refclock = (reader_u8(r) & SOURCE_IS_REFCLOCK) != 0;
    read_text(r, source->name, sizeof(source->name));
    read_text(r, source->address, sizeof(source->address));
    if (context->source_count == HISTORY_PAGE_SOURCES)
        r->failed = true;
    else
        context->states[context->source_count++] = 0;
}

static void read_event(struct reader *r, struct history_context *context,
                       struct history_event *event)
{
    event->time = read_time(r, context);
    uint8_t kind = reader_u8(r);
    event->source = read_optional_index(r, context);
    uint64_t bits = reader_u64(r);
    memcpy(&event->value, &bits, sizeof(bits));
    read_text(r, event->text, sizeof(event->text));
    event->kind = kind;
    if (kind >= HISTORY_EVENT_KINDS)
        r->failed = true;
    context->time = event->time;
}

static void read_minute(struct reader *r, uint8_t flags, struct history_context *context,
                        struct history_minute *minute)
{
    minute->time = flags & MINUTE_NEXT ? context->minute_time + 60 : read_time(r, context);
    if ((flags & MINUTE_NEXT && context->minute_time == NO_MINUTE) ||
        minute->time > HISTORY_MAX_TIME)
        r->failed = true;
    if (flags & MINUTE_STATE) {
        uint8_t state = reader_u8(r);

        context->state = state;
        context->selected = read_optional_index(r, context);
        if (state > HISTORY_LOCAL)
            r->failed = true;
    }
    minute->state = context->state;
    minute->selected = context->selected;
    minute->offset = history_float24_value(history_read_u24(r));
    minute->bound = history_ufloat16_value(reader_u16(r));
    if (flags & MINUTE_RATES) {
        context->freq = history_read_u24(r);
        context->skew = reader_u16(r);
    }
    minute->freq_ppm = history_float24_value(context->freq);
    minute->skew_ppm = history_ufloat16_value(context->skew);
    if (flags & MINUTE_NEW_TEMPERATURE)
        context->temperature = history_read_u24(r);
    minute->temperature =
        flags & MINUTE_TEMPERATURE ? history_float24_value(context->temperature) : (double)NAN;
    context->time = context->minute_time = minute->time;
}

static void read_sample(struct reader *r, uint8_t tag, struct history_context *context,
                        struct history_sample *sample)
{
    int index = tag & SAMPLE_FAR_INDEX;

    if (index == SAMPLE_FAR_INDEX)
        index = read_index(r, context);
    sample->source = index;
    sample->time = read_time(r, context);
    if (index >= context->source_count) {
        r->failed = true;
        return;
    }
    if (tag & SAMPLE_STATE)
        context->states[index] = (char)(reader_u8(r) & 0x7f);
    sample->state = context->states[index];
    sample->offset = history_float24_value(history_read_u24(r));
    sample->delay = history_float16_value(reader_u16(r));
    sample->jitter = history_ufloat16_value(reader_u16(r));
    context->time = sample->time;
}

/* One record; of a check only the first octet. False: it is none. */
static bool read_record(struct reader *r, struct history_context *context,
                        struct history_record *record)
{
    uint8_t tag = reader_left(r) > 0 ? reader_u8(r) : TAG_END;

    memset(record, 0, sizeof(*record));
    if (tag & TAG_SAMPLE) {
        record->kind = HISTORY_RECORD_SAMPLE;
        read_sample(r, tag, context, &record->u.sample);
    } else if (tag & TAG_MINUTE) {
        record->kind = HISTORY_RECORD_MINUTE;
        read_minute(r, tag & MINUTE_FLAGS, context, &record->u.minute);
    } else if (tag == TAG_SOURCE) {
        record->kind = HISTORY_RECORD_SOURCE;
        read_source(r, context, &record->u.source);
    } else if (tag == TAG_EVENT) {
        record->kind = HISTORY_RECORD_EVENT;
        read_event(r, context, &record->u.event);
    } else {
        record->kind = tag == TAG_CHECK ? HISTORY_RECORD_CHECK : HISTORY_RECORD_END;
        r->failed |= tag > TAG_CHECK;
    }
    return !r->failed;
}

static bool is_zero(const uint8_t *p, size_t length)
{
    while (length > 0 && p[length - 1] == 0)
        length--;
    return length == 0;
}

size_t history_page_checked(const uint8_t octets[HISTORY_PAGE_SIZE], bool *clean)
{
    struct history_context context = {.minute_time = NO_MINUTE};
    struct reader r = reader_make(octets, HISTORY_PAGE_SIZE);
    struct history_record record;
    uint64_t sequence;
    size_t checked = HEADER_SIZE;

    *clean = false;
    if (!history_page_identify(octets, &sequence, &context.time))
        return 0;
    uint32_t crc = history_crc(0, octets, HEADER_SIZE);
    reader_skip(&r, HEADER_SIZE);
    while (read_record(&r, &context, &record) && record.kind != HISTORY_RECORD_END) {
        if (record.kind != HISTORY_RECORD_CHECK)
            continue;
        crc = history_crc(crc, octets + checked, r.pos - checked);
        if (reader_u32(&r) != crc)
            break;
        crc = history_crc(crc, octets + r.pos - 4, 4);
        checked = r.pos;
    }
    *clean = is_zero(octets + checked, HISTORY_PAGE_SIZE - checked);
    return checked;
}

bool history_page_walk_begin(struct history_page_walk *walk,
                             const uint8_t octets[HISTORY_PAGE_SIZE])
{
    uint64_t sequence;
    bool clean;

    *walk = (struct history_page_walk){
        .octets = octets,
        .pos = HEADER_SIZE,
        .end = history_page_checked(octets, &clean),
        .context = {.minute_time = NO_MINUTE, .selected = HISTORY_NO_SOURCE},
    };
    return walk->end > 0 && history_page_identify(octets, &sequence, &walk->context.time);
}

bool history_page_walk_next(struct history_page_walk *walk, struct history_record *record)
{
    struct reader r = reader_make(walk->octets, walk->end);

    reader_skip(&r, walk->pos);
    while (reader_left(&r) > 0 && read_record(&r, &walk->context, record)) {
        walk->pos = r.pos;
        if (record->kind != HISTORY_RECORD_CHECK)
            return true;
        reader_skip(&r, CHECK_SIZE - 1);
    }
    return false;
}

bool history_page_load(struct history_page *page, const uint8_t octets[HISTORY_PAGE_SIZE])
{
    struct history_page_walk walk;
    struct history_record record;
    int64_t time;

    if (!history_page_walk_begin(&walk, octets))
        return false;
    history_page_identify(octets, &page->sequence, &time);
    while (history_page_walk_next(&walk, &record))
        if (record.kind == HISTORY_RECORD_SOURCE)
            page->sources[walk.context.source_count - 1] = record.u.source;
    memset(page->octets, 0, sizeof(page->octets));
    memcpy(page->octets, octets, walk.end);
    page->length = page->checked = walk.end;
    page->crc = history_crc(0, octets, walk.end);
    page->context = walk.context;
    return true;
}

/* ---- Writing ---- */

static void write_text(struct writer *w, const char *text, size_t size)
{
    size_t length = strnlen(text, size - 1);

    writer_u8(w, (uint8_t)length);
    writer_bytes(w, text, length);
}

static void write_time(struct writer *w, struct history_context *context, int64_t time)
{
    history_write_signed(w, limit_time(time) - context->time);
    context->time = limit_time(time);
}

static void write_source(struct writer *w, const struct history_source *source)
{
    writer_u8(w, TAG_SOURCE);
    writer_u8(w, source->refclock ? SOURCE_IS_REFCLOCK : 0);
    write_text(w, source->name, sizeof(source->name));
    write_text(w, source->address, sizeof(source->address));
}

static void write_event(struct writer *w, struct history_context *context,
                        const struct history_event *event, int source)
{
    uint64_t bits;

    memcpy(&bits, &event->value, sizeof(bits));
    writer_u8(w, TAG_EVENT);
    write_time(w, context, event->time);
    writer_u8(w, (uint8_t)event->kind);
    history_write_unsigned(w, (uint64_t)(source + 1));
    writer_u64(w, bits);
    write_text(w, event->text, sizeof(event->text));
}

static void write_minute(struct writer *w, struct history_context *context,
                         const struct history_minute *minute, int selected)
{
    bool first = context->minute_time == NO_MINUTE;
    uint32_t freq = history_float24(minute->freq_ppm);
    uint16_t skew = history_ufloat16(minute->skew_ppm);
    uint32_t temperature = history_float24(minute->temperature);
    uint8_t flags = 0;

    if (!first && minute->time == context->minute_time + 60)
        flags |= MINUTE_NEXT;
    if (first || minute->state != context->state || selected != context->selected)
        flags |= MINUTE_STATE;
    if (first || freq != context->freq || skew != context->skew)
        flags |= MINUTE_RATES;
    if (!isnan(minute->temperature))
        flags |= MINUTE_TEMPERATURE;
    if (flags & MINUTE_TEMPERATURE && (first || temperature != context->temperature))
        flags |= MINUTE_NEW_TEMPERATURE;

    writer_u8(w, TAG_MINUTE | flags);
    if (!(flags & MINUTE_NEXT))
        write_time(w, context, minute->time);
    if (flags & MINUTE_STATE) {
        writer_u8(w, (uint8_t)minute->state);
        history_write_unsigned(w, (uint64_t)(selected + 1));
    }
    history_write_u24(w, history_float24(minute->offset));
    writer_u16(w, history_ufloat16(minute->bound));
    if (flags & MINUTE_RATES) {
        history_write_u24(w, freq);
        writer_u16(w, skew);
    }
    if (flags & MINUTE_NEW_TEMPERATURE) {
        history_write_u24(w, temperature);
        context->temperature = temperature;
    }
    context->freq = freq;
    context->skew = skew;
    context->state = minute->state;
    context->selected = selected;
    context->time = context->minute_time = limit_time(minute->time);
}

static void write_sample(struct writer *w, struct history_context *context,
                         const struct history_sample *sample, int source)
{
    bool far = source >= SAMPLE_FAR_INDEX, news = sample->state != context->states[source];

    writer_u8(
        w, (uint8_t)(TAG_SAMPLE | (news ? SAMPLE_STATE : 0) | (far ? SAMPLE_FAR_INDEX : source)));
    if (far)
        history_write_unsigned(w, (uint64_t)source);
    write_time(w, context, sample->time);
    if (news)
        writer_u8(w, (uint8_t)sample->state);
    history_write_u24(w, history_float24(sample->offset));
    writer_u16(w, history_float16(sample->delay));
    writer_u16(w, history_ufloat16(sample->jitter));
    context->states[source] = sample->state;
}

static bool is_same_source(const struct history_source *a, const struct history_source *b)
{
    return a->refclock == b->refclock && strcmp(a->name, b->name) == 0 &&
           strcmp(a->address, b->address) == 0;
}

/* The index of a source in the page, which has its record afterwards; false: no room. */
static bool find_source(struct history_page *page, struct writer *w,
                        const struct history_source *source, int *index)
{
    *index = HISTORY_NO_SOURCE;
    if (!source)
        return true;
    for (*index = 0; *index < page->context.source_count; ++*index)
        if (is_same_source(&page->sources[*index], source))
            return true;
    if (*index == HISTORY_PAGE_SOURCES)
        return false;
    write_source(w, source);
    page->sources[*index] = *source;
    page->context.states[*index] = 0;
    page->context.source_count++;
    return true;
}

bool history_page_add(struct history_page *page, const struct history_record *record,
                      const struct history_source *source)
{
    const struct history_context before = page->context;
    struct writer w = writer_make(page->octets, HISTORY_PAGE_SIZE - CHECK_SIZE);
    int index;

    if (page->length > w.size)
        return false;
    w.pos = page->length;
    bool ok = find_source(page, &w, source, &index);
    if (ok && record->kind == HISTORY_RECORD_EVENT)
        write_event(&w, &page->context, &record->u.event, index);
    else if (ok && record->kind == HISTORY_RECORD_MINUTE)
        write_minute(&w, &page->context, &record->u.minute, index);
    else if (ok)
        write_sample(&w, &page->context, &record->u.sample, index);
    if (ok && !w.failed) {
        page->length = w.pos;
        return true;
    }
    memset(page->octets + page->length, 0, HISTORY_PAGE_SIZE - page->length);
    page->context = before;
    return false;
}

void history_page_check(struct history_page *page)
{
    struct writer w = writer_make(page->octets, HISTORY_PAGE_SIZE);

    if (page->length == page->checked)
        return;
    w.pos = page->length;
    writer_u8(&w, TAG_CHECK);
    page->crc = history_crc(page->crc, page->octets + page->checked, w.pos - page->checked);
    writer_u32(&w, page->crc);
    page->crc = history_crc(page->crc, page->octets + w.pos - 4, 4);
    page->length = page->checked = w.pos;
}
