/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short forms of numbers in the history file (history.md 3): floating-point numbers of two and
 * three octets, integers of one octet or more, and the checksum. Pure; used by page.c and file.c.
 */
#ifndef HISTORY_NUMBER_H
#define HISTORY_NUMBER_H

#include <stdint.h>
#include "base/wire.h"

/* Three octets, signed: +-8.6e9, relative error 4e-6, never finer than 1.4e-14. */
uint32_t history_float24(double value);
double history_float24_value(uint32_t code);
/* Two octets, not signed (what is negative becomes 0): relative error 5e-4. */
uint16_t history_ufloat16(double value);
double history_ufloat16_value(uint16_t code);
/* Two octets, signed: relative error 1e-3. */
uint16_t history_float16(double value);
double history_float16_value(uint16_t code);
/* In all of them NAN stays NAN, and what is too large becomes the largest number. */

void history_write_u24(struct writer *w, uint32_t value);
uint32_t history_read_u24(struct reader *r);

/* Seven bits in each octet, the lowest first; a set bit 7: another octet follows. */
void history_write_unsigned(struct writer *w, uint64_t value);
uint64_t history_read_unsigned(struct reader *r);
/* Signed: 0, -1, 1, -2, ... are 0, 1, 2, 3, ... */
void history_write_signed(struct writer *w, int64_t value);
int64_t history_read_signed(struct reader *r);

/* CRC-32 (ISO-HDLC, as in Ethernet and zlib) of octets that follow those of which `crc` is; 0 for
   the first. */
uint32_t history_crc(uint32_t crc, const void *data, size_t length);

#endif
