/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Combining of the estimates of several sources (discipline.md 14). Called by selection for the
 * sources that agree. The reference time stays that of the selected source.
 */
#include "source/combine.h"
#include <math.h>
#include "source/record.h"

/* Keeps the weights finite. */
#define MIN_DISTANCE 1.0e-12
#define MIN_SD       1.0e-15

/* Whether a source is too far from the selected one, or was so a few updates ago. */
static struct source_verdict judge_distance(struct source *source,
                                            const struct samples_tracking *selected,
                                            const struct samples_tracking *t, double distance)
{
    const struct source_register *reg = source->reg;
    double limit = reg->conf.combine_limit;
    double max_distance = limit * distance;
    double frequency_diff = fabs(selected->frequency - t->frequency);
    double max_frequency_diff =
        limit * (selected->skew + t->skew + local_clock_max_error(reg->env.clock));
    bool far = source->info.root_distance > max_distance;

    if (source != reg->selected && (far || frequency_diff > max_frequency_diff)) {
        source->distant = source->reach_size == FULL_REACH_SIZE ? DISTANT_PENALTY : 1;
        return far ? (struct source_verdict){STATUS_DISTANT, source->info.root_distance,
                                             max_distance}
                   : (struct source_verdict){STATUS_DISTANT_FREQUENCY, frequency_diff,
                                             max_frequency_diff};
    }
    if (source->distant > 0)
        source->distant--;
    if (source->distant != 0)
        return (struct source_verdict){STATUS_STILL_DISTANT, source->distant, 0.0};
    return (struct source_verdict){.status = STATUS_COMBINED};
}

/* Weights. The mean of several measurements is best when each has a weight of one over the square
   of its standard deviation: a source that is twice as good counts four times. Frequencies are
   combined so, and the deviation of the mean is then 1 / sqrt(sum of 1 / sd^2), smaller than each
   one.
   For offsets that would be too trusting. What may be wrong with them is mostly not noise but a
   part of the root distance (a path that is slower in one direction than in the other), which does
   not shrink when more samples are taken. So an offset has a weight of one over its root distance,
   and the difference from the selected source counts as an error of its own: sources that disagree
   make the sum look worse. */
void combine_add(struct combine_sums *sums, const struct samples_tracking *selected,
                 const struct samples_tracking *t, double root_distance)
{
    double elapsed = local_diff(selected->ref_time, t->ref_time);
    double offset = t->offset + elapsed * t->frequency;
    double offset_sd = t->offset_sd + elapsed * t->frequency_sd;
    double offset_weight = 1.0 / fmax(root_distance, MIN_DISTANCE);
    double frequency_sd = fmax(t->frequency_sd, MIN_SD);
    double skew = fmax(t->skew, MIN_SD);
    double difference = offset - selected->offset;

    sums->offset_weight += offset_weight;
    sums->offset += offset_weight * offset;
    sums->offset_square += offset_weight * (offset_sd * offset_sd + difference * difference);
    sums->frequency_weight += 1.0 / (frequency_sd * frequency_sd);
    sums->frequency += t->frequency / (frequency_sd * frequency_sd);
    sums->skew_weight += 1.0 / (skew * skew);
    sums->count++;
}

void combine_finish(const struct combine_sums *sums, struct samples_tracking *tracking)
{
    if (sums->count == 0)
        return;
    tracking->offset = sums->offset / sums->offset_weight;
    tracking->offset_sd = sqrt(sums->offset_square / sums->offset_weight);
    tracking->frequency = sums->frequency / sums->frequency_weight;
    tracking->frequency_sd = 1.0 / sqrt(sums->frequency_weight);
    tracking->skew = 1.0 / sqrt(sums->skew_weight);
}

int source_register_combine(struct source_register *reg, struct source *const *list, int length,
                            struct samples_tracking *tracking)
{
    struct combine_sums sums = {0};

    if (length == 1)
        return 1;

    double distance = reg->selected->info.root_distance;
    if (!reg->selected->refclock)
        distance += reg->conf.reselect_distance;

    for (int i = 0; i < length; i++) {
        struct samples_tracking t;
        estimator_tracking(list[i]->estimator, &t);
        struct source_verdict v = judge_distance(list[i], tracking, &t, distance);
        if (v.status != STATUS_COMBINED || list[i]->verdict.status == STATUS_OK)
            source_mark(list[i], v.status, v.value, v.limit);
        if (v.status != STATUS_COMBINED)
            continue;
        combine_add(&sums, tracking, &t, list[i]->info.root_distance);
    }
    combine_finish(&sums, tracking);
    return sums.count;
}
