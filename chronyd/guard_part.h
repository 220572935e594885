/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard of the clock as a part of the daemon: its policy from the configuration, its process,
 * and the way to it. The functions are called by the start of the daemon (chronyd/setup.c); in the
 * simulator there is no process, and the node makes the guard itself.
 */
#ifndef CHRONYD_GUARD_PART_H
#define CHRONYD_GUARD_PART_H

#include "clock/guard_policy.h"
#include "clock/guard_role.h"
#include "process/fork_server.h"

struct chronyd;

/* What the configuration and the options allow. kernel: just made. */
struct guard_policy guard_part_policy(const struct chronyd *daemon,
                                      const struct kernel_clock *kernel);

/* Before the fork server is started: makes what the process inherits. Ends the program with a
   message of system.md 7.1 if the kernel's clock cannot be set. */
struct lone_role guard_part_prepare(struct chronyd *daemon);
/* After that: takes the first process into use. Fatal if there is none, or if it does not
   answer. */
void guard_part_connect(struct chronyd *daemon);
/* Another process was started. */
void guard_part_take(struct chronyd *daemon, const struct lone_process *process);
void guard_part_free(struct chronyd *daemon);

#endif
