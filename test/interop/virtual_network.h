/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network of virtual_time.c: servers, the links to them, packets on their way and what happens
 * at certain times. Delays are those that the simulator draws for the same seed (test/sim/link.h).
 * True time is in ns since the start.
 */
#ifndef TEST_INTEROP_VIRTUAL_NETWORK_H
#define TEST_INTEROP_VIRTUAL_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include "test/interop/virtual_card.h"
#include "test/interop/virtual_server.h"
#include "test/interop/virtual_time.h"

#define VIRTUAL_NETWORK_PENDING 256
#define VIRTUAL_NETWORK_LENGTH  (VIRTUAL_CARD_HEADERS + VIRTUAL_SERVER_LENGTH)

enum virtual_kind {
    VIRTUAL_REQUEST, /* on its way to a server */
    VIRTUAL_REPLY,
    VIRTUAL_REPORT, /* what was sent with its timestamps, for the error queue */
};

/* A packet that comes at a time. */
struct virtual_packet {
    enum virtual_kind kind;
    int64_t time;
    int server; /* its node */
    int fd;
    struct virtual_stamps stamps; /* of what was sent; those of a reply are made when it comes */
    size_t length;
    uint8_t data[VIRTUAL_NETWORK_LENGTH];
};

struct virtual_network {
    const struct virtual_time_params *params;
    struct sim_clock *clock; /* of the program */
    struct virtual_server servers[VIRTUAL_TIME_NODES];
    struct sim_link there[VIRTUAL_TIME_NODES], back[VIRTUAL_TIME_NODES];
    struct sim_link_state there_state[VIRTUAL_TIME_NODES], back_state[VIRTUAL_TIME_NODES];
    struct virtual_packet pending[VIRTUAL_NETWORK_PENDING];
    int pending_count;
    bool done[SCENARIO_ACTIONS];
    bool full; /* there was no place for a packet */
};

/* Keeps both pointers. */
void virtual_network_init(struct virtual_network *network, const struct virtual_time_params *params,
                          struct sim_clock *clock);
/* A request that leaves at a time. */
void virtual_network_send(struct virtual_network *network, int fd, int server, int64_t leaves,
                          const uint8_t request[static VIRTUAL_SERVER_LENGTH]);
/* A place for a packet, with these fields; the last one again, if there is none. */
struct virtual_packet *virtual_network_add(struct virtual_network *network, enum virtual_kind kind,
                                           int fd, int server, int64_t time);
/* The time of the next thing that happens by itself: a request comes to a server, an action. */
int64_t virtual_network_next(const struct virtual_network *network);
/* Does what is due. The program's clock has to be at this time. */
void virtual_network_run(struct virtual_network *network, int64_t now);
/* Forgets one, whose place in the array is given; the others keep their order. */
void virtual_network_remove(struct virtual_network *network, int index);
/* What a descriptor would still get. */
void virtual_network_close(struct virtual_network *network, int fd);

#endif
