/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's part of an NTS-KE session: credentials, socket, request, the judgement of the
 * response, and the resolution of a negotiated name (nts.md 5.7, 6.2, 8.3). Owned by the NTS client
 * of a source; keys are in here only until they are taken.
 */
#include "nts/ke_client.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "nts/ke_record.h"
#include "nts/ke_request.h"
#include "nts/ke_response.h"
#include "nts/ke_session.h"
#include "nts/tls_credentials.h"

#define MAX_REQUEST 64

/* A resolution cannot be cancelled, so it outlives a client that is freed before its end. */
struct resolution {
    struct ke_client *client; /* NULL: it was freed */
};

struct ke_client {
    struct ke_client_env *env;
    struct ip_port addr;
    char *name;
    struct ke_session *session;
    struct tls_credentials *credentials;
    bool shares_set0;
    struct resolution *resolution;
    char resolver_name[KE_SERVER_NAME_SIZE + 1];
    bool checks_dates;
    bool succeeded;
    struct ke_result result;
    struct ke_failure failure;
};

/* ---- Credentials (nts.md 6.2) ---- */

/* Warns once for each set without trusted certificates, until it has one. */
static void check_trust(struct ke_client_env *env, uint32_t cert_set,
                        const struct tls_credentials *credentials)
{
    char text[2 * TLS_ERROR_SIZE];
    size_t i = 0;

    while (i < env->untrusting_count && env->untrusting[i] != cert_set)
        i++;
    if (!tls_credentials_lack_trust(credentials, env->world, cert_set, text, sizeof(text))) {
        if (i < env->untrusting_count)
            env->untrusting[i] = env->untrusting[--env->untrusting_count];
    } else if (i == env->untrusting_count && i < KE_CLIENT_MAX_UNTRUSTING) {
        LOG_WARN("%s", text);
        env->untrusting[env->untrusting_count++] = cert_set;
    }
}

static struct tls_credentials *credentials_get(struct ke_client_env *env, uint32_t cert_set,
                                               bool *shares_set0, struct ke_failure *failure)
{
    char error[TLS_ERROR_SIZE];

    *shares_set0 = false;
    if (cert_set == 0 && env->set0) {
        env->set0_users++;
        *shares_set0 = true;
        return tls_credentials_ref(env->set0);
    }
    struct tls_credentials *credentials =
        tls_credentials_new_client(env->world, env->conf, cert_set, error, sizeof(error));
    if (credentials)
        check_trust(env, cert_set, credentials);
    if (!credentials) {
        LOG_ERROR("%s", error);
        const char *reason = strstr(error, " : ");

        ke_failure_set(failure, FINDING_NTS_TRUST_UNREADABLE, "%s", reason ? reason + 3 : error);
    } else if (cert_set == 0) {
        env->set0 = credentials;
        env->set0_users = 1;
        *shares_set0 = true;
    }
    return credentials;
}

static void credentials_put(struct ke_client_env *env, struct tls_credentials *credentials,
                            bool shares_set0)
{
    if (!credentials)
        return;
    if (shares_set0 && --env->set0_users == 0)
        env->set0 = NULL;
    tls_credentials_unref(credentials);
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

static void fail_by_response(struct ke_client *c, const struct ke_response *response)
{
    static const enum finding_code codes[] = {
        [KE_RESPONSE_MALFORMED] = FINDING_NTS_INVALID_RESPONSE,
        [KE_RESPONSE_ERROR] = FINDING_NTS_ERROR_RECORD,
        [KE_RESPONSE_WARNING] = FINDING_NTS_WARNING_RECORD,
        [KE_RESPONSE_NO_PROTOCOL] = FINDING_NTS_NO_PROTOCOL,
        [KE_RESPONSE_NO_AEAD] = FINDING_NTS_NO_ALGORITHM,
        [KE_RESPONSE_NO_COOKIES] = FINDING_NTS_NO_COOKIES,
    };
    static const char *const errors[] = {
        [KE_ERROR_UNKNOWN_CRITICAL] = "it does not understand a part of the request",
        [KE_ERROR_BAD_REQUEST] = "it takes the request for malformed",
        [KE_ERROR_INTERNAL] = "it has a problem of its own",
    };
    const int number = response->number;
    const char *text = "";

    c->failure.number = number;
    if (response->problem == KE_RESPONSE_ERROR)
        text = number >= 0 && number < (int)COUNT(errors) ? errors[number] : "an unknown error";
    else if (response->problem == KE_RESPONSE_MALFORMED)
        text = "a record is not as it has to be";
    fail(c, codes[response->problem], text);
}

/* Without any trusted certificate it is not the server's that is at fault. */
static void blame_missing_trust(struct ke_client *c)
{
    char text[2 * TLS_ERROR_SIZE];

    if ((c->failure.code == FINDING_NTS_CERTIFICATE_UNTRUSTED ||
         c->failure.code == FINDING_NTS_CERTIFICATE_SELF_SIGNED) &&
        tls_credentials_trust_nothing(c->credentials, c->env->world, text, sizeof(text))) {
        c->failure.code = 0;
        ke_failure_set(&c->failure, FINDING_NTS_NO_TRUST, "%s", text);
    }
}

static void fail_by_session(struct ke_client *c)
{
    const struct ke_failure *reason = ke_session_failure(c->session);

    if (c->failure.code != 0 || ke_session_end(c->session) == KE_END_COMPLETE)
        return;
    c->failure.number = reason->number;
    c->failure.valid_from = reason->valid_from;
    c->failure.valid_until = reason->valid_until;
    if (reason->code != 0)
        fail(c, reason->code, reason->text);
    else
        fail(c, FINDING_NTS_NO_RESPONSE, "the session ended");
    blame_missing_trust(c);
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

/* ---- Response ---- */

/* Without record 1024 in the response the other form of the keys is kept for a second try (nts.md
   5.6). */
static bool export_keys(struct ke_client *c, const struct ke_response *response)
{
    const int aead = response->aead;
    const bool two_forms = aead == AEAD_AES_128_GCM_SIV;

    if (!ke_session_export(c->session, aead, !two_forms || response->compliant, &c->result.context))
        return false;
    return !two_forms || response->compliant ||
           ke_session_export(c->session, aead, true, &c->result.alt_context);
}

static bool on_message(struct ke_session *session, const uint8_t *message, size_t length,
                       struct writer *unused, void *arg)
{
    struct ke_client *c = arg;
    struct ke_response *response = mem_alloc(sizeof(*response));

    bool ok = ke_response_process(message, length, &c->env->aeads, response);
    if (!ok) {
        LOG_ERROR("Received invalid NTS-KE response from %s", c->name);
        fail_by_response(c, response);
    } else {
        ok = export_keys(c, response);
        if (!ok)
            fail(c, FINDING_NTS_INVALID_RESPONSE, "no keys can be made for its algorithm");
    }
    if (ok) {
        c->result.valid_until = ke_session_peer_valid_until(c->session);
        c->result.dates_checked = c->checks_dates;
        memcpy(c->result.cookies, response->cookies, sizeof(c->result.cookies));
        c->result.cookie_count = response->cookie_count;
        c->result.ntp_port = response->ntp_port;
        set_ntp_server(c, response->ntp_server);
    }
    free(response);
    return ok;
}

static void on_ended(struct ke_session *session, void *arg)
{
    struct ke_client *c = arg;

    fail_by_session(c);
    credentials_put(c->env, c->credentials, c->shares_set0);
    c->credentials = NULL;
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

static bool start_session(struct ke_client *c)
{
    struct ke_client_env *env = c->env;
    uint8_t request[MAX_REQUEST];
    struct writer w = writer_make(request, sizeof(request));
    char address[ADDR_TEXT_SIZE], label[ADDR_TEXT_SIZE + 300];
    struct ke_failure reason = {.code = 0};
    struct ke_session_spec spec = {
        .world = env->world,
        .loop = env->loop,
        .credentials = c->credentials,
        .label = label,
        .name = c->name,
        .now_arg = env->arg,
        .request = request,
        .message = on_message,
        .ended = on_ended,
        .arg = c,
    };

    c->checks_dates = env->clock_updates(env->arg) >= env->conf->no_cert_time_check;
    spec.now = c->checks_dates ? env->now : NULL;
    snprintf(label, sizeof(label), "%s (%s)", ip_port_format(&c->addr, address, sizeof(address)),
             c->name);
    if (!ke_request_build(&env->aeads, &w))
        return false;
    spec.request_length = w.pos;
    spec.fd = open_socket(env, &c->addr);
    if (spec.fd < 0) {
        ke_failure_of_socket(&reason, errno);
        fail(c, reason.code, reason.text);
        LOG_ERROR("Could not connect to %s", label);
        return false;
    }
    c->session = ke_session_new(&spec);
    if (!c->session)
        fail(c, FINDING_NTS_HANDSHAKE_FAILED, "no TLS session could be made");
    return c->session != NULL;
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
    c->credentials = credentials_get(env, cert_set, &c->shares_set0, failure);
    if (!c->credentials || !start_session(c)) {
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
    ke_session_free(client->session);
    credentials_put(client->env, client->credentials, client->shares_set0);
    nts_context_wipe(&client->result.context);
    nts_context_wipe(&client->result.alt_context);
    free(client->name);
    free(client);
}

bool ke_client_is_active(const struct ke_client *client)
{
    return ke_session_end(client->session) == KE_END_NONE || client->resolution;
}

bool ke_client_take_result(struct ke_client *client, struct ke_result *result)
{
    bool ok = client->succeeded && !ke_client_is_active(client) &&
              ke_session_end(client->session) == KE_END_COMPLETE;

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
    return ke_session_retry_factor(client->session);
}
