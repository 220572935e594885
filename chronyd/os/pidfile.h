/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PID file (daemon.md 6). Callers leave it alone when no path is configured.
 */
#ifndef CHRONYD_OS_PIDFILE_H
#define CHRONYD_OS_PIDFILE_H

#include <stdbool.h>
#include <sys/types.h>

/* Fatal if the file names a process that exists and may be a daemon. A process that certainly is
   none (another program, a zombie, this process or its parents) gives a warning. foreground: the
   process that waits for this one (daemonise.h); 0: none. */
void pidfile_check(const char *path, pid_t foreground);
/* Writes the ID of this process; replaces an existing file or link. Failure is fatal. False after a
   warning: the path is a device such as /dev/null, which stays, and there is no PID file. */
bool pidfile_write(const char *path);
/* Failure is logged as an error, unless there is no such file. */
void pidfile_remove(const char *path);

#endif
