/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The joint estimate (discipline.md 30.10).
 *
 * The samples of one source have long gaps between them, in which the oscillator wanders, and only
 * a few of them met no queue. If several sources measure the same clock, all their samples together
 * have shorter gaps, and more good ones. But each source has an error that does not change: its own
 * clock is off, or the path to it is longer in one direction. Were the samples just put together,
 * the estimate would be thrown from one source to the next. So the mean distance of each source
 * from the others, its bias, is estimated and taken off its samples.
 *
 * How much of it? Even if all sources agree, the biases that are seen differ by chance, and to take
 * off chance would cost the advantage of having several. By how much the biases spread more than
 * chance would explain is the spread of the true ones (the "random effects" of meta-analysis;
 * DerSimonian and Laird, 1986). A bias is believed as far as its own variance is small against that
 * spread: not at all if there is none.
 *
 * What the mean of all true biases is, nobody can see. It is taken for zero, with the weights of
 * section 14, so the estimate follows the same mean of the sources as the combined one there. There
 * is one exception: a source that jumps is more likely to be wrong than all the others.
 */
#include "source/joint.h"
#include <math.h>
#include "base/number.h"

/* Samples of a source over which its bias is estimated, and over which it is forgotten that one has
   jumped. */
#define MEMORY      32.0
#define JUMP_MEMORY 128.0
/* Weights follow the root distances slowly, so that they do not shake the mean. */
#define WEIGHT_GAIN 0.25
/* Standard deviations of a sample that is not explained by its noise, and samples before that. */
#define FAR_SIGMAS  8.0
#define MIN_SAMPLES 6
/* A source has jumped when its strain differs from that of the others by the limit: two samples
   that are far off, or several that are somewhat off on the same side. */
#define STRAIN_DECAY 0.5
#define MAX_STRAIN   3.0
#define STRAIN_LIMIT 5.0
/* An error of more standard deviations is the source's own, unless the mean strain of the others,
   on the same side, is at least the common one. */
#define OWN_SIGMAS    2.0
#define COMMON_STRAIN 1.0
/* Wanders of neighbouring models differ by this factor: the next one above is allowed. */
#define WANDER_MARGIN 10.0
/* From 2^-100 to 1 s^-1. */
#define MIN_WANDER_EXPONENT (-100)
#define WANDER_CLASSES      404
#define MIN_VARIANCE        1e-26

void joint_start(struct joint *j, const struct bank *bank, struct local_time time)
{
    joint_stop(j);
    *j = (struct joint){
        .running = true, .bank = *bank, .ceiling = bank->wander_ceiling, .time = time};
}

void joint_stop(struct joint *j)
{
    while (j->first) {
        struct joint_member *m = j->first;
        j->first = m->next;
        *m = (struct joint_member){0};
    }
    j->count = 0;
    j->doubtful = NULL;
    j->running = false;
}

/* ---- Biases ---- */

/* How far a bias is believed, 0 to 1. */
static double belief(const struct joint *j, const struct joint_member *m)
{
    return j->spread * m->information / (j->spread * m->information + 1.0);
}

/* The mean of the biases when each has the variance of its estimate and the spread. */
static double mean_bias(const struct joint *j, double spread)
{
    double sum = 0.0, weights = 0.0;

    for (const struct joint_member *m = j->first; m; m = m->next) {
        double weight = m->information / (spread * m->information + 1.0);
        sum += weight * m->bias;
        weights += weight;
    }
    return sum / weights;
}

static void learn_spread(struct joint *j)
{
    double mean = mean_bias(j, 0.0), chi2 = 0.0, sum = 0.0, products = 0.0;

    /* The sum less that of the squares over it, as products: one source may be worth so much more
       than the others that the difference would be lost. */
    for (const struct joint_member *m = j->first; m; m = m->next) {
        chi2 += m->information * (m->bias - mean) * (m->bias - mean);
        products += sum * m->information;
        sum += m->information;
    }
    j->spread = products > 0.0 ? fmax(0.0, (chi2 - (j->count - 1)) * sum / (2.0 * products)) : 0.0;
    j->mean = mean_bias(j, j->spread);
}

/* Makes the corrections from the biases. */
static void correct(struct joint *j)
{
    learn_spread(j);
    for (struct joint_member *m = j->first; m; m = m->next)
        m->correction = j->mean + belief(j, m) * (m->bias - j->mean);
}

static double weight_sum(const struct joint *j)
{
    double sum = 0.0;

    for (const struct joint_member *m = j->first; m; m = m->next)
        sum += m->weight;
    return sum;
}

static double correction_sum(const struct joint *j)
{
    double sum = 0.0;

    for (const struct joint_member *m = j->first; m; m = m->next)
        sum += m->weight * m->correction;
    return sum;
}

/* Makes the mean of the corrections zero. Returns what it was. */
static double centre(struct joint *j)
{
    double mean = (correction_sum(j) + j->held) / weight_sum(j);

    for (struct joint_member *m = j->first; m; m = m->next) {
        m->bias -= mean;
        m->correction -= mean;
    }
    j->mean -= mean;
    return mean;
}

/* The same when the sources or their weights have changed: true time is another mean then. */
static void move_to_mean(struct joint *j)
{
    if (j->first)
        bank_change(&j->bank, centre(j), 0.0);
}

/* A source has jumped: the estimate stays where it is. */
static void hold(struct joint *j)
{
    j->held = -correction_sum(j);
}

/* ---- Members ---- */

void joint_join(struct joint *j, struct joint_member *m, const struct samples_tracking *estimate,
                double weight)
{
    double elapsed = local_diff(j->time, estimate->ref_time);
    double offset = estimate->offset + elapsed * estimate->frequency;
    double variance = estimate->offset_sd * estimate->offset_sd;

    *m = (struct joint_member){
        .joined = true,
        .weight = weight,
        .bias = offset - j->bank.mix.offset,
        .information = 1.0 / fmax(variance, MIN_VARIANCE),
        .next = j->first,
    };
    if (j->first)
        j->first->previous = m;
    j->first = m;
    j->count++;
}

void joint_settle(struct joint *j)
{
    if (!j->first)
        return;
    correct(j);
    move_to_mean(j);
}

void joint_leave(struct joint *j, struct joint_member *m)
{
    if (!m->joined)
        return;
    if (m->previous)
        m->previous->next = m->next;
    else
        j->first = m->next;
    if (m->next)
        m->next->previous = m->previous;
    if (j->doubtful == m)
        j->doubtful = NULL;
    *m = (struct joint_member){0};
    j->count--;
    move_to_mean(j);
}

/* ---- Samples ---- */

/* A sample before it is taken. */
struct measurement {
    double elapsed;       /* s since the last one */
    double distance;      /* s, from the expected offset */
    double error;         /* the same without the correction */
    double variance;      /* s^2, of the distance, as the sample's bound has it */
    double far_variance;  /* of the error, with all that the noise may be */
    double bias_variance; /* of the part of the bias that is not taken off */
};

static double noise_variance(const struct bank_noise *noise)
{
    if (noise->unbounded)
        return noise->variance;
    return noise->bound * noise->bound / 3.0 + noise->softness * noise->softness;
}

static struct measurement measure(const struct joint *j, const struct joint_member *m,
                                  const struct estimator_sample *sample)
{
    const struct bank_noise *noise = &sample->noise;
    /* Samples of different sources may come in another order than they were made. */
    double elapsed = local_diff(sample->time, j->time), late = fmax(0.0, -elapsed);
    struct bank_state expected = bank_predict(&j->bank, fmax(0.0, elapsed));
    struct measurement z = {
        .elapsed = fmax(0.0, elapsed),
        .distance = sample->offset - noise->mean + late * expected.frequency - expected.offset,
        .variance = expected.offset_variance + noise_variance(noise),
        .bias_variance = belief(j, m) / m->information,
    };

    z.error = z.distance - m->correction;
    z.far_variance =
        expected.offset_variance + noise->variance + noise->bound * noise->bound + z.bias_variance;
    return z;
}

/* Mean strain of all but the member, 0 if there are none. */
static double strain_of_others(const struct joint *j, const struct joint_member *member)
{
    double sum = -member->strain;

    for (const struct joint_member *m = j->first; m; m = m->next)
        sum += m->strain;
    return j->count > 1 ? sum / (j->count - 1) : 0.0;
}

/* Strain compared with the mean of the others. What all have in common is an error of the estimate.
 */
static double relative_strain(const struct joint *j, const struct joint_member *m)
{
    return j->count > 1 ? m->strain - strain_of_others(j, m) : 0.0;
}

/* Whether the source has changed, not the clock: another path to it, or its clock was corrected. */
static bool has_jumped(const struct joint *j, struct joint_member *m, const struct measurement *z)
{
    double error = z->error / sqrt(z->variance + z->bias_variance);

    m->strain = STRAIN_DECAY * m->strain + clamp(-MAX_STRAIN, error, MAX_STRAIN);
    return fabs(relative_strain(j, m)) > STRAIN_LIMIT;
}

/* The memory is shorter while the samples are on one side: the bias changes. */
static void learn_bias(struct joint *j, struct joint_member *m, const struct measurement *z)
{
    double information = 1.0 / fmax(z->variance, MIN_VARIANCE);
    double strain = relative_strain(j, m), forgotten = fmax(1.0, strain * strain) / MEMORY;

    m->information = (1.0 - fmin(1.0, forgotten)) * m->information + information;
    m->bias += information / m->information * (z->distance - m->bias);
    correct(j);
}

/* The sample is the first one of a source with another bias. */
static void jump(struct joint *j, struct joint_member *m, const struct measurement *z)
{
    m->information = 0.0;
    m->strain = 0.0;
    learn_bias(j, m, z);
    hold(j);
}

/* The sample is not explained by its noise. */
static enum joint_result judge_far(struct joint *j, struct joint_member *m,
                                   const struct measurement *z)
{
    if (j->doubtful && j->doubtful != m) {
        joint_stop(j);
        return JOINT_STOPPED;
    }
    if (!m->doubtful) {
        m->doubtful = true;
        j->doubtful = m;
        return JOINT_IGNORED;
    }
    m->doubtful = false;
    j->doubtful = NULL;
    jump(j, m, z);
    return JOINT_JUMPED;
}

/* A sample that its noise does not explain, while those of the others are as expected: the bias has
   changed rather than the clock, by nobody knows how much. Two sources that disagree within seconds
   would look like a clock whose frequency jumps. What all have soon is the clock, and counts in
   full then. */
static void doubt_bias(const struct joint *j, const struct joint_member *m, struct measurement *z)
{
    double unexplained = z->error * z->error / (OWN_SIGMAS * OWN_SIGMAS) - z->variance;
    double common = copysign(1.0, z->error) * strain_of_others(j, m);

    if (j->count > 1 && common < COMMON_STRAIN)
        z->bias_variance = fmax(z->bias_variance, unexplained);
}

/* Wanders are counted in quarters of an octave, as there may be thousands of sources. */
static int wander_class(double wander)
{
    int exponent;
    double mantissa = frexp(wander, &exponent);

    return clamp_int(0, 4 * (exponent - MIN_WANDER_EXPONENT) + (int)(8.0 * mantissa - 4.0),
                     WANDER_CLASSES - 1);
}

/* The largest wander of the class. */
static double wander_class_end(int class)
{
    return ldexp(0.625 + 0.125 * (class % 4), MIN_WANDER_EXPONENT + class / 4);
}

/* Up to a quarter more than it is. Of two in the middle it is the lower one; 0 if no source has
   any. */
static double median_wander(const struct joint *j)
{
    int counts[WANDER_CLASSES] = {0}, known = 0, below = 0;

    for (const struct joint_member *m = j->first; m; m = m->next)
        if (m->wander > 0.0) {
            counts[wander_class(m->wander)]++;
            known++;
        }
    for (int i = 0; known > 0 && i < WANDER_CLASSES; i++) {
        below += counts[i];
        if (2 * below >= known)
            return wander_class_end(i);
    }
    return 0.0;
}

/* The samples of sources that disagree, taken within seconds, look like a clock that wanders much,
   and what follows would be believed whatever it is. What a source alone sees of the clock is free
   of that. So the median of that limits the wander. */
static void limit_wander(struct joint *j)
{
    double median = median_wander(j);

    j->bank.wander_ceiling = j->ceiling;
    if (median > 0.0)
        j->bank.wander_ceiling =
            fmin(j->ceiling > 0.0 ? j->ceiling : INFINITY, WANDER_MARGIN * median);
}

static void use(struct joint *j, const struct measurement *z, const struct estimator_sample *sample)
{
    struct bank_noise noise = sample->noise;
    double offset = bank_predict(&j->bank, z->elapsed).offset + z->error;

    noise.mean = 0.0; /* it is taken off */
    noise.softness = sqrt(noise.softness * noise.softness + z->bias_variance);
    noise.variance += z->bias_variance;
    noise.base += z->bias_variance;
    noise.floor += z->bias_variance;
    bank_set_shapes(&j->bank, sample->weights);
    bank_update(&j->bank, z->elapsed, offset, &noise);
    if (z->elapsed > 0.0)
        j->time = sample->time;
}

enum joint_result joint_add(struct joint *j, struct joint_member *m,
                            const struct estimator_sample *sample, double weight)
{
    struct measurement z = measure(j, m, sample);
    enum joint_result result = JOINT_USED;

    if (!(z.error * z.error <= FAR_SIGMAS * FAR_SIGMAS * z.far_variance) &&
        j->bank.samples > MIN_SAMPLES)
        return judge_far(j, m, &z);
    j->doubtful = NULL;
    m->doubtful = false;

    struct measurement doubted = z;
    doubt_bias(j, m, &doubted);
    m->wander = sample->wander;
    limit_wander(j);
    use(j, &doubted, sample);
    if (has_jumped(j, m, &z)) {
        jump(j, m, &z);
        result = JOINT_JUMPED;
    } else {
        learn_bias(j, m, &z);
        centre(j);
    }
    m->weight += WEIGHT_GAIN * (weight - m->weight);
    j->held *= 1.0 - 1.0 / (JUMP_MEMORY * j->count);
    move_to_mean(j);
    return result;
}

void joint_slew(struct joint *j, struct local_time when, double dfreq, double doffset)
{
    if (j->running)
        bank_change(&j->bank, local_adjust(&j->time, when, dfreq, doffset), dfreq);
}

/* ---- Results ---- */

double joint_share(const struct joint *j, const struct joint_member *m)
{
    return m->joined ? m->weight / weight_sum(j) : 0.0;
}

/* Variance of the mean of the true biases: the sum of the squares of the shares times the spread.
 */
static double mean_variance(const struct joint *j)
{
    double sum = 0.0, squares = 0.0;

    for (const struct joint_member *m = j->first; m; m = m->next) {
        sum += m->weight;
        squares += m->weight * m->weight;
    }
    return sum > 0.0 ? j->spread * squares / (sum * sum) : 0.0;
}

void joint_estimate(const struct joint *j, struct joint_estimate *out)
{
    const struct bank_state *s = &j->bank.mix;

    *out = (struct joint_estimate){
        .time = j->time,
        .offset = s->offset,
        .offset_sd = sqrt(s->offset_variance),
        .mean_sd = sqrt(mean_variance(j)),
        .frequency = s->frequency,
        .frequency_sd = sqrt(s->frequency_variance),
        .skew = estimator_skew(s),
        .wander = sqrt(bank_mean_wander(&j->bank)),
    };
}
