/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures of a period. A record stands for the time since the one before it, as long as no minute
 * is missing between them; everything else is time without a record.
 */
#include "chronyc/past_figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/number.h"
#include "base/quantile.h"
#include "base/text.h"
#include "chronyc/past_units.h"

enum past_use past_use_of(char state)
{
    switch (state) {
    case '*':
        return PAST_USE_SELECTED;
    case '+':
        return PAST_USE_COMBINED;
    case 'x':
        return PAST_USE_FALSETICKER;
    case 'W':
    case 'P':
    case 'U':
    case 'D':
    case 'L':
    case '-':
        return PAST_USE_SELECTABLE;
    default:
        return PAST_USE_UNUSABLE;
    }
}

const char *past_use_word(enum past_use use)
{
    static const char *const words[PAST_USES] = {
        [PAST_USE_SELECTED] = "selected",       [PAST_USE_COMBINED] = "combined",
        [PAST_USE_SELECTABLE] = "selectable",   [PAST_USE_UNUSABLE] = "not usable",
        [PAST_USE_FALSETICKER] = "falseticker",
    };

    return words[use];
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double past_quantile(double *values, size_t n, double part)
{
    qsort(values, n, sizeof(*values), compare_doubles);
    double rank = ceil(part * (double)n);
    size_t index = rank < 1.0 ? 0 : (size_t)rank - 1;

    return values[index < n ? index : n - 1];
}

/* ---- Parts of the period ---- */

bool past_is_inside(const struct past_period *period, int64_t time)
{
    return time >= period->from && time <= period->to;
}

bool past_has_minute(const struct past_period *period, int64_t time)
{
    return time > period->from && time <= period->to;
}

static enum past_part part_of(const struct history_minute *m, double limit)
{
    if (m->state != HISTORY_SYNCHRONISED)
        return PAST_NOT_SYNC;
    return m->bound <= limit ? PAST_WITHIN : PAST_ABOVE;
}

static void add_gap(struct past_figures *f, int64_t from, int64_t seconds)
{
    f->parts[PAST_MISSING] += seconds;
    f->gaps++;
    if (seconds > f->longest_gap.seconds)
        f->longest_gap = (struct past_stretch){from, seconds};
}

/* Seconds that a record stands for when the one before it was so many seconds earlier. */
static int64_t covered(int64_t since)
{
    return since >= PAST_GAP_MIN ? PAST_MINUTE : since;
}

static void extend(struct past_figures *f, struct past_stretch *above, int64_t from,
                   int64_t seconds)
{
    if (above->seconds == 0)
        above->from = from;
    above->seconds += seconds;
    if (above->seconds > f->longest_above.seconds)
        f->longest_above = *above;
}

static void count_parts(struct past_figures *f, const struct history *h)
{
    enum past_part part = PAST_MISSING;
    struct past_stretch above = {0};
    int64_t before = f->period.from;

    for (size_t i = 0; i < h->minute_count; i++) {
        const struct history_minute *m = &h->minutes[i];

        if (!past_has_minute(&f->period, m->time))
            continue;
        int64_t seconds = covered(m->time - before), from = m->time - seconds;

        part = part_of(m, f->limit);
        if (from > before)
            add_gap(f, before, from - before);
        f->parts[part] += seconds;
        if (m->selected >= 0 && (size_t)m->selected < f->source_count)
            f->sources[m->selected].selected_seconds += seconds;
        if (part != PAST_ABOVE || from > before)
            above.seconds = 0;
        if (part == PAST_ABOVE)
            extend(f, &above, from, seconds);
        before = m->time;
    }
    /* The minute that is not over has no record yet. */
    int64_t rest = f->period.to - before;
    if (rest >= PAST_GAP_MIN || part == PAST_MISSING)
        add_gap(f, before, rest);
    else
        f->parts[part] += rest;
}

/* ---- The clock ---- */

static void note_extreme(struct past_extreme *extreme, double value, int64_t time)
{
    if (extreme->time == 0 || fabs(value) > fabs(extreme->value))
        *extreme = (struct past_extreme){value, time};
}

/* One value of each synchronised minute. */
struct columns {
    double *offset, *magnitude, *bound, *freq, *skew;
    size_t count;
};

static struct columns columns_new(const struct history *h)
{
    const size_t n = h->minute_count, size = sizeof(double);

    return (struct columns){mem_array(n, size), mem_array(n, size), mem_array(n, size),
                            mem_array(n, size), mem_array(n, size), 0};
}

static void columns_add(struct columns *c, const struct history_minute *m)
{
    c->offset[c->count] = m->offset;
    c->magnitude[c->count] = fabs(m->offset);
    c->bound[c->count] = m->bound;
    c->freq[c->count] = m->freq_ppm;
    c->skew[c->count] = m->skew_ppm;
    c->count++;
}

static void columns_free(struct columns *c)
{
    free(c->offset);
    free(c->magnitude);
    free(c->bound);
    free(c->freq);
    free(c->skew);
}

static void take_quantiles(struct past_figures *f, struct columns *c)
{
    if (c->count == 0)
        return;
    f->median_offset = median_of(c->offset, c->count);
    f->offset_95 = past_quantile(c->magnitude, c->count, 0.95);
    f->median_bound = median_of(c->bound, c->count);
    f->bound_95 = past_quantile(c->bound, c->count, 0.95);
    f->median_freq = median_of(c->freq, c->count);
    f->lowest_freq = past_quantile(c->freq, c->count, 0.0);
    f->highest_freq = past_quantile(c->freq, c->count, 1.0);
    f->median_skew = median_of(c->skew, c->count);
}

static void measure_clock(struct past_figures *f, const struct history *h)
{
    struct columns columns = columns_new(h);

    for (size_t i = 0; i < h->minute_count; i++) {
        const struct history_minute *m = &h->minutes[i];

        if (!past_has_minute(&f->period, m->time))
            continue;
        f->minutes++;
        f->first = f->first == 0 ? m->time : f->first;
        f->last = m->time;
        /* fmin() and fmax() pass over a NAN. */
        f->lowest_temperature = fmin(f->lowest_temperature, m->temperature);
        f->highest_temperature = fmax(f->highest_temperature, m->temperature);
        if (m->state != HISTORY_SYNCHRONISED)
            continue;
        columns_add(&columns, m);
        note_extreme(&f->largest_offset, m->offset, m->time);
        note_extreme(&f->largest_bound, m->bound, m->time);
        f->last_bound = (struct past_extreme){m->bound, m->time};
    }
    f->synchronised = columns.count;
    take_quantiles(f, &columns);
    columns_free(&columns);
}

/* ---- Sources and events ---- */

static void count_sample(struct past_source_figures *s, const struct history_sample *sample)
{
    s->uses[past_use_of(sample->state)]++;
    if (s->samples == 0 || fabs(sample->offset) > fabs(s->largest_offset))
        s->largest_offset = sample->offset;
    s->last_sample = sample->time;
    s->samples++;
}

static bool is_counted(const struct past_figures *f, const struct history_sample *sample)
{
    return sample->source >= 0 && (size_t)sample->source < f->source_count &&
           past_is_inside(&f->period, sample->time);
}

/* One value of each sample that is counted, those of a source together. */
struct grouped {
    double *offsets, *delays, *jitters;
    size_t *ends; /* of each source; where the next value goes while they are filled in */
};

static struct grouped group_samples(const struct past_figures *f, const struct history *h)
{
    const size_t n = h->sample_count, size = sizeof(double);
    struct grouped g = {mem_array(n, size), mem_array(n, size), mem_array(n, size),
                        mem_array(f->source_count, sizeof(*g.ends))};
    size_t end = 0;

    for (size_t i = 0; i < f->source_count; i++) {
        g.ends[i] = end;
        end += f->sources[i].samples;
    }
    for (size_t i = 0; i < n; i++) {
        const struct history_sample *sample = &h->samples[i];

        if (!is_counted(f, sample))
            continue;
        size_t place = g.ends[sample->source]++;
        g.offsets[place] = sample->offset;
        g.delays[place] = sample->delay;
        g.jitters[place] = sample->jitter;
    }
    return g;
}

static void grouped_free(struct grouped *g)
{
    free(g->offsets);
    free(g->delays);
    free(g->jitters);
    free(g->ends);
}

static void measure_sources(struct past_figures *f, const struct history *h)
{
    for (size_t i = 0; i < h->sample_count; i++)
        if (is_counted(f, &h->samples[i]))
            count_sample(&f->sources[h->samples[i].source], &h->samples[i]);
    struct grouped g = group_samples(f, h);
    for (size_t i = 0; i < f->source_count; i++) {
        struct past_source_figures *s = &f->sources[i];
        size_t first = g.ends[i] - s->samples;

        if (s->samples == 0)
            continue;
        s->median_offset = median_of(&g.offsets[first], s->samples);
        s->median_delay = median_of(&g.delays[first], s->samples);
        s->smallest_delay = past_quantile(&g.delays[first], s->samples, 0.0);
        s->median_jitter = median_of(&g.jitters[first], s->samples);
    }
    grouped_free(&g);
}

static void count_events(struct past_figures *f, const struct history *h)
{
    bool running = false; /* as far as it is known */

    for (size_t i = 0; i < h->event_count; i++) {
        const struct history_event *e = &h->events[i];
        bool unclean = e->kind == HISTORY_EVENT_START && running;

        if (e->kind == HISTORY_EVENT_START)
            running = true;
        else if (e->kind == HISTORY_EVENT_END)
            running = false;
        if (!past_is_inside(&f->period, e->time) || e->kind >= HISTORY_EVENT_KINDS)
            continue;
        f->events[e->kind]++;
        f->unclean_ends += unclean;
        if (e->kind == HISTORY_EVENT_STEP)
            note_extreme(&f->largest_step, e->value, e->time);
    }
}

struct past_figures past_figures_make(const struct history *h, struct past_period period,
                                      double limit)
{
    struct past_figures f = {
        .period = period,
        .limit = limit,
        .median_offset = NAN,
        .offset_95 = NAN,
        .median_bound = NAN,
        .bound_95 = NAN,
        .median_freq = NAN,
        .lowest_freq = NAN,
        .highest_freq = NAN,
        .median_skew = NAN,
        .lowest_temperature = NAN,
        .highest_temperature = NAN,
        .sources = mem_array(h->source_count, sizeof(struct past_source_figures)),
        .source_count = h->source_count,
    };

    for (size_t i = 0; i < h->source_count; i++) {
        f.sources[i].median_offset = NAN;
        f.sources[i].median_jitter = NAN;
        f.sources[i].median_delay = NAN;
        f.sources[i].smallest_delay = NAN;
        f.sources[i].largest_offset = NAN;
    }
    measure_sources(&f, h);
    count_parts(&f, h);
    measure_clock(&f, h);
    count_events(&f, h);
    return f;
}

void past_figures_free(struct past_figures *figures)
{
    free(figures->sources);
    figures->sources = NULL;
}

const char *past_event_word(enum history_event_kind kind)
{
    static const char *const words[HISTORY_EVENT_KINDS] = {
        [HISTORY_EVENT_START] = "start",
        [HISTORY_EVENT_END] = "end",
        [HISTORY_EVENT_GAP] = "gap",
        [HISTORY_EVENT_STEP] = "step",
        [HISTORY_EVENT_SELECTED] = "selected",
        [HISTORY_EVENT_UNSELECTED] = "no selection",
        [HISTORY_EVENT_REFUSED] = "refused",
        [HISTORY_EVENT_STATE] = "state",
        [HISTORY_EVENT_CERTIFICATE] = "certificate",
        [HISTORY_EVENT_RESTART] = "restart",
        [HISTORY_EVENT_NETWORK] = "network",
        [HISTORY_EVENT_SUSPEND] = "suspend",
        [HISTORY_EVENT_LEAP] = "leap second",
    };

    return kind < HISTORY_EVENT_KINDS && words[kind] ? words[kind] : "unknown";
}

bool past_event_has_value(enum history_event_kind kind)
{
    return kind == HISTORY_EVENT_GAP || kind == HISTORY_EVENT_STEP ||
           kind == HISTORY_EVENT_REFUSED || kind == HISTORY_EVENT_NETWORK ||
           kind == HISTORY_EVENT_SUSPEND || kind == HISTORY_EVENT_LEAP;
}

void past_event_detail(const struct history_event *event, char *text, size_t size)
{
    const char *separator = event->text[0] != '\0' ? ", " : "";
    struct formatted value = {""};

    switch (event->kind) {
    case HISTORY_EVENT_STEP:
    case HISTORY_EVENT_REFUSED:
        value = past_signed_time(event->value);
        break;
    case HISTORY_EVENT_GAP:
    case HISTORY_EVENT_SUSPEND:
        value = past_length(event->value);
        break;
    case HISTORY_EVENT_NETWORK:
        text_copy(value.s, sizeof(value.s), event->value != 0.0 ? "online" : "offline");
        break;
    case HISTORY_EVENT_LEAP:
        text_copy(value.s, sizeof(value.s), event->value > 0.0 ? "inserted" : "deleted");
        break;
    default:
        separator = "";
        break;
    }
    snprintf(text, size, "%s%s%s", value.s, separator, event->text);
}
