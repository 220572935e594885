/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drawing of charts. Coordinates are whole numbers, and relative to the point before, which
 * makes a chart of a month a few kilobytes.
 */
#include "chronyc/chart_svg.h"

#include <math.h>
#include <string.h>
#include "base/number.h"
#include "chronyc/html.h"

static int row_of(const struct chart_scale *y, double value)
{
    return (int)lround((1.0 - chart_place(y, value)) * CHART_HEIGHT);
}

/* ---- Frame ---- */

static void write_grid(FILE *out, const struct chart_frame *frame)
{
    fputs("<path class=\"grid\" d=\"", out);
    for (int i = 0; frame->y && i < frame->y->tick_count; i++)
        fprintf(out, "M0 %.0fh%d", (1.0 - frame->y->ticks[i].place) * CHART_HEIGHT, CHART_WIDTH);
    for (int i = 0; frame->x && i < frame->x->tick_count; i++)
        fprintf(out, "M%.0f 0v%d", frame->x->ticks[i].place * CHART_WIDTH, CHART_HEIGHT);
    fputs("\"/>\n", out);
}

void chart_begin(FILE *out, const struct chart_frame *frame)
{
    fprintf(out, "<div class=\"frame %s\">", frame->height);
    if (frame->y) {
        fputs("<div class=\"side\" aria-hidden=\"true\">", out);
        for (int i = 0; i < frame->y->tick_count; i++) {
            fprintf(out, "<span style=\"top:%.1f%%\">", 100.0 * (1.0 - frame->y->ticks[i].place));
            html_text(out, frame->y->ticks[i].label);
            fputs("</span>", out);
        }
        fputs("</div>", out);
    }
    fprintf(out,
            "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">",
            CHART_WIDTH, CHART_HEIGHT, frame->id, frame->id, frame->id);
    html_text(out, frame->title);
    fprintf(out, "</title><desc id=\"%s-d\">", frame->id);
    html_text(out, frame->description);
    fputs("</desc>\n", out);
    if (frame->over_time)
        fputs("<use href=\"#without\"/>", out);
    write_grid(out, frame);
}

void chart_end(FILE *out, const struct chart_frame *frame)
{
    if (frame->over_time)
        fputs("<use href=\"#marks\"/>", out);
    fputs("</svg>", out);
    if (frame->x) {
        fputs("<div class=\"below\" aria-hidden=\"true\">", out);
        for (int i = 0; i < frame->x->tick_count; i++) {
            double place = frame->x->ticks[i].place;

            fprintf(out, "<span%s style=\"left:%.1f%%\">",
                    place > 0.96   ? " class=\"last\""
                    : place < 0.03 ? " class=\"first\""
                                   : "",
                    100.0 * place);
            html_text(out, frame->x->ticks[i].label);
            fputs("</span>", out);
        }
        fputs("</div>", out);
    }
    fputs("</div>\n", out);
}

/* ---- Series ---- */

/* The pen of a path, which moves by whole numbers. */
struct pen {
    FILE *out;
    int x, y;
};

static void move_to(struct pen *pen, int x, int y)
{
    fprintf(pen->out, "M%d %d", x, y);
    pen->x = x;
    pen->y = y;
}

static void line_to(struct pen *pen, int x, int y)
{
    int dx = x - pen->x, dy = y - pen->y;

    if (dx == 0 && dy == 0)
        return;
    if (dy == 0)
        fprintf(pen->out, "h%d", dx);
    else if (dx == 0)
        fprintf(pen->out, "v%d", dy);
    else
        fprintf(pen->out, dy < 0 ? "l%d%d" : "l%d %d", dx, dy);
    pen->x = x;
    pen->y = y;
}

/* Column of the drawing for one of the series. */
static int place_column(const struct chart_series *series, int x)
{
    return (int)lround((x + 0.5) * CHART_WIDTH / series->width);
}

/* An area from the columns first..end-1: along the high values there and the low ones back. */
static void write_area(struct pen *pen, const struct chart_series *s, size_t first, size_t end,
                       const struct chart_scale *y)
{
    const struct chart_column *c = s->columns;

    move_to(pen, place_column(s, c[first].x), row_of(y, c[first].high));
    for (size_t i = first + 1; i < end; i++)
        line_to(pen, place_column(s, c[i].x), row_of(y, c[i].high));
    for (size_t i = end; i-- > first;)
        line_to(pen, place_column(s, c[i].x), row_of(y, c[i].low));
    fputs(end == first + 1 ? "h0z" : "z", pen->out);
}

void chart_draw_series(FILE *out, const struct chart_series *series, const struct chart_scale *y,
                       const char *style)
{
    struct pen pen = {.out = out};
    size_t first = 0;

    if (series->count == 0)
        return;
    fprintf(out, "<path class=\"%s\" d=\"", style);
    for (size_t i = 1; i <= series->count; i++) {
        if (i < series->count && !series->columns[i].starts)
            continue;
        write_area(&pen, series, first, i, y);
        first = i;
    }
    fputs("\"/>\n", out);
}

size_t chart_draw_clipped(FILE *out, const struct chart_series *series, const struct chart_scale *y)
{
    size_t count = 0;

    for (size_t i = 0; i < series->count; i++) {
        const struct chart_column *c = &series->columns[i];
        bool above = chart_place(y, c->high) >= 1.0, below = chart_place(y, c->low) <= 0.0;

        if (!above && !below)
            continue;
        fputs(count == 0 ? "<path class=\"clipped\" d=\"" : "", out);
        count++;
        fprintf(out, "M%d %dv40", place_column(series, c->x), above ? 0 : CHART_HEIGHT - 40);
    }
    if (count > 0)
        fputs("\"/>\n", out);
    return count;
}

void chart_draw_level(FILE *out, const struct chart_scale *y, double value, const char *style)
{
    fprintf(out, "<path class=\"%s\" d=\"M0 %dh%d\"/>\n", style, row_of(y, value), CHART_WIDTH);
}

void chart_draw_dots(FILE *out, const struct chart_scale *x, const struct chart_scale *y,
                     const struct chart_dot *dots, size_t count, bool joined, const char *style)
{
    if (count == 0)
        return;
    for (int pass = joined ? 0 : 1; pass < 2; pass++) {
        struct pen pen = {.out = out};

        fprintf(out, "<path class=\"%s%s\" d=\"", style, pass == 0 ? " line" : " dot");
        for (size_t i = 0; i < count; i++) {
            int column = (int)lround(chart_place(x, dots[i].x) * CHART_WIDTH);
            int row = row_of(y, dots[i].y);

            if (pass == 0 && i > 0) {
                line_to(&pen, column, row);
                continue;
            }
            move_to(&pen, column, row);
            if (pass == 1)
                fputs("h0", out); /* a line of no length with round ends is a dot */
        }
        fputs("\"/>\n", out);
    }
}

void chart_write_bars(FILE *out, const unsigned char *levels, unsigned char level, int top,
                      int bottom)
{
    for (int x = 0; x < CHART_WIDTH;) {
        int end = x;

        while (end < CHART_WIDTH && levels[end] == level)
            end++;
        if (end > x)
            fprintf(out, "M%d %dh%dv%dh%dz", x, top, end - x, bottom - top, x - end);
        x = end + 1;
    }
}
