/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regression and the tables that go with it (discipline.md 7). Pure functions over arrays of at
 * most REGRESSION_MAX_POINTS points, oldest first. Where a weight is given, a larger one means less
 * reliable data.
 */
#ifndef BASE_REGRESSION_H
#define BASE_REGRESSION_H

#include <stdbool.h>

#define REGRESSION_MAX_POINTS 128

/* Number of runs of equal sign (discipline.md 7.1). */
int regression_count_runs(const double *residuals, int n);
/* Largest number of runs with which a fit of n (0 to 129) points fails. */
int regression_critical_runs(int n);
/* Student's t, 99.95 % quantile, dof >= 1 (discipline.md 7.2). */
double regression_t_coefficient(int dof);
/* Chi-square, 90 % quantile, dof >= 1. */
double regression_chi2_coefficient(int dof);

struct regression_line {
    double intercept, slope;
    double variance; /* of the data, s^2 of 7.3 */
    double intercept_sd, slope_sd;
};

/* Weighted least squares of n >= 3 points (discipline.md 7.3). False: fewer points, or a
   degenerate x. */
bool regression_weighted(const double *x, const double *y, const double *w, int n,
                         struct regression_line *line);

struct regression_best {
    struct regression_line line;
    int start; /* points before this one (counted without the extra ones) do not fit */
    int runs;
    int dof;
};

/* The same, with old points dropped until the runs test passes (discipline.md 7.4). x and y hold
   `extra` older points before the n points that w has weights for; they take part in the runs
   test only. */
bool regression_best_weighted(const double *x, const double *y, const double *w, int n, int extra,
                              int min_samples, struct regression_best *best);

struct regression_robust {
    double intercept, slope;
    int runs;
    int start;
};

/* Least absolute deviation with n >= 2 points (discipline.md 7.6); tolerance is that of the
   slope. */
bool regression_robust_line(const double *x, const double *y, int n, double tolerance,
                            struct regression_robust *robust);

/* Slope of x2 in the least squares fit on x1, x2 and a constant, n >= 4 (discipline.md 7.7). */
bool regression_second_slope(const double *x1, const double *x2, const double *y, int n,
                             double *slope);

#endif
