/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SVG with a polyline for each clock. Seconds that fall on the same column are drawn as the
 * extremes of it.
 */
#include "test/sim/plot.h"

#include <math.h>
#include <stdio.h>

#define WIDTH  1000
#define HEIGHT 400
#define MARGIN 70

struct scale {
    double low, high;
    size_t count;
};

static double y_of(const struct scale *s, double value)
{
    double place = (value - s->low) / (s->high - s->low);

    return MARGIN + HEIGHT * (1.0 - fmax(0.0, fmin(place, 1.0)));
}

static struct scale make_scale(const struct plot_line *lines, int count, size_t from)
{
    struct scale s = {.low = 0.0, .high = 0.0, .count = 0};

    for (int k = 0; k < count; k++) {
        const struct plot_line *line = &lines[k];

        s.count = line->count > s.count ? line->count : s.count;
        for (size_t i = from < line->count ? from : 0; i < line->count; i++) {
            s.low = fmin(s.low, (double)line->offsets[i]);
            s.high = fmax(s.high, (double)line->offsets[i]);
        }
    }
    double rest = 0.05 * (s.high - s.low) + 1e-12;
    s.low -= rest;
    s.high += rest;
    return s;
}

static void write_axes(FILE *f, const struct scale *s, const char *title)
{
    fprintf(f, "<text x=\"%d\" y=\"30\" font-size=\"18\">%s</text>\n", MARGIN, title);
    fprintf(f,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#888\"/>\n",
            MARGIN, MARGIN, WIDTH, HEIGHT);
    for (int i = 0; i <= 4; i++) {
        double value = s->low + (s->high - s->low) * i / 4.0;
        double x = MARGIN + WIDTH * i / 4.0;

        fprintf(f, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.2e</text>\n", MARGIN - 5,
                y_of(s, value) + 4.0, value);
        fprintf(f, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f s</text>\n", x,
                MARGIN + HEIGHT + 20, (double)s->count * i / 4.0);
    }
    fprintf(f, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ccc\"/>\n", MARGIN,
            MARGIN + WIDTH, y_of(s, 0.0), y_of(s, 0.0));
}

static void write_line(FILE *f, const struct scale *s, const struct plot_line *line, int number)
{
    static const char *const colours[PLOT_LINES] = {"#06c", "#d50", "#999"};
    size_t i = 0;

    fprintf(f, "<polyline fill=\"none\" stroke=\"%s\" points=\"", colours[number]);
    for (int column = 0; column < WIDTH && i < line->count; column++) {
        size_t end = (size_t)((double)s->count * (column + 1) / WIDTH);
        double low = INFINITY, high = -INFINITY;

        for (; i < end && i < line->count; i++) {
            low = fmin(low, (double)line->offsets[i]);
            high = fmax(high, (double)line->offsets[i]);
        }
        if (low <= high)
            fprintf(f, "%d,%.1f %d,%.1f ", MARGIN + column, y_of(s, low), MARGIN + column,
                    y_of(s, high));
    }
    fputs("\"/>\n", f);
    if (line->name)
        fprintf(f, "<text x=\"%d\" y=\"%d\" fill=\"%s\" font-size=\"14\">%s</text>\n",
                MARGIN + 150 * number, MARGIN - 10, colours[number], line->name);
}

bool plot_write(const char *path, const char *title, const struct plot_line *lines, int count,
                size_t from)
{
    struct scale s = make_scale(lines, count, from);
    FILE *f = fopen(path, "w");

    if (!f)
        return false;
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN);
    write_axes(f, &s, title);
    /* The first one lies above the others. */
    for (int i = count - 1; i >= 0; i--)
        write_line(f, &s, &lines[i], i);
    fputs("</svg>\n", f);
    bool failed = ferror(f) != 0;
    return fclose(f) == 0 && !failed;
}
