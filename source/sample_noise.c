/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The noise of samples (discipline.md 30.3). Called by the estimator before and after it takes a
 * sample.
 *
 * A sample's offset is wrong by half of the difference of the delays there and back. Both are at
 * least as long as on the empty path. So if the delay of a packet exceeds that of the empty path by
 * e, the offset is wrong by at most e / 2, whatever the distribution of delays is (if the empty
 * path is as long in both directions, which nobody can see). That bound is the most valuable
 * thing a sample says: most packets met no queue.
 */
#include "source/sample_noise.h"
#include <assert.h>
#include <math.h>
#include <string.h>
#include "base/number.h"

#define MIN_WINDOW   8 /* delays before a change of the path is looked for */
#define DELAY_MARGIN 1e-7
/* Offsets that shifted with the delay by so many standard deviations: the path is asymmetric. */
#define ASYMMETRY_SIGMAS 4.0
/* From median to mean of the sum of two exponential distributions. */
#define MEDIAN_TO_MEAN 1.19
#define GUESSED_EXCESS 0.1 /* of the delay, before there are others */
/* By what the shortest of n delays is longer than the empty path: share of the mean excess. */
#define FLOOR_SHARE    0.8
#define FLOOR_SOFTNESS 0.3
/* Where one direction has nine times the jitter of the other: a sample on the empty path is more
   likely, and the density of the error falls by e with an eighth of the mean excess. */
#define EDGE_FLOOR 0.5
#define EDGE_TILT  8.0
/* A delay beyond so many times the median excess belongs to another kind of sample. */
#define LATE_EXCESS   4.0
#define MIN_SCALE     1e-12
#define MEMORY        64.0 /* samples over which errors are learnt */
#define PRIOR_SAMPLES 3.0
#define MAX_SURPRISE  9.0

void sample_noise_init(struct sample_noise *n, double min_delay)
{
    memset(n, 0, sizeof(*n));
    n->min_delay = min_delay;
}

void sample_noise_reset(struct sample_noise *n)
{
    sample_noise_init(n, n->min_delay);
}

/* Puts a value among those in ascending order. */
static void sort_in(double *sorted, int count, double value)
{
    int i = count;

    for (; i > 0 && sorted[i - 1] > value; i--)
        sorted[i] = sorted[i - 1];
    sorted[i] = value;
}

/* Takes one of them away. */
static void sort_out(double *sorted, int count, double value)
{
    int i = 0;

    while (i < count - 1 && sorted[i] < value)
        i++;
    memmove(sorted + i, sorted + i + 1, (size_t)(count - 1 - i) * sizeof(*sorted));
}

struct excess {
    double min, max;
    double median; /* above the minimum */
};

static struct excess measure_sorted(const double *sorted, int count)
{
    double median = 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);

    return (struct excess){sorted[0], sorted[count - 1], median - sorted[0]};
}

static struct excess measure(const double *delays, int count)
{
    double sorted[NOISE_WINDOW];

    for (int i = 0; i < count; i++)
        sort_in(sorted, i, delays[i]);
    return measure_sorted(sorted, count);
}

/* The path became shorter: what was known of its queues is kept. */
static void follow_shorter_path(struct sample_noise *n, double delay)
{
    struct excess e = measure_sorted(n->sorted, n->count);

    if (delay >= e.min - 2.0 * e.median - DELAY_MARGIN)
        return;
    for (int i = 0; i < n->count; i++) {
        n->delays[i] += delay - e.min;
        n->sorted[i] += delay - e.min;
    }
}

/* What the offsets of the new path are wrong by, if those of the old one were right: the mean of
   the newest errors, in which a sample with little delay counts most. 0, if noise explains it. */
static double measure_asymmetry(const struct sample_noise *n, const struct excess *after)
{
    const double *delays = n->delays + n->count - NOISE_NEW_DELAYS;
    double weights = 0.0, mean = 0.0, spread = 0.0;

    for (int i = 0; i < NOISE_NEW_DELAYS; i++) {
        if (isnan(n->errors[i]))
            continue;
        double scale = delays[i] - after->min + 0.5 * after->median + DELAY_MARGIN;
        double weight = 1.0 / (scale * scale), distance = n->errors[i] - mean;
        weights += weight;
        mean += weight / weights * distance;
        spread += weight * distance * (n->errors[i] - mean);
    }
    if (weights == 0.0)
        return 0.0;
    double variance = spread / weights / (NOISE_NEW_DELAYS - 2) + n->error_variance;
    return mean * mean > ASYMMETRY_SIGMAS * ASYMMETRY_SIGMAS * variance ? mean : 0.0;
}

/* The path became longer: the newest delays are all above what is usual, and alike. If it did so in
   one direction only, the offsets are wrong now; the clock went on as before. */
static void follow_longer_path(struct sample_noise *n)
{
    int old = n->count - NOISE_NEW_DELAYS;

    if (old < MIN_WINDOW)
        return;
    struct excess after = measure(n->delays + old, NOISE_NEW_DELAYS);
    if (after.min <= n->sorted[0] + DELAY_MARGIN)
        return;
    struct excess before = measure(n->delays, old);
    double usual = 2.0 * before.median + DELAY_MARGIN;
    if (after.min <= before.min + usual || after.median > usual)
        return;
    n->asymmetry = measure_asymmetry(n, &after);
    memmove(n->delays, n->delays + old, NOISE_NEW_DELAYS * sizeof(n->delays[0]));
    n->count = NOISE_NEW_DELAYS;
    for (int i = 0; i < n->count; i++)
        sort_in(n->sorted, i, n->delays[i]);
}

/* What a path is longer than the shortest one may be in one direction. */
static void limit_asymmetry(struct sample_noise *n)
{
    double base = n->sorted[0];

    if (n->shortest == 0.0 || base < n->shortest)
        n->shortest = base;
    double limit = 0.5 * (base - n->shortest);
    n->asymmetry = clamp(-limit, n->asymmetry, limit);
}

void sample_noise_add(struct sample_noise *n, double delay)
{
    if (n->count >= MIN_WINDOW)
        follow_shorter_path(n, delay);
    if (n->count == NOISE_WINDOW) {
        sort_out(n->sorted, n->count, n->delays[0]);
        memmove(n->delays, n->delays + 1, (NOISE_WINDOW - 1) * sizeof(n->delays[0]));
        n->count--;
    }
    sort_in(n->sorted, n->count, delay);
    n->delays[n->count++] = delay;
    memmove(n->errors, n->errors + 1, (NOISE_NEW_DELAYS - 1) * sizeof(n->errors[0]));
    n->errors[NOISE_NEW_DELAYS - 1] = NAN;
    follow_longer_path(n);
    limit_asymmetry(n);
}

/* Before errors were learnt, the variance is what the delays suggest; that is forgotten as older
   errors are. */
static double learnt_variance(const struct sample_noise *n, double expected)
{
    double recent = fmin(n->learnt, MEMORY);
    double prior = PRIOR_SAMPLES * exp(-(n->learnt - recent) / MEMORY);

    return (expected * prior + n->mean_error * recent) / (prior + recent);
}

struct bank_noise sample_noise_get(const struct sample_noise *n, double delay, double dispersion)
{
    assert(n->count > 0);

    struct excess e = measure_sorted(n->sorted, n->count);
    double guess = GUESSED_EXCESS * e.min;
    if (n->count >= 3)
        guess = fmin(guess, 2.0 * (e.max - e.min));
    double mean = (MEDIAN_TO_MEAN * e.median * n->count + guess) / (n->count + 1);
    double floor = FLOOR_SHARE * mean / sqrt(n->count);
    double base = e.min;
    if (n->min_delay > 0.0) {
        base = fmin(base, n->min_delay);
        floor = 0.0;
    }
    double late = 0.5 * fmax(delay - e.min - LATE_EXCESS * e.median, 0.0);
    return (struct bank_noise){
        .mean = n->asymmetry,
        .late = late * late,
        .bound = 0.5 * (delay - base + floor) + dispersion,
        .softness = FLOOR_SOFTNESS * floor + dispersion,
        .variance = learnt_variance(n, mean * mean / 8.0 + dispersion * dispersion) + late * late,
        .edge_bound = 0.5 * (delay - base + EDGE_FLOOR * floor) + dispersion,
        .tilt = EDGE_TILT / fmax(mean + dispersion, MIN_SCALE),
    };
}

int sample_noise_bounds(const struct sample_noise *n, double dispersion,
                        double bounds[NOISE_WINDOW])
{
    if (n->count == 0)
        return 0;
    double first = sample_noise_get(n, n->delays[0], dispersion).bound;
    for (int i = 0; i < n->count; i++)
        bounds[i] = first + 0.5 * (n->delays[i] - n->delays[0]);
    return n->count;
}

void sample_noise_learn(struct sample_noise *n, const struct bank_noise *noise,
                        const struct bank *bank, double offset)
{
    double square = noise->variance * fmin(bank->surprise, MAX_SURPRISE);

    if (isnan(bank->surprise) || !isfinite(square))
        return;
    n->errors[NOISE_NEW_DELAYS - 1] = offset - bank->mix.offset;
    n->error_variance = bank->mix.offset_variance;
    if (noise->late > 0.0)
        return;
    n->learnt += 1.0;
    n->mean_error += (square - n->mean_error) / fmin(n->learnt, MEMORY);
}
