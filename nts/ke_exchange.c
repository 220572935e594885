/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exchange with an NTS-KE server; see ke_exchange.h. Keys are in here for the time of one
 * callback.
 */
#include "nts/ke_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "nts/ke_record.h"
#include "nts/ke_request.h"
#include "nts/ke_session.h"

#define MAX_REQUEST 64

struct ke_exchange {
    struct nts_aeads aeads;
    char *name;
    struct ke_session *session;
    struct ke_trust *trust; /* until the end */
    struct ke_failure failure;
    struct ke_exchange_events events;
};

const char *ke_exchange_label(const struct ip_port *server, const char *name, char *buf,
                              size_t size)
{
    char address[ADDR_TEXT_SIZE];

    snprintf(buf, size, "%s (%s)", ip_port_format(server, address, sizeof(address)), name);
    return buf;
}

void ke_answer_wipe(struct ke_answer *answer)
{
    crypto_wipe(answer, sizeof(*answer));
}

/* ---- Failures ---- */

static void fail_by_response(struct ke_exchange *e, const struct ke_response *response)
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

    e->failure.number = number;
    if (response->problem == KE_RESPONSE_ERROR)
        text = number >= 0 && number < (int)COUNT(errors) ? errors[number] : "an unknown error";
    else if (response->problem == KE_RESPONSE_MALFORMED)
        text = "a record is not as it has to be";
    ke_failure_set(&e->failure, codes[response->problem], "%s", text);
}

/* Without any trusted certificate it is not the server's that is at fault. */
static void blame_missing_trust(struct ke_exchange *e)
{
    if ((e->failure.code == FINDING_NTS_CERTIFICATE_UNTRUSTED ||
         e->failure.code == FINDING_NTS_CERTIFICATE_SELF_SIGNED) &&
        e->trust->nothing[0] != '\0') {
        e->failure.code = 0;
        ke_failure_set(&e->failure, FINDING_NTS_NO_TRUST, "%s", e->trust->nothing);
    }
}

static void fail_by_session(struct ke_exchange *e)
{
    const struct ke_failure *reason = ke_session_failure(e->session);

    if (e->failure.code != 0 || ke_session_end(e->session) == KE_END_COMPLETE)
        return;
    e->failure.number = reason->number;
    e->failure.valid_from = reason->valid_from;
    e->failure.valid_until = reason->valid_until;
    if (reason->code != 0)
        ke_failure_set(&e->failure, reason->code, "%s", reason->text);
    else
        ke_failure_set(&e->failure, FINDING_NTS_NO_RESPONSE, "the session ended");
    blame_missing_trust(e);
}

/* ---- Response ---- */

/* Without record 1024 in the response the other form of the keys is kept for a second try (nts.md
   5.6). */
static bool export_keys(struct ke_exchange *e, const struct ke_response *response,
                        struct ke_answer *answer)
{
    const int aead = response->aead;
    const bool two_forms = aead == AEAD_AES_128_GCM_SIV;

    if (!ke_session_export(e->session, aead, !two_forms || response->compliant, &answer->context))
        return false;
    return !two_forms || response->compliant ||
           ke_session_export(e->session, aead, true, &answer->alt_context);
}

static void give_answer(struct ke_exchange *e, const struct ke_response *response,
                        struct ke_answer *answer)
{
    answer->valid_until = ke_session_peer_valid_until(e->session);
    memcpy(answer->cookies, response->cookies, sizeof(answer->cookies));
    answer->cookie_count = response->cookie_count;
    answer->ntp_port = response->ntp_port;
    text_copy(answer->ntp_server, sizeof(answer->ntp_server), response->ntp_server);
    e->events.answered(answer, e->events.arg);
}

static bool on_message(struct ke_session *session, const uint8_t *message, size_t length,
                       struct writer *unused, void *arg)
{
    struct ke_exchange *e = arg;
    struct ke_response *response = mem_alloc(sizeof(*response));
    struct ke_answer *answer = mem_alloc(sizeof(*answer));

    bool ok = ke_response_process(message, length, &e->aeads, response);
    if (!ok) {
        LOG_ERROR("Received invalid NTS-KE response from %s", e->name);
        fail_by_response(e, response);
    } else {
        ok = export_keys(e, response, answer);
        if (!ok)
            ke_failure_set(&e->failure, FINDING_NTS_INVALID_RESPONSE,
                           "no keys can be made for its algorithm");
    }
    if (ok)
        give_answer(e, response, answer);
    ke_answer_wipe(answer);
    free(answer);
    free(response);
    return ok;
}

static void on_ended(struct ke_session *session, void *arg)
{
    struct ke_exchange *e = arg;

    fail_by_session(e);
    ke_trust_unref(e->trust);
    e->trust = NULL;
    const struct ke_ending ending = {.retry_factor = ke_session_retry_factor(session),
                                     .failure = e->failure};
    e->events.ended(&ending, e->events.arg);
}

/* ---- Life ---- */

struct ke_exchange *ke_exchange_new(const struct ke_exchange_spec *spec, struct ke_failure *failure)
{
    struct ke_exchange *e = mem_alloc(sizeof(*e));
    uint8_t request[MAX_REQUEST];
    struct writer w = writer_make(request, sizeof(request));
    char label[KE_LABEL_SIZE];
    struct ke_session_spec session = {
        .world = spec->world,
        .loop = spec->loop,
        .fd = spec->fd,
        .credentials = spec->trust->credentials,
        .label = ke_exchange_label(spec->server, spec->name, label, sizeof(label)),
        .name = spec->name,
        .now = spec->now,
        .now_arg = spec->now_arg,
        .request = request,
        .message = on_message,
        .ended = on_ended,
        .arg = e,
    };

    e->aeads = *spec->aeads;
    e->name = text_dup(spec->name);
    e->trust = ke_trust_ref(spec->trust);
    e->events = spec->events;
    if (ke_request_build(&e->aeads, &w)) {
        session.request_length = w.pos;
        e->session = ke_session_new(&session);
    } else {
        spec->world->ops->socket_close(spec->world->ctx, spec->fd);
    }
    if (!e->session) {
        ke_failure_set(failure, FINDING_NTS_HANDSHAKE_FAILED, "no TLS session could be made");
        ke_exchange_free(e);
        return NULL;
    }
    return e;
}

void ke_exchange_free(struct ke_exchange *exchange)
{
    if (!exchange)
        return;
    ke_session_free(exchange->session);
    ke_trust_unref(exchange->trust);
    free(exchange->name);
    free(exchange);
}

int ke_exchange_retry_factor(const struct ke_exchange *exchange)
{
    return ke_session_retry_factor(exchange->session);
}
