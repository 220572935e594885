/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accepted NTS-KE connections in the main process (nts.md 15.2): a number for each until its
 * session has ended, and how many of them one client has. All operations are O(1) in the number
 * of connections.
 */
#ifndef NTS_KE_CONNECTIONS_H
#define NTS_KE_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"

struct ke_connections;

/* max: connections at a time, 1 or more. seed: random, so that an attacker cannot choose
   addresses that share a bucket. Memory grows with use. */
struct ke_connections *ke_connections_new(size_t max, uint32_t seed);
/* NULL is allowed. */
void ke_connections_free(struct ke_connections *connections);

/* Gives the connection of a client a number below max that no other has. False: there are max. */
bool ke_connections_add(struct ke_connections *connections, const struct ip_addr *addr,
                        uint32_t *number);
/* The number may be given again; one that is not in use is ignored. */
void ke_connections_remove(struct ke_connections *connections, uint32_t number);
/* Connections of the client with this address. */
int ke_connections_of_client(const struct ke_connections *connections, const struct ip_addr *addr);

/* Whether two addresses are one client: the same IPv4 address, or the same /64 of IPv6. */
bool ke_connections_same_client(const struct ip_addr *a, const struct ip_addr *b);

#endif
