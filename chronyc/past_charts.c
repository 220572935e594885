/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The charts of the clock over time, and what all charts over time share. A column of a chart shows
 * the lowest and the highest value in its time, so nothing is lost when a month is drawn.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyc/past_page.h"
#include "chronyc/past_units.h"
#include "chronyc/html.h"

#define MARKS_MAX 400 /* events that are drawn */
#define BAND_MAX  3.0 /* ratio of bound and offsets above which these would be a line */

/* ---- Shared ---- */

const char *past_event_style(enum history_event_kind kind)
{
    static const char *const styles[HISTORY_EVENT_KINDS] = {
        [HISTORY_EVENT_START] = "e-grey",        [HISTORY_EVENT_STEP] = "e-red",
        [HISTORY_EVENT_UNSELECTED] = "e-orange", [HISTORY_EVENT_REFUSED] = "e-purple",
        [HISTORY_EVENT_LEAP] = "e-green",        [HISTORY_EVENT_END] = "e-grey",
        [HISTORY_EVENT_SUSPEND] = "e-grey",
    };

    return kind < HISTORY_EVENT_KINDS ? styles[kind] : NULL;
}

static void paint(unsigned char *levels, const struct chart_span *span, int64_t from, int64_t to,
                  unsigned char level)
{
    int end = chart_column_of(*span, CHART_WIDTH, to);

    if (to <= span->from || from >= span->to)
        return;
    for (int x = chart_column_of(*span, CHART_WIDTH, from); x <= end; x++)
        if (levels[x] < level)
            levels[x] = level;
}

/* The worst part of each column, plus 1. */
static void paint_parts(const struct past_page *p, unsigned char levels[CHART_WIDTH])
{
    const struct history *h = p->report->history;
    int64_t before = p->span.from;

    memset(levels, 0, CHART_WIDTH);
    for (size_t i = 0; i < h->minute_count; i++) {
        const struct history_minute *m = &h->minutes[i];
        int64_t from = m->time - before >= PAST_GAP_MIN ? m->time - PAST_MINUTE : before;

        if (m->time < p->span.from || m->time > p->span.to)
            continue;
        if (from > before)
            paint(levels, &p->span, before, from, PAST_MISSING + 1);
        if (m->state != HISTORY_SYNCHRONISED)
            paint(levels, &p->span, from, m->time, PAST_NOT_SYNC + 1);
        before = m->time;
    }
}

static void write_marks(const struct past_page *p)
{
    const struct history *h = p->report->history;
    int drawn[HISTORY_EVENT_KINDS], count = 0;

    for (int kind = 0; kind < HISTORY_EVENT_KINDS; kind++)
        drawn[kind] = -1;
    for (size_t i = 0; i < h->event_count && count < MARKS_MAX; i++) {
        const struct history_event *e = &h->events[i];
        const char *style = past_event_style(e->kind);
        int x = chart_column_of(p->span, CHART_WIDTH, e->time);

        if (!style || e->time < p->span.from || e->time > p->span.to || drawn[e->kind] == x)
            continue;
        drawn[e->kind] = x;
        count++;
        fprintf(p->out, "<path class=\"e %s\" d=\"M%d 0v%d\"/>", style, x, CHART_HEIGHT);
    }
}

void past_page_write_shared(const struct past_page *p)
{
    unsigned char levels[CHART_WIDTH];

    paint_parts(p, levels);
    fputs("<svg width=\"0\" height=\"0\" style=\"position:absolute;width:0;height:0\" "
          "aria-hidden=\"true\"><defs><g id=\"without\"><path class=\"missing\" d=\"",
          p->out);
    chart_write_bars(p->out, levels, PAST_MISSING + 1, 0, CHART_HEIGHT);
    fputs("\"/><path class=\"unsync\" d=\"", p->out);
    chart_write_bars(p->out, levels, PAST_NOT_SYNC + 1, 0, CHART_HEIGHT);
    fputs("\"/></g><g id=\"marks\">", p->out);
    write_marks(p);
    fputs("</g></defs></svg>\n", p->out);
}

/* ---- Values of the minutes ---- */

enum value { VALUE_OFFSET, VALUE_MAGNITUDE, VALUE_BOUND, VALUE_FREQ, VALUE_TEMPERATURE };

static double value_of(const struct history_minute *m, enum value value)
{
    if (value == VALUE_TEMPERATURE)
        return m->temperature;
    if (m->state != HISTORY_SYNCHRONISED)
        return NAN;
    switch (value) {
    case VALUE_OFFSET:
        return m->offset;
    case VALUE_MAGNITUDE:
        return m->offset != 0.0 ? fabs(m->offset) : NAN; /* of a logarithmic chart */
    case VALUE_BOUND:
        return m->bound > 0.0 ? m->bound : NAN;
    default:
        return m->freq_ppm;
    }
}

static struct chart_series *series_of(const struct past_page *p, enum value value)
{
    const struct history *h = p->report->history;
    struct chart_series *s = chart_series_new(p->span, CHART_WIDTH, PAST_GAP_MIN);

    for (size_t i = 0; i < h->minute_count; i++)
        chart_series_add(s, h->minutes[i].time, value_of(&h->minutes[i], value));
    return s;
}

/* The bound on both sides of zero. */
static struct chart_series *band_of(const struct past_page *p)
{
    const struct history *h = p->report->history;
    struct chart_series *s = chart_series_new(p->span, CHART_WIDTH, PAST_GAP_MIN);

    for (size_t i = 0; i < h->minute_count; i++) {
        double bound = value_of(&h->minutes[i], VALUE_BOUND);

        chart_series_add(s, h->minutes[i].time, bound);
        chart_series_add(s, h->minutes[i].time, -bound);
    }
    return s;
}

/* ---- Charts ---- */

static void write_caption(const struct past_page *p, const char *title, const char *text)
{
    fprintf(p->out, "<figure><figcaption><b>%s</b><p>%s</p></figcaption>", title, text);
}

static void note_clipped(const struct past_page *p, size_t columns, const char *where)
{
    if (columns > 0)
        fprintf(p->out, "<p class=\"soft\">Red marks at the edge: values beyond this chart%s.</p>",
                where);
}

static void write_offset(const struct past_page *p, const struct chart_scale *x)
{
    const struct past_figures *f = p->report->figures;
    struct chart_series *offsets = series_of(p, VALUE_OFFSET), *band = band_of(p);
    double low, high;
    char description[384];

    chart_series_usual(offsets, &low, &high);
    double reach = fmax(fabs(low), fabs(high));
    bool shows_bound = f->bound_95 <= BAND_MAX * reach;
    if (shows_bound)
        reach = fmax(reach, f->bound_95);
    struct chart_scale y = chart_scale_linear(-reach, reach, CHART_SIGNED_SECONDS);
    struct chart_frame frame = {.id = "offset",
                                .height = "tall",
                                .title = "Offset of the clock",
                                .description = description,
                                .x = x,
                                .y = &y,
                                .over_time = true};

    snprintf(description, sizeof(description),
             "Median %s, 95 %% of the minutes within %s, largest %s at %s UTC.",
             past_signed_time(f->median_offset).s, past_time(f->offset_95).s,
             past_signed_time(f->largest_offset.value).s, past_date(f->largest_offset.time).s);
    write_caption(p, "Offset of the clock",
                  shows_bound
                      ? "Estimated at the end of each minute; positive: the clock was fast. The "
                        "light band is the bound of the error on both sides."
                      : "Estimated at the end of each minute; positive: the clock was fast. The "
                        "bound of the error is much wider: see the next chart.");
    chart_begin(p->out, &frame);
    if (shows_bound)
        chart_draw_series(p->out, band, &y, "band");
    chart_draw_level(p->out, &y, 0.0, "zero");
    chart_draw_series(p->out, offsets, &y, "offset");
    size_t clipped = chart_draw_clipped(p->out, offsets, &y);
    chart_end(p->out, &frame);
    note_clipped(p, clipped, ", which the next one has");
    fputs("</figure>\n", p->out);
    chart_series_free(offsets);
    chart_series_free(band);
}

static void write_bound(const struct past_page *p, const struct chart_scale *x)
{
    const struct past_figures *f = p->report->figures;
    struct chart_series *bound = series_of(p, VALUE_BOUND), *offset = series_of(p, VALUE_MAGNITUDE);
    char description[384];

    if (bound->count > 0) {
        /* Offsets cross zero: only those that are worth a look decide on the scale. */
        double low = fmin(bound->low, fmax(offset->low, f->offset_95 / 100.0));
        struct chart_scale y = chart_scale_log(fmin(fmax(low, bound->high * 1e-9), f->limit / 1.5),
                                               fmax(bound->high, f->limit * 1.5), CHART_SECONDS);
        struct chart_frame frame = {.id = "bound",
                                    .height = "tall",
                                    .title = "Bound of the error and limit",
                                    .description = description,
                                    .x = x,
                                    .y = &y,
                                    .over_time = true};

        snprintf(description, sizeof(description),
                 "Median %s, 95 %% of the minutes at most %s, largest %s at %s UTC; limit %s.",
                 past_time(f->median_bound).s, past_time(f->bound_95).s,
                 past_time(f->largest_bound.value).s, past_date(f->largest_bound.time).s,
                 past_limit(f->limit).s);
        write_caption(p, "Bound of the error",
                      "The error was not larger than this, if the source is right: |offset| + root "
                      "dispersion + root delay / 2. Logarithmic.");
        fputs("<ul class=\"key\"><li><i class=\"bound\"></i>bound</li><li><i class=\"offset\"></i>"
              "|offset|</li><li><i class=\"limit\"></i>limit (dashed): ",
              p->out);
        past_page_value(p->out, past_limit(f->limit).s);
        fputs("</li></ul>", p->out);
        chart_begin(p->out, &frame);
        chart_draw_series(p->out, offset, &y, "offset");
        chart_draw_series(p->out, bound, &y, "bound");
        chart_draw_level(p->out, &y, f->limit, "limit");
        chart_end(p->out, &frame);
        fputs("</figure>\n", p->out);
    }
    chart_series_free(bound);
    chart_series_free(offset);
}

static void write_plain(const struct past_page *p, const struct chart_scale *x, enum value value,
                        const char *id, const char *title, const char *text, const char *style)
{
    struct chart_series *s = series_of(p, value);
    double low, high;
    char description[128];

    if (s->count > 0) {
        chart_series_usual(s, &low, &high);
        struct chart_scale y = chart_scale_linear(low, high, CHART_PLAIN);
        struct chart_frame frame = {.id = id,
                                    .height = "low",
                                    .title = title,
                                    .description = description,
                                    .x = x,
                                    .y = &y,
                                    .over_time = true};

        snprintf(description, sizeof(description), "From %.6g to %.6g.", s->low, s->high);
        write_caption(p, title, text);
        chart_begin(p->out, &frame);
        chart_draw_series(p->out, s, &y, style);
        size_t clipped = chart_draw_clipped(p->out, s, &y);
        chart_end(p->out, &frame);
        note_clipped(p, clipped, "");
        fputs("</figure>\n", p->out);
    }
    chart_series_free(s);
}

void past_page_write_clock(const struct past_page *p)
{
    struct chart_scale x = chart_scale_time(p->span);

    if (p->report->figures->synchronised > 0)
        write_offset(p, &x);
    write_bound(p, &x);
    write_plain(p, &x, VALUE_FREQ, "freq", "Frequency (ppm)",
                "How fast or slow (negative) the clock would run without correction.", "offset");
    write_plain(p, &x, VALUE_TEMPERATURE, "temperature", "Temperature",
                "As the sensor shows it; many show thousandths of a degree Celsius.", "second");
}
