/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual clock of a process that may not touch the system clock (discipline.md 6.7). Called by
 * the local clock. Steps always fail, so that callers fall back to accumulating the offset.
 */
#include "clock/driver_null.h"
#include <math.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"

/* Long intervals would lose precision in one multiplication. */
#define MAX_UPDATE_INTERVAL 1000.0

struct null_clock {
    struct world *world;
    double freq_ppm;
    struct clock_scale scale;
};

static void update(struct null_clock *n, struct raw_time raw)
{
    n->scale.offset -= n->scale.freq * raw_diff(raw, n->scale.start);
    n->scale.start = raw;
}

static double null_read_frequency(void *ctx)
{
    const struct null_clock *n = ctx;

    return n->freq_ppm;
}

static void use_frequency(struct null_clock *n, double freq_ppm)
{
    n->freq_ppm = freq_ppm;
    n->scale.freq = -1.0e-6 * freq_ppm;
}

static double null_set_frequency(void *ctx, double freq_ppm)
{
    struct null_clock *n = ctx;

    update(n, world_raw_now(n->world));
    use_frequency(n, freq_ppm);
    return freq_ppm;
}

static void null_accrue_offset(void *ctx, double offset, double rate)
{
    struct null_clock *n = ctx;

    n->scale.offset += offset;
}

static const struct clock_scale *null_scale(void *ctx, struct raw_time raw)
{
    struct null_clock *n = ctx;

    if (raw_diff(raw, n->scale.start) > MAX_UPDATE_INTERVAL)
        update(n, raw);
    return &n->scale;
}

static bool null_step(void *ctx, double offset, enum step_reason reason)
{
    return false;
}

static void null_free(void *ctx)
{
    free(ctx);
}

static const struct clock_driver_ops null_ops = {
    .read_frequency = null_read_frequency,
    .set_frequency = null_set_frequency,
    .accrue_offset = null_accrue_offset,
    .scale = null_scale,
    .step = null_step,
    .free = null_free,
};

struct clock_driver driver_null_new(struct world *world)
{
    struct null_clock *n = mem_alloc(sizeof(*n));

    n->world = world;
    n->scale.start = world_raw_now(world);
    use_frequency(n, 0.0);
    LOG_INFO("Disabled control of system clock");
    return (struct clock_driver){&null_ops, n};
}
