/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager: readiness by descriptor (-N), $NOTIFY_SOCKET, and $LISTEN_FDS (daemon.md 9).
 * Telling the waiting foreground process is log_release_parent()'s.
 */
#ifndef CHRONYD_OS_NOTIFY_H
#define CHRONYD_OS_NOTIFY_H

/* Number of sockets that the service manager passed, from descriptor 3 on; 0 for a value of
   LISTEN_FDS that is no number. */
int notify_passed_fds(void);

/* Tells that the daemon is ready: a newline to `fd` (0: none), which is closed, then READY=1 to
   $NOTIFY_SOCKET if set. Failure is fatal. */
void notify_ready(int fd);
/* STOPPING=1 to $NOTIFY_SOCKET if set. */
void notify_stopping(void);

#endif
