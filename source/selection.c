/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Selection of sources (discipline.md 13): tests each source, finds the interval that the majority
 * agrees on, scores those inside of it and passes the estimate to the reference. Runs after every
 * sample and whenever a source may have become unusable. Deselecting alone never changes the clock.
 * Each source gets a verdict, and the run itself too; what is logged about them is in mark.c.
 */
#include <assert.h>
#include <math.h>
#include "base/log.h"
#include "conf/source_options.h"
#include "base/sync_status.h"
#include "source/intersection.h"
#include "source/record.h"

#define SCORE_LIMIT 10.0

/* Working state of one run. */
struct run {
    struct source_register *reg;
    struct local_time now;
    struct source *updated;

    int ok;          /* sources that are selectable */
    int unreachable; /* for the message */
    int missing;     /* sources without statistics */
    bool wants_required;
    int max_ok_reach, max_ok_reach_size;
    int max_missing_reach, max_missing_reach_size;
    double max_first_ago; /* of reachable sources */

    struct intersection best;
    struct source **list; /* those that agree */
    int length;
};

static void mark_all_ok(struct source_register *reg, enum source_status status, double value,
                        double limit)
{
    for (int i = 0; i < reg->count; i++) {
        if (reg->sources[i]->verdict.status == STATUS_OK)
            source_mark(reg->sources[i], status, value, limit);
    }
}

void source_register_deselect(struct source_register *reg)
{
    joint_stop(&reg->joint);
    if (reg->selected) {
        reg->selected = NULL;
        reg->report_loss = true;
    }
}

/* The run ends without a selected source. What is waited for is not reported, unless it becomes a
   loss. */
static void deselect(struct source_register *reg, enum selection_result result, int value,
                     int limit)
{
    reg->verdict = (struct selection_verdict){result, value, limit};
    source_register_deselect(reg);
    if (result == SELECTION_WAITS_STATS || result == SELECTION_WAITS_UPDATE || !reg->report_loss)
        return;
    reg->report_loss = false;
    source_register_report(reg);
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* No new sample for longer than the register spans: the error may have grown faster than its
   skew. */
static void widen_old(const struct run *run, struct samples_selection *info)
{
    if (!(info->first_ago < 2.0 * info->last_ago))
        return;
    double extra =
        local_clock_max_error(run->reg->env.clock) * (2.0 * info->last_ago - info->first_ago);
    info->root_distance += extra;
    info->low -= extra;
    info->high += extra;
}

/* The state of a source by itself, or OK: first pass of discipline.md 13.4. */
static struct source_verdict test_source(struct run *run, struct source *s)
{
    const struct selection_conf *conf = &run->reg->conf;
    struct samples_selection *info = &s->info;

    if (s->options & SELECT_NOSELECT)
        return (struct source_verdict){.status = STATUS_NOSELECT};
    if (s->reach == 0)
        run->unreachable++;
    if (!samples_selection(s->samples, run->now, conf->max_jitter, info)) {
        run->missing++;
        run->max_missing_reach = max_int(run->max_missing_reach, s->reach);
        run->max_missing_reach_size = max_int(run->max_missing_reach_size, s->reach_size);
        return (struct source_verdict){.status = STATUS_MISSING_SAMPLES};
    }
    if (s->leap == LEAP_UNSYNC)
        return (struct source_verdict){.status = STATUS_UNSYNCHRONISED};
    if (s->stratum < conf->min_stratum)
        return (struct source_verdict){STATUS_STRATUM_LOW, s->stratum, conf->min_stratum};
    if (s->stratum > conf->max_stratum)
        return (struct source_verdict){STATUS_STRATUM_HIGH, s->stratum, conf->max_stratum};

    widen_old(run, info);
    if (!(info->root_distance <= conf->max_distance && info->low <= info->high) ||
        !isfinite(info->low) || !isfinite(info->high))
        return (struct source_verdict){STATUS_BAD_DISTANCE, info->root_distance,
                                       conf->max_distance};
    if (!(info->sd <= conf->max_jitter))
        return (struct source_verdict){STATUS_JITTERY, info->sd, conf->max_jitter};

    run->max_ok_reach = max_int(run->max_ok_reach, s->reach);
    run->max_ok_reach_size = max_int(run->max_ok_reach_size, s->reach_size);
    if (s->reach != 0)
        run->max_first_ago = fmax(run->max_first_ago, info->first_ago);
    return (struct source_verdict){.status = STATUS_OK};
}

/* In a group of servers that poll each other the one with the smallest ID is the origin of time. */
static void elect_orphan(struct run *run, struct source *orphan)
{
    const struct source_register_env *env = &run->reg->env;
    uint32_t local_refid = env->local_refid ? env->local_refid(orphan, env->arg) : 0;

    if (local_refid == 0) {
        LOG_ERROR("Unknown local refid in orphan mode");
    } else if (orphan->refid < local_refid) {
        orphan->verdict.status = STATUS_OK;
        run->ok = 1;
    }
}

/* Second pass of discipline.md 13.4: compares with what the first one found. */
static void test_age_and_stratum(struct run *run, struct source *s, int orphan_stratum)
{
    if (s->reach == 0 && s->info.last_ago > run->max_first_ago)
        source_mark(s, STATUS_STALE, s->info.last_ago, run->max_first_ago);
    else if (s->reach == 0 && s->unreach_run > s->max_unreach)
        source_mark(s, STATUS_UNREACHABLE, s->unreach_run, s->max_unreach);
    else if (!s->refclock && s->stratum >= orphan_stratum)
        source_mark(s, STATUS_ORPHAN, s->stratum, orphan_stratum);
    else
        run->ok++;
}

/* Both passes of discipline.md 13.4. */
static void test_sources(struct run *run)
{
    struct source_register *reg = run->reg;
    int orphan_stratum = reference_orphan_stratum(reg->env.reference);
    struct source *orphan = NULL;

    for (int i = 0; i < reg->count; i++) {
        struct source *s = reg->sources[i];
        s->leap_vote = false;
        if (s->options & SELECT_REQUIRE)
            run->wants_required = true;
        struct source_verdict verdict = test_source(run, s);
        if (verdict.status == STATUS_OK)
            s->verdict = verdict;
        else
            source_mark(s, verdict.status, verdict.value, verdict.limit);
    }

    for (int i = 0; i < reg->count; i++) {
        struct source *s = reg->sources[i];
        if (s->verdict.status != STATUS_OK)
            continue;
        test_age_and_stratum(run, s, orphan_stratum);
        if (s->verdict.status == STATUS_ORPHAN && s->stratum == orphan_stratum && s->reach != 0 &&
            (!orphan || s->refid < orphan->refid))
            orphan = s;
    }
    if (run->ok == 0 && orphan)
        elect_orphan(run, orphan);
}

/* Whether the selection still waits for samples at the start (discipline.md 13.5). False: the run
   ends here. */
static bool check_waiting(struct run *run)
{
    struct source_register *reg = run->reg;

    if (run->missing > 0 && run->ok > 0 && !reg->selected &&
        run->max_ok_reach_size < FULL_REACH_SIZE &&
        run->max_ok_reach >> 1 == run->max_missing_reach) {
        deselect(reg, SELECTION_WAITS_STATS, 0, 0);
        mark_all_ok(reg, STATUS_WAITS_STATS, 0.0, 0.0);
        return false;
    }
    if (!reg->first_report_done &&
        max_int(run->max_ok_reach_size, run->max_missing_reach_size) == FULL_REACH_SIZE) {
        reg->report_loss = true;
        reg->first_report_done = true;
    }
    if (run->ok == 0) {
        deselect(reg, SELECTION_NONE_USABLE, run->unreachable, 0);
        return false;
    }
    return true;
}

static void end_without_majority(struct run *run, int voters)
{
    struct source_register *reg = run->reg;
    bool trusted = run->best.trust_depth > 0;
    int depth = run->best.depth;

    if (depth < 2)
        reg->verdict = (struct selection_verdict){
            trusted ? SELECTION_NO_TRUSTED_AGREEMENT : SELECTION_NO_AGREEMENT, voters, 0};
    else
        reg->verdict = (struct selection_verdict){
            trusted ? SELECTION_NO_TRUSTED_MAJORITY : SELECTION_NO_MAJORITY, depth, voters};
    if (!reg->no_majority_reported)
        reg->no_majority_reported = source_register_report(reg);
    reg->report_loss = false;
    joint_stop(&reg->joint);
    if (reg->selected) {
        reg->selected = NULL;
        reference_set_unsynchronised(reg->env.reference);
    }
    mark_all_ok(reg, STATUS_NO_MAJORITY, depth, voters / 2 + 1);
}

/* False: no majority, the run ends here. */
static bool find_intersection(struct run *run)
{
    struct source_register *reg = run->reg;
    size_t count = 0;
    int trusted = 0;

    for (int i = 0; i < reg->count; i++) {
        const struct source *s = reg->sources[i];
        if (s->verdict.status != STATUS_OK)
            continue;
        bool trust = (s->options & SELECT_TRUST) != 0;
        reg->endpoints[count++] = (struct endpoint){s->info.low, true, trust};
        reg->endpoints[count++] = (struct endpoint){s->info.high, false, trust};
        if (trust)
            trusted++;
    }
    run->best = intersection_find(reg->endpoints, count);

    int voters = run->ok;
    if (run->best.trust_depth > 0) {
        run->best.depth = run->best.trust_depth;
        voters = trusted;
    }
    if (run->best.depth <= voters / 2) {
        end_without_majority(run, voters);
        return false;
    }
    return true;
}

/* An interval agrees with the best one if one of them lies within the other. If it does not, it has
   one end too far on one side: below, then its high end does not reach that of the best one, or
   above. */
static struct source_verdict judge_interval(const struct run *run, const struct source *s)
{
    const struct intersection *best = &run->best;
    double low = s->info.low, high = s->info.high;

    if (!(low <= best->low && high >= best->high) && !(low >= best->low && high <= best->high))
        return low < best->low ? (struct source_verdict){STATUS_FALSETICKER, high, best->high}
                               : (struct source_verdict){STATUS_FALSETICKER, low, best->low};
    if (best->trust_depth > 0 && !(s->options & SELECT_TRUST)) {
        if (!(low >= best->trust_low))
            return (struct source_verdict){STATUS_UNTRUSTED, low, best->trust_low};
        if (!(high <= best->trust_high))
            return (struct source_verdict){STATUS_UNTRUSTED, high, best->trust_high};
    }
    return (struct source_verdict){.status = STATUS_OK};
}

/* Makes the list of sources that agree, or ends the run if there are too few. */
static bool collect_truechimers(struct run *run)
{
    struct source_register *reg = run->reg;
    int min_sources = reg->conf.min_sources;

    for (int i = 0; i < reg->count; i++) {
        struct source *s = reg->sources[i];
        if (s->verdict.status != STATUS_OK)
            continue;
        struct source_verdict verdict = judge_interval(run, s);
        if (verdict.status != STATUS_OK) {
            source_mark(s, verdict.status, verdict.value, verdict.limit);
            continue;
        }
        run->list[run->length++] = s;
        if (s->options & SELECT_REQUIRE)
            run->wants_required = false;
    }
    if (run->length == 0) {
        deselect(reg, SELECTION_NONE_AGREES, 0, 0);
        return false;
    }
    if (run->wants_required) {
        deselect(reg, SELECTION_NO_REQUIRED, 0, 0);
        mark_all_ok(reg, STATUS_WAITS_REQUIRED, 0.0, 0.0);
        return false;
    }
    if (run->length < min_sources) {
        deselect(reg, SELECTION_NOT_ENOUGH, run->length, min_sources);
        mark_all_ok(reg, STATUS_WAITS_SOURCES, run->length, min_sources);
        return false;
    }
    return true;
}

static void assign_leap_votes(struct run *run)
{
    for (int i = 0; i < run->length; i++)
        run->list[i]->leap_vote =
            run->best.trust_depth == 0 || (run->list[i]->options & SELECT_TRUST) != 0;
}

static void keep_preferred(struct run *run)
{
    int kept = 0;

    for (int i = 0; i < run->length; i++) {
        if (run->list[i]->options & SELECT_PREFER)
            kept++;
    }
    if (kept == 0)
        return;
    kept = 0;
    for (int i = 0; i < run->length; i++) {
        if (run->list[i]->options & SELECT_PREFER)
            run->list[kept++] = run->list[i];
        else
            source_mark(run->list[i], STATUS_NOT_PREFERRED, 0.0, 0.0);
    }
    run->length = kept;
}

/* Updates the scores and returns the source with the largest one (discipline.md 13.8). */
static struct source *find_candidate(struct run *run)
{
    struct source_register *reg = run->reg;
    double weight = reg->conf.stratum_weight;
    int min_stratum = run->list[0]->stratum;
    struct source *candidate = NULL;

    for (int i = 1; i < run->length; i++) {
        if (run->list[i]->stratum < min_stratum)
            min_stratum = run->list[i]->stratum;
    }

    double selected_distance = 0.0;
    if (reg->selected)
        selected_distance =
            reg->selected->info.root_distance + (reg->selected->stratum - min_stratum) * weight;

    for (int i = 0; i < reg->count; i++) {
        struct source *s = reg->sources[i];
        if (s->verdict.status != STATUS_OK) {
            s->score = 1.0;
            s->distant = DISTANT_PENALTY;
            continue;
        }
        double distance = s->info.root_distance + (s->stratum - min_stratum) * weight;
        if (!s->refclock)
            distance += reg->conf.reselect_distance;
        if (!reg->selected)
            s->score = 1.0 / distance;
        else if (run->updated && (s == run->updated || reg->selected == run->updated))
            s->score = fmax(1.0, s->score * selected_distance / distance);
        if (!candidate || s->score > candidate->score)
            candidate = s;
    }
    return candidate;
}

/* False: the candidate has to wait for an update, the run ends here. */
static bool choose(struct run *run)
{
    struct source_register *reg = run->reg;
    struct source *candidate = find_candidate(run);

    if (reg->selected && reg->selected->verdict.status == STATUS_OK &&
        (candidate == reg->selected || !(candidate->score > SCORE_LIMIT)))
        return true;

    if (candidate->updates == 0) {
        deselect(reg, SELECTION_WAITS_UPDATE, 0, 0);
        mark_all_ok(reg, STATUS_WAITS_UPDATE, 0.0, 0.0);
        return false;
    }
    reg->selected = candidate;
    for (int i = 0; i < reg->count; i++) {
        reg->sources[i]->score = 1.0;
        reg->sources[i]->distant = 0;
        reg->sources[i]->reported = 0;
    }
    reg->no_majority_reported = false;
    reg->report_loss = false;
    reg->first_report_done = true;
    return true;
}

int source_register_majority_leap(const struct source_register *reg)
{
    int votes = 0, inserts = 0, deletes = 0;

    for (int i = 0; i < reg->count; i++) {
        const struct source *s = reg->sources[i];
        if (!s->leap_vote)
            continue;
        votes++;
        if (s->leap == LEAP_INSERT)
            inserts++;
        else if (s->leap == LEAP_DELETE)
            deletes++;
    }
    if (inserts > votes / 2)
        return LEAP_INSERT;
    if (deletes > votes / 2)
        return LEAP_DELETE;
    return LEAP_NORMAL;
}

/* The estimate of the selected source alone. */
static struct reference_update own_update(const struct source *selected, int leap,
                                          const struct samples_tracking *t)
{
    return (struct reference_update){
        .stratum = selected->stratum,
        .leap = leap,
        .combined_sources = 1,
        .refid = selected->refid,
        .addr = selected->addr,
        .ref_time = t->ref_time,
        .offset = t->offset,
        .offset_sd = t->offset_sd,
        .frequency = t->frequency,
        .frequency_sd = t->frequency_sd,
        .skew = t->skew,
        .root_delay = t->root_delay,
        .root_dispersion = t->root_dispersion,
        .filtered = estimator_is_filter(selected->estimator),
        .wander = estimator_wander(selected->estimator),
        .noise_sd = t->offset_sd,
    };
}

static void update_reference(struct run *run)
{
    struct source_register *reg = run->reg;
    struct samples_tracking tracking;

    estimator_tracking(reg->selected->estimator, &tracking);
    int combined = source_register_combine(reg, run->list, run->length, &tracking);
    source_register_join(reg, run->list, run->length, run->updated);
    for (int i = 0; i < reg->count; i++)
        reg->sources[i]->updates = 0;

    struct reference_update update =
        own_update(reg->selected, source_register_majority_leap(reg), &tracking);
    update.combined_sources = combined;
    source_register_joint(reg, &update);
    reference_update(reg->env.reference, &update);
}

/* The sample of another source than the selected one. */
static void refine_reference(struct run *run)
{
    struct source_register *reg = run->reg;
    struct samples_tracking tracking;

    source_register_join(reg, run->list, run->length, run->updated);
    if (!run->updated || !run->updated->joint.joined)
        return;
    estimator_tracking(reg->selected->estimator, &tracking);
    struct reference_update update =
        own_update(reg->selected, source_register_majority_leap(reg), &tracking);
    if (source_register_joint(reg, &update))
        reference_refine(reg->env.reference, &update);
}

static void finish(struct run *run)
{
    struct source_register *reg = run->reg;

    reg->verdict = (struct selection_verdict){.result = SELECTION_DONE};
    source_mark(reg->selected, STATUS_SELECTED, 0.0, 0.0);
    if (reg->selected->updates > 0) {
        update_reference(run);
        return;
    }
    for (int i = 0; i < run->length; i++) {
        struct source *s = run->list[i];
        if (s->verdict.status == STATUS_OK)
            source_mark(s, s->distant ? STATUS_STILL_DISTANT : STATUS_COMBINED, s->distant, 0.0);
    }
    refine_reference(run);
}

static void select_source(struct run *run)
{
    if (run->reg->count == 0) {
        deselect(run->reg, SELECTION_NO_SOURCES, 0, 0);
        return;
    }
    test_sources(run);
    if (!check_waiting(run) || !find_intersection(run) || !collect_truechimers(run))
        return;
    assign_leap_votes(run);
    keep_preferred(run);
    if (choose(run))
        finish(run);
}

void source_register_select(struct source_register *reg, struct source *updated)
{
    struct run run = {
        .reg = reg,
        .now = local_clock_event_time(reg->env.clock, NULL),
        .updated = updated,
        .list = reg->list,
    };

    if (source_register_is_held(reg)) {
        assert(!updated);
        reg->select_later = true;
        return;
    }
    reg->select_later = false;
    if (updated) {
        updated->updates++;
        reg->last_updated = updated;
    }
    select_source(&run);
    source_register_count_changes(reg);
    if (reg->env.on_selection)
        reg->env.on_selection(reg->env.arg);
}
