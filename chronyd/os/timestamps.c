/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel timestamps of packets: the options that switch them on, with their fall-backs
 * (system.md 5.3), and the control messages in which they arrive (5.4). Hardware timestamps are only
 * passed on: nothing here asks for them yet.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef HAVE_LINUX_TIMESTAMPING
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#endif
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/linux_internal.h"

/* Kernel and library agree on the layout of these with 64-bit time_t. */
#ifdef HAVE_LINUX_TIMESTAMPING
#define BASE_FLAGS                                                                                 \
    (SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_OPT_CMSG)
#define TX_FLAGS SOF_TIMESTAMPING_TX_SOFTWARE
#endif

void timestamps_probe(struct linux_world *w)
{
    w->timestamp_keeper = -1;
#ifdef HAVE_LINUX_TIMESTAMPING
    struct utsname name;
    int major = 0, minor = 0;

    w->timestamp_method = TIMESTAMPING_LINUX;
    /* Older kernels ignore flags that come with a message. A release may be as short as "4.19". */
    w->tx_timestamps_per_message = uname(&name) == 0 &&
                                   sscanf(name.release, "%d.%d", &major, &minor) >= 1 &&
                                   (major > 4 || (major == 4 && minor >= 7));
#else
    w->timestamp_method = TIMESTAMPING_NS;
#endif
}

static bool enable_linux(struct linux_world *w, int fd, bool tx)
{
#ifdef HAVE_LINUX_TIMESTAMPING
    struct socket_state *state = socket_state(w, fd);
    int one = 1;
    int flags = BASE_FLAGS;

    if (tx || !w->tx_timestamps_per_message) {
        flags |= TX_FLAGS;
        state->tx_flags_permanent = true;
    }
    return setsockopt(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, &one, sizeof(one)) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) == 0;
#else
    (void)w;
    (void)fd;
    (void)tx;
    return false;
#endif
}

void timestamps_enable(struct linux_world *w, int fd, bool tx)
{
    int one = 1;

    if (w->timestamp_method == TIMESTAMPING_LINUX) {
        if (enable_linux(w, fd, tx)) {
            socket_state(w, fd)->timestamps = true;
            return;
        }
        LOG_DEBUG("Could not enable SO_TIMESTAMPING : %s", text_errno(errno));
        w->timestamp_method = TIMESTAMPING_NS;
    }
    if (w->timestamp_method == TIMESTAMPING_NS &&
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0)
        w->timestamp_method = TIMESTAMPING_US;
    if (w->timestamp_method == TIMESTAMPING_US &&
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one)) < 0)
        w->timestamp_method = TIMESTAMPING_NONE;
}

int timestamps_tx_flags(void)
{
#ifdef HAVE_LINUX_TIMESTAMPING
    return TX_FLAGS;
#else
    return 0;
#endif
}

void timestamps_missing(struct linux_world *w)
{
    LOG_DEBUG("Missing kernel RX timestamp");
    if (w->timestamp_keeper >= 0 || w->timestamp_method != TIMESTAMPING_LINUX)
        return;
    /* The kernel switches receive timestamping on some time after the first socket asks for it and
       off with the last: this one stays. */
    int fd = sockets_create(w, w->options.ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM);
    if (fd < 0)
        return;
    *socket_state(w, fd) = (struct socket_state){.open = true, .type = WORLD_UDP};
    timestamps_enable(w, fd, true);
    w->timestamp_keeper = fd;
}

/* ---- Control messages ---- */

static struct raw_time from_timespec(const struct timespec *ts)
{
    if (ts->tv_sec == 0 && ts->tv_nsec == 0)
        return (struct raw_time){{0, 0}};
    return (struct raw_time){instant_make(ts->tv_sec, ts->tv_nsec)};
}

/* The payload of a control message, if it has exactly (or at least) the size of the object. */
static bool get_payload(struct cmsghdr *cmsg, void *object, size_t size, bool exact)
{
    if (exact ? cmsg->cmsg_len != CMSG_LEN(size) : cmsg->cmsg_len < CMSG_LEN(size))
        return false;
    memcpy(object, CMSG_DATA(cmsg), size);
    return true;
}

static void close_passed_descriptors(struct cmsghdr *cmsg)
{
    size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < count; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
        close(fd);
    }
    LOG_DEBUG("Unexpected SCM_RIGHTS");
}

static bool parse_ip(struct cmsghdr *cmsg, struct world_datagram *msg)
{
    struct in_pktinfo info;

    if (cmsg->cmsg_type != IP_PKTINFO || !get_payload(cmsg, &info, sizeof(info), true))
        return false;
    msg->local.family = IP_V4;
    memcpy(msg->local.u.v4, &info.ipi_addr, sizeof(msg->local.u.v4));
    msg->if_index = info.ipi_ifindex;
    return true;
}

#ifdef FEAT_IPV6
static bool parse_ipv6(struct cmsghdr *cmsg, struct world_datagram *msg)
{
    struct in6_pktinfo info;

    if (cmsg->cmsg_type != IPV6_PKTINFO || !get_payload(cmsg, &info, sizeof(info), true))
        return false;
    msg->local.family = IP_V6;
    memcpy(msg->local.u.v6, &info.ipi6_addr, sizeof(msg->local.u.v6));
    msg->if_index = (int)info.ipi6_ifindex;
    return true;
}
#endif

#ifdef HAVE_LINUX_TIMESTAMPING
static bool is_extended_error(const struct cmsghdr *cmsg)
{
    return (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_RECVERR) ||
           (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_RECVERR);
}

static bool is_sent_timestamp(struct cmsghdr *cmsg)
{
    struct sock_extended_err error;

    return get_payload(cmsg, &error, sizeof(error), false) && error.ee_errno == ENOMSG &&
           error.ee_info == SCM_TSTAMP_SND && error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING;
}
#endif

static bool parse_socket_level(struct cmsghdr *cmsg, struct world_datagram *msg)
{
    struct timeval tv;
    struct timespec ts;

    if (cmsg->cmsg_type == SCM_TIMESTAMP && get_payload(cmsg, &tv, sizeof(tv), true)) {
        ts = (struct timespec){.tv_sec = tv.tv_sec, .tv_nsec = tv.tv_usec * 1000};
        msg->kernel_time = from_timespec(&ts);
        return true;
    }
    if (cmsg->cmsg_type == SCM_TIMESTAMPNS && get_payload(cmsg, &ts, sizeof(ts), true)) {
        msg->kernel_time = from_timespec(&ts);
        return true;
    }
#ifdef HAVE_LINUX_TIMESTAMPING
    struct scm_timestamping all;
    if (cmsg->cmsg_type == SCM_TIMESTAMPING && get_payload(cmsg, &all, sizeof(all), true)) {
        msg->kernel_time = from_timespec(&all.ts[0]);
        msg->hardware_time = from_timespec(&all.ts[2]);
        return true;
    }
#endif
#ifdef HAVE_LINUX_TIMESTAMPING_OPT_PKTINFO
    struct scm_ts_pktinfo info;
    if (cmsg->cmsg_type == SCM_TIMESTAMPING_PKTINFO &&
        get_payload(cmsg, &info, sizeof(info), true)) {
        msg->hardware_if_index = (int)info.if_index;
        msg->hardware_length = (int)info.pkt_length;
        return true;
    }
#endif
    return false;
}

bool control_parse(struct msghdr *hdr, struct world_datagram *msg, bool *has_tx_error)
{
    bool valid = true, known;

    *has_tx_error = false;
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(hdr); cmsg; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
        known = false;
        if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
            close_passed_descriptors(cmsg);
            valid = false;
            continue;
        }
#ifdef HAVE_LINUX_TIMESTAMPING
        if (is_extended_error(cmsg)) {
            if (is_sent_timestamp(cmsg)) {
                *has_tx_error = true;
            } else {
                LOG_DEBUG("Unexpected extended error in received message");
                valid = false;
            }
            continue;
        }
#endif
        if (cmsg->cmsg_level == SOL_SOCKET)
            known = parse_socket_level(cmsg, msg);
        else if (cmsg->cmsg_level == IPPROTO_IP)
            known = parse_ip(cmsg, msg);
#ifdef FEAT_IPV6
        else if (cmsg->cmsg_level == IPPROTO_IPV6)
            known = parse_ipv6(cmsg, msg);
#endif
        if (!known)
            LOG_DEBUG("Unexpected control message level=%d type=%d len=%d", cmsg->cmsg_level,
                      cmsg->cmsg_type, (int)cmsg->cmsg_len);
    }
    return valid;
}
