/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon asks of the kernel (discipline.md 5.5, 6.1 to 6.6, 15.4): every call of a run is
 * looked at, so that nothing reaches a real clock that the specification does not demand.
 */
#include "test/sim/scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FREQUENCY (ADJ_TICK | ADJ_FREQUENCY)
#define SYNC      (ADJ_STATUS | ADJ_ESTERROR | ADJ_MAXERROR)
#define STEP      (ADJ_SETOFFSET | ADJ_NANO)

static bool complain(const struct sim_kernel_call *call, size_t index, const char *what)
{
    printf("adjtimex call %zu at %.3f s, modes 0x%x: %s\n", index, call->time, call->call.modes,
           what);
    return false;
}

/* 6.1: singleshot offset, PLL and its offset reset, off, frequency read. */
static bool check_start(const struct sim_kernel_call *calls, size_t count)
{
    if (count < 5)
        return complain(&calls[0], count, "too few");
    if (calls[0].call.modes != ADJ_OFFSET_SINGLESHOT || calls[0].call.offset != 0)
        return complain(&calls[0], 0, "not the reset of a single-shot offset");
    if (calls[1].call.modes != (ADJ_OFFSET | ADJ_STATUS) ||
        calls[1].call.status != (STA_PLL | STA_UNSYNC) || calls[1].call.offset != 0)
        return complain(&calls[1], 1, "not the reset of the PLL");
    if (calls[2].call.modes != ADJ_STATUS || calls[2].call.status != STA_UNSYNC)
        return complain(&calls[2], 2, "not the end of the PLL");
    if (calls[3].call.modes != 0)
        return complain(&calls[3], 3, "not the reading of the frequency");
    return true;
}

static bool check_values(const struct sim_kernel_call *call, size_t i, int status)
{
    const struct timex *t = &call->call;

    switch (t->modes) {
    case FREQUENCY:
        /* dtick is rounded, so at most half a tick, 50 ppm, is left for the frequency. */
        if (labs(t->tick - 10000) > 1000 || labs(t->freq) > 50 * 65536)
            return complain(call, i, "frequency out of range");
        return true;
    case SYNC:
        if ((t->status & ~STA_UNSYNC) != 0 || (status >= 0 && t->status != status))
            return complain(call, i, "status");
        if (t->esterror < 0 || t->esterror > 16000000 || t->maxerror < 0 || t->maxerror > 16000000)
            return complain(call, i, "errors out of range");
        return true;
    case STEP:
        if (t->time.tv_usec < 0 || t->time.tv_usec >= 1000000000)
            return complain(call, i, "nanoseconds out of range");
        return true;
    default:
        return complain(call, i, "not one that is needed here");
    }
}

/* Calls from the first of an update or the end of a slew: 15.4 has two frequencies, perhaps a step,
   and the status; the end of a slew one frequency; the leap status of a response refreshes the
   status (15.5). Returns how many there are, 0: something else. */
static size_t group_length(const struct sim_kernel_call *calls, size_t left)
{
    if (left >= 3 && calls[0].call.modes == FREQUENCY && calls[1].call.modes == FREQUENCY) {
        if (calls[2].call.modes == SYNC && calls[2].time == calls[0].time)
            return 3;
        if (left >= 4 && calls[2].call.modes == STEP && calls[3].call.modes == SYNC)
            return 4;
    }
    return calls[0].call.modes == FREQUENCY || calls[0].call.modes == SYNC ? 1 : 0;
}

struct tally {
    size_t updates, steps, slews;
};

static bool check_run(struct sim *sim, int status, struct tally *tally)
{
    size_t count;
    const struct sim_kernel_call *calls = sim_kernel_calls(sim, 1, &count);

    *tally = (struct tally){0};
    if (!check_start(calls, count))
        return false;
    /* The reference starts as unsynchronised. */
    if (calls[4].call.modes != SYNC || calls[4].call.status != STA_UNSYNC)
        return complain(&calls[4], 4, "not the status of the start");
    for (size_t i = 5; i < count;) {
        size_t length = group_length(calls + i, count - i);

        if (length == 0)
            return complain(&calls[i], i, "not in this place");
        for (size_t j = i; j < i + length; j++)
            if (!check_values(&calls[j], j, status))
                return false;
        tally->updates += length >= 3;
        tally->steps += length == 4;
        tally->slews += length == 1 && calls[i].call.modes == FREQUENCY;
        i += length;
    }
    return true;
}

static bool check_plain(struct sim *sim)
{
    struct tally tally;

    /* Without rtcsync the clock is never called synchronised. */
    if (!check_run(sim, STA_UNSYNC, &tally))
        return false;
    if (tally.steps == 0 && tally.updates > 10 && tally.slews > 0)
        return true;
    printf("%zu updates, %zu steps, %zu ends of slews\n", tally.updates, tally.steps, tally.slews);
    return false;
}

static bool check_step(struct sim *sim)
{
    struct tally tally;

    if (!check_run(sim, 0, &tally))
        return false;
    if (tally.steps == 1 && tally.updates > 10)
        return true;
    printf("%zu updates, %zu steps\n", tally.updates, tally.steps);
    return false;
}

/* Nothing at all with -x. */
static bool check_none(struct sim *sim)
{
    size_t count;

    sim_kernel_calls(sim, 1, &count);
    if (count == 0)
        return true;
    printf("%zu calls of adjtimex with -x\n", count);
    return false;
}

#define COMMON                                                                                     \
    .duration = 5000.0, .from = 400.0, .subject = 1, .keep_calls = true,                           \
    .link = {.delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-4}
#define SERVER                                                                                     \
    {                                                                                              \
        .name = "server", .conf = "local stratum 1\nallow\n"                                       \
    }

static const struct scenario scenarios[] = {
    {
        COMMON,
        .name = "kernel-calls",
        .about = "calls of adjtimex: frequencies and status, no step",
        .nodes = {SERVER,
                  {.name = "client",
                   .conf = "server server maxpoll 6\n",
                   .oscillator = {.offset = 0.5, .frequency = 1e-4, .wander = 1e-9}}},
        .check = check_plain,
    },
    {
        COMMON,
        .name = "kernel-step",
        .about = "calls of adjtimex: one step, and rtcsync",
        .nodes = {SERVER,
                  {.name = "client",
                   .conf = "server server iburst maxpoll 6\nmakestep 1 3\nrtcsync\n",
                   .oscillator = {.offset = -12345.678, .frequency = -1e-4, .wander = 1e-9}}},
        .check = check_step,
    },
    {
        COMMON,
        .name = "kernel-none",
        .about = "no call of adjtimex with -x",
        .nodes = {SERVER,
                  {.name = "client",
                   .conf = "server server iburst\nmakestep 1 3\n",
                   .no_control = true,
                   .oscillator = {.offset = 10.0, .frequency = 1e-4, .wander = 1e-9}}},
        .check = check_none,
        .messages = {{1, "Could not step system clock", 1, 0}},
    },
};

const struct scenario *scenario_kernel(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}
