/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answering a request (ntp.md 20). Pure: it reads the snapshot, writes the shard, and makes a
 * reply from a packet. Called for each request by the service (ntp/server/server.h), and by tests
 * and fuzzers in its place. It owns no socket, and answering allocates nothing.
 */
#ifndef NTP_SERVER_ANSWER_H
#define NTP_SERVER_ANSWER_H

#include "base/wire.h"
#include "ntp/arrival.h"
#include "ntp/server/shard.h"
#include "ntp/server/snapshot.h"

/*
 * Answers a request (ntp.md 20.1, steps 2 to 10). The reply is written to w, which has to be
 * empty; without a reply, w holds nothing of use. A reply is never longer than the request.
 */
enum server_result server_answer(const struct server_snapshot *snapshot, struct server_shard *shard,
                                 const struct ntp_arrival *arrival, struct writer *w);

/*
 * Several requests, 1 to WORLD_BATCH, in the order of their arrival. Each step is made for all of
 * them before the next one, so that those with NTS are decrypted, verified and encrypted together.
 * The replies are those that server_answer() makes one after another, but for random octets. The
 * room has no state: it may be used with any snapshot and shard. It takes over the batch
 * (base/aead_batch.h).
 */
struct server_room;
struct server_room *server_room_new(struct aead_batch *batch);
/* With libipsec-mb, which is loaded, so this comes before the system call filter of the process.
   NULL: it is not there, and server_answer() is as fast. */
struct server_room *server_room_load(void);
void server_room_free(struct server_room *room);
void server_answer_all(const struct server_snapshot *snapshot, struct server_shard *shard,
                       struct server_room *room, const struct ntp_arrival *arrivals, size_t count,
                       struct writer *writers, enum server_result *results);

/* Keeps the times of a reply that was sent (ntp.md 20.1, step 11). sent: local time. */
void server_keep_times(const struct server_snapshot *snapshot, struct server_shard *shard,
                       const uint8_t *reply, struct local_time sent);

#endif
