/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sent messages that wait for their transmit timestamps, found by the ID that was given to the
 * kernel with each (maxtxbuffers; system.md 5.8). Used by the Linux world only. Pure.
 */
#ifndef CHRONYD_OS_SENT_RING_H
#define CHRONYD_OS_SENT_RING_H

#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "ntp/ptp.h"
#include "ntp/wire/packet.h"

#define SENT_MAX_LENGTH (NTP_MAX_LENGTH + PTP_OVERHEAD)

struct sent_ring;

struct sent_message {
    uint32_t id;
    uint16_t length;
    struct ip_port destination;
    uint8_t data[SENT_MAX_LENGTH];
};

enum sent_result {
    SENT_FOUND,
    SENT_REPLACED,  /* by a later message: the ring is too small */
    SENT_NOT_AN_ID, /* the kernel counts by itself and ignores the IDs that are given */
};

/* count: 1 or more. */
struct sent_ring *sent_ring_new(int count);
void sent_ring_free(struct sent_ring *ring);

/* Keeps a copy; the ID to be sent with it, 0: it is too long. */
uint32_t sent_ring_save(struct sent_ring *ring, const uint8_t *data, size_t length,
                        const struct ip_port *destination);
/* The message is valid until the next one is saved. */
enum sent_result sent_ring_find(const struct sent_ring *ring, uint32_t id,
                                const struct sent_message **message);

#endif
