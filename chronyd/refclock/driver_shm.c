/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHM driver (system.md 3.2): the System V segment of ntpd's driver 28, which another process
 * writes. That process may write at any time, and any value.
 */
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/refclock/clock.h"

#define SHM_KEY          0x4e545030 /* "NTP0" */
#define DEFAULT_MODE     0600
#define MODE_MASK        0777
#define NSEC_PER_USEC    1000
#define MODE_SINGLE_READ 0 /* the values are used while `valid` is set */
#define MODE_COUNTED     1 /* the count changes with each update */

struct shm_segment {
    int mode;
    volatile int count;
    time_t clock_sec;
    int clock_usec;
    time_t receive_sec;
    int receive_usec;
    int leap;
    int precision;
    int samples;
    volatile int valid;
    int clock_nsec;
    int receive_nsec;
    int unused[8];
};

/* By the rules of atoi(): a prefix, modulo 2^32, 0 without a number. */
static int read_unit(const struct refclock *clock)
{
    const char *text = clock->parameter;
    bool clamped = false;
    uint32_t unit = 0;
    size_t used = 0;
    int value;

    if (text_scan_clamped(text, INT_MIN, INT_MAX, &value, &clamped, &used))
        text_scan_uint(text, &unit, &used);
    if (used == 0 || clamped || text[used] != '\0')
        LOG(refclock_option_severity(clock), "Invalid unit %s of refclock SHM, using %d", text,
            (int)unit);
    return (int)unit;
}

static bool shm_open_clock(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);
    const struct device_ops *devices = refclock_devices(clock);
    const char *perm = refclock_option(clock, "perm"), *call;
    uint32_t owner;
    int unit = read_unit(clock), mode = DEFAULT_MODE;

    if (!devices || !devices->shm_attach)
        return false;
    if (perm)
        mode = (int)(strtol(perm, NULL, 8) & MODE_MASK);
    clock->data = (void *)devices->shm_attach(world->ctx, (int)(SHM_KEY + (unsigned int)unit),
                                              sizeof(struct shm_segment), mode, &call, &owner);
    if (!clock->data) {
        refclock_open_failed(clock, "%s() failed : %s", call, text_errno(errno));
        return false;
    }
    if (owner != 0 && owner != DEVICE_OWN_USER)
        LOG_WARN("SHM segment of unit %d was made by user %u, who can set the clock", unit,
                 (unsigned int)owner);
    return true;
}

/* The nanoseconds of newer writers, if they agree with the microseconds. */
static struct instant make_time(time_t seconds, int usec, int nsec, bool precise)
{
    return instant_make(seconds, precise ? nsec : (int64_t)NSEC_PER_USEC * usec);
}

static void shm_poll(struct refclock *clock)
{
    volatile struct shm_segment *segment = clock->data;
    int count = segment->count;

    /* Compiler and processor may copy the octets in any order. The values belong together only if
       the count is the same before and after. */
    atomic_thread_fence(memory_order_acquire);
    struct shm_segment s = *segment;
    atomic_thread_fence(memory_order_acquire);
    if ((s.mode == MODE_COUNTED && segment->count != count) ||
        (s.mode != MODE_SINGLE_READ && s.mode != MODE_COUNTED) || !s.valid) {
        if (s.valid && s.mode != MODE_SINGLE_READ && s.mode != MODE_COUNTED)
            refclock_bad_input(clock, "unknown mode %d", s.mode);
        LOG_DEBUG("SHM sample ignored mode=%d count=%d valid=%d", s.mode, s.count, s.valid);
        return;
    }
    segment->valid = 0;

    bool precise = s.clock_nsec / NSEC_PER_USEC == s.clock_usec &&
                   s.receive_nsec / NSEC_PER_USEC == s.receive_usec;
    struct instant receive = make_time(s.receive_sec, s.receive_usec, s.receive_nsec, precise);
    struct instant reference = make_time(s.clock_sec, s.clock_usec, s.clock_nsec, precise);
    refclock_add_sample(clock, (struct raw_time){receive}, reference, s.leap, 1);
}

static void shm_close_clock(struct refclock *clock)
{
    refclock_devices(clock)->shm_detach(refclock_world(clock)->ctx, clock->data);
}

static const char *const options[] = {"perm", NULL};

const struct refclock_driver refclock_shm_driver = {
    .name = "SHM",
    .options = options,
    .open = shm_open_clock,
    .poll = shm_poll,
    .close = shm_close_clock,
};
