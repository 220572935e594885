/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the selection says of each source and of them all, as findings (cmdmon.md 13.18). The
 * figures are those of the last run. Nothing here changes state.
 */
#include <math.h>

#include "base/text.h"
#include "conf/source_options.h"
#include "source/record.h"

/* For a regression. */
#define SAMPLES_WANTED 3

/* What a status becomes; that of noselect depends on the reason. */
static const enum finding_code codes[SOURCE_STATUSES] = {
    [STATUS_OK] = FINDING_WAITS_SAMPLES,
    [STATUS_MISSING_SAMPLES] = FINDING_FEW_SAMPLES,
    [STATUS_UNSYNCHRONISED] = FINDING_SOURCE_UNSYNCHRONISED,
    [STATUS_STRATUM_LOW] = FINDING_STRATUM_LOW,
    [STATUS_STRATUM_HIGH] = FINDING_STRATUM_HIGH,
    [STATUS_BAD_DISTANCE] = FINDING_DISTANCE,
    [STATUS_JITTERY] = FINDING_JITTERY,
    [STATUS_WAITS_STATS] = FINDING_WAITS_SAMPLES,
    [STATUS_STALE] = FINDING_STALE,
    [STATUS_UNREACHABLE] = FINDING_UNREACHABLE,
    [STATUS_ORPHAN] = FINDING_ORPHAN,
    [STATUS_UNTRUSTED] = FINDING_UNTRUSTED,
    [STATUS_FALSETICKER] = FINDING_FALSETICKER,
    [STATUS_NO_MAJORITY] = FINDING_DISAGREES,
    [STATUS_WAITS_SOURCES] = FINDING_WAITS_SOURCES,
    [STATUS_WAITS_REQUIRED] = FINDING_WAITS_REQUIRED,
    [STATUS_NOT_PREFERRED] = FINDING_NOT_PREFERRED,
    [STATUS_WAITS_UPDATE] = FINDING_WAITS_UPDATE,
    [STATUS_DISTANT] = FINDING_DISTANT,
    [STATUS_DISTANT_FREQUENCY] = FINDING_DISTANT_FREQUENCY,
    [STATUS_STILL_DISTANT] = FINDING_STILL_DISTANT,
    [STATUS_COMBINED] = FINDING_COMBINED,
    [STATUS_SELECTED] = FINDING_SELECTED,
};

static double centre(const struct source *s)
{
    return 0.5 * (s->info.low + s->info.high);
}

static void put_label(const struct source *s, struct report_finding *finding)
{
    char label[ADDR_LABEL_SIZE];

    finding_set_text(finding, source_label(s, label, sizeof(label)));
}

/* How far the clock of a source is ahead of that of another one, and what their errors allow. The
   intervals are those of offsets, which are positive when the clock of this host is ahead. */
static void compare(const struct source *s, const struct source *other,
                    struct report_finding *finding)
{
    finding->value[0] = centre(other) - centre(s);
    finding->value[1] = s->info.root_distance + other->info.root_distance;
    put_label(other, finding);
}

/* The first other source for which a condition holds; NULL: none. */
static const struct source *find_other(const struct source *s,
                                       bool (*condition)(const struct source *other))
{
    for (int i = 0; i < s->reg->count; i++)
        if (s->reg->sources[i] != s && condition(s->reg->sources[i]))
            return s->reg->sources[i];
    return NULL;
}

static bool is_in_majority(const struct source *s)
{
    return source_status_reported(s->verdict.status) == REPORT_SELECTED ||
           source_status_reported(s->verdict.status) == REPORT_COMBINED ||
           source_status_reported(s->verdict.status) == REPORT_SELECTABLE;
}

static bool is_trusted(const struct source *s)
{
    return (s->options & SELECT_TRUST) != 0 && is_in_majority(s);
}

static bool is_required(const struct source *s)
{
    return (s->options & SELECT_REQUIRE) != 0;
}

static bool is_preferred(const struct source *s)
{
    return (s->options & SELECT_PREFER) != 0 && is_in_majority(s);
}

static bool is_authenticated(const struct source *s)
{
    return !s->refclock && s->authenticated;
}

/* The source that a falseticker is compared with: the selected one, or one that agrees with it. */
static const struct source *majority_member(const struct source *s)
{
    const struct source *selected = s->reg->selected;

    return selected && selected != s ? selected : find_other(s, is_in_majority);
}

/* Without a majority: the source that is nearest among those that were asked. */
static const struct source *nearest_voter(const struct source *s)
{
    const struct source *nearest = NULL;

    for (int i = 0; i < s->reg->count; i++) {
        const struct source *other = s->reg->sources[i];

        if (other == s || other->verdict.status != STATUS_NO_MAJORITY)
            continue;
        if (!nearest || fabs(centre(other) - centre(s)) < fabs(centre(nearest) - centre(s)))
            nearest = other;
    }
    return nearest;
}

static void explain_noselect(const struct source *s, struct findings *findings)
{
    const struct source *authenticated = find_other(s, is_authenticated);

    if (s->conf_options & SELECT_NOSELECT)
        findings_add(findings, FINDING_NOSELECT);
    else if (authenticated)
        put_label(authenticated, findings_add(findings, FINDING_NOT_AUTHENTICATED));
    else
        findings_add(findings, FINDING_NOTHING_AUTHENTICATED);
}

/* The code of a verdict. Trusted sources overrule a majority of others, and a source may be the
   latest one of which anything is known. */
static enum finding_code code_of(const struct source *s)
{
    switch (s->verdict.status) {
    case STATUS_FALSETICKER:
        return find_other(s, is_trusted) ? FINDING_CONTRADICTS_TRUSTED : FINDING_FALSETICKER;
    case STATUS_STALE:
        return s->verdict.limit > 0.0 ? FINDING_STALE : FINDING_ALL_SILENT;
    default:
        return codes[s->verdict.status];
    }
}

/* Names the source that a verdict is about, if there is one. */
static void name_other(const struct source *s, struct report_finding *finding)
{
    const struct source *other = NULL;

    switch (s->verdict.status) {
    case STATUS_FALSETICKER:
        other = find_other(s, is_trusted);
        if (!other)
            other = majority_member(s);
        break;
    case STATUS_NO_MAJORITY:
        other = nearest_voter(s);
        break;
    case STATUS_UNTRUSTED:
        other = find_other(s, is_trusted);
        break;
    case STATUS_WAITS_REQUIRED:
        other = find_other(s, is_required);
        break;
    case STATUS_NOT_PREFERRED:
        other = find_other(s, is_preferred);
        break;
    default:
        return;
    }
    if (other && s->verdict.status != STATUS_WAITS_REQUIRED &&
        s->verdict.status != STATUS_NOT_PREFERRED)
        compare(s, other, finding);
    else if (other)
        put_label(other, finding);
    else
        finding_set_text(finding, "none");
}

void source_explain(const struct source *s, struct findings *findings)
{
    if (s->verdict.status == STATUS_NOSELECT) {
        explain_noselect(s, findings);
        return;
    }
    if (s->verdict.status == STATUS_MISSING_SAMPLES && samples_count(s->samples) == 0)
        return; /* the reason is not the selection's */
    struct report_finding *finding = findings_add(findings, code_of(s));

    finding->value[0] = s->verdict.value;
    finding->value[1] = s->verdict.limit;
    switch (s->verdict.status) {
    case STATUS_MISSING_SAMPLES:
        finding->value[0] = samples_count(s->samples);
        finding->value[1] = SAMPLES_WANTED;
        break;
    case STATUS_DISTANT_FREQUENCY:
        finding->value[0] *= 1e6;
        finding->value[1] *= 1e6;
        break;
    default:
        name_other(s, finding);
        break;
    }
}

/* ---- All sources ---- */

static const enum finding_code results[SELECTION_RESULTS] = {
    [SELECTION_NO_SOURCES] = FINDING_NO_SOURCES,
    [SELECTION_WAITS_STATS] = FINDING_WAITING_FOR_SAMPLES,
    [SELECTION_NONE_USABLE] = FINDING_NONE_USABLE,
    [SELECTION_NO_AGREEMENT] = FINDING_NO_AGREEMENT,
    [SELECTION_NO_MAJORITY] = FINDING_TOO_FEW_AGREE,
    [SELECTION_NO_TRUSTED_AGREEMENT] = FINDING_NO_TRUSTED_AGREEMENT,
    [SELECTION_NO_TRUSTED_MAJORITY] = FINDING_TOO_FEW_TRUSTED_AGREE,
    [SELECTION_NONE_AGREES] = FINDING_NONE_AGREES,
    [SELECTION_NO_REQUIRED] = FINDING_NO_REQUIRED,
    [SELECTION_NOT_ENOUGH] = FINDING_NOT_ENOUGH,
    [SELECTION_WAITS_UPDATE] = FINDING_WAITING_FOR_UPDATE,
};

void source_register_explain(const struct source_register *reg, struct findings *findings)
{
    const struct selection_verdict *verdict = &reg->verdict;

    if (reg->count == 0) {
        findings_add(findings, FINDING_NO_SOURCES);
        return;
    }
    if (verdict->result == SELECTION_NO_SOURCES || verdict->result == SELECTION_DONE) {
        /* Sources were added, or the selected one was lost, after the last run. */
        if (!reg->selected)
            findings_add(findings, FINDING_WAITING_FOR_SAMPLES)->value[0] = reg->count;
        return;
    }
    struct report_finding *finding = findings_add(findings, results[verdict->result]);
    finding->value[0] = verdict->value;
    finding->value[1] = verdict->limit;
    finding->value[2] = reg->count;
}

bool source_register_selected_label(const struct source_register *reg, char *buf, size_t size)
{
    char label[ADDR_LABEL_SIZE];

    if (!reg->selected)
        return false;
    text_copy(buf, size, source_label(reg->selected, label, sizeof(label)));
    return true;
}
