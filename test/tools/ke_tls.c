/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocking TLS client; see ke_tls.h. Owns the socket and the TLS session; the credentials are the
 * caller's.
 */
#include "test/tools/ke_tls.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/text.h"
#include "test/tools/tool.h"

#define MAX_PROTOCOLS 4
#define MAX_NAMES     64

struct ke_tls {
    int fd;
    gnutls_session_t session;
    const struct ke_tls_options *options;
    struct sockaddr_in server;
    gnutls_typed_vdata_st expected; /* what the library keeps a pointer to */
};

gnutls_certificate_credentials_t ke_tls_credentials(const struct ke_tls_options *options)
{
    gnutls_certificate_credentials_t credentials;

    if (gnutls_certificate_allocate_credentials(&credentials) < 0)
        tool_fail("Could not allocate credentials");
    if (options->trusted && gnutls_certificate_set_x509_trust_file(credentials, options->trusted,
                                                                   GNUTLS_X509_FMT_PEM) < 1)
        tool_fail("Could not read certificates of %s", options->trusted);
    return credentials;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t length)
{
    const struct ke_tls *tls = ptr;

    for (size_t i = 0; tls->options->octet_delay > 0.0 && i < length; i++) {
        if (send(tls->fd, (const uint8_t *)data + i, 1, MSG_NOSIGNAL) < 0)
            return -1;
        tool_sleep(tls->options->octet_delay);
    }
    return tls->options->octet_delay > 0.0 ? (ssize_t)length
                                           : send(tls->fd, data, length, MSG_NOSIGNAL);
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
    return recv(((const struct ke_tls *)ptr)->fd, data, size, 0);
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned int ms)
{
    const struct ke_tls *tls = ptr;
    double seconds = ms == GNUTLS_INDEFINITE_TIMEOUT ? tls->options->timeout : ms / 1e3;

    return tool_wait_readable(tls->fd, seconds) ? 1 : 0;
}

static void set_protocols(gnutls_session_t session, const char *names)
{
    gnutls_datum_t protocols[MAX_PROTOCOLS];
    char buffer[MAX_NAMES];
    char *rest = buffer, *name;
    unsigned int count = 0;

    if (!text_copy(buffer, sizeof(buffer), names))
        tool_fail("Too many protocols");
    while (count < MAX_PROTOCOLS && (name = strsep(&rest, ",")))
        if (*name != '\0')
            protocols[count++] =
                (gnutls_datum_t){(unsigned char *)name, (unsigned int)strlen(name)};
    if (count > 0)
        gnutls_alpn_set_protocols(session, protocols, count, 0);
}

static void check_address(struct ke_tls *tls)
{
    tls->expected = (gnutls_typed_vdata_st){.type = GNUTLS_DT_IP_ADDRESS,
                                            .data = (unsigned char *)&tls->server.sin_addr,
                                            .size = sizeof(tls->server.sin_addr)};
    gnutls_session_set_verify_cert2(tls->session, &tls->expected, 1, 0);
}

static void open_session(struct ke_tls *tls, gnutls_certificate_credentials_t credentials)
{
    const struct ke_tls_options *options = tls->options;

    if (gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NO_TICKETS) < 0 ||
        gnutls_priority_set_direct(tls->session, options->priority, NULL) < 0 ||
        gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, credentials) < 0)
        tool_fail("Could not create TLS session");
    set_protocols(tls->session, options->alpn);
    if (options->trusted)
        check_address(tls);
    gnutls_transport_set_ptr(tls->session, tls);
    gnutls_transport_set_push_function(tls->session, push);
    gnutls_transport_set_pull_function(tls->session, pull);
    gnutls_transport_set_pull_timeout_function(tls->session, pull_timeout);
    gnutls_handshake_set_timeout(tls->session, (unsigned int)(options->timeout * 1e3));
    gnutls_record_set_timeout(tls->session, (unsigned int)(options->timeout * 1e3));
}

struct ke_tls *ke_tls_connect(const struct ke_tls_options *options,
                              gnutls_certificate_credentials_t credentials)
{
    struct ke_tls *tls = mem_alloc(sizeof(*tls));
    int on = 1;

    tls->options = options;
    tls->server = tool_address("127.0.0.1", options->port);
    tls->fd = tool_socket(SOCK_STREAM, options->source);
    if (tool_connect(tls->fd, options->port) < 0) {
        int error = errno;
        close(tls->fd);
        free(tls);
        errno = error;
        return NULL;
    }
    setsockopt(tls->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    open_session(tls, credentials);
    return tls;
}

const char *ke_tls_handshake(struct ke_tls *tls)
{
    int r;

    do
        r = gnutls_handshake(tls->session);
    while (r < 0 && gnutls_error_is_fatal(r) == 0);
    return r < 0 ? gnutls_strerror(r) : NULL;
}

bool ke_tls_send(struct ke_tls *tls, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t n = gnutls_record_send(tls->session, data, length);
        if (n < 0)
            return false;
        data += n;
        length -= (size_t)n;
    }
    return true;
}

enum ke_tls_end ke_tls_read_all(struct ke_tls *tls, uint8_t *data, size_t size, size_t *length)
{
    *length = 0;
    for (;;) {
        ssize_t n = gnutls_record_recv(tls->session, data + *length, size - *length);

        if (n > 0)
            *length += (size_t)n;
        else if (n == GNUTLS_E_TIMEDOUT || n == GNUTLS_E_AGAIN)
            return KE_TLS_OPEN;
        else if (n != GNUTLS_E_INTERRUPTED)
            return KE_TLS_CLOSED;
    }
}

gnutls_session_t ke_tls_session(const struct ke_tls *tls)
{
    return tls->session;
}

int ke_tls_fd(const struct ke_tls *tls)
{
    return tls->fd;
}

void ke_tls_free(struct ke_tls *tls, bool politely)
{
    if (!tls)
        return;
    if (politely)
        gnutls_bye(tls->session, GNUTLS_SHUT_WR);
    gnutls_deinit(tls->session);
    close(tls->fd);
    free(tls);
}
