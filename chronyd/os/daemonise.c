/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three processes: the foreground one, which waits for the outcome and reports it; a child that
 * makes a new session and exits; the grandchild, which is the daemon (daemon.md 5).
 */
#include "chronyd/os/daemonise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"

#define DESCRIPTOR_LIMIT 1024

/* Reads the daemon's report until it closes the pipe. The rest of a longer report is ignored. */
static size_t read_report(int fd, char *buf, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t part = read(fd, buf + length, size - length);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            break;
        length += (size_t)part;
    }
    return length;
}

static _Noreturn void wait_for_daemon(pid_t child, int fd)
{
    char message[1024];

    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    size_t length = read_report(fd, message, sizeof(message) - 1);
    if (length == 1 && message[0] == '\0')
        exit(0);
    message[length] = '\0';
    if (message[0] != '\0')
        fprintf(stderr, "%s\n", message);
    exit(1);
}

static void close_inherited(int keep, int passed_fds)
{
    for (int fd = 0; fd < DESCRIPTOR_LIMIT; fd++) {
        bool passed = fd > STDERR_FILENO && fd - STDERR_FILENO <= passed_fds;
        if (fd != keep && !passed)
            close(fd);
    }
}

/* Opens /dev/null as standard input, output and error, which are closed. */
static bool open_standard(void)
{
    return open("/dev/null", O_RDONLY) == STDIN_FILENO &&
           open("/dev/null", O_WRONLY) == STDOUT_FILENO &&
           open("/dev/null", O_RDWR) == STDERR_FILENO;
}

int daemonise(int passed_fds, pid_t *foreground)
{
    int fds[2];

    *foreground = getpid();
    if (pipe(fds) < 0)
        LOG_FATAL("pipe() failed : %s", text_errno(errno));
    /* The pipe must not have the number of a standard or passed descriptor. */
    int write_end = fcntl(fds[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1 + passed_fds);
    if (write_end < 0)
        LOG_FATAL("pipe() failed : %s", text_errno(errno));
    close(fds[1]);

    pid_t child = fork();
    if (child < 0)
        LOG_FATAL("fork() failed : %s", text_errno(errno));
    if (child > 0) {
        close(write_end);
        wait_for_daemon(child, fds[0]);
    }

    close(fds[0]);
    log_set_parent_fd(write_end);
    setsid();
    child = fork();
    if (child < 0)
        LOG_FATAL("fork() failed : %s", text_errno(errno));
    if (child > 0)
        _exit(0);
    if (chdir("/") < 0)
        LOG_FATAL("chdir() failed : %s", text_errno(errno));
    close_inherited(write_end, passed_fds);
    if (!open_standard())
        LOG_FATAL("Could not open /dev/null : %s", text_errno(errno));
    return write_end;
}
