/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of each reply (cmdmon.md 12, 13, 14.9). The rows of a reply are in the order in which
 * JSON and CSV have them; values are not judged here.
 */
#include "cmdmon/message.h"

#include "base/number.h"
#include "cmdmon/message_words.h"

#define GIVEN(name, how, csv)                                                                      \
    {                                                                                              \
        .key = name, .show = how, .decimals = csv                                                  \
    }
#define ONES(octet)                                                                                \
    {                                                                                              \
        .at = octet, .wire = WIRE_ONES                                                             \
    }

#define BODY(at, wire, member, ...) FIELD(union cmd_reply_body, at, wire, member, __VA_ARGS__)

static const struct cmd_field source_count[] = {
    BODY(28, WIRE_U32, source_count, NULL, SHOW_NOTHING),
};

#define SOURCE(at, wire, member, ...) FIELD(struct report_source, at, wire, member, __VA_ARGS__)

static const struct cmd_field source[] = {
    SOURCE(54, WIRE_U16, mode, "mode", SHOW_WORD, 0, words_source_mode),
    SOURCE(52, WIRE_U16, state, "state", SHOW_WORD, 0, words_source_state),
    GIVEN("name", SHOW_GIVEN_NAME, 0),
    GIVEN("address", SHOW_GIVEN_ADDRESS, JSON_ONLY), /* none of a reference clock */
    SOURCE(28, WIRE_ADDR, addr, "reference_id", SHOW_ADDRESS_REFID, JSON_ONLY),
    SOURCE(50, WIRE_U16, stratum, "stratum", SHOW_INTEGER),
    SOURCE(48, WIRE_I16, poll, "poll_interval_log2_seconds", SHOW_INTEGER),
    SOURCE(58, WIRE_U16, reachability, "reachability", SHOW_OCTAL),
    SOURCE(60, WIRE_U32, latest_age, "last_sample_age_seconds", SHOW_AGE),
    SOURCE(68, WIRE_FLOAT, offset, "adjusted_offset_seconds", SHOW_REAL, 9),
    SOURCE(64, WIRE_FLOAT, orig_offset, "measured_offset_seconds", SHOW_REAL, 9),
    SOURCE(72, WIRE_FLOAT, error, "estimated_error_seconds", SHOW_REAL, 9),
};

#define TRACKING(at, wire, member, ...) FIELD(struct report_tracking, at, wire, member, __VA_ARGS__)

static const struct cmd_field tracking[] = {
    TRACKING(28, WIRE_U32, refid, "reference_id", SHOW_REFID),
    GIVEN("name", SHOW_GIVEN_NAME, 0),
    TRACKING(32, WIRE_ADDR, addr, "address", SHOW_ADDRESS, JSON_ONLY),
    TRACKING(52, WIRE_U16, stratum, "stratum", SHOW_INTEGER),
    TRACKING(56, WIRE_TIME, ref_time, "reference_time", SHOW_TIME),
    TRACKING(68, WIRE_FLOAT, correction, "system_time_offset_seconds", SHOW_REAL, 9),
    TRACKING(72, WIRE_FLOAT, last_offset, "last_offset_seconds", SHOW_REAL, 9),
    TRACKING(76, WIRE_FLOAT, rms_offset, "rms_offset_seconds", SHOW_REAL, 9),
    TRACKING(80, WIRE_FLOAT, freq_ppm, "frequency_ppm", SHOW_REAL, 3),
    TRACKING(84, WIRE_FLOAT, resid_freq_ppm, "residual_frequency_ppm", SHOW_REAL, 3),
    TRACKING(88, WIRE_FLOAT, skew_ppm, "skew_ppm", SHOW_REAL, 3),
    TRACKING(92, WIRE_FLOAT, root_delay, "root_delay_seconds", SHOW_REAL, 9),
    TRACKING(96, WIRE_FLOAT, root_dispersion, "root_dispersion_seconds", SHOW_REAL, 9),
    TRACKING(100, WIRE_FLOAT, last_update_interval, "update_interval_seconds", SHOW_REAL, 1),
    TRACKING(54, WIRE_U16, leap, "leap_status", SHOW_WORD, 0, words_leap),
};

#define STATS(at, wire, member, ...) FIELD(struct report_sourcestats, at, wire, member, __VA_ARGS__)

static const struct cmd_field sourcestats[] = {
    GIVEN("name", SHOW_GIVEN_NAME, 0),
    STATS(32, WIRE_ADDR, addr, "address", SHOW_ADDRESS, JSON_ONLY),
    STATS(28, WIRE_U32, refid, "reference_id", SHOW_REFID, JSON_ONLY),
    STATS(52, WIRE_U32, samples, "samples", SHOW_INTEGER),
    STATS(56, WIRE_U32, runs, "runs", SHOW_INTEGER),
    STATS(60, WIRE_U32, span_seconds, "span_seconds", SHOW_INTEGER),
    STATS(68, WIRE_FLOAT, resid_freq_ppm, "frequency_ppm", SHOW_REAL, 3),
    STATS(72, WIRE_FLOAT, skew_ppm, "skew_ppm", SHOW_REAL, 3),
    STATS(76, WIRE_FLOAT, est_offset, "offset_seconds", SHOW_REAL, 9),
    STATS(80, WIRE_FLOAT, est_offset_err, "offset_error_seconds", SHOW_REAL, JSON_ONLY),
    STATS(64, WIRE_FLOAT, sd, "standard_deviation_seconds", SHOW_REAL, 9),
};

#define RTC(at, wire, member, ...) FIELD(struct report_rtc, at, wire, member, __VA_ARGS__)

static const struct cmd_field rtc[] = {
    RTC(28, WIRE_TIME, ref_time, "reference_time", SHOW_TIME),
    RTC(40, WIRE_U16, samples, "samples", SHOW_INTEGER),
    RTC(42, WIRE_U16, runs, "runs", SHOW_INTEGER),
    RTC(44, WIRE_U32, span_seconds, "span_seconds", SHOW_AGE),
    RTC(48, WIRE_FLOAT, seconds_fast, "fast_by_seconds", SHOW_REAL, 6),
    RTC(52, WIRE_FLOAT, gain_ppm, "gain_ppm", SHOW_REAL, 3),
};

#define ACTIVITY(at, wire, member, ...) FIELD(struct report_activity, at, wire, member, __VA_ARGS__)

static const struct cmd_field activity[] = {
    ACTIVITY(28, WIRE_I32, online, "online", SHOW_UNSIGNED),
    ACTIVITY(32, WIRE_I32, offline, "offline", SHOW_UNSIGNED),
    ACTIVITY(36, WIRE_I32, burst_online, "burst_online", SHOW_UNSIGNED),
    ACTIVITY(40, WIRE_I32, burst_offline, "burst_offline", SHOW_UNSIGNED),
    ACTIVITY(44, WIRE_I32, unresolved, "unresolved", SHOW_UNSIGNED),
};

#define SMOOTHING(at, wire, member, ...)                                                           \
    FIELD(struct report_smoothing, at, wire, member, __VA_ARGS__)

static const struct cmd_field smoothing[] = {
    SMOOTHING(28, WIRE_U32, active, "active", SHOW_WORD, 0, words_yes_no, 1, 1, true),
    SMOOTHING(28, WIRE_U32, leap_only, "leap_second_only", SHOW_WORD, 0, words_leap_only, 2, 2,
              true),
    SMOOTHING(32, WIRE_FLOAT, offset, "offset_seconds", SHOW_REAL, 9),
    SMOOTHING(36, WIRE_FLOAT, freq_ppm, "frequency_ppm", SHOW_REAL, 6),
    SMOOTHING(40, WIRE_FLOAT, wander_ppm, "wander_ppm_per_second", SHOW_REAL, 6),
    SMOOTHING(44, WIRE_FLOAT, last_update_ago, "last_update_age_seconds", SHOW_REAL, 1),
    SMOOTHING(48, WIRE_FLOAT, remaining_time, "remaining_time_seconds", SHOW_REAL, 1),
};

#define SETTIME(at, wire, member, ...)                                                             \
    FIELD(struct cmd_settime_reply, at, wire, member, __VA_ARGS__)

static const struct cmd_field settime[] = {
    SETTIME(28, WIRE_FLOAT, offset, "offset_seconds", SHOW_REAL, 2),
    SETTIME(32, WIRE_FLOAT, freq_change_ppm, "frequency_change_ppm", SHOW_REAL, 2),
    SETTIME(36, WIRE_FLOAT, new_freq_ppm, "new_frequency_ppm", SHOW_REAL, 2),
};

#define SAMPLE(at, wire, member, ...)                                                              \
    FIELD(struct report_manual_sample, at, wire, member, __VA_ARGS__)

static const struct cmd_field manual_sample[] = {
    GIVEN("index", SHOW_GIVEN_INDEX, 0),
    SAMPLE(0, WIRE_TIME, when, "time", SHOW_DATE),
    SAMPLE(12, WIRE_FLOAT, slewed_offset, "slewed_offset_seconds", SHOW_REAL, 2),
    SAMPLE(16, WIRE_FLOAT, orig_offset, "original_offset_seconds", SHOW_REAL, 2),
    SAMPLE(20, WIRE_FLOAT, residual, "residual_seconds", SHOW_REAL, 2),
};

static const struct cmd_field manual_list[] = {
    BODY(28, WIRE_U32, manual_list.count, NULL, SHOW_NOTHING),
};

static const struct cmd_records manual_samples = {
    .fields = manual_sample,
    .field_count = COUNT(manual_sample),
    .max = REPORT_MANUAL_MAX,
    .at = 32,
    .length = 24,
    .offset = offsetof(union cmd_reply_body, manual_list.samples),
    .size = sizeof(struct report_manual_sample),
    .count_offset = offsetof(union cmd_reply_body, manual_list.count),
};

static const struct cmd_field sourcename[] = {
    BODY(28, WIRE_NAME, name, "name", SHOW_TEXT),
};

#define AUTH(at, wire, member, ...) FIELD(struct report_authdata, at, wire, member, __VA_ARGS__)

static const struct cmd_field authdata[] = {
    GIVEN("name", SHOW_GIVEN_NAME, 0),
    GIVEN("address", SHOW_GIVEN_ADDRESS, JSON_ONLY),
    AUTH(28, WIRE_U16, mode, "mode", SHOW_WORD, 0, words_auth_mode),
    AUTH(32, WIRE_U32, key_id, "key_id", SHOW_INTEGER),
    AUTH(30, WIRE_U16, key_type, "key_type", SHOW_INTEGER),
    AUTH(36, WIRE_U16, key_length, "key_length_bits", SHOW_INTEGER),
    AUTH(40, WIRE_U32, last_ke_ago, "last_key_establishment_age_seconds", SHOW_AGE),
    AUTH(38, WIRE_U16, ke_attempts, "key_establishment_attempts", SHOW_INTEGER),
    AUTH(48, WIRE_U16, nak, "nak", SHOW_INTEGER),
    AUTH(44, WIRE_U16, cookies, "cookies", SHOW_INTEGER),
    AUTH(46, WIRE_U16, cookie_length, "cookie_length_bytes", SHOW_INTEGER),
};

#define CLIENT(at, wire, member, ...) FIELD(struct report_client, at, wire, member, __VA_ARGS__)

/* CSV has either the columns of commands or those of NTS-KE, in one place. */
static const struct cmd_field client[] = {
    GIVEN("name", SHOW_GIVEN_NAME, 0),
    CLIENT(0, WIRE_ADDR, addr, "address", SHOW_ADDRESS, JSON_ONLY),
    CLIENT(20, WIRE_U32, ntp_hits, "ntp_hits", SHOW_INTEGER),
    CLIENT(32, WIRE_U32, ntp_drops, "ntp_drops", SHOW_INTEGER),
    CLIENT(44, WIRE_I8, ntp_interval, "ntp_interval_log2_seconds", SHOW_LOG2),
    CLIENT(47, WIRE_I8, ntp_timeout_interval, "ntp_timeout_interval_log2_seconds", SHOW_LOG2),
    CLIENT(48, WIRE_U32, last_ntp_ago, "last_ntp_age_seconds", SHOW_AGE),
    CLIENT(28, WIRE_U32, cmd_hits, "command_hits", SHOW_INTEGER),
    CLIENT(40, WIRE_U32, cmd_drops, "command_drops", SHOW_INTEGER),
    CLIENT(46, WIRE_I8, cmd_interval, "command_interval_log2_seconds", SHOW_LOG2),
    CLIENT(56, WIRE_U32, last_cmd_ago, "last_command_age_seconds", SHOW_AGE),
    CLIENT(24, WIRE_U32, nts_ke_hits, "nts_ke_hits", SHOW_INTEGER, JSON_ONLY),
    CLIENT(36, WIRE_U32, nts_ke_drops, "nts_ke_drops", SHOW_INTEGER, JSON_ONLY),
    CLIENT(45, WIRE_I8, nts_ke_interval, "nts_ke_interval_log2_seconds", SHOW_LOG2, JSON_ONLY),
    CLIENT(52, WIRE_U32, last_nts_ke_ago, "last_nts_ke_age_seconds", SHOW_AGE, JSON_ONLY),
};

static const struct cmd_field clients[] = {
    BODY(28, WIRE_U32, clients.indices, NULL, SHOW_NOTHING),
    BODY(32, WIRE_U32, clients.next_index, NULL, SHOW_NOTHING),
    BODY(36, WIRE_U32, clients.count, NULL, SHOW_NOTHING),
};

static const struct cmd_records client_records = {
    .fields = client,
    .field_count = COUNT(client),
    .max = CMD_CLIENTS_MAX,
    .at = 40,
    .length = 60,
    .offset = offsetof(union cmd_reply_body, clients.clients),
    .size = sizeof(struct report_client),
    .count_offset = offsetof(union cmd_reply_body, clients.count),
    .limited = true,
};

#define SELECT(at, wire, member, ...) FIELD(struct report_selectdata, at, wire, member, __VA_ARGS__)

static const struct cmd_field selectdata[] = {
    SELECT(52, WIRE_U8, state, "state", SHOW_LETTER),
    GIVEN("name", SHOW_GIVEN_NAME, 0),
    SELECT(32, WIRE_ADDR, addr, "address", SHOW_ADDRESS, JSON_ONLY),
    SELECT(28, WIRE_U32, refid, "reference_id", SHOW_REFID, JSON_ONLY),
    SELECT(53, WIRE_U8, authenticated, "authentication", SHOW_WORD, 0, words_y_n),
    SELECT(56, WIRE_U16, conf_options, "configured_options", SHOW_OPTIONS, 0, words_select_options),
    SELECT(58, WIRE_U16, eff_options, "effective_options", SHOW_OPTIONS, 0, words_select_options),
    SELECT(60, WIRE_U32, last_sample_ago, "last_sample_age_seconds", SHOW_AGE),
    SELECT(64, WIRE_FLOAT, score, "score", SHOW_REAL, 1),
    SELECT(68, WIRE_FLOAT, low_limit, "low_limit_seconds", SHOW_REAL, 9),
    SELECT(72, WIRE_FLOAT, high_limit, "high_limit_seconds", SHOW_REAL, 9),
    SELECT(54, WIRE_U8, leap, "leap_status", SHOW_WORD, 0, words_leap),
};

#define COUNTER(at, member, key)                                                                   \
    FIELD(struct report_serverstats, at, WIRE_U64, member, key, SHOW_COUNTER)

static const struct cmd_field serverstats[] = {
    COUNTER(28, ntp_hits, "ntp_packets_received"),
    COUNTER(52, ntp_drops, "ntp_packets_dropped"),
    COUNTER(44, cmd_hits, "command_packets_received"),
    COUNTER(68, cmd_drops, "command_packets_dropped"),
    COUNTER(76, log_drops, "client_log_records_dropped"),
    COUNTER(36, nts_ke_hits, "nts_ke_connections_accepted"),
    COUNTER(60, nts_ke_drops, "nts_ke_connections_dropped"),
    COUNTER(84, ntp_auth_hits, "authenticated_ntp_packets"),
    COUNTER(92, ntp_interleaved_hits, "interleaved_ntp_packets"),
    COUNTER(100, ntp_timestamps, "ntp_timestamps_held"),
    COUNTER(108, ntp_span_seconds, "ntp_timestamp_span_seconds"),
    COUNTER(116, ntp_daemon_rx, "ntp_daemon_rx_timestamps"),
    COUNTER(124, ntp_daemon_tx, "ntp_daemon_tx_timestamps"),
    COUNTER(132, ntp_kernel_rx, "ntp_kernel_rx_timestamps"),
    COUNTER(140, ntp_kernel_tx, "ntp_kernel_tx_timestamps"),
    COUNTER(148, ntp_hw_rx, "ntp_hardware_rx_timestamps"),
    COUNTER(156, ntp_hw_tx, "ntp_hardware_tx_timestamps"),
    ONES(164),
    ONES(172),
    ONES(180),
    ONES(188),
};

#define XDP(at, wire, member, ...) FIELD(struct report_xdp, at, wire, member, __VA_ARGS__)

static const struct cmd_field xdp[] = {
    XDP(28, WIRE_U32, interfaces, "interfaces", SHOW_INTEGER),
    XDP(32, WIRE_U64, answered, "answered", SHOW_COUNTER),
    XDP(40, WIRE_U64, kods, "kod_rate", SHOW_COUNTER),
    XDP(48, WIRE_U64, dropped, "dropped_rate_limit", SHOW_COUNTER),
    XDP(56, WIRE_U64, form, "passed_form", SHOW_COUNTER),
    XDP(64, WIRE_U64, mode, "passed_mode", SHOW_COUNTER),
    XDP(72, WIRE_U64, interleaved, "passed_interleaved", SHOW_COUNTER),
    XDP(80, WIRE_U64, no_time, "passed_time", SHOW_COUNTER),
    XDP(88, WIRE_U64, address, "passed_address", SHOW_COUNTER),
    XDP(96, WIRE_U64, access, "passed_access", SHOW_COUNTER),
    XDP(104, WIRE_U64, busy, "passed_busy", SHOW_COUNTER),
};

#define NTP(at, wire, member, ...) FIELD(struct report_ntpdata, at, wire, member, __VA_ARGS__)

static const struct cmd_field ntpdata[] = {
    NTP(28, WIRE_ADDR, remote_addr, "remote_address", SHOW_ADDRESS),
    NTP(0, WIRE_NONE, remote_addr, "remote_reference_id", SHOW_ADDRESS_REFID),
    NTP(68, WIRE_U16, remote_port, "remote_port", SHOW_INTEGER),
    NTP(48, WIRE_ADDR, local_addr, "local_address", SHOW_ADDRESS),
    NTP(0, WIRE_NONE, local_addr, "local_reference_id", SHOW_ADDRESS_REFID),
    NTP(70, WIRE_U8, leap, "leap_status", SHOW_WORD, 0, words_leap),
    NTP(71, WIRE_U8, version, "version", SHOW_INTEGER),
    NTP(72, WIRE_U8, mode, "mode", SHOW_WORD, 0, words_ntp_mode),
    NTP(73, WIRE_U8, stratum, "stratum", SHOW_INTEGER),
    NTP(74, WIRE_I8, poll, "poll_interval_log2_seconds", SHOW_INTEGER),
    NTP(0, WIRE_NONE, poll, "poll_interval_seconds", SHOW_LOG2_SECONDS, 0),
    NTP(75, WIRE_I8, precision, "precision_log2_seconds", SHOW_INTEGER),
    NTP(0, WIRE_NONE, precision, "precision_seconds", SHOW_LOG2_SECONDS, 9),
    NTP(76, WIRE_FLOAT, root_delay, "root_delay_seconds", SHOW_REAL, 6),
    NTP(80, WIRE_FLOAT, root_dispersion, "root_dispersion_seconds", SHOW_REAL, 6),
    NTP(84, WIRE_U32, refid, "reference_id", SHOW_REFID),
    GIVEN("reference_id_text", SHOW_GIVEN_NAME, 0), /* of a reference clock, else empty */
    NTP(88, WIRE_TIME, ref_time, "reference_time", SHOW_TIME),
    NTP(100, WIRE_FLOAT, offset, "offset_seconds", SHOW_REAL, 9),
    NTP(104, WIRE_FLOAT, peer_delay, "peer_delay_seconds", SHOW_REAL, 9),
    NTP(108, WIRE_FLOAT, peer_dispersion, "peer_dispersion_seconds", SHOW_REAL, 9),
    NTP(112, WIRE_FLOAT, response_time, "response_time_seconds", SHOW_REAL, 9),
    NTP(116, WIRE_FLOAT, jitter_asymmetry, "jitter_asymmetry", SHOW_REAL, 2),
    NTP(120, WIRE_U16, tests, "failed_tests", SHOW_TESTS, 0, NULL, 0x3ff),
    NTP(120, WIRE_U16, interleaved, "interleaved", SHOW_WORD, 0, words_yes_no, 0x4000, 0x4000,
        true),
    NTP(120, WIRE_U16, authenticated, "authenticated", SHOW_WORD, 0, words_yes_no, 0x8000, 0x8000,
        true),
    NTP(122, WIRE_U8, tx_source, "tx_timestamping", SHOW_WORD, 0, words_timestamping),
    NTP(123, WIRE_U8, rx_source, "rx_timestamping", SHOW_WORD, 0, words_timestamping),
    NTP(124, WIRE_U32, total_tx, "total_tx", SHOW_INTEGER),
    NTP(128, WIRE_U32, total_rx, "total_rx", SHOW_INTEGER),
    NTP(132, WIRE_U32, total_valid, "total_valid_rx", SHOW_INTEGER),
    NTP(136, WIRE_U32, total_good, "total_good_rx", SHOW_INTEGER),
    NTP(140, WIRE_U32, total_kernel_tx, "total_kernel_tx", SHOW_INTEGER),
    NTP(144, WIRE_U32, total_kernel_rx, "total_kernel_rx", SHOW_INTEGER),
    NTP(148, WIRE_U32, total_hw_tx, "total_hardware_tx", SHOW_INTEGER),
    NTP(152, WIRE_U32, total_hw_rx, "total_hardware_rx", SHOW_INTEGER),
    ONES(156),
    ONES(164),
};

#define ESTIMATE(at, wire, member, ...)                                                            \
    FIELD(struct report_estimator, at, wire, member, __VA_ARGS__)

/* More decimals than elsewhere: the deviations get small. */
static const struct cmd_field estimator[] = {
    ESTIMATE(52, WIRE_U32, kind, "estimator", SHOW_WORD, 0, words_estimator),
    GIVEN("name", SHOW_GIVEN_NAME, 0),
    ESTIMATE(32, WIRE_ADDR, addr, "address", SHOW_ADDRESS, JSON_ONLY),
    ESTIMATE(28, WIRE_U32, refid, "reference_id", SHOW_REFID, JSON_ONLY),
    ESTIMATE(56, WIRE_U32, samples, "samples", SHOW_INTEGER),
    ESTIMATE(60, WIRE_FLOAT, offset, "offset_seconds", SHOW_REAL, 12),
    ESTIMATE(64, WIRE_FLOAT, offset_sd, "offset_standard_deviation_seconds", SHOW_REAL, 12),
    ESTIMATE(68, WIRE_FLOAT, freq_ppm, "frequency_ppm", SHOW_REAL, 9),
    ESTIMATE(72, WIRE_FLOAT, freq_sd_ppm, "frequency_standard_deviation_ppm", SHOW_REAL, 9),
    ESTIMATE(80, WIRE_FLOAT, wander_ppm, "wander_ppm", SHOW_REAL, 9),
    ESTIMATE(76, WIRE_FLOAT, jitter, "jitter_seconds", SHOW_REAL, 12),
    ESTIMATE(84, WIRE_FLOAT, bound_percent, "bound_percent", SHOW_REAL, 1),
    ESTIMATE(88, WIRE_FLOAT, gauss_percent, "gauss_percent", SHOW_REAL, 1),
    ESTIMATE(92, WIRE_FLOAT, up_percent, "up_percent", SHOW_REAL, 1),
    ESTIMATE(96, WIRE_FLOAT, down_percent, "down_percent", SHOW_REAL, 1),
    ESTIMATE(100, WIRE_FLOAT, joint_bias, "joint_bias_seconds", SHOW_REAL, 12),
    ESTIMATE(104, WIRE_FLOAT, joint_percent, "joint_percent", SHOW_REAL, 1),
};

#define TEMPERATURE(at, wire, member, ...)                                                         \
    FIELD(struct report_temperature, at, wire, member, __VA_ARGS__)

_Static_assert(sizeof(((struct report_temperature *)NULL)->sensor) == CMD_NAME_SIZE + 1,
               "A name of the protocol fits");

static const struct cmd_field temperature[] = {
    TEMPERATURE(284, WIRE_U32, state, "state", SHOW_WORD, 0, words_temperature),
    TEMPERATURE(28, WIRE_NAME, sensor, "sensor", SHOW_TEXT),
    TEMPERATURE(292, WIRE_FLOAT, temperature, "temperature", SHOW_REAL, 3),
    TEMPERATURE(288, WIRE_U32, last_reading_ago, "last_reading_age_seconds", SHOW_AGE),
    TEMPERATURE(296, WIRE_U32, changes, "changes", SHOW_INTEGER),
    TEMPERATURE(300, WIRE_FLOAT, delay, "delay_seconds", SHOW_REAL, 0),
    TEMPERATURE(304, WIRE_FLOAT, slope_ppm, "slope_ppm", SHOW_REAL, 9),
    TEMPERATURE(308, WIRE_FLOAT, slope_sd_ppm, "slope_standard_deviation_ppm", SHOW_REAL, 9),
    TEMPERATURE(312, WIRE_FLOAT, trust_percent, "trust_percent", SHOW_REAL, 1),
    TEMPERATURE(316, WIRE_FLOAT, compensation_ppm, "compensation_ppm", SHOW_REAL, 6),
};

#define EXPLANATION(at, wire, member, ...)                                                         \
    FIELD(struct report_explanation, at, wire, member, __VA_ARGS__)
#define FINDING_FIELD(at, wire, member)                                                            \
    FIELD(struct report_finding, at, wire, member, NULL, SHOW_NOTHING)

/* What a value is depends on the code, so JSON is written by the report itself. */
static const struct cmd_field explanation[] = {
    EXPLANATION(28, WIRE_U32, generation, NULL, SHOW_NOTHING),
    EXPLANATION(32, WIRE_U32, sources, NULL, SHOW_NOTHING),
    EXPLANATION(36, WIRE_U16, synchronised, NULL, SHOW_NOTHING),
    EXPLANATION(38, WIRE_U16, subject, NULL, SHOW_NOTHING),
    EXPLANATION(40, WIRE_ADDR, addr, NULL, SHOW_NOTHING),
    EXPLANATION(60, WIRE_U32, refid, NULL, SHOW_NOTHING),
    EXPLANATION(64, WIRE_U32, signature, NULL, SHOW_NOTHING),
    EXPLANATION(68, WIRE_U32, total, NULL, SHOW_NOTHING),
    EXPLANATION(72, WIRE_U32, count, NULL, SHOW_NOTHING),
    EXPLANATION(76, WIRE_TEXT, name, NULL, SHOW_NOTHING),
};

static const struct cmd_field finding[] = {
    FINDING_FIELD(0, WIRE_U16, code),        FINDING_FIELD(4, WIRE_U32, ago),
    FINDING_FIELD(8, WIRE_FLOAT, value[0]),  FINDING_FIELD(12, WIRE_FLOAT, value[1]),
    FINDING_FIELD(16, WIRE_FLOAT, value[2]), FINDING_FIELD(20, WIRE_FLOAT, value[3]),
    FINDING_FIELD(24, WIRE_TEXT, text),
};

static const struct cmd_records findings = {
    .fields = finding,
    .field_count = COUNT(finding),
    .max = REPORT_FINDINGS_MAX,
    .at = 196,
    .length = 144,
    .offset = offsetof(struct report_explanation, findings),
    .size = sizeof(struct report_finding),
    .count_offset = offsetof(struct report_explanation, count),
    .limited = true,
};

#define CLOCK(at, wire, member, ...) FIELD(struct report_clock, at, wire, member, __VA_ARGS__)

static const struct cmd_field clock_status[] = {
    CLOCK(28, WIRE_U16, state, "state", SHOW_WORD, 0, words_clock_state),
    CLOCK(32, WIRE_U32, last_update_ago, "last_update_age_seconds", SHOW_AGE),
    CLOCK(36, WIRE_FLOAT, offset, "offset_seconds", SHOW_REAL, 9),
    CLOCK(40, WIRE_FLOAT, bound, "error_bound_seconds", SHOW_BOUND, 9),
    CLOCK(44, WIRE_FLOAT, bound_growth_ppm, "error_bound_growth_ppm", SHOW_BOUND, 3),
    CLOCK(48, WIRE_FLOAT, slew_rate_ppm, "slew_rate_ppm", SHOW_REAL, 3),
    CLOCK(52, WIRE_FLOAT, slew_left, "slew_left_seconds", SHOW_REAL, 1),
    CLOCK(56, WIRE_U32, updates, "updates", SHOW_INTEGER),
    CLOCK(60, WIRE_U32, refusals, "refusals", SHOW_INTEGER),
    CLOCK(64, WIRE_U32, steps, "steps", SHOW_INTEGER),
    CLOCK(68, WIRE_U32, last_step_ago, "last_step_age_seconds", SHOW_AGE),
    CLOCK(72, WIRE_FLOAT, last_step, "last_step_seconds", SHOW_REAL, 9),
    CLOCK(30, WIRE_U16, controlled, "controlled", SHOW_WORD, 0, words_yes_no),
    CLOCK(76, WIRE_U32, uptime_seconds, "uptime_seconds", SHOW_INTEGER),
};

#define HISTORY(at, wire, member) FIELD(struct report_history, at, wire, member, NULL, SHOW_NOTHING)

_Static_assert(sizeof(((struct report_history *)NULL)->path) == CMD_NAME_SIZE + 1,
               "A name of the protocol fits");

/* For programs that read the file. */
static const struct cmd_field history[] = {
    HISTORY(28, WIRE_NAME, path),       HISTORY(284, WIRE_U32, state),
    HISTORY(288, WIRE_U64, size),       HISTORY(296, WIRE_TIME, first_time),
    HISTORY(308, WIRE_TIME, last_time), HISTORY(320, WIRE_U32, pages),
    HISTORY(324, WIRE_U32, failures),   HISTORY(328, WIRE_U32, lost_pages),
    HISTORY(332, WIRE_U64, written),
};

static const struct cmd_field counts[] = {
    FIELD(struct report_counts, 28, WIRE_U32, count, NULL, SHOW_NOTHING),
};
static const struct cmd_field counts_value[] = {
    {.wire = WIRE_U64, .member = MEMBER_U64, .show = SHOW_NOTHING},
};
static const struct cmd_records counts_values = {
    .fields = counts_value,
    .field_count = COUNT(counts_value),
    .max = REPORT_COUNTS_MAX,
    .at = 32,
    .length = 8,
    .offset = offsetof(struct report_counts, counts),
    .size = sizeof(uint64_t),
    .count_offset = offsetof(struct report_counts, count),
    .limited = true,
};

static const struct cmd_field source_counts[] = {
    FIELD(struct report_source_counts, 28, WIRE_U16, finding, NULL, SHOW_NOTHING),
    FIELD(struct report_source_counts, 30, WIRE_U16, severity, NULL, SHOW_NOTHING),
    FIELD(struct report_source_counts, 32, WIRE_U32, ke_succeeded, NULL, SHOW_NOTHING),
    FIELD(struct report_source_counts, 36, WIRE_U32, ke_failed, NULL, SHOW_NOTHING),
    FIELD(struct report_source_counts, 40, WIRE_TIME, certificate_end, NULL, SHOW_NOTHING),
    FIELD(struct report_source_counts, 52, WIRE_U32, count, NULL, SHOW_NOTHING),
};
static const struct cmd_field source_counts_value[] = {
    {.wire = WIRE_U32, .member = MEMBER_U32, .show = SHOW_NOTHING},
};
static const struct cmd_records source_counts_values = {
    .fields = source_counts_value,
    .field_count = COUNT(source_counts_value),
    .max = REPORT_COUNTS_MAX,
    .at = 56,
    .length = 4,
    .offset = offsetof(struct report_source_counts, counts),
    .size = sizeof(uint32_t),
    .count_offset = offsetof(struct report_source_counts, count),
    .limited = true,
};

#define CERTIFICATE(at, wire, member)                                                              \
    FIELD(struct report_certificate, at, wire, member, NULL, SHOW_NOTHING)

static const struct cmd_field certificate[] = {
    CERTIFICATE(28, WIRE_U32, total),           CERTIFICATE(32, WIRE_NAME, file),
    CERTIFICATE(288, WIRE_TIME, not_before),    CERTIFICATE(300, WIRE_TIME, not_after),
    CERTIFICATE(312, WIRE_FLOAT, seconds_left),
};

_Static_assert(REPORT_TEXT_SIZE == REPORT_FINDING_TEXT, "texts of the protocol have one size");

#define DAEMON(at, wire, member)  FIELD(struct report_daemon, at, wire, member, NULL, SHOW_NOTHING)
#define PROCESS(at, wire, member) FIELD(struct report_process, at, wire, member, NULL, SHOW_NOTHING)

static const struct cmd_field daemon_state[] = {
    DAEMON(28, WIRE_TEXT, version), DAEMON(148, WIRE_TEXT, features),
    DAEMON(268, WIRE_U32, clients), DAEMON(272, WIRE_U32, clients_max),
    DAEMON(276, WIRE_U32, count),
};
static const struct cmd_field process[] = {
    PROCESS(0, WIRE_U16, role),
    PROCESS(2, WIRE_U16, wanted),
    PROCESS(4, WIRE_U16, alive),
    PROCESS(8, WIRE_U32, restarts),
};
static const struct cmd_records processes = {
    .fields = process,
    .field_count = COUNT(process),
    .max = REPORT_PROCESSES_MAX,
    .at = 280,
    .length = 12,
    .offset = offsetof(struct report_daemon, processes),
    .size = sizeof(struct report_process),
    .count_offset = offsetof(struct report_daemon, count),
    .limited = true,
};

#define AROUND(at, wire, member)                                                                   \
    FIELD(struct report_surroundings, at, wire, member, NULL, SHOW_NOTHING)

_Static_assert(sizeof(((struct report_surroundings *)NULL)->path) == CMD_NAME_SIZE + 1,
               "A name of the protocol fits");

/* Not a report of its own: doctor says what it means. */
static const struct cmd_field surroundings[] = {
    AROUND(28, WIRE_U32, pid),
    AROUND(32, WIRE_U32, uid),
    AROUND(36, WIRE_U32, flags),
    AROUND(40, WIRE_I32, filter_level),
    AROUND(44, WIRE_U16, ntp_port),
    AROUND(46, WIRE_U16, ptp_port),
    AROUND(48, WIRE_U16, nts_port),
    AROUND(50, WIRE_U16, cmd_port),
    AROUND(52, WIRE_U32, certificates_ago),
    AROUND(56, WIRE_U32, files),
    AROUND(60, WIRE_U16, file),
    AROUND(62, WIRE_U16, failing),
    AROUND(64, WIRE_NAME, path),
};

#define FACT(at, wire, member, ...)                                                                \
    FIELD(struct report_process_facts, at, wire, member, __VA_ARGS__)

static const struct cmd_field process_facts[] = {
    FACT(32, WIRE_U16, role, "role", SHOW_WORD, 0, words_process),
    FACT(34, WIRE_U16, number, "number", SHOW_INTEGER),
    FACT(36, WIRE_U16, state, "state", SHOW_WORD, 0, words_process_state),
    FACT(40, WIRE_U32, pid, "pid", SHOW_ID),
    GIVEN("user", SHOW_GIVEN_NAME, 0),
    FACT(44, WIRE_U32, uid, "user_id", SHOW_ID),
    FACT(48, WIRE_U64, capabilities, "capabilities", SHOW_CAPABILITIES),
    FACT(56, WIRE_U64, permitted, "permitted_capabilities", SHOW_CAPABILITIES),
    FACT(64, WIRE_U16, no_new_privileges, "no_new_privileges", SHOW_KNOWN),
    FACT(66, WIRE_U16, filter, "filter", SHOW_WORD, 0, words_process_filter),
    FACT(68, WIRE_I32, filter_level, "filter_level", SHOW_INTEGER),
    FACT(72, WIRE_U16, landlock_abi, "landlock_abi", SHOW_INTEGER),
    FACT(74, WIRE_U16, landlock_rules, "landlock_rules", SHOW_INTEGER),
    FACT(76, WIRE_U32, generation, "generation", SHOW_INTEGER),
    FACT(80, WIRE_U32, restarts, "restarts", SHOW_INTEGER),
    FACT(84, WIRE_U64, refusals, "refusals", SHOW_COUNTER),
    FACT(92, WIRE_U64, memory, "anonymous_memory_bytes", SHOW_SIZE),
    FACT(28, WIRE_U32, total, NULL, SHOW_NOTHING),
    FACT(100, WIRE_U32, error, NULL, SHOW_NOTHING),
};

#define LAYOUT(length, rows, records)                                                              \
    {                                                                                              \
        length, COUNT(rows), rows, records                                                         \
    }

static const struct {
    enum reply_code code;
    struct cmd_layout layout;
} replies[] = {
    {REPLY_NULL, {CMD_REPLY_HEADER, 0, NULL, NULL}},
    {REPLY_SOURCE_COUNT, LAYOUT(32, source_count, NULL)},
    {REPLY_SOURCE_DATA, LAYOUT(76, source, NULL)},
    {REPLY_TRACKING, LAYOUT(104, tracking, NULL)},
    {REPLY_SOURCESTATS, LAYOUT(84, sourcestats, NULL)},
    {REPLY_RTC, LAYOUT(56, rtc, NULL)},
    {REPLY_ACTIVITY, LAYOUT(48, activity, NULL)},
    {REPLY_SMOOTHING, LAYOUT(52, smoothing, NULL)},
    {REPLY_SETTIME, LAYOUT(40, settime, NULL)},
    {REPLY_MANUAL_LIST, LAYOUT(416, manual_list, &manual_samples)},
    {REPLY_SOURCENAME, LAYOUT(284, sourcename, NULL)},
    {REPLY_AUTHDATA, LAYOUT(52, authdata, NULL)},
    {REPLY_CLIENTS, LAYOUT(520, clients, &client_records)},
    {REPLY_SELECTDATA, LAYOUT(76, selectdata, NULL)},
    {REPLY_SERVERSTATS, LAYOUT(196, serverstats, NULL)},
    {REPLY_NTPDATA, LAYOUT(172, ntpdata, NULL)},
    {REPLY_ESTIMATOR, LAYOUT(108, estimator, NULL)},
    {REPLY_TEMPERATURE, LAYOUT(320, temperature, NULL)},
    {REPLY_EXPLAIN, LAYOUT(484, explanation, &findings)},
    {REPLY_CLOCK, LAYOUT(80, clock_status, NULL)},
    {REPLY_HISTORY, LAYOUT(340, history, NULL)},
    {REPLY_COUNTS, LAYOUT(512, counts, &counts_values)},
    {REPLY_CERTIFICATE, LAYOUT(316, certificate, NULL)},
    {REPLY_DAEMON, LAYOUT(448, daemon_state, &processes)},
    {REPLY_SOURCE_COUNTS, LAYOUT(296, source_counts, &source_counts_values)},
    {REPLY_PROCESSES, LAYOUT(104, process_facts, NULL)},
    {REPLY_XDP, LAYOUT(112, xdp, NULL)},
    {REPLY_SURROUNDINGS, LAYOUT(320, surroundings, NULL)},
};

const struct cmd_layout *cmd_reply_layout(unsigned int reply)
{
    for (size_t i = 0; i < COUNT(replies); i++)
        if ((unsigned int)replies[i].code == reply)
            return &replies[i].layout;
    return NULL;
}
