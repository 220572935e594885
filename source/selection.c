/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Selection of sources (discipline.md 13): tests each source, finds the interval that the majority
 * agrees on, scores those inside of it and passes the estimate to the reference. Runs after every
 * sample and whenever a source may have become unusable. Deselecting alone never changes the clock.
 */
#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include "base/log.h"
#include "conf/source_options.h"
#include "base/sync_status.h"
#include "source/intersection.h"
#include "source/record.h"

#define SCORE_LIMIT     10.0
#define DISTANT_PENALTY 32
#define BAD_THRESHOLD   4
#define FULL_REACH_SIZE 8

/* Working state of one run. */
struct run {
    struct source_register *set;
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

char source_status_letter(enum source_status status)
{
    static const char letters[] = "?NMsrd~wSOTxWPUD+*";

    return letters[status];
}

static bool messages_enabled(const struct source_register *set)
{
    return reference_mode(set->env.reference) == REFERENCE_NORMAL;
}

static void log_mark(const struct source *source)
{
    char date[32], name[ADDR_TEXT_SIZE];
    struct measurement_log *log = source->set->env.log;

    if (!measurement_log_enabled(log, MLOG_SELECTION))
        return;
    instant_format_utc(local_clock_event_time(source->set->env.clock, NULL).i, date, sizeof(date));
    measurement_log_write(
        log, MLOG_SELECTION, "%s %-15s %c -%c%c%c%c %4o %5.2f %10.3e %10.3e %10.3e", date,
        source_plain_name(source, name, sizeof(name)), source_status_letter(source->status),
        source->options & SELECT_NOSELECT ? 'N' : '-', source->options & SELECT_PREFER ? 'P' : '-',
        source->options & SELECT_TRUST ? 'T' : '-', source->options & SELECT_REQUIRE ? 'R' : '-',
        source->reach, source->score, source->info.last_ago, source->info.low, source->info.high);
}

/* Each message comes once per source until another source is selected (discipline.md 13.7). */
static void report_mark(struct source *source)
{
    const struct selection_conf *conf = &source->set->conf;
    unsigned int bit = 1U << source->status;
    char label[ADDR_LABEL_SIZE];

    if ((source->reported & bit) != 0 || !messages_enabled(source->set))
        return;
    if ((source->status == STATUS_BAD_DISTANCE || source->status == STATUS_JITTERY ||
         source->status == STATUS_BAD_STRATUM) &&
        source->bad < BAD_THRESHOLD)
        return;

    source_label(source, label, sizeof(label));
    switch (source->status) {
    case STATUS_SELECTED:
        LOG_INFO("Selected source %s", label);
        break;
    case STATUS_FALSETICKER:
        LOG_WARN("Detected falseticker %s", label);
        break;
    case STATUS_BAD_DISTANCE:
        LOG_WARN("Root distance of %s exceeds maxdistance of %.3f seconds", label,
                 conf->max_distance);
        break;
    case STATUS_JITTERY:
        LOG_WARN("Jitter of %s exceeds maxjitter of %.3f seconds", label, conf->max_jitter);
        break;
    case STATUS_BAD_STRATUM:
        if (source->stratum < conf->min_stratum)
            LOG_WARN("Stratum of %s below minstratum of %d", label, conf->min_stratum);
        else
            LOG_WARN("Stratum of %s above maxstratum of %d", label, conf->max_stratum);
        break;
    default:
        return;
    }
    source->reported |= bit;
}

void source_mark(struct source *source, enum source_status status, bool with_message)
{
    source->status = status;
    log_mark(source);

    if (source == source->set->last_updated) {
        bool bad = status == STATUS_FALSETICKER || status == STATUS_BAD_DISTANCE ||
                   status == STATUS_BAD_STRATUM || status == STATUS_JITTERY;
        if (!bad)
            source->bad = 0;
        else if (source->bad < BAD_THRESHOLD)
            source->bad++;
        if (source->bad >= BAD_THRESHOLD)
            source_handle_bad(source);
    }
    if (with_message)
        report_mark(source);
}

static void mark_all_ok(struct source_register *set, enum source_status status)
{
    for (int i = 0; i < set->count; i++) {
        if (set->sources[i]->status == STATUS_OK)
            source_mark(set->sources[i], status, false);
    }
}

void source_register_deselect(struct source_register *set)
{
    if (set->selected) {
        set->selected = NULL;
        set->report_loss = true;
    }
}

static void deselect_with_message(struct source_register *set, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void deselect_with_message(struct source_register *set, const char *format, ...)
{
    char text[128];
    va_list args;

    source_register_deselect(set);
    if (!set->report_loss)
        return;
    set->report_loss = false;
    if (!messages_enabled(set))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    LOG_WARN("Can't synchronise: %s", text);
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* The state of a source by itself, or OK: first pass of discipline.md 13.4. */
static enum source_status test_source(struct run *run, struct source *s)
{
    const struct selection_conf *conf = &run->set->conf;

    if (s->options & SELECT_NOSELECT)
        return STATUS_NOSELECT;
    if (s->reach == 0)
        run->unreachable++;
    if (!samples_selection(s->samples, run->now, conf->max_jitter, &s->info)) {
        run->missing++;
        run->max_missing_reach = max_int(run->max_missing_reach, s->reach);
        run->max_missing_reach_size = max_int(run->max_missing_reach_size, s->reach_size);
        return STATUS_MISSING_SAMPLES;
    }
    if (s->leap == LEAP_UNSYNC)
        return STATUS_UNSYNCHRONISED;
    if (s->stratum < conf->min_stratum || s->stratum > conf->max_stratum)
        return STATUS_BAD_STRATUM;

    /* No new sample for longer than the register spans. */
    struct samples_selection *info = &s->info;
    if (info->first_ago < 2.0 * info->last_ago) {
        double extra =
            local_clock_max_error(run->set->env.clock) * (2.0 * info->last_ago - info->first_ago);
        info->root_distance += extra;
        info->low -= extra;
        info->high += extra;
    }
    if (!(info->root_distance <= conf->max_distance && info->low <= info->high) ||
        !isfinite(info->low) || !isfinite(info->high))
        return STATUS_BAD_DISTANCE;
    if (!(info->sd <= conf->max_jitter))
        return STATUS_JITTERY;

    run->max_ok_reach = max_int(run->max_ok_reach, s->reach);
    run->max_ok_reach_size = max_int(run->max_ok_reach_size, s->reach_size);
    if (s->reach != 0)
        run->max_first_ago = fmax(run->max_first_ago, info->first_ago);
    return STATUS_OK;
}

/* In a group of servers that poll each other the one with the smallest ID is the origin of time. */
static void elect_orphan(struct run *run, struct source *orphan)
{
    const struct source_register_env *env = &run->set->env;
    uint32_t local_refid = env->local_refid ? env->local_refid(orphan, env->arg) : 0;

    if (local_refid == 0) {
        LOG_ERROR("Unknown local refid in orphan mode");
    } else if (orphan->refid < local_refid) {
        orphan->status = STATUS_OK;
        run->ok = 1;
    }
}

/* Both passes of discipline.md 13.4. */
static void test_sources(struct run *run)
{
    struct source_register *set = run->set;
    int orphan_stratum = reference_orphan_stratum(set->env.reference);
    struct source *orphan = NULL;

    for (int i = 0; i < set->count; i++) {
        struct source *s = set->sources[i];
        s->leap_vote = false;
        if (s->options & SELECT_REQUIRE)
            run->wants_required = true;
        enum source_status status = test_source(run, s);
        if (status == STATUS_OK)
            s->status = STATUS_OK;
        else
            source_mark(s, status, true);
    }

    for (int i = 0; i < set->count; i++) {
        struct source *s = set->sources[i];
        if (s->status != STATUS_OK)
            continue;
        if (s->reach == 0 &&
            (s->info.last_ago > run->max_first_ago || s->unreach_run > s->max_unreach)) {
            source_mark(s, STATUS_STALE, true);
        } else if (!s->refclock && s->stratum >= orphan_stratum) {
            source_mark(s, STATUS_ORPHAN, true);
            if (s->stratum == orphan_stratum && s->reach != 0 &&
                (!orphan || s->refid < orphan->refid))
                orphan = s;
        } else {
            run->ok++;
        }
    }
    if (run->ok == 0 && orphan)
        elect_orphan(run, orphan);
}

/* Whether the selection still waits for samples at the start (discipline.md 13.5). False: the run
   ends here. */
static bool check_waiting(struct run *run)
{
    struct source_register *set = run->set;

    if (run->missing > 0 && run->ok > 0 && !set->selected &&
        run->max_ok_reach_size < FULL_REACH_SIZE &&
        run->max_ok_reach >> 1 == run->max_missing_reach) {
        mark_all_ok(set, STATUS_WAITS_STATS);
        source_register_deselect(set);
        return false;
    }
    if (!set->first_report_done &&
        max_int(run->max_ok_reach_size, run->max_missing_reach_size) == FULL_REACH_SIZE) {
        set->report_loss = true;
        set->first_report_done = true;
    }
    if (run->ok == 0) {
        deselect_with_message(set, "no selectable sources (%d unreachable sources)",
                              run->unreachable);
        return false;
    }
    return true;
}

static void report_no_majority(struct run *run, int voters)
{
    struct source_register *set = run->set;
    const char *kind = run->best.trust_depth > 0 ? "trusted " : "";

    if (!set->no_majority_reported && messages_enabled(set)) {
        if (run->best.depth < 2)
            LOG_WARN("Can't synchronise: no majority (no agreement among %d %ssources)", voters,
                     kind);
        else
            LOG_WARN("Can't synchronise: no majority (only %d of %d %ssources agree)",
                     run->best.depth, voters, kind);
        set->no_majority_reported = true;
    }
    set->report_loss = false;
    if (set->selected) {
        set->selected = NULL;
        reference_set_unsynchronised(set->env.reference);
    }
    mark_all_ok(set, STATUS_FALSETICKER);
}

/* False: no majority, the run ends here. */
static bool find_intersection(struct run *run)
{
    struct source_register *set = run->set;
    size_t count = 0;
    int trusted = 0;

    for (int i = 0; i < set->count; i++) {
        const struct source *s = set->sources[i];
        if (s->status != STATUS_OK)
            continue;
        bool trust = (s->options & SELECT_TRUST) != 0;
        set->endpoints[count++] = (struct endpoint){s->info.low, true, trust};
        set->endpoints[count++] = (struct endpoint){s->info.high, false, trust};
        if (trust)
            trusted++;
    }
    run->best = intersection_find(set->endpoints, count);

    int voters = run->ok;
    if (run->best.trust_depth > 0) {
        run->best.depth = run->best.trust_depth;
        voters = trusted;
    }
    if (run->best.depth <= voters / 2) {
        report_no_majority(run, voters);
        return false;
    }
    return true;
}

static bool agrees(const struct run *run, const struct source *s)
{
    return (s->info.low <= run->best.low && s->info.high >= run->best.high) ||
           (s->info.low >= run->best.low && s->info.high <= run->best.high);
}

/* Makes the list of sources that agree, or ends the run if there are too few. */
static bool collect_truechimers(struct run *run)
{
    struct source_register *set = run->set;

    for (int i = 0; i < set->count; i++) {
        struct source *s = set->sources[i];
        if (s->status != STATUS_OK)
            continue;
        if (!agrees(run, s)) {
            source_mark(s, STATUS_FALSETICKER, true);
        } else if (run->best.trust_depth > 0 && !(s->options & SELECT_TRUST) &&
                   !(s->info.low >= run->best.trust_low && s->info.high <= run->best.trust_high)) {
            source_mark(s, STATUS_UNTRUSTED, true);
        } else {
            run->list[run->length++] = s;
            if (s->options & SELECT_REQUIRE)
                run->wants_required = false;
        }
    }
    if (run->length == 0 || run->wants_required || run->length < set->conf.min_sources) {
        deselect_with_message(set, "%s selectable sources",
                              run->length == 0      ? "no"
                              : run->wants_required ? "no required source in"
                                                    : "not enough");
        mark_all_ok(set, STATUS_WAITS_SOURCES);
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
            source_mark(run->list[i], STATUS_NOT_PREFERRED, true);
    }
    run->length = kept;
}

/* Updates the scores and returns the source with the largest one (discipline.md 13.8). */
static struct source *find_candidate(struct run *run)
{
    struct source_register *set = run->set;
    double weight = set->conf.stratum_weight;
    int min_stratum = run->list[0]->stratum;
    struct source *candidate = NULL;

    for (int i = 1; i < run->length; i++) {
        if (run->list[i]->stratum < min_stratum)
            min_stratum = run->list[i]->stratum;
    }

    double selected_distance = 0.0;
    if (set->selected)
        selected_distance =
            set->selected->info.root_distance + (set->selected->stratum - min_stratum) * weight;

    for (int i = 0; i < set->count; i++) {
        struct source *s = set->sources[i];
        if (s->status != STATUS_OK) {
            s->score = 1.0;
            s->distant = DISTANT_PENALTY;
            continue;
        }
        double distance = s->info.root_distance + (s->stratum - min_stratum) * weight;
        if (!s->refclock)
            distance += set->conf.reselect_distance;
        if (!set->selected)
            s->score = 1.0 / distance;
        else if (run->updated && (s == run->updated || set->selected == run->updated))
            s->score = fmax(1.0, s->score * selected_distance / distance);
        if (!candidate || s->score > candidate->score)
            candidate = s;
    }
    return candidate;
}

/* False: the candidate has to wait for an update, the run ends here. */
static bool choose(struct run *run)
{
    struct source_register *set = run->set;
    struct source *candidate = find_candidate(run);

    if (set->selected && set->selected->status == STATUS_OK &&
        (candidate == set->selected || !(candidate->score > SCORE_LIMIT)))
        return true;

    if (candidate->updates == 0) {
        source_register_deselect(set);
        mark_all_ok(set, STATUS_WAITS_UPDATE);
        return false;
    }
    set->selected = candidate;
    for (int i = 0; i < set->count; i++) {
        set->sources[i]->score = 1.0;
        set->sources[i]->distant = 0;
        set->sources[i]->reported = 0;
    }
    set->no_majority_reported = false;
    set->report_loss = false;
    set->first_report_done = true;
    return true;
}

int source_register_majority_leap(const struct source_register *set)
{
    int votes = 0, inserts = 0, deletes = 0;

    for (int i = 0; i < set->count; i++) {
        const struct source *s = set->sources[i];
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

static void update_reference(struct run *run)
{
    struct source_register *set = run->set;
    const struct source *selected = set->selected;
    struct samples_tracking tracking;

    for (int i = 0; i < set->count; i++)
        set->sources[i]->updates = 0;

    samples_tracking(selected->samples, &tracking);
    int combined = source_register_combine(set, run->list, run->length, &tracking);

    struct reference_update update = {
        .stratum = selected->stratum,
        .leap = source_register_majority_leap(set),
        .combined_sources = combined,
        .refid = selected->refid,
        .addr = selected->addr,
        .ref_time = tracking.ref_time,
        .offset = tracking.offset,
        .offset_sd = tracking.offset_sd,
        .frequency = tracking.frequency,
        .frequency_sd = tracking.frequency_sd,
        .skew = tracking.skew,
        .root_delay = tracking.root_delay,
        .root_dispersion = tracking.root_dispersion,
    };
    reference_update(set->env.reference, &update);
}

static void finish(struct run *run)
{
    struct source_register *set = run->set;

    source_mark(set->selected, STATUS_SELECTED, true);
    if (set->selected->updates > 0) {
        update_reference(run);
        return;
    }
    for (int i = 0; i < run->length; i++) {
        if (run->list[i]->status == STATUS_OK)
            source_mark(run->list[i], run->list[i]->distant ? STATUS_DISTANT : STATUS_COMBINED,
                        true);
    }
}

void source_register_select(struct source_register *set, struct source *updated)
{
    struct run run = {
        .set = set,
        .now = local_clock_event_time(set->env.clock, NULL),
        .updated = updated,
        .list = set->list,
    };

    if (source_register_is_held(set)) {
        assert(!updated);
        set->select_later = true;
        return;
    }
    set->select_later = false;
    if (updated) {
        updated->updates++;
        set->last_updated = updated;
    }
    if (set->count == 0) {
        deselect_with_message(set, "no sources");
        return;
    }

    test_sources(&run);
    if (!check_waiting(&run) || !find_intersection(&run))
        return;

    if (!collect_truechimers(&run))
        return;
    assign_leap_votes(&run);
    keep_preferred(&run);
    if (choose(&run))
        finish(&run);
}
