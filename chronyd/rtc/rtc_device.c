/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to the real-time clock that is common to its users, see rtc_device.h.
 */
#include "chronyd/rtc/rtc_device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"

#define HWCLOCK_LINE        3
#define HWCLOCK_LINE_LENGTH 256
/* The time can change while its fields are read. Two equal readings in a row are a good one. */
#define MAX_READINGS 10

bool rtc_is_on_utc(const struct world *world, const struct rtc_conf *conf)
{
    char line[HWCLOCK_LINE_LENGTH] = "";
    bool on_utc = conf->on_utc;
    int i;

    if (!conf->hwclock_file || conf->hwclock_file[0] == '\0')
        return on_utc;
    FILE *file = world->ops->file_read(world->ctx, conf->hwclock_file);
    if (!file)
        return on_utc;
    for (i = 0; i < HWCLOCK_LINE; i++)
        if (!fgets(line, sizeof(line), file))
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

bool rtc_device_read_now(const struct world *world, int fd, bool utc, int64_t *seconds,
                         struct raw_time *now)
{
    const struct device_ops *devices = world->ops->devices;
    int64_t previous;

    if (!devices->rtc_get(world->ctx, fd, utc, &previous))
        return false;
    for (int i = 0; i < MAX_READINGS; i++) {
        if (!devices->rtc_get(world->ctx, fd, utc, seconds))
            return false;
        if (*seconds == previous) {
            *now = world_raw_now(world);
            return true;
        }
        previous = *seconds;
    }
    errno = EIO;
    return false;
}

bool rtc_device_interrupts(const struct world *world, int fd, bool on, enum log_severity severity)
{
    if (world->ops->devices->rtc_interrupts(world->ctx, fd, on))
        return true;
    LOG(severity, "Could not %s RTC interrupt : %s", on ? "enable" : "disable", text_errno(errno));
    return false;
}
