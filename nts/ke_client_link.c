/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's half of the NTS-KE client process, see ke_client_link.h. It parses no octet of
 * a server: those are in the process, and what comes from there has the form of process/ipc.h.
 */
#include "nts/ke_client_link.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/ke_session.h"
#include "process/channel.h"

#define BURST       32   /* messages for each event */
#define FLUSH_PAUSE 0.05 /* seconds until messages that had no room are sent again */
#define FAREWELL    2.0  /* ... in which there is another process after the end of a channel */
/* Messages that may wait: a start and a stop of each session. */
#define MAX_WAITING (4 * KE_CLIENT_MAX_SESSIONS)

struct ke_link_session {
    struct ke_client_link *link; /* NULL: it has ended */
    struct ke_link_session *next;
    uint32_t id;
    struct ke_link_request request;
    char *name;
    bool passed; /* to the process that there is */
    bool answered;
    timer_id timer;
};

struct ke_client_link {
    struct ke_client_link_env env;
    struct channel channel; /* closed: there is no process */
    pid_t pid;              /* of the last one that was not ended by order; 0: none */
    bool wanted;            /* one was ordered, or is started again */
    uint32_t restarts;
    uint32_t last_id;
    struct ke_link_session *sessions; /* that go on, the oldest first */
    int count;
    timer_id idle_timer;
    timer_id flush_timer;
    timer_id farewell_timer; /* its channel has ended */
    struct ke_trust_warnings warnings;
    int trust_left; /* messages on trust that the process may send: one for each session */
};

/* ---- Sessions ---- */

static struct ke_link_session *find_session(const struct ke_client_link *link, uint32_t id)
{
    struct ke_link_session *s = link->sessions;

    while (s && s->id != id)
        s = s->next;
    /* What was not passed to this process is not its business. */
    return s && s->passed ? s : NULL;
}

/* ---- The process ---- */

static void drop_process(struct ke_client_link *link)
{
    if (link->channel.fd >= 0)
        loop_fd_remove(link->env.loop, link->channel.fd);
    loop_timer_cancel(link->env.loop, link->idle_timer);
    loop_timer_cancel(link->env.loop, link->flush_timer);
    loop_timer_cancel(link->env.loop, link->farewell_timer);
    link->idle_timer = link->flush_timer = link->farewell_timer = 0;
    channel_close(&link->channel);
}

static void want_process(struct ke_client_link *link)
{
    if (link->wanted)
        return;
    link->wanted = true;
    link->env.want(link->env.arg);
}

/* By order, so that none is started in its place unless sessions wait for it. */
static void end_process(struct ke_client_link *link)
{
    if (link->pid != 0)
        link->env.end(link->pid, link->env.arg);
    link->pid = 0;
    link->wanted = false;
    drop_process(link);
    if (link->sessions)
        want_process(link);
}

/* ---- Their end ---- */

/* Takes it out of the list. */
static void detach(struct ke_link_session *s)
{
    struct ke_client_link *link = s->link;

    for (struct ke_link_session **p = &link->sessions; *p; p = &(*p)->next) {
        if (*p == s) {
            *p = s->next;
            break;
        }
    }
    loop_timer_cancel(link->env.loop, s->timer);
    if (s->request.fd >= 0)
        link->env.world->ops->socket_close(link->env.world->ctx, s->request.fd);
    s->request.fd = -1;
    s->link = NULL;
    link->count--;
    if (!link->sessions && link->channel.fd >= 0)
        end_process(link);
}

/* An answer is kept, whatever comes after it. */
static void end_session(struct ke_link_session *s, const struct ke_ending *ending)
{
    const struct ke_ending complete = {.retry_factor = KE_RETRY_TLS};
    const bool keeps = s->answered && !ending->failed_start;

    detach(s);
    s->request.events.ended(keeps ? &complete : ending, s->request.events.arg);
}

static void fail_session(struct ke_link_session *s, enum finding_code code, int factor)
{
    struct ke_ending ending = {.retry_factor = factor};

    ke_failure_set(&ending.failure, code, "%s", "");
    end_session(s, &ending);
}

static const char *label_of(const struct ke_link_session *s, char *buf, size_t size)
{
    return ke_exchange_label(&s->request.server, s->name, buf, size);
}

/* Its process is gone: a session that was passed to it fails, if it has no answer yet. Others wait
   for the next process. */
static void fail_passed(struct ke_client_link *link)
{
    struct ke_link_session *s = link->sessions;
    char label[KE_LABEL_SIZE];

    while (s) {
        if (!s->passed) {
            s = s->next;
            continue;
        }
        if (!s->answered)
            LOG_ERROR("NTS-KE session with %s failed : the process that had it has ended",
                      label_of(s, label, sizeof(label)));
        fail_session(s, FINDING_NTS_PROCESS_LOST, KE_RETRY_LOST);
        s = link->sessions;
    }
}

static void give_up(struct ke_client_link *link, const char *reason)
{
    LOG_WARN("NTS-KE client (process %d) %s, ending it", (int)link->pid, reason);
    drop_process(link);
}

static void on_farewell(void *arg)
{
    struct ke_client_link *link = arg;

    link->farewell_timer = 0;
    end_process(link);
}

/* It has ended by itself, and the fork server starts another one; or it has closed its channel
   only, then it is ended. */
static void lose_process(struct ke_client_link *link)
{
    drop_process(link);
    link->farewell_timer = loop_timer_add(link->env.loop, FAREWELL, on_farewell, link);
    fail_passed(link);
}

static void refuse_process(struct ke_client_link *link, const char *reason)
{
    give_up(link, reason);
    fail_passed(link);
    end_process(link);
}

static void on_idle(void *arg)
{
    struct ke_client_link *link = arg;

    link->idle_timer = 0;
    end_process(link);
}

/* ---- Sending ---- */

static void after_sending(struct ke_client_link *link, enum channel_result result);

static void on_flush_timer(void *arg)
{
    struct ke_client_link *link = arg;

    link->flush_timer = 0;
    after_sending(link, channel_flush(&link->channel));
}

static void after_sending(struct ke_client_link *link, enum channel_result result)
{
    switch (result) {
    case CHANNEL_OK:
        break;
    case CHANNEL_AGAIN:
        if (link->flush_timer == 0)
            link->flush_timer = loop_timer_add(link->env.loop, FLUSH_PAUSE, on_flush_timer, link);
        break;
    case CHANNEL_CLOSED:
        break; /* the reader finds it */
    default:
        refuse_process(link, "does not take its sessions");
        break;
    }
}

static void release_socket(int fd, void *arg)
{
    const struct ke_client_link *link = arg;

    link->env.world->ops->socket_close(link->env.world->ctx, fd);
}

static void on_timeout(void *arg);

static void start_timer(struct ke_link_session *s)
{
    struct loop *loop = s->link->env.loop;

    loop_timer_cancel(loop, s->timer);
    s->timer = loop_timer_add(loop, KE_CLIENT_TIMEOUT + KE_LINK_PATIENCE, on_timeout, s);
}

static void pass_session(struct ke_link_session *s)
{
    struct ke_client_link *link = s->link;
    struct ipc_message message = {.type = IPC_KE_ESTABLISH,
                                  .u.establish = {.session = s->id,
                                                  .server = s->request.server,
                                                  .cert_set = s->request.cert_set,
                                                  .checks_dates = s->request.checks_dates,
                                                  .now = s->request.now}};

    text_copy(message.u.establish.name, sizeof(message.u.establish.name), s->name);
    enum channel_result result = channel_send(&link->channel, &message, s->request.fd);
    s->passed = true;
    link->trust_left++;
    start_timer(s);
    if (result == CHANNEL_OK)
        release_socket(s->request.fd, link);
    if (result == CHANNEL_OK || result == CHANNEL_AGAIN)
        s->request.fd = -1;
    after_sending(link, result);
}

/* ---- Messages ---- */

/* What an exchange may fail with. */
static bool is_failure(unsigned int code)
{
    switch (code) {
    case FINDING_NTS_CONNECTION_REFUSED:
    case FINDING_NTS_CONNECTION_TIMEOUT:
    case FINDING_NTS_UNREACHABLE:
    case FINDING_NTS_NOT_CONNECTED:
    case FINDING_NTS_HANDSHAKE_TIMEOUT:
    case FINDING_NTS_HANDSHAKE_CLOSED:
    case FINDING_NTS_ALERT:
    case FINDING_NTS_NO_TLS13:
    case FINDING_NTS_NOT_TLS:
    case FINDING_NTS_HANDSHAKE_FAILED:
    case FINDING_NTS_NO_SERVICE:
    case FINDING_NTS_CERTIFICATE_UNTRUSTED:
    case FINDING_NTS_CERTIFICATE_SELF_SIGNED:
    case FINDING_NTS_CERTIFICATE_EXPIRED:
    case FINDING_NTS_CERTIFICATE_NOT_YET_VALID:
    case FINDING_NTS_CERTIFICATE_OTHER_NAME:
    case FINDING_NTS_CERTIFICATE_WEAK:
    case FINDING_NTS_CERTIFICATE_REFUSED:
    case FINDING_NTS_NO_TRUST:
    case FINDING_NTS_TRUST_UNREADABLE:
    case FINDING_NTS_ERROR_RECORD:
    case FINDING_NTS_WARNING_RECORD:
    case FINDING_NTS_NO_ALGORITHM:
    case FINDING_NTS_NO_PROTOCOL:
    case FINDING_NTS_NO_COOKIES:
    case FINDING_NTS_INVALID_RESPONSE:
    case FINDING_NTS_RESPONSE_TIMEOUT:
    case FINDING_NTS_NO_RESPONSE:
        return true;
    default:
        return false;
    }
}

bool ke_link_take_ending(const struct ipc_ke_ended *message, struct ke_ending *ending)
{
    if ((message->retry_factor != KE_RETRY_CONNECT && message->retry_factor != KE_RETRY_TLS) ||
        (message->code != 0 && !is_failure(message->code)))
        return false;
    *ending = (struct ke_ending){.failed_start = message->failed_start,
                                 .retry_factor = message->retry_factor};
    if (message->code == 0)
        return true;
    ke_failure_set(&ending->failure, (enum finding_code)message->code, "%s", message->text);
    ending->failure.number = message->number;
    ending->failure.valid_from = message->valid_from;
    ending->failure.valid_until = message->valid_until;
    return true;
}

static struct nts_context context_of(int aead, const struct secret *c2s, const struct secret *s2c)
{
    return (struct nts_context){.aead = aead, .c2s = *c2s, .s2c = *s2c};
}

bool ke_link_take_answer(const struct ipc_ke_answer *message, const struct nts_aeads *aeads,
                         struct ke_answer *answer)
{
    _Static_assert(IPC_MAX_COOKIES == NTS_MAX_COOKIES && IPC_COOKIE_SIZE == NTS_MAX_COOKIE_LENGTH,
                   "cookies have the room in messages that they have in contexts");
    _Static_assert(IPC_SERVER_SIZE == KE_SERVER_NAME_SIZE, "and names of servers");

    memset(answer, 0, sizeof(*answer));
    /* An algorithm that was asked for; only one of them has two forms of keys. */
    if (!nts_aead_enabled(aeads, message->aead) ||
        (message->has_alternate && message->aead != AEAD_AES_128_GCM_SIV))
        return false;
    answer->context = context_of(message->aead, &message->c2s, &message->s2c);
    if (message->has_alternate)
        answer->alt_context =
            context_of(message->aead, &message->alternate_c2s, &message->alternate_s2c);
    answer->cookie_count = message->cookie_count;
    for (int i = 0; i < message->cookie_count; i++) {
        memcpy(answer->cookies[i].data, message->cookies[i].data, message->cookies[i].length);
        answer->cookies[i].length = message->cookies[i].length;
    }
    text_copy(answer->ntp_server, sizeof(answer->ntp_server), message->ntp_server);
    answer->ntp_port = message->ntp_port;
    answer->valid_until = message->valid_until;
    return true;
}

/* False: it may not say that. */
static bool take_answer(struct ke_client_link *link, const struct ipc_ke_answer *message)
{
    struct ke_link_session *s = find_session(link, message->session);
    struct ke_answer *answer = mem_alloc(sizeof(*answer));
    bool ok = ke_link_take_answer(message, &link->env.aeads, answer);

    if (s && s->answered)
        ok = false;
    if (s && ok) {
        s->answered = true;
        s->request.events.answered(answer, s->request.events.arg);
    }
    ke_answer_wipe(answer);
    free(answer);
    return ok;
}

static bool take_ending(struct ke_client_link *link, const struct ipc_ke_ended *message)
{
    struct ke_link_session *s = find_session(link, message->session);
    struct ke_ending ending;

    if (!ke_link_take_ending(message, &ending))
        return false;
    if (!s)
        return true; /* it was given up in the meantime */
    if (s->answered && ending.failure.code != 0)
        return false;
    if (!s->answered && ending.failure.code == 0)
        ke_failure_set(&ending.failure, FINDING_NTS_NO_RESPONSE, "the session ended");
    end_session(s, &ending);
    return true;
}

static bool take_message(struct ke_client_link *link, const struct ipc_message *message)
{
    switch (message->type) {
    case IPC_KE_TRUST:
        if (link->trust_left-- <= 0)
            return false;
        ke_trust_warn(&link->warnings, message->u.trust.cert_set, message->u.trust.text);
        return true;
    case IPC_KE_ANSWER:
        return take_answer(link, &message->u.ke_answer);
    default:
        return take_ending(link, &message->u.ke_ended);
    }
}

/* False: nothing more is there now. */
static bool read_message(struct ke_client_link *link)
{
    struct ipc_message message;
    int fd;

    if (link->channel.fd < 0)
        return false;
    switch (channel_receive(&link->channel, &message, &fd)) {
    case CHANNEL_OK:
        break;
    case CHANNEL_AGAIN:
        return false;
    case CHANNEL_CLOSED:
        lose_process(link);
        return false;
    default:
        refuse_process(link, "has sent an invalid message");
        return false;
    }
    bool ok = take_message(link, &message);
    crypto_wipe(&message, sizeof(message));
    if (!ok)
        refuse_process(link, "has sent what it may not send");
    return ok;
}

static void on_channel(int fd, unsigned int event, void *arg)
{
    for (int i = 0; i < BURST && read_message(arg); i++)
        ;
}

/* ---- Time ---- */

/* The process has a timer of its own for the session, which is the earlier one. */
static void on_timeout(void *arg)
{
    struct ke_link_session *s = arg;
    struct ke_client_link *link = s->link;
    const bool is_stuck = s->passed && link->channel.fd >= 0;
    char label[KE_LABEL_SIZE];

    s->timer = 0;
    label_of(s, label, sizeof(label));
    if (!is_stuck) {
        LOG_ERROR("NTS-KE session with %s failed : there is no process for it", label);
        fail_session(s, FINDING_NTS_PROCESS_LOST, KE_RETRY_LOST);
        return;
    }
    LOG_ERROR("NTS-KE session with %s timed out", label);
    give_up(link, "does not answer");
    fail_session(s, FINDING_NTS_HANDSHAKE_TIMEOUT, KE_RETRY_CONNECT);
    fail_passed(link);
    end_process(link);
}

/* ---- Life ---- */

struct ke_client_link *ke_client_link_new(const struct ke_client_link_env *env)
{
    struct ke_client_link *link = mem_alloc(sizeof(*link));

    link->env = *env;
    link->channel = channel_make(-1, IPC_KE_CLIENT, MAX_WAITING);
    return link;
}

void ke_client_link_free(struct ke_client_link *link)
{
    if (!link)
        return;
    drop_process(link);
    free(link);
}

void ke_client_link_prepare(struct ke_client_link *link)
{
    want_process(link);
}

/* The oldest session that no process has. */
static struct ke_link_session *first_waiting(const struct ke_client_link *link)
{
    struct ke_link_session *s = link->sessions;

    while (s && s->passed)
        s = s->next;
    return s;
}

bool ke_client_link_take(struct ke_client_link *link, int channel, pid_t pid)
{
    const bool is_another = link->pid != 0;
    struct ke_link_session *s;

    if (link->channel.fd >= 0)
        lose_process(link);
    loop_timer_cancel(link->env.loop, link->farewell_timer);
    link->farewell_timer = 0;
    link->restarts += is_another;
    link->wanted = true;
    link->pid = pid;
    link->channel = channel_make(channel, IPC_KE_CLIENT, MAX_WAITING);
    link->channel.release = release_socket;
    link->channel.arg = link;
    loop_fd_add(link->env.loop, channel, WORLD_READ, on_channel, link);
    if (!link->sessions)
        link->idle_timer = loop_timer_add(link->env.loop, KE_LINK_IDLE, on_idle, link);
    link->trust_left = 0;
    while (link->channel.fd >= 0 && (s = first_waiting(link)))
        pass_session(s);
    return is_another;
}

bool ke_client_link_has_process(const struct ke_client_link *link, uint32_t *restarts)
{
    *restarts = link->restarts;
    return link->channel.fd >= 0;
}

struct ke_link_session *ke_client_link_start(struct ke_client_link *link,
                                             const struct ke_link_request *request)
{
    struct ke_link_session **last = &link->sessions;

    if (link->count >= KE_CLIENT_MAX_SESSIONS || strlen(request->name) >= IPC_NAME_SIZE) {
        release_socket(request->fd, link);
        return NULL;
    }
    struct ke_link_session *s = mem_alloc(sizeof(*s));
    s->link = link;
    s->id = ++link->last_id;
    s->request = *request;
    s->name = text_dup(request->name);
    s->request.name = s->name;
    start_timer(s);
    while (*last)
        last = &(*last)->next;
    *last = s;
    link->count++;
    loop_timer_cancel(link->env.loop, link->idle_timer);
    link->idle_timer = 0;
    if (link->channel.fd >= 0)
        pass_session(s);
    else
        want_process(link);
    return s;
}

void ke_link_session_free(struct ke_link_session *session)
{
    struct ke_client_link *link = session ? session->link : NULL;

    if (!session)
        return;
    if (link) {
        const struct ipc_message stop = {.type = IPC_KE_STOP, .u.stop.session = session->id};
        const bool passed = session->passed;

        detach(session);
        /* The last one ends with the process. */
        if (passed && link->channel.fd >= 0)
            after_sending(link, channel_send(&link->channel, &stop, -1));
    }
    free(session->name);
    free(session);
}
