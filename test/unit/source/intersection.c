/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The intersection of the intervals of sources (discipline.md 13.6): what most of them agree on,
 * how trusted sources come first, and that the order of the sources does not matter.
 */
#include "test/unit/support/unit.h"

#include "source/intersection.h"

#define MAX_SOURCES 8

struct interval {
    double low, high;
    bool trust;
};

static struct intersection find(const struct interval *sources, size_t count)
{
    struct endpoint endpoints[2 * MAX_SOURCES];

    assert_true(count <= MAX_SOURCES);
    for (size_t i = 0; i < count; i++) {
        const struct interval *s = &sources[i];
        endpoints[2 * i] = (struct endpoint){.value = s->high, .trust = s->trust};
        endpoints[2 * i + 1] = (struct endpoint){.value = s->low, .low = true, .trust = s->trust};
    }
    return intersection_find(endpoints, 2 * count);
}

static void assert_found(const struct intersection *x, int depth, double low, double high)
{
    assert_int_equal(x->depth, depth);
    assert_true(x->low == low);
    assert_true(x->high == high);
}

static void one_source_agrees_with_itself(void **state)
{
    struct intersection x = find((struct interval[]){{-1.0, 2.0, false}}, 1);

    assert_found(&x, 1, -1.0, 2.0);
    assert_int_equal(x.trust_depth, 0);
}

/* Two that overlap outvote one that lies elsewhere. */
static void falseticker_is_left_out(void **state)
{
    const struct interval liars[] = {{5.0, 6.0, false}, {-9.0, -8.0, false}, {3.5, 1e9, false}};

    for (size_t i = 0; i < sizeof(liars) / sizeof(liars[0]); i++) {
        struct interval sources[] = {{0.0, 2.0, false}, liars[i], {1.0, 3.0, false}};
        struct intersection x = find(sources, 3);

        assert_found(&x, 2, 1.0, 2.0);
    }
}

/* Of several places of the same depth, the first low end and the last high end are the limits. */
static void places_of_the_same_depth(void **state)
{
    const struct interval sources[] = {{0.0, 2.0, false}, {1.0, 4.0, false}, {3.0, 5.0, false}};
    struct intersection x = find(sources, 3);

    assert_found(&x, 2, 1.0, 4.0);
}

/* A majority needs more than half: this is for the caller to see from the depth. */
static void depth_counts_the_sources_that_agree(void **state)
{
    const struct interval apart[] = {{0.0, 1.0, false}, {2.0, 3.0, false}, {4.0, 5.0, false}};
    struct intersection x = find(apart, 3);
    assert_int_equal(x.depth, 1);

    const struct interval nested[] = {{-4.0, 4.0, false}, {-3.0, 3.0, false}, {-1.0, 2.0, false}};
    x = find(nested, 3);
    assert_found(&x, 3, -1.0, 2.0);
}

/* A low end comes before a high end of the same value. */
static void intervals_that_touch_agree_in_one_point(void **state)
{
    const struct interval sources[] = {{0.0, 1.0, false}, {1.0, 2.0, false}};
    struct intersection x = find(sources, 2);

    assert_found(&x, 2, 1.0, 1.0);
}

static void order_does_not_matter(void **state)
{
    struct interval s[] = {
        {0.0, 4.0, false}, {1.0, 5.0, true}, {3.0, 9.0, false}, {7.0, 8.0, false}};
    const struct intersection first = find(s, 4);

    /* All 24 orders, by exchanges (Heap's algorithm). */
    int counts[4] = {0};
    int orders = 1;
    for (size_t i = 0; i < 4;) {
        if (counts[i] < (int)i) {
            size_t with = i % 2 == 0 ? 0 : (size_t)counts[i];
            struct interval other = s[with];
            s[with] = s[i];
            s[i] = other;
            struct intersection x = find(s, 4);
            assert_found(&x, first.depth, first.low, first.high);
            assert_int_equal(x.trust_depth, first.trust_depth);
            assert_true(x.trust_low == first.trust_low && x.trust_high == first.trust_high);
            orders++;
            counts[i]++;
            i = 0;
        } else {
            counts[i++] = 0;
        }
    }
    assert_int_equal(orders, 24);
    assert_found(&first, 3, 3.0, 4.0);
}

/* One trusted source decides against three that agree without it. */
static void trusted_sources_come_first(void **state)
{
    const struct interval sources[] = {
        {10.0, 12.0, false}, {10.5, 12.5, false}, {11.0, 13.0, false}, {0.0, 2.0, true}};
    struct intersection x = find(sources, 4);

    assert_int_equal(x.trust_depth, 1);
    assert_found(&x, 1, 0.0, 2.0);
    assert_true(x.trust_low == 0.0 && x.trust_high == 2.0);
}

/* Within the limits of the trusted ones, others narrow the interval. */
static void others_narrow_what_trusted_sources_agree_on(void **state)
{
    const struct interval sources[] = {{0.0, 6.0, true}, {1.0, 7.0, true}, {2.0, 3.0, false}};
    struct intersection x = find(sources, 3);

    assert_int_equal(x.trust_depth, 2);
    assert_found(&x, 3, 2.0, 3.0);
    assert_true(x.trust_low == 1.0 && x.trust_high == 6.0);
}

static void without_sources_there_is_nothing(void **state)
{
    struct intersection x = find(NULL, 0);

    assert_found(&x, 0, 0.0, 0.0);
    assert_int_equal(x.trust_depth, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source_agrees_with_itself),
        cmocka_unit_test(falseticker_is_left_out),
        cmocka_unit_test(places_of_the_same_depth),
        cmocka_unit_test(depth_counts_the_sources_that_agree),
        cmocka_unit_test(intervals_that_touch_agree_in_one_point),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(trusted_sources_come_first),
        cmocka_unit_test(others_narrow_what_trusted_sources_agree_on),
        cmocka_unit_test(without_sources_there_is_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
