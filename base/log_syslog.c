/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system log as a destination (daemon.md 15): maps severities to its priorities. Called by
 * base/log.c only; keeps no state of its own.
 */
#include "base/log_syslog.h"

#include <syslog.h>

void log_syslog_open(void)
{
    /* LOG_NDELAY: a process with a system call filter cannot open the socket later. */
    openlog("chronyd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_syslog_write(int severity, const char *text)
{
    static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR, LOG_CRIT};

    syslog(priorities[severity + 1], "%s", text);
}

void log_syslog_close(void)
{
    closelog();
}
