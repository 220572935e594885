/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet as the sockets give it to those who read it: its octets, its sender, and its time. A
 * plain description; the sockets own the octets.
 */
#ifndef NTP_ARRIVAL_H
#define NTP_ARRIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/timestamp.h"

/* A received packet, or an own packet that came back with its transmit timestamp. */
struct ntp_arrival {
    int fd;
    bool on_server_socket;
    bool by_worker; /* its time is what a server worker says */
    const uint8_t *packet;
    size_t length;         /* 48..1140 */
    struct ip_port remote; /* its sender, or the destination of an own packet */
    struct ip_addr local;
    int if_index;
    struct local_timestamp time;
};

/* Takes the time that the kernel has noted, if it is credible beside that of the wake-up, which is
   in *time so far. */
void arrival_take_kernel_time(struct local_timestamp *time, struct local_time kernel, double error);

#endif
