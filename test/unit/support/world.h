/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A world in virtual time for unit tests: a clock that moves only while the loop waits, datagram
 * sockets with a network between them, scripted hosts, a resolver with a table, files in memory.
 * Random numbers come from a fixed seed.
 */
#ifndef TEST_UNIT_SUPPORT_WORLD_H
#define TEST_UNIT_SUPPORT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/loop.h"
#include "base/world.h"

#define SIM_START      1700000000 /* raw time of the start */
#define SIM_MAX_LENGTH 1600

/* The clock of the network card, which is otherwise perfect, to the raw clock. */
#define SIM_HARDWARE_OFFSET 37.0

struct sim_world;

struct sim_packet {
    double time; /* seconds since the start, when it was sent */
    struct ip_port from;
    struct ip_port to;
    uint8_t data[SIM_MAX_LENGTH];
    size_t length;
    bool tx_timestamp; /* was asked for with this packet */
};

struct sim_world *sim_world_new(void);
void sim_world_free(struct sim_world *sim);
struct world *sim_world_interface(struct sim_world *sim);

/* Runs the loop for some virtual seconds. */
void sim_run(struct sim_world *sim, struct loop *loop, double seconds);
/* Seconds since the start, and the raw time now. */
double sim_time(const struct sim_world *sim);
struct raw_time sim_raw(const struct sim_world *sim);
/* Moves the raw clock, as somebody else's step would. */
void sim_step(struct sim_world *sim, double seconds);

/* Packets that were sent by sockets, oldest first. */
size_t sim_sent_count(const struct sim_world *sim);
const struct sim_packet *sim_sent(const struct sim_world *sim, size_t index);
void sim_clear_sent(struct sim_world *sim);

/* Called for each packet to an address that no socket of the world has. NULL: packets vanish. */
void sim_set_host(struct sim_world *sim, void (*host)(const struct sim_packet *packet, void *arg),
                  void *arg);
/* Delivers a datagram to the socket at `to` after some seconds. */
void sim_deliver(struct sim_world *sim, const struct ip_port *from, const struct ip_port *to,
                 const void *data, size_t length, double delay);
/* One-way delay between sockets of the world; 0 by default. */
void sim_set_delay(struct sim_world *sim, double delay);
/* Loses the packets that are sent next. */
void sim_set_loss(struct sim_world *sim, int packets);
/* Kernel timestamps: receive times are reported, transmit times come back after the send. */
void sim_set_timestamps(struct sim_world *sim, bool on);
/* Hardware timestamps too; those of sent packets come back after a delay, negative: never. */
void sim_set_hardware(struct sim_world *sim, bool on, double delay);
/* No route to any address (sockets cannot be connected), or sending fails. */
void sim_set_unreachable(struct sim_world *sim, bool on);
void sim_set_send_failure(struct sim_world *sim, bool on);
/* No socket can be connected to this address. */
void sim_set_no_route(struct sim_world *sim, const struct ip_addr *addr);
size_t sim_open_sockets(const struct sim_world *sim);
/* Number of send calls, to see batches. */
size_t sim_send_calls(const struct sim_world *sim);

/* Answer of the resolver for a name; unknown names give "try again". Answers come after 0.01 s. */
void sim_set_name(struct sim_world *sim, const char *name, enum resolve_status status,
                  const struct ip_addr *addrs, int count);
/* Number of lookups of a name, and the time of the last. */
int sim_lookups(const struct sim_world *sim, const char *name, double *last);

/* A file that can be read; text NULL removes it. */
void sim_set_file(struct sim_world *sim, const char *path, const char *text, mode_t mode);

#endif
