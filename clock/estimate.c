/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Weighs a measured frequency against what the clock runs at already (discipline.md 15.3). Called
 * by the reference. The expected frequency is 0, because the clock runs on the last estimate.
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
