/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server worker: the process that answers NTP requests in the place of the main process
 * (ntp.md 20.8). What it does is here; chronyd/server_worker_role.h makes a process of it.
 *
 * Over its channel it gets the memory of its shard, which it writes and the main process reads, the
 * time page and the tables, which it only reads, and the sockets. Packets that are not for the
 * server go to the main process. Everything that waits in the channel is obeyed before the next
 * packet is read, so a change that the main process was told of shows in all later answers. Without
 * anything to do it sleeps.
 */
#ifndef NTP_SERVER_WORKER_H
#define NTP_SERVER_WORKER_H

#include <stdbool.h>
#include "base/world.h"
#include "conf/groups.h"
#include "ntp/auth.h"
#include "ntp/server/answer.h"

struct server_worker_env {
    struct world *world; /* clocks, waiting, datagrams, random octets */
    const struct client_log_conf *log;
    const struct ntp_nts_server_ops *nts; /* NULL: NTS is not served */
    struct server_room *room; /* taken over; NULL: requests are answered one after another */
    /* Takes over a socket that another process has opened. False: it is closed. */
    bool (*adopt)(struct world *world, int fd, enum ip_family family);
};

/* Runs until the main process is gone, or has sent what makes no sense. */
void server_worker_run(const struct server_worker_env *env, int channel);

#endif
