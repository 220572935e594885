/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grammar of dates and their conversion to an instant (chronyc.md 10.16). Items are recognised
 * from left to right by the types of the next tokens; each kind may occur once.
 */
#include "chronyc/date.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include "chronyc/date_words.h"

struct date {
    const struct date_token *next;

    bool have_time, have_zone, have_date, have_day, have_relative;
    int hour, minute, second;
    int zone; /* seconds east of UTC */
    int year, month, day;
    int weekday, ordinal;
    int64_t years, months, days, seconds; /* relative */
};

static bool set_once(bool *flag)
{
    if (*flag)
        return false;
    return *flag = true;
}

static bool next_is(const struct date *d, size_t ahead, enum date_token_type type)
{
    /* A token in between cannot be the end, because its type was checked before. */
    return d->next[ahead].type == type;
}

static bool next_is_symbol(const struct date *d, size_t ahead, char symbol)
{
    return next_is(d, ahead, DATE_SYMBOL) && d->next[ahead].value == symbol;
}

/* meridian: 0 am, 12 pm, -1 none */
static bool set_time(struct date *d, int hour, int minute, int second, int meridian)
{
    if (!set_once(&d->have_time))
        return false;
    if (meridian >= 0) {
        if (hour < 1 || hour > 12)
            return false;
        hour = hour % 12 + meridian;
    }
    if (hour < 0 || hour > 23)
        return false;
    d->hour = hour;
    d->minute = minute;
    d->second = second;
    return true;
}

static bool set_date(struct date *d, int year, int month, int day)
{
    if (!set_once(&d->have_date))
        return false;
    d->year = year;
    d->month = month;
    d->day = day;
    return true;
}

static int full_year(int year)
{
    year = abs(year);
    if (year < 69)
        return year + 2000;
    return year < 100 ? year + 1900 : year;
}

static bool set_numeric_zone(struct date *d, int value)
{
    if (!set_once(&d->have_zone) || abs(value) > 9999)
        return false;
    d->zone = (value / 100 * 60 + value % 100) * 60;
    return true;
}

/* HH:MM or HH:MM:SS, then am or pm or a numeric zone */
static bool parse_clock_time(struct date *d)
{
    int hour = d->next[0].value, minute, second = 0;
    bool seconds_given = false;

    if (!next_is(d, 2, DATE_NUMBER))
        return false;
    minute = d->next[2].value;
    d->next += 3;
    if (next_is_symbol(d, 0, ':')) {
        if (!next_is(d, 1, DATE_NUMBER))
            return false;
        second = d->next[1].value;
        seconds_given = true;
        d->next += 2;
    }
    if (next_is(d, 0, DATE_MERIDIAN))
        return set_time(d, hour, minute, second, (d->next++)->value);
    if (next_is(d, 0, DATE_SIGNED)) {
        /* Without seconds those of the clock are kept: a quirk that is part of the syntax. */
        return set_time(d, hour, minute, seconds_given ? second : d->second, -1) &&
               set_numeric_zone(d, (d->next++)->value);
    }
    return set_time(d, hour, minute, second, -1);
}

/* MM/DD, MM/DD/YY, YYYY/MM/DD */
static bool parse_slash_date(struct date *d)
{
    int first = d->next[0].value, second, third;

    if (!next_is(d, 2, DATE_NUMBER))
        return false;
    second = d->next[2].value;
    d->next += 3;
    if (!next_is_symbol(d, 0, '/'))
        return set_date(d, d->year, first, second);
    if (!next_is(d, 1, DATE_NUMBER))
        return false;
    third = d->next[1].value;
    d->next += 2;
    if (first >= 1000)
        return set_date(d, first, second, third);
    return set_date(d, full_year(third), first, second);
}

/* YYYY-MM-DD */
static bool parse_dash_date(struct date *d)
{
    const struct date_token *t = d->next;

    d->next += 3;
    return t[1].value < 0 && t[2].value < 0 &&
           set_date(d, full_year(t[0].value), -t[1].value, -t[2].value);
}

/* DD Mon, DD Mon YYYY, DD-Mon-YYYY */
static bool parse_day_month(struct date *d)
{
    int day = d->next[0].value, month = d->next[1].value, year = d->year;

    d->next += 2;
    if (next_is(d, 0, DATE_SIGNED) ||
        (next_is(d, 0, DATE_NUMBER) && !next_is_symbol(d, 1, ':') && !next_is(d, 1, DATE_MERIDIAN)))
        year = full_year((d->next++)->value);
    return set_date(d, year, month, day);
}

/* Mon DD, "Mon DD, YYYY" */
static bool parse_month_day(struct date *d)
{
    int month = d->next[0].value, day, year = d->year;

    if (!next_is(d, 1, DATE_NUMBER))
        return false;
    day = d->next[1].value;
    d->next += 2;
    if (next_is_symbol(d, 0, ',')) {
        if (!next_is(d, 1, DATE_NUMBER))
            return false;
        year = full_year(d->next[1].value);
        d->next += 2;
    }
    return set_date(d, year, month, day);
}

static bool parse_weekday(struct date *d, int ordinal)
{
    d->weekday = (d->next++)->value;
    d->ordinal = ordinal;
    if (next_is_symbol(d, 0, ','))
        d->next++;
    return set_once(&d->have_day);
}

static bool is_unit(enum date_token_type type)
{
    return type == DATE_YEARS || type == DATE_MONTHS || type == DATE_DAYS || type == DATE_SECONDS;
}

/* UNIT [ago], after its number */
static bool parse_relative(struct date *d, int number)
{
    int64_t amount = (int64_t)number * d->next->value;

    d->have_relative = true;
    switch ((d->next++)->type) {
    case DATE_YEARS:
        d->years += amount;
        break;
    case DATE_MONTHS:
        d->months += amount;
        break;
    case DATE_DAYS:
        d->days += amount;
        break;
    default:
        d->seconds += amount;
        break;
    }
    if (next_is(d, 0, DATE_AGO)) {
        d->next++;
        d->years = -d->years;
        d->months = -d->months;
        d->days = -d->days;
        d->seconds = -d->seconds;
    }
    return true;
}

/* A number with nothing around it that says what it is */
static bool parse_bare_number(struct date *d)
{
    int value = (d->next++)->value;

    if (d->have_time && d->have_date && !d->have_relative) {
        d->year = full_year(value);
        return true;
    }
    if (value > 10000)
        return set_date(d, full_year(value / 10000), value / 100 % 100, value % 100);
    if (value < 100)
        return set_time(d, value, 0, 0, -1);
    return set_time(d, value / 100, value % 100, 0, -1);
}

static bool parse_number(struct date *d)
{
    const struct date_token *t = d->next;

    switch (t[1].type) {
    case DATE_MERIDIAN:
        d->next += 2;
        return set_time(d, t[0].value, 0, 0, t[1].value);
    case DATE_MONTH:
        return parse_day_month(d);
    case DATE_DAY:
        d->next++;
        return parse_weekday(d, t[0].value);
    case DATE_SYMBOL:
        if (t[1].value == ':')
            return parse_clock_time(d);
        if (t[1].value == '/')
            return parse_slash_date(d);
        return false;
    case DATE_SIGNED:
        if (t[2].type == DATE_SIGNED)
            return parse_dash_date(d);
        return parse_bare_number(d);
    default:
        if (is_unit(t[1].type)) {
            d->next++;
            return parse_relative(d, t[0].value);
        }
        return parse_bare_number(d);
    }
}

static bool parse_zone(struct date *d)
{
    const struct date_token *t = d->next++;

    d->zone = t->value * 3600;
    if (t->type == DATE_ZONE && next_is(d, 0, DATE_DST)) {
        d->next++;
        d->zone += 3600;
    }
    return set_once(&d->have_zone);
}

static bool parse_item(struct date *d)
{
    const struct date_token *t = d->next;

    switch (t->type) {
    case DATE_NUMBER:
        return parse_number(d);
    case DATE_SIGNED:
        if (!is_unit(t[1].type))
            return false;
        d->next++;
        return parse_relative(d, t->value);
    case DATE_MONTH:
        return parse_month_day(d);
    case DATE_DAY:
        return parse_weekday(d, 1);
    case DATE_ZONE:
    case DATE_SUMMER_ZONE:
        return parse_zone(d);
    default:
        return is_unit(t->type) && parse_relative(d, 1);
    }
}

static bool fits_int(int64_t value)
{
    return value >= INT_MIN && value <= INT_MAX;
}

/* Seconds since 1970 of a broken-down time, which is normalised. */
static bool convert(const struct date *d, struct tm *tm, int64_t *seconds)
{
    time_t t;

    tm->tm_wday = -1; /* tells the failure from the second before 1970 */
    if (d->have_zone)
        t = timegm(tm);
    else
        t = mktime(tm);
    if (t == (time_t)-1 && tm->tm_wday == -1)
        return false;
    *seconds = (int64_t)t - (d->have_zone ? d->zone : 0);
    return true;
}

static bool evaluate(const struct date *d, const struct tm *now, int64_t *seconds)
{
    bool keep_clock = d->have_time || (d->have_relative && !d->have_date && !d->have_day);
    int64_t year = d->year + d->years - 1900, month = d->month + d->months - 1;
    int64_t day = d->day + d->days, second = (keep_clock ? d->second : 0) + d->seconds;
    struct tm tm = {0};

    if (!fits_int(year) || !fits_int(month) || !fits_int(day) || !fits_int(second))
        return false;
    tm.tm_year = (int)year;
    tm.tm_mon = (int)month;
    tm.tm_mday = (int)day;
    tm.tm_hour = keep_clock ? d->hour : 0;
    tm.tm_min = keep_clock ? d->minute : 0;
    tm.tm_sec = (int)second;
    /* An offset of hours, minutes and seconds alone is elapsed time. */
    tm.tm_isdst = d->have_date || d->have_day || d->have_time || d->days != 0 || d->months != 0 ||
                          d->years != 0
                      ? -1
                      : now->tm_isdst;
    if (!convert(d, &tm, seconds))
        return false;
    if (d->have_day && !d->have_date) {
        day = tm.tm_mday + (d->weekday - tm.tm_wday + 7) % 7 +
              7 * ((int64_t)d->ordinal - (d->ordinal > 0));
        if (!fits_int(day))
            return false;
        tm.tm_mday = (int)day;
        tm.tm_isdst = -1;
        return convert(d, &tm, seconds);
    }
    return true;
}

bool date_parse(const char *text, struct instant now, struct instant *result)
{
    struct date_token tokens[DATE_TOKENS_MAX];
    time_t seconds_now = (time_t)now.sec;
    struct date d = {.next = tokens};
    struct tm tm;
    int64_t seconds;

    if (!date_split(text, tokens) || !localtime_r(&seconds_now, &tm))
        return false;
    d.year = tm.tm_year + 1900;
    d.month = tm.tm_mon + 1;
    d.day = tm.tm_mday;
    d.hour = tm.tm_hour;
    d.minute = tm.tm_min;
    d.second = tm.tm_sec;
    while (d.next->type != DATE_END)
        if (!parse_item(&d))
            return false;
    if (!evaluate(&d, &tm, &seconds))
        return false;
    *result = (struct instant){.sec = seconds};
    return true;
}
