/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of reasons for which a packet from a source is not used. Pure; called by response.c for
 * the tests, by associations for their counters and the debug log.
 */
#include "ntp/client/verdict.h"

#include <stdbool.h>
#include "base/text.h"

static const struct {
    const char *text;
    unsigned int tests;
    bool measured; /* value and limit are set */
} reasons[RESPONSE_REASONS] = {
    [RESPONSE_FOR_SERVER] = {"it is a request", 0, false},
    [RESPONSE_MALFORMED] = {"malformed packet", 0, false},
    [RESPONSE_WRONG_MODE] = {"packet of a wrong mode", 0, false},
    [RESPONSE_NOT_AWAITED] = {"no response is awaited", 0, false},
    [RESPONSE_WAITS] = {"waits for the transmit timestamp of the request", 0, false},
    [RESPONSE_REPEATED] = {"repeated packet", NTP_TEST_1, false},
    [RESPONSE_WRONG_ORIGIN] = {"does not answer the last request", NTP_TEST_2, false},
    [RESPONSE_ZERO_TIMESTAMP] = {"a timestamp is zero", NTP_TEST_3, false},
    [RESPONSE_WRONG_AUTH] = {"not authenticated in the configured way", NTP_TEST_5, false},
    [RESPONSE_WRONG_KEY] = {"authenticated with another key", NTP_TEST_5, false},
    [RESPONSE_WRONG_MAC] = {"wrong authentication code", NTP_TEST_5, false},
    [RESPONSE_NTS_UNASKED] = {"no request with NTS is open", NTP_TEST_5, false},
    [RESPONSE_NTS_UID] = {"without the unique identifier of the NTS request", NTP_TEST_5, false},
    [RESPONSE_NTS_NAK] = {"the server does not know the NTS cookie (NAK)", NTP_TEST_5, false},
    [RESPONSE_NTS_AUTH] = {"NTS authenticator missing or wrong", NTP_TEST_5, false},
    [RESPONSE_NTS_COOKIES] = {"no NTS cookie of use", NTP_TEST_5, false},
    [RESPONSE_ANSWERED] = {"the request was answered before", NTP_TEST_2 | NTP_TEST_3, false},
    [RESPONSE_RATE_KISS] = {"the server asks for fewer requests (RATE)", NTP_TEST_6, false},
    [RESPONSE_LEAP_UNSYNC] = {"the server is not synchronised", NTP_TEST_6, false},
    [RESPONSE_STRATUM] = {"stratum of a clock that is not synchronised", NTP_TEST_6, true},
    [RESPONSE_ROOT_DISTANCE] = {"root distance", NTP_TEST_7, true},
    [RESPONSE_NO_TIMESTAMPS] = {"no timestamps of the response before, in interleaved mode",
                                NTP_TESTS_SAMPLE, false},
    [RESPONSE_DELAY] = {"delay above maxdelay", NTP_TEST_A, true},
    [RESPONSE_PRECISION] = {"precision above maxdelay", NTP_TEST_A, true},
    [RESPONSE_WARMUP] = {"requests left that only warm up the path", NTP_TEST_A, true},
    [RESPONSE_TIME_RANGE] = {"time out of range", NTP_TEST_A, false},
    [RESPONSE_SERVER_INTERVAL] = {"the server took long to respond", NTP_TEST_A, true},
    [RESPONSE_SAME_TIMESTAMPS] = {"timestamps of a sample that was used before", NTP_TEST_A, false},
    [RESPONSE_PEER_DELAY] = {"delay too long for the polling interval of the peer", NTP_TEST_A,
                             true},
    [RESPONSE_PEER_ORDER] = {"the timestamps of the peer are not in order", NTP_TEST_A, false},
    [RESPONSE_PEER_INTERVAL] = {"interval between two packets of the peer", NTP_TEST_A, true},
    [RESPONSE_DELAY_RATIO] = {"delay above maxdelayratio", NTP_TEST_B, true},
    [RESPONSE_DELAY_QUANTILE] = {"delay above maxdelayquant", NTP_TEST_C, true},
    [RESPONSE_DELAY_DEVIATION] = {"increase of the delay above maxdelaydevratio", NTP_TEST_C, true},
    [RESPONSE_LOOP_ADDRESS] = {"the source is synchronised to us", NTP_TEST_D, false},
    [RESPONSE_LOOP_SELF] = {"the source is this daemon", NTP_TEST_D, false},
    [RESPONSE_GOOD] = {"good", 0, false},
};

unsigned int response_reason_tests(enum response_reason reason)
{
    return reasons[reason].tests;
}

const char *response_verdict_format(const struct response_verdict *verdict, char *buf, size_t size)
{
    return text_format_reason(buf, size, reasons[verdict->reason].text,
                              reasons[verdict->reason].measured, verdict->value, verdict->limit);
}

void response_tally_add(struct response_tally *tally, const struct response_verdict *verdict)
{
    tally->last = *verdict;
    tally->counts[verdict->reason]++;
}
