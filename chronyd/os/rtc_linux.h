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

/* rtc_read of base/world.h; the context is not used. False with errno set if
   the device cannot be opened or read. */
bool linux_rtc_read(void *ctx, const char *device, bool utc, int64_t *seconds);

/* Broken-down RTC time to seconds, independent of the time zone and of daylight saving rules. */
int64_t rtc_linux_seconds(const struct tm *rtc, bool utc);

#endif
