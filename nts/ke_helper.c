/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE helper process; see ke_helper.h for its promise. The order of its start matters: first
 * every right is given up, then the octets of certificates and keys are parsed, which the fork
 * server has read, then the first octet of a client is read.
 */
#include "nts/ke_helper.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "nts/certificate_watch.h"
#include "nts/ke_sessions.h"
#include "nts/tls_credentials.h"
#include "nts/tls_library.h"
#include "process/channel.h"
#include "process/signals.h"

struct ke_helper {
    const struct helper_identity *identity;
    struct channel channel; /* outcomes that it did not take yet wait in it */
    struct world_ops ops;
    struct world world;
    struct loop *loop;
    struct ke_sessions *sessions;
    struct certificate_watch *watch; /* helper 1 only */
    bool draining;
    bool lacking; /* descriptors for connections, which was logged */
    int exit_status;
    char log_prefix[16];
};

/* Connections come over the channel, the world does not know their descriptors. */
static void close_connection(void *ctx, int fd)
{
    close(fd);
}

static int64_t time_of_day(const struct ke_helper *h)
{
    /* No clock is corrected here; the difference does not matter for dates of certificates. */
    return world_raw_now(&h->world).i.sec;
}

static void finish(struct ke_helper *h, int status)
{
    h->exit_status = status;
    loop_quit(h->loop);
}

/* ---- Channel ---- */

static void finish_if_drained(struct ke_helper *h)
{
    if (h->draining && ke_sessions_is_empty(h->sessions) && h->channel.waiting_count == 0)
        finish(h, HELPER_EXIT_DONE);
}

static void after_sending(struct ke_helper *h, enum channel_result result)
{
    if (result == CHANNEL_CLOSED || result == CHANNEL_BAD) {
        finish(h, HELPER_EXIT_DONE);
        return;
    }
    loop_fd_set_events(h->loop, h->channel.fd,
                       WORLD_READ | (h->channel.waiting_count > 0 ? WORLD_WRITE : 0));
    finish_if_drained(h);
}

/* There is one outcome for each connection that was taken, and none is taken when the queue could
   not hold its outcome. */
static void report(struct ke_helper *h, const struct ipc_message *message)
{
    after_sending(h, channel_send(&h->channel, message, -1));
}

static void report_outcome(struct ke_helper *h, uint32_t session, enum ke_end end)
{
    const struct ipc_message message = {.type = IPC_OUTCOME,
                                        .u.outcome = {.session = session, .end = end}};

    report(h, &message);
}

static void on_session_ended(uint32_t id, enum ke_end end, void *arg)
{
    report_outcome(arg, id, end);
}

static void on_emptied(void *arg)
{
    finish_if_drained(arg);
}

static void take_connection(struct ke_helper *h, const struct ipc_message *message, int fd)
{
    struct nts_server_key key = {.id = message->u.connection.key_id,
                                 .aead = message->u.connection.aead,
                                 .key = message->u.connection.key};

    if (!ke_sessions_start(h->sessions, message->u.connection.session, fd,
                           &message->u.connection.peer, &key))
        report_outcome(h, message->u.connection.session, KE_END_REJECTED);
    secret_wipe(&key.key);
}

static void take_message(struct ke_helper *h, const struct ipc_message *message, int fd)
{
    if (message->type == IPC_DRAIN) {
        h->draining = true;
        finish_if_drained(h);
    } else {
        take_connection(h, message, fd);
    }
}

/* Only this connection is lost, and the main process has to know that it is over. */
static void lack_descriptor(struct ke_helper *h, uint32_t session)
{
    if (!h->lacking)
        LOG_ERROR("Could not receive NTS-KE connection : %s", text_errno(EMFILE));
    h->lacking = true;
    report_outcome(h, session, KE_END_REJECTED);
}

static void on_channel(int fd, unsigned int event, void *arg)
{
    struct ke_helper *h = arg;
    struct ipc_message message;
    int connection = -1;

    if (event == WORLD_WRITE) {
        after_sending(h, channel_flush(&h->channel));
        return;
    }
    /* Connections wait in the channel while the queue of outcomes has no room. */
    if (h->channel.waiting_count + (size_t)ke_sessions_active(h->sessions) + 1 >=
        h->channel.waiting_max) {
        loop_fd_set_events(h->loop, fd, WORLD_WRITE);
        return;
    }
    switch (channel_receive(&h->channel, &message, &connection)) {
    case CHANNEL_OK:
        if (connection >= 0)
            h->lacking = false;
        take_message(h, &message, connection);
        secret_wipe(&message.u.connection.key);
        break;
    case CHANNEL_NO_DESCRIPTOR:
        lack_descriptor(h, message.u.connection.session);
        secret_wipe(&message.u.connection.key);
        break;
    case CHANNEL_AGAIN:
        break;
    case CHANNEL_CLOSED:
        finish(h, HELPER_EXIT_DONE);
        break;
    default:
        LOG_ERROR("Invalid helper request");
        finish(h, HELPER_EXIT_FATAL);
        break;
    }
}

/* ---- Start ---- */

/* Tells the main process why this helper cannot work. */
static void report_failure(struct ke_helper *h, const char *text)
{
    struct ipc_message message = {.type = IPC_FAILED};

    text_copy(message.u.failed.text, sizeof(message.u.failed.text), text);
    text_make_printable(message.u.failed.text);
    channel_send(&h->channel, &message, -1);
}

static struct tls_credentials *load_credentials(struct ke_helper *h, struct server_files *files)
{
    char error[TLS_ERROR_SIZE];
    struct tls_credentials *credentials = tls_credentials_new_server(files, error, sizeof(error));

    server_files_free(files);
    if (!credentials)
        report_failure(h, error);
    return credentials;
}

/* For reports. */
static void report_certificates(struct ke_helper *h, const struct tls_credentials *credentials)
{
    struct tls_certificate_dates dates;

    for (size_t i = 0; tls_credentials_dates(credentials, i, &dates); i++) {
        struct ipc_message message = {
            .type = IPC_CERTIFICATE,
            .u.certificate = {.not_before = dates.not_before, .not_after = dates.not_after}};

        text_copy(message.u.certificate.file, sizeof(message.u.certificate.file), dates.file);
        text_make_printable(message.u.certificate.file);
        report(h, &message);
    }
}

static void on_watch_timer(void *arg)
{
    struct ke_helper *h = arg;

    certificate_watch_check(h->watch, time_of_day(h));
    loop_timer_add(h->loop, CERTIFICATE_WATCH_INTERVAL, on_watch_timer, h);
}

static void start_sessions(struct ke_helper *h, const struct ke_helper_spec *spec,
                           struct tls_credentials *credentials)
{
    const struct ke_sessions_env env = {
        .world = &h->world,
        .loop = h->loop,
        .conf = spec->conf,
        .ntp_port = spec->ntp_port,
        .aeads = spec->aeads,
        .ended = on_session_ended,
        .emptied = on_emptied,
        .arg = h,
    };

    h->sessions = ke_sessions_new(&env);
    ke_sessions_set_credentials(h->sessions, credentials);
    if (h->identity->number == 1) {
        h->watch = certificate_watch_new(credentials, h->identity->restarted);
        on_watch_timer(h);
    }
    loop_fd_add(h->loop, h->channel.fd, WORLD_READ, on_channel, h);
}

int ke_helper_run(const struct ke_helper_spec *spec, const struct helper_identity *identity,
                  struct server_files *files, int channel)
{
    struct ke_helper h = {
        .identity = identity,
        .channel = channel_make(channel, IPC_DISPATCHER, (size_t)spec->conf->max_connections + 16),
        .exit_status = HELPER_EXIT_DONE};
    const struct ipc_message ready = {.type = IPC_READY};

    signals_set_child(true);
    snprintf(h.log_prefix, sizeof(h.log_prefix), "nks#%u:", (unsigned int)identity->number);
    log_set_origin_prefix(h.log_prefix);
    h.ops = *spec->world->ops;
    h.ops.socket_close = close_connection;
    h.world = (struct world){.ops = &h.ops, .ctx = spec->world->ctx};

    tls_library_start();
    sandbox_enter(spec->sandbox, PROCESS_KE_HELPER, channel);
    h.loop = loop_new(&h.world);
    struct tls_credentials *credentials = load_credentials(&h, files);
    if (!credentials)
        return HELPER_EXIT_BAD_FILES;
    start_sessions(&h, spec, credentials);
    if (identity->number == 1)
        report_certificates(&h, credentials);
    report(&h, &ready);
    loop_run(h.loop);

    ke_sessions_free(h.sessions);
    certificate_watch_free(h.watch);
    tls_credentials_unref(credentials);
    loop_free(h.loop);
    channel_close(&h.channel);
    return h.exit_status;
}
