/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports on all shards of the daemon together: that of the main process (key establishment,
 * commands, and NTP where it answers itself), those of the server workers, and that of the program
 * in the kernel. They say the same as if there were one; no client is reported twice.
 */
#ifndef NTP_SERVER_SHARDS_H
#define NTP_SERVER_SHARDS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/instant.h"
#include "base/report.h"
#include "ntp/server/shard.h"

struct server_workers;

struct server_shards {
    const struct server_shard *own;
    struct server_workers *workers;    /* NULL: there are none */
    const struct server_shard *kernel; /* of what is answered in the kernel; NULL: nothing is */
};

void server_shards_report_stats(const struct server_shards *shards,
                                struct report_serverstats *report);
/* Requests with this result. */
uint64_t server_shards_count(const struct server_shards *shards, enum server_result result);

/* Clients that have a record, those of several large logs estimated, and how many there can be. */
uint32_t server_shards_clients(const struct server_shards *shards);
uint32_t server_shards_clients_max(const struct server_shards *shards);

/* Indices of the client log: those of all shards, one after another. -1: it is not active. */
int server_shards_size(const struct server_shards *shards);

struct server_shards_query {
    uint32_t first;
    uint32_t limit; /* clients to be reported */
    uint32_t min_hits;
    bool reset; /* hits and drops are cleared afterwards, of all indices that were looked at */
    struct local_time now;
};
/* Reports clients from an index on, as client_log_report() does. Returns their number; *next is the
   index to go on with. */
uint32_t server_shards_report_clients(const struct server_shards *shards,
                                      const struct server_shards_query *query,
                                      struct report_client *clients, uint32_t *next);

#endif
