/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the sockets, shared by sockets.c (opening, closing, sending) and sockets_receive.c.
 */
#ifndef NTP_SOCKETS_STATE_H
#define NTP_SOCKETS_STATE_H

#include "ntp/ptp.h"
#include "ntp/remote_table.h"
#include "ntp/server/workers.h"
#include "ntp/sockets.h"
#include "ntp/wire/packet.h"

struct family_sockets {
    int server;                     /* -1: not open */
    int others[SERVER_WORKERS_MAX]; /* of the server workers; the first one has that above */
    int client;                     /* shared; -1: none */
    int ptp;                        /* messages of PTP; -1: none */
    int uses;                       /* of the server socket */
};

struct ntp_sockets {
    const struct ntp_env *env;
    struct sockets_conf conf;
    struct client_conf client; /* whose peers, and ... */
    struct broadcasts_conf
        broadcasts;              /* ... whose destinations hold sockets while the daemon starts */
    struct ntp_sources *sources; /* NULL: none yet */
    struct ntp_server *server;   /* NULL: none yet */
    struct family_sockets v4;
    struct family_sockets v6;
    bool per_request; /* a new client socket for each request */
    bool always_open; /* server sockets do not depend on their uses */
    bool same_socket; /* server sockets are the client sockets */
    bool starting;    /* a port in use is fatal */
    int batch;        /* datagrams to ask for next time, up to WORLD_BATCH */
    struct world_datagram msgs[WORLD_BATCH];
    struct ntp_arrival arrivals[WORLD_BATCH];
    uint8_t buffers[WORLD_BATCH][WORLD_DATAGRAM_SIZE];
    struct remote_table remotes; /* of client sockets for one request */
    struct raw_time worker_time; /* when a worker read the packet at hand; zero: none did */
    uint16_t ptp_sequence;
    uint8_t ptp_buffers[WORLD_BATCH][PTP_OVERHEAD + NTP_MAX_LENGTH]; /* sending */
};

static inline struct family_sockets *ntp_sockets_of_family(struct ntp_sockets *s,
                                                           enum ip_family family)
{
    return family == IP_V6 ? &s->v6 : &s->v4;
}

static inline bool ntp_sockets_is_ptp(const struct ntp_sockets *s, int fd)
{
    return fd >= 0 && (fd == s->v4.ptp || fd == s->v6.ptp);
}

/* Reads what a socket of struct ntp_sockets has, for the event loop. */
void ntp_sockets_handle_event(int fd, unsigned int event, void *sockets);
/* For server workers, with struct ntp_sockets as context: packets that one has read (false: it is
   to answer it itself), and transmit timestamps of what was sent here on its socket. */
bool ntp_sockets_take_packet(void *sockets, const struct ipc_packet *packet);
void ntp_sockets_take_timestamp(void *sockets, const struct ipc_packet *packet);

#endif
