/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of what can become of an update of the reference. Pure; called by reference.c.
 */
#include "clock/update_verdict.h"
#include <stdio.h>
#include <string.h>
#include "base/text.h"

static const struct {
    const char *text;
    bool compared; /* value and limit are set */
} results[UPDATE_RESULTS] = {
    [UPDATE_SLEWED] = {"slewed, error within makestep", true},
    [UPDATE_SLEWED_ONLY] = {"slewed, steps are not allowed", false},
    [UPDATE_STEPPED] = {"stepped, error above makestep", true},
    [UPDATE_STEP_FAILED] = {"slewed, the step failed", true},
    [UPDATE_NOT_FINITE] = {"ignored, not finite", false},
    [UPDATE_TOO_LARGE] = {"ignored, offset above maxchange", true},
    [UPDATE_TOO_LARGE_ENDS] = {"the daemon ends, offset above maxchange", true},
    [UPDATE_MODE_ENDED] = {"ignored, the mode of operation has ended", false},
    [UPDATE_INITIAL_SLEW] = {"first correction, slewed below initstepslew", true},
    [UPDATE_INITIAL_STEP] = {"first correction, stepped by initstepslew", true},
    [UPDATE_SET_ONCE] = {"stepped, once", false},
    [UPDATE_PRINTED] = {"offset was only printed", false},
};

const char *update_verdict_format(const struct update_verdict *verdict, char *buf, size_t size)
{
    text_format_reason(buf, size, results[verdict->result].text, results[verdict->result].compared,
                       verdict->value, verdict->limit);
    size_t length = strlen(buf);
    if (verdict->keeps_frequency)
        snprintf(buf + length, size - length,
                 "; frequency kept, skew above maxupdateskew (%.3g, limit %.3g)", verdict->skew,
                 verdict->max_skew);
    return buf;
}

void update_tally_add(struct update_tally *tally, const struct update_verdict *verdict)
{
    tally->last = *verdict;
    tally->counts[verdict->result]++;
    if (verdict->keeps_frequency)
        tally->kept_frequency++;
}
