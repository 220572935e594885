/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fork server (architecture.md "Processes") and the main process's handle of it. It is forked
 * while the main process holds no secret, runs the name resolving helper and generations of NTS-KE
 * helpers, the latter when told to, reaps them and starts them again (with a back-off) when they die.
 *
 * Promise: descriptors: its channel and the log. Files: those of certificates and keys on an NTS
 * server, which it reads for each generation, keeps in memory for the adopted one, and never
 * parses.
 * Capabilities: those to change user, for the children that it forks, and on an NTS server to read
 * files, as far as they are permitted. It reads orders of one or five octets only. When its channel
 * ends, it kills its children and ends.
 *
 * Who calls what when (numbers are the steps of daemon.md 4):
 *   13  fork_server_start: forks, and waits until the first generation is ready (it has read its
 *       files), or there is no good certificate to start one with, or it has failed, which is for
 *       the caller to report as fatal.
 *   21  ke_server_new (nts/ke_server.h) takes the pool of helpers into use; fork_server_attach puts
 *       everything into the event loop.
 *   run ke_server_rekey (chronyc rekey, SIGHUP): a new generation. The handle asks the process for a
 *       sign of life all the time; without one it reports that the process is lost.
 *   end fork_server_free closes everything; nobody waits for the processes.
 */
#ifndef NTS_FORK_SERVER_H
#define NTS_FORK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/loop.h"
#include "nts/helper.h"
#include "process/ipc.h"

struct fork_server;
struct helper_pool;

/*
 * Forks the fork server; if the specification has helpers, waits for conf->nts_server.processes (at least 1)
 * of them. NULL: error has one line that says what is wrong, with the file, for LOG_FATAL: `Could not
 * open socket pair`, `fork() failed : ERRNO`, `Could not set credentials : ...`, `NTS-KE helpers
 * failed`; nothing is left running then. To be called without threads, before GnuTLS was used in this
 * process.
 */
struct fork_server *fork_server_start(const struct helper_spec *spec, char *error, size_t size);
/* A handle over a channel, which it owns, to process pid (0: it cannot be waited for). */
struct fork_server *fork_server_connect(int channel, pid_t pid);
/* Closes all channels: the fork server and its children end by themselves. NULL is allowed. */
void fork_server_free(struct fork_server *fork_server);

struct fork_server_events {
    /* The process has ended, or gave no sign of life for FORK_SERVER_SILENCE rounds of the loop's
       timer: an error was logged, and nothing that it runs will be started again. Called once. */
    void (*lost)(void *arg);
    /* A resolver was started: this process's end of its channel, owned by the callee. */
    void (*resolver)(int channel, pid_t pid, void *arg);
    void *arg;
};
/* Signs of life are asked for each so many seconds of the loop, and so many in a row may be missing.
   What counts is how often the loop of this process came round, not the time: after a sleep of the
   machine, or a stop of all its processes, nothing is missing. */
#define FORK_SERVER_PING    5.0
#define FORK_SERVER_SILENCE 3
/* Registers with the loop, which must outlive the handle. */
void fork_server_attach(struct fork_server *fork_server, struct loop *loop,
                        const struct fork_server_events *events);

/* Gives an order; one that cannot be sent now is kept and sent later. IPC_ORDER_KILL has a function of
   its own, for a child of the fork server. */
void fork_server_order(struct fork_server *fork_server, enum ipc_order order);
void fork_server_kill(struct fork_server *fork_server, pid_t pid);
/* Reads one message that is there, for the time before the loop. */
void fork_server_read(struct fork_server *fork_server);
/* The channel, -1: the process is lost. */
int fork_server_channel(const struct fork_server *fork_server);

/* For tests: the process. */
pid_t fork_server_pid(const struct fork_server *fork_server);
/* NULL: there are no NTS-KE helpers. Owned by the handle. */
struct helper_pool *fork_server_pool(struct fork_server *fork_server);
/* The pool of NTS-KE helpers that IPC_HELPER_NEW messages are for; made by fork_server_start, and by
   tests. Owned by the handle then. */
void fork_server_set_pool(struct fork_server *fork_server, struct helper_pool *pool);

/* fork_server.c: body of the process; returns when its channel ends. */
void fork_server_run(const struct helper_spec *spec, int channel);

#endif
