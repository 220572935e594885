/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adaptation of the polling interval: a score collects arguments for a longer or a shorter one.
 * Called by associations; pure arithmetic.
 */
#include "ntp/client/poll.h"

#include <math.h>
#include "base/instant.h"
#include "base/number.h"

#define MIN_SEPARATION 0.002
#define MAX_SEPARATION 0.2
#define SEPARATION_LOG (-3)

void poll_adjust(struct poll_state *poll, double adjustment)
{
    int steps = 0;

    /* The error of the prediction may be infinite; the step may not. */
    adjustment = clamp(-2.0 * MAX_POLL, adjustment, 2.0 * MAX_POLL);
    poll->score += adjustment;
    if (poll->score >= 1.0)
        steps = (int)poll->score;
    else if (poll->score < 0.0)
        steps = -(1 + (int)-poll->score);
    poll->current += steps;
    poll->score -= steps;

    if (poll->current < poll->min) {
        poll->current = poll->min;
        poll->score = 0.0;
    } else if (poll->current > poll->max) {
        poll->current = poll->max;
        poll->score = 1.0;
    }
}

double poll_adjustment(double err, double distance, int samples, int target)
{
    if (err > distance)
        return -log2(err / distance);

    double adjustment = ((double)samples / target - 1.0) / target;
    return samples < target ? 2.0 * adjustment : adjustment;
}

double poll_separation(int poll)
{
    return clamp(MIN_SEPARATION, log2_to_seconds(poll + SEPARATION_LOG), MAX_SEPARATION);
}
