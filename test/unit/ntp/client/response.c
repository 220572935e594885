/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of the tests of a response, the choice of timestamps, and what a packet leaves in the
 * state of an exchange (ntp.md 12): both sides of each condition.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <string.h>
#include "test/unit/support/response.h"

static bool passes(struct response_fixture *f, enum ntp_test test)
{
    response_fixture_judge(f);
    return (f->r.tests & test) != 0;
}

static void update(struct response_fixture *f)
{
    response_update(&f->r, &f->ex, &f->limits);
}

/* Adds an extension field of 28 octets; the body is 24 octets. */
static void add_field(struct response_fixture *f, uint16_t type, const uint8_t *body)
{
    uint8_t *field = f->packet + f->length;

    field[0] = (uint8_t)(type >> 8);
    field[1] = (uint8_t)type;
    field[2] = 0;
    field[3] = 28;
    memcpy(field + 4, body, NTP_EXT_BODY_LENGTH);
    f->length += 28;
}

static void add_correction(struct response_fixture *f, double correction)
{
    uint8_t body[NTP_EXT_BODY_LENGTH];

    ntp_net_correction_write(body, correction);
    add_field(f, NTP_EXT_NET_CORRECTION, body);
}

static void add_mono_root(struct response_fixture *f, const struct ntp_mono_root *root)
{
    uint8_t body[NTP_EXT_BODY_LENGTH];

    ntp_mono_root_write(body, root);
    add_field(f, NTP_EXT_MONO_ROOT, body);
}

/* Reading. */

static void fields_count_only_when_they_were_asked_for(void **state)
{
    struct response_fixture *f = *state;
    struct ntp_mono_root root = {.root_delay = 0.25, .root_dispersion = 0.125, .epoch = 5};

    add_correction(f, 1e-6);
    add_mono_root(f, &root);
    add_correction(f, 25e-6); /* the last of a kind counts */
    response_fixture_check(f, true);
    assert_false(f->r.has_mono_root);
    assert_true(f->r.net_correction == 0.0);
    assert_near(f->r.root_delay, 0.01, 2e-5);
    assert_near(f->r.root_dispersion, 0.002, 2e-5);

    f->limits.ext_flags = EXT_FLAG_NET_CORRECTION;
    response_fixture_check(f, true);
    assert_false(f->r.has_mono_root);
    assert_near(f->r.net_correction, 25e-6, 1e-9);

    f->limits.ext_flags = EXT_FLAG_MONO_ROOT;
    response_fixture_check(f, true);
    assert_true(f->r.has_mono_root);
    assert_true(f->r.net_correction == 0.0);
    assert_near(f->r.root_delay, 0.25, 1e-8);
    assert_near(f->r.root_dispersion, 0.125, 1e-8);

    f->limits.ext_flags = EXT_FLAG_MONO_ROOT | EXT_FLAG_NET_CORRECTION;
    response_fixture_check(f, true);
    assert_true(f->r.has_mono_root);
    assert_near(f->r.net_correction, 25e-6, 1e-9);
}

/* Tests 1 to 7. */

static void test_1_needs_both_timestamps_to_repeat(void **state)
{
    struct response_fixture *f = *state;

    f->ex.far_tx = f->header.transmit;
    f->ex.far_rx = f->header.receive;
    assert_false(passes(f, NTP_TEST_1));
    f->ex.far_rx.hi++;
    assert_true(passes(f, NTP_TEST_1));
    f->ex.far_rx = f->header.receive;
    f->ex.far_tx.lo++;
    assert_true(passes(f, NTP_TEST_1));
}

/* Half of the root delay counts, and 16 s are too much. */
static void test_7_limits_the_root_distance(void **state)
{
    struct response_fixture *f = *state;
    static const struct {
        double delay, dispersion;
        bool passed;
    } cases[] = {
        {30.0, 0.999, true}, {30.0, 1.0, false}, {0.0, 15.999, true},
        {0.0, 16.0, false},  {4.0, 13.99, true}, {4.0, 14.0, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->header.root_delay = ntp_short_from_double(cases[i].delay);
        f->header.root_dispersion = ntp_short_from_double(cases[i].dispersion);
        assert_int_equal(passes(f, NTP_TEST_7), cases[i].passed);
    }
}

/* A response to a request whose timestamps are equal is not interleaved. */
static void basic_match_has_precedence(void **state)
{
    struct response_fixture *f = *state;

    f->limits.interleaved = true;
    f->ex.sent_rx = f->ex.sent_tx;
    response_fixture_check(f, true);
    assert_false(f->r.interleaved);
    assert_true(f->r.tests & NTP_TEST_2);
    f->header.origin.lo++;
    response_fixture_check(f, true);
    assert_false(f->r.interleaved);
    assert_false(f->r.tests & NTP_TEST_2);
}

/* Each of the conditions of a RATE kiss, 12.3. */
static void kiss_needs_all_of_its_signs(void **state)
{
    struct response_fixture *f = *state;
    struct ntp_header kiss = f->header;

    kiss.leap = 3;
    kiss.stratum = 0;
    kiss.refid = NTP_KOD_RATE;
    f->header = kiss;
    response_fixture_check(f, true);
    assert_true(f->r.verdict.reason == RESPONSE_RATE_KISS);
    response_fixture_check(f, false);
    assert_false(f->r.verdict.reason == RESPONSE_RATE_KISS);
    f->header.leap = 2;
    response_fixture_check(f, true);
    assert_false(f->r.verdict.reason == RESPONSE_RATE_KISS);
    f->header = kiss;
    f->header.stratum = 16;
    response_fixture_check(f, true);
    assert_false(f->r.verdict.reason == RESPONSE_RATE_KISS);
    f->header = kiss;
    f->header.refid = 0x44454e59; /* DENY */
    response_fixture_check(f, true);
    assert_false(f->r.verdict.reason == RESPONSE_RATE_KISS);
    f->header = kiss;
    f->ex.far_rx = kiss.receive;
    f->ex.far_tx = kiss.transmit;
    response_fixture_check(f, true);
    assert_false(f->r.verdict.reason == RESPONSE_RATE_KISS);
}

/* The sample. */

static void worst_timestamp_error_counts(void **state)
{
    struct response_fixture *f = *state;

    f->ex.near_tx.error = 3e-3;
    f->rx.error = 1e-3;
    response_fixture_judge(f);
    assert_near(f->r.sample.peer_dispersion, 3e-3 + 5.1e-9, 1e-11);
    f->rx.error = 4e-3;
    response_fixture_judge(f);
    assert_near(f->r.sample.peer_dispersion, 4e-3 + 5.1e-9, 1e-11);
    assert_near(f->r.sample.root_dispersion, 0.002 + 4e-3, 2e-5);
}

static void delay_is_never_below_the_precision(void **state)
{
    struct response_fixture *f = *state;

    f->header.precision = -4;
    f->limits.quantum = 0.5;
    response_fixture_judge(f);
    assert_near(f->r.sample.peer_delay, 0.5625, 1e-9);
    /* A server that claims to have taken longer than the exchange. */
    f->header.precision = -24;
    f->limits.quantum = 1e-9;
    f->header.transmit = remote(1000.0226);
    response_fixture_judge(f);
    assert_near(f->r.sample.peer_delay, 0.005, 4e-9);
}

static void option_offset_is_added(void **state)
{
    struct response_fixture *f = *state;

    f->limits.offset = -0.25;
    response_fixture_judge(f);
    assert_near(f->r.sample.offset, 0.24, 2e-9);
}

/* The worse of the two packets for the normal variant, that of the older one for the previous. */
static void root_values_of_interleaved_samples(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_interleave(f);
    f->ex.far_root_delay = 0.5;
    f->ex.far_root_disp = 0.25;
    response_fixture_judge(f);
    assert_near(f->r.sample.root_delay, 0.5 + 0.00508, 1e-7);
    assert_near(f->r.sample.root_dispersion, 0.25 + 6.4e-5, 1e-6);
    f->ex.far_root_delay = f->ex.far_root_disp = 1e-6;
    response_fixture_judge(f);
    assert_near(f->r.sample.root_delay, 0.01 + 0.00508, 2e-5);
    assert_near(f->r.sample.root_dispersion, 0.002 + 6.4e-5, 2e-5);
    f->ex.older_tx.time = local(1000.0);
    response_fixture_judge(f);
    assert_near(f->r.sample.root_delay, 1e-6 + 0.00498, 1e-7);
    assert_near(f->r.sample.root_dispersion, 1e-6 + 6.57e-8, 1e-8);
}

/* The previous request is used when its interval is ten times shorter. */
static void shorter_interval_is_chosen(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_interleave(f);
    f->ex.older_tx.time = local(1000.0051 - 6.3);
    response_fixture_judge(f);
    assert_false(f->r.tx_is_current);
    f->ex.older_tx.time = local(1000.0051 - 6.5);
    response_fixture_judge(f);
    assert_true(f->r.tx_is_current);
    /* Test A has no objection: these timestamps were not used before. */
    assert_true(f->r.tests & NTP_TEST_A);
}

static void interleaved_response_needs_usable_timestamps(void **state)
{
    struct response_fixture *f = *state;

    response_fixture_interleave(f);
    f->ex.ts_usable = false;
    response_fixture_judge(f);
    assert_false(f->r.has_sample);
    assert_int_equal(f->r.tests, NTP_TESTS_SYNCED);
    assert_true(f->r.sample.offset == 0.0 && f->r.sample.peer_delay == 0.0);
    assert_near(local_diff(f->r.sample.time, f->rx.time), 0.0, 0.0);
    /* A basic one does not. */
    f->limits.interleaved = false;
    f->header.origin = f->ex.sent_tx;
    response_fixture_judge(f);
    assert_true(f->r.has_sample);
}

/* 27.5 in the basic mode: the correction of the request is that of the response's field. */
static void network_correction_of_the_field(void **state)
{
    struct response_fixture *f = *state;

    f->limits.ext_flags = EXT_FLAG_NET_CORRECTION;
    add_correction(f, 25e-6);
    f->rx.net_correction = 40e-6;
    f->rx.wire_time = 8e-6;
    response_fixture_judge(f);
    assert_near(f->r.sample.offset, -(0.01 + 7.5e-6), 4e-9);
    assert_near(f->r.sample.peer_delay, 0.005 - 48.9951e-6, 4e-9);
    assert_near(f->r.sample.root_delay, 0.015, 2e-5);
    update(f);
    assert_near(f->ex.near_tx.net_correction, 25e-6, 1e-9);

    /* Both sides need one, and that of the response more than its time on the wire. */
    f->ex.answered = false;
    f->ex.far_tx.lo = 0;
    f->rx.net_correction = 8e-6;
    response_fixture_judge(f);
    assert_near(f->r.sample.offset, -0.01, 4e-9);
    f->rx.net_correction = 40e-6;
    f->length = NTP_HEADER_LENGTH;
    add_correction(f, 0.0);
    response_fixture_judge(f);
    assert_near(f->r.sample.offset, -0.01, 4e-9);
    /* Less than nothing, and more than the delay. */
    f->length = NTP_HEADER_LENGTH;
    add_correction(f, 1e-9);
    f->rx.net_correction = 8.001e-6;
    response_fixture_judge(f);
    assert_near(f->r.sample.offset, -0.01, 4e-9);
    f->length = NTP_HEADER_LENGTH;
    add_correction(f, 0.006);
    response_fixture_judge(f);
    assert_near(f->r.sample.offset, -0.01, 4e-9);
    assert_near(f->r.sample.peer_delay, 0.005, 4e-9);
}

static void correction_leaves_a_part_of_the_delay(void **state)
{
    struct response_fixture *f = *state;

    f->limits.ext_flags = EXT_FLAG_NET_CORRECTION;
    add_correction(f, 0.0025);
    f->rx.net_correction = 0.0025;
    response_fixture_judge(f);
    assert_near(f->r.sample.peer_delay, 0.005 * 100e-6, 5e-9);
    /* Not less than the precision. */
    f->limits.quantum = 0.001;
    response_fixture_judge(f);
    assert_near(f->r.sample.peer_delay, 0.001, 1e-7);
}

/* The field tells of the request that it answers, the request before has its own from before. */
static void network_correction_of_interleaved_samples(void **state)
{
    struct response_fixture *f = *state;

    for (int previous = 0; previous < 2; previous++) {
        response_fixture_interleave(f);
        f->limits.ext_flags = EXT_FLAG_NET_CORRECTION;
        f->length = NTP_HEADER_LENGTH;
        add_correction(f, 25e-6);
        f->ex.older_tx.time = previous ? local(1000.0) : (struct local_time){0};
        f->ex.older_tx.net_correction = 15e-6;
        f->ex.near_tx.net_correction = 1e-3;
        f->ex.near_rx.net_correction = 40e-6;
        response_fixture_judge(f);
        assert_near(f->r.sample.offset, -(previous ? 0.01001 + 12.5e-6 : 0.01006 + 7.5e-6), 1e-8);
    }
}

static void source_of_the_transmit_timestamp_is_told(void **state)
{
    struct response_fixture *f = *state;

    f->ex.near_tx.source = TIMESTAMP_KERNEL;
    f->ex.older_tx.source = TIMESTAMP_HARDWARE;
    response_fixture_judge(f);
    assert_int_equal(f->r.tx_source, TIMESTAMP_KERNEL);
    response_fixture_interleave(f);
    f->ex.older_tx.time = local(1000.0);
    response_fixture_judge(f);
    assert_int_equal(f->r.tx_source, TIMESTAMP_HARDWARE);
    f->ex.ts_usable = false;
    response_fixture_judge(f);
    assert_int_equal(f->r.tx_source, TIMESTAMP_KERNEL);
}

/* Monotonic correction. */

static void set_mono(struct response_fixture *f, struct ntp_time receive, uint32_t epoch)
{
    struct ntp_mono_root root = {.mono_receive = receive, .epoch = epoch};

    f->limits.ext_flags = EXT_FLAG_MONO_ROOT;
    f->length = NTP_HEADER_LENGTH;
    add_mono_root(f, &root);
}

static void interleaved_timestamps_are_moved_by_the_correction(void **state)
{
    struct response_fixture *f = *state;

    /* The server moved its clock back by 1 s after the exchange before. */
    for (int previous = 0; previous < 2; previous++) {
        response_fixture_interleave(f);
        set_mono(f, remote(1064.0126), 7);
        f->ex.far_mono = remote(999.0125);
        f->ex.far_epoch = 7;
        f->ex.older_tx.time = previous ? local(1000.0) : (struct local_time){0};
        response_fixture_judge(f);
        assert_near(f->r.mono_correction, 1.0, 1e-8);
        /* T2, T3 of the previous one on the new scale; of the normal one only T3. */
        assert_near(f->r.sample.offset, -(previous ? 0.01001 - 1.0 : 0.01006 - 0.5), 1e-8);
        assert_near(f->r.response_time, previous ? 0.00012 : 0.99988, 1e-8);
    }
}

static void correction_needs_times_and_is_limited(void **state)
{
    struct response_fixture *f = *state;

    f->ex.far_rx = remote(936.0125);
    f->ex.far_epoch = 7;

    /* 64 s between the responses. */
    f->ex.far_mono = remote(936.0);
    set_mono(f, remote(1015.999), 7);
    response_fixture_judge(f);
    assert_near(f->r.mono_correction, 15.999, 1e-6);
    set_mono(f, remote(1016.001), 7);
    response_fixture_judge(f);
    assert_true(f->r.mono_correction == 0.0);
    set_mono(f, remote(983.999), 7);
    response_fixture_judge(f);
    assert_true(f->r.mono_correction == 0.0);

    /* A zero is no time, though the difference would be small. */
    f->ex.far_mono = (struct ntp_time){0};
    set_mono(f, (struct ntp_time){64, 0}, 7);
    response_fixture_judge(f);
    assert_true(f->r.mono_correction == 0.0);
    f->ex.far_mono = (struct ntp_time){(uint32_t)-64, 0x10};
    set_mono(f, (struct ntp_time){0}, 7);
    response_fixture_judge(f);
    assert_true(f->r.mono_correction == 0.0);
}

static void corrections_add_up_until_the_field_is_missing(void **state)
{
    struct response_fixture *f = *state;

    f->ex.far_rx = remote(936.0125);
    f->ex.far_mono = remote(936.0);
    f->ex.far_epoch = 7;
    f->ex.mono_shift = 2.0;
    set_mono(f, remote(1001.0), 7);
    response_fixture_judge(f);
    update(f);
    assert_near(f->ex.mono_shift, 3.0, 1e-8);
    assert_true(ntp_time_equal(f->ex.far_mono, remote(1001.0)));
    assert_int_equal(f->ex.far_epoch, 7);
    f->ex.answered = false;
    f->header.transmit.lo++;
    set_mono(f, remote(1002.0), 8);
    response_fixture_judge(f);
    update(f);
    assert_int_equal(f->ex.far_epoch, 8);

    /* Without the field, or without a time in it, nothing is known any more. */
    for (int i = 0; i < 2; i++) {
        f->ex.mono_shift = 2.0;
        f->ex.far_epoch = 7;
        f->ex.far_mono = remote(1001.0);
        f->ex.answered = false;
        set_mono(f, (struct ntp_time){0}, 7);
        if (i == 0)
            f->length = NTP_HEADER_LENGTH;
        f->header.transmit.lo++;
        response_fixture_judge(f);
        update(f);
        assert_true(f->ex.mono_shift == 0.0);
        assert_int_equal(f->ex.far_epoch, 0);
        assert_true(ntp_time_is_zero(f->ex.far_mono));
    }
}

/* Tests A to D. */

static void test_a_takes_the_dispersion_off_the_delay(void **state)
{
    struct response_fixture *f = *state;

    f->ex.near_tx.error = 1e-3;
    response_fixture_judge(f);
    double delay = f->r.sample.peer_delay - f->r.sample.peer_dispersion;
    assert_near(delay, 0.004, 1e-8);
    f->limits.max_delay = delay;
    assert_true(passes(f, NTP_TEST_A));
    f->limits.max_delay = nextafter(delay, 0.0);
    assert_false(passes(f, NTP_TEST_A));
}

/* With a precision that is worse than the limit the delay says nothing. */
static void test_a_needs_a_precision_within_the_limit(void **state)
{
    struct response_fixture *f = *state;

    f->limits.quantum = 0.25;
    f->header.precision = -2;
    f->limits.max_delay = 0.5;
    assert_true(passes(f, NTP_TEST_A));
    f->limits.max_delay = 0.499;
    assert_false(passes(f, NTP_TEST_A));
}

static void test_a_limits_the_response_time_of_servers(void **state)
{
    struct response_fixture *f = *state;

    for (int i = 0; i < 4; i++) {
        double time = i % 2 == 0 ? 3.999 : 4.001;
        f->limits.is_peer = i >= 2;
        f->header.transmit = remote(1000.0125 + time);
        f->rx.time = local(1000.005 + time);
        assert_int_equal(passes(f, NTP_TEST_A), i != 1);
    }
}

static void test_a_wants_a_sane_time(void **state)
{
    struct response_fixture *f = *state;

    f->limits.offset = 4294967290.0;
    assert_false(passes(f, NTP_TEST_A));
    f->limits.offset = -1.8e9;
    assert_false(passes(f, NTP_TEST_A));
    f->limits.offset = 10.0;
    assert_true(passes(f, NTP_TEST_A));
}

/* A packet of a peer, interleaved, every 64 s. */
static void make_peer(struct response_fixture *f)
{
    response_fixture_interleave(f);
    f->limits.is_peer = true;
    f->limits.max_delay = 1000.0;
    f->ex.far_poll = f->ex.poll_at_rx = 6;
    f->ex.older_tx.time = local(1000.0);
    f->ex.far_tx = remote(936.01262);
}

static void test_a_finds_missed_packets_of_peers(void **state)
{
    struct response_fixture *f = *state;

    make_peer(f);
    assert_true(passes(f, NTP_TEST_A));

    /* The transmit time is of a packet that came before: more than 1.5 intervals. */
    f->ex.far_tx = remote(1000.01262 - 95.9);
    assert_true(passes(f, NTP_TEST_A));
    f->ex.far_tx = remote(1000.01262 - 96.1);
    assert_false(passes(f, NTP_TEST_A));
    /* The shorter interval of the two counts; a peer that may ask less often is not suspected. */
    f->ex.poll_at_rx = 7;
    assert_false(passes(f, NTP_TEST_A));
    f->ex.poll_at_rx = 5;
    assert_true(passes(f, NTP_TEST_A));

    /* The packet that the peer answered came after the transmit time it tells. */
    make_peer(f);
    f->header.receive = f->header.transmit;
    assert_false(passes(f, NTP_TEST_A));
    f->header.receive.lo++;
    assert_true(passes(f, NTP_TEST_A));
    /* In the basic mode nothing of that applies. */
    make_peer(f);
    f->limits.interleaved = false;
    f->header.origin = f->ex.sent_tx;
    f->ex.far_tx = remote(800);
    assert_true(passes(f, NTP_TEST_A));
}

static void test_a_limits_the_delay_of_peers_to_half_the_interval(void **state)
{
    struct response_fixture *f = *state;

    make_peer(f);
    f->ex.far_tx = remote(999);
    f->ex.far_poll = 1;
    /* The delay is 1 s and 1 s + 1 ms. */
    f->ex.near_rx.time = local(1001.00012);
    f->ex.near_tx.time = local(1100.0);
    assert_true(passes(f, NTP_TEST_A));
    f->ex.near_rx.time = local(1001.00112);
    assert_false(passes(f, NTP_TEST_A));
    f->ex.far_poll = 2;
    assert_true(passes(f, NTP_TEST_A));
    f->ex.poll_at_rx = 1;
    assert_false(passes(f, NTP_TEST_A));
}

static bool passes_with(struct response_fixture *f, const struct source_test_data *data,
                        enum ntp_test test)
{
    struct response_test_input input = {.data = data, .max_quantile_delay = -1.0, .own = &f->own};

    response_fixture_judge_with(f, &input);
    return (f->r.tests & test) != 0;
}

/* The delay is 5 ms; 1000 s with 0.5 + 0.5 ppm (or 1 + 1 ppm) are 1 ms (2 ms). */
static void test_b_allows_for_the_time_since_the_last_sample(void **state)
{
    struct response_fixture *f = *state;
    struct source_test_data data = {
        .last_sample_ago = 1000.0, .min_delay = 0.002, .skew = 0.5e-6, .sd = 1.0};

    f->limits.max_clock_error = 0.5e-6;
    f->limits.max_delay_ratio = 2.001;
    assert_true(passes_with(f, &data, NTP_TEST_B));
    f->limits.max_delay_ratio = 1.999;
    assert_false(passes_with(f, &data, NTP_TEST_B));
    data.skew = 1e-6;
    assert_true(passes_with(f, &data, NTP_TEST_B));
    data.skew = 0.5e-6;
    f->limits.max_clock_error = 1e-6;
    assert_true(passes_with(f, &data, NTP_TEST_B));
    data.last_sample_ago = 100.0;
    assert_false(passes_with(f, &data, NTP_TEST_B));
    /* Below 1 it is off. */
    f->limits.max_delay_ratio = 1.0;
    assert_false(passes_with(f, &data, NTP_TEST_B));
    f->limits.max_delay_ratio = 0.999;
    assert_true(passes_with(f, &data, NTP_TEST_B));
}

/* Half of the additional delay against deviations and growth. */
static void test_c_allows_for_deviation_and_growth(void **state)
{
    struct response_fixture *f = *state;
    struct source_test_data data = {.last_sample_ago = 1000.0,
                                    .predicted_offset = -0.01,
                                    .min_delay = 0.001,
                                    .skew = 0.5e-6,
                                    .sd = 2e-4};

    /* 2 ms against 1 ms and 5 times 0.2 ms. */
    f->limits.max_clock_error = 0.5e-6;
    f->limits.max_delay_dev_ratio = 5.001;
    assert_true(passes_with(f, &data, NTP_TEST_C));
    f->limits.max_delay_dev_ratio = 4.999;
    assert_false(passes_with(f, &data, NTP_TEST_C));
    /* An offset that is further away than both of them is news, in each direction. */
    for (int sign = -1; sign <= 1; sign += 2) {
        data.predicted_offset = -0.01 + sign * 0.00401;
        assert_true(passes_with(f, &data, NTP_TEST_C));
        data.predicted_offset = -0.01 + sign * 0.00398;
        assert_false(passes_with(f, &data, NTP_TEST_C));
    }
}

static void quantile_replaces_the_deviation(void **state)
{
    struct response_fixture *f = *state;
    struct source_test_data data = {.min_delay = 0.001, .sd = 1e-6, .predicted_offset = -0.01};
    struct response_test_input input = {.data = &data, .max_quantile_delay = 0.0051};

    input.own = &f->own;
    response_fixture_judge_with(f, &input);
    assert_true(f->r.tests & NTP_TEST_C);
    input.max_quantile_delay = f->r.sample.peer_delay;
    response_fixture_judge_with(f, &input);
    assert_true(f->r.tests & NTP_TEST_C);
    input.max_quantile_delay = nextafter(input.max_quantile_delay, 0.0);
    response_fixture_judge_with(f, &input);
    assert_false(f->r.tests & NTP_TEST_C);
    /* Nothing known yet: zero is a limit too. */
    input.data = NULL;
    input.max_quantile_delay = 0.0;
    response_fixture_judge_with(f, &input);
    assert_false(f->r.tests & NTP_TEST_C);
}

/* Only a source that sends exactly what this daemon sends is this daemon. */
static void test_d_compares_all_that_is_sent(void **state)
{
    struct response_fixture *f = *state;
    struct reference_data own = {
        .stratum = 1, .refid = f->header.refid, .ref_time = local(900), .root_delay = 0.01};

    f->own = own;
    f->header.reference = ntp_time_from_instant(own.ref_time.i, (struct ntp_time){0});
    struct ntp_header mine = f->header;
    assert_false(passes(f, NTP_TEST_D));
    f->header.stratum = 2;
    assert_true(passes(f, NTP_TEST_D));
    f->header = mine;
    f->header.refid++;
    assert_true(passes(f, NTP_TEST_D));
    f->header = mine;
    f->header.root_delay++;
    assert_true(passes(f, NTP_TEST_D));
    f->header = mine;
    f->header.reference.lo++;
    assert_true(passes(f, NTP_TEST_D));
    f->header = mine;
    f->header.reference = (struct ntp_time){0};
    f->own.ref_time = (struct local_time){0};
    assert_true(passes(f, NTP_TEST_D));

    /* An unknown local address has no reference ID. */
    f->header.stratum = 2;
    f->local = (struct ip_addr){0};
    f->header.refid = ip_addr_refid(&f->local);
    assert_true(passes(f, NTP_TEST_D));
}

/* What stays. */

static void good_basic_response_forgets_the_older_request(void **state)
{
    struct response_fixture *f = *state;
    struct local_timestamp some = {.time = local(5)};

    f->ex.older_tx = f->ex.boot_near_rx = some;
    f->ex.boot_far_tx = remote(4);
    f->ex.boot_new = true;
    response_fixture_judge(f);
    update(f);
    assert_true(local_is_zero(f->ex.older_tx.time));
    assert_true(local_is_zero(f->ex.boot_near_rx.time));
    assert_true(ntp_time_is_zero(f->ex.boot_far_tx));
    assert_false(f->ex.boot_new);
    assert_true(f->ex.ts_usable);
    assert_true(ntp_time_equal(f->ex.far_rx, f->header.receive));
    assert_true(ntp_time_equal(f->ex.far_tx, f->header.transmit));
    assert_near(local_diff(f->ex.near_rx.time, f->rx.time), 0.0, 0.0);
}

/* The timestamps of a response that was not used can be used with the next one. */
static void other_responses_keep_the_request(void **state)
{
    struct response_fixture *f = *state;

    f->ex.warmup_left = 1;
    response_fixture_judge(f);
    assert_false(response_is_good(&f->r));
    update(f);
    assert_near(local_diff(f->ex.older_tx.time, local(1000.0)), 0.0, 0.0);

    f->ex = (struct exchange){.near_tx = f->ex.near_tx};
    response_fixture_interleave(f);
    f->ex.older_tx.time = local(1000.0);
    response_fixture_judge(f);
    assert_true(response_is_good(&f->r));
    update(f);
    assert_near(local_diff(f->ex.older_tx.time, local(1064.0)), 0.0, 0.0);

    /* Valid, but not synchronised. */
    f->ex.answered = false;
    f->header.leap = 3;
    f->header.transmit.lo++;
    response_fixture_judge(f);
    update(f);
    assert_false(f->ex.ts_usable);
    assert_true(f->ex.answered);
}

/* Case 1 for a peer: a newer packet, though the last request is answered. */
static void newer_packet_of_a_peer_has_better_timestamps(void **state)
{
    struct response_fixture *f = *state;

    for (int peer = 0; peer < 2; peer++) {
        f->limits.is_peer = peer == 1;
        f->ex.answered = true;
        f->ex.far_rx = remote(990);
        f->ex.far_tx = f->header.transmit;
        response_fixture_judge(f);
        update(f);
        assert_true(ntp_time_equal(f->ex.far_rx, remote(990)));
        f->ex.far_tx = remote(999);
        response_fixture_judge(f);
        update(f);
        assert_int_equal(ntp_time_equal(f->ex.far_rx, f->header.receive), peer);
        assert_false(response_is_valid(&f->r));
    }
}

/* Case 2, 27.10: what restarts the symmetric protocol. */
static void last_packet_of_a_peer_is_remembered(void **state)
{
    struct response_fixture *f = *state;

    f->header.origin.lo++;
    response_fixture_judge(f);
    update(f);
    assert_false(f->ex.boot_new); /* a server */

    f->limits.is_peer = true;
    response_fixture_check(f, false);
    update(f);
    assert_false(f->ex.boot_new);
    response_fixture_judge(f);
    update(f);
    assert_true(f->ex.boot_new);
    assert_true(ntp_time_equal(f->ex.boot_far_tx, remote(1000.0126)));
    assert_near(local_diff(f->ex.boot_near_rx.time, f->rx.time), 0.0, 0.0);

    /* An older one or the same again changes nothing until the next request. */
    f->rx.time = local(1003);
    response_fixture_judge(f);
    update(f);
    assert_near(local_diff(f->ex.boot_near_rx.time, local(1000.0051)), 0.0, 0.0);
    f->header.transmit = remote(999);
    response_fixture_judge(f);
    update(f);
    assert_true(ntp_time_equal(f->ex.boot_far_tx, remote(1000.0126)));
    f->header.transmit = remote(1002);
    response_fixture_judge(f);
    update(f);
    assert_true(ntp_time_equal(f->ex.boot_far_tx, remote(1002)));
    f->ex.boot_new = false;
    f->header.transmit = remote(999);
    response_fixture_judge(f);
    update(f);
    assert_true(ntp_time_equal(f->ex.boot_far_tx, remote(999)));

    /* Not without a transmit time, nor twice. */
    f->ex.boot_new = false;
    f->header.transmit = (struct ntp_time){0};
    response_fixture_judge(f);
    update(f);
    assert_false(f->ex.boot_new);
    f->header.transmit = f->ex.far_tx = remote(1005);
    f->ex.far_rx = f->header.receive;
    response_fixture_judge(f);
    update(f);
    assert_false(f->ex.boot_new);
}

static void accepted_values(void **state)
{
    struct response_fixture *f = *state;
    static const int strata[][2] = {{0, 16}, {1, 1}, {15, 15}, {16, 16}, {17, 16}, {255, 16}};

    f->header.poll = -3;
    f->ex.unanswered = 3;
    response_fixture_judge(f);
    response_accept(&f->r, &f->ex, 9);
    assert_int_equal(f->ex.far_poll, -3);
    assert_int_equal(f->ex.poll_at_rx, 9);
    assert_int_equal(f->ex.unanswered_at_rx, 3);
    assert_int_equal(f->ex.unanswered, 0);
    assert_near(f->ex.far_root_delay, 0.01, 2e-5);
    assert_near(f->ex.far_root_disp, 0.002, 2e-5);
    for (size_t i = 0; i < sizeof(strata) / sizeof(strata[0]); i++) {
        f->header.stratum = (uint8_t)strata[i][0];
        response_fixture_judge(f);
        response_accept(&f->r, &f->ex, 6);
        assert_int_equal(f->ex.far_stratum, strata[i][1]);
    }
}

static void clock_change_moves_all_times(void **state)
{
    struct response_fixture *f = *state;
    struct clock_change change = {.cooked = local(1000), .dfreq = 0.01, .doffset = 0.25};
    struct local_timestamp *times[] = {&f->ex.near_rx, &f->ex.near_tx, &f->ex.older_tx,
                                       &f->ex.boot_near_rx};

    for (size_t i = 0; i < 4; i++)
        times[i]->time = local(900.0 + (double)i);
    exchange_clock_change(&f->ex, &change);
    for (size_t i = 0; i < 4; i++) {
        double t = 900.0 + (double)i;
        assert_near(local_diff(times[i]->time, local(t + (1000.0 - t) * 0.01 - 0.25)), 0.0, 1e-8);
    }
    exchange_reset(&f->ex);
    assert_false(local_is_zero(f->ex.near_tx.time));
    assert_true(local_is_zero(f->ex.near_rx.time));
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, response_fixture_setup, response_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fields_count_only_when_they_were_asked_for),
        TEST(test_1_needs_both_timestamps_to_repeat),
        TEST(test_7_limits_the_root_distance),
        TEST(basic_match_has_precedence),
        TEST(kiss_needs_all_of_its_signs),
        TEST(worst_timestamp_error_counts),
        TEST(delay_is_never_below_the_precision),
        TEST(option_offset_is_added),
        TEST(root_values_of_interleaved_samples),
        TEST(shorter_interval_is_chosen),
        TEST(interleaved_response_needs_usable_timestamps),
        TEST(network_correction_of_the_field),
        TEST(network_correction_of_interleaved_samples),
        TEST(source_of_the_transmit_timestamp_is_told),
        TEST(correction_leaves_a_part_of_the_delay),
        TEST(interleaved_timestamps_are_moved_by_the_correction),
        TEST(correction_needs_times_and_is_limited),
        TEST(corrections_add_up_until_the_field_is_missing),
        TEST(test_a_takes_the_dispersion_off_the_delay),
        TEST(test_a_needs_a_precision_within_the_limit),
        TEST(test_a_limits_the_response_time_of_servers),
        TEST(test_a_wants_a_sane_time),
        TEST(test_a_finds_missed_packets_of_peers),
        TEST(test_a_limits_the_delay_of_peers_to_half_the_interval),
        TEST(test_b_allows_for_the_time_since_the_last_sample),
        TEST(test_c_allows_for_deviation_and_growth),
        TEST(quantile_replaces_the_deviation),
        TEST(test_d_compares_all_that_is_sent),
        TEST(good_basic_response_forgets_the_older_request),
        TEST(other_responses_keep_the_request),
        TEST(newer_packet_of_a_peer_has_better_timestamps),
        TEST(last_packet_of_a_peer_is_remembered),
        TEST(accepted_values),
        TEST(clock_change_moves_all_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
