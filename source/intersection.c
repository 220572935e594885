/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intersection of the intervals of sources (discipline.md 13.6), a variant of Marzullo's algorithm
 * in which depth among trusted sources comes first. Called by selection; values are finite.
 */
#include "source/intersection.h"
#include <stdlib.h>

static int compare_endpoints(const void *a, const void *b)
{
    const struct endpoint *x = a;
    const struct endpoint *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (int)y->low - (int)x->low;
}

struct intersection intersection_find(struct endpoint *endpoints, size_t count)
{
    struct intersection best = {0};
    int depth = 0, trust_depth = 0;

    qsort(endpoints, count, sizeof(*endpoints), compare_endpoints);
    for (size_t i = 0; i < count; i++) {
        const struct endpoint *e = &endpoints[i];
        if (e->low) {
            depth++;
            if (e->trust)
                trust_depth++;
            if (trust_depth > best.trust_depth ||
                (trust_depth == best.trust_depth && depth > best.depth)) {
                if (trust_depth > best.trust_depth) {
                    best.trust_depth = trust_depth;
                    best.trust_low = e->value;
                }
                best.depth = depth;
                best.low = e->value;
            }
        } else {
            if (trust_depth == best.trust_depth) {
                if (depth == best.depth)
                    best.high = e->value;
                best.trust_high = e->value;
            }
            if (e->trust)
                trust_depth--;
            depth--;
        }
    }
    return best;
}
