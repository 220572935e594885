/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch of requests from one socket, answered from a snapshot (ntp.md 20.1): what the main
 * process, where it answers itself, and server workers have in common. How replies are sent and
 * who signs them is the caller's.
 */
#ifndef NTP_SERVER_BATCH_H
#define NTP_SERVER_BATCH_H

#include <stdbool.h>
#include "base/world.h"
#include "ntp/arrival.h"
#include "ntp/server/answer.h"

struct server_reply {
    uint8_t data[NTP_MAX_LENGTH];
    size_t length;
    enum server_result result;
};

struct server_batch_ops {
    /* sent[i]: the system has accepted it. */
    void (*send)(void *ctx, int fd, struct world_datagram *msgs, int count, bool *sent);
    /* A reply of NTP_HEADER_LENGTH octets that Samba has to sign before it is sent. */
    void (*sign)(void *ctx, const struct ntp_arrival *request, const uint8_t *reply);
};

/* Room for the replies of a batch, and who takes them. Only the latter lasts longer. */
struct server_batch {
    const struct server_batch_ops *ops;
    void *ctx;
    struct server_room *room; /* the caller's; NULL: each request is answered by itself */
    struct server_reply replies[WORLD_BATCH];
    struct world_datagram msgs[WORLD_BATCH]; /* with the replies */
};

/* arrivals: 1 to WORLD_BATCH, all from one socket. */
void server_batch_answer(struct server_batch *batch, const struct server_snapshot *snapshot,
                         struct server_shard *shard, const struct ntp_arrival *arrivals, int count);

/* A reply came back with its transmit timestamp (ntp.md 20.1, step 11). smoothing: seconds that
   time smoothing adds to what clients get. */
void server_batch_sent(struct server_shard *shard, const struct ntp_arrival *arrival,
                       double smoothing);

#endif
