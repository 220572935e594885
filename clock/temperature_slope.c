/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slope of frequency over temperature (discipline.md 30.8). Owns the sums of each scale. It
 * must never take a coincidence for a slope: what counts is what is beyond three deviations.
 */
#include "clock/temperature_slope.h"

#include <math.h>
#include "base/number.h"

#define SHORTEST        128.0 /* s; scale 0 */
#define MEMORY          128.0 /* differences that a scale remembers */
#define MIN_COUNT       8.0   /* differences from which on a scale counts */
#define CLIP_COUNT      8     /* differences in all from which on an outlier is seen */
#define CLIP            4.0   /* deviations of a frequency that are believed */
#define LEVERAGE        4.0   /* times what is usual, up to which a temperature has full weight */
#define MAX_CORRELATION 0.98
#define PRIOR           4.0 /* differences that the spread of the next shorter scale counts as */
#define ROUNDS          8   /* of estimating slope and spreads in turn */
/* Neighbouring scales see the same wander and are not independent of each other. */
#define VARIANCE_FACTOR 2.0
#define DOUBT           9.0 /* square of the deviations up to which a slope is not believed */
#define BETTER          6.0 /* by which another view has to explain more before it is taken */

void temperature_slope_init(struct temperature_slope *s)
{
    *s = (struct temperature_slope){0};
}

void temperature_slope_break(struct temperature_slope *s)
{
    s->open = (struct temperature_interval){0};
    for (int i = 0; i < TEMPERATURE_SCALES; i++)
        s->scales[i].waits = false;
}

const struct temperature_estimate *temperature_slope_estimate(const struct temperature_slope *s)
{
    return &s->estimates[s->best];
}

/* ---- Estimate ---- */

/* The sum of squares that a slope leaves. */
static double residue(const struct temperature_scale *scale, int view, double slope)
{
    double left = scale->ff - 2.0 * slope * scale->tf[view] + slope * slope * scale->tt[view];

    return fmax(left, 1e-9 * scale->ff);
}

/* The mean of squares on a scale. With few differences it leans on that of the shorter scale
   before, multiplied by growth. 0: nothing is known. */
static double lean(double sum, double count, double before, double growth)
{
    double prior = before > 0.0 ? PRIOR : 0.0;

    if (prior == 0.0 && count < MIN_COUNT)
        return 0.0;
    return (sum + prior * growth * before) / (count + prior);
}

/* Variance of a difference of frequencies on each scale beside what the slope explains. A random
   walk of the frequency would double it from scale to scale; all other noise falls. */
static void get_spreads(const struct temperature_slope *s, int view, double slope,
                        double spreads[TEMPERATURE_SCALES])
{
    double before = 0.0;

    for (int i = 0; i < TEMPERATURE_SCALES; i++) {
        const struct temperature_scale *scale = &s->scales[i];

        before = lean(residue(scale, view, slope), fmax(scale->count - 1.0, 0.0), before, 2.0);
        spreads[i] = before;
    }
}

/* The same of the temperatures. If they move evenly, it is four times that of the shorter scale. */
static double get_usual_square(const struct temperature_slope *s, int index, int view)
{
    double before = 0.0;

    for (int i = 0; i <= index; i++)
        before = lean(s->scales[i].tt[view], s->scales[i].count, before, 4.0);
    return before;
}

/* By how much the variance of a slope is larger because the errors come in runs: a frequency and a
   temperature that both go up and down, each in its own time, seem related for a while. */
static double get_inflation(const struct temperature_scale *scale, int view)
{
    double pp = scale->pp[view];
    double correlation = pp > 0.0 ? clamp(0.0, scale->pq[view] / pp, MAX_CORRELATION) : 0.0;

    return (1.0 + correlation) / (1.0 - correlation);
}

/* Weighted least squares over all scales. The weights depend on the slope, so both are found in
   turn. */
static struct temperature_estimate estimate(const struct temperature_slope *s, int view)
{
    struct temperature_estimate e = {0};
    double spreads[TEMPERATURE_SCALES], information = 0.0;

    for (int round = 0; round < ROUNDS; round++) {
        double product = 0.0;

        information = 0.0;
        get_spreads(s, view, e.slope, spreads);
        for (int i = 0; i < TEMPERATURE_SCALES; i++) {
            if (s->scales[i].count < MIN_COUNT || !(spreads[i] > 0.0))
                continue;
            double variance = spreads[i] * get_inflation(&s->scales[i], view);
            information += s->scales[i].tt[view] / variance;
            product += s->scales[i].tf[view] / variance;
        }
        if (!(information > 0.0))
            return (struct temperature_estimate){0};
        e.slope = product / information;
    }
    e.slope_sd = sqrt(VARIANCE_FACTOR / information);
    double significance = e.slope * e.slope / (e.slope_sd * e.slope_sd);
    e.trust = significance > DOUBT ? 1.0 - DOUBT / significance : 0.0;
    return e;
}

/* How much better the differences are explained with the slope than without: twice the logarithm of
   the ratio of likelihoods. */
static double get_merit(const struct temperature_slope *s, int view)
{
    double merit = 0.0;

    for (int i = 0; i < TEMPERATURE_SCALES; i++) {
        const struct temperature_scale *scale = &s->scales[i];

        if (scale->count >= MIN_COUNT && scale->ff > 0.0)
            merit += scale->count * log(scale->ff / residue(scale, view, s->estimates[view].slope));
    }
    return merit;
}

static void update_estimates(struct temperature_slope *s)
{
    double merits[TEMPERATURE_VIEWS];
    int best = s->best;

    for (int i = 0; i < TEMPERATURE_VIEWS; i++) {
        s->estimates[i] = estimate(s, i);
        merits[i] = get_merit(s, i);
    }
    for (int i = 0; i < TEMPERATURE_VIEWS; i++) {
        if (merits[i] > merits[best])
            best = i;
    }
    if (merits[best] > merits[s->best] + BETTER)
        s->best = best;
}

/* ---- Intervals ---- */

static void join(struct temperature_interval *to, const struct temperature_interval *from)
{
    to->duration += from->duration;
    to->gain += from->gain;
    for (int i = 0; i < TEMPERATURE_VIEWS; i++)
        to->heat[i] += from->heat[i];
}

static int get_scale(const struct temperature_interval *interval)
{
    return (int)floor(log2(interval->duration / SHORTEST));
}

/* The temperature's difference on a scale, in units of what is usual; at least 1, which is also
   that of the first one after a constant temperature. */
static double get_rarity(const struct temperature_slope *s, int index, double temperature)
{
    double usual = sqrt(get_usual_square(s, index, s->best));

    return usual > 0.0 ? fmax(fabs(temperature) / usual, 1.0) : 1.0;
}

/* A change of frequency that neither the slope and the usual spread nor a rare change of the
   temperature explain (a source's clock was stepped, or another source was selected) is cut to
   what is possible. */
static double clip_change(const struct temperature_slope *s, int index, double frequency,
                          double temperature, double rarity)
{
    double spreads[TEMPERATURE_SCALES], slope = s->estimates[s->best].slope;

    if (s->changes < CLIP_COUNT)
        return frequency;
    get_spreads(s, s->best, slope, spreads);
    if (!(spreads[index] > 0.0))
        return frequency;
    double expected = slope * temperature, limit = CLIP * rarity * sqrt(spreads[index]);
    return expected + clamp(-limit, frequency - expected, limit);
}

/* A jump of the temperature far beyond what was seen before may be a fault of the sensor, and
   would outweigh all else. */
static double get_weight(double rarity)
{
    return rarity > LEVERAGE ? LEVERAGE * LEVERAGE / (rarity * rarity) : 1.0;
}

/* Takes the difference between two neighbours, the earlier one first. */
static void compare(struct temperature_slope *s, int index, const struct temperature_interval *a,
                    const struct temperature_interval *b)
{
    struct temperature_scale *scale = &s->scales[index];
    double temperatures[TEMPERATURE_VIEWS], keep = 1.0 - 1.0 / MEMORY;

    for (int i = 0; i < TEMPERATURE_VIEWS; i++)
        temperatures[i] = b->heat[i] / b->duration - a->heat[i] / a->duration;

    double temperature = temperatures[s->best], rarity = get_rarity(s, index, temperature);
    double frequency =
        clip_change(s, index, b->gain / b->duration - a->gain / a->duration, temperature, rarity);
    double weight = get_weight(rarity);
    scale->count = keep * scale->count + weight;
    scale->ff = keep * scale->ff + weight * frequency * frequency;
    for (int i = 0; i < TEMPERATURE_VIEWS; i++) {
        scale->tf[i] = keep * scale->tf[i] + weight * temperatures[i] * frequency;
        scale->tt[i] = keep * scale->tt[i] + weight * temperatures[i] * temperatures[i];
        double product =
            weight * temperatures[i] * (frequency - s->estimates[i].slope * temperatures[i]);
        scale->pp[i] = keep * scale->pp[i] + product * product;
        scale->pq[i] = keep * scale->pq[i] + product * scale->last_product[i];
        scale->last_product[i] = product;
    }
    s->changes++;
}

/* Two neighbours of one scale are compared and become one interval of the next, as a binary counter
   carries. Shorter ones that wait when a longer one comes, come before it and join it. */
static void push(struct temperature_slope *s, struct temperature_interval interval)
{
    int scale = get_scale(&interval);

    for (int i = 0; i < scale && i < TEMPERATURE_SCALES; i++) {
        if (s->scales[i].waits)
            join(&interval, &s->scales[i].waiting);
        s->scales[i].waits = false;
    }
    for (scale = get_scale(&interval); scale < TEMPERATURE_SCALES; scale++) {
        struct temperature_scale *at = &s->scales[scale];

        if (!at->waits) {
            at->waits = true;
            at->waiting = interval;
            return;
        }
        compare(s, scale, &at->waiting, &interval);
        join(&interval, &at->waiting);
        at->waits = false;
    }
    /* Longer than the longest scale: what waited for it has no neighbour. */
}

static bool is_valid(const struct temperature_interval *interval)
{
    bool valid =
        isfinite(interval->duration) && interval->duration > 0.0 && isfinite(interval->gain);

    for (int i = 0; i < TEMPERATURE_VIEWS; i++)
        valid = valid && isfinite(interval->heat[i]);
    return valid;
}

void temperature_slope_add(struct temperature_slope *s, const struct temperature_interval *interval)
{
    if (!is_valid(interval)) {
        temperature_slope_break(s);
        return;
    }
    join(&s->open, interval);
    if (s->open.duration < SHORTEST)
        return;

    unsigned long changes = s->changes;
    push(s, s->open);
    s->open = (struct temperature_interval){0};
    if (s->changes != changes)
        update_estimates(s);
}
