/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of a report about the past in words, which text and page share, and the order of its
 * sources.
 */
#include "chronyc/past_report.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/past_units.h"

#define MADE_AGO_MIN 300 /* s: a record that is older than this is worth a row */

/* Rows that are being made. */
struct rows {
    struct past_row *row;
    size_t count;
};

__attribute__((format(printf, 3, 4))) static void add(struct rows *rows, const char *label,
                                                      const char *format, ...)
{
    va_list args;

    if (rows->count == PAST_ROWS_MAX)
        return;
    struct past_row *row = &rows->row[rows->count++];
    row->label = label;
    va_start(args, format);
    vsnprintf(row->value, sizeof(row->value), format, args);
    va_end(args);
}

/* The pieces of longer values. */
static const char *share(const struct past_figures *f, enum past_part part, char *text, size_t size)
{
    int64_t whole = f->period.to - f->period.from;

    if (f->parts[part] == 0)
        snprintf(text, size, "none");
    else
        snprintf(text, size, "%s (%s)", past_length((double)f->parts[part]).s,
                 past_percent(f->parts[part], whole).s);
    return text;
}

static void add_period(struct rows *rows, const struct past_report *r)
{
    const struct past_figures *f = r->figures;
    int64_t whole = f->period.to - f->period.from;

    add(rows, "Host", "%s", r->host);
    add(rows, "Period", "%s to %s UTC (%s)", past_date(f->period.from).s, past_date(f->period.to).s,
        past_length((double)whole).s);
    add(rows, "Recorded", "%s: %zu record%s, a minute each",
        past_percent(whole - f->parts[PAST_MISSING], whole).s, f->minutes,
        f->minutes == 1 ? "" : "s");
    if (f->gaps > 0)
        add(rows, "Longest gap", "%s from %s%s", past_length((double)f->longest_gap.seconds).s,
            past_date(f->longest_gap.from).s, f->gaps == 1 ? ", the only one" : "");
    if (f->gaps > 1)
        add(rows, "  number of gaps", "%zu", f->gaps);
    if (f->gaps == 0)
        add(rows, "Longest gap", "none");
    if (f->last > 0 && r->made - f->last > MADE_AGO_MIN)
        add(rows, "Last record", "%s before the report was made",
            past_length((double)(r->made - f->last)).s);
}

static void add_parts(struct rows *rows, const struct past_report *r)
{
    const struct past_figures *f = r->figures;
    char text[160];

    add(rows, "Limit of the error", "%s%s", past_limit(f->limit).s,
        r->limit_given ? "" : " (the default; --limit sets another)");
    add(rows, "Time within the limit", "%s", share(f, PAST_WITHIN, text, sizeof(text)));
    add(rows, "Time above the limit", "%s", share(f, PAST_ABOVE, text, sizeof(text)));
    if (f->longest_above.seconds > 0)
        add(rows, "  longest in one piece", "%s from %s",
            past_length((double)f->longest_above.seconds).s, past_date(f->longest_above.from).s);
    add(rows, "Time not synchronised", "%s", share(f, PAST_NOT_SYNC, text, sizeof(text)));
    add(rows, "Time without a record", "%s", share(f, PAST_MISSING, text, sizeof(text)));
}

static void add_errors(struct rows *rows, const struct past_figures *f)
{
    if (f->synchronised == 0)
        return;
    add(rows, "Largest error (bound)", "%s at %s", past_time(f->largest_bound.value).s,
        past_date(f->largest_bound.time).s);
    add(rows, "Bound median, 95 %, last", "%s, %s, %s", past_time(f->median_bound).s,
        past_time(f->bound_95).s, past_time(f->last_bound.value).s);
    add(rows, "Largest offset", "%s at %s", past_signed_time(f->largest_offset.value).s,
        past_date(f->largest_offset.time).s);
    add(rows, "Offset median, 95 %", "%s, %s", past_signed_time(f->median_offset).s,
        past_time(f->offset_95).s);
    add(rows, "Frequency median, range", "%s, %+.3f to %+.3f ppm", past_ppm(f->median_freq).s,
        f->lowest_freq, f->highest_freq);
}

static void add_events(struct rows *rows, const struct past_report *r)
{
    const struct past_figures *f = r->figures;
    size_t starts = f->events[HISTORY_EVENT_START];

    if (!isnan(f->lowest_temperature))
        add(rows, "Temperature (as read)", "%.6g to %.6g", f->lowest_temperature,
            f->highest_temperature);
    if (f->largest_step.time > 0)
        add(rows, "Steps of the clock", "%zu, largest %s at %s", f->events[HISTORY_EVENT_STEP],
            past_signed_time(f->largest_step.value).s, past_date(f->largest_step.time).s);
    else
        add(rows, "Steps of the clock", "none");
    if (f->events[HISTORY_EVENT_REFUSED] > 0)
        add(rows, "Refused updates", "%zu", f->events[HISTORY_EVENT_REFUSED]);
    add(rows, "Starts of the daemon", "%zu%s", starts, starts == 0 ? " in the period" : "");
    if (f->unclean_ends > 0)
        add(rows, "  after no orderly end", "%zu (crash, kill or power cut)", f->unclean_ends);
}

size_t past_rows(const struct past_report *r, struct past_row rows[PAST_ROWS_MAX])
{
    const struct history *h = r->history;
    struct rows list = {rows, 0};

    add_period(&list, r);
    add_parts(&list, r);
    add_errors(&list, r->figures);
    add_events(&list, r);
    add(&list, "History file", "%s", r->path);
    if (h->bad_pages > 0)
        add(&list, "Missing in the file", "%zu of %zu pages are damaged, and were left out",
            h->bad_pages, h->pages);
    return list.count;
}

const char *past_part_word(enum past_part part)
{
    static const char *const words[PAST_PARTS] = {
        [PAST_WITHIN] = "bound within the limit",
        [PAST_ABOVE] = "bound above the limit",
        [PAST_NOT_SYNC] = "not synchronised",
        [PAST_MISSING] = "no record",
    };

    return words[part];
}

void past_verdict(const struct past_report *r, char *text, size_t size)
{
    const struct past_figures *f = r->figures;
    int64_t whole = f->period.to - f->period.from;

    if (f->parts[PAST_WITHIN] == whole) {
        snprintf(text, size, "The error of the clock was within %s all the time.",
                 past_limit(f->limit).s);
        return;
    }
    size_t length =
        (size_t)snprintf(text, size, "The error of the clock was within %s for %s of the time",
                         past_limit(f->limit).s, past_percent(f->parts[PAST_WITHIN], whole).s);
    for (int part = PAST_ABOVE; part < PAST_PARTS; part++) {
        static const char *const words[PAST_PARTS] = {
            [PAST_ABOVE] = "its bound was above that",
            [PAST_NOT_SYNC] = "it was not synchronised",
            [PAST_MISSING] = "there is no record",
        };

        if (f->parts[part] > 0 && length < size)
            length += (size_t)snprintf(text + length, size - length, "; for %s %s",
                                       past_percent(f->parts[part], whole).s, words[part]);
    }
    if (length < size)
        snprintf(text + length, size - length, ".");
}

/* ---- Sources ---- */

/* Whether a comes before b: selected for longer, or more samples, or first in the file. */
static bool comes_before(const struct past_figures *f, int a, int b)
{
    const struct past_source_figures *x = &f->sources[a], *y = &f->sources[b];

    if (x->selected_seconds != y->selected_seconds)
        return x->selected_seconds > y->selected_seconds;
    if (x->samples != y->samples)
        return x->samples > y->samples;
    return a < b;
}

size_t past_order_sources(const struct past_figures *f, int *order, size_t max, size_t *left_out)
{
    size_t count = 0;

    *left_out = 0;
    for (size_t i = 0; i < f->source_count; i++) {
        size_t place = count;

        if (f->sources[i].samples == 0 && f->sources[i].selected_seconds == 0)
            continue;
        while (place > 0 && comes_before(f, (int)i, order[place - 1]))
            place--;
        if (count == max) {
            *left_out += 1;
            if (place == max)
                continue;
        } else {
            count++;
        }
        memmove(&order[place + 1], &order[place], (count - place - 1) * sizeof(*order));
        order[place] = (int)i;
    }
    return count;
}

const char *past_source_label(const struct history *h, int source)
{
    if (source < 0 || (size_t)source >= h->source_count)
        return "";
    const struct history_source *s = &h->sources[source];

    for (size_t i = 0; i < h->source_count; i++)
        if ((int)i != source && strcmp(h->sources[i].name, s->name) == 0 && s->address[0] != '\0')
            return s->address;
    return s->name[0] != '\0' ? s->name : s->address;
}
