/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sentences of findings (base/finding.h): one row for each code says what it means, what can be
 * done, and what each of its values is. The report explain walks the rows, for people and for JSON;
 * a test holds them, the codes and the manual page together.
 */
#ifndef CHRONYC_FINDING_TEXT_H
#define CHRONYC_FINDING_TEXT_H

#include <stddef.h>
#include "base/instant.h"
#include "base/report.h"

/* How a value is written for people. In JSON it is a number, and the unit is a part of its key. */
enum finding_unit {
    UNIT_NUMBER,   /* a count, stratum, port, ratio: without decimals when it is whole */
    UNIT_TIME,     /* s, without its sign: "1.2 ms" */
    UNIT_SIGNED,   /* s, the same with its sign */
    UNIT_PPM,      /* "1.234 ppm" */
    UNIT_DURATION, /* s: "3 minutes", "2 days" */
    UNIT_CLOCK, /* s from now, negative: in the past: "14:03:20", local time; with the date unless
                      that is today */
    UNIT_DATE,  /* days since 1970-01-01: "2026-11-28", UTC */
    UNIT_PERCENT,
};

struct finding_value {
    const char *key; /* in JSON, and in braces in the texts; NULL: not used */
    enum finding_unit unit;
};

struct finding_text {
    unsigned int code; /* enum finding_code; 0 ends a table */

    /* {key} stands for a value, {text} for the text of the finding, {age} for the time that has
       passed since. In {key noun} the noun follows the value, with an s unless the value is 1. */
    const char *sentence;
    const char *advice; /* what to try, or NULL */
    struct finding_value values[REPORT_FINDING_VALUES];
    const char *text_key; /* of the text in JSON; NULL: there is none */
};

extern const struct finding_text finding_texts_clock[];
extern const struct finding_text finding_texts_source[];
extern const struct finding_text finding_texts_refclock[];
extern const struct finding_text finding_texts_ntp[];
extern const struct finding_text finding_texts_nts[];

/* NULL: this client does not know the code. */
const struct finding_text *finding_text_find(unsigned int code);

/* Enough for the longest sentence. */
#define FINDING_SENTENCE_SIZE 768
/* Fills in a template, sentence or advice of the row, with the values of a finding. now: of this
   host, to which times are relative. What does not fit is cut off. Returns buf. */
const char *finding_text_format(const struct finding_text *row, const char *template,
                                const struct report_finding *finding, struct instant now, char *buf,
                                size_t size);

#endif
