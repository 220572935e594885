/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches of datagrams through the world: what the sockets of the main process and server workers
 * have in common.
 */
#ifndef NTP_DATAGRAMS_H
#define NTP_DATAGRAMS_H

#include <stdbool.h>
#include "base/world.h"

/* How many datagrams to ask for next time, after `count` of `size` have come. */
int datagrams_next_batch(int size, int count);

/* Sends up to WORLD_BATCH datagrams, in one call where possible. sent[i] tells which were
   accepted. */
void datagrams_send(const struct world *world, int fd, const struct world_datagram *msgs, int count,
                    bool *sent);

#endif
