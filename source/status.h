/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict of the selection on each source and on the whole set: the state, and the figure that
 * was compared with a limit. Letters, texts and messages come from one table for each. Made by
 * selection.c and combine.c, kept by each record; read for reports and logs.
 */
#ifndef SOURCE_STATUS_H
#define SOURCE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/report.h"

/* discipline.md 13.1. Several of them have the same letter there. */
enum source_status {
    STATUS_OK, /* passed all tests so far; no source has it when a run has ended */
    STATUS_NOSELECT,
    STATUS_MISSING_SAMPLES,
    STATUS_UNSYNCHRONISED,
    STATUS_STRATUM_LOW,
    STATUS_STRATUM_HIGH,
    STATUS_BAD_DISTANCE,
    STATUS_JITTERY,
    STATUS_WAITS_STATS,
    STATUS_STALE,       /* no sample for longer than a reachable source has samples */
    STATUS_UNREACHABLE, /* for more polls than maxunreach */
    STATUS_ORPHAN,
    STATUS_UNTRUSTED,
    STATUS_FALSETICKER, /* its interval does not agree with that of the majority */
    STATUS_NO_MAJORITY, /* nor does any other */
    STATUS_WAITS_SOURCES,
    STATUS_WAITS_REQUIRED,
    STATUS_NOT_PREFERRED,
    STATUS_WAITS_UPDATE,
    STATUS_DISTANT,
    STATUS_DISTANT_FREQUENCY,
    STATUS_STILL_DISTANT, /* it was distant a few selections ago */
    STATUS_COMBINED,
    STATUS_SELECTED,

    SOURCE_STATUSES,
};

struct source_verdict {
    enum source_status status;
    double value, limit; /* seconds, a ratio or a number; 0 where nothing was compared */
};

char source_status_letter(enum source_status status);
/* What the sources report says. */
enum report_state source_status_reported(enum source_status status);
/* Four selections in a row with such a state, and the source is replaced (discipline.md 12.5). */
bool source_status_is_bad(enum source_status status);
/* The message that such a state deserves, a format for the label of the source and the limit; NULL:
   none (discipline.md 13.7). */
const char *source_status_message(enum source_status status);
/* Enough for the longest text of a verdict. */
#define SOURCE_VERDICT_SIZE 128
/* One line for people, with value and limit where they were compared. Returns buf. */
const char *source_verdict_format(const struct source_verdict *verdict, char *buf, size_t size);

/* How a run of the selection ended. */
enum selection_result {
    SELECTION_DONE, /* a source is selected */
    SELECTION_NO_SOURCES,
    SELECTION_WAITS_STATS,
    SELECTION_NONE_USABLE,          /* value: sources that are unreachable */
    SELECTION_NO_AGREEMENT,         /* value: sources that were asked */
    SELECTION_NO_MAJORITY,          /* value: sources that agree; limit: sources that were asked */
    SELECTION_NO_TRUSTED_AGREEMENT, /* the same among trusted sources */
    SELECTION_NO_TRUSTED_MAJORITY,
    SELECTION_NONE_AGREES, /* the trusted majority leaves none */
    SELECTION_NO_REQUIRED,
    SELECTION_NOT_ENOUGH, /* value: sources that agree; limit: minsources */
    SELECTION_WAITS_UPDATE,

    SELECTION_RESULTS,
};

struct selection_verdict {
    enum selection_result result;
    int value, limit; /* 0 where the list above says nothing */
};

/* One line for people. Returns buf. */
const char *selection_verdict_format(const struct selection_verdict *verdict, char *buf,
                                     size_t size);

#endif
