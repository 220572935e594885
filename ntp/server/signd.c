/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client of Samba's signing socket. A ring of replies; the oldest is with the signer, the others
 * wait. An error of the signer closes the connection and empties the ring. The next reply
 * connects again.
 */
#include "ntp/server/signd.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "base/wire.h"

#define SLOTS            16 /* one stays empty */
#define OPERATION_SIGN   0
#define OPERATION_SIGNED 3
#define REQUEST_LENGTH   68
#define LENGTH_FIELD     4
#define RESPONSE_HEADER  16
#define MAX_RESPONSE     (RESPONSE_HEADER + NTP_MAX_LENGTH)

/* A reply that is to be signed and sent. */
struct slot {
    uint32_t key_id; /* of the request */
    int fd;          /* where the request arrived */
    struct ip_port remote;
    struct ip_addr local;
    int if_index; /* -1: any */
    uint8_t packet[NTP_HEADER_LENGTH];
    double queued; /* loop_uptime() */
};

struct signd {
    const struct ntp_env *env;
    struct ntp_sockets *sockets;
    char *path;
    int fd; /* -1: not connected */
    bool error_logged;
    struct slot slots[SLOTS];
    unsigned int head; /* with the signer, if not equal to tail */
    unsigned int tail;
    uint8_t request[REQUEST_LENGTH];
    size_t sent;
    uint8_t response[MAX_RESPONSE];
    size_t received;
};

struct signd *signd_new(const struct ntp_env *env, struct ntp_sockets *sockets,
                        const char *directory)
{
    struct signd *s = mem_alloc(sizeof(*s));
    size_t size = strlen(directory) + sizeof("/socket");

    s->env = env;
    s->sockets = sockets;
    s->fd = -1;
    s->path = mem_alloc(size);
    snprintf(s->path, size, "%s/socket", directory);
    LOG_INFO("MS-SNTP authentication enabled");
    return s;
}

static void disconnect(struct signd *s)
{
    const struct world *w = s->env->world;

    if (s->fd >= 0) {
        loop_fd_remove(s->env->loop, s->fd);
        w->ops->socket_close(w->ctx, s->fd);
    }
    s->fd = -1;
    s->head = s->tail = 0;
}

void signd_free(struct signd *s)
{
    if (!s)
        return;
    disconnect(s);
    free(s->path);
    free(s);
}

static bool is_empty(const struct signd *s)
{
    return s->head == s->tail;
}

/* ---- One exchange ---- */

static void begin_request(struct signd *s)
{
    const struct slot *slot = &s->slots[s->head];
    struct writer w = writer_make(s->request, sizeof(s->request));

    writer_u32(&w, REQUEST_LENGTH - LENGTH_FIELD);
    writer_u32(&w, 0); /* version */
    writer_u32(&w, OPERATION_SIGN);
    writer_u16(&w, (uint16_t)s->head);
    writer_u16(&w, 0);
    writer_u32(&w, slot->key_id);
    writer_bytes(&w, slot->packet, sizeof(slot->packet));
    assert(!w.failed && w.pos == REQUEST_LENGTH);
    s->sent = 0;
    s->received = 0;
    loop_fd_set_events(s->env->loop, s->fd, WORLD_READ | WORLD_WRITE);
}

static void send_signed(struct signd *s, const struct slot *slot, uint8_t *packet, size_t length)
{
    struct world_datagram msg = {
        .data = packet,
        .size = length,
        .length = length,
        .remote = slot->remote,
        .local = slot->local,
        .if_index = slot->if_index,
        .hardware_if_index = -1,
        .hardware_length = -1,
    };
    bool sent;

    /* The socket may have been closed since, and another one may have its number. */
    if (!ntp_sockets_is_server(s->sockets, slot->fd)) {
        LOG_DEBUG("Invalid NTP socket");
        return;
    }
    ntp_sockets_send_batch(s->sockets, slot->fd, &msg, 1, &sent);
    s->error_logged = false;
    LOG_DEBUG("Signing succeeded (delay %f)", loop_uptime(s->env->loop) - slot->queued);
}

static void take_response(struct signd *s)
{
    struct reader r = reader_make(s->response, s->received);

    reader_skip(&r, LENGTH_FIELD + 4);
    uint32_t operation = reader_u32(&r), id = reader_u32(&r);
    size_t length = reader_left(&r);

    if (id != s->head)
        LOG_DEBUG("Invalid response ID");
    else if (operation != OPERATION_SIGNED || length < NTP_HEADER_LENGTH)
        LOG_DEBUG("Signing failed");
    else
        send_signed(s, &s->slots[s->head], s->response + RESPONSE_HEADER, length);
    s->head = (s->head + 1) % SLOTS;
    if (!is_empty(s))
        begin_request(s);
}

/* Octets that are missing to complete the response, as far as its length is known. False: bad
   length. */
static bool get_missing(const struct signd *s, size_t *missing)
{
    struct reader r = reader_make(s->response, s->received);

    if (s->received < LENGTH_FIELD) {
        *missing = LENGTH_FIELD - s->received;
        return true;
    }
    uint32_t rest = reader_u32(&r);
    if (rest < RESPONSE_HEADER - LENGTH_FIELD || rest > MAX_RESPONSE - LENGTH_FIELD)
        return false;
    *missing = rest + LENGTH_FIELD - s->received;
    return true;
}

/* ---- Events ---- */

static void write_request(struct signd *s)
{
    const struct world *w = s->env->world;
    ssize_t n =
        w->ops->stream_write(w->ctx, s->fd, s->request + s->sent, sizeof(s->request) - s->sent);

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (n < 0) {
        LOG_DEBUG("Could not send to signd : %s", text_errno(errno));
        disconnect(s);
        return;
    }
    s->sent += (size_t)n;
    if (s->sent == sizeof(s->request))
        loop_fd_set_events(s->env->loop, s->fd, WORLD_READ);
}

static void read_response(struct signd *s)
{
    const struct world *w = s->env->world;
    size_t missing;

    if (is_empty(s) || s->sent < sizeof(s->request)) {
        LOG_DEBUG("Unexpected signd response");
        disconnect(s);
        return;
    }
    if (!get_missing(s, &missing)) {
        LOG_DEBUG("Invalid response length");
        disconnect(s);
        return;
    }
    ssize_t n = w->ops->stream_read(w->ctx, s->fd, s->response + s->received, missing);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (n <= 0) {
        LOG_DEBUG("signd closed the connection");
        disconnect(s);
        return;
    }
    s->received += (size_t)n;
    if (!get_missing(s, &missing)) {
        LOG_DEBUG("Invalid response length");
        disconnect(s);
        return;
    }
    if (missing == 0)
        take_response(s);
}

static void on_event(int fd, unsigned int event, void *arg)
{
    struct signd *s = arg;

    if (event == WORLD_WRITE)
        write_request(s);
    else if (event == WORLD_READ)
        read_response(s);
}

static bool ensure_connected(struct signd *s)
{
    const struct world *w = s->env->world;

    if (s->fd >= 0)
        return true;
    s->fd = w->ops->unix_stream_connect(w->ctx, s->path);
    if (s->fd < 0) {
        if (!s->error_logged)
            LOG_ERROR("Could not connect to signd socket %s : %s", s->path, text_errno(errno));
        s->error_logged = true;
        return false;
    }
    loop_fd_add(s->env->loop, s->fd, WORLD_READ, on_event, s);
    return true;
}

void signd_sign(struct signd *s, const struct ntp_arrival *request, const uint8_t *reply)
{
    struct reader r = reader_make(request->packet, request->length);
    unsigned int next = (s->tail + 1) % SLOTS;

    if (next == s->head) {
        LOG_DEBUG("signd queue full");
        return;
    }
    if (!ensure_connected(s))
        return;
    bool idle = is_empty(s);
    struct slot *slot = &s->slots[s->tail];
    reader_skip(&r, NTP_HEADER_LENGTH);
    *slot = (struct slot){
        .key_id = reader_u32(&r),
        .fd = request->fd,
        .remote = request->remote,
        .local = request->local,
        .if_index = ip_addr_is_link_local(&request->remote.addr) ? request->if_index : -1,
        .queued = loop_uptime(s->env->loop),
    };
    memcpy(slot->packet, reply, sizeof(slot->packet));
    LOG_DEBUG("Packet added to signd queue (%u:%u)", s->head, s->tail);
    s->tail = next;
    if (idle)
        begin_request(s);
}
