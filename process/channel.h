/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a channel between two processes of the daemon: a Unix sequenced-packet socket with
 * messages of process/ipc.h, and what waits until there is room in it. It never blocks, except
 * where a function says so. Its owner watches the descriptor, and flushes again after a while what
 * waits: room is not all that can be missing.
 */
#ifndef PROCESS_CHANNEL_H
#define PROCESS_CHANNEL_H

#include <stdbool.h>
#include "process/ipc.h"

enum channel_result {
    CHANNEL_OK,
    CHANNEL_AGAIN,         /* nothing is there; or it waits for room */
    CHANNEL_CLOSED,        /* the other side is gone */
    CHANNEL_NO_DESCRIPTOR, /* received, but this process had no descriptor free for the one in it */
    CHANNEL_BAD,           /* an invalid message, the socket failed, or too many wait: give it up */
};

struct channel_item;

struct channel {
    int fd;                       /* -1: closed */
    enum ipc_role peer;           /* who sends at the other end */
    enum ipc_state state;         /* of the peer */
    struct channel_item *waiting; /* in their order; NULL: never needed */
    size_t waiting_count;
    size_t waiting_max;
    /* Called for the descriptor of a message that was sent after a wait, or dropped. NULL:
       nobody. */
    void (*release)(int fd, void *arg);
    void *arg;
};

/* A pair of sockets, non-blocking, close-on-exec. False with errno set. */
bool channel_pair(int ends[2]);
/* An end, whose descriptor belongs to it from now on. waiting_max: messages that may wait. */
struct channel channel_make(int fd, enum ipc_role peer, size_t waiting_max);
/* Closes it and drops what waits; keys in it are wiped. A closed one may be closed again. */
void channel_close(struct channel *channel);

/* fd: a descriptor to pass, or -1. It stays open here; with CHANNEL_AGAIN the message waits with
   it, and it is released later. Signals do not interrupt it. */
enum channel_result channel_send(struct channel *channel, const struct ipc_message *message,
                                 int fd);
/* Sends what waits. CHANNEL_OK: nothing waits any more, CHANNEL_AGAIN: something does. */
enum channel_result channel_flush(struct channel *channel);
/* Drops what waits, and frees the memory. */
void channel_drop_waiting(struct channel *channel);
/* Blocks until it is sent, 4 s at most: a process that does not read is as good as gone. */
bool channel_send_blocking(const struct channel *channel, const struct ipc_message *message,
                           int fd);

/* *fd: the descriptor that came with it, close-on-exec and owned by the caller, or -1. The message
   is also there with CHANNEL_NO_DESCRIPTOR: what it is about has to be done without the descriptor,
   which is lost. */
enum channel_result channel_receive(struct channel *channel, struct ipc_message *message, int *fd);

/* Sends a request, and waits for the next message, which should be its answer: CHANNEL_AGAIN: none
   came within about so many milliseconds. They are counted in short waits, so that a machine that
   slept, or a stop of all processes, is not taken for silence. fd: passed with the request, or -1.
   A descriptor that comes with the answer is closed. */
enum channel_result channel_ask(struct channel *channel, const struct ipc_message *request, int fd,
                                int milliseconds, struct ipc_message *answer);

#endif
