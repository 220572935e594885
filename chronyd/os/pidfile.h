/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PID file (daemon.md 6). Callers leave it alone when no path is configured.
 */
#ifndef CHRONYD_OS_PIDFILE_H
#define CHRONYD_OS_PIDFILE_H

/* Fatal if the file names a process that exists. */
void pidfile_check(const char *path);
/* Writes the ID of this process; replaces an existing file or link. Failure is fatal. */
void pidfile_write(const char *path);
/* Failure is logged as an error, unless there is no such file. */
void pidfile_remove(const char *path);

#endif
