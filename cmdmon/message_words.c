/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of enumerations, see message_words.h. A word of JSON is part of the schemas in
 * doc/schema/, a plain one of what scripts read.
 */
#include "cmdmon/message_words.h"

#include "base/report.h"
#include "base/sync_status.h"
#include "conf/source_options.h"

const struct field_word words_leap[] = {
    {LEAP_NORMAL, "normal", "Normal"},
    {LEAP_INSERT, "insert_second", "Insert second"},
    {LEAP_DELETE, "delete_second", "Delete second"},
    {LEAP_UNSYNC, "not_synchronised", "Not synchronised"},
    {FIELD_OTHER, "invalid", "Invalid"},
};

const struct field_word words_source_mode[] = {
    {REPORT_SERVER, "server", "^"},
    {REPORT_PEER, "peer", "="},
    {REPORT_REFCLOCK, "reference_clock", "#"},
    {FIELD_OTHER, "unknown", " "},
};

const struct field_word words_source_state[] = {
    {REPORT_SELECTED, "selected", "*"},
    {REPORT_NOT_SELECTABLE, "not_selectable", "?"},
    {REPORT_FALSETICKER, "falseticker", "x"},
    {REPORT_JITTERY, "jittery", "~"},
    {REPORT_COMBINED, "combined", "+"},
    {REPORT_SELECTABLE, "selectable", "-"},
    {FIELD_OTHER, "unknown", " "},
};

const struct field_word words_auth_mode[] = {
    {REPORT_AUTH_NONE, "none", "-"},
    {REPORT_AUTH_SYMMETRIC, "symmetric_key", "SK"},
    {REPORT_AUTH_NTS, "nts", "NTS"},
    {FIELD_OTHER, "unknown", "?"},
};

const struct field_word words_estimator[] = {
    {REPORT_ESTIMATOR_NONE, "none", "-"},
    {REPORT_ESTIMATOR_REGRESSION, "regression", "R"},
    {REPORT_ESTIMATOR_KALMAN, "kalman", "K"},
    {FIELD_OTHER, "unknown", "?"},
};

const struct field_word words_temperature[] = {
    {REPORT_TEMPERATURE_LEARNING, "learning", "Learning"},
    {REPORT_TEMPERATURE_FOLLOWING, "following", "Following"},
    {REPORT_TEMPERATURE_FAILING, "failing", "Sensor fails"},
    {FIELD_OTHER, "unknown", "Unknown"},
};

const struct field_word words_clock_state[] = {
    {REPORT_CLOCK_UNSYNCHRONISED, "not_synchronised", "Not synchronised"},
    {REPORT_CLOCK_SYNCHRONISED, "synchronised", "Synchronised"},
    {REPORT_CLOCK_LOCAL, "local_reference", "Local reference"},
    {FIELD_OTHER, "unknown", "Unknown"},
};

const struct field_word words_ntp_mode[] = {
    {1, "symmetric_active", "Symmetric active"},
    {2, "symmetric_passive", "Symmetric passive"},
    {4, "server", "Server"},
    {FIELD_OTHER, "invalid", "Invalid"},
};

const struct field_word words_timestamping[] = {
    {'D', "daemon", "Daemon"},
    {'K', "kernel", "Kernel"},
    {'H', "hardware", "Hardware"},
    {FIELD_OTHER, NULL, "Invalid"},
};

const struct field_word words_select_options[] = {
    {SELECT_NOSELECT, "noselect", "N"}, {SELECT_PREFER, "prefer", "P"},
    {SELECT_TRUST, "trust", "T"},       {SELECT_REQUIRE, "require", "R"},
    {FIELD_OTHER, NULL, "-"},
};

const struct field_word words_yes_no[] = {{true, NULL, "Yes"}, {FIELD_OTHER, NULL, "No"}};
const struct field_word words_y_n[] = {{true, NULL, "Y"}, {FIELD_OTHER, NULL, "N"}};
const struct field_word words_leap_only[] = {
    {true, NULL, "(leap second only)"},
    {FIELD_OTHER, NULL, ""},
};

const struct field_word words_request_result[] = {
    {0, "answered", NULL},
    {1, "answered_times_kept", NULL},
    {2, "answered_interleaved", NULL},
    {3, "kod_rate", NULL},
    {4, "kod_ntsn", NULL},
    {5, "to_be_signed", NULL},
    {6, "dropped_length", NULL},
    {7, "dropped_version", NULL},
    {8, "dropped_extension_fields", NULL},
    {9, "dropped_access", NULL},
    {10, "dropped_mode", NULL},
    {11, "dropped_rate_limit", NULL},
    {12, "dropped_two_kods", NULL},
    {13, "dropped_key", NULL},
    {14, "dropped_nts", NULL},
    {15, "dropped_signing", NULL},
    {16, "dropped_reply", NULL},
    {17, "lost_with_worker", NULL},
    {FIELD_OTHER, NULL, NULL},
};

const struct field_word words_update_result[] = {
    {0, "slewed", NULL},         {1, "slewed_only", NULL}, {2, "stepped", NULL},
    {3, "step_failed", NULL},    {4, "not_finite", NULL},  {5, "too_large", NULL},
    {6, "too_large_ends", NULL}, {7, "mode_ended", NULL},  {8, "initial_slew", NULL},
    {9, "initial_step", NULL},   {10, "set_once", NULL},   {11, "printed", NULL},
    {FIELD_OTHER, NULL, NULL},
};

const struct field_word words_selection_result[] = {
    {0, "selected", NULL},
    {1, "no_sources", NULL},
    {2, "waits_for_statistics", NULL},
    {3, "none_usable", NULL},
    {4, "no_agreement", NULL},
    {5, "no_majority", NULL},
    {6, "no_trusted_agreement", NULL},
    {7, "no_trusted_majority", NULL},
    {8, "none_agrees", NULL},
    {9, "no_required_source", NULL},
    {10, "not_enough_sources", NULL},
    {11, "waits_for_update", NULL},
    {FIELD_OTHER, NULL, NULL},
};

const struct field_word words_ke_end[] = {
    {1, "complete", NULL},         {2, "not_connected", NULL},     {3, "closed", NULL},
    {4, "name_refused", NULL},     {5, "nothing_in_common", NULL}, {6, "refused_by_peer", NULL},
    {7, "handshake_failed", NULL}, {8, "no_alpn", NULL},           {9, "transfer_failed", NULL},
    {10, "invalid_message", NULL}, {11, "unusable_message", NULL}, {12, "timed_out", NULL},
    {13, "gave_way", NULL},        {14, "not_begun", NULL},        {15, "helper_lost", NULL},
    {FIELD_OTHER, NULL, NULL},
};

const struct field_word words_response[] = {
    {0, "request", NULL},
    {1, "malformed", NULL},
    {2, "wrong_mode", NULL},
    {3, "not_awaited", NULL},
    {4, "waits_for_timestamp", NULL},
    {5, "repeated", NULL},
    {6, "wrong_origin", NULL},
    {7, "zero_timestamp", NULL},
    {8, "wrong_authentication", NULL},
    {9, "wrong_key", NULL},
    {10, "wrong_mac", NULL},
    {11, "nts_unasked", NULL},
    {12, "nts_uid", NULL},
    {13, "nts_nak", NULL},
    {14, "nts_authentication", NULL},
    {15, "nts_cookies", NULL},
    {16, "already_answered", NULL},
    {17, "kod_rate", NULL},
    {18, "leap_unsynchronised", NULL},
    {19, "stratum", NULL},
    {20, "root_distance", NULL},
    {21, "no_timestamps", NULL},
    {22, "delay", NULL},
    {23, "precision", NULL},
    {24, "warm_up", NULL},
    {25, "time_range", NULL},
    {26, "server_interval", NULL},
    {27, "same_timestamps", NULL},
    {28, "peer_delay", NULL},
    {29, "peer_order", NULL},
    {30, "peer_interval", NULL},
    {31, "delay_ratio", NULL},
    {32, "delay_quantile", NULL},
    {33, "delay_deviation", NULL},
    {34, "loop_address", NULL},
    {35, "loop_self", NULL},
    {36, "good", NULL},
    {FIELD_OTHER, NULL, NULL},
};

const struct field_word words_process[] = {
    {REPORT_PROCESS_MAIN, "main", "main"},
    {REPORT_PROCESS_FORK_SERVER, "fork_server", "fork server"},
    {REPORT_PROCESS_NAMES, "names", "name resolution"},
    {REPORT_PROCESS_NTS_KE, "nts_ke", "NTS-KE helper"},
    {REPORT_PROCESS_METRICS, "metrics", "metrics server"},
    {REPORT_PROCESS_GUARD, "guard", "clock guard"},
    {REPORT_PROCESS_WORKER, "server_worker", "server worker"},
    {REPORT_PROCESS_NTS_KE_CLIENT, "nts_ke_client", "NTS-KE client"},
    {FIELD_OTHER, "unknown", "unknown"},
};

const struct field_word words_process_state[] = {
    {REPORT_PROCESS_RUNS, "runs", "runs"},
    {REPORT_PROCESS_ENDED, "ended", "ended"},
    {REPORT_PROCESS_NOT_STARTED, "not_started", "not started"},
    {REPORT_PROCESS_NOT_READ, "not_read", "not read"},
    {FIELD_OTHER, "unknown", "unknown"},
};

const struct field_word words_process_filter[] = {
    {0, "none", "no"},
    {1, "strict", "strict"},
    {2, "filter", "yes"},
    {FIELD_OTHER, NULL, "-"},
};
