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
    sim->link_random = mem_array(count, sizeof(*sim->link_random));
    for (size_t i = 0; i < count; i++)
        sim_random_seed(&sim->link_random[i], sim->seed,
                        SIM_LINK_STREAM(i / SIM_MAX_NODES, i % SIM_MAX_NODES));
}

void sim_network_free(struct sim *sim)
{
    free(sim->links);
    free(sim->link_random);
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

/* Delays. */

static double draw_table(const struct sim_link *link, struct sim_random *random)
{
    double place = sim_random_unit(random) * (double)(link->table_size - 1);
    size_t i = (size_t)place;

    return link->table[i] + (place - (double)i) * (link->table[i + 1] - link->table[i]);
}

static double draw_delay(const struct sim_link *link, struct sim_random *random)
{
    double jitter = 0.0;

    switch (link->kind) {
    case SIM_EXPONENTIAL:
        jitter = link->jitter * sim_random_exponential(random);
        break;
    case SIM_NORMAL:
        jitter = fabs(link->jitter * sim_random_normal(random));
        break;
    case SIM_TABLE:
        jitter = link->table_size > 1 ? draw_table(link, random) : 0.0;
        break;
    }
    if (link->reorder > 0.0 && sim_random_unit(random) < link->reorder)
        jitter += link->reorder_delay;
    return link->delay + jitter;
}

double sim_network_fate(struct sim *sim, int from, int to)
{
    const struct sim_link *link = sim_link(sim, from, to);
    struct sim_random *random = &sim->link_random[from * SIM_MAX_NODES + to];
    bool lost = sim_random_unit(random) < link->loss;
    double delay = draw_delay(link, random);

    return lost || link->down ? -1.0 : delay;
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
    struct sim_random *random = &sim->link_random[node->id * SIM_MAX_NODES + other->id];
    /* All are drawn always, so that changing one setting leaves the other fates as they were. */
    double loss = sim_random_unit(random), duplicate = sim_random_unit(random);
    int copies = link->down || loss < link->loss ? 0 : duplicate < link->duplicate ? 2 : 1;

    for (int i = 0; i < copies; i++) {
        struct sim_datagram *datagram =
            sim_datagram_new(&sent->from, &sent->to, sent->data, sent->length);

        datagram->to_node = other->id;
        sim_event_add(sim, sim->now + (int64_t)llround((latency + draw_delay(link, random)) * 1e9),
                      &(struct sim_event){.handler = deliver, .arg = datagram, .discard = free});
    }
}
