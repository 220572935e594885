/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes of batches, and sending of batches of which some datagrams cannot be sent.
 */
#include "ntp/datagrams.h"

#define MIN_BATCH 8

/* Each entry costs a little even if it stays empty, and most wake-ups bring one or two packets. A
   full batch makes the next one up to four times as large; otherwise it shrinks by halves. Packets
   that are left come in the next round. */
int datagrams_next_batch(int size, int count)
{
    size /= 2;
    if (size < 4 * count)
        size = 4 * count < WORLD_BATCH ? 4 * count : WORLD_BATCH;
    return size < MIN_BATCH ? MIN_BATCH : size;
}

void datagrams_send(const struct world *world, int fd, const struct world_datagram *msgs, int count,
                    bool *sent)
{
    for (int i = 0; i < count;) {
        int n = world->ops->send(world->ctx, fd, msgs + i, count - i);
        for (int j = 0; j < n && i < count; j++)
            sent[i++] = true;
        /* Skips a reply that cannot be sent (for example to port 0). */
        if (i < count && n < 1)
            sent[i++] = false;
    }
}
