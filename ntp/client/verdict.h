/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a packet that came from the address of a source: used, or why not, with the figure
 * that was too large and its limit. Made by response.c and association_receive.c, kept and counted
 * by each association. Texts and the tests of the ntpdata report come from one table.
 */
#ifndef NTP_CLIENT_VERDICT_H
#define NTP_CLIENT_VERDICT_H

#include <stddef.h>
#include <stdint.h>

/* Tests of the ntpdata report, ntp.md 25.1; bit set: passed. */
enum ntp_test {
    NTP_TEST_1 = 0x200,
    NTP_TEST_2 = 0x100,
    NTP_TEST_3 = 0x080,
    NTP_TEST_5 = 0x040,
    NTP_TEST_6 = 0x020,
    NTP_TEST_7 = 0x010,
    NTP_TEST_A = 0x008,
    NTP_TEST_B = 0x004,
    NTP_TEST_C = 0x002,
    NTP_TEST_D = 0x001,
};
#define NTP_TESTS_VALID  (NTP_TEST_1 | NTP_TEST_2 | NTP_TEST_3 | NTP_TEST_5)
#define NTP_TESTS_SYNCED (NTP_TESTS_VALID | NTP_TEST_6 | NTP_TEST_7)
#define NTP_TESTS_SAMPLE (NTP_TEST_A | NTP_TEST_B | NTP_TEST_C | NTP_TEST_D)

/* In the order of precedence: a packet with several faults has the first one as its reason. */
enum response_reason {
    /* Not judged. */
    RESPONSE_FOR_SERVER, /* a request of this address */
    RESPONSE_MALFORMED,
    RESPONSE_WRONG_MODE,
    RESPONSE_NOT_AWAITED, /* offline, suspended, or not the socket of the last request */
    RESPONSE_WAITS,       /* for the transmit timestamp of its request */
    /* Tests 1 to 7: not valid, or not synchronised. */
    RESPONSE_REPEATED,
    RESPONSE_WRONG_ORIGIN,
    RESPONSE_ZERO_TIMESTAMP,
    RESPONSE_WRONG_AUTH, /* none, or of another kind */
    RESPONSE_WRONG_KEY,
    RESPONSE_WRONG_MAC,
    RESPONSE_NTS_UNASKED, /* no request with NTS was sent since the last good response */
    RESPONSE_NTS_UID,
    RESPONSE_NTS_NAK,
    RESPONSE_NTS_AUTH,
    RESPONSE_NTS_COOKIES,
    RESPONSE_ANSWERED, /* another response to the same request was used */
    RESPONSE_RATE_KISS,
    RESPONSE_LEAP_UNSYNC,
    RESPONSE_STRATUM,
    RESPONSE_ROOT_DISTANCE,
    /* No sample, or one that fails tests A to D. */
    RESPONSE_NO_TIMESTAMPS,
    RESPONSE_DELAY,
    RESPONSE_PRECISION,
    RESPONSE_WARMUP,
    RESPONSE_TIME_RANGE,
    RESPONSE_SERVER_INTERVAL,
    RESPONSE_SAME_TIMESTAMPS,
    RESPONSE_PEER_DELAY,
    RESPONSE_PEER_ORDER,
    RESPONSE_PEER_INTERVAL,
    RESPONSE_DELAY_RATIO,
    RESPONSE_DELAY_QUANTILE,
    RESPONSE_DELAY_DEVIATION,
    RESPONSE_LOOP_ADDRESS,
    RESPONSE_LOOP_SELF,

    RESPONSE_GOOD, /* it gave a sample */
    RESPONSE_REASONS,
};

struct response_verdict {
    enum response_reason reason;
    double value, limit; /* seconds, or a number; 0 where nothing was measured */
};

/* What became of the packets from a source. */
struct response_tally {
    struct response_verdict last;
    uint32_t counts[RESPONSE_REASONS];
};

/* The tests that a packet fails for this reason; 0: it was not tested, or it is good. */
unsigned int response_reason_tests(enum response_reason reason);
/* Enough for the longest one. */
#define RESPONSE_VERDICT_SIZE 128
/* One line for people, with value and limit where they were measured. Returns buf. */
const char *response_verdict_format(const struct response_verdict *verdict, char *buf, size_t size);

void response_tally_add(struct response_tally *tally, const struct response_verdict *verdict);

#endif
