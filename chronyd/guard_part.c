/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy and process of the guard of the clock; see guard_part.h. Everything that the guard knows
 * is decided here, while this process has read nothing but its own files.
 */
#include "chronyd/guard_part.h"

#include <stdlib.h>
#include "chronyd/chronyd.h"
#include "chronyd/rtc/rtc_device.h"
#include "clock/driver_linux.h"
#include "clock/guard_channel.h"
#include "clock/guarded_clock.h"

struct guard_policy guard_part_policy(const struct chronyd *d, const struct kernel_clock *kernel)
{
    const struct conf *conf = d->conf;
    bool is_set_once = d->options->mode == MODE_SET_ONCE;

    return (struct guard_policy){
        .max_freq_ppm =
            guard_policy_max_frequency(&conf->clock, kernel->ops->read_frequency(kernel->ctx),
                                       conf->tempcomp.file != NULL, kernel->max_freq_ppm),
        .makestep = conf->reference.makestep,
        .max_change = conf->reference.max_change,
        .clock_step = conf->reference.clock_step,
        .steps_from_rtc = d->options->set_from_rtc,
        .steps_initially = is_set_once || conf->initstepslew.count > 0,
        .initial_threshold = is_set_once ? 0.0 : conf->reference.initstepslew_threshold,
        .leap_mode = conf->reference.leap.mode,
        .sets_rtc = conf->rtc.file,
        .rtc_on_utc = conf->rtc.file && rtc_is_on_utc(d->world, &conf->rtc),
    };
}

struct lone_role guard_part_prepare(struct chronyd *d)
{
    d->guard_process.world = d->world;
    d->guard_process.kernel = driver_linux_new(d->world, d->conf->rtc.sync);
    d->guard_process.policy = guard_part_policy(d, &d->guard_process.kernel);
    return guard_role_make(&d->guard_process);
}

static void end_process(pid_t pid, void *arg)
{
    fork_server_kill(((struct chronyd *)arg)->fork_server, pid);
}

static void see_off_process(pid_t pid, void *arg)
{
    fork_server_see_off(((struct chronyd *)arg)->fork_server, pid);
}

void guard_part_connect(struct chronyd *d)
{
    struct kernel_clock *kernel = &d->guard_process.kernel;
    struct lone_process process;

    if (!fork_server_await_lone(d->fork_server, PROCESS_GUARD, 1, &process))
        LOG_FATAL("Clock guard could not be started");
    d->guard_channel = guard_channel_new(end_process, see_off_process, d);
    guard_channel_take(d->guard_channel, process.channel, process.pid);
    const struct guard_link link = guard_channel_link(d->guard_channel);
    d->guarded_clock = guarded_clock_new(&link, kernel);
    if (!d->guarded_clock)
        LOG_FATAL("Clock guard (process %d) does not work; the log may have its reason",
                  (int)process.pid);
    /* From now on the clock is the guard's alone. */
    kernel->ops->free(kernel->ctx);
    *kernel = (struct kernel_clock){0};
}

void guard_part_take(struct chronyd *d, const struct lone_process *process)
{
    if (guard_channel_take(d->guard_channel, process->channel, process->pid))
        history_collector_restart(d->history, "clock guard");
    guarded_clock_restore(d->guarded_clock);
}

void guard_part_free(struct chronyd *d)
{
    guarded_clock_free(d->guarded_clock);
    guard_channel_free(d->guard_channel);
}
