/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the process of the guard; see guard_channel.h. A request that was not answered is not
 * made again: its channel is closed, so no answer to it can be taken for that to another one.
 */
#include "clock/guard_channel.h"
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "process/channel.h"

struct guard_channel {
    struct channel channel;
    pid_t pid; /* 0: there was none yet */
    void (*kill)(pid_t pid, void *arg);
    void (*see_off)(pid_t pid, void *arg);
    void *arg;
};

struct guard_channel *guard_channel_new(void (*kill)(pid_t pid, void *arg),
                                        void (*see_off)(pid_t pid, void *arg), void *arg)
{
    struct guard_channel *c = mem_alloc(sizeof(*c));

    c->channel = channel_make(-1, IPC_GUARD, 0);
    c->kill = kill;
    c->see_off = see_off;
    c->arg = arg;
    return c;
}

void guard_channel_free(struct guard_channel *channel)
{
    if (!channel)
        return;
    channel_close(&channel->channel);
    free(channel);
}

bool guard_channel_take(struct guard_channel *channel, int fd, pid_t pid)
{
    bool is_another = channel->pid != 0;

    channel_close(&channel->channel);
    channel->channel = channel_make(fd, IPC_GUARD, 0);
    channel->pid = pid;
    return is_another;
}

static void end_process(struct guard_channel *c, const char *reason)
{
    LOG_WARN("Clock guard (process %d) %s, ending it", (int)c->pid, reason);
    channel_close(&c->channel);
    c->kill(c->pid, c->arg);
}

static bool ask(void *ctx, const struct ipc_message *request, int fd, struct ipc_message *reply)
{
    struct guard_channel *c = ctx;

    if (c->channel.fd < 0)
        return false;
    switch (channel_ask(&c->channel, request, fd, GUARD_CHANNEL_WAIT, reply)) {
    case CHANNEL_OK:
        if (reply->u.guard_reply.id == request->u.guard_request.id)
            return true;
        end_process(c, "answered another request");
        return false;
    case CHANNEL_AGAIN:
        end_process(c, "does not answer");
        return false;
    case CHANNEL_CLOSED:
        /* It has ended by itself, which the fork server reports. */
        channel_close(&c->channel);
        c->see_off(c->pid, c->arg);
        return false;
    default:
        end_process(c, "sent an invalid message");
        return false;
    }
}

struct guard_link guard_channel_link(struct guard_channel *channel)
{
    return (struct guard_link){.ask = ask, .ctx = channel};
}
