/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transport of the messages between the processes of the daemon; see channel.h. It looks into no
 * message: what is valid is ipc.c's. Keys in messages are wiped as soon as they are not needed any
 * more.
 */
#include "process/channel.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/crypto.h"
#include "base/text.h"

#define MAX_RECEIVED 4  /* descriptors that are taken in and closed if they are not wanted */
#define SEND_PAUSE   20 /* ms */
#define SEND_TRIES   200
#define ASK_SLICE    50 /* ms */

/* An encoded message. */
struct channel_item {
    uint8_t *data;
    size_t size;
    int fd; /* -1: none */
};

static bool set_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool channel_pair(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
        return false;
    if (set_flags(ends[0]) && set_flags(ends[1]))
        return true;
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return false;
}

struct channel channel_make(int fd, enum ipc_role peer, size_t waiting_max)
{
    return (struct channel){.fd = fd, .peer = peer, .state = IPC_FRESH, .waiting_max = waiting_max};
}

void channel_close(struct channel *channel)
{
    channel_drop_waiting(channel);
    if (channel->fd >= 0)
        close(channel->fd);
    channel->fd = -1;
}

/* ---- Sending ---- */

static enum channel_result error_result(void)
{
    /* ETOOMANYREFS: too many descriptors of this user are on the way. Their receivers will take
       them. */
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM ||
        errno == ETOOMANYREFS)
        return CHANNEL_AGAIN;
    return errno == EPIPE || errno == ECONNRESET ? CHANNEL_CLOSED : CHANNEL_BAD;
}

union control {
    char data[CMSG_SPACE(MAX_RECEIVED * sizeof(int))];
    struct cmsghdr align;
};

static enum channel_result transmit_octets(int channel, uint8_t *data, size_t size, int fd)
{
    union control control;
    struct iovec iov = {.iov_base = data, .iov_len = size};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    if (fd >= 0) {
        memset(&control, 0, sizeof(control));
        header.msg_control = control.data;
        header.msg_controllen = CMSG_SPACE(sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    /* The filter of a helper has no sendmsg(), and its messages have no descriptor. */
    do
        n = fd >= 0 ? sendmsg(channel, &header, MSG_NOSIGNAL)
                    : send(channel, data, size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_result();
    return n == (ssize_t)size ? CHANNEL_OK : CHANNEL_BAD;
}

static enum channel_result transmit(int channel, const struct ipc_message *message, int fd)
{
    uint8_t data[IPC_LONG_SIZE];
    size_t size = ipc_encode(message, data);
    enum channel_result result = transmit_octets(channel, data, size, fd);

    crypto_wipe(data, size);
    return result;
}

/* ---- What waits ---- */

static void finish(const struct channel *channel, struct channel_item *item)
{
    if (item->fd >= 0 && channel->release)
        channel->release(item->fd, channel->arg);
    crypto_wipe(item->data, item->size);
    free(item->data);
}

static struct channel_item make_item(const struct ipc_message *message, int fd)
{
    uint8_t data[IPC_LONG_SIZE];
    struct channel_item item = {.size = ipc_encode(message, data), .fd = fd};

    item.data = mem_alloc(item.size);
    memcpy(item.data, data, item.size);
    crypto_wipe(data, item.size);
    return item;
}

enum channel_result channel_send(struct channel *channel, const struct ipc_message *message, int fd)
{
    enum channel_result result =
        channel->waiting_count > 0 ? CHANNEL_AGAIN : transmit(channel->fd, message, fd);

    if (result != CHANNEL_AGAIN)
        return result;
    if (channel->waiting_count == channel->waiting_max)
        return CHANNEL_BAD;
    if (!channel->waiting)
        channel->waiting = mem_array(channel->waiting_max, sizeof(*channel->waiting));
    channel->waiting[channel->waiting_count++] = make_item(message, fd);
    return CHANNEL_AGAIN;
}

enum channel_result channel_flush(struct channel *channel)
{
    enum channel_result result = CHANNEL_OK;
    struct channel_item *items = channel->waiting;
    size_t sent = 0;

    while (sent < channel->waiting_count) {
        result = transmit_octets(channel->fd, items[sent].data, items[sent].size, items[sent].fd);
        if (result != CHANNEL_OK)
            break;
        finish(channel, &items[sent++]);
    }
    channel->waiting_count -= sent;
    if (channel->waiting_count > 0 && sent > 0)
        memmove(items, items + sent, channel->waiting_count * sizeof(*items));
    return result;
}

void channel_drop_waiting(struct channel *channel)
{
    for (size_t i = 0; i < channel->waiting_count; i++)
        finish(channel, &channel->waiting[i]);
    free(channel->waiting);
    channel->waiting = NULL;
    channel->waiting_count = 0;
}

bool channel_send_blocking(const struct channel *channel, const struct ipc_message *message, int fd)
{
    struct pollfd p = {.fd = channel->fd, .events = POLLOUT};
    enum channel_result result = transmit(channel->fd, message, fd);

    for (int i = 0; result == CHANNEL_AGAIN && i < SEND_TRIES; i++) {
        if (poll(&p, 1, SEND_PAUSE) > 0)
            poll(NULL, 0, SEND_PAUSE);
        result = transmit(channel->fd, message, fd);
    }
    return result == CHANNEL_OK;
}

/* ---- Receiving ---- */

/* Takes the descriptors out of a message, so that none leaks. */
static int take_descriptors(struct msghdr *header, int fds[MAX_RECEIVED])
{
    int count = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n && count < MAX_RECEIVED; i++)
            memcpy(&fds[count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
    return count;
}

/* Whether the message is complete, but this process had no descriptor free. The kernel sets the
   same flag for too many descriptors, but then some of them are there. */
static bool lacks_descriptor(int flags, int count)
{
    return (flags & (MSG_TRUNC | MSG_CTRUNC)) == MSG_CTRUNC && count == 0;
}

enum channel_result channel_receive(struct channel *channel, struct ipc_message *message, int *fd)
{
    uint8_t data[IPC_LONG_SIZE + 1];
    union control control;
    struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
    struct msghdr header = {.msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = control.data,
                            .msg_controllen = sizeof(control.data)};
    int fds[MAX_RECEIVED], count;
    ssize_t n;

    *fd = -1;
    do
        n = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_result();
    count = take_descriptors(&header, fds);
    if (n == 0 && count == 0)
        return CHANNEL_CLOSED;
    bool lacking = lacks_descriptor(header.msg_flags, count);
    /* Only a message that has a descriptor can lack it. */
    bool ok =
        (lacking || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) &&
        ipc_decode(data, (size_t)n, lacking ? 1 : count, channel->peer, &channel->state, message);
    crypto_wipe(data, (size_t)n);
    if (ok && count == 1)
        *fd = fds[0];
    else
        for (int i = 0; i < count; i++)
            close(fds[i]);
    if (!ok)
        return CHANNEL_BAD;
    return lacking ? CHANNEL_NO_DESCRIPTOR : CHANNEL_OK;
}

/* ---- Requests ---- */

enum channel_result channel_ask(struct channel *channel, const struct ipc_message *request, int fd,
                                int milliseconds, struct ipc_message *answer)
{
    struct pollfd p = {.fd = channel->fd, .events = POLLIN};
    enum channel_result result = transmit(channel->fd, request, fd);
    int extra = -1;

    if (result != CHANNEL_OK)
        return result;
    result = CHANNEL_AGAIN;
    for (int left = milliseconds; left > 0 && result == CHANNEL_AGAIN;) {
        int ready = poll(&p, 1, ASK_SLICE);

        if (ready > 0)
            result = channel_receive(channel, answer, &extra);
        else if (ready == 0 || errno != EINTR)
            left -= ASK_SLICE;
    }
    if (extra >= 0)
        close(extra);
    return result;
}
