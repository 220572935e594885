/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time clocks of Linux (system.md 8.2). Part of the table of devices; errors are left in errno
 * for the caller.
 */
#include "config.h"

#ifdef FEAT_RTC

#include <errno.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "chronyd/os/devices.h"

static time_t make_time(const struct tm *tm)
{
    struct tm copy = *tm;

    copy.tm_isdst = 0;
    return mktime(&copy);
}

static bool break_down(time_t seconds, bool utc, struct tm *tm)
{
    return (utc ? gmtime_r(&seconds, tm) : localtime_r(&seconds, tm));
}

/* mktime() takes local time. Its answer, converted back to calendar time, shows by how much it
   has to be corrected (system.md 8.2). */
int64_t rtc_linux_seconds(const struct tm *rtc, bool utc)
{
    time_t first = make_time(rtc);
    struct tm calendar;

    if (!break_down(first, utc, &calendar))
        return (int64_t)first;
    return (int64_t)first - ((int64_t)make_time(&calendar) - (int64_t)first);
}

bool linux_rtc_interrupts(void *ctx, int fd, bool on)
{
    return ioctl(fd, on ? RTC_UIE_ON : RTC_UIE_OFF, 0) == 0;
}

enum rtc_event linux_rtc_event(void *ctx, int fd)
{
    unsigned long data;

    if (read(fd, &data, sizeof(data)) != (ssize_t)sizeof(data))
        return RTC_EVENT_FAILED;
    return (data & RTC_UF) != 0 ? RTC_EVENT_UPDATE : RTC_EVENT_OTHER;
}

bool linux_rtc_get(void *ctx, int fd, bool utc, int64_t *seconds)
{
    struct rtc_time rtc;
    struct tm tm = {0};

    if (ioctl(fd, RTC_RD_TIME, &rtc) < 0)
        return false;
    tm.tm_sec = rtc.tm_sec;
    tm.tm_min = rtc.tm_min;
    tm.tm_hour = rtc.tm_hour;
    tm.tm_mday = rtc.tm_mday;
    tm.tm_mon = rtc.tm_mon;
    tm.tm_year = rtc.tm_year;
    *seconds = rtc_linux_seconds(&tm, utc);
    return true;
}

bool linux_rtc_set(void *ctx, int fd, bool utc, int64_t seconds)
{
    struct tm tm;

    if (!break_down((time_t)seconds, utc, &tm)) {
        errno = EOVERFLOW;
        return false;
    }
    struct rtc_time rtc = {
        .tm_sec = tm.tm_sec,
        .tm_min = tm.tm_min,
        .tm_hour = tm.tm_hour,
        .tm_mday = tm.tm_mday,
        .tm_mon = tm.tm_mon,
        .tm_year = tm.tm_year,
        .tm_wday = tm.tm_wday,
        .tm_yday = tm.tm_yday,
        .tm_isdst = tm.tm_isdst,
    };
    return ioctl(fd, RTC_SET_TIME, &rtc) == 0;
}

#endif
