/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a filter's claims hold (discipline.md 30.11): the distances of samples from their
 * predictions, in the standard deviations that the filter claims for them, have to have the
 * variance 1 and nothing to do with each other. Pure; nothing is allocated.
 */
#ifndef SOURCE_INNOVATIONS_H
#define SOURCE_INNOVATIONS_H

struct innovations {
    double sum;    /* of the distances, the last ones count most */
    double excess; /* mean square of the sum, relative to what it is to be */
    double count;  /* samples behind it */
};

void innovations_reset(struct innovations *innovations);
/* Takes the distance of a sample from its prediction in standard deviations. */
void innovations_add(struct innovations *innovations, double distance);
/* By what the variances that the filter claims have to be multiplied, 1 or more. */
double innovations_excess(const struct innovations *innovations);

#endif
