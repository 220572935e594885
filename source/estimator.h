/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The estimate of a source: offset and frequency of the local clock, and how far they may be wrong
 * (discipline.md 30). There are two ways to make it, chosen by the directive estimator: the robust
 * regression over the source's samples, and the bank of Kalman filters. The samples with their
 * regression are kept under both, because selection and delay tests work on them. One estimator
 * belongs to one source. Nothing is allocated after creation.
 */
#ifndef SOURCE_ESTIMATOR_H
#define SOURCE_ESTIMATOR_H

#include <stdbool.h>
#include "base/instant.h"
#include "conf/groups.h"
#include "source/bank.h"
#include "source/sample.h"
#include "source/samples.h"
#include "source/steady_state.h"

struct estimator;

struct estimator_params {
    enum estimator_kind kind;
    bool refclock;
    int min_samples, max_samples; /* as in struct samples_params; they limit the memory */
    double min_delay;             /* s; 0: none */
    double precision;             /* s, quantum of the local clock */
};

/* Keeps a pointer to the samples, which belong to the caller and must live as long. */
struct estimator *estimator_new(const struct estimator_params *params,
                                const struct samples *samples);
void estimator_free(struct estimator *estimator);
/* To be called when the samples were reset. */
void estimator_reset(struct estimator *estimator);

/* To be called before the first sample: what is known of the clock's frequency without the source.
   It is expected to be right (0); sd is the standard deviation of that, 0: nothing is known. */
void estimator_expect_frequency(struct estimator *estimator, double sd);
/* Takes a sample that was added to the samples, after the regression ran. */
void estimator_add(struct estimator *estimator, const struct source_sample *sample);
/* The tracking data are those of that time, up to the next sample: the estimate for it, and how
   uncertain that is. Only for reference clocks, whose samples are means of readings, the last of
   which is newer than the time of the sample. An earlier time than that changes nothing. */
void estimator_predict(struct estimator *estimator, struct local_time when);
/* Starts anew with what the samples hold: after they were loaded from a file. */
void estimator_replay(struct estimator *estimator);

/* Follow changes of the local clock and of the source's offset, as the samples do. */
void estimator_slew(struct estimator *estimator, struct local_time when, double dfreq,
                    double doffset);
void estimator_correct_offset(struct estimator *estimator, double correction);

/* The estimate, in place of that of the regression; root delay and dispersion are the samples'. */
void estimator_tracking(const struct estimator *estimator, struct samples_tracking *out);
/* The same for reports (discipline.md 30.6). */
void estimator_report(const struct estimator *estimator, struct local_time now,
                      struct samples_report *out);

/* Whether the estimate holds all that was known before the last sample, so that nobody has to weigh
   it against older ones. */
bool estimator_is_filter(const struct estimator *estimator);
/* Whether the next sample may still change what the first ones are worth. */
bool estimator_is_young(const struct estimator *estimator);

/* Standard deviation of the change of the clock's frequency within a second (s^-1/2), as it has to
   be expected while there are no samples; 0: regression. */
double estimator_wander(const struct estimator *estimator);

/* The last sample as the bank took it, and how its error is distributed by what was learnt. */
struct estimator_sample {
    struct local_time time;
    double offset; /* s */
    struct bank_noise noise;
    double weights[BANK_SHAPES];
    double wander; /* s^-1, bank_mean_wander() of the source's own bank; 0: unknown */
};
/* For the joint estimate of several sources. False, and nothing is set: estimator_is_filter() says
   no. */
bool estimator_last_sample(const struct estimator *estimator, struct estimator_sample *out);
/* The bank at the time of that sample; valid as long as the estimator. NULL: regression. */
const struct bank *estimator_bank(const struct estimator *estimator);
/* Bound of the frequency's error as the regression gives it, from the state of a bank. */
double estimator_skew(const struct bank_state *state);

/* What is estimated and what was learnt. */
struct estimator_state {
    int samples; /* taken since the last reset */
    struct local_time time;
    double offset, offset_sd;       /* s */
    double frequency, frequency_sd; /* ratios */
    double skew;
    double wander; /* s^-1/2: standard deviation of the frequency's change within a second */
    double jitter; /* s, standard deviation of the error of a sample */
    double weights[BANK_SHAPES]; /* sum 1; all 0: regression */
};
/* False, and nothing is set: there is no estimate yet (fewer than 3 samples). */
bool estimator_state(const struct estimator *estimator, struct estimator_state *out);

/* What the error depends on that the estimate will have in the long run. Returns the number of
   samples it was learnt from. 0, and nothing is set: there is no such knowledge (reference clocks,
   the regression, fewer than 3 samples). */
int estimator_steady_state(const struct estimator *estimator, struct steady_state *out);
/* How far the last sample was from what was expected, in standard deviations; 0: regression. */
double estimator_surprise(const struct estimator *estimator);

#endif
