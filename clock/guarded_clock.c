/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns the operations of a kernel clock into requests to the guard; see guarded_clock.h. It trusts
 * the answers as far as they are about the clock. What was set last is kept for a guard that comes
 * in the place of another one.
 */
#include "clock/guarded_clock.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "clock/guard_policy.h"

struct guarded_clock {
    struct guard_link link;
    double max_freq_ppm, max_set_delay;
    uint32_t last_id;
    double freq_ppm; /* in effect */
    double base_ppm; /* without what slews */
    bool has_status, has_leap;
    struct ipc_guard_request status, leap; /* those that were asked for last */
    uint64_t earlier_refusals;             /* by guards that have ended */
    uint64_t refusals;                     /* by the present one */
    enum guard_verdict last_refusal;
};

/* False: it was not done. */
static bool ask(struct guarded_clock *g, enum ipc_type type,
                const struct ipc_guard_request *request, int fd)
{
    struct ipc_message message = {.type = type, .u.guard_request = *request}, reply;
    const struct ipc_guard_reply *r = &reply.u.guard_reply;

    message.u.guard_request.id = ++g->last_id;
    if (!g->link.ask(g->link.ctx, &message, fd, &reply))
        return false;
    g->freq_ppm = r->freq_ppm;
    g->refusals = r->refusals;
    if (r->last_refusal != GUARD_ALLOWED)
        g->last_refusal = r->last_refusal;
    return r->done;
}

static double read_frequency(void *ctx)
{
    struct guarded_clock *g = ctx;

    ask(g, IPC_GUARD_READ, &(struct ipc_guard_request){0}, -1);
    return g->freq_ppm;
}

static void ask_frequency(struct guarded_clock *g, double freq_ppm)
{
    const struct ipc_guard_request request = {.freq_ppm = freq_ppm, .base_ppm = g->base_ppm};

    ask(g, IPC_GUARD_FREQUENCY, &request, -1);
}

static double set_frequency(void *ctx, double freq_ppm)
{
    struct guarded_clock *g = ctx;

    ask_frequency(g, freq_ppm);
    return g->freq_ppm;
}

static void note_base(void *ctx, double freq_ppm)
{
    ((struct guarded_clock *)ctx)->base_ppm = freq_ppm;
}

static bool step(void *ctx, double offset, enum step_reason reason)
{
    const struct ipc_guard_request request = {.offset = offset, .reason = reason};

    return ask(ctx, IPC_GUARD_STEP, &request, -1);
}

/* As the kernel's driver takes it: larger errors are as good as none known. */
static double limit_error(double error)
{
    return error < GUARD_MAX_ERROR ? fmax(error, 0.0) : GUARD_MAX_ERROR;
}

static void set_sync_status(void *ctx, bool synchronised, double est_error, double max_error)
{
    struct guarded_clock *g = ctx;

    g->status = (struct ipc_guard_request){
        .synchronised = synchronised,
        .est_error = limit_error(est_error),
        .max_error = limit_error(max_error),
    };
    g->has_status = true;
    ask(g, IPC_GUARD_STATUS, &g->status, -1);
}

static void set_leap(void *ctx, int leap, int tai_offset)
{
    struct guarded_clock *g = ctx;

    g->leap = (struct ipc_guard_request){.leap = leap, .tai_offset = tai_offset};
    g->has_leap = true;
    ask(g, IPC_GUARD_LEAP, &g->leap, -1);
}

static void note_update(void *ctx)
{
    ask(ctx, IPC_GUARD_UPDATE, &(struct ipc_guard_request){0}, -1);
}

static void keep(void *ctx)
{
}

static const struct kernel_clock_ops guarded_ops = {
    .read_frequency = read_frequency,
    .set_frequency = set_frequency,
    .step = step,
    .set_sync_status = set_sync_status,
    .set_leap = set_leap,
    .note_update = note_update,
    .note_base = note_base,
    .free = keep,
};

struct guarded_clock *guarded_clock_new(const struct guard_link *link,
                                        const struct kernel_clock *kernel)
{
    struct guarded_clock *g = mem_alloc(sizeof(*g));

    g->link = *link;
    g->max_freq_ppm = kernel->max_freq_ppm;
    g->max_set_delay = kernel->max_set_delay;
    if (ask(g, IPC_GUARD_READ, &(struct ipc_guard_request){0}, -1)) {
        g->base_ppm = g->freq_ppm;
        return g;
    }
    free(g);
    return NULL;
}

void guarded_clock_free(struct guarded_clock *clock)
{
    free(clock);
}

struct kernel_clock guarded_clock_kernel(struct guarded_clock *clock)
{
    return (struct kernel_clock){
        .ops = &guarded_ops,
        .ctx = clock,
        .max_freq_ppm = clock->max_freq_ppm,
        .max_set_delay = clock->max_set_delay,
    };
}

void guarded_clock_restore(struct guarded_clock *clock)
{
    clock->earlier_refusals += clock->refusals;
    clock->refusals = 0;
    ask_frequency(clock, clock->freq_ppm);
    if (clock->has_status)
        ask(clock, IPC_GUARD_STATUS, &clock->status, -1);
    if (clock->has_leap)
        ask(clock, IPC_GUARD_LEAP, &clock->leap, -1);
}

bool guarded_clock_set_rtc(struct guarded_clock *clock, int fd, int64_t seconds)
{
    return ask(clock, IPC_GUARD_RTC, &(struct ipc_guard_request){.seconds = seconds}, fd);
}

uint64_t guarded_clock_refusals(const struct guarded_clock *clock, enum guard_verdict *last)
{
    *last = clock->last_refusal;
    return clock->earlier_refusals + clock->refusals;
}
