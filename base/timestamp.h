/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timestamps of packets: what a network card has said about one, and what that means in local time
 * (ntp.md 5.1, 5.4).
 */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include "base/addr.h"
#include "base/instant.h"
#include "base/report.h"
#include "base/world.h"

/* A local timestamp of a packet, ntp.md 5.1. */
struct local_timestamp {
    struct local_time time;
    double error; /* bound, seconds */
    enum timestamp_source source;
    double wire_time;      /* seconds on the wire, hardware receive timestamps only */
    double net_correction; /* seconds */
};

/* A packet that a network card has timestamped, 5.4. */
struct hardware_packet {
    struct hardware_time time;
    int if_index; /* -1: unknown */
    bool sent;    /* else received */
    enum ip_family family;
    size_t length;           /* of the UDP payload */
    int frame_length;        /* layer 2, -1: unknown */
    struct local_time known; /* by the daemon */
};

#endif
