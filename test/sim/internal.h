/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the simulator share. Only files of test/sim/ that implement sim.h include it.
 */
#ifndef TEST_SIM_INTERNAL_H
#define TEST_SIM_INTERNAL_H

#include "base/device.h"
#include "base/nic.h"
#include "base/world.h"
#include "chronyd/chronyd.h"
#include "test/sim/sim.h"

#define SIM_NS          1000000000
#define SIM_MAX_SOCKETS 64
#define SIM_MAX_QUEUE   256
#define SIM_MAX_NAMES   32

/* A packet under way or in a queue. */
struct sim_datagram {
    struct sim_datagram *next;
    struct ip_port from;
    struct ip_port to;
    int to_node;
    struct raw_time raw;           /* when it came or was sent, in the raw time of the node */
    struct hardware_time hardware; /* by its network card, zero: not */
    int frame_length;              /* of those that the card has seen, else 0 */
    size_t length;
    uint8_t data[];
};

struct sim_queue {
    struct sim_datagram *first;
    struct sim_datagram **end;
    int count;
};

struct guard;
struct sim_stream;

struct sim_socket {
    bool open;
    uint64_t serial; /* tells a socket from an earlier one in its place */
    struct ip_port local;
    struct ip_port remote; /* IP_UNSPEC: not connected */
    bool timestamps_rx;
    bool timestamps_tx;
    struct sim_queue received;
    struct sim_queue transmitted; /* the error queue */
    struct sim_stream *stream;    /* NULL: datagrams */
};

struct sim_lookup {
    struct sim_lookup *next;
    int64_t due;
    char *name;
    enum ip_family family;
    resolve_handler handler;
    void *arg;
};

struct sim_message {
    double time;
    char *text;
};

struct sim_recorder {
    struct sim_tally tally;
    uint64_t packets;
    bool honest; /* honesty is measured */
    uint64_t updates;
    struct sim_honesty honesty;
    bool keep;
    float *offsets;
    size_t offset_count, offset_capacity;
};

struct sim_node {
    struct sim *sim;
    int id;
    struct sim_node_spec spec;
    struct sim_clock clock;
    struct sim_random random;
    struct sim_files *files;
    struct sim_devices *devices;
    struct sim_random nic_random;
    struct sim_random sensor_random;
    bool nic_enabled;
    enum nic_filter nic_filter;
    struct world world;

    struct chronyd daemon;
    struct guard *guard; /* of its clock, in the same process; NULL: there is none */
    struct options options;
    bool running;
    bool suspended;
    bool wanted;  /* something happened while it was suspended */
    bool blocked; /* it waits for the next event */
    /* Between its turns the daemon sees the time of the end of the last one, so that a wait begins
       then and ends with the event. */
    bool frozen;
    struct raw_time frozen_raw;
    struct mono_time frozen_mono;
    uint64_t wake_serial;

    struct sim_socket sockets[SIM_MAX_SOCKETS];
    uint16_t last_port;
    uint64_t last_socket;
    struct sim_lookup *lookups;

    struct sim_message *messages;
    size_t message_count, message_capacity;
    struct sim_recorder recorder;
    struct sim_page *page; /* time_page.c; NULL: none */
    bool keep_calls;
    struct sim_kernel_call *calls;
    size_t call_count, call_capacity;
};

struct sim_event {
    int64_t time;
    uint64_t serial; /* equal times keep the order of insertion */
    void (*handler)(struct sim *sim, uint64_t value, void *arg);
    void *arg;
    uint64_t value;
    void (*discard)(void *arg); /* at the end of the simulation; NULL: arg is not the event's */
};

struct sim_name {
    const char *name;
    struct ip_addr addrs[ADDR_MAX_PER_NAME];
    int count;
};

struct sim {
    uint64_t seed;
    int64_t start; /* seconds since 1970 */
    int64_t now;   /* ns since the start */
    struct sim_event *events;
    size_t event_count, event_capacity;
    uint64_t last_serial;
    struct sim_node *nodes[SIM_MAX_NODES];
    int node_count;
    struct sim_link default_link;
    struct sim_link *links;             /* [from * SIM_MAX_NODES + to] */
    struct sim_link_state *link_states; /* of the same */
    struct sim_name names[SIM_MAX_NAMES];
    int name_count;
    struct sim_node *turn; /* whose messages come */
    bool print_messages;
    const char *conf; /* lines for all nodes, NULL: none */

    int64_t next_sample;
    struct sim_bounds bounds;
    int64_t leap_utc; /* 0: none */
    int leap;
};

/* events.c; time and serial number are filled in. */
void sim_event_add(struct sim *sim, int64_t time, const struct sim_event *event);
bool sim_event_take(struct sim *sim, int64_t until, struct sim_event *event);

/* node.c: gives the daemon a turn; what it does until it waits for something new. */
void sim_node_run(struct sim_node *node);

/* time_page.c */
struct time_page *sim_page_memory(struct sim_node *node); /* NULL: it has none */
void sim_page_read(struct sim_node *node);

/* network.c */
void sim_network_init(struct sim *sim);
void sim_network_free(struct sim *sim);
/* latency: seconds until it leaves the node. */
void sim_network_send(struct sim_node *node, const struct sim_datagram *sent, double latency);
void sim_queue_init(struct sim_queue *queue);
void sim_queue_put(struct sim_queue *queue, struct sim_datagram *datagram);
struct sim_datagram *sim_queue_take(struct sim_queue *queue);
void sim_queue_clear(struct sim_queue *queue);
struct sim_datagram *sim_datagram_new(const struct ip_port *from, const struct ip_port *to,
                                      const uint8_t *data, size_t length);

/* nic.c */
#define SIM_NIC_NAME "eth0"
extern const struct nic_ops sim_nic_table;
void sim_nic_init(struct sim_node *node);
/* Timestamps of a packet that comes now. */
void sim_nic_received(struct sim_node *node, struct sim_datagram *datagram);
/* A packet that is sent now, NULL: its timestamp is not wanted. Seconds until it leaves. */
double sim_nic_send(struct sim_node *node, int fd, const struct sim_datagram *sent);

struct sim_node *sim_network_node(const struct sim *sim, const struct ip_addr *addr);
/* The fate of one packet: seconds until it arrives, negative if it is lost. */
double sim_network_fate(struct sim *sim, int from, int to);

/* sockets.c, streams.c: functions of the world, and what they share. */
int sim_socket_open(void *ctx, const struct world_socket *spec);
void sim_socket_close(void *ctx, int fd);
int sim_socket_receive(void *ctx, int fd, struct world_datagram *msgs, int count, bool errqueue);
int sim_socket_send(void *ctx, int fd, const struct world_datagram *msgs, int count);
/* A free place, with its address but no port; -1 and errno. */
int sim_socket_allocate(struct sim_node *node);
void sim_stream_open(struct sim_node *node, struct sim_socket *socket, bool listening);
void sim_stream_close(struct sim_socket *socket);
bool sim_stream_is_readable(const struct sim_socket *socket);
bool sim_stream_is_writable(const struct sim_socket *socket);
ssize_t sim_stream_read(void *ctx, int fd, void *data, size_t size);
ssize_t sim_stream_write(void *ctx, int fd, const void *data, size_t length);
void sim_stream_shutdown(void *ctx, int fd);
int sim_stream_accept(void *ctx, int fd, struct ip_port *remote);
int sim_stream_error(void *ctx, int fd);

/* names.c: number of addresses. */
int sim_resolve(const struct sim *sim, const char *name, enum ip_family family,
                struct ip_addr *addrs, int max);

/* world.c */
const struct world_ops *sim_world_ops(void);
/* The readings of the clock now, whatever the daemon sees. */
struct raw_time sim_node_raw(struct sim_node *node);
struct mono_time sim_node_mono(struct sim_node *node);
/* What a daemon that is gone leaves open. */
void sim_world_close(struct sim_node *node);
/* The socket that takes a packet, or NULL. */
struct sim_socket *sim_world_find_socket(struct sim_node *node, const struct ip_port *from,
                                         const struct ip_port *to);

/* devices.c; freed with free(). */
struct sim_devices *sim_devices_new(struct sim_node *node);
/* What the PTP clock shows some seconds from now. */
struct hardware_time sim_device_phc_time(struct sim_node *node, double from_now);
extern const struct device_ops sim_device_table;
int sim_device_unix_open(void *ctx, const char *path);

/* honesty.c */
void sim_honesty_after_turn(struct sim_node *node);
void sim_honesty_second(struct sim_node *node);

/* record.c */
void sim_record_sample(struct sim *sim);

/* guard.c: with `clockguard yes` in its configuration, the node's clock is set by a guard, with
   which the daemon speaks as with the process. Before chronyd_open() and after chronyd_stop(). */
void sim_guard_start(struct sim_node *node);
void sim_guard_end(struct sim_node *node);

#endif
