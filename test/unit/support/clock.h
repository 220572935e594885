/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A world in virtual time for the tests of the clock and the sources: its raw time is given and
 * does not react to the frequency, its kernel clock rounds as the real one does (discipline.md
 * 6.2), its files are real ones. Waits take no time.
 */
#ifndef TEST_UNIT_SUPPORT_CLOCK_H
#define TEST_UNIT_SUPPORT_CLOCK_H

#include <sys/timex.h>
#include "base/loop.h"
#include "base/world.h"
#include "clock/local_clock.h"

struct fake_devices;

#define CLOCK_WORLD_MAX_CALLS 256

struct clock_world {
    struct world world;
    struct loop *loop;
    int64_t elapsed_ns;      /* since the start */
    int64_t start;           /* raw seconds at the start */
    int64_t stepped_ns;      /* by ADJ_SETOFFSET */
    int64_t jumped_ns;       /* by somebody else */
    int64_t jump_in_wait_ns; /* such a jump during the next wait */
    int64_t slept_ns;        /* by the machine, while the monotonic clock stood */
    uint32_t random;         /* every random word */

    long hz;
    const char *release;
    struct timex kernel;
    int kernel_state; /* returned by adjtimex */
    int64_t
        leap_midnight; /* raw seconds of the end of the day in which a leap second was asked for */
    unsigned int fail_modes;                   /* calls with exactly these modes fail */
    struct timex calls[CLOCK_WORLD_MAX_CALLS]; /* as they were asked */
    int call_count;
    int64_t precision_step_ns; /* advance of the time with every reading of the raw clock */

    /* zone_time(): a zone of this name counts leap seconds as those in right/ do (from 1999 to
       2012). */
    const char *zone;
    int zone_calls;
    bool may_not_set_clock;

    struct fake_devices *devices; /* devices.h; NULL: none */

    char *mail; /* stream for mails; NULL: fails */
    size_t mail_length;
};

/* At raw time `start`, with its loop. Its kernel inserts and deletes leap seconds. */
struct clock_world *clock_world_new(int64_t start);
void clock_world_free(struct clock_world *w);

/* Sets the time to t seconds after the start and wakes the loop once, so that due timers run. */
void clock_world_wake_at(struct clock_world *w, double t);
/* Runs timers at their expiry until t seconds after the start; the last wake-up is at t. */
void clock_world_run_until(struct clock_world *w, double t);

/* Raw time t seconds after the start (a leap second of the kernel is not foreseen). */
struct raw_time clock_world_raw(const struct clock_world *w, double t);

/* Usual limits, precision 1e-6, with control of the kernel clock of this world. */
struct local_clock_params clock_world_params(void);

#endif
