/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of the command report, with the times and lengths that are written for it.
 */
#include "chronyc/past_options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/number.h"
#include "base/text.h"

struct suffix {
    const char *name;
    double factor;
};

/* A number and one of the suffixes; the first one is that of a number alone, if it is empty. */
static bool parse_with_suffix(const char *text, const struct suffix *suffixes, size_t count,
                              double *value)
{
    size_t used;

    if (!text_scan_double(text, value, &used))
        return false;
    text += used;
    if (text[0] == ' ')
        text++;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, suffixes[i].name) == 0) {
            *value *= suffixes[i].factor;
            return isfinite(*value);
        }
    }
    return false;
}

static bool parse_ago(const char *text, int64_t now, int64_t *time)
{
    static const struct suffix units[] = {{"s", 1.0},    {"m", 60.0},    {"min", 60.0},
                                          {"h", 3600.0}, {"d", 86400.0}, {"w", 7 * 86400.0}};
    double ago;

    if (!parse_with_suffix(text, units, COUNT(units), &ago) || ago < 0.0 || ago >= (double)now)
        return false;
    *time = now - (int64_t)ago;
    return true;
}

static bool parse_date(const char *text, int64_t *time)
{
    struct tm tm = {.tm_mday = 1}, check;
    int used = 0, day_end = 0;
    char separator = ' ';

    if (sscanf(text, "%4d-%2d-%2d%n%c%2d:%2d%n:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
               &day_end, &separator, &tm.tm_hour, &tm.tm_min, &used, &tm.tm_sec, &used) < 3)
        return false;
    if (used == 0)
        used = day_end;
    if (used > day_end && separator != ' ' && separator != 'T')
        return false;
    if (used > day_end && text[used] == 'Z')
        used++;
    if (text[used] != '\0')
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    check = tm;
    time_t seconds = timegm(&check);
    /* No 31st of February, and no 25 o'clock. */
    if (check.tm_mon != tm.tm_mon || check.tm_mday != tm.tm_mday || check.tm_hour != tm.tm_hour ||
        check.tm_min != tm.tm_min || check.tm_sec != tm.tm_sec || seconds <= 0)
        return false;
    *time = seconds;
    return true;
}

bool past_time_parse(const char *text, int64_t now, int64_t *time)
{
    if (strcmp(text, "now") == 0) {
        *time = now;
        return true;
    }
    return parse_ago(text, now, time) || parse_date(text, time);
}

bool past_limit_parse(const char *text, double *limit)
{
    static const struct suffix units[] = {
        {"", 1.0}, {"s", 1.0}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}};

    return parse_with_suffix(text, units, COUNT(units), limit) && *limit > 0.0;
}

/* ---- The line ---- */

struct parser {
    struct past_options *options;
    int64_t now;
    char *error;
    size_t size;
};

static bool fail(const struct parser *p, const char *text, const char *word)
{
    snprintf(p->error, p->size, "%s %s", text, word);
    return false;
}

/* One of those of is_option(); the last one is --limit. */
static bool set_option(const struct parser *p, const char *name, const char *value)
{
    struct past_options *o = p->options;

    if (strcmp(name, "--since") == 0)
        return past_time_parse(value, p->now, &o->since) ||
               fail(p, "Invalid time (30d, 24h or 2026-11-30 12:00):", value);
    if (strcmp(name, "--until") == 0)
        return past_time_parse(value, p->now, &o->until) ||
               fail(p, "Invalid time (30d, 24h or 2026-11-30 12:00):", value);
    if (strcmp(name, "--html") == 0) {
        o->html = value;
        return true;
    }
    if (strcmp(name, "--file") == 0) {
        o->file = value;
        return true;
    }
    o->limit_given = true;
    return past_limit_parse(value, &o->limit) ||
           fail(p, "Invalid limit (0.001, 1ms or 100us):", value);
}

static bool is_option(const char *word)
{
    static const char *const names[] = {"--since", "--until", "--html", "--file", "--limit"};

    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(word, names[i]) == 0)
            return true;
    return false;
}

/* Cuts off what belongs to the option at the start of the line; returns the rest. */
static char *cut_value(char *line)
{
    char *next = strstr(line, " --");

    if (!next)
        return line + strlen(line);
    *next = '\0';
    return next + 1;
}

bool past_options_parse(struct past_options *options, char *line, int64_t now, char *error,
                        size_t size)
{
    const struct parser p = {options, now, error, size};

    *options = (struct past_options){.limit = PAST_DEFAULT_LIMIT};
    while (line[0] != '\0') {
        char *option = line, *value = option + strcspn(option, " =");

        line = cut_value(line);
        if (value[0] != '\0')
            *value++ = '\0';
        if (!is_option(option))
            return fail(&p, "Unknown option of report:", option);
        if (value[0] == '\0')
            return fail(&p, "A value is missing after", option);
        if (!set_option(&p, option, value))
            return false;
    }
    if (options->since != 0 && options->until != 0 && options->since >= options->until)
        return fail(&p, "The period is empty:", "--until is not after --since");
    return true;
}
