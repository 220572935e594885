/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system log as a destination (daemon.md 15): maps severities to its priorities. Called by
 * base/log.c only; keeps no state of its own.
 */
#include "base/log_syslog.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

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

int log_syslog_connect(void)
{
    static const struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&log, sizeof(log)) == 0)
        return fd;
    close(fd);
    return -1;
}
