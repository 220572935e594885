/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of the channel on which sockets are bound; see binder.h.
 */
#include "process/binder.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/text.h"

#define ANSWER_LIMIT 1000 /* ms */

struct binder {
    struct channel channel;
};

/* ---- The main process ---- */

struct binder *binder_new(struct fork_server *fork_server)
{
    int ends[2];

    if (!channel_pair(ends))
        return NULL;
    fork_server_pass_binder(fork_server, ends[1]);
    struct binder *binder = mem_alloc(sizeof(*binder));
    binder->channel = channel_make(ends[0], IPC_FORK_SERVER, 0);
    return binder;
}

void binder_free(struct binder *binder)
{
    if (!binder)
        return;
    channel_close(&binder->channel);
    free(binder);
}

bool binder_bind(struct binder *binder, int fd, const struct ip_port *local)
{
    const struct ipc_message request = {.type = IPC_BIND, .u.bind.local = *local};
    struct ipc_message answer;

    errno = EACCES;
    if (binder->channel.fd < 0)
        return false;
    if (channel_ask(&binder->channel, &request, fd, ANSWER_LIMIT, &answer) != CHANNEL_OK ||
        answer.type != IPC_BOUND) {
        /* A late answer would be taken for that to the next request. */
        channel_close(&binder->channel);
        errno = EACCES;
        return false;
    }
    errno = answer.u.bound.error;
    return answer.u.bound.error == 0;
}

/* ---- The fork server ---- */

static int bind_for(const struct sandbox *sandbox, int fd, const struct ip_port *local)
{
    struct sockaddr_storage sa;
    socklen_t length = ip_port_to_sockaddr(local, &sa);

    if (!sandbox_orders_port(sandbox, local->port))
        return EACCES;
    if (length == 0)
        return EAFNOSUPPORT;
    return bind(fd, (const struct sockaddr *)&sa, length) == 0 ? 0 : errno;
}

bool binder_serve(struct channel *channel, const struct sandbox *sandbox)
{
    struct ipc_message request, answer = {.type = IPC_BOUND};
    int fd;
    enum channel_result result = channel_receive(channel, &request, &fd);

    if (result == CHANNEL_AGAIN)
        return true;
    if (result != CHANNEL_OK && result != CHANNEL_NO_DESCRIPTOR)
        return false;
    const bool is_request = request.type == IPC_BIND;

    if (is_request)
        answer.u.bound.error = fd < 0 ? EMFILE : bind_for(sandbox, fd, &request.u.bind.local);
    if (fd >= 0)
        close(fd);
    return is_request && channel_send_blocking(channel, &answer, -1);
}
