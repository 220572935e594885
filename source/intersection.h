/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interval of the offset that most sources agree on (discipline.md 13.6). Pure.
 */
#ifndef SOURCE_INTERSECTION_H
#define SOURCE_INTERSECTION_H

#include <stdbool.h>
#include <stddef.h>

struct endpoint {
    double value;
    bool low;   /* false: high end of an interval */
    bool trust; /* the source is trusted */
};

struct intersection {
    double low, high;             /* of the deepest intersection */
    double trust_low, trust_high; /* of the deepest intersection of trusted sources */
    int depth;                    /* sources in it */
    int trust_depth;              /* 0: no trusted source, and no trust limits */
};

/* The endpoints, two for each source, are sorted in place. */
struct intersection intersection_find(struct endpoint *endpoints, size_t count);

#endif
