/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The polling interval by the accuracy that it gives (pollpolicy accuracy, ntp.md 14.5). Pure.
 */
#ifndef NTP_CLIENT_POLL_POLICY_H
#define NTP_CLIENT_POLL_POLICY_H

#include "ntp/client/poll.h"
#include "source/steady_state.h"

/* What the estimator expects after a sample. */
struct poll_outlook {
    const struct steady_state *noise;
    double polls_per_sample; /* 1 or more */
    double surprise; /* distance of the last sample from its prediction in standard deviations */
};

/* The longest interval (log2 s) of min to max at which the error is at most `ratio` times (1 or
   more) that at min. */
int poll_policy_longest(const struct poll_outlook *outlook, int min, int max, double ratio);

/* What was found out between votes. */
struct poll_policy {
    int votes;     /* for a longer interval */
    double wander; /* s^-1, smoothed; 0: none yet */
};

/* Also the state of a new one. */
void poll_policy_reset(struct poll_policy *policy);

/* Changes the interval after a good sample, and clears the score. outlook NULL: too little is known
   yet, and the interval is the shortest one. */
void poll_policy_vote(struct poll_policy *policy, struct poll_state *poll,
                      const struct poll_outlook *outlook, double ratio);

#endif
