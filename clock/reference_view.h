/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host says about its own time, as a function of the local time alone: plain values that
 * are copied from the reference, and are as good as it until it changes. So other processes say the
 * same as the main one (ntp/server/time_page.h).
 */
#ifndef CLOCK_REFERENCE_VIEW_H
#define CLOCK_REFERENCE_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include "base/instant.h"
#include "clock/reference_data.h"

/* Root delay and root dispersion while nothing is known, seconds. */
#define REFERENCE_UNKNOWN_DISTANCE 1.0

/* The local reference (discipline.md 18.2). */
struct reference_view_local {
    bool enabled;
    bool activated; /* at this time or before; then it stays so */
    int stratum;
    double activate;            /* s, root distance; 0: at once */
    double distance;            /* s */
    double wait_synced;         /* s */
    bool waited_unsynced;       /* long enough, if it is not synchronised */
    struct local_time ref_time; /* made random by the reference */
};

struct reference_view {
    bool synchronised;
    int leap; /* enum leap_status, as it is served */
    int stratum;
    uint32_t refid;
    struct local_time ref_time; /* zero: there was no update */
    double root_delay, root_dispersion;
    double rate;   /* by which the dispersion grows, seconds per second */
    double wander; /* s^-1/2; 0: not known */
    struct reference_view_local local;
};

/* Root dispersion at a local time (discipline.md 15.5); 1.0 before the first update. */
double reference_view_dispersion(const struct reference_view *view, struct local_time when);

/* Whether the local reference is activated at this time, or was. */
bool reference_view_activated(const struct reference_view *view, struct local_time when);

/* Parameters that are served at a local time (discipline.md 18.1). True: they are those of the
   local reference, whose reference time is the one of the view. */
bool reference_view_get(const struct reference_view *view, struct local_time when,
                        struct reference_data *out);

#endif
