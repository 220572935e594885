/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of counts against the enumerations that are counted: each value has its word, at its
 * place in the reply (cmdmon.md 13.20, 13.21).
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "clock/update_verdict.h"
#include "cmdmon/message_words.h"
#include "ntp/client/verdict.h"
#include "ntp/server/shard.h"
#include "process/ke_end.h"
#include "source/status.h"

struct pair {
    int value;
    const char *word;
};

static void check(const struct field_word *words, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(words[i].value, pairs[i].value);
        assert_string_equal(words[i].json, pairs[i].word);
    }
    assert_int_equal(words[count].value, FIELD_OTHER);
}

static void requests_have_their_words(void **state)
{
    static const struct pair pairs[] = {
        {SERVER_ANSWERED, "answered"},
        {SERVER_ANSWERED_TIMES_KEPT, "answered_times_kept"},
        {SERVER_ANSWERED_INTERLEAVED, "answered_interleaved"},
        {SERVER_ANSWERED_KOD_RATE, "kod_rate"},
        {SERVER_ANSWERED_KOD_NTSN, "kod_ntsn"},
        {SERVER_ANSWERED_TO_SIGN, "to_be_signed"},
        {SERVER_DROPPED_LENGTH, "dropped_length"},
        {SERVER_DROPPED_VERSION, "dropped_version"},
        {SERVER_DROPPED_FIELDS, "dropped_extension_fields"},
        {SERVER_DROPPED_ACCESS, "dropped_access"},
        {SERVER_DROPPED_MODE, "dropped_mode"},
        {SERVER_DROPPED_RATE, "dropped_rate_limit"},
        {SERVER_DROPPED_KODS, "dropped_two_kods"},
        {SERVER_DROPPED_KEY, "dropped_key"},
        {SERVER_DROPPED_NTS, "dropped_nts"},
        {SERVER_DROPPED_SIGNING, "dropped_signing"},
        {SERVER_DROPPED_REPLY, "dropped_reply"},
        {SERVER_LOST, "lost_with_worker"},
    };

    assert_int_equal(COUNT(pairs), SERVER_RESULTS);
    check(words_request_result, pairs, COUNT(pairs));
}

static void updates_have_their_words(void **state)
{
    static const struct pair pairs[] = {
        {UPDATE_SLEWED, "slewed"},
        {UPDATE_SLEWED_ONLY, "slewed_only"},
        {UPDATE_STEPPED, "stepped"},
        {UPDATE_STEP_FAILED, "step_failed"},
        {UPDATE_NOT_FINITE, "not_finite"},
        {UPDATE_TOO_LARGE, "too_large"},
        {UPDATE_TOO_LARGE_ENDS, "too_large_ends"},
        {UPDATE_MODE_ENDED, "mode_ended"},
        {UPDATE_INITIAL_SLEW, "initial_slew"},
        {UPDATE_INITIAL_STEP, "initial_step"},
        {UPDATE_SET_ONCE, "set_once"},
        {UPDATE_PRINTED, "printed"},
    };

    assert_int_equal(COUNT(pairs), UPDATE_RESULTS);
    check(words_update_result, pairs, COUNT(pairs));
}

static void selections_have_their_words(void **state)
{
    static const struct pair pairs[] = {
        {SELECTION_DONE, "selected"},
        {SELECTION_NO_SOURCES, "no_sources"},
        {SELECTION_WAITS_STATS, "waits_for_statistics"},
        {SELECTION_NONE_USABLE, "none_usable"},
        {SELECTION_NO_AGREEMENT, "no_agreement"},
        {SELECTION_NO_MAJORITY, "no_majority"},
        {SELECTION_NO_TRUSTED_AGREEMENT, "no_trusted_agreement"},
        {SELECTION_NO_TRUSTED_MAJORITY, "no_trusted_majority"},
        {SELECTION_NONE_AGREES, "none_agrees"},
        {SELECTION_NO_REQUIRED, "no_required_source"},
        {SELECTION_NOT_ENOUGH, "not_enough_sources"},
        {SELECTION_WAITS_UPDATE, "waits_for_update"},
    };

    assert_int_equal(COUNT(pairs), SELECTION_RESULTS);
    check(words_selection_result, pairs, COUNT(pairs));
}

/* Nothing is counted as not ended. */
static void key_establishments_have_their_words(void **state)
{
    static const struct pair pairs[] = {
        {KE_END_COMPLETE, "complete"},
        {KE_END_NOT_CONNECTED, "not_connected"},
        {KE_END_CLOSED, "closed"},
        {KE_END_BAD_NAME, "name_refused"},
        {KE_END_NO_MATCH, "nothing_in_common"},
        {KE_END_REFUSED, "refused_by_peer"},
        {KE_END_HANDSHAKE, "handshake_failed"},
        {KE_END_NO_ALPN, "no_alpn"},
        {KE_END_TRANSFER, "transfer_failed"},
        {KE_END_BAD_MESSAGE, "invalid_message"},
        {KE_END_NO_USE, "unusable_message"},
        {KE_END_TIMED_OUT, "timed_out"},
        {KE_END_GAVE_WAY, "gave_way"},
        {KE_END_REJECTED, "not_begun"},
        {KE_END_HELPER_LOST, "helper_lost"},
    };

    assert_int_equal(COUNT(pairs), KE_ENDS - 1);
    check(words_ke_end, pairs, COUNT(pairs));
}

static void responses_have_their_words(void **state)
{
    static const struct pair pairs[] = {
        {RESPONSE_FOR_SERVER, "request"},
        {RESPONSE_MALFORMED, "malformed"},
        {RESPONSE_WRONG_MODE, "wrong_mode"},
        {RESPONSE_NOT_AWAITED, "not_awaited"},
        {RESPONSE_WAITS, "waits_for_timestamp"},
        {RESPONSE_REPEATED, "repeated"},
        {RESPONSE_WRONG_ORIGIN, "wrong_origin"},
        {RESPONSE_ZERO_TIMESTAMP, "zero_timestamp"},
        {RESPONSE_WRONG_AUTH, "wrong_authentication"},
        {RESPONSE_WRONG_KEY, "wrong_key"},
        {RESPONSE_WRONG_MAC, "wrong_mac"},
        {RESPONSE_NTS_UNASKED, "nts_unasked"},
        {RESPONSE_NTS_UID, "nts_uid"},
        {RESPONSE_NTS_NAK, "nts_nak"},
        {RESPONSE_NTS_AUTH, "nts_authentication"},
        {RESPONSE_NTS_COOKIES, "nts_cookies"},
        {RESPONSE_ANSWERED, "already_answered"},
        {RESPONSE_RATE_KISS, "kod_rate"},
        {RESPONSE_LEAP_UNSYNC, "leap_unsynchronised"},
        {RESPONSE_STRATUM, "stratum"},
        {RESPONSE_ROOT_DISTANCE, "root_distance"},
        {RESPONSE_NO_TIMESTAMPS, "no_timestamps"},
        {RESPONSE_DELAY, "delay"},
        {RESPONSE_PRECISION, "precision"},
        {RESPONSE_WARMUP, "warm_up"},
        {RESPONSE_TIME_RANGE, "time_range"},
        {RESPONSE_SERVER_INTERVAL, "server_interval"},
        {RESPONSE_SAME_TIMESTAMPS, "same_timestamps"},
        {RESPONSE_PEER_DELAY, "peer_delay"},
        {RESPONSE_PEER_ORDER, "peer_order"},
        {RESPONSE_PEER_INTERVAL, "peer_interval"},
        {RESPONSE_DELAY_RATIO, "delay_ratio"},
        {RESPONSE_DELAY_QUANTILE, "delay_quantile"},
        {RESPONSE_DELAY_DEVIATION, "delay_deviation"},
        {RESPONSE_LOOP_ADDRESS, "loop_address"},
        {RESPONSE_LOOP_SELF, "loop_self"},
        {RESPONSE_GOOD, "good"},
    };

    assert_int_equal(COUNT(pairs), RESPONSE_REASONS);
    check(words_response, pairs, COUNT(pairs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_have_their_words),
        cmocka_unit_test(updates_have_their_words),
        cmocka_unit_test(selections_have_their_words),
        cmocka_unit_test(key_establishments_have_their_words),
        cmocka_unit_test(responses_have_their_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
