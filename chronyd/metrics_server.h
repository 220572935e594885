/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's half of the metrics server (daemon.md 25): the listening socket, which is
 * opened with the daemon's other sockets, and the channel to the process that serves HTTP on it
 * (chronyd/metrics_role.h). That process asks for reports. What it sends is taken as hostile: it
 * gets reports without effect, at a limited rate, and is ended for anything else.
 */
#ifndef CHRONYD_METRICS_SERVER_H
#define CHRONYD_METRICS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/loop.h"
#include "base/world.h"
#include "cmdmon/message.h"
#include "process/ipc.h"

struct metrics_server;

struct metrics_server_env {
    struct world *world;
    struct loop *loop;
    /* Executes a request that metrics_may_ask() allows; chronyd_execute(). */
    enum cmd_status (*execute)(void *ctx, const struct cmd_request *request,
                               union cmd_reply_body *body);
    /* Ends the process, of which the fork server starts another one. */
    void (*kill)(void *ctx, pid_t pid);
    /* Its channel has ended; fork_server_see_off(). */
    void (*see_off)(void *ctx, pid_t pid);
    void *ctx;
};

/* Opens the socket. If that fails, which is logged as an error, it is tried again each minute. */
struct metrics_server *metrics_server_new(const struct metrics_server_env *env,
                                          const struct ip_port *address);
/* NULL is allowed. */
void metrics_server_free(struct metrics_server *server);

/* A process was started: its channel, which is owned by the server from now on. True: it is not the
   first one. */
bool metrics_server_take(struct metrics_server *server, int channel, pid_t pid);

/* Whether there is a process, and how many were started in the place of another one. */
bool metrics_server_has_process(const struct metrics_server *server, uint32_t *restarts);

/* The request that a query is. False: it is not one that the process may make, or is more or less
   than that. */
bool metrics_server_decode(const struct ipc_octets *query, struct cmd_request *request);

/* Queries that are answered in each interval of so many seconds; the rest waits. */
#define METRICS_SERVER_QUERIES  200
#define METRICS_SERVER_INTERVAL 0.01
/* Seconds until a socket that could not be opened is tried again. */
#define METRICS_SERVER_RETRY 60.0

#endif
