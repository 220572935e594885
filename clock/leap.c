/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leap seconds (discipline.md 17): owns the second that is pending, its timer and the TAI offset
 * that the kernel knows. It changes the clock only through the operations of the local clock, and
 * only at the leap second itself.
 *
 * Timers of the loop run on the monotonic clock, but a leap second has its place in raw time, and
 * another program may step that unnoticed. So a timer covers at most half of the time that is
 * left, and then looks again.
 */
#include "clock/leap.h"
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include "base/log.h"
#include "base/text.h"
#include "base/sync_status.h"

#define DAY             86400
#define CLOSENESS       5    /* seconds */
#define SYSTEM_LEAD     0.5  /* the start comes before the kernel acts */
#define DURATION        2.0  /* from start to end */
#define SHORT_WAIT      16.0 /* no shorter wait is halved */
#define TIMER_PRECISION 1e-6

struct leap {
    struct leap_env env;
    enum leapsec_mode mode;
    struct leap_data *data;

    int second;     /* pending: 1 insert, -1 delete, 0 none */
    int tai_offset; /* 0: unknown */
    int64_t time;   /* raw seconds of the midnight; 0: none yet. It stays after the leap second. */
    struct raw_time due; /* what the timer waits for */
    timer_id timer;
    bool in_progress;
};

struct leap *leap_new(const struct leap_env *env, const struct leap_conf *conf)
{
    struct leap *l = mem_alloc(sizeof(*l));

    l->env = *env;
    l->mode = conf->mode;
    if (l->mode == LEAPSEC_SYSTEM && !local_clock_can_leap(env->clock))
        l->mode = LEAPSEC_STEP;
    l->data = leap_data_new(env->world, conf->list, conf->tz);
    return l;
}

void leap_free(struct leap *l)
{
    if (!l)
        return;
    loop_timer_cancel(l->env.loop, l->timer);
    leap_data_free(l->data);
    free(l);
}

/* Seconds until the timer is due; positive: not yet. */
static double time_left(const struct leap *l)
{
    return raw_diff(l->due, world_raw_now(l->env.world));
}

static void end_leap(struct leap *l)
{
    local_clock_begin_change(l->env.clock);
    l->in_progress = false;
    if (l->tai_offset != 0)
        l->tai_offset += l->second;
    l->second = 0;
    if (l->mode == LEAPSEC_SYSTEM)
        local_clock_set_leap(l->env.clock, 0, l->tai_offset);
    l->env.on_end(l->env.on_end_arg);
    local_clock_end_change(l->env.clock);
}

static void on_end_timer(void *arg)
{
    struct leap *l = arg;
    double left = time_left(l);

    l->timer = 0;
    /* The kernel has repeated the last second in the meantime. */
    if (l->mode == LEAPSEC_SYSTEM && left > TIMER_PRECISION && left <= DURATION)
        l->timer = loop_timer_add(l->env.loop, left, on_end_timer, l);
    else
        end_leap(l);
}

static void apply_leap(struct leap *l)
{
    int second = l->second;

    switch (l->mode) {
    case LEAPSEC_SYSTEM:
        LOG_DEBUG("Waiting for the system clock to %s a second", second > 0 ? "insert" : "delete");
        break;
    case LEAPSEC_SLEW:
        local_clock_notify_leap(l->env.clock, second);
        local_clock_accumulate_offset(l->env.clock, second, 0.0);
        LOG_WARN("Adjusting system clock for leap second");
        break;
    case LEAPSEC_STEP:
        local_clock_notify_leap(l->env.clock, second);
        if (!local_clock_step(l->env.clock, second, STEP_LEAP))
            local_clock_accumulate_offset(l->env.clock, second, 0.0);
        LOG_WARN("System clock was stepped for leap second");
        break;
    case LEAPSEC_IGNORE:
        LOG_WARN("Ignoring leap second");
        break;
    }
}

/* The leap ends 2 s later in raw time; a second that the kernel deletes counts as one of them. */
static void start_leap(struct leap *l)
{
    double delay = DURATION;

    local_clock_begin_change(l->env.clock);
    l->in_progress = true;
    l->due = raw_add(world_raw_now(l->env.world), DURATION);
    if (l->mode == LEAPSEC_SYSTEM && l->second < 0)
        delay -= 1.0;
    apply_leap(l);
    local_clock_end_change(l->env.clock);
    l->timer = loop_timer_add(l->env.loop, delay, on_end_timer, l);
}

static void on_start_timer(void *arg);

static void wait_for_start(struct leap *l, double left)
{
    double delay = left > SHORT_WAIT ? 0.5 * left : fmax(left, 0.0);

    l->timer = loop_timer_add(l->env.loop, delay, on_start_timer, l);
}

static void on_start_timer(void *arg)
{
    struct leap *l = arg;
    double left = time_left(l);

    l->timer = 0;
    if (left > TIMER_PRECISION)
        wait_for_start(l, left);
    else
        start_leap(l);
}

static void set_timer(struct leap *l, int64_t raw_seconds)
{
    loop_timer_cancel(l->env.loop, l->timer);
    l->timer = 0;
    l->in_progress = false;
    if (l->second == 0)
        return;
    l->time = (raw_seconds / DAY + 1) * DAY;
    double before = l->second < 0 ? 1.0 : 0.0;
    if (l->mode == LEAPSEC_SYSTEM)
        before += SYSTEM_LEAD;
    l->due = raw_add((struct raw_time){{.sec = l->time}}, -before);
    wait_for_start(l, time_left(l));
}

/* Leap seconds happen at the end of June and of December only. */
static bool is_leap_day(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm utc;

    if (seconds == 0 || !gmtime_r(&t, &utc))
        return false;
    return (utc.tm_mon == 5 && utc.tm_mday == 30) || (utc.tm_mon == 11 && utc.tm_mday == 31);
}

int leap_update(struct leap *l, int status, int64_t raw_seconds, bool reset)
{
    int second = 0, tai_offset = 0;

    if (raw_seconds != 0) {
        struct leap_day day = leap_data_get(l->data, raw_seconds);

        tai_offset = day.tai_offset;
        if (status == LEAP_NORMAL)
            status = day.leap;
    }
    if (status == LEAP_INSERT || status == LEAP_DELETE) {
        if (!is_leap_day(raw_seconds))
            status = LEAP_NORMAL;
        else
            second = status == LEAP_INSERT ? 1 : -1;
    }

    if ((second != l->second || tai_offset != l->tai_offset) && !leap_is_close_now(l)) {
        l->second = second;
        l->tai_offset = tai_offset;
        if (l->mode == LEAPSEC_SYSTEM)
            local_clock_set_leap(l->env.clock, second, tai_offset);
        set_timer(l, raw_seconds);
    } else if (reset) {
        set_timer(l, raw_seconds);
    }
    return status;
}

int leap_clock_stepped(struct leap *l, const struct clock_change *change, int status)
{
    if (l->in_progress) {
        l->due = raw_add(l->due, -change->doffset);
        return status;
    }
    if (l->second == 0)
        return status;
    return leap_update(l, status, world_raw_now(l->env.world).i.sec, true);
}

int leap_tai_offset(struct leap *l, int64_t seconds)
{
    return leap_data_get(l->data, seconds).tai_offset;
}

bool leap_in_progress(const struct leap *l)
{
    return l->in_progress;
}

bool leap_pending(const struct leap *l, struct raw_time *start)
{
    if (l->second == 0 || l->in_progress)
        return false;
    *start = l->due;
    return true;
}

bool leap_is_close(const struct leap *l, int64_t seconds)
{
    return l->time != 0 && seconds >= l->time - CLOSENESS && seconds < l->time + CLOSENESS;
}

bool leap_is_close_now(const struct leap *l)
{
    return leap_is_close(l, local_clock_event_time(l->env.clock, NULL).i.sec) ||
           leap_is_close(l, world_raw_now(l->env.world).i.sec);
}
