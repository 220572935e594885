/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The normal form of lines and the value syntax that the configuration, the key file, .sources
 * files and chronyc share (config.md 2 and 3). Everything works on the caller's strings, depends on
 * no locale, and never logs: what a bad value means is for the caller to say.
 */
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void text_normalise(char *line)
{
    const char *in = line;
    char *out = line;

    while (is_white(*in))
        in++;
    if (*in != '\0' && strchr("!;#%", *in)) {
        *line = '\0';
        return;
    }
    while (*in != '\0') {
        if (!is_white(*in)) {
            *out++ = *in++;
            continue;
        }
        while (is_white(*in))
            in++;
        if (*in != '\0')
            *out++ = ' ';
    }
    *out = '\0';
}

char *text_split(char *line)
{
    char *p = line;

    while (is_white(*p))
        p++;
    while (*p != '\0' && !is_white(*p))
        p++;
    if (*p == '\0')
        return p;
    *p++ = '\0';
    while (is_white(*p))
        p++;
    return p;
}

int text_count_words(const char *line)
{
    int words = 0;

    for (;;) {
        while (is_white(*line))
            line++;
        if (*line == '\0')
            return words;
        words++;
        while (*line != '\0' && !is_white(*line))
            line++;
    }
}

bool text_equal_nocase(const char *a, const char *b)
{
    for (; to_lower(*a) == to_lower(*b); a++, b++) {
        if (*a == '\0')
            return true;
    }
    return false;
}

enum text_number text_parse_long(const char *text, long min, long max, long *value)
{
    char *end;

    errno = 0;
    long v = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno == ERANGE)
        return TEXT_NUMBER_INVALID;
    if (v < min || v > max)
        return TEXT_NUMBER_RANGE;
    *value = v;
    return TEXT_NUMBER_OK;
}

bool text_scan_int(const char *text, int *value, size_t *used)
{
    char *end;

    errno = 0;
    long long v = strtoll(text, &end, 10);
    /* What does not fit is outside every range that a value can have. */
    if (end == text || errno == ERANGE || v < INT32_MIN || v > INT32_MAX)
        return false;
    *value = (int)v;
    *used = (size_t)(end - text);
    return true;
}

static bool scan_unsigned(const char *text, int base, uint32_t *value, size_t *used)
{
    char *end;
    unsigned long long v = strtoull(text, &end, base);

    if (end == text)
        return false;
    *value = (uint32_t)v; /* modulo 2^32; saturated beyond 2^64 (config.md 3, class u) */
    *used = (size_t)(end - text);
    return true;
}

bool text_scan_clamped(const char *text, int min, int max, int *value, bool *clamped, size_t *used)
{
    char *end;
    long long v = strtoll(text, &end, 10); /* beyond its range: the nearest limit */

    if (end == text)
        return false;
    *clamped = v < min || v > max;
    *value = v < min ? min : v > max ? max : (int)v;
    *used = (size_t)(end - text);
    return true;
}

bool text_uint_wraps(const char *text)
{
    while (is_white(*text))
        text++;
    errno = 0;
    unsigned long long v = strtoull(text, NULL, 10);

    return errno == ERANGE || v > UINT32_MAX || (*text == '-' && v != 0);
}

bool text_scan_uint(const char *text, uint32_t *value, size_t *used)
{
    return scan_unsigned(text, 10, value, used);
}

bool text_scan_hex(const char *text, uint32_t *value, size_t *used)
{
    return scan_unsigned(text, 16, value, used);
}

/* "1e" and "0x1p-", which releases of glibc before 2.43 read as 1 and 1, and newer ones do not
   read. */
static bool scan_without_exponent(const char *text, double *value, size_t *used)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || !strchr("eEpP", *end) || *end == '\0')
        return false;
    end++;
    if (*end == '+' || *end == '-')
        end++;
    *value = v;
    *used = (size_t)(end - text);
    return true;
}

bool text_scan_double(const char *text, double *value, size_t *used)
{
    double v;
    int n = 0;

    /* Unlike strtod this refuses a number that breaks off, for instance "0x" and "infin". */
    if (sscanf(text, "%lf%n", &v, &n) != 1)
        return scan_without_exponent(text, value, used);
    *value = v;
    *used = (size_t)n;
    return true;
}

bool text_is_graphic(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < '!' || *text > '~')
            return false;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = to_lower(c);
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

size_t text_from_hex(const char *text, uint8_t *out, size_t size)
{
    size_t length = strlen(text);

    if (length % 2 != 0 || length / 2 > size)
        return 0;
    for (size_t i = 0; i < length / 2; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return 0;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return length / 2;
}

void text_to_hex(const uint8_t *data, size_t length, char *out)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < length; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}

bool text_copy(char *dst, size_t size, const char *src)
{
    size_t length = strlen(src);
    bool fits = length < size;

    if (!fits)
        length = size - 1;
    memcpy(dst, src, length);
    dst[length] = '\0';
    return fits;
}

bool text_copy_marked(char *dst, size_t size, const char *src)
{
    bool fits = text_copy(dst, size, src);

    if (!fits)
        memcpy(dst + size - 4, "...", 3);
    return fits;
}

void text_make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7e)
            *text = '?';
}

const char *text_format_reason(char *buf, size_t size, const char *text, bool compared,
                               double value, double limit)
{
    if (compared)
        snprintf(buf, size, "%s (%.9g, limit %.9g)", text, value, limit);
    else
        snprintf(buf, size, "%s", text);
    return buf;
}

const char *text_errno(int error)
{
    const char *text = error == ERRNO_NOT_A_FILE ? "Not a regular file"
                       : error == ERRNO_IN_USE   ? "In use by another process"
                                                 : strerror(error);

    return text ? text : "Unknown error";
}
