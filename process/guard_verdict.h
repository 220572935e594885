/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guard of the clock says to a request: allowed, or why not. Made by
 * clock/guard_policy.c, told to the main process in each reply, and shown by it.
 */
#ifndef PROCESS_GUARD_VERDICT_H
#define PROCESS_GUARD_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

enum guard_verdict {
    GUARD_ALLOWED,
    GUARD_BAD_NUMBER,     /* not finite, denormal, or out of all range */
    GUARD_TOO_MANY,       /* changes a second */
    GUARD_FREQUENCY,      /* ppm, beyond maxdrift and maxslewrate */
    GUARD_STEP_NOT_NOW,   /* makestep does not allow a step at this update */
    GUARD_STEP_SMALL,     /* s, not above the threshold of makestep or initstepslew */
    GUARD_STEP_MAXCHANGE, /* s, above maxchange */
    GUARD_STEP_TIME,      /* s; the new time could not be true */
    GUARD_STEP_LIMIT,     /* s, a command, above the limit of clockstep */
    GUARD_STEP_HOUR,      /* more steps by command in an hour than clockstep allows */
    GUARD_STEP_START,     /* no such step at the start is configured, or it was made */
    GUARD_STEP_LEAP,      /* there is no leap second now, or it is not the daemon's to apply */
    GUARD_STATUS,         /* errors that the status of the kernel cannot have */
    GUARD_LEAP,           /* no leap second that could come at the end of this day */
    GUARD_TAI,            /* s, no offset that TAI could have */
    GUARD_RTC_OFF,        /* the RTC is not tracked */
    GUARD_RTC_DEVICE,     /* the descriptor is not that of an RTC */
    GUARD_RTC_TIME,       /* s, too far from the time of the system clock */
    GUARD_RTC_TOO_MANY,   /* settings of the RTC */
};
#define GUARD_VERDICTS (GUARD_RTC_TOO_MANY + 1)

struct guard_judgement {
    enum guard_verdict verdict;
    double value, limit; /* 0 where nothing was compared */
};

/* Text for people. */
const char *guard_verdict_text(enum guard_verdict verdict);
/* Enough for the longest text. */
#define GUARD_JUDGEMENT_SIZE 192
/* The same with value and limit. Returns buf. */
const char *guard_judgement_format(const struct guard_judgement *judgement, char *buf, size_t size);

#endif
