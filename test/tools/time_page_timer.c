/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * time_page_timer: what clock_now() costs (examples/clock_now.h), beside reading the clock itself
 * in the same run. The page is one that was just written, and then one that is written all the time
 * by another thread. Printed are nanoseconds for a call, the fastest of some rounds.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include "base/number.h"
#include "examples/clock_now.h"
#include "ntp/server/time_page.h"

#define CALLS  2000000
#define ROUNDS 5

struct timed {
    struct time_page page;
    atomic_bool stop;
    atomic_long writes;
};

static int64_t elapsed(int64_t since)
{
    return clock_now_read(CLOCK_MONOTONIC) - since;
}

static void write_now(struct timed *t)
{
    struct time_page_content c = {0};
    int64_t mono = clock_now_read(CLOCK_MONOTONIC), real = clock_now_read(CLOCK_REALTIME);

    c.lines.mono_ns = mono;
    c.lines.valid_until_ns = mono + 4000000000;
    c.lines.real_minus_mono_ns = real - mono;
    c.lines.flags = TIME_PAGE_SYNCHRONISED;
    c.lines.utc_ns = real;
    c.lines.utc_rate = 1000;
    c.lines.bound_ns = 100000;
    c.lines.bound_growth = 1000;
    time_page_write(&t->page, &c);
    atomic_fetch_add(&t->writes, 1);
}

static void *write_all_the_time(void *arg)
{
    struct timed *t = arg;

    while (!atomic_load(&t->stop))
        write_now(t);
    return NULL;
}

static double time_clock_now(struct timed *t, long *bad)
{
    int64_t begin = clock_now_read(CLOCK_MONOTONIC);
    struct clock_now_result now;

    for (int i = 0; i < CALLS; i++)
        *bad += clock_now(&t->page, &now) != CLOCK_NOW_SYNCHRONISED;
    return (double)elapsed(begin) / CALLS;
}

static double time_clock(void)
{
    int64_t begin = clock_now_read(CLOCK_MONOTONIC), sum = 0;

    for (int i = 0; i < CALLS; i++)
        sum += clock_now_read(CLOCK_REALTIME);
    return sum != 0 ? (double)elapsed(begin) / CALLS : 0.0;
}

static void print_rounds(struct timed *t, const char *what, bool writes)
{
    double clock = HUGE_VAL, call = HUGE_VAL;
    long bad = 0;

    for (int i = 0; i < ROUNDS; i++) {
        clock = fmin(clock, time_clock());
        if (writes)
            write_now(t);
        call = fmin(call, time_clock_now(t, &bad));
    }
    printf("%s: clock_now %.1f ns, clock_gettime %.1f ns, ratio %.2f, without time %ld of %d\n",
           what, call, clock, call / clock, bad, ROUNDS * CALLS);
}

int main(void)
{
    static struct timed timed;
    pthread_t writer;

    time_page_init(&timed.page);
    print_rounds(&timed, "a quiet page", true);
    if (pthread_create(&writer, NULL, write_all_the_time, &timed) != 0)
        return 1;
    print_rounds(&timed, "a page that is written all the time", false);
    atomic_store(&timed.stop, true);
    pthread_join(writer, NULL);
    printf("it was written %ld times\n", atomic_load(&timed.writes));
    return 0;
}
