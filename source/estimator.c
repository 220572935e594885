/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The estimator of one source (discipline.md 30). Called by the source's record only. It turns
 * samples with local times into steps of the bank; what a sample is worth is in sample_noise.c and
 * refclock_noise.c, the mathematics in bank.c.
 */
#include "source/estimator.h"
#include <assert.h>
#include <limits.h>
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
static_assert(NOISE_WINDOW <= STEADY_STATE_SAMPLES, "the bounds of all samples are a part of it");
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
#define LOST_STEPS    2
#define MEANS         (1.0 / 16.0)
#define MAX_INTERVALS 4.0 /* of the usual ones, that count */

struct recent_sample {
    struct local_time time;
    double offset, delay, dispersion;
};

/* What the samples of one source pass through with `estimator kalman`. */
struct filter {
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
    int steps;                    /* since the last sample that was expected */
    int count;
    struct recent_sample recent[RECENT]; /* oldest first */
    /* Known before the first sample. */
    double expected_frequency, expected_frequency_sd; /* sd 0: nothing */
};

/* The filter takes some kilobytes, so that thousands of sources go without it if it is not used. */
struct estimator {
    const struct samples *samples;
    struct filter *filter; /* NULL: the regression */
};

/* minsamples and maxsamples as memories (discipline.md 30.12). Fewer than 3 samples make no
   estimate. */
static void set_memory(struct filter *f, const struct estimator_params *params)
{
    f->min_memory = params->min_samples > DEFAULT_MIN_SAMPLES ? params->min_samples : 0;
    f->max_memory = params->max_samples > 0 ? params->max_samples : 0;
    if (f->max_memory > 0 && f->min_memory > f->max_memory)
        f->min_memory = f->max_memory;
    if (f->max_memory == 0 && f->refclock)
        f->max_memory = REFCLOCK_MEMORY;
}

static void reset(struct filter *f)
{
    sample_noise_reset(&f->noise);
    refclock_noise_reset(&f->refclock_noise);
    innovations_reset(&f->innovations);
    bank_reset(&f->bank);
    f->steps = 0;
    f->count = 0;
    f->ahead = 0.0;
    f->expected_frequency = 0.0;
    f->expected_frequency_sd = 0.0;
}

static struct filter *filter_new(const struct estimator_params *params)
{
    struct filter *f = mem_alloc(sizeof(*f));

    f->refclock = params->refclock;
    set_memory(f, params);
    sample_noise_init(&f->noise, params->min_delay);
    refclock_noise_init(&f->refclock_noise, params->precision);
    reset(f);
    return f;
}

struct estimator *estimator_new(const struct estimator_params *params,
                                const struct samples *samples)
{
    struct estimator *e = mem_alloc(sizeof(*e));

    e->samples = samples;
    if (params->kind == ESTIMATOR_KALMAN)
        e->filter = filter_new(params);
    return e;
}

void estimator_free(struct estimator *e)
{
    free(e->filter);
    free(e);
}

void estimator_reset(struct estimator *e)
{
    if (e->filter)
        reset(e->filter);
}

void estimator_expect_frequency(struct estimator *e, double sd)
{
    if (e->filter && e->filter->count == 0)
        e->filter->expected_frequency_sd = sd;
}

/* Whether a sample is too far from what the expected frequency leads to. The shortest of a few
   delays may be far from that of the empty path, so at first only half the delay is a bound. */
static bool contradicts(const struct filter *f, double elapsed, const struct recent_sample *s,
                        const struct bank_noise *noise)
{
    if (!(f->expected_frequency_sd > 0.0) || f->bank.samples == 0)
        return false;
    struct bank_state expected = bank_predict(&f->bank, elapsed);
    double bound = f->count < SURE_DELAYS ? fmax(noise->bound, 0.5 * s->delay) : noise->bound;
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

static int recent_count(const struct filter *f)
{
    return f->count < RECENT ? f->count : RECENT;
}

static struct bank_noise noise_of(const struct filter *f, const struct recent_sample *s)
{
    if (f->refclock)
        return refclock_noise_get(&f->refclock_noise);
    return sample_noise_get(&f->noise, s->delay, s->dispersion);
}

static void learn(struct filter *f, const struct recent_sample *s, const struct bank_noise *noise)
{
    if (f->refclock)
        refclock_noise_learn(&f->refclock_noise, &f->bank, f->interval);
    else
        sample_noise_learn(&f->noise, noise, &f->bank, s->offset);
}

/* A filter with this wander has a memory of so many samples: the variance of its offset is that of
   a regression over them. With white noise of the spectral density r = variance * interval, the
   filter of a wander q has in its steady state sqrt(2) w r, w = (q / r)^(1/4); the regression has
   4 r / length, length = samples * interval. */
static double wander_of_memory(const struct filter *f, int samples)
{
    double length = samples * f->interval;

    return 64.0 * f->interval / (f->information * pow(length, 4.0));
}

static void judge(struct filter *f, const struct recent_sample *s, double elapsed,
                  const struct bank_noise *noise)
{
    struct bank_state expected = bank_predict(&f->bank, elapsed);

    innovations_add(&f->innovations, (s->offset - expected.offset) /
                                         sqrt(expected.offset_variance + noise->variance));
}

static void limit_memory(struct filter *f, double elapsed, const struct bank_noise *noise)
{
    double bound = noise->bound * noise->bound / 3.0 + noise->softness * noise->softness;
    double normal = noise->unbounded ? 1.0 : bank_shape_weight(&f->bank, BANK_GAUSS);
    double information = normal / noise->variance;
    double share = fmax(1.0 / f->bank.samples, MEANS);

    /* A gap does not change the usual interval. */
    if (f->interval > 0.0)
        elapsed = fmin(elapsed, MAX_INTERVALS * f->interval);
    if (normal < 1.0)
        information += (1.0 - normal) / bound;
    f->interval += (elapsed - f->interval) * share;
    f->information += (information - f->information) * share;
    if (!(f->interval > 0.0))
        return;
    f->bank.wander_floor = f->max_memory > 0 ? wander_of_memory(f, f->max_memory) : 0.0;
    f->bank.wander_ceiling = f->min_memory > 0 ? wander_of_memory(f, f->min_memory) : 0.0;
    f->bank.wander_ceiling *= pow(innovations_excess(&f->innovations), 2.0);
}

enum step_result {
    STEP_USED,
    STEP_FAR,         /* the bank ignored the sample, or took it for a step */
    STEP_CONTRADICTS, /* the expected frequency, and was not taken */
};

static enum step_result step(struct filter *f, const struct recent_sample *s)
{
    struct bank_noise noise = noise_of(f, s);
    double elapsed = f->bank.samples > 0 ? fmax(local_diff(s->time, f->time), 0.0) : 0.0;

    if (contradicts(f, elapsed, s, &noise))
        return STEP_CONTRADICTS;
    f->surprise = surprise_of(&f->bank, elapsed, s->offset, &noise);
    if (f->bank.samples > 0)
        limit_memory(f, elapsed, &noise);
    if ((f->refclock || f->min_memory > 0) && f->bank.samples >= MIN_SAMPLES)
        judge(f, s, elapsed, &noise);
    enum bank_result result = bank_update(&f->bank, elapsed, s->offset, &noise);
    f->steps = result == BANK_USED ? 0 : result == BANK_STEPPED ? f->steps + 1 : f->steps;
    f->time = s->time;
    f->dispersion = s->dispersion;
    f->last_noise = noise;
    if (result != BANK_USED) {
        if (f->refclock)
            refclock_noise_miss(&f->refclock_noise);
        return STEP_FAR;
    }
    if (f->bank.samples > MIN_SAMPLES)
        learn(f, s, &noise);
    return STEP_USED;
}

/* Starts the bank anew with the recent samples. False: one contradicts the expected frequency. */
static bool restart(struct filter *f)
{
    bank_reset(&f->bank);
    f->bank.start_frequency = f->expected_frequency;
    f->bank.start_frequency_sd = f->expected_frequency_sd;
    innovations_reset(&f->innovations);
    f->interval = 0.0;
    f->information = 0.0;
    for (int i = 0; i < recent_count(f); i++)
        if (step(f, &f->recent[i]) == STEP_CONTRADICTS)
            return false;
    return true;
}

static struct refclock_spread spread_of_recent(const struct filter *f)
{
    double times[RECENT], offsets[RECENT];

    for (int i = 0; i < recent_count(f); i++) {
        times[i] = local_diff(f->recent[i].time, f->recent[0].time);
        offsets[i] = f->recent[i].offset;
    }
    return refclock_noise_measure(times, offsets, recent_count(f));
}

static void remember(struct filter *f, const struct recent_sample *s)
{
    if (f->count >= RECENT)
        memmove(f->recent, f->recent + 1, (RECENT - 1) * sizeof(f->recent[0]));
    if (f->count < INT_MAX) /* it is reached in half a year at the shortest interval */
        f->count++;
    f->recent[recent_count(f) - 1] = *s;
}

/* The first samples are taken again with each new one, as all together say what each is worth.
   False: as above. */
static bool start_again(struct filter *f)
{
    if (f->refclock) {
        struct refclock_spread spread = spread_of_recent(f);
        refclock_noise_start(&f->refclock_noise, &spread, f->recent[0].dispersion);
    } else {
        f->noise.learnt = 0.0;
        f->noise.mean_error = 0.0;
    }
    return restart(f);
}

/* Steps without a sample between them that was expected: the frequency that they left is wrong, and
   the next one would keep it again. */
static void forget_all_but(struct filter *f, const struct recent_sample *s)
{
    f->steps = 0;
    f->count = 0;
    remember(f, s);
    start_again(f);
}

static void take(struct filter *f, const struct recent_sample *s)
{
    f->ahead = 0.0;
    if (!f->refclock)
        sample_noise_add(&f->noise, s->delay);
    remember(f, s);
    if (f->count <= RECENT) {
        if (start_again(f))
            return;
        f->expected_frequency_sd = 0.0;
        start_again(f);
        return;
    }
    f->expected_frequency_sd = 0.0; /* the samples know better by now */
    enum step_result result = step(f, s);
    if (f->steps >= LOST_STEPS) {
        forget_all_but(f, s);
        return;
    }
    if (result != STEP_FAR || !f->refclock)
        return;
    struct refclock_spread spread = spread_of_recent(f);
    if (refclock_noise_rose(&f->refclock_noise, &spread))
        restart(f);
}

/* Files may hold delays and dispersions below 0, which no measurement has. */
static void take_measured(struct filter *f, struct local_time time, double offset, double delay,
                          double dispersion)
{
    take(f, &(struct recent_sample){time, offset, fmax(delay, 0.0), 0.5 * fmax(dispersion, 0.0)});
}

void estimator_add(struct estimator *e, const struct source_sample *sample)
{
    struct filter *f = e->filter;

    if (!f)
        return;
    if (f->count > 0 && local_diff(sample->time, f->time) <= 0.0)
        reset(f);
    take_measured(f, sample->time, sample->offset, sample->peer_delay, sample->peer_dispersion);
}

void estimator_predict(struct estimator *e, struct local_time when)
{
    struct filter *f = e->filter;

    if (f && f->refclock)
        f->ahead = f->count > 0 ? fmax(local_diff(when, f->time), 0.0) : 0.0;
}

void estimator_replay(struct estimator *e)
{
    if (!e->filter)
        return;
    reset(e->filter);
    for (int i = 0; i < samples_count(e->samples); i++) {
        struct samples_entry entry;
        samples_get_entry(e->samples, i, &entry);
        take_measured(e->filter, entry.time, entry.offset, entry.peer_delay, entry.peer_dispersion);
    }
}

void estimator_slew(struct estimator *e, struct local_time when, double dfreq, double doffset)
{
    struct filter *f = e->filter;

    if (!f || f->count == 0)
        return;
    for (int i = 0; i < recent_count(f); i++) {
        struct recent_sample *s = &f->recent[i];
        s->offset += local_adjust(&s->time, when, dfreq, doffset);
    }
    bank_change(&f->bank, local_adjust(&f->time, when, dfreq, doffset), dfreq);
    f->expected_frequency = (f->expected_frequency - dfreq) / (1.0 - dfreq);
}

void estimator_correct_offset(struct estimator *e, double correction)
{
    struct filter *f = e->filter;

    if (!f || f->count == 0)
        return;
    for (int i = 0; i < recent_count(f); i++)
        f->recent[i].offset += correction;
    bank_change(&f->bank, correction, 0.0);
}

/* The filter, if its estimate is used; else NULL. */
static const struct filter *active_filter(const struct estimator *e)
{
    const struct filter *f = e->filter;

    return f && f->count >= MIN_SAMPLES && (f->max_memory == 0 || f->max_memory >= MIN_SAMPLES)
               ? f
               : NULL;
}

bool estimator_is_filter(const struct estimator *e)
{
    return active_filter(e);
}

bool estimator_is_young(const struct estimator *e)
{
    return !e->filter || e->filter->count < RECENT;
}

double estimator_wander(const struct estimator *e)
{
    const struct filter *f = active_filter(e);

    return f ? sqrt(bank_mean_wander(&f->bank)) : 0.0;
}

/* The mixture of the bank some time after the last sample, with variances that are large enough for
   what was seen. If the last sample was so far off that it was ignored, either it is wrong or the
   estimate by now, because a clock has stepped; the next one tells. */
static struct bank_state estimate(const struct filter *f, double ahead)
{
    struct bank_state s = ahead > 0.0 ? bank_predict(&f->bank, ahead) : f->bank.mix;
    double excess = innovations_excess(&f->innovations);
    double distance = f->bank.ignored ? f->bank.ignored_offset - f->bank.mix.offset : 0.0;

    s.offset_variance *= excess;
    s.covariance *= excess;
    s.frequency_variance *= excess;
    s.offset_variance += distance * distance;
    return s;
}

bool estimator_last_sample(const struct estimator *e, struct estimator_sample *out)
{
    const struct filter *f = active_filter(e);

    if (!f)
        return false;
    *out = (struct estimator_sample){
        .time = f->time,
        .offset = f->recent[recent_count(f) - 1].offset,
        .noise = f->last_noise,
        .wander = bank_mean_wander(&f->bank),
    };
    if (f->refclock) {
        double excess = innovations_excess(&f->innovations);
        out->noise.variance *= excess;
        out->noise.base *= excess;
        out->noise.floor *= excess;
    }
    for (int i = 0; i < BANK_SHAPES; i++)
        out->weights[i] = bank_shape_weight(&f->bank, (enum bank_shape)i);
    return true;
}

const struct bank *estimator_bank(const struct estimator *e)
{
    return e->filter ? &e->filter->bank : NULL;
}

double estimator_skew(const struct bank_state *s)
{
    return clamp(MIN_SKEW, SKEW_RATIO * sqrt(s->frequency_variance), MAX_SKEW);
}

void estimator_tracking(const struct estimator *e, struct samples_tracking *out)
{
    const struct filter *f = active_filter(e);

    samples_tracking(e->samples, out);
    if (!f)
        return;

    struct bank_state s = estimate(f, f->ahead);
    /* Half of the delay bounds the error of the measured offset, not of the corrected one. */
    out->root_dispersion += sqrt(s.offset_variance) - out->offset_sd +
                            estimator_skew(&s) * f->ahead + fabs(f->last_noise.mean);
    out->ref_time = local_add(f->time, f->ahead);
    out->offset = s.offset;
    out->offset_sd = sqrt(s.offset_variance);
    out->frequency = s.frequency;
    out->frequency_sd = sqrt(s.frequency_variance);
    out->skew = estimator_skew(&s);
}

static double learnt_jitter(const struct filter *f)
{
    return sqrt(f->refclock ? f->refclock_noise.variance : f->noise.mean_error);
}

void estimator_report(const struct estimator *e, struct local_time now, struct samples_report *out)
{
    const struct filter *f = active_filter(e);

    samples_report(e->samples, now, out);
    if (!f)
        return;

    struct bank_state s = estimate(f, 0.0);
    out->frequency = s.frequency;
    out->skew = estimator_skew(&s);
    out->offset = s.offset + local_diff(now, f->time) * s.frequency;
    out->sd = learnt_jitter(f);
}

bool estimator_state(const struct estimator *e, struct estimator_state *out)
{
    const struct filter *f = active_filter(e);
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
    if (!f)
        return true;
    out->samples = f->count;
    out->wander = sqrt(bank_wander(&f->bank));
    out->jitter = learnt_jitter(f);
    if (f->refclock)
        out->weights[BANK_GAUSS] = 1.0;
    for (int i = 0; i < BANK_SHAPES && !f->refclock; i++)
        out->weights[i] = bank_shape_weight(&f->bank, (enum bank_shape)i);
    return true;
}

double estimator_surprise(const struct estimator *e)
{
    const struct filter *f = active_filter(e);

    return f ? f->surprise : 0.0;
}

int estimator_steady_state(const struct estimator *e, struct steady_state *out)
{
    const struct filter *f = active_filter(e);

    if (!f)
        return 0;
    out->count = sample_noise_bounds(&f->noise, f->dispersion, out->bounds);
    if (out->count == 0)
        return 0;
    struct bank_noise noise = sample_noise_get(&f->noise, f->noise.sorted[0], f->dispersion);
    out->softness = fmax(noise.softness, MIN_SOFTNESS);
    out->wander = bank_wander(&f->bank);
    out->common_share = bank_shape_weight(&f->bank, BANK_GAUSS);
    out->common_variance = fmax(noise.variance, MIN_SOFTNESS * MIN_SOFTNESS);
    return f->count;
}
