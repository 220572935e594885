/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings of the NTS server, see server_explain.h.
 */
#include "nts/server_explain.h"

#include <math.h>
#include "base/text.h"
#include "process/ke_end.h"

#define WARNED_BEFORE (14.0 * 86400.0) /* seconds before a certificate ends */
/* Handshakes without success that are worth a word: so many, and this part of all. Anybody can
   cause some. */
#define FAILED_MIN  10
#define FAILED_PART 10

/* ---- Certificates ---- */

/* The one in use that ends first. False: there is none. */
static bool first_to_end(const struct ke_listener *listener, struct report_certificate *first)
{
    struct report_certificate c;
    size_t count = 0;

    for (; ke_listener_report_certificate(listener, count, &c); count++)
        if (count == 0 || c.not_after.sec < first->not_after.sec)
            *first = c;
    return count > 0;
}

/* Days since 1970. */
static double day_of(struct instant time)
{
    return floor((double)time.sec / 86400.0);
}

static unsigned int failed(const struct ke_listener *listener)
{
    unsigned int sum = 0;

    for (enum ke_end end = KE_END_COMPLETE + 1; end < KE_ENDS; end++)
        sum += ke_listener_ends(listener, end);
    return sum;
}

static void explain_certificate(const struct ke_listener *listener, int64_t now,
                                struct findings *findings)
{
    struct report_certificate c;
    struct report_finding *f;

    if (!first_to_end(listener, &c))
        return;
    double left = (double)c.not_after.sec - (double)now;
    double last_day = day_of(c.not_after);
    if (left < 0.0) {
        f = findings_add(findings, FINDING_NTS_SERVER_CERTIFICATE_EXPIRED);
        f->value[0] = last_day;
    } else if (c.not_before.sec > now) {
        f = findings_add(findings, FINDING_NTS_SERVER_CERTIFICATE_EARLY);
        f->value[0] = last_day;
        f->value[1] = day_of(c.not_before);
    } else if (left < WARNED_BEFORE) {
        f = findings_add(findings, FINDING_NTS_SERVER_CERTIFICATE_ENDS);
        f->value[0] = left;
    } else {
        f = findings_add(findings, FINDING_NTS_SERVER);
        f->value[0] = last_day;
        f->value[1] = ke_listener_ends(listener, KE_END_COMPLETE);
        f->value[2] = failed(listener);
    }
    finding_set_text(f, c.file);
}

/* Files that were read and cannot be used. */
static void explain_files(const struct ke_listener *listener, const char *problem,
                          struct findings *findings)
{
    struct report_certificate c;
    bool is_served = first_to_end(listener, &c);

    if (is_served && !problem)
        return;
    struct report_finding *f =
        findings_add(findings, is_served ? FINDING_NTS_SERVER_OLD_CERTIFICATE
                                         : FINDING_NTS_SERVER_NO_CERTIFICATE);
    finding_set_text(f, problem ? problem : "not read yet");
}

/* ---- Processes, keys, clients ---- */

static void explain_processes(const struct ke_listener_state *state, struct findings *findings)
{
    if (state->ready < state->wanted) {
        struct report_finding *f = findings_add(findings, FINDING_NTS_SERVER_PROCESSES);

        f->value[0] = state->ready;
        f->value[1] = state->wanted;
    }
}

static void explain_keys(const struct nts_server_keys *keys, struct findings *findings)
{
    const char *path;

    switch (server_keys_kept(keys, &path)) {
    case SERVER_KEYS_NOWHERE:
        findings_add(findings, FINDING_NTS_SERVER_KEYS_NOT_KEPT);
        break;
    case SERVER_KEYS_FAILING:
        finding_set_text(findings_add(findings, FINDING_NTS_SERVER_KEYS_UNSAVED), path);
        break;
    default:
        break;
    }
}

static void explain_handshakes(const struct ke_listener *listener, struct findings *findings)
{
    unsigned int refused = ke_listener_ends(listener, KE_END_REFUSED);
    unsigned int unmatched =
        ke_listener_ends(listener, KE_END_NO_MATCH) + ke_listener_ends(listener, KE_END_BAD_NAME);
    unsigned int broken =
        ke_listener_ends(listener, KE_END_HANDSHAKE) + ke_listener_ends(listener, KE_END_CLOSED);
    unsigned int all = ke_listener_ends(listener, KE_END_COMPLETE) + failed(listener);
    unsigned int sum = refused + unmatched + broken;

    if (sum < FAILED_MIN || sum < all / FAILED_PART)
        return;
    struct report_finding *f = findings_add(findings, FINDING_NTS_SERVER_HANDSHAKES);
    f->value[0] = all;
    f->value[1] = refused;
    f->value[2] = unmatched;
    f->value[3] = broken;
}

void nts_server_explain(const struct ke_listener *listener, const struct nts_server_keys *keys,
                        int64_t now, struct findings *findings)
{
    const struct ke_listener_state state = ke_listener_state(listener);

    explain_files(listener, state.problem, findings);
    explain_certificate(listener, now, findings);
    if (state.is_closed)
        findings_add(findings, FINDING_NTS_SERVER_NO_PORT)->value[0] = state.port;
    explain_processes(&state, findings);
    explain_keys(keys, findings);
    explain_handshakes(listener, findings);
}
