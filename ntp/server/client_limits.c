/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Token buckets from the settings of the rate limits. The client log fills and empties them. Pure.
 */
#include "ntp/server/client_limits.h"

#include "base/number.h"
#include "conf/groups.h"

#define TIME_FRAC_BITS CLIENT_LOG_TIME_BITS
#define MIN_INTERVAL   (-19)
#define MAX_INTERVAL   12

struct token_bucket token_bucket_make(int interval, int burst, int leak, int kod)
{
    struct token_bucket b = {
        .interval = clamp_int(MIN_INTERVAL, interval, MAX_INTERVAL),
        .leak = clamp_int(1, leak, 4),
        .kod = clamp_int(0, kod, 4),
    };
    int per_hit;

    burst = clamp_int(1, burst, 255);

    if (b.interval >= -TIME_FRAC_BITS) {
        int max_shift = TIME_FRAC_BITS + b.interval;
        while (b.shift < max_shift && (burst << (max_shift - b.shift)) >= 65536)
            b.shift++;
        per_hit = 1 << (max_shift - b.shift);
    } else {
        /* Tokens come faster than the clock of the log ticks, so several come with each tick. */
        b.shift = b.interval + TIME_FRAC_BITS;
        per_hit = 1;
        if (burst < 1 << -b.shift)
            burst = 1 << -b.shift;
    }
    b.tokens_per_hit = (uint16_t)per_hit;
    b.max_tokens = (uint16_t)(per_hit * burst);
    return b;
}

struct client_limits client_limits_make(const struct client_log_conf *conf)
{
    const struct ratelimit_conf *of[CLIENT_SERVICES] = {
        [CLIENT_NTP] = &conf->ntp,
        [CLIENT_NTS_KE] = &conf->nts,
        [CLIENT_CMD] = &conf->cmd,
    };
    struct client_limits limits;

    for (int i = 0; i < CLIENT_SERVICES; i++) {
        limits.services[i].limited = of[i]->enabled;
        limits.services[i].bucket = token_bucket_make(of[i]->interval, of[i]->burst, of[i]->leak,
                                                      i == CLIENT_NTP ? of[i]->kod : 0);
    }
    return limits;
}

int client_limits_interval(const struct client_limits *limits, enum client_service service)
{
    return limits->services[service].limited ? limits->services[service].bucket.interval
                                             : MIN_INTERVAL;
}
