/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Round numbers for the labels of charts: 1, 2 or 5 times a power of ten, and of times the steps
 * that a clock or a calendar has.
 */
#include "chronyc/chart_scale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/number.h"
#include "chronyc/past_units.h"

#define LINEAR_STEPS 4 /* about so many */
#define TIME_STEPS   8 /* at most */
#define DAY          86400

static void add_tick(struct chart_scale *s, double value, const char *label)
{
    double place = (value - s->low) / (s->high - s->low);

    if (s->tick_count == CHART_TICKS_MAX || !(place > -1e-9 && place < 1.0 + 1e-9))
        return;
    struct chart_tick *tick = &s->ticks[s->tick_count++];
    tick->place = clamp(0.0, place, 1.0);
    snprintf(tick->label, sizeof(tick->label), "%s", label);
}

/* As pages write it, with a micro sign. */
static const char *unit_of(double seconds, double *factor)
{
    const char *name = past_time_unit(seconds, factor);

    return name[0] == 'u' ? "\u00b5s" : name;
}

static double round_step(double step)
{
    double power = pow(10.0, floor(log10(step)));
    double rest = step / power;

    return power * (rest < 1.5 ? 1.0 : rest < 3.5 ? 2.0 : rest < 7.5 ? 5.0 : 10.0);
}

static int decimals_of(double step)
{
    return clamp_int(0, (int)ceil(-log10(step) - 1e-9), 9);
}

struct chart_scale chart_scale_linear(double low, double high, enum chart_unit unit)
{
    double factor = 1.0, room = 0.06 * (high - low), largest = fmax(fabs(low), fabs(high));
    const char *name = unit == CHART_PLAIN ? "" : unit_of(largest, &factor);
    char label[CHART_LABEL];

    /* A constant value is in the middle. */
    if (!(room > largest * 1e-9))
        room = largest > 0.0 ? largest * 1e-3 : 1e-9;
    struct chart_scale s = {.low = low - room, .high = high + room};
    double step = round_step((s.high - s.low) * factor / LINEAR_STEPS);
    double first = ceil(s.low * factor / step);
    for (int i = 0; i < CHART_TICKS_MAX; i++) {
        double value = (first + i) * step;

        if (fabs(value) < step * 1e-6)
            value = 0.0; /* no -0 */
        snprintf(label, sizeof(label), unit == CHART_SIGNED_SECONDS ? "%+.*f%s%s" : "%.*f%s%s",
                 decimals_of(step), value, name[0] != '\0' ? " " : "", name);
        add_tick(&s, value / factor, value == 0.0 ? "0" : label);
    }
    return s;
}

/* A power of ten with raised digits. */
static void format_power(int exponent, const char *unit, char label[CHART_LABEL])
{
    static const char *const raised[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                         "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    unsigned int size = (unsigned int)abs(exponent) % 100;

    snprintf(label, CHART_LABEL, "10%s%s%s%s", exponent < 0 ? "\u207b" : "",
             size >= 10 ? raised[size / 10] : "", raised[size % 10], unit);
}

struct chart_scale chart_scale_log(double low, double high, enum chart_unit unit)
{
    struct chart_scale s = {
        .low = floor(log10(low) + 1e-9), .high = ceil(log10(high) - 1e-9), .logarithmic = true};
    char label[CHART_LABEL];

    if (s.high <= s.low)
        s.high = s.low + 1.0;
    int every = (int)(s.high - s.low) / 6 + 1;
    for (int i = 0; s.low + i * every <= s.high && i < CHART_TICKS_MAX; i++) {
        double exponent = s.low + i * every, factor, value = pow(10.0, exponent);

        if (unit == CHART_PLAIN || exponent > 3.0) {
            format_power((int)exponent, unit == CHART_PLAIN ? "" : " s", label);
        } else {
            const char *name = unit_of(value, &factor);
            snprintf(label, sizeof(label), "%.15g %s", value * factor, name);
        }
        add_tick(&s, exponent, label);
    }
    return s;
}

static void format_time_label(int64_t t, int64_t step, char *label)
{
    time_t seconds = (time_t)t;
    const char *format = step >= 28 * DAY              ? "%Y-%m-%d"
                         : t % DAY == 0 || step >= DAY ? "%b %d"
                                                       : "%H:%M";
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || strftime(label, CHART_LABEL, format, &tm) == 0)
        label[0] = '\0';
}

struct chart_scale chart_scale_time(struct chart_span span)
{
    static const int64_t steps[] = {60,      120,     300,     600,      900,      1800,
                                    3600,    7200,    10800,   21600,    43200,    DAY,
                                    2 * DAY, 5 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY};
    struct chart_scale s = {.low = (double)span.from, .high = (double)span.to};
    int64_t length = span.to - span.from, step = steps[0];
    char label[CHART_LABEL];

    for (size_t i = 0; i < COUNT(steps) && length / step > TIME_STEPS; i++)
        step = steps[i];
    while (length / step > TIME_STEPS)
        step *= 2;
    for (int64_t t = (span.from + step - 1) / step * step; t <= span.to; t += step) {
        format_time_label(t, step, label);
        add_tick(&s, (double)t, label);
    }
    return s;
}

double chart_place(const struct chart_scale *scale, double value)
{
    if (scale->logarithmic)
        value = value > 0.0 ? log10(value) : scale->low;
    return clamp(0.0, (value - scale->low) / (scale->high - scale->low), 1.0);
}
