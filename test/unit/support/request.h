/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTP requests octet by octet, for the tests of the server.
 */
#ifndef TEST_UNIT_SUPPORT_REQUEST_H
#define TEST_UNIT_SUPPORT_REQUEST_H

#include <string.h>
#include "ntp/wire/packet.h"

/* Clears the packet, which has room for NTP_MAX_LENGTH octets, and begins it with a header. Its
   length. */
static inline size_t put_header(uint8_t *packet, int version, int mode)
{
    struct ntp_header h = {
        .version = (uint8_t)version,
        .mode = (uint8_t)mode,
        .poll = 6,
        .transmit = {0x11223344, 0x55667788},
    };

    memset(packet, 0, NTP_MAX_LENGTH);
    ntp_header_write(packet, &h);
    return NTP_HEADER_LENGTH;
}

/* Head of an extension field; the version must be in the packet. The new length. */
static inline size_t put_field(uint8_t *packet, size_t length, uint16_t type, uint16_t size)
{
    packet[length] = (uint8_t)(type >> 8);
    packet[length + 1] = (uint8_t)type;
    packet[length + 2] = (uint8_t)(size >> 8);
    packet[length + 3] = (uint8_t)size;
    return length + size;
}

#endif
