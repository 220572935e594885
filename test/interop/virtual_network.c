/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets to servers and back, and changes of links and clocks; see virtual_network.h. Called by
 * virtual_time.c only.
 */
#include "test/interop/virtual_network.h"

#include <math.h>
#include <string.h>

void virtual_network_init(struct virtual_network *network, const struct virtual_time_params *p,
                          struct sim_clock *clock)
{
    memset(network, 0, sizeof(*network));
    network->params = p;
    network->clock = clock;
    for (int i = 0; i < p->node_count; i++) {
        virtual_server_init(&network->servers[i], p, i);
        network->there[i] = p->there[i];
        network->back[i] = p->back[i];
        sim_link_init(&network->there_state[i], p->seed, p->node, i);
        sim_link_init(&network->back_state[i], p->seed, i, p->node);
    }
}

struct virtual_packet *virtual_network_add(struct virtual_network *network, enum virtual_kind kind,
                                           int fd, int server, int64_t time)
{
    network->full = network->full || network->pending_count == VIRTUAL_NETWORK_PENDING;
    if (!network->full)
        network->pending_count++;
    struct virtual_packet *packet = &network->pending[network->pending_count - 1];
    *packet = (struct virtual_packet){.kind = kind, .time = time, .server = server, .fd = fd};
    return packet;
}

/* The copies of a packet that leaves at a time, when they come. */
static void pass(struct virtual_network *network, const struct virtual_packet *packet,
                 int64_t leaves)
{
    bool back = packet->kind == VIRTUAL_REPLY;
    int i = packet->server;
    const struct sim_link *link = back ? &network->back[i] : &network->there[i];
    struct sim_link_state *state = back ? &network->back_state[i] : &network->there_state[i];

    for (int copies = sim_link_copies(link, state); copies > 0; copies--) {
        double delay = sim_link_delay(link, state, 1e-9 * (double)leaves);
        struct virtual_packet *copy =
            virtual_network_add(network, packet->kind, packet->fd, i, leaves);

        copy->time += llround(delay * 1e9);
        copy->length = packet->length;
        memcpy(copy->data, packet->data, packet->length);
    }
}

void virtual_network_send(struct virtual_network *network, int fd, int server, int64_t leaves,
                          const uint8_t request[static VIRTUAL_SERVER_LENGTH])
{
    struct virtual_packet packet = {
        .kind = VIRTUAL_REQUEST,
        .server = server,
        .fd = fd,
        .length = VIRTUAL_SERVER_LENGTH,
    };

    memcpy(packet.data, request, VIRTUAL_SERVER_LENGTH);
    pass(network, &packet, leaves);
}

/* The first of the requests, or -1. */
static int next_request(const struct virtual_network *network)
{
    int first = -1;

    for (int i = 0; i < network->pending_count; i++)
        if (network->pending[i].kind == VIRTUAL_REQUEST &&
            (first < 0 || network->pending[i].time < network->pending[first].time))
            first = i;
    return first;
}

static int64_t action_time(const struct action *action)
{
    return llround(action->time * 1e9);
}

static int next_action(const struct virtual_network *network)
{
    const struct action *actions = network->params->actions;
    int first = -1;

    for (int i = 0; i < SCENARIO_ACTIONS; i++)
        if (actions[i].kind != ACTION_NONE && !network->done[i] &&
            (first < 0 || actions[i].time < actions[first].time))
            first = i;
    return first;
}

int64_t virtual_network_next(const struct virtual_network *network)
{
    int action = next_action(network), request = next_request(network);
    int64_t time = INT64_MAX;

    if (action >= 0)
        time = action_time(&network->params->actions[action]);
    if (request >= 0 && network->pending[request].time < time)
        time = network->pending[request].time;
    return time;
}

static void serve(struct virtual_network *network, int index)
{
    struct virtual_packet request = network->pending[index], reply = request;

    virtual_network_remove(network, index);
    reply.kind = VIRTUAL_REPLY;
    virtual_server_answer(&network->servers[request.server], request.time, request.data,
                          reply.data);
    pass(network, &reply, request.time);
}

static void set_down(struct virtual_network *network, const struct action *action)
{
    for (int i = 0; i < network->params->node_count; i++) {
        bool is_meant = action->node == network->params->node
                            ? action->other == 0 || action->other - 1 == i
                            : action->node == i;

        if (!is_meant)
            continue;
        network->there[i].down = network->back[i].down = action->kind == LINKS_DOWN;
    }
}

static void act(struct virtual_network *network, const struct action *action, int64_t now)
{
    int node = action->node;
    bool is_own = node == network->params->node;
    struct sim_clock *clock = is_own ? network->clock : &network->servers[node].clock;

    sim_clock_advance(clock, now);
    switch (action->kind) {
    case STEP_CLOCK:
        sim_clock_step(clock, action->value);
        break;
    case CHANGE_FREQUENCY:
        clock->error += action->value;
        break;
    case CHANGE_WANDER:
        clock->oscillator.wander = action->value;
        break;
    case CHANGE_DELAY:
        if (is_own)
            network->there[action->other - 1].delay += action->value;
        else
            network->back[node].delay += action->value;
        break;
    default:
        set_down(network, action);
        break;
    }
}

void virtual_network_run(struct virtual_network *network, int64_t now)
{
    int i;

    while ((i = next_action(network)) >= 0 && action_time(&network->params->actions[i]) <= now) {
        network->done[i] = true;
        act(network, &network->params->actions[i], now);
    }
    while ((i = next_request(network)) >= 0 && network->pending[i].time <= now)
        serve(network, i);
}

void virtual_network_remove(struct virtual_network *network, int index)
{
    struct virtual_packet *place = &network->pending[index];

    network->pending_count--;
    memmove(place, place + 1, (size_t)(network->pending_count - index) * sizeof(*place));
}

void virtual_network_close(struct virtual_network *network, int fd)
{
    for (int i = network->pending_count - 1; i >= 0; i--)
        if (network->pending[i].fd == fd)
            virtual_network_remove(network, i);
}
