/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams between nodes (TCP): connections, octets in order, ends and refusals. One segment of each
 * direction is under way at a time and is sent again until it arrives or the sender gives up, which
 * is all that the timing of a key establishment needs. Sockets refer to each other by node, place
 * and serial number, because either may be gone when something arrives.
 */
#include "test/sim/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define FIRST_RETRY 0.2 /* seconds, doubled each time */
#define MAX_TRIES   9
#define MAX_PENDING 65536

enum segment_kind { SEGMENT_CONNECT, SEGMENT_ACCEPTED, SEGMENT_DATA, SEGMENT_END };

struct stream_ref {
    int node;
    int place; /* -1: not known yet */
    uint64_t serial;
};

struct segment {
    struct segment *next;
    enum segment_kind kind;
    size_t length;
    uint8_t data[];
};

/* One direction. It outlives the socket until everything is sent. */
struct pipe {
    struct sim *sim;
    int from;
    struct stream_ref source, target;
    struct ip_port local, remote; /* of the source */
    struct segment *first, **end;
    size_t pending;
    int tries;
    bool busy;     /* an event holds it */
    bool orphaned; /* the socket is closed */
};

enum stream_state { STREAM_LISTENING, STREAM_CONNECTING, STREAM_CONNECTED, STREAM_FAILED };

struct sim_stream {
    enum stream_state state;
    int error;
    struct pipe *out; /* NULL: listening */
    uint8_t *input;
    size_t input_length, input_start;
    bool ended; /* by the other side */
    struct stream_ref waiting[SIM_MAX_SOCKETS];
    int waiting_count;
};

static void pump(struct pipe *pipe);

static struct sim_socket *find(const struct sim *sim, const struct stream_ref *ref)
{
    struct sim_socket *socket = &sim->nodes[ref->node]->sockets[ref->place];

    return socket->open && socket->serial == ref->serial ? socket : NULL;
}

static struct stream_ref ref_of(const struct sim_node *node, const struct sim_socket *socket)
{
    return (struct stream_ref){node->id, (int)(socket - node->sockets), socket->serial};
}

static struct pipe *pipe_new(const struct sim_node *node, const struct sim_socket *socket,
                             int to_node)
{
    struct pipe *pipe = mem_alloc(sizeof(*pipe));

    pipe->sim = node->sim;
    pipe->from = node->id;
    pipe->source = ref_of(node, socket);
    pipe->target = (struct stream_ref){.node = to_node, .place = -1};
    pipe->local = socket->local;
    pipe->remote = socket->remote;
    pipe->end = &pipe->first;
    return pipe;
}

static void remove_first(struct pipe *pipe)
{
    struct segment *segment = pipe->first;

    pipe->first = segment->next;
    if (!pipe->first)
        pipe->end = &pipe->first;
    pipe->pending -= segment->length;
    free(segment);
}

static void drop_all(struct pipe *pipe)
{
    while (pipe->first)
        remove_first(pipe);
}

static void pipe_put(struct pipe *pipe, enum segment_kind kind, const void *data, size_t length)
{
    struct segment *segment = mem_alloc(sizeof(*segment) + length);

    segment->kind = kind;
    segment->length = length;
    if (length > 0)
        memcpy(segment->data, data, length);
    *pipe->end = segment;
    pipe->end = &segment->next;
    pipe->pending += length;
    pump(pipe);
}

/* An error, and the daemon hears of it. */
static void fail(struct sim *sim, const struct stream_ref *ref, int error)
{
    struct sim_socket *socket = ref->place >= 0 ? find(sim, ref) : NULL;

    if (!socket || !socket->stream)
        return;
    socket->stream->state = STREAM_FAILED;
    socket->stream->error = error;
    sim_node_run(sim->nodes[ref->node]);
}

static struct sim_socket *find_listener(struct sim_node *node, uint16_t port)
{
    for (int i = 0; i < SIM_MAX_SOCKETS; i++) {
        struct sim_socket *socket = &node->sockets[i];

        if (socket->open && socket->stream && socket->local.port == port &&
            socket->stream->state == STREAM_LISTENING)
            return socket;
    }
    return NULL;
}

/* A connection comes in: a new socket that waits to be accepted. */
static void arrive_connect(struct pipe *pipe)
{
    struct sim *sim = pipe->sim;
    struct sim_node *node = sim->nodes[pipe->target.node];
    struct sim_socket *listener = find_listener(node, pipe->remote.port);
    int place = -1;

    if (listener && listener->stream->waiting_count < SIM_MAX_SOCKETS)
        place = sim_socket_allocate(node);
    if (place < 0) {
        fail(sim, &pipe->source, ECONNREFUSED);
        return;
    }
    struct sim_socket *socket = &node->sockets[place];
    socket->local.port = pipe->remote.port;
    socket->remote = pipe->local;
    socket->stream = mem_alloc(sizeof(*socket->stream));
    socket->stream->state = STREAM_CONNECTED;
    socket->stream->out = pipe_new(node, socket, pipe->from);
    socket->stream->out->target = pipe->source;
    pipe->target = ref_of(node, socket);
    listener->stream->waiting[listener->stream->waiting_count++] = pipe->target;
    pipe_put(socket->stream->out, SEGMENT_ACCEPTED, NULL, 0);
    sim_node_run(node);
}

static void take_data(struct sim_stream *stream, const struct segment *segment)
{
    size_t left = stream->input_length - stream->input_start;

    if (left > 0)
        memmove(stream->input, stream->input + stream->input_start, left);
    stream->input = mem_resize(stream->input, left + segment->length, 1);
    memcpy(stream->input + left, segment->data, segment->length);
    stream->input_start = 0;
    stream->input_length = left + segment->length;
}

static void arrive(struct pipe *pipe, const struct segment *segment)
{
    struct sim *sim = pipe->sim;

    if (segment->kind == SEGMENT_CONNECT) {
        arrive_connect(pipe);
        return;
    }
    struct sim_socket *socket = pipe->target.place >= 0 ? find(sim, &pipe->target) : NULL;
    if (!socket) {
        if (segment->kind == SEGMENT_DATA)
            fail(sim, &pipe->source, ECONNRESET);
        return;
    }
    struct sim_stream *stream = socket->stream;
    if (segment->kind == SEGMENT_ACCEPTED) {
        stream->state = STREAM_CONNECTED;
        stream->out->target = pipe->source;
    } else if (segment->kind == SEGMENT_DATA) {
        take_data(stream, segment);
    } else if (segment->kind == SEGMENT_END) {
        stream->ended = true;
    }
    sim_node_run(sim->nodes[pipe->target.node]);
}

/* The simulation ends: no daemon is left, and what is under way goes nowhere. */
static void discard(void *arg)
{
    drop_all(arg);
    free(arg);
}

static void release_if_done(struct pipe *pipe)
{
    if (pipe->orphaned && !pipe->busy && !pipe->first)
        free(pipe);
}

static void on_arrival(struct sim *sim, uint64_t value, void *arg)
{
    struct pipe *pipe = arg;

    /* Busy all the time, so that nothing that happens meanwhile frees it. */
    arrive(pipe, pipe->first);
    remove_first(pipe);
    pipe->tries = 0;
    pipe->busy = false;
    pump(pipe);
}

static void on_retry(struct sim *sim, uint64_t value, void *arg)
{
    struct pipe *pipe = arg;

    pipe->busy = false;
    if (pipe->tries >= MAX_TRIES) {
        pipe->busy = true;
        fail(sim, &pipe->source, ETIMEDOUT);
        pipe->busy = false;
        drop_all(pipe);
    }
    pump(pipe);
}

/* Sends the first segment, if none is under way. */
static void pump(struct pipe *pipe)
{
    struct sim *sim = pipe->sim;

    if (!pipe->busy && pipe->first) {
        double delay = sim_network_fate(sim, pipe->from, pipe->target.node);
        bool lost = delay < 0.0;

        if (lost)
            delay = ldexp(FIRST_RETRY, pipe->tries++);
        pipe->busy = true;
        sim_event_add(sim, sim->now + (int64_t)llround(delay * 1e9),
                      &(struct sim_event){.handler = lost ? on_retry : on_arrival,
                                          .arg = pipe,
                                          .discard = discard});
    }
    release_if_done(pipe);
}

/* Functions of the world. */

void sim_stream_open(struct sim_node *node, struct sim_socket *socket, bool listening)
{
    const struct sim_node *other = sim_network_node(node->sim, &socket->remote.addr);
    struct sim_stream *stream = mem_alloc(sizeof(*stream));

    socket->stream = stream;
    if (listening) {
        stream->state = STREAM_LISTENING;
    } else if (!other) {
        stream->state = STREAM_FAILED;
        stream->error = EHOSTUNREACH;
    } else {
        stream->state = STREAM_CONNECTING;
        stream->out = pipe_new(node, socket, other->id);
        pipe_put(stream->out, SEGMENT_CONNECT, NULL, 0);
    }
}

void sim_stream_close(struct sim_socket *socket)
{
    struct sim_stream *stream = socket->stream;

    if (!stream)
        return;
    socket->stream = NULL;
    if (stream->out) {
        if (stream->state == STREAM_CONNECTED)
            pipe_put(stream->out, SEGMENT_END, NULL, 0);
        stream->out->orphaned = true;
        release_if_done(stream->out);
    }
    free(stream->input);
    free(stream);
}

bool sim_stream_is_readable(const struct sim_socket *socket)
{
    const struct sim_stream *stream = socket->stream;

    return stream && (stream->waiting_count > 0 || stream->input_start < stream->input_length ||
                      stream->ended || stream->state == STREAM_FAILED);
}

bool sim_stream_is_writable(const struct sim_socket *socket)
{
    const struct sim_stream *stream = socket->stream;

    return stream && (stream->state == STREAM_FAILED ||
                      (stream->state == STREAM_CONNECTED && stream->out->pending < MAX_PENDING));
}

static bool is_usable(const struct sim_stream *stream)
{
    if (stream->state == STREAM_CONNECTED)
        return true;
    errno = stream->state == STREAM_FAILED ? stream->error : EAGAIN;
    return false;
}

ssize_t sim_stream_read(void *ctx, int fd, void *data, size_t size)
{
    struct sim_stream *stream = ((struct sim_node *)ctx)->sockets[fd].stream;
    size_t left = stream->input_length - stream->input_start;

    if (left == 0 && stream->ended)
        return 0;
    if (left == 0) {
        if (is_usable(stream))
            errno = EAGAIN;
        return -1;
    }
    size_t n = left < size ? left : size;
    memcpy(data, stream->input + stream->input_start, n);
    stream->input_start += n;
    return (ssize_t)n;
}

ssize_t sim_stream_write(void *ctx, int fd, const void *data, size_t length)
{
    struct sim_stream *stream = ((struct sim_node *)ctx)->sockets[fd].stream;

    if (!is_usable(stream))
        return -1;
    if (stream->out->pending >= MAX_PENDING) {
        errno = EAGAIN;
        return -1;
    }
    pipe_put(stream->out, SEGMENT_DATA, data, length);
    return (ssize_t)length;
}

void sim_stream_shutdown(void *ctx, int fd)
{
    struct sim_stream *stream = ((struct sim_node *)ctx)->sockets[fd].stream;

    if (stream->state == STREAM_CONNECTED)
        pipe_put(stream->out, SEGMENT_END, NULL, 0);
}

int sim_stream_accept(void *ctx, int fd, struct ip_port *remote)
{
    struct sim_node *node = ctx;
    struct sim_stream *stream = node->sockets[fd].stream;

    if (stream->waiting_count == 0) {
        errno = EAGAIN;
        return -1;
    }
    struct stream_ref ref = stream->waiting[0];
    stream->waiting_count--;
    memmove(stream->waiting, stream->waiting + 1,
            (size_t)stream->waiting_count * sizeof(stream->waiting[0]));
    *remote = node->sockets[ref.place].remote;
    return ref.place;
}

int sim_stream_error(void *ctx, int fd)
{
    struct sim_stream *stream = ((struct sim_node *)ctx)->sockets[fd].stream;

    return stream && stream->state == STREAM_FAILED ? stream->error : 0;
}
