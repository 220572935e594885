/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of the reference, for its own files only: reference.c updates it, reference_serve.c answers
 * what this host says about its time.
 */
#ifndef CLOCK_REFERENCE_STATE_H
#define CLOCK_REFERENCE_STATE_H

#include "clock/fallback_drift.h"
#include "clock/leap.h"
#include "clock/reference.h"
#include "clock/reference_view.h"

struct reference {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
    struct measurement_log *log;
    reference_end_handler on_end;
    void *on_end_arg;
    struct reference_conf
        conf; /* commands change makestep and local, time max_change and makestep */
    enum reference_mode mode;

    bool makestep_by_command; /* it is no longer that of the configuration */
    double max_update_skew;   /* ratio */

    bool synchronised;
    int leap; /* enum leap_status */
    int stratum;
    uint32_t refid;
    struct ip_addr addr; /* IP_UNSPEC: reference clock or manual input */
    struct local_time ref_time;
    double skew, residual_frequency, frequency_sd, offset_sd;
    double wander;           /* s^-1/2; 0: not known */
    timer_id holdover_timer; /* runs while synchronised and the wander is known; else 0 */
    double root_delay, root_dispersion;

    struct update_tally updates;
    bool updated;       /* last_update is set */
    bool measured;      /* there was an update in this run */
    double last_update; /* loop_uptime() */
    double last_update_interval;
    double last_offset;
    int refinements;              /* since the last update */
    double last_refinement;       /* loop_uptime() */
    int local_adjustments;        /* since the last update (discipline.md 26.8) */
    double last_local_adjustment; /* loop_uptime() */
    uint32_t external_steps;      /* of the clock, by others */
    double external_step;         /* s, what the last one added to it */
    double last_external_step;    /* loop_uptime() */
    double mean_square;
    bool mean_square_moving;
    double last_raw_error;         /* offset - correction of the last tracking log entry */
    double unsynchronised_since;   /* loop_uptime() */
    struct state_file *drift_file; /* NULL: none */
    double drift_file_age;

    struct leap *leap_second;
    struct fallback_drift *fallback_drift; /* NULL: off */

    bool local_activated;
    double local_enabled; /* loop_uptime() of the command; 0: by the configuration */
    struct local_time local_ref_time;
};

/* Settings of the local reference; clamps the stratum, fills in defaults (discipline.md 18.2). */
void reference_set_local(struct reference *ref, const struct local_conf *local);

/* Root dispersion at a local time (discipline.md 15.5); 1.0 before the first update. */
double reference_root_dispersion(const struct reference *ref, struct local_time when);

/* The frequency from the drift file is set and the file opened, if there is one. */
void reference_read_drift_file(struct reference *ref);
/* interval: seconds until the next call; 0: this is the last one. */
void reference_write_drift_file(struct reference *ref, double interval);
/* interval: seconds since the last update. Writes the file when it is time. */
void reference_age_drift_file(struct reference *ref, double interval);

#endif
