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
    double offset_register;
    struct raw_time last_update;
};

static void update(struct null_clock *n, struct raw_time raw)
{
    n->offset_register += 1.0e-6 * n->freq_ppm * raw_diff(raw, n->last_update);
    n->last_update = raw;
}

static double null_read_frequency(void *ctx)
{
    const struct null_clock *n = ctx;

    return n->freq_ppm;
}

static double null_set_frequency(void *ctx, double freq_ppm)
{
    struct null_clock *n = ctx;

    update(n, world_raw_now(n->world));
    n->freq_ppm = freq_ppm;
    return freq_ppm;
}

static void null_accrue_offset(void *ctx, double offset, double rate)
{
    struct null_clock *n = ctx;

    n->offset_register += offset;
}

static double null_correction(void *ctx, struct raw_time raw, double *err)
{
    struct null_clock *n = ctx;
    double elapsed = raw_diff(raw, n->last_update);

    if (elapsed > MAX_UPDATE_INTERVAL) {
        update(n, raw);
        elapsed = 0.0;
    }
    if (err)
        *err = 0.0;
    return -1.0e-6 * n->freq_ppm * elapsed - n->offset_register;
}

static bool null_step(void *ctx, double offset)
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
    .correction = null_correction,
    .step = null_step,
    .free = null_free,
};

struct clock_driver driver_null_new(struct world *world)
{
    struct null_clock *n = mem_alloc(sizeof(*n));

    n->world = world;
    n->last_update = world_raw_now(world);
    LOG_INFO("Disabled control of system clock");
    return (struct clock_driver){&null_ops, n};
}
