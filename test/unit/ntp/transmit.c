/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filling in of packets (ntp.md 10, 16): what random bits may not be, what smoothing changes in the
 * packets of each mode, and the extension fields.
 */
#include "test/unit/support/unit.h"

#include <stdlib.h>
#include <string.h>
#include "conf/source_options.h"
#include "ntp/transmit.h"
#include "test/unit/support/world.h"

#define BASE 1700000000

struct fixture {
    struct sim_world *sim;
    struct world_ops ops; /* of the virtual world, with reads of the clock counted */
    struct world world;
    struct random_pool random;
    struct transmit_time time;
    struct transmit_input input;
    struct local_timestamp rx;
    struct transmit_output output;
    uint8_t data[NTP_MAX_LENGTH];
    size_t length;
    struct ntp_header header;
};

static int reads; /* of the clock */

static struct local_time at(int32_t nsec)
{
    return (struct local_time){{BASE, nsec}};
}

static struct ntp_time wire(struct local_time t)
{
    return ntp_time_from_instant(t.i, (struct ntp_time){0});
}

/* A quarter of a second before the cooked time of a transmission. */
static struct raw_time raw_now(void *ctx)
{
    reads++;
    return (struct raw_time){at(250000000).i};
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->sim = sim_world_new();
    f->world = *sim_world_interface(f->sim);
    f->ops = *f->world.ops;
    f->ops.raw_now = raw_now;
    f->world.ops = &f->ops;
    reads = 0;
    f->random = random_pool_make(&f->world);
    f->rx = (struct local_timestamp){.time = at(250000000)};
    f->time = (struct transmit_time){
        .scale = {.start = {{BASE - 1, 250000000}}, .freq = 0.125, .offset = -0.125},
        .event_time = at(400000000),
        .precision_log = -30,
        .quantum = 1e-6,
        .reference = {.stratum = 2,
                      .refid = 0xc0000201,
                      .ref_time = {{BASE - 64, 0}},
                      .root_delay = 0.5,
                      .root_dispersion = 0.25},
    };
    f->input = (struct transmit_input){
        .mode = 4,
        .version = 4,
        .poll = 6,
        .has_their_receive = true,
        .their_receive = {1, 1},
        .their_transmit = {2, 2},
        .local_receive = &f->rx,
    };
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sim_world_free(f->sim);
    free(f);
    return 0;
}

static bool try_fill(struct fixture *f, size_t size)
{
    const struct transmit_context context = {&f->time, &f->world, &f->random};
    struct writer w = writer_make(f->data, size);

    if (!transmit_fill(&context, &f->input, &w, &f->output))
        return false;
    f->length = w.pos;
    ntp_header_read(f->data, &f->header);
    assert_true(ntp_time_equal(f->output.transmit, f->header.transmit));
    assert_true(ntp_time_equal(f->output.receive, f->header.receive));
    return true;
}

static void fill(struct fixture *f)
{
    assert_true(try_fill(f, sizeof(f->data)));
}

static double seconds(struct ntp_time t, struct local_time since)
{
    return ntp_time_diff(t, wire(since));
}

/* Random bits. */

/* 64 of them: neither seconds nor fraction tell the time. */
static void all_bits_of_client_timestamps_are_random(void **state)
{
    struct fixture *f = *state;
    uint32_t seconds_now = wire(at(0)).hi;
    struct ntp_time differs = {0};

    f->input.mode = 3;
    f->input.previous_transmit = at(100);
    for (int i = 0; i < 64; i++) {
        f->input.interleaved = i % 2 == 1;
        fill(f);
        differs.hi |= f->header.transmit.hi ^ seconds_now;
        differs.lo |= f->header.transmit.lo;
        assert_int_equal(f->output.interleaved, i % 2);
        if (i % 2 == 1)
            assert_int_not_equal(f->header.receive.hi, seconds_now);
        else
            assert_true(ntp_time_is_zero(f->header.receive));
    }
    assert_int_equal(differs.hi, UINT32_MAX);
    assert_int_equal(differs.lo, UINT32_MAX);
}

/* With two random bits there are four values, and each of the others takes one away. */
static void timestamps_differ_from_each_other_and_from_the_last(void **state)
{
    struct fixture *f = *state;
    uint32_t receive_bits = 0, transmit_bits = 0;

    f->rx.time = at(500000000);
    f->input.mode = 1;
    f->input.their_transmit = wire(at(500000000));
    f->input.previous_own_receive = f->input.previous_own_transmit = f->input.their_transmit;
    f->input.previous_own_receive.lo ^= 1;
    f->input.previous_own_transmit.lo ^= 1;
    for (int i = 0; i < 100; i++) {
        fill(f);
        assert_true(ntp_time_equal(f->header.origin, f->input.their_transmit));
        receive_bits |= 1U << (f->header.receive.lo & 3);
        transmit_bits |= 1U << (f->header.transmit.lo & 3);
        assert_false(ntp_time_equal(f->header.receive, f->header.transmit));
    }
    assert_int_equal(receive_bits, 0xc);
    assert_int_equal(transmit_bits, 0xc);
}

static void precision_gives_the_number_of_random_bits(void **state)
{
    struct fixture *f = *state;
    uint32_t differs = 0;

    f->input.mode = 5;
    f->time.precision_log = -20;
    for (int i = 0; i < 100; i++) {
        fill(f);
        differs |= f->header.transmit.lo ^ wire(at(500000000)).lo;
    }
    assert_int_equal(differs, 0xfff);
    assert_int_equal(f->header.precision, -20);
    /* The reference time has none. */
    assert_true(ntp_time_equal(f->header.reference, wire((struct local_time){{BASE - 64, 0}})));
}

static void lowest_bits_of_replies_tell_the_mode(void **state)
{
    struct fixture *f = *state;

    for (int mode = 1; mode <= 5; mode++) {
        uint32_t receive = 0, transmit = 0;

        if (mode == 3)
            continue;
        f->input.mode = mode;
        for (int i = 0; i < 50; i++) {
            fill(f);
            receive |= 1U << (f->header.receive.lo & 1);
            transmit |= 1U << (f->header.transmit.lo & 1);
        }
        assert_int_equal(receive, mode == 2 || mode == 4 ? 2 : 3);
        assert_int_equal(transmit, mode == 2 || mode == 4 ? 1 : 3);
    }
}

static void interleaved_packet_has_the_times_of_two_replies(void **state)
{
    struct fixture *f = *state;

    f->input.interleaved = true;
    f->input.previous_transmit = at(100000000);
    fill(f);
    assert_true(f->output.interleaved);
    assert_true(ntp_time_equal(f->header.origin, f->input.their_receive));
    assert_close(seconds(f->header.receive, at(250000000)), 0.0, 2e-9);
    assert_close(seconds(f->header.transmit, at(100000000)), 0.0, 2e-9);
    assert_int_equal(reads, 0);
    /* Basic when one of them is not known. */
    f->input.previous_transmit = (struct local_time){0};
    fill(f);
    assert_false(f->output.interleaved);
    assert_true(ntp_time_equal(f->header.origin, f->input.their_transmit));
    assert_close(seconds(f->header.transmit, at(500000000)), 0.0, 2e-9);
    f->input.previous_transmit = at(100000000);
    f->input.has_their_receive = false;
    fill(f);
    assert_false(f->output.interleaved);
}

/* Header. */

static void versions_and_strata_have_limits(void **state)
{
    struct fixture *f = *state;

    f->input.version = 5;
    f->time.reference.stratum = 16;
    fill(f);
    assert_int_equal(f->header.version, 4);
    assert_int_equal(f->header.stratum, 0);
    f->input.version = 3;
    f->time.reference.stratum = 15;
    fill(f);
    assert_int_equal(f->header.version, 3);
    assert_int_equal(f->header.stratum, 15);
}

static void kiss_keeps_the_rest_of_the_reply(void **state)
{
    struct fixture *f = *state;

    f->input.kod = NTP_KOD_RATE;
    fill(f);
    assert_int_equal(f->header.leap, 3);
    assert_int_equal(f->header.stratum, 0);
    assert_int_equal(f->header.refid, 0x52415445);
    assert_int_equal(f->header.root_delay, 0x8000);
    assert_int_equal(f->header.root_dispersion, 0x4000);
    assert_true(ntp_time_equal(f->header.origin, f->input.their_transmit));
}

/* Smoothing. */

static void smoothing_moves_the_times_of_replies(void **state)
{
    struct fixture *f = *state;

    f->time.smoothing = true;
    f->time.smoothing_offset = 0.125;
    fill(f);
    assert_true(transmit_smoothing(&f->time, 4) == 0.125);
    assert_int_equal(f->header.refid, 0x7f7f01ff);
    assert_close(seconds(f->header.reference, (struct local_time){{BASE - 64, 0}}), 0.125, 2e-9);
    assert_close(seconds(f->header.receive, at(250000000)), 0.125, 2e-9);
    assert_close(seconds(f->header.transmit, at(500000000)), 0.125, 2e-9);

    /* A broadcast has no receive time, so only its transmit time is moved. */
    f->input.mode = 5;
    f->input.local_receive = NULL;
    fill(f);
    assert_int_equal(f->header.refid, 0xc0000201);
    assert_true(seconds(f->header.reference, (struct local_time){{BASE - 64, 0}}) == 0.0);
    assert_true(ntp_time_is_zero(f->header.receive));
    assert_close(seconds(f->header.transmit, at(500000000)), 0.125, 2e-9);

    /* Peers are not smoothed. */
    f->input.local_receive = &f->rx;
    for (int mode = 1; mode <= 2; mode++) {
        f->input.mode = mode;
        fill(f);
        assert_true(transmit_smoothing(&f->time, mode) == 0.0);
        assert_int_equal(f->header.refid, 0xc0000201);
        assert_close(seconds(f->header.receive, at(250000000)), 0.0, 2e-9);
        assert_close(seconds(f->header.transmit, at(500000000)), 0.0, 2e-9);
    }
}

static void smoothing_below_the_quantum_is_none(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 4; i++) {
        f->time.smoothing = i != 3;
        f->time.smoothing_offset = i == 0 ? 1e-6 : i == 1 ? -1.001e-6 : i == 2 ? -1e-6 : 0.125;
        fill(f);
        assert_int_equal(transmit_smoothing(&f->time, 4) != 0.0, i == 1);
        assert_int_equal(f->header.refid == REFID_SMOOTH, i == 1);
        if (i != 1)
            assert_close(seconds(f->header.receive, at(250000000)), 0.0, 2e-9);
    }
}

/* The offset may still be zero when the leap second is only announced. */
static void smoothed_leap_seconds_are_not_announced(void **state)
{
    struct fixture *f = *state;

    for (int leap = 0; leap < 4; leap++)
        for (int slewed = 0; slewed < 2; slewed++)
            for (int smoothing = 0; smoothing < 2; smoothing++) {
                bool hidden = slewed && smoothing && (leap == 1 || leap == 2);
                f->time.reference.leap = leap;
                f->time.leap_is_slewed = slewed;
                f->time.smoothing = smoothing;
                fill(f);
                assert_int_equal(f->header.leap, hidden ? 0 : leap);
            }
}

/* Extension fields. */

static void assert_correction(struct fixture *f, double correction)
{
    double c;

    fill(f);
    assert_int_equal(f->length, NTP_HEADER_LENGTH + 28);
    assert_true(ntp_net_correction_read(f->data + 52, NTP_EXT_BODY_LENGTH, &c));
    assert_close(c, correction, 1e-9);
    for (size_t i = 60; i < f->length; i++)
        assert_int_equal(f->data[i], 0);
}

/* 16.1: the correction of the request, if it is more than its time on the wire. */
static void network_correction_is_passed_on(void **state)
{
    struct fixture *f = *state;

    f->input.ext_flags = EXT_FLAG_NET_CORRECTION;
    fill(f);
    assert_int_equal(f->length, NTP_HEADER_LENGTH);
    f->time.add_net_correction = true;
    assert_correction(f, 0.0);
    f->rx.net_correction = 40e-6;
    f->rx.wire_time = 8e-6;
    assert_correction(f, 40e-6);
    f->rx.wire_time = 40e-6;
    assert_correction(f, 0.0);
    f->rx.wire_time = 0.0;
    f->input.mode = 1;
    assert_correction(f, 40e-6);
    f->input.mode = 3;
    assert_correction(f, 0.0);
    f->input.local_receive = NULL;
    f->input.mode = 4;
    assert_correction(f, 0.0);
}

static struct ntp_mono_root mono_root(struct fixture *f)
{
    struct ntp_mono_root root;

    fill(f);
    assert_int_equal(f->length, NTP_HEADER_LENGTH + 28);
    assert_true(ntp_mono_root_read(f->data + 52, NTP_EXT_BODY_LENGTH, &root));
    return root;
}

static void mono_root_has_unrounded_values_and_its_own_scale(void **state)
{
    struct fixture *f = *state;

    f->input.ext_flags = EXT_FLAG_MONO_ROOT;
    f->time.reference.root_delay = 1e-6;
    f->time.reference.root_dispersion = 2e-6;
    f->time.mono.shift = 0.75;
    f->time.mono.epoch = 0x11223344;
    struct ntp_mono_root root = mono_root(f);
    assert_close(root.root_delay, 1e-6, 4e-9);
    assert_close(root.root_dispersion, 2e-6, 4e-9);
    assert_int_equal(root.epoch, 0x11223344);
    assert_close(seconds(root.mono_receive, at(250000000)), 0.75, 2e-9);

    f->time.smoothing = true;
    f->time.smoothing_offset = 0.125;
    root = mono_root(f);
    assert_true(ntp_time_is_zero(root.mono_receive));
    assert_int_equal(root.epoch, 0x11223344);
    f->time.smoothing = false;
    f->rx.time = (struct local_time){0};
    assert_true(ntp_time_is_zero(mono_root(f).mono_receive));

    /* That of a client has nothing but the magic. */
    f->rx.time = at(1);
    f->input.mode = 3;
    root = mono_root(f);
    assert_true(root.root_delay == 0.0 && root.root_dispersion == 0.0 && root.epoch == 0);
    assert_true(ntp_time_is_zero(root.mono_receive));
}

static void nothing_is_filled_in_without_room_or_version(void **state)
{
    struct fixture *f = *state;

    assert_true(try_fill(f, 48));
    assert_false(try_fill(f, 47));
    f->time.add_net_correction = true;
    for (int i = 0; i < 2; i++) {
        f->input.ext_flags = i == 0 ? EXT_FLAG_NET_CORRECTION : EXT_FLAG_MONO_ROOT;
        assert_true(try_fill(f, 76));
        assert_false(try_fill(f, 75));
        f->input.version = 3;
        assert_false(try_fill(f, 76));
        f->input.version = 4;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_bits_of_client_timestamps_are_random),
        TEST(timestamps_differ_from_each_other_and_from_the_last),
        TEST(precision_gives_the_number_of_random_bits),
        TEST(lowest_bits_of_replies_tell_the_mode),
        TEST(interleaved_packet_has_the_times_of_two_replies),
        TEST(versions_and_strata_have_limits),
        TEST(kiss_keeps_the_rest_of_the_reply),
        TEST(smoothing_moves_the_times_of_replies),
        TEST(smoothing_below_the_quantum_is_none),
        TEST(smoothed_leap_seconds_are_not_announced),
        TEST(network_correction_is_passed_on),
        TEST(mono_root_has_unrounded_values_and_its_own_scale),
        TEST(nothing_is_filled_in_without_room_or_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
