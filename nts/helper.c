/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE helper process; see helper.h for its promise. The order of its start matters: first
 * every right is given up, then the octets of certificates and keys are parsed, which the fork server
 * has read, then the first octet of a client is read.
 */
#include "nts/helper.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "nts/certificate_watch.h"
#include "nts/ke_service.h"
#include "nts/tls_credentials.h"
#include "process/ipc.h"

struct helper {
    const struct helper_identity *identity;
    int channel;
    struct world_ops ops;
    struct world world;
    struct loop *loop;
    struct ke_service *service;
    struct certificate_watch *watch; /* helper 1 only */
    bool draining;
    bool lacking; /* descriptors for connections, which was logged */
    int exit_status;
    char log_prefix[16];
    /* Outcomes that the channel did not take yet, in order. */
    struct ipc_message *waiting;
    size_t waiting_count;
    size_t waiting_max;
};

/* Connections come over the channel, the world does not know their descriptors. */
static void close_connection(void *ctx, int fd)
{
    close(fd);
}

static int64_t time_of_day(const struct helper *h)
{
    /* No clock is corrected here; the difference does not matter for dates of certificates. */
    return world_raw_now(&h->world).i.sec;
}

static void finish(struct helper *h, int status)
{
    h->exit_status = status;
    loop_quit(h->loop);
}

/* ---- Channel ---- */

static void finish_if_drained(struct helper *h)
{
    if (h->draining && ke_service_is_empty(h->service) && h->waiting_count == 0)
        finish(h, HELPER_EXIT_DONE);
}

static void send_waiting(struct helper *h)
{
    size_t sent = 0;
    enum ipc_result result = IPC_OK;

    while (sent < h->waiting_count && result == IPC_OK) {
        result = ipc_send(h->channel, &h->waiting[sent], -1);
        if (result == IPC_OK)
            sent++;
    }
    if (result == IPC_CLOSED || result == IPC_BAD) {
        finish(h, HELPER_EXIT_DONE);
        return;
    }
    h->waiting_count -= sent;
    for (size_t i = 0; i < h->waiting_count; i++)
        h->waiting[i] = h->waiting[i + sent];
    loop_fd_set_events(h->loop, h->channel, WORLD_READ | (h->waiting_count > 0 ? WORLD_WRITE : 0));
    finish_if_drained(h);
}

static void report(struct helper *h, const struct ipc_message *message)
{
    /* There is one outcome for each connection that was taken, and none is taken when the queue
       could not hold its outcome. */
    assert(h->waiting_count < h->waiting_max);
    h->waiting[h->waiting_count++] = *message;
    send_waiting(h);
}

static void report_outcome(struct helper *h, uint32_t session, enum ipc_outcome outcome)
{
    const struct ipc_message message = {.type = IPC_OUTCOME,
                                        .u.outcome = {.session = session, .outcome = outcome}};

    report(h, &message);
}

static void on_session_ended(uint32_t id, enum ke_session_outcome outcome, void *arg)
{
    report_outcome(arg, id, ke_service_ipc_outcome(outcome));
}

static void on_emptied(void *arg)
{
    finish_if_drained(arg);
}

static void take_connection(struct helper *h, const struct ipc_message *message, int fd)
{
    struct nts_server_key key = {.id = message->u.connection.key_id,
                                 .aead = message->u.connection.aead,
                                 .key = message->u.connection.key};

    if (!ke_service_start(h->service, message->u.connection.session, fd,
                          &message->u.connection.peer, &key))
        report_outcome(h, message->u.connection.session, IPC_SESSION_REJECTED);
    secret_wipe(&key.key);
}

static void take_message(struct helper *h, const struct ipc_message *message, int fd)
{
    if (message->type == IPC_DRAIN) {
        h->draining = true;
        finish_if_drained(h);
    } else {
        take_connection(h, message, fd);
    }
}

/* Only this connection is lost, and the main process has to know that it is over. */
static void lack_descriptor(struct helper *h, uint32_t session)
{
    if (!h->lacking)
        LOG_ERROR("Could not receive NTS-KE connection : %s", text_errno(EMFILE));
    h->lacking = true;
    report_outcome(h, session, IPC_SESSION_REJECTED);
}

static void on_channel(int fd, unsigned int event, void *arg)
{
    struct helper *h = arg;
    struct ipc_message message;
    int connection = -1;

    if (event == WORLD_WRITE) {
        send_waiting(h);
        return;
    }
    /* Connections wait in the channel while the queue of outcomes has no room. */
    if (h->waiting_count + (size_t)ke_service_active(h->service) + 1 >= h->waiting_max) {
        loop_fd_set_events(h->loop, fd, WORLD_WRITE);
        return;
    }
    switch (ipc_receive(fd, IPC_MAIN, &message, &connection)) {
    case IPC_OK:
        if (connection >= 0)
            h->lacking = false;
        take_message(h, &message, connection);
        secret_wipe(&message.u.connection.key);
        break;
    case IPC_NO_DESCRIPTOR:
        lack_descriptor(h, message.u.connection.session);
        secret_wipe(&message.u.connection.key);
        break;
    case IPC_AGAIN:
        break;
    case IPC_CLOSED:
        finish(h, HELPER_EXIT_DONE);
        break;
    default:
        LOG_ERROR("Invalid helper request");
        finish(h, HELPER_EXIT_FATAL);
        break;
    }
}

/* ---- Start ---- */

static void set_signals(void)
{
    static const int by_default[] = {SIGTERM, SIGINT, SIGQUIT, SIGCHLD};
    sigset_t none;

    for (size_t i = 0; i < sizeof(by_default) / sizeof(by_default[0]); i++)
        signal(by_default[i], SIG_DFL);
    /* A reload is the main process's to arrange. */
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Tells the main process why this helper cannot work. */
static void report_failure(struct helper *h, const char *text)
{
    struct ipc_message message = {.type = IPC_FAILED};

    text_copy(message.u.failed.text, sizeof(message.u.failed.text), text);
    text_make_printable(message.u.failed.text);
    ipc_send(h->channel, &message, -1);
}

static struct tls_credentials *load_credentials(struct helper *h, struct server_files *files)
{
    char error[TLS_ERROR_SIZE];
    struct tls_credentials *credentials = tls_credentials_new_server(files, error, sizeof(error));

    server_files_free(files);
    if (!credentials)
        report_failure(h, error);
    return credentials;
}

static void on_watch_timer(void *arg)
{
    struct helper *h = arg;

    certificate_watch_check(h->watch, time_of_day(h));
    loop_timer_add(h->loop, CERTIFICATE_WATCH_INTERVAL, on_watch_timer, h);
}

static void start_service(struct helper *h, const struct helper_spec *spec,
                          struct tls_credentials *credentials)
{
    const struct ke_service_env env = {
        .world = &h->world,
        .loop = h->loop,
        .conf = spec->conf,
        .aeads = spec->aeads,
        .ended = on_session_ended,
        .emptied = on_emptied,
        .arg = h,
    };

    h->service = ke_service_new(&env);
    ke_service_set_credentials(h->service, credentials);
    h->waiting_max = (size_t)spec->conf->nts_server.max_connections + 16;
    h->waiting = mem_array(h->waiting_max, sizeof(*h->waiting));
    if (h->identity->number == 1) {
        h->watch = certificate_watch_new(credentials, h->identity->restarted);
        on_watch_timer(h);
    }
    loop_fd_add(h->loop, h->channel, WORLD_READ, on_channel, h);
}

static void give_up_rights(struct helper *h, const struct helper_spec *spec)
{
    spec->sandbox.drop(spec->sandbox.arg);
    /* The private key is in this process: no core dumps, no tracing by others of this user. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    /* The end of the fork server ends this process too, where the users of both permit it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    h->loop = loop_new(&h->world);
    spec->sandbox.load_filter(spec->sandbox.arg);
}

int helper_run(const struct helper_spec *spec, const struct helper_identity *identity,
               struct server_files *files, int channel)
{
    struct helper h = {.identity = identity, .channel = channel, .exit_status = HELPER_EXIT_DONE};
    const struct ipc_message ready = {.type = IPC_READY};

    set_signals();
    spec->sandbox.close_descriptors(&channel, 1, spec->sandbox.arg);
    snprintf(h.log_prefix, sizeof(h.log_prefix), "nks#%u:", (unsigned int)identity->number);
    log_set_origin_prefix(h.log_prefix);
    h.ops = *spec->world->ops;
    h.ops.socket_close = close_connection;
    h.world = (struct world){.ops = &h.ops, .ctx = spec->world->ctx};

    give_up_rights(&h, spec);
    struct tls_credentials *credentials = load_credentials(&h, files);
    if (!credentials)
        return HELPER_EXIT_BAD_FILES;
    start_service(&h, spec, credentials);
    report(&h, &ready);
    loop_run(h.loop);

    ke_service_free(h.service);
    certificate_watch_free(h.watch);
    tls_credentials_unref(credentials);
    loop_free(h.loop);
    free(h.waiting);
    return h.exit_status;
}
