/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of the legends. A line that has to move with the columns behind the name says where
 * the additional spaces of wide output go.
 */
#include "chronyc/legend.h"

#include <string.h>

struct legend_line {
    const char *before; /* NULL: fixed line */
    const char *after;  /* printed after the additional spaces */
};

#define FIXED(text)                                                                                \
    {                                                                                              \
        NULL, text                                                                                 \
    }

static const struct legend_line sources[] = {
    FIXED(""),
    FIXED("  .-- Source mode  '^' = server, '=' = peer, '#' = local clock."),
    FIXED(" / .- Source state '*' = current best, '+' = combined, '-' = not combined,"),
    FIXED("| /             'x' = may be in error, '~' = too variable, '?' = unusable."),
    {"||", "                                                 .- xxxx [ yyyy ] +/- zzzz"},
    {"||", "      Reachability register (octal) -.           |  xxxx = adjusted offset,"},
    {"||", "      Log2(Polling interval) --.      |          |  yyyy = measured offset,"},
    {"||", "                                \\     |          |  zzzz = estimated error."},
    {"||", "                                 |    |           \\"},
    {NULL, NULL},
};

static const struct legend_line sourcestats[] = {
    {"", "                             .- Number of sample points in measurement set."},
    {"", "                            /    .- Number of residual runs with same sign."},
    {"", "                           |    /    .- Length of measurement set (time)."},
    {"", "                           |   |    /      .- Est. clock freq error (ppm)."},
    {"", "                           |   |   |      /           .- Est. error in freq."},
    {"", "                           |   |   |     |           /         .- Est. offset."},
    {"", "                           |   |   |     |          |          |   On the -."},
    {"", "                           |   |   |     |          |          |   samples. \\"},
    {"", "                           |   |   |     |          |          |             |"},
    {NULL, NULL},
};

/* Above that, whose last lines lead to the columns. */
static const struct legend_line sourcestats_kalman[] = {
    FIXED("Estimator kalman: Frequency and Offset are what its filters estimate, Freq Skew"),
    FIXED("is 3.5 standard deviations of Frequency, Std Dev is the learnt jitter of one"),
    FIXED("sample. NP, NR and Span are of the samples that the selection works with."),
    {NULL, NULL},
};

static const struct legend_line estimator[] = {
    {" ", "                             Bias against the other sources, and weight (%) in the "
          "joint estimate -."},
    {" ", "                Weights (%) of the error's shapes: bounded, normal, jitter up or down "
          "-.            \\"},
    {"  .- Estimator: K - kalman, R - regression, - - no estimate yet.",
     "                         \\            |"},
    {" /", "                           .- Number of samples taken.                                 "
           " |           |"},
    {"|", "                            |     .- Est. offset; positive: the clock is fast.          "
          " |           |"},
    {"|", "                            |     |       .- Its standard deviation.                    "
          " |           |"},
    {"|", "                            |     |       |        .- Est. frequency (ppm).             "
          " |           |"},
    {"|", "                            |     |       |        |        .- Its standard dev.        "
          " |           |"},
    {"|", "                            |     |       |        |        |       .- Wander, and      "
          " |           |"},
    {"|", "                            |     |       |        |        |       |       .- jitter.  "
          " |           |"},
    {"|", "                            |     |       |        |        |       |       |           "
          " |           |"},
    {NULL, NULL},
};

static const struct legend_line selectdata[] = {
    FIXED("  . State: N - noselect, s - unsynchronised, M - missing samples, r - stratum"),
    FIXED(" /         d/D - large distance, ~ - jittery, w/W - waits for others,"),
    FIXED("|          S - stale, O - orphan, T - not trusted, P - not preferred,"),
    FIXED("|          U - waits for update, x - falseticker, + - combined, * - best."),
    {"|", "   Effective options   ---------.  (N - noselect, P - prefer"},
    {"|", "   Configured options  ----.     \\  T - trust, R - require)"},
    {"|", "   Auth. enabled (Y/N) -.   \\     \\     Offset interval --."},
    {"|", "                        |    |     |                       |"},
    {NULL, NULL},
};

static const struct legend_line authdata[] = {
    {"", "                             .- Auth. mechanism (NTS, SK - symmetric key)"},
    {"", "                            |   Key length -.  Cookie length (bytes) -."},
    {"", "                            |       (bits)  |  Num. of cookies --.    |"},
    {"", "                            |               |  Key est. attempts  |   |"},
    {"", "                            |               |           |         |   |"},
    {NULL, NULL},
};

static const struct {
    const struct legend_line *lines;
    const struct legend_line *kalman; /* printed first with this estimator, or NULL */
} legends[] = {
    [LEGEND_SOURCES] = {sources, NULL},
    [LEGEND_SOURCESTATS] = {sourcestats, sourcestats_kalman},
    [LEGEND_ESTIMATOR] = {estimator, NULL},
    [LEGEND_SELECTDATA] = {selectdata, NULL},
    [LEGEND_AUTHDATA] = {authdata, NULL},
};

static void print_lines(FILE *out, const struct legend_line *line, int extra)
{
    for (; line && line->after; line++) {
        if (line->before)
            fprintf(out, "%s%*s", line->before, extra, "");
        fprintf(out, "%s\n", line->after);
    }
}

void legend_print(FILE *out, enum legend legend, int extra, bool kalman)
{
    if (kalman)
        print_lines(out, legends[legend].kalman, extra);
    print_lines(out, legends[legend].lines, extra);
}
