/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Association: what is known of its requests and responses, as findings (cmdmon.md 13.18). Nothing
 * here changes state. Requests come first: without them there are no responses. What the selection
 * makes of the source is said in source/source_explain.c.
 */
#include "ntp/client/association_state.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"

#define ANSWER_TIME     1.0 /* s: a request that is younger is not called unanswered */
#define SILENT_REQUESTS 3   /* unanswered ones of a source that has answered before */
#define FREQUENT_REASON 3   /* packets of the last ones: more than noise */

static double now_of(const struct association *a)
{
    return loop_uptime(a->shared->env->loop);
}

static uint32_t age_of(const struct association *a, double time)
{
    return time < 0.0 ? UINT32_MAX : (uint32_t)fmax(now_of(a) - time, 0.0);
}

/* Seconds until the next request. */
static double expected_in(const struct association *a)
{
    return fmax(a->facts.next_request - now_of(a), 0.0);
}

/* ---- Activity ---- */

static void explain_offline(const struct association *a, struct findings *findings)
{
    static const enum finding_code codes[] = {
        [OFFLINE_CONFIGURED] = FINDING_OFFLINE_CONFIGURED,
        [OFFLINE_COMMAND] = FINDING_OFFLINE_COMMAND,
        [OFFLINE_NO_ROUTE] = FINDING_OFFLINE_NO_ROUTE,
        [OFFLINE_SEND_FAILED] = FINDING_OFFLINE_SEND_FAILED,
    };
    struct report_finding *f = findings_add(findings, codes[a->facts.offline]);

    f->ago = age_of(a, a->facts.offline_since);
    f->value[0] = a->facts.offline_since - now_of(a);
}

static void explain_burst(const struct association *a, struct findings *findings)
{
    struct report_finding *f = findings_add(findings, FINDING_BURST);

    f->value[0] = a->burst_good;
    f->value[1] = a->burst_total;
    f->value[2] = expected_in(a);
}

/* ---- Requests ---- */

static const struct error_finding {
    int error;
    enum finding_code here;   /* this host could not send */
    enum finding_code remote; /* the network has reported it */
} error_findings[] = {
    {ECONNREFUSED, FINDING_PORT_UNREACHABLE, FINDING_PORT_UNREACHABLE},
    {EHOSTUNREACH, FINDING_NO_ROUTE, FINDING_HOST_UNREACHABLE},
    {ENETUNREACH, FINDING_NO_ROUTE, FINDING_NETWORK_UNREACHABLE},
    {ENETDOWN, FINDING_NO_ROUTE, FINDING_NETWORK_UNREACHABLE},
    {EPERM, FINDING_SEND_REFUSED, FINDING_NETWORK_ERROR},
    {EACCES, FINDING_SEND_REFUSED, FINDING_NETWORK_ERROR},
    {EAFNOSUPPORT, FINDING_NO_FAMILY, FINDING_NETWORK_ERROR},
    {0, FINDING_SEND_FAILED, FINDING_NETWORK_ERROR},
};

static void explain_error(const struct association *a, struct findings *findings)
{
    const struct association_facts *facts = &a->facts;
    const struct error_finding *row = error_findings;

    while (row->error != 0 && row->error != facts->error)
        row++;
    enum finding_code code = facts->error_is_here ? row->here : row->remote;
    struct report_finding *f = findings_add(findings, code);

    f->ago = age_of(a, facts->error_time);
    f->value[0] = facts->errors;
    if (code == FINDING_PORT_UNREACHABLE) {
        f->value[1] = a->addr.port;
        f->value[2] = expected_in(a);
        return;
    }
    f->value[1] = expected_in(a);
    f->value[2] = a->addr.port;
    finding_set_text(f, text_errno(facts->error));
}

static void explain_silence(const struct association *a, uint32_t unanswered,
                            struct findings *findings)
{
    bool before = a->facts.last_packet >= 0.0;
    struct report_finding *f =
        findings_add(findings, before ? FINDING_NO_ANSWER : FINDING_NEVER_ANSWERED);

    f->ago = age_of(a, before ? a->facts.last_packet : a->facts.last_request);
    f->value[0] = unanswered;
    f->value[1] = a->addr.port;
    f->value[2] = expected_in(a);
    if (a->auth == NTP_AUTH_SYMMETRIC)
        findings_add(findings, FINDING_KEY_AT_SERVER)->value[0] = a->key_id;
}

/* Requests without an answer; the last one has some time left. */
static uint32_t unanswered_requests(const struct association *a)
{
    uint32_t count = a->facts.unheard;

    return count > 0 && now_of(a) - a->facts.last_request < ANSWER_TIME ? count - 1 : count;
}

/* Whether there is something wrong already before a response is looked at. */
static bool explain_requests(const struct association *a, struct findings *findings)
{
    uint32_t unanswered = unanswered_requests(a);
    uint32_t tolerated = source_is_reachable(a->source) ? SILENT_REQUESTS : 1;

    if (a->facts.errors >= tolerated) {
        explain_error(a, findings);
        return true;
    }
    if (unanswered >= tolerated) {
        explain_silence(a, unanswered, findings);
        return true;
    }
    if (a->facts.last_packet < 0.0) {
        /* With NTS, keys come before the first request. */
        if (a->auth != NTP_AUTH_NTS || a->facts.last_request >= 0.0)
            findings_add(findings, FINDING_FIRST_REQUEST)->value[0] = expected_in(a);
        return true;
    }
    return false;
}

/* ---- Keys ---- */

static void explain_key_file(const struct association *a, struct findings *findings)
{
    const struct ntp_key_file *file = ntp_keys_file(a->shared->keys);
    double ago = mono_diff(world_mono_now(a->shared->env->world), file->time);
    char text[sizeof(file->path) + 64];
    struct report_finding *f;

    if (file->error != 0) {
        f = findings_add(findings, FINDING_KEY_FILE_UNREADABLE);
        snprintf(text, sizeof(text), "%s : %s", file->path, text_errno(file->error));
        finding_set_text(f, text);
    } else if (file->bad_lines > 0) {
        f = findings_add(findings, FINDING_KEY_FILE_LINES);
        f->value[0] = file->bad_lines;
        f->value[1] = file->first_bad_line;
        finding_set_text(f, file->path);
    } else {
        return;
    }
    f->ago = (uint32_t)fmax(ago, 0.0);
}

/* False: the key is there. */
static bool explain_key(const struct association *a, struct findings *findings)
{
    const struct ntp_key_file *file = ntp_keys_file(a->shared->keys);

    if (a->auth != NTP_AUTH_SYMMETRIC ||
        key_table_find(ntp_keys_table(a->shared->keys), a->key_id, NULL, NULL))
        return false;
    struct report_finding *f =
        findings_add(findings, file->path[0] == '\0' ? FINDING_NO_KEY_FILE : FINDING_KEY_UNKNOWN);
    f->value[0] = a->key_id;
    finding_set_text(f, file->path);
    explain_key_file(a, findings);
    return true;
}

/* ---- Responses ---- */

/* 0: there is nothing to say. NTS speaks for itself. */
static const enum finding_code verdict_findings[RESPONSE_REASONS] = {
    [RESPONSE_MALFORMED] = FINDING_MALFORMED,
    [RESPONSE_WRONG_MODE] = FINDING_WRONG_MODE,
    [RESPONSE_NOT_AWAITED] = FINDING_NOT_AWAITED,
    [RESPONSE_REPEATED] = FINDING_REPEATED,
    [RESPONSE_WRONG_ORIGIN] = FINDING_WRONG_ORIGIN,
    [RESPONSE_ZERO_TIMESTAMP] = FINDING_ZERO_TIMESTAMP,
    [RESPONSE_WRONG_AUTH] = FINDING_ANSWER_NOT_AUTHENTICATED,
    [RESPONSE_WRONG_KEY] = FINDING_OTHER_KEY,
    [RESPONSE_WRONG_MAC] = FINDING_MAC_WRONG,
    [RESPONSE_ANSWERED] = FINDING_REPEATED,
    [RESPONSE_RATE_KISS] = FINDING_KISS_RATE,
    [RESPONSE_LEAP_UNSYNC] = FINDING_SERVER_UNSYNCHRONISED,
    [RESPONSE_STRATUM] = FINDING_SERVER_UNSYNCHRONISED,
    [RESPONSE_ROOT_DISTANCE] = FINDING_ROOT_DISTANCE,
    [RESPONSE_NO_TIMESTAMPS] = FINDING_TIMESTAMPS_MISSING,
    [RESPONSE_DELAY] = FINDING_MAXDELAY,
    [RESPONSE_PRECISION] = FINDING_PRECISION,
    [RESPONSE_WARMUP] = FINDING_WARMUP,
    [RESPONSE_TIME_RANGE] = FINDING_WRONG_TIME_RANGE,
    [RESPONSE_SERVER_INTERVAL] = FINDING_SLOW_SERVER,
    [RESPONSE_SAME_TIMESTAMPS] = FINDING_SAME_TIMESTAMPS,
    [RESPONSE_PEER_DELAY] = FINDING_PEER_TIMING,
    [RESPONSE_PEER_ORDER] = FINDING_PEER_TIMING,
    [RESPONSE_PEER_INTERVAL] = FINDING_PEER_TIMING,
    [RESPONSE_DELAY_RATIO] = FINDING_MAXDELAYRATIO,
    [RESPONSE_DELAY_QUANTILE] = FINDING_MAXDELAYQUANT,
    [RESPONSE_DELAY_DEVIATION] = FINDING_MAXDELAYDEVRATIO,
    [RESPONSE_LOOP_ADDRESS] = FINDING_LOOP_ADDRESS,
    [RESPONSE_LOOP_SELF] = FINDING_LOOP_SELF,
};

/* The code in the reference ID of a kiss-o'-death packet that refuses the service, or NULL. */
static const char *refusal(const struct association *a)
{
    static const struct {
        uint32_t refid;
        const char *text;
    } codes[] = {{0x44454e59, "DENY"}, {0x52535452, "RSTR"}};

    for (size_t i = 0; i < COUNT(codes); i++)
        if (a->report.stratum == NTP_INVALID_STRATUM && a->report.refid == codes[i].refid)
            return codes[i].text;
    return NULL;
}

static enum finding_code code_of_verdict(const struct association *a,
                                         const struct response_verdict *verdict)
{
    enum finding_code code = verdict_findings[verdict->reason];

    switch (code) {
    case FINDING_SERVER_UNSYNCHRONISED:
        return refusal(a) ? FINDING_KISS_REFUSED : code;
    case FINDING_OTHER_KEY:
        return a->facts.answer_key_id == 0 ? FINDING_CRYPTO_NAK : code;
    case FINDING_ANSWER_NOT_AUTHENTICATED:
        return a->auth == NTP_AUTH_NONE  ? FINDING_UNASKED_AUTHENTICATION
               : a->auth == NTP_AUTH_NTS ? (enum finding_code)0
                                         : code;
    default:
        return code;
    }
}

/* Findings whose values are not those of a count of refused packets. */
static bool fill_in_status(const struct association *a, const struct response_verdict *verdict,
                           struct report_finding *f)
{
    switch (f->code) {
    case FINDING_SERVER_UNSYNCHRONISED:
        f->value[0] = a->report.leap;
        f->value[1] = a->report.stratum;
        return true;
    case FINDING_KISS_REFUSED:
        finding_set_text(f, refusal(a));
        return true;
    case FINDING_KISS_RATE:
        f->value[0] = log2_to_seconds(association_effective_poll(a));
        f->value[1] = expected_in(a);
        return true;
    case FINDING_ROOT_DISTANCE:
        f->value[0] = verdict->value;
        f->value[1] = verdict->limit;
        return true;
    default:
        return false;
    }
}

static void fill_in_refused(const struct association *a, const struct response_verdict *verdict,
                            unsigned int count, struct report_finding *f)
{
    f->value[0] = count;
    f->value[1] = association_facts_recent(&a->facts);
    if (a->auth == NTP_AUTH_SYMMETRIC && verdict->reason >= RESPONSE_WRONG_AUTH &&
        verdict->reason <= RESPONSE_WRONG_MAC) {
        f->value[2] = a->key_id;
        f->value[3] = a->facts.answer_key_id;
        return;
    }
    f->value[2] = verdict->value;
    f->value[3] = verdict->limit;
}

/* The reason for which packets of late were not used, unless that is the exception: tests refuse a
   packet now and then. */
static void explain_refused(const struct association *a, struct findings *findings)
{
    const struct association_facts *facts = &a->facts;
    struct response_verdict verdict;
    unsigned int count;

    if (!association_facts_trouble(facts, &verdict, &count))
        return;
    enum finding_code code = code_of_verdict(a, &verdict);
    if (code == 0)
        return;
    bool is_error = finding_severity(code) == FINDING_ERROR;
    bool is_exception =
        is_error ? facts->recent[(facts->packets - 1) % FACTS_RECENT].reason == RESPONSE_GOOD
                 : a->report.total_good > 0;
    if (is_exception && count < FREQUENT_REASON)
        return;
    if (a->report.total_good == 0 && !is_error)
        findings_add(findings, FINDING_NOTHING_USABLE)->value[0] = facts->packets;
    struct report_finding *f = findings_add(findings, code);
    f->ago = age_of(a, facts->last_packet);
    if (!fill_in_status(a, &verdict, f))
        fill_in_refused(a, &verdict, count, f);
}

/* ---- What is good ---- */

static void explain_answers(const struct association *a, struct findings *findings)
{
    struct report_source source;
    /* The register begins with a poll that was none. */
    double requests = fmin(source_reach_size(a->source), a->report.total_tx);
    int answered = 0;

    source_report(a->source, &source);
    for (int bits = source.reachability; bits != 0; bits >>= 1)
        answered += bits & 1;
    if (answered > 0) {
        struct report_finding *f = findings_add(findings, FINDING_ANSWERED);

        f->ago = age_of(a, a->facts.last_valid);
        f->value[0] = answered;
        f->value[1] = fmax(requests, answered);
        f->value[2] = expected_in(a);
    }
    if (source.latest_age != UINT32_MAX && a->report.total_good > 0) {
        struct report_finding *f = findings_add(findings, FINDING_MEASURED);

        f->ago = source.latest_age;
        f->value[0] = source.offset;
        f->value[1] = a->facts.good_delay;
    }
}

/* A key that was read before stays in use. */
static void explain_old_key(const struct association *a, struct findings *findings)
{
    if (a->auth == NTP_AUTH_SYMMETRIC && ntp_keys_file(a->shared->keys)->error != 0)
        explain_key_file(a, findings);
}

static void explain_options(const struct association *a, struct findings *findings)
{
    const struct report_ntpdata *p = &a->report;
    struct report_finding *f;

    if (p->total_good == 0)
        return;
    if (p->stratum < a->min_stratum) {
        f = findings_add(findings, FINDING_MINSTRATUM);
        f->value[0] = p->stratum;
        f->value[1] = a->min_stratum;
    }
    if (a->limits.interleaved && !p->interleaved)
        findings_add(findings, FINDING_BASIC_MODE);
    if (nic_clocks_any(a->shared->env->nic_clocks) &&
        (p->tx_source != 'H' || p->rx_source != 'H')) {
        f = findings_add(findings, FINDING_NO_HARDWARE_TIMESTAMPS);
        f->value[0] = p->tx_source == 'H' ? 2.0 : p->tx_source == 'K' ? 1.0 : 0.0;
        f->value[1] = p->rx_source == 'H' ? 2.0 : p->rx_source == 'K' ? 1.0 : 0.0;
    }
}

void association_explain(const struct association *a, struct findings *findings)
{
    if (!association_is_active(a)) {
        explain_offline(a, findings);
        return;
    }
    if (explain_key(a, findings))
        return;
    if (a->suspended) {
        findings_add(findings, FINDING_NOT_STARTED);
        return;
    }
    if (!explain_requests(a, findings)) {
        explain_refused(a, findings);
        explain_answers(a, findings);
        explain_options(a, findings);
        explain_old_key(a, findings);
        if (a->in_burst && a->burst_good > 0)
            explain_burst(a, findings);
    }
}

bool association_is_silent(const struct association *a)
{
    const struct association_facts *facts = &a->facts;
    bool host_speaks = facts->error == ECONNREFUSED && !facts->error_is_here;

    return association_is_active(a) && !a->suspended && facts->last_packet < 0.0 && !host_speaks &&
           unanswered_requests(a) + facts->errors > 0;
}

void association_failed(struct association *a, int error)
{
    association_facts_failed(&a->facts, error, false, now_of(a));
}
