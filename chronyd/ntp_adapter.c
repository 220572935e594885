/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the NTP code needs from the daemon (ntp/env.h), answered by the clock, the reference and the
 * source records. Only forwards: no state and no decisions here.
 */
#include "chronyd/chronyd.h"

static struct local_time env_cook(void *ctx, struct raw_time raw, double *err)
{
    return local_clock_cook(((struct chronyd *)ctx)->clock, raw, err);
}

static struct local_time env_now(void *ctx, double *err)
{
    return local_clock_now(((struct chronyd *)ctx)->clock, err);
}

static struct local_time env_event_time(void *ctx, double *err)
{
    return local_clock_event_time(((struct chronyd *)ctx)->clock, err);
}

static bool env_has_hardware_timestamps(void *ctx)
{
    return nic_clocks_any(((struct chronyd *)ctx)->nic_clocks);
}

static bool env_hardware_timestamp(void *ctx, const struct hardware_packet *packet,
                                   struct local_timestamp *timestamp)
{
    return nic_clocks_timestamp(((struct chronyd *)ctx)->nic_clocks, packet, timestamp);
}

static void env_reference(void *ctx, struct local_time when, struct reference_data *out)
{
    reference_get(((struct chronyd *)ctx)->reference, when, out);
}

static bool env_one_shot(void *ctx)
{
    return reference_is_one_shot(((struct chronyd *)ctx)->reference);
}

static bool env_leap_is_slewed(void *ctx)
{
    return ((struct chronyd *)ctx)->conf->leapsec_mode == LEAPSEC_SLEW;
}

static bool env_smoothing_offset(void *ctx, struct local_time when, double *offset)
{
    return smoothing_offset(((struct chronyd *)ctx)->smoothing, when, offset);
}

static struct source *env_source_new(void *ctx, const struct source_params *params)
{
    return source_new(((struct chronyd *)ctx)->sources, params);
}

static void env_source_free(void *ctx, struct source *source)
{
    source_free(source);
}

static void env_hold_selection(void *ctx)
{
    source_register_hold(((struct chronyd *)ctx)->sources);
}

static void env_release_selection(void *ctx)
{
    source_register_release(((struct chronyd *)ctx)->sources);
}

static void env_source_reset(void *ctx, struct source *source)
{
    source_reset(source);
}

static void env_source_set_address(void *ctx, struct source *source, const struct ip_addr *addr)
{
    source_set_address(source, addr);
}

static void env_source_set_refid(void *ctx, struct source *source, uint32_t refid)
{
    source_set_refid(source, refid);
}

static void env_source_set_active(void *ctx, struct source *source, bool active)
{
    source_set_active(source, active);
}

static void env_source_update_reachability(void *ctx, struct source *source, bool reachable)
{
    source_update_reachability(source, reachable);
}

static void env_source_reset_reachability(void *ctx, struct source *source)
{
    source_reset_reachability(source);
}

static void env_source_update_status(void *ctx, struct source *source, int stratum, int leap)
{
    source_update_status(source, stratum, leap);
}

static void env_source_accumulate(void *ctx, struct source *source,
                                  const struct source_sample *sample)
{
    source_accumulate(source, sample);
}

static void env_source_correct_offset(void *ctx, struct source *source, double correction)
{
    source_correct_offset(source, correction);
}

static bool env_source_is_reachable(void *ctx, const struct source *source)
{
    return source_is_reachable(source);
}

static bool env_source_is_selected(void *ctx, const struct source *source)
{
    return source_is_selected(source);
}

static int env_source_samples(void *ctx, const struct source *source)
{
    return source_samples(source);
}

static double env_source_predict_offset(void *ctx, const struct source *source,
                                        struct local_time when)
{
    return source_predict_offset(source, when);
}

static double env_source_skew(void *ctx, const struct source *source)
{
    return source_skew(source);
}

static double env_source_min_delay(void *ctx, const struct source *source)
{
    return source_min_delay(source);
}

static double env_source_asymmetry(void *ctx, const struct source *source)
{
    return source_asymmetry(source);
}

static bool env_source_test_data(void *ctx, const struct source *source, struct local_time when,
                                 struct source_test_data *out)
{
    return source_test_data(source, when, out);
}

static void env_log_measurement(void *ctx, const char *line)
{
    measurement_log_write(((struct chronyd *)ctx)->mlog, MLOG_MEASUREMENTS, "%s", line);
}

static const struct ntp_env_ops env_ops = {
    .cook = env_cook,
    .now = env_now,
    .event_time = env_event_time,
    .has_hardware_timestamps = env_has_hardware_timestamps,
    .hardware_timestamp = env_hardware_timestamp,
    .reference = env_reference,
    .one_shot = env_one_shot,
    .leap_is_slewed = env_leap_is_slewed,
    .smoothing_offset = env_smoothing_offset,
    .source_new = env_source_new,
    .source_free = env_source_free,
    .hold_selection = env_hold_selection,
    .release_selection = env_release_selection,
    .source_reset = env_source_reset,
    .source_set_address = env_source_set_address,
    .source_set_refid = env_source_set_refid,
    .source_set_active = env_source_set_active,
    .source_update_reachability = env_source_update_reachability,
    .source_reset_reachability = env_source_reset_reachability,
    .source_update_status = env_source_update_status,
    .source_accumulate = env_source_accumulate,
    .source_correct_offset = env_source_correct_offset,
    .source_is_reachable = env_source_is_reachable,
    .source_is_selected = env_source_is_selected,
    .source_samples = env_source_samples,
    .source_predict_offset = env_source_predict_offset,
    .source_skew = env_source_skew,
    .source_min_delay = env_source_min_delay,
    .source_asymmetry = env_source_asymmetry,
    .source_test_data = env_source_test_data,
    .log_measurement = env_log_measurement,
};

void chronyd_fill_ntp_env(struct chronyd *d)
{
    d->ntp_env = (struct ntp_env){
        .ops = &env_ops,
        .ctx = d,
        .world = d->world,
        .loop = d->loop,
        .precision = local_clock_precision(d->clock),
        .precision_log = local_clock_precision_log(d->clock),
        .max_clock_error = local_clock_max_error(d->clock),
        .log_raw_measurements = (d->conf->log_files & LOGFILE_RAWMEASUREMENTS) != 0,
        .log_measurements = measurement_log_enabled(d->mlog, MLOG_MEASUREMENTS),
    };
}
