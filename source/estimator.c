/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The estimator of one source (discipline.md 30). Called by the source's record only. It turns
 * samples with local times into steps of the bank; what a sample is worth is in sample_noise.c and
 * refclock_noise.c, the mathematics in bank.c.
 */
#include "source/estimator.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "source/innovations.h"
#include "source/refclock_noise.h"
#include "source/sample_noise.h"

/* The estimate of a bank with fewer samples is not used. */
#define MIN_SAMPLES 3
#define RECENT      REFCLOCK_NOISE_WINDOW
/* Standard deviations of one of the first samples from its prediction, at which what was known of
   the frequency before is taken for wrong. */
#define CONTRADICTION 4.0
#define SURE_DELAYS   6
/* 99.95 % of a normal distribution, as the regression has it for many samples. */
#define SKEW_RATIO   3.5
#define MIN_SKEW     1e-12
#define MAX_SKEW     1.0
#define MIN_SOFTNESS 1e-12

/* minsamples, if it is not set. */
#define DEFAULT_MIN_SAMPLES 6
/* Samples of reference clocks come so often that a longer memory would gain next to nothing, while
   it takes the bank long to find out that the clock wanders. */
#define REFCLOCK_MEMORY 256
/* Share of a sample in means over the last ones. */
#define MEANS         (1.0 / 16.0)
#define MAX_INTERVALS 4.0 /* of the usual ones, that count */

struct recent_sample {
    struct local_time time;
    double offset, delay, dispersion;
};

struct estimator {
    enum estimator_kind kind;
    const struct samples *samples;
    bool refclock;
    struct sample_noise noise;            /* of NTP sources */
    struct refclock_noise refclock_noise; /* of reference clocks */
    struct innovations innovations;
    struct bank bank;
    int min_memory, max_memory;   /* samples; 0: any */
    double interval;              /* s, mean of the last intervals */
    double information;           /* s^-2, mean of the reciprocal variances of the last samples */
    struct local_time time;       /* of the last sample */
    double dispersion;            /* s, of that */
    double ahead;                 /* s, that the tracking data are later */
    double surprise;              /* of that, in standard deviations */
    struct bank_noise last_noise; /* of the last sample */
    int count;
    struct recent_sample recent[RECENT]; /* oldest first */
    /* Known before the first sample. */
    double expected_frequency, expected_frequency_sd; /* sd 0: nothing */
};

/* minsamples and maxsamples as memories (discipline.md 30.12). Fewer than 3 samples make no
   estimate. */
static void set_memory(struct estimator *e, const struct estimator_params *params)
{
    e->min_memory = params->min_samples > DEFAULT_MIN_SAMPLES ? params->min_samples : 0;
    e->max_memory = params->max_samples > 0 ? params->max_samples : 0;
    if (e->max_memory > 0 && e->min_memory > e->max_memory)
        e->min_memory = e->max_memory;
    if (e->max_memory == 0 && e->refclock)
        e->max_memory = REFCLOCK_MEMORY;
}

struct estimator *estimator_new(const struct estimator_params *params,
                                const struct samples *samples)
{
    struct estimator *e = mem_alloc(sizeof(*e));

    e->kind = params->kind;
    e->samples = samples;
    e->refclock = params->refclock;
    set_memory(e, params);
    sample_noise_init(&e->noise, params->min_delay);
    refclock_noise_init(&e->refclock_noise, params->precision);
    estimator_reset(e);
    return e;
}

void estimator_free(struct estimator *e)
{
    free(e);
}

void estimator_reset(struct estimator *e)
{
    sample_noise_reset(&e->noise);
    refclock_noise_reset(&e->refclock_noise);
    innovations_reset(&e->innovations);
    bank_reset(&e->bank);
    e->count = 0;
    e->ahead = 0.0;
    e->expected_frequency = 0.0;
    e->expected_frequency_sd = 0.0;
}

void estimator_expect_frequency(struct estimator *e, double sd)
{
    if (e->count == 0)
        e->expected_frequency_sd = sd;
}

/* Whether a sample is too far from what the expected frequency leads to. The shortest of a few
   delays may be far from that of the empty path, so at first only half the delay is a bound. */
static bool contradicts(const struct estimator *e, double elapsed, const struct recent_sample *s,
                        const struct bank_noise *noise)
{
    if (!(e->expected_frequency_sd > 0.0) || e->bank.samples == 0)
        return false;
    struct bank_state expected = bank_predict(&e->bank, elapsed);
    double bound = e->count < SURE_DELAYS ? fmax(noise->bound, 0.5 * s->delay) : noise->bound;
    double variance = expected.offset_variance + noise->variance + bound * bound;
    return fabs(s->offset - expected.offset) > CONTRADICTION * sqrt(variance);
}

/* The distance of a sample from what was expected, in standard deviations. */
static double surprise_of(const struct bank *b, double elapsed, double offset,
                          const struct bank_noise *noise)
{
    const struct bank_state *s = &b->mix;
    double variance = s->offset_variance +
                      elapsed * (2.0 * s->covariance + elapsed * s->frequency_variance) +
                      noise->variance + noise->bound * noise->bound;

    if (b->samples == 0)
        return 0.0;
    return fabs(offset - s->offset - elapsed * s->frequency) / sqrt(variance);
}

static int recent_count(const struct estimator *e)
{
    return e->count < RECENT ? e->count : RECENT;
}

static struct bank_noise noise_of(const struct estimator *e, const struct recent_sample *s)
{
    if (e->refclock)
        return refclock_noise_get(&e->refclock_noise);
    return sample_noise_get(&e->noise, s->delay, s->dispersion);
}

static void learn(struct estimator *e, const struct recent_sample *s,
                  const struct bank_noise *noise)
{
    if (e->refclock)
        refclock_noise_learn(&e->refclock_noise, &e->bank, e->interval);
    else
        sample_noise_learn(&e->noise, noise, &e->bank, s->offset);
}

/* A filter with this wander has a memory of so many samples: the variance of its offset is that of
   a regression over them. With white noise of the spectral density r = variance * interval, the
   filter of a wander q has in its steady state sqrt(2) w r, w = (q / r)^(1/4); the regression has
   4 r / length, length = samples * interval. */
static double wander_of_memory(const struct estimator *e, int samples)
{
    double length = samples * e->interval;

    return 64.0 * e->interval / (e->information * pow(length, 4.0));
}

static void judge(struct estimator *e, const struct recent_sample *s, double elapsed,
                  const struct bank_noise *noise)
{
    struct bank_state expected = bank_predict(&e->bank, elapsed);

    innovations_add(&e->innovations, (s->offset - expected.offset) /
                                         sqrt(expected.offset_variance + noise->variance));
}

static void limit_memory(struct estimator *e, double elapsed, const struct bank_noise *noise)
{
    double bound = noise->bound * noise->bound / 3.0 + noise->softness * noise->softness;
    double normal = noise->unbounded ? 1.0 : bank_shape_weight(&e->bank, BANK_GAUSS);
    double information = normal / noise->variance;
    double share = fmax(1.0 / e->bank.samples, MEANS);

    /* A gap does not change the usual interval. */
    if (e->interval > 0.0)
        elapsed = fmin(elapsed, MAX_INTERVALS * e->interval);
    if (normal < 1.0)
        information += (1.0 - normal) / bound;
    e->interval += (elapsed - e->interval) * share;
    e->information += (information - e->information) * share;
    if (!(e->interval > 0.0))
        return;
    e->bank.wander_floor = e->max_memory > 0 ? wander_of_memory(e, e->max_memory) : 0.0;
    e->bank.wander_ceiling = e->min_memory > 0 ? wander_of_memory(e, e->min_memory) : 0.0;
    e->bank.wander_ceiling *= pow(innovations_excess(&e->innovations), 2.0);
}

enum step_result {
    STEP_USED,
    STEP_FAR,         /* the bank ignored the sample, or took it for a step */
    STEP_CONTRADICTS, /* the expected frequency, and was not taken */
};

static enum step_result step(struct estimator *e, const struct recent_sample *s)
{
    struct bank_noise noise = noise_of(e, s);
    double elapsed = e->bank.samples > 0 ? fmax(local_diff(s->time, e->time), 0.0) : 0.0;

    if (contradicts(e, elapsed, s, &noise))
        return STEP_CONTRADICTS;
    e->surprise = surprise_of(&e->bank, elapsed, s->offset, &noise);
    if (e->bank.samples > 0)
        limit_memory(e, elapsed, &noise);
    if ((e->refclock || e->min_memory > 0) && e->bank.samples >= MIN_SAMPLES)
        judge(e, s, elapsed, &noise);
    enum bank_result result = bank_update(&e->bank, elapsed, s->offset, &noise);
    e->time = s->time;
    e->dispersion = s->dispersion;
    e->last_noise = noise;
    if (result != BANK_USED) {
        refclock_noise_miss(&e->refclock_noise);
        return STEP_FAR;
    }
    if (e->bank.samples > MIN_SAMPLES)
        learn(e, s, &noise);
    return STEP_USED;
}

/* Starts the bank anew with the recent samples. False: one contradicts the expected frequency. */
static bool restart(struct estimator *e)
{
    bank_reset(&e->bank);
    e->bank.start_frequency = e->expected_frequency;
    e->bank.start_frequency_sd = e->expected_frequency_sd;
    innovations_reset(&e->innovations);
    e->interval = 0.0;
    e->information = 0.0;
    for (int i = 0; i < recent_count(e); i++)
        if (step(e, &e->recent[i]) == STEP_CONTRADICTS)
            return false;
    return true;
}

static struct refclock_spread spread_of_recent(const struct estimator *e)
{
    double times[RECENT], offsets[RECENT];

    for (int i = 0; i < recent_count(e); i++) {
        times[i] = local_diff(e->recent[i].time, e->recent[0].time);
        offsets[i] = e->recent[i].offset;
    }
    return refclock_noise_measure(times, offsets, recent_count(e));
}

static void remember(struct estimator *e, const struct recent_sample *s)
{
    if (e->count >= RECENT)
        memmove(e->recent, e->recent + 1, (RECENT - 1) * sizeof(e->recent[0]));
    e->count++;
    e->recent[recent_count(e) - 1] = *s;
}

/* The first samples are taken again with each new one, as all together say what each is worth.
   False: as above. */
static bool start_again(struct estimator *e)
{
    struct refclock_spread spread = spread_of_recent(e);

    e->noise.learnt = 0.0;
    e->noise.mean_error = 0.0;
    refclock_noise_start(&e->refclock_noise, &spread, e->recent[0].dispersion);
    return restart(e);
}

static void take(struct estimator *e, const struct recent_sample *s)
{
    e->ahead = 0.0;
    if (!e->refclock)
        sample_noise_add(&e->noise, s->delay);
    remember(e, s);
    if (e->count <= RECENT) {
        if (start_again(e))
            return;
        e->expected_frequency_sd = 0.0;
        start_again(e);
        return;
    }
    e->expected_frequency_sd = 0.0; /* the samples know better by now */
    if (step(e, s) != STEP_FAR || !e->refclock)
        return;
    struct refclock_spread spread = spread_of_recent(e);
    if (refclock_noise_rose(&e->refclock_noise, &spread))
        restart(e);
}

void estimator_add(struct estimator *e, const struct source_sample *sample)
{
    if (e->kind == ESTIMATOR_REGRESSION)
        return;
    if (e->count > 0 && local_diff(sample->time, e->time) <= 0.0)
        estimator_reset(e);
    take(e, &(struct recent_sample){sample->time, sample->offset, sample->peer_delay,
                                    0.5 * sample->peer_dispersion});
}

void estimator_predict(struct estimator *e, struct local_time when)
{
    e->ahead = e->refclock && e->count > 0 ? fmax(local_diff(when, e->time), 0.0) : 0.0;
}

void estimator_replay(struct estimator *e)
{
    if (e->kind == ESTIMATOR_REGRESSION)
        return;
    estimator_reset(e);
    for (int i = 0; i < samples_count(e->samples); i++) {
        struct samples_entry entry;
        samples_get_entry(e->samples, i, &entry);
        take(e, &(struct recent_sample){entry.time, entry.offset, entry.peer_delay,
                                        0.5 * entry.peer_dispersion});
    }
}

void estimator_slew(struct estimator *e, struct local_time when, double dfreq, double doffset)
{
    if (e->count == 0)
        return;
    for (int i = 0; i < recent_count(e); i++) {
        struct recent_sample *s = &e->recent[i];
        s->offset += local_adjust(&s->time, when, dfreq, doffset);
    }
    bank_change(&e->bank, local_adjust(&e->time, when, dfreq, doffset), dfreq);
    e->expected_frequency = (e->expected_frequency - dfreq) / (1.0 - dfreq);
}

void estimator_correct_offset(struct estimator *e, double correction)
{
    if (e->count == 0)
        return;
    for (int i = 0; i < recent_count(e); i++)
        e->recent[i].offset += correction;
    bank_change(&e->bank, correction, 0.0);
}

static bool uses_bank(const struct estimator *e)
{
    return e->kind == ESTIMATOR_KALMAN && e->count >= MIN_SAMPLES &&
           (e->max_memory == 0 || e->max_memory >= MIN_SAMPLES);
}

bool estimator_is_filter(const struct estimator *e)
{
    return uses_bank(e);
}

bool estimator_is_young(const struct estimator *e)
{
    return e->count < RECENT;
}

double estimator_wander(const struct estimator *e)
{
    return uses_bank(e) ? sqrt(bank_mean_wander(&e->bank)) : 0.0;
}

/* The mixture of the bank some time after the last sample, with variances that are large enough for
   what was seen. If the last sample was so far off that it was ignored, either it is wrong or the
   estimate by now, because a clock has stepped; the next one tells. */
static struct bank_state estimate(const struct estimator *e, double ahead)
{
    struct bank_state s = ahead > 0.0 ? bank_predict(&e->bank, ahead) : e->bank.mix;
    double excess = innovations_excess(&e->innovations);
    double distance = e->bank.ignored ? e->bank.ignored_offset - e->bank.mix.offset : 0.0;

    s.offset_variance *= excess;
    s.covariance *= excess;
    s.frequency_variance *= excess;
    s.offset_variance += distance * distance;
    return s;
}

bool estimator_last_sample(const struct estimator *e, struct estimator_sample *out)
{
    if (!uses_bank(e))
        return false;
    *out = (struct estimator_sample){
        .time = e->time,
        .offset = e->recent[recent_count(e) - 1].offset,
        .noise = e->last_noise,
    };
    if (e->refclock) {
        double excess = innovations_excess(&e->innovations);
        out->noise.variance *= excess;
        out->noise.base *= excess;
        out->noise.floor *= excess;
    }
    for (int i = 0; i < BANK_SHAPES; i++)
        out->weights[i] = bank_shape_weight(&e->bank, (enum bank_shape)i);
    return true;
}

const struct bank *estimator_bank(const struct estimator *e)
{
    return &e->bank;
}

double estimator_skew(const struct bank_state *s)
{
    return clamp(MIN_SKEW, SKEW_RATIO * sqrt(s->frequency_variance), MAX_SKEW);
}

void estimator_tracking(const struct estimator *e, struct samples_tracking *out)
{
    samples_tracking(e->samples, out);
    if (!uses_bank(e))
        return;

    struct bank_state s = estimate(e, e->ahead);
    out->root_dispersion +=
        sqrt(s.offset_variance) - out->offset_sd + estimator_skew(&s) * e->ahead;
    out->ref_time = local_add(e->time, e->ahead);
    out->offset = s.offset;
    out->offset_sd = sqrt(s.offset_variance);
    out->frequency = s.frequency;
    out->frequency_sd = sqrt(s.frequency_variance);
    out->skew = estimator_skew(&s);
}

static double learnt_jitter(const struct estimator *e)
{
    return sqrt(e->refclock ? e->refclock_noise.variance : e->noise.mean_error);
}

void estimator_report(const struct estimator *e, struct local_time now, struct samples_report *out)
{
    samples_report(e->samples, now, out);
    if (!uses_bank(e))
        return;

    struct bank_state s = estimate(e, 0.0);
    out->frequency = s.frequency;
    out->skew = estimator_skew(&s);
    out->offset = s.offset + local_diff(now, e->time) * s.frequency;
    out->sd = learnt_jitter(e);
}

bool estimator_state(const struct estimator *e, struct estimator_state *out)
{
    struct samples_tracking t;

    if (samples_count(e->samples) < MIN_SAMPLES)
        return false;
    estimator_tracking(e, &t);
    *out = (struct estimator_state){
        .samples = samples_count(e->samples),
        .time = t.ref_time,
        .offset = t.offset,
        .offset_sd = t.offset_sd,
        .frequency = t.frequency,
        .frequency_sd = t.frequency_sd,
        .skew = t.skew,
    };
    if (!uses_bank(e))
        return true;
    out->samples = e->count;
    out->wander = sqrt(bank_wander(&e->bank));
    out->jitter = learnt_jitter(e);
    if (e->refclock)
        out->weights[BANK_GAUSS] = 1.0;
    for (int i = 0; i < BANK_SHAPES && !e->refclock; i++)
        out->weights[i] = bank_shape_weight(&e->bank, (enum bank_shape)i);
    return true;
}

double estimator_surprise(const struct estimator *e)
{
    return uses_bank(e) ? e->surprise : 0.0;
}

int estimator_steady_state(const struct estimator *e, struct steady_state *out)
{
    if (!uses_bank(e))
        return 0;
    out->count = sample_noise_bounds(&e->noise, e->dispersion, out->bounds);
    if (out->count == 0)
        return 0;
    struct bank_noise noise = sample_noise_get(&e->noise, e->noise.sorted[0], e->dispersion);
    out->softness = fmax(noise.softness, MIN_SOFTNESS);
    out->wander = bank_wander(&e->bank);
    out->common_share = bank_shape_weight(&e->bank, BANK_GAUSS);
    out->common_variance = fmax(noise.variance, MIN_SOFTNESS * MIN_SOFTNESS);
    return e->count;
}
