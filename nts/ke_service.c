/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's NTS-KE sessions of one process; see ke_service.h. The cookie key of a connection is
 * wiped when its session ends. Nothing here may log above debug about what a client does.
 */
#include "nts/ke_service.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/ke_request.h"

/* nts.md 15.3: room is left for other uses of descriptors. */
#define MAX_DESCRIPTOR 512

struct slot {
    struct ke_service *service;
    struct ke_session *session; /* NULL: free */
    uint32_t id;
    struct nts_server_key key;
};

struct ke_service {
    struct ke_service_env env;
    struct tls_credentials *credentials; /* NULL: every connection is closed */
    struct slot *slots;
    int slot_count;
    int active;
};

struct ke_service *ke_service_new(const struct ke_service_env *env)
{
    struct ke_service *service = mem_alloc(sizeof(*service));

    service->env = *env;
    service->slot_count = env->conf->max_nts_connections;
    service->slots = mem_array((size_t)service->slot_count, sizeof(*service->slots));
    return service;
}

static void slot_clear(struct slot *slot)
{
    if (slot->session == NULL)
        return;
    ke_session_free(slot->session);
    slot->session = NULL;
    secret_wipe(&slot->key.key);
    slot->service->active--;
}

void ke_service_free(struct ke_service *service)
{
    if (service == NULL)
        return;
    for (int i = 0; i < service->slot_count; i++)
        slot_clear(&service->slots[i]);
    tls_credentials_unref(service->credentials);
    free(service->slots);
    free(service);
}

void ke_service_set_credentials(struct ke_service *service, struct tls_credentials *credentials)
{
    struct tls_credentials *old = service->credentials;

    service->credentials = credentials != NULL ? tls_credentials_ref(credentials) : NULL;
    tls_credentials_unref(old);
}

static bool on_message(struct ke_session *session, const uint8_t *message, size_t length,
                       struct writer *response, void *arg)
{
    const struct slot *slot = arg;
    const struct ke_service_env *env = &slot->service->env;
    const struct ke_server_info info = {.ntp_port = (uint16_t)env->conf->port,
                                        .ntp_server = env->conf->nts_ntp_server};
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

static void on_ended(struct ke_session *session, void *arg)
{
    struct slot *slot = arg;
    const struct ke_service_env *env = &slot->service->env;
    enum ke_session_outcome outcome = ke_session_outcome(session);
    uint32_t id = slot->id;

    slot_clear(slot);
    env->ended(id, outcome, env->arg);
}

static struct slot *free_slot(struct ke_service *service)
{
    for (int i = 0; i < service->slot_count; i++)
        if (service->slots[i].session == NULL)
            return &service->slots[i];
    return NULL;
}

bool ke_service_start(struct ke_service *service, uint32_t id, int fd, const struct ip_port *peer,
                      const struct nts_server_key *key)
{
    const struct ke_service_env *env = &service->env;
    struct slot *slot = free_slot(service);
    char label[ADDR_TEXT_SIZE];
    const char *reason = fd >= MAX_DESCRIPTOR ? "too many descriptors"
                         : slot == NULL       ? "too many connections"
                                              : NULL;

    ip_port_format(peer, label, sizeof(label));
    if (reason != NULL || service->credentials == NULL) {
        if (reason != NULL)
            LOG_DEBUG("Rejected connection from %s (%s)", label, reason);
        env->world->ops->socket_close(env->world->ctx, fd);
        return false;
    }
    const struct ke_session_spec spec = {
        .world = env->world,
        .loop = env->loop,
        .fd = fd,
        .server = true,
        .credentials = service->credentials,
        .label = label,
        .message = on_message,
        .ended = on_ended,
        .arg = slot,
    };
    *slot = (struct slot){.service = service, .id = id, .key = *key};
    slot->session = ke_session_new(&spec);
    if (slot->session == NULL) {
        secret_wipe(&slot->key.key);
        return false;
    }
    service->active++;
    return true;
}

int ke_service_active(const struct ke_service *service)
{
    return service->active;
}
