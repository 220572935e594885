/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First setting of the clock from the RTC, see rtc_start.h and system.md 8.3.
 */
#include "chronyd/rtc/rtc_start.h"

#include <math.h>

#include "base/log.h"
#include "chronyd/rtc/rtc_device.h"

/* The RTC value is taken as half a second into its second. */
#define RTC_HALF_SECOND  0.5
#define MIN_STEP_SECONDS 1.0

static bool read_rtc(const struct world *world, const struct rtc_conf *conf, int64_t *seconds)
{
    const struct device_ops *devices = world->ops->devices;
    struct raw_time now;

    if (!devices || !devices->rtc_get)
        return false;
    int fd = devices->open(world->ctx, conf->device, false);
    if (fd < 0)
        return false;
    bool ok = rtc_device_read_now(world, fd, rtc_is_on_utc(world, conf), seconds, &now);
    devices->close(world->ctx, fd);
    return ok;
}

/* Steps to a time if the clock is a second or more off. */
static bool step_to(const struct world *world, struct local_clock *clock, struct instant time)
{
    double offset = instant_diff(world_raw_now(world).i, time);

    return fabs(offset) >= MIN_STEP_SECONDS && local_clock_step(clock, offset, STEP_RTC);
}

static bool set_from_rtc(const struct world *world, struct local_clock *clock,
                         const struct rtc_conf *conf, const struct rtc_coefficients *c,
                         int64_t drift_file_time)
{
    struct instant rtc = {0};
    double error = 0.0;

    if (!read_rtc(world, conf, &rtc.sec))
        return false;
    if (c->valid)
        error = c->offset + (double)(rtc.sec - c->ref) * c->rate;
    rtc = instant_add(rtc, RTC_HALF_SECOND - error);
    if (rtc.sec < drift_file_time) {
        LOG_WARN("RTC time before last driftfile modification (ignored)");
        return false;
    }
    if (step_to(world, clock, rtc))
        LOG_INFO("System time set from RTC");
    return true;
}

bool rtc_start_set_clock(const struct world *world, struct local_clock *clock,
                         const struct rtc_conf *conf, const char *drift_file,
                         const struct rtc_coefficients *coefficients)
{
    struct world_file_info info;
    struct instant written = {0};

    if (drift_file && world->ops->file_info(world->ctx, drift_file, &info))
        written.sec = info.mtime;

    if (set_from_rtc(world, clock, conf, coefficients, written.sec))
        return true;
    if (written.sec == 0)
        return false;
    double offset = instant_diff(world_raw_now(world).i, written);
    if (offset < 0.0 && local_clock_step(clock, offset, STEP_RTC))
        LOG_INFO("System time restored from driftfile");
    return false;
}
