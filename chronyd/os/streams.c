/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stream sockets of the Linux world (NTS-KE, signing). recv() and send(), never read() and write()
 * on sockets (system.md 20).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/linux_internal.h"

ssize_t linux_stream_read(void *ctx, int fd, void *data, size_t size)
{
    return recv(fd, data, size, 0);
}

ssize_t linux_stream_write(void *ctx, int fd, const void *data, size_t length)
{
    return send(fd, data, length, MSG_NOSIGNAL);
}

void linux_stream_shutdown(void *ctx, int fd)
{
    /* It fails if the other side has closed already. */
    (void)shutdown(fd, SHUT_RDWR);
}

void linux_stream_quick_ack(void *ctx, int fd)
{
    int one = 1;

    if (setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one)) < 0)
        LOG_DEBUG("Could not set TCP_QUICKACK : %s", text_errno(errno));
}

int linux_accept(void *ctx, int fd, struct ip_port *remote)
{
    struct linux_world *w = ctx;
    struct sockaddr_storage sa;
    socklen_t length = sizeof(sa);
    int one = 1;

    int connection = accept(fd, (struct sockaddr *)&sa, &length);
    if (connection < 0)
        return -1;
    /* accept4() is not in the libc surface (system.md 20). */
    if (fcntl(connection, F_SETFD, FD_CLOEXEC) < 0 || fcntl(connection, F_SETFL, O_NONBLOCK) < 0 ||
        !ip_port_from_sockaddr(&sa, length, remote)) {
        int error = errno;
        close(connection);
        errno = error;
        return -1;
    }
    if (setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
        LOG_DEBUG("Could not set TCP_NODELAY : %s", text_errno(errno));

    struct socket_state *listening = socket_state(w, fd);
    enum ip_family family = listening ? listening->family : remote->addr.family;
    struct socket_state *state = socket_state(w, connection);
    *state =
        (struct socket_state){.open = true, .connected = true, .type = WORLD_TCP, .family = family};
    return connection;
}

int linux_socket_error(void *ctx, int fd)
{
    struct socket_state *state = socket_state(ctx, fd);
    int error = 0, queued = 0;
    socklen_t length = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (state) {
        queued = state->error;
        state->error = 0;
    }
    return error ? error : queued;
}
