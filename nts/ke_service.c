/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's NTS-KE sessions of one process; see ke_service.h. The cookie key of a connection is
 * wiped when its session has answered or ended. Nothing here may log above debug about what a client
 * does.
 */
#include "nts/ke_service.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/ke_request.h"

/* nts.md 15.3. Seconds that a session may spend in each stage before it is the one that gives way: a
   client sends its ClientHello as soon as it is connected, all else may take it a round trip. */
static const double patience[] = {
    [KE_SESSION_HELLO] = 0.05,
    [KE_SESSION_HANDSHAKE] = 1.0,
    [KE_SESSION_MESSAGE] = 1.0,
};
#define STAGES (KE_SESSION_ANSWERED + 1)

/* A connection and its session. */
struct slot {
    TAILQ_ENTRY(slot) others;
    struct ke_service *service;
    struct ke_session *session;
    enum ke_session_stage stage;
    struct mono_time since; /* in this stage */
    uint32_t id;
    struct nts_server_key key;
};

TAILQ_HEAD(slot_queue, slot);

struct ke_service {
    struct ke_service_env env;
    struct tls_credentials *credentials; /* NULL: every connection is closed */
    struct slot_queue stages[STAGES];    /* the longest in its stage first */
    int active;                          /* not answered yet */
    int answered;
};

struct ke_service *ke_service_new(const struct ke_service_env *env)
{
    struct ke_service *service = mem_alloc(sizeof(*service));

    service->env = *env;
    for (int i = 0; i < STAGES; i++)
        TAILQ_INIT(&service->stages[i]);
    return service;
}

static int *count_of(struct slot *slot)
{
    return slot->stage == KE_SESSION_ANSWERED ? &slot->service->answered : &slot->service->active;
}

static void enter(struct slot *slot, enum ke_session_stage stage)
{
    slot->stage = stage;
    slot->since = world_mono_now(slot->service->env.world);
    TAILQ_INSERT_TAIL(&slot->service->stages[stage], slot, others);
    ++*count_of(slot);
}

static void leave(struct slot *slot)
{
    TAILQ_REMOVE(&slot->service->stages[slot->stage], slot, others);
    --*count_of(slot);
}

static void slot_free(struct slot *slot)
{
    leave(slot);
    ke_session_free(slot->session);
    secret_wipe(&slot->key.key);
    free(slot);
}

void ke_service_free(struct ke_service *service)
{
    struct slot *slot;

    if (!service)
        return;
    for (int i = 0; i < STAGES; i++)
        while ((slot = TAILQ_FIRST(&service->stages[i])))
            slot_free(slot);
    tls_credentials_unref(service->credentials);
    free(service);
}

void ke_service_set_credentials(struct ke_service *service, struct tls_credentials *credentials)
{
    struct tls_credentials *old = service->credentials;

    service->credentials = credentials ? tls_credentials_ref(credentials) : NULL;
    tls_credentials_unref(old);
}

/* ---- What sessions tell ---- */

static bool on_message(struct ke_session *session, const uint8_t *message, size_t length,
                       struct writer *response, void *arg)
{
    const struct slot *slot = arg;
    const struct ke_service_env *env = &slot->service->env;
    const struct ke_server_info info = {.ntp_port = (uint16_t)env->conf->sockets.port,
                                        .ntp_server = env->conf->nts_server.ntp_server};
    struct nts_context context = {.aead = 0};
    struct ke_outcome outcome;
    bool ok = true;

    ke_request_process(message, length, &env->aeads, &outcome);
    if (outcome.kind == KE_OUTCOME_SUCCESS)
        ok = ke_session_export(session, outcome.aead,
                               outcome.compliant || outcome.aead != AEAD_AES_128_GCM_SIV, &context);
    ok = ok && ke_response_build(&outcome, &info, &context, &slot->key, env->world, response);
    nts_context_wipe(&context);
    return ok;
}

static void check_empty(const struct ke_service *service)
{
    if (ke_service_is_empty(service) && service->env.emptied)
        service->env.emptied(service->env.arg);
}

/* Ends a session for its owner, who was told already if it had answered. */
static void end_slot(struct slot *slot, enum ke_session_outcome outcome)
{
    struct ke_service *service = slot->service;
    bool told = slot->stage == KE_SESSION_ANSWERED;
    uint32_t id = slot->id;

    slot_free(slot);
    if (!told)
        service->env.ended(id, outcome, service->env.arg);
    check_empty(service);
}

static void on_ended(struct ke_session *session, void *arg)
{
    end_slot(arg, ke_session_outcome(session));
}

/* The client has what it came for: that it may take its time to close costs nobody a place. */
static void on_reached(struct ke_session *session, enum ke_session_stage stage, void *arg)
{
    struct slot *slot = arg;
    struct ke_service *service = slot->service;

    leave(slot);
    enter(slot, stage);
    if (stage != KE_SESSION_ANSWERED)
        return;
    secret_wipe(&slot->key.key);
    if (service->answered > service->env.conf->nts_server.max_connections)
        end_slot(TAILQ_FIRST(&service->stages[KE_SESSION_ANSWERED]), KE_SESSION_COMPLETE);
    service->env.ended(slot->id, KE_SESSION_COMPLETE, service->env.arg);
}

/* ---- Connections ---- */

/* Ends the session that has used up most of the time of its stage. */
static void make_room(struct ke_service *service)
{
    struct mono_time now = world_mono_now(service->env.world);
    struct slot *worst = NULL;
    double most = -1.0;

    for (int i = 0; i < KE_SESSION_ANSWERED; i++) {
        struct slot *slot = TAILQ_FIRST(&service->stages[i]);
        double used = slot ? mono_diff(now, slot->since) / patience[i] : -1.0;

        if (used > most) {
            most = used;
            worst = slot;
        }
    }
    assert(worst);
    LOG_DEBUG("NTS-KE session %u gives way", (unsigned int)worst->id);
    end_slot(worst, KE_SESSION_FAILED);
}

bool ke_service_start(struct ke_service *service, uint32_t id, int fd, const struct ip_port *peer,
                      const struct nts_server_key *key)
{
    const struct ke_service_env *env = &service->env;
    char label[ADDR_TEXT_SIZE];

    if (!service->credentials) {
        env->world->ops->socket_close(env->world->ctx, fd);
        return false;
    }
    if (service->active >= env->conf->nts_server.max_connections)
        make_room(service);
    struct slot *slot = mem_alloc(sizeof(*slot));
    ip_port_format(peer, label, sizeof(label));
    const struct ke_session_spec spec = {
        .world = env->world,
        .loop = env->loop,
        .fd = fd,
        .server = true,
        .credentials = service->credentials,
        .label = label,
        .message = on_message,
        .reached = on_reached,
        .ended = on_ended,
        .arg = slot,
    };
    *slot = (struct slot){.service = service, .id = id, .key = *key};
    slot->session = ke_session_new(&spec);
    if (!slot->session) {
        secret_wipe(&slot->key.key);
        free(slot);
        return false;
    }
    enter(slot, KE_SESSION_HELLO);
    return true;
}

int ke_service_active(const struct ke_service *service)
{
    return service->active;
}

bool ke_service_is_empty(const struct ke_service *service)
{
    return service->active + service->answered == 0;
}

enum ipc_outcome ke_service_ipc_outcome(enum ke_session_outcome outcome)
{
    static const enum ipc_outcome outcomes[] = {
        [KE_SESSION_ACTIVE] = IPC_SESSION_FAILED,
        [KE_SESSION_COMPLETE] = IPC_SESSION_COMPLETE,
        [KE_SESSION_FAILED] = IPC_SESSION_FAILED,
        [KE_SESSION_TIMED_OUT] = IPC_SESSION_TIMED_OUT,
        [KE_SESSION_BAD_NAME] = IPC_SESSION_BAD_NAME,
        [KE_SESSION_NO_MATCH] = IPC_SESSION_NO_MATCH,
        [KE_SESSION_REFUSED] = IPC_SESSION_REFUSED,
    };

    return outcomes[outcome];
}
