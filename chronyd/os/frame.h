/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Own packets that the kernel loops back with their transmit timestamp start at the Ethernet
 * header: this finds the UDP payload and destination in them (system.md 5.8). Pure.
 */
#ifndef CHRONYD_OS_FRAME_H
#define CHRONYD_OS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"

/* Destination address and port, and the position of the UDP payload in the frame, which reaches to
   its end. False: not a UDP packet over IPv4 or IPv6, or cut short. */
bool frame_parse(const uint8_t *frame, size_t length, struct ip_port *destination,
                 size_t *payload_offset);

#endif
