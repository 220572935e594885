/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regression (discipline.md 7). Pure and without allocation; called by the statistics of sources,
 * the sample filter, manual input and the RTC. Degenerate data (all x equal, NaN) is a failure,
 * never an endless loop.
 */
#include "base/regression.h"
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stddef.h>
#include "base/number.h"
#include "base/quantile.h"

#define MAX_RUNS_INDEX 129

static const signed char critical_runs[MAX_RUNS_INDEX + 1] = {
    0,  0,  0,  0,  0,  0,  0,  0,  2,  3,  3,  3,  4,  4,  5,  5,  5,  6,  6,  7,  7,  7,
    8,  8,  9,  9,  9,  10, 10, 11, 11, 11, 12, 12, 13, 13, 14, 14, 14, 15, 15, 16, 16, 17,
    17, 18, 18, 18, 19, 19, 20, 20, 21, 21, 21, 22, 22, 23, 23, 24, 24, 25, 25, 26, 26, 26,
    27, 27, 28, 28, 29, 29, 30, 30, 30, 31, 31, 32, 32, 33, 33, 34, 34, 35, 35, 35, 36, 36,
    37, 37, 38, 38, 39, 39, 40, 40, 40, 41, 41, 42, 42, 43, 43, 44, 44, 45, 45, 46, 46, 46,
    47, 47, 48, 48, 49, 49, 50, 50, 51, 51, 52, 52, 52, 53, 53, 54, 54, 55, 55, 56,
};

static const float t_coefficients[] = {
    636.6f, 31.6f,  12.92f, 8.61f,  6.869f, 5.959f, 5.408f, 5.041f, 4.781f, 4.587f,
    4.437f, 4.318f, 4.221f, 4.140f, 4.073f, 4.015f, 3.965f, 3.922f, 3.883f, 3.850f,
    3.819f, 3.792f, 3.768f, 3.745f, 3.725f, 3.707f, 3.690f, 3.674f, 3.659f, 3.646f,
    3.633f, 3.622f, 3.611f, 3.601f, 3.591f, 3.582f, 3.574f, 3.566f, 3.558f, 3.551f,
};

static const float chi2_coefficients[] = {
    2.706f,  4.605f,  6.251f,  7.779f,  9.236f,  10.645f, 12.017f, 13.362f, 14.684f, 15.987f,
    17.275f, 18.549f, 19.812f, 21.064f, 22.307f, 23.542f, 24.769f, 25.989f, 27.204f, 28.412f,
    29.615f, 30.813f, 32.007f, 33.196f, 34.382f, 35.563f, 36.741f, 37.916f, 39.087f, 40.256f,
    41.422f, 42.585f, 43.745f, 44.903f, 46.059f, 47.212f, 48.363f, 49.513f, 50.660f, 51.805f,
    52.949f, 54.090f, 55.230f, 56.369f, 57.505f, 58.641f, 59.774f, 60.907f, 62.038f, 63.167f,
    64.295f, 65.422f, 66.548f, 67.673f, 68.796f, 69.919f, 71.040f, 72.160f, 73.279f, 74.397f,
    75.514f, 76.630f, 77.745f, 78.860f,
};

#define TABLE_LENGTH(table) ((int)COUNT(table))

/* The runs test. A straight line through the samples is a good model only while the clock's
   frequency is constant. If it is, the residuals are noise, and their signs change at random, at
   every second point on average: + - - + - + + -. If the frequency has changed, the line cuts
   through a bend, and the residuals of the same sign stand together: + + + - - - - + +. A run is a
   row of equal signs; few runs, many points: a bend. With n random signs there are (n + 1) / 2 runs
   on average; chance alone gives critical_runs[n] or fewer in about one case in ten. Then the
   oldest points do not belong to the present frequency: they are dropped, one by one, until the
   rest looks like a straight line. So the register becomes long while the clock is steady, which
   averages the noise, and short soon after a change, which follows it. Older points that were
   dropped from the fit take part in the test: they show a bend sooner. */
int regression_count_runs(const double *residuals, int n)
{
    int runs = n > 0 ? 1 : 0;

    for (int i = 1; i < n; i++) {
        bool same_sign = (residuals[i - 1] < 0.0 && residuals[i] < 0.0) ||
                         (residuals[i - 1] > 0.0 && residuals[i] > 0.0);
        if (!same_sign)
            runs++;
    }
    return runs;
}

int regression_critical_runs(int n)
{
    assert(n >= 0 && n <= MAX_RUNS_INDEX);
    return critical_runs[n];
}

double regression_t_coefficient(int dof)
{
    assert(dof >= 1);
    return dof <= TABLE_LENGTH(t_coefficients) ? (double)t_coefficients[dof - 1] : 3.5;
}

double regression_chi2_coefficient(int dof)
{
    assert(dof >= 1);
    return dof <= TABLE_LENGTH(chi2_coefficients) ? (double)chi2_coefficients[dof - 1] : 1.2 * dof;
}

bool regression_weighted(const double *x, const double *y, const double *w, int n,
                         struct regression_line *line)
{
    if (n < 3)
        return false;

    double sum_w = 0.0, u = 0.0;
    for (int i = 0; i < n; i++) {
        sum_w += 1.0 / w[i];
        u += x[i] / w[i];
    }
    u /= sum_w;

    double p = 0.0, q = 0.0, v = 0.0;
    for (int i = 0; i < n; i++) {
        double dx = x[i] - u;
        p += y[i] / w[i];
        q += y[i] * dx / w[i];
        v += dx * dx / w[i];
    }
    if (!(v > 0.0))
        return false;

    double slope = q / v;
    double intercept = p / sum_w - slope * u;

    double s = 0.0;
    for (int i = 0; i < n; i++) {
        double residual = y[i] - intercept - slope * x[i];
        s += residual * residual / w[i];
    }
    s /= n - 2;

    line->slope = slope;
    line->intercept = intercept;
    line->slope_sd = sqrt(s / v);
    line->intercept_sd = sqrt(s / sum_w + (u * line->slope_sd) * (u * line->slope_sd));
    line->variance = s * n / sum_w;
    return true;
}

bool regression_best_weighted(const double *x, const double *y, const double *w, int n, int extra,
                              int min_samples, struct regression_best *best)
{
    double residuals[REGRESSION_MAX_POINTS];

    assert(n >= 0 && extra >= 0 && n + extra <= REGRESSION_MAX_POINTS);
    if (n < 3)
        return false;

    /* Index 0 of the specification, so that the extra points have negative ones. */
    const double *x0 = x + extra;
    const double *y0 = y + extra;

    for (int start = 0;; start++) {
        int used = n - start;
        if (!regression_weighted(x0 + start, y0 + start, w + start, used, &best->line))
            return false;

        int first = n - 2 * used;
        if (first < -extra)
            first = -extra;
        for (int i = first; i < n; i++)
            residuals[i - first] = y0[i] - best->line.intercept - best->line.slope * x0[i];

        int runs = regression_count_runs(residuals, n - first);
        if (runs > regression_critical_runs(n - first) || used <= 3 || used <= min_samples) {
            best->start = start;
            best->dof = used - 2;
            best->runs = regression_count_runs(residuals + (start - first), used);
            return true;
        }
    }
}

/* The best intercept for a slope, and the derivative E(b) of discipline.md 7.6, which is to
   become zero. */
static double robust_gradient(const double *x, const double *y, int n, double slope,
                              double *intercept)
{
    double d[REGRESSION_MAX_POINTS];
    double gradient = 0.0;

    for (int i = 0; i < n; i++)
        d[i] = y[i] - slope * x[i];
    *intercept = median_of(d, (size_t)n);
    for (int i = 0; i < n; i++) {
        double residual = y[i] - *intercept - slope * x[i];
        if (residual > 0.0)
            gradient += x[i];
        else if (residual < 0.0)
            gradient -= x[i];
    }
    return gradient;
}

/* Fits all n >= 3 points, steps 1 to 5. */
static bool robust_fit(const double *x, const double *y, int n, double tolerance, double *intercept,
                       double *slope)
{
    double mean_x = 0.0, mean_y = 0.0, sum_xx = 0.0, sum_xy = 0.0, sum_residuals = 0.0;

    for (int i = 0; i < n; i++) {
        mean_x += x[i] / n;
        mean_y += y[i] / n;
    }
    for (int i = 0; i < n; i++) {
        sum_xx += (x[i] - mean_x) * (x[i] - mean_x);
        sum_xy += (x[i] - mean_x) * (y[i] - mean_y);
    }
    if (!(sum_xx > 0.0))
        return false;

    double b = sum_xy / sum_xx;
    for (int i = 0; i < n; i++) {
        double residual = y[i] - mean_y - b * (x[i] - mean_x);
        sum_residuals += residual * residual;
    }

    double delta = fmax(sqrt(sum_residuals * n / sum_xx), tolerance);
    double lo, hi, gradient_lo, gradient_hi, unused;
    do {
        delta *= 2.0;
        if (!(delta <= 100.0))
            return false;
        lo = b - delta;
        hi = b + delta;
        gradient_lo = robust_gradient(x, y, n, lo, &unused);
        gradient_hi = robust_gradient(x, y, n, hi, &unused);
    } while (!(gradient_lo * gradient_hi < 0.0));

    *slope = b;
    *intercept = mean_y - b * mean_x;
    do {
        double mid = 0.5 * (lo + hi);
        if (!(lo < mid && mid < hi))
            break;
        *slope = mid;
        double gradient = robust_gradient(x, y, n, mid, intercept);
        if (gradient == 0.0)
            break;
        if (gradient * gradient_lo > 0.0)
            lo = mid;
        else
            hi = mid;
    } while (hi - lo > tolerance);
    return true;
}

bool regression_robust_line(const double *x, const double *y, int n, double tolerance,
                            struct regression_robust *robust)
{
    double residuals[REGRESSION_MAX_POINTS];

    assert(n <= REGRESSION_MAX_POINTS);
    if (n < 2)
        return false;

    *robust = (struct regression_robust){0};
    if (n == 2) {
        if (!(fabs(x[1] - x[0]) > 0.0))
            return false;
        robust->slope = (y[1] - y[0]) / (x[1] - x[0]);
        robust->intercept = y[0] - robust->slope * x[0];
        return true;
    }

    for (int start = 0;; start++) {
        int used = n - start;
        if (!robust_fit(x + start, y + start, used, tolerance, &robust->intercept, &robust->slope))
            return false;
        robust->start = start;
        if (used == 3)
            return true;
        for (int i = 0; i < used; i++)
            residuals[i] = y[start + i] - robust->intercept - robust->slope * x[start + i];
        robust->runs = regression_count_runs(residuals, used);
        if (robust->runs > regression_critical_runs(used))
            return true;
    }
}

bool regression_second_slope(const double *x1, const double *x2, const double *y, int n,
                             double *slope)
{
    if (n < 4)
        return false;

    double s1 = 0.0, s2 = 0.0, s11 = 0.0, s12 = 0.0, s22 = 0.0, s1y = 0.0, s2y = 0.0, sy = 0.0;
    for (int i = 0; i < n; i++) {
        s1 += x1[i];
        s2 += x2[i];
        s11 += x1[i] * x1[i];
        s12 += x1[i] * x2[i];
        s22 += x2[i] * x2[i];
        s1y += x1[i] * y[i];
        s2y += x2[i] * y[i];
        sy += y[i];
    }

    double u =
        n * (s12 * s1y - s11 * s2y) + s1 * s1 * s2y - s1 * s2 * s1y + sy * (s2 * s11 - s1 * s12);
    double v1 = n * (s12 * s12 - s11 * s22);
    double v2 = s1 * s1 * s22 + s2 * s2 * s11;
    double v3 = -2.0 * s1 * s2 * s12;
    double v = v1 + v2 + v3;

    /* The determinant vanishes in the rounding error; NaN fails too. */
    if (!(fabs(v) * 1.0e10 > -v1 + v2 + fabs(v3)))
        return false;
    *slope = u / v;
    return true;
}
