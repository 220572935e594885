/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Becoming a daemon while the foreground process waits for the outcome (daemon.md 5).
 */
#ifndef CHRONYD_OS_DAEMONISE_H
#define CHRONYD_OS_DAEMONISE_H

#include <sys/types.h>

/* Returns in the daemon only, with the descriptor for log_set_parent_fd(). The foreground process
   ends in here: status 0 when the daemon wrote one NUL octet, else 1 after printing the message.
   Descriptors 3 to 3 + passed_fds - 1 stay open. *foreground is its ID. Failure is fatal. */
int daemonise(int passed_fds, pid_t *foreground);

#endif
