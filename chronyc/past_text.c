/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report about the past for a terminal: sparklines, the table, sources and the last events, in
 * 80 columns. What comes from the file is made printable.
 */
#include "chronyc/past_report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <stdlib.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyc/chart_columns.h"
#include "chronyc/past_units.h"
#include "chronyc/sparkline.h"

#define SCREEN_WIDTH 80
#define LABEL_WIDTH  10
#define COLUMNS      68
#define ROW_WIDTH    24
#define SOURCES_MAX  20
#define EVENTS_MAX   10
#define NAME_WIDTH   22

/* Text of the file cannot move the cursor. */
static const char *printable(const char *text, char *buffer, size_t size)
{
    text_copy(buffer, size, text);
    text_make_printable(buffer);
    return buffer;
}

/* ---- Sparklines ---- */

enum line { LINE_OFFSET, LINE_BOUND, LINE_FREQ, LINE_COUNT };

/* The value that a line shows of a minute; NAN: nothing. */
static double value_of(const struct history_minute *m, enum line line)
{
    if (m->state != HISTORY_SYNCHRONISED)
        return NAN;
    return line == LINE_OFFSET ? fabs(m->offset) : line == LINE_BOUND ? m->bound : m->freq_ppm;
}

static void print_line(const struct past_report *r, enum line line, bool utf8, FILE *out)
{
    const struct past_period *period = &r->figures->period;
    const struct chart_span span = {period->from, period->to};
    struct chart_series *series = chart_series_new(span, COLUMNS, 0);
    static const char *const names[] = {"Offset", "Bound", "Frequency"};
    double values[COLUMNS];
    char text[SPARKLINE_SIZE(COLUMNS)];

    for (size_t i = 0; i < r->history->minute_count; i++)
        chart_series_add(series, r->history->minutes[i].time,
                         value_of(&r->history->minutes[i], line));
    for (size_t i = 0; i < COLUMNS; i++)
        values[i] = NAN;
    for (size_t i = 0; i < series->count; i++)
        values[series->columns[i].x] = line == LINE_FREQ
                                           ? (series->columns[i].low + series->columns[i].high) / 2
                                           : series->columns[i].high;
    sparkline(values, COLUMNS, line == LINE_FREQ ? series->low : 0.0, series->high, utf8, text,
              sizeof(text));
    fprintf(out, "%-*s %s\n%-*s ", LABEL_WIDTH, names[line], text, LABEL_WIDTH, "");
    if (series->count == 0)
        fprintf(out, "not synchronised\n");
    else if (line == LINE_FREQ)
        fprintf(out, "from %+.3f to %+.3f ppm\n", series->low, series->high);
    else
        fprintf(out, "the largest of each column, up to %s\n", past_time(series->high).s);
    chart_series_free(series);
}

/* What each column was at its worst. */
static void print_parts(const struct past_report *r, FILE *out)
{
    const struct past_period *period = &r->figures->period;
    const struct chart_span span = {period->from, period->to};
    char text[COLUMNS + 1];

    for (size_t i = 0; i < COLUMNS; i++)
        text[i] = ' ';
    text[COLUMNS] = '\0';
    for (size_t i = 0; i < r->history->minute_count; i++) {
        const struct history_minute *m = &r->history->minutes[i];

        if (!past_has_minute(period, m->time))
            continue;
        char *c = &text[chart_column_of(span, COLUMNS, m->time)];
        if (m->state != HISTORY_SYNCHRONISED)
            *c = '?';
        else if (m->bound > r->figures->limit)
            *c = *c == '?' ? '?' : '!';
        else if (*c == ' ')
            *c = '=';
    }
    fprintf(out, "%-*s %s\n%-*s = within the limit  ! above it  ? not synchronised\n", LABEL_WIDTH,
            "Limit", text, LABEL_WIDTH, "");
}

/* ---- Tables ---- */

static void print_sources(const struct past_report *r, FILE *out)
{
    const struct past_figures *f = r->figures;
    int order[SOURCES_MAX];
    size_t left_out, count = past_order_sources(f, order, SOURCES_MAX, &left_out);
    int64_t recorded = f->period.to - f->period.from - f->parts[PAST_MISSING];
    char name[64];

    if (count == 0)
        return;
    fputc('\n', out);
    print_header(out, "Source                 Selected  Samples     Offset    Jitter", 0,
                 "     Delay  False");
    for (size_t i = 0; i < count; i++) {
        const struct past_source_figures *s = &f->sources[order[i]];

        printable(past_source_label(r->history, order[i]), name, sizeof(name));
        fprintf(out, "%-*.*s %8s %8zu %10s %9s %9s %6s\n", NAME_WIDTH, NAME_WIDTH, name,
                past_share(s->selected_seconds, recorded).s, s->samples,
                past_signed_time(s->median_offset).s, past_time(s->median_jitter).s,
                past_time(s->median_delay).s,
                past_share((int64_t)s->uses[PAST_USE_FALSETICKER], (int64_t)s->samples).s);
    }
    if (left_out > 0)
        fprintf(out, "and %zu more\n", left_out);
}

static void print_events(const struct past_report *r, FILE *out)
{
    const struct history *h = r->history;
    size_t count = 0, seen = 0;
    char detail[128], text[128], name[64];

    for (size_t i = 0; i < h->event_count; i++)
        count += past_is_inside(&r->figures->period, h->events[i].time);
    if (count == 0)
        return;
    fputc('\n', out);
    print_header(out, "Time (UTC)           Event", 0, "         Details");
    if (count > EVENTS_MAX)
        fprintf(out, "(%zu earlier ones)\n", count - EVENTS_MAX);
    for (size_t i = 0; i < h->event_count; i++) {
        const struct history_event *e = &h->events[i];

        if (!past_is_inside(&r->figures->period, e->time) || ++seen + EVENTS_MAX <= count)
            continue;
        past_event_detail(e, detail, sizeof(detail));
        printable(detail, text, sizeof(text));
        printable(past_source_label(h, e->source), name, sizeof(name));
        fprintf(out, "%s  %-13s %.40s%s%.40s\n", past_date(e->time).s, past_event_word(e->kind),
                name[0] != '\0' || text[0] != '\0' ? name : "-",
                name[0] != '\0' && text[0] != '\0' ? ": " : "", text);
    }
}

void past_print_text(const struct past_report *r, bool utf8, FILE *out)
{
    struct past_row rows[PAST_ROWS_MAX];
    size_t count = past_rows(r, rows);
    char verdict[256], value[sizeof(rows[0].value)];

    past_verdict(r, verdict, sizeof(verdict));
    print_wrapped(out, verdict, 0, SCREEN_WIDTH);
    fputc('\n', out);
    for (int line = 0; line < LINE_COUNT; line++)
        print_line(r, (enum line)line, utf8, out);
    print_parts(r, out);
    fputc('\n', out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%-*s: ", ROW_WIDTH, rows[i].label);
        print_wrapped(out, printable(rows[i].value, value, sizeof(value)), ROW_WIDTH + 2,
                      SCREEN_WIDTH);
    }
    print_sources(r, out);
    print_events(r, out);
}
