/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Downsampling by the extremes of each column.
 */
#include "chronyc/chart_columns.h"

#include <math.h>
#include <stdlib.h>
#include "base/text.h"

struct chart_series *chart_series_new(struct chart_span span, int width, int64_t gap)
{
    struct chart_series *s = mem_alloc(sizeof(*s));

    *s = (struct chart_series){.columns = mem_array((size_t)width, sizeof(*s->columns)),
                               .width = width,
                               .span = span,
                               .gap = gap};
    return s;
}

void chart_series_free(struct chart_series *series)
{
    if (!series)
        return;
    free(series->columns);
    free(series);
}

int chart_column_of(struct chart_span span, int width, int64_t time)
{
    if (time <= span.from || span.to <= span.from)
        return 0;
    if (time >= span.to)
        return width - 1;
    int x = (int)((double)(time - span.from) / (double)(span.to - span.from) * width);
    return x < width ? x : width - 1;
}

void chart_series_add(struct chart_series *series, int64_t time, double value)
{
    struct chart_series *s = series;

    if (time < s->span.from || time > s->span.to || !isfinite(value))
        return;
    int x = chart_column_of(s->span, s->width, time);
    bool starts = s->count == 0 || time - s->last_time > s->gap;

    s->low = s->count == 0 ? value : fmin(s->low, value);
    s->high = s->count == 0 ? value : fmax(s->high, value);
    s->last_time = time;
    if (s->count > 0 && s->columns[s->count - 1].x >= x) {
        struct chart_column *c = &s->columns[s->count - 1];

        c->low = fmin(c->low, value);
        c->high = fmax(c->high, value);
        return;
    }
    s->columns[s->count++] = (struct chart_column){x, value, value, starts};
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void chart_series_usual(const struct chart_series *series, double *low, double *high)
{
    const struct chart_series *s = series;
    double *lows = mem_array(s->count, sizeof(double)),
           *highs = mem_array(s->count, sizeof(double));
    size_t few = s->count / 50;

    *low = s->low;
    *high = s->high;
    if (s->count > 0) {
        for (size_t i = 0; i < s->count; i++) {
            lows[i] = s->columns[i].low;
            highs[i] = s->columns[i].high;
        }
        qsort(lows, s->count, sizeof(double), compare_doubles);
        qsort(highs, s->count, sizeof(double), compare_doubles);
        double usual_low = lows[few], usual_high = highs[s->count - 1 - few];
        double room = usual_high - usual_low;
        if (s->high - s->low > 5.0 * room && room > 0.0) {
            *low = fmax(s->low, usual_low - room);
            *high = fmin(s->high, usual_high + room);
        }
    }
    free(lows);
    free(highs);
}
