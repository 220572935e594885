/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of the reports in JSON. Signs and units are those of the control protocol (cmdmon.md 13),
 * which are also those of CSV output; what is unknown is null.
 */
#include "chronyc/report_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "chronyc/format.h"

#define AGE_UNKNOWN          UINT32_MAX
#define LOG_INTERVAL_UNKNOWN 127
#define KEY_SIZE             64

/* Words of an enumeration; what is beyond the list has the last one. */
static void put_enum(struct document *d, const char *key, const char *const *words, size_t count,
                     int value)
{
    document_text(d, key, words[value >= 0 && (size_t)value < count ? (size_t)value : count - 1]);
}

#define PUT_ENUM(d, key, words, value)                                                             \
    put_enum(d, key, words, sizeof(words) / sizeof((words)[0]), value)

static void put_leap_status(struct document *d, int leap)
{
    static const char *const words[] = {"normal", "insert_second", "delete_second",
                                        "not_synchronised", "invalid"};

    PUT_ENUM(d, "leap_status", words, leap);
}

static void put_reference_id(struct document *d, const char *key, uint32_t refid)
{
    char text[9];

    snprintf(text, sizeof(text), "%08" PRIX32, refid);
    document_text(d, key, text);
}

/* Address of an NTP source or client; null for anything else. */
static void put_address_field(struct document *d, const char *key, const struct ip_addr *addr)
{
    char text[ADDR_TEXT_SIZE];

    document_text(d, key, ip_addr_is_real(addr) ? ip_addr_format(addr, text, sizeof(text)) : NULL);
}

/* PREFIX_unix_seconds and PREFIX_nanoseconds: a double would lose the nanoseconds. */
static void put_instant(struct document *d, const char *prefix, struct instant t)
{
    char key[KEY_SIZE];

    snprintf(key, sizeof(key), "%s_unix_seconds", prefix);
    document_integer(d, key, t.sec);
    snprintf(key, sizeof(key), "%s_nanoseconds", prefix);
    document_integer(d, key, t.nsec);
}

static void put_age(struct document *d, const char *key, uint32_t seconds)
{
    if (seconds == AGE_UNKNOWN)
        document_null(d, key);
    else
        document_integer(d, key, seconds);
}

static void put_log2_interval(struct document *d, const char *key, int log2_seconds)
{
    if (log2_seconds >= LOG_INTERVAL_UNKNOWN)
        document_null(d, key);
    else
        document_integer(d, key, log2_seconds);
}

void json_tracking(struct document *d, const struct report_tracking *t, const char *name)
{
    put_reference_id(d, "reference_id", t->refid);
    document_text(d, "name", name);
    put_address_field(d, "address", &t->addr);
    document_integer(d, "stratum", t->stratum);
    put_instant(d, "reference_time", t->ref_time);
    document_real(d, "system_time_offset_seconds", t->correction);
    document_real(d, "last_offset_seconds", t->last_offset);
    document_real(d, "rms_offset_seconds", t->rms_offset);
    document_real(d, "frequency_ppm", t->freq_ppm);
    document_real(d, "residual_frequency_ppm", t->resid_freq_ppm);
    document_real(d, "skew_ppm", t->skew_ppm);
    document_real(d, "root_delay_seconds", t->root_delay);
    document_real(d, "root_dispersion_seconds", t->root_dispersion);
    document_real(d, "update_interval_seconds", t->last_update_interval);
    put_leap_status(d, t->leap);
}

void json_source(struct document *d, const struct report_source *s, const char *name)
{
    static const char *const modes[] = {"server", "peer", "reference_clock", "unknown"};
    static const char *const states[] = {"selected", "not_selectable", "falseticker", "jittery",
                                         "combined", "selectable",     "unknown"};
    static const struct ip_addr none = {.family = IP_UNSPEC};
    bool reference_clock = s->mode == 2;

    PUT_ENUM(d, "mode", modes, s->mode);
    PUT_ENUM(d, "state", states, s->state);
    document_text(d, "name", name);
    put_address_field(d, "address", reference_clock ? &none : &s->addr);
    put_reference_id(d, "reference_id", ip_addr_refid(&s->addr));
    document_integer(d, "stratum", s->stratum);
    document_integer(d, "poll_interval_log2_seconds", s->poll);
    document_integer(d, "reachability", s->reachability);
    put_age(d, "last_sample_age_seconds", s->latest_age);
    document_real(d, "adjusted_offset_seconds", s->offset);
    document_real(d, "measured_offset_seconds", s->orig_offset);
    document_real(d, "estimated_error_seconds", s->error);
}

void json_sourcestats(struct document *d, const struct report_sourcestats *s, const char *name)
{
    document_text(d, "name", name);
    put_address_field(d, "address", &s->addr);
    put_reference_id(d, "reference_id", s->refid);
    document_integer(d, "samples", s->samples);
    document_integer(d, "runs", s->runs);
    document_integer(d, "span_seconds", s->span_seconds);
    document_real(d, "frequency_ppm", s->resid_freq_ppm);
    document_real(d, "skew_ppm", s->skew_ppm);
    document_real(d, "offset_seconds", s->est_offset);
    document_real(d, "offset_error_seconds", s->est_offset_err);
    document_real(d, "standard_deviation_seconds", s->sd);
}

static void put_selection_options(struct document *d, const char *key, unsigned int options)
{
    static const char *const words[] = {"noselect", "prefer", "trust", "require"};

    document_words(d, key, words, sizeof(words) / sizeof(words[0]), options);
}

void json_selectdata(struct document *d, const struct report_selectdata *s, const char *name)
{
    char state[2] = {s->state >= ' ' && s->state <= '~' ? s->state : '?', '\0'};

    document_text(d, "state", state);
    document_text(d, "name", name);
    put_address_field(d, "address", &s->addr);
    put_reference_id(d, "reference_id", s->refid);
    document_bool(d, "authentication", s->authenticated);
    put_selection_options(d, "configured_options", s->conf_options);
    put_selection_options(d, "effective_options", s->eff_options);
    put_age(d, "last_sample_age_seconds", s->last_sample_ago);
    document_real(d, "score", s->score);
    document_real(d, "low_limit_seconds", s->low_limit);
    document_real(d, "high_limit_seconds", s->high_limit);
    put_leap_status(d, s->leap);
}

void json_authdata(struct document *d, const struct report_authdata *a, const struct ip_addr *addr,
                   const char *name)
{
    static const char *const modes[] = {"none", "symmetric_key", "nts", "unknown"};

    document_text(d, "name", name);
    put_address_field(d, "address", addr);
    PUT_ENUM(d, "mode", modes, a->mode);
    document_integer(d, "key_id", a->key_id);
    document_integer(d, "key_type", a->key_type);
    document_integer(d, "key_length_bits", a->key_length);
    put_age(d, "last_key_establishment_age_seconds", a->last_ke_ago);
    document_integer(d, "key_establishment_attempts", a->ke_attempts);
    document_integer(d, "nak", a->nak);
    document_integer(d, "cookies", a->cookies);
    document_integer(d, "cookie_length_bytes", a->cookie_length);
}

static void put_timestamp_source(struct document *d, const char *key, char source)
{
    document_text(d, key,
                  source == 'D'   ? "daemon"
                  : source == 'K' ? "kernel"
                  : source == 'H' ? "hardware"
                                  : NULL);
}

static void put_failed_tests(struct document *d, unsigned int tests)
{
    static const char *const words[] = {"1", "2", "3", "5", "6", "7", "A", "B", "C", "D"};
    size_t count = sizeof(words) / sizeof(words[0]);
    unsigned int failed = 0;

    for (size_t i = 0; i < count; i++)
        if (!(tests >> (count - 1 - i) & 1)) /* the first test is the highest bit */
            failed |= 1U << i;
    document_words(d, "failed_tests", words, count, failed);
}

static void put_ntp_header(struct document *d, const struct report_ntpdata *n)
{
    static const char *const modes[] = {"invalid", "symmetric_active", "symmetric_passive",
                                        "invalid", "server",           "invalid"};
    char text[8] = "";

    put_leap_status(d, n->leap);
    document_integer(d, "version", n->version);
    PUT_ENUM(d, "mode", modes, n->mode);
    document_integer(d, "stratum", n->stratum);
    document_integer(d, "poll_interval_log2_seconds", n->poll);
    document_real(d, "poll_interval_seconds", log2_to_seconds(n->poll));
    document_integer(d, "precision_log2_seconds", n->precision);
    document_real(d, "precision_seconds", log2_to_seconds(n->precision));
    document_real(d, "root_delay_seconds", n->root_delay);
    document_real(d, "root_dispersion_seconds", n->root_dispersion);
    put_reference_id(d, "reference_id", n->refid);
    if (n->stratum <= 1)
        refid_format(n->refid, text, sizeof(text));
    document_text(d, "reference_id_text", text);
    put_instant(d, "reference_time", n->ref_time);
}

void json_ntpdata(struct document *d, const struct report_ntpdata *n)
{
    put_address_field(d, "remote_address", &n->remote_addr);
    put_reference_id(d, "remote_reference_id", ip_addr_refid(&n->remote_addr));
    document_integer(d, "remote_port", n->remote_port);
    put_address_field(d, "local_address", &n->local_addr);
    put_reference_id(d, "local_reference_id", ip_addr_refid(&n->local_addr));
    put_ntp_header(d, n);
    document_real(d, "offset_seconds", n->offset);
    document_real(d, "peer_delay_seconds", n->peer_delay);
    document_real(d, "peer_dispersion_seconds", n->peer_dispersion);
    document_real(d, "response_time_seconds", n->response_time);
    document_real(d, "jitter_asymmetry", n->jitter_asymmetry);
    put_failed_tests(d, n->tests);
    document_bool(d, "interleaved", n->interleaved);
    document_bool(d, "authenticated", n->authenticated);
    put_timestamp_source(d, "tx_timestamping", n->tx_source);
    put_timestamp_source(d, "rx_timestamping", n->rx_source);
    document_integer(d, "total_tx", n->total_tx);
    document_integer(d, "total_rx", n->total_rx);
    document_integer(d, "total_valid_rx", n->total_valid);
    document_integer(d, "total_good_rx", n->total_good);
    document_integer(d, "total_kernel_tx", n->total_kernel_tx);
    document_integer(d, "total_kernel_rx", n->total_kernel_rx);
    document_integer(d, "total_hardware_tx", n->total_hw_tx);
    document_integer(d, "total_hardware_rx", n->total_hw_rx);
}

void json_client(struct document *d, const struct report_client *r, const char *name)
{
    document_text(d, "name", name);
    put_address_field(d, "address", &r->addr);
    document_integer(d, "ntp_hits", r->ntp_hits);
    document_integer(d, "ntp_drops", r->ntp_drops);
    put_log2_interval(d, "ntp_interval_log2_seconds", r->ntp_interval);
    put_log2_interval(d, "ntp_timeout_interval_log2_seconds", r->ntp_timeout_interval);
    put_age(d, "last_ntp_age_seconds", r->last_ntp_ago);
    document_integer(d, "command_hits", r->cmd_hits);
    document_integer(d, "command_drops", r->cmd_drops);
    put_log2_interval(d, "command_interval_log2_seconds", r->cmd_interval);
    put_age(d, "last_command_age_seconds", r->last_cmd_ago);
    document_integer(d, "nts_ke_hits", r->nts_ke_hits);
    document_integer(d, "nts_ke_drops", r->nts_ke_drops);
    put_log2_interval(d, "nts_ke_interval_log2_seconds", r->nts_ke_interval);
    put_age(d, "last_nts_ke_age_seconds", r->last_nts_ke_ago);
}

void json_activity(struct document *d, const union cmd_reply_body *body)
{
    const struct report_activity *a = &body->activity;

    document_integer(d, "online", a->online);
    document_integer(d, "offline", a->offline);
    document_integer(d, "burst_online", a->burst_online);
    document_integer(d, "burst_offline", a->burst_offline);
    document_integer(d, "unresolved", a->unresolved);
}

void json_serverstats(struct document *d, const union cmd_reply_body *body)
{
    const struct report_serverstats *s = &body->serverstats;

    document_count(d, "ntp_packets_received", s->ntp_hits);
    document_count(d, "ntp_packets_dropped", s->ntp_drops);
    document_count(d, "command_packets_received", s->cmd_hits);
    document_count(d, "command_packets_dropped", s->cmd_drops);
    document_count(d, "client_log_records_dropped", s->log_drops);
    document_count(d, "nts_ke_connections_accepted", s->nts_ke_hits);
    document_count(d, "nts_ke_connections_dropped", s->nts_ke_drops);
    document_count(d, "authenticated_ntp_packets", s->ntp_auth_hits);
    document_count(d, "interleaved_ntp_packets", s->ntp_interleaved_hits);
    document_count(d, "ntp_timestamps_held", s->ntp_timestamps);
    document_count(d, "ntp_timestamp_span_seconds", s->ntp_span_seconds);
    document_count(d, "ntp_daemon_rx_timestamps", s->ntp_daemon_rx);
    document_count(d, "ntp_daemon_tx_timestamps", s->ntp_daemon_tx);
    document_count(d, "ntp_kernel_rx_timestamps", s->ntp_kernel_rx);
    document_count(d, "ntp_kernel_tx_timestamps", s->ntp_kernel_tx);
    document_count(d, "ntp_hardware_rx_timestamps", s->ntp_hw_rx);
    document_count(d, "ntp_hardware_tx_timestamps", s->ntp_hw_tx);
}

void json_rtcdata(struct document *d, const union cmd_reply_body *body)
{
    const struct report_rtc *r = &body->rtc;

    put_instant(d, "reference_time", r->ref_time);
    document_integer(d, "samples", r->samples);
    document_integer(d, "runs", r->runs);
    put_age(d, "span_seconds", r->span_seconds);
    document_real(d, "fast_by_seconds", r->seconds_fast);
    document_real(d, "gain_ppm", r->gain_ppm);
}

void json_smoothing(struct document *d, const union cmd_reply_body *body)
{
    const struct report_smoothing *s = &body->smoothing;

    document_bool(d, "active", s->active);
    document_bool(d, "leap_second_only", s->leap_only);
    document_real(d, "offset_seconds", s->offset);
    document_real(d, "frequency_ppm", s->freq_ppm);
    document_real(d, "wander_ppm_per_second", s->wander_ppm);
    document_real(d, "last_update_age_seconds", s->last_update_ago);
    document_real(d, "remaining_time_seconds", s->remaining_time);
}

void json_manual_sample(struct document *d, uint32_t index, const struct report_manual_sample *s)
{
    document_integer(d, "index", index);
    put_instant(d, "time", s->when);
    document_real(d, "slewed_offset_seconds", s->slewed_offset);
    document_real(d, "original_offset_seconds", s->orig_offset);
    document_real(d, "residual_seconds", s->residual);
}

void json_settime(struct document *d, const struct cmd_settime_reply *s)
{
    document_real(d, "offset_seconds", s->offset);
    document_real(d, "frequency_change_ppm", s->freq_change_ppm);
    document_real(d, "new_frequency_ppm", s->new_freq_ppm);
}

void json_waitsync(struct document *d, int tries, bool synchronised,
                   const struct report_tracking *t)
{
    document_integer(d, "tries", tries);
    document_bool(d, "synchronised", synchronised);
    put_reference_id(d, "reference_id", t->refid);
    document_real(d, "correction_seconds", t->correction);
    document_real(d, "skew_ppm", t->skew_ppm);
}

void json_sourcename(struct document *d, const char *name)
{
    document_text(d, "name", name);
}
