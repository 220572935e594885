/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The body of a server worker; see worker.h. It parses what strangers send and holds keys of the
 * server, but no right, no file and nothing of the daemon's as a client. Nothing that arrives on a
 * socket ends it.
 */
#include "ntp/server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "ntp/datagrams.h"
#include "ntp/server/batch.h"
#include "ntp/server/time_page.h"
#include "process/channel.h"
#include "process/shared_memory.h"

/* While the main process reads the shard; it takes microseconds, unless it is stopped. */
#define HOLD_LIMIT 0.5 /* seconds */

struct worker {
    struct server_worker_env env;
    struct channel channel;
    bool running;
    void *memory; /* of the shard; NULL: not there yet */
    size_t memory_size;
    struct server_shard shard;
    const struct time_page *page;     /* NULL: not there yet */
    struct server_snapshot *snapshot; /* NULL: not there yet */
    size_t snapshot_size;
    int sockets[2];        /* of IPv4 and IPv6; -1: none */
    struct mono_time mono; /* of the wake-up, read before: */
    struct raw_time now;
    bool has_time; /* the page was of use then */
    int batch_size;
    struct world_datagram msgs[WORLD_BATCH];
    struct ntp_arrival arrivals[WORLD_BATCH];
    uint8_t buffers[WORLD_BATCH][WORLD_DATAGRAM_SIZE];
    struct server_batch batch;
};

static int place_of(enum ip_family family)
{
    return family == IP_V6;
}

static enum ip_family family_of(const struct worker *w, int fd)
{
    return fd == w->sockets[place_of(IP_V6)] ? IP_V6 : IP_V4;
}

/* ---- To the main process ---- */

/* It may be slow, or stopped: then the packet is dropped, as by a full queue of a socket. */
static void forward(struct worker *w, const struct ipc_message *message)
{
    if (channel_send(&w->channel, message, -1) != CHANNEL_OK)
        w->shard.counts->not_forwarded++;
}

static void forward_packet(struct worker *w, int fd, const struct world_datagram *msg,
                           enum ipc_packet_kind kind)
{
    struct ipc_message message = {.type = IPC_PACKET};
    struct ipc_packet *packet = &message.u.packet;

    packet->kind = kind;
    packet->family = family_of(w, fd);
    packet->remote = msg->remote;
    packet->local = msg->local;
    packet->if_index = msg->if_index;
    packet->kernel_time = msg->kernel_time;
    packet->time = w->now;
    packet->length = msg->length;
    memcpy(packet->data, msg->data, msg->length);
    forward(w, &message);
}

static void confirm(struct worker *w, uint32_t sequence)
{
    const struct ipc_message message = {.type = IPC_DONE, .u.done.sequence = sequence};

    /* Without it the main process waits a little, and goes on. */
    if (sequence != 0)
        channel_send(&w->channel, &message, -1);
}

/* ---- Replies ---- */

static void send_replies(void *ctx, int fd, struct world_datagram *msgs, int count, bool *sent)
{
    struct worker *w = ctx;

    /* Their timestamps may be from before and after the step: they are lost, as on the network. */
    if (w->has_time && time_page_stepped_since(w->page, w->mono))
        memset(sent, 0, (size_t)count * sizeof(*sent));
    else
        datagrams_send(w->env.world, fd, msgs, count, sent);
}

static void sign_reply(void *ctx, const struct ntp_arrival *request, const uint8_t *reply)
{
    struct worker *w = ctx;
    struct ipc_message message = {.type = IPC_PACKET};
    struct ipc_packet *packet = &message.u.packet;

    packet->kind = IPC_PACKET_TO_SIGN;
    packet->family = family_of(w, request->fd);
    packet->remote = request->remote;
    packet->local = request->local;
    packet->if_index = request->if_index;
    packet->time = w->now;
    packet->length = request->length;
    memcpy(packet->data, request->packet, request->length);
    memcpy(packet->reply, reply, sizeof(packet->reply));
    forward(w, &message);
}

static const struct server_batch_ops batch_ops = {.send = send_replies, .sign = sign_reply};

/* ---- Packets ---- */

/* The time of this wake-up, from the page. */
static void take_time(struct worker *w)
{
    w->mono = world_mono_now(w->env.world);
    w->now = world_raw_now(w->env.world);
    w->has_time = time_page_read(w->page, w->mono, w->now, &w->snapshot->time);
}

/* False: the datagram is no NTP packet. */
static bool make_arrival(const struct worker *w, int fd, const struct world_datagram *msg,
                         struct ntp_arrival *a)
{
    const struct clock_scale *scale = &w->snapshot->time.scale;
    struct local_timestamp t = {.source = TIMESTAMP_DAEMON};
    double error;

    if (msg->truncated || msg->length < NTP_HEADER_LENGTH || msg->length > NTP_MAX_LENGTH)
        return false;
    t.time = clock_scale_cook(scale, w->now, &t.error);
    if (!raw_is_zero(msg->kernel_time)) {
        struct local_time kernel = clock_scale_cook(scale, msg->kernel_time, &error);
        arrival_take_kernel_time(&t, kernel, error);
    }
    *a = (struct ntp_arrival){
        .fd = fd,
        .on_server_socket = true,
        .packet = msg->data,
        .length = msg->length,
        .remote = msg->remote,
        .local = msg->local,
        .if_index = msg->if_index,
        .time = t,
    };
    return true;
}

/* How many requests were taken is written first: who takes the place of a worker that was killed
   sees from it how many of them were lost. */
static void answer(struct worker *w, int count)
{
    w->shard.counts->taken += (uint64_t)count;
    server_batch_answer(&w->batch, w->snapshot, &w->shard, w->arrivals, count);
}

static int read_batch(struct worker *w, int fd, bool errqueue)
{
    const struct world *world = w->env.world;
    int count = world->ops->receive(world->ctx, fd, w->msgs, w->batch_size, errqueue);

    w->batch_size = datagrams_next_batch(w->batch_size, count);
    /* Reading the error also clears it. Otherwise it would be reported again and again. */
    if (count < 0 || (errqueue && count == 0))
        world->ops->socket_error(world->ctx, fd);
    return count;
}

static void receive_packets(struct worker *w, int fd)
{
    int count = read_batch(w, fd, false), requests = 0;

    take_time(w);
    for (int i = 0; i < count; i++) {
        struct world_datagram *msg = &w->msgs[i];

        if (!ip_addr_is_real(&msg->remote.addr) ||
            !make_arrival(w, fd, msg, &w->arrivals[requests]))
            continue;
        if ((msg->data[0] & 7) != NTP_MODE_CLIENT)
            forward_packet(w, fd, msg, IPC_PACKET_RECEIVED);
        else
            requests++;
    }
    if (requests > 0)
        answer(w, requests);
}

/* Replies, also those in the symmetric passive mode, are the server's own. What peers are sent is
   the main process's. */
static void receive_timestamps(struct worker *w, int fd)
{
    int count = read_batch(w, fd, true);

    take_time(w);
    for (int i = 0; i < count; i++) {
        const struct transmit_time *time = &w->snapshot->time;
        const struct world_datagram *msg = &w->msgs[i];
        struct ntp_arrival a;

        if (!make_arrival(w, fd, msg, &a) || a.time.source == TIMESTAMP_DAEMON)
            continue;
        const int mode = a.packet[0] & 7;
        if (mode != NTP_MODE_SERVER && mode != NTP_MODE_PASSIVE)
            forward_packet(w, fd, msg, IPC_PACKET_SENT);
        else
            server_batch_sent(&w->shard, &a, time->smoothing ? time->smoothing_offset : 0.0);
    }
}

/* ---- Orders ---- */

static bool can_answer(const struct worker *w)
{
    return w->memory && w->page && w->snapshot;
}

/* Requests that were taken and have no result were lost with the worker before this one. */
static void count_lost(struct server_counts *counts)
{
    uint64_t results = 0;

    for (int i = 0; i < SERVER_RESULTS; i++)
        results += counts->results[i];
    counts->results[SERVER_LOST] += counts->taken > results ? counts->taken - results : 0;
    counts->taken = results > counts->taken ? results : counts->taken;
}

static void take_shard(struct worker *w, int fd, uint64_t size)
{
    bool bad;

    if (size != server_shard_memory(w->env.log))
        return;
    w->memory_size = (size_t)size;
    w->memory = shared_memory_map(fd, w->memory_size, SHARED_WRITE);
    if (!w->memory)
        return;
    server_shard_adopt(&w->shard, w->env.world, w->env.log, w->memory, &bad);
    w->shard.nts = w->env.nts;
    count_lost(w->shard.counts);
    if (bad)
        LOG_WARN("Clients of the server worker before this one are forgotten, since its records "
                 "make no sense");
}

static bool is_block(const struct server_snapshot *s, size_t size)
{
    return s->access >= sizeof(*s) && s->access <= s->keys && s->keys <= size &&
           s->nts_keys <= size && s->end <= size;
}

/* Only the first page of the copy is this process's own, because the time is written into it. */
static void take_tables(struct worker *w, int fd, uint64_t size)
{
    struct server_snapshot *snapshot =
        size < sizeof(*snapshot) ? NULL : shared_memory_map(fd, (size_t)size, SHARED_COPY);

    shared_memory_unmap(w->snapshot, w->snapshot_size);
    w->snapshot = NULL;
    if (!snapshot)
        return;
    w->snapshot_size = (size_t)size;
    if (is_block(snapshot, w->snapshot_size))
        w->snapshot = snapshot;
    else
        shared_memory_unmap(snapshot, w->snapshot_size);
}

static void close_socket(struct worker *w, enum ip_family family)
{
    int *fd = &w->sockets[place_of(family)];

    if (*fd >= 0)
        w->env.world->ops->socket_close(w->env.world->ctx, *fd);
    *fd = -1;
}

static void take_socket(struct worker *w, int fd, enum ip_family family)
{
    close_socket(w, family);
    if (w->env.adopt(w->env.world, fd, family))
        w->sockets[place_of(family)] = fd;
}

static void answer_packet(struct worker *w, struct ipc_packet *packet)
{
    const int fd = w->sockets[place_of(packet->family)];
    struct world_datagram msg;

    if (fd < 0 || !can_answer(w))
        return;
    take_time(w);
    world_datagram_init(&msg, packet->data, sizeof(packet->data));
    msg.length = packet->length;
    msg.remote = packet->remote;
    msg.local = packet->local;
    msg.if_index = packet->if_index;
    msg.kernel_time = packet->kernel_time;
    if (make_arrival(w, fd, &msg, &w->arrivals[0]))
        answer(w, 1);
}

static void change_clock(struct worker *w, const struct ipc_clock_change *change)
{
    const struct clock_change announced = {.type = change->type, .doffset = change->doffset};

    if (!w->memory)
        return;
    if (w->shard.map)
        timestamp_map_clock_change(w->shard.map, &announced);
    w->shard.counts->clock_changes = change->number;
}

static void reset_clients(struct worker *w, const struct ipc_clients_reset *reset)
{
    struct world_fd fds = {.fd = w->channel.fd, .events = WORLD_READ};

    if (!reset->hold && w->memory)
        client_log_reset(w->shard.log, (int)reset->first, (int)reset->count);
    confirm(w, reset->sequence);
    if (reset->hold)
        w->env.world->ops->wait(w->env.world->ctx, &fds, 1, HOLD_LIMIT);
}

static void obey(struct worker *w, struct ipc_message *m, int fd)
{
    switch (m->type) {
    case IPC_SHARD:
        take_shard(w, fd, m->u.memory.size);
        break;
    case IPC_TIME_PAGE:
        w->page = shared_memory_map(fd, TIME_PAGE_SIZE, SHARED_READ);
        break;
    case IPC_TABLES:
        take_tables(w, fd, m->u.memory.size);
        confirm(w, m->u.memory.sequence);
        break;
    case IPC_SERVER_SOCKET:
        take_socket(w, fd, m->u.server_socket.family);
        return; /* it is kept */
    case IPC_SERVER_CLOSE:
        close_socket(w, m->u.server_socket.family);
        confirm(w, m->u.server_socket.sequence);
        break;
    case IPC_CLOCK_CHANGE:
        change_clock(w, &m->u.clock_change);
        break;
    case IPC_CLIENTS_RESET:
        reset_clients(w, &m->u.reset);
        break;
    case IPC_PACKET_BACK:
        answer_packet(w, &m->u.packet);
        break;
    default:
        break;
    }
    if (fd >= 0)
        close(fd);
}

/* All that is there. */
static void take_orders(struct worker *w)
{
    enum channel_result result;

    do {
        struct ipc_message message;
        int fd;

        result = channel_receive(&w->channel, &message, &fd);
        if (result == CHANNEL_OK)
            obey(w, &message, fd);
    } while (result == CHANNEL_OK);
    w->running = result == CHANNEL_AGAIN;
}

/* ---- Life ---- */

static void run_once(struct worker *w)
{
    struct world_fd fds[3] = {{.fd = w->channel.fd, .events = WORLD_READ}};
    const struct world *world = w->env.world;
    size_t count = 1;

    for (int i = 0; i < 2 && can_answer(w); i++)
        if (w->sockets[i] >= 0)
            fds[count++] =
                (struct world_fd){.fd = w->sockets[i], .events = WORLD_READ | WORLD_EXCEPT};
    if (world->ops->wait(world->ctx, fds, count, -1.0) <= 0)
        return;
    if (fds[0].revents) {
        take_orders(w);
        /* The sockets may be others now. */
        return;
    }
    for (size_t i = 1; i < count; i++) {
        if (fds[i].revents & WORLD_EXCEPT)
            receive_timestamps(w, fds[i].fd);
        if (fds[i].revents & WORLD_READ)
            receive_packets(w, fds[i].fd);
    }
}

void server_worker_run(const struct server_worker_env *env, int channel)
{
    struct worker *w = mem_alloc(sizeof(*w));

    w->env = *env;
    w->channel = channel_make(channel, IPC_SERVER, 0);
    w->running = true;
    w->sockets[0] = w->sockets[1] = -1;
    w->batch_size = WORLD_BATCH;
    w->batch.ops = &batch_ops;
    w->batch.ctx = w;
    w->batch.room = env->room;
    for (int i = 0; i < WORLD_BATCH; i++)
        world_datagram_init(&w->msgs[i], w->buffers[i], sizeof(w->buffers[i]));
    while (w->running)
        run_once(w);
    channel_close(&w->channel);
    close_socket(w, IP_V4);
    close_socket(w, IP_V6);
    server_room_free(w->batch.room);
    if (w->memory)
        server_shard_clear(&w->shard);
    shared_memory_unmap(w->memory, w->memory_size);
    shared_memory_unmap(w->snapshot, w->snapshot_size);
    shared_memory_unmap((void *)(uintptr_t)w->page, TIME_PAGE_SIZE);
    crypto_wipe(w, sizeof(*w));
    free(w);
}
