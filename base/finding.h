/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon knows of why its clock is, or is not, synchronised: findings, each a code with
 * numbers. The module that owns the facts adds them (functions *_explain), the control protocol
 * carries them (cmdmon.md 13.18), and chronyc/finding_text.h has their sentences and says what each
 * number is.
 */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

#include <stddef.h>
#include <stdint.h>
#include "base/report.h"

enum finding_severity {
    FINDING_GOOD,    /* as it should be */
    FINDING_NOTE,    /* worth knowing; nothing has to be done */
    FINDING_WARNING, /* time is kept, but something is worse than it was meant to be */
    FINDING_ERROR,   /* this keeps the source, or the clock, from being used */
};

/* X(code, number, word, severity). Numbers and words are never used again. */
#define FINDINGS_OF_CLOCK(X)                                                                       \
    X(FINDING_SYNCHRONISED, 1, "synchronised", FINDING_GOOD)                                       \
    X(FINDING_NOT_SYNCHRONISED, 2, "not_synchronised", FINDING_ERROR)                              \
    X(FINDING_NO_SOURCES, 3, "no_sources", FINDING_ERROR)                                          \
    X(FINDING_LOCAL_REFERENCE, 4, "local_reference", FINDING_WARNING)

#define FINDINGS_OF_SOURCE(X)                                                                      \
    X(FINDING_SELECTED, 100, "selected", FINDING_GOOD)                                             \
    X(FINDING_COMBINED, 101, "combined", FINDING_GOOD)

#define FINDINGS_OF_NTP(X)

#define FINDINGS_OF_NTS(X)

#define FINDINGS(X) FINDINGS_OF_CLOCK(X) FINDINGS_OF_SOURCE(X) FINDINGS_OF_NTP(X) FINDINGS_OF_NTS(X)

#define FINDING_CODE(code, number, word, severity) code = number,
enum finding_code { FINDINGS(FINDING_CODE) };
#undef FINDING_CODE

/* What there is to say of one subject, in the order in which it is read. */
#define FINDINGS_MAX 24
struct findings {
    struct report_finding list[FINDINGS_MAX];
    uint32_t count;
};

/* Adds one without values, whose time is unknown, for the caller to fill in; valid until the next
   one is added. A full list gives an entry that is not counted. */
struct report_finding *findings_add(struct findings *findings, enum finding_code code);

/* The word of a code, for programs; NULL: not known. */
const char *finding_word(unsigned int code);
/* enum finding_severity; an unknown code is a note. */
enum finding_severity finding_severity(unsigned int code);

#endif
