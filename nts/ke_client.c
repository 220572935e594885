/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's part of an NTS-KE session but for the exchange: trusted certificates, socket, and
 * the resolution of a negotiated name (nts.md 5.7, 6.2, 8.3). Owned by the NTS client of a source;
 * keys are in here only until they are taken.
 */
#include "nts/ke_client.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/ke_client_link.h"
#include "nts/ke_exchange.h"
#include "nts/ke_session.h"

/* A resolution cannot be cancelled, so it outlives a client that is freed before its end. */
struct resolution {
    struct ke_client *client; /* NULL: it was freed */
};

struct ke_client {
    struct ke_client_env *env;
    struct ip_port addr;
    char *name;
    struct ke_trust *trust;          /* of a session in this process */
    struct ke_exchange *exchange;    /* in this process, or ... */
    struct ke_link_session *session; /* ... in the other one */
    struct resolution *resolution;
    char resolver_name[KE_SERVER_NAME_SIZE + 1];
    bool checks_dates;
    bool succeeded;
    bool ended;
    bool start_failed;
    int retry_factor; /* after the end */
    struct ke_result result;
    struct ke_failure failure;
};

/* ---- Trusted certificates (nts.md 6.2) ---- */

static struct ke_trust *trust_get(struct ke_client_env *env, uint32_t cert_set,
                                  struct ke_failure *failure)
{
    char error[TLS_ERROR_SIZE];

    if (cert_set == 0 && env->set0)
        return ke_trust_ref(env->set0);
    struct ke_trust *trust = ke_trust_load(env->world, env->conf, cert_set, error, sizeof(error));
    if (!trust) {
        LOG_ERROR("%s", error);
        ke_failure_set(failure, FINDING_NTS_TRUST_UNREADABLE, "%s", ke_trust_reason(error));
        return NULL;
    }
    ke_trust_warn(&env->warnings, cert_set, trust->lacking);
    if (cert_set == 0)
        env->set0 = trust;
    return trust;
}

/* Sessions share a set as long as one of them has it. */
static void trust_put(struct ke_client_env *env, struct ke_trust *trust)
{
    if (trust && trust == env->set0 && trust->references == 1)
        env->set0 = NULL;
    ke_trust_unref(trust);
}

/* ---- Failures ---- */

/* An empty text becomes the address. */
static void fail(struct ke_client *c, enum finding_code code, const char *text)
{
    char address[ADDR_TEXT_SIZE];

    if (c->failure.code != 0)
        return;
    c->failure.when = loop_uptime(c->env->loop);
    ke_failure_set(&c->failure, code, "%s",
                   text[0] != '\0' ? text : ip_port_format(&c->addr, address, sizeof(address)));
}

/* ---- Negotiated server ---- */

static void take_resolved(struct ke_client *c, enum resolve_status status,
                          const struct ip_addr *addrs, int count)
{
    if (status != RESOLVE_SUCCESS || count <= 0) {
        LOG_ERROR("Could not resolve NTP server %s from %s", c->resolver_name, c->name);
        c->resolver_name[strlen(c->resolver_name) - 1] = '\0'; /* the dot */
        fail(c, FINDING_NTS_NAME_UNRESOLVED, c->resolver_name);
        return;
    }
    c->result.ntp_addr = addrs[0];
    for (int i = 0; i < count; i++) {
        if (addrs[i].family == c->addr.addr.family) {
            c->result.ntp_addr = addrs[i];
            break;
        }
    }
    c->succeeded = true;
}

static void on_resolved(enum resolve_status status, const struct ip_addr *addrs, int count,
                        void *arg)
{
    struct resolution *resolution = arg;
    struct ke_client *c = resolution->client;

    if (c) {
        c->resolution = NULL;
        take_resolved(c, status, addrs, count);
    }
    free(resolution);
}

static void set_ntp_server(struct ke_client *c, const char *server)
{
    const struct world *world = c->env->world;

    c->succeeded = server[0] == '\0' || ip_addr_parse(server, &c->result.ntp_addr);
    if (c->succeeded)
        return;
    c->result.ntp_addr.family = IP_UNSPEC;
    ke_response_resolver_name(server, c->resolver_name);
    c->resolution = mem_alloc(sizeof(*c->resolution));
    c->resolution->client = c;
    if (!world->ops->resolve(world->ctx, c->resolver_name, IP_UNSPEC, true, on_resolved,
                             c->resolution)) {
        free(c->resolution);
        c->resolution = NULL;
        take_resolved(c, RESOLVE_FAILURE, NULL, 0);
    }
}

/* ---- Events of the exchange ---- */

static void on_answered(const struct ke_answer *answer, void *arg)
{
    struct ke_client *c = arg;

    c->result.context = answer->context;
    c->result.alt_context = answer->alt_context;
    c->result.valid_until = answer->valid_until;
    c->result.dates_checked = c->checks_dates;
    memcpy(c->result.cookies, answer->cookies, sizeof(c->result.cookies));
    c->result.cookie_count = answer->cookie_count;
    c->result.ntp_port = answer->ntp_port;
    set_ntp_server(c, answer->ntp_server);
}

static void on_ended(const struct ke_ending *ending, void *arg)
{
    struct ke_client *c = arg;

    c->ended = true;
    c->start_failed = ending->failed_start;
    c->retry_factor = ending->retry_factor;
    if (ending->failure.code != 0) {
        c->succeeded = false;
        c->failure.number = ending->failure.number;
        c->failure.valid_from = ending->failure.valid_from;
        c->failure.valid_until = ending->failure.valid_until;
        fail(c, (enum finding_code)ending->failure.code, ending->failure.text);
    }
    trust_put(c->env, c->trust);
    c->trust = NULL;
}

/* ---- Start ---- */

static int open_socket(const struct ke_client_env *env, const struct ip_port *addr)
{
    const struct ip_addr *bound = addr->addr.family == IP_V6 ? &env->bind->v6 : &env->bind->v4;
    const struct ip_port local = {.addr = *bound, .port = 0};
    const struct world_socket spec = {
        .type = WORLD_TCP,
        .family = addr->addr.family,
        .local = ip_addr_is_real(bound) && !ip_addr_is_any(bound) ? &local : NULL,
        .remote = addr,
        .device = env->bind->device,
    };

    return env->world->ops->socket_open(env->world->ctx, &spec);
}

static bool start_here(struct ke_client *c, int fd)
{
    struct ke_client_env *env = c->env;
    const struct ke_exchange_spec spec = {
        .world = env->world,
        .loop = env->loop,
        .fd = fd,
        .trust = c->trust,
        .aeads = &env->aeads,
        .server = &c->addr,
        .name = c->name,
        .now = c->checks_dates ? env->now : NULL,
        .now_arg = env->arg,
        .events = {.answered = on_answered, .ended = on_ended, .arg = c},
    };
    struct ke_failure reason = {.code = 0};

    c->exchange = ke_exchange_new(&spec, &reason);
    if (!c->exchange)
        fail(c, (enum finding_code)reason.code, reason.text);
    return c->exchange != NULL;
}

static bool start_there(struct ke_client *c, uint32_t cert_set, int fd)
{
    struct ke_client_env *env = c->env;
    const struct ke_link_request request = {
        .fd = fd,
        .server = c->addr,
        .cert_set = cert_set,
        .checks_dates = c->checks_dates,
        .now = env->now(env->arg),
        .name = c->name,
        .events = {.answered = on_answered, .ended = on_ended, .arg = c},
    };

    c->session = ke_client_link_start(env->link, &request);
    if (!c->session)
        fail(c, FINDING_NTS_NOT_CONNECTED, "too many key establishments at a time");
    return c->session != NULL;
}

static bool start_session(struct ke_client *c, uint32_t cert_set)
{
    struct ke_client_env *env = c->env;
    struct ke_failure reason = {.code = 0};
    char label[KE_LABEL_SIZE];

    c->checks_dates = env->clock_updates(env->arg) >= env->conf->no_cert_time_check;
    int fd = open_socket(env, &c->addr);
    if (fd < 0) {
        ke_failure_of_socket(&reason, errno);
        fail(c, reason.code, reason.text);
        LOG_ERROR("Could not connect to %s",
                  ke_exchange_label(&c->addr, c->name, label, sizeof(label)));
        return false;
    }
    return env->link ? start_there(c, cert_set, fd) : start_here(c, fd);
}

struct ke_client *ke_client_start(struct ke_client_env *env, const struct ip_port *addr,
                                  const char *name, uint32_t cert_set, struct ke_failure *failure)
{
    *failure = (struct ke_failure){.when = loop_uptime(env->loop)};
    if (!aead_supported(AEAD_AES_SIV_CMAC_256)) {
        LOG_ERROR("Missing AES-SIV-CMAC-256");
        ke_failure_set(failure, FINDING_NTS_MISSING, "%s", "");
        return NULL;
    }
    struct ke_client *c = mem_alloc(sizeof(*c));
    c->env = env;
    c->addr = *addr;
    c->name = text_dup(name);
    if (!env->link)
        c->trust = trust_get(env, cert_set, failure);
    if ((!env->link && !c->trust) || !start_session(c, cert_set)) {
        if (c->failure.code != 0)
            *failure = c->failure;
        ke_client_free(c);
        return NULL;
    }
    return c;
}

void ke_client_free(struct ke_client *client)
{
    if (!client)
        return;
    if (client->resolution)
        client->resolution->client = NULL;
    ke_exchange_free(client->exchange);
    ke_link_session_free(client->session);
    trust_put(client->env, client->trust);
    nts_context_wipe(&client->result.context);
    nts_context_wipe(&client->result.alt_context);
    free(client->name);
    free(client);
}

bool ke_client_is_active(const struct ke_client *client)
{
    return !client->ended || client->resolution;
}

bool ke_client_start_failed(const struct ke_client *client)
{
    return client->ended && client->start_failed;
}

bool ke_client_take_result(struct ke_client *client, struct ke_result *result)
{
    bool ok = client->succeeded && !ke_client_is_active(client);

    if (ok)
        *result = client->result;
    nts_context_wipe(&client->result.context);
    nts_context_wipe(&client->result.alt_context);
    client->succeeded = false;
    return ok;
}

const struct ke_failure *ke_client_failure(const struct ke_client *client)
{
    return &client->failure;
}

int ke_client_retry_factor(const struct ke_client *client)
{
    if (client->ended)
        return client->retry_factor;
    return client->exchange ? ke_exchange_retry_factor(client->exchange) : KE_RETRY_CONNECT;
}
