/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The noise of reference clocks (discipline.md 30.11). Called by the estimator of a source.
 *
 * Receivers differ by a factor of 10^7: the messages of one come with an error of 50 ms, the
 * hardware clock of another is read with one of 10 ns. The first samples tell the magnitude: the
 * clock runs on a line for as long as three samples last, so what the middle one is off the line
 * through its neighbours is noise. After that the filters of the bank assume different noises, and
 * those that predict best say which way the known noise is to be changed.
 */
#include "source/refclock_noise.h"
#include <assert.h>
#include <math.h>
#include "base/quantile.h"

/* Many readings are averaged in a sample, so that it can be better than the clock's quantum. */
#define FLOOR_OF_QUANTUM 0.1
#define MIN_PRECISION    1e-9 /* s, of timestamps */
/* Median of the square of a normal variable with variance 1. */
#define MEDIAN_OF_SQUARE 0.455
#define MAX_MEAN         4.0 /* medians */
/* The clock does not run on a line between two samples, and a sample is the mean of readings taken
   meanwhile: with a wander of q its variance is q T^3 / 320, if they were taken all over the
   interval T. */
#define BEND_OF_MEAN 320.0
#define BASE_STEP    4.0 /* of the bank */
#define MOVE         4.5 /* so far off it is moved */
#define RISE         4.0
#define MISS         1.2

void refclock_noise_init(struct refclock_noise *n, double precision)
{
    double sd = FLOOR_OF_QUANTUM * fmax(precision, MIN_PRECISION);

    n->quantum = sd * sd;
    refclock_noise_reset(n);
}

void refclock_noise_reset(struct refclock_noise *n)
{
    n->floor = n->quantum;
    n->base = n->variance = 0.0;
}

struct refclock_spread refclock_noise_measure(const double *times, const double *offsets, int count)
{
    struct refclock_spread spread = {0, 0.0, 0.0};
    double squares[REFCLOCK_NOISE_WINDOW], sum = 0.0;

    assert(count <= REFCLOCK_NOISE_WINDOW);
    for (int i = 1; i + 1 < count; i++) {
        double before = times[i] - times[i - 1], after = times[i + 1] - times[i];
        if (!(before > 0.0 && after > 0.0))
            continue;
        /* Weights of the neighbours in the line at the time of the sample. */
        double a = after / (before + after), b = before / (before + after);
        double distance = offsets[i] - a * offsets[i - 1] - b * offsets[i + 1];
        squares[spread.count] = distance * distance / (1.0 + a * a + b * b);
        sum += squares[spread.count++];
    }
    if (spread.count == 0)
        return spread;
    spread.median = median_of(squares, (size_t)spread.count) / MEDIAN_OF_SQUARE;
    spread.mean =
        fmin(sum / spread.count, MAX_MEAN * spread.median) * ((spread.count + 2.0) / spread.count);
    return spread;
}

static void set(struct refclock_noise *n, double variance)
{
    n->base = n->variance = fmax(variance, n->floor);
}

void refclock_noise_start(struct refclock_noise *n, const struct refclock_spread *spread,
                          double dispersion)
{
    n->floor = n->quantum;
    set(n, spread->count > 0 ? spread->mean : dispersion * dispersion);
}

void refclock_noise_learn(struct refclock_noise *n, struct bank *bank, double interval)
{
    double scale = bank_noise_scale(bank);
    double bend = bank_wander(bank) * interval * interval * interval / BEND_OF_MEAN;
    int step = scale > MOVE ? 1 : scale < 1.0 / MOVE && n->base > n->floor ? -1 : 0;

    n->floor = fmax(n->quantum, bend);
    n->variance = fmax(n->base * scale, n->floor);
    if (step == 0)
        return;
    n->base *= step > 0 ? BASE_STEP : 1.0 / BASE_STEP;
    bank_move_base(bank, step);
}

void refclock_noise_miss(struct refclock_noise *n)
{
    n->base *= MISS;
    n->variance *= MISS;
}

bool refclock_noise_rose(struct refclock_noise *n, const struct refclock_spread *spread)
{
    if (spread->count == 0 || spread->median <= RISE * n->variance)
        return false;
    set(n, spread->median);
    return true;
}

struct bank_noise refclock_noise_get(const struct refclock_noise *n)
{
    return (struct bank_noise){
        .variance = n->variance, .unbounded = true, .base = n->base, .floor = n->floor};
}
