/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where connected sockets are connected to, by descriptor. The sockets of NTP keep it to know whom
 * an error of a socket is about.
 */
#ifndef NTP_REMOTE_TABLE_H
#define NTP_REMOTE_TABLE_H

#include <stddef.h>
#include "base/addr.h"

/* All zero: empty. */
struct remote_table {
    struct ip_port *list; /* IP_UNSPEC: none */
    size_t count;
};

/* fd: 0 or more. remote NULL: the descriptor was closed. */
void remote_table_set(struct remote_table *table, int fd, const struct ip_port *remote);
/* NULL: the descriptor is not in the table. Valid until the next change. */
const struct ip_port *remote_table_get(const struct remote_table *table, int fd);
void remote_table_free(struct remote_table *table);

#endif
