/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network between nodes: what happens to a packet on its way. Each direction of each link draws
 * from its own sequence of random numbers.
 */
#include "test/sim/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

void sim_network_init(struct sim *sim)
{
    size_t count = SIM_MAX_NODES * SIM_MAX_NODES;

    sim->links = mem_array(count, sizeof(*sim->links));
    sim->link_states = mem_array(count, sizeof(*sim->link_states));
    for (int from = 0; from < SIM_MAX_NODES; from++)
        for (int to = 0; to < SIM_MAX_NODES; to++)
            sim_link_init(&sim->link_states[from * SIM_MAX_NODES + to], sim->seed, from, to);
}

void sim_network_free(struct sim *sim)
{
    free(sim->links);
    free(sim->link_states);
}

struct sim_link *sim_link(struct sim *sim, int from, int to)
{
    return &sim->links[from * SIM_MAX_NODES + to];
}

void sim_set_links(struct sim *sim, const struct sim_link *link)
{
    for (size_t i = 0; i < SIM_MAX_NODES * SIM_MAX_NODES; i++)
        sim->links[i] = *link;
}

struct ip_addr sim_address(int node)
{
    return ip_addr_v4(192, 168, 123, (uint8_t)(node + 1));
}

struct sim_node *sim_network_node(const struct sim *sim, const struct ip_addr *addr)
{
    for (int i = 0; i < sim->node_count; i++) {
        struct ip_addr own = sim_address(i);

        if (ip_addr_equal(&own, addr))
            return sim->nodes[i];
    }
    return NULL;
}

/* Queues. */

void sim_queue_init(struct sim_queue *queue)
{
    *queue = (struct sim_queue){.first = NULL};
    queue->end = &queue->first;
}

void sim_queue_put(struct sim_queue *queue, struct sim_datagram *datagram)
{
    if (queue->count >= SIM_MAX_QUEUE) {
        free(datagram);
        return;
    }
    datagram->next = NULL;
    *queue->end = datagram;
    queue->end = &datagram->next;
    queue->count++;
}

struct sim_datagram *sim_queue_take(struct sim_queue *queue)
{
    struct sim_datagram *datagram = queue->first;

    if (!datagram)
        return NULL;
    queue->first = datagram->next;
    if (!queue->first)
        queue->end = &queue->first;
    queue->count--;
    return datagram;
}

void sim_queue_clear(struct sim_queue *queue)
{
    struct sim_datagram *datagram;

    while ((datagram = sim_queue_take(queue)))
        free(datagram);
}

struct sim_datagram *sim_datagram_new(const struct ip_port *from, const struct ip_port *to,
                                      const uint8_t *data, size_t length)
{
    struct sim_datagram *datagram = mem_alloc(sizeof(*datagram) + length);

    datagram->from = *from;
    datagram->to = *to;
    datagram->length = length;
    memcpy(datagram->data, data, length);
    return datagram;
}

double sim_network_fate(struct sim *sim, int from, int to)
{
    return sim_link_fate(sim_link(sim, from, to), &sim->link_states[from * SIM_MAX_NODES + to],
                         sim_time(sim));
}

/* To a port that nobody has: lost. */
static void deliver(struct sim *sim, uint64_t value, void *arg)
{
    struct sim_datagram *datagram = arg;
    struct sim_node *node = sim->nodes[datagram->to_node];
    struct sim_socket *socket = sim_world_find_socket(node, &datagram->from, &datagram->to);

    if (!socket) {
        free(datagram);
        return;
    }
    datagram->raw = sim_node_raw(node);
    sim_nic_received(node, datagram);
    sim_queue_put(&socket->received, datagram);
    sim_node_run(node);
}

void sim_network_send(struct sim_node *node, const struct sim_datagram *sent, double latency)
{
    struct sim *sim = node->sim;
    const struct sim_node *other = sim_network_node(sim, &sent->to.addr);

    node->recorder.packets++;
    if (!other)
        return;
    const struct sim_link *link = sim_link(sim, node->id, other->id);
    struct sim_link_state *state = &sim->link_states[node->id * SIM_MAX_NODES + other->id];
    int copies = sim_link_copies(link, state);
    double leaves = sim_time(sim) + latency;

    for (int i = 0; i < copies; i++) {
        struct sim_datagram *datagram =
            sim_datagram_new(&sent->from, &sent->to, sent->data, sent->length);

        datagram->to_node = other->id;
        double delay = latency + sim_link_delay(link, state, leaves);
        sim_event_add(sim, sim->now + (int64_t)llround(delay * 1e9),
                      &(struct sim_event){.handler = deliver, .arg = datagram, .discard = free});
    }
}
