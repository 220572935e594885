/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the real-time clock of Linux (system.md 8.2). Part of the Linux world; nothing else opens
 * the device.
 */
#ifndef CHRONYD_OS_RTC_LINUX_H
#define CHRONYD_OS_RTC_LINUX_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Time of the RTC in seconds since 1970; utc: it keeps UTC, else local time. False with errno set if
   it cannot be opened or read. */
bool rtc_linux_read(const char *device, bool utc, int64_t *seconds);

/* Broken-down RTC time to seconds, independent of the time zone and of daylight saving rules. */
int64_t rtc_linux_seconds(const struct tm *rtc, bool utc);

#endif
