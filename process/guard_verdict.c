/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of what the guard of the clock may say. Pure.
 */
#include "process/guard_verdict.h"
#include "base/text.h"

static const struct {
    const char *text;
    bool compared; /* value and limit are set */
} verdicts[GUARD_VERDICTS] = {
    [GUARD_ALLOWED] = {"allowed", false},
    [GUARD_BAD_NUMBER] = {"not a usable number", false},
    [GUARD_TOO_MANY] = {"more changes in a second than slewing needs", true},
    [GUARD_FREQUENCY] = {"frequency in ppm above maxdrift and maxslewrate", true},
    [GUARD_STEP_NOT_NOW] = {"makestep does not allow a step at this update", true},
    [GUARD_STEP_SMALL] = {"step in seconds not above the threshold", true},
    [GUARD_STEP_MAXCHANGE] = {"step in seconds above maxchange", true},
    [GUARD_STEP_TIME] = {"step in seconds to a time that cannot be true", false},
    [GUARD_STEP_LIMIT] = {"step in seconds by command above the limit of clockstep", true},
    [GUARD_STEP_HOUR] = {"more steps by command in an hour than clockstep allows", true},
    [GUARD_STEP_START] = {"no such step at the start is configured, or it was made", false},
    [GUARD_STEP_LEAP] = {"no leap second is to be applied by a step now", false},
    [GUARD_STATUS] = {"no error that the status of the clock can have", false},
    [GUARD_LEAP] = {"no leap second can come at the end of this day", false},
    [GUARD_TAI] = {"TAI offset in seconds out of range", true},
    [GUARD_RTC_OFF] = {"the RTC is not tracked", false},
    [GUARD_RTC_DEVICE] = {"the device is not an RTC", false},
    [GUARD_RTC_TIME] = {"RTC in seconds too far from the system clock", true},
    [GUARD_RTC_TOO_MANY] = {"RTC set too often", true},
};

const char *guard_verdict_text(enum guard_verdict verdict)
{
    return verdicts[verdict].text;
}

const char *guard_judgement_format(const struct guard_judgement *judgement, char *buf, size_t size)
{
    return text_format_reason(buf, size, verdicts[judgement->verdict].text,
                              verdicts[judgement->verdict].compared, judgement->value,
                              judgement->limit);
}
