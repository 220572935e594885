/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE session of both roles; see ke_session.h. Each step of the state machine is a function
 * that says what to wait for. Nothing that a peer sends may end the process, keep a session beyond
 * its timer, or make a server log above debug.
 */
#include "nts/ke_session.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "nts/context.h"
#include "nts/ke_record.h"
#include "nts/ke_request.h"
#include "nts/tls.h"

enum state { CONNECT, HANDSHAKE, SEND, RECEIVE, SHUTDOWN, STOPPED };

#define FIRST_INPUT 1024 /* enough for nearly all messages */

/* What comes after a step. */
enum step { NEXT_STATE, WAIT_READ, WAIT_WRITE, STOP };

struct ke_session {
    struct world *world;
    struct loop *loop;
    int fd;
    bool server;
    char *label;
    enum state state;
    struct tls_session *tls;
    timer_id timer;
    enum ke_session_stage stage;
    bool (*message)(struct ke_session *session, const uint8_t *message, size_t length,
                    struct writer *response, void *arg);
    void (*reached)(struct ke_session *session, enum ke_session_stage stage, void *arg);
    void (*ended)(struct ke_session *session, void *arg);
    void *arg;

    uint8_t *output; /* request or response */
    size_t output_length;
    uint8_t *input; /* grows up to NTS_KE_MAX_MESSAGE octets */
    size_t input_size;
    size_t input_length;
    struct ke_scan scan;

    enum ke_end end;
    struct ke_failure failure; /* client */
    int retry_factor;
};

/* Errors on a client, debug on a server (nts.md 7). */
static enum log_severity severity(const struct ke_session *s)
{
    return s->server ? LOG_SEV_DEBUG : LOG_SEV_ERROR;
}

/* ---- Steps: each returns what is next ---- */

static enum step tls_step(enum tls_result result)
{
    switch (result) {
    case TLS_WANT_READ:
        return WAIT_READ;
    case TLS_WANT_WRITE:
        return WAIT_WRITE;
    case TLS_DONE:
        return NEXT_STATE;
    default:
        return STOP;
    }
}

static void reach(struct ke_session *s, enum ke_session_stage stage)
{
    if (!s->server || s->stage >= stage)
        return;
    s->stage = stage;
    if (s->reached)
        s->reached(s, stage, s->arg);
}

/* A session has one end: the first that is found. */
static enum step end(struct ke_session *s, enum ke_end reason)
{
    if (s->end == KE_END_NONE)
        s->end = reason;
    return STOP;
}

static enum step step_connect(struct ke_session *s)
{
    int error = s->world->ops->socket_error(s->world->ctx, s->fd);

    if (error != 0) {
        ke_failure_of_socket(&s->failure, error);
        LOG(severity(s), "Could not connect to %s : %s", s->label, text_errno(error));
        return end(s, KE_END_NOT_CONNECTED);
    }
    s->state = HANDSHAKE;
    return NEXT_STATE;
}

static enum ke_end failed_handshake(enum tls_failure failure)
{
    switch (failure) {
    case TLS_FAILURE_CLOSED:
        return KE_END_CLOSED;
    case TLS_FAILURE_NAME:
        return KE_END_BAD_NAME;
    case TLS_FAILURE_NO_MATCH:
        return KE_END_NO_MATCH;
    case TLS_FAILURE_ALERT:
        return KE_END_REFUSED;
    default:
        return KE_END_HANDSHAKE;
    }
}

static enum step step_handshake(struct ke_session *s)
{
    enum step next = tls_step(tls_session_handshake(s->tls));

    if (next == STOP) {
        LOG(severity(s), "TLS handshake with %s failed : %s", s->label, tls_session_error(s->tls));
        if (!tls_session_peer_closed(s->tls))
            s->retry_factor = KE_RETRY_TLS;
        s->failure = *tls_session_fault(s->tls);
        return end(s, failed_handshake(tls_session_failure(s->tls)));
    }
    if (next != NEXT_STATE) {
        if (tls_session_has_answered(s->tls))
            reach(s, KE_SESSION_HANDSHAKE);
        return next;
    }
    s->retry_factor = KE_RETRY_TLS;
    if (!tls_session_alpn_ok(s->tls)) {
        LOG(severity(s), "NTS-KE not supported by %s", s->label);
        ke_failure_set(&s->failure, FINDING_NTS_NO_SERVICE, "%s", "");
        return end(s, KE_END_NO_ALPN);
    }
    reach(s, KE_SESSION_MESSAGE);
    s->state = s->server ? RECEIVE : SEND;
    if (s->server && !tls_session_has_input(s->tls) && !tls_session_has_pending(s->tls))
        return WAIT_READ;
    return NEXT_STATE;
}

static enum step step_send(struct ke_session *s)
{
    /* The response of a server leaves together with the close_notify after it. */
    tls_session_cork(s->tls, true);
    enum step next = tls_step(tls_session_send(s->tls, s->output, s->output_length));

    if (next == STOP) {
        LOG(severity(s), "Could not send NTS-KE message to %s : %s", s->label,
            tls_session_error(s->tls));
        ke_failure_set(&s->failure, FINDING_NTS_NO_RESPONSE, "%s", tls_session_error(s->tls));
        end(s, KE_END_TRANSFER);
    }
    if (next != NEXT_STATE)
        return next;
    s->state = s->server ? SHUTDOWN : RECEIVE;
    return s->server ? NEXT_STATE : WAIT_READ;
}

/* A complete message: the owner's decision. */
static enum step process_message(struct ke_session *s)
{
    uint8_t octets[NTS_KE_MAX_MESSAGE];
    struct writer response = writer_make(octets, s->server ? sizeof(octets) : 0);

    if (!s->message(s, s->input, s->input_length, &response, s->arg) || response.failed)
        return end(s, KE_END_NO_USE);
    if (s->server) {
        s->output = mem_alloc(response.pos);
        memcpy(s->output, octets, response.pos);
        s->output_length = response.pos;
        s->state = SEND;
    } else {
        s->end = KE_END_COMPLETE;
        s->state = SHUTDOWN;
    }
    return NEXT_STATE;
}

/* What a peer sends is a secret of both, so no octet of it stays behind. */
static void grow_input(struct ke_session *s)
{
    size_t size = s->input_size > 0 ? 4 * s->input_size : FIRST_INPUT;

    if (s->input_length < s->input_size)
        return;
    if (size > NTS_KE_MAX_MESSAGE)
        size = NTS_KE_MAX_MESSAGE;
    uint8_t *input = mem_resize(NULL, size, 1);
    if (s->input_length > 0) {
        memcpy(input, s->input, s->input_length);
        crypto_wipe(s->input, s->input_length);
    }
    free(s->input);
    s->input = input;
    s->input_size = size;
}

/* Records without data for us, like session tickets, give WAIT_READ, too; but what was read along
   with them from the socket will not make it readable again. */
static enum step receive_some(struct ke_session *s, size_t *n)
{
    enum step next;

    do
        next = tls_step(tls_session_receive(s->tls, s->input + s->input_length,
                                            s->input_size - s->input_length, n));
    while (next == WAIT_READ && tls_session_has_input(s->tls));
    return next;
}

/* Reads one record, and the data that the library has decrypted with it (nts.md 5.2, steps 1 and
   2). */
static enum step read_available(struct ke_session *s, bool *end_of_file)
{
    do {
        size_t n = 0;

        if (s->input_length == NTS_KE_MAX_MESSAGE) {
            LOG_DEBUG("Too long NTS-KE message from %s", s->label);
            ke_failure_set(&s->failure, FINDING_NTS_INVALID_RESPONSE, "%s", "it is too long");
            return end(s, KE_END_BAD_MESSAGE);
        }
        grow_input(s);
        enum step next = receive_some(s, &n);
        if (next == STOP) {
            LOG(severity(s), "Could not receive NTS-KE message from %s : %s", s->label,
                tls_session_error(s->tls));
            ke_failure_set(&s->failure, FINDING_NTS_NO_RESPONSE, "%s", tls_session_error(s->tls));
            end(s, KE_END_TRANSFER);
        }
        if (next != NEXT_STATE)
            return next;
        s->input_length += n;
        *end_of_file = n == 0;
    } while (!*end_of_file && tls_session_has_pending(s->tls));
    return NEXT_STATE;
}

static enum step step_receive(struct ke_session *s)
{
    bool end_of_file = false;

    do {
        enum step next = read_available(s, &end_of_file);
        if (next != NEXT_STATE)
            return next;
        enum ke_message_status status = ke_message_check(&s->scan, s->input, s->input_length);
        if (status == KE_MESSAGE_COMPLETE)
            return process_message(s);
        if (status == KE_MESSAGE_INVALID || end_of_file) {
            LOG(severity(s), "Received invalid NTS-KE message from %s", s->label);
            if (status == KE_MESSAGE_INVALID)
                ke_failure_set(&s->failure, FINDING_NTS_INVALID_RESPONSE, "%s",
                               "its records are malformed");
            ke_failure_set(&s->failure, FINDING_NTS_NO_RESPONSE, "%s", "it ended the connection");
            return end(s, KE_END_BAD_MESSAGE);
        }
    } while (tls_session_has_input(s->tls));
    return WAIT_READ;
}

/* Errors do not matter any more (nts.md 7, step 6). */
static enum step step_shutdown(struct ke_session *s)
{
    enum step next = tls_step(tls_session_close(s->tls));

    tls_session_cork(s->tls, false);
    enum step flushed = tls_step(tls_session_flush(s->tls));
    if (flushed == WAIT_WRITE)
        return WAIT_WRITE;
    if (flushed == NEXT_STATE && s->server)
        s->end = KE_END_COMPLETE;
    if (next == WAIT_READ || next == WAIT_WRITE) {
        if (s->end == KE_END_COMPLETE)
            reach(s, KE_SESSION_ANSWERED);
        return next;
    }
    if (next == STOP)
        LOG_DEBUG("Shutdown of TLS session with %s failed : %s", s->label,
                  tls_session_error(s->tls));
    else
        s->world->ops->stream_shutdown(s->world->ctx, s->fd);
    return STOP;
}

static enum step session_step(struct ke_session *s)
{
    switch (s->state) {
    case CONNECT:
        return step_connect(s);
    case HANDSHAKE:
        return step_handshake(s);
    case SEND:
        return step_send(s);
    case RECEIVE:
        return step_receive(s);
    case SHUTDOWN:
        return step_shutdown(s);
    default:
        return STOP;
    }
}

/* ---- Driving ---- */

static void release(struct ke_session *s)
{
    s->state = STOPPED;
    if (s->fd >= 0) {
        loop_timer_cancel(s->loop, s->timer);
        loop_fd_remove(s->loop, s->fd);
        s->world->ops->socket_close(s->world->ctx, s->fd);
        s->fd = -1;
    }
    tls_session_free(s->tls);
    s->tls = NULL;
}

static void stop(struct ke_session *s)
{
    end(s, KE_END_TRANSFER);
    release(s);
    if (s->ended)
        s->ended(s, s->arg);
}

static void on_socket(int fd, unsigned int event, void *arg)
{
    struct ke_session *s = arg;
    enum step next;

    if (event == WORLD_READ)
        tls_session_set_readable(s->tls);
    do
        next = session_step(s);
    while (next == NEXT_STATE);
    if (next == STOP)
        stop(s);
    else
        loop_fd_set_events(s->loop, s->fd, next == WAIT_READ ? WORLD_READ : WORLD_WRITE);
}

static enum finding_code timeout_code(enum state state)
{
    switch (state) {
    case CONNECT:
        return FINDING_NTS_CONNECTION_TIMEOUT;
    case HANDSHAKE:
        return FINDING_NTS_HANDSHAKE_TIMEOUT;
    default:
        return FINDING_NTS_RESPONSE_TIMEOUT;
    }
}

static void on_timeout(void *arg)
{
    struct ke_session *s = arg;
    enum log_severity level = s->state == SHUTDOWN ? LOG_SEV_DEBUG : severity(s);

    s->timer = 0;
    LOG(level, "NTS-KE session with %s timed out", s->label);
    if (s->end == KE_END_NONE)
        ke_failure_set(&s->failure, timeout_code(s->state), "%s", "");
    end(s, KE_END_TIMED_OUT);
    stop(s);
}

struct ke_session *ke_session_new(const struct ke_session_spec *spec)
{
    const struct tls_session_spec tls_spec = {
        .world = spec->world,
        .fd = spec->fd,
        .server = spec->server,
        .credentials = spec->credentials,
        .name = spec->name,
        .now = spec->now,
        .now_arg = spec->now_arg,
    };
    char error[TLS_ERROR_SIZE];
    struct tls_session *tls = tls_session_new(&tls_spec, error, sizeof(error));

    if (!tls) {
        LOG_ERROR("%s", error);
        spec->world->ops->socket_close(spec->world->ctx, spec->fd);
        return NULL;
    }
    struct ke_session *s = mem_alloc(sizeof(*s));
    *s = (struct ke_session){
        .world = spec->world,
        .loop = spec->loop,
        .fd = spec->fd,
        .server = spec->server,
        .label = text_dup(spec->label),
        .state = spec->server ? HANDSHAKE : CONNECT,
        .tls = tls,
        .message = spec->message,
        .reached = spec->reached,
        .ended = spec->ended,
        .arg = spec->arg,
        .retry_factor = KE_RETRY_CONNECT,
    };
    if (!spec->server) {
        s->output = mem_alloc(spec->request_length);
        memcpy(s->output, spec->request, spec->request_length);
        s->output_length = spec->request_length;
    }
    s->timer =
        loop_timer_add(s->loop, s->server ? KE_SERVER_TIMEOUT : KE_CLIENT_TIMEOUT, on_timeout, s);
    loop_fd_add(s->loop, s->fd, s->server ? WORLD_READ : WORLD_WRITE, on_socket, s);
    return s;
}

void ke_session_free(struct ke_session *session)
{
    if (!session)
        return;
    release(session);
    if (session->input)
        crypto_wipe(session->input, session->input_length);
    free(session->input);
    free(session->output);
    free(session->label);
    free(session);
}

enum ke_end ke_session_end(const struct ke_session *session)
{
    return session->state == STOPPED ? session->end : KE_END_NONE;
}

const struct ke_failure *ke_session_failure(const struct ke_session *session)
{
    return &session->failure;
}

int64_t ke_session_peer_valid_until(const struct ke_session *session)
{
    return session->tls ? tls_session_peer(session->tls)->not_after : 0;
}

int ke_session_retry_factor(const struct ke_session *session)
{
    return session->retry_factor;
}

static bool export_key(const struct ke_session *s, int aead, bool compliant, bool s2c,
                       struct secret *key)
{
    uint8_t context[KE_EXPORTER_CONTEXT_LENGTH];

    ke_exporter_context(aead, compliant, s2c, context);
    key->length = aead_key_length(aead);
    return key->length > 0 && tls_session_export(s->tls, KE_EXPORTER_LABEL, context,
                                                 sizeof(context), key->data, key->length);
}

bool ke_session_export(const struct ke_session *session, int aead, bool compliant,
                       struct nts_context *context)
{
    memset(context, 0, sizeof(*context));
    if (!export_key(session, aead, compliant, false, &context->c2s) ||
        !export_key(session, aead, compliant, true, &context->s2c)) {
        nts_context_wipe(context);
        return false;
    }
    context->aead = aead;
    return true;
}
