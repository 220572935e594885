/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making, freeing and reporting of shards, and the texts of the results that they count.
 * ntp/server/answer.c writes into a shard.
 */
#include "ntp/server/shard.h"

#include "base/crypto.h"
#include "base/plain.h"

#define MAP_PLACE plain_align(sizeof(struct server_counts))

static const char *const result_texts[SERVER_RESULTS] = {
    [SERVER_ANSWERED] = "answered",
    [SERVER_ANSWERED_TIMES_KEPT] = "answered, its times are kept",
    [SERVER_ANSWERED_INTERLEAVED] = "answered in the interleaved mode",
    [SERVER_ANSWERED_KOD_RATE] = "answered with KoD RATE",
    [SERVER_ANSWERED_KOD_NTSN] = "answered with KoD NTSN",
    [SERVER_ANSWERED_TO_SIGN] = "answered, to be signed",
    [SERVER_DROPPED_LENGTH] = "dropped: length",
    [SERVER_DROPPED_VERSION] = "dropped: version",
    [SERVER_DROPPED_FIELDS] = "dropped: extension fields",
    [SERVER_DROPPED_ACCESS] = "dropped: access",
    [SERVER_DROPPED_MODE] = "dropped: mode",
    [SERVER_DROPPED_RATE] = "dropped: rate limit",
    [SERVER_DROPPED_KODS] = "dropped: two KoD",
    [SERVER_DROPPED_KEY] = "dropped: key or MAC",
    [SERVER_DROPPED_NTS] = "dropped: NTS",
    [SERVER_DROPPED_SIGNING] = "dropped: cannot be signed",
    [SERVER_DROPPED_REPLY] = "dropped: no reply fits",
    [SERVER_LOST] = "lost: server worker ended",
};

const char *server_result_text(enum server_result result)
{
    return result_texts[result];
}

void server_shard_init(struct server_shard *shard, const struct world *world,
                       struct client_log *log)
{
    size_t capacity = client_log_capacity(log);

    *shard = (struct server_shard){
        .world = world,
        .random = random_pool_make(world),
        .log = log,
        .map = capacity > 0 ? timestamp_map_new(capacity) : NULL,
    };
    shard->counts = &shard->own_counts;
}

/* ---- In shared memory: counters, timestamps, client log ---- */

/* The map has as many entries as the log has records. */
static size_t log_place(size_t capacity)
{
    return plain_align(sizeof(struct server_counts)) +
           (capacity > 0 ? plain_align(timestamp_map_memory(capacity)) : 0);
}

static size_t capacity_of(const struct client_log_conf *conf)
{
    struct client_log *log = client_log_view(conf, NULL);
    const size_t capacity = client_log_capacity(log);

    client_log_free(log);
    return capacity;
}

size_t server_shard_memory(const struct client_log_conf *conf)
{
    return log_place(capacity_of(conf)) + client_log_memory(conf);
}

void server_shard_adopt(struct server_shard *shard, const struct world *world,
                        const struct client_log_conf *conf, void *memory, bool *bad)
{
    const size_t capacity = capacity_of(conf);
    char *octets = memory;
    bool bad_log, bad_map = false;

    *shard = (struct server_shard){
        .world = world,
        .random = random_pool_make(world),
        .log = client_log_adopt(world, conf, octets + log_place(capacity), &bad_log),
        .counts = memory,
        .owns_log = true,
    };
    if (capacity > 0)
        shard->map = timestamp_map_adopt(capacity, octets + MAP_PLACE, &bad_map);
    *bad = bad_log || bad_map;
}

void server_shard_view(struct server_shard *shard, const struct client_log_conf *conf,
                       const void *memory)
{
    const size_t capacity = capacity_of(conf);
    const char *octets = memory;

    *shard = (struct server_shard){
        .log = client_log_view(conf, octets + log_place(capacity)),
        .map = capacity > 0 ? timestamp_map_view(capacity, octets + MAP_PLACE) : NULL,
        .counts = (struct server_counts *)(uintptr_t)memory,
        .owns_log = true,
    };
}

void server_shard_clear(struct server_shard *shard)
{
    timestamp_map_free(shard->map);
    if (shard->owns_log)
        client_log_free(shard->log);
    crypto_wipe(shard, sizeof(*shard));
}

/* ---- Reports ---- */

void server_shard_add_stats(const struct server_shard *shard, struct report_serverstats *report)
{
    const struct server_counts *counts = shard->counts;
    struct report_serverstats log = {0};
    uint64_t entries = 0, span = 0;

    client_log_report_stats(shard->log, &log);
    if (shard->map)
        timestamp_map_stats(shard->map, &entries, &span);
    report->ntp_auth_hits += counts->auth_hits;
    report->ntp_interleaved_hits += counts->interleaved_hits;
    report->ntp_daemon_rx += counts->rx_timestamps[TIMESTAMP_DAEMON];
    report->ntp_kernel_rx += counts->rx_timestamps[TIMESTAMP_KERNEL];
    report->ntp_hw_rx += counts->rx_timestamps[TIMESTAMP_HARDWARE];
    report->ntp_daemon_tx += counts->tx_timestamps[TIMESTAMP_DAEMON];
    report->ntp_kernel_tx += counts->tx_timestamps[TIMESTAMP_KERNEL];
    report->ntp_hw_tx += counts->tx_timestamps[TIMESTAMP_HARDWARE];
    report->ntp_hits += log.ntp_hits;
    report->nts_ke_hits += log.nts_ke_hits;
    report->cmd_hits += log.cmd_hits;
    report->ntp_drops += log.ntp_drops;
    report->nts_ke_drops += log.nts_ke_drops;
    report->cmd_drops += log.cmd_drops;
    report->log_drops += log.log_drops;
    report->ntp_timestamps += entries;
    if (span > report->ntp_span_seconds)
        report->ntp_span_seconds = span;
}

void server_shard_report_stats(const struct server_shard *shard, struct report_serverstats *report)
{
    *report = (struct report_serverstats){0};
    server_shard_add_stats(shard, report);
}
