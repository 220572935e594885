/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timer queue against a model that does what discipline.md 3.1 and 3.2 say word by word: a
 * sorted array, and a walk over all of it. Every result has to be the same to the last bit.
 */
#include "test/unit/support/unit.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/timer_queue.h"
#include "base/timer_tree.h"

#define MODEL_SIZE 4096

struct model {
    struct timer timers[MODEL_SIZE];
    size_t count;
    timer_id last_id;
    struct mono_time dispatched[TIMER_CLASS_COUNT];
    bool was_dispatched[TIMER_CLASS_COUNT];
};

static size_t model_find(const struct model *model, timer_id id)
{
    size_t at = 0;

    while (at < model->count && model->timers[at].id != id)
        at++;
    return at;
}

static timer_id model_add(struct model *model, struct mono_time now, double delay,
                          struct timer timer)
{
    size_t at = 0;

    do
        model->last_id++;
    while (model->last_id == 0 || model_find(model, model->last_id) < model->count);
    timer.id = model->last_id;
    timer.expiry = mono_add(now, delay < 0.0 ? 0.0 : delay);
    while (at < model->count && instant_compare(model->timers[at].expiry.i, timer.expiry.i) <= 0)
        at++;
    assert_true(model->count < MODEL_SIZE);
    /* Not memmove(), whose checked variant valgrind takes for that of memcpy(). */
    for (size_t i = model->count++; i > at; i--)
        model->timers[i] = model->timers[i - 1];
    model->timers[at] = timer;
    return timer.id;
}

static double model_separate(const struct model *model, struct mono_time now, double min_delay,
                             double separation, enum timer_class class)
{
    double d = min_delay;

    if (model->was_dispatched[class]) {
        double e = mono_diff(now, model->dispatched[class]);

        if (0.0 <= e && e < separation && e + d < separation)
            d = separation - e;
    }
    for (size_t i = 0; i < model->count; i++) {
        double q = mono_diff(model->timers[i].expiry, now);

        if (model->timers[i].class != class)
            continue;
        if (d > q && d - q < separation)
            d = q + separation;
        else if (d <= q && q - d < separation)
            d = q + separation;
    }
    return d;
}

static void model_remove(struct model *model, size_t at)
{
    if (at == model->count)
        return;
    model->count--;
    for (size_t i = at; i < model->count; i++)
        model->timers[i] = model->timers[i + 1];
}

static bool model_take(struct model *model, struct mono_time now, struct timer *timer)
{
    if (model->count == 0 || instant_compare(model->timers[0].expiry.i, now.i) > 0)
        return false;
    *timer = model->timers[0];
    model_remove(model, 0);
    model->dispatched[timer->class] = now;
    model->was_dispatched[timer->class] = true;
    return true;
}

/* What the random operations are like. */
struct scale {
    double separation;
    double longest;      /* delay, in separations */
    double longest_step; /* of time, likewise */
    unsigned int most;   /* timers, about */
    int grid;            /* 0: any delay; else multiples of a separation by so much */
};

struct pair {
    struct timer_queue queue;
    struct model model;
    struct mono_time now;
    uint64_t random;
};

static struct pair *pair_new(uint64_t seed)
{
    struct pair *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    p->now = (struct mono_time){{1000, 123456789}};
    p->random = seed;
    return p;
}

static void pair_free(struct pair *p)
{
    timer_queue_clear(&p->queue);
    free(p);
}

static uint32_t draw(struct pair *p)
{
    p->random = p->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(p->random >> 32);
}

/* From 0 up to a limit. */
static double draw_double(struct pair *p, double limit)
{
    return limit * draw(p) / 4294967296.0;
}

static double draw_delay(struct pair *p, const struct scale *scale)
{
    double delay = draw_double(p, scale->longest);

    if (scale->grid > 0)
        delay = (double)(int64_t)(delay * scale->grid) / scale->grid;
    return delay * scale->separation;
}

static void add_both(struct pair *p, double delay, enum timer_class class)
{
    const struct timer timer = {.class = class};
    timer_id id = timer_queue_add(&p->queue, p->now, delay, timer);

    assert_int_equal(id, model_add(&p->model, p->now, delay, timer));
}

static void separate_both(struct pair *p, double min_delay, double separation,
                          enum timer_class class)
{
    double d = timer_queue_separate(&p->queue, p->now, min_delay, separation, class);
    double expected = model_separate(&p->model, p->now, min_delay, separation, class);

    assert_memory_equal(&d, &expected, sizeof(d));
    add_both(p, d, class);
}

/* A new timer of some class; some with a separation of their own. */
static void add_some(struct pair *p, const struct scale *scale)
{
    static const double ratios[] = {1.0, 1.0, 1.0, 0.5, 2.0, 0.01, 0.0, 3.7};
    enum timer_class class = draw(p) % TIMER_CLASS_COUNT;
    double delay = draw_delay(p, scale), separation = scale->separation;

    separation *= ratios[draw(p) % (sizeof(ratios) / sizeof(ratios[0]))];
    if (draw(p) % 8 == 0)
        separation *= 1.0 + draw_double(p, 0.02);
    if (class == TIMER_CLASS_NONE || draw(p) % 16 == 0)
        add_both(p, delay - (draw(p) % 32 == 0), class);
    else
        separate_both(p, delay, separation, class);
}

static void cancel_some(struct pair *p)
{
    timer_id id = draw(p) % 4 == 0 ? draw(p) % 4 : 0;

    if (p->model.count > 0 && id == 0)
        id = p->model.timers[draw(p) % p->model.count].id;
    timer_queue_cancel(&p->queue, id);
    if (id != 0)
        model_remove(&p->model, model_find(&p->model, id));
}

static void take_both(struct pair *p)
{
    struct timer timer = {0}, expected = {0};
    struct mono_time first;
    bool any = timer_queue_first(&p->queue, &first);
    bool taken = timer_queue_take(&p->queue, p->now, &timer);

    assert_int_equal(any, p->model.count > 0);
    if (any)
        assert_int_equal(instant_compare(first.i, p->model.timers[0].expiry.i), 0);
    assert_int_equal(taken, model_take(&p->model, p->now, &expected));
    assert_int_equal(timer.id, expected.id);
    assert_int_equal(timer.class, expected.class);
    assert_int_equal(instant_compare(timer.expiry.i, expected.expiry.i), 0);
    assert_int_equal(p->queue.count, p->model.count);
}

static void pass_time(struct pair *p, const struct scale *scale)
{
    p->now = mono_add(p->now, draw_double(p, scale->longest_step) * scale->separation);
}

static void run_some(struct pair *p, const struct scale *scale, int operations)
{
    for (int i = 0; i < operations; i++) {
        uint32_t kind = draw(p) % 16;

        if (kind < 8 && p->model.count < scale->most)
            add_some(p, scale);
        else if (kind < 10)
            cancel_some(p);
        else if (kind < 12)
            pass_time(p, scale);
        else
            take_both(p);
    }
}

static void any_operations_give_what_a_walk_gives(void **state)
{
    static const struct scale scales[] = {
        /* In the usual separation: crowded, at multiples of half of it, and with much room. */
        {0.2, 10.0, 2.0, 300, 0},
        {0.2, 40.0, 4.0, 60, 2},
        {0.2, 1000.0, 100.0, 300, 0},
        /* Multiples of numbers that doubles have exactly, so that everything is a tie. */
        {0.25, 16.0, 1.0, 20, 1},
        {0.015625, 64.0, 8.0, 60, 4},
        {0.002, 1000.0, 50.0, 300, 1},
        /* So far ahead that a double is not good for nanoseconds any more. */
        {0.2, 2e8, 1e7, 300, 0},
        {0.2, 5e8, 1e6, 300, 1},
        {1e6, 20.0, 2.0, 60, 4},
        /* Nanoseconds. */
        {4e-9, 100.0, 5.0, 60, 4},
    };

    for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
        struct pair *p = pair_new(i + 1);

        run_some(p, &scales[i], 20000);
        pair_free(p);
    }
}

static void a_crowd_is_put_in_line(void **state)
{
    struct pair *p = pair_new(99);

    /* As when many sources are started at once. */
    for (int i = 0; i < 2000; i++)
        separate_both(p, 0.2 * (1.0 + draw_double(p, 0.02)), 0.2 * (1.0 + draw_double(p, 0.02)),
                      TIMER_CLASS_NTP_CLIENT);
    /* Room for one, which the next one takes, and for none. */
    model_remove(&p->model, 1000);
    timer_queue_cancel(&p->queue, 1001);
    for (int i = 0; i < 3; i++)
        separate_both(p, 0.2, 0.2, TIMER_CLASS_NTP_CLIENT);
    for (int i = 0; i < 3000; i++) {
        p->now = mono_add(p->now, 0.2);
        take_both(p);
    }
    assert_int_equal(p->queue.count, 0);
    pair_free(p);
}

static void equal_times_keep_their_order_in_all_classes(void **state)
{
    struct pair *p = pair_new(5);

    for (int i = 0; i < 500; i++)
        add_both(p, draw(p) % 3, draw(p) % TIMER_CLASS_COUNT);
    p->now = mono_add(p->now, 3.0);
    for (int i = 0; i < 501; i++)
        take_both(p);
    pair_free(p);
}

static void identifiers_in_use_are_skipped(void **state)
{
    struct pair *p = pair_new(7);

    for (int i = 0; i < 10; i++)
        add_both(p, 1.0, TIMER_CLASS_NONE);
    timer_queue_cancel(&p->queue, 4);
    model_remove(&p->model, model_find(&p->model, 4));
    p->queue.last_id = p->model.last_id = UINT32_MAX - 2;
    for (int i = 0; i < 40; i++)
        add_both(p, 1.0, TIMER_CLASS_NONE);
    /* Before zero, the hole, and behind the ten. */
    assert_int_equal(p->model.timers[9].id, UINT32_MAX - 1);
    assert_int_equal(p->model.timers[10].id, UINT32_MAX);
    assert_int_equal(p->model.timers[11].id, 4);
    assert_int_equal(p->model.timers[12].id, 11);
    p->now = mono_add(p->now, 1.0);
    while (p->model.count > 0)
        take_both(p);
    pair_free(p);
}

/* The height of a tree. */
static int height(const struct timer_node *nodes, timer_ref tree)
{
    int left, right;

    if (tree == TIMER_NOBODY)
        return 0;
    left = height(nodes, nodes[tree].left);
    right = height(nodes, nodes[tree].right);
    return 1 + (left > right ? left : right);
}

static void trees_stay_level(void **state)
{
    struct pair *p = pair_new(1);

    /* In order of expiry, the worst there is for a tree that nobody levels; 17 would be perfect. */
    for (int i = 0; i < 100000; i++)
        timer_queue_add(&p->queue, p->now, i, (struct timer){.class = TIMER_CLASS_NTP_CLIENT});
    assert_in_range(height(p->queue.nodes, p->queue.trees[TIMER_CLASS_NTP_CLIENT]), 17, 60);
    /* Half of them are taken out, the tree for the rest is no higher. */
    for (timer_id id = 2; id <= 100000; id += 2)
        timer_queue_cancel(&p->queue, id);
    assert_int_equal(p->queue.count, 50000);
    assert_in_range(height(p->queue.nodes, p->queue.trees[TIMER_CLASS_NTP_CLIENT]), 16, 60);
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_operations_give_what_a_walk_gives),
        cmocka_unit_test(a_crowd_is_put_in_line),
        cmocka_unit_test(equal_times_keep_their_order_in_all_classes),
        cmocka_unit_test(identifiers_in_use_are_skipped),
        cmocka_unit_test(trees_stay_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
