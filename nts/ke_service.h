/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's NTS-KE sessions of one process (nts.md 15.3): which of them gives way when there are
 * too many, and what a request is answered with. Used by a helper, and by the main process with
 * ntsprocesses 0. It has one cookie key for each connection and none in between.
 */
#ifndef NTS_KE_SERVICE_H
#define NTS_KE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/loop.h"
#include "base/world.h"
#include "conf/conf.h"
#include "nts/context.h"
#include "nts/ke_session.h"
#include "nts/tls_credentials.h"
#include "process/ipc.h"

struct ke_service_env {
    struct world *world;
    struct loop *loop;
    const struct conf *conf; /* port, ntsntpserver, maxntsconnections */
    struct nts_aeads aeads;
    /* A session that was started has answered or ended; id is the one given to ke_service_start. One
       that has answered may wait for its client's end after this. */
    void (*ended)(uint32_t id, enum ke_session_outcome outcome, void *arg);
    /* No session is left, not even one that waits for its client's end. May be NULL. */
    void (*emptied)(void *arg);
    void *arg;
};

struct ke_service;

struct ke_service *ke_service_new(const struct ke_service_env *env);
/* Ends all sessions without calling back. NULL is allowed. */
void ke_service_free(struct ke_service *service);

/* For sessions that start from now on; takes a reference of its own, running ones keep theirs. */
void ke_service_set_credentials(struct ke_service *service, struct tls_credentials *credentials);
/*
 * Starts a session on an accepted socket, which is taken over in any case. With maxntsconnections
 * sessions that have not answered yet, the one that has used up most of the time of its stage ends.
 * False: no TLS session, or no credentials.
 */
bool ke_service_start(struct ke_service *service, uint32_t id, int fd, const struct ip_port *peer,
                      const struct nts_server_key *key);
/* Sessions that have not answered yet. */
int ke_service_active(const struct ke_service *service);
/* The outcome of a session as the processes tell each other. */
enum ipc_outcome ke_service_ipc_outcome(enum ke_session_outcome outcome);
/* No session at all is left. */
bool ke_service_is_empty(const struct ke_service *service);

#endif
