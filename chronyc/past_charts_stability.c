/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two charts that are not over time: the Allan deviation of what was recorded, and the frequency
 * against the temperature.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyc/allan.h"
#include "chronyc/past_page.h"
#include "chronyc/past_units.h"
#include "chronyc/html.h"

#define INTERVALS_MAX 2000000 /* a longer record has no Allan deviation */

/* ---- Allan deviation ---- */

/* Of the recorded frequency. */
static size_t measure_freq(const struct past_page *p, struct allan_point *points)
{
    const struct history *h = p->report->history;
    int64_t n = (p->span.to - p->span.from) / PAST_MINUTE + 1;

    if (n < 1 || n > INTERVALS_MAX)
        return 0;
    double *freqs = mem_array((size_t)n, sizeof(*freqs));
    for (int64_t i = 0; i < n; i++)
        freqs[i] = NAN;
    for (size_t i = 0; i < h->minute_count; i++) {
        const struct history_minute *m = &h->minutes[i];

        if (m->time >= p->span.from && m->time <= p->span.to && m->state == HISTORY_SYNCHRONISED)
            freqs[(m->time - p->span.from) / PAST_MINUTE] = m->freq_ppm * 1e-6;
    }
    size_t count = allan_of_frequencies(freqs, (size_t)n, PAST_MINUTE, points);
    free(freqs);
    return count;
}

/* Interval of most samples of a source; 0: too few samples. */
static int64_t usual_interval(const struct past_page *p, int source)
{
    const struct history *h = p->report->history;
    double *intervals = mem_array(h->sample_count, sizeof(double));
    int64_t before = 0, result = 0;
    size_t count = 0;

    for (size_t i = 0; i < h->sample_count; i++) {
        const struct history_sample *s = &h->samples[i];

        if (s->source != source || s->time < p->span.from || s->time > p->span.to)
            continue;
        if (before > 0)
            intervals[count++] = (double)(s->time - before);
        before = s->time;
    }
    if (count >= 8)
        result = (int64_t)fmax(past_quantile(intervals, count, 0.5), 1.0);
    free(intervals);
    return result;
}

/* Of the measured offsets of a source. */
static size_t measure_source(const struct past_page *p, int source, struct allan_point *points)
{
    const struct history *h = p->report->history;
    int64_t interval = usual_interval(p, source);
    int64_t n = interval > 0 ? (p->span.to - p->span.from) / interval + 1 : 0;

    if (n < 1 || n > INTERVALS_MAX)
        return 0;
    double *phases = mem_array((size_t)n, sizeof(*phases));
    for (int64_t i = 0; i < n; i++)
        phases[i] = NAN;
    for (size_t i = 0; i < h->sample_count; i++) {
        const struct history_sample *s = &h->samples[i];

        if (s->source == source && s->time >= p->span.from && s->time <= p->span.to)
            phases[(s->time - p->span.from) / interval] = s->offset;
    }
    size_t count = allan_of_phases(phases, (size_t)n, (double)interval, points);
    free(phases);
    return count;
}

static void include(const struct allan_point *points, size_t count, double low[2], double high[2])
{
    for (size_t i = 0; i < count; i++) {
        low[0] = fmin(low[0], points[i].tau);
        high[0] = fmax(high[0], points[i].tau);
        if (points[i].deviation > 0.0) {
            low[1] = fmin(low[1], points[i].deviation);
            high[1] = fmax(high[1], points[i].deviation);
        }
    }
}

static void draw_points(const struct past_page *p, const struct chart_scale *x,
                        const struct chart_scale *y, const struct allan_point *points, size_t count,
                        const char *style)
{
    struct chart_dot dots[ALLAN_POINTS_MAX];

    for (size_t i = 0; i < count; i++)
        dots[i] = (struct chart_dot){points[i].tau, points[i].deviation};
    chart_draw_dots(p->out, x, y, dots, count, true, style);
}

static void write_allan(const struct past_page *p)
{
    struct allan_point freq[ALLAN_POINTS_MAX], source[ALLAN_POINTS_MAX];
    size_t freqs = measure_freq(p, freq);
    size_t sources = p->source_count > 0 ? measure_source(p, p->sources[0], source) : 0;
    double low[2] = {INFINITY, INFINITY}, high[2] = {0.0, 0.0};

    include(freq, freqs, low, high);
    include(source, sources, low, high);
    if (!(high[1] > 0.0))
        return;
    struct chart_scale x = chart_scale_log(low[0], high[0], CHART_SECONDS);
    struct chart_scale y = chart_scale_log(fmax(low[1], high[1] * 1e-9), high[1], CHART_PLAIN);
    struct chart_frame frame = {
        .id = "allan",
        .height = "square",
        .title = "Allan deviation",
        .x = &x,
        .y = &y,
        .description = "Overlapping Allan deviation against the averaging time, both logarithmic."};

    fputs("<figure><figcaption><b>Allan deviation</b><p>How much the mean frequency changes from "
          "one averaging time to the next (overlapping, as a ratio: 1e-6 is 1 ppm).</p>"
          "</figcaption><ul class=\"key\">",
          p->out);
    if (freqs > 0)
        fputs("<li><i class=\"offset\"></i>recorded frequency of the clock without correction: its "
              "wander, as smooth as the estimate is</li>",
              p->out);
    if (sources > 0) {
        fputs("<li><i class=\"second\"></i>offsets of the corrected clock that were measured with ",
              p->out);
        html_text(p->out, past_source_label(p->report->history, p->sources[0]));
        fputs(": mostly the noise of the way</li>", p->out);
    }
    fputs("</ul>", p->out);
    chart_begin(p->out, &frame);
    draw_points(p, &x, &y, freq, freqs, "offset");
    draw_points(p, &x, &y, source, sources, "second");
    chart_end(p->out, &frame);
    fputs("<p class=\"soft\">Averaging time</p></figure>\n", p->out);
}

/* ---- Frequency against temperature ---- */

/* What is needed for the straight line through all points. */
struct sums {
    double x, y, xx, xy, yy;
    size_t count;
};

static bool is_usable(const struct past_page *p, const struct history_minute *m)
{
    return m->time >= p->span.from && m->time <= p->span.to && m->state == HISTORY_SYNCHRONISED &&
           isfinite(m->temperature) && isfinite(m->freq_ppm);
}

static void write_slope(const struct past_page *p, const struct sums *s, double x0, double y0)
{
    double n = (double)s->count, xx = s->xx - s->x * s->x / n, yy = s->yy - s->y * s->y / n;
    double xy = s->xy - s->x * s->y / n;

    if (xx > 0.0 && yy > 0.0)
        fprintf(p->out,
                "<p class=\"soft\">Straight line: %+.3g ppm for each unit of the sensor, %+.3f ppm "
                "at %.6g; correlation %+.2f.</p>",
                xy / xx, y0 + s->y / n, x0 + s->x / n, xy / sqrt(xx * yy));
}

#define CELLS 100 /* in each direction; minutes in the same one are one dot */

static void draw_cells(const struct past_page *p, const struct chart_scale *x,
                       const struct chart_scale *y)
{
    const struct history *h = p->report->history;
    unsigned char *seen = mem_array(CELLS, CELLS);
    struct chart_dot *dots = mem_array((size_t)CELLS * CELLS, sizeof(*dots));
    size_t count = 0;

    for (size_t i = 0; i < h->minute_count; i++) {
        const struct history_minute *m = &h->minutes[i];

        if (!is_usable(p, m))
            continue;
        int column = (int)(chart_place(x, m->temperature) * (CELLS - 1));
        int row = (int)(chart_place(y, m->freq_ppm) * (CELLS - 1));
        unsigned char *cell = &seen[column * CELLS + row];
        if (*cell)
            continue;
        *cell = 1;
        dots[count++] = (struct chart_dot){m->temperature, m->freq_ppm};
    }
    chart_draw_dots(p->out, x, y, dots, count, false, "second fine");
    free(seen);
    free(dots);
}

static void write_against_temperature(const struct past_page *p)
{
    const struct history *h = p->report->history;
    const struct past_figures *f = p->report->figures;
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    double x0 = f->lowest_temperature, y0 = f->median_freq;
    struct sums s = {0};

    for (size_t i = 0; i < h->minute_count; i++) {
        const struct history_minute *m = &h->minutes[i];
        double dx = m->temperature - x0, dy = m->freq_ppm - y0;

        if (!is_usable(p, m))
            continue;
        low[0] = fmin(low[0], m->temperature);
        high[0] = fmax(high[0], m->temperature);
        low[1] = fmin(low[1], m->freq_ppm);
        high[1] = fmax(high[1], m->freq_ppm);
        s = (struct sums){s.x + dx,       s.y + dy,       s.xx + dx * dx,
                          s.xy + dx * dy, s.yy + dy * dy, s.count + 1};
    }
    if (s.count < 2 || !(high[0] > low[0]))
        return;
    struct chart_scale x = chart_scale_linear(low[0], high[0], CHART_PLAIN);
    struct chart_scale y = chart_scale_linear(low[1], high[1], CHART_PLAIN);
    struct chart_frame frame = {.id = "against",
                                .height = "square",
                                .title = "Frequency against temperature",
                                .x = &x,
                                .y = &y,
                                .description = "A dot for each frequency (ppm) and temperature "
                                               "that were recorded in the same minute."};

    fputs("<figure><figcaption><b>Frequency against temperature</b><p>Frequency (ppm) of the clock "
          "without correction, and the temperature as the sensor shows it.</p></figcaption>",
          p->out);
    chart_begin(p->out, &frame);
    draw_cells(p, &x, &y);
    chart_end(p->out, &frame);
    write_slope(p, &s, x0, y0);
    fputs("</figure>\n", p->out);
}

void past_page_write_stability(const struct past_page *p)
{
    fputs("<div class=\"pair\">", p->out);
    write_against_temperature(p);
    write_allan(p);
    fputs("</div>\n", p->out);
}
