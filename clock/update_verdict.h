/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reference did with an update: corrected the clock, and how, or not, and why. Made by
 * reference.c, which keeps the last one and counts them; read for logs and reports.
 */
#ifndef CLOCK_UPDATE_VERDICT_H
#define CLOCK_UPDATE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum update_result {
    UPDATE_SLEWED,      /* the error is not above the threshold of makestep */
    UPDATE_SLEWED_ONLY, /* makestep is not set, or its number of updates is used up */
    UPDATE_STEPPED,     /* the error is above the threshold of makestep */
    UPDATE_STEP_FAILED, /* so it was; the clock did not step and is slewed */
    /* Ignored. */
    UPDATE_NOT_FINITE,
    UPDATE_TOO_LARGE,      /* the offset is above maxchange */
    UPDATE_TOO_LARGE_ENDS, /* too often: the daemon ends */
    UPDATE_MODE_ENDED,     /* the daemon is about to end, or to begin normal operation */
    /* One-shot modes (discipline.md 19.1). */
    UPDATE_INITIAL_SLEW, /* the offset is below the threshold of initstepslew */
    UPDATE_INITIAL_STEP,
    UPDATE_SET_ONCE,
    UPDATE_PRINTED,

    UPDATE_RESULTS,
};

struct update_verdict {
    enum update_result result;
    double value, limit; /* seconds; 0 where nothing was compared */
    /* Normal updates: the skew of the measurement against maxupdateskew, ratios. Above it the
       frequency of the clock stays. */
    double skew, max_skew;
    bool keeps_frequency;
};

struct update_tally {
    struct update_verdict last;
    uint32_t counts[UPDATE_RESULTS];
    uint32_t kept_frequency;
};

/* Enough for the longest text. */
#define UPDATE_VERDICT_SIZE 192
/* One line for people, with values and limits. Returns buf. */
const char *update_verdict_format(const struct update_verdict *verdict, char *buf, size_t size);

void update_tally_add(struct update_tally *tally, const struct update_verdict *verdict);

#endif
