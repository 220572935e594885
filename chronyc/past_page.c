/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTML page of a report about the past: verdict, the table that an auditor files, charts,
 * sources and events. It needs nothing but itself: no script, no other file. All text from outside
 * is escaped, and a browser is told to load and run nothing.
 */
#include "chronyc/past_page.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include "base/number.h"
#include "chronyc/past_units.h"
#include "chronyc/html.h"

#define EVENTS_MAX 300 /* rows; the last ones */

/* Whether the text is the unit of microseconds behind a number. */
static bool is_micro(const char *start, const char *text)
{
    return text - start >= 2 && text[-1] == ' ' && isdigit((unsigned char)text[-2]) &&
           text[0] == 'u' && text[1] == 's' && !isalnum((unsigned char)text[2]);
}

/* Whether the space is between a number and its unit, where no line is to end. */
static bool is_inner_space(const char *start, const char *text)
{
    return text > start && text[0] == ' ' && isdigit((unsigned char)text[-1]) &&
           (text[1] == '%' || islower((unsigned char)text[1]));
}

void past_page_value(FILE *out, const char *text)
{
    char part[64];
    size_t length = 0;

    for (const char *c = text; c[0] != '\0'; c++) {
        bool continues = ((unsigned char)c[0] & 0xc0) == 0x80; /* a character of UTF-8 */

        if (length + 3 >= sizeof(part) || (length + 8 >= sizeof(part) && !continues)) {
            part[length] = '\0';
            html_text(out, part);
            length = 0;
        }
        if (is_micro(text, c)) {
            memcpy(part + length, "\u00b5", 2);
            length += 2;
        } else if (is_inner_space(text, c)) {
            memcpy(part + length, "\u00a0", 2);
            length += 2;
        } else {
            part[length++] = c[0];
        }
    }
    part[length] = '\0';
    html_text(out, part);
}

static void write_text(const struct past_page *p, const char *before, const char *text,
                       const char *behind)
{
    fputs(before, p->out);
    html_text(p->out, text);
    fputs(behind, p->out);
}

static void write_value(const struct past_page *p, const char *before, const char *text,
                        const char *behind)
{
    fputs(before, p->out);
    past_page_value(p->out, text);
    fputs(behind, p->out);
}

/* ---- Head ---- */

static void write_head(const struct past_page *p)
{
    const struct past_report *r = p->report;
    const struct past_period *period = &r->figures->period;

    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
          p->out);
    write_text(p, "<title>Clock report of ", r->host, "</title>\n<style>\n");
    fputs(past_page_style, p->out);
    write_text(p, "</style>\n</head>\n<body>\n<main>\n<header><h1>Clock report of ", r->host,
               "</h1>");
    fprintf(p->out, "<p class=\"soft\">%s to %s UTC (%s)</p></header>\n", past_date(period->from).s,
            past_date(period->to).s, past_length((double)(period->to - period->from)).s);
}

static void write_share(const struct past_page *p)
{
    const struct past_figures *f = p->report->figures;
    int64_t whole = f->period.to - f->period.from;

    fputs("<div class=\"share\" aria-hidden=\"true\">", p->out);
    for (int part = 0; part < PAST_PARTS; part++)
        if (f->parts[part] > 0)
            fprintf(p->out, "<i class=\"p%d\" style=\"flex:%lld 0 0\"></i>", part,
                    (long long)f->parts[part]);
    fputs("</div>\n<ul class=\"key\">", p->out);
    for (int part = 0; part < PAST_PARTS; part++) {
        fprintf(p->out, "<li><i class=\"p%d\"></i>%s: ", part,
                past_part_word((enum past_part)part));
        write_text(p, "", past_percent(f->parts[part], whole).s, "</li>");
    }
    fputs("</ul>\n", p->out);
}

static void write_tile(const struct past_page *p, const char *value, const char *label,
                       const char *more)
{
    write_value(p, "<div><b>", value, "</b>");
    write_value(p, "", label, "");
    write_value(p, "<span>", more, "</span></div>");
}

static void write_tiles(const struct past_page *p)
{
    const struct past_figures *f = p->report->figures;
    int64_t outside = f->parts[PAST_ABOVE] + f->parts[PAST_NOT_SYNC];
    char label[96], count[32];

    fputs("<div class=\"tiles\">", p->out);
    if (f->synchronised > 0) {
        write_tile(p, past_time(f->largest_bound.value).s, "Largest error (bound)",
                   past_date_minutes(f->largest_bound.time).s);
        write_tile(p, past_time(f->offset_95).s, "Offset, 95 % of the time within", "estimated");
    }
    snprintf(label, sizeof(label), "Outside %s or not synchronised", past_limit(f->limit).s);
    write_tile(p, outside > 0 ? past_length((double)outside).s : "none", label,
               past_percent(outside, f->period.to - f->period.from).s);
    snprintf(count, sizeof(count), "%zu", f->events[HISTORY_EVENT_STEP]);
    write_tile(p, count, "Steps of the clock",
               f->largest_step.time > 0 ? past_signed_time(f->largest_step.value).s : "none");
    write_tile(p, f->gaps > 0 ? past_length((double)f->longest_gap.seconds).s : "none",
               "Longest gap in the records",
               f->gaps > 0 ? past_date_minutes(f->longest_gap.from).s : "complete");
    fputs("</div>\n", p->out);
}

static void write_facts(const struct past_page *p)
{
    struct past_row rows[PAST_ROWS_MAX];
    size_t count = past_rows(p->report, rows);

    fputs("<h2>Summary</h2>\n<table class=\"facts\"><tbody>\n", p->out);
    for (size_t i = 0; i < count; i++) {
        bool deeper = rows[i].label[0] == ' ';

        fputs(deeper ? "<tr><th scope=\"row\" class=\"in\">" : "<tr><th scope=\"row\">", p->out);
        html_text(p->out, rows[i].label + (deeper ? 2 : 0));
        write_value(p, "</th><td>", rows[i].value, "</td></tr>\n");
    }
    fputs("</tbody></table>\n", p->out);
}

/* ---- Charts ---- */

/* What the lines and the shades in all charts mean, as far as they are there. */
static void write_key(const struct past_page *p)
{
    const struct past_figures *f = p->report->figures;

    fputs("<h2>The clock</h2>\n<ul class=\"key\">", p->out);
    for (int kind = 0; kind < HISTORY_EVENT_KINDS; kind++) {
        const char *style = past_event_style((enum history_event_kind)kind);

        if (style && f->events[kind] > 0)
            fprintf(p->out, "<li><i class=\"thin %s\"></i>%s</li>", style,
                    past_event_word((enum history_event_kind)kind));
    }
    if (f->parts[PAST_NOT_SYNC] > 0)
        fputs("<li><i class=\"p2\"></i>not synchronised</li>", p->out);
    if (f->gaps > 0)
        fputs("<li><i class=\"p3\"></i>no record</li>", p->out);
    fputs("</ul>\n", p->out);
}

/* ---- Tables ---- */

static void write_number(const struct past_page *p, const char *text)
{
    write_value(p, "<td class=\"n\">", text, "</td>");
}

static void write_source(const struct past_page *p, int index)
{
    const struct history_source *source = &p->report->history->sources[index];
    const struct past_source_figures *s = &p->report->figures->sources[index];
    const struct past_figures *f = p->report->figures;
    int64_t recorded = f->period.to - f->period.from - f->parts[PAST_MISSING];
    char count[32];

    write_text(p, "<tr><th scope=\"row\">",
               source->name[0] != '\0' ? source->name : source->address, "");
    if (source->name[0] != '\0' && source->address[0] != '\0' &&
        strcmp(source->name, source->address) != 0)
        write_text(p, "<br><small class=\"soft\">", source->address, "</small>");
    fputs("</th>", p->out);
    write_number(p, past_share(s->selected_seconds, recorded).s);
    snprintf(count, sizeof(count), "%zu", s->samples);
    write_number(p, count);
    write_number(p, past_signed_time(s->median_offset).s);
    write_number(p, past_signed_time(s->largest_offset).s);
    write_number(p, past_time(s->median_jitter).s);
    write_number(p, past_time(s->median_delay).s);
    write_number(p, past_time(s->smallest_delay).s);
    for (int use = PAST_USE_COMBINED; use < PAST_USES; use++)
        write_number(p, past_share((int64_t)s->uses[use], (int64_t)s->samples).s);
    fputs("</tr>\n", p->out);
}

static void write_source_table(const struct past_page *p)
{
    static const char *const heads[] = {
        "Selected",       "Samples",  "Offset",     "Largest offset", "Jitter", "Delay",
        "Smallest delay", "Combined", "Selectable", "Not usable",     "False"};

    fputs("<h2>Sources</h2>\n<p class=\"soft\">Selected: share of the recorded time. Offset, "
          "jitter and "
          "delay: medians of the samples. The last four: shares of the samples.</p>"
          "<div class=\"wide\"><table><thead><tr><th scope=\"col\">Source</th>",
          p->out);
    for (size_t i = 0; i < COUNT(heads); i++)
        fprintf(p->out, "<th scope=\"col\" class=\"n\">%s</th>", heads[i]);
    fputs("</tr></thead><tbody>\n", p->out);
    for (size_t i = 0; i < p->source_count; i++)
        write_source(p, p->sources[i]);
    fputs("</tbody></table></div>\n", p->out);
}

static void write_event(const struct past_page *p, const struct history_event *e)
{
    char detail[128];

    past_event_detail(e, detail, sizeof(detail));
    fprintf(p->out, "<tr><td>%s</td><td>%s</td>", past_date(e->time).s, past_event_word(e->kind));
    write_text(p, "<td>", past_source_label(p->report->history, e->source), "</td>");
    write_value(p, "<td>", detail, "</td></tr>\n");
}

static void write_events(const struct past_page *p)
{
    const struct history *h = p->report->history;
    const struct past_period *period = &p->report->figures->period;
    size_t count = 0, seen = 0;

    for (size_t i = 0; i < h->event_count; i++)
        count += past_is_inside(period, h->events[i].time);
    fputs("<h2>Events</h2>\n", p->out);
    if (count == 0) {
        fputs("<p>None.</p>\n", p->out);
        return;
    }
    if (count > EVENTS_MAX)
        fprintf(p->out, "<p class=\"soft\">The last %d of %zu.</p>", EVENTS_MAX, count);
    fputs("<div class=\"wide\"><table><thead><tr><th scope=\"col\">Time (UTC)</th><th "
          "scope=\"col\">Event</th><th scope=\"col\">Source</th><th scope=\"col\">Details</th></tr>"
          "</thead><tbody>\n",
          p->out);
    for (size_t i = 0; i < h->event_count; i++) {
        const struct history_event *e = &h->events[i];

        if (past_is_inside(period, e->time) && ++seen + EVENTS_MAX > count)
            write_event(p, e);
    }
    fputs("</tbody></table></div>\n", p->out);
}

static void write_notes(const struct past_page *p)
{
    fputs(
        "<h2>What the figures are</h2>\n<p class=\"soft\">Offset: how far the system clock was "
        "from the time of the sources, as estimated at the end of each minute. Bound: the largest "
        "error that the clock can have had then, if the selected source is right: |offset| + root "
        "dispersion + root delay / 2. Time within the limit is time in which the clock was "
        "synchronised and the bound was not above the limit. A record stands for the minute "
        "before it; 150 seconds without one are a gap. Figures of offset, bound and frequency "
        "are those of minutes in which the clock was synchronised. Each column of a chart shows "
        "the lowest and the highest value of its time.</p>\n",
        p->out);
    write_text(p, "<p class=\"soft\">Made on ", p->report->host, " at ");
    fprintf(p->out, "%s UTC by chronyc ", past_date(p->report->made).s);
    write_text(p, "", p->report->version, " from ");
    write_text(p, "", p->report->path, ".</p>\n");
}

void past_print_page(const struct past_report *r, FILE *out)
{
    const struct past_figures *f = r->figures;
    struct past_page p = {.report = r, .out = out};
    int64_t from = f->first - PAST_MINUTE;
    char verdict[256];

    p.span = (struct chart_span){from > f->period.from ? from : f->period.from, f->last};
    p.source_count = past_order_sources(f, p.sources, PAST_PAGE_SOURCES, &p.left_out);
    past_verdict(r, verdict, sizeof(verdict));
    write_head(&p);
    write_value(&p, "<p class=\"verdict\">", verdict, "</p>\n");
    write_share(&p);
    write_tiles(&p);
    write_facts(&p);
    past_page_write_shared(&p);
    write_key(&p);
    past_page_write_clock(&p);
    past_page_write_stability(&p);
    write_source_table(&p);
    past_page_write_sources(&p);
    write_events(&p);
    write_notes(&p);
    fputs("</main>\n</body>\n</html>\n", out);
}
