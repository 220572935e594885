/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of reports (chronyc.md 7). Each function writes one field in the layout for people or, in
 * CSV mode, the plain value after a comma; literal text exists only in the former.
 */
#ifndef CHRONYC_FORMAT_H
#define CHRONYC_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/instant.h"
#include "chronyc/style.h"

struct printer {
    FILE *out;
    bool csv;
    bool color;
    bool row_started; /* the next field of the CSV line needs a comma */
};

struct printer printer_make(FILE *out, bool csv);

/* Literal text; nothing in CSV mode. */
void put_text(struct printer *p, const char *text);
/* Switches to a style, where colours are on. */
void put_style(struct printer *p, enum style style);
/* Ends the line, in both modes. */
void put_end(struct printer *p);
/* Header of a table: text before, `extra` spaces, text after, a newline, and a line of '='. */
void put_header(struct printer *p, const char *before, int extra, const char *after);

/* Word in a column; negative width: aligned left. */
void put_word(struct printer *p, int width, const char *word);
void put_char(struct printer *p, char c);
void put_int(struct printer *p, int width, long value);
void put_uint(struct printer *p, int width, uint64_t value);
void put_octal(struct printer *p, int width, unsigned int value);
/* Fixed-point number of seconds, ppm and so on; plus: the sign is always shown (not in CSV). */
void put_number(struct printer *p, int width, int decimals, bool plus, double value);
void put_refid(struct printer *p, uint32_t refid);
void put_interval(struct printer *p, uint32_t seconds);
void put_log_interval(struct printer *p, int log2_seconds);
void put_time(struct printer *p, double seconds);
void put_signed_time(struct printer *p, double seconds);
void put_freq(struct printer *p, double ppm);
void put_signed_freq(struct printer *p, double ppm);
void put_slow_fast_offset(struct printer *p, double seconds);
void put_slow_fast_freq(struct printer *p, double ppm);
void put_date(struct printer *p, struct instant t);
void put_bits(struct printer *p, int count, unsigned int value);
void put_yes_no(struct printer *p, bool value);
void put_leap(struct printer *p, unsigned int leap);
/* One character, except in CSV mode. */
void put_short_leap(struct printer *p, unsigned int leap);

#endif
