/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stub of the daemon for tests of the NTP code.
 */
#include "test/unit/support/env.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/text.h"

static struct local_time cook(void *ctx, struct raw_time raw, double *err)
{
    struct stub_env *stub = ctx;

    if (err)
        *err = 0.0;
    return local_add((struct local_time){raw.i}, stub->clock_offset);
}

static struct local_time now(void *ctx, double *err)
{
    struct stub_env *stub = ctx;

    return cook(ctx, sim_raw(stub->sim), err);
}

static struct local_time event_time(void *ctx, double *err)
{
    struct stub_env *stub = ctx;

    return local_add(cook(ctx, loop_event_raw(stub->env.loop), err), stub->event_offset);
}

static bool has_hardware_timestamps(void *ctx)
{
    return ((struct stub_env *)ctx)->hardware_timestamps;
}

static bool hardware_timestamp(void *ctx, const struct hardware_packet *packet,
                               struct local_timestamp *timestamp)
{
    struct stub_env *stub = ctx;
    double offset = stub->clock_offset - SIM_HARDWARE_OFFSET;

    if (!stub->hardware_timestamps)
        return false;
    *timestamp = (struct local_timestamp){
        .time = {instant_add(packet->time.i, offset)},
        .source = TIMESTAMP_HARDWARE,
    };
    return true;
}

static void reference(void *ctx, struct local_time when, struct reference_data *out)
{
    struct stub_env *stub = ctx;

    *out = stub->reference;
}

static bool one_shot(void *ctx)
{
    struct stub_env *stub = ctx;

    return stub->one_shot;
}

static bool leap_is_slewed(void *ctx)
{
    return false;
}

static bool smoothing_offset(void *ctx, struct local_time when, double *offset)
{
    struct stub_env *stub = ctx;

    *offset = stub->smoothing;
    return stub->smoothing != 0.0;
}

static struct source *fake_source_new(void *ctx, const struct source_params *params)
{
    struct stub_env *stub = ctx;
    struct source *s = mem_alloc(sizeof(*s));

    s->addr = params->addr;
    s->refid = ip_addr_refid(&params->addr);
    s->next = stub->sources;
    stub->sources = s;
    return s;
}

static void fake_source_free(void *ctx, struct source *source)
{
    struct stub_env *stub = ctx;
    struct source **link = &stub->sources;

    while (*link != source)
        link = &(*link)->next;
    *link = source->next;
    free(source);
}

static void hold_selection(void *ctx)
{
    struct stub_env *stub = ctx;

    assert(stub->holds == 0);
    stub->holds++;
}

static void release_selection(void *ctx)
{
    struct stub_env *stub = ctx;

    stub->holds--;
    assert(stub->holds == 0);
    stub->released++;
}

static void fake_source_reset(void *ctx, struct source *source)
{
    source->resets++;
    source->reach = 0;
    source->reach_size = 0;
    source->samples = 0;
}

static void fake_source_set_address(void *ctx, struct source *source, const struct ip_addr *addr)
{
    source->addr = *addr;
    source->refid = ip_addr_refid(addr);
}

static void fake_source_set_refid(void *ctx, struct source *source, uint32_t refid)
{
    source->refid = refid;
}

static void fake_source_set_active(void *ctx, struct source *source, bool active)
{
    source->active = active;
}

static void fake_source_update_reachability(void *ctx, struct source *source, bool reachable)
{
    struct stub_env *stub = ctx;

    source->reach = (source->reach << 1 | reachable) & 0xff;
    if (source->reach_size < 8)
        source->reach_size++;
    if (source->reach == 0 && source->reach_size == 8 && stub->on_bad)
        stub->on_bad(stub->on_bad_arg, &source->addr);
}

static void fake_source_reset_reachability(void *ctx, struct source *source)
{
    source->reach = 0;
    source->reach_size = 0;
    fake_source_update_reachability(ctx, source, false);
}

static void fake_source_update_status(void *ctx, struct source *source, int stratum, int leap)
{
    source->leap = leap;
    source->stratum = stratum;
}

static void fake_source_accumulate(void *ctx, struct source *source,
                                   const struct source_sample *sample)
{
    source->samples++;
    source->last = *sample;
}

static void fake_source_correct_offset(void *ctx, struct source *source, double correction)
{
    source->corrected += correction;
}

static bool fake_source_is_reachable(void *ctx, const struct source *source)
{
    return source->reach != 0;
}

static bool fake_source_is_selected(void *ctx, const struct source *source)
{
    struct stub_env *stub = ctx;

    return stub->selected == source;
}

static int fake_source_samples(void *ctx, const struct source *source)
{
    return source->samples;
}

static double fake_source_predict_offset(void *ctx, const struct source *source,
                                         struct local_time when)
{
    struct stub_env *stub = ctx;

    return stub->predicted;
}

static double fake_source_skew(void *ctx, const struct source *source)
{
    return 1e-6;
}

static double fake_source_min_delay(void *ctx, const struct source *source)
{
    return source->samples > 0 ? source->last.peer_delay : INFINITY;
}

static double fake_source_asymmetry(void *ctx, const struct source *source)
{
    return source->asymmetry;
}

static bool fake_source_test_data(void *ctx, const struct source *source, struct local_time when,
                                  struct source_test_data *out)
{
    *out = source->test_data;
    return source->has_test_data;
}

static void log_measurement(void *ctx, const char *line)
{
    struct stub_env *stub = ctx;

    text_copy(stub->last_line, sizeof(stub->last_line), line);
    stub->lines++;
}

static const struct ntp_env_ops ops = {
    .cook = cook,
    .now = now,
    .event_time = event_time,
    .has_hardware_timestamps = has_hardware_timestamps,
    .hardware_timestamp = hardware_timestamp,
    .reference = reference,
    .one_shot = one_shot,
    .leap_is_slewed = leap_is_slewed,
    .smoothing_offset = smoothing_offset,
    .source_new = fake_source_new,
    .source_free = fake_source_free,
    .hold_selection = hold_selection,
    .release_selection = release_selection,
    .source_reset = fake_source_reset,
    .source_set_address = fake_source_set_address,
    .source_set_refid = fake_source_set_refid,
    .source_set_active = fake_source_set_active,
    .source_update_reachability = fake_source_update_reachability,
    .source_reset_reachability = fake_source_reset_reachability,
    .source_update_status = fake_source_update_status,
    .source_accumulate = fake_source_accumulate,
    .source_correct_offset = fake_source_correct_offset,
    .source_is_reachable = fake_source_is_reachable,
    .source_is_selected = fake_source_is_selected,
    .source_samples = fake_source_samples,
    .source_predict_offset = fake_source_predict_offset,
    .source_skew = fake_source_skew,
    .source_min_delay = fake_source_min_delay,
    .source_asymmetry = fake_source_asymmetry,
    .source_test_data = fake_source_test_data,
    .log_measurement = log_measurement,
};

void stub_env_init(struct stub_env *stub, struct sim_world *sim, struct loop *loop)
{
    *stub = (struct stub_env){
        .sim = sim,
        .reference = {.leap = 3, .stratum = 16, .root_delay = 1.0, .root_dispersion = 1.0},
    };
    stub->env = (struct ntp_env){
        .ops = &ops,
        .ctx = stub,
        .world = sim_world_interface(sim),
        .loop = loop,
        .precision = 1e-9,
        .precision_log = -30,
        .max_clock_error = 1e-6,
        .log_raw_measurements = true,
    };
}
