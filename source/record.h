/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the set of sources, for the files of this folder only: record and set as they are
 * shared by reachability and reports (source.c), selection (selection.c), combining (combine.c) and
 * dump files (dump.c). discipline.md 12.1, 13
 */
#ifndef SOURCE_RECORD_H
#define SOURCE_RECORD_H

#include "base/file_trouble.h"
#include "source/samples.h"
#include "source/source.h"

/* 13.1. OK is the transient mark of a source that passed all tests so far. */
enum source_status {
    STATUS_OK,
    STATUS_NOSELECT,
    STATUS_MISSING_SAMPLES,
    STATUS_UNSYNCHRONISED,
    STATUS_BAD_STRATUM,
    STATUS_BAD_DISTANCE,
    STATUS_JITTERY,
    STATUS_WAITS_STATS,
    STATUS_STALE,
    STATUS_ORPHAN,
    STATUS_UNTRUSTED,
    STATUS_FALSETICKER,
    STATUS_WAITS_SOURCES,
    STATUS_NOT_PREFERRED,
    STATUS_WAITS_UPDATE,
    STATUS_DISTANT,
    STATUS_COMBINED,
    STATUS_SELECTED,
};

/* Enough for address and host name in messages. */
#define SOURCE_LABEL_SIZE 384

struct source {
    struct source_register *set;
    bool removed; /* while the selection is held; it is freed when that ends */
    bool refclock;
    struct ip_addr addr;
    uint32_t refid;
    const char *name;
    bool authenticated;
    unsigned int conf_options;
    unsigned int options; /* effective, 12.4 */
    int max_unreach;
    struct samples *samples;

    bool active;
    uint8_t reach;
    int reach_size;
    int unreach_run;

    int updates; /* selection updates since the last reference update */
    int distant; /* selections for which the source stays excluded from combining */
    int bad;     /* selections in a row with a bad status */
    enum source_status status;
    unsigned int reported; /* bit for each status whose message was logged */
    double score;
    struct samples_selection info;
    int stratum;
    int leap; /* enum leap_status */
    bool leap_vote;
};

struct endpoint;

struct source_register {
    struct source_register_env env;
    const struct conf *conf;
    double reselect_distance;

    struct source **sources;
    int count;
    int capacity;
    /* Room for one run of the selection. */
    struct source **list;
    struct endpoint *endpoints; /* two for each source */

    /* What authselectmode looks at: NTP sources without noselect; and what follows from it. 12.4 */
    int authenticated;
    int unauthenticated;
    bool ignore_unauthenticated;
    bool trust_authenticated;

    struct source *selected;     /* NULL: none */
    struct source *last_updated; /* NULL: none or freed */

    int holds; /* of the selection */
    bool select_later;
    int removed;

    bool report_loss;
    bool first_report_done;
    bool no_majority_reported;
    struct file_trouble dump_trouble;
    int dump_at; /* the next one of the round */
    bool dump_ok;
};

/* Address, or text of the reference ID: for logs. Returns buf. */
const char *source_plain_name(const struct source *source, char *buf, size_t size);
/* The same with the host name where that is different: for messages. */
const char *source_label(const struct source *source, char *buf, size_t size);

/* Runs the regression and writes the statistics log. */
void source_update_statistics(struct source *source);
/* Asks the NTP code to replace it. */
void source_handle_bad(struct source *source);

/* Selection; updated: the source with a new sample, or NULL. While it is held (updated NULL only),
   it is done later. 13 */
void source_register_select(struct source_register *set, struct source *updated);
/* Forgets the selected source without a message. 13.7 */
void source_register_deselect(struct source_register *set);
/* Assigns a final state, with its messages and log line. */
void source_mark(struct source *source, enum source_status status, bool with_message);
/* Leap status of the majority of the sources with a vote. 17.3 */
int source_register_majority_leap(const struct source_register *set);

/* Estimate of the selected source combined with the others of the list, which get their final
   states. Returns the number of sources that were combined. 14 */
int source_register_combine(struct source_register *set, struct source *const *list, int length,
                            struct samples_tracking *tracking);

/* Nothing that would run the selection does so now. */
bool source_register_is_held(const struct source_register *set);

char source_status_letter(enum source_status status);

#endif
