/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE client process; see ke_client_process.h for its promise. The order of its start
 * matters: it becomes the daemon's user, reads trusted certificates, gives up files, and then reads
 * the first octet of a server.
 */
#include "nts/ke_client_process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/ke_client_link.h"
#include "nts/ke_exchange.h"
#include "nts/ke_session.h"
#include "nts/tls_library.h"
#include "process/helper_role.h"
#include "process/sandbox.h"
#include "process/signals.h"

/* Outcomes that may wait: the main process has a limit for sessions, and each has an answer, an end
   and a word on its certificates. */
#define MAX_WAITING (4 * KE_CLIENT_MAX_SESSIONS)

/* A set of trusted certificates, as it was read. */
struct set {
    uint32_t number;
    struct ke_trust *trust; /* NULL: it could not be loaded */
    char error[TLS_ERROR_SIZE];
    bool told; /* the main process has been told what it lacks */
};

struct session {
    struct ke_client_process *process;
    struct session *next;
    uint32_t id;
    struct ke_exchange *exchange;
    int64_t now;            /* corrected time ... */
    struct mono_time given; /* ... of this moment */
};

struct ke_client_process {
    const struct ke_client_process_spec *spec;
    struct world_ops ops;
    struct world world;
    struct loop *loop;
    struct channel channel;
    struct set *sets;
    size_t set_count;
    struct session *sessions;
    int session_count;
    void (*done)(enum channel_result why, void *arg);
    void *arg;
};

/* ---- Trusted certificates ---- */

static struct set *find_set(const struct ke_client_process *p, uint32_t number)
{
    for (size_t i = 0; i < p->set_count; i++)
        if (p->sets[i].number == number)
            return &p->sets[i];
    return NULL;
}

static struct set *load_set(struct ke_client_process *p, uint32_t number)
{
    struct set *set = find_set(p, number);

    if (set)
        return set;
    p->sets = mem_resize(p->sets, p->set_count + 1, sizeof(*p->sets));
    set = &p->sets[p->set_count++];
    *set = (struct set){.number = number};
    set->trust =
        ke_trust_load(p->spec->world, p->spec->conf, number, set->error, sizeof(set->error));
    return set;
}

/* All that have files. Another one is empty, and needs none when it is asked for. */
static void load_sets(struct ke_client_process *p)
{
    const struct nts_client_conf *conf = p->spec->conf;

    if (!conf->no_system_cert)
        load_set(p, 0);
    for (size_t i = 0; i < conf->count; i++)
        load_set(p, conf->certs[i].set);
}

/* ---- Channel ---- */

static void finish(struct ke_client_process *p, enum channel_result why)
{
    if (p->done)
        p->done(why, p->arg);
    p->done = NULL;
}

static void after_sending(struct ke_client_process *p, enum channel_result result)
{
    if (result == CHANNEL_CLOSED || result == CHANNEL_BAD)
        finish(p, result);
    else
        loop_fd_set_events(p->loop, p->channel.fd,
                           WORLD_READ | (p->channel.waiting_count > 0 ? WORLD_WRITE : 0));
}

static void tell(struct ke_client_process *p, const struct ipc_message *message)
{
    after_sending(p, channel_send(&p->channel, message, -1));
}

static void tell_end(struct ke_client_process *p, uint32_t id, const struct ke_ending *ending)
{
    struct ipc_message message = {.type = IPC_KE_ENDED};
    struct ipc_ke_ended *ended = &message.u.ke_ended;

    ended->session = id;
    ended->failed_start = ending->failed_start;
    ended->retry_factor = (uint8_t)ending->retry_factor;
    ended->code = (uint16_t)ending->failure.code;
    ended->number = ending->failure.number;
    ended->valid_from = ending->failure.valid_from;
    ended->valid_until = ending->failure.valid_until;
    text_copy(ended->text, sizeof(ended->text), ending->failure.text);
    tell(p, &message);
}

static void tell_failed_start(struct ke_client_process *p, uint32_t id, enum finding_code code,
                              const char *text)
{
    struct ke_ending ending = {.failed_start = true, .retry_factor = KE_RETRY_CONNECT};

    ke_failure_set(&ending.failure, code, "%s", text);
    tell_end(p, id, &ending);
}

static void tell_trust(struct ke_client_process *p, struct set *set)
{
    struct ipc_message message = {.type = IPC_KE_TRUST, .u.trust.cert_set = set->number};

    if (set->told)
        return;
    set->told = true;
    text_copy(message.u.trust.text, sizeof(message.u.trust.text), set->trust->lacking);
    text_make_printable(message.u.trust.text);
    tell(p, &message);
}

/* ---- Sessions ---- */

static void remove_session(struct session *s)
{
    struct ke_client_process *p = s->process;

    for (struct session **link = &p->sessions; *link; link = &(*link)->next) {
        if (*link == s) {
            *link = s->next;
            p->session_count--;
            break;
        }
    }
    ke_exchange_free(s->exchange);
    free(s);
}

static void on_answered(const struct ke_answer *answer, void *arg)
{
    struct session *s = arg;
    struct ipc_message message = {.type = IPC_KE_ANSWER};
    struct ipc_ke_answer *m = &message.u.ke_answer;

    m->session = s->id;
    m->aead = answer->context.aead;
    m->c2s = answer->context.c2s;
    m->s2c = answer->context.s2c;
    m->has_alternate = answer->alt_context.aead != 0;
    m->alternate_c2s = answer->alt_context.c2s;
    m->alternate_s2c = answer->alt_context.s2c;
    m->cookie_count = answer->cookie_count;
    for (int i = 0; i < answer->cookie_count; i++) {
        m->cookies[i].length = answer->cookies[i].length;
        memcpy(m->cookies[i].data, answer->cookies[i].data, answer->cookies[i].length);
    }
    text_copy(m->ntp_server, sizeof(m->ntp_server), answer->ntp_server);
    m->ntp_port = answer->ntp_port;
    m->valid_until = answer->valid_until;
    tell(s->process, &message);
    crypto_wipe(&message, sizeof(message));
}

static void on_ended(const struct ke_ending *ending, void *arg)
{
    struct session *s = arg;
    struct ke_client_process *p = s->process;
    const uint32_t id = s->id;

    remove_session(s);
    tell_end(p, id, ending);
}

/* No clock is corrected here: the main process has said what time it was. */
static int64_t corrected_now(void *arg)
{
    const struct session *s = arg;

    return s->now + (int64_t)mono_diff(world_mono_now(&s->process->world), s->given);
}

static void run_session(struct ke_client_process *p, const struct ipc_ke_establish *m,
                        struct set *set, int fd)
{
    struct session *s = mem_alloc(sizeof(*s));
    struct ke_failure failure = {.code = 0};
    const struct ke_exchange_spec spec = {
        .world = &p->world,
        .loop = p->loop,
        .fd = fd,
        .trust = set->trust,
        .aeads = &p->spec->aeads,
        .server = &m->server,
        .name = m->name,
        .now = m->checks_dates ? corrected_now : NULL,
        .now_arg = s,
        .events = {.answered = on_answered, .ended = on_ended, .arg = s},
    };

    s->process = p;
    s->id = m->session;
    s->now = m->now;
    s->given = world_mono_now(&p->world);
    s->exchange = ke_exchange_new(&spec, &failure);
    if (!s->exchange) {
        free(s);
        tell_failed_start(p, m->session, (enum finding_code)failure.code, failure.text);
        return;
    }
    s->next = p->sessions;
    p->sessions = s;
    p->session_count++;
}

static void start_session(struct ke_client_process *p, const struct ipc_ke_establish *m, int fd)
{
    struct set *set = load_set(p, m->cert_set);

    if (set->trust && p->session_count < KE_CLIENT_MAX_SESSIONS) {
        tell_trust(p, set);
        run_session(p, m, set, fd);
        return;
    }
    close(fd);
    if (set->trust) {
        tell_failed_start(p, m->session, FINDING_NTS_NOT_CONNECTED,
                          "too many key establishments at a time");
        return;
    }
    LOG_ERROR("%s", set->error);
    tell_failed_start(p, m->session, FINDING_NTS_TRUST_UNREADABLE, ke_trust_reason(set->error));
}

static void stop_session(struct ke_client_process *p, uint32_t id)
{
    struct session *s = p->sessions;

    while (s && s->id != id)
        s = s->next;
    if (s)
        remove_session(s);
}

/* False: nothing more is there now. */
static bool read_message(struct ke_client_process *p)
{
    struct ipc_message message;
    int fd = -1;

    if (!p->done)
        return false;
    enum channel_result result = channel_receive(&p->channel, &message, &fd);
    switch (result) {
    case CHANNEL_OK:
        if (message.type == IPC_KE_ESTABLISH)
            start_session(p, &message.u.establish, fd);
        else
            stop_session(p, message.u.stop.session);
        return true;
    case CHANNEL_NO_DESCRIPTOR:
        LOG_ERROR("Could not receive NTS-KE connection : %s", text_errno(EMFILE));
        tell_failed_start(p, message.u.establish.session, FINDING_NTS_NOT_CONNECTED,
                          text_errno(EMFILE));
        return true;
    case CHANNEL_AGAIN:
        return false;
    default:
        finish(p, result);
        return false;
    }
}

static void on_channel(int fd, unsigned int event, void *arg)
{
    struct ke_client_process *p = arg;

    if (event == WORLD_WRITE)
        after_sending(p, channel_flush(&p->channel));
    else
        read_message(p);
}

/* Sockets come over the channel, the world does not know their descriptors. */
static void close_connection(void *ctx, int fd)
{
    close(fd);
}

struct ke_client_process *ke_client_process_new(const struct ke_client_process_spec *spec,
                                                struct loop *loop)
{
    struct ke_client_process *p = mem_alloc(sizeof(*p));

    p->spec = spec;
    p->loop = loop;
    p->channel = channel_make(-1, IPC_KE_ASKER, MAX_WAITING);
    p->ops = *spec->world->ops;
    p->ops.socket_close = close_connection;
    p->world = (struct world){.ops = &p->ops, .ctx = spec->world->ctx};
    load_sets(p);
    return p;
}

void ke_client_process_serve(struct ke_client_process *process, int channel,
                             void (*done)(enum channel_result why, void *arg), void *arg)
{
    process->channel.fd = channel;
    process->done = done;
    process->arg = arg;
    loop_fd_add(process->loop, channel, WORLD_READ, on_channel, process);
}

void ke_client_process_free(struct ke_client_process *process)
{
    if (!process)
        return;
    while (process->sessions)
        remove_session(process->sessions);
    for (size_t i = 0; i < process->set_count; i++)
        ke_trust_unref(process->sets[i].trust);
    free(process->sets);
    if (process->channel.fd >= 0)
        loop_fd_remove(process->loop, process->channel.fd);
    channel_close(&process->channel);
    free(process);
}

/* ---- The role ---- */

struct running {
    struct loop *loop;
    int exit_status;
};

static void on_done(enum channel_result why, void *arg)
{
    struct running *r = arg;

    if (why == CHANNEL_BAD) {
        LOG_ERROR("Invalid request to the NTS-KE client");
        r->exit_status = HELPER_EXIT_FATAL;
    }
    loop_quit(r->loop);
}

static int run(void *ctx, const struct sandbox *sandbox, int channel)
{
    const struct ke_client_process_spec *spec = ctx;
    struct running r = {.exit_status = HELPER_EXIT_DONE};

    signals_set_child(true);
    log_set_origin_prefix("nkc:");
    sandbox_enter_to_read(sandbox, PROCESS_KE_CLIENT, channel);
    tls_library_start();
    r.loop = loop_new(spec->world);
    struct ke_client_process *process = ke_client_process_new(spec, r.loop);
    sandbox_close(sandbox, PROCESS_KE_CLIENT);
    ke_client_process_serve(process, channel, on_done, &r);
    loop_run(r.loop);
    ke_client_process_free(process);
    loop_free(r.loop);
    return r.exit_status;
}

struct lone_role ke_client_process_role(const struct ke_client_process_spec *spec)
{
    return (struct lone_role){
        .role = PROCESS_KE_CLIENT,
        .number = 1,
        .presence = LONE_WHILE_ORDERED,
        .name = "NTS-KE client",
        .process_name = "chronyd-ntsc",
        .run = run,
        .ctx = (void *)spec,
    };
}
