/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The polling interval by the accuracy that it gives. Called by associations after each good
 * sample; pure arithmetic.
 *
 * The adaptation by score (poll.c) looks for an interval at which the register holds a certain
 * number of samples. It goes on lengthening the interval until a prediction fails, falls back, and
 * begins anew; most of the error comes from the end of that cycle. The estimator knows noise and
 * wander, and so the error that each interval would give in the long run. The interval that is
 * chosen by that stays where it is while the network and the oscillator stay what they are.
 */
#include "ntp/client/poll_policy.h"
#include <math.h>
#include "base/instant.h"
#include "base/number.h"

#define VOTES 2 /* for a longer interval, in a row */
/* By how much more than the ratio the error may be before the interval is shortened, so that it
   does not alternate between two lengths. */
#define MARGIN 1.1
/* Shares of the way that the logarithm of the wander is followed. */
#define RISE 0.5
#define FALL 0.125
/* Above that a sample says that the noise is not known any more. */
#define MAX_SURPRISE 5.0
/* The error of a prediction grows with the interval to this power, where the wander makes it. */
#define WANDER_POWER 1.5

static double error(const struct poll_outlook *o, int poll)
{
    return steady_state_error(o->noise, o->polls_per_sample * log2_to_seconds(poll));
}

int poll_policy_longest(const struct poll_outlook *o, int min, int max, double ratio)
{
    double limit = ratio * ratio * error(o, min);

    for (max++; max - min > 1;) {
        int middle = min + (max - min) / 2;
        if (error(o, middle) <= limit)
            min = middle;
        else
            max = middle;
    }
    return min;
}

/* The learnt wander goes up and down with each sample by more than the interval should. It has to
   be followed fast when it rises. */
static void follow_wander(struct poll_policy *policy, double wander)
{
    if (policy->wander <= 0.0)
        policy->wander = wander;
    else
        policy->wander *= pow(wander / policy->wander, wander > policy->wander ? RISE : FALL);
}

void poll_policy_reset(struct poll_policy *policy)
{
    *policy = (struct poll_policy){0};
}

/* Returns the interval that follows the present one. */
static int vote(struct poll_policy *policy, const struct poll_state *poll,
                const struct poll_outlook *o, double ratio)
{
    int current = poll->current;

    if (poll->min == poll->max)
        return current;
    double limit = ratio * ratio * error(o, poll->min);
    if (current < poll->max && error(o, current + 1) <= limit) {
        if (++policy->votes < VOTES)
            return current;
        policy->votes = 0;
        return current + 1;
    }
    policy->votes = 0;
    if (error(o, current) <= MARGIN * MARGIN * limit)
        return current;
    return poll_policy_longest(o, poll->min, current, MARGIN * ratio);
}

void poll_policy_vote(struct poll_policy *policy, struct poll_state *poll,
                      const struct poll_outlook *outlook, double ratio)
{
    poll->score = 0.0;
    if (!outlook) {
        poll_policy_reset(policy);
        poll->current = poll->min;
        return;
    }

    if (outlook->surprise > MAX_SURPRISE) {
        policy->votes = 0;
        poll->current -= (int)fmin(log2(outlook->surprise) / WANDER_POWER, MAX_POLL - MIN_POLL);
    }

    struct steady_state noise = *outlook->noise;
    follow_wander(policy, noise.wander);
    noise.wander = policy->wander;
    struct poll_outlook smooth = {.noise = &noise, .polls_per_sample = outlook->polls_per_sample};
    poll->current = clamp_int(poll->min, poll->current, poll->max);
    poll->current = vote(policy, poll, &smooth, ratio);
}
