/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop (discipline.md 3): waits through the world for descriptors and timers and calls
 * their handlers, and notices when somebody else set the clock. One for each process; created and
 * run by main, shared by every module of it. It never blocks outside of world.wait, and a handler
 * may remove any descriptor or timer, also its own.
 */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "base/timer_queue.h"

/* Whole seconds by which the clock may disagree with the time spent waiting. */
#define JUMP_LIMIT 10

/* A loop without end: a round dispatches more timers than this, and more than RUNAWAY_FACTOR times
   the queue, at less than RUNAWAY_INTERVAL seconds each (discipline.md 3.3, step 1). */
#define RUNAWAY_TIMERS   20
#define RUNAWAY_FACTOR   4
#define RUNAWAY_INTERVAL 0.01

#define UPTIME_RESOLUTION 0.01

struct watch {
    int fd;
    unsigned int events;
    unsigned int serial; /* tells a descriptor from an earlier one with its number */
    fd_handler handler;
    void *arg;
};

struct loop {
    struct world *world;
    struct timer_queue timers;
    struct watch *watches; /* in order of fd */
    struct world_fd *polled;
    unsigned int *polled_serials;
    size_t watch_count;
    size_t watch_capacity;
    unsigned int last_serial;
    bool quitting;
    bool in_jump;
    struct raw_time event_raw;
    struct mono_time event_mono;
    double uptime;
    double uptime_rest; /* not counted in uptime yet */
    void (*wake_handler)(struct raw_time raw, void *arg);
    void *wake_arg;
    void (*jump_handler)(struct raw_time raw, double step, void *arg);
    void *jump_arg;
    void (*reload_handler)(void *arg);
    void *reload_arg;
};

struct loop *loop_new(struct world *world)
{
    struct loop *loop = mem_alloc(sizeof(*loop));

    loop->world = world;
    loop->event_raw = world_raw_now(world);
    loop->event_mono = world_mono_now(world);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    timer_queue_clear(&loop->timers);
    free(loop->watches);
    free(loop->polled);
    free(loop->polled_serials);
    free(loop);
}

timer_id loop_timer_add(struct loop *loop, double delay, timer_handler handler, void *arg)
{
    return timer_queue_add(&loop->timers, world_mono_now(loop->world), delay,
                           (struct timer){.handler = handler, .arg = arg});
}

timer_id loop_timer_add_class(struct loop *loop, double min_delay, double separation,
                              double randomness, enum timer_class class, timer_handler handler,
                              void *arg)
{
    struct mono_time now = world_mono_now(loop->world);

    if (randomness > 0.0) {
        double r = 1.0 + world_random_unit(loop->world) * randomness;

        min_delay *= r;
        separation *= r;
    }
    double delay = timer_queue_separate(&loop->timers, now, min_delay, separation, class);
    return timer_queue_add(&loop->timers, now, delay,
                           (struct timer){.class = class, .handler = handler, .arg = arg});
}

void loop_timer_cancel(struct loop *loop, timer_id id)
{
    timer_queue_cancel(&loop->timers, id);
}

/* Index of the descriptor, or of the place where it belongs. */
static size_t watch_index(const struct loop *loop, int fd)
{
    size_t low = 0, high = loop->watch_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (loop->watches[middle].fd < fd)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct watch *find_watch(const struct loop *loop, int fd)
{
    size_t at = watch_index(loop, fd);

    return at < loop->watch_count && loop->watches[at].fd == fd ? &loop->watches[at] : NULL;
}

void loop_fd_add(struct loop *loop, int fd, unsigned int events, fd_handler handler, void *arg)
{
    size_t at = watch_index(loop, fd);

    assert(fd >= 0 && !find_watch(loop, fd));
    if (loop->watch_count == loop->watch_capacity) {
        size_t capacity = loop->watch_capacity > 0 ? 2 * loop->watch_capacity : 16;

        loop->watches = mem_resize(loop->watches, capacity, sizeof(*loop->watches));
        loop->polled = mem_resize(loop->polled, capacity, sizeof(*loop->polled));
        loop->polled_serials =
            mem_resize(loop->polled_serials, capacity, sizeof(*loop->polled_serials));
        loop->watch_capacity = capacity;
    }
    memmove(loop->watches + at + 1, loop->watches + at,
            (loop->watch_count - at) * sizeof(*loop->watches));
    loop->watches[at] = (struct watch){fd, events, ++loop->last_serial, handler, arg};
    loop->watch_count++;
}

void loop_fd_set_events(struct loop *loop, int fd, unsigned int events)
{
    struct watch *watch = find_watch(loop, fd);

    assert(watch);
    watch->events = events;
}

void loop_fd_remove(struct loop *loop, int fd)
{
    size_t at = watch_index(loop, fd);

    assert(find_watch(loop, fd));
    loop->watch_count--;
    memmove(loop->watches + at, loop->watches + at + 1,
            (loop->watch_count - at) * sizeof(*loop->watches));
}

void loop_quit(struct loop *loop)
{
    loop->quitting = true;
}

bool loop_is_quitting(const struct loop *loop)
{
    return loop->quitting;
}

struct raw_time loop_event_raw(const struct loop *loop)
{
    return loop->event_raw;
}

double loop_uptime(const struct loop *loop)
{
    return loop->uptime;
}

void loop_set_wake_handler(struct loop *loop, void (*handler)(struct raw_time raw, void *arg),
                           void *arg)
{
    loop->wake_handler = handler;
    loop->wake_arg = arg;
}

void loop_set_jump_handler(struct loop *loop,
                           void (*handler)(struct raw_time raw, double step, void *arg), void *arg)
{
    loop->jump_handler = handler;
    loop->jump_arg = arg;
}

void loop_clock_stepped(struct loop *loop, double offset)
{
    /* The wake-up that found the jump has counted it already. */
    if (!loop->in_jump)
        loop->event_raw = raw_add(loop->event_raw, -offset);
}

void loop_set_reload_handler(struct loop *loop, void (*handler)(void *arg), void *arg)
{
    loop->reload_handler = handler;
    loop->reload_arg = arg;
}

static void dispatch_timers(struct loop *loop)
{
    size_t dispatched = 0, queued = loop->timers.count;
    struct timer timer;

    while (!loop->quitting) {
        struct mono_time now = world_mono_now(loop->world);

        if (!timer_queue_take(&loop->timers, now, &timer))
            return;
        timer.handler(timer.arg);
        dispatched++;
        if (dispatched > RUNAWAY_TIMERS && dispatched > RUNAWAY_FACTOR * queued &&
            dispatched > RUNAWAY_FACTOR * loop->timers.count &&
            fabs(mono_diff(now, loop->event_mono)) / (double)dispatched < RUNAWAY_INTERVAL)
            LOG_FATAL("Possible infinite loop in scheduling");
    }
}

/* Seconds until the first timer, or -1 without one. Rounded up to microseconds, with a margin for
   the error of the double: a wait that ends before the timer is due would be repeated again and
   again. */
static double first_timeout(const struct loop *loop, struct mono_time now)
{
    struct mono_time expiry;

    if (!timer_queue_first(&loop->timers, &expiry))
        return -1.0;
    double timeout = mono_diff(expiry, now);
    return timeout > 0.0 ? ceil(timeout * 1e6 - 1e-4) / 1e6 : 0.0;
}

/* Fills in what to wait for. Returns the number of descriptors. */
static size_t collect_descriptors(struct loop *loop, double timeout)
{
    bool any = timeout >= 0.0 || loop->world->ops->pending(loop->world->ctx) > 0;
    size_t count = 0;

    for (size_t i = 0; i < loop->watch_count; i++) {
        const struct watch *watch = &loop->watches[i];

        if (watch->events == 0)
            continue;
        any = any || (watch->events & (WORLD_READ | WORLD_WRITE)) != 0;
        loop->polled[count] = (struct world_fd){.fd = watch->fd, .events = watch->events};
        loop->polled_serials[count] = watch->serial;
        count++;
    }
    if (!any)
        LOG_FATAL("Nothing to do");
    return count;
}

/* One descriptor: an exception comes first and suppresses the read event of this round
   (discipline.md 3.3, step 8). */
static void dispatch_descriptor(struct loop *loop, int fd, unsigned int serial,
                                unsigned int revents)
{
    static const unsigned int order[] = {WORLD_EXCEPT, WORLD_READ, WORLD_WRITE};

    for (size_t i = 0; i < COUNT(order); i++) {
        const struct watch *watch = find_watch(loop, fd);

        /* Removed, and perhaps replaced, by a handler of this round. */
        if (!watch || watch->serial != serial)
            return;
        if ((revents & watch->events & order[i]) == 0)
            continue;
        if (order[i] == WORLD_EXCEPT)
            revents &= ~(unsigned int)WORLD_READ;
        watch->handler(fd, order[i], watch->arg);
    }
}

static void dispatch_descriptors(struct loop *loop, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct world_fd polled = loop->polled[i];

        if (polled.revents != 0)
            dispatch_descriptor(loop, polled.fd, loop->polled_serials[i], polled.revents);
    }
}

/* External steps count as elapsed time, in either direction (discipline.md 3.5). */
static void advance_uptime(struct loop *loop, struct raw_time raw)
{
    double d = raw_diff(raw, loop->event_raw);

    if (d >= 0.0 && d < 1.0) {
        loop->uptime_rest += d;
    } else {
        loop->uptime += fabs(d + loop->uptime_rest);
        loop->uptime_rest = 0.0;
    }
    if (loop->uptime_rest > UPTIME_RESOLUTION) {
        loop->uptime += loop->uptime_rest;
        loop->uptime_rest = 0.0;
    }
}

/* Whether somebody else set the clock (discipline.md 3.4). `before`: raw time at which the wait
   began. `elapsed`: its length. Only whole seconds count. */
static bool find_jump(const struct loop *loop, struct raw_time before, struct raw_time raw,
                      double elapsed)
{
    double now = (double)raw.i.sec, waited = trunc(elapsed);

    if ((double)loop->event_raw.i.sec + waited > now + JUMP_LIMIT) {
        LOG_WARN("Backward time jump detected!");
        return true;
    }
    if ((double)before.i.sec + waited + JUMP_LIMIT < now) {
        LOG_WARN("Forward time jump detected!");
        return true;
    }
    return false;
}

static void handle_wake_up(struct loop *loop, struct raw_time before, struct mono_time mono,
                           double elapsed)
{
    struct raw_time raw = world_raw_now(loop->world);
    double step = raw_diff(loop->event_raw, raw) + elapsed;
    bool jumped = find_jump(loop, before, raw, elapsed);

    advance_uptime(loop, raw);
    loop->event_raw = raw;
    loop->event_mono = mono;
    if (jumped && loop->jump_handler) {
        loop->in_jump = true;
        loop->jump_handler(raw, step, loop->jump_arg);
        loop->in_jump = false;
    }
    if (loop->wake_handler)
        loop->wake_handler(raw, loop->wake_arg);
}

static void check_signals(struct loop *loop)
{
    const struct world_ops *ops = loop->world->ops;

    if (ops->quit_requested(loop->world->ctx))
        loop->quitting = true;
    if (ops->reload_requested(loop->world->ctx) && !loop->quitting && loop->reload_handler)
        loop->reload_handler(loop->reload_arg);
}

/* Waits once and dispatches the descriptors that are ready. */
static void run_round(struct loop *loop)
{
    struct raw_time before = world_raw_now(loop->world);
    struct mono_time start = world_mono_now(loop->world), end;
    double timeout = first_timeout(loop, start), elapsed;
    size_t count = collect_descriptors(loop, timeout);

    int ready = loop->world->ops->wait(loop->world->ctx, loop->polled, count, timeout);
    int error = errno;
    /* A wait counts for no longer than its timeout. More time, for instance while the process was
       stopped, is treated as a jump of the clock. */
    end = world_mono_now(loop->world);
    elapsed = fmax(mono_diff(end, start), 0.0);
    if (timeout >= 0.0 && elapsed > timeout)
        elapsed = timeout;
    handle_wake_up(loop, before, end, elapsed);
    check_signals(loop);
    loop->world->ops->dispatch(loop->world->ctx);
    if (ready < 0 && error != EINTR && !loop->quitting)
        LOG_FATAL("select() failed : %s", text_errno(error));
    if (ready > 0)
        dispatch_descriptors(loop, count);
}

void loop_run_once(struct loop *loop)
{
    run_round(loop);
    dispatch_timers(loop);
}

void loop_run(struct loop *loop)
{
    for (;;) {
        dispatch_timers(loop);
        if (loop->quitting)
            return;
        run_round(loop);
    }
}
