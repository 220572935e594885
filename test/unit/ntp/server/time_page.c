/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two places of the time page: readers in other threads while it is written all the time
 * (under the thread sanitizer this shows that no lock is missing), a writer that died, and pages
 * that no writer made.
 */
#include "test/unit/support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "examples/clock_now.h"
#include "ntp/server/time_page.h"

struct race {
    struct time_page page;
    atomic_bool stop;
    atomic_int torn;
    atomic_long reads;
};

/* All fields follow from one number. */
static struct time_page_content content_of(int64_t n)
{
    struct time_page_content c = {0};

    c.lines.mono_ns = c.lines.utc_ns = c.lines.valid_until_ns = n;
    c.lines.bound_ns = 3 * n;
    c.lines.refid = (uint32_t)n;
    c.raw.i.sec = c.scale.start.i.sec = n;
    c.scale.offset = c.reference.root_delay = c.smoothing.curve.stages[2].length = (double)n;
    c.mono.epoch = (uint32_t)n;
    return c;
}

static void *read_all_the_time(void *arg)
{
    struct race *r = arg;
    struct time_page_content c;

    while (!atomic_load(&r->stop)) {
        if (!time_page_read_content(&r->page, &c))
            continue;
        struct time_page_content expected = content_of(c.lines.mono_ns);
        if (c.lines.utc_ns != expected.lines.utc_ns ||
            c.lines.bound_ns != expected.lines.bound_ns || c.lines.refid != expected.lines.refid ||
            c.raw.i.sec != expected.raw.i.sec ||
            c.scale.start.i.sec != expected.scale.start.i.sec ||
            c.scale.offset != expected.scale.offset ||
            c.reference.root_delay != expected.reference.root_delay ||
            c.smoothing.curve.stages[2].length != expected.smoothing.curve.stages[2].length ||
            c.mono.epoch != expected.mono.epoch)
            atomic_fetch_add(&r->torn, 1);
        atomic_fetch_add(&r->reads, 1);
    }
    return NULL;
}

static void no_reader_sees_half_a_write(void **state)
{
    struct race r = {.torn = 0};
    pthread_t threads[2];

    time_page_init(&r.page);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, &r), 0);
    for (int64_t n = 1; n < 100000 || atomic_load(&r.reads) < 1000; n++) {
        struct time_page_content c = content_of(n);

        time_page_write(&r.page, &c);
    }
    atomic_store(&r.stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&r.torn), 0);
}

static void a_writer_that_died_within_a_write_leaves_what_was_before(void **state)
{
    static struct time_page page;
    struct time_page_content c = content_of(1000), read;

    time_page_init(&page);
    assert_false(time_page_read_content(&page, &read));
    time_page_write(&page, &c);
    assert_true(time_page_read_content(&page, &read));
    assert_int_equal(read.lines.mono_ns, 1000);
    for (int i = 0; i < 2; i++) {
        /* The next write stops half-way. */
        const uint32_t next = (atomic_load(&page.sequence) + 1) % 2;
        for (size_t k = 0; k < 20; k++)
            atomic_store(&page.words[next][k], (time_page_word)0x55);
        assert_true(time_page_read_content(&page, &read));
        assert_int_equal(read.lines.mono_ns, 1000 + i);
        c = content_of(1001 + i);
        time_page_write(&page, &c);
        assert_true(time_page_read_content(&page, &read));
        assert_int_equal(read.lines.mono_ns, 1001 + i);
    }
    time_page_close(&page);
    assert_false(time_page_read_content(&page, &read));
}

static void every_page_of_another_version_is_refused(void **state)
{
    static struct time_page page;
    struct time_page_content c = content_of(1000);

    time_page_init(&page);
    time_page_write(&page, &c);
    atomic_store(&page.version, TIME_PAGE_VERSION + 1);
    assert_false(time_page_read_content(&page, &c));
    atomic_store(&page.version, TIME_PAGE_VERSION);
    assert_true(time_page_read_content(&page, &c));
    atomic_store(&page.magic, 0);
    assert_false(time_page_read_content(&page, &c));
}

/* Every bit of every word is turned over in turn: a page is refused, or read as what it says. */
static void a_page_with_a_wrong_bit_does_no_harm(void **state)
{
    static struct time_page page, good;
    struct time_page_content c = content_of(1000), read;
    int refused = 0, accepted = 0;

    time_page_init(&good);
    time_page_write(&good, &c);
    for (size_t bit = 0; bit < 8 * TIME_PAGE_PLACE_SIZE; bit++) {
        struct transmit_time time;

        memcpy(&page, &good, sizeof(page));
        atomic_fetch_xor(&page.words[1][bit / (8 * sizeof(time_page_word))],
                         (time_page_word)1 << bit % (8 * sizeof(time_page_word)));
        bool valid = time_page_read_content(&page, &read);
        refused += !valid;
        accepted += valid;
        time_page_read(&page, (struct mono_time){{0, 1000}}, (struct raw_time){{0, 1000}}, &time);
        assert_between(time.reference.leap, 0, 3);
        assert_between(time.precision_log, -30, 0);
        assert_between(time.event_time.i.nsec, 0, 999999999);
    }
    assert_true(refused > 300);
    assert_true(accepted > 1000);
}

/* ---- The header for programs ---- */

/* A page that is right now: UTC is the system clock, and gains 100 ppm on it. */
static struct time_page_content content_now(void)
{
    int64_t mono = clock_now_read(CLOCK_MONOTONIC), real = clock_now_read(CLOCK_REALTIME);
    struct time_page_content c = {0};

    c.lines.mono_ns = mono;
    c.lines.valid_until_ns = mono + 4000000000;
    c.lines.real_minus_mono_ns = real - mono;
    c.lines.flags = TIME_PAGE_SYNCHRONISED;
    c.lines.utc_ns = real;
    c.lines.utc_rate = 429497;      /* 100 ppm */
    c.lines.bound_ns = 1000000;     /* 1 ms */
    c.lines.bound_growth = 4294967; /* 1000 ppm */
    return c;
}

static enum clock_now_state ask(const struct time_page_content *c, int64_t after,
                                struct clock_now_result *now)
{
    static struct time_page page;
    int64_t f[9];

    time_page_init(&page);
    time_page_write(&page, c);
    for (int i = 0; i < 9; i++)
        f[i] = clock_now_field(&page, atomic_load(&page.sequence), i);
    if (clock_now_jumped(f, c->lines.mono_ns + after,
                         c->lines.mono_ns + c->lines.real_minus_mono_ns + after))
        return CLOCK_NOW_STALE;
    return clock_now_at(f, c->lines.mono_ns + after, now);
}

static void programs_are_given_an_interval_that_grows(void **state)
{
    struct time_page_content c = content_now();
    struct clock_now_result now;

    assert_int_equal(ask(&c, 0, &now), CLOCK_NOW_SYNCHRONISED);
    assert_int_equal(now.earliest, c.lines.utc_ns - 1000001);
    assert_int_equal(now.latest, c.lines.utc_ns + 1000001);
    /* 2 s later: 200 us more of UTC, 2 ms more of the bound. */
    assert_int_equal(ask(&c, 2000000000, &now), CLOCK_NOW_SYNCHRONISED);
    assert_close((double)(now.latest - c.lines.utc_ns - 2000200000), 3e6, 10.0);
    assert_close((double)(now.earliest - c.lines.utc_ns - 2000200000), -3e6, 10.0);
    /* The frequency has been changing for 1 ms: a quarter of that more. */
    c.lines.changing_since_ns = c.lines.mono_ns + 1999000000;
    assert_int_equal(ask(&c, 2000000000, &now), CLOCK_NOW_SYNCHRONISED);
    assert_close((double)(now.latest - c.lines.utc_ns - 2000200000), 3.25e6, 10.0);
    assert_int_equal(ask(&c, 1000000000, &now), CLOCK_NOW_SYNCHRONISED);
    assert_close((double)(now.latest - c.lines.utc_ns - 1000100000), 2e6, 10.0);
}

static void programs_are_told_when_there_is_no_time(void **state)
{
    struct time_page_content c = content_now();
    struct clock_now_result now;

    assert_int_equal(ask(&c, 4000000000, &now), CLOCK_NOW_SYNCHRONISED);
    assert_int_equal(ask(&c, 4000000001, &now), CLOCK_NOW_STALE);
    assert_int_equal(ask(&c, -500000, &now), CLOCK_NOW_SYNCHRONISED);
    assert_int_equal(ask(&c, -1500000, &now), CLOCK_NOW_STALE);
    c.lines.flags = 0;
    assert_int_equal(ask(&c, 0, &now), CLOCK_NOW_UNSYNCHRONISED);
    c.lines.flags = TIME_PAGE_SYNCHRONISED;
    c.lines.bound_growth = -1;
    assert_int_equal(ask(&c, 0, &now), CLOCK_NOW_UNSYNCHRONISED);
}

/* A call with a page of this moment, whose difference of the clocks is off. On a busy machine the
   clocks may be read at moments that are far apart, or the call may come late: then once more. */
static enum clock_now_state call(struct time_page *page, int64_t off, uint32_t flags,
                                 struct clock_now_result *now)
{
    enum clock_now_state state = CLOCK_NOW_STALE;

    for (int i = 0; i < 1000 && state != CLOCK_NOW_SYNCHRONISED; i++) {
        struct time_page_content c = content_now();

        c.lines.real_minus_mono_ns += off;
        c.lines.flags |= flags;
        time_page_write(page, &c);
        state = clock_now(page, now);
    }
    return state;
}

static void a_call_says_what_the_page_says_or_nothing(void **state)
{
    static struct time_page page;
    struct clock_now_result now;

    time_page_init(&page);
    assert_int_equal(clock_now(&page, &now), CLOCK_NOW_STALE);
    assert_true(now.earliest == INT64_MIN && now.latest == INT64_MAX);
    int64_t before = clock_now_read(CLOCK_REALTIME);
    assert_int_equal(call(&page, 0, 0, &now), CLOCK_NOW_SYNCHRONISED);
    assert_true(now.earliest < clock_now_read(CLOCK_REALTIME) && now.latest > before);
    /* Somebody else has stepped the clock by 2 s; then it is the daemon that does. */
    assert_int_equal(call(&page, 2000000000, 0, &now), CLOCK_NOW_STALE);
    assert_true(now.earliest == INT64_MIN && now.latest == INT64_MAX);
    assert_int_equal(call(&page, 2000000000, TIME_PAGE_STEPPING, &now), CLOCK_NOW_SYNCHRONISED);
    time_page_close(&page);
    assert_int_equal(clock_now(&page, &now), CLOCK_NOW_STALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_reader_sees_half_a_write),
        cmocka_unit_test(a_writer_that_died_within_a_write_leaves_what_was_before),
        cmocka_unit_test(every_page_of_another_version_is_refused),
        cmocka_unit_test(a_page_with_a_wrong_bit_does_no_harm),
        cmocka_unit_test(programs_are_given_an_interval_that_grows),
        cmocka_unit_test(programs_are_told_when_there_is_no_time),
        cmocka_unit_test(a_call_says_what_the_page_says_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
