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
