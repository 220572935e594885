/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system log as a destination of base/log.c. It is a file of its own because <syslog.h> and
 * base/log.h give the same names to different things. Nobody but base/log.c calls it.
 */
#ifndef BASE_LOG_SYSLOG_H
#define BASE_LOG_SYSLOG_H

/* Identity "chronyd", with the process ID, facility daemon (daemon.md 15). */
void log_syslog_open(void);
/* severity: the number of an enum log_severity. */
void log_syslog_write(int severity, const char *text);
void log_syslog_close(void);
/* A connection of its own for signal handlers, which cannot call these; -1: there is no log. */
int log_syslog_connect(void);

#endif
