/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging of responses: samples of the worked examples (ntp.md 27.3 to 27.5), tests 1 to 7 and A to
 * D (12.2, 12.6) and the sample filter (13.5).
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "source/sample_filter.h"
#include "test/unit/support/response.h"

static void basic_sample(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_judge(f);
    assert_true(response_is_good(&f->r));
    assert_near(f->r.sample.offset, -0.01, 2e-9);
    assert_near(f->r.sample.peer_delay, 0.005, 4e-9);
    assert_near(f->r.precision, 6.0605e-08, 1e-12);
    assert_near(f->r.sample.peer_dispersion, 6.5705e-08, 1e-12);
    assert_near(f->r.sample.root_delay, 0.015, 2e-5);
    assert_near(f->r.sample.root_dispersion, 0.00200006570, 2e-5);
    assert_near(f->r.response_time, 0.0001, 2e-9);
    assert_near(local_diff(f->r.sample.time, local(1000.00255)), 0.0, 2e-9);
}

static void interleaved_sample_of_the_normal_variant(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_interleave(f);
    response_fixture_judge(f);
    assert_true(f->r.interleaved);
    assert_near(f->r.sample.peer_delay, 0.00508, 1e-8);
    assert_near(f->r.sample.offset, -0.01006, 1e-8);
    assert_near(f->r.response_time, 0.00012, 1e-8);
    assert_near(f->r.sample.peer_dispersion, 6.4056e-05, 1e-8);
    /* The last response was a good basic one: its timestamps are not used twice. */
    assert_false(f->r.tests & NTP_TEST_A);
}

static void interleaved_sample_of_the_previous_variant(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_interleave(f);
    f->ex.older_tx.time = local(1000.0);
    response_fixture_judge(f);
    assert_near(f->r.sample.peer_delay, 0.00498, 1e-8);
    assert_near(f->r.sample.offset, -0.01001, 1e-8);
    assert_near(f->r.response_time, 0.00012, 1e-8);
    assert_near(f->r.sample.peer_dispersion, 6.5705e-08, 1e-11);
    assert_true(response_is_good(&f->r));
}

static void interleaved_response_is_bogus_unless_asked_for(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_interleave(f);
    f->limits.interleaved = false;
    response_fixture_judge(f);
    assert_false(f->r.tests & NTP_TEST_2);
    assert_false(response_is_valid(&f->r));
}

/* 27.5: 40 us and 25 us on the way, 8 us on the wire. */
static void network_correction(void **state)
{
    struct response_fixture *f = *state;
    struct exchange *ex = &f->ex;

    for (int i = 0; i < 2; i++) {
        double delay = i == 0 ? 60e-6 : 48e-6;
        response_fixture_interleave(f);
        /* The previous variant takes the corrections from the saved timestamps. */
        ex->older_tx = (struct local_timestamp){.time = local(1000.0), .net_correction = 25e-6};
        ex->near_rx.time = local(1000.0 + delay + 100e-6);
        ex->near_rx.net_correction = 40e-6;
        ex->near_rx.wire_time = 8e-6;
        ex->far_rx = remote(1000.0 + delay / 2);
        f->header.transmit = remote(1000.0 + delay / 2 + 100e-6);
        response_fixture_judge(f);
        assert_near(f->r.sample.peer_delay, i == 0 ? 11.0049e-6 : 48e-6, 5e-9);
        assert_near(f->r.sample.offset, -(i == 0 ? 7.5e-6 : 0.0), 5e-9);
    }
}

static void tests_1_to_7(void **state)
{
    struct response_fixture *f = *state;
    struct ntp_header good = f->header;

    f->ex.far_rx = good.receive;
    f->ex.far_tx = good.transmit;
    response_fixture_check(f, true);
    assert_int_equal(f->r.tests, NTP_TESTS_SYNCED & ~NTP_TEST_1);
    f->ex.far_tx.lo++;
    response_fixture_check(f, true);
    assert_int_equal(f->r.tests, NTP_TESTS_SYNCED);

    f->header.origin.lo++;
    response_fixture_check(f, true);
    assert_int_equal(f->r.tests, NTP_TESTS_SYNCED & ~NTP_TEST_2);
    f->header = good;
    f->header.receive = (struct ntp_time){0};
    response_fixture_check(f, true);
    assert_int_equal(f->r.tests, NTP_TESTS_SYNCED & ~NTP_TEST_3);
    f->header = good;
    response_fixture_check(f, false);
    assert_int_equal(f->r.tests, NTP_TESTS_SYNCED & ~NTP_TEST_5);
    assert_false(response_measure(&f->r, &f->ex, &f->limits, 1e-6));

    for (int i = 0; i < 3; i++) {
        f->header = good;
        f->header.leap = i == 0 ? 3 : 0;
        f->header.stratum = i == 1 ? 16 : i == 2 ? 0 : 1;
        response_fixture_check(f, true);
        assert_int_equal(f->r.tests, NTP_TESTS_SYNCED & ~NTP_TEST_6);
    }
    f->header = good;
    f->header.root_delay = ntp_short_from_double(2.0);
    f->header.root_dispersion = ntp_short_from_double(15.0);
    response_fixture_check(f, true);
    assert_int_equal(f->r.tests, NTP_TESTS_SYNCED & ~NTP_TEST_7);
}

static void zero_origin_never_matches_a_request_that_was_not_sent(void **state)
{
    struct response_fixture *f = *state;

    f->ex.sent_tx = (struct ntp_time){0};
    f->header.origin = (struct ntp_time){0};
    response_fixture_check(f, true);
    assert_false(f->r.tests & NTP_TEST_3);
    assert_false(response_is_valid(&f->r));
}

static void test_a(void **state)
{
    struct response_fixture *f = *state;

    f->limits.max_delay = 0.004;
    response_fixture_judge(f);
    assert_false(f->r.tests & NTP_TEST_A);
    f->limits.max_delay = 3.0;
    f->ex.warmup_left = 1;
    response_fixture_judge(f);
    assert_false(f->r.tests & NTP_TEST_A);
    f->ex.warmup_left = 0;
    f->rx.time = local(1004.2);
    f->header.transmit = remote(1004.1);
    response_fixture_judge(f);
    assert_false(f->r.tests & NTP_TEST_A);
}

static void tests_b_and_c(void **state)
{
    struct response_fixture *f = *state;
    struct source_test_data data = {.last_sample_ago = 64.0,
                                    .predicted_offset = -0.01,
                                    .min_delay = 0.001,
                                    .skew = 1e-6,
                                    .sd = 1e-5};
    struct response_test_input input = {.data = &data, .max_quantile_delay = -1.0, .own = &f->own};

    f->limits.max_delay_ratio = 2.0;
    response_fixture_judge_with(f, &input);
    assert_false(f->r.tests & NTP_TEST_B);
    assert_false(f->r.tests & NTP_TEST_C);
    /* News: the offset moved by more than the delay explains. */
    data.predicted_offset = 0.5;
    data.min_delay = 0.0049;
    response_fixture_judge_with(f, &input);
    assert_true(f->r.tests & NTP_TEST_B);
    assert_true(f->r.tests & NTP_TEST_C);
    input.data = NULL;
    response_fixture_judge_with(f, &input);
    assert_true(response_is_good(&f->r));
    input.max_quantile_delay = 0.004;
    response_fixture_judge_with(f, &input);
    assert_false(f->r.tests & NTP_TEST_C);
    input.max_quantile_delay = 0.006;
    response_fixture_judge_with(f, &input);
    assert_true(f->r.tests & NTP_TEST_C);
}

static void test_d_finds_loops(void **state)
{
    struct response_fixture *f = *state;

    f->header.stratum = 2;
    f->header.refid = ip_addr_refid(&f->local);
    response_fixture_judge(f);
    assert_false(f->r.tests & NTP_TEST_D);
    f->header.stratum = 1;
    response_fixture_judge(f);
    assert_true(f->r.tests & NTP_TEST_D);

    /* The source is this daemon itself. */
    f->own = (struct reference_data){
        .stratum = 1, .refid = f->header.refid, .ref_time = local(900), .root_delay = 0.01};
    f->header.reference = ntp_time_from_instant(f->own.ref_time.i, (struct ntp_time){0});
    response_fixture_judge(f);
    assert_false(f->r.tests & NTP_TEST_D);
    struct response_test_input input = {.max_quantile_delay = -1.0, .own = &f->own};
    response_fixture_judge_with(f, &input);
    assert_true(f->r.tests & NTP_TEST_D);
}

static void one_response_counts_for_each_request(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_judge(f);
    response_update(&f->r, &f->ex, &f->limits);
    assert_true(f->ex.answered);
    assert_true(response_is_good(&f->r));
    struct ntp_time far_tx = f->ex.far_tx;

    f->header.transmit.lo += 1000;
    response_fixture_judge(f);
    response_update(&f->r, &f->ex, &f->limits);
    assert_false(response_is_valid(&f->r));
    assert_false(f->r.tests & (NTP_TEST_2 | NTP_TEST_3));
    assert_true(ntp_time_equal(f->ex.far_tx, far_tx));
}

static void unauthentic_packet_changes_nothing(void **state)
{
    struct response_fixture *f = *state;
    struct exchange before = f->ex;

    f->limits.is_peer = true;
    response_fixture_check(f, false);
    response_measure(&f->r, &f->ex, &f->limits, 1e-6);
    response_update(&f->r, &f->ex, &f->limits);
    assert_memory_equal(&before, &f->ex, sizeof(before));
}

/* An authentic packet of a peer that was kept back and is sent now. */
static void older_packet_of_a_peer_changes_nothing(void **state)
{
    struct response_fixture *f = *state;

    f->limits.is_peer = true;
    response_fixture_judge(f);
    response_update(&f->r, &f->ex, &f->limits);
    assert_true(response_is_good(&f->r));
    struct exchange before = f->ex;

    f->header.transmit = remote(990.0126);
    f->header.receive = remote(990.0125);
    f->rx.time = local(1001.0);
    response_fixture_judge(f);
    response_update(&f->r, &f->ex, &f->limits);
    assert_false(response_is_valid(&f->r));
    assert_true(ntp_time_equal(f->ex.far_tx, before.far_tx));
    assert_true(ntp_time_equal(f->ex.far_rx, before.far_rx));
    assert_near(local_diff(f->ex.near_rx.time, before.near_rx.time), 0.0, 0.0);
}

/* 12.3: whose tests pass is recognised, with a wrong origin it is not. */
static void kod_with_wrong_origin_is_ignored(void **state)
{
    struct response_fixture *f = *state;

    f->header.leap = 3;
    f->header.stratum = 0;
    f->header.refid = NTP_KOD_RATE;
    response_fixture_check(f, true);
    assert_true(f->r.verdict.reason == RESPONSE_RATE_KISS);
    f->header.origin.hi++;
    response_fixture_check(f, true);
    assert_false(f->r.verdict.reason == RESPONSE_RATE_KISS);
}

static void clock_change_moves_the_times(void **state)
{
    struct response_fixture *f = *state;
    struct clock_change change = {.cooked = local(1000), .doffset = 0.25};

    exchange_clock_change(&f->ex, &change);
    assert_near(local_diff(f->ex.near_tx.time, local(999.75)), 0.0, 1e-9);
    assert_true(local_is_zero(f->ex.near_rx.time));
}

/* The server's clock was corrected by 2 ms between two responses, its monotonic scale was not. */
static void mono_root_tells_corrections_of_the_server(void **state)
{
    struct response_fixture *f = *state;
    uint8_t packet[NTP_HEADER_LENGTH + 28] = {[48] = 0xf3, 0x23, 0, 28};
    struct ntp_mono_root root = {
        .root_delay = 0.25, .root_dispersion = 0.125, .mono_receive = remote(999.9985), .epoch = 5};

    f->limits.ext_flags = EXT_FLAG_MONO_ROOT;
    f->ex.far_rx = remote(936.0125);
    f->ex.far_mono = remote(935.9965);
    f->ex.far_epoch = 5;
    ntp_header_write(packet, &f->header);
    ntp_mono_root_write(packet + 52, &root);
    assert_true(ntp_packet_parse(packet, sizeof(packet), &f->info));
    response_read(&f->r, &f->limits, packet, &f->info, &f->rx, &f->local);
    response_check(&f->r, &f->ex, &f->limits, RESPONSE_GOOD);
    assert_true(response_measure(&f->r, &f->ex, &f->limits, 1e-6));
    assert_near(f->r.mono_correction, 0.002, 1e-8);
    assert_near(f->r.root_delay, 0.25, 1e-9);
    response_update(&f->r, &f->ex, &f->limits);
    assert_near(f->ex.mono_shift, 0.002, 1e-8);
    assert_int_equal(f->ex.far_epoch, 5);

    /* Another epoch: the scales have nothing to do with each other. */
    f->ex.answered = false;
    f->ex.far_epoch = 6;
    f->ex.far_rx = remote(936.0125);
    f->ex.far_mono = remote(935.9965);
    response_check(&f->r, &f->ex, &f->limits, RESPONSE_GOOD);
    f->r.mono_correction = 0.0;
    assert_true(response_measure(&f->r, &f->ex, &f->limits, 1e-6));
    assert_near(f->r.mono_correction, 0.0, 0.0);
}

/* The remote clock was corrected by 2 ms between the two packets. The transmit timestamp, of
   before, comes from a server as it was and from an active peer on the time scale of now. */
static void mono_correction_of_interleaved_timestamps(void **state)
{
    struct response_fixture *f = *state;
    const double m = 0.002;

    for (int i = 0; i < 6; i++) {
        static const int modes[] = {NTP_MODE_SERVER, NTP_MODE_PASSIVE, NTP_MODE_ACTIVE};
        uint8_t packet[NTP_HEADER_LENGTH + 28] = {[48] = 0xf3, 0x23, 0, 28};
        struct ntp_mono_root root = {.epoch = 5};
        bool moved = modes[i / 2] == NTP_MODE_ACTIVE;

        response_fixture_interleave(f);
        f->ex.older_tx.time = i % 2 ? local(1000.0) : (struct local_time){0};
        f->limits.ext_flags = EXT_FLAG_MONO_ROOT;
        f->limits.is_peer = modes[i / 2] != NTP_MODE_SERVER;
        f->header.mode = (uint8_t)modes[i / 2];
        f->ex.far_mono = f->ex.far_rx;
        f->ex.far_epoch = 5;
        root.mono_receive = f->header.receive;
        f->header.receive = ntp_time_from_instant(
            instant_add(ntp_time_to_instant(f->header.receive), -m), (struct ntp_time){0});
        if (moved)
            f->header.transmit = ntp_time_from_instant(
                instant_add(ntp_time_to_instant(f->header.transmit), -m), (struct ntp_time){0});
        ntp_header_write(packet, &f->header);
        ntp_mono_root_write(packet + 52, &root);
        assert_true(ntp_packet_parse(packet, sizeof(packet), &f->info));
        response_read(&f->r, &f->limits, packet, &f->info, &f->rx, &f->local);
        response_check(&f->r, &f->ex, &f->limits, RESPONSE_GOOD);
        assert_true(response_measure(&f->r, &f->ex, &f->limits, 1e-6));
        assert_near(f->r.mono_correction, m, 1e-8);
        assert_near(f->r.sample.offset, -((i % 2 ? 0.01001 : 0.01006) - m), 1e-8);
        assert_near(f->r.sample.peer_delay, i % 2 ? 0.00498 : 0.00508, 1e-8);
    }
}

/* Filter. */

static struct source_sample sample(double t, double offset, double dispersion)
{
    return (struct source_sample){.time = local(t),
                                  .offset = offset,
                                  .peer_delay = 0.01,
                                  .peer_dispersion = dispersion,
                                  .root_delay = 0.02,
                                  .root_dispersion = dispersion};
}

static void filter_takes_the_median_of_the_best(void **state)
{
    struct sample_filter *filter = sample_filter_new(
        &(struct sample_filter_params){.length = 5, .max_dispersion = 16.0, .quantum = 1e-9});
    static const double offsets[] = {0.004, 0.001, 0.002, 0.9, 0.003};
    struct source_sample s, out;

    assert_false(sample_filter_take(filter, &out));
    for (int i = 0; i < 5; i++) {
        /* The outlier has a large dispersion and is no candidate. */
        s = sample(i, offsets[i], i == 3 ? 1e-3 : 1e-6);
        assert_true(sample_filter_add(filter, &s));
    }
    assert_true(sample_filter_take(filter, &out));
    /* Candidates 1, 2, 3 and 4 ms: the two in the middle, at 2 s and 4 s. */
    assert_near(out.offset, 0.0025, 1e-12);
    assert_near(local_diff(out.time, local(3)), 0.0, 1e-8);
    assert_near(out.peer_dispersion, sqrt(0.5e-6), 1e-9);
    assert_false(sample_filter_take(filter, &out));
    assert_non_null(sample_filter_last(filter));
    sample_filter_reset(filter);
    assert_null(sample_filter_last(filter));
    sample_filter_free(filter);
}

static void filter_follows_the_clock(void **state)
{
    struct sample_filter *filter = sample_filter_new(
        &(struct sample_filter_params){.length = 2, .max_dispersion = 16.0, .quantum = 1e-9});
    struct clock_change change = {.cooked = local(100), .doffset = 0.5};
    struct source_sample s = sample(50, -0.75, 1e-6), out;

    sample_filter_add(filter, &s);
    sample_filter_clock_change(filter, &change);
    assert_true(sample_filter_take(filter, &out));
    assert_near(out.offset, -1.25, 1e-9);
    assert_near(local_diff(out.time, local(49.5)), 0.0, 1e-8);
    sample_filter_free(filter);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, response_fixture_setup, response_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(basic_sample),
        TEST(interleaved_sample_of_the_normal_variant),
        TEST(interleaved_sample_of_the_previous_variant),
        TEST(interleaved_response_is_bogus_unless_asked_for),
        TEST(network_correction),
        TEST(tests_1_to_7),
        TEST(zero_origin_never_matches_a_request_that_was_not_sent),
        TEST(test_a),
        TEST(tests_b_and_c),
        TEST(test_d_finds_loops),
        TEST(one_response_counts_for_each_request),
        TEST(unauthentic_packet_changes_nothing),
        TEST(older_packet_of_a_peer_changes_nothing),
        TEST(kod_with_wrong_origin_is_ignored),
        TEST(clock_change_moves_the_times),
        TEST(mono_root_tells_corrections_of_the_server),
        TEST(mono_correction_of_interleaved_timestamps),
        cmocka_unit_test(filter_takes_the_median_of_the_best),
        cmocka_unit_test(filter_follows_the_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
