/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parser of looped-back Ethernet frames, see frame.h. It is called with what the kernel returns
 * from the error queue; everything is read through the bounded reader.
 */
#include "chronyd/os/frame.h"

#include <string.h>
#include "base/wire.h"

#define TYPE_VLAN    0x8100
#define TYPE_IPV4    0x0800
#define TYPE_IPV6    0x86dd
#define PROTOCOL_UDP 17

/* IPv6 extension headers. */
#define EXTENSION_HOP_BY_HOP   0
#define EXTENSION_ROUTING      43
#define EXTENSION_FRAGMENT     44
#define EXTENSION_AUTH         51
#define EXTENSION_DESTINATION  60
#define EXTENSION_MOBILITY     135
#define EXTENSION_FIXED_LENGTH 8 /* minimum of each */

/* Each function moves the reader behind its header. False: the header is not valid. */

static bool skip_ethernet(struct reader *r)
{
    uint16_t type;

    reader_skip(r, 12);
    while ((type = reader_u16(r)) == TYPE_VLAN)
        reader_skip(r, 2);
    return !r->failed && (type == TYPE_IPV4 || type == TYPE_IPV6);
}

static bool skip_udp(struct reader *r, uint16_t *port)
{
    reader_skip(r, 2);
    *port = reader_u16(r);
    reader_skip(r, 4);
    return !r->failed;
}

static bool parse_ipv4(struct reader *r, struct ip_port *destination)
{
    const uint8_t *header = reader_view(r, 20);

    if (!header || header[9] != PROTOCOL_UDP)
        return false;
    size_t length = (size_t)(header[0] & 0xf) * 4;
    if (length < 20)
        return false;
    reader_skip(r, length - 20);
    destination->addr = ip_addr_v4(header[16], header[17], header[18], header[19]);
    return skip_udp(r, &destination->port);
}

/* Length of an extension header; 0: not supported. */
static size_t extension_length(uint8_t type, const uint8_t *header)
{
    switch (type) {
    case EXTENSION_FRAGMENT: /* 13 bits of offset: only the first one has the UDP header */
        return header[2] == 0 && header[3] < 8 ? EXTENSION_FIXED_LENGTH : 0;
    case EXTENSION_HOP_BY_HOP:
    case EXTENSION_ROUTING:
    case EXTENSION_DESTINATION:
    case EXTENSION_MOBILITY:
        return 8 * ((size_t)header[1] + 1);
    case EXTENSION_AUTH:
        return 4 * ((size_t)header[1] + 2);
    default:
        return 0;
    }
}

static bool parse_ipv6(struct reader *r, struct ip_port *destination)
{
    const uint8_t *header = reader_view(r, 40);

    if (!header)
        return false;
    destination->addr.family = IP_V6;
    memcpy(destination->addr.u.v6, header + 24, sizeof(destination->addr.u.v6));
    for (uint8_t next = header[6]; next != PROTOCOL_UDP; next = header[0]) {
        header = reader_view(r, EXTENSION_FIXED_LENGTH);
        size_t length = header ? extension_length(next, header) : 0;
        if (length < EXTENSION_FIXED_LENGTH)
            return false;
        reader_skip(r, length - EXTENSION_FIXED_LENGTH);
    }
    return skip_udp(r, &destination->port);
}

bool frame_parse(const uint8_t *frame, size_t length, struct ip_port *destination,
                 size_t *payload_offset)
{
    struct reader r = reader_make(frame, length);
    bool valid = false;

    memset(destination, 0, sizeof(*destination));
    if (!skip_ethernet(&r) || reader_left(&r) == 0)
        return false;
    /* The version decides, not the Ethernet type. */
    switch (frame[r.pos] >> 4) {
    case 4:
        valid = parse_ipv4(&r, destination);
        break;
    case 6:
        valid = parse_ipv6(&r, destination);
        break;
    }
    *payload_offset = r.pos;
    return valid;
}
