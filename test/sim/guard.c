/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard of a node's clock. It is called directly, but each request and each reply goes through
 * octets, as between processes. A refusal of what an honest daemon asks for shows in the figures.
 */
#include "clock/driver_linux.h"
#include "clock/guard.h"
#include "test/sim/internal.h"

/* False: it is nothing that the sender may say. */
static bool transmit(const struct ipc_message *sent, int descriptors, enum ipc_role sender,
                     struct ipc_message *received)
{
    uint8_t octets[IPC_LONG_SIZE];
    size_t size = ipc_encode(sent, octets);
    enum ipc_state state = IPC_FRESH;

    return ipc_decode(octets, size, descriptors, sender, &state, received);
}

static bool ask(void *ctx, const struct ipc_message *request, int fd, struct ipc_message *reply)
{
    const struct sim_node *node = ctx;
    struct ipc_message received, answer;

    if (!transmit(request, fd >= 0, IPC_CLOCK_USER, &received))
        return false;
    guard_answer(node->guard, &received, fd, &answer);
    return transmit(&answer, 0, IPC_GUARD, reply);
}

void sim_guard_start(struct sim_node *node)
{
    struct chronyd *d = &node->daemon;
    const struct guard_link link = {.ask = ask, .ctx = node};

    if (d->conf->process.clock_guard != CHOICE_YES || !d->options->control_clock)
        return;
    struct kernel_clock kernel = driver_linux_new(d->world, d->conf->rtc.sync);
    struct guard_policy policy = guard_part_policy(d, &kernel);
    node->guard = guard_new(d->world, &kernel, &policy);
    d->guarded_clock = guarded_clock_new(&link, &kernel);
    if (!d->guarded_clock)
        LOG_FATAL("The guard of a simulated node does not answer");
}

void sim_guard_end(struct sim_node *node)
{
    guard_free(node->guard);
    node->guard = NULL;
}
