/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bank of small Kalman filters that estimates offset and frequency of the local clock from
 * samples of which each says how far it may be wrong (discipline.md 30.2). The filters differ in
 * what they assume: how much the oscillator wanders, and how the error of a sample lies within its
 * bound. Each gets a weight by how well it predicted the samples, so that both are learnt. Pure:
 * time is given as seconds since the last sample. Nothing is allocated.
 */
#ifndef SOURCE_BANK_H
#define SOURCE_BANK_H

#include <stdbool.h>

#define BANK_WANDERS 16

/* How the error of a sample is distributed. */
enum bank_shape {
    BANK_BOUND,     /* uniform within the bound: jitter in both directions */
    BANK_GAUSS,     /* normal, whatever the delay says */
    BANK_EDGE_FAST, /* exponential from one end of the bound, so that the offset is near
                       z - edge_bound: most of the jitter is in one direction */
    BANK_EDGE_SLOW, /* near z + edge_bound */
    BANK_SHAPES,
};

/* What a sample is known to be wrong by. */
struct bank_noise {
    double mean;       /* s, expected error */
    double bound;      /* s; the error is hardly ever farther from that */
    double softness;   /* s, standard deviation of the error of the bound itself */
    double variance;   /* s^2, of the error, if the bound is left aside */
    double late;       /* s^2, part of the variance: the delay is longer than usual */
    double edge_bound; /* s, in place of bound for the edges */
    double tilt;       /* s^-1, of the edges: how fast the density falls from there */
    /* Without a bound the shapes are normal with the variances base * 8^-1, 2^-1, 2 and 8, each at
       least `floor`. */
    bool unbounded;
    double base, floor; /* s^2 */
};

/* Mean and covariance of offset (s) and frequency. */
struct bank_state {
    double offset, frequency;
    double offset_variance, covariance, frequency_variance;
};

/* Of the local clock: offset' = offset + change, frequency' = (1 + rate) frequency + change. */
struct bank_change {
    double offset, rate, frequency;
};

struct bank_model {
    struct bank_state state;
    double weight;
};

struct bank {
    struct bank_model models[BANK_WANDERS][BANK_SHAPES];
    struct bank_change pending; /* that the models have not followed yet */
    struct bank_state mix;      /* mean of the models, with their spread */
    int samples;
    /* What is known of the frequency before the first sample; to be set after a reset. */
    double start_frequency, start_frequency_sd; /* sd 0: nothing */
    double wander_floor;   /* s^-1, variance of the frequency's change per second, at least */
    double wander_ceiling; /* s^-1, at most; 0: any */
    bool ignored;          /* the last sample */
    double ignored_offset;
    double surprise; /* square of the last sample's distance from the prediction, as a multiple of
                        what was expected with the variance of its noise */
};

/* Forgets everything but floor and ceiling. */
void bank_reset(struct bank *bank);

enum bank_result {
    BANK_USED,
    BANK_IGNORED, /* too far off; if the next one is, too, that was a step */
    BANK_STEPPED, /* the second one that was too far off: the estimate starts anew there */
};
/* Takes the offset that was measured `elapsed` seconds (0 or more) after the sample before. */
enum bank_result bank_update(struct bank *bank, double elapsed, double offset,
                             const struct bank_noise *noise);

/* The local clock was changed: adds to the offset, and slows the clock down by dfreq. */
void bank_change(struct bank *bank, double offset, double dfreq);

/* The next sample is of another source, whose errors have these weights of the shapes (sum 1). */
void bank_set_shapes(struct bank *bank, const double weights[BANK_SHAPES]);

/* Weighted geometric mean of the assumed variance of the frequency's change per second (s^-1). */
double bank_wander(const struct bank *bank);
/* Their weighted mean, over those that an oscillator may have: with it a frequency that is not
   measured any more becomes uncertain. It is larger, as large wanders count although they are
   unlikely. */
double bank_mean_wander(const struct bank *bank);
/* Sum of the weights of a shape, 0 to 1. */
double bank_shape_weight(const struct bank *bank, enum bank_shape shape);
/* Of samples without a bound: weighted geometric mean of the multiples of the base. */
double bank_noise_scale(const struct bank *bank);
/* The base becomes a quarter (-1) or four times (1) what it was: the weights move with it. */
void bank_move_base(struct bank *bank, int step);
/* The state `elapsed` seconds after the last sample. */
struct bank_state bank_predict(const struct bank *bank, double elapsed);

#endif
