/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timestamp map of the server for the interleaved mode (ntp.md 24).
 */
#include "test/unit/unit.h"

#include "ntp/timestamp_map.h"
#include "test/unit/support_response.h"

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

    (void)state;
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

    (void)state;
    timestamp_map_save(map, stamp(1), local(1.1), TIMESTAMP_DAEMON);
    assert_true(held(map, 1));
    timestamp_map_save(map, stamp(1), local(1.1), TIMESTAMP_DAEMON);
    assert_false(held(map, 1));
    timestamp_map_free(map);
}

static void map_drops_the_future_after_a_step_back(void **state)
{
    struct timestamp_map *map = timestamp_map_new(8);

    (void)state;
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

    (void)state;
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

    (void)state;
    timestamp_map_save(map, stamp(1), local(3.5), TIMESTAMP_DAEMON);
    assert_true(timestamp_map_find(map, stamp(1), &tx, &source));
    assert_true(local_is_zero(tx));
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
