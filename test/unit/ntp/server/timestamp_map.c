/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timestamp map of the server for the interleaved mode (ntp.md 24).
 */
#include "test/unit/support/unit.h"

#include "ntp/server/timestamp_map.h"
#include "test/unit/support/response.h"

static struct ntp_time stamp(double t)
{
    return ntp_time_from_instant(local(t).i, (struct ntp_time){0, 1});
}

static bool held(struct timestamp_map *map, double t)
{
    enum timestamp_source source;
    struct local_time tx;

    return timestamp_map_find(map, stamp(t), &tx, &source);
}

static void map_is_a_sorted_ring(void **state)
{
    struct timestamp_map *map = timestamp_map_new(4);
    uint64_t entries, span;

    for (int i = 0; i < 6; i++)
        timestamp_map_save(map, stamp(i * 0.1), local(i * 0.1 + 0.01), TIMESTAMP_DAEMON);
    timestamp_map_stats(map, &entries, &span);
    assert_int_equal(entries, 4);
    assert_false(held(map, 0.1));
    assert_true(held(map, 0.2));
    /* Late arrivals are put in their place. */
    timestamp_map_save(map, stamp(0.45), local(0.46), TIMESTAMP_DAEMON);
    assert_true(held(map, 0.45));
    assert_true(held(map, 0.5));
    assert_false(held(map, 0.2));
    timestamp_map_free(map);
}

static void map_disables_repeated_timestamps(void **state)
{
    struct timestamp_map *map = timestamp_map_new(4);

    timestamp_map_save(map, stamp(1), local(1.1), TIMESTAMP_DAEMON);
    assert_true(held(map, 1));
    timestamp_map_save(map, stamp(1), local(1.1), TIMESTAMP_DAEMON);
    assert_false(held(map, 1));
    timestamp_map_free(map);
}

static void map_drops_the_future_after_a_step_back(void **state)
{
    struct timestamp_map *map = timestamp_map_new(8);

    for (int i = 0; i < 4; i++)
        timestamp_map_save(map, stamp(100 + i), local(100.1 + i), TIMESTAMP_DAEMON);
    timestamp_map_save(map, stamp(50), local(50.1), TIMESTAMP_DAEMON);
    assert_true(held(map, 50));
    assert_false(held(map, 103));
    timestamp_map_free(map);
}

static void map_improves_transmit_times(void **state)
{
    struct timestamp_map *map = timestamp_map_new(4);
    struct clock_change change = {.type = CLOCK_ADJUST, .doffset = 0.25};
    enum timestamp_source source;
    struct local_time tx;

    timestamp_map_save(map, stamp(1), local(1.1), TIMESTAMP_DAEMON);
    timestamp_map_improve(map, stamp(1), local(1.0), TIMESTAMP_KERNEL); /* earlier: refused */
    assert_true(timestamp_map_find(map, stamp(1), &tx, &source));
    assert_int_equal(source, TIMESTAMP_DAEMON);
    timestamp_map_clock_change(map, &change);
    timestamp_map_improve(map, stamp(1), local(0.87), TIMESTAMP_KERNEL);
    assert_true(timestamp_map_find(map, stamp(1), &tx, &source));
    assert_int_equal(source, TIMESTAMP_KERNEL);
    assert_near(local_diff(tx, local(1.12)), 0.0, 1e-7);
    change.type = CLOCK_UNKNOWN_STEP;
    timestamp_map_clock_change(map, &change);
    assert_false(held(map, 1));
    timestamp_map_free(map);
}

static void map_holds_no_transmit_time_far_from_the_receive_time(void **state)
{
    struct timestamp_map *map = timestamp_map_new(4);
    enum timestamp_source source;
    struct local_time tx;

    timestamp_map_save(map, stamp(1), local(3.5), TIMESTAMP_DAEMON);
    assert_true(timestamp_map_find(map, stamp(1), &tx, &source));
    assert_true(local_is_zero(tx));
    timestamp_map_free(map);
}

/* 24.2: a search among many, across the end of the ring and of the era. */
static void map_finds_each_of_many(void **state)
{
    struct timestamp_map *map = timestamp_map_new(64);
    enum timestamp_source source;
    struct local_time tx;
    struct ntp_time t;
    uint64_t entries, span;

    timestamp_map_stats(map, &entries, &span);
    assert_true(entries == 0 && span == 0);
    for (uint32_t i = 0; i < 100; i++) {
        /* The hundred passes the end of the era in the middle. */
        t = (struct ntp_time){i - 70U, 1};
        struct local_time receive = {ntp_time_to_instant(t)};
        timestamp_map_save(map, t, local_add(receive, 0.25), TIMESTAMP_DAEMON);
    }
    for (uint32_t i = 0; i < 102; i++) {
        t = (struct ntp_time){i - 70U, 1};
        assert_int_equal(timestamp_map_find(map, t, &tx, &source), i >= 36 && i < 100);
        t.lo = 2;
        assert_false(timestamp_map_find(map, t, &tx, &source));
        t.lo = 0;
        assert_false(timestamp_map_find(map, t, &tx, &source));
    }
    timestamp_map_stats(map, &entries, &span);
    assert_int_equal(entries, 64);
    assert_int_equal(span, 63);
    timestamp_map_free(map);
}

/* 24.3 step 4: a late one has its place among the newest 64, else it takes that of its
   neighbour. */
static void late_timestamps_have_a_place_near_the_end(void **state)
{
    uint64_t entries, span;

    for (int late = 0; late < 2; late++) {
        struct timestamp_map *map = timestamp_map_new(256);
        for (int i = 0; i < 100; i++)
            timestamp_map_save(map, stamp(i * 0.001), local(i * 0.001), TIMESTAMP_DAEMON);
        /* Before 64 entries, or before 65. */
        double t = (late ? 35 : 36) * 0.001 - 0.0005;
        timestamp_map_save(map, stamp(t), local(t), TIMESTAMP_DAEMON);
        timestamp_map_stats(map, &entries, &span);
        assert_int_equal(entries, late ? 100 : 101);
        assert_true(held(map, t));
        assert_true(held(map, 0.036));
        assert_int_equal(held(map, 0.034), !late);
        for (int i = 0; i < 100; i++)
            assert_int_equal(held(map, i * 0.001), !(late && i == 34));

        /* Before all others the first is its neighbour. */
        timestamp_map_save(map, stamp(-0.5), local(-0.5), TIMESTAMP_DAEMON);
        assert_true(held(map, -0.5));
        assert_false(held(map, 0.0));
        assert_true(held(map, 0.001));
        timestamp_map_free(map);
    }
}

static void full_map_drops_the_oldest_for_a_late_one(void **state)
{
    struct timestamp_map *map = timestamp_map_new(8);

    for (int i = 0; i < 12; i++)
        timestamp_map_save(map, stamp(i * 0.01), local(i * 0.01), TIMESTAMP_DAEMON);
    timestamp_map_save(map, stamp(0.065), local(0.065), TIMESTAMP_DAEMON);
    assert_false(held(map, 0.04));
    for (int i = 5; i < 12; i++)
        assert_true(held(map, i * 0.01));
    assert_true(held(map, 0.065));
    /* Itself the oldest. */
    timestamp_map_save(map, stamp(0.045), local(0.045), TIMESTAMP_DAEMON);
    assert_false(held(map, 0.045));
    for (int i = 5; i < 12; i++)
        assert_true(held(map, i * 0.01));
    timestamp_map_free(map);
}

/* More than a second later is a step back; exactly a second is not. */
static void future_is_more_than_a_second(void **state)
{
    struct timestamp_map *map = timestamp_map_new(8);
    struct ntp_time t = stamp(10);

    for (int i = 0; i < 3; i++)
        timestamp_map_save(map, (struct ntp_time){t.hi + 1, t.lo + (uint32_t)i}, local(11),
                           TIMESTAMP_DAEMON);
    timestamp_map_save(map, (struct ntp_time){t.hi, t.lo + 1}, local(10), TIMESTAMP_DAEMON);
    assert_true(held(map, 10 + 1));
    enum timestamp_source source;
    struct local_time tx;
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(
            timestamp_map_find(map, (struct ntp_time){t.hi + 1, t.lo + i}, &tx, &source), i < 2);
    timestamp_map_free(map);
}

static void zero_is_no_timestamp(void **state)
{
    struct timestamp_map *map = timestamp_map_new(4);
    uint64_t entries, span;

    timestamp_map_save(map, (struct ntp_time){0}, local(1), TIMESTAMP_DAEMON);
    timestamp_map_stats(map, &entries, &span);
    assert_int_equal(entries, 0);
    timestamp_map_free(map);
}

/* 24.4: -2 s <= difference < 2 s. */
static void transmit_times_within_two_seconds_are_held(void **state)
{
    static const struct {
        double offset;
        bool held;
    } cases[] = {{-1.999, true}, {-2.001, false}, {1.999, true}, {2.001, false}, {0.25, true}};
    struct timestamp_map *map = timestamp_map_new(8);
    enum timestamp_source source;
    struct local_time tx;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double t = 100.0 * (double)i;
        timestamp_map_save(map, stamp(t), local(t + cases[i].offset), TIMESTAMP_KERNEL);
        assert_true(timestamp_map_find(map, stamp(t), &tx, &source));
        assert_int_equal(local_is_zero(tx), !cases[i].held);
        if (cases[i].held)
            assert_near(local_diff(tx, local(t + cases[i].offset)), 0.0, 5e-9);
        assert_int_equal(source, cases[i].held ? TIMESTAMP_KERNEL : TIMESTAMP_DAEMON);
    }
    timestamp_map_save(map, stamp(700), (struct local_time){0}, TIMESTAMP_DAEMON);
    assert_true(timestamp_map_find(map, stamp(700), &tx, &source));
    assert_true(local_is_zero(tx));
    timestamp_map_free(map);
}

static void assert_improved(struct timestamp_map *map, double t, double by, bool improved)
{
    enum timestamp_source source;
    struct local_time before, tx;

    assert_true(timestamp_map_find(map, stamp(t), &before, &source));
    timestamp_map_improve(map, stamp(t), local_add(before, by), TIMESTAMP_HARDWARE);
    assert_true(timestamp_map_find(map, stamp(t), &tx, &source));
    assert_int_equal(source == TIMESTAMP_HARDWARE, improved);
    assert_near(local_diff(tx, before), improved ? by : 0.0, 5e-9);
}

/* 5.5: not earlier, and at most a second later. */
static void later_timestamps_of_a_transmission_are_limited(void **state)
{
    struct timestamp_map *map = timestamp_map_new(8);

    for (int i = 0; i < 4; i++)
        timestamp_map_save(map, stamp(i), local(i + 0.001), TIMESTAMP_DAEMON);
    assert_improved(map, 0, -1e-6, false);
    assert_improved(map, 0, 1e-6, true);
    assert_improved(map, 1, 0.999, true);
    assert_improved(map, 2, 1.001, false);
    timestamp_map_improve(map, stamp(9), local(9.1), TIMESTAMP_HARDWARE);
    assert_false(held(map, 9));
    timestamp_map_free(map);
}

/* 24.5: with exactly one change in between the new time goes back to the scale of the receive
   time. */
static void one_clock_change_is_undone(void **state)
{
    for (int changes = 0; changes < 4; changes++) {
        struct timestamp_map *map = timestamp_map_new(8);
        struct clock_change change = {.type = changes == 2 ? CLOCK_STEP : CLOCK_ADJUST,
                                      .doffset = 0.125};
        enum timestamp_source source;
        struct local_time tx;

        timestamp_map_save(map, stamp(1), local(1.001), TIMESTAMP_DAEMON);
        for (int i = 0; i < changes; i++)
            timestamp_map_clock_change(map, &change);
        timestamp_map_improve(map, stamp(1), local(1.002), TIMESTAMP_KERNEL);
        assert_true(timestamp_map_find(map, stamp(1), &tx, &source));
        assert_near(local_diff(tx, local(changes == 1 ? 1.127 : 1.002)), 0.0, 5e-9);
        /* What was saved since is on the new scale. */
        timestamp_map_save(map, stamp(2), local(2.001), TIMESTAMP_DAEMON);
        timestamp_map_improve(map, stamp(2), local(2.002), TIMESTAMP_KERNEL);
        assert_true(timestamp_map_find(map, stamp(2), &tx, &source));
        assert_near(local_diff(tx, local(2.002)), 0.0, 5e-9);
        timestamp_map_free(map);
    }
}

static void disabled_entries_stay_disabled(void **state)
{
    struct timestamp_map *map = timestamp_map_new(8);

    timestamp_map_save(map, stamp(1), local(1.001), TIMESTAMP_DAEMON);
    timestamp_map_save(map, stamp(2), local(2.001), TIMESTAMP_DAEMON);
    timestamp_map_disable(map, stamp(1));
    timestamp_map_disable(map, stamp(3));
    timestamp_map_improve(map, stamp(1), local(1.002), TIMESTAMP_KERNEL);
    assert_false(held(map, 1));
    assert_true(held(map, 2));
    timestamp_map_save(map, stamp(1), local(1.001), TIMESTAMP_DAEMON);
    assert_false(held(map, 1));
    timestamp_map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_is_a_sorted_ring),
        cmocka_unit_test(map_disables_repeated_timestamps),
        cmocka_unit_test(map_drops_the_future_after_a_step_back),
        cmocka_unit_test(map_improves_transmit_times),
        cmocka_unit_test(map_holds_no_transmit_time_far_from_the_receive_time),
        cmocka_unit_test(map_finds_each_of_many),
        cmocka_unit_test(late_timestamps_have_a_place_near_the_end),
        cmocka_unit_test(full_map_drops_the_oldest_for_a_late_one),
        cmocka_unit_test(future_is_more_than_a_second),
        cmocka_unit_test(zero_is_no_timestamp),
        cmocka_unit_test(transmit_times_within_two_seconds_are_held),
        cmocka_unit_test(later_timestamps_of_a_transmission_are_limited),
        cmocka_unit_test(one_clock_change_is_undone),
        cmocka_unit_test(disabled_entries_stay_disabled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
