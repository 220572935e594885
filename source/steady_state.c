/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steady state of the Kalman filter for offset and frequency. Called through the estimator by
 * the adaptation of the polling interval.
 *
 * All samples have the variance R, the interval is T and the wander q. In units of T and R there is
 * one number left, g = q T^3 / R, and the filter's covariance does not change any more when each
 * sample takes away what the prediction has added. That fixed point has a closed form. The second
 * difference of the samples is a moving average of order two, and so are the innovations of the
 * filter after its polynomial 1 + p z + r z^2; comparing both spectra at z = 1 and z = -1 gives
 *
 *     s (1 + p + r) = sqrt(g),   s (1 - p + r) = sqrt(16 + g / 3),   s^2 r = 1,
 *
 * where s^2 is the variance of an innovation. So s + 1 / s is half of the sum of both roots. The
 * gains are alpha = 1 - r and beta = 1 + p + r; the rest of the covariance follows from them.
 *
 * Samples differ, and a filter that knows it gains most from the best ones. A sample with variance
 * R_k, taken when the offset has the variance v, leaves v R_k / (v + R_k). The one variance R that
 * does the same on the average is that with 1 / (v + R) = mean of 1 / (v + R_k): near the harmonic
 * mean of R_k if v is small, when so many samples are averaged that the best of them decide; near
 * the arithmetic mean if v is large, when the last one decides, whatever it is like. v itself
 * follows from R, so both are found by turns.
 *
 * A bound h is more than the variance D = h^2 / 3 of an error within it. Where the offset is known
 * far better than that, only the few samples near their bound say something, but what they say is
 * sharp: the mean of what is left of v by cutting off its distribution is that of a normal error
 * with the variance R_k = 2 sqrt(D v) - v for v < D (within 5 %), which is less than D.
 */
#include "source/steady_state.h"
#include <math.h>

#define ROUNDS    20
#define PRECISION 1e-3

/* The covariance in units of T and R. */
struct covariance {
    double predicted; /* variance of the offset before a sample, and after it: */
    double offset, covariance, frequency; /* the whole one */
};

static struct covariance fixed_point(double wander)
{
    double root = sqrt(wander), part = sqrt(16.0 + wander / 3.0);
    /* s + 1 / s = 2 + above, s - 1 / s = below, without differences of nearly equal numbers */
    double above = 0.5 * (root + wander / 3.0 / (part + 4.0));
    double below = sqrt(above * (above + 4.0));
    double s = 1.0 + 0.5 * (above + below);

    return (struct covariance){
        .predicted = s * below,
        .offset = below / s,
        .covariance = root / s,
        .frequency = root * (below - 0.5 * root),
    };
}

/* The variance of a normal error that is worth as much as a bound. root: of the offset's variance
   `predicted`. */
static double bound_variance(double bound, double predicted, double root)
{
    double sd = bound * (1.0 / 1.7320508075688772);

    return sd <= root ? sd * sd : 2.0 * sd * root - predicted;
}

/* Of the bounds. Shares that are sums of weights may be above 1 by rounding. */
static double bound_share(const struct steady_state *n)
{
    return fmax(1.0 - n->common_share, 0.0);
}

/* The variance of equal samples that are worth as much as these. */
static double equivalent_variance(const struct steady_state *n, double predicted)
{
    double soft = n->softness * n->softness, root = sqrt(predicted + soft);
    double share = bound_share(n) / n->count, weight = 0.0, noise = 0.0;

    for (int i = 0; i < n->count; i++) {
        double variance = soft + bound_variance(n->bounds[i], predicted + soft, root);
        double w = 1.0 / (predicted + variance);
        weight += w;
        noise += w * variance;
    }
    weight *= share;
    noise *= share;
    if (n->common_share > 0.0) {
        double w = n->common_share / (predicted + n->common_variance);
        weight += w;
        noise += w * n->common_variance;
    }
    return noise / weight;
}

/* Their mean, which is more than the equivalent one. */
static double first_variance(const struct steady_state *n)
{
    double sum = 0.0;

    for (int i = 0; i < n->count; i++)
        sum += n->bounds[i] * n->bounds[i] / 3.0;
    return bound_share(n) * (sum / n->count + n->softness * n->softness) +
           n->common_share * n->common_variance;
}

double steady_state_error(const struct steady_state *n, double interval)
{
    double wander = n->wander * interval * interval * interval;
    double variance = first_variance(n);
    struct covariance c = fixed_point(wander / variance);

    for (int i = 0; i < ROUNDS; i++) {
        double last = variance;
        variance = equivalent_variance(n, c.predicted * last);
        c = fixed_point(wander / variance);
        if (fabs(variance - last) < PRECISION * last)
            break;
    }
    /* The mean of the prediction's variance over one interval. */
    return variance * (c.offset + c.covariance + c.frequency / 3.0) + wander / 12.0;
}
