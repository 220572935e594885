/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mathematics of time smoothing: the plan of a curve and its value at a time. Nothing here
 * knows a clock.
 */
#include "clock/smoothing_curve.h"
#include <math.h>

/* A direction of the first stage: its length, that of the last one, and how wrong it would be. */
struct direction {
    double l1, l3, error;
};

static struct direction try_direction(const struct smoothing_curve *c, double d, double max_wander)
{
    double s1 = c->offset / max_wander;
    double s2 = c->freq * c->freq / (2.0 * max_wander * max_wander);
    double r = d * s1 + s2;
    double l3 = sqrt(fmax(0.0, r));
    double l1 = l3 - d * c->freq / max_wander;
    double missing = fmax(0.0, -l1);

    return (struct direction){
        .l1 = fmax(0.0, l1), .l3 = l3, .error = fmax(0.0, -r) + missing * missing};
}

void smoothing_plan(struct smoothing_curve *c, double max_freq, double max_wander)
{
    struct direction down = try_direction(c, -1.0, max_wander);
    struct direction up = try_direction(c, 1.0, max_wander);
    double d = down.error < up.error ? -1.0 : 1.0;
    struct direction best = d < 0.0 ? down : up;
    double l2 = 0.0;

    /* Frequency over time is a triangle. Its top is cut off at the maximum frequency, or at the
       present frequency if that is larger already. In place of g in discipline.md 21.4 the height
       of the part that is cut off is used: it is the same in the first case, and in the second
       case the curve ends at zero, too. */
    double excess = d * c->freq + best.l1 * max_wander - max_freq;
    if (excess > 0.0) {
        double cut = fmin(excess / max_wander, best.l1);
        double top = excess / max_wander <= best.l1 ? max_freq : d * c->freq;

        l2 = cut * (2.0 + cut * max_wander / top);
        best.l1 -= cut;
        best.l3 -= cut;
    }
    c->stages[0] = (struct smoothing_stage){d * max_wander, best.l1};
    c->stages[1] = (struct smoothing_stage){0.0, l2};
    c->stages[2] = (struct smoothing_stage){-d * max_wander, best.l3};
}

struct smoothing_value smoothing_evaluate(const struct smoothing_curve *c, double elapsed)
{
    struct smoothing_value v = {c->offset, c->freq, 0.0};

    for (int i = 0; i < 3 && elapsed > 0.0; i++) {
        double length = fmin(c->stages[i].length, elapsed);

        v.wander = c->stages[i].wander;
        v.offset -= length * (2.0 * v.freq + v.wander * length) / 2.0;
        v.freq += v.wander * length;
        elapsed -= length;
    }
    if (elapsed > 0.0) {
        v.wander = 0.0;
        v.offset -= elapsed * v.freq;
    }
    return v;
}

double smoothing_view_offset(const struct smoothing_view *view, struct local_time when)
{
    if (!view->enabled)
        return 0.0;
    return smoothing_evaluate(&view->curve, local_diff(when, view->last_update)).offset;
}
