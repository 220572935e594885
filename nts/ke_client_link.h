/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's end of the channel to the NTS-KE client process (nts/ke_client_process.h). The
 * process is there while there are sessions: it is ordered with the first, and ended with the last,
 * so that the next one reads the trusted certificates again. What it says is judged as if somebody
 * had taken it over: the first message that it may not send costs it its life. Sessions fail when
 * it ends or does not answer, and never wait for it without a limit.
 */
#ifndef NTS_KE_CLIENT_LINK_H
#define NTS_KE_CLIENT_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/addr.h"
#include "base/loop.h"
#include "base/world.h"
#include "nts/context.h"
#include "nts/ke_exchange.h"
#include "process/ipc.h"

/* Sessions at a time. */
#define KE_CLIENT_MAX_SESSIONS 256
/* Seconds beyond the time-out of a session for the start of the process and what it reads. */
#define KE_LINK_PATIENCE 4.0
/* Seconds that a process is kept that has had no session yet. */
#define KE_LINK_IDLE 10.0
/* Retry factor of a session whose process has ended. */
#define KE_RETRY_LOST 1

struct ke_client_link_env {
    struct world *world;
    struct loop *loop;
    struct nts_aeads aeads;
    /* A process is wanted; ke_client_link_take gets it, and each that is started in its place. */
    void (*want)(void *arg);
    /* This one is not wanted any more, and no other before the next order. */
    void (*end)(pid_t pid, void *arg);
    void *arg;
};

struct ke_client_link;

struct ke_client_link *ke_client_link_new(const struct ke_client_link_env *env);
/* To be called after all its sessions were freed. NULL is allowed. */
void ke_client_link_free(struct ke_client_link *link);
/* Orders the process ahead of the first session. */
void ke_client_link_prepare(struct ke_client_link *link);
/* A process was started; the channel is owned by the link. True: in place of one that ended by
   itself. */
bool ke_client_link_take(struct ke_client_link *link, int channel, pid_t pid);
/* For reports: there is a process; and how many were started in place of one that ended. */
bool ke_client_link_has_process(const struct ke_client_link *link, uint32_t *restarts);

struct ke_link_request {
    int fd; /* connecting, non-blocking; owned by the session */
    struct ip_port server;
    uint32_t cert_set;
    bool checks_dates;
    int64_t now; /* corrected time, seconds since 1970 */
    const char *name;
    struct ke_exchange_events events; /* called from the loop; `ended` may free the session */
};

struct ke_link_session;

/* NULL: there are too many, or the name is too long; the socket was closed. */
struct ke_link_session *ke_client_link_start(struct ke_client_link *link,
                                             const struct ke_link_request *request);
/* Ends it without calling back. NULL is allowed. */
void ke_link_session_free(struct ke_link_session *session);

/* What the process says of a session, as values; false: it may not say that. Pure. */
bool ke_link_take_answer(const struct ipc_ke_answer *message, const struct nts_aeads *aeads,
                         struct ke_answer *answer);
bool ke_link_take_ending(const struct ipc_ke_ended *message, struct ke_ending *ending);

#endif
