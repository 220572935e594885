/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of time sources and their register: reachability, statistics, selection and combining
 * (discipline.md 12, 13, 14). The register owns its records; NTP associations and reference
 * clocks hold pointers to them until they free them. Selection results go to the reference;
 * nothing here steers the clock itself.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/finding.h"
#include "base/report.h"
#include "base/world.h"
#include "clock/local_clock.h"
#include "clock/measurement_log.h"
#include "clock/reference.h"
#include "conf/groups.h"
#include "source/sample.h"
#include "source/status.h"
#include "source/steady_state.h"

struct source_params {
    struct ip_addr addr;
    const char *name; /* as configured; kept by the caller as long as the source lives */
    bool authenticated;
    unsigned int select_options; /* enum select_option */
    int min_samples;             /* SOURCE_DEFAULT_SAMPLES: the directive's value */
    int max_samples;
    double min_delay;
    double asymmetry;
    int max_unreach;
};

struct source;
struct source_register;

struct source_register_env {
    struct world *world;
    struct local_clock *clock;
    struct reference *reference;
    struct measurement_log *log; /* NULL: none */
    /* The source was bad in 4 selections in a row: try to replace it (discipline.md 12.5). May be
       NULL; may not free the source before it returns to the loop. */
    void (*on_bad)(struct source *source, void *arg);
    /* Reference ID of the local address used with a source (orphan mode); 0: unknown. May be
       NULL. */
    uint32_t (*local_refid)(const struct source *source, void *arg);
    /* A run of the selection has ended; and after it, a sample was taken. May be NULL. */
    void (*on_selection)(void *arg);
    void (*on_sample)(const struct source *source, const struct source_sample *sample, void *arg);
    void *arg;
};

/* Takes limits, authselectmode and dumpdir from conf, whose strings must outlive the set. Registers
   with the clock for changes. */
struct source_register *source_register_new(const struct source_register_env *env,
                                            const struct selection_conf *conf);
/* Frees the records that are left, too, without running the selection. */
void source_register_free(struct source_register *reg);

/* NTP source; the name must stay valid. */
struct source *source_new(struct source_register *reg, const struct source_params *params);
/* Reference clock: params->addr and name are not used. */
struct source *source_new_refclock(struct source_register *reg, uint32_t refid,
                                   const struct source_params *params);
void source_free(struct source *source);
/* For work on many sources: between hold and release, which can be nested, the selection is
   postponed. It runs once at the end if anything in between would have run it. No samples may
   come in between. (At exit it is not postponed if its log is written: each removed source has
   its lines there.) */
void source_register_hold(struct source_register *reg);
void source_register_release(struct source_register *reg);
void source_reset(struct source *source);
void source_set_address(struct source *source, const struct ip_addr *addr);
void source_set_refid(struct source *source, uint32_t refid);
void source_set_active(struct source *source, bool active);
void source_update_reachability(struct source *source, bool reachable);
void source_reset_reachability(struct source *source);
void source_update_status(struct source *source, int stratum, int leap);
void source_accumulate(struct source *source, const struct source_sample *sample);
/* Adds to the offsets of the samples. */
void source_correct_offset(struct source *source, double correction);
/* For reference clocks with the option local (discipline.md 26.8): the samples alone follow a
   change of the clock, or are dropped; and their estimate (false: fewer samples than the
   minimum). */
struct source_estimate {
    struct local_time time;
    double offset;
    double frequency;
};
void source_slew(struct source *source, struct local_time when, double dfreq, double doffset);
void source_drop_samples(struct source *source);
bool source_estimate(const struct source *source, struct source_estimate *estimate);
bool source_is_reachable(const struct source *source);
/* Polls that the reachability register holds, 8 at most. */
int source_reach_size(const struct source *source);
bool source_is_selected(const struct source *source);
int source_samples(const struct source *source);
double source_predict_offset(const struct source *source, struct local_time when);
double source_skew(const struct source *source);
/* As of its estimator. */
int source_steady_state(const struct source *source, struct steady_state *out);
double source_surprise(const struct source *source);
double source_min_delay(const struct source *source);
double source_asymmetry(const struct source *source);
bool source_test_data(const struct source *source, struct local_time when,
                      struct source_test_data *out);

const struct ip_addr *source_address(const struct source *source);
/* As configured; NULL: a reference clock, or not known. */
const char *source_name(const struct source *source);
/* Whether it is polled. */
bool source_is_active(const struct source *source);
bool source_is_refclock(const struct source *source);

/* Number of sources, and one by index in order of creation (NULL: out of range). */
int source_register_count(const struct source_register *reg);
struct source *source_register_get(const struct source_register *reg, int index);
/* NTP source by address, and the first reference clock by reference ID; NULL: none. */
struct source *source_register_find(const struct source_register *reg, const struct ip_addr *addr);
struct source *source_register_find_refclock(const struct source_register *reg, uint32_t refid);
/* Ends a one-shot mode with failure if no active source can succeed any more (discipline.md
   19.3). The daemon calls it when the regular sources are started in -q and -Q. */
void source_register_check_one_shot(struct source_register *reg);
/* A new mode of operation begins: its messages do not depend on those of the last mode
   (discipline.md 13.7). */
void source_register_forget_reports(struct source_register *reg);

/* Report of a source (discipline.md 20.2) without poll and mode, which the caller fills in. */
void source_report(const struct source *source, struct report_source *report);
void source_report_stats(const struct source *source, struct report_sourcestats *report);
void source_report_select(const struct source *source, struct report_selectdata *report);
/* What the estimator made of the last sample (cmdmon.md 13.16). */
void source_report_estimator(const struct source *source, struct report_estimator *report);

/* What the last selection said of a source, and how often it came into a state; valid as long as
   the source. */
const struct source_verdict *source_verdict(const struct source *source);
uint32_t source_status_changes(const struct source *source, enum source_status status);
/* How the last selection ended, and how many ended so. */
const struct selection_verdict *source_register_verdict(const struct source_register *reg);
uint32_t source_register_results(const struct source_register *reg, enum selection_result result);
/* Another number after each change of the set of sources, of an address, or of what the selection
   says of a source: reports in several parts see that they do not belong together. */
uint32_t source_register_generation(const struct source_register *reg);
/* Adds what the last selection said of a source, and of them all (cmdmon.md 13.18). */
void source_explain(const struct source *source, struct findings *findings);
void source_register_explain(const struct source_register *reg, struct findings *findings);
/* Address and name of the selected source. False: there is none. */
bool source_register_selected_label(const struct source_register *reg, char *buf, size_t size);

/* Commands: selectopts (bits of enum select_option), reselect, reselectdist, reset sources. */
void source_modify_options(struct source *source, unsigned int mask, unsigned int options);
void source_register_reselect(struct source_register *reg);
void source_register_modify_reselect_distance(struct source_register *reg, double distance);
void source_register_reset(struct source_register *reg);

/* Dump files in dumpdir (discipline.md 12.6). Without dumpdir these do nothing. */
void source_register_dump(struct source_register *reg);
/* The same with a limited number of files per call. True: it is done. Sources may be removed
   between two calls. */
void source_register_dump_begin(struct source_register *reg);
bool source_register_dump_some(struct source_register *reg, int count);
/* Whether the last attempt to write one of them has failed. */
bool source_register_dump_is_failing(const struct source_register *reg);
void source_register_reload(struct source_register *reg);
void source_register_remove_dump_files(struct source_register *reg);

#endif
