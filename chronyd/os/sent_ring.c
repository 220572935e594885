/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ring of sent messages, see sent_ring.h. It owns the copies, and makes no system call.
 */
#include "chronyd/os/sent_ring.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"

/* A kernel that ignores the ID counts from 0 for each socket, and does not reach this number. */
#define FIRST_ID 0x1000

struct sent_ring {
    uint32_t last_id;
    uint32_t count;
    struct sent_message *messages;
};

struct sent_ring *sent_ring_new(int count)
{
    struct sent_ring *ring = mem_alloc(sizeof(*ring));

    ring->last_id = FIRST_ID - 1;
    ring->count = (uint32_t)count;
    ring->messages = mem_array((size_t)count, sizeof(*ring->messages));
    return ring;
}

void sent_ring_free(struct sent_ring *ring)
{
    if (!ring)
        return;
    free(ring->messages);
    free(ring);
}

uint32_t sent_ring_save(struct sent_ring *ring, const uint8_t *data, size_t length,
                        const struct ip_port *destination)
{
    struct sent_message *m;

    if (length > sizeof(m->data))
        return 0;
    ring->last_id++;
    if (ring->last_id < FIRST_ID)
        ring->last_id = FIRST_ID;
    m = &ring->messages[ring->last_id % ring->count];
    m->id = ring->last_id;
    m->length = (uint16_t)length;
    m->destination = *destination;
    memcpy(m->data, data, length);
    return m->id;
}

enum sent_result sent_ring_find(const struct sent_ring *ring, uint32_t id,
                                const struct sent_message **message)
{
    const struct sent_message *m = &ring->messages[id % ring->count];

    if (id < FIRST_ID)
        return SENT_NOT_AN_ID;
    if (m->id != id)
        return SENT_REPLACED;
    *message = m;
    return SENT_FOUND;
}
