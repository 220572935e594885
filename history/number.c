/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See number.h. A short floating-point number is that of IEEE 754 with other widths: sign, six bits
 * of exponent, mantissa without its first bit. Exponent 0 stands for numbers that are too small for
 * a first bit, the largest exponent for NAN.
 */
#include "history/number.h"

#include <math.h>

#define EXPONENT_BITS 6
#define EXPONENT_NAN  ((1U << EXPONENT_BITS) - 1)
#define MIN_EXPONENT  (-29) /* of the smallest number with all bits of the mantissa: 1.9e-9 */

/* ---- Floating point ---- */

/* Code of a number that is not negative. A mantissa that is rounded up to the next power of two
   carries into the exponent. */
static uint32_t encode(double value, unsigned int mantissa_bits)
{
    const uint32_t max = (EXPONENT_NAN << mantissa_bits) - 1;
    int exponent;

    if (isnan(value))
        return max + 1;
    if (isinf(value))
        return max;
    frexp(value, &exponent);
    exponent--;
    if (value == 0.0 || exponent < MIN_EXPONENT)
        return (uint32_t)lrint(ldexp(value, (int)mantissa_bits - MIN_EXPONENT));
    if (exponent - MIN_EXPONENT + 1 >= (int)EXPONENT_NAN)
        return max;
    uint32_t code = ((uint32_t)(exponent - MIN_EXPONENT) << mantissa_bits) +
                    (uint32_t)lrint(ldexp(value, (int)mantissa_bits - exponent));
    return code < max ? code : max;
}

static double decode(uint32_t code, unsigned int mantissa_bits)
{
    uint32_t exponent = code >> mantissa_bits, first = 1U << mantissa_bits;
    uint32_t mantissa = code & (first - 1);

    if (exponent == EXPONENT_NAN)
        return NAN;
    if (exponent == 0)
        return ldexp(mantissa, MIN_EXPONENT - (int)mantissa_bits);
    return ldexp(first + mantissa, MIN_EXPONENT - (int)mantissa_bits + (int)exponent - 1);
}

static uint32_t encode_signed(double value, unsigned int mantissa_bits)
{
    uint32_t sign = value < 0.0 ? 1U << (mantissa_bits + EXPONENT_BITS) : 0;

    return sign | encode(fabs(value), mantissa_bits);
}

static double decode_signed(uint32_t code, unsigned int mantissa_bits)
{
    uint32_t sign = 1U << (mantissa_bits + EXPONENT_BITS);
    double value = decode(code & (sign - 1), mantissa_bits);

    return code & sign ? -value : value;
}

uint32_t history_float24(double value)
{
    return encode_signed(value, 17);
}

double history_float24_value(uint32_t code)
{
    return decode_signed(code, 17);
}

uint16_t history_float16(double value)
{
    return (uint16_t)encode_signed(value, 9);
}

double history_float16_value(uint16_t code)
{
    return decode_signed(code, 9);
}

uint16_t history_ufloat16(double value)
{
    return (uint16_t)encode(value < 0.0 ? 0.0 : value, 10);
}

double history_ufloat16_value(uint16_t code)
{
    return decode(code, 10);
}

/* ---- Integers ---- */

void history_write_u24(struct writer *w, uint32_t value)
{
    writer_u8(w, (uint8_t)(value >> 16));
    writer_u16(w, (uint16_t)value);
}

uint32_t history_read_u24(struct reader *r)
{
    uint32_t high = reader_u8(r);

    return high << 16 | reader_u16(r);
}

void history_write_unsigned(struct writer *w, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        writer_u8(w, (uint8_t)(value | 0x80));
    writer_u8(w, (uint8_t)value);
}

uint64_t history_read_unsigned(struct reader *r)
{
    uint64_t value = 0;

    for (unsigned int shift = 0; shift < 64; shift += 7) {
        uint8_t octet = reader_u8(r);

        value |= (uint64_t)(octet & 0x7f) << shift;
        if (!(octet & 0x80))
            return value;
    }
    r->failed = true;
    return 0;
}

void history_write_signed(struct writer *w, int64_t value)
{
    uint64_t v = (uint64_t)value;

    history_write_unsigned(w, value < 0 ? ~(v << 1) : v << 1);
}

int64_t history_read_signed(struct reader *r)
{
    uint64_t v = history_read_unsigned(r);

    return (int64_t)(v & 1 ? ~(v >> 1) : v >> 1);
}

/* ---- Checksum ---- */

uint32_t history_crc(uint32_t crc, const void *data, size_t length)
{
    /* Of each value of four bits. */
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *p = data;

    crc = ~crc;
    for (size_t i = 0; i < length; i++) {
        crc = table[(crc ^ p[i]) & 15] ^ crc >> 4;
        crc = table[(crc ^ (uint32_t)p[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
}
