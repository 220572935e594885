/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reference knows of the state of the clock, as findings (cmdmon.md 13.18). Nothing here
 * changes state.
 */
#include <math.h>

#include "base/number.h"
#include "base/refid.h"
#include "base/text.h"
#include "clock/reference_state.h"

/* A correction of this size (s) that goes on for this long (s) deserves a sentence. */
#define LARGE_OFFSET 0.1
#define LONG_SLEW    10.0
/* So does a step within this time (s). */
#define RECENT_STEP    3600.0
#define SECONDS_OF_DAY 86400
/* Oscillators are better than that, also without a measurement: with a larger skew nothing is known
   of the frequency. */
#define UNKNOWN_FREQUENCY 500e-6

static uint32_t seconds_since(const struct reference *r, double uptime)
{
    return (uint32_t)fmax(0.0, loop_uptime(r->loop) - uptime);
}

/* The source that the clock was synchronised to, if it is not selected any more. */
static const char *last_source(const struct reference *r, char *buf, size_t size)
{
    return ip_addr_is_real(&r->addr) ? ip_addr_format(&r->addr, buf, size)
                                     : refid_format(r->refid, buf, size);
}

static void explain_synchronised(const struct reference *r, const char *source,
                                 const struct report_clock *clock, struct findings *findings)
{
    char last[ADDR_TEXT_SIZE];
    struct local_time now = local_clock_now(r->clock, NULL);
    double age = reference_root_dispersion(r, now) - r->root_dispersion;
    const struct {
        enum finding_code code;
        double part;
    } parts[] = {
        {FINDING_BOUND_DELAY, 0.5 * r->root_delay},
        {FINDING_BOUND_DISPERSION, r->root_dispersion},
        {r->skew > UNKNOWN_FREQUENCY ? FINDING_FREQUENCY_UNKNOWN : FINDING_BOUND_AGE, age},
        {FINDING_BOUND_OFFSET, fabs(clock->offset)},
    };
    struct report_finding *finding =
        findings_add(findings, source ? FINDING_SYNCHRONISED : FINDING_HOLDING);
    size_t largest = 0;

    if (!source)
        source = last_source(r, last, sizeof(last));
    finding_set_text(finding, source);

    finding->ago = clock->last_update_ago;
    finding->value[0] = clock->bound;
    finding->value[1] = clock->bound_growth_ppm;
    finding->value[2] = r->stratum;
    for (size_t i = 1; i < COUNT(parts); i++)
        if (parts[i].part > parts[largest].part)
            largest = i;
    finding = findings_add(findings, parts[largest].code);
    finding->ago = clock->last_update_ago;
    finding_set_text(finding, source);
    finding->value[0] = parts[largest].part;
}

static void explain_local(const struct reference *r, struct findings *findings)
{
    double since =
        fmax(r->unsynchronised_since + fmax(r->conf.local.wait_unsynced, 0.0), r->local_enabled);
    struct report_finding *finding = findings_add(
        findings, r->conf.local.orphan ? FINDING_LOCAL_ORPHAN : FINDING_LOCAL_REFERENCE);

    finding->value[0] = r->conf.local.stratum;
    if (!r->synchronised)
        finding->ago = seconds_since(r, since);
    else
        finding->ago = 0;
}

static void explain_refusal(const struct reference *r, enum finding_code code,
                            struct findings *findings)
{
    struct report_finding *finding = findings_add(findings, code);

    finding->value[0] = r->updates.last.value;
    finding->value[1] = r->updates.last.limit;
    finding->value[2] = r->updates.counts[UPDATE_TOO_LARGE];
}

/* What became of the last update. */
static void explain_update(const struct reference *r, struct findings *findings)
{
    const struct update_verdict *last = &r->updates.last;

    switch (last->result) {
    case UPDATE_TOO_LARGE:
        explain_refusal(r, FINDING_UPDATE_REFUSED, findings);
        return;
    case UPDATE_TOO_LARGE_ENDS:
        explain_refusal(r, FINDING_UPDATE_REFUSED_ENDS, findings);
        return;
    case UPDATE_STEP_FAILED:
        findings_add(findings, FINDING_STEP_FAILED)->value[0] = last->value;
        break;
    default:
        break;
    }
    if (!last->keeps_frequency)
        return;
    struct report_finding *finding = findings_add(findings, FINDING_FREQUENCY_KEPT);
    finding->value[0] = 1e6 * last->skew;
    finding->value[1] = 1e6 * last->max_skew;
}

/* An offset that takes long to correct, and why it is not stepped. */
static void explain_slew(const struct reference *r, const struct report_clock *clock,
                         struct findings *findings)
{
    const struct update_verdict *last = &r->updates.last;

    if (fabs(clock->offset) < LARGE_OFFSET || clock->slew_left < LONG_SLEW)
        return;
    struct report_finding *finding = findings_add(findings, FINDING_LARGE_SLEW);
    finding->value[0] = clock->offset;
    finding->value[1] = clock->slew_rate_ppm;
    finding->value[2] = clock->slew_left;
    if (last->result == UPDATE_SLEWED) {
        findings_add(findings, FINDING_SLEW_BELOW_STEP)->value[0] = r->conf.makestep.threshold;
    } else if (last->result == UPDATE_SLEWED_ONLY) {
        findings_add(findings, FINDING_SLEW_NO_STEP);
    }
}

static void explain_steps(const struct reference *r, const struct report_clock *clock,
                          struct findings *findings)
{
    if (clock->steps > 0 && clock->last_step_ago < RECENT_STEP) {
        struct report_finding *finding = findings_add(findings, FINDING_STEPPED);

        finding->ago = clock->last_step_ago;
        finding->value[0] = clock->last_step;
        finding->value[1] = clock->steps;
    }
    if (r->external_steps > 0 && seconds_since(r, r->last_external_step) < RECENT_STEP) {
        struct report_finding *finding = findings_add(findings, FINDING_STEPPED_BY_OTHERS);

        finding->ago = seconds_since(r, r->last_external_step);
        finding->value[0] = r->external_step;
        finding->value[1] = r->external_steps;
    }
}

static void explain_leap(const struct reference *r, struct findings *findings)
{
    int64_t now = local_clock_now(r->clock, NULL).i.sec;

    if (leap_in_progress(r->leap_second)) {
        findings_add(findings, FINDING_LEAP_IN_PROGRESS);
    } else if (r->leap == LEAP_INSERT || r->leap == LEAP_DELETE) {
        struct report_finding *finding = findings_add(findings, FINDING_LEAP_SECOND);

        finding->value[0] = r->leap == LEAP_INSERT ? 1.0 : -1.0;
        finding->value[1] = (double)(SECONDS_OF_DAY - now % SECONDS_OF_DAY);
    }
}

void reference_explain_state(struct reference *r, const char *source, struct findings *findings)
{
    struct report_clock clock;

    reference_report_clock(r, &clock);
    if (clock.state == REPORT_CLOCK_SYNCHRONISED)
        explain_synchronised(r, source, &clock, findings);
    else
        findings_add(findings, FINDING_NOT_SYNCHRONISED)->ago =
            seconds_since(r, r->unsynchronised_since);
}

void reference_explain_changes(struct reference *r, bool controlled, struct findings *findings)
{
    struct report_clock clock;

    reference_report_clock(r, &clock);
    if (clock.state == REPORT_CLOCK_LOCAL)
        explain_local(r, findings);
    if (r->mode == REFERENCE_INIT_STEP_SLEW)
        findings_add(findings, FINDING_INITIAL_OFFSET);
    explain_update(r, findings);
    if (controlled)
        explain_slew(r, &clock, findings);
    explain_steps(r, &clock, findings);
    explain_leap(r, findings);
}
