/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes back from the error queue of a socket: control messages with timestamps, addresses and
 * transmit IDs, and the frame that was sent. The input is a list of control messages (kind, length,
 * content) that ends with a zero octet, and the frame behind it.
 */
#include "config.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "base/wire.h"
#include "chronyd/os/frame.h"
#include "chronyd/os/linux_internal.h"
#include "test/fuzz/support.h"

/* Descriptors are left out: those that a fuzzer invents are its own. */
static const struct {
    int level, type;
} kinds[] = {
    {IPPROTO_IP, IP_PKTINFO},
    {IPPROTO_IPV6, IPV6_PKTINFO},
    {SOL_SOCKET, SCM_TIMESTAMP},
    {SOL_SOCKET, SCM_TIMESTAMPNS},
    {SOL_SOCKET, SCM_TIMESTAMPING},
    {SOL_SOCKET, 58 /* SCM_TIMESTAMPING_PKTINFO */},
    {IPPROTO_IP, IP_RECVERR},
    {IPPROTO_IPV6, IPV6_RECVERR},
    {IPPROTO_UDP, 1},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

union control {
    struct cmsghdr align;
    char octets[CONTROL_SIZE];
};

/* False: there is no more room, or no more input. */
static bool add(struct reader *r, union control *control, size_t *used)
{
    uint8_t kind = reader_u8(r), length;
    struct cmsghdr *cmsg = (struct cmsghdr *)(void *)(control->octets + *used);

    if (kind == 0)
        return false;
    length = reader_u8(r);
    const uint8_t *content = reader_view(r, length);
    if (!content || *used + CMSG_SPACE(length) > sizeof(*control))
        return false;
    cmsg->cmsg_level = kinds[kind % KINDS].level;
    cmsg->cmsg_type = kinds[kind % KINDS].type;
    cmsg->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(cmsg), content, length);
    *used += CMSG_SPACE(length);
    return true;
}

static void find(const struct sent_ring *ring, uint32_t id)
{
    const struct sent_message *sent;

    if (sent_ring_find(ring, id, &sent) == SENT_FOUND)
        assert(sent->id == id && id >= 0x1000 && sent->length == 48);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_make(data, size);
    union control control = {.octets = {0}};
    struct world_datagram msg = {.if_index = -1, .hardware_if_index = -1};
    struct sent_ring *ring = sent_ring_new(3);
    const uint8_t sent[48] = {0};
    struct control_info info;
    struct ip_port destination = {.port = 0};
    size_t used = 0, offset;

    for (int i = 0; i < 5; i++)
        sent_ring_save(ring, sent, sizeof(sent), &destination);
    while (add(&r, &control, &used))
        continue;
    struct msghdr hdr = {.msg_control = used > 0 ? &control : NULL, .msg_controllen = used};
    if (control_parse(&hdr, &msg, &info)) {
        assert(msg.kernel_time.i.nsec >= 0 && msg.kernel_time.i.nsec < 1000000000);
        assert(msg.hardware_time.i.nsec >= 0 && msg.hardware_time.i.nsec < 1000000000);
        if (info.has_tx_error)
            find(ring, info.tx_id);
    }
    if (!r.failed && frame_parse(data + r.pos, size - r.pos, &destination, &offset))
        assert(offset >= 42 && offset <= size - r.pos);
    sent_ring_free(ring);
    return 0;
}
