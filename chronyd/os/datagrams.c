/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receiving and sending datagrams in batches, one system call for each report of readiness
 * (system.md 5.4, 6.2, 20). What is received here is untrusted: bad messages are dropped with a
 * debug message, never more.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/frame.h"
#include "chronyd/os/linux_internal.h"

#ifndef HAVE_RECVMMSG
struct mmsghdr {
    struct msghdr msg_hdr;
    unsigned int msg_len;
};
#endif

union control {
    struct cmsghdr align;
    char octets[CONTROL_SIZE];
};

/* The headers of one batch. */
struct batch {
    struct mmsghdr headers[WORLD_BATCH];
    struct iovec iov[WORLD_BATCH];
    struct sockaddr_storage names[WORLD_BATCH];
    union control control[WORLD_BATCH];
};

/* ---- Receiving ---- */

static void prepare_receive(struct batch *b, const struct world_datagram *msgs, int count)
{
    for (int i = 0; i < count; i++) {
        b->iov[i] = (struct iovec){.iov_base = msgs[i].data, .iov_len = msgs[i].size};
        b->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &b->names[i],
            .msg_namelen = sizeof(b->names[i]),
            .msg_iov = &b->iov[i],
            .msg_iovlen = 1,
            .msg_control = &b->control[i],
            .msg_controllen = sizeof(b->control[i]),
        };
        b->headers[i].msg_len = 0;
    }
}

static int call_receive(int fd, struct batch *b, int count, int flags)
{
#ifdef HAVE_RECVMMSG
    int received = recvmmsg(fd, b->headers, (unsigned int)count, flags, NULL);
    if (received >= 0 || errno != ENOSYS)
        return received;
#endif
    ssize_t length = recvmsg(fd, &b->headers[0].msg_hdr, flags);
    if (length < 0)
        return -1;
    b->headers[0].msg_len = (unsigned int)length;
    return 1;
}

static bool get_unix_path(const struct msghdr *hdr, struct world_datagram *msg)
{
    const struct sockaddr_un *sa = hdr->msg_name;
    size_t header = offsetof(struct sockaddr_un, sun_path);

    msg->path = NULL;
    if (hdr->msg_namelen <= header)
        return true; /* from an unbound socket, which cannot be answered */
    size_t length = strnlen(sa->sun_path, hdr->msg_namelen - header);
    if (sa->sun_family != AF_UNIX || length >= sizeof(msg->path_buf))
        return false;
    memcpy(msg->path_buf, sa->sun_path, length);
    msg->path_buf[length] = '\0';
    /* An abstract address has no path. */
    msg->path = length > 0 ? msg->path_buf : NULL;
    return true;
}

static bool get_source(const struct socket_state *state, const struct msghdr *hdr,
                       struct world_datagram *msg)
{
    if (hdr->msg_namelen > sizeof(struct sockaddr_storage))
        return false;
    if (state->is_unix)
        return get_unix_path(hdr, msg);
    return ip_port_from_sockaddr(hdr->msg_name, hdr->msg_namelen, &msg->remote);
}

static void log_received(const struct socket_state *state, int fd, const struct world_datagram *msg,
                         bool errqueue)
{
    char remote[ADDR_TEXT_SIZE], local[ADDR_TEXT_SIZE], more[64] = "";
    bool kernel = !raw_is_zero(msg->kernel_time);
    bool hardware = !instant_is_zero(msg->hardware_time.i);
    bool has_local = msg->local.family != IP_UNSPEC;
    const char *from = msg->path ? msg->path : "";

    if (log_threshold() > LOG_SEV_DEBUG)
        return;
    if (!state->is_unix && msg->remote.addr.family != IP_UNSPEC)
        from = ip_port_format(&msg->remote, remote, sizeof(remote));
    if (msg->if_index >= 0)
        snprintf(more, sizeof(more), " if=%d", msg->if_index);
    if (msg->hardware_if_index >= 0) {
        size_t used = strlen(more);
        snprintf(more + used, sizeof(more) - used, " tsif=%d tslen=%d", msg->hardware_if_index,
                 msg->hardware_length);
    }
    LOG_DEBUG("Received %smessage%s%s%s%s fd=%d len=%d%s%s%s%s", errqueue ? "error " : "",
              *from ? " from " : "", from, has_local ? " to " : "",
              has_local ? ip_addr_format(&msg->local, local, sizeof(local)) : "", fd,
              (int)msg->length, more, kernel || hardware ? " tss=" : "", kernel ? "K" : "",
              hardware ? "H" : "");
}

#ifdef HAVE_LINUX_TIMESTAMPING_OPT_ID

/* Finds a sent message by its ID. False: the frame has to be parsed. */
static bool find_sent(struct linux_world *w, int fd, uint32_t id, struct world_datagram *msg)
{
    const struct sent_message *sent;
    char text[ADDR_TEXT_SIZE];

    switch (sent_ring_find(w->sent, id, &sent)) {
    case SENT_FOUND:
        break;
    case SENT_REPLACED:
        if (!w->sent_ring_warned)
            LOG_WARN("maxtxbuffers too small");
        w->sent_ring_warned = true;
        return false;
    case SENT_NOT_AN_ID:
        LOG_WARN("Transmit ID not supported");
        timestamps_forget_sent(w);
        return false;
    }
    if (sent->length > msg->size)
        return false;
    msg->remote = sent->destination;
    msg->length = sent->length;
    memcpy(msg->data, sent->data, sent->length);
    LOG_DEBUG("Found saved message for %s fd=%d len=%d",
              ip_port_format(&msg->remote, text, sizeof(text)), fd, (int)msg->length);
    return true;
}

#endif

/* Moves the payload of a looped-back frame to the start of the buffer. */
static bool extract_payload(int fd, struct world_datagram *msg)
{
    char text[ADDR_TEXT_SIZE];
    size_t offset;

    if (!frame_parse(msg->data, msg->length, &msg->remote, &offset)) {
        LOG_DEBUG("Could not extract message");
        return false;
    }
    msg->length -= offset;
    memmove(msg->data, msg->data + offset, msg->length);
    LOG_DEBUG("Extracted message for %s fd=%d len=%d",
              ip_port_format(&msg->remote, text, sizeof(text)), fd, (int)msg->length);
    return true;
}

static bool recover_sent(struct linux_world *w, int fd, const struct control_info *info,
                         struct world_datagram *msg)
{
    msg->hardware_length = (int)msg->length;
#ifdef HAVE_LINUX_TIMESTAMPING_OPT_ID
    if (w->sent && info->has_tx_error && find_sent(w, fd, info->tx_id, msg))
        return true;
#else
#endif
    return extract_payload(fd, msg);
}

/* Judges one message. False: dropped. */
static bool take_message(struct linux_world *w, int fd, struct mmsghdr *header,
                         struct world_datagram *msg, bool errqueue)
{
    struct socket_state *state = socket_state(w, fd);
    struct msghdr *hdr = &header->msg_hdr;
    struct control_info info;

    world_datagram_init(msg, msg->data, msg->size);
    msg->length = header->msg_len;
    msg->truncated = (hdr->msg_flags & MSG_TRUNC) != 0;

    /* This comes first, because it closes descriptors that were passed. */
    bool valid = control_parse(hdr, msg, &info);
    if (info.error != 0)
        state->error = info.error;
    if (!valid)
        return false;
    if (hdr->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        LOG_DEBUG("Truncated message fd=%d", fd);
        return false;
    }
    if (!errqueue && !get_source(state, hdr, msg)) {
        LOG_DEBUG("Unexpected source address fd=%d", fd);
        return false;
    }
    log_received(state, fd, msg, errqueue);
    if (errqueue)
        return recover_sent(w, fd, &info, msg);
    if (state->timestamps && raw_is_zero(msg->kernel_time) && instant_is_zero(msg->hardware_time.i))
        timestamps_missing(w);
    return true;
}

int linux_receive(void *ctx, int fd, struct world_datagram *msgs, int count, bool errqueue)
{
    struct linux_world *w = ctx;
    struct batch b;
    int accepted = 0;

    if (count > WORLD_BATCH)
        count = WORLD_BATCH;
    if (!socket_state(w, fd) || count < 1) {
        errno = EBADF;
        return -1;
    }
    prepare_receive(&b, msgs, count);
    int received = call_receive(fd, &b, count, errqueue ? MSG_ERRQUEUE : 0);
    if (received < 0) {
        int error = errno;
        /* Reading the error clears the reported condition. Otherwise the loop would spin. */
        if (errqueue)
            socket_state(w, fd)->error = linux_socket_error(w, fd);
        else if (error != EAGAIN && error != EWOULDBLOCK)
            socket_state(w, fd)->error = error;
        errno = error;
        return error == EAGAIN || error == EWOULDBLOCK ? 0 : -1;
    }
    for (int i = 0; i < received; i++) {
        if (!take_message(w, fd, &b.headers[i], &msgs[i], errqueue))
            continue;
        if (i != accepted) {
            /* Entries are exchanged as a whole, because each owns its buffer. */
            struct world_datagram other = msgs[accepted];
            msgs[accepted] = msgs[i];
            msgs[i] = other;
            if (msgs[accepted].path)
                msgs[accepted].path = msgs[accepted].path_buf;
        }
        accepted++;
    }
    return accepted;
}

/* ---- Sending ---- */

static void *add_control(struct msghdr *hdr, int level, int type, size_t size)
{
    union control *control = hdr->msg_control;
    struct cmsghdr *cmsg = (struct cmsghdr *)(void *)(control->octets + hdr->msg_controllen);

    memset(cmsg, 0, CMSG_SPACE(size));
    cmsg->cmsg_level = level;
    cmsg->cmsg_type = type;
    cmsg->cmsg_len = CMSG_LEN(size);
    hdr->msg_controllen += CMSG_SPACE(size);
    return CMSG_DATA(cmsg);
}

/* The address to send from, and the interface for link-local destinations only: other replies may
   leave by any interface (ntp.md 4.4). */
static void add_packet_info(struct msghdr *hdr, const struct world_datagram *msg)
{
    int if_index =
        msg->if_index >= 0 && ip_addr_is_link_local(&msg->remote.addr) ? msg->if_index : 0;

    if (msg->local.family == IP_V4) {
        struct in_pktinfo info = {.ipi_ifindex = if_index};
        memcpy(&info.ipi_spec_dst, msg->local.u.v4, sizeof(info.ipi_spec_dst));
        memcpy(add_control(hdr, IPPROTO_IP, IP_PKTINFO, sizeof(info)), &info, sizeof(info));
    }
#ifdef FEAT_IPV6
    if (msg->local.family == IP_V6) {
        struct in6_pktinfo info = {.ipi6_ifindex = (unsigned int)if_index};
        memcpy(&info.ipi6_addr, msg->local.u.v6, sizeof(info.ipi6_addr));
        memcpy(add_control(hdr, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(info)), &info, sizeof(info));
    }
#endif
}

static bool set_destination(const struct socket_state *state, struct msghdr *hdr,
                            const struct world_datagram *msg)
{
    if (state->connected) {
        hdr->msg_name = NULL;
        hdr->msg_namelen = 0;
        return true;
    }
    if (state->is_unix) {
        struct sockaddr_un *sa = hdr->msg_name;
        memset(sa, 0, sizeof(*sa));
        sa->sun_family = AF_UNIX;
        hdr->msg_namelen = sizeof(*sa);
        return msg->path && text_copy(sa->sun_path, sizeof(sa->sun_path), msg->path);
    }
    hdr->msg_namelen = ip_port_to_sockaddr(&msg->remote, hdr->msg_name);
    return hdr->msg_namelen > 0;
}

/* Asks for the transmit timestamp of a packet, unless the socket does so for all of them. */
static void add_tx_timestamp(struct linux_world *w, const struct socket_state *state,
                             struct msghdr *hdr, const struct world_datagram *msg)
{
    bool has_timestamp = msg->want_tx_timestamp || state->tx_flags_permanent;

    if (!has_timestamp || !state->timestamps || w->timestamp_method != TIMESTAMPING_LINUX)
        return;
#ifdef HAVE_LINUX_TIMESTAMPING_OPT_ID
    if (w->sent) {
        const struct ip_port *to = state->connected ? &state->remote : &msg->remote;
        uint32_t id = sent_ring_save(w->sent, msg->data, msg->length, to);

        if (id != 0)
            memcpy(add_control(hdr, SOL_SOCKET, SCM_TS_OPT_ID, sizeof(id)), &id, sizeof(id));
    }
#endif
    if (!state->tx_flags_permanent)
        memcpy(add_control(hdr, SOL_SOCKET, SO_TIMESTAMPING, sizeof(w->tx_timestamp_flags)),
               &w->tx_timestamp_flags, sizeof(w->tx_timestamp_flags));
}

static bool prepare_send(struct linux_world *w, const struct socket_state *state, struct batch *b,
                         int i, const struct world_datagram *msg)
{
    struct msghdr *hdr = &b->headers[i].msg_hdr;

    b->iov[i] = (struct iovec){.iov_base = msg->data, .iov_len = msg->length};
    *hdr = (struct msghdr){
        .msg_name = &b->names[i],
        .msg_iov = &b->iov[i],
        .msg_iovlen = 1,
        .msg_control = &b->control[i],
    };
    if (!set_destination(state, hdr, msg))
        return false;
    add_packet_info(hdr, msg);
    add_tx_timestamp(w, state, hdr, msg);
    if (hdr->msg_controllen == 0)
        hdr->msg_control = NULL;
    return true;
}

static int call_send(int fd, struct batch *b, int count)
{
#ifdef HAVE_RECVMMSG
    if (count > 1) {
        int sent = sendmmsg(fd, b->headers, (unsigned int)count, MSG_NOSIGNAL);
        if (sent >= 0 || errno != ENOSYS)
            return sent;
    }
#endif
    for (int i = 0; i < count; i++) {
        if (sendmsg(fd, &b->headers[i].msg_hdr, MSG_NOSIGNAL) < 0)
            return i > 0 ? i : -1;
    }
    return count;
}

static void log_sent(int fd, const struct world_datagram *msg, int error)
{
    char remote[ADDR_TEXT_SIZE];
    const char *to = msg->path ? msg->path : "";

    if (log_threshold() > LOG_SEV_DEBUG)
        return;
    if (msg->remote.addr.family != IP_UNSPEC)
        to = ip_port_format(&msg->remote, remote, sizeof(remote));
    if (error)
        LOG_DEBUG("Could not send message%s%s fd=%d len=%d : %s", *to ? " to " : "", to, fd,
                  (int)msg->length, text_errno(error));
    else
        LOG_DEBUG("Sent message%s%s fd=%d len=%d", *to ? " to " : "", to, fd, (int)msg->length);
}

int linux_send(void *ctx, int fd, const struct world_datagram *msgs, int count)
{
    struct linux_world *w = ctx;
    const struct socket_state *state = socket_state(w, fd);
    struct batch b;
    int ready = 0;

    if (!state || count < 1) {
        errno = EBADF;
        return -1;
    }
    if (count > WORLD_BATCH)
        count = WORLD_BATCH;
    /* A message without a usable address ends the batch, so the count tells which were sent. */
    while (ready < count && prepare_send(w, state, &b, ready, &msgs[ready]))
        ready++;
    if (ready == 0) {
        errno = EDESTADDRREQ;
        return -1;
    }
    int sent = call_send(fd, &b, ready);
    /* A full queue of the network card is told only to sockets that ask for the errors of routers.
       To all others the packet counts as sent. */
    if (sent < 0 && errno == ENOBUFS && state->connected && !state->is_unix)
        sent = 1;
    int error = errno;
    for (int i = 0; i < sent; i++)
        log_sent(fd, &msgs[i], 0);
    if (sent < 0)
        log_sent(fd, &msgs[0], error);
    errno = error;
    return sent;
}
