/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout of the time page, its two places, and what a reader makes of it. The layout is the
 * order of the calls in walk(): each takes one or two fields of 64 bits. Called by the writer in
 * the main process (chronyd/time_page_writer.h) and by server workers. It owns no memory and no
 * descriptor.
 */
#include "ntp/server/time_page.h"

#include <math.h>
#include <string.h>
#include "base/number.h"
#include "base/sync_status.h"

#define MAX_FIELDS 80
/* Places of two fields, for who needs only these. */
#define FIELD_FLAGS   4
#define FIELD_STEPPED 14
#define MAX_TRIES     100
#define NS            1000000000
#define MAX_SECONDS   (INT64_C(1) << 33) /* of an instant: nanoseconds fit into 64 bits */
/* A clock whose readings differ by more from what the page says was set by somebody else, or the
   machine slept: the main process finds that out at its next wake-up. */
#define MAX_JUMP_NS       NS
#define MIN_PRECISION_LOG (-30)
#define UNKNOWN_PRECISION (-20)

/* ---- Layout ---- */

/* Takes fields one after another: from the struct, or into it. */
struct cursor {
    uint64_t *fields;
    size_t count;
    bool writes; /* fields, from the struct */
    bool bad;    /* a field that cannot be */
};

static void bits(struct cursor *c, uint64_t *value)
{
    if (c->writes)
        c->fields[c->count] = *value;
    else
        *value = c->fields[c->count];
    c->count++;
}

static void integer(struct cursor *c, int64_t *value)
{
    uint64_t v = (uint64_t)*value;

    bits(c, &v);
    *value = (int64_t)v;
}

static void small(struct cursor *c, int *value, int min, int max)
{
    int64_t v = *value;

    integer(c, &v);
    c->bad |= v < min || v > max;
    *value = v < min ? min : v > max ? max : (int)v;
}

static void flag(struct cursor *c, bool *value)
{
    int v = *value;

    small(c, &v, 0, 1);
    *value = v != 0;
}

static void two_words(struct cursor *c, uint32_t *high, uint32_t *low)
{
    uint64_t v = (uint64_t)*high << 32 | *low;

    bits(c, &v);
    *high = (uint32_t)(v >> 32);
    *low = (uint32_t)v;
}

static void ntp_time(struct cursor *c, struct ntp_time *value)
{
    two_words(c, &value->hi, &value->lo);
}

static void real(struct cursor *c, double *value)
{
    uint64_t v;

    memcpy(&v, value, sizeof(v));
    bits(c, &v);
    memcpy(value, &v, sizeof(v));
    c->bad |= isnan(*value);
}

static void instant(struct cursor *c, struct instant *value)
{
    int nsec = value->nsec;

    integer(c, &value->sec);
    small(c, &nsec, 0, NS - 1);
    value->nsec = nsec;
    if (value->sec < -MAX_SECONDS || value->sec > MAX_SECONDS) {
        c->bad = true;
        value->sec = 0;
    }
}

static void header(struct cursor *c, struct time_page_lines *l)
{
    uint32_t low =
        (uint32_t)l->leap | (uint32_t)l->stratum << 8 | (uint32_t)(uint8_t)l->precision << 16;

    two_words(c, &l->refid, &low);
    l->leap = (uint8_t)low;
    l->stratum = (uint8_t)(low >> 8);
    l->precision = (int8_t)(uint8_t)(low >> 16);
    two_words(c, &l->root_delay, &l->root_dispersion);
    ntp_time(c, &l->reference);
}

static void lines(struct cursor *c, struct time_page_lines *l)
{
    uint32_t unused = 0;

    integer(c, &l->mono_ns);
    integer(c, &l->valid_until_ns);
    integer(c, &l->real_minus_mono_ns);
    integer(c, &l->changing_since_ns);
    two_words(c, &unused, &l->flags);
    integer(c, &l->utc_ns);
    integer(c, &l->utc_rate);
    integer(c, &l->bound_ns);
    integer(c, &l->bound_growth);
    ntp_time(c, &l->served_ntp);
    integer(c, &l->served_rate);
    header(c, l);
}

static void reference(struct cursor *c, struct reference_view *r)
{
    flag(c, &r->synchronised);
    small(c, &r->leap, LEAP_NORMAL, LEAP_UNSYNC);
    small(c, &r->stratum, 0, INT16_MAX);
    uint32_t unused = 0;
    two_words(c, &unused, &r->refid);
    instant(c, &r->ref_time.i);
    real(c, &r->root_delay);
    real(c, &r->root_dispersion);
    real(c, &r->rate);
    real(c, &r->wander);
    flag(c, &r->local.enabled);
    flag(c, &r->local.activated);
    small(c, &r->local.stratum, 0, NTP_MAX_STRATUM);
    real(c, &r->local.activate);
    real(c, &r->local.distance);
    real(c, &r->local.wait_synced);
    flag(c, &r->local.waited_unsynced);
    instant(c, &r->local.ref_time.i);
}

static void smoothing(struct cursor *c, struct smoothing_view *s)
{
    flag(c, &s->enabled);
    instant(c, &s->last_update.i);
    real(c, &s->curve.offset);
    real(c, &s->curve.freq);
    for (int i = 0; i < 3; i++) {
        real(c, &s->curve.stages[i].wander);
        real(c, &s->curve.stages[i].length);
    }
}

static void walk(struct cursor *c, struct time_page_content *p)
{
    lines(c, &p->lines);
    integer(c, &p->stepped_ns);
    instant(c, &p->raw.i);
    instant(c, &p->scale.start.i);
    real(c, &p->scale.freq);
    real(c, &p->scale.offset);
    real(c, &p->scale.error);
    real(c, &p->scale.error_length);
    reference(c, &p->reference);
    smoothing(c, &p->smoothing);
    small(c, &p->precision_log, MIN_PRECISION_LOG, 0);
    real(c, &p->quantum);
    flag(c, &p->leap_is_slewed);
    flag(c, &p->add_net_correction);
    real(c, &p->mono.shift);
    uint32_t unused = 0;
    two_words(c, &unused, &p->mono.epoch);
}

int64_t time_page_ns(struct instant t)
{
    int64_t sec = t.sec < -MAX_SECONDS ? -MAX_SECONDS : t.sec > MAX_SECONDS ? MAX_SECONDS : t.sec;

    return sec * NS + t.nsec;
}

/* ---- Writing and reading ---- */

/* How many words so many fields are. */
static size_t words_of(size_t fields)
{
    return fields * sizeof(uint64_t) / sizeof(time_page_word);
}

void time_page_init(struct time_page *page)
{
    for (size_t i = 0; i < 2 * TIME_PAGE_WORDS; i++)
        atomic_store_explicit(&page->words[i / TIME_PAGE_WORDS][i % TIME_PAGE_WORDS], 0,
                              memory_order_relaxed);
    atomic_store_explicit(&page->sequence, 0, memory_order_relaxed);
    atomic_store_explicit(&page->version, TIME_PAGE_VERSION, memory_order_relaxed);
    atomic_store_explicit(&page->magic, TIME_PAGE_MAGIC, memory_order_release);
}

static void store(struct time_page *page, const uint64_t *fields, size_t count)
{
    time_page_word words[MAX_FIELDS * sizeof(uint64_t) / sizeof(time_page_word)];
    const uint32_t next = atomic_load_explicit(&page->sequence, memory_order_relaxed) + 1;

    memcpy(words, fields, count * sizeof(*fields));
    for (size_t i = 0; i < words_of(count); i++)
        atomic_store_explicit(&page->words[next % 2][i], words[i], memory_order_release);
    /* What comes after this, such as a step of the clock, is not seen before it. */
    atomic_store_explicit(&page->sequence, next, memory_order_seq_cst);
}

void time_page_write(struct time_page *page, const struct time_page_content *content)
{
    struct time_page_content copy = *content;
    uint64_t fields[MAX_FIELDS];
    struct cursor c = {.fields = fields, .writes = true};

    walk(&c, &copy);
    store(page, fields, c.count);
}

void time_page_close(struct time_page *page)
{
    const struct time_page_content none = {0};

    time_page_write(page, &none);
}

/* False: the contents were replaced meanwhile. */
static bool load(const struct time_page *page, uint64_t *fields, size_t count)
{
    time_page_word words[MAX_FIELDS * sizeof(uint64_t) / sizeof(time_page_word)];
    const uint32_t sequence = atomic_load_explicit(&page->sequence, memory_order_acquire);

    for (size_t i = 0; i < words_of(count); i++)
        words[i] = atomic_load_explicit(&page->words[sequence % 2][i], memory_order_acquire);
    if (atomic_load_explicit(&page->sequence, memory_order_acquire) != sequence)
        return false;
    memcpy(fields, words, count * sizeof(*fields));
    return true;
}

bool time_page_read_content(const struct time_page *page, struct time_page_content *content)
{
    struct time_page_content decoded = {0};
    uint64_t fields[MAX_FIELDS] = {0};
    struct cursor c = {.fields = fields, .writes = true};
    int tries = 0;

    if (atomic_load_explicit(&page->magic, memory_order_acquire) != TIME_PAGE_MAGIC ||
        atomic_load_explicit(&page->version, memory_order_relaxed) != TIME_PAGE_VERSION)
        return false;
    walk(&c, &decoded);
    while (!load(page, fields, c.count))
        if (++tries >= MAX_TRIES)
            return false;
    c = (struct cursor){.fields = fields};
    walk(&c, &decoded);
    if (c.bad || decoded.lines.valid_until_ns == 0)
        return false;
    *content = decoded;
    return true;
}

bool time_page_stepped_since(const struct time_page *page, struct mono_time mono)
{
    uint64_t fields[FIELD_STEPPED + 1];

    for (int i = 0; i < MAX_TRIES; i++)
        if (load(page, fields, COUNT(fields)))
            return (fields[FIELD_FLAGS] & TIME_PAGE_STEPPING) != 0 ||
                   time_page_ns(mono.i) < (int64_t)fields[FIELD_STEPPED];
    return true;
}

/* ---- What a reader makes of it ---- */

static struct transmit_time unsynchronised(struct raw_time raw)
{
    return (struct transmit_time){
        .event_time = {raw.i},
        .reference =
            {
                .leap = LEAP_UNSYNC,
                .stratum = NTP_MAX_STRATUM,
                .root_delay = REFERENCE_UNKNOWN_DISTANCE,
                .root_dispersion = REFERENCE_UNKNOWN_DISTANCE,
            },
        .precision_log = UNKNOWN_PRECISION,
        .quantum = log2_to_seconds(UNKNOWN_PRECISION),
    };
}

/* Whether the contents say something about these readings of the clocks. */
static bool is_valid(const struct time_page_content *p, int64_t mono, int64_t raw)
{
    const struct time_page_lines *l = &p->lines;
    const uint64_t was = (uint64_t)l->real_minus_mono_ns;
    const int64_t jump = (int64_t)((uint64_t)raw - (uint64_t)mono - was);

    return mono >= p->stepped_ns && mono <= l->valid_until_ns &&
           (l->flags & TIME_PAGE_STEPPING) == 0 && jump <= MAX_JUMP_NS && jump >= -MAX_JUMP_NS;
}

struct transmit_time time_page_time_at(const struct time_page_content *p, struct raw_time raw)
{
    struct local_time now = clock_scale_cook(&p->scale, raw, NULL);
    struct transmit_time time = {
        .scale = p->scale,
        .event_time = now,
        .precision_log = p->precision_log,
        .quantum = p->quantum,
        .smoothing = p->smoothing.enabled,
        .smoothing_offset = smoothing_view_offset(&p->smoothing, now),
        .leap_is_slewed = p->leap_is_slewed,
        .add_net_correction = p->add_net_correction,
        .mono = p->mono,
    };

    reference_view_get(&p->reference, now, &time.reference);
    return time;
}

bool time_page_read(const struct time_page *page, struct mono_time mono, struct raw_time raw,
                    struct transmit_time *time)
{
    struct time_page_content content;
    bool valid = time_page_read_content(page, &content) &&
                 is_valid(&content, time_page_ns(mono.i), time_page_ns(raw.i));

    *time = valid ? time_page_time_at(&content, raw) : unsynchronised(raw);
    return valid;
}
