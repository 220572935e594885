/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the NTP code needs from the daemon around it: the local clock, the reference that it serves,
 * and the record of each source that takes its samples. chronyd/ fills the table; unit tests use
 * stubs. Signs: NTP offsets are positive when the local clock is slow.
 */
#ifndef NTP_ENV_H
#define NTP_ENV_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/clock_change.h"
#include "base/instant.h"
#include "base/loop.h"
#include "base/report.h"
#include "base/timestamp.h"
#include "base/world.h"
#include "clock/reference.h"
#include "source/source.h"

struct ntp_env_ops {
    /* Clock. err: error bound in seconds, may be NULL. now: a fresh reading; event_time: the time of
       the current wake-up. */
    struct local_time (*cook)(void *ctx, struct raw_time raw, double *err);
    struct local_time (*now)(void *ctx, double *err);
    struct local_time (*event_time)(void *ctx, double *err);

    /* Hardware timestamps. Whether some interface is enabled for them; what the time of a packet
       means, false when it is of no use. NULL, both: there are none. */
    bool (*has_hardware_timestamps)(void *ctx);
    bool (*hardware_timestamp)(void *ctx, const struct hardware_packet *packet,
                               struct local_timestamp *timestamp);

    /* Reference. one_shot: -q, -Q, initstepslew. */
    void (*reference)(void *ctx, struct local_time when, struct reference_data *out);
    bool (*one_shot)(void *ctx);
    /* The last leap second mode "slew" hides the leap (10.2); smoothing: false when not enabled. */
    bool (*leap_is_slewed)(void *ctx);
    bool (*smoothing_offset)(void *ctx, struct local_time when, double *offset);

    /* Record of a source. */
    struct source *(*source_new)(void *ctx, const struct source_params *params);
    void (*source_free)(void *ctx, struct source *source);
    /* Around work on many sources: the selection runs once, at the end. */
    void (*hold_selection)(void *ctx);
    void (*release_selection)(void *ctx);
    void (*source_reset)(void *ctx, struct source *source);
    /* New address or (copy option) reference ID. name stays. */
    void (*source_set_address)(void *ctx, struct source *source, const struct ip_addr *addr);
    void (*source_set_refid)(void *ctx, struct source *source, uint32_t refid);
    void (*source_set_active)(void *ctx, struct source *source, bool active);
    void (*source_update_reachability)(void *ctx, struct source *source, bool reachable);
    void (*source_reset_reachability)(void *ctx, struct source *source); /* and one 0, 12.2 */
    void (*source_update_status)(void *ctx, struct source *source, int stratum, int leap);
    /* Accumulates, runs the regression and the selection (discipline.md 12.3, 13.3). */
    void (*source_accumulate)(void *ctx, struct source *source, const struct source_sample *sample);
    void (*source_correct_offset)(void *ctx, struct source *source, double correction);
    bool (*source_is_reachable)(void *ctx, const struct source *source);
    bool (*source_is_selected)(void *ctx, const struct source *source);
    int (*source_samples)(void *ctx, const struct source *source);
    double (*source_predict_offset)(void *ctx, const struct source *source, struct local_time when);
    /* Half of the frequency range, at most 2000 ppm (12.5). */
    double (*source_skew)(void *ctx, const struct source *source);
    double (*source_min_delay)(void *ctx, const struct source *source); /* INFINITY: none */
    double (*source_asymmetry)(void *ctx, const struct source *source);
    bool (*source_test_data)(void *ctx, const struct source *source, struct local_time when,
                             struct source_test_data *out);

    /* One line of measurements.log; banner and file are the daemon's. NULL: not enabled. */
    void (*log_measurement)(void *ctx, const char *line);
};

struct ntp_env {
    const struct ntp_env_ops *ops;
    void *ctx;
    struct world *world;
    struct loop *loop;
    double precision;       /* quantum of the system clock, seconds */
    int precision_log;      /* log2, -30 or more */
    double max_clock_error; /* fraction */
    bool log_raw_measurements;
    bool log_measurements;
};

#endif
