/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time priority, memory locking and open files of a process (daemon.md 8, system.md 13).
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* SCHED_FIFO for the calling thread. 0 does nothing, a value outside 1..99 is fatal, failure is an
   error. */
void process_set_priority(int priority);
/* Gives up what was inherited of it. */
void process_leave_priority(void);
/* Raises the limit of locked memory, which children inherit, to infinity. False with errno:
   locked memory needs CAP_IPC_LOCK, also when it grows later. */
bool process_raise_lock_limit(void);
/* Locks present and future memory of this process (children do not inherit that); failure is an
   error. */
void process_lock_memory(void);

/* Raises the limit of open files of this process and its children: to `wanted` as far as that
   needs no right, to `needed` with CAP_SYS_RESOURCE if it is there. Less than `needed` in the end
   is a warning. Never lowers it. */
void process_raise_descriptor_limit(uint64_t needed, uint64_t wanted);

/* Closes all descriptors from 3 on except `keep1` and `keep2` (-1: none): for forked helpers. */
void process_close_descriptors(int keep1, int keep2);

#endif
