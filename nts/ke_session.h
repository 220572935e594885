/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE session: the state machine of nts.md 7 for both roles, over the event loop, a TLS
 * session and the framing of messages. It owns its socket, its timer (16 s on a client, 2 s on a
 * server) and its messages to the log: errors on a client, debug on a server, where anybody can
 * provoke them. What a message means is its owner's part (nts/ke_client.c, nts/ke_sessions.c).
 */
#ifndef NTS_KE_SESSION_H
#define NTS_KE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/loop.h"
#include "base/wire.h"
#include "base/world.h"
#include "nts/ke_failure.h"
#include "nts/tls_credentials.h"
#include "process/ke_end.h"

#define KE_CLIENT_TIMEOUT 16.0
#define KE_SERVER_TIMEOUT 2.0

/* Retry factors of a client (nts.md 7.2). */
#define KE_RETRY_CONNECT 4
#define KE_RETRY_TLS     10

struct ke_session;

/* How far a server's session is: what it waits for (nts.md 15.3). */
enum ke_session_stage {
    KE_SESSION_HELLO = 0, /* a whole ClientHello */
    KE_SESSION_HANDSHAKE, /* the end of the handshake */
    KE_SESSION_MESSAGE,   /* a request, and that the response can be written */
    KE_SESSION_ANSWERED,  /* the client's end; response and close_notify were written */
};

struct ke_session_spec {
    struct world *world;
    struct loop *loop;
    int fd; /* non-blocking TCP socket, a client's still connecting; owned by the session */
    bool server;
    struct tls_credentials *credentials; /* the session takes its own reference */
    const char *label;                   /* of nts.md 7, copied */
    const char *name;                    /* client: for SNI and verification, copied */
    int64_t (*now)(void *arg);           /* client: see nts/tls.h */
    void *now_arg;
    const uint8_t *request; /* client: sent after the handshake, copied */
    size_t request_length;
    /* A complete message. A server writes its response. False: close without more. */
    bool (*message)(struct ke_session *session, const uint8_t *message, size_t length,
                    struct writer *response, void *arg);
    /* A server's session has reached this stage, called from the loop; it may not be freed here.
       May be NULL. */
    void (*reached)(struct ke_session *session, enum ke_session_stage stage, void *arg);
    /* Called once when the session has ended, from the loop, as the last thing that it does: the
       session may be freed here. Not called by ke_session_free. May be NULL. */
    void (*ended)(struct ke_session *session, void *arg);
    void *arg;
};

/* NULL after logging `Could not create TLS session : ...`; the socket is closed then too. */
struct ke_session *ke_session_new(const struct ke_session_spec *spec);
/* Closes the socket if that has not happened, and wipes what was received. NULL is allowed. */
void ke_session_free(struct ke_session *session);

/* KE_END_NONE as long as it goes on. */
enum ke_end ke_session_end(const struct ke_session *session);
/* Client, after the end: why it failed, as far as the session knows it; an empty text stands for
   the server's address. */
const struct ke_failure *ke_session_failure(const struct ke_session *session);
/* Client, for use in `message`: the end of the server's certificate, seconds since 1970. */
int64_t ke_session_peer_valid_until(const struct ke_session *session);
/* Client: factor of the retry interval (nts.md 7.2), 4 or 10. */
int ke_session_retry_factor(const struct ke_session *session);

/* For use in `message`: exports the keys (nts.md 5.6) for an algorithm, in one of its two forms. */
struct nts_context;
bool ke_session_export(const struct ke_session *session, int aead, bool compliant,
                       struct nts_context *context);

#endif
