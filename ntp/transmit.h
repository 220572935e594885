/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filling in a packet (ntp.md 10): header, timestamps with their random bits, extension fields. For
 * requests, peers' packets, replies and broadcasts alike. It sends nothing and adds no
 * authentication: the caller does both.
 */
#ifndef NTP_TRANSMIT_H
#define NTP_TRANSMIT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/instant.h"
#include "base/timestamp.h"
#include "base/wire.h"
#include "base/world.h"
#include "clock/reference_data.h"
#include "clock/scale.h"
#include "ntp/random_pool.h"
#include "ntp/wire/packet.h"

/* The time scale without corrections of the clock, the same in all packets of the daemon (ntp.md
   16.2). */
struct ntp_mono_scale {
    double shift;   /* seconds, added to the local time */
    uint32_t epoch; /* random; a new one when the scale begins anew */
};

/* Time and reference data for the packets of one wake-up: a plain value. */
struct transmit_time {
    struct clock_scale scale; /* for transmit timestamps of modes other than client */
    struct local_time event_time;
    struct reference_data reference; /* modes other than client only */
    int precision_log;               /* -30 or more */
    double quantum;
    bool smoothing; /* time smoothing is enabled */
    double smoothing_offset;
    bool leap_is_slewed;
    bool add_net_correction; /* the field is sent at all: ptpport is used */
    struct ntp_mono_scale mono;
};

/* Input of filling in a packet. The world is asked only for the raw time and for random octets. */
struct transmit_context {
    const struct transmit_time *time;
    const struct world *world;
    struct random_pool *random;
};

struct transmit_input {
    int mode;
    int version;
    int poll;
    bool interleaved; /* if possible */
    uint32_t kod;     /* 0: none */
    unsigned int ext_flags;
    bool has_their_receive;
    struct ntp_time their_receive;
    struct ntp_time their_transmit;
    const struct local_timestamp *local_receive; /* NULL: zero */
    struct local_time previous_transmit;         /* zero: none */
    struct ntp_time previous_own_receive;        /* zero: none */
    struct ntp_time previous_own_transmit;
};

struct transmit_output {
    bool interleaved;
    struct ntp_time receive;
    struct ntp_time transmit;
};

/* Seconds that time smoothing adds to the timestamps of packets of a mode. */
double transmit_smoothing(const struct transmit_time *time, int mode);

/* What a packet of a mode other than client says of the time besides its timestamps: leap, stratum,
   precision, root delay and dispersion, reference ID and time. has_receive: it has a receive
   timestamp. The other fields are not changed. */
void transmit_reference(const struct transmit_time *time, int mode, bool has_receive,
                        struct ntp_header *header);

/* Writes header and fields at the start of w. False: a field cannot be added; nothing is sent. */
bool transmit_fill(const struct transmit_context *context, const struct transmit_input *input,
                   struct writer *w, struct transmit_output *output);

#endif
