/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Weighs a measured frequency against what the clock runs at already (discipline.md 15.3). Called
 * by the reference. The expected frequency is 0, because the clock runs on the last estimate. Also
 * how fast an estimate grows old.
 */
#include "base/number.h"
#include "clock/estimate.h"
#include <math.h>

static double get_gain(double previous_skew, double skew)
{
    double variance = 3.0 * previous_skew * previous_skew;

    return clamp(0.0, variance / (variance + skew * skew), 1.0);
}

struct clock_estimate clock_estimate(double previous_skew, double frequency, double skew,
                                     double max_skew, enum estimate_weight weight)
{
    bool skew_too_large = weight != WEIGHT_MANUAL && !(fabs(skew) <= max_skew);
    double gain = skew_too_large                 ? 0.0
                  : weight == WEIGHT_MEASUREMENT ? get_gain(previous_skew, skew)
                                                 : 1.0;
    struct clock_estimate e = {.frequency = gain * frequency, .skew_too_large = skew_too_large};

    e.residual_frequency = frequency - e.frequency;
    e.skew = previous_skew + gain * (skew - previous_skew) +
             sqrt(e.frequency * e.frequency * (1.0 - gain) +
                  e.residual_frequency * e.residual_frequency * gain);
    return e;
}

/* Errors of offset and frequency at the estimate are taken to go the same way, as a filter's mostly
   do, so they are added. What the frequency does afterwards is independent of both: a random walk,
   whose integral has the variance wander^2 elapsed^3 / 3. */
double estimate_offset_sd(double offset_sd, double frequency_sd, double wander, double elapsed)
{
    double known = offset_sd + elapsed * frequency_sd;

    return wander > 0.0 ? hypot(known, wander * elapsed * sqrt(elapsed / 3.0)) : known;
}

double estimate_frequency_sd(double frequency_sd, double wander, double elapsed)
{
    return wander > 0.0 ? hypot(frequency_sd, wander * sqrt(elapsed)) : frequency_sd;
}

double estimate_skew(double skew, double wander, double elapsed)
{
    return estimate_frequency_sd(skew, ESTIMATE_BOUND * wander, elapsed);
}

double estimate_wander_bound(double wander, double elapsed)
{
    return ESTIMATE_BOUND * wander * elapsed * sqrt(elapsed / 3.0);
}
