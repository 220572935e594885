/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time clock of Linux, see rtc_linux.h.
 */
#include "chronyd/os/rtc_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The driver's value can change between its fields: two equal readings in a row are a good one. */
#define MAX_READINGS 10

static time_t make_time(const struct tm *tm)
{
    struct tm copy = *tm;

    copy.tm_isdst = 0;
    return mktime(&copy);
}

/* mktime takes local time; the error of its first answer is what the answer's own calendar time is
   off by. system.md 8.2 */
int64_t rtc_linux_seconds(const struct tm *rtc, bool utc)
{
    time_t first = make_time(rtc);
    struct tm calendar;

    if (utc)
        gmtime_r(&first, &calendar);
    else
        localtime_r(&first, &calendar);
    return (int64_t)first - ((int64_t)make_time(&calendar) - (int64_t)first);
}

static bool read_device(int fd, struct rtc_time *rtc)
{
    struct rtc_time previous;

    if (ioctl(fd, RTC_RD_TIME, &previous) < 0)
        return false;
    for (int i = 0; i < MAX_READINGS; i++) {
        if (ioctl(fd, RTC_RD_TIME, rtc) < 0)
            return false;
        if (rtc->tm_sec == previous.tm_sec)
            return true;
        previous = *rtc;
    }
    errno = EIO;
    return false;
}

bool linux_rtc_read(void *ctx, const char *device, bool utc, int64_t *seconds)
{
    struct rtc_time rtc;
    struct tm tm = {0};
    bool ok;
    int fd = open(device, O_RDONLY | O_CLOEXEC);

    (void)ctx;
    if (fd < 0)
        return false;
    ok = read_device(fd, &rtc);
    close(fd);
    if (!ok)
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
