/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the packet parser needs of the extension field codec beyond ntp/wire/packet.h. Everybody
 * else walks over the fields of a parsed packet with ntp_ext_next().
 */
#ifndef NTP_WIRE_EXTENSION_H
#define NTP_WIRE_EXTENSION_H

#include "ntp/wire/packet.h"

/* One field of a packet of `length` octets, not less than a header, by all rules of ntp.md 3.4.
   False: it is malformed. */
bool ntp_ext_read(const uint8_t *packet, size_t length, size_t start, struct ntp_ext_field *field);

#endif
