/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values in reports for people (chronyc.md 7): in a column of fixed width, with the unit that fits.
 * A text lives as long as the expression that it is made in, so it is used at once:
 * printf("%s", format_interval(x).s).
 */
#ifndef CHRONYC_FORMAT_H
#define CHRONYC_FORMAT_H

#include <stdint.h>
#include <stdio.h>
#include "base/instant.h"

struct formatted {
    char s[64];
};

/* Seconds without sign; all bits one: unknown. */
struct formatted format_interval(uint32_t seconds);

#define LOG2_INTERVAL_UNKNOWN 127
struct formatted format_log2_interval(int log2_seconds);

/* Length of time in seconds: without its sign, and with it in one more column. */
struct formatted format_time(double seconds);
struct formatted format_signed_time(double seconds);
/* Frequency in ppm: with the sign when negative, and always. */
struct formatted format_freq(double ppm);
struct formatted format_signed_freq(double ppm);

/* Date and time in UTC; empty for a year that cannot be expressed. */
struct formatted format_date(struct instant t);
/* The lowest bits, the highest of them first. */
struct formatted format_bits(int count, unsigned int value);

/* Header of a table: text before, `extra` spaces, text after, a newline, and a line of '='. */
void print_header(FILE *out, const char *before, int extra, const char *after);

/* Text from column `indent` (counted from 0) on, in lines of no more than `width` characters that
   are broken between words and begin at that column; ends with a newline. */
void print_wrapped(FILE *out, const char *text, int indent, int width);

#endif
