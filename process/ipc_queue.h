/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that wait, in their order, until a channel has room for them. Used by the pool of
 * helpers, which calls ipc_queue_flush again after a while as long as something waits.
 */
#ifndef PROCESS_IPC_QUEUE_H
#define PROCESS_IPC_QUEUE_H

#include <stdbool.h>
#include "process/ipc.h"

#define IPC_QUEUE_SIZE 16

struct ipc_queued;

/* Zero: empty. */
struct ipc_queue {
    struct ipc_queued *items; /* IPC_QUEUE_SIZE of them; NULL: never needed */
    int count;
    /* Called for the descriptor of a message that was sent after a wait, or dropped. NULL:
       nobody. */
    void (*release)(int fd, void *arg);
    void *arg;
};

/* IPC_OK: sent. IPC_AGAIN: it waits, with its descriptor, which is released later. IPC_BAD also
   when IPC_QUEUE_SIZE messages wait already. */
enum ipc_result ipc_queue_send(struct ipc_queue *queue, int channel,
                               const struct ipc_message *message, int fd);
/* Sends waiting messages. IPC_OK: none is left; IPC_AGAIN: some are left; else the channel cannot
   be used. */
enum ipc_result ipc_queue_flush(struct ipc_queue *queue, int channel);
/* Drops waiting messages and frees the memory. Keys are wiped. */
void ipc_queue_clear(struct ipc_queue *queue);

#endif
