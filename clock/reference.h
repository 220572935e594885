/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference: takes the combined estimate of the sources, steers the local clock with it, and
 * knows what this host says about its own time to others (discipline.md 15, 16, 18, 19). Also the
 * one-shot modes, makestep, maxchange, drift file, local reference, tracking report and log.
 * Called by source selection, manual input, the NTP code (parameters) and commands.
 */
#ifndef CLOCK_REFERENCE_H
#define CLOCK_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/finding.h"
#include "base/loop.h"
#include "base/report.h"
#include "base/world.h"
#include "clock/local_clock.h"
#include "clock/measurement_log.h"
#include "clock/reference_data.h"
#include "clock/reference_view.h"
#include "clock/update_verdict.h"
#include "conf/groups.h"

struct reference;

enum reference_mode {
    REFERENCE_NORMAL,
    REFERENCE_INIT_STEP_SLEW, /* initstepslew */
    REFERENCE_UPDATE_ONCE,    /* -q */
    REFERENCE_PRINT_ONCE,     /* -Q */
    REFERENCE_IGNORE,         /* after the end of a mode, and at exit */
};

/* A mode has ended; the mode is REFERENCE_IGNORE now (discipline.md 19.4). After the modes normal
   (maxchange), -q and -Q the daemon exits, with status 0 on success, else 1. After the initial
   step or slew it removes those sources 2 s later and sets the normal mode. */
typedef void (*reference_end_handler)(enum reference_mode mode, bool success, void *arg);

struct reference_env {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
    struct measurement_log *log; /* NULL: none */
    reference_end_handler on_end;
    void *on_end_arg;
};

/* Data of one update, signs as in discipline.md 1.1 (offset: positive fast). */
struct reference_update {
    int stratum; /* of the source */
    int leap;    /* enum leap_status; LEAP_UNSYNC: manual input */
    int combined_sources;
    uint32_t refid;
    struct ip_addr addr; /* IP_UNSPEC: reference clock or manual */
    struct local_time ref_time;
    double offset, offset_sd;
    double frequency, frequency_sd, skew;
    double root_delay, root_dispersion;
    /* A filter made the estimate: it holds all that was known before (discipline.md 30.5). */
    bool filtered;
    /* If filtered: standard deviation of the frequency's change within a second (s^-1/2). */
    double wander;
    /* If filtered: s, the part of offset_sd that is noise of samples; slews follow it. */
    double noise_sd;
    /* If filtered: of several sources, and refined by reference_refine(), so slews may be slow. */
    bool joint;
};

/* Looks for leap second data, reads the drift file and sets the frequency, starts unsynchronised
   (first line of the tracking log). The strings of conf must
   outlive it. */
struct reference *reference_new(const struct reference_env *env, const struct reference_conf *conf);
/* Cancels a pending leap second and writes the drift file. The mode should be REFERENCE_IGNORE. */
void reference_free(struct reference *ref);

void reference_set_mode(struct reference *ref, enum reference_mode mode);
enum reference_mode reference_mode(const struct reference *ref);
/* -q, -Q and initstepslew: selection is silent, failure ends the mode. */
bool reference_is_one_shot(const struct reference *ref);

void reference_update(struct reference *ref, const struct reference_update *update);
/* Between two updates: samples of other sources than the selected one have made the estimate better
   (discipline.md 30.10). The clock is slewed, but nothing counts this as an update, and what would
   be a step or need a permission waits for one. */
void reference_refine(struct reference *ref, const struct reference_update *update);
/* What became of the updates; valid as long as the reference. */
const struct update_tally *reference_updates(const struct reference *ref);
/* The clock is not synchronised any more (discipline.md 16.1). In a one-shot mode this is
   failure. */
void reference_set_unsynchronised(struct reference *ref);
/* The majority of the voting sources has changed (discipline.md 17.3). Accepted only while
   synchronised. */
void reference_update_leap(struct reference *ref, int leap);

/* For a reference clock with the option local (discipline.md 26.8): the clock follows its changes,
   without an announcement. False: the clock was not changed. */
bool reference_follow_local(struct reference *ref, double dfreq, double doffset);

/* TAI-UTC in seconds at a time (UTC, since 1970); 0: not known. */
int reference_tai_offset(const struct reference *ref, int64_t seconds);

/* Whether a leap second is to come, and the raw time at which its application begins. */
bool reference_leap_pending(const struct reference *ref, struct raw_time *start);
/* Whether the present time, or another one in seconds, is within 5 s of a leap second
   (discipline.md 17.7). Then no samples are taken, and sources have no vote on the leap status. */
bool reference_is_leap_close(const struct reference *ref, int64_t seconds);
bool reference_is_leap_close_now(const struct reference *ref);

/* Parameters that are served and reported at a local time (discipline.md 18.1). */
void reference_get(struct reference *ref, struct local_time when, struct reference_data *out);
/* What the parameters are made from. The reference time of the local reference is one that may be
   served at a local time, if the parameters are those of the local reference then. */
struct reference_view reference_view(struct reference *ref, struct local_time when);
/* Stratum that would be served now (16: unsynchronised). Option -t tests it (daemon.md 10). */
int reference_our_stratum(struct reference *ref);
int reference_orphan_stratum(const struct reference *ref);
/* Bound of the clock's frequency error at the last update. */
double reference_skew(const struct reference *ref);
/* The standard deviation that goes with it, for somebody who measures the frequency anew: as much
   weight as discipline.md 15.3 gives to what was known before. */
double reference_frequency_sd(const struct reference *ref);

/* Whether the last attempt to write the drift file has failed. */
bool reference_drift_file_is_failing(const struct reference *ref);

void reference_report_tracking(struct reference *ref, struct report_tracking *report);
/* All but controlled, which the caller fills in (cmdmon.md 13.19). */
void reference_report_clock(struct reference *ref, struct report_clock *report);
/* Adds whether the clock is synchronised, and what its error is mostly made of (cmdmon.md 13.18).
   source: name of the selected one; NULL: none is selected. */
void reference_explain_state(struct reference *ref, const char *source, struct findings *findings);
/* Adds what is being done with the clock, or was not: corrections, steps, the local reference, leap
   seconds. */
void reference_explain_changes(struct reference *ref, bool controlled, struct findings *findings);

/* Commands, with their messages. */
void reference_modify_makestep(struct reference *ref, int limit, double threshold);
void reference_modify_max_update_skew(struct reference *ref, double skew_ppm);
void reference_enable_local(struct reference *ref, const struct local_conf *local);
void reference_disable_local(struct reference *ref);

#endif
