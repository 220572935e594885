/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the two files of the pool of helpers: helper_pool.c (helpers, their channels and
 * sessions) and helper_generations.c (starting, adopting and giving up generations).
 */
#ifndef PROCESS_HELPER_POOL_INTERNAL_H
#define PROCESS_HELPER_POOL_INTERNAL_H

#include "process/channel.h"
#include "process/helper_pool.h"

#define GENERATION_START_TIMEOUT 30.0 /* seconds, for the files to be read */
/* Seconds. Time limits are counted in rounds of a timer, so that a stop of all processes is not
   taken for silence. */
#define HELPER_POOL_ROUND 5.0

enum helper_state { HELPER_STARTING, HELPER_READY, HELPER_DRAINING };

struct helper {
    struct helper_pool *pool;
    struct channel channel;
    uint32_t generation;
    uint16_t number;
    pid_t pid;
    enum helper_state state;
    uint32_t *sessions; /* max_sessions of them, and what is on the way */
    int session_count;
    timer_id stuck_timer; /* 0: it has no sessions, and was not told to end */
    double silence;       /* seconds */
    /* Those that it uses and has told of. */
    struct ipc_certificate *certificates;
    size_t certificate_count;
};

struct helper_pool {
    struct fork_server *fork_server;
    bool lost; /* the fork server is */
    const struct helper_role *role;
    struct loop *loop; /* NULL: not attached yet */
    struct helper_pool_events events;
    struct helper **helpers;
    size_t count;
    uint32_t current; /* generation that serves, 0: none yet */
    uint32_t pending; /* generation that starts, 0: none */
    uint32_t last;
    bool renew_again;
    bool bad_files; /* some of the pending generation, or all; both were logged */
    bool no_files;
    timer_id start_timer;
    double start_time; /* seconds since the order */
    timer_id renew_timer;
    timer_id queue_timer;
    bool was_ready;
    uint32_t lost_helpers; /* of current generations */
    bool lacking;          /* descriptors, which was logged */
    /* Of a helper of the current generation that is gone, until another one has told of its own. */
    struct ipc_certificate *kept_certificates;
    size_t kept_count;
    uint32_t kept_generation;
    char problem[IPC_TEXT_SIZE];      /* of files of the last generation that were read */
    char failure[IPC_TEXT_SIZE];      /* of the pending generation; empty: none */
    char last_failure[IPC_TEXT_SIZE]; /* of a start, logged once */
};

/* ---- In helper_pool.c ---- */

/* Removes and frees a helper that has ended or cannot be trusted. Its sessions are over. */
void helper_remove(struct helper *helper);
/* CHANNEL_OK: sent, CHANNEL_AGAIN: it waits for room, else it is lost. */
enum channel_result helper_send(struct helper *helper, const struct ipc_message *message, int fd);
/* The end of a session, or of the helper, is expected within the time limit, or it is killed. */
void helper_start_timer(struct helper *helper);
/* Remembers why the pending generation cannot start; the first reason stays. */
void helper_pool_fail_start(struct helper_pool *pool, const char *text);
/* After each event: decides about the pending generation, and tells when the pool is ready or not
   any more. */
void helper_pool_check(struct helper_pool *pool);

/* ---- In helper_certificates.c ---- */

/* A helper tells of a certificate. A number of them is kept, further ones are not. */
void helper_add_certificate(struct helper *helper, const struct ipc_certificate *certificate);
/* The helper is freed. */
void helper_drop_certificates(struct helper *helper);

/* ---- In helper_generations.c ---- */

/* Orders a generation; none may be pending. */
void generation_start(struct helper_pool *pool);
/* The pending one took too long. */
void generation_time_out(struct helper_pool *pool);
/* Adopts the pending one when all of its helpers are ready, gives it up when something has
   failed. */
void generation_check(struct helper_pool *pool);
/* Logs why a helper could not start: as an error the first time, else as a debug message. */
void generation_report(struct helper_pool *pool, const char *text, const char *consequence);

#endif
