/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets for NTP: server sockets opened on demand, shared or per-request client sockets, batches,
 * receive and transmit timestamps (ntp.md 4, 5), dispatch of received packets (11.1). It knows
 * nothing about what packets mean.
 */
#ifndef NTP_SOCKETS_H
#define NTP_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/world.h"
#include "conf/groups.h"
#include "ntp/arrival.h"
#include "ntp/env.h"

struct ntp_server;
struct ntp_sockets;
struct ntp_sources;

/* Opens the sockets that must be open from the start, also for peers and broadcast destinations
   with an address in the configuration. `Could not open NTP sockets` is fatal, and, until
   ntp_sockets_end_start, a port in use. env and the lists of the groups must outlive it. */
struct ntp_sockets *ntp_sockets_new(const struct ntp_env *env, const struct sockets_conf *conf,
                                    const struct client_conf *client,
                                    const struct broadcasts_conf *broadcasts);
/* The configured sources have been added. */
void ntp_sockets_end_start(struct ntp_sockets *sockets);
/* Closes everything. */
void ntp_sockets_free(struct ntp_sockets *sockets);

/* Who gets the packets (ntp.md 11.1). Each sets itself when it is made; NULL, before and after:
   nobody gets them. */
void ntp_sockets_set_sources(struct ntp_sockets *sockets, struct ntp_sources *sources);
void ntp_sockets_set_server(struct ntp_sockets *sockets, struct ntp_server *server);

/* Counts the uses of a server socket: opened with the first use, closed with the last. Returns the
   socket, or -1 if it could not be opened (the use counts all the same). */
int ntp_sockets_hold_server(struct ntp_sockets *sockets, enum ip_family family);
void ntp_sockets_release_server(struct ntp_sockets *sockets, enum ip_family family);
/* The same for a peer or broadcast destination: the PTP socket if its port is that of PTP. */
int ntp_sockets_hold_for(struct ntp_sockets *sockets, const struct ip_port *remote);
void ntp_sockets_release_for(struct ntp_sockets *sockets, const struct ip_port *remote);
/* Whether a server or PTP socket is open. */
bool ntp_sockets_is_serving(const struct ntp_sockets *sockets);
/* The server socket of a family (with workers, that of the first one); -1: it is not open. */
int ntp_sockets_server(const struct ntp_sockets *sockets, enum ip_family family);
/* Whether a socket is still open as a server or PTP socket. */
bool ntp_sockets_is_server(const struct ntp_sockets *sockets, int fd);

/* Socket for a request to an address: a new one, connected, or the shared one. -1: failed, errno
   says why. */
int ntp_sockets_open_client(struct ntp_sockets *sockets, const struct ip_port *remote);
/* Closes a socket of ntp_sockets_open_client unless it is shared. -1 is allowed. */
void ntp_sockets_close_client(struct ntp_sockets *sockets, int fd);

/* Whether there is a route to the address (ntp.md 4.5). */
bool ntp_sockets_is_connectable(struct ntp_sockets *sockets, const struct ip_port *remote);

/* Sends one packet. want_timestamp: its transmit timestamp is asked for. True: accepted; false:
   errno says why. */
bool ntp_sockets_send(struct ntp_sockets *sockets, int fd, const struct ip_port *remote,
                      const uint8_t *packet, size_t length, bool want_timestamp);

/* Sends replies, up to WORLD_BATCH, in one call where possible. sent[i] tells which were
   accepted. */
void ntp_sockets_send_batch(struct ntp_sockets *sockets, int fd, struct world_datagram *msgs,
                            int count, bool *sent);

#endif
