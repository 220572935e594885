/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the language lacks for numbers: the size of an array and values within limits. Included
 * everywhere. Nothing here has a state or a unit.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <math.h>

/* Elements of an array; not of a pointer. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The nearest value in low..high; of a NaN, high. */
static inline double clamp(double low, double x, double high)
{
    return fmax(low, fmin(x, high));
}

static inline int clamp_int(int low, int x, int high)
{
    return x < low ? low : x > high ? high : x;
}

#endif
