/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Association: the ntpdata and authdata reports, the measurements log line, and options that are
 * changed at run time (ntp.md 14.4, 25).
 */
#include "ntp/client/association_state.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "base/log.h"
#include "base/number.h"
#include "base/sync_status.h"

#define NEVER           UINT32_MAX
#define MAX_DELAY_LIMIT 1e3
#define MAX_DELAY_RATIO 1e6

static char source_letter(enum timestamp_source source)
{
    static const char letters[] = {'D', 'K', 'H'};

    return letters[source];
}

/* With NTP's sign, positive when the local clock is slow, as users know it from reports and logs.
   A zero gets no sign. */
static double ntp_offset(const struct source_sample *sample)
{
    return 0.0 - sample->offset;
}

void association_reset_report(struct association *a)
{
    a->report = (struct report_ntpdata){
        .remote_addr = a->addr.addr,
        .remote_port = a->addr.port,
    };
}

void association_update_report(struct association *a, const struct response *r)
{
    struct report_ntpdata *p = &a->report;
    const struct ntp_header *h = &r->header;

    p->local_addr = a->local_addr;
    p->leap = h->leap;
    p->version = h->version;
    p->mode = h->mode;
    p->stratum = h->stratum;
    p->poll = h->poll;
    p->precision = h->precision;
    p->root_delay = r->root_delay;
    p->root_dispersion = r->root_dispersion;
    p->refid = h->refid;
    p->ref_time = ntp_time_to_instant(h->reference);
    p->offset = ntp_offset(&r->sample);
    p->peer_delay = r->has_sample ? r->sample.peer_delay : 0.0;
    p->peer_dispersion = r->has_sample ? r->sample.peer_dispersion : 0.0;
    p->response_time = r->response_time;
    p->jitter_asymmetry = source_asymmetry(a->source);
    p->tests = (uint16_t)r->tests;
    p->interleaved = r->interleaved;
    p->authenticated = a->auth != NTP_AUTH_NONE;
    p->tx_source = source_letter(r->tx_source);
    p->rx_source = source_letter(r->rx.source);
}

void association_report_ntpdata(const struct association *a, struct report_ntpdata *report)
{
    *report = a->report;
}

const struct response_tally *association_responses(const struct association *a)
{
    return &a->responses;
}

void association_report_source(const struct association *a, struct report_source *report)
{
    report->poll = association_effective_poll(a);
    report->mode = a->is_peer ? REPORT_PEER : REPORT_SERVER;
}

void association_report_authdata(const struct association *a, struct report_authdata *report)
{
    enum key_type type;
    int bits;

    *report = (struct report_authdata){.last_ke_ago = NEVER};
    if (a->auth == NTP_AUTH_SYMMETRIC) {
        report->mode = REPORT_AUTH_SYMMETRIC;
        report->key_id = a->key_id;
        if (key_table_find(ntp_keys_table(a->shared->keys), a->key_id, &type, &bits)) {
            report->key_type = (uint16_t)type;
            report->key_length = (uint16_t)bits;
        }
    } else if (a->auth == NTP_AUTH_NTS) {
        report->mode = REPORT_AUTH_NTS;
        if (a->nts)
            a->shared->nts.client->report(a->nts, report);
    }
}

void association_explain_nts(const struct association *a, struct findings *findings)
{
    if (a->auth == NTP_AUTH_NTS && a->is_peer)
        findings_add(findings, FINDING_NTS_PEER);
    else if (a->nts)
        a->shared->nts.client->explain(a->nts, findings);
}

void association_report_counts(const struct association *a, struct report_source_counts *report)
{
    for (report->count = 0; report->count < RESPONSE_REASONS; report->count++)
        report->counts[report->count] = a->responses.counts[report->count];
    if (a->nts && a->shared->nts.client->count)
        a->shared->nts.client->count(a->nts, report);
}

void association_count_activity(const struct association *a, struct report_activity *report)
{
    if (!ip_addr_is_real(&a->addr.addr)) {
        report->unresolved++;
        return;
    }
    if (a->in_burst)
        (*(a->online ? &report->burst_online : &report->burst_offline))++;
    else
        (*(a->online ? &report->online : &report->offline))++;
}

void association_save_nts(const struct association *a)
{
    if (a->nts)
        a->shared->nts.client->save(a->nts);
}

static int passed(const struct response *r, enum ntp_test test)
{
    return (r->tests & test) != 0;
}

/* The line of measurements.log (ntp.md 25.4). */
void association_log_measurement(struct association *a, const struct response *r)
{
    const struct ntp_env *env = a->shared->env;
    const struct ntp_header *h = &r->header;
    struct source_sample none = {.time = r->rx.time};
    const struct source_sample *s = r->has_sample ? &r->sample : &none;
    char date[32], addr[ADDR_TEXT_SIZE];

    if (!measurement_log_enabled(env->log, MLOG_MEASUREMENTS) ||
        !(env->log_raw_measurements || response_is_synced(r)))
        return;

    instant_format_utc(s->time.i, date, sizeof(date));
    measurement_log_write(
        env->log, MLOG_MEASUREMENTS,
        "%s %-15s %1c %2d %1d%1d%1d %1d%1d%1d %1d%1d%1d%d  %2d %2d %4.2f %10.3e %10.3e "
        "%10.3e %10.3e %10.3e %08" PRIX32 " %1d%c %1c %1c",
        date, ip_addr_format(&a->addr.addr, addr, sizeof(addr)), leap_letter(h->leap), h->stratum,
        passed(r, NTP_TEST_1), passed(r, NTP_TEST_2), passed(r, NTP_TEST_3), passed(r, NTP_TEST_5),
        passed(r, NTP_TEST_6), passed(r, NTP_TEST_7), passed(r, NTP_TEST_A), passed(r, NTP_TEST_B),
        passed(r, NTP_TEST_C), passed(r, NTP_TEST_D), a->poll.current, h->poll, a->poll.score,
        ntp_offset(s), s->peer_delay, s->peer_dispersion, r->root_delay, r->root_dispersion,
        h->refid, h->mode, r->interleaved ? 'I' : 'B', source_letter(r->tx_source),
        source_letter(r->rx.source));
}

static void log_int(const struct association *a, const char *option, int v)
{
    char text[ADDR_TEXT_SIZE];

    LOG_INFO("Source %s new %s %d", ip_addr_format(&a->addr.addr, text, sizeof(text)), option, v);
}

static void log_double(const struct association *a, const char *option, double v)
{
    char text[ADDR_TEXT_SIZE];

    LOG_INFO("Source %s new %s %f", ip_addr_format(&a->addr.addr, text, sizeof(text)), option, v);
}

void association_modify_minpoll(struct association *a, int v)
{
    if (v < MIN_POLL || v > MAX_POLL)
        return;
    a->poll.min = v;
    log_int(a, "minpoll", v);
    if (a->poll.max < v)
        association_modify_maxpoll(a, v);
}

void association_modify_maxpoll(struct association *a, int v)
{
    if (v < MIN_POLL || v > MAX_POLL)
        return;
    a->poll.max = v;
    log_int(a, "maxpoll", v);
    if (a->poll.min > v)
        association_modify_minpoll(a, v);
}

void association_modify_max_delay(struct association *a, double v)
{
    a->limits.max_delay = clamp(0.0, v, MAX_DELAY_LIMIT);
    log_double(a, "maxdelay", a->limits.max_delay);
}

void association_modify_max_delay_ratio(struct association *a, double v)
{
    a->limits.max_delay_ratio = clamp(0.0, v, MAX_DELAY_RATIO);
    log_double(a, "maxdelayratio", a->limits.max_delay_ratio);
}

void association_modify_max_delay_dev_ratio(struct association *a, double v)
{
    a->limits.max_delay_dev_ratio = clamp(0.0, v, MAX_DELAY_RATIO);
    log_double(a, "maxdelaydevratio", a->limits.max_delay_dev_ratio);
}

void association_modify_min_stratum(struct association *a, int v)
{
    a->min_stratum = v;
    log_int(a, "minstratum", v);
}

void association_modify_poll_target(struct association *a, int v)
{
    a->poll_target = v > 1 ? v : 1;
    log_int(a, "polltarget", v);
}

void association_modify_offset(struct association *a, double v)
{
    a->limits.offset = v;
    log_double(a, "offset", v);
}
