/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system call filter of -F (system.md 11), made of the promise of a role (promise.h). It is
 * loaded at the end of the start of each process.
 */
#ifndef PROCESS_FILTER_H
#define PROCESS_FILTER_H

#include "process/promise.h"

/* Fatal unless the level is -2..2, and 0 in a build without the filter. */
void filter_check_level(int level);

/* Which groups of a promise are in use at a level other than 0. */
enum call_levels filter_levels(int level, enum process_role role);
/* The number of a call; negative: the architecture does not have it, or there is no filter. */
int filter_call_number(const char *name);

/* Loads the filter; 0 does nothing. work: bits of enum promise_work that this process has. Failure
   is fatal. Logs `Loaded seccomp filter (level N)`: info in the main process, debug in others. */
void filter_load(int level, enum process_role role, unsigned int work);

#endif
