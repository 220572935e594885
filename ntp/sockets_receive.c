/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the sockets for NTP: batches, local timestamps of packets, and dispatch to the sources or
 * the server. It never looks further into a packet than its mode.
 */
#include "base/log.h"
#include "ntp/client/sources.h"
#include "ntp/datagrams.h"
#include "ntp/server/server.h"
#include "ntp/sockets_state.h"

#define MAX_WORKER_DELAY 1.0 /* seconds between reading by a worker and by this process */

static bool take_hardware_time(struct ntp_sockets *s, const struct world_datagram *msg, bool sent,
                               struct local_timestamp *t)
{
    if (instant_is_zero(msg->hardware_time.i))
        return false;
    struct hardware_packet packet = {
        .time = msg->hardware_time,
        .if_index = msg->hardware_if_index > 0 ? msg->hardware_if_index : msg->if_index,
        .sent = sent,
        .family = msg->remote.addr.family,
        .length = msg->length,
        .frame_length = msg->hardware_length,
        .known = t->time,
    };

    return nic_clocks_timestamp(s->env->nic_clocks, &packet, t);
}

static void take_kernel_time(struct ntp_sockets *s, const struct world_datagram *msg,
                             struct local_timestamp *t)
{
    const struct ntp_env *env = s->env;
    double error;

    if (raw_is_zero(msg->kernel_time))
        return;
    struct local_time kernel = local_clock_cook(env->clock, msg->kernel_time, &error);
    arrival_take_kernel_time(t, kernel, error);
}

/* A worker has read the packet before this wake-up. */
static void take_worker_time(const struct ntp_sockets *s, struct local_timestamp *t)
{
    double error;

    if (raw_is_zero(s->worker_time))
        return;
    struct local_time time = local_clock_cook(s->env->clock, s->worker_time, &error);
    double delay = local_diff(t->time, time);
    if (delay >= 0.0 && delay <= MAX_WORKER_DELAY) {
        t->time = time;
        t->error = error;
    }
}

/* Time of a packet (ntp.md 5.2): that of the network card if its clock is followed, else that of
   the kernel if it is credible, else that of the wake-up. */
static struct local_timestamp get_time(struct ntp_sockets *s, const struct world_datagram *msg,
                                       bool sent)
{
    const struct ntp_env *env = s->env;
    struct local_timestamp now = {.source = TIMESTAMP_DAEMON}, t;

    now.time = local_clock_event_time(env->clock, &now.error);
    t = now;
    take_worker_time(s, &t);
    if (take_hardware_time(s, msg, sent, &t))
        return t;
    /* The kernel's time of a sent packet has come before, in a message of its own. */
    if (!sent || instant_is_zero(msg->hardware_time.i))
        take_kernel_time(s, msg, &t);
    /* What a worker says lies in the past. */
    return local_diff(t.time, now.time) > 0.0 && !raw_is_zero(s->worker_time) ? now : t;
}

/* False: the datagram is no NTP packet, or not wrapped as its socket requires. sent: an own
   packet that came back. */
static bool make_arrival(struct ntp_sockets *s, int fd, const struct world_datagram *msg, bool sent,
                         struct ntp_arrival *a)
{
    struct ptp_payload payload = {.ntp = msg->data, .length = msg->length};

    if (msg->truncated ||
        (ntp_sockets_is_ptp(s, fd) &&
         !ptp_unwrap(msg->data, msg->length, (uint8_t)s->conf.ptp_domain, &payload)))
        return false;
    if (payload.length < NTP_HEADER_LENGTH || payload.length > NTP_MAX_LENGTH)
        return false;
    *a = (struct ntp_arrival){
        .fd = fd,
        .on_server_socket = ntp_sockets_is_server(s, fd),
        .by_worker = !raw_is_zero(s->worker_time),
        .packet = payload.ntp,
        .length = payload.length,
        .remote = msg->remote,
        .local = msg->local,
        .if_index = msg->if_index,
        .time = get_time(s, msg, sent),
    };
    /* The correction is of use only with a hardware timestamp (ntp.md 17.2). */
    if (a->time.net_correction > 0.0)
        a->time.net_correction += payload.correction;
    return true;
}

static int read_batch(struct ntp_sockets *s, int fd, bool errqueue)
{
    const struct world *w = s->env->world;
    int count = w->ops->receive(w->ctx, fd, s->msgs, s->batch, errqueue);

    s->batch = datagrams_next_batch(s->batch, count);
    return count;
}

static void log_rx_update(const struct ntp_sockets *s, const struct ntp_arrival *a)
{
    LOG_DEBUG("Updated RX timestamp delay=%.9f tss=%d",
              local_diff(local_clock_event_time(s->env->clock, NULL), a->time.time),
              a->time.source);
}

/* Tells the sources of an error of a connected socket. Reading it also clears it: otherwise it
   would be reported again and again. */
static void take_error(struct ntp_sockets *s, int fd)
{
    const struct world *w = s->env->world;
    const struct ip_port *remote = remote_table_get(&s->remotes, fd);
    int error = w->ops->socket_error(w->ctx, fd);

    if (error != 0 && remote && s->sources)
        ntp_sources_failed(s->sources, remote, error);
}

/* Dispatches received packets (ntp.md 11.1). */
static void receive_packets(struct ntp_sockets *s, int fd)
{
    int count = read_batch(s, fd, false), requests = 0;
    bool on_server_socket = ntp_sockets_is_server(s, fd);

    if (count < 0)
        take_error(s, fd);
    for (int i = 0; i < count; i++) {
        const struct world_datagram *msg = &s->msgs[i];
        struct ntp_arrival *a = &s->arrivals[requests];

        if (!ip_addr_is_real(&msg->remote.addr) || !make_arrival(s, fd, msg, false, a))
            continue;
        if (a->time.source != TIMESTAMP_DAEMON)
            log_rx_update(s, a);
        if ((a->packet[0] & 7) != NTP_MODE_CLIENT && s->sources &&
            ntp_sources_receive(s->sources, a))
            continue;
        if (on_server_socket)
            requests++;
    }
    if (requests > 0 && s->server)
        ntp_server_receive(s->server, s->arrivals, requests);
}

/* Dispatches transmit timestamps of own packets (ntp.md 5.3, 5.5). */
static void receive_timestamps(struct ntp_sockets *s, int fd)
{
    int count = read_batch(s, fd, true);

    /* An error that is no timestamp; it can come together with one. */
    if (count <= 0 || remote_table_get(&s->remotes, fd))
        take_error(s, fd);

    for (int i = 0; i < count; i++) {
        const struct world_datagram *msg = &s->msgs[i];
        struct ntp_arrival *a = &s->arrivals[0];

        if (!make_arrival(s, fd, msg, true, a))
            continue;
        if (a->time.source == TIMESTAMP_DAEMON) {
            LOG_DEBUG("Missing TX timestamp");
            continue;
        }
        if ((a->packet[0] & 7) != NTP_MODE_SERVER && s->sources &&
            ntp_sources_transmitted(s->sources, a))
            continue;
        if (s->server)
            ntp_server_transmitted(s->server, a);
    }
}

/* ---- Packets that server workers have read ---- */

static bool make_worker_arrival(struct ntp_sockets *s, const struct ipc_packet *packet, bool sent,
                                struct ntp_arrival *a)
{
    const int fd = ntp_sockets_of_family(s, packet->family)->server;
    struct world_datagram msg;

    world_datagram_init(&msg, (uint8_t *)(uintptr_t)packet->data, sizeof(packet->data));
    msg.length = packet->length;
    msg.remote = packet->remote;
    msg.local = packet->local;
    msg.if_index = packet->if_index;
    msg.kernel_time = packet->kernel_time;
    s->worker_time = packet->time;
    bool made = fd >= 0 && make_arrival(s, fd, &msg, sent, a);
    s->worker_time = (struct raw_time){{0, 0}};
    return made;
}

bool ntp_sockets_take_packet(void *sockets, const struct ipc_packet *packet)
{
    struct ntp_sockets *s = sockets;
    struct ntp_arrival a;

    /* What is no packet is nobody's. */
    if (!make_worker_arrival(s, packet, false, &a))
        return true;
    if (a.time.source != TIMESTAMP_DAEMON)
        log_rx_update(s, &a);
    return (a.packet[0] & 7) != NTP_MODE_CLIENT && s->sources &&
           ntp_sources_receive(s->sources, &a);
}

void ntp_sockets_take_timestamp(void *sockets, const struct ipc_packet *packet)
{
    struct ntp_sockets *s = sockets;
    struct ntp_arrival a;

    if (make_worker_arrival(s, packet, true, &a) && a.time.source != TIMESTAMP_DAEMON && s->sources)
        ntp_sources_transmitted(s->sources, &a);
}

void ntp_sockets_handle_event(int fd, unsigned int event, void *sockets)
{
    struct ntp_sockets *s = sockets;

    if (event & WORLD_EXCEPT)
        receive_timestamps(s, fd);
    /* One call for each report of readiness, system.md 20. */
    if (event & WORLD_READ)
        receive_packets(s, fd);
}
