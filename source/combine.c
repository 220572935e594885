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

static bool is_combined(const struct source *s)
{
    return s->verdict.status == STATUS_SELECTED || s->verdict.status == STATUS_COMBINED;
}

static double weight_of(const struct source *s)
{
    return 1.0 / fmax(s->info.root_distance, MIN_DISTANCE);
}

static void join(struct source *s)
{
    struct samples_tracking t;

    estimator_tracking(s->estimator, &t);
    joint_join(&s->reg->joint, &s->joint, &t, weight_of(s));
}

/* From the estimates of the sources themselves. */
static void start_joint(struct source_register *reg, struct source *const *list, int length)
{
    struct estimator_sample last;

    if (!estimator_last_sample(reg->selected->estimator, &last))
        return;
    joint_start(&reg->joint, estimator_bank(reg->selected->estimator), last.time);
    reg->joint_origin = reg->selected;
    for (int i = 0; i < length; i++)
        if (is_combined(list[i]) && estimator_is_filter(list[i]->estimator))
            join(list[i]);
    joint_settle(&reg->joint);
}

static void take_sample(struct source *s)
{
    struct joint *joint = &s->reg->joint;
    struct estimator_sample sample;

    if (!is_combined(s) || !estimator_last_sample(s->estimator, &sample))
        return;
    if (s->joint.joined) {
        joint_add(joint, &s->joint, &sample, weight_of(s));
        return;
    }
    join(s);
    joint_settle(joint);
}

static int count_combined(const struct source_register *reg)
{
    int count = 0;

    for (int i = 0; i < reg->count; i++)
        count += is_combined(reg->sources[i]);
    return count;
}

static void drop_uncombined(struct source_register *reg)
{
    for (int i = 0; i < reg->count; i++)
        if (!is_combined(reg->sources[i]))
            joint_leave(&reg->joint, &reg->sources[i]->joint);
}

void source_register_join(struct source_register *reg, struct source *const *list, int length,
                          struct source *updated)
{
    const struct source *selected = reg->selected;

    if (!estimator_is_filter(selected->estimator) || count_combined(reg) < 2) {
        joint_stop(&reg->joint);
        return;
    }
    drop_uncombined(reg);
    bool young = updated == selected && estimator_is_young(selected->estimator);
    if (reg->joint.running && reg->joint_origin == selected && !young) {
        if (updated)
            take_sample(updated);
    } else if (selected->updates > 0) {
        start_joint(reg, list, length);
    } else {
        joint_stop(&reg->joint);
    }
}

/* The interval of the selected source is what the selection has tested. So the bound of the error
   is that of the selected source, plus the distance of the joint estimate from it. */
static double root_dispersion(const struct samples_tracking *selected,
                              const struct joint_estimate *joint)
{
    double elapsed = local_diff(joint->time, selected->ref_time);
    double distance = fabs(joint->offset - selected->offset - elapsed * selected->frequency);

    return selected->root_dispersion - selected->offset_sd + joint->offset_sd +
           fmax(distance, joint->mean_sd);
}

bool source_register_joint(struct source_register *reg, struct reference_update *update)
{
    struct samples_tracking selected;
    struct joint_estimate joint;

    if (!reg->joint.running)
        return false;
    joint_estimate(&reg->joint, &joint);
    estimator_tracking(reg->selected->estimator, &selected);
    update->ref_time = joint.time;
    update->offset = joint.offset;
    update->offset_sd = hypot(joint.offset_sd, joint.mean_sd);
    update->noise_sd = joint.offset_sd;
    update->frequency = joint.frequency;
    update->frequency_sd = joint.frequency_sd;
    update->skew = joint.skew;
    update->root_dispersion = root_dispersion(&selected, &joint);
    update->wander = joint.wander;
    update->joint = true;
    return true;
}

void source_leave_joint(struct source *s)
{
    joint_leave(&s->reg->joint, &s->joint);
    if (s->reg->joint_origin == s) {
        joint_stop(&s->reg->joint);
        s->reg->joint_origin = NULL;
    }
}
