/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules below the NTP code, as its unit tests need them: a perfect local clock (corrected
 * time is the raw time of the virtual world plus an offset), a reference that the test sets, and
 * records of sources that remember what they were told.
 */
#ifndef TEST_UNIT_SUPPORT_ENV_H
#define TEST_UNIT_SUPPORT_ENV_H

#include "ntp/env.h"
#include "test/unit/support/world.h"

struct source {
    struct stub_env *stub;
    struct source *next;
    struct ip_addr addr;
    uint32_t refid;
    bool active;
    unsigned int reach;
    int reach_size;
    int samples;
    int resets;
    int stratum;
    int leap;
    double asymmetry; /* set by the test, as are: */
    int learnt;       /* number of samples behind: */
    struct steady_state steady_state;
    double surprise;
    struct source_sample last;
    double corrected;
    bool has_test_data;
    struct source_test_data test_data;
};

#define STUB_MAX_HANDLERS 4

struct stub_env {
    struct ntp_env env;
    struct sim_world *sim;
    struct reference_data reference;
    bool one_shot;
    double precision;         /* of the clock, seconds */
    bool hardware_timestamps; /* of the virtual world are understood */
    double clock_offset;      /* of the local clock to the virtual time */
    double event_offset;      /* of the time of the event to that */
    double smoothing;         /* offset of time smoothing, 0: it is off */
    double predicted;
    struct source *sources;
    struct source *selected;
    bool logging; /* measurements.log is enabled */
    char last_line[512];
    int lines;
    int holds, released; /* of the selection */
    struct stub_clock_handler {
        clock_change_handler handler; /* NULL: free */
        void *arg;
    } handlers[STUB_MAX_HANDLERS];
    /* What the daemon does when a full register is 0. */
    void (*on_bad)(const struct ip_addr *addr, void *arg);
    void *on_bad_arg;
};

/* Tells those that registered with the clock. */
void stub_env_change_clock(const struct stub_env *stub, const struct clock_change *change);

void stub_env_init(struct stub_env *stub, struct sim_world *sim, struct loop *loop);

#endif
