/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's NTS-KE sessions of one process (nts.md 15.3): which of them gives way when there
 * are too many, and the answers to requests. Used by a helper, and by the main process with
 * ntsprocesses 0. It holds the cookie key of each connection, and no key without a connection.
 */
#ifndef NTS_KE_SESSIONS_H
#define NTS_KE_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/loop.h"
#include "base/world.h"
#include "conf/groups.h"
#include "nts/context.h"
#include "nts/ke_session.h"
#include "nts/tls_credentials.h"

struct ke_sessions_env {
    struct world *world;
    struct loop *loop;
    const struct nts_server_conf *conf;
    uint16_t ntp_port;
    struct nts_aeads aeads;
    /* A session that was started has answered or ended; id is the one given to ke_sessions_start.
       One that has answered may wait for its client's end after this. */
    void (*ended)(uint32_t id, enum ke_end end, void *arg);
    /* No session is left, not even one that waits for its client's end. May be NULL. */
    void (*emptied)(void *arg);
    void *arg;
};

struct ke_sessions;

struct ke_sessions *ke_sessions_new(const struct ke_sessions_env *env);
/* Ends all sessions without calling back. NULL is allowed. */
void ke_sessions_free(struct ke_sessions *sessions);

/* For sessions that start from now on; running ones keep theirs. Takes a reference of its own. */
void ke_sessions_set_credentials(struct ke_sessions *sessions, struct tls_credentials *credentials);
/*
 * Starts a session on an accepted socket, which is taken over in any case. With maxntsconnections
 * sessions that have not answered yet, the one that has used up most of the time of its stage ends.
 * False: no TLS session, or no credentials.
 */
bool ke_sessions_start(struct ke_sessions *sessions, uint32_t id, int fd,
                       const struct ip_port *peer, const struct nts_server_key *key);
/* Sessions that have not answered yet. */
int ke_sessions_active(const struct ke_sessions *sessions);
/* No session at all is left. */
bool ke_sessions_is_empty(const struct ke_sessions *sessions);

#endif
