/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two levels below the local clock, each a table of functions. `struct clock_driver` is what
 * the local clock steers: the slew engine over a kernel clock, or the null driver. `struct
 * kernel_clock` is what the slew engine steers: a clock whose frequency can be set.
 * Signs (discipline.md 1.1): frequencies are ppm by which the uncompensated clock is fast; offsets
 * are positive when the clock is fast and has to go back.
 */
#ifndef CLOCK_DRIVER_H
#define CLOCK_DRIVER_H

#include <stdbool.h>
#include "base/instant.h"
#include "base/step_reason.h"
#include "clock/scale.h"

struct clock_driver_ops {
    /* Absolute frequency, at start and later. */
    double (*read_frequency)(void *ctx);
    /* Returns what was set. */
    double (*set_frequency)(void *ctx, double freq_ppm);
    /* rate: correction time times offset, s^2; 0: as fast as allowed. */
    void (*accrue_offset)(void *ctx, double offset, double rate);
    /* The scale for raw times near this one; valid until the driver is used again. */
    const struct clock_scale *(*scale)(void *ctx, struct raw_time raw);
    bool (*step)(void *ctx, double offset, enum step_reason reason);
    /* The clock was stepped (discipline.md 5.4); NULL: nothing to do. */
    void (*stepped)(void *ctx, double offset);
    /* NULL: no control of the kernel's synchronisation status. */
    void (*set_sync_status)(void *ctx, bool synchronised, double est_error, double max_error);
    /* NULL: the clock cannot apply leap seconds. leap: -1, 0, 1; tai_offset: 0 if unknown. */
    void (*set_leap)(void *ctx, int leap, int tai_offset);
    /* An update of the reference is about to correct the clock. NULL: nobody wants to know. */
    void (*note_update)(void *ctx);
    /* Ends slews; the frequency stays. */
    void (*free)(void *ctx);
};

struct clock_driver {
    const struct clock_driver_ops *ops;
    void *ctx;
};

struct kernel_clock_ops {
    double (*read_frequency)(void *ctx);
    /* Returns what is set then: it may have been refused (clock/guard.h). */
    double (*set_frequency)(void *ctx, double freq_ppm);
    bool (*step)(void *ctx, double offset, enum step_reason reason);
    void (*set_sync_status)(void *ctx, bool synchronised, double est_error, double max_error);
    void (*set_leap)(void *ctx, int leap, int tai_offset);
    void (*note_update)(void *ctx); /* NULL: nobody wants to know */
    /* The next frequency is this one and what slews. NULL: nobody wants to know. */
    void (*note_base)(void *ctx, double freq_ppm);
    void (*free)(void *ctx);
};

struct kernel_clock {
    const struct kernel_clock_ops *ops;
    void *ctx;
    double max_freq_ppm;
    double max_set_delay; /* seconds until a new frequency is in effect, at most */
};

#endif
