/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel clock of a process that may not set it: the slew engine steers it, and each change is
 * a request to the guard (clock/guard.h). What is refused, and what cannot be asked because there
 * is no guard at the moment, does not happen, and the frequency is the one that was set last. Owned
 * by the daemon.
 */
#ifndef CLOCK_GUARDED_CLOCK_H
#define CLOCK_GUARDED_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "clock/driver.h"
#include "process/ipc.h"

/* The way to the guard: the channel to its process (clock/guard_channel.h), or a guard in the same
   process, which the simulator has. */
struct guard_link {
    /* Asks and waits for the answer. fd: a descriptor that goes with the request, or -1. False:
       there is no guard, or it does not answer, which was reported. */
    bool (*ask)(void *ctx, const struct ipc_message *request, int fd, struct ipc_message *reply);
    void *ctx;
};

struct guarded_clock;

/* kernel: for its limits; it is not used otherwise. What is behind the link must outlive the
   clock. NULL: the guard does not answer the first request. */
struct guarded_clock *guarded_clock_new(const struct guard_link *link,
                                        const struct kernel_clock *kernel);
void guarded_clock_free(struct guarded_clock *clock);

/* For the slew engine. Its function `free` frees nothing. */
struct kernel_clock guarded_clock_kernel(struct guarded_clock *clock);

/* There is another guard in the place of one that has ended: sets frequency, status and leap second
   to what they were. */
void guarded_clock_restore(struct guarded_clock *clock);

/* Sets an RTC to this time; whether it is on UTC was decided when the daemon started. */
bool guarded_clock_set_rtc(struct guarded_clock *clock, int fd, int64_t seconds);

/* Requests that were refused, by all guards in the life of this process, and why the last one
   was. */
uint64_t guarded_clock_refusals(const struct guarded_clock *clock, enum guard_verdict *last);

#endif
