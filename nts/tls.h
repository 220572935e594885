/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS sessions for NTS-KE over GnuTLS (nts.md 6, 7.1). A session owns no socket and never blocks:
 * it reads and writes through the world's stream functions, and the caller (nts/ke_session.c)
 * waits in its loop for what a step asks for. TLS 1.3 only, ALPN exactly ntske/1, no tickets, no
 * client certificates. Nothing here logs.
 */
#ifndef NTS_TLS_H
#define NTS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/world.h"
#include "nts/ke_failure.h"
#include "nts/tls_credentials.h"

#define TLS_ALPN "ntske/1"

struct tls_session;

enum tls_result {
    TLS_DONE,
    TLS_WANT_READ,  /* call again when the socket is readable */
    TLS_WANT_WRITE, /* call again when it is writable */
    TLS_FAILED,     /* tls_session_error says why */
};

/* Kinds of handshakes that fail. */
enum tls_failure {
    TLS_FAILURE_NONE,
    TLS_FAILURE_CLOSED, /* the peer closed the connection */
    TLS_FAILURE_ALERT,  /* the peer sent an alert: it does not want our certificate, for example */
    TLS_FAILURE_NAME,   /* the library refuses the server's name that the client sent */
    /* Nothing in common: version, algorithms, what a certificate is good for. */
    TLS_FAILURE_NO_MATCH,
    TLS_FAILURE_OTHER,
};

struct tls_session_spec {
    const struct world *world;
    int fd; /* not closed by the session */
    bool server;
    struct tls_credentials *credentials; /* the session holds its own reference */
    /* Client: the configured name or address, for SNI and verification (nts.md 6.1, 6.3). */
    const char *name;
    /* Client: check the dates of certificates against this clock; NULL: do not
       (nocerttimecheck). */
    int64_t (*now)(void *arg);
    void *now_arg;
};

/* NULL: error has the message for the log (`Could not create TLS session : ...`). */
struct tls_session *tls_session_new(const struct tls_session_spec *spec, char *error, size_t size);
/* Frees without sending anything. NULL is allowed. */
void tls_session_free(struct tls_session *session);

/* One step of the handshake. A client checks the certificate in it. A server whose handshake fails
   sends the alert for that. */
enum tls_result tls_session_handshake(struct tls_session *session);
/* After a handshake that failed. */
enum tls_failure tls_session_failure(const struct tls_session *session);
/* ... of a client: why, for explain. */
const struct ke_failure *tls_session_fault(const struct tls_session *session);
/* Client, after the handshake: subject and dates of the server's certificate. */
const struct tls_certificate_dates *tls_session_peer(const struct tls_session *session);
/* After the handshake: exactly ntske/1 was negotiated. */
bool tls_session_alpn_ok(const struct tls_session *session);

/* The whole message as one TLS record. To be repeated with the same arguments until TLS_DONE. */
enum tls_result tls_session_send(struct tls_session *session, const void *data, size_t length);
/* *length is 0 at end of file. */
enum tls_result tls_session_receive(struct tls_session *session, void *data, size_t size,
                                    size_t *length);
/*
 * The socket was reported readable: allows one read of it, whose octets are kept until they are
 * used. Without this a session never touches its socket for reading (system.md 20: one receive
 * call for each report of readiness).
 */
void tls_session_set_readable(struct tls_session *session);
/* Decrypted octets that a receive would return at once. */
bool tls_session_has_pending(const struct tls_session *session);
/* Octets that were read and not looked at yet: a receive may give something without a wait. */
bool tls_session_has_input(const struct tls_session *session);
/* Sends close_notify and waits for the peer's. */
enum tls_result tls_session_close(struct tls_session *session);
/*
 * A server collects what one call makes and writes it at once, so that a flight is one segment;
 * what the socket did not take is written here. TLS_DONE: nothing is left. Clients have nothing
 * to flush.
 */
enum tls_result tls_session_flush(struct tls_session *session);
/* A server has understood the client's first flight: it has made something of its own to send. */
bool tls_session_has_answered(const struct tls_session *session);
/* While set, a server's output is held back: a response and its close_notify make one segment. */
void tls_session_cork(struct tls_session *session, bool corked);

/* Exports keys with a context (RFC 8446; nts.md 5.6). */
bool tls_session_export(const struct tls_session *session, const char *label, const void *context,
                        size_t context_length, void *out, size_t length);

/* Reason of the last TLS_FAILED: the library's text; after a refused certificate followed by a
   space and the sentences of 6.3 (a space after each). */
const char *tls_session_error(const struct tls_session *session);
/* The last TLS_FAILED means that the peer closed the connection (nts.md 7.2). */
bool tls_session_peer_closed(const struct tls_session *session);

#endif
