/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that looks up names for the main process at filter levels 1 and -1 (system.md 12.2),
 * and the blocking lookup itself, which the main process runs in a thread at other levels. What
 * getaddrinfo() calls depends on the name services of the system, so no list of allowed calls can
 * be made.
 *
 * Promise: descriptors: the channel to the main process and the log, and what name services open.
 * Files: those of the name services. Capabilities: none; started as root it runs as a user that
 * owns nothing of the daemon's. System calls: all but the dangerous ones (promise_calls.c): no
 * programs, no signals to others, no new privileges.
 */
#ifndef PROCESS_RESOLVER_HELPER_H
#define PROCESS_RESOLVER_HELPER_H

#include "process/ipc.h"
#include "process/lone_role.h"

/* A lookup that takes longer counts as one to be tried again (seconds). */
#define RESOLVER_LIMIT 30.0

/* Blocking lookup; uses nothing but its arguments, so it runs in threads and in the helper. The ID
   of the answer is the caller's to set. */
void resolver_lookup(const struct ipc_lookup *query, struct ipc_addresses *answer);

/* The helper for the fork server. Its process also ends when something else than a lookup comes. */
extern const struct lone_role resolver_helper_role;

#endif
