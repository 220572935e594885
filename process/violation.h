/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens when a process makes a system call that its filter does not let pass (system.md
 * 11.5): SIGSYS comes, whose handler logs the role and the name of the call. Then the process ends
 * as by that signal, or, at negative levels, goes on, and the call has failed with EPERM.
 *
 * The handler cannot be exchanged under the filter (promise_calls.c). A process that was taken
 * over could still make it harmless in memory; the call that it was about is not made in any case.
 * Calls that are dangerous enough (CALL_KILLS) do not come here: the kernel ends the process.
 */
#ifndef PROCESS_VIOLATION_H
#define PROCESS_VIOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "process/role.h"

/* Counts of all processes in memory that they share. What stands there is what each says of
   itself, so it is for people, and nothing depends on it. */
struct violations;

/* For the start, before other processes are forked: learns the names of calls, and makes the
   shared memory. NULL without memory, or in a build without the filter. Never freed: it is used
   until the last process ends. */
struct violations *violations_new(void);
/* So many calls were denied to processes of this role. 0 for NULL. */
uint32_t violations_count(const struct violations *violations, enum process_role role);
/* The name of the last of them, or its number; empty: none. */
const char *violations_last(const struct violations *violations, enum process_role role, char *text,
                            size_t size);

/* For the self-test: makes a call, which may be a violation: then it is caught, and nothing is
   logged, counted or ended. The arguments are six. Returns what syscall() does. */
long violation_try(long number, const long *arguments, bool *caught);

/* Installs the handler, before the filter is loaded. denies: the process goes on. logs: it has the
   log open. violations may be NULL. */
void violation_catch(struct violations *violations, enum process_role role, bool denies, bool logs);

#endif
