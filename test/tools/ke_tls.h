/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A blocking TLS client for NTS-KE that can do what our own client never would: other versions and
 * protocols, octet by octet, without a request. Used by ke_client.c.
 */
#ifndef TEST_TOOLS_KE_TLS_H
#define TEST_TOOLS_KE_TLS_H

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ke_tls_options {
    int port;
    const char *priority;             /* of GnuTLS */
    const char *alpn;                 /* names with commas between them; empty: none */
    double octet_delay;               /* seconds after each octet that is sent; 0: no pieces */
    double timeout;                   /* of each wait, seconds */
    const struct sockaddr_in *source; /* NULL: any */
    /* NULL: the certificate is not checked; else it must be valid for 127.0.0.1. */
    const char *trusted;
};

struct ke_tls;

/* Credentials for many connections. */
gnutls_certificate_credentials_t ke_tls_credentials(const struct ke_tls_options *options);
/* Connects; NULL: errno says why not. */
struct ke_tls *ke_tls_connect(const struct ke_tls_options *options,
                              gnutls_certificate_credentials_t credentials);
/* NULL: done, else the reason. */
const char *ke_tls_handshake(struct ke_tls *tls);
bool ke_tls_send(struct ke_tls *tls, const uint8_t *data, size_t length);

enum ke_tls_end { KE_TLS_CLOSED, KE_TLS_OPEN };
/* Reads until the server ends the session or nothing has come for the time of the options. */
enum ke_tls_end ke_tls_read_all(struct ke_tls *tls, uint8_t *data, size_t size, size_t *length);
gnutls_session_t ke_tls_session(const struct ke_tls *tls);
int ke_tls_fd(const struct ke_tls *tls);
/* Closes; politely: with a close_notify. */
void ke_tls_free(struct ke_tls *tls, bool politely);

#endif
