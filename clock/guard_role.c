/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Body of the guard's process; see guard_role.h for its promise. Signals that stop the service do
 * not end it: the main process sets the last frequency while it ends, and closes the channel then.
 * If it was killed, a slew may be in progress, which is ended here: nobody else would.
 */
#include "clock/guard_role.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "clock/driver_linux.h"
#include "clock/guard.h"
#include "process/channel.h"
#include "process/helper_role.h"
#include "process/signals.h"

/* libc reads the rules of a zone with a name once; without one it looks at the file each time. */
static void read_time_zone(void)
{
    if (!getenv("TZ"))
        setenv("TZ", ":/etc/localtime", 1);
    tzset();
}

static bool await_request(int channel)
{
    struct pollfd p = {.fd = channel, .events = POLLIN};

    return poll(&p, 1, -1) > 0 || errno == EINTR;
}

static enum channel_result answer(struct guard *guard, struct channel *channel)
{
    struct ipc_message request, reply;
    int fd;
    enum channel_result result = channel_receive(channel, &request, &fd);

    if (result != CHANNEL_OK && result != CHANNEL_NO_DESCRIPTOR)
        return result;
    guard_answer(guard, &request, fd, &reply);
    if (fd >= 0)
        close(fd);
    return channel_send(channel, &reply, -1) == CHANNEL_OK ? CHANNEL_OK : CHANNEL_CLOSED;
}

static int run(void *ctx, const struct sandbox *sandbox, int fd)
{
    const struct guard_process *process = ctx;
    struct channel channel = channel_make(fd, IPC_CLOCK_USER, 0);
    enum channel_result result = CHANNEL_OK;

    signals_set_child(false);
    read_time_zone();
    sandbox_enter(sandbox, PROCESS_GUARD, fd);
    if (process->policy.restarted)
        driver_linux_continue(&process->kernel);
    struct guard *guard = guard_new(process->world, &process->kernel, &process->policy);
    while ((result == CHANNEL_OK || result == CHANNEL_AGAIN) && await_request(fd))
        result = answer(guard, &channel);
    if (result == CHANNEL_BAD)
        LOG_ERROR("Clock guard ends : the main process sent an invalid request");
    guard_leave(guard);
    guard_free(guard);
    return HELPER_EXIT_DONE;
}

/* The next one comes in the place of this one. */
static void on_started(void *ctx)
{
    ((struct guard_process *)ctx)->policy.restarted = true;
}

struct lone_role guard_role_make(struct guard_process *process)
{
    return (struct lone_role){
        .role = PROCESS_GUARD,
        .number = 1,
        .is_urgent = true,
        .name = "Clock guard",
        .process_name = "chronyd-guard",
        .run = run,
        .started = on_started,
        .ends_itself = true,
        .ctx = process,
    };
}
