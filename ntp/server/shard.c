/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making, freeing and reporting of shards, and the texts of the results that they count.
 * ntp/server/answer.c writes into a shard.
 */
#include "ntp/server/shard.h"

#include "base/crypto.h"

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
}

void server_shard_clear(struct server_shard *shard)
{
    timestamp_map_free(shard->map);
    crypto_wipe(shard, sizeof(*shard));
}

void server_shard_report_stats(const struct server_shard *shard, struct report_serverstats *report)
{
    *report = (struct report_serverstats){
        .ntp_auth_hits = shard->auth_hits,
        .ntp_interleaved_hits = shard->interleaved_hits,
        .ntp_daemon_rx = shard->rx_timestamps[TIMESTAMP_DAEMON],
        .ntp_kernel_rx = shard->rx_timestamps[TIMESTAMP_KERNEL],
        .ntp_hw_rx = shard->rx_timestamps[TIMESTAMP_HARDWARE],
        .ntp_daemon_tx = shard->tx_timestamps[TIMESTAMP_DAEMON],
        .ntp_kernel_tx = shard->tx_timestamps[TIMESTAMP_KERNEL],
        .ntp_hw_tx = shard->tx_timestamps[TIMESTAMP_HARDWARE],
    };
    client_log_report_stats(shard->log, report);
    if (shard->map)
        timestamp_map_stats(shard->map, &report->ntp_timestamps, &report->ntp_span_seconds);
}
