/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS sessions over GnuTLS; see tls.h. The library pushes what it would give to one writev() as a
 * vector: a client writes each vector at once and as it comes, which gives exactly the segments of
 * nts.md 7.1; a server collects them until the step is over. It must never close the socket or log.
 */
#include "nts/tls.h"
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include "base/addr.h"
#include "base/text.h"
#include "nts/certificate_check.h"
#include "nts/tls_fault.h"
#include "nts/tls_verify.h"

/* More than any flight of ours: a chain of 16 certificates and a response. */
#define MAX_OUTPUT (512U * 1024U)
/* A whole record of the largest size. */
#define INPUT_SIZE   (17U * 1024U)
#define MAX_WARNINGS 4

struct tls_session {
    const struct world *world;
    int fd;
    bool server;
    bool corked;
    bool answered;
    bool established; /* the handshake is over */
    gnutls_session_t handle;
    struct tls_credentials *credentials;
    char *name; /* without a trailing dot; NULL on a server */
    struct ip_addr address;
    int64_t (*now)(void *arg);
    void *now_arg;

    bool readable;  /* one read is allowed */
    uint8_t *input; /* read and not used yet */
    size_t input_pos;
    size_t input_length;

    uint8_t *output; /* server: not written yet */
    size_t output_length;
    size_t output_size;

    bool refused; /* the certificate */
    unsigned int verify_status;
    bool peer_closed;
    enum tls_failure failure;
    struct ke_failure fault;           /* client */
    struct tls_certificate_dates peer; /* client: of the server's certificate */
    char error[640];
};

/* ---- Transport ---- */

static bool output_add(struct tls_session *s, const void *data, size_t length)
{
    if (length > MAX_OUTPUT - s->output_length)
        return false;
    if (s->output_length + length > s->output_size) {
        s->output_size = (s->output_length + length) * 2;
        s->output = mem_resize(s->output, s->output_size, 1);
    }
    memcpy(s->output + s->output_length, data, length);
    s->output_length += length;
    return true;
}

/* Writes from the output buffer; false with errno set (EAGAIN: would block). */
static bool output_write(struct tls_session *s)
{
    while (s->output_length > 0) {
        ssize_t n = s->world->ops->stream_write(s->world->ctx, s->fd, s->output, s->output_length);
        if (n <= 0) {
            if (n == 0)
                errno = EAGAIN;
            return false;
        }
        s->output_length -= (size_t)n;
        memmove(s->output, s->output + n, s->output_length);
    }
    /* A client without TCP_NODELAY sends its request only when its Finished was acknowledged. What
       comes after the response is a close_notify, and our FIN acknowledges that. */
    if (!s->established && s->world->ops->stream_quick_ack)
        s->world->ops->stream_quick_ack(s->world->ctx, s->fd);
    return true;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const giovec_t *iov, int count)
{
    struct tls_session *s = ptr;
    size_t total = 0;

    for (int i = 0; i < count; i++) {
        if (!output_add(s, iov[i].iov_base, iov[i].iov_len)) {
            gnutls_transport_set_errno(s->handle, ENOMEM);
            return -1;
        }
        total += iov[i].iov_len;
    }
    s->answered = true;
    if (s->server)
        return (ssize_t)total;
    /* A client has nothing of its own in the buffer: what is not accepted stays with the
       library. */
    ssize_t n = s->world->ops->stream_write(s->world->ctx, s->fd, s->output, total);
    int error = errno;
    s->output_length = 0;
    if (n < 0)
        gnutls_transport_set_errno(s->handle, error);
    return n;
}

/* The one read; 0: end of file, negative: error set for the library. */
static ssize_t fill_input(struct tls_session *s)
{
    ssize_t n = -1;

    errno = EAGAIN;
    if (s->readable) {
        s->readable = false;
        n = s->world->ops->stream_read(s->world->ctx, s->fd, s->input, INPUT_SIZE);
    }
    if (n < 0)
        gnutls_transport_set_errno(s->handle, errno == EINTR ? EAGAIN : errno);
    s->input_pos = 0;
    s->input_length = n > 0 ? (size_t)n : 0;
    return n;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
    struct tls_session *s = ptr;

    if (s->input_pos == s->input_length) {
        ssize_t n = fill_input(s);
        if (n <= 0)
            return n;
    }
    if (size > s->input_length - s->input_pos)
        size = s->input_length - s->input_pos;
    memcpy(data, s->input + s->input_pos, size);
    s->input_pos += size;
    return (ssize_t)size;
}

/* ---- Verification ---- */

static void read_peer_dates(struct tls_session *s, const gnutls_datum_t *peers, unsigned int count)
{
    gnutls_x509_crt_t cert;

    if (count == 0 || gnutls_x509_crt_init(&cert) < 0)
        return;
    if (gnutls_x509_crt_import(cert, &peers[0], GNUTLS_X509_FMT_DER) >= 0)
        certificate_dates(cert, NULL, &s->peer);
    gnutls_x509_crt_deinit(cert);
}

static int verify_peer(gnutls_session_t handle)
{
    struct tls_session *s = gnutls_session_get_ptr(handle);
    gnutls_certificate_credentials_t credentials = tls_credentials_handle(s->credentials);
    const unsigned int about_name = GNUTLS_CERT_INVALID | GNUTLS_CERT_UNEXPECTED_OWNER;
    /* A certificate that says what it is for has to say that it is for servers. */
    gnutls_typed_vdata_st expected[2] = {
        {.type = GNUTLS_DT_DNS_HOSTNAME},
        {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER},
    };
    const uint8_t *octets;
    unsigned int status = 0, count = 0;

    if (ip_addr_is_real(&s->address)) {
        expected[0].type = GNUTLS_DT_IP_ADDRESS;
        expected[0].size = (unsigned int)ip_addr_octets(&s->address, &octets);
        expected[0].data = (unsigned char *)octets;
    } else {
        expected[0].data = (unsigned char *)s->name;
        expected[0].size = (unsigned int)strlen(s->name);
    }
    s->refused = true;
    s->verify_status = GNUTLS_CERT_INVALID;
    int r = gnutls_certificate_verify_peers(handle, expected, 2, &status);
    if (r < 0)
        return r;
    const gnutls_datum_t *peers = gnutls_certificate_get_peers(handle, &count);
    if (!peers)
        count = 0;
    if (s->now && (status & ~about_name) == 0) {
        gnutls_x509_trust_list_t trusted;

        gnutls_certificate_get_trust_list(credentials, &trusted);
        status |= tls_verify_dates(trusted, peers, count, s->now(s->now_arg), &s->peer);
    }
    s->verify_status = status;
    s->refused = status != 0;
    if (s->refused)
        tls_fault_of_certificate(peers, count, status, &s->peer, &s->fault);
    else
        read_peer_dates(s, peers, count);
    return s->refused ? GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR : 0;
}

static void describe_refusal(struct tls_session *s)
{
    gnutls_datum_t text = {NULL, 0};

    if (gnutls_certificate_verification_status_print(s->verify_status, GNUTLS_CRT_X509, &text, 0) <
        0)
        text.data = NULL;
    snprintf(s->error, sizeof(s->error), "%s %s",
             gnutls_strerror(GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR),
             text.data ? (const char *)text.data : "");
    gnutls_free(text.data);
}

/* ---- Life ---- */

static int set_client(struct tls_session *s, const char *name)
{
    size_t length = strlen(name);

    s->name = text_dup(name);
    if (length > 1 && s->name[length - 1] == '.')
        s->name[length - 1] = '\0';
    gnutls_session_set_verify_function(s->handle, verify_peer);
    if (ip_addr_parse(s->name, &s->address))
        return 0;
    s->address.family = IP_UNSPEC;
    return gnutls_server_name_set(s->handle, GNUTLS_NAME_DNS, s->name, strlen(s->name));
}

static int set_up(struct tls_session *s, const struct tls_session_spec *spec)
{
    const gnutls_datum_t alpn = {(unsigned char *)TLS_ALPN, sizeof(TLS_ALPN) - 1};
    int r = gnutls_priority_set(s->handle, tls_credentials_priority(s->credentials));

    if (r >= 0)
        r = gnutls_credentials_set(s->handle, GNUTLS_CRD_CERTIFICATE,
                                   tls_credentials_handle(s->credentials));
    if (r >= 0)
        r = gnutls_alpn_set_protocols(s->handle, &alpn, 1, 0);
    if (r >= 0 && s->server)
        gnutls_certificate_server_set_request(s->handle, GNUTLS_CERT_IGNORE);
    else if (r >= 0)
        r = set_client(s, spec->name);
    gnutls_session_set_ptr(s->handle, s);
    gnutls_transport_set_ptr(s->handle, s);
    gnutls_transport_set_vec_push_function(s->handle, push);
    gnutls_transport_set_pull_function(s->handle, pull);
    return r;
}

struct tls_session *tls_session_new(const struct tls_session_spec *spec, char *error, size_t size)
{
    struct tls_session *s = mem_alloc(sizeof(*s));
    unsigned int role = spec->server ? GNUTLS_SERVER : GNUTLS_CLIENT;

    s->world = spec->world;
    s->fd = spec->fd;
    s->server = spec->server;
    s->now = spec->now;
    s->now_arg = spec->now_arg;
    s->input = mem_resize(NULL, INPUT_SIZE, 1);
    s->credentials = tls_credentials_ref(spec->credentials);
    int r = gnutls_init(&s->handle, role | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS);
    if (r < 0) {
        s->handle = NULL;
        snprintf(error, size, "Could not create TLS session : %s", gnutls_strerror(r));
    } else {
        r = set_up(s, spec);
        if (r < 0)
            snprintf(error, size, "Could not set TLS session : %s", gnutls_strerror(r));
    }
    if (r < 0) {
        tls_session_free(s);
        return NULL;
    }
    return s;
}

void tls_session_free(struct tls_session *session)
{
    if (!session)
        return;
    if (session->handle)
        gnutls_deinit(session->handle);
    tls_credentials_unref(session->credentials);
    free(session->name);
    free(session->input);
    free(session->output);
    free(session);
}

/* ---- Steps ---- */

static enum tls_result fail(struct tls_session *s, int code)
{
    s->peer_closed = code == GNUTLS_E_PREMATURE_TERMINATION || code == GNUTLS_E_PULL_ERROR ||
                     code == GNUTLS_E_PUSH_ERROR;
    if (s->refused)
        describe_refusal(s);
    else
        snprintf(s->error, sizeof(s->error), "%s", gnutls_strerror(code));
    return TLS_FAILED;
}

/* A server says why it goes. What cannot be written at once is not worth a wait. */
static void send_alert(struct tls_session *s, int code)
{
    if (s->peer_closed || gnutls_alert_send_appropriate(s->handle, code) < 0)
        return;
    while (s->output_length > 0 && output_write(s))
        ;
}

static enum tls_failure failure_kind(const struct tls_session *s, int code)
{
    switch (code) {
    case GNUTLS_E_RECEIVED_DISALLOWED_NAME:
    case GNUTLS_E_UNRECOGNIZED_NAME:
        return TLS_FAILURE_NAME;
    case GNUTLS_E_NO_CIPHER_SUITES:
    case GNUTLS_E_NO_COMMON_KEY_SHARE:
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
    case GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM:
    case GNUTLS_E_INSUFFICIENT_CREDENTIALS:
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
    case GNUTLS_E_KEY_USAGE_VIOLATION:
        return TLS_FAILURE_NO_MATCH;
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        return TLS_FAILURE_ALERT;
    default:
        return s->peer_closed ? TLS_FAILURE_CLOSED : TLS_FAILURE_OTHER;
    }
}

/* What a call of the library means; a server's output is written first. */
static enum tls_result step_result(struct tls_session *s, int code)
{
    if (code < 0 && gnutls_error_is_fatal(code) != 0)
        return fail(s, code);
    enum tls_result flushed = tls_session_flush(s);
    if (flushed != TLS_DONE)
        return flushed;
    if (code >= 0)
        return TLS_DONE;
    return gnutls_record_get_direction(s->handle) != 0 ? TLS_WANT_WRITE : TLS_WANT_READ;
}

enum tls_result tls_session_flush(struct tls_session *session)
{
    if (!session->server || session->corked || session->output_length == 0 || output_write(session))
        return TLS_DONE;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return TLS_WANT_WRITE;
    return fail(session, GNUTLS_E_PUSH_ERROR);
}

bool tls_session_has_answered(const struct tls_session *session)
{
    return session->answered;
}

void tls_session_cork(struct tls_session *session, bool corked)
{
    session->corked = corked;
}

enum tls_result tls_session_handshake(struct tls_session *session)
{
    int r = GNUTLS_E_AGAIN;
    bool is_warning = true;

    /* Alerts of the warning level mean nothing here; nobody sends many of them. */
    for (int tries = 0; is_warning && tries < MAX_WARNINGS; tries++) {
        r = gnutls_handshake(session->handle);
        is_warning = r < 0 && r != GNUTLS_E_AGAIN && r != GNUTLS_E_INTERRUPTED &&
                     gnutls_error_is_fatal(r) == 0;
    }
    enum tls_result result = is_warning ? fail(session, r) : step_result(session, r);
    if (result == TLS_FAILED) {
        session->failure = failure_kind(session, r);
        if (session->server)
            send_alert(session, r);
        else
            tls_fault_of_handshake(session->handle, r, &session->fault);
    }
    session->established = result == TLS_DONE;
    return result;
}

enum tls_failure tls_session_failure(const struct tls_session *session)
{
    return session->failure;
}

const struct ke_failure *tls_session_fault(const struct tls_session *session)
{
    return &session->fault;
}

const struct tls_certificate_dates *tls_session_peer(const struct tls_session *session)
{
    return &session->peer;
}

bool tls_session_alpn_ok(const struct tls_session *session)
{
    gnutls_datum_t chosen = {NULL, 0};

    return gnutls_alpn_get_selected_protocol(session->handle, &chosen) >= 0 &&
           chosen.size == sizeof(TLS_ALPN) - 1 && memcmp(chosen.data, TLS_ALPN, chosen.size) == 0;
}

enum tls_result tls_session_send(struct tls_session *session, const void *data, size_t length)
{
    ssize_t n = gnutls_record_send(session->handle, data, length);

    if (n >= 0 && (size_t)n != length)
        return fail(session, GNUTLS_E_LARGE_PACKET);
    return step_result(session, n < 0 ? (int)n : 0);
}

enum tls_result tls_session_receive(struct tls_session *session, void *data, size_t size,
                                    size_t *length)
{
    ssize_t n = gnutls_record_recv(session->handle, data, size);

    *length = n > 0 ? (size_t)n : 0;
    if (n == GNUTLS_E_REHANDSHAKE || n == GNUTLS_E_WARNING_ALERT_RECEIVED)
        return fail(session, (int)n);
    return step_result(session, n < 0 ? (int)n : 0);
}

bool tls_session_has_pending(const struct tls_session *session)
{
    return gnutls_record_check_pending(session->handle) > 0;
}

void tls_session_set_readable(struct tls_session *session)
{
    session->readable = true;
}

bool tls_session_has_input(const struct tls_session *session)
{
    return session->input_pos < session->input_length;
}

enum tls_result tls_session_close(struct tls_session *session)
{
    return step_result(session, gnutls_bye(session->handle, GNUTLS_SHUT_RDWR));
}

bool tls_session_export(const struct tls_session *session, const char *label, const void *context,
                        size_t context_length, void *out, size_t length)
{
    return gnutls_prf_rfc5705(session->handle, strlen(label), label, context_length, context,
                              length, out) >= 0;
}

const char *tls_session_error(const struct tls_session *session)
{
    return session->error;
}

bool tls_session_peer_closed(const struct tls_session *session)
{
    return session->peer_closed;
}
