/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of findings are found here, and their texts filled in, see finding_text.h.
 */
#include "chronyc/finding_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "base/text.h"

#define MINUTE 60.0
#define HOUR   3600.0
#define DAY    86400.0

const struct finding_text *finding_text_find(unsigned int code)
{
    static const struct finding_text *const tables[] = {finding_texts_clock, finding_texts_source,
                                                        finding_texts_refclock, finding_texts_ntp,
                                                        finding_texts_nts};

    for (size_t i = 0; i < COUNT(tables); i++)
        for (const struct finding_text *row = tables[i]; row->code != 0; row++)
            if (row->code == code)
                return row;
    return NULL;
}

/* "90 seconds", "3 minutes", "5 hours", "2 days": the largest unit of which there are two. */
static void format_duration(double seconds, char *buf, size_t size)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{DAY, "days"}, {HOUR, "hours"}, {MINUTE, "minutes"}};
    double length = fabs(seconds);

    for (size_t i = 0; i < COUNT(units); i++) {
        if (length >= 2.0 * units[i].seconds) {
            snprintf(buf, size, "%.0f %s", length / units[i].seconds, units[i].name);
            return;
        }
    }
    snprintf(buf, size, length < 1.5 && length >= 0.5 ? "%.0f second" : "%.0f seconds", length);
}

/* A daemon can send any number. What is further away than this (s) is no date that anybody means,
   and might not fit into a time. */
#define FURTHEST (1000.0 * 366.0 * DAY)

/* A time that is this many seconds from now. */
static void format_clock(double seconds, struct instant now, char *buf, size_t size)
{
    if (!(fabs(seconds) < FURTHEST)) {
        snprintf(buf, size, "an unknown time");
        return;
    }
    time_t when = (time_t)instant_add(now, seconds).sec, today = (time_t)now.sec;
    struct tm at, here;

    if (!localtime_r(&when, &at) || !localtime_r(&today, &here)) {
        snprintf(buf, size, "an unknown time");
        return;
    }
    bool other_day = at.tm_yday != here.tm_yday || at.tm_year != here.tm_year;

    strftime(buf, size, other_day ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &at);
}

/* Whole days are exact in the floating point of the protocol, which distant times are not. */
static void format_date(double days, char *buf, size_t size)
{
    bool usable = fabs(days) < FURTHEST / DAY;
    time_t when = usable ? (time_t)days * (time_t)DAY : 0;
    struct tm at;

    if (!usable || !gmtime_r(&when, &at) || strftime(buf, size, "%Y-%m-%d", &at) == 0)
        snprintf(buf, size, "an unknown day");
}

/* "1.2 ms": three digits in the largest unit that is not too large. */
static void format_seconds(double seconds, bool with_sign, char *buf, size_t size)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{1.0, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t i = 0;

    /* What is rounded to 1000 of a unit is one of the next. */
    while (i < COUNT(units) - 1 && fabs(seconds) < 0.9995 * units[i].seconds)
        i++;
    double value = seconds / units[i].seconds;
    const char *sign = with_sign && seconds >= 0.0 ? "+" : "";
    if (fabs(value) >= 999.5)
        snprintf(buf, size, "%s%.0f %s", sign, value, units[i].name);
    else
        snprintf(buf, size, "%s%.3g %s", sign, value, units[i].name);
}

static void format_value(double value, enum finding_unit unit, struct instant now, char *buf,
                         size_t size)
{
    switch (unit) {
    case UNIT_NUMBER:
        snprintf(buf, size, value == rint(value) ? "%.0f" : "%.3g", value);
        break;
    case UNIT_TIME:
        format_seconds(fabs(value), false, buf, size);
        break;
    case UNIT_SIGNED:
        format_seconds(value, true, buf, size);
        break;
    case UNIT_PPM:
        snprintf(buf, size, "%.3f ppm", value);
        break;
    case UNIT_DURATION:
        format_duration(value, buf, size);
        break;
    case UNIT_CLOCK:
        format_clock(value, now, buf, size);
        break;
    case UNIT_DATE:
        format_date(value, buf, size);
        break;
    case UNIT_PERCENT:
        snprintf(buf, size, "%.0f %%", value);
        break;
    }
}

/* Adds the noun of {key noun}, with its space: "1 source", "2 sources". */
static void add_noun(const char *noun, size_t length, double value, char *buf, size_t size)
{
    size_t used = strlen(buf);

    snprintf(buf + used, size - used, "%.*s%s", (int)length, noun, value == 1.0 ? "" : "s");
}

/* The text for a word in braces; false: there is no such value. */
static bool format_word(const struct finding_text *row, const char *word, size_t length,
                        const struct report_finding *finding, struct instant now, char *buf,
                        size_t size)
{
    if (length == 4 && strncmp(word, "text", length) == 0) {
        /* What a daemon says is shown without what a terminal would act upon. */
        text_copy(buf, size, finding->text);
        text_make_printable(buf);
        return true;
    }
    if (length == 3 && strncmp(word, "age", length) == 0) {
        if (finding->ago == UINT32_MAX)
            text_copy(buf, size, "an unknown time");
        else
            format_duration(finding->ago, buf, size);
        return true;
    }
    const char *noun = memchr(word, ' ', length);
    size_t key_length = noun ? (size_t)(noun - word) : length;

    for (size_t i = 0; i < REPORT_FINDING_VALUES; i++) {
        const struct finding_value *value = &row->values[i];

        if (value->key && strlen(value->key) == key_length &&
            strncmp(value->key, word, key_length) == 0) {
            format_value(finding->value[i], value->unit, now, buf, size);
            if (noun)
                add_noun(noun, length - key_length, finding->value[i], buf, size);
            return true;
        }
    }
    return false;
}

const char *finding_text_format(const struct finding_text *row, const char *template,
                                const struct report_finding *finding, struct instant now, char *buf,
                                size_t size)
{
    size_t used = 0;

    while (*template != '\0' && used + 1 < size) {
        const char *end = *template == '{' ? strchr(template, '}') : NULL;

        if (end && format_word(row, template + 1, (size_t)(end - template) - 1, finding, now,
                               buf + used, size - used)) {
            used += strlen(buf + used);
            template = end + 1;
        } else {
            buf[used++] = *template ++;
        }
    }
    buf[used] = '\0';
    return buf;
}
