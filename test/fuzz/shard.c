/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a shard that another process writes: read as the main process reads it, and
 * adopted as by a worker that is started again.
 */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "conf/conf.h"
#include "ntp/server/shard.h"
#include "test/fuzz/support.h"

#define LIMIT 4000 /* octets of the client log */

static void read_all(struct server_shard *view)
{
    const struct local_time now = {{1700000000, 0}};
    struct report_serverstats stats;
    struct report_client report;
    struct ip_addr addr;

    server_shard_report_stats(view, &stats);
    for (int i = 0; i < client_log_size(view->log); i++) {
        client_log_report(view->log, i, false, 0, now, &report);
        if (client_log_address(view->log, i, &addr))
            client_log_report_client(view->log, &addr, now, &report);
    }
    assert(client_log_used(view->log) <= client_log_capacity(view->log));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct client_log_conf conf = {.limit = LIMIT, .ntp = {true, 3, 8, 2, 0}};
    const struct client_limits limits = client_limits_make(&conf);
    const size_t length = server_shard_memory(&conf);
    uint8_t *memory = mem_alloc(length);
    struct fuzz_world fuzz;
    struct server_shard shard;
    bool bad;

    memcpy(memory, data, size < length ? size : length);
    server_shard_view(&shard, &conf, memory);
    read_all(&shard);
    server_shard_clear(&shard);

    fuzz_world_init(&fuzz, data, size);
    server_shard_adopt(&shard, &fuzz.world, &conf, memory, &bad);
    for (uint32_t i = 0; i < 100; i++) {
        const struct ip_addr addr = ip_addr_v4(10, 0, 0, (uint8_t)i);
        const struct ntp_time receive = {i * 3000000000U, i};
        int record = client_log_access(shard.log, &limits, CLIENT_NTP, &addr,
                                       (struct local_time){{1700000000 + i, 0}});

        client_log_limit(shard.log, &limits, CLIENT_NTP, record);
        timestamp_map_save(shard.map, receive, (struct local_time){{1700000000, 0}},
                           TIMESTAMP_DAEMON);
        timestamp_map_disable(shard.map, receive);
    }
    read_all(&shard);
    server_shard_clear(&shard);
    free(memory);
    return 0;
}
