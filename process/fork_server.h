/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fork server (architecture.md "Processes") and the main process's handle of it. It is forked
 * while the main process holds no secret, runs lone processes (lone_role.h) and generations of
 * helpers (helper_role.h), the latter when told to, reaps them and starts them again (with a
 * back-off) when they die.
 *
 * Promise: descriptors: its channel, that of the binder, and the log. Files: those that its helpers
 * are made of, which it reads for each generation, keeps in memory for the adopted one, and never
 * parses. Capabilities: those to change user, for the children that it forks, with helpers to read
 * files, and to bind low ports (binder.h), as far as they are permitted; with a guard of the clock
 * CAP_SYS_TIME, permitted and not in effect. System calls: see promise_fork_server.c.
 * When its channel ends or an order is invalid, it kills its children and ends.
 *
 * Who calls what when (numbers are the steps of daemon.md 4):
 *   13  fork_server_start: forks, and waits until the first generation is ready (it has read its
 *       files), or there is no good file to start one with, or it has failed, which is for
 *       the caller to report as fatal.
 *   21  fork_server_attach puts everything into the event loop, after the pool of helpers was taken
 *       into use (ke_listener_new).
 *   run helper_pool_renew: a new generation. The handle asks the process for signs of life; without
 *       them it reports that the process is lost.
 *   end fork_server_free closes everything and does not wait for the processes.
 */
#ifndef PROCESS_FORK_SERVER_H
#define PROCESS_FORK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/loop.h"
#include "base/world.h"
#include "process/helper_role.h"
#include "process/ipc.h"
#include "process/lone_role.h"
#include "process/process_table.h"
#include "process/sandbox.h"

struct fork_server;
struct helper_pool;

/* What it runs; must outlive it (in the main process: until it has been started). */
struct fork_server_spec {
    struct world *world; /* clocks; files in the fork server only */
    const struct sandbox *sandbox;
    const struct helper_role *helpers; /* NULL: none */
    const struct lone_role *lone;      /* lone_count of them, each role and number once */
    size_t lone_count;
    struct process_table *processes; /* what is started is told to it. NULL: nobody asks */
    /* In the fork server, when it has no more rights than it keeps. May be NULL. */
    void (*limited)(void *arg);
    void *arg;
};

/*
 * Forks the fork server; if there are helpers, waits for the first generation of them. NULL: error
 * has one line that says what is wrong, with the file, for LOG_FATAL: `Could not open socket pair`,
 * `fork() failed : ERRNO`, `Self-test of the processes failed`,
 * `Could not set credentials : ...`, `NTS-KE helpers failed`; nothing is
 * left running then. To be called without threads, before GnuTLS was used in this process.
 */
struct fork_server *fork_server_start(const struct fork_server_spec *spec, char *error,
                                      size_t size);
/* A handle over a channel, which it owns, to process pid (0: it cannot be waited for). */
struct fork_server *fork_server_connect(int channel, pid_t pid);
/* Closes all channels: the fork server and its children end by themselves. NULL is allowed. */
void fork_server_free(struct fork_server *fork_server);

/* A lone process that was started, and this process's end of its channel. */
struct lone_process {
    enum process_role role;
    uint16_t number;
    int channel;
    pid_t pid;
};

struct fork_server_events {
    /* The process has ended, or gave no sign of life for FORK_SERVER_SILENCE rounds of the loop's
       timer: an error was logged, and nothing that it runs will be started again. Called once. */
    void (*lost)(void *arg);
    /* A lone process was started. The channel is owned by the callee. */
    void (*lone)(const struct lone_process *process, void *arg);
    /* A helper was started in the place of one that ended. May be NULL. */
    void (*helper_restarted)(void *arg);
    void *arg;
};
/* A sign of life is asked for at this interval of the loop, and so many in a row may be missing.
   Rounds of the loop are counted, not time: so a machine that slept, or a stop of all processes,
   is not taken for silence. */
#define FORK_SERVER_PING    5.0
#define FORK_SERVER_SILENCE 3
/* Registers with the loop, which must outlive the handle. */
void fork_server_attach(struct fork_server *fork_server, struct loop *loop,
                        const struct fork_server_events *events);

/* Before the loop: waits until this lone process was started. It is the caller's from then on,
   with its channel. False: it was not within FORK_SERVER_START seconds. */
#define FORK_SERVER_START 10.0
bool fork_server_await_lone(struct fork_server *fork_server, enum process_role role,
                            uint16_t number, struct lone_process *process);

/* Orders the start of a lone process that is started on order only. Once is enough, for one that
   is there for a while until fork_server_kill(). */
void fork_server_want(struct fork_server *fork_server, enum process_role role, uint16_t number);
/* Passes the fork server its end of the channel of binder.h, which is closed here. */
void fork_server_pass_binder(struct fork_server *fork_server, int channel);
/* Gives an order without a body; one that cannot be sent now is kept and sent later. */
void fork_server_order(struct fork_server *fork_server, enum ipc_type order);
/* Ends a child of the fork server. */
void fork_server_kill(struct fork_server *fork_server, pid_t pid);
/* The channel of a child has ended. Its process ends, too, but not if it was taken over: then it is
   killed after FORK_SERVER_FAREWELL seconds, so that there is another one in its place. */
#define FORK_SERVER_FAREWELL 0.5
void fork_server_see_off(struct fork_server *fork_server, pid_t pid);
/* Reads one message that is there, for the time before the loop. */
void fork_server_read(struct fork_server *fork_server);
/* The channel, -1: the process is lost. */
int fork_server_channel(const struct fork_server *fork_server);

/* For tests: the process. */
pid_t fork_server_pid(const struct fork_server *fork_server);
/* NULL: there are no helpers. Owned by the handle. */
struct helper_pool *fork_server_pool(struct fork_server *fork_server);
/* The pool of helpers that IPC_HELPER_NEW messages are for; made by fork_server_start, and by
   tests. Owned by the handle then. */
void fork_server_set_pool(struct fork_server *fork_server, struct helper_pool *pool);

/* fork_server.c: body of the process; returns when its channel ends. */
void fork_server_run(const struct fork_server_spec *spec, int fd);

#endif
