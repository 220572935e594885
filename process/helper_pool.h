/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's view of the helpers: their channels, generations and running sessions. Every
 * message that arrives here is from a process that talks to the network and is taken as hostile: a
 * bad one ends that helper's channel, never this process.
 */
#ifndef PROCESS_HELPER_POOL_H
#define PROCESS_HELPER_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/addr.h"
#include "base/loop.h"
#include "process/helper_role.h"
#include "process/ipc.h"

struct helper_pool;

struct fork_server;

/* The fork server gets the orders. It and the role outlive the pool. */
struct helper_pool *helper_pool_new(struct fork_server *fork_server,
                                    const struct helper_role *role);
/* Closes all channels. NULL is allowed. */
void helper_pool_free(struct helper_pool *pool);

/* Blocks until the first generation is ready, or all files turned out to be bad, which the fork
   server has logged: then there is no generation yet. False: error has the line for the log. */
bool helper_pool_await_first(struct helper_pool *pool, char *error, size_t size);

/* Registers with the loop. changed is called when the answer of helper_pool_is_ready changes; ended
   for each session that has ended or whose helper is gone; release for a socket of HELPER_POOL_KEPT
   that is not needed any more. */
struct helper_pool_events {
    void (*changed)(void *arg);
    void (*ended)(uint32_t session, enum ke_end end, void *arg);
    /* A new generation that was ordered has taken over, or has not, and no further one was ordered
       in the meantime. ok: with all files of the configuration. */
    void (*renewed)(bool ok, void *arg);
    void (*release)(int fd, void *arg);
    void *arg;
};
void helper_pool_attach(struct helper_pool *pool, struct loop *loop,
                        const struct helper_pool_events *events);
/* The owner of the events ends: releases all sockets, reports nothing from then on. */
void helper_pool_detach(struct helper_pool *pool);

/* For the handle of the fork server: a new helper (channel -1: its descriptor was lost), a
   generation that will not come, and the end of the fork server. */
void helper_pool_add(struct helper_pool *pool, const struct ipc_message *message, int channel);
void helper_pool_refused(struct helper_pool *pool, uint32_t generation);
/* ... and the state of the files of a generation (IPC_FILES). */
void helper_pool_files(struct helper_pool *pool, const struct ipc_message *message);
void helper_pool_fork_server_lost(struct helper_pool *pool);

/* A helper of the current generation takes connections. If not, connections may wait in the
   backlog: the fork server starts another one, or all of them have more on the way than they can
   take at once. */
bool helper_pool_is_ready(const struct helper_pool *pool);

/* A helper that runs max_sessions sessions ends one of them for a new connection. This is for so
   many connections, in each helper, whose place the helper has not made yet or not reported. */
#define HELPER_POOL_ON_THE_WAY 64

enum helper_pool_result {
    HELPER_POOL_OK,
    HELPER_POOL_KEPT, /* it will be sent when the helper's queue has room: released then */
    HELPER_POOL_FULL, /* every helper has max_sessions sessions and as many more connections on
                         their way as are allowed, or does not read */
    HELPER_POOL_NONE, /* no helper */
};

/* Hands a connection (IPC_CONNECTION) to the helper with the fewest sessions. The socket stays the
   caller's to close, with HELPER_POOL_KEPT when it is released. Its session has a number that no
   other running one has. */
enum helper_pool_result helper_pool_pass(struct helper_pool *pool,
                                         const struct ipc_message *connection, int fd);
/* Reads what helpers have sent so far, without waiting. */
void helper_pool_poll(struct helper_pool *pool);

/* Starts a new generation. It takes over when all its helpers are ready; if one fails, the reason
   is logged (error), the old one stays, and with files that can be used it is tried again each
   minute. During a start a further order is remembered. False: there is no fork server any more. */
bool helper_pool_renew(struct helper_pool *pool);

/* State, for reports and tests. */
uint32_t helper_pool_generation(const struct helper_pool *pool);
int helper_pool_pids(const struct helper_pool *pool, pid_t *pids, int max);
/* Helpers of the current generation: that should run, that are ready, and that were lost since the
   start, each of which was or will be started again. */
struct helper_pool_state {
    int wanted, ready;
    uint32_t lost;
};
struct helper_pool_state helper_pool_state(const struct helper_pool *pool);
/* Why some files of the last generation are bad, or it could not start; NULL: all is well. */
const char *helper_pool_problem(const struct helper_pool *pool);
/* Certificates that the current generation uses, as its helpers have told, from number 0. NULL:
   beyond the last one. */
const struct ipc_certificate *helper_pool_certificate(const struct helper_pool *pool,
                                                      size_t number);

#endif
