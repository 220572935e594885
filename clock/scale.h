/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scale of the local clock: plain numbers that turn a raw time into a cooked one (discipline.md
 * 5.2). The driver owns the one that is in effect, and a copy of it says the same about any raw
 * time near the one for which it was asked, without the driver.
 */
#ifndef CLOCK_SCALE_H
#define CLOCK_SCALE_H

#include <math.h>
#include <stddef.h>
#include "base/instant.h"

struct clock_scale {
    struct raw_time start;
    double freq;         /* seconds of offset that are corrected in a second of raw time */
    double offset;       /* to be corrected at the start, seconds; positive: the clock is fast */
    double error;        /* bound, seconds, as long as the raw time is near the start ... */
    double error_length; /* by this number of seconds or less */
};

/* Cooked minus raw at a raw time, seconds; error bound in *err, which may be NULL. */
static inline double clock_scale_correction(const struct clock_scale *scale, struct raw_time raw,
                                            double *err)
{
    double elapsed = raw_diff(raw, scale->start);

    if (err)
        *err = fabs(elapsed) <= scale->error_length ? scale->error : 0.0;
    return scale->freq * elapsed - scale->offset;
}

/* The cooked time of a raw time. */
static inline struct local_time clock_scale_cook(const struct clock_scale *scale,
                                                 struct raw_time raw, double *err)
{
    return (struct local_time){instant_add(raw.i, clock_scale_correction(scale, raw, err))};
}

#endif
