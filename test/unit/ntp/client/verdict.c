/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a packet: the first reason for which it is not used, the figure that was too large
 * and its limit.
 */
#include "test/unit/support/unit.h"

#include <string.h>
#include "test/unit/support/response.h"

static void assert_verdict(const struct response_fixture *f, enum response_reason reason,
                           double value, double limit)
{
    assert_int_equal(f->r.verdict.reason, reason);
    assert_near(f->r.verdict.value, value, 1e-7);
    assert_near(f->r.verdict.limit, limit, 1e-7);
}

static void check(struct response_fixture *f, enum response_reason auth,
                  enum response_reason expected)
{
    ntp_header_write(f->packet, &f->header);
    assert_true(ntp_packet_parse(f->packet, f->length, &f->info));
    response_read(&f->r, &f->limits, f->packet, &f->info, &f->rx, &f->local);
    response_check(&f->r, &f->ex, &f->limits, auth);
    assert_int_equal(f->r.verdict.reason, expected);
    assert_int_equal(f->r.tests & NTP_TESTS_SYNCED,
                     NTP_TESTS_SYNCED & ~response_reason_tests(expected));
}

static void each_fault_of_a_packet_is_a_reason(void **state)
{
    static const enum response_reason auth[] = {RESPONSE_WRONG_AUTH, RESPONSE_WRONG_KEY,
                                                RESPONSE_WRONG_MAC, RESPONSE_NTS_AUTH};
    struct response_fixture *f = *state;
    struct ntp_header good = f->header;

    check(f, RESPONSE_GOOD, RESPONSE_GOOD);
    for (size_t i = 0; i < sizeof(auth) / sizeof(auth[0]); i++)
        check(f, auth[i], auth[i]);
    f->header.origin.lo++;
    check(f, RESPONSE_GOOD, RESPONSE_WRONG_ORIGIN);
    f->header = good;
    f->header.transmit = (struct ntp_time){0};
    check(f, RESPONSE_GOOD, RESPONSE_ZERO_TIMESTAMP);
    f->header = good;
    f->header.leap = LEAP_UNSYNC;
    check(f, RESPONSE_GOOD, RESPONSE_LEAP_UNSYNC);
    f->header = good;
    f->header.stratum = 16;
    check(f, RESPONSE_GOOD, RESPONSE_STRATUM);
    assert_verdict(f, RESPONSE_STRATUM, 16.0, 15.0);
    f->header = good;
    f->header.root_delay = ntp_short_from_double(4.0);
    f->header.root_dispersion = ntp_short_from_double(15.0);
    check(f, RESPONSE_GOOD, RESPONSE_ROOT_DISTANCE);
    assert_verdict(f, RESPONSE_ROOT_DISTANCE, 17.0, 16.0);
    f->header = good;
    f->ex.far_rx = good.receive;
    f->ex.far_tx = good.transmit;
    check(f, RESPONSE_GOOD, RESPONSE_REPEATED);
}

/* What is wrong with the packet itself is said before what follows from it; all the tests fail. */
static void the_first_fault_is_the_reason(void **state)
{
    struct response_fixture *f = *state;

    f->header.origin.lo++;
    f->header.leap = LEAP_UNSYNC;
    f->header.stratum = 0;
    f->header.refid = NTP_KOD_RATE;
    response_fixture_check(f, false);
    assert_verdict(f, RESPONSE_WRONG_ORIGIN, 0.0, 0.0);
    assert_int_equal(f->r.tests,
                     NTP_TESTS_SYNCED & ~(unsigned int)(NTP_TEST_2 | NTP_TEST_5 | NTP_TEST_6));
    f->header.origin.lo--;
    response_fixture_check(f, false);
    assert_verdict(f, RESPONSE_WRONG_MAC, 0.0, 0.0);
    response_fixture_check(f, true);
    assert_verdict(f, RESPONSE_RATE_KISS, 0.0, 0.0);
}

/* Delay 5 ms, response time 0.1 ms, precision 2^-24 s and 1 ns. */
static void test_a_says_which_limit(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_GOOD, 0.0, 0.0);
    f->limits.max_delay = 0.004;
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_DELAY, f->r.sample.peer_delay - f->r.sample.peer_dispersion, 0.004);
    f->limits.max_delay = 0.0055;
    f->limits.quantum = 0.01;
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_PRECISION, f->r.precision, 0.0055);
    f->limits.max_delay = 3.0;
    f->limits.quantum = 1e-9;
    f->ex.warmup_left = 2;
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_WARMUP, 2.0, 0.0);
    f->ex.warmup_left = 0;
    f->rx.time = local(1004.2);
    f->header.transmit = remote(1004.1);
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_SERVER_INTERVAL, f->r.response_time, 4.0);
    assert_true(f->r.response_time > 4.0);
}

static void interleaved_responses_need_timestamps_that_were_not_used(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_interleave(f);
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_SAME_TIMESTAMPS, 0.0, 0.0);
    f->ex.ts_usable = false;
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_NO_TIMESTAMPS, 0.0, 0.0);
    assert_int_equal(f->r.tests, NTP_TESTS_SYNCED);
}

/* The delay is 5.08 ms, and 64.0 s are between the two packets of the peer. */
static void interleaved_packets_of_a_peer_belong_together(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_interleave(f);
    f->limits.is_peer = true;
    f->header.mode = NTP_MODE_ACTIVE;
    f->ex.far_tx = remote(1000.0126 - 64.0);
    f->ex.far_poll = f->ex.poll_at_rx = 6;
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_GOOD, 0.0, 0.0);
    f->ex.far_poll = f->ex.poll_at_rx = 5;
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_PEER_INTERVAL, 64.00002, 48.0);
    f->ex.far_poll = f->ex.poll_at_rx = -7;
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_PEER_DELAY, f->r.sample.peer_delay, 0.5 / 128.0);
    f->ex.far_poll = f->ex.poll_at_rx = 8;
    f->limits.max_delay = 100.0;
    f->header.receive = f->header.transmit;
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_PEER_ORDER, 0.0, 0.0);
}

static void tests_b_and_c_tell_the_limit_that_was_in_effect(void **state)
{
    struct response_fixture *f = *state;
    struct source_test_data data = {.last_sample_ago = 1000.0,
                                    .predicted_offset = -0.01,
                                    .min_delay = 0.001,
                                    .skew = 0.5e-6,
                                    .sd = 1e-4};
    struct response_test_input input = {.data = &data, .max_quantile_delay = -1.0, .own = &f->own};

    f->limits.max_clock_error = 0.5e-6;
    f->limits.max_delay_ratio = 2.0;
    f->limits.max_delay_dev_ratio = 5.0;
    response_fixture_judge_with(f, &input);
    assert_verdict(f, RESPONSE_DELAY_RATIO, f->r.sample.peer_delay, 0.003);
    assert_int_equal(f->r.tests & NTP_TESTS_SAMPLE, NTP_TEST_A | NTP_TEST_D);
    f->limits.max_delay_ratio = 0.0;
    response_fixture_judge_with(f, &input);
    assert_verdict(f, RESPONSE_DELAY_DEVIATION, (f->r.sample.peer_delay - 0.001) / 2.0, 0.0015);
    input.max_quantile_delay = 0.0025;
    response_fixture_judge_with(f, &input);
    assert_verdict(f, RESPONSE_DELAY_QUANTILE, f->r.sample.peer_delay, 0.0025);
}

static void loops_have_two_signs(void **state)
{
    struct response_fixture *f = *state;

    f->header.stratum = 2;
    f->header.refid = ip_addr_refid(&f->local);
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_LOOP_ADDRESS, 0.0, 0.0);
    f->header.stratum = 1;
    f->own = (struct reference_data){
        .stratum = 1, .refid = f->header.refid, .ref_time = local(900), .root_delay = 0.01};
    f->header.reference = ntp_time_from_instant(f->own.ref_time.i, (struct ntp_time){0});
    response_fixture_judge(f);
    assert_verdict(f, RESPONSE_LOOP_SELF, 0.0, 0.0);
}

static void second_response_to_a_request_is_told_from_a_repeated_one(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_judge(f);
    response_update(&f->r, &f->ex, &f->limits);
    assert_verdict(f, RESPONSE_GOOD, 0.0, 0.0);
    response_fixture_judge(f);
    response_update(&f->r, &f->ex, &f->limits);
    assert_verdict(f, RESPONSE_REPEATED, 0.0, 0.0);
    f->header.transmit.lo += 1000;
    response_fixture_judge(f);
    response_update(&f->r, &f->ex, &f->limits);
    assert_verdict(f, RESPONSE_ANSWERED, 0.0, 0.0);
}

static void every_reason_has_a_text_of_its_own(void **state)
{
    char texts[RESPONSE_REASONS][RESPONSE_VERDICT_SIZE];

    for (enum response_reason i = 0; i < RESPONSE_REASONS; i++) {
        const struct response_verdict verdict = {i, -1.23456789e-300, -1.23456789e-300};
        response_verdict_format(&verdict, texts[i], sizeof(texts[i]));
        assert_true(strlen(texts[i]) > 3 && strlen(texts[i]) < sizeof(texts[i]) - 1);
        for (enum response_reason k = 0; k < i; k++)
            assert_string_not_equal(texts[i], texts[k]);
    }
    const struct response_verdict delay = {RESPONSE_DELAY, 0.0051, 0.004};
    response_verdict_format(&delay, texts[0], sizeof(texts[0]));
    assert_string_equal(texts[0], "delay above maxdelay (0.0051, limit 0.004)");
    const struct response_verdict good = {.reason = RESPONSE_GOOD};
    assert_string_equal(response_verdict_format(&good, texts[0], sizeof(texts[0])), "good");
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, response_fixture_setup, response_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_fault_of_a_packet_is_a_reason),
        TEST(the_first_fault_is_the_reason),
        TEST(test_a_says_which_limit),
        TEST(interleaved_responses_need_timestamps_that_were_not_used),
        TEST(interleaved_packets_of_a_peer_belong_together),
        TEST(tests_b_and_c_tell_the_limit_that_was_in_effect),
        TEST(loops_have_two_signs),
        TEST(second_response_to_a_request_is_told_from_a_repeated_one),
        cmocka_unit_test(every_reason_has_a_text_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
