/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Number formats of the reports (chronyc.md 7). The only place where the limits of the units and
 * the widths of the columns with units are known.
 */
#include "chronyc/format.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include "base/number.h"

void print_header(FILE *out, const char *before, int extra, const char *after)
{
    size_t length = strlen(before) + (size_t)extra + strlen(after);

    fprintf(out, "%s%*s%s\n", before, extra, "", after);
    while (length-- > 0)
        fputc('=', out);
    fputc('\n', out);
}

struct formatted format_interval(uint32_t seconds)
{
    static const struct {
        uint32_t limit; /* the unit is for values below this one, in seconds */
        uint32_t divisor;
        int width;
        const char *name;
    } units[] = {
        {1200, 1, 4, ""},
        {36000, 60, 3, "m"},
        {345600, 3600, 3, "h"},
        {86400000, 86400, 3, "d"},
        {UINT32_MAX, 86400 * 365, 3, "y"},
    };
    struct formatted f = {"   -"};

    for (size_t i = 0; i < COUNT(units); i++) {
        if (seconds >= units[i].limit)
            continue;
        snprintf(f.s, sizeof(f.s), "%*" PRIu32 "%s", units[i].width, seconds / units[i].divisor,
                 units[i].name);
        break;
    }
    return f;
}

struct formatted format_log2_interval(int log2_seconds)
{
    struct formatted f = {" -"};

    if (log2_seconds < LOG2_INTERVAL_UNKNOWN)
        snprintf(f.s, sizeof(f.s), "%2d", log2_seconds);
    return f;
}

struct time_unit {
    double limit;      /* the unit is for values below this one, in seconds */
    double multiplier; /* applied first, */
    double divisor;    /* then this one */
    int width;
    int decimals;
    const char *name;
};

static const struct time_unit *time_unit(double seconds)
{
    static const struct time_unit units[] = {
        {9999.5e-9, 1e9, 1.0, 4, 0, "ns"},        {9999.5e-6, 1e6, 1.0, 4, 0, "us"},
        {9999.5e-3, 1e3, 1.0, 4, 0, "ms"},        {999.5, 1.0, 1.0, 5, 1, "s"},
        {99999.5, 1.0, 1.0, 5, 0, "s"},           {99999.5 * 60, 1.0, 60.0, 5, 0, "m"},
        {99999.5 * 3600, 1.0, 3600.0, 5, 0, "h"}, {99999.5 * 86400, 1.0, 86400.0, 5, 0, "d"},
        {INFINITY, 1.0, 31536000.0, 5, 0, "y"},
    };
    const struct time_unit *unit = units;

    while (!(fabs(seconds) < unit->limit) && unit->limit < INFINITY)
        unit++;
    return unit;
}

struct formatted format_time(double seconds)
{
    const struct time_unit *unit = time_unit(seconds);
    struct formatted f;

    snprintf(f.s, sizeof(f.s), "%*.*f%s", unit->width, unit->decimals,
             fabs(seconds) * unit->multiplier / unit->divisor, unit->name);
    return f;
}

struct formatted format_signed_time(double seconds)
{
    const struct time_unit *unit = time_unit(seconds);
    struct formatted f;

    snprintf(f.s, sizeof(f.s), "%+*.*f%s", unit->width + 1, unit->decimals,
             seconds * unit->multiplier / unit->divisor, unit->name);
    return f;
}

#define FREQ_LIMIT 99999.5 /* above it there is no room for decimals */

struct formatted format_freq(double ppm)
{
    struct formatted f;

    snprintf(f.s, sizeof(f.s), "%10.*f", fabs(ppm) < FREQ_LIMIT ? 3 : 0, ppm);
    return f;
}

struct formatted format_signed_freq(double ppm)
{
    struct formatted f;

    snprintf(f.s, sizeof(f.s), "%+10.*f", fabs(ppm) < FREQ_LIMIT ? 3 : 0, ppm);
    return f;
}

struct formatted format_date(struct instant t)
{
    time_t seconds = (time_t)t.sec;
    struct formatted f = {""};
    struct tm tm;

    if (gmtime_r(&seconds, &tm) && strftime(f.s, sizeof(f.s), "%a %b %d %T %Y", &tm) == 0)
        f.s[0] = '\0';
    return f;
}

struct formatted format_bits(int count, unsigned int value)
{
    struct formatted f = {""};

    for (int i = 0; i < count; i++)
        f.s[i] = value >> (count - 1 - i) & 1 ? '1' : '0';
    return f;
}

void print_wrapped(FILE *out, const char *text, int indent, int width)
{
    int column = indent;

    while (*text != '\0') {
        int length = (int)strcspn(text, " ");

        if (column > indent && column + 1 + length > width) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        column += fprintf(out, "%s%.*s", column > indent ? " " : "", length, text);
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}
