/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathers the time and reference data for packets into one plain value. Called by the server, by
 * broadcasts and by peers, once for a wake-up or a packet. Filling in packets asks none of these
 * modules.
 */
#include "ntp/transmit_time.h"

struct transmit_time transmit_time_make(const struct ntp_env *env)
{
    struct local_time now = local_clock_event_time(env->clock, NULL);
    struct transmit_time time = {
        .scale = local_clock_scale(env->clock, local_clock_event_raw(env->clock)),
        .event_time = now,
        .precision_log = local_clock_precision_log(env->clock),
        .quantum = local_clock_precision(env->clock),
        .leap_is_slewed = env->leap_is_slewed,
    };

    reference_get(env->reference, now, &time.reference);
    time.smoothing = smoothing_offset(env->smoothing, now, &time.smoothing_offset);
    return time;
}
