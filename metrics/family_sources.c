/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics of each source: sources, sourcestats, selectdata, authdata, ntpdata and estimator. Signs
 * are those of the reports (cmdmon.md 13).
 */
#include "metrics/family.h"

#include "base/finding.h"
#include "base/number.h"
#include "cmdmon/message_words.h"
#include "conf/source_options.h"
#include "metrics/facts.h"

#define ROW(prefix, of, family, unit_name, help_text, ...)                                         \
    {                                                                                              \
        .name = prefix family, .report = of, .unit = unit_name, .help = help_text, __VA_ARGS__     \
    }

/* ---- Sources ---- */

#define SOURCE(member, ...) FIELD(struct report_source, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_SOURCE(...)      ROW("chrony_sources_", FACTS_SOURCE, __VA_ARGS__)

/* The words of the exporter. */
static const struct field_word words_exporter_state[] = {
    {REPORT_SELECTED, "sync", NULL},
    {REPORT_NOT_SELECTABLE, "unreach", NULL},
    {REPORT_FALSETICKER, "falseticker", NULL},
    {REPORT_JITTERY, "jittery", NULL},
    {REPORT_COMBINED, "candidate", NULL},
    {REPORT_SELECTABLE, "outlier", NULL},
    {FIELD_OTHER, "unknown", NULL},
};

static const struct field_word words_exporter_mode[] = {
    {REPORT_SERVER, "client", NULL},
    {REPORT_PEER, "peer", NULL},
    {REPORT_REFCLOCK, "reference clock", NULL},
    {FIELD_OTHER, "unknown", NULL},
};

static const struct cmd_field state_labels[] = {
    SOURCE(state, "source_state", SHOW_WORD, 0, words_exporter_state),
    SOURCE(mode, "source_mode", SHOW_WORD, 0, words_exporter_mode),
};

#define REACHABILITY_BITS 8

static double reachability_ratio(const void *report)
{
    int reachability = ((const struct report_source *)report)->reachability, answered = 0;

    for (int i = 0; i < REACHABILITY_BITS; i++)
        answered += reachability >> i & 1;
    return (double)answered / REACHABILITY_BITS;
}

static double reachability_success(const void *report)
{
    return ((const struct report_source *)report)->reachability & 1;
}

static bool has_sample(const void *report)
{
    return ((const struct report_source *)report)->latest_age != UINT32_MAX;
}

/* ---- Sourcestats ---- */

#define STATS(member, ...) FIELD(struct report_sourcestats, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_STATS(...)      ROW("chrony_sourcestats_", FACTS_SOURCESTATS, __VA_ARGS__)

/* Without samples the report has only what statistics begin with. */
static bool has_statistics(const void *report)
{
    return ((const struct report_sourcestats *)report)->samples > 0;
}

/* ---- Selectdata ---- */

#define SELECT(member, ...) FIELD(struct report_selectdata, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_SELECT(...)      ROW("chrony_sources_", FACTS_SELECTDATA, __VA_ARGS__)

/* By the letter. */
static const struct field_word words_selection[] = {
    {'N', "noselect", NULL},
    {'M', "missing_samples", NULL},
    {'s', "unsynchronised", NULL},
    {'r', "stratum", NULL},
    {'d', "root_distance", NULL},
    {'~', "jitter", NULL},
    {'w', "waits_for_statistics", NULL},
    {'S', "stale", NULL},
    {'O', "orphan", NULL},
    {'T', "untrusted", NULL},
    {'x', "falseticker", NULL},
    {'W', "waits_for_sources", NULL},
    {'P', "not_preferred", NULL},
    {'U', "waits_for_update", NULL},
    {'D', "distant", NULL},
    {'L', "outlier", NULL},
    {'+', "combined", NULL},
    {'*', "selected", NULL},
    {FIELD_OTHER, "unknown", NULL},
};

static const struct cmd_field selection_labels[] = {
    SELECT(state, "selection_state", SHOW_WORD, 0, words_selection),
};

/* The others have only what a source begins with. */
static bool was_judged(const void *report)
{
    return ((const struct report_selectdata *)report)->state != 'M';
}

static double has_option(const void *report, uint16_t option)
{
    return (((const struct report_selectdata *)report)->eff_options & option) != 0;
}

static double is_preferred(const void *report)
{
    return has_option(report, SELECT_PREFER);
}

static double is_trusted(const void *report)
{
    return has_option(report, SELECT_TRUST);
}

static double is_required(const void *report)
{
    return has_option(report, SELECT_REQUIRE);
}

/* ---- Authdata ---- */

#define AUTH(member, ...) FIELD(struct report_authdata, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_AUTH(...)      ROW("chrony_sources_", FACTS_AUTHDATA, __VA_ARGS__)

static const struct cmd_field auth_labels[] = {
    AUTH(mode, "auth_mode", SHOW_WORD, 0, words_auth_mode),
};

static bool is_nts(const void *report)
{
    return ((const struct report_authdata *)report)->mode == REPORT_AUTH_NTS;
}

/* ---- Ntpdata ---- */

#define NTP(member, ...) FIELD(struct report_ntpdata, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_NTP(...)      ROW("chrony_sources_", FACTS_NTPDATA, __VA_ARGS__)

static bool had_response(const void *report)
{
    return ((const struct report_ntpdata *)report)->total_valid > 0;
}

/* ---- Estimator ---- */

#define ESTIMATE(member, ...) FIELD(struct report_estimator, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_ESTIMATE(...)      ROW("chrony_estimator_", FACTS_ESTIMATOR, __VA_ARGS__)

static bool has_estimate(const void *report)
{
    return ((const struct report_estimator *)report)->kind != REPORT_ESTIMATOR_NONE;
}

static bool has_filters(const void *report)
{
    return ((const struct report_estimator *)report)->kind == REPORT_ESTIMATOR_KALMAN;
}

/* ---- Source counts ---- */

#define COUNTS(member, ...) FIELD(struct report_source_counts, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_COUNTS(...)      ROW("chrony_sources_", FACTS_SOURCE_COUNTS, __VA_ARGS__)

#define FINDING_WORD(code, number, word, severity) {number, word, NULL},
static const struct field_word words_finding[] = {
    {0, "none", NULL},
    FINDINGS(FINDING_WORD){FIELD_OTHER, "unknown", NULL},
};
#undef FINDING_WORD

static const struct field_word words_severity[] = {
    {FINDING_GOOD, "good", NULL},       {FINDING_NOTE, "note", NULL},
    {FINDING_WARNING, "warning", NULL}, {FINDING_ERROR, "error", NULL},
    {FIELD_OTHER, "unknown", NULL},
};

static bool has_responses(const void *report)
{
    const struct report_source_counts *counts = report;

    for (uint32_t i = 0; i < counts->count; i++)
        if (counts->counts[i] > 0)
            return true;
    return false;
}

static bool tried_nts(const void *report)
{
    const struct report_source_counts *counts = report;

    return counts->ke_succeeded > 0 || counts->ke_failed > 0;
}

static bool has_certificate(const void *report)
{
    return ((const struct report_source_counts *)report)->certificate_end.sec != 0;
}

static const struct cmd_field finding_labels[] = {
    COUNTS(finding, "finding", SHOW_WORD, 0, words_finding),
    COUNTS(severity, "severity", SHOW_WORD, 0, words_severity),
};

/* ---- Families ---- */

static const struct metric_family families[] = {
    OF_SOURCE("state", NULL, "State and mode of the source.", .type = METRIC_INFO, .known = true,
              METRIC_LABELS(state_labels)),
    OF_SOURCE("stratum", NULL, "Stratum of the source in its last sample.", .known = true,
              .value = SOURCE(stratum, NULL, SHOW_INTEGER)),
    OF_SOURCE("polling_interval_seconds", "seconds", "Time between requests to the source.",
              .known = true, .value = SOURCE(poll, NULL, SHOW_LOG2_SECONDS)),
    OF_SOURCE("reachability_ratio", "ratio",
              "Part of the last eight requests that had a valid response.", .known = true,
              .derive = reachability_ratio),
    OF_SOURCE("reachability_success", NULL, "1 when the last request had a valid response, else 0.",
              .known = true, .derive = reachability_success),
    OF_SOURCE("last_sample_age_seconds", "seconds",
              "Time since the last sample of the source; +Inf when there was none.", .known = true,
              .value = SOURCE(latest_age, NULL, SHOW_AGE)),
    OF_SOURCE("last_sample_offset_seconds", "seconds",
              "Offset of the clock in the last sample, less what was corrected since; positive "
              "when it is fast.",
              .known = true, .value = SOURCE(offset, NULL, SHOW_REAL), .valid = has_sample),
    OF_SOURCE("last_sample_original_offset_seconds", "seconds",
              "Offset of the clock as it was measured in the last sample; positive when it was "
              "fast.",
              .value = SOURCE(orig_offset, NULL, SHOW_REAL), .valid = has_sample),
    OF_SOURCE("last_sample_error_margin_seconds", "seconds", "Error bound of the last sample.",
              .known = true, .value = SOURCE(error, NULL, SHOW_REAL), .valid = has_sample),

    OF_STATS("samples", NULL, "Samples that the statistics of the source are made from.",
             .value = STATS(samples, NULL, SHOW_INTEGER)),
    OF_STATS("runs", NULL, "Runs of residuals with the same sign after the last regression.",
             .value = STATS(runs, NULL, SHOW_INTEGER)),
    OF_STATS("span_seconds", "seconds", "Time between the oldest and the newest sample.",
             .value = STATS(span_seconds, NULL, SHOW_INTEGER)),
    OF_STATS("standard_deviation_seconds", "seconds", "Standard deviation of the samples.",
             .value = STATS(sd, NULL, SHOW_REAL), .valid = has_statistics),
    OF_STATS("frequency_ratio", "ratio",
             "Residual frequency of the clock as the source sees it; positive when it is fast.",
             .value = STATS(resid_freq_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM,
             .valid = has_statistics),
    OF_STATS("skew_ratio", "ratio", "Error bound of the residual frequency.",
             .value = STATS(skew_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM,
             .valid = has_statistics),
    OF_STATS("offset_seconds", "seconds",
             "Estimated offset of the clock from the source; positive when it is fast.",
             .value = STATS(est_offset, NULL, SHOW_REAL), .valid = has_statistics),
    OF_STATS("offset_error_seconds", "seconds", "Error of the estimated offset.",
             .value = STATS(est_offset_err, NULL, SHOW_REAL), .valid = has_statistics),

    OF_SELECT("selection", NULL, "What the selection made of the source.", .type = METRIC_INFO,
              METRIC_LABELS(selection_labels)),
    OF_SELECT("selection_score", NULL, "Score of the source against the selected one.",
              .value = SELECT(score, NULL, SHOW_REAL), .valid = was_judged),
    OF_SELECT("selection_low_limit_seconds", "seconds",
              "Lower end of the interval in which the offset is, says the source.",
              .value = SELECT(low_limit, NULL, SHOW_REAL), .valid = was_judged),
    OF_SELECT("selection_high_limit_seconds", "seconds",
              "Upper end of the interval in which the offset is, says the source.",
              .value = SELECT(high_limit, NULL, SHOW_REAL), .valid = was_judged),
    OF_SELECT("preferred", NULL, "1 when the option prefer is in effect, else 0.",
              .derive = is_preferred),
    OF_SELECT("trusted", NULL, "1 when the option trust is in effect, else 0.",
              .derive = is_trusted),
    OF_SELECT("required", NULL, "1 when the option require is in effect, else 0.",
              .derive = is_required),

    OF_AUTH("authentication", NULL, "How the source is authenticated.", .type = METRIC_INFO,
            METRIC_LABELS(auth_labels)),
    OF_AUTH("nts_cookies", NULL, "NTS cookies left.", .value = AUTH(cookies, NULL, SHOW_INTEGER),
            .valid = is_nts),
    OF_AUTH("nts_cookie_length_bytes", "bytes", "Length of the next NTS cookie.",
            .value = AUTH(cookie_length, NULL, SHOW_INTEGER), .valid = is_nts),
    OF_AUTH("nts_key_establishment_attempts", NULL,
            "NTS key establishments that were tried since the last authenticated response.",
            .value = AUTH(ke_attempts, NULL, SHOW_INTEGER), .valid = is_nts),
    OF_AUTH("nts_key_establishment_age_seconds", "seconds",
            "Time since the last NTS key establishment that succeeded; +Inf when none did.",
            .value = AUTH(last_ke_ago, NULL, SHOW_AGE), .valid = is_nts),
    OF_AUTH("nts_nak", NULL, "1 when the server could not use the last NTS cookie, else 0.",
            .value = AUTH(nak, NULL, SHOW_INTEGER), .valid = is_nts),

    OF_NTP("root_delay_seconds", "seconds", "Root delay in the last valid response.",
           .value = NTP(root_delay, NULL, SHOW_REAL), .valid = had_response),
    OF_NTP("root_dispersion_seconds", "seconds", "Root dispersion in the last valid response.",
           .value = NTP(root_dispersion, NULL, SHOW_REAL), .valid = had_response),
    OF_NTP("peer_delay_seconds", "seconds", "Delay of the last valid response.",
           .value = NTP(peer_delay, NULL, SHOW_REAL), .valid = had_response),
    OF_NTP("peer_dispersion_seconds", "seconds", "Dispersion of the last valid response.",
           .value = NTP(peer_dispersion, NULL, SHOW_REAL), .valid = had_response),
    OF_NTP("response_time_seconds", "seconds",
           "Time that the source took for the last valid response.",
           .value = NTP(response_time, NULL, SHOW_REAL), .valid = had_response),
    OF_NTP("jitter_asymmetry", NULL, "Estimated asymmetry of the jitter, -0.5 to 0.5.",
           .value = NTP(jitter_asymmetry, NULL, SHOW_REAL), .valid = had_response),
    OF_NTP("interleaved", NULL, "1 when the last valid response was interleaved, else 0.",
           .value = NTP(interleaved, NULL, SHOW_INTEGER), .valid = had_response),
    OF_NTP("packets_sent", NULL, "NTP packets sent to the source.", .type = METRIC_COUNTER,
           .value = NTP(total_tx, NULL, SHOW_COUNTER)),
    OF_NTP("packets_received", NULL, "NTP packets received from the source.",
           .type = METRIC_COUNTER, .value = NTP(total_rx, NULL, SHOW_COUNTER)),
    OF_NTP("valid_packets_received", NULL, "Of these, valid responses.", .type = METRIC_COUNTER,
           .value = NTP(total_valid, NULL, SHOW_COUNTER)),
    OF_NTP("good_packets_received", NULL, "Of these, responses that gave a sample.",
           .type = METRIC_COUNTER, .value = NTP(total_good, NULL, SHOW_COUNTER)),
    OF_NTP("kernel_tx_timestamps", NULL, "Requests with a transmit timestamp of the kernel.",
           .type = METRIC_COUNTER, .value = NTP(total_kernel_tx, NULL, SHOW_COUNTER)),
    OF_NTP("kernel_rx_timestamps", NULL, "Responses with a receive timestamp of the kernel.",
           .type = METRIC_COUNTER, .value = NTP(total_kernel_rx, NULL, SHOW_COUNTER)),
    OF_NTP("hardware_tx_timestamps", NULL,
           "Requests with a transmit timestamp of the network card.", .type = METRIC_COUNTER,
           .value = NTP(total_hw_tx, NULL, SHOW_COUNTER)),
    OF_NTP("hardware_rx_timestamps", NULL,
           "Responses with a receive timestamp of the network card.", .type = METRIC_COUNTER,
           .value = NTP(total_hw_rx, NULL, SHOW_COUNTER)),

    OF_COUNTS("finding", NULL, "What matters most of what chronyc explain says of the source.",
              .type = METRIC_INFO, METRIC_LABELS(finding_labels)),
    OF_COUNTS("nts_key_establishments_succeeded", NULL, "NTS key establishments that succeeded.",
              .type = METRIC_COUNTER, .value = COUNTS(ke_succeeded, NULL, SHOW_COUNTER),
              .valid = tried_nts),
    OF_COUNTS("nts_key_establishments_failed", NULL, "NTS key establishments that failed.",
              .type = METRIC_COUNTER, .value = COUNTS(ke_failed, NULL, SHOW_COUNTER),
              .valid = tried_nts),
    OF_COUNTS("nts_certificate_not_after_seconds", "seconds",
              "End of the validity of the certificate of the NTS server, Unix time.",
              .value = COUNTS(certificate_end, NULL, SHOW_TIME), .valid = has_certificate),
    OF_COUNTS("responses", NULL,
              "NTP packets from the address of the source, by what was found out about them.",
              .type = METRIC_COUNTER, .by = "result", .count = COUNTS(count),
              .value = COUNTS(counts[0], NULL, SHOW_COUNTER, 0, words_response),
              .valid = has_responses),

    OF_ESTIMATE("offset_seconds", "seconds",
                "Offset of the clock at the last sample of the source; positive when it was fast.",
                .value = ESTIMATE(offset, NULL, SHOW_REAL), .valid = has_estimate),
    OF_ESTIMATE("offset_deviation_seconds", "seconds", "Standard deviation of that offset.",
                .value = ESTIMATE(offset_sd, NULL, SHOW_REAL), .valid = has_estimate),
    OF_ESTIMATE("frequency_ratio", "ratio",
                "Frequency of the clock at the last sample; positive when it was fast.",
                .value = ESTIMATE(freq_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM,
                .valid = has_estimate),
    OF_ESTIMATE("frequency_deviation_ratio", "ratio", "Standard deviation of that frequency.",
                .value = ESTIMATE(freq_sd_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM,
                .valid = has_estimate),
    OF_ESTIMATE("jitter_seconds", "seconds", "Standard deviation of the error of a sample.",
                .value = ESTIMATE(jitter, NULL, SHOW_REAL), .valid = has_estimate),
    OF_ESTIMATE(
        "wander_ratio", "ratio", "Standard deviation of the change of the frequency in a second.",
        .value = ESTIMATE(wander_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM, .valid = has_filters),
    OF_ESTIMATE("joint_bias_seconds", "seconds",
                "Offset of the source above that of the others in the joint estimate.",
                .value = ESTIMATE(joint_bias, NULL, SHOW_REAL), .valid = has_filters),
    OF_ESTIMATE("joint_weight_ratio", "ratio", "Weight of the source in the joint estimate.",
                .value = ESTIMATE(joint_percent, NULL, SHOW_REAL), .factor = METRIC_PERCENT,
                .valid = has_filters),
};

const struct metric_table metric_table_sources = {families, COUNT(families)};
