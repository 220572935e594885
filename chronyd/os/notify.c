/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces of service managers. Called by main at start, at readiness and at the start of the
 * shutdown. The notification socket is open for a moment only, and no part of the world.
 */
#include "chronyd/os/notify.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"

int notify_passed_fds(void)
{
    const char *text = getenv("LISTEN_FDS");
    long count;

    /* LISTEN_PID is not examined: the daemon is not the process that was started. */
    if (!text || text_parse_long(text, 0, INT_MAX / 2, &count) != TEXT_NUMBER_OK)
        return 0;
    return (int)count;
}

static bool send_state(const char *path, const char *state)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t length = strlen(state);

    if (!text_copy(sa.sun_path, sizeof(sa.sun_path), path))
        return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return false;
    bool sent = sendto(fd, state, length, MSG_NOSIGNAL, (struct sockaddr *)&sa, sizeof(sa)) ==
                (ssize_t)length;
    close(fd);
    return sent;
}

static void notify_socket(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");

    if (!path)
        return;
    if (path[0] != '/')
        LOG_FATAL("Unsupported notification socket");
    if (!send_state(path, state))
        LOG_FATAL("Could not send notification to $NOTIFY_SOCKET");
}

void notify_ready(int fd)
{
    if (fd > 0) {
        if (write(fd, "\n", 1) != 1)
            LOG_FATAL("Could not send notification requested by -N option");
        close(fd);
    }
    notify_socket("READY=1");
}

void notify_stopping(void)
{
    const char *path = getenv("NOTIFY_SOCKET");

    /* Not fatal: the state must still be saved at the end. */
    if (path && !send_state(path, "STOPPING=1"))
        LOG_ERROR("Could not send notification to $NOTIFY_SOCKET");
}
