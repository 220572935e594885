/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records and their register (discipline.md 12.1, 13), for the files of this folder only: shared by
 * reachability and reports (source.c), selection (selection.c, mark.c), combining (combine.c) and
 * dump files (dump.c).
 */
#ifndef SOURCE_RECORD_H
#define SOURCE_RECORD_H

#include "base/file_trouble.h"
#include "source/estimator.h"
#include "source/joint.h"
#include "source/samples.h"
#include "source/source.h"

/* Selections for which a source that was distant is not combined (discipline.md 13.2). */
#define DISTANT_PENALTY 32
/* Polls that the reachability register holds. */
#define FULL_REACH_SIZE 8

struct source {
    struct source_register *reg;
    bool removed; /* while the selection is held; it is freed when that ends */
    bool refclock;
    struct ip_addr addr;
    uint32_t refid;
    const char *name;
    bool authenticated;
    unsigned int conf_options;
    unsigned int options; /* effective ones (discipline.md 12.4) */
    int max_unreach;
    struct samples *samples;
    struct estimator *estimator;
    struct joint_member joint;

    bool active;
    uint8_t reach;
    int reach_size;
    int unreach_run;

    int updates; /* selection updates since the last reference update */
    int distant; /* selections for which the source stays excluded from combining */
    int bad;     /* selections in a row with a bad status */
    struct source_verdict verdict;
    enum source_status counted; /* of the last run */
    uint32_t changes[SOURCE_STATUSES];
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
    struct selection_conf conf; /* a command changes reselect_distance */

    struct source **sources;
    int count;
    int capacity;
    /* Working space for one run of the selection. */
    struct source **list;
    struct endpoint *endpoints; /* two for each source */

    /* Counts for authselectmode (discipline.md 12.4), of NTP sources without noselect, and its
       result. */
    int authenticated;
    int unauthenticated;
    bool ignore_unauthenticated;
    bool trust_authenticated;

    struct source *selected;     /* NULL: none */
    struct source *last_updated; /* NULL: none or freed */
    struct joint joint;
    const struct source *joint_origin; /* selected when the joint estimate started */

    int holds; /* of the selection */
    bool select_later;
    int removed;

    uint32_t generation; /* of the set and its states, see source_register_generation() */
    struct selection_verdict verdict; /* of the last run */
    uint32_t results[SELECTION_RESULTS];
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
/* Writes the estimator log, if the estimator learns (daemon.md 18). */
void source_log_estimator(const struct source *source);
/* Asks the NTP code to replace it. */
void source_handle_bad(struct source *source);

/* Selection (discipline.md 13). updated: the source with a new sample, or NULL. A run is postponed
   while the selection is held (updated is NULL then). */
void source_register_select(struct source_register *reg, struct source *updated);
/* Forgets the selected source without a message (discipline.md 13.7). */
void source_register_deselect(struct source_register *reg);
/* Assigns a final state, with its message and log line. */
void source_mark(struct source *source, enum source_status status, double value, double limit);
/* The warning for the result of the run; false: there are no messages in the present mode. */
bool source_register_report(const struct source_register *reg);
/* At the end of a run. */
void source_register_count_changes(struct source_register *reg);
/* Leap status of the majority of the sources that vote (discipline.md 17.3). */
int source_register_majority_leap(const struct source_register *reg);

/* Combines the estimate of the selected source with the others of the list, which get their final
   states (discipline.md 14). Returns the number of combined sources. */
int source_register_combine(struct source_register *reg, struct source *const *list, int length,
                            struct samples_tracking *tracking);

/* The joint estimate of the sources that are combined (discipline.md 30.10). To be called when all
   have their final states. updated: the source with a new sample, or NULL. */
void source_register_join(struct source_register *reg, struct source *const *list, int length,
                          struct source *updated);
/* Replaces the combined estimate by the joint one. False: there is none. */
bool source_register_joint(struct source_register *reg, struct reference_update *update);
/* A source is not what it was: it leaves the joint estimate. */
void source_leave_joint(struct source *source);

/* Runs of the selection are postponed now. */
bool source_register_is_held(const struct source_register *reg);

#endif
