/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the NTS client of a source says to explain (cmdmon.md 13.18): why there are no keys, or what
 * becomes of requests with them. It reads the state of client_auth.c and changes nothing.
 */
#include "nts/client_state.h"

#include <math.h>
#include "base/instant.h"
#include "base/number.h"
#include "base/text.h"

#define UNANSWERED_MIN 3 /* requests without an answer that are worth a word */
#define UNANSWERED_MAX 8 /* ... after which the last answer says nothing of now */
#define WEEK           (7.0 * 86400.0)

static double uptime(const struct ntp_nts_client *client)
{
    return loop_uptime(client->owner->env.loop);
}

/* Seconds from now, of a time of day. */
static double from_now(const struct ntp_nts_client *client, int64_t time)
{
    const struct ke_client_env *env = &client->owner->env;

    return (double)(time - env->now(env->arg));
}

/* Days since 1970, in which dates are told. */
static double day_of(int64_t time)
{
    return floor((double)time / 86400.0);
}

static uint32_t age(const struct ntp_nts_client *client, double when)
{
    return (uint32_t)clamp(0.0, uptime(client) - when, UINT32_MAX - 1.0);
}

static bool is_active(const struct ntp_nts_client *client)
{
    return client->session && ke_client_is_active(client->session);
}

/* Seconds until the next attempt at the earliest. A session that has ended is taken note of by the
   next poll, from which on its interval counts. */
static double next_attempt(const struct ntp_nts_client *client)
{
    if (client->session && !is_active(client))
        return nts_client_retry_delay(client);
    return fmax(client->next_attempt - uptime(client), 0.0);
}

/* A server that does not know the keys which were established just now will not know the next ones
   either. */
static bool has_foreign_keys(const struct nts_client_facts *facts)
{
    return facts->naks > 1 || (facts->naks > 0 && facts->established && !facts->has_answer);
}

/* Whether a NAK still matters: one that new keys were established after is over. */
static bool has_nak(const struct ntp_nts_client *client)
{
    const struct nts_client_facts *facts = &client->facts;

    return facts->naks > 0 && (has_foreign_keys(facts) || client->last_success <= facts->last_nak);
}

/* ---- Key establishment ---- */

/* Whether the clock or the certificate is wrong: a clock that sources have corrected is taken for
   right, and one that is before the birth of this program is wrong. */
static enum finding_code judge_dates(const struct ntp_nts_client *client,
                                     const struct ke_failure *failure)
{
    const struct ke_client_env *env = &client->owner->env;

    if (from_now(client, failure->valid_from) <= 0.0 &&
        from_now(client, failure->valid_until) >= 0.0)
        return FINDING_NTS_CLOCK_CORRECTED;
    if (env->clock_updates(env->arg) > 0)
        return failure->code;
    if (from_now(client, build_time()) > 0.0)
        return FINDING_NTS_CLOCK_WRONG;
    return FINDING_NTS_CERTIFICATE_OR_CLOCK;
}

static void set_dates(const struct ntp_nts_client *client, const struct ke_failure *failure,
                      struct report_finding *f)
{
    double from = from_now(client, failure->valid_from);
    double until = from_now(client, failure->valid_until);

    f->value[0] = from > 0.0 ? from : fmax(-until, 0.0); /* how far outside */
    f->value[2] = day_of(failure->valid_from);
    f->value[3] = day_of(f->code == FINDING_NTS_CLOCK_WRONG ? build_time() : failure->valid_until);
}

static void explain_failure(const struct ntp_nts_client *client, const struct ke_failure *failure,
                            struct findings *findings)
{
    enum finding_code code = failure->code;
    bool of_dates =
        code == FINDING_NTS_CERTIFICATE_EXPIRED || code == FINDING_NTS_CERTIFICATE_NOT_YET_VALID;
    struct report_finding *f =
        findings_add(findings, of_dates ? judge_dates(client, failure) : code);

    f->ago = age(client, failure->when);
    f->value[0] = client->attempts;
    f->value[1] = next_attempt(client);
    f->value[2] = failure->number;
    if (of_dates)
        set_dates(client, failure, f);
    finding_set_text(f, failure->text);
}

static void explain_active(const struct ntp_nts_client *client, struct findings *findings)
{
    struct report_finding *f = findings_add(findings, FINDING_NTS_ESTABLISHING);

    f->ago = age(client, client->facts.session_start);
    f->value[0] = client->attempts;
    ip_port_format(&client->nts_addr, f->text, sizeof(f->text));
}

/* While there is no cookie, nothing can be sent. */
static void explain_establishment(const struct ntp_nts_client *client, struct findings *findings)
{
    bool has_ended = client->session && !is_active(client);
    const struct ke_failure *failure =
        has_ended ? ke_client_failure(client->session) : &client->facts.failure;

    if (failure->code != 0)
        explain_failure(client, failure, findings);
    if (is_active(client)) {
        explain_active(client, findings);
    } else if (has_ended && failure->code == 0) {
        findings_add(findings, FINDING_NTS_READY)->ago = age(client, client->facts.session_start);
    } else if (failure->code == 0 && client->context.aead == 0) {
        findings_add(findings, FINDING_NTS_NOT_ASKED);
    } else if (failure->code == 0 && !has_nak(client)) {
        struct report_finding *f = findings_add(findings, FINDING_NTS_COOKIES_SPENT);

        f->value[0] = client->facts.unanswered;
        f->value[1] = next_attempt(client);
    }
}

/* ---- Responses ---- */

static void explain_naks(const struct ntp_nts_client *client, struct findings *findings)
{
    const struct nts_client_facts *facts = &client->facts;

    if (!has_nak(client))
        return;
    struct report_finding *f = findings_add(
        findings, has_foreign_keys(facts) ? FINDING_NTS_FOREIGN_KEYS : FINDING_NTS_NAK);
    f->ago = age(client, facts->last_nak);
    f->value[0] = facts->naks;
    f->value[1] = next_attempt(client);
}

static enum finding_code refusal_code(enum response_reason reason)
{
    switch (reason) {
    case RESPONSE_NTS_UID:
        return FINDING_NTS_WRONG_IDENTIFIER;
    case RESPONSE_NTS_COOKIES:
        return FINDING_NTS_WITHOUT_COOKIES;
    default:
        return FINDING_NTS_WRONG_AUTHENTICATION;
    }
}

static void explain_refused(const struct ntp_nts_client *client, struct findings *findings)
{
    if (client->facts.refused == 0)
        return;
    struct report_finding *f = findings_add(findings, refusal_code(client->facts.refused_reason));
    f->ago = age(client, client->facts.last_refused);
    f->value[0] = client->facts.refused;
}

/* Key establishment works, and then nothing comes back: more than a server that does not answer. */
static void explain_silence(const struct ntp_nts_client *client, struct findings *findings)
{
    const struct nts_client_facts *facts = &client->facts;
    uint32_t unanswered = facts->unanswered - (facts->naks < facts->unanswered ? facts->naks : 0);

    if (client->context.aead == 0 || unanswered < UNANSWERED_MIN || has_nak(client) ||
        facts->refused > 0 || (facts->has_answer && client->last_success <= facts->last_answer))
        return;
    struct report_finding *f = findings_add(findings, FINDING_NTS_NO_ANSWER);
    f->ago = age(client, client->last_success);
    f->value[0] = unanswered;
    f->value[1] = (double)facts->request_length;
    f->value[2] = client->cookie_count;
    ip_port_format(&client->ntp_addr, f->text, sizeof(f->text));
}

/* ---- What is good ---- */

static const char *aead_name(int aead)
{
    return aead == AEAD_AES_128_GCM_SIV ? "AES-128-GCM-SIV" : "AES-SIV-CMAC-256";
}

/* left: seconds until the certificate ends. Without a check of dates it may have ended before it
   was used. */
static enum finding_code certificate_code(const struct ntp_nts_client *client, double left)
{
    if (left >= WEEK)
        return FINDING_NTS_CERTIFICATE;
    if (left >= 0.0)
        return FINDING_NTS_CERTIFICATE_ENDS;
    return client->facts.dates_unchecked && left < client->last_success - uptime(client)
               ? FINDING_NTS_EXPIRED_ACCEPTED
               : FINDING_NTS_CERTIFICATE_ENDED;
}

static void explain_certificate(const struct ntp_nts_client *client, struct findings *findings)
{
    double left = from_now(client, client->facts.valid_until);

    if (client->facts.valid_until == 0)
        return;
    enum finding_code code = certificate_code(client, left);
    findings_add(findings, code)->value[0] =
        code == FINDING_NTS_CERTIFICATE_ENDS ? left : day_of(client->facts.valid_until);
    if (client->facts.dates_unchecked && code != FINDING_NTS_EXPIRED_ACCEPTED)
        findings_add(findings, FINDING_NTS_DATES_UNCHECKED);
}

static void explain_authentication(const struct ntp_nts_client *client, struct findings *findings)
{
    const struct nts_client_facts *facts = &client->facts;

    if (!facts->has_answer && client->cookie_count > 0 && facts->unanswered < UNANSWERED_MIN)
        findings_add(findings, FINDING_NTS_READY)->ago = age(client, client->last_success);
    if (!facts->has_answer || client->cookie_count == 0 || facts->unanswered >= UNANSWERED_MAX)
        return;
    struct report_finding *f = findings_add(findings, FINDING_NTS_AUTHENTICATED);
    f->ago = age(client, facts->last_answer);
    f->value[0] = client->cookie_count;
    f->value[1] = client->last_success - uptime(client);
    finding_set_text(f, aead_name(client->context.aead));
    explain_certificate(client, findings);
}

void nts_client_explain(const struct ntp_nts_client *client, struct findings *findings)
{
    if (!ip_addr_is_real(&client->nts_addr.addr))
        return;
    if (client->cookie_count == 0)
        explain_establishment(client, findings);
    explain_naks(client, findings);
    explain_refused(client, findings);
    explain_silence(client, findings);
    explain_authentication(client, findings);
    if (client->owner->file_trouble.failed)
        finding_set_text(findings_add(findings, FINDING_NTS_COOKIES_UNSAVED),
                         client->owner->env.conf->dump_dir);
}
