/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into chronyd: requests to a real-time clock work on any file, which is a FIFO in the
 * test, whose other end sends the interrupts. The clock is ahead of the system's by RTC_AHEAD
 * seconds (environment), until it is set, by whichever process; it ticks with the system clock.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/rtc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

static long *ahead; /* all processes of the daemon have the same */

__attribute__((constructor)) static void share(void)
{
    const char *text = getenv("RTC_AHEAD");

    ahead = mmap(NULL, sizeof(*ahead), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ahead == MAP_FAILED)
        abort();
    *ahead = text ? atol(text) : 0;
}

/* time() may still show the second that has just ended. */
static time_t system_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static void read_time(struct rtc_time *rtc)
{
    time_t now = system_seconds() + *ahead;
    struct tm tm;

    gmtime_r(&now, &tm);
    memset(rtc, 0, sizeof(*rtc));
    rtc->tm_sec = tm.tm_sec;
    rtc->tm_min = tm.tm_min;
    rtc->tm_hour = tm.tm_hour;
    rtc->tm_mday = tm.tm_mday;
    rtc->tm_mon = tm.tm_mon;
    rtc->tm_year = tm.tm_year;
}

static void set_time(const struct rtc_time *rtc)
{
    struct tm tm = {
        .tm_sec = rtc->tm_sec,
        .tm_min = rtc->tm_min,
        .tm_hour = rtc->tm_hour,
        .tm_mday = rtc->tm_mday,
        .tm_mon = rtc->tm_mon,
        .tm_year = rtc->tm_year,
    };

    *ahead = timegm(&tm) - system_seconds();
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*real)(int, unsigned long, ...) =
        (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list args;

    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    switch (request) {
    case RTC_UIE_ON:
    case RTC_UIE_OFF:
        return 0;
    case RTC_RD_TIME:
        read_time(argument);
        return 0;
    case RTC_SET_TIME:
        set_time(argument);
        return 0;
    default:
        return real(fd, request, argument);
    }
}
