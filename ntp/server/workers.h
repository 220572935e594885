/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's half of the server workers (ntp.md 20.8): it starts them when the first server
 * socket is opened, gives them sockets, tables and the time page, takes the packets that are not
 * for the server, and reads what they count. A worker that was started again gets everything again,
 * and goes on with the shard of the one before; the kernel keeps the requests meanwhile, since the
 * sockets stay open here. Nothing that a worker sends or writes is trusted.
 */
#ifndef NTP_SERVER_WORKERS_H
#define NTP_SERVER_WORKERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/clock_change.h"
#include "base/loop.h"
#include "base/world.h"
#include "conf/groups.h"
#include "ntp/server/shard.h"
#include "ntp/server/snapshot.h"
#include "process/ipc.h"

#define SERVER_WORKERS_MAX 64

struct server_workers;

struct server_workers_env {
    struct world *world;
    struct loop *loop;
    const struct client_log_conf *log;
    /* Orders the start of a worker (from 1), and the end of a process. */
    void (*start)(void *ctx, int number);
    void (*kill)(void *ctx, pid_t pid);
    /* The channel of a process has ended; fork_server_see_off(). */
    void (*see_off)(void *ctx, pid_t pid);
    /* A worker was started in the place of one that has ended. */
    void (*restarted)(void *ctx);
    /* A descriptor of the time page, -1: there is none. It stays the callee's. */
    int (*time_page)(void *ctx);
    void *ctx;
};

/* The shards are made; no worker is started yet. NULL after a message that says why there can be
   none: then the main process answers itself. count: 1 to SERVER_WORKERS_MAX. The rest must outlive
   it. */
struct server_workers *server_workers_new(const struct server_workers_env *env, int count);
/* The workers end with their channels. NULL is allowed. */
void server_workers_free(struct server_workers *workers);

int server_workers_count(const struct server_workers *workers);
/* The process of a worker was started; the channel is owned from now on. */
void server_workers_take(struct server_workers *workers, int number, int channel, pid_t pid);
/* Processes that are there now, and those that were started in the place of others. */
int server_workers_alive(const struct server_workers *workers, uint32_t *restarts);

/* ---- For the sockets: who gets the packets that are not for the server ---- */

struct server_workers_handler {
    /* A packet that a worker has read. False: it is for the server after all. */
    bool (*received)(void *ctx, const struct ipc_packet *packet);
    /* A packet of this process came back with its transmit timestamp. */
    void (*transmitted)(void *ctx, const struct ipc_packet *packet);
    void *ctx;
};
void server_workers_set_handler(struct server_workers *workers,
                                const struct server_workers_handler *handler);
/* The sockets of a family, one for each worker (-1: it gets none); they stay the caller's, and open
   until they are closed with the second function, after which no worker reads from them. */
void server_workers_open(struct server_workers *workers, enum ip_family family, const int *fds);
void server_workers_close(struct server_workers *workers, enum ip_family family);

/* ---- For the server ---- */

/* Called with requests that Samba has to sign. NULL: nobody. */
void server_workers_set_signer(struct server_workers *workers,
                               void (*sign)(const struct ipc_packet *packet, void *arg), void *arg);
/* New tables in place of the old ones. When it returns, no worker answers from the old ones, unless
   it is stopped, and then it takes the new ones before it answers again. */
void server_workers_set_tables(struct server_workers *workers, const struct server_tables *tables,
                               const struct client_limits *limits, bool signing);
void server_workers_change_clock(struct server_workers *workers, const struct clock_change *change);

/* ---- Reports ---- */

/* What a worker (from 0) counts: to be read only. */
const struct server_shard *server_workers_shard(const struct server_workers *workers, int index);
/* Between these two the records of a worker do not change, and the second one clears `count` of
   them from an index on. */
void server_workers_hold(struct server_workers *workers, int index);
void server_workers_reset(struct server_workers *workers, int index, int first, int count);

#endif
