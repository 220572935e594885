/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time priority and memory locking (daemon.md 8, system.md 13).
 */
#ifndef CHRONYD_OS_PROCESS_H
#define CHRONYD_OS_PROCESS_H

/* SCHED_FIFO for the calling thread. 0 does nothing, a value outside 1..99 is fatal, failure is an
   error. */
void process_set_priority(int priority);
/* Locks present and future memory; failure is an error. */
void process_lock_memory(void);

/* Closes descriptors 3 to 1023 except `keep1` and `keep2` (-1: none): for forked helpers. */
void process_close_descriptors(int keep1, int keep2);

#endif
