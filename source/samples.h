/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The samples of one source and the statistics made from them (discipline.md 11). Owned
 * by the source's record. It logs nothing; what is worth a log line is returned.
 * Offsets are positive when the local clock is fast.
 */
#ifndef SOURCE_SAMPLES_H
#define SOURCE_SAMPLES_H

#include <stdbool.h>
#include "base/clock_change.h"
#include "base/instant.h"
#include "source/sample.h"

#define SAMPLES_MAX 64

struct samples;

struct samples_params {
    int min_samples;  /* limited to 1..max */
    int max_samples;  /* 0: SAMPLES_MAX; limited to 1..SAMPLES_MAX */
    double min_delay; /* mindelay, 0: none */
    double asymmetry; /* 1.0: estimated */
    double precision; /* quantum of the local clock, seconds */
};

struct samples *samples_new(const struct samples_params *params);
void samples_free(struct samples *samples);
void samples_reset(struct samples *samples);

/* Adds a sample (discipline.md 11.2). False: it was not later than the newest one, so the history
   was discarded before. */
bool samples_add(struct samples *samples, const struct source_sample *sample);

/* Results of a fit, for the statistics log (discipline.md 27.1). */
struct samples_fit {
    struct local_time time;
    double sd, offset, offset_sd, frequency, skew, stress;
    int count; /* before dropping */
    int start;
    int runs;
    double asymmetry;
};
/* Runs the regression (discipline.md 11.3). False, and fit is not set: fewer than 3 samples. */
bool samples_update(struct samples *samples, struct samples_fit *fit);

int samples_minimum(const struct samples *samples); /* min_samples, as limited */
int samples_count(const struct samples *samples);
double samples_min_delay(const struct samples *samples); /* INFINITY: none */
double samples_asymmetry(const struct samples *samples);
double samples_predict_offset(const struct samples *samples, struct local_time when);
/* Half of the frequency range, at most 2e-3. */
double samples_skew(const struct samples *samples);

struct samples_selection {
    double root_distance;
    double low, high;
    double first_ago, last_ago;
    double sd;
};
/* Data for the selection (discipline.md 11.7). The values are set whenever there is a sample.
   False: they are not valid. */
bool samples_selection(const struct samples *samples, struct local_time now, double max_jitter,
                       struct samples_selection *out);

struct samples_tracking {
    struct local_time ref_time;
    double offset, offset_sd;
    double frequency, frequency_sd, skew;
    double root_delay, root_dispersion;
};
void samples_tracking(const struct samples *samples, struct samples_tracking *out);

/* Data for the delay tests (discipline.md 9). False: fewer than 6 samples. */
bool samples_test_data(const struct samples *samples, struct local_time when,
                       struct source_test_data *out);

void samples_slew(struct samples *samples, struct local_time when, double dfreq, double doffset);
void samples_correct_offset(struct samples *samples, double correction);
void samples_add_dispersion(struct samples *samples, double dispersion);

/* The newest sample, for reports (discipline.md 20.2). False: none. */
struct samples_latest {
    struct local_time time;
    double original_offset, offset;
    double error;
};
bool samples_latest(const struct samples *samples, struct samples_latest *out);

struct samples_report {
    int count, runs;
    double span; /* seconds */
    double frequency, skew, sd;
    double offset, offset_error;
};
void samples_report(const struct samples *samples, struct local_time now,
                    struct samples_report *out); /* discipline.md 20.3 */

/* Dump and reload (discipline.md 12.6): entries are oldest first. */
struct samples_entry {
    struct local_time time;
    double offset, original_offset;
    double peer_delay, peer_dispersion;
    double root_delay, root_dispersion;
};
void samples_get_entry(const struct samples *samples, int index, struct samples_entry *out);
int samples_asymmetry_run(const struct samples *samples);
/* Replaces the samples. If there is no room for all entries, the newest are kept. */
void samples_load(struct samples *samples, const struct samples_entry *entries, int count,
                  int asymmetry_run);

#endif
