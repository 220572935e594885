/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intersection of the intervals of sources (discipline.md 13.6), a variant of Marzullo's algorithm
 * in which depth among trusted sources comes first. Called by selection; values are finite.
 */
#include "source/intersection.h"
#include <stdlib.h>

/* Each source says: the true offset lies between my low and my high end. Some of them are wrong. So
   we look for the interval that the largest number of sources have in common: if more than half of
   them agree, at least one of those is right, as long as fewer than half are wrong.
   Walk along the axis over the sorted ends. Each low end opens an interval, so one more source
   agrees from here on (depth + 1); each high end closes one. The best interval begins at the low
   end at which the depth is larger than ever before, and ends at the next high end: until there
   nobody drops out. A later place with the same depth moves the end only, so the best interval then
   reaches over both of them.
       A  [........]                 6 to 14
       B   [.........]               7 to 17    7 to 14 has depth 2 of 3: A and B agree,
       C                 [.....]    24 to 36    and C is a falseticker
   Trusted sources have a depth of their own, which is compared first: where the most of them agree,
   it does not matter how many others agree elsewhere. */
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
