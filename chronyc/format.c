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

struct printer printer_make(FILE *out, bool csv)
{
    return (struct printer){.out = out, .csv = csv};
}

void put_text(struct printer *p, const char *text)
{
    if (!p->csv)
        fputs(text, p->out);
}

void put_style(struct printer *p, enum style style)
{
    if (p->color && !p->csv)
        fputs(style_sequence(style), p->out);
}

void put_end(struct printer *p)
{
    fputc('\n', p->out);
    p->row_started = false;
}

void put_header(struct printer *p, const char *before, int extra, const char *after)
{
    size_t length = strlen(before) + (size_t)extra + strlen(after);

    if (p->csv)
        return;
    fprintf(p->out, "%s%*s%s\n", before, extra, "", after);
    while (length-- > 0)
        fputc('=', p->out);
    fputc('\n', p->out);
}

static void begin_field(struct printer *p)
{
    if (p->csv && p->row_started)
        fputc(',', p->out);
    p->row_started = true;
}

void put_word(struct printer *p, int width, const char *word)
{
    begin_field(p);
    fprintf(p->out, "%*s", p->csv ? 0 : width, word);
}

void put_char(struct printer *p, char c)
{
    begin_field(p);
    fprintf(p->out, "%c", c);
}

void put_int(struct printer *p, int width, long value)
{
    begin_field(p);
    fprintf(p->out, "%*ld", p->csv ? 0 : width, value);
}

void put_uint(struct printer *p, int width, uint64_t value)
{
    begin_field(p);
    fprintf(p->out, "%*" PRIu64, p->csv ? 0 : width, value);
}

void put_octal(struct printer *p, int width, unsigned int value)
{
    begin_field(p);
    fprintf(p->out, "%*o", p->csv ? 0 : width, value);
}

void put_number(struct printer *p, int width, int decimals, bool plus, double value)
{
    begin_field(p);
    if (p->csv)
        fprintf(p->out, "%.*f", decimals, value);
    else if (plus)
        fprintf(p->out, "%+*.*f", width, decimals, value);
    else
        fprintf(p->out, "%*.*f", width, decimals, value);
}

void put_refid(struct printer *p, uint32_t refid)
{
    begin_field(p);
    fprintf(p->out, "%08" PRIX32, refid);
}

void put_interval(struct printer *p, uint32_t seconds)
{
    begin_field(p);
    if (p->csv)
        fprintf(p->out, "%" PRIu32, seconds);
    else if (seconds == UINT32_MAX)
        fputs("   -", p->out);
    else if (seconds < 1200)
        fprintf(p->out, "%4" PRIu32, seconds);
    else if (seconds < 36000)
        fprintf(p->out, "%3" PRIu32 "m", seconds / 60);
    else if (seconds < 345600)
        fprintf(p->out, "%3" PRIu32 "h", seconds / 3600);
    else if (seconds / 86400 <= 999)
        fprintf(p->out, "%3" PRIu32 "d", seconds / 86400);
    else
        fprintf(p->out, "%3" PRIu32 "y", seconds / 86400 / 365);
}

#define LOG_INTERVAL_UNKNOWN 127

void put_log_interval(struct printer *p, int log2_seconds)
{
    if (!p->csv && log2_seconds >= LOG_INTERVAL_UNKNOWN)
        put_word(p, 2, "-");
    else
        put_int(p, 2, log2_seconds);
}

struct time_unit {
    double limit;      /* the unit is for values below this one, in seconds */
    double multiplier; /* applied first, */
    double divisor;    /* then this one */
    int width;
    int decimals;
    const char *name;
};

static const struct time_unit time_units[] = {
    {9999.5e-9, 1e9, 1.0, 4, 0, "ns"},        {9999.5e-6, 1e6, 1.0, 4, 0, "us"},
    {9999.5e-3, 1e3, 1.0, 4, 0, "ms"},        {999.5, 1.0, 1.0, 5, 1, "s"},
    {99999.5, 1.0, 1.0, 5, 0, "s"},           {99999.5 * 60, 1.0, 60.0, 5, 0, "m"},
    {99999.5 * 3600, 1.0, 3600.0, 5, 0, "h"}, {99999.5 * 86400, 1.0, 86400.0, 5, 0, "d"},
    {INFINITY, 1.0, 31536000.0, 5, 0, "y"},
};

static void put_with_unit(struct printer *p, double seconds, bool sign)
{
    const struct time_unit *unit = time_units;

    begin_field(p);
    if (p->csv) {
        fprintf(p->out, "%.9f", seconds);
        return;
    }
    while (!(fabs(seconds) < unit->limit) && unit->limit < INFINITY)
        unit++;
    if (sign)
        fprintf(p->out, "%+*.*f%s", unit->width + 1, unit->decimals,
                seconds * unit->multiplier / unit->divisor, unit->name);
    else
        fprintf(p->out, "%*.*f%s", unit->width, unit->decimals,
                fabs(seconds) * unit->multiplier / unit->divisor, unit->name);
}

void put_time(struct printer *p, double seconds)
{
    put_with_unit(p, seconds, false);
}

void put_signed_time(struct printer *p, double seconds)
{
    put_with_unit(p, seconds, true);
}

#define FREQ_LIMIT 99999.5 /* above it there is no room for decimals */

static int freq_decimals(const struct printer *p, double ppm)
{
    return p->csv || fabs(ppm) < FREQ_LIMIT ? 3 : 0;
}

void put_freq(struct printer *p, double ppm)
{
    put_number(p, 10, freq_decimals(p, ppm), false, ppm);
}

void put_signed_freq(struct printer *p, double ppm)
{
    put_number(p, 10, freq_decimals(p, ppm), true, ppm);
}

void put_slow_fast_offset(struct printer *p, double seconds)
{
    put_number(p, 0, 9, false, p->csv ? seconds : fabs(seconds));
    put_text(p, seconds > 0.0 ? " seconds slow" : " seconds fast");
}

void put_slow_fast_freq(struct printer *p, double ppm)
{
    put_number(p, 0, 3, false, p->csv ? ppm : fabs(ppm));
    put_text(p, ppm > 0.0 ? " ppm fast" : " ppm slow");
}

void put_date(struct printer *p, struct instant t)
{
    time_t seconds = (time_t)t.sec;
    struct tm tm;
    char text[64];

    begin_field(p);
    if (p->csv)
        fprintf(p->out, "%" PRId64 ".%09" PRId32, t.sec, t.nsec);
    else if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%a %b %d %T %Y", &tm) > 0)
        fputs(text, p->out);
}

void put_bits(struct printer *p, int count, unsigned int value)
{
    begin_field(p);
    while (count-- > 0)
        fputc(value >> count & 1 ? '1' : '0', p->out);
}

void put_yes_no(struct printer *p, bool value)
{
    put_word(p, 0, value ? "Yes" : "No");
}

static const char *leap_name(unsigned int leap)
{
    static const char *const names[] = {"Normal", "Insert second", "Delete second",
                                        "Not synchronised"};

    return leap < sizeof(names) / sizeof(names[0]) ? names[leap] : "Invalid";
}

void put_leap(struct printer *p, unsigned int leap)
{
    put_word(p, 0, leap_name(leap));
}

void put_short_leap(struct printer *p, unsigned int leap)
{
    static const char letters[] = "N+-?";

    if (p->csv)
        put_leap(p, leap);
    else
        put_char(p, leap < sizeof(letters) - 1 ? letters[leap] : '?');
}
