/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock, the reference and the sources as the tests of the NTP code need them: these
 * definitions are linked in place of those of clock/ and source/. All modules are the same
 * stub_env.
 */
#include "test/unit/support/env.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/text.h"

static const struct stub_env *stub_of(const void *module)
{
    return module;
}

/* ---- Clock ---- */

double local_clock_precision(const struct local_clock *clock)
{
    return stub_of(clock)->precision;
}

int local_clock_precision_log(const struct local_clock *clock)
{
    return -30;
}

double local_clock_max_error(const struct local_clock *clock)
{
    return 1e-6;
}

struct clock_scale local_clock_scale(const struct local_clock *clock, struct raw_time raw)
{
    return (struct clock_scale){.start = raw, .offset = -stub_of(clock)->clock_offset};
}

struct raw_time local_clock_event_raw(const struct local_clock *clock)
{
    return loop_event_raw(stub_of(clock)->env.loop);
}

struct local_time local_clock_cook(const struct local_clock *clock, struct raw_time raw,
                                   double *err)
{
    if (err)
        *err = 0.0;
    return local_add((struct local_time){raw.i}, stub_of(clock)->clock_offset);
}

struct local_time local_clock_now(const struct local_clock *clock, double *err)
{
    return local_clock_cook(clock, sim_raw(stub_of(clock)->sim), err);
}

struct local_time local_clock_event_time(const struct local_clock *clock, double *err)
{
    const struct stub_env *stub = stub_of(clock);

    return local_add(local_clock_cook(clock, loop_event_raw(stub->env.loop), err),
                     stub->event_offset);
}

void local_clock_add_handler(struct local_clock *clock, enum clock_holder holder,
                             clock_change_handler handler, void *arg)
{
    struct stub_clock_handler *handlers = ((struct stub_env *)(void *)clock)->handlers;
    int i = 0;

    while (handlers[i].handler)
        assert(++i < STUB_MAX_HANDLERS);
    handlers[i] = (struct stub_clock_handler){handler, arg};
}

void local_clock_remove_handler(struct local_clock *clock, clock_change_handler handler, void *arg)
{
    struct stub_clock_handler *handlers = ((struct stub_env *)(void *)clock)->handlers;
    int i = 0;

    while (handlers[i].handler != handler || handlers[i].arg != arg)
        assert(++i < STUB_MAX_HANDLERS);
    handlers[i] = (struct stub_clock_handler){0};
}

void stub_env_change_clock(const struct stub_env *stub, const struct clock_change *change)
{
    for (int i = 0; i < STUB_MAX_HANDLERS; i++)
        if (stub->handlers[i].handler)
            stub->handlers[i].handler(change, stub->handlers[i].arg);
}

bool nic_clocks_any(const struct nic_clocks *nics)
{
    return stub_of(nics)->hardware_timestamps;
}

bool nic_clocks_timestamp(struct nic_clocks *nics, const struct hardware_packet *packet,
                          struct local_timestamp *timestamp)
{
    const struct stub_env *stub = stub_of(nics);
    double offset = stub->clock_offset - SIM_HARDWARE_OFFSET;

    if (!stub->hardware_timestamps)
        return false;
    *timestamp = (struct local_timestamp){
        .time = {instant_add(packet->time.i, offset)},
        .source = TIMESTAMP_HARDWARE,
    };
    return true;
}

/* ---- Reference ---- */

void reference_get(struct reference *ref, struct local_time when, struct reference_data *out)
{
    *out = stub_of(ref)->reference;
}

bool reference_is_one_shot(const struct reference *ref)
{
    return stub_of(ref)->one_shot;
}

bool smoothing_offset(const struct smoothing *smoothing, struct local_time when, double *offset)
{
    *offset = stub_of(smoothing)->smoothing;
    return *offset != 0.0;
}

/* ---- Sources ---- */

struct source *source_new(struct source_register *set, const struct source_params *params)
{
    struct stub_env *stub = (struct stub_env *)(void *)set;
    struct source *s = mem_alloc(sizeof(*s));

    s->stub = stub;
    s->addr = params->addr;
    s->refid = ip_addr_refid(&params->addr);
    s->next = stub->sources;
    stub->sources = s;
    return s;
}

void source_free(struct source *source)
{
    struct source **link = &source->stub->sources;

    while (*link != source)
        link = &(*link)->next;
    *link = source->next;
    free(source);
}

void source_register_hold(struct source_register *set)
{
    struct stub_env *stub = (struct stub_env *)(void *)set;

    assert(stub->holds == 0);
    stub->holds++;
}

void source_register_release(struct source_register *set)
{
    struct stub_env *stub = (struct stub_env *)(void *)set;

    stub->holds--;
    assert(stub->holds == 0);
    stub->released++;
}

void source_reset(struct source *source)
{
    source->resets++;
    source->reach = 0;
    source->reach_size = 0;
    source->samples = 0;
}

void source_set_address(struct source *source, const struct ip_addr *addr)
{
    source->addr = *addr;
    source->refid = ip_addr_refid(addr);
}

void source_set_refid(struct source *source, uint32_t refid)
{
    source->refid = refid;
}

void source_set_active(struct source *source, bool active)
{
    source->active = active;
}

void source_update_reachability(struct source *source, bool reachable)
{
    const struct stub_env *stub = source->stub;

    source->reach = (source->reach << 1 | reachable) & 0xff;
    if (source->reach_size < 8)
        source->reach_size++;
    if (source->reach == 0 && source->reach_size == 8 && stub->on_bad)
        stub->on_bad(&source->addr, stub->on_bad_arg);
}

void source_reset_reachability(struct source *source)
{
    source->reach = 0;
    source->reach_size = 0;
    source_update_reachability(source, false);
}

void source_update_status(struct source *source, int stratum, int leap)
{
    source->leap = leap;
    source->stratum = stratum;
}

void source_accumulate(struct source *source, const struct source_sample *sample)
{
    source->samples++;
    source->last = *sample;
}

void source_correct_offset(struct source *source, double correction)
{
    source->corrected += correction;
}

bool source_is_reachable(const struct source *source)
{
    return source->reach != 0;
}

int source_reach_size(const struct source *source)
{
    return source->reach_size;
}

void source_report(const struct source *source, struct report_source *report)
{
    *report = (struct report_source){
        .reachability = (int)source->reach,
        .latest_age = UINT32_MAX,
        .offset = source->last.offset,
    };
    if (source->samples > 0)
        report->latest_age =
            (uint32_t)local_diff(local_clock_now(source->stub->env.clock, NULL), source->last.time);
}

bool source_is_selected(const struct source *source)
{
    return source->stub->selected == source;
}

int source_samples(const struct source *source)
{
    return source->samples;
}

double source_predict_offset(const struct source *source, struct local_time when)
{
    return source->stub->predicted;
}

double source_skew(const struct source *source)
{
    return 1e-6;
}

int source_steady_state(const struct source *source, struct steady_state *out)
{
    *out = source->steady_state;
    return source->learnt;
}

double source_surprise(const struct source *source)
{
    return source->surprise;
}

double source_min_delay(const struct source *source)
{
    return source->samples > 0 ? source->last.peer_delay : INFINITY;
}

double source_asymmetry(const struct source *source)
{
    return source->asymmetry;
}

bool source_test_data(const struct source *source, struct local_time when,
                      struct source_test_data *out)
{
    *out = source->test_data;
    return source->has_test_data;
}

/* ---- Measurement log ---- */

bool measurement_log_enabled(const struct measurement_log *log, enum measurement_log_kind kind)
{
    return stub_of(log)->logging;
}

void measurement_log_write(struct measurement_log *log, enum measurement_log_kind kind,
                           const char *format, ...)
{
    struct stub_env *stub = (struct stub_env *)(void *)log;
    va_list args;

    va_start(args, format);
    vsnprintf(stub->last_line, sizeof(stub->last_line), format, args);
    va_end(args);
    stub->lines++;
}

void stub_env_init(struct stub_env *stub, struct sim_world *sim, struct loop *loop)
{
    void *module = stub;

    *stub = (struct stub_env){
        .sim = sim,
        .precision = 1e-9,
        .logging = true,
        .reference = {.leap = 3, .stratum = 16, .root_delay = 1.0, .root_dispersion = 1.0},
        .env =
            {
                .world = sim_world_interface(sim),
                .loop = loop,
                .clock = module,
                .nic_clocks = module,
                .reference = module,
                .sources = module,
                .smoothing = module,
                .log = module,
                .log_raw_measurements = true,
            },
    };
}
