/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard of the clock: takes a request of the main process, judges it by the policy
 * (guard_policy.h), does what is allowed by a kernel clock over its world, and says in the reply
 * what is in effect. It owns the kernel clock, the ledger and the counts of refusals, and never
 * reads anything but requests. Its process is clock/guard_role.h; the simulator calls it directly.
 */
#ifndef CLOCK_GUARD_H
#define CLOCK_GUARD_H

#include "base/world.h"
#include "clock/driver.h"
#include "clock/guard_policy.h"
#include "process/ipc.h"

struct guard;

/* Takes the kernel clock over. The world gives the time and the device of the RTC; it must outlive
   the guard. */
struct guard *guard_new(struct world *world, const struct kernel_clock *kernel,
                        const struct guard_policy *policy);
/* Nobody steers the clock any more: ends a slew that is in progress. */
void guard_leave(struct guard *guard);
/* Frees the kernel clock too; what it has set stays. NULL is allowed. */
void guard_free(struct guard *guard);

/* request: one that IPC_CLOCK_USER may make. fd: the descriptor of an RTC that came with it, which
   stays the caller's, or -1. A refusal is logged, at most once an hour for each reason. */
void guard_answer(struct guard *guard, const struct ipc_message *request, int fd,
                  struct ipc_message *reply);

/* Requests that ended with this verdict. */
uint64_t guard_count(const struct guard *guard, enum guard_verdict verdict);

#endif
