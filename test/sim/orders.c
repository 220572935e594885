/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operator tells a daemon with chronyc, by the same functions that execute the commands.
 */
#include "test/sim/internal.h"

#include <stdlib.h>
#include "base/text.h"
#include "chronyd/execute.h"

struct order {
    struct sim_node *node;
    enum sim_order kind;
    double value;
};

/* By somebody who has an exact clock. */
static struct instant true_time(const struct sim *sim)
{
    return instant_add((struct instant){sim->start, 0}, sim_time(sim));
}

static void give(void *arg)
{
    struct order *order = arg;
    struct chronyd *d = &order->node->daemon;
    struct cmd_request request = {.u.number = order->value};
    union cmd_reply_body body;

    switch (order->kind) {
    case ORDER_DOFFSET:
        execute_doffset(d, &request, &body);
        break;
    case ORDER_DFREQ:
        execute_dfreq(d, &request, &body);
        break;
    case ORDER_MAKESTEP:
        execute_makestep(d, &request, &body);
        break;
    case ORDER_RESELECT:
        execute_reselect(d, &request, &body);
        break;
    case ORDER_RESET_SOURCES:
        execute_reset_sources(d, &request, &body);
        break;
    case ORDER_DELETE_SOURCE:
        request.u.addr = sim_address((int)order->value);
        execute_delete_source(d, &request, &body);
        break;
    case ORDER_ONLINE:
    case ORDER_OFFLINE:
        request.u.where = (struct cmd_mask_addr){{.family = IP_UNSPEC}, {.family = IP_UNSPEC}};
        (order->kind == ORDER_ONLINE ? execute_online : execute_offline)(d, &request, &body);
        break;
    case ORDER_BURST:
        request.u.burst = (struct cmd_burst){
            {{.family = IP_UNSPEC}, {.family = IP_UNSPEC}}, (int)order->value, (int)order->value};
        execute_burst(d, &request, &body);
        break;
    case ORDER_SETTIME:
        request.u.time = instant_add(true_time(order->node->sim), order->value);
        execute_settime(d, &request, &body);
        break;
    }
    free(order);
}

void sim_node_order(struct sim *sim, int id, enum sim_order kind, double value)
{
    struct sim_node *node = sim->nodes[id];
    struct order *order = mem_alloc(sizeof(*order));

    *order = (struct order){node, kind, value};
    node->frozen = false;
    loop_timer_add(node->daemon.loop, 0.0, give, order);
    sim_node_run(node);
}
