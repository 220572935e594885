/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands explain and clock (cmdmon.md 13.18, 13.19): asks the modules that own the facts for
 * their findings, in the order in which they are read, and hands out the part that was asked for.
 */
#include "chronyd/execute.h"

#include "base/finding.h"
#include "base/text.h"
#include "ntp/client/association.h"

enum cmd_status execute_clock(struct chronyd *d, request_p request, body_p body)
{
    reference_report_clock(d->reference, &body->clock);
    body->clock.controlled = d->options->control_clock;
    return CMD_STATUS_SUCCESS;
}

static void explain_clock(struct chronyd *d, struct findings *findings)
{
    char label[ADDR_LABEL_SIZE];
    bool selected = source_register_selected_label(d->sources, label, sizeof(label));
    struct report_smoothing smoothing;

    reference_explain_state(d->reference, selected ? label : NULL, findings);
    if (d->sources_started || source_register_count(d->sources) == 0) {
        if (!selected)
            source_register_explain(d->sources, findings);
    } else if (reference_mode(d->reference) != REFERENCE_INIT_STEP_SLEW) {
        findings_add(findings, FINDING_FIRST_LOOKUP);
    }
    ntp_sources_explain(d->ntp_sources, findings);
    reference_explain_changes(d->reference, d->options->control_clock, findings);
    nts_part_explain(d->nts_part, findings);
    if (!d->options->control_clock)
        findings_add(findings, FINDING_NOT_CONTROLLED);
    if (smoothing_report(d->smoothing, &smoothing) && smoothing.active && smoothing.offset != 0.0) {
        struct report_finding *finding = findings_add(findings, FINDING_SERVED_TIME_SMOOTHED);

        finding->value[0] = smoothing.offset;
        finding->value[1] = smoothing.remaining_time;
    }
}

static void add_if(struct findings *findings, const struct findings *from, bool errors)
{
    for (uint32_t i = 0; i < from->count; i++)
        if ((finding_severity(from->list[i].code) == FINDING_ERROR) == errors)
            *findings_add(findings, (enum finding_code)from->list[i].code) = from->list[i];
}

/* Whether the selection says it only since the source gives no measurements. */
static bool is_consequence(const struct report_finding *finding)
{
    return finding->code == FINDING_FEW_SAMPLES || finding->code == FINDING_UNREACHABLE ||
           finding->code == FINDING_ALL_SILENT || finding->code == FINDING_STALE ||
           finding->code == FINDING_SOURCE_UNSYNCHRONISED;
}

/* A source may be selected whose measurements are refused, or are yet to be used. */
static void correct_selected(struct chronyd *d, struct findings *findings)
{
    struct report_clock clock;

    reference_report_clock(d->reference, &clock);
    for (uint32_t i = 0; clock.state != REPORT_CLOCK_SYNCHRONISED && i < findings->count; i++)
        if (findings->list[i].code == FINDING_SELECTED)
            findings->list[i].code = FINDING_SELECTED_IN_VAIN;
}

/* What becomes of requests is no news when NTS says why none is sent, or answered. */
static void add_ntp(struct chronyd *d, const struct ip_addr *addr, struct findings *findings)
{
    const struct association *a = ntp_sources_find(d->ntp_sources, addr);
    struct findings ntp = {.count = 0};
    bool has_reason = false;

    if (a)
        association_explain_nts(a, findings);
    for (uint32_t i = 0; i < findings->count; i++)
        has_reason = has_reason || finding_severity(findings->list[i].code) == FINDING_ERROR;
    ntp_sources_explain_source(d->ntp_sources, addr, &ntp);
    for (uint32_t i = 0; i < ntp.count; i++) {
        enum finding_code code = ntp.list[i].code;

        if (!has_reason || (code != FINDING_FIRST_REQUEST && code != FINDING_NEVER_ANSWERED &&
                            code != FINDING_NO_ANSWER))
            *findings_add(findings, code) = ntp.list[i];
    }
}

/* What keeps the source from being used comes first, and the reason before the selection. */
static void add_source(struct chronyd *d, const struct source *source,
                       const struct findings *reasons, struct findings *findings)
{
    struct findings selection = {.count = 0}, kept = {.count = 0};

    add_if(findings, reasons, true);
    bool has_reason = findings->count > 0;
    source_explain(source, &selection);
    correct_selected(d, &selection);
    for (uint32_t i = 0; i < selection.count; i++)
        if (!has_reason || !is_consequence(&selection.list[i]))
            kept.list[kept.count++] = selection.list[i];
    add_if(findings, &kept, true);
    add_if(findings, &kept, false);
    add_if(findings, reasons, false);
}

static void explain_source(struct chronyd *d, const struct source *source,
                           struct report_explanation *e, struct findings *findings)
{
    struct findings reasons = {.count = 0};
    struct report_sourcestats stats;

    source_report_stats(source, &stats);
    e->addr = stats.addr;
    e->refid = stats.refid;
    if (source_is_refclock(source)) {
        e->subject = REPORT_SUBJECT_REFCLOCK;
        refclock_set_explain(d->refclocks, source, &reasons);
    } else {
        const char *name = ntp_sources_name(d->ntp_sources, &e->addr);

        e->subject = REPORT_SUBJECT_NTP;
        text_copy(e->name, sizeof(e->name), name ? name : "");
        add_ntp(d, &e->addr, &reasons);
    }
    add_source(d, source, &reasons, findings);
}

/* FNV-1a over the codes. */
static uint32_t sign(const struct findings *findings)
{
    uint32_t hash = 2166136261;

    for (uint32_t i = 0; i < findings->count; i++) {
        hash = (hash ^ (findings->list[i].code & 0xff)) * 16777619;
        hash = (hash ^ (uint32_t)findings->list[i].code >> 8) * 16777619;
    }
    return hash;
}

static void fill_in(struct chronyd *d, const struct findings *findings, uint32_t first,
                    struct report_explanation *e)
{
    struct report_clock clock;

    reference_report_clock(d->reference, &clock);
    e->generation = source_register_generation(d->sources);
    e->sources = (uint32_t)source_register_count(d->sources);
    e->synchronised = clock.state == REPORT_CLOCK_SYNCHRONISED;
    e->signature = sign(findings);
    e->total = findings->count;
    for (uint32_t i = first; i < findings->count && e->count < REPORT_FINDINGS_MAX; i++)
        e->findings[e->count++] = findings->list[i];
}

enum cmd_status execute_explain(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_explain *want = &request->u.explain;
    const struct source *source = source_register_get(d->sources, want->index);
    struct report_explanation *e = &body->explanation;
    struct findings findings = {.count = 0};

    if (want->index == CMD_EXPLAIN_CLOCK)
        explain_clock(d, &findings);
    else if (source)
        explain_source(d, source, e, &findings);
    fill_in(d, &findings, want->first, e);
    return CMD_STATUS_SUCCESS;
}

struct report_finding explain_worst(struct chronyd *d, const struct source *source)
{
    struct report_explanation unused = {0};
    struct findings findings = {.count = 0};
    struct report_finding worst = {0};

    explain_source(d, source, &unused, &findings);
    for (uint32_t i = 0; i < findings.count; i++)
        if (worst.code == 0 ||
            finding_severity(findings.list[i].code) > finding_severity(worst.code))
            worst = findings.list[i];
    return worst;
}
