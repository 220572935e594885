/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTC driver (system.md 3.5): a real-time clock as the source of time, read at its update
 * interrupts or, if it has none, at each poll.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/refclock/clock.h"
#include "chronyd/rtc/rtc_device.h"
#include "base/sync_status.h"

#define HALF_SECOND_NS 500000000

struct rtc_clock {
    int fd; /* -1: given up */
    bool utc;
    bool polling; /* no interrupts */
    int skip;     /* interrupts to be ignored */
};

static void give_up(struct refclock *clock, struct rtc_clock *rtc)
{
    const struct world *world = refclock_world(clock);

    if (rtc->fd < 0)
        return;
    if (!rtc->polling) {
        loop_fd_remove(clock->set->env.loop, rtc->fd);
        rtc_device_interrupts(world, rtc->fd, false, LOG_SEV_ERROR);
    }
    refclock_devices(clock)->close(world->ctx, rtc->fd);
    rtc->fd = -1;
}

static void on_interrupt(int fd, unsigned int event, void *arg)
{
    struct refclock *clock = arg;
    struct rtc_clock *rtc = clock->data;
    const struct world *world = refclock_world(clock);
    const struct device_ops *devices = refclock_devices(clock);
    enum rtc_event kind = devices->rtc_event(world->ctx, fd);
    struct instant reference = {0};

    if (kind == RTC_EVENT_FAILED) {
        LOG_ERROR("Could not read flags %s : %s", clock->parameter, text_errno(errno));
        give_up(clock, rtc);
        return;
    }
    if (rtc->skip > 0) {
        rtc->skip--;
        return;
    }
    if (kind != RTC_EVENT_UPDATE)
        return;
    if (!devices->rtc_get(world->ctx, fd, rtc->utc, &reference.sec)) {
        refclock_bad_input(clock, "could not read time from %s : %s", clock->parameter,
                           text_errno(errno));
        return;
    }
    refclock_add_sample(clock, local_clock_event_raw(clock->set->env.clock), reference, LEAP_NORMAL,
                        1);
}

static bool rtc_open(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);
    const struct device_ops *devices = refclock_devices(clock);

    if (!devices || !devices->rtc_get)
        return false;
    struct rtc_clock *rtc = mem_alloc(sizeof(*rtc));
    rtc->utc = refclock_option(clock, "utc") != NULL;
    rtc->fd = devices->open(world->ctx, clock->parameter, false);
    if (rtc->fd < 0) {
        refclock_open_failed(clock, "Could not open RTC device %s : %s", clock->parameter,
                             text_errno(errno));
        free(rtc);
        return false;
    }
    clock->data = rtc;
    rtc->polling = !rtc_device_interrupts(world, rtc->fd, true, LOG_SEV_ERROR);
    if (rtc->polling) {
        LOG_INFO("Falling back to polling for %s", clock->parameter);
        return true;
    }
    rtc->skip = 1;
    loop_fd_add(clock->set->env.loop, rtc->fd, WORLD_READ, on_interrupt, clock);
    return true;
}

static void rtc_poll(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);
    struct instant reference = {.nsec = HALF_SECOND_NS};
    struct rtc_clock *rtc = clock->data;
    struct raw_time now;

    if (!rtc->polling)
        return;
    if (!rtc_device_read_now(world, rtc->fd, rtc->utc, &reference.sec, &now)) {
        refclock_bad_input(clock, "could not read time from %s : %s", clock->parameter,
                           text_errno(errno));
        return;
    }
    refclock_add_sample(clock, now, reference, LEAP_NORMAL, 1);
}

static void rtc_close(struct refclock *clock)
{
    give_up(clock, clock->data);
    free(clock->data);
}

static const char *const options[] = {"utc", NULL};

const struct refclock_driver refclock_rtc_driver = {
    .name = "RTC",
    .options = options,
    .open = rtc_open,
    .poll = rtc_poll,
    .close = rtc_close,
};
