/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leap second of the present day: from announcements and leap second data to what happens to
 * the clock at midnight, in each leapsecmode (discipline.md 17). Owned and called by the
 * reference, which keeps the leap status that is served.
 */
#ifndef CLOCK_LEAP_H
#define CLOCK_LEAP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/clock_change.h"
#include "base/loop.h"
#include "base/world.h"
#include "clock/leap_data.h"
#include "clock/local_clock.h"
#include "conf/groups.h"

struct leap;

struct leap_env {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
    /* The leap second is over: a leap status of insert or delete becomes normal. */
    void (*on_end)(void *arg);
    void *on_end_arg;
};

/* Reads leapsecmode and the sources of leap second data from conf. Mode
   system becomes step where the clock cannot apply leap seconds. */
struct leap *leap_new(const struct leap_env *env, const struct leap_conf *conf);
void leap_free(struct leap *leap);

/* Leap status update (discipline.md 17.4): status (enum leap_status) as announced at a raw time
   in seconds (0: none). reset: the date may have changed, so the timer is set anew. Returns the
   status to serve. */
int leap_update(struct leap *leap, int status, int64_t raw_seconds, bool reset);
/* A step has changed the clock (discipline.md 17.6); status: present leap status. Returns the
   status to serve. */
int leap_clock_stepped(struct leap *leap, const struct clock_change *change, int status);

/* TAI-UTC in seconds at a time (UTC, since 1970); 0: not known. */
int leap_tai_offset(struct leap *leap, int64_t seconds);

/* The leap second is being applied; meanwhile this host is not synchronised. */
bool leap_in_progress(const struct leap *leap);
/* Whether a leap second is to come, and the raw time at which its application begins. */
bool leap_pending(const struct leap *leap, struct raw_time *start);
/* Whether a time in seconds, or the present time, is within 5 s of the leap second (discipline.md
   17.7). */
bool leap_is_close(const struct leap *leap, int64_t seconds);
bool leap_is_close_now(const struct leap *leap);

#endif
