/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short number formats of NTP packets and the mask of random timestamp bits (ntp.md 2.4, 2.5).
 * Pure; encoders take any double, also NaN and infinities, since estimates end up in them.
 */
#include "ntp/wire/packet.h"

#include <math.h>

#define FINE_UNIT 268435456.0 /* 2^28 */

/* Unsigned fixed point, rounded up, so that an error bound stays one. A NaN becomes the largest
   value. */
static uint32_t from_double(double x, double unit)
{
    if (x <= 0.0)
        return 0;
    if (!(x < 4294967295.0 / unit))
        return UINT32_MAX;
    return (uint32_t)ceil(x * unit);
}

double ntp_short_to_double(uint32_t v)
{
    return v / 65536.0;
}

uint32_t ntp_short_from_double(double x)
{
    return from_double(x, 65536.0);
}

double ntp_fine_to_double(uint32_t v)
{
    /* The largest value stands for every larger one. */
    if (v == UINT32_MAX)
        return ntp_short_to_double(v);
    return v / FINE_UNIT;
}

uint32_t ntp_fine_from_double(double x)
{
    return from_double(x, FINE_UNIT);
}

double ntp_signed_to_double(struct ntp_time v)
{
    return ntp_time_diff(v, (struct ntp_time){0, 0});
}

struct ntp_time ntp_signed_from_double(double x)
{
    if (isnan(x))
        x = 0.0;
    x = fmin(fmax(x, INT32_MIN), INT32_MAX);
    double whole = floor(x);
    return (struct ntp_time){(uint32_t)(int32_t)whole, (uint32_t)((x - whole) * 4294967296.0)};
}

struct ntp_time ntp_fuzz_mask(int precision)
{
    int bits = precision + 32;
    uint64_t mask;

    if (precision <= -32)
        mask = 0;
    else if (precision >= 32)
        mask = UINT64_MAX;
    else
        mask = (UINT64_C(1) << bits) - 1;
    return (struct ntp_time){(uint32_t)(mask >> 32), (uint32_t)mask};
}
