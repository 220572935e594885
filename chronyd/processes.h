/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reports say of the processes of the daemon (process/process_table.h).
 */
#ifndef CHRONYD_PROCESSES_H
#define CHRONYD_PROCESSES_H

#include <stdbool.h>
#include "process/process_table.h"

/* Whether the process that was started last in this place is alive, as the kernel says. */
bool processes_runs(const struct process_row *row);

#endif
