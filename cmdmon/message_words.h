/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of enumerations in reports: in JSON, and in CSV and for people. The numbers are those
 * of the protocol (cmdmon.md 13).
 */
#ifndef CMDMON_MESSAGE_WORDS_H
#define CMDMON_MESSAGE_WORDS_H

#include "cmdmon/message_field.h"

extern const struct field_word words_leap[];
extern const struct field_word words_source_mode[];  /* plain: one character */
extern const struct field_word words_source_state[]; /* plain: one character */
extern const struct field_word words_auth_mode[];
extern const struct field_word words_estimator[]; /* plain: one character */
extern const struct field_word words_temperature[];
extern const struct field_word words_clock_state[];
extern const struct field_word words_ntp_mode[];
extern const struct field_word words_timestamping[];   /* by the letter of the source */
extern const struct field_word words_select_options[]; /* by the bit; plain: one character */
extern const struct field_word words_yes_no[];
extern const struct field_word words_y_n[];
extern const struct field_word words_leap_only[];

/* By the place in the reply, for JSON only (cmdmon.md 13.20, 13.21). */
extern const struct field_word words_request_result[];
extern const struct field_word words_update_result[];
extern const struct field_word words_selection_result[];
extern const struct field_word words_ke_end[];
extern const struct field_word words_response[];

extern const struct field_word words_process[];
extern const struct field_word words_process_state[];
extern const struct field_word words_process_filter[];

#endif
