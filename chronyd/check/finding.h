/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --check has found: a list that is sorted by place and printed once (daemon.md 24). Each
 * finding says where, what, why, and what to do. It knows nothing of time or files.
 */
#ifndef CHRONYD_CHECK_FINDING_H
#define CHRONYD_CHECK_FINDING_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Ordered by weight. A note tells what could not be looked at. */
enum check_severity { CHECK_NOTE, CHECK_WARNING, CHECK_ERROR };

/* Where something is: a line of a file. */
struct check_place {
    const char *file; /* NULL: a directive of the command line, number `line` */
    int line;         /* 0: no line, but the file as a whole */
    size_t order;     /* of its reading, which is the order of the findings */
};

struct check_finding {
    enum check_severity severity;
    struct check_place place;
    char *directive; /* that it is about; NULL: the text says it */
    char *text;
    char *fix; /* NULL until check_findings_set_fix() */
};

/* An array that has room for 2^N - 1 items is full. */
static inline bool check_is_full(size_t count)
{
    return (count & (count + 1)) == 0;
}

struct check_findings {
    struct check_finding *items;
    size_t count;
};

/* Adds a copy. The file of the place has to live as long as the list; the rest is copied. What is
   not printable ASCII becomes `?`, also in names of files when they are printed. */
void check_findings_add(struct check_findings *findings, enum check_severity severity,
                        const struct check_place *place, const char *directive, const char *format,
                        va_list args);
/* What can be done about the finding that was added last. */
void check_findings_set_fix(struct check_findings *findings, const char *format, va_list args);
/* Frees the items, and leaves an empty list. */
void check_findings_clear(struct check_findings *findings);

size_t check_findings_count(const struct check_findings *findings, enum check_severity severity);
/* In the order of their places, each in two lines, then one line with their numbers, which begins
   with what was checked. */
void check_findings_print(struct check_findings *findings, const char *what, bool colour,
                          FILE *out);
/* Exit status: 0 nothing or notes, 1 warnings, 2 errors. */
int check_findings_status(const struct check_findings *findings);

#endif
