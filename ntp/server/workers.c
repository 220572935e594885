/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels to the server workers, and what they are given; see workers.h. Orders go out at once: a
 * worker that does not take them is ended, and the next one gets the present state.
 */
#include "ntp/server/workers.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "ntp/wire/packet.h"
#include "process/channel.h"
#include "process/shared_memory.h"

_Static_assert(IPC_PACKET_SIZE == WORLD_DATAGRAM_SIZE && IPC_REPLY_SIZE == NTP_HEADER_LENGTH,
               "messages have room for a packet");

#define BURST         32  /* messages for each event, between which the loop does other work */
#define LIMIT         200 /* ms in which a worker obeys an order, unless it is stopped */
#define STEP          20  /* ms */
#define MAX_POSTPONED 64  /* packets that come while an order is waited for */
#define MAX_AWAITED   512 /* messages: more than a channel has room for */

struct worker {
    struct server_workers *workers;
    int number; /* from 1 */
    struct channel channel;
    pid_t pid; /* 0: none was started yet */
    struct shared_memory memory;
    struct server_shard shard; /* a view */
    uint32_t obeyed;           /* the last order that it has confirmed */
    bool is_late;              /* it has not confirmed one in time, and none since */
    struct ipc_packet *postponed;
    size_t postponed_count;
};

struct server_workers {
    struct server_workers_env env;
    struct server_workers_handler handler;
    void (*sign)(const struct ipc_packet *packet, void *arg);
    void *sign_arg;
    bool wanted; /* the workers were ordered */
    uint32_t sequence;
    uint32_t restarts;
    uint64_t clock_changes;
    struct shared_memory tables; /* fd -1: none yet */
    bool is_open[2];             /* sockets of IPv4 and IPv6 */
    int sockets[2][SERVER_WORKERS_MAX];
    timer_id postponed_timer;
    int count;
    struct worker items[];
};

static int place_of(enum ip_family family)
{
    return family == IP_V6;
}

/* ---- The process ---- */

static void drop_process(struct worker *w)
{
    if (w->channel.fd >= 0)
        loop_fd_remove(w->workers->env.loop, w->channel.fd);
    channel_close(&w->channel);
    w->postponed_count = 0;
}

static void end_process(struct worker *w, const char *reason)
{
    LOG_WARN("Server worker #%d (process %d) %s, ending it", w->number, (int)w->pid, reason);
    drop_process(w);
    w->workers->env.kill(w->workers->env.ctx, w->pid);
}

/* It has ended, or says nothing any more. */
static void lose_process(struct worker *w)
{
    drop_process(w);
    w->workers->env.see_off(w->workers->env.ctx, w->pid);
}

static void wait_for(const struct worker *w, short events)
{
    struct pollfd p = {.fd = w->channel.fd, .events = events};

    poll(&p, 1, STEP);
}

/* An order that must not be lost. A full channel becomes empty at once if the worker runs. */
static void order(struct worker *w, const struct ipc_message *message, int fd)
{
    enum channel_result result = CHANNEL_BAD;

    if (w->channel.fd < 0)
        return;
    for (int waited = 0; waited < LIMIT; waited += STEP) {
        result = channel_send(&w->channel, message, fd);
        if (result != CHANNEL_BAD)
            break;
        wait_for(w, POLLOUT);
    }
    if (result == CHANNEL_CLOSED)
        lose_process(w);
    else if (result != CHANNEL_OK)
        end_process(w, "does not take its orders");
}

/* ---- What a worker sends ---- */

static void give_back(struct worker *w, const struct ipc_packet *packet)
{
    struct ipc_message message = {.type = IPC_PACKET_BACK, .u.packet = *packet};

    if (w->channel.fd < 0)
        return;
    /* As if the queue of the socket were full. */
    if (channel_send(&w->channel, &message, -1) != CHANNEL_OK)
        LOG_DEBUG("No room for a request in the channel of server worker #%d", w->number);
}

static void take_packet(struct worker *w, const struct ipc_packet *packet)
{
    const struct server_workers *all = w->workers;

    /* Of a socket that was closed meanwhile. */
    if (!all->is_open[place_of(packet->family)])
        return;
    switch (packet->kind) {
    case IPC_PACKET_RECEIVED:
        if (!all->handler.received || !all->handler.received(all->handler.ctx, packet))
            give_back(w, packet);
        break;
    case IPC_PACKET_SENT:
        if (all->handler.transmitted)
            all->handler.transmitted(all->handler.ctx, packet);
        break;
    case IPC_PACKET_TO_SIGN:
        if (all->sign)
            all->sign(packet, all->sign_arg);
        break;
    }
}

/* False: nothing more is there. postpone: packets are kept for later. */
static bool take_message(struct worker *w, bool postpone)
{
    struct ipc_message message;
    int none;

    if (w->channel.fd < 0)
        return false;
    switch (channel_receive(&w->channel, &message, &none)) {
    case CHANNEL_OK:
        break;
    case CHANNEL_AGAIN:
        return false;
    case CHANNEL_CLOSED:
        lose_process(w);
        return false;
    default:
        end_process(w, "has sent an invalid message");
        return false;
    }
    if (message.type == IPC_DONE) {
        w->obeyed = message.u.done.sequence;
        w->is_late = false;
    } else if (!postpone) {
        take_packet(w, &message.u.packet);
    } else if (w->postponed_count < MAX_POSTPONED) {
        w->postponed[w->postponed_count++] = message.u.packet;
    }
    return true;
}

static void on_channel(int fd, unsigned int event, void *arg)
{
    for (int i = 0; i < BURST && take_message(arg, false); i++)
        ;
}

static void on_postponed(void *arg)
{
    struct server_workers *all = arg;

    all->postponed_timer = 0;
    for (int i = 0; i < all->count; i++) {
        struct worker *w = &all->items[i];

        /* The count may become 0 meanwhile. */
        for (size_t j = 0; j < w->postponed_count; j++)
            take_packet(w, &w->postponed[j]);
        w->postponed_count = 0;
    }
}

/* Waits until a worker has obeyed an order, but not long: one that is stopped obeys before it
   answers again. It is waited for once, until it confirms something again; and one that sends
   without end does not hold this process up. */
static void await(struct worker *w, uint32_t sequence)
{
    struct server_workers *all = w->workers;
    int messages = 0, waited = w->is_late ? LIMIT : 0;

    if (!w->postponed)
        w->postponed = mem_array(MAX_POSTPONED, sizeof(*w->postponed));
    while (w->channel.fd >= 0 && w->obeyed != sequence && messages < MAX_AWAITED) {
        if (take_message(w, true)) {
            messages++;
            continue;
        }
        if (waited >= LIMIT)
            break;
        wait_for(w, POLLIN);
        waited += STEP;
    }
    w->is_late = w->obeyed != sequence;
    if (w->postponed_count > 0 && all->postponed_timer == 0)
        all->postponed_timer = loop_timer_add(all->env.loop, 0.0, on_postponed, all);
}

/* ---- What a worker is given ---- */

static uint32_t next_sequence(struct server_workers *all)
{
    all->sequence++;
    if (all->sequence == 0)
        all->sequence = 1;
    return all->sequence;
}

static void pass_tables(struct worker *w, uint32_t sequence)
{
    const struct ipc_message message = {
        .type = IPC_TABLES,
        .u.memory = {.sequence = sequence, .size = w->workers->tables.size},
    };

    if (w->workers->tables.fd >= 0)
        order(w, &message, w->workers->tables.fd);
}

static void pass_socket(struct worker *w, enum ip_family family)
{
    const struct ipc_message message = {.type = IPC_SERVER_SOCKET,
                                        .u.server_socket.family = family};
    const int place = place_of(family);

    if (w->workers->is_open[place] && w->workers->sockets[place][w->number - 1] >= 0)
        order(w, &message, w->workers->sockets[place][w->number - 1]);
}

/* A change of the clock that the worker before did not hear of: the times that it has kept are
   forgotten. */
static void pass_missed_change(struct worker *w)
{
    const struct ipc_message message = {
        .type = IPC_CLOCK_CHANGE,
        .u.clock_change = {.number = w->workers->clock_changes, .type = CLOCK_UNKNOWN_STEP},
    };

    if (w->shard.counts->clock_changes != w->workers->clock_changes)
        order(w, &message, -1);
}

static void pass_everything(struct worker *w)
{
    struct server_workers *all = w->workers;
    const struct ipc_message shard = {.type = IPC_SHARD, .u.memory.size = w->memory.size};
    const struct ipc_message page = {.type = IPC_TIME_PAGE};
    const int page_fd = all->env.time_page(all->env.ctx);

    order(w, &shard, w->memory.fd);
    if (page_fd >= 0)
        order(w, &page, page_fd);
    pass_tables(w, 0);
    pass_missed_change(w);
    pass_socket(w, IP_V4);
    pass_socket(w, IP_V6);
}

void server_workers_take(struct server_workers *workers, int number, int channel, pid_t pid)
{
    struct worker *w = &workers->items[number - 1];
    const bool is_another = w->pid != 0;

    drop_process(w);
    w->channel = channel_make(channel, IPC_WORKER, 0);
    w->pid = pid;
    w->obeyed = 0;
    w->is_late = false;
    loop_fd_add(workers->env.loop, channel, WORLD_READ, on_channel, w);
    pass_everything(w);
    workers->restarts += is_another;
    if (is_another)
        workers->env.restarted(workers->env.ctx);
}

int server_workers_alive(const struct server_workers *workers, uint32_t *restarts)
{
    int alive = 0;

    for (int i = 0; i < workers->count; i++)
        alive += workers->items[i].channel.fd >= 0;
    *restarts = workers->restarts;
    return alive;
}

/* ---- Sockets ---- */

void server_workers_set_handler(struct server_workers *workers,
                                const struct server_workers_handler *handler)
{
    workers->handler = *handler;
}

void server_workers_open(struct server_workers *workers, enum ip_family family, const int *fds)
{
    const int place = place_of(family);

    workers->is_open[place] = true;
    for (int i = 0; i < workers->count; i++) {
        workers->sockets[place][i] = fds[i];
        if (!workers->wanted)
            workers->env.start(workers->env.ctx, i + 1);
        pass_socket(&workers->items[i], family);
    }
    workers->wanted = true;
}

void server_workers_close(struct server_workers *workers, enum ip_family family)
{
    struct ipc_message message = {.type = IPC_SERVER_CLOSE, .u.server_socket.family = family};

    workers->is_open[place_of(family)] = false;
    message.u.server_socket.sequence = next_sequence(workers);
    for (int i = 0; i < workers->count; i++)
        order(&workers->items[i], &message, -1);
    for (int i = 0; i < workers->count; i++)
        await(&workers->items[i], workers->sequence);
}

/* ---- Tables ---- */

void server_workers_set_signer(struct server_workers *workers,
                               void (*sign)(const struct ipc_packet *packet, void *arg), void *arg)
{
    workers->sign = sign;
    workers->sign_arg = arg;
}

void server_workers_set_tables(struct server_workers *workers, const struct server_tables *tables,
                               const struct client_limits *limits, bool signing)
{
    struct shared_memory old = workers->tables;
    const size_t size = server_snapshots_size(tables, 1);

    if (!shared_memory_make(&workers->tables, "chronyd-tables", size, SHARED_WRITER_MAKER)) {
        /* Without tables nothing is answered, which is better than from old ones. */
        LOG_ERROR("Could not make the tables of the server workers : %s", text_errno(errno));
        for (int i = 0; i < workers->count; i++)
            if (workers->items[i].channel.fd >= 0)
                end_process(&workers->items[i], "has old tables");
    } else {
        struct server_snapshot *snapshot = workers->tables.data;

        server_snapshots_fill(snapshot, tables, 1);
        snapshot->limits = *limits;
        snapshot->signing = signing;
        const uint32_t sequence = next_sequence(workers);
        for (int i = 0; i < workers->count; i++)
            pass_tables(&workers->items[i], sequence);
        for (int i = 0; i < workers->count; i++)
            await(&workers->items[i], sequence);
    }
    shared_memory_free(&old, true);
}

void server_workers_change_clock(struct server_workers *workers, const struct clock_change *change)
{
    const struct ipc_message message = {
        .type = IPC_CLOCK_CHANGE,
        .u.clock_change = {.number = ++workers->clock_changes,
                           .type = change->type,
                           .doffset = change->doffset},
    };

    for (int i = 0; i < workers->count; i++)
        order(&workers->items[i], &message, -1);
}

/* ---- Reports ---- */

const struct server_shard *server_workers_shard(const struct server_workers *workers, int index)
{
    return &workers->items[index].shard;
}

static void reset(struct server_workers *workers, int index, const struct ipc_clients_reset *body)
{
    struct ipc_message message = {.type = IPC_CLIENTS_RESET, .u.reset = *body};

    message.u.reset.sequence = next_sequence(workers);
    order(&workers->items[index], &message, -1);
    await(&workers->items[index], workers->sequence);
}

void server_workers_hold(struct server_workers *workers, int index)
{
    reset(workers, index, &(struct ipc_clients_reset){.hold = true});
}

void server_workers_reset(struct server_workers *workers, int index, int first, int count)
{
    reset(workers, index,
          &(struct ipc_clients_reset){.first = (uint32_t)first, .count = (uint32_t)count});
}

/* ---- Life ---- */

struct server_workers *server_workers_new(const struct server_workers_env *env, int count)
{
    struct server_workers *workers =
        mem_alloc(sizeof(*workers) + (size_t)count * sizeof(workers->items[0]));
    const size_t size = server_shard_memory(env->log);

    workers->env = *env;
    workers->tables.fd = -1;
    for (int i = 0; i < count; i++) {
        struct worker *w = &workers->items[i];

        *w = (struct worker){.workers = workers, .number = i + 1, .memory.fd = -1};
        w->channel = channel_make(-1, IPC_WORKER, 0);
        if (!shared_memory_make(&w->memory, "chronyd-shard", size, SHARED_WRITER_HOLDER)) {
            LOG_WARN("Without server workers, the main process answers NTP requests : %s",
                     text_errno(errno));
            server_workers_free(workers);
            return NULL;
        }
        server_shard_view(&w->shard, env->log, w->memory.data);
        workers->count++;
    }
    return workers;
}

void server_workers_free(struct server_workers *workers)
{
    if (!workers)
        return;
    loop_timer_cancel(workers->env.loop, workers->postponed_timer);
    for (int i = 0; i < workers->count; i++) {
        struct worker *w = &workers->items[i];

        drop_process(w);
        server_shard_clear(&w->shard);
        shared_memory_free(&w->memory, false);
        free(w->postponed);
    }
    shared_memory_free(&workers->tables, true);
    free(workers);
}

int server_workers_count(const struct server_workers *workers)
{
    return workers->count;
}
