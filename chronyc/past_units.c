/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units. Reports about the past leave the room that columns need to the layout.
 */
#include "chronyc/past_units.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <time.h>
#include "base/number.h"

struct unit {
    double limit;  /* the unit is for values below this one, in seconds */
    double factor; /* that seconds are multiplied by */
    const char *name;
};

/* Limits are where three digits are rounded up to the next unit. */
static const struct unit *unit_of(double seconds)
{
    static const struct unit units[] = {
        {999.5e-9, 1e9, "ns"}, {999.5e-6, 1e6, "us"}, {999.5e-3, 1e3, "ms"}, {INFINITY, 1.0, "s"}};
    const struct unit *unit = units;

    while (fabs(seconds) >= unit->limit && unit->limit < INFINITY)
        unit++;
    return unit;
}

const char *past_time_unit(double seconds, double *factor)
{
    const struct unit *unit = unit_of(seconds);

    *factor = unit->factor;
    return unit->name;
}

static struct formatted format_with_unit(double seconds, const char *sign)
{
    const struct unit *unit = unit_of(seconds);
    double value = fabs(seconds) * unit->factor;
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    struct formatted f = {"-"};

    if (!isnan(seconds))
        snprintf(f.s, sizeof(f.s), "%s%.*f %s", sign, value > 0.0 ? decimals : 0, value,
                 unit->name);
    return f;
}

struct formatted past_time(double seconds)
{
    return format_with_unit(seconds, "");
}

struct formatted past_signed_time(double seconds)
{
    return format_with_unit(seconds, seconds < 0.0 ? "-" : seconds > 0.0 ? "+" : "");
}

struct formatted past_limit(double seconds)
{
    const struct unit *unit = unit_of(seconds);
    struct formatted f;

    snprintf(f.s, sizeof(f.s), "%.6g %s", seconds * unit->factor, unit->name);
    return f;
}

struct formatted past_length(double seconds)
{
    static const struct {
        int64_t length;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    struct formatted f;
    size_t i = 0;

    if (!(fabs(seconds) < 1e15)) {
        snprintf(f.s, sizeof(f.s), "-");
        return f;
    }
    int64_t rest = llround(fabs(seconds));
    while (i + 1 < COUNT(units) && rest < units[i].length)
        i++;
    int64_t whole = rest / units[i].length;
    rest -= whole * units[i].length;
    if (i + 1 < COUNT(units) && rest >= units[i + 1].length)
        snprintf(f.s, sizeof(f.s), "%" PRId64 " %s %" PRId64 " %s", whole, units[i].name,
                 rest / units[i + 1].length, units[i + 1].name);
    else
        snprintf(f.s, sizeof(f.s), "%" PRId64 " %s", whole, units[i].name);
    return f;
}

struct formatted past_ppm(double ppm)
{
    struct formatted f = {"-"};

    if (!isnan(ppm))
        snprintf(f.s, sizeof(f.s), "%+.3f ppm", ppm);
    return f;
}

/* Values that would be rounded to nothing or to the whole say so. */
static struct formatted format_part(int64_t part, int64_t whole, int decimals, bool fewer)
{
    double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
    double least = pow(10.0, -decimals);
    struct formatted f;

    if (part == 0 || whole <= 0 || part == whole)
        snprintf(f.s, sizeof(f.s), "%.0f %%", percent);
    else if (percent < least)
        snprintf(f.s, sizeof(f.s), "<%.*f %%", decimals, least);
    else if (percent > 100.0 - least)
        snprintf(f.s, sizeof(f.s), ">%.*f %%", decimals, 100.0 - least);
    else
        snprintf(f.s, sizeof(f.s), "%.*f %%",
                 fewer && percent > 1.0 && percent < 99.0 ? 1 : decimals, percent);
    return f;
}

struct formatted past_percent(int64_t part, int64_t whole)
{
    return format_part(part, whole, 3, true);
}

struct formatted past_share(int64_t part, int64_t whole)
{
    return format_part(part, whole, 1, false);
}

static struct formatted format_utc(int64_t time, const char *format)
{
    time_t seconds = (time_t)time;
    struct formatted f = {""};
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || strftime(f.s, sizeof(f.s), format, &tm) == 0)
        snprintf(f.s, sizeof(f.s), "-");
    return f;
}

struct formatted past_date(int64_t time)
{
    return format_utc(time, "%Y-%m-%d %H:%M:%S");
}

struct formatted past_date_minutes(int64_t time)
{
    return format_utc(time, "%Y-%m-%d %H:%M");
}
