/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page of the history file (history.md 3): a header, then records, each of which is relative to
 * what stands before it in the page, and check records. A page can be read without the others. The
 * same state goes with writing and reading, so that a page can be continued after a restart. Pure.
 */
#ifndef HISTORY_PAGE_H
#define HISTORY_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "history/history.h"

#define HISTORY_PAGE_SIZE    4096
#define HISTORY_PAGE_SOURCES 256                   /* that records of one page may be of */
#define HISTORY_MAX_SEQUENCE ((uint64_t)INT64_MAX) /* of a page */
#define HISTORY_MAX_TIME     ((int64_t)1 << 40)    /* of a record; the smallest is 0 */

enum history_record_kind {
    HISTORY_RECORD_END, /* nothing more in the page */
    HISTORY_RECORD_CHECK,
    HISTORY_RECORD_SOURCE,
    HISTORY_RECORD_EVENT,
    HISTORY_RECORD_MINUTE,
    HISTORY_RECORD_SAMPLE,
};

/* Indexes of sources count in the page, in the order of their records there. */
struct history_record {
    enum history_record_kind kind;
    union {
        struct history_source source;
        struct history_event event;
        struct history_minute minute;
        struct history_sample sample;
    } u;
};

/* What the next record is relative to. */
struct history_context {
    int64_t time;        /* of the last record */
    int64_t minute_time; /* of the last minute; -1: none yet */
    uint32_t freq;       /* codes of the last minute */
    uint16_t skew;
    uint32_t temperature;
    enum history_clock_state state;
    int selected;
    int source_count;
    char states[HISTORY_PAGE_SOURCES]; /* of the last sample of each; 0: none yet */
};

struct history_page {
    uint64_t sequence; /* of the page in the whole history */
    size_t length;     /* octets that are used */
    size_t checked;    /* octets of which a check record says that they are right */
    uint32_t crc;      /* of these */
    struct history_context context;
    struct history_source sources[HISTORY_PAGE_SOURCES];
    uint8_t octets[HISTORY_PAGE_SIZE];
};

/* An empty page whose records begin at about this time. */
void history_page_begin(struct history_page *page, uint64_t sequence, int64_t time);
/* Adds a record of a minute, sample or event, and before it that of its source (NULL: none), if the
   page has none yet; the index of the source in the record is set. False: the page is full, and as
   it was. Room for a check record is always left. */
bool history_page_add(struct history_page *page, const struct history_record *record,
                      const struct history_source *source);
/* Confirms all records up to here; nothing if they are. */
void history_page_check(struct history_page *page);

/* About when its records begin. */
int64_t history_page_base_time(const struct history_page *page);

/* Whether the octets begin as a page, and its sequence and base time. */
bool history_page_identify(const uint8_t octets[HISTORY_PAGE_SIZE], uint64_t *sequence,
                           int64_t *time);
/* Octets up to the last check record that is right, which is at least the header; 0: it is no
   page. *clean: there are only zeros behind it. */
size_t history_page_checked(const uint8_t octets[HISTORY_PAGE_SIZE], bool *clean);
/* Restores a page to go on with it, without what is not confirmed. False: it is no page. */
bool history_page_load(struct history_page *page, const uint8_t octets[HISTORY_PAGE_SIZE]);

/* Walks the records of a page that are confirmed. */
struct history_page_walk {
    const uint8_t *octets;
    size_t pos, end;
    struct history_context context;
};
/* False: it is no page. The octets must stay. */
bool history_page_walk_begin(struct history_page_walk *walk,
                             const uint8_t octets[HISTORY_PAGE_SIZE]);
/* The next record that is no check; false: there is none. */
bool history_page_walk_next(struct history_page_walk *walk, struct history_record *record);

#endif
