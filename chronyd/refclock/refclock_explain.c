/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a reference clock, as findings (cmdmon.md 13.18): whether its device gives
 * samples, and why they are not used. Nothing here changes state.
 */
#include <stdio.h>

#include "base/refid.h"
#include "base/text.h"
#include "chronyd/refclock/clock.h"

/* Polls without a sample after which a clock counts as silent. */
#define SILENT_POLLS 2.5

static uint32_t seconds_since(const struct refclock *c, double uptime)
{
    return (uint32_t)(loop_uptime(c->set->env.loop) - uptime);
}

static void put_device(const struct refclock *c, struct report_finding *finding)
{
    char text[REPORT_FINDING_TEXT + 2];

    snprintf(text, sizeof(text), "%s %s", c->conf.driver, c->parameter);
    finding_set_text(finding, text);
}

static bool is_fresh(const struct refclock *c, double time)
{
    double poll = log2_to_seconds(c->conf.poll);

    return loop_uptime(c->set->env.loop) - time <= SILENT_POLLS * (poll > 1.0 ? poll : 1.0);
}

static void explain_ignored(const struct refclock *c, struct findings *findings)
{
    struct report_finding *finding = findings_add(findings, c->ignored.code);

    finding->ago = seconds_since(c, c->ignored.time);
    finding->value[0] = c->ignored.value;
    finding->value[1] = c->ignored.limit;
    finding->value[2] = c->ignored.count;
    if (c->ignored.code == FINDING_REFCLOCK_LOCK_SILENT ||
        c->ignored.code == FINDING_REFCLOCK_LOCK_DIFFERS)
        refid_format(c->lock->refid, finding->text, sizeof(finding->text));
    else
        put_device(c, finding);
}

static void explain_silence(const struct refclock *c, struct findings *findings)
{
    struct report_finding *finding = findings_add(findings, FINDING_REFCLOCK_SILENT);

    finding->ago = seconds_since(c, c->last_sample); /* without one, since the start */
    finding->value[0] = c->samples;
    put_device(c, finding);
}

/* The option lock names a clock that does not exist, or itself. */
static bool lock_is_missing(const struct refclock *c)
{
    return c->conf.lock_refid != 0 && !c->conf.local && (!c->lock || c->lock == c);
}

static void explain(const struct refclock *c, struct findings *findings)
{
    if (lock_is_missing(c))
        refid_format(c->conf.lock_refid, findings_add(findings, FINDING_REFCLOCK_NO_LOCK)->text,
                     REPORT_FINDING_TEXT);
    if (!c->data) {
        finding_set_text(findings_add(findings, FINDING_REFCLOCK_NO_DEVICE),
                         c->failure ? c->failure : "");
    } else if (c->bad_input) {
        finding_set_text(findings_add(findings, FINDING_REFCLOCK_BAD_INPUT), c->bad_input_text);
    } else if (c->samples > 0 && is_fresh(c, c->last_sample)) {
        struct report_finding *finding = findings_add(findings, FINDING_REFCLOCK_SAMPLES);

        finding->ago = seconds_since(c, c->last_sample);
        finding->value[0] = c->samples;
        put_device(c, finding);
    } else if (c->ignored.code != 0 && is_fresh(c, c->ignored.time)) {
        explain_ignored(c, findings);
    } else {
        explain_silence(c, findings);
    }
}

void refclock_set_explain(const struct refclock_set *set, const struct source *source,
                          struct findings *findings)
{
    for (int i = 0; i < set->count; i++)
        if (set->clocks[i]->source == source)
            explain(set->clocks[i], findings);
}
