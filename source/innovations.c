/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The check of a filter's claims (discipline.md 30.11). Called by the estimator of a source.
 *
 * A filter takes the errors of samples for independent. Those of a receiver often are not: it
 * rounds its pulses to its own clock, or its messages come late for minutes. The mean of n samples
 * is then not better by sqrt(n), and the filter would claim too much. Errors that stay the same
 * for some samples show in sums: the sum over n independent distances has the variance n, over
 * equal ones n^2. So what is watched is a sum in which the weight of old distances fades.
 */
#include "source/innovations.h"
#include <math.h>
#include "base/number.h"

#define FADING        (15.0 / 16.0)
#define MAX_DISTANCE  4.0 /* of one sample: more is an outlier */
#define PRIOR_SAMPLES 64.0
#define MEMORY        256.0

void innovations_reset(struct innovations *i)
{
    *i = (struct innovations){.excess = 1.0};
}

void innovations_add(struct innovations *i, double distance)
{
    if (!isfinite(distance))
        return;
    i->sum = FADING * i->sum + clamp(-MAX_DISTANCE, distance, MAX_DISTANCE);
    i->count = fmin(i->count + 1.0, MEMORY);
    i->excess +=
        (i->sum * i->sum * (1.0 - FADING * FADING) - i->excess) / (PRIOR_SAMPLES + i->count);
}

double innovations_excess(const struct innovations *i)
{
    return fmax(i->excess, 1.0);
}
