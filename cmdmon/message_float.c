/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 32-bit floating point numbers of the control protocol (cmdmon.md, "Floating point"). Every
 * word decodes to a number; NaN and infinity are encoded as the specification says.
 */
#include "cmdmon/message_field.h"

#include <math.h>

#define EXPONENT_BITS    7
#define COEFFICIENT_BITS 25
#define EXPONENT_MAX     63
#define EXPONENT_MIN     (-64)
#define COEFFICIENT_MASK ((1U << COEFFICIENT_BITS) - 1)
#define COEFFICIENT_MAX  ((1U << (COEFFICIENT_BITS - 1)) - 1)

/* Coefficient and exponent of a positive value in the range that the logarithm can serve. */
static uint32_t split(double x, uint32_t max, int *exponent)
{
    int e = (int)(log(x) / log(2.0) + 1.0);
    uint64_t c = (uint64_t)(x * pow(2.0, COEFFICIENT_BITS - e) + 0.5);

    while (c > max) {
        c >>= 1;
        e++;
    }
    if (e > EXPONENT_MAX) {
        e = EXPONENT_MAX;
        c = max;
    } else if (e < EXPONENT_MIN) {
        if (e + COEFFICIENT_BITS >= EXPONENT_MIN) {
            c >>= EXPONENT_MIN - e;
            e = EXPONENT_MIN;
        } else {
            e = 0;
            c = 0;
        }
    }
    *exponent = e;
    return (uint32_t)c;
}

uint32_t cmd_float_encode(double x)
{
    uint32_t c;
    int e;

    if (isnan(x))
        x = 0.0;
    uint32_t negative = x < 0.0;
    x = fabs(x);
    uint32_t max = COEFFICIENT_MAX + negative;

    if (x < 1.0e-100) {
        e = 0;
        c = 0;
    } else if (x > 1.0e100) {
        e = EXPONENT_MAX;
        c = max;
    } else {
        c = split(x, max, &e);
    }
    if (negative)
        c = 0U - c;
    return (uint32_t)e << COEFFICIENT_BITS | (c & COEFFICIENT_MASK);
}

double cmd_float_decode(uint32_t word)
{
    int e = (int)(word >> COEFFICIENT_BITS);
    int32_t c = (int32_t)(word & COEFFICIENT_MASK);

    if (e > EXPONENT_MAX)
        e -= 1 << EXPONENT_BITS;
    if ((uint32_t)c > COEFFICIENT_MAX)
        c -= 1 << COEFFICIENT_BITS;
    return ldexp((double)c, e - COEFFICIENT_BITS);
}
