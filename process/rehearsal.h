/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each role enters its sandbox once, in a child of the fork server for this alone, before anything
 * is started: what is wrong with one of them ends the start, also where its process is started
 * later (self_test.h).
 */
#ifndef PROCESS_REHEARSAL_H
#define PROCESS_REHEARSAL_H

#include <stdbool.h>
#include "process/fork_server.h"

/* False: one of them has failed, and has logged the reason. Blocks for some milliseconds. */
bool rehearsal_succeeds(const struct fork_server_spec *spec);

#endif
