/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First setting of the clock from the RTC, see rtc_start.h and system.md 8.3.
 */
#include "chronyd/rtc/rtc_start.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* The RTC value is taken as half a second into its second. */
#define RTC_HALF_SECOND_NS  500000000
#define MIN_STEP_SECONDS    1.0
#define HWCLOCK_LINE        3
#define HWCLOCK_LINE_LENGTH 256

bool rtc_is_on_utc(const struct world *world, const struct conf *conf)
{
    char line[HWCLOCK_LINE_LENGTH] = "";
    bool on_utc = conf->rtc_on_utc;
    FILE *file;
    int i;

    if (conf->hwclock_file == NULL || conf->hwclock_file[0] == '\0')
        return on_utc;
    file = world->ops->file_read(world->ctx, conf->hwclock_file);
    if (file == NULL)
        return on_utc;
    for (i = 0; i < HWCLOCK_LINE; i++)
        if (fgets(line, sizeof(line), file) == NULL)
            break;
    fclose(file);

    if (i == HWCLOCK_LINE && strncmp(line, "LOCAL", 5) == 0)
        on_utc = false;
    else if (i == HWCLOCK_LINE && strncmp(line, "UTC", 3) == 0)
        on_utc = true;
    else
        LOG_WARN("Could not read RTC LOCAL/UTC setting from %s", conf->hwclock_file);
    return on_utc;
}

/* Offset of the system clock to a time, positive: the system clock is fast. */
static double offset_to(const struct world *world, struct instant time)
{
    return instant_diff(world_raw_now(world).i, time);
}

static bool set_from_rtc(const struct world *world, struct local_clock *clock,
                         const struct conf *conf, int64_t drift_file_time)
{
    struct instant rtc = {.nsec = RTC_HALF_SECOND_NS};
    double offset;

    if (!world->ops->rtc_read(world->ctx, conf->rtc_device, rtc_is_on_utc(world, conf), &rtc.sec))
        return false;
    if (rtc.sec < drift_file_time) {
        LOG_WARN("RTC time before last driftfile modification (ignored)");
        return false;
    }
    offset = offset_to(world, rtc);
    if (fabs(offset) >= MIN_STEP_SECONDS && local_clock_step(clock, offset))
        LOG_INFO("System time set from RTC");
    return true;
}

void rtc_start_set_clock(const struct world *world, struct local_clock *clock,
                         const struct conf *conf)
{
    struct world_file_info info;
    struct instant drift_file = {0};
    double offset;

    if (conf->drift_file != NULL && world->ops->file_info(world->ctx, conf->drift_file, &info))
        drift_file.sec = info.mtime;

    if (set_from_rtc(world, clock, conf, drift_file.sec) || drift_file.sec == 0)
        return;
    offset = offset_to(world, drift_file);
    if (offset < 0.0 && local_clock_step(clock, offset))
        LOG_INFO("System time restored from driftfile");
}
