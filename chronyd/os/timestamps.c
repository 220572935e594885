/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timestamps of packets: the options of sockets that switch those of the kernel and of network
 * cards on, with their fall-backs (system.md 5.3), and IDs of sent packets (5.8). The timestamps
 * arrive in control messages (ancillary.c).
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef HAVE_LINUX_TIMESTAMPING
#include <linux/net_tstamp.h>
#endif
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/linux_internal.h"

#ifdef HAVE_LINUX_TIMESTAMPING
#define BASE_FLAGS                                                                                 \
    (SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_OPT_CMSG)
#define TX_FLAGS          SOF_TIMESTAMPING_TX_SOFTWARE
#define HARDWARE_FLAGS    (SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE)
#define HARDWARE_TX_FLAGS SOF_TIMESTAMPING_TX_HARDWARE
#endif

void timestamps_probe(struct linux_world *w)
{
    w->timestamp_keeper = -1;
#ifdef HAVE_LINUX_TIMESTAMPING
    struct utsname name;
    int major = 0, minor = 0;

    w->timestamp_method = TIMESTAMPING_LINUX;
    w->timestamp_flags = BASE_FLAGS;
    w->tx_timestamp_flags = TX_FLAGS;
    /* Older kernels ignore flags that come with a message. A release may be as short as "4.19". */
    w->tx_timestamps_per_message = uname(&name) == 0 &&
                                   sscanf(name.release, "%d.%d", &major, &minor) >= 1 &&
                                   (major > 4 || (major == 4 && minor >= 7));
#else
    w->timestamp_method = TIMESTAMPING_NS;
#endif
}

#ifdef HAVE_LINUX_TIMESTAMPING

static bool accepts_flags(int fd, int flags)
{
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) == 0;
}

/* Adds a flag to those of sockets if the kernel has it. */
static void add_option(struct linux_world *w, int flag)
{
    int fd = sockets_create_probe(w);

    if (fd < 0)
        return;
    if (accepts_flags(fd, flag))
        w->timestamp_flags |= flag;
    close(fd);
}

void timestamps_use_hardware(struct linux_world *w)
{
    if (w->tx_timestamp_flags & HARDWARE_TX_FLAGS)
        return;
    w->timestamp_flags |= HARDWARE_FLAGS;
    w->tx_timestamp_flags |= HARDWARE_TX_FLAGS;
#ifdef HAVE_LINUX_TIMESTAMPING_OPT_PKTINFO
    add_option(w, SOF_TIMESTAMPING_OPT_PKTINFO);
#endif
#ifdef HAVE_LINUX_TIMESTAMPING_OPT_TX_SWHW
    add_option(w, SOF_TIMESTAMPING_OPT_TX_SWHW);
#endif
}

#endif

#ifdef HAVE_LINUX_TIMESTAMPING_OPT_ID

/* The kernel's name; libc has another one. */
#define MSG_PROBE 0x10

/* Kernels before 6.13 refuse the control message. The probe is an empty packet that is not sent:
   with MSG_PROBE and MSG_CONFIRM the call ends after the check of the control messages. */
static bool accepts_ids(struct linux_world *w)
{
    const struct ip_port discard = {.addr = ip_addr_loopback(w->options.ipv4 ? IP_V4 : IP_V6),
                                    .port = 9};
    union {
        struct cmsghdr align;
        char octets[CMSG_SPACE(sizeof(uint32_t))];
    } control = {.octets = {0}};
    struct sockaddr_storage name;
    struct msghdr hdr = {
        .msg_name = &name,
        .msg_namelen = ip_port_to_sockaddr(&discard, &name),
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    int fd = sockets_create_probe(w);

    if (fd < 0)
        return false;
    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_TS_OPT_ID;
    control.align.cmsg_len = CMSG_LEN(sizeof(uint32_t));
    bool accepted = accepts_flags(fd, SOF_TIMESTAMPING_OPT_ID) &&
                    (sendmsg(fd, &hdr, MSG_PROBE | MSG_CONFIRM) >= 0 || errno != EINVAL);
    close(fd);
    return accepted;
}

bool timestamps_keep_sent(struct linux_world *w, int count)
{
    if (w->timestamp_method != TIMESTAMPING_LINUX || !accepts_ids(w))
        return false;
    w->sent = sent_ring_new(count);
    /* This flag cannot come with a message. */
    w->timestamp_flags |= SOF_TIMESTAMPING_OPT_ID;
    return true;
}

void timestamps_forget_sent(struct linux_world *w)
{
    sent_ring_free(w->sent);
    w->sent = NULL;
    w->timestamp_flags &= ~SOF_TIMESTAMPING_OPT_ID;
}

#else

bool timestamps_keep_sent(struct linux_world *w, int count)
{
    return false;
}

#endif

static bool enable_linux(struct linux_world *w, int fd, bool tx)
{
#ifdef HAVE_LINUX_TIMESTAMPING
    struct socket_state *state = socket_state(w, fd);
    int one = 1;
    int flags = w->timestamp_flags;

    if (tx || !w->tx_timestamps_per_message) {
        flags |= w->tx_timestamp_flags;
        state->tx_flags_permanent = true;
    }
    return setsockopt(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, &one, sizeof(one)) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) == 0;
#else
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

void timestamps_adopt(struct linux_world *w, int fd)
{
#ifdef HAVE_LINUX_TIMESTAMPING
    struct socket_state *state = socket_state(w, fd);
    int flags = 0;
    socklen_t length = sizeof(flags);

    if (w->timestamp_method != TIMESTAMPING_LINUX ||
        getsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, &length) < 0)
        return;
    state->timestamps = (flags & SOF_TIMESTAMPING_SOFTWARE) != 0;
    state->tx_flags_permanent = (flags & TX_FLAGS) != 0;
#else
#endif
}

void timestamps_missing(struct linux_world *w)
{
    LOG_DEBUG("Missing kernel RX timestamp");
    if (w->adopts_only || w->timestamp_keeper >= 0 || w->timestamp_method != TIMESTAMPING_LINUX)
        return;
    /* The kernel switches receive timestamping on with a delay after the first socket asks for it,
       and off with the last one. This socket stays open, so that it stays on. */
    int fd = sockets_create_probe(w);
    if (fd < 0)
        return;
    *socket_state(w, fd) = (struct socket_state){.open = true, .type = WORLD_UDP};
    timestamps_enable(w, fd, true);
    w->timestamp_keeper = fd;
}
