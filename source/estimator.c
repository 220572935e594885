/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The estimator of one source (discipline.md 30). Called by the source's record only. It turns
 * samples with local times into steps of the bank; what a sample is worth is in sample_noise.c, the
 * mathematics in bank.c.
 */
#include "source/estimator.h"
#include <math.h>
#include <stdlib.h>
#include "base/number.h"
#include "base/text.h"
#include "source/sample_noise.h"

/* The estimate of a bank with fewer samples is not used. */
#define MIN_SAMPLES 3
/* The first samples are taken again with each new one, as the delays of all say what each is worth.
 */
#define REPLAYED 8
/* Standard deviations of a sample among them from its prediction, at which what was known of the
   frequency before is taken for wrong. */
#define CONTRADICTION 4.0
/* 99.95 % of a normal distribution, as the regression has it for many samples. */
#define SKEW_RATIO 3.5
#define MIN_SKEW   1e-12
#define MAX_SKEW   1.0

struct first_sample {
    struct local_time time;
    double offset, delay, dispersion;
};

struct estimator {
    enum estimator_kind kind;
    const struct samples *samples;
    struct sample_noise noise;
    struct bank bank;
    struct local_time time; /* of the last sample */
    double dispersion;      /* s, of that */
    double surprise;        /* of that, in standard deviations */
    int count;
    struct first_sample first[REPLAYED];
    /* Known before the first sample. */
    double expected_frequency, expected_frequency_sd; /* sd 0: nothing */
};

struct estimator *estimator_new(const struct estimator_params *params,
                                const struct samples *samples)
{
    struct estimator *e = mem_alloc(sizeof(*e));

    e->kind = params->kind;
    e->samples = samples;
    sample_noise_init(&e->noise, params->refclock, params->min_delay);
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
    bank_reset(&e->bank);
    e->count = 0;
    e->expected_frequency = 0.0;
    e->expected_frequency_sd = 0.0;
}

void estimator_expect_frequency(struct estimator *e, double sd)
{
    if (e->count == 0)
        e->expected_frequency_sd = sd;
}

/* Whether a sample is too far from what the expected frequency leads to. */
static bool contradicts(const struct estimator *e, double elapsed, double offset,
                        const struct bank_noise *noise)
{
    if (!(e->expected_frequency_sd > 0.0) || e->bank.samples == 0)
        return false;
    struct bank_state s = bank_predict(&e->bank, elapsed);
    double variance = s.offset_variance + noise->variance + noise->bound * noise->bound;
    return fabs(offset - s.offset) > CONTRADICTION * sqrt(variance);
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

/* False: the sample contradicts the expected frequency, and was not taken. */
static bool step(struct estimator *e, const struct first_sample *s)
{
    struct bank_noise noise = sample_noise_get(&e->noise, s->delay, s->dispersion);
    double elapsed = e->bank.samples > 0 ? fmax(local_diff(s->time, e->time), 0.0) : 0.0;

    if (contradicts(e, elapsed, s->offset, &noise))
        return false;
    e->surprise = surprise_of(&e->bank, elapsed, s->offset, &noise);
    enum bank_result result = bank_update(&e->bank, elapsed, s->offset, &noise);

    e->time = s->time;
    e->dispersion = s->dispersion;
    if (e->bank.samples > MIN_SAMPLES && result == BANK_USED)
        sample_noise_learn(&e->noise, &noise, &e->bank, s->offset);
    return true;
}

/* False: a sample contradicts the expected frequency. */
static bool replay_first(struct estimator *e)
{
    bank_reset(&e->bank);
    e->bank.start_frequency = e->expected_frequency;
    e->bank.start_frequency_sd = e->expected_frequency_sd;
    e->noise.learnt = 0.0;
    e->noise.mean_error = 0.0;
    for (int i = 0; i < e->count; i++)
        if (!step(e, &e->first[i]))
            return false;
    return true;
}

static void take(struct estimator *e, const struct first_sample *s)
{
    sample_noise_add(&e->noise, s->delay);
    if (e->count >= REPLAYED) {
        e->expected_frequency_sd = 0.0; /* the samples know better by now */
        step(e, s);
        e->count++;
        return;
    }
    e->first[e->count++] = *s;
    if (replay_first(e))
        return;
    e->expected_frequency_sd = 0.0;
    replay_first(e);
}

void estimator_add(struct estimator *e, const struct source_sample *sample)
{
    if (e->kind == ESTIMATOR_REGRESSION)
        return;
    if (e->count > 0 && local_diff(sample->time, e->time) <= 0.0)
        estimator_reset(e);
    take(e, &(struct first_sample){sample->time, sample->offset, sample->peer_delay,
                                   0.5 * sample->peer_dispersion});
}

void estimator_replay(struct estimator *e)
{
    if (e->kind == ESTIMATOR_REGRESSION)
        return;
    estimator_reset(e);
    for (int i = 0; i < samples_count(e->samples); i++) {
        struct samples_entry entry;
        samples_get_entry(e->samples, i, &entry);
        take(e, &(struct first_sample){entry.time, entry.offset, entry.peer_delay,
                                       0.5 * entry.peer_dispersion});
    }
}

void estimator_slew(struct estimator *e, struct local_time when, double dfreq, double doffset)
{
    if (e->count == 0)
        return;
    for (int i = 0; i < e->count && i < REPLAYED; i++) {
        struct first_sample *s = &e->first[i];
        s->offset += local_adjust(&s->time, when, dfreq, doffset);
    }
    bank_change(&e->bank, local_adjust(&e->time, when, dfreq, doffset), dfreq);
    e->expected_frequency = (e->expected_frequency - dfreq) / (1.0 - dfreq);
}

void estimator_correct_offset(struct estimator *e, double correction)
{
    if (e->count == 0)
        return;
    for (int i = 0; i < e->count && i < REPLAYED; i++)
        e->first[i].offset += correction;
    bank_change(&e->bank, correction, 0.0);
}

static bool uses_bank(const struct estimator *e)
{
    return e->kind == ESTIMATOR_KALMAN && e->count >= MIN_SAMPLES;
}

bool estimator_is_filter(const struct estimator *e)
{
    return uses_bank(e);
}

double estimator_wander(const struct estimator *e)
{
    return uses_bank(e) ? sqrt(bank_wander(&e->bank)) : 0.0;
}

static double skew_of(const struct bank_state *s)
{
    return clamp(MIN_SKEW, SKEW_RATIO * sqrt(s->frequency_variance), MAX_SKEW);
}

void estimator_tracking(const struct estimator *e, struct samples_tracking *out)
{
    const struct bank_state *s = &e->bank.mix;

    samples_tracking(e->samples, out);
    if (!uses_bank(e))
        return;
    out->root_dispersion += sqrt(s->offset_variance) - out->offset_sd;
    out->ref_time = e->time;
    out->offset = s->offset;
    out->offset_sd = sqrt(s->offset_variance);
    out->frequency = s->frequency;
    out->frequency_sd = sqrt(s->frequency_variance);
    out->skew = skew_of(s);
}

static double learnt_jitter(const struct estimator *e)
{
    return sqrt(e->noise.mean_error);
}

void estimator_report(const struct estimator *e, struct local_time now, struct samples_report *out)
{
    const struct bank_state *s = &e->bank.mix;

    samples_report(e->samples, now, out);
    if (!uses_bank(e))
        return;
    out->frequency = s->frequency;
    out->skew = skew_of(s);
    out->offset = s->offset + local_diff(now, e->time) * s->frequency;
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
    out->wander = estimator_wander(e);
    out->jitter = learnt_jitter(e);
    for (int i = 0; i < BANK_SHAPES; i++)
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
    out->count = sample_noise_variances(&e->noise, e->dispersion, out->variances);
    if (out->count == 0)
        return 0;
    out->wander = bank_wander(&e->bank);
    out->common_share = bank_shape_weight(&e->bank, BANK_GAUSS);
    out->common_variance = sample_noise_get(&e->noise, e->noise.delays[0], e->dispersion).variance;
    return e->count;
}
