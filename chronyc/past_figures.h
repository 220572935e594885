/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of a report about the past (chronyc.md 10.22): what a history file says of a period,
 * in numbers. Pure functions over struct history; called by the command report.
 */
#ifndef CHRONYC_PAST_FIGURES_H
#define CHRONYC_PAST_FIGURES_H

#include "history/history.h"

/* Records are a minute apart. What is missing between two that are further apart than this (s) is
   a gap; the later record then stands for its own minute only. */
#define PAST_MINUTE  60
#define PAST_GAP_MIN 150

/* Seconds since 1970. Samples and events at both ends are in it; the minute that a record at its
   begin stands for is not. */
struct past_period {
    int64_t from, to;
};

/* What a moment of the period is, as an auditor counts it. The parts make up the whole. */
enum past_part {
    PAST_WITHIN,   /* synchronised, and the bound of the error is not above the limit */
    PAST_ABOVE,    /* synchronised, and the bound is above the limit */
    PAST_NOT_SYNC, /* unsynchronised, or the local reference: nothing bounds the error */
    PAST_MISSING,  /* no record */
    PAST_PARTS,
};

/* A value and when it was; time 0: there was none. */
struct past_extreme {
    double value;
    int64_t time;
};

/* A length of time and where it began. */
struct past_stretch {
    int64_t from;
    int64_t seconds;
};

/* States of a source as a report tells them apart, from the letters of the selection. */
enum past_use {
    PAST_USE_SELECTED,
    PAST_USE_COMBINED,
    PAST_USE_SELECTABLE,
    PAST_USE_UNUSABLE,
    PAST_USE_FALSETICKER,
    PAST_USES,
};

struct past_source_figures {
    size_t samples;
    size_t uses[PAST_USES];   /* of the samples */
    int64_t selected_seconds; /* in which it was the selected source */
    double median_offset;     /* s, signed; NAN in this struct: no sample */
    double median_jitter;     /* s */
    double median_delay;      /* s */
    double smallest_delay;    /* s */
    double largest_offset;    /* s, the one with the largest magnitude, signed */
    int64_t last_sample;      /* time; 0: none */
};

/* Figures of the error are those of minutes in which the clock was synchronised. */
struct past_figures {
    struct past_period period;
    double limit;              /* s */
    int64_t parts[PAST_PARTS]; /* s */
    int64_t first, last;       /* times of records in the period; 0: none */
    size_t minutes;            /* records */
    size_t synchronised;       /* of them */

    struct past_stretch longest_gap; /* no record, at the ends of the period too */
    size_t gaps;
    struct past_stretch longest_above; /* in one piece, bound above the limit */

    double median_offset, offset_95;    /* s: signed; the magnitude 95 % do not exceed */
    struct past_extreme largest_offset; /* s, signed */
    double median_bound, bound_95;      /* s */
    struct past_extreme largest_bound, last_bound;
    double median_freq, lowest_freq, highest_freq, median_skew; /* ppm */
    double lowest_temperature, highest_temperature;             /* NAN: not known */

    size_t events[HISTORY_EVENT_KINDS];
    struct past_extreme largest_step; /* s, signed */
    size_t unclean_ends;              /* starts that no orderly end came before */

    struct past_source_figures *sources; /* as those of the history */
    size_t source_count;
};

/* Of the records in the period. Values that there is nothing for are NAN or 0. The caller releases
   them by past_figures_free(). */
struct past_figures past_figures_make(const struct history *h, struct past_period period,
                                      double limit);
void past_figures_free(struct past_figures *figures);

/* Whether a sample or an event at this time is in the period, and the minute of a record. */
bool past_is_inside(const struct past_period *period, int64_t time);
bool past_has_minute(const struct past_period *period, int64_t time);

/* What a letter of the selection means. */
enum past_use past_use_of(char state);
/* "selected" and so on. */
const char *past_use_word(enum past_use use);

/*
 * The value that a part (0..1) of n > 0 values does not exceed: the smallest that so many are not
 * above. Sorts them.
 */
double past_quantile(double *values, size_t n, double part);

/* "step" and so on: what an event is, in a word or two. */
const char *past_event_word(enum history_event_kind kind);
/* Whether the value of such an event says anything. */
bool past_event_has_value(enum history_event_kind kind);
/* What there is to say of an event besides its kind and source, such as "+0.5 s". Text of the file
   is part of it: not to be trusted. */
void past_event_detail(const struct history_event *event, char *text, size_t size);

#endif
