/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `local` option (system.md 2.10, discipline.md 26.8): a free-running clock that is more stable
 * than the system clock stabilises it. The clock is never selected; what its samples say about
 * frequency and offset since the last one is applied to the system clock at once.
 */
#include <math.h>
#include "chronyd/refclock/clock.h"

#define WHOLE_SECOND 1.0

static void slew_own_samples(struct refclock *c, double dfreq, double doffset)
{
    struct clock_change change = {
        .type = CLOCK_ADJUST,
        .cooked = local_clock_now(c->set->env.clock, NULL),
        .dfreq = dfreq,
        .doffset = doffset,
    };

    source_slew(c->source, change.cooked, dfreq, doffset);
    sample_filter_clock_change(c->filter, &change);
}

void refclock_follow_local(struct refclock *c, const struct source_sample *sample)
{
    struct source_estimate before, after;
    bool known = source_estimate(c->source, &before);

    source_accumulate(c->source, sample);
    if (!source_estimate(c->source, &after) || !known)
        return;

    double dfreq = (after.frequency - before.frequency) / (1.0 - before.frequency);
    double doffset =
        after.offset - local_diff(after.time, before.time) * before.frequency - before.offset;
    if (!reference_follow_local(c->set->reference, dfreq, doffset))
        return;
    slew_own_samples(c, dfreq, doffset);

    /* Only the fraction of a second matters, and whole seconds would cost precision. */
    if (fabs(after.offset) >= WHOLE_SECOND) {
        double whole = round(after.offset);

        source_correct_offset(c->source, -whole);
        sample_filter_correct_offset(c->filter, -whole);
    }
}
