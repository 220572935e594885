/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the history file holds of the past (doc/spec/history.md): plain values, as they are read for
 * reports. Times are seconds since 1970 of the clock that was disciplined. Offsets are positive
 * when that clock was fast.
 */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum history_clock_state {
    HISTORY_UNSYNCHRONISED = 0,
    HISTORY_SYNCHRONISED = 1,
    HISTORY_LOCAL = 2, /* the local reference is served */
};

#define HISTORY_NO_SOURCE (-1)

/* The clock at the end of a minute. */
struct history_minute {
    int64_t time;
    enum history_clock_state state;
    int selected;  /* index of the source, or HISTORY_NO_SOURCE */
    double offset; /* s, estimated: what is still to be corrected */
    /* s, of the clock's error: |offset| + root dispersion + root delay / 2; 0: it is not known,
       because the clock is not synchronised. */
    double bound;
    double freq_ppm; /* of the system clock without correction, as in tracking */
    double skew_ppm;
    double temperature; /* in the unit of the sensor; NAN: not known */
};

/* A source that has records. Index and identity hold for the whole file. */
struct history_source {
    char name[64]; /* as configured, or the reference ID; cut off when longer */
    char address[48];
    bool refclock;
};

/* A measurement of a source. */
struct history_sample {
    int64_t time;
    int source;
    char state;                   /* letter of the selection, as in selectdata */
    double offset, delay, jitter; /* s; jitter: standard deviation of its samples */
};

enum history_event_kind {
    HISTORY_EVENT_START,       /* text: version */
    HISTORY_EVENT_END,         /* the daemon ended in order */
    HISTORY_EVENT_GAP,         /* made by the reader: no minute was written; value: seconds from
                                  the last minute before, at `time`, to the next one */
    HISTORY_EVENT_STEP,        /* value: s, what was added to the clock */
    HISTORY_EVENT_SELECTED,    /* source */
    HISTORY_EVENT_UNSELECTED,  /* no source can be selected; text: why */
    HISTORY_EVENT_REFUSED,     /* an update; value: s, the offset; text: why */
    HISTORY_EVENT_STATE,       /* of a source; text: the new state, as a word */
    HISTORY_EVENT_CERTIFICATE, /* of the NTS server; text: what happened */
    HISTORY_EVENT_RESTART,     /* of a helper process; text: which */
    HISTORY_EVENT_NETWORK,     /* value: 1 online, 0 offline; source or HISTORY_NO_SOURCE: all */
    HISTORY_EVENT_SUSPEND,     /* value: seconds for which the machine slept */
    HISTORY_EVENT_LEAP,        /* value: +1 or -1 */
    HISTORY_EVENT_KINDS,
};

struct history_event {
    int64_t time;
    enum history_event_kind kind;
    int source; /* or HISTORY_NO_SOURCE */
    double value;
    char text[64];
};

/* All that was found, each array in the order of time. */
struct history {
    struct history_minute *minutes;
    size_t minute_count;
    struct history_source *sources;
    size_t source_count;
    struct history_sample *samples;
    size_t sample_count;
    struct history_event *events;
    size_t event_count;

    /* What is missing: pages that do not hold what they should. */
    size_t pages, bad_pages, empty_pages;
};

#endif
