/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Models of the simulator's links: moments of the delays of many packets against what the model
 * promises, and that what happens in time is the same whenever packets are sent.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "test/sim/link.h"

#define PACKETS 100000

struct moments {
    double mean, sd, min, max;
    double correlation; /* from one packet to the next */
    double lost;        /* part of the packets */
};

/* Packets that leave at a constant interval. */
static struct moments measure(const struct sim_link *link, double interval)
{
    struct moments m = {.min = INFINITY};
    struct sim_link_state state;
    double sum = 0.0, squares = 0.0, products = 0.0, previous = 0.0;
    int count = 0;

    sim_link_init(&state, 7, 1, 0);
    for (int i = 0; i < PACKETS; i++) {
        if (sim_link_copies(link, &state) == 0)
            continue;
        double delay = sim_link_delay(link, &state, i * interval);
        sum += delay;
        squares += delay * delay;
        products += delay * previous;
        previous = delay;
        m.min = fmin(m.min, delay);
        m.max = fmax(m.max, delay);
        count++;
    }
    m.mean = sum / count;
    m.sd = sqrt(squares / count - m.mean * m.mean);
    m.correlation = (products / count - m.mean * m.mean) / (m.sd * m.sd);
    m.lost = 1.0 - (double)count / PACKETS;
    return m;
}

static void jitter_has_its_distribution(void **arg)
{
    struct sim_link exponential = {.delay = 1e-3, .jitter = 1e-4, .loss = 0.2};
    struct sim_link gauss = {.delay = 1e-3, .kind = SIM_GAUSS, .jitter = 1e-4};
    struct sim_link pareto = {.kind = SIM_PARETO, .shape = 4.0, .jitter = 1e-4};
    struct moments e = measure(&exponential, 64.0), g = measure(&gauss, 64.0);
    struct moments p = measure(&pareto, 64.0);

    assert_close(e.mean, 1.1e-3, 2e-6);
    assert_close(e.sd, 1e-4, 2e-6);
    assert_close(e.min, 1e-3, 1e-8);
    assert_close(e.lost, 0.2, 0.01);
    assert_close(e.correlation, 0.0, 0.02);
    assert_close(g.mean, 1e-3, 2e-6);
    assert_close(g.sd, 1e-4, 2e-6);
    assert_true(g.min < 7e-4);
    /* Lomax: the standard deviation is the mean times sqrt(shape / (shape - 2)). */
    assert_close(p.mean, 1e-4, 3e-6);
    assert_close(p.sd, 1e-4 * sqrt(2.0), 1.5e-5);
}

static void delay_is_never_negative(void **arg)
{
    struct sim_link link = {.delay = 1e-5, .kind = SIM_GAUSS, .jitter = 1e-4};

    assert_close(measure(&link, 64.0).min, 0.0, 0.0);
}

/* The positive part of a normal number has the mean sd / sqrt(2 pi). */
static void queue_is_correlated(void **arg)
{
    struct sim_link link = {.queue = 5e-4, .queue_time = 300.0};
    struct moments close = measure(&link, 15.0), far = measure(&link, 3000.0);

    assert_close(far.mean, 5e-4 / sqrt(2.0 * M_PI), 5e-6);
    assert_close(far.sd, 5e-4 * sqrt(0.5 - 0.5 / M_PI), 5e-6);
    assert_between(close.correlation, 0.92, 0.97);
    assert_close(far.correlation, 0.0, 0.02);
    assert_close(far.min, 0.0, 0.0);
}

static void bursts_are_a_part_of_the_time(void **arg)
{
    struct sim_link link = {
        .jitter = 1e-4,
        .burst = {.period = 2400.0, .length = 600.0},
        .burst_factor = 10.0,
    };

    assert_close(measure(&link, 7.0).mean, 1e-4 * (0.75 + 0.25 * 10.0), 5e-6);
}

static void outliers_are_rare_and_late(void **arg)
{
    struct sim_link link = {.delay = 5e-4, .outlier = 0.05, .outlier_delay = 5e-3};
    struct moments m = measure(&link, 64.0);

    assert_close(m.mean, 5e-4 + 0.05 * 2.5e-3, 4e-6);
    assert_true(m.max <= 5.5e-3 && m.max > 5.4e-3);
}

static void packets_wait_for_the_grid(void **arg)
{
    struct sim_link link = {.delay = 1e-2, .grid = 0.01};
    struct moments m = measure(&link, 64.001234567);

    assert_close(m.mean, 1.5e-2, 1e-4);
    assert_between(m.min, 1e-2, 1.0001e-2);
    assert_between(m.max, 1.9999e-2, 2e-2);
}

/* What would come within a window comes at its end. */
static void nothing_arrives_while_the_host_does_not_run(void **arg)
{
    struct sim_link link = {.delay = 1e-3, .hold = {.period = 10.0, .length = 4.0, .begin = 2.0}};
    struct sim_link_state state;

    sim_link_init(&state, 1, 0, 1);
    assert_close(sim_link_delay(&link, &state, 1.0), 1e-3, 1e-12);
    assert_close(sim_link_delay(&link, &state, 1.9995), 6.0 - 1.9995, 1e-9);
    assert_close(sim_link_delay(&link, &state, 5.0), 1.0, 1e-9);
    assert_close(sim_link_delay(&link, &state, 6.0), 1e-3, 1e-12);
    assert_close(sim_link_delay(&link, &state, 13.0), 3.0, 1e-9);
}

static void buffer_fills_and_path_swings(void **arg)
{
    struct sim_link link = {
        .bloat = {.period = 100.0, .length = 50.0},
        .bloat_delay = 0.4,
        .swing = 1e-3,
        .swing_period = 1000.0,
    };
    struct sim_link_state state;

    sim_link_init(&state, 1, 0, 1);
    assert_close(sim_link_delay(&link, &state, 0.0), 0.0, 1e-12);
    assert_between(sim_link_delay(&link, &state, 20.0), 0.32, 0.4 + 1e-3);
    assert_close(sim_link_delay(&link, &state, 60.0), 6e-5, 1e-9);
    assert_close(sim_link_delay(&link, &state, 975.0), 9.75e-4, 1e-9);
}

/* Windows at random and the queue belong to the time, not to the packets. */
static void random_times_do_not_depend_on_packets(void **arg)
{
    struct sim_link link = {
        .queue = 1e-3,
        .queue_time = 100.0,
        .hold = {.period = 100.0, .length = 20.0, .random = true},
    };
    struct sim_link_state often, seldom;
    int differing = 0, held = 0;

    sim_link_init(&often, 5, 0, 1);
    sim_link_init(&seldom, 5, 0, 1);
    for (int i = 0; i < 20000; i++) {
        double delay = sim_link_delay(&link, &often, i);

        held += delay > 1.0;
        if (i % 64 == 0)
            differing += delay != sim_link_delay(&link, &seldom, i);
    }
    assert_int_equal(differing, 0);
    assert_between(held, 2000, 5000);
}

static void directions_and_seeds_differ(void **arg)
{
    struct sim_link link = {.jitter = 1.0, .queue = 1.0, .queue_time = 10.0};
    struct sim_link_state a, b, c;

    sim_link_init(&a, 5, 0, 1);
    sim_link_init(&b, 5, 1, 0);
    sim_link_init(&c, 6, 0, 1);
    double first = sim_link_delay(&link, &a, 1.0);
    assert_true(first != sim_link_delay(&link, &b, 1.0));
    assert_true(first != sim_link_delay(&link, &c, 1.0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jitter_has_its_distribution),
        cmocka_unit_test(delay_is_never_negative),
        cmocka_unit_test(queue_is_correlated),
        cmocka_unit_test(bursts_are_a_part_of_the_time),
        cmocka_unit_test(outliers_are_rare_and_late),
        cmocka_unit_test(packets_wait_for_the_grid),
        cmocka_unit_test(nothing_arrives_while_the_host_does_not_run),
        cmocka_unit_test(buffer_fills_and_path_swings),
        cmocka_unit_test(random_times_do_not_depend_on_packets),
        cmocka_unit_test(directions_and_seeds_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
