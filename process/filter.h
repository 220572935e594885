/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system call filter of -F (system.md 11). It is loaded at the end of start-up; the lists are
 * in filter.c and filter_denied.c. The fork server never has one. That of the name resolving
 * helper, which runs what the name services of the system need, allows by default at every level.
 */
#ifndef PROCESS_FILTER_H
#define PROCESS_FILTER_H

#include "process/role.h"

/* Fatal unless the level is -2..2, and 0 in a build without the filter. */
void filter_check_level(int level);

/* Loads the filter; 0 does nothing. Failure is fatal. Logs `Loaded seccomp filter (level N)`: info
   in the main process, debug in helpers. */
void filter_load(int level, enum process_role role);

#endif
