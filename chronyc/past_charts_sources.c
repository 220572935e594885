/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page shows of each source along the time: a row with its selection, its offsets and its
 * delays.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyc/past_page.h"
#include "chronyc/past_units.h"
#include "chronyc/html.h"

#define GAP_INTERVALS 4   /* so many usual intervals without a sample are a gap, */
#define GAP_LEAST     300 /* but not less than this (s) */

int64_t past_source_gap(const struct history *h, int source)
{
    double *intervals = mem_array(h->sample_count, sizeof(double));
    double usual = 0.0;
    int64_t before = 0;
    size_t count = 0;

    for (size_t i = 0; i < h->sample_count; i++) {
        if (h->samples[i].source != source)
            continue;
        if (before > 0)
            intervals[count++] = (double)(h->samples[i].time - before);
        before = h->samples[i].time;
    }
    if (count > 0)
        usual = past_quantile(intervals, count, 0.75);
    free(intervals);
    return (int64_t)fmax(GAP_INTERVALS * usual, GAP_LEAST);
}

/* ---- Rows ---- */

/* A row: name of the source, drawing, and what there is to say. */
static void begin_row(const struct past_page *p, const char *name, const char *style,
                      const struct chart_frame *frame)
{
    fprintf(p->out, "<div class=\"strip %s\"><span title=\"", style);
    html_text(p->out, name);
    fputs("\">", p->out);
    html_text(p->out, name);
    fputs("</span>", p->out);
    chart_begin(p->out, frame);
}

static void end_row(const struct past_page *p, const char *text, const struct chart_frame *frame)
{
    chart_end(p->out, frame);
    fputs("<span>", p->out);
    past_page_value(p->out, text);
    fputs("</span></div>\n", p->out);
}

/* The times below the last row. */
static void write_axis(const struct past_page *p)
{
    const struct chart_scale x = chart_scale_time(p->span);

    fputs("<div class=\"strip axis\"><span></span><div class=\"frame\"><div class=\"below\" "
          "aria-hidden=\"true\">",
          p->out);
    for (int i = 0; i < x.tick_count; i++)
        fprintf(p->out, "<span%s style=\"left:%.1f%%\">%s</span>",
                x.ticks[i].place > 0.96   ? " class=\"last\""
                : x.ticks[i].place < 0.03 ? " class=\"first\""
                                          : "",
                100.0 * x.ticks[i].place, x.ticks[i].label);
    fputs("</div></div><span></span></div>", p->out);
}

/* ---- Selection ---- */

struct use_counts {
    unsigned int counts[CHART_WIDTH][PAST_USES];
};

/* For each column what the source mostly was, plus 1; the state lasts until the next sample. */
static void find_uses(const struct past_page *p, int source, unsigned char *levels,
                      unsigned char *false_levels)
{
    const struct history *h = p->report->history;
    struct use_counts *c = mem_alloc(sizeof(*c));
    int64_t gap = past_source_gap(h, source), before = 0;
    int last_x = 0, last_use = 0;

    for (size_t i = 0; i < h->sample_count; i++) {
        const struct history_sample *s = &h->samples[i];

        if (s->source != source || s->time < p->span.from || s->time > p->span.to)
            continue;
        int x = chart_column_of(p->span, CHART_WIDTH, s->time);
        for (int between = last_x + 1; before > 0 && s->time - before <= gap && between < x;
             between++)
            c->counts[between][last_use]++;
        last_x = x;
        last_use = (int)past_use_of(s->state);
        before = s->time;
        c->counts[x][last_use]++;
    }
    for (int x = 0; x < CHART_WIDTH; x++) {
        unsigned int most = 0;

        levels[x] = 0;
        for (int use = 0; use < PAST_USES; use++) {
            if (c->counts[x][use] > most) {
                most = c->counts[x][use];
                levels[x] = (unsigned char)(use + 1);
            }
        }
        false_levels[x] = c->counts[x][PAST_USE_FALSETICKER] > 0;
    }
    free(c);
}

/* Rows of the drawing from which a bar reaches to the bottom: the better, the higher. */
static int top_of(enum past_use use)
{
    static const int tops[PAST_USES] = {[PAST_USE_SELECTED] = 0,
                                        [PAST_USE_COMBINED] = 300,
                                        [PAST_USE_SELECTABLE] = 550,
                                        [PAST_USE_UNUSABLE] = 800,
                                        [PAST_USE_FALSETICKER] = 550};

    return tops[use];
}

static void write_selection_row(const struct past_page *p, size_t row)
{
    const struct past_figures *f = p->report->figures;
    int source = p->sources[row];
    const char *name = past_source_label(p->report->history, source);
    int64_t recorded = f->period.to - f->period.from - f->parts[PAST_MISSING];
    unsigned char levels[CHART_WIDTH], false_levels[CHART_WIDTH];
    char id[32], text[128];

    snprintf(id, sizeof(id), "use%zu", row);
    snprintf(text, sizeof(text), "selected %s",
             past_share(f->sources[source].selected_seconds, recorded).s);
    struct chart_frame frame = {
        .id = id, .height = "", .title = name, .description = text, .over_time = true};
    begin_row(p, name, "bars", &frame);
    find_uses(p, source, levels, false_levels);
    for (int use = 0; use < PAST_USES; use++) {
        fprintf(p->out, "<path class=\"u%d\" d=\"", use);
        chart_write_bars(p->out, levels, (unsigned char)(use + 1), top_of((enum past_use)use),
                         CHART_HEIGHT);
        fputs("\"/>", p->out);
    }
    fputs("<path class=\"u4\" d=\"", p->out);
    chart_write_bars(p->out, false_levels, 1, 800, CHART_HEIGHT);
    fputs("\"/>", p->out);
    end_row(p, text, &frame);
}

static void write_selection(const struct past_page *p)
{
    fputs("<figure><figcaption><b>Selection</b><p>What the source was in most samples of each "
          "column; the higher the bar, the better. Red at the bottom: a falseticker in at least "
          "one.</p></figcaption><ul class=\"key\">",
          p->out);
    for (int use = 0; use < PAST_USES; use++)
        fprintf(p->out, "<li><i class=\"u%d\"></i>%s</li>", use, past_use_word((enum past_use)use));
    fputs("</ul>", p->out);
    for (size_t row = 0; row < p->source_count; row++)
        write_selection_row(p, row);
    write_axis(p);
    fputs("</figure>\n", p->out);
}

/* ---- Offsets and delays ---- */

static int column_count(const struct past_page *p)
{
    /* Many sources share the size of the page. */
    return p->source_count > 12 ? CHART_WIDTH / 6 : CHART_WIDTH / 2;
}

static struct chart_series *series_of(const struct past_page *p, int source, bool delay)
{
    const struct history *h = p->report->history;
    struct chart_series *s = chart_series_new(p->span, column_count(p), past_source_gap(h, source));

    for (size_t i = 0; i < h->sample_count; i++)
        if (h->samples[i].source == source)
            chart_series_add(s, h->samples[i].time,
                             delay ? h->samples[i].delay : h->samples[i].offset);
    return s;
}

static void write_course_row(const struct past_page *p, size_t row, bool delay)
{
    int source = p->sources[row];
    const char *name = past_source_label(p->report->history, source);
    struct chart_series *s = series_of(p, source, delay);
    char id[32], text[160];

    snprintf(id, sizeof(id), "%s%zu", delay ? "delay" : "course", row);
    double low, high;
    chart_series_usual(s, &low, &high);
    struct chart_scale y = chart_scale_linear(low, high, CHART_SECONDS);
    struct chart_frame frame = {
        .id = id, .height = "", .title = name, .description = text, .over_time = true};
    if (s->count == 0)
        snprintf(text, sizeof(text), "no sample");
    else if (delay)
        snprintf(text, sizeof(text), "%s to %s", past_time(s->low).s, past_time(s->high).s);
    else
        snprintf(text, sizeof(text), "%s to %s", past_signed_time(s->low).s,
                 past_signed_time(s->high).s);
    begin_row(p, name, "course", &frame);
    if (!delay && low <= 0.0 && high >= 0.0)
        chart_draw_level(p->out, &y, 0.0, "zero");
    chart_draw_series(p->out, s, &y, delay ? "second" : "offset");
    chart_draw_clipped(p->out, s, &y);
    end_row(p, text, &frame);
    chart_series_free(s);
}

static void write_courses(const struct past_page *p, bool delay)
{
    fprintf(p->out, "<figure><figcaption><b>%s of the sources</b><p>%s</p></figcaption>",
            delay ? "Delays" : "Offsets",
            delay
                ? "Round trip times of the samples. Each row has a scale of its own, for all but "
                  "a few values, which are red marks at the edge."
                : "Of the samples; positive: the clock was fast; the line is zero. Each row has a "
                  "scale of its own, for all but a few values, which are red marks at the edge.");
    for (size_t row = 0; row < p->source_count; row++)
        write_course_row(p, row, delay);
    write_axis(p);
    fputs("</figure>\n", p->out);
}

void past_page_write_sources(const struct past_page *p)
{
    if (p->source_count == 0) {
        fputs("<p>No sample of a source was recorded.</p>\n", p->out);
        return;
    }
    write_selection(p);
    write_courses(p, false);
    write_courses(p, true);
    if (p->left_out > 0)
        fprintf(p->out, "<p class=\"soft\">%zu more sources with less to tell are not shown.</p>\n",
                p->left_out);
}
