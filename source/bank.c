/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bank of filters (discipline.md 30.2). Called by the estimator of a source and by the joint
 * estimate.
 *
 * Why a bank? With a known wander of the oscillator and known noise of the samples one Kalman
 * filter would be the best estimator there is. Neither is known. A filter that assumes too little
 * wander follows too late, one that assumes too much follows the noise; but each tells how likely a
 * sample is before it sees it, and over many samples the one that assumes the truth is the least
 * surprised. So filters with all magnitudes of wander run side by side, weighted by the product of
 * those likelihoods, and the estimate is their weighted mean. What a sample is worth is the same
 * question again, and is answered in the same way by the shapes.
 *
 * Conditions change: so with each sample a little weight flows back to all models, and a model that
 * had next to none takes over the state of the mixture with it ("interacting multiple models").
 */
#include "source/bank.h"
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include "base/number.h"

#define FIRST_WANDER 1e-24
#define WANDER_RATIO 10.0
#define USUAL_WANDER 4                   /* 1e-20: of a quartz with some compensation */
#define PRIOR_RATIO  0.63095734448019325 /* 10^-0.2 for each magnitude away from that */
#define EDGE_PRIOR   0.02
#define MIXING       0.01
/* Samples of reference clocks (unbounded) come often, so that it takes many to see a wander. */
#define UNBOUNDED_MIXING      0.002
#define UNBOUNDED_PRIOR_RATIO 0.75
#define OUTLIER               1e-3 /* share of samples that the noise does not describe */
#define OUTLIER_SCALE         25.0 /* their variance */
/* Closer than by so many variances a sample is none of them. */
#define NEAR               4.0
#define STEP_SIGMAS        8.0
#define STEP_MIN_SAMPLES   6
#define START_FREQUENCY_SD 2e-3
/* The shape of an error does not matter to a state whose variance is so many times as large. */
#define FAR 9.0
/* A model with less weight takes the sample with its variance alone, which costs less. */
#define EXACT_WEIGHT           1e-3
#define MIN_MASS               1e-12
#define MIN_OFFSET_VARIANCE    1e-30
#define MIN_FREQUENCY_VARIANCE 1e-26
#define SQRT_2PI               2.5066282746310002
/* The last magnitudes are not an oscillator's but those of a server that is being slewed, or that
   smears a leap second. They are rare, and their deviations must not show while there is none. A
   reference clock has none of it. */
#define OSCILLATOR_WANDERS 12
#define SLEW_PRIOR_RATIO   0.1

static double normal_density(double distance, double variance)
{
    return exp(-0.5 * distance * distance / variance) / (sqrt(variance) * SQRT_2PI);
}

static double wander_of(const struct bank *b, int index)
{
    double wander = FIRST_WANDER;

    for (int i = 0; i < index; i++)
        wander *= WANDER_RATIO;
    if (b->wander_ceiling > 0.0)
        wander = fmin(wander, b->wander_ceiling);
    return fmax(wander, b->wander_floor);
}

/* What the shapes stand for when there is no bound. */
static double noise_scale(enum bank_shape shape)
{
    static const double scales[BANK_SHAPES] = {0.125, 0.5, 2.0, 8.0};

    return scales[shape];
}

/* Of wanders that the floor makes equal one is enough. */
static int first_wander(const struct bank *b)
{
    int first = 0;

    while (first + 1 < BANK_WANDERS && wander_of(b, first + 1) <= b->wander_floor)
        first++;
    return first;
}

/* By what the prior weight of a wander is less than that of the one before. */
static double prior_ratio(int index, bool unbounded)
{
    if (index >= OSCILLATOR_WANDERS)
        return unbounded ? 0.0 : SLEW_PRIOR_RATIO;
    if (unbounded)
        return UNBOUNDED_PRIOR_RATIO;
    return index <= USUAL_WANDER ? 1.0 / PRIOR_RATIO : PRIOR_RATIO;
}

static double prior_sum(int first, bool unbounded)
{
    double sum = 0.0, weight = 1.0;

    for (int i = first; i < BANK_WANDERS; weight *= prior_ratio(++i, unbounded))
        sum += weight;
    return sum * (unbounded ? (double)BANK_SHAPES : 2.0 + 2.0 * EDGE_PRIOR);
}

static void set_priors(const struct bank *b, double prior[BANK_WANDERS][BANK_SHAPES],
                       bool unbounded)
{
    int first = first_wander(b);
    double weight = 1.0 / prior_sum(first, unbounded);

    memset(prior, 0, sizeof(double[BANK_WANDERS][BANK_SHAPES]));
    for (int i = first; i < BANK_WANDERS; weight *= prior_ratio(++i, unbounded)) {
        double edge = unbounded ? weight : EDGE_PRIOR * weight;
        prior[i][BANK_GAUSS] = prior[i][BANK_BOUND] = weight;
        prior[i][BANK_EDGE_FAST] = prior[i][BANK_EDGE_SLOW] = edge;
    }
}

void bank_reset(struct bank *b)
{
    double floor = b->wander_floor, ceiling = b->wander_ceiling;

    memset(b, 0, sizeof(*b));
    b->wander_floor = floor;
    b->wander_ceiling = ceiling;
}

/* The mean of two states with weights `own` and 1 - own. */
static void blend(struct bank_state *s, double own, const struct bank_state *other)
{
    double rest = 1.0 - own, dx = s->offset - other->offset, dy = s->frequency - other->frequency;

    s->offset = own * s->offset + rest * other->offset;
    s->frequency = own * s->frequency + rest * other->frequency;
    s->offset_variance =
        own * s->offset_variance + rest * other->offset_variance + own * rest * dx * dx;
    s->covariance = own * s->covariance + rest * other->covariance + own * rest * dx * dy;
    s->frequency_variance =
        own * s->frequency_variance + rest * other->frequency_variance + own * rest * dy * dy;
}

/* Normalises the weights and makes the mixture. */
static void mix(struct bank *b)
{
    double sum = 0.0;
    struct bank_state m = {0};
    struct bank_model *models = &b->models[0][0];
    int count = BANK_WANDERS * BANK_SHAPES;

    for (int i = 0; i < count; i++)
        sum += models[i].weight;
    for (int i = 0; i < count; i++) {
        struct bank_model *model = &models[i];
        model->weight /= sum;
        m.offset += model->weight * model->state.offset;
        m.frequency += model->weight * model->state.frequency;
    }
    for (int i = 0; i < count; i++) {
        const struct bank_state *s = &models[i].state;
        double w = models[i].weight, dx = s->offset - m.offset, dy = s->frequency - m.frequency;
        m.offset_variance += w * (s->offset_variance + dx * dx);
        m.covariance += w * (s->covariance + dx * dy);
        m.frequency_variance += w * (s->frequency_variance + dy * dy);
    }
    b->mix = m;
}

static void predict(struct bank_state *s, double dt, double wander)
{
    s->offset += s->frequency * dt;
    s->offset_variance +=
        2.0 * dt * s->covariance + dt * dt * s->frequency_variance + wander * dt * dt * dt / 3.0;
    s->covariance += dt * s->frequency_variance + 0.5 * wander * dt * dt;
    s->frequency_variance += wander * dt;
}

static void keep_positive(struct bank_state *s)
{
    s->offset_variance = fmax(s->offset_variance, MIN_OFFSET_VARIANCE);
    s->frequency_variance = fmax(s->frequency_variance, MIN_FREQUENCY_VARIANCE);
}

/* The update of a Kalman filter. */
static void correct(struct bank_state *s, double distance, double variance)
{
    double total = s->offset_variance + variance;
    double gain = s->offset_variance / total, frequency_gain = s->covariance / total;

    s->offset += gain * distance;
    s->frequency += frequency_gain * distance;
    s->frequency_variance -= frequency_gain * s->covariance;
    s->covariance *= 1.0 - gain;
    s->offset_variance *= 1.0 - gain;
    keep_positive(s);
}

/* A normal distribution with mean 0 and variance 1, cut off outside [low, high]: what is left of
   its mass, and mean and variance of that part. */
struct part {
    double mass, mean, variance;
};

static struct part truncate_normal(double low, double high)
{
    struct part part;

    /* In the tail on the right differences of small numbers would be lost. */
    if (low > 0.0) {
        part = truncate_normal(-high, -low);
        part.mean = -part.mean;
        return part;
    }
    part.mass = 0.5 * (erfc(-high * M_SQRT1_2) - erfc(-low * M_SQRT1_2));
    if (part.mass < MIN_MASS)
        return (struct part){fmax(part.mass, 0.0), high < 0.0 ? high : low, 1e-4};

    double at_low = exp(-0.5 * low * low) / SQRT_2PI, at_high = exp(-0.5 * high * high) / SQRT_2PI;
    part.mean = (at_low - at_high) / part.mass;
    part.variance =
        fmax(1.0 + (low * at_low - high * at_high) / part.mass - part.mean * part.mean, 1e-6);
    return part;
}

/* Mean and variance of an error that lies within +-bound, and whose density is exp(-tilt error). */
struct moments {
    double mean, variance;
};

static struct moments tilted_moments(double tilt, double bound)
{
    double edge = fabs(tilt) * bound;

    if (edge < 1e-2)
        return (struct moments){-tilt * bound * bound / 3.0, bound * bound / 3.0};
    double inverse = edge < 300.0 ? 1.0 / sinh(edge) : 0.0;
    return (struct moments){-copysign(bound * (1.0 / tanh(edge) - 1.0 / edge), tilt),
                            fmax(bound * bound * (1.0 / (edge * edge) - inverse * inverse), 0.0)};
}

/* What is left of a normal distribution around 0 with the deviation sd, in units of it, when a
   sample at the distance has such an error. An exponential only moves a normal distribution. mass
   is the density of the sample. */
static struct part apply_error(double tilt, double distance, double sd, double bound)
{
    double shift = tilt * sd, edge = fabs(tilt) * bound;
    struct part part =
        truncate_normal((distance - bound) / sd - shift, (distance + bound) / sd - shift);

    part.mean += shift;
    if (edge < 1e-6)
        part.mass /= 2.0 * bound;
    else
        part.mass *=
            exp(0.5 * shift * shift - tilt * distance - edge) * fabs(tilt) / -expm1(-2.0 * edge);
    return part;
}

/* What a shape says of one sample. */
struct error_shape {
    bool normal; /* with the variance of moments */
    double tilt, bound;
    struct moments moments;
    double softness, outlier_variance; /* s^2 */
};

static struct error_shape shape_of(enum bank_shape shape, const struct bank_noise *noise)
{
    struct error_shape e = {
        .bound = shape == BANK_BOUND ? noise->bound : noise->edge_bound,
        .softness = noise->softness * noise->softness,
        .outlier_variance = OUTLIER_SCALE * (noise->variance + noise->bound * noise->bound),
    };

    e.normal = noise->unbounded || shape == BANK_GAUSS;
    if (e.normal) {
        e.moments.variance = noise->unbounded ? fmax(noise->base * noise_scale(shape), noise->floor)
                                              : noise->variance;
        return e;
    }
    if (shape != BANK_BOUND)
        e.tilt = shape == BANK_EDGE_SLOW ? noise->tilt : -noise->tilt;
    e.moments = tilted_moments(e.tilt, e.bound);
    return e;
}

/* Each returns the likelihood of the sample. */

static double update_normal(struct bank_state *s, double distance, double variance)
{
    double total = s->offset_variance + variance, outlier = 0.0;
    double usual = (1.0 - OUTLIER) * normal_density(distance, total);

    if (distance * distance > NEAR * total)
        outlier = OUTLIER * normal_density(distance, s->offset_variance + OUTLIER_SCALE * variance);
    correct(s, distance, 10.0 * outlier > usual ? OUTLIER_SCALE * variance : variance);
    return usual + outlier;
}

static double update_bounded(struct bank_state *s, const struct error_shape *e, double distance)
{
    double variance = s->offset_variance + e->softness, sd = sqrt(variance), outlier = 0.0;
    struct part part = apply_error(e->tilt, distance, sd, e->bound);

    if (distance * distance > NEAR * (variance + e->bound * e->bound))
        outlier = OUTLIER * normal_density(distance, s->offset_variance + e->outlier_variance);
    if (outlier > part.mass) {
        correct(s, distance, e->outlier_variance);
    } else {
        double gain = s->offset_variance / sd, frequency_gain = s->covariance / sd;
        double lost = 1.0 - part.variance;
        s->offset += gain * part.mean;
        s->frequency += frequency_gain * part.mean;
        s->offset_variance -= lost * gain * gain;
        s->covariance -= lost * gain * frequency_gain;
        s->frequency_variance -= lost * frequency_gain * frequency_gain;
        keep_positive(s);
    }
    return part.mass + outlier;
}

static double update_model(struct bank_model *model, double offset, const struct error_shape *e)
{
    struct bank_state *s = &model->state;
    double distance = offset - s->offset;

    if (e->normal)
        return update_normal(s, distance, e->moments.variance);
    if (model->weight < EXACT_WEIGHT ||
        FAR * e->moments.variance < s->offset_variance + e->softness)
        return update_normal(s, distance - e->moments.mean, e->moments.variance + e->softness);
    return update_bounded(s, e, distance);
}

static void start(struct bank *b, double offset, const struct bank_noise *noise,
                  double prior[BANK_WANDERS][BANK_SHAPES])
{
    bool known = b->start_frequency_sd > 0.0 && b->start_frequency_sd < START_FREQUENCY_SD;
    double frequency_sd = known ? b->start_frequency_sd : START_FREQUENCY_SD;
    double variance = noise->unbounded
                          ? noise->variance
                          : noise->bound * noise->bound / 3.0 + noise->softness * noise->softness;

    for (int i = 0; i < BANK_WANDERS; i++)
        for (int shape = 0; shape < BANK_SHAPES; shape++)
            b->models[i][shape] = (struct bank_model){
                .state = {.offset = offset,
                          .offset_variance = fmax(variance, MIN_OFFSET_VARIANCE),
                          .frequency = known ? b->start_frequency : 0.0,
                          .frequency_variance =
                              fmax(frequency_sd * frequency_sd, MIN_FREQUENCY_VARIANCE)},
                .weight = prior[i][shape],
            };
    mix(b);
}

/* The clock or the source has stepped: the offset is the new one. The frequency is that of before,
   if this sample agrees with the one that was ignored. It is what both say if they lead away from
   the line of before in one direction, as when the source is slewed; if not, two errors say nothing
   of the frequency, and either of them may be the larger one. */
static void follow_step(struct bank *b, double elapsed, double offset,
                        const struct bank_noise *noise)
{
    double bound2 = noise->bound * noise->bound;
    double variance = noise->variance + bound2 / 3.0;
    double spread = (noise->variance + bound2) / (elapsed * elapsed);
    bool same =
        fabs(offset - b->ignored_offset) < STEP_SIGMAS * sqrt(2.0 * noise->variance + bound2);
    struct bank_state s = {.offset = offset, .offset_variance = variance};
    /* How far the ignored sample was from the line of before, and this one is from that. */
    double first = b->ignored_offset - b->mix.offset;
    double more = offset - b->ignored_offset - elapsed * b->mix.frequency;

    if (same) {
        s.frequency = b->mix.frequency;
        s.frequency_variance = b->mix.frequency_variance + 0.02 * spread;
    } else if (first * more <= 0.0) {
        s.offset_variance += more * more;
        s.frequency = b->mix.frequency;
        s.frequency_variance = b->mix.frequency_variance + 0.02 * spread;
    } else {
        s.frequency = (offset - b->ignored_offset) / elapsed;
        s.covariance = variance / elapsed;
        s.frequency_variance = b->mix.frequency_variance + 2.0 * spread +
                               0.01 * s.frequency * s.frequency + variance / (elapsed * elapsed);
    }
    for (int i = 0; i < BANK_WANDERS; i++)
        for (int shape = 0; shape < BANK_SHAPES; shape++)
            b->models[i][shape].state = s;
    b->ignored = false;
    mix(b);
}

static void predict_all(struct bank *b, double elapsed)
{
    for (int i = 0; i < BANK_WANDERS; i++)
        for (int shape = 0; shape < BANK_SHAPES; shape++)
            predict(&b->models[i][shape].state, elapsed, wander_of(b, i));
}

/* Notes how surprising the sample is. True: too far off to be believed at once. */
static bool judge_distance(struct bank *b, double elapsed, double offset,
                           const struct bank_noise *noise)
{
    struct bank_state s = bank_predict(b, elapsed);
    double distance = offset - s.offset, variance = s.offset_variance + noise->variance;

    b->surprise = distance * distance / variance;
    variance += noise->bound * noise->bound;
    return b->samples > STEP_MIN_SAMPLES && fabs(distance) > STEP_SIGMAS * sqrt(variance);
}

static void update_all(struct bank *b, double elapsed, double offset,
                       const struct bank_noise *noise, double prior[BANK_WANDERS][BANK_SHAPES])
{
    double sum = 0.0, mixing = noise->unbounded ? UNBOUNDED_MIXING : MIXING;
    struct error_shape shapes[BANK_SHAPES];

    for (int shape = 0; shape < BANK_SHAPES; shape++)
        shapes[shape] = shape_of((enum bank_shape)shape, noise);
    for (int i = 0; i < BANK_WANDERS; i++) {
        double wander = wander_of(b, i);
        for (int shape = 0; shape < BANK_SHAPES; shape++) {
            struct bank_model *m = &b->models[i][shape];
            double weight = (1.0 - mixing) * m->weight + mixing * prior[i][shape];
            if (!(weight > 0.0))
                continue;
            blend(&m->state, (1.0 - mixing) * m->weight / weight, &b->mix);
            predict(&m->state, elapsed, wander);
            m->weight = weight;
            m->weight = weight * update_model(m, offset, &shapes[shape]);
            sum += m->weight;
        }
    }
    /* So far off that no model gives it a probability that a number could hold. */
    if (!(sum > DBL_MIN) || !isfinite(sum))
        for (int i = 0; i < BANK_WANDERS; i++)
            for (int shape = 0; shape < BANK_SHAPES; shape++)
                b->models[i][shape].weight = prior[i][shape];
    mix(b);
}

static void change(struct bank_state *s, const struct bank_change *c)
{
    s->offset += c->offset;
    s->frequency += c->rate * s->frequency + c->frequency;
}

/* With thousands of sources the clock changes far more often than one of them has a sample. */
void bank_change(struct bank *b, double offset, double dfreq)
{
    const struct bank_change c = {offset, dfreq / (1.0 - dfreq), -dfreq / (1.0 - dfreq)};
    struct bank_change *all = &b->pending;

    change(&b->mix, &c);
    b->ignored_offset += offset;
    all->offset += c.offset;
    all->frequency += c.rate * all->frequency + c.frequency;
    all->rate += c.rate * all->rate + c.rate;
}

/* The models follow the changes of the clock since the last sample. */
static void follow_changes(struct bank *b)
{
    for (int i = 0; i < BANK_WANDERS; i++)
        for (int shape = 0; shape < BANK_SHAPES; shape++)
            change(&b->models[i][shape].state, &b->pending);
    b->pending = (struct bank_change){0};
}

enum bank_result bank_update(struct bank *b, double elapsed, double offset,
                             const struct bank_noise *noise)
{
    double prior[BANK_WANDERS][BANK_SHAPES];

    offset -= noise->mean;
    follow_changes(b);
    set_priors(b, prior, noise->unbounded);
    if (b->samples == 0) {
        b->samples = 1;
        start(b, offset, noise, prior);
        return BANK_USED;
    }
    if (b->samples < INT_MAX)
        b->samples++;
    if (elapsed > 0.0 && judge_distance(b, elapsed, offset, noise)) {
        if (b->ignored) {
            follow_step(b, elapsed, offset, noise);
            return BANK_STEPPED;
        }
        predict_all(b, elapsed);
        mix(b);
        b->ignored = true;
        b->ignored_offset = offset;
        return BANK_IGNORED;
    }
    b->ignored = false;
    update_all(b, elapsed, offset, noise, prior);
    return BANK_USED;
}

/* The mean of the states of all shapes of one wander. */
static struct bank_model merge_shapes(const struct bank_model models[BANK_SHAPES])
{
    struct bank_model all = models[0];

    for (int shape = 1; shape < BANK_SHAPES; shape++) {
        double weight = all.weight + models[shape].weight;
        if (weight > 0.0)
            blend(&all.state, all.weight / weight, &models[shape].state);
        all.weight = weight;
    }
    return all;
}

void bank_set_shapes(struct bank *b, const double weights[BANK_SHAPES])
{
    follow_changes(b);
    for (int i = 0; i < BANK_WANDERS; i++) {
        struct bank_model all = merge_shapes(b->models[i]);
        for (int shape = 0; shape < BANK_SHAPES; shape++)
            b->models[i][shape] = (struct bank_model){all.state, all.weight * weights[shape]};
    }
}

double bank_wander(const struct bank *b)
{
    double sum = 0.0, weights = 0.0;

    for (int i = 0; i < BANK_WANDERS; i++) {
        double weight = 0.0;
        for (int shape = 0; shape < BANK_SHAPES; shape++)
            weight += b->models[i][shape].weight;
        sum += weight * log(wander_of(b, i));
        weights += weight;
    }
    return weights > 0.0 ? exp(sum / weights) : wander_of(b, 0);
}

double bank_mean_wander(const struct bank *b)
{
    double sum = 0.0, weights = 0.0;

    for (int i = 0; i < OSCILLATOR_WANDERS; i++) {
        double weight = 0.0;
        for (int shape = 0; shape < BANK_SHAPES; shape++)
            weight += b->models[i][shape].weight;
        sum += weight * wander_of(b, i);
        weights += weight;
    }
    return weights > 0.0 ? sum / weights : wander_of(b, OSCILLATOR_WANDERS - 1);
}

double bank_shape_weight(const struct bank *b, enum bank_shape shape)
{
    double sum = 0.0;

    for (int i = 0; i < BANK_WANDERS; i++)
        sum += b->models[i][shape].weight;
    return sum;
}

double bank_noise_scale(const struct bank *b)
{
    double sum = 0.0;

    for (int i = 0; i < BANK_SHAPES; i++)
        sum += bank_shape_weight(b, (enum bank_shape)i) * log(noise_scale((enum bank_shape)i));
    return exp(sum);
}

void bank_move_base(struct bank *b, int step)
{
    follow_changes(b);
    for (int i = 0; i < BANK_WANDERS; i++) {
        struct bank_model old[BANK_SHAPES];
        memcpy(old, b->models[i], sizeof(old));
        for (int shape = 0; shape < BANK_SHAPES; shape++) {
            int from = shape + step;
            b->models[i][shape] = from >= 0 && from < BANK_SHAPES
                                      ? old[from]
                                      : (struct bank_model){.state = b->mix, .weight = 0.0};
        }
    }
    mix(b);
}

struct bank_state bank_predict(const struct bank *b, double elapsed)
{
    struct bank_state s = b->mix;

    predict(&s, elapsed, bank_wander(b));
    return s;
}
