/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shard: everything that answering requests writes, that is the client log, the timestamps for
 * interleaved replies, random octets, and a counter for each result. One thread works on a shard
 * at a time; shards have nothing in common, so that several can answer from one snapshot without
 * a lock.
 */
#ifndef NTP_SERVER_SHARD_H
#define NTP_SERVER_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/report.h"
#include "base/world.h"
#include "ntp/auth.h"
#include "ntp/random_pool.h"
#include "ntp/server/client_log.h"
#include "ntp/server/timestamp_map.h"

/* What was done with a request, and why (ntp.md 20.1). */
enum server_result {
    /* There is a reply. */
    SERVER_ANSWERED,
    SERVER_ANSWERED_TIMES_KEPT, /* its times are kept for an interleaved reply */
    SERVER_ANSWERED_INTERLEAVED,
    SERVER_ANSWERED_KOD_RATE,
    SERVER_ANSWERED_KOD_NTSN,
    SERVER_ANSWERED_TO_SIGN, /* to be signed by Samba before it is sent */

    SERVER_DROPPED_LENGTH, /* of the packet */
    SERVER_DROPPED_VERSION,
    SERVER_DROPPED_FIELDS, /* extension fields are malformed */
    SERVER_DROPPED_ACCESS,
    SERVER_DROPPED_MODE,
    SERVER_DROPPED_RATE,
    SERVER_DROPPED_KODS, /* the reply would be two kisses at once */
    SERVER_DROPPED_KEY,  /* unknown, or the MAC is wrong */
    SERVER_DROPPED_NTS,
    SERVER_DROPPED_SIGNING, /* it asks for a signature that is not possible here */
    SERVER_DROPPED_REPLY,   /* would be longer than the request, or cannot be authenticated */
    SERVER_LOST,            /* the server worker that had it was ended */
};
#define SERVER_RESULTS (SERVER_LOST + 1)

/* "answered", "dropped: rate limit" and the like. */
const char *server_result_text(enum server_result result);

static inline bool server_result_has_reply(enum server_result result)
{
    return result < SERVER_DROPPED_LENGTH;
}

/* Whether the times of the reply are kept when it was sent (ntp.md 20.1, step 11). */
static inline bool server_result_keeps_times(enum server_result result)
{
    return result == SERVER_ANSWERED_TIMES_KEPT || result == SERVER_ANSWERED_INTERLEAVED;
}

/* What is counted of requests. */
struct server_counts {
    uint64_t results[SERVER_RESULTS];
    uint64_t auth_hits;        /* authenticated requests that were to be answered */
    uint64_t interleaved_hits; /* interleaved requests that were to be answered */
    uint64_t rx_timestamps[3]; /* by enum timestamp_source */
    uint64_t tx_timestamps[3];
    /* Of a server worker. */
    uint64_t taken;         /* requests that were read from a socket */
    uint64_t clock_changes; /* that it knows of */
    uint64_t not_forwarded; /* packets for which the main process had no room */
};

struct server_shard {
    const struct world *world; /* asked for the raw time and for random octets only */
    struct random_pool random;
    struct client_log *log;
    struct timestamp_map *map;            /* NULL: interleaved replies are not served */
    const struct ntp_nts_server_ops *nts; /* NULL: without NTS */
    struct ntp_nts_request nts_request;   /* the one that is being answered */
    struct server_counts *counts;         /* those below, or in shared memory */
    struct server_counts own_counts;
    bool owns_log;
};

/* The log is the caller's; it gives the capacity of the timestamp map. World and log must outlive
   the shard. Clearing frees what the shard owns. */
void server_shard_init(struct server_shard *shard, const struct world *world,
                       struct client_log *log);
void server_shard_clear(struct server_shard *shard);

/*
 * A shard in memory that processes share, with a log of its own: as many octets as
 * server_shard_memory() says, zeroed before the first use. The process that adopts it answers with
 * it; bad: what was there made no sense, and was cleared. A view is for reports, and does not trust
 * what it reads. Memory and conf must outlive both.
 */
size_t server_shard_memory(const struct client_log_conf *conf);
void server_shard_adopt(struct server_shard *shard, const struct world *world,
                        const struct client_log_conf *conf, void *memory, bool *bad);
void server_shard_view(struct server_shard *shard, const struct client_log_conf *conf,
                       const void *memory);

/* The complete serverstats report, and the same added to that of other shards. */
void server_shard_report_stats(const struct server_shard *shard, struct report_serverstats *report);
void server_shard_add_stats(const struct server_shard *shard, struct report_serverstats *report);

#endif
