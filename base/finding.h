/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon knows of why its clock is, or is not, synchronised: findings, each a code with
 * numbers. The module that owns the facts adds them (functions *_explain), the control protocol
 * carries them (cmdmon.md 13.18), and chronyc/finding_text.h has their sentences and says what each
 * number is.
 */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

#include <stddef.h>
#include <stdint.h>
#include "base/report.h"

enum finding_severity {
    FINDING_GOOD,    /* as it should be */
    FINDING_NOTE,    /* worth knowing; nothing has to be done */
    FINDING_WARNING, /* time is kept, but something is worse than it was meant to be */
    FINDING_ERROR,   /* this keeps the source, the clock or the NTS server from being used */
};

/* X(code, number, word, severity). Numbers and words are never used again. */
#define FINDINGS_OF_CLOCK(X)                                                                       \
    X(FINDING_SYNCHRONISED, 1, "synchronised", FINDING_GOOD)                                       \
    X(FINDING_NOT_SYNCHRONISED, 2, "not_synchronised", FINDING_ERROR)                              \
    X(FINDING_NO_SOURCES, 3, "no_sources", FINDING_ERROR)                                          \
    X(FINDING_LOCAL_REFERENCE, 4, "local_reference", FINDING_WARNING)                              \
    X(FINDING_BOUND_DELAY, 5, "bound_root_delay", FINDING_NOTE)                                    \
    X(FINDING_BOUND_DISPERSION, 6, "bound_root_dispersion", FINDING_NOTE)                          \
    X(FINDING_BOUND_AGE, 7, "bound_age", FINDING_NOTE)                                             \
    X(FINDING_BOUND_OFFSET, 8, "bound_offset", FINDING_NOTE)                                       \
    X(FINDING_FIRST_LOOKUP, 9, "first_lookup", FINDING_NOTE)                                       \
    X(FINDING_NONE_USABLE, 10, "none_usable", FINDING_ERROR)                                       \
    X(FINDING_WAITING_FOR_SAMPLES, 11, "waiting_for_samples", FINDING_NOTE)                        \
    X(FINDING_NO_AGREEMENT, 12, "no_agreement", FINDING_ERROR)                                     \
    X(FINDING_TOO_FEW_AGREE, 13, "no_majority", FINDING_ERROR)                                     \
    X(FINDING_NO_TRUSTED_AGREEMENT, 14, "no_trusted_agreement", FINDING_ERROR)                     \
    X(FINDING_TOO_FEW_TRUSTED_AGREE, 15, "no_trusted_majority", FINDING_ERROR)                     \
    X(FINDING_NONE_AGREES, 16, "none_agrees_with_trusted", FINDING_ERROR)                          \
    X(FINDING_NO_REQUIRED, 17, "no_required_source", FINDING_ERROR)                                \
    X(FINDING_NOT_ENOUGH, 18, "fewer_than_minsources", FINDING_ERROR)                              \
    X(FINDING_WAITING_FOR_UPDATE, 19, "waiting_for_update", FINDING_NOTE)                          \
    X(FINDING_NOT_CONTROLLED, 20, "clock_not_controlled", FINDING_WARNING)                         \
    X(FINDING_UPDATE_REFUSED, 21, "update_refused", FINDING_ERROR)                                 \
    X(FINDING_UPDATE_REFUSED_ENDS, 22, "update_refused_ends", FINDING_ERROR)                       \
    X(FINDING_STEP_FAILED, 23, "step_failed", FINDING_ERROR)                                       \
    X(FINDING_LARGE_SLEW, 24, "large_offset_slewed", FINDING_WARNING)                              \
    X(FINDING_SLEW_NO_STEP, 25, "step_not_allowed", FINDING_NOTE)                                  \
    X(FINDING_SLEW_BELOW_STEP, 26, "below_step_threshold", FINDING_NOTE)                           \
    X(FINDING_FREQUENCY_KEPT, 27, "frequency_kept", FINDING_WARNING)                               \
    X(FINDING_LEAP_SECOND, 28, "leap_second", FINDING_NOTE)                                        \
    X(FINDING_LEAP_IN_PROGRESS, 29, "leap_second_in_progress", FINDING_WARNING)                    \
    X(FINDING_SERVED_TIME_SMOOTHED, 30, "served_time_smoothed", FINDING_NOTE)                      \
    X(FINDING_STEPPED_BY_OTHERS, 31, "stepped_by_others", FINDING_WARNING)                         \
    X(FINDING_INITIAL_OFFSET, 32, "measuring_initial_offset", FINDING_NOTE)                        \
    X(FINDING_STEPPED, 33, "stepped", FINDING_NOTE)                                                \
    X(FINDING_LOCAL_ORPHAN, 34, "local_orphan", FINDING_WARNING)                                   \
    X(FINDING_HOLDING, 35, "holdover", FINDING_WARNING)                                            \
    X(FINDING_FREQUENCY_UNKNOWN, 36, "frequency_unknown", FINDING_NOTE)

#define FINDINGS_OF_SOURCE(X)                                                                      \
    X(FINDING_SELECTED, 100, "selected", FINDING_GOOD)                                             \
    X(FINDING_COMBINED, 101, "combined", FINDING_GOOD)                                             \
    X(FINDING_NOSELECT, 102, "noselect", FINDING_NOTE)                                             \
    X(FINDING_FEW_SAMPLES, 103, "few_samples", FINDING_NOTE)                                       \
    X(FINDING_SOURCE_UNSYNCHRONISED, 104, "source_unsynchronised", FINDING_ERROR)                  \
    X(FINDING_STRATUM_LOW, 105, "stratum_low", FINDING_ERROR)                                      \
    X(FINDING_STRATUM_HIGH, 106, "stratum_high", FINDING_ERROR)                                    \
    X(FINDING_DISTANCE, 107, "distance", FINDING_ERROR)                                            \
    X(FINDING_JITTERY, 108, "jittery", FINDING_ERROR)                                              \
    X(FINDING_WAITS_SAMPLES, 109, "waits_for_other_sources", FINDING_NOTE)                         \
    X(FINDING_STALE, 110, "stale", FINDING_ERROR)                                                  \
    X(FINDING_UNREACHABLE, 111, "unreachable", FINDING_ERROR)                                      \
    X(FINDING_ORPHAN, 112, "orphan", FINDING_NOTE)                                                 \
    X(FINDING_UNTRUSTED, 113, "untrusted", FINDING_ERROR)                                          \
    X(FINDING_FALSETICKER, 114, "falseticker", FINDING_ERROR)                                      \
    X(FINDING_DISAGREES, 115, "disagrees", FINDING_ERROR)                                          \
    X(FINDING_WAITS_SOURCES, 116, "waits_for_minsources", FINDING_WARNING)                         \
    X(FINDING_WAITS_REQUIRED, 117, "waits_for_required", FINDING_WARNING)                          \
    X(FINDING_NOT_PREFERRED, 118, "not_preferred", FINDING_NOTE)                                   \
    X(FINDING_WAITS_UPDATE, 119, "waits_for_update", FINDING_NOTE)                                 \
    X(FINDING_DISTANT, 120, "distant", FINDING_NOTE)                                               \
    X(FINDING_DISTANT_FREQUENCY, 121, "distant_frequency", FINDING_NOTE)                           \
    X(FINDING_STILL_DISTANT, 122, "still_distant", FINDING_NOTE)                                   \
    X(FINDING_NOT_AUTHENTICATED, 123, "not_authenticated", FINDING_NOTE)                           \
    X(FINDING_NOTHING_AUTHENTICATED, 124, "nothing_authenticated", FINDING_ERROR)                  \
    X(FINDING_ALL_SILENT, 125, "stale_no_other", FINDING_ERROR)                                    \
    X(FINDING_CONTRADICTS_TRUSTED, 126, "contradicts_trusted", FINDING_ERROR)                      \
    X(FINDING_SELECTED_IN_VAIN, 127, "selected_in_vain", FINDING_WARNING)

#define FINDINGS_OF_REFCLOCK(X)                                                                    \
    X(FINDING_REFCLOCK_SAMPLES, 400, "refclock_samples", FINDING_GOOD)                             \
    X(FINDING_REFCLOCK_NO_DEVICE, 401, "refclock_no_device", FINDING_ERROR)                        \
    X(FINDING_REFCLOCK_SILENT, 402, "refclock_silent", FINDING_ERROR)                              \
    X(FINDING_REFCLOCK_BAD_INPUT, 403, "refclock_bad_input", FINDING_ERROR)                        \
    X(FINDING_REFCLOCK_NO_LOCK, 404, "refclock_no_lock", FINDING_ERROR)                            \
    X(FINDING_REFCLOCK_LOCK_SILENT, 405, "refclock_lock_silent", FINDING_ERROR)                    \
    X(FINDING_REFCLOCK_NEEDS_TIME, 406, "refclock_needs_time", FINDING_ERROR)                      \
    X(FINDING_REFCLOCK_AGE, 407, "refclock_old_samples", FINDING_ERROR)                            \
    X(FINDING_REFCLOCK_NO_LEAP, 408, "refclock_bad_leap", FINDING_ERROR)                           \
    X(FINDING_REFCLOCK_NO_TAI, 409, "refclock_tai_unknown", FINDING_ERROR)                         \
    X(FINDING_REFCLOCK_QUALITY, 410, "refclock_low_quality", FINDING_ERROR)                        \
    X(FINDING_REFCLOCK_ORDER, 411, "refclock_not_increasing", FINDING_ERROR)                       \
    X(FINDING_REFCLOCK_LOCK_DIFFERS, 412, "refclock_lock_differs", FINDING_ERROR)                  \
    X(FINDING_REFCLOCK_EDGE, 413, "refclock_wrong_edge", FINDING_ERROR)

#define FINDINGS_OF_NTP(X)                                                                         \
    X(FINDING_NAME_LOOKED_UP, 200, "name_looked_up", FINDING_NOTE)                                 \
    X(FINDING_NAME_NOT_FOUND, 201, "name_not_found", FINDING_ERROR)                                \
    X(FINDING_NAME_GIVEN_UP, 202, "name_given_up", FINDING_ERROR)                                  \
    X(FINDING_NAME_NO_ANSWER, 203, "name_no_answer", FINDING_ERROR)                                \
    X(FINDING_NAME_FAILED, 204, "name_failed", FINDING_ERROR)                                      \
    X(FINDING_NAME_TIMEOUT, 205, "name_timeout", FINDING_ERROR)                                    \
    X(FINDING_NAME_UNAVAILABLE, 206, "name_unavailable", FINDING_ERROR)                            \
    X(FINDING_NAME_NO_INTERFACE, 207, "name_no_interface", FINDING_ERROR)                          \
    X(FINDING_NAME_FAMILY_OFF, 208, "name_family_off", FINDING_ERROR)                              \
    X(FINDING_NAME_OTHER_FAMILY, 209, "name_other_family", FINDING_ERROR)                          \
    X(FINDING_NAME_NO_ROUTE, 210, "name_no_route", FINDING_ERROR)                                  \
    X(FINDING_NAME_IN_USE, 211, "name_in_use", FINDING_ERROR)                                      \
    X(FINDING_POOL_PLACE, 212, "pool_place", FINDING_NOTE)                                         \
    X(FINDING_NOT_STARTED, 220, "not_started", FINDING_NOTE)                                       \
    X(FINDING_FIRST_REQUEST, 221, "first_request", FINDING_NOTE)                                   \
    X(FINDING_NEVER_ANSWERED, 222, "never_answered", FINDING_ERROR)                                \
    X(FINDING_NO_ANSWER, 223, "no_answer", FINDING_ERROR)                                          \
    X(FINDING_PORT_UNREACHABLE, 224, "port_unreachable", FINDING_ERROR)                            \
    X(FINDING_HOST_UNREACHABLE, 225, "host_unreachable", FINDING_ERROR)                            \
    X(FINDING_NETWORK_UNREACHABLE, 226, "network_unreachable", FINDING_ERROR)                      \
    X(FINDING_NETWORK_ERROR, 227, "network_error", FINDING_ERROR)                                  \
    X(FINDING_NO_ROUTE, 228, "no_route", FINDING_ERROR)                                            \
    X(FINDING_SEND_REFUSED, 229, "send_refused", FINDING_ERROR)                                    \
    X(FINDING_NO_FAMILY, 230, "no_family", FINDING_ERROR)                                          \
    X(FINDING_SEND_FAILED, 231, "send_failed", FINDING_ERROR)                                      \
    X(FINDING_ANSWERED, 232, "answered", FINDING_GOOD)                                             \
    X(FINDING_MEASURED, 233, "measured", FINDING_GOOD)                                             \
    X(FINDING_NO_ANSWERS_AT_ALL, 235, "no_answers_at_all", FINDING_ERROR)                          \
    X(FINDING_OFFLINE_COMMAND, 240, "offline_command", FINDING_ERROR)                              \
    X(FINDING_OFFLINE_CONFIGURED, 241, "offline_configured", FINDING_ERROR)                        \
    X(FINDING_OFFLINE_NO_ROUTE, 242, "offline_no_route", FINDING_ERROR)                            \
    X(FINDING_OFFLINE_SEND_FAILED, 243, "offline_send_failed", FINDING_ERROR)                      \
    X(FINDING_BURST, 244, "burst", FINDING_NOTE)                                                   \
    X(FINDING_NOTHING_USABLE, 250, "nothing_usable", FINDING_ERROR)                                \
    X(FINDING_SERVER_UNSYNCHRONISED, 251, "server_unsynchronised", FINDING_ERROR)                  \
    X(FINDING_KISS_RATE, 252, "kiss_rate", FINDING_WARNING)                                        \
    X(FINDING_KISS_REFUSED, 253, "kiss_refused", FINDING_ERROR)                                    \
    X(FINDING_ROOT_DISTANCE, 254, "root_distance", FINDING_ERROR)                                  \
    X(FINDING_MINSTRATUM, 255, "minstratum", FINDING_NOTE)                                         \
    X(FINDING_MALFORMED, 256, "malformed", FINDING_WARNING)                                        \
    X(FINDING_WRONG_MODE, 257, "wrong_mode", FINDING_WARNING)                                      \
    X(FINDING_NOT_AWAITED, 258, "not_awaited", FINDING_WARNING)                                    \
    X(FINDING_REPEATED, 259, "repeated", FINDING_NOTE)                                             \
    X(FINDING_WRONG_ORIGIN, 260, "wrong_origin", FINDING_WARNING)                                  \
    X(FINDING_ZERO_TIMESTAMP, 261, "zero_timestamp", FINDING_WARNING)                              \
    X(FINDING_WRONG_TIME_RANGE, 262, "wrong_time_range", FINDING_WARNING)                          \
    X(FINDING_LOOP_ADDRESS, 263, "loop_address", FINDING_WARNING)                                  \
    X(FINDING_LOOP_SELF, 264, "loop_self", FINDING_WARNING)                                        \
    X(FINDING_TIMESTAMPS_MISSING, 265, "timestamps_missing", FINDING_NOTE)                         \
    X(FINDING_SLOW_SERVER, 266, "slow_server", FINDING_WARNING)                                    \
    X(FINDING_MAXDELAY, 267, "maxdelay", FINDING_WARNING)                                          \
    X(FINDING_MAXDELAYRATIO, 268, "maxdelayratio", FINDING_WARNING)                                \
    X(FINDING_MAXDELAYDEVRATIO, 269, "maxdelaydevratio", FINDING_WARNING)                          \
    X(FINDING_MAXDELAYQUANT, 270, "maxdelayquant", FINDING_WARNING)                                \
    X(FINDING_PRECISION, 271, "precision", FINDING_WARNING)                                        \
    X(FINDING_WARMUP, 272, "warmup", FINDING_NOTE)                                                 \
    X(FINDING_PEER_TIMING, 273, "peer_timing", FINDING_WARNING)                                    \
    X(FINDING_SAME_TIMESTAMPS, 274, "same_timestamps", FINDING_NOTE)                               \
    X(FINDING_BASIC_MODE, 275, "basic_mode", FINDING_NOTE)                                         \
    X(FINDING_NO_HARDWARE_TIMESTAMPS, 276, "no_hardware_timestamps", FINDING_NOTE)                 \
    X(FINDING_KEY_UNKNOWN, 280, "key_unknown", FINDING_ERROR)                                      \
    X(FINDING_NO_KEY_FILE, 281, "no_key_file", FINDING_ERROR)                                      \
    X(FINDING_KEY_FILE_UNREADABLE, 282, "key_file_unreadable", FINDING_WARNING)                    \
    X(FINDING_KEY_FILE_LINES, 283, "key_file_lines", FINDING_WARNING)                              \
    X(FINDING_MAC_WRONG, 284, "mac_wrong", FINDING_ERROR)                                          \
    X(FINDING_OTHER_KEY, 285, "other_key", FINDING_ERROR)                                          \
    X(FINDING_CRYPTO_NAK, 286, "crypto_nak", FINDING_ERROR)                                        \
    X(FINDING_ANSWER_NOT_AUTHENTICATED, 287, "answer_not_authenticated", FINDING_ERROR)            \
    X(FINDING_UNASKED_AUTHENTICATION, 288, "unasked_authentication", FINDING_WARNING)              \
    X(FINDING_KEY_AT_SERVER, 289, "key_at_server", FINDING_NOTE)

/* On the clock of a host that serves NTS. */
#define FINDINGS_OF_NTS_SERVER(X)                                                                  \
    X(FINDING_NTS_SERVER, 380, "nts_server", FINDING_GOOD)                                         \
    X(FINDING_NTS_SERVER_CERTIFICATE_ENDS, 381, "nts_server_certificate_ends", FINDING_WARNING)    \
    X(FINDING_NTS_SERVER_CERTIFICATE_EXPIRED, 382, "nts_server_certificate_expired",               \
      FINDING_ERROR)                                                                               \
    X(FINDING_NTS_SERVER_CERTIFICATE_EARLY, 383, "nts_server_certificate_early", FINDING_ERROR)    \
    X(FINDING_NTS_SERVER_OLD_CERTIFICATE, 384, "nts_server_old_certificate", FINDING_WARNING)      \
    X(FINDING_NTS_SERVER_NO_CERTIFICATE, 385, "nts_server_no_certificate", FINDING_ERROR)          \
    X(FINDING_NTS_SERVER_NO_PORT, 386, "nts_server_no_port", FINDING_ERROR)                        \
    X(FINDING_NTS_SERVER_PROCESSES, 387, "nts_server_processes", FINDING_WARNING)                  \
    X(FINDING_NTS_SERVER_KEYS_NOT_KEPT, 389, "nts_server_keys_not_kept", FINDING_WARNING)          \
    X(FINDING_NTS_SERVER_KEYS_UNSAVED, 390, "nts_server_keys_unsaved", FINDING_WARNING)            \
    X(FINDING_NTS_SERVER_HANDSHAKES, 391, "nts_server_handshakes", FINDING_NOTE)

/* Of a source: keys and cookies; how key establishment fails, and what is wrong with the server's
   certificate; the responses. */
#define FINDINGS_OF_NTS(X)                                                                         \
    X(FINDING_NTS_AUTHENTICATED, 300, "nts_authenticated", FINDING_GOOD)                           \
    X(FINDING_NTS_READY, 301, "nts_ready", FINDING_NOTE)                                           \
    X(FINDING_NTS_NOT_ASKED, 302, "nts_not_asked", FINDING_NOTE)                                   \
    X(FINDING_NTS_ESTABLISHING, 303, "nts_establishing", FINDING_NOTE)                             \
    X(FINDING_NTS_CERTIFICATE, 304, "nts_certificate", FINDING_GOOD)                               \
    X(FINDING_NTS_CERTIFICATE_ENDS, 305, "nts_certificate_ends", FINDING_NOTE)                     \
    X(FINDING_NTS_DATES_UNCHECKED, 306, "nts_dates_unchecked", FINDING_NOTE)                       \
    X(FINDING_NTS_MISSING, 307, "nts_missing", FINDING_ERROR)                                      \
    X(FINDING_NTS_PEER, 308, "nts_peer", FINDING_ERROR)                                            \
    X(FINDING_NTS_CLOCK_CORRECTED, 309, "nts_clock_corrected", FINDING_NOTE)                       \
    X(FINDING_NTS_CERTIFICATE_ENDED, 314, "nts_certificate_ended", FINDING_NOTE)                   \
    X(FINDING_NTS_EXPIRED_ACCEPTED, 315, "nts_expired_accepted", FINDING_WARNING)                  \
    X(FINDING_NTS_CONNECTION_REFUSED, 310, "nts_connection_refused", FINDING_ERROR)                \
    X(FINDING_NTS_CONNECTION_TIMEOUT, 311, "nts_connection_timeout", FINDING_ERROR)                \
    X(FINDING_NTS_UNREACHABLE, 312, "nts_unreachable", FINDING_ERROR)                              \
    X(FINDING_NTS_NOT_CONNECTED, 313, "nts_not_connected", FINDING_ERROR)                          \
    X(FINDING_NTS_HANDSHAKE_TIMEOUT, 320, "nts_handshake_timeout", FINDING_ERROR)                  \
    X(FINDING_NTS_HANDSHAKE_CLOSED, 321, "nts_handshake_closed", FINDING_ERROR)                    \
    X(FINDING_NTS_ALERT, 322, "nts_alert", FINDING_ERROR)                                          \
    X(FINDING_NTS_NO_TLS13, 323, "nts_no_tls13", FINDING_ERROR)                                    \
    X(FINDING_NTS_NOT_TLS, 324, "nts_not_tls", FINDING_ERROR)                                      \
    X(FINDING_NTS_HANDSHAKE_FAILED, 325, "nts_handshake_failed", FINDING_ERROR)                    \
    X(FINDING_NTS_NO_SERVICE, 326, "nts_no_service", FINDING_ERROR)                                \
    X(FINDING_NTS_CERTIFICATE_UNTRUSTED, 330, "nts_certificate_untrusted", FINDING_ERROR)          \
    X(FINDING_NTS_CERTIFICATE_SELF_SIGNED, 331, "nts_certificate_self_signed", FINDING_ERROR)      \
    X(FINDING_NTS_CERTIFICATE_EXPIRED, 332, "nts_certificate_expired", FINDING_ERROR)              \
    X(FINDING_NTS_CERTIFICATE_NOT_YET_VALID, 333, "nts_certificate_not_yet_valid", FINDING_ERROR)  \
    X(FINDING_NTS_CERTIFICATE_OR_CLOCK, 334, "nts_certificate_or_clock", FINDING_ERROR)            \
    X(FINDING_NTS_CLOCK_WRONG, 335, "nts_clock_wrong", FINDING_ERROR)                              \
    X(FINDING_NTS_CERTIFICATE_OTHER_NAME, 336, "nts_certificate_other_name", FINDING_ERROR)        \
    X(FINDING_NTS_CERTIFICATE_WEAK, 337, "nts_certificate_weak", FINDING_ERROR)                    \
    X(FINDING_NTS_CERTIFICATE_REFUSED, 338, "nts_certificate_refused", FINDING_ERROR)              \
    X(FINDING_NTS_NO_TRUST, 339, "nts_no_trust", FINDING_ERROR)                                    \
    X(FINDING_NTS_TRUST_UNREADABLE, 340, "nts_trust_unreadable", FINDING_ERROR)                    \
    X(FINDING_NTS_ERROR_RECORD, 345, "nts_error_record", FINDING_ERROR)                            \
    X(FINDING_NTS_WARNING_RECORD, 346, "nts_warning_record", FINDING_ERROR)                        \
    X(FINDING_NTS_NO_ALGORITHM, 347, "nts_no_algorithm", FINDING_ERROR)                            \
    X(FINDING_NTS_NO_PROTOCOL, 348, "nts_no_protocol", FINDING_ERROR)                              \
    X(FINDING_NTS_NO_COOKIES, 349, "nts_no_cookies", FINDING_ERROR)                                \
    X(FINDING_NTS_INVALID_RESPONSE, 350, "nts_invalid_response", FINDING_ERROR)                    \
    X(FINDING_NTS_RESPONSE_TIMEOUT, 351, "nts_response_timeout", FINDING_ERROR)                    \
    X(FINDING_NTS_NO_RESPONSE, 352, "nts_no_response", FINDING_ERROR)                              \
    X(FINDING_NTS_NAME_UNRESOLVED, 353, "nts_name_unresolved", FINDING_ERROR)                      \
    X(FINDING_NTS_ADDRESS_TAKEN, 354, "nts_address_taken", FINDING_ERROR)                          \
    X(FINDING_NTS_PROCESS_LOST, 355, "nts_process_lost", FINDING_ERROR)                            \
    X(FINDING_NTS_NAK, 360, "nts_nak", FINDING_WARNING)                                            \
    X(FINDING_NTS_NO_ANSWER, 361, "nts_no_answer", FINDING_ERROR)                                  \
    X(FINDING_NTS_WRONG_AUTHENTICATION, 362, "nts_wrong_authentication", FINDING_WARNING)          \
    X(FINDING_NTS_WRONG_IDENTIFIER, 363, "nts_wrong_identifier", FINDING_WARNING)                  \
    X(FINDING_NTS_WITHOUT_COOKIES, 364, "nts_without_cookies", FINDING_WARNING)                    \
    X(FINDING_NTS_COOKIES_SPENT, 365, "nts_cookies_spent", FINDING_WARNING)                        \
    X(FINDING_NTS_FOREIGN_KEYS, 366, "nts_foreign_keys", FINDING_ERROR)                            \
    X(FINDING_NTS_COOKIES_UNSAVED, 367, "nts_cookies_unsaved", FINDING_WARNING)                    \
    FINDINGS_OF_NTS_SERVER(X)

#define FINDINGS(X)                                                                                \
    FINDINGS_OF_CLOCK(X)                                                                           \
    FINDINGS_OF_SOURCE(X)                                                                          \
    FINDINGS_OF_REFCLOCK(X)                                                                        \
    FINDINGS_OF_NTP(X)                                                                             \
    FINDINGS_OF_NTS(X)

#define FINDING_CODE(code, number, word, severity) code = number,
enum finding_code { FINDINGS(FINDING_CODE) };
#undef FINDING_CODE

/* What there is to say of one subject, in the order in which it is read. */
#define FINDINGS_MAX 24
struct findings {
    struct report_finding list[FINDINGS_MAX];
    uint32_t count;
};

/* Adds one without values, whose time is unknown, for the caller to fill in; valid until the next
   one is added. A full list gives an entry that is not counted. */
struct report_finding *findings_add(struct findings *findings, enum finding_code code);
/* A text that is too long ends with "...". */
void finding_set_text(struct report_finding *finding, const char *text);

/* The word of a code, for programs; NULL: not known. */
const char *finding_word(unsigned int code);
/* enum finding_severity; an unknown code is a note. */
enum finding_severity finding_severity(unsigned int code);

#endif
