/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTP over PTP (ntp.md 17): the PTP event message that carries an NTP packet, so that network
 * cards and switches that support only PTP can timestamp and correct it. Pure: bytes in, bytes out.
 */
#ifndef NTP_PTP_H
#define NTP_PTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PTP_OVERHEAD 56 /* octets before the NTP packet */

struct ptp_payload {
    const uint8_t *ntp; /* within the message */
    size_t length;
    double correction; /* of transparent clocks on the way, seconds */
};

/* Writes the message around an NTP packet. Its length, or 0 if it does not fit in size. */
size_t ptp_wrap(uint8_t *out, size_t size, uint8_t domain, uint16_t sequence, const uint8_t *ntp,
                size_t length);

/* Checks a received message (ntp.md 17.2) and finds the packet in it. False: to be dropped. */
bool ptp_unwrap(const uint8_t *message, size_t length, uint8_t domain, struct ptp_payload *payload);

#endif
