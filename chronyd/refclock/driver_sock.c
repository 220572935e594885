/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SOCK driver (system.md 3.3): a Unix datagram socket on which another process sends samples.
 * Driven by events only. A message that is not exactly a sample is dropped.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/refclock/clock.h"
#include "chronyd/refclock/sock_message.h"

struct sock {
    int fd;
};

static void on_message(int fd, unsigned int event, void *arg)
{
    struct refclock *clock = arg;
    const struct world *world = refclock_world(clock);
    uint8_t data[SOCK_MESSAGE_SIZE + 16]; /* longer messages are noticed */
    struct world_datagram datagram = {.data = data, .size = sizeof(data)};
    struct sock_message message;
    int count = world->ops->receive(world->ctx, fd, &datagram, 1, false);

    if (count < 1) {
        if (count < 0)
            LOG_DEBUG("Could not read SOCK sample : %s", text_errno(errno));
        return;
    }
    switch (sock_message_parse(data, datagram.length, &message)) {
    case SOCK_MESSAGE_OK:
        break;
    case SOCK_MESSAGE_LENGTH:
        LOG_DEBUG("Unexpected length of SOCK sample : %d != %ld", (int)datagram.length,
                  (long)SOCK_MESSAGE_SIZE);
        refclock_bad_input(clock, "message of %d bytes instead of %d", (int)datagram.length,
                           SOCK_MESSAGE_SIZE);
        return;
    case SOCK_MESSAGE_MAGIC:
        LOG_DEBUG("Unexpected magic number in SOCK sample : %x != %x", message.magic, SOCK_MAGIC);
        refclock_bad_input(clock, "magic number %x instead of %x", message.magic, SOCK_MAGIC);
        return;
    }
    if (!time_offset_is_sane(message.time.i, -message.offset)) {
        refclock_bad_input(clock, "impossible time or offset");
        return;
    }
    if (message.pulse)
        refclock_add_pulse(clock, message.time, message.offset, 1);
    else
        refclock_add_sample(clock, message.time, instant_add(message.time.i, message.offset),
                            message.leap, 1);
}

static bool sock_open(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);
    struct sock *s = mem_alloc(sizeof(*s));

    s->fd = world->ops->unix_open(world->ctx, clock->parameter);
    if (s->fd < 0) {
        refclock_open_failed(clock, "Could not open socket %s : %s", clock->parameter,
                             text_errno(errno));
        free(s);
        return false;
    }
    clock->data = s;
    loop_fd_add(clock->set->env.loop, s->fd, WORLD_READ, on_message, clock);
    return true;
}

static void remove_socket(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);

    if (!world->ops->file_remove(world->ctx, clock->parameter))
        LOG_DEBUG("Could not remove %s : %s", clock->parameter, text_errno(errno));
}

static void sock_close(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);
    struct sock *s = clock->data;

    loop_fd_remove(clock->set->env.loop, s->fd);
    world->ops->socket_close(world->ctx, s->fd);
    remove_socket(clock);
    free(s);
}

const struct refclock_driver refclock_sock_driver = {
    .name = "SOCK",
    .open = sock_open,
    .close = sock_close,
    .clean_up = remove_socket,
};
