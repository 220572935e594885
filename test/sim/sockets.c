/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of a simulated node: opening and closing of all, and datagrams. Called through its world.
 */
#include "test/sim/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PORT 32768
#define LAST_PORT  60999

static bool port_is_used(const struct sim_node *node, uint16_t port)
{
    for (int i = 0; i < SIM_MAX_SOCKETS; i++)
        if (node->sockets[i].open && node->sockets[i].local.port == port)
            return true;
    return false;
}

static uint16_t choose_port(struct sim_node *node)
{
    do {
        node->last_port = node->last_port < FIRST_PORT || node->last_port >= LAST_PORT
                              ? FIRST_PORT
                              : (uint16_t)(node->last_port + 1);
    } while (port_is_used(node, node->last_port));
    return node->last_port;
}

int sim_socket_allocate(struct sim_node *node)
{
    int fd = 0;

    while (fd < SIM_MAX_SOCKETS && node->sockets[fd].open)
        fd++;
    if (fd == SIM_MAX_SOCKETS) {
        errno = EMFILE;
        return -1;
    }
    struct sim_socket *socket = &node->sockets[fd];
    *socket = (struct sim_socket){
        .open = true,
        .serial = ++node->last_socket,
        .local = {.addr = sim_address(node->id)},
    };
    sim_queue_init(&socket->received);
    sim_queue_init(&socket->transmitted);
    return fd;
}

int sim_socket_open(void *ctx, const struct world_socket *spec)
{
    struct sim_node *node = ctx;

    if (spec->family != IP_V4) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int fd = sim_socket_allocate(node);
    if (fd < 0)
        return -1;
    struct sim_socket *socket = &node->sockets[fd];
    socket->timestamps_rx = spec->timestamps_rx;
    socket->timestamps_tx = spec->timestamps_tx;
    socket->local.port = spec->local ? spec->local->port : 0;
    if (socket->local.port == 0)
        socket->local.port = choose_port(node);
    if (spec->remote)
        socket->remote = *spec->remote;
    if (spec->type == WORLD_TCP)
        sim_stream_open(node, socket, spec->backlog > 0);
    return fd;
}

void sim_socket_close(void *ctx, int fd)
{
    struct sim_node *node = ctx;

    sim_stream_close(&node->sockets[fd]);
    node->sockets[fd].open = false;
    sim_queue_clear(&node->sockets[fd].received);
    sim_queue_clear(&node->sockets[fd].transmitted);
}

struct sim_socket *sim_world_find_socket(struct sim_node *node, const struct ip_port *from,
                                         const struct ip_port *to)
{
    struct sim_socket *found = NULL;

    for (int i = 0; i < SIM_MAX_SOCKETS; i++) {
        struct sim_socket *socket = &node->sockets[i];

        if (!socket->open || socket->stream || socket->local.port != to->port)
            continue;
        if (ip_port_equal(&socket->remote, from))
            return socket;
        if (socket->remote.addr.family == IP_UNSPEC)
            found = socket;
    }
    return found;
}

int sim_socket_receive(void *ctx, int fd, struct world_datagram *msgs, int count, bool errqueue)
{
    struct sim_node *node = ctx;
    struct sim_socket *socket = &node->sockets[fd];
    struct sim_queue *queue = errqueue ? &socket->transmitted : &socket->received;
    struct sim_datagram *datagram;
    int n = 0;

    for (; n < count && (datagram = sim_queue_take(queue)); n++) {
        struct world_datagram *msg = &msgs[n];

        world_datagram_init(msg, msg->data, msg->size);
        msg->truncated = datagram->length > msg->size;
        msg->length = msg->truncated ? msg->size : datagram->length;
        memcpy(msg->data, datagram->data, msg->length);
        msg->remote = errqueue ? datagram->to : datagram->from;
        msg->local = errqueue ? datagram->from.addr : datagram->to.addr;
        msg->if_index = 2;
        if (socket->timestamps_rx || errqueue)
            msg->kernel_time = datagram->raw;
        msg->hardware_time = datagram->hardware;
        if (datagram->frame_length > 0) {
            msg->hardware_length = datagram->frame_length;
            msg->hardware_if_index = msg->if_index;
        }
        free(datagram);
    }
    return n;
}

int sim_socket_send(void *ctx, int fd, const struct world_datagram *msgs, int count)
{
    struct sim_node *node = ctx;
    struct sim_socket *socket = &node->sockets[fd];

    for (int i = 0; i < count; i++) {
        const struct ip_port *to =
            socket->remote.addr.family != IP_UNSPEC ? &socket->remote : &msgs[i].remote;

        if (to->port == 0) {
            errno = EINVAL;
            return i > 0 ? i : -1;
        }
        struct sim_datagram *sent =
            sim_datagram_new(&socket->local, to, msgs[i].data, msgs[i].length);
        bool wanted = msgs[i].want_tx_timestamp && (socket->timestamps_rx || socket->timestamps_tx);

        sim_network_send(node, sent, sim_nic_send(node, fd, wanted ? sent : NULL));
        sent->raw = sim_node_raw(node);
        if (wanted)
            sim_queue_put(&socket->transmitted, sent);
        else
            free(sent);
    }
    return count;
}
