/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sample of a source may be wrong by, learnt from the delays of the samples before it and
 * from how far they were from the estimate (discipline.md 30.3). Pure; nothing is allocated.
 */
#ifndef SOURCE_SAMPLE_NOISE_H
#define SOURCE_SAMPLE_NOISE_H

#include <stdbool.h>
#include "source/bank.h"

#define NOISE_WINDOW     64
#define NOISE_NEW_DELAYS 6 /* that have to agree that the path became longer */

struct sample_noise {
    double min_delay; /* s, of the path as the user knows it; 0: it is learnt */
    double delays[NOISE_WINDOW];
    int count;                   /* of the window, oldest first */
    double sorted[NOISE_WINDOW]; /* the same, shortest first */
    /* s, distances from the estimate of the newest samples; NAN: not taken; s^2, of the estimate */
    double errors[NOISE_NEW_DELAYS], error_variance;
    double shortest;   /* s, delay of the shortest path so far */
    double asymmetry;  /* s, error of offsets on the present path, compared with that */
    double mean_error; /* s^2, learnt mean square of the errors of samples */
    double learnt;     /* number of samples behind it */
};

void sample_noise_init(struct sample_noise *noise, double min_delay);
void sample_noise_reset(struct sample_noise *noise);
/* Takes the delay (s, of the path alone) of a new sample. */
void sample_noise_add(struct sample_noise *noise, double delay);
/* After the first sample: the noise of one with that delay and standard deviation (s) of its
   timestamps. */
struct bank_noise sample_noise_get(const struct sample_noise *noise, double delay,
                                   double dispersion);
/* The bounds of samples with the delays of the window, and that dispersion. Returns their number;
   0: no sample. */
int sample_noise_bounds(const struct sample_noise *noise, double dispersion,
                        double bounds[NOISE_WINDOW]);
/* After the bank took a sample with such a noise and offset (s). */
void sample_noise_learn(struct sample_noise *noise, const struct bank_noise *used,
                        const struct bank *bank, double offset);

#endif
