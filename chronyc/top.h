/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen of the command top (chronyc.md 10.23): the clock, sources, the server and events,
 * from reports that are asked for again and again. top.c asks, counts and remembers; top_layout.c
 * prints.
 */
#ifndef CHRONYC_TOP_H
#define CHRONYC_TOP_H

#include "base/instant.h"
#include "chronyc/client.h"
#include "metrics/facts.h"

#define TOP_EVENTS     32
#define TOP_EVENT_SIZE 120
#define TOP_COURSE     200 /* columns of the sparkline at most */

struct top_event {
    struct instant time;
    char text[TOP_EVENT_SIZE];
};

/* Zeros at first. */
struct top {
    struct facts facts;    /* of now */
    struct facts previous; /* of the round before */
    struct instant now, before;
    uint64_t rounds;
    bool has_previous;

    struct report_finding
        problem;                /* why the clock is not synchronised; code 0: it is, or unknown */
    double offsets[TOP_COURSE]; /* of the clock (s), the newest last; NAN: not known */
    struct top_event events[TOP_EVENTS]; /* the newest last */
    size_t event_count;
};

/* Takes the facts over, and notes what has changed since the last ones. now: of this host. */
void top_update(struct top *top, struct facts *facts, struct instant now);
void top_free(struct top *top);

struct top_style {
    bool color;
    bool utf8;
    int columns;
};

/* Prints the screen, in lines of no more than style->columns characters. */
void top_print(const struct top *top, const struct top_style *style, FILE *out);

#endif
