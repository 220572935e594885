/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The joint estimate of several sources (discipline.md 30.10): one bank of filters for the local
 * clock, which takes the samples of all of them, and for each source its constant offset from the
 * others, the bias. Called by combining. Pure; nothing is allocated. Members belong to the caller
 * and must leave before they are freed.
 */
#ifndef SOURCE_JOINT_H
#define SOURCE_JOINT_H

#include <stdbool.h>
#include "base/instant.h"
#include "source/bank.h"
#include "source/estimator.h"

/* A source in the joint estimate; all zero at first. */
struct joint_member {
    bool joined;
    double weight;      /* in the mean of the sources that is taken for true time, s^-1 */
    double bias;        /* s, by how much its samples are above the estimate in the mean */
    double information; /* s^-2, one over the variance of that */
    double correction;  /* s, what is taken off its samples: the bias as far as it is believed */
    bool doubtful;      /* its last sample was far off */
    double strain;      /* decaying sum of the errors of its samples, in standard deviations */
    double wander;      /* s^-1, of the clock as its samples alone show it; 0: unknown */
    struct joint_member *next, *previous;
};

/* All zero at first: not running. */
struct joint {
    bool running;
    struct bank bank;
    double ceiling;         /* s^-1, of the wander, as it was at the start; 0: any */
    struct local_time time; /* of the last sample */
    struct joint_member *first;
    int count;
    double spread; /* s^2, learnt variance of the biases without that of their estimates */
    double mean;   /* s, of the biases, each weighted by how well it is known */
    /* Weights times seconds: by how much the sum of the corrections was changed by sources that
       jumped. It keeps the estimate where it was, and is forgotten slowly. */
    double held;
    const struct joint_member *doubtful; /* the last sample was far off, and its; else NULL */
};

/* Starts anew without members, with what the bank of a source knows at the time of its last
   sample. */
void joint_start(struct joint *joint, const struct bank *bank, struct local_time time);
/* All members leave. */
void joint_stop(struct joint *joint);

/* A source comes, with its own estimate and its weight: 1 / root distance (s^-1). */
void joint_join(struct joint *joint, struct joint_member *member,
                const struct samples_tracking *estimate, double weight);
/* To be called when one or more have come: compares the biases, and moves the estimate to the mean
   of the sources. */
void joint_settle(struct joint *joint);
/* The estimate moves to the mean of those that stay. Does nothing if it is no member. */
void joint_leave(struct joint *joint, struct joint_member *member);

enum joint_result {
    JOINT_USED,
    JOINT_IGNORED, /* far from what was expected; if its next one is, too, the source has jumped */
    JOINT_JUMPED,  /* that was the next one: the source has a new bias */
    JOINT_STOPPED, /* the second one in a row that is far, of another source: the clock stepped */
};
/* Takes a sample of a member, whose weight is that now. */
enum joint_result joint_add(struct joint *joint, struct joint_member *member,
                            const struct estimator_sample *sample, double weight);

/* The local clock was changed. */
void joint_slew(struct joint *joint, struct local_time when, double dfreq, double doffset);

struct joint_estimate {
    struct local_time time;
    double offset;
    double offset_sd; /* s, of the offset from the mean of the sources */
    double mean_sd;   /* s, of that mean from true time, as far as their differences show it */
    double frequency, frequency_sd, skew;
    double wander; /* s^-1/2, as estimator_wander() */
};
/* It must be running. */
void joint_estimate(const struct joint *joint, struct joint_estimate *out);
/* Part of a member in the mean of the sources, 0 to 1. */
double joint_share(const struct joint *joint, const struct joint_member *member);

#endif
