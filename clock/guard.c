/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges requests and does what is allowed; see guard.h. It is the only code that sets the clock
 * when there is a guard.
 */
#include "clock/guard.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/device.h"
#include "base/log.h"
#include "base/text.h"

/* Seconds between two messages about refusals for the same reason. */
#define LOG_INTERVAL 3600.0

struct refusals {
    uint64_t count;
    uint64_t unlogged; /* since the last message */
    bool logged;
    struct mono_time logged_at;
};

struct guard {
    struct world *world;
    struct kernel_clock kernel;
    struct guard_ledger *ledger;
    int command_limit; /* an hour */
    bool rtc_on_utc;
    double freq_ppm; /* in effect */
    double base_ppm; /* without what slews */
    struct refusals verdicts[GUARD_VERDICTS];
    uint64_t refused;
    enum guard_verdict last_refusal;
};

struct guard *guard_new(struct world *world, const struct kernel_clock *kernel,
                        const struct guard_policy *policy)
{
    struct guard *g = mem_alloc(sizeof(*g));

    g->world = world;
    g->kernel = *kernel;
    g->ledger = guard_ledger_new(policy, world_mono_now(world));
    g->command_limit = policy->clock_step.per_hour;
    g->rtc_on_utc = policy->rtc_on_utc;
    g->freq_ppm = kernel->ops->read_frequency(kernel->ctx);
    g->base_ppm = g->freq_ppm;
    return g;
}

void guard_leave(struct guard *guard)
{
    if (guard->freq_ppm != guard->base_ppm)
        guard->freq_ppm = guard->kernel.ops->set_frequency(guard->kernel.ctx, guard->base_ppm);
}

void guard_free(struct guard *guard)
{
    if (!guard)
        return;
    guard->kernel.ops->free(guard->kernel.ctx);
    guard_ledger_free(guard->ledger);
    free(guard);
}

/* ---- What is done ---- */

static void log_command_step(const struct guard *g, double offset, struct mono_time now)
{
    char date[32];

    if (offset == 0.0)
        return;
    instant_format_utc(world_raw_now(g->world).i, date, sizeof(date));
    LOG_WARN("Clock guard stepped the clock by command by %.6f seconds to %s UTC (%d of %d in an "
             "hour)",
             -offset, date, guard_ledger_command_steps(g->ledger, now), g->command_limit);
}

static bool make_step(const struct guard *g, const struct ipc_guard_request *r,
                      struct mono_time now)
{
    if (!g->kernel.ops->step(g->kernel.ctx, r->offset, r->reason))
        return false;
    if (r->reason == STEP_COMMAND)
        log_command_step(g, r->offset, now);
    return true;
}

static bool set_rtc(const struct guard *g, const struct ipc_guard_request *r, int fd)
{
    return g->world->ops->devices->rtc_set(g->world->ctx, fd, g->rtc_on_utc, r->seconds);
}

/* A read of the time fails with all that is not an RTC. */
static bool is_rtc(const struct guard *g, int fd)
{
    const struct device_ops *devices = g->world->ops->devices;
    int64_t seconds;

    return fd >= 0 && devices && devices->rtc_get && devices->rtc_set &&
           devices->rtc_get(g->world->ctx, fd, g->rtc_on_utc, &seconds);
}

/* ---- What is asked ---- */

static struct guard_judgement judge(const struct guard *g, const struct ipc_message *request,
                                    int fd, const struct guard_now *now)
{
    const struct ipc_guard_request *r = &request->u.guard_request;

    switch (request->type) {
    case IPC_GUARD_FREQUENCY:
        return guard_judge_frequency(g->ledger, now, r->freq_ppm, r->base_ppm);
    case IPC_GUARD_STEP:
        return guard_judge_step(g->ledger, now, r->reason, r->offset);
    case IPC_GUARD_STATUS:
        return guard_judge_status(g->ledger, now, r->est_error, r->max_error);
    case IPC_GUARD_LEAP:
        return guard_judge_leap(g->ledger, now, r->leap, r->tai_offset);
    case IPC_GUARD_UPDATE:
        return guard_judge_update(g->ledger, now);
    case IPC_GUARD_RTC:
        if (!is_rtc(g, fd))
            return (struct guard_judgement){.verdict = GUARD_RTC_DEVICE};
        return guard_judge_rtc(g->ledger, now, r->seconds);
    default:
        return (struct guard_judgement){.verdict = GUARD_ALLOWED};
    }
}

/* False: it failed. */
static bool perform(struct guard *g, const struct ipc_message *request, int fd,
                    struct mono_time now)
{
    const struct ipc_guard_request *r = &request->u.guard_request;

    switch (request->type) {
    case IPC_GUARD_FREQUENCY:
        g->freq_ppm = g->kernel.ops->set_frequency(g->kernel.ctx, r->freq_ppm);
        g->base_ppm = r->freq_ppm == r->base_ppm ? g->freq_ppm : r->base_ppm;
        return true;
    case IPC_GUARD_STEP:
        return make_step(g, r, now);
    case IPC_GUARD_STATUS:
        g->kernel.ops->set_sync_status(g->kernel.ctx, r->synchronised, r->est_error, r->max_error);
        return true;
    case IPC_GUARD_LEAP:
        g->kernel.ops->set_leap(g->kernel.ctx, r->leap, r->tai_offset);
        return true;
    case IPC_GUARD_RTC:
        return set_rtc(g, r, fd);
    default:
        return true;
    }
}

/* ---- Refusals ---- */

static const char *what_was_asked(const struct ipc_message *request)
{
    switch (request->type) {
    case IPC_GUARD_FREQUENCY:
        return "a frequency";
    case IPC_GUARD_STEP:
        return "a step";
    case IPC_GUARD_STATUS:
        return "a status";
    case IPC_GUARD_LEAP:
        return "a leap second";
    case IPC_GUARD_RTC:
        return "a time of the RTC";
    default:
        return "an update";
    }
}

static void log_refusal(struct guard *g, const struct ipc_message *request,
                        const struct guard_judgement *judgement, struct mono_time now)
{
    struct refusals *r = &g->verdicts[judgement->verdict];
    char text[GUARD_JUDGEMENT_SIZE], more[64] = "";

    if (r->logged && mono_diff(now, r->logged_at) < LOG_INTERVAL) {
        r->unlogged++;
        return;
    }
    if (r->unlogged > 0)
        snprintf(more, sizeof(more), "; %llu more since the last message",
                 (unsigned long long)r->unlogged);
    LOG_WARN("Clock guard refused %s : %s%s", what_was_asked(request),
             guard_judgement_format(judgement, text, sizeof(text)), more);
    r->logged = true;
    r->logged_at = now;
    r->unlogged = 0;
}

static void note_verdict(struct guard *g, const struct ipc_message *request,
                         const struct guard_judgement *judgement, struct mono_time now)
{
    g->verdicts[judgement->verdict].count++;
    if (judgement->verdict == GUARD_ALLOWED)
        return;
    g->refused++;
    g->last_refusal = judgement->verdict;
    log_refusal(g, request, judgement, now);
}

void guard_answer(struct guard *guard, const struct ipc_message *request, int fd,
                  struct ipc_message *reply)
{
    const struct guard_now now = {.mono = world_mono_now(guard->world),
                                  .raw = world_raw_now(guard->world)};
    const struct guard_judgement judgement = judge(guard, request, fd, &now);
    bool allowed = judgement.verdict == GUARD_ALLOWED;

    note_verdict(guard, request, &judgement, now.mono);
    memset(reply, 0, sizeof(*reply));
    reply->type = IPC_GUARD_REPLY;
    reply->u.guard_reply = (struct ipc_guard_reply){
        .id = request->u.guard_request.id,
        .verdict = judgement.verdict,
        .done = allowed && perform(guard, request, fd, now.mono),
    };
    reply->u.guard_reply.freq_ppm = guard->freq_ppm;
    reply->u.guard_reply.refusals = guard->refused;
    reply->u.guard_reply.last_refusal = guard->last_refusal;
}

uint64_t guard_count(const struct guard *guard, enum guard_verdict verdict)
{
    return guard->verdicts[verdict].count;
}
