/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's NTS-KE sessions of one process; see ke_sessions.h. The cookie key of a connection
 * is wiped when its session has answered or ended. Nothing that a client does may be logged above
 * debug.
 */
#include "nts/ke_sessions.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/ke_request.h"

/* nts.md 15.3. Seconds that a session may spend in each stage before it gives way: a client sends
   its ClientHello at once, everything else takes up to a round trip. */
static const double patience[] = {
    [KE_SESSION_HELLO] = 0.05,
    [KE_SESSION_HANDSHAKE] = 1.0,
    [KE_SESSION_MESSAGE] = 1.0,
};
#define STAGES (KE_SESSION_ANSWERED + 1)

/* A connection and its session. */
struct slot {
    TAILQ_ENTRY(slot) others;
    struct ke_sessions *sessions;
    struct ke_session *session;
    enum ke_session_stage stage;
    struct mono_time since; /* in this stage */
    uint32_t id;
    struct nts_server_key key;
};

TAILQ_HEAD(slot_queue, slot);

struct ke_sessions {
    struct ke_sessions_env env;
    struct tls_credentials *credentials; /* NULL: every connection is closed */
    struct slot_queue stages[STAGES];    /* the longest in its stage first */
    int active;                          /* not answered yet */
    int answered;
};

struct ke_sessions *ke_sessions_new(const struct ke_sessions_env *env)
{
    struct ke_sessions *sessions = mem_alloc(sizeof(*sessions));

    sessions->env = *env;
    for (int i = 0; i < STAGES; i++)
        TAILQ_INIT(&sessions->stages[i]);
    return sessions;
}

static int *count_of(struct slot *slot)
{
    return slot->stage == KE_SESSION_ANSWERED ? &slot->sessions->answered : &slot->sessions->active;
}

static void enter(struct slot *slot, enum ke_session_stage stage)
{
    slot->stage = stage;
    slot->since = world_mono_now(slot->sessions->env.world);
    TAILQ_INSERT_TAIL(&slot->sessions->stages[stage], slot, others);
    ++*count_of(slot);
}

static void leave(struct slot *slot)
{
    TAILQ_REMOVE(&slot->sessions->stages[slot->stage], slot, others);
    --*count_of(slot);
}

static void slot_free(struct slot *slot)
{
    leave(slot);
    ke_session_free(slot->session);
    secret_wipe(&slot->key.key);
    free(slot);
}

void ke_sessions_free(struct ke_sessions *sessions)
{
    struct slot *slot;

    if (!sessions)
        return;
    for (int i = 0; i < STAGES; i++)
        while ((slot = TAILQ_FIRST(&sessions->stages[i])))
            slot_free(slot);
    tls_credentials_unref(sessions->credentials);
    free(sessions);
}

void ke_sessions_set_credentials(struct ke_sessions *sessions, struct tls_credentials *credentials)
{
    struct tls_credentials *old = sessions->credentials;

    sessions->credentials = credentials ? tls_credentials_ref(credentials) : NULL;
    tls_credentials_unref(old);
}

/* ---- What sessions tell ---- */

static bool on_message(struct ke_session *session, const uint8_t *message, size_t length,
                       struct writer *response, void *arg)
{
    const struct slot *slot = arg;
    const struct ke_sessions_env *env = &slot->sessions->env;
    const struct ke_server_info info = {.ntp_port = env->ntp_port,
                                        .ntp_server = env->conf->ntp_server};
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

static void check_empty(const struct ke_sessions *sessions)
{
    if (ke_sessions_is_empty(sessions) && sessions->env.emptied)
        sessions->env.emptied(sessions->env.arg);
}

/* Ends a session and tells the owner, unless that was done when it answered. */
static void end_slot(struct slot *slot, enum ke_end end)
{
    struct ke_sessions *sessions = slot->sessions;
    bool told = slot->stage == KE_SESSION_ANSWERED;
    uint32_t id = slot->id;

    slot_free(slot);
    if (!told)
        sessions->env.ended(id, end, sessions->env.arg);
    check_empty(sessions);
}

static void on_ended(struct ke_session *session, void *arg)
{
    end_slot(arg, ke_session_end(session));
}

/* The session has answered. While it waits for the client to close it takes no other client's
   place. */
static void on_reached(struct ke_session *session, enum ke_session_stage stage, void *arg)
{
    struct slot *slot = arg;
    struct ke_sessions *sessions = slot->sessions;

    leave(slot);
    enter(slot, stage);
    if (stage != KE_SESSION_ANSWERED)
        return;
    secret_wipe(&slot->key.key);
    if (sessions->answered > sessions->env.conf->max_connections)
        end_slot(TAILQ_FIRST(&sessions->stages[KE_SESSION_ANSWERED]), KE_END_COMPLETE);
    sessions->env.ended(slot->id, KE_END_COMPLETE, sessions->env.arg);
}

/* ---- Connections ---- */

/* Ends the session that has used up most of the time of its stage. */
static void make_room(struct ke_sessions *sessions)
{
    struct mono_time now = world_mono_now(sessions->env.world);
    struct slot *worst = NULL;
    double most = -1.0;

    for (int i = 0; i < KE_SESSION_ANSWERED; i++) {
        struct slot *slot = TAILQ_FIRST(&sessions->stages[i]);
        double used = slot ? mono_diff(now, slot->since) / patience[i] : -1.0;

        if (used > most) {
            most = used;
            worst = slot;
        }
    }
    assert(worst);
    LOG_DEBUG("NTS-KE session %u gives way", (unsigned int)worst->id);
    end_slot(worst, KE_END_GAVE_WAY);
}

bool ke_sessions_start(struct ke_sessions *sessions, uint32_t id, int fd,
                       const struct ip_port *peer, const struct nts_server_key *key)
{
    const struct ke_sessions_env *env = &sessions->env;
    char label[ADDR_TEXT_SIZE];

    if (!sessions->credentials) {
        env->world->ops->socket_close(env->world->ctx, fd);
        return false;
    }
    if (sessions->active >= env->conf->max_connections)
        make_room(sessions);
    struct slot *slot = mem_alloc(sizeof(*slot));
    ip_port_format(peer, label, sizeof(label));
    const struct ke_session_spec spec = {
        .world = env->world,
        .loop = env->loop,
        .fd = fd,
        .server = true,
        .credentials = sessions->credentials,
        .label = label,
        .message = on_message,
        .reached = on_reached,
        .ended = on_ended,
        .arg = slot,
    };
    *slot = (struct slot){.sessions = sessions, .id = id, .key = *key};
    slot->session = ke_session_new(&spec);
    if (!slot->session) {
        secret_wipe(&slot->key.key);
        free(slot);
        return false;
    }
    enter(slot, KE_SESSION_HELLO);
    return true;
}

int ke_sessions_active(const struct ke_sessions *sessions)
{
    return sessions->active;
}

bool ke_sessions_is_empty(const struct ke_sessions *sessions)
{
    return sessions->active + sessions->answered == 0;
}
