/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answering a request (ntp.md 20). Pure: it reads the snapshot, writes the shard, and makes a
 * reply from a packet. Called for each request by the service (ntp/server/server.h), and by tests
 * and fuzzers in its place. It owns no socket and allocates nothing.
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

/* Keeps the times of a reply that was sent (ntp.md 20.1, step 11). sent: local time. */
void server_keep_times(const struct server_snapshot *snapshot, struct server_shard *shard,
                       const uint8_t *reply, struct local_time sent);

#endif
