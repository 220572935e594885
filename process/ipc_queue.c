/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See ipc_queue.h. Keys of connections that wait are wiped as soon as they are not needed any more.
 */
#include "process/ipc_queue.h"
#include <stdlib.h>
#include <string.h>
#include "base/crypto.h"
#include "base/text.h"

struct ipc_queued {
    struct ipc_message message;
    int fd; /* -1: none */
};

static void finish(const struct ipc_queue *queue, struct ipc_queued *item)
{
    if (item->fd >= 0 && queue->release)
        queue->release(item->fd, queue->arg);
    crypto_wipe(&item->message, sizeof(item->message));
}

enum ipc_result ipc_queue_send(struct ipc_queue *queue, int channel,
                               const struct ipc_message *message, int fd)
{
    enum ipc_result result = queue->count > 0 ? IPC_AGAIN : ipc_send(channel, message, fd);

    if (result != IPC_AGAIN)
        return result;
    if (queue->count == IPC_QUEUE_SIZE)
        return IPC_BAD;
    if (!queue->items)
        queue->items = mem_array(IPC_QUEUE_SIZE, sizeof(*queue->items));
    queue->items[queue->count++] = (struct ipc_queued){.message = *message, .fd = fd};
    return IPC_AGAIN;
}

enum ipc_result ipc_queue_flush(struct ipc_queue *queue, int channel)
{
    enum ipc_result result = IPC_OK;
    int sent = 0;

    while (sent < queue->count) {
        result = ipc_send(channel, &queue->items[sent].message, queue->items[sent].fd);
        if (result != IPC_OK)
            break;
        finish(queue, &queue->items[sent++]);
    }
    queue->count -= sent;
    if (queue->count > 0 && sent > 0) {
        memmove(queue->items, queue->items + sent, (size_t)queue->count * sizeof(*queue->items));
        crypto_wipe(queue->items + queue->count, (size_t)sent * sizeof(*queue->items));
    }
    return result;
}

void ipc_queue_clear(struct ipc_queue *queue)
{
    for (int i = 0; i < queue->count; i++)
        finish(queue, &queue->items[i]);
    free(queue->items);
    queue->items = NULL;
    queue->count = 0;
}
