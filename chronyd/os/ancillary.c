/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control messages of received packets and of the error queue: addresses, interfaces and timestamps
 * (system.md 5.4). Called for each message. Unknown data is ignored, and passed descriptors are
 * closed.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#ifdef HAVE_LINUX_TIMESTAMPING
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#endif
#include "base/log.h"
#include "chronyd/os/linux_internal.h"

/* Zero (no timestamp) if the values are no valid time. */
static struct instant make_time(int64_t sec, int64_t fraction, int64_t fractions)
{
    if (fraction < 0 || fraction >= fractions)
        return (struct instant){0, 0};
    return (struct instant){sec, (int32_t)(fraction * (1000000000 / fractions))};
}

static struct instant from_timespec(const struct timespec *ts)
{
    return make_time(ts->tv_sec, ts->tv_nsec, 1000000000);
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

static bool is_sent_timestamp(struct cmsghdr *cmsg, uint32_t *id)
{
    struct sock_extended_err error;

    if (!get_payload(cmsg, &error, sizeof(error), false) || error.ee_errno != ENOMSG ||
        error.ee_info != SCM_TSTAMP_SND || error.ee_origin != SO_EE_ORIGIN_TIMESTAMPING)
        return false;
    *id = error.ee_data;
    return true;
}

/* What a router, the other host or the own kernel says of a packet that could not be delivered;
   0: something else. */
static int network_error(struct cmsghdr *cmsg)
{
    struct sock_extended_err error;

    if (!get_payload(cmsg, &error, sizeof(error), false) ||
        (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6 &&
         error.ee_origin != SO_EE_ORIGIN_LOCAL))
        return 0;
    return (int)error.ee_errno;
}
#endif

static bool parse_socket_level(struct cmsghdr *cmsg, struct world_datagram *msg)
{
    struct timeval tv;
    struct timespec ts;

    if (cmsg->cmsg_type == SCM_TIMESTAMP && get_payload(cmsg, &tv, sizeof(tv), true)) {
        msg->kernel_time.i = make_time(tv.tv_sec, tv.tv_usec, 1000000);
        return true;
    }
    if (cmsg->cmsg_type == SCM_TIMESTAMPNS && get_payload(cmsg, &ts, sizeof(ts), true)) {
        msg->kernel_time.i = from_timespec(&ts);
        return true;
    }
#ifdef HAVE_LINUX_TIMESTAMPING
    struct scm_timestamping all;
    if (cmsg->cmsg_type == SCM_TIMESTAMPING && get_payload(cmsg, &all, sizeof(all), true)) {
        msg->kernel_time.i = from_timespec(&all.ts[0]);
        msg->hardware_time.i = from_timespec(&all.ts[2]);
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

bool control_parse(struct msghdr *hdr, struct world_datagram *msg, struct control_info *info)
{
    bool valid = true, known;

    *info = (struct control_info){.has_tx_error = false};
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(hdr); cmsg; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
        known = false;
        if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
            close_passed_descriptors(cmsg);
            valid = false;
            continue;
        }
#ifdef HAVE_LINUX_TIMESTAMPING
        if (is_extended_error(cmsg)) {
            if (is_sent_timestamp(cmsg, &info->tx_id)) {
                info->has_tx_error = true;
            } else {
                info->error = network_error(cmsg);
                if (info->error == 0)
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
