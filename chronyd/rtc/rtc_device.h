/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the users of a real-time clock share: the first setting of the clock, the tracking, and the
 * RTC reference clock (system.md 8.2). Each of them owns its descriptor.
 */
#ifndef CHRONYD_RTC_RTC_DEVICE_H
#define CHRONYD_RTC_RTC_DEVICE_H

#include "base/device.h"
#include "base/log.h"
#include "base/world.h"
#include "conf/groups.h"

/* Whether the RTC keeps UTC: the third line of the hwclock file if there is one, else rtconutc
   (config.md 18). A file that can't be understood gives a warning. */
bool rtc_is_on_utc(const struct world *world, const struct rtc_conf *conf);

/* Reads the RTC without waiting for an interrupt: two readings in a row with the same second, then
   the system clock. The RTC is on average half a second into its second. */
bool rtc_device_read_now(const struct world *world, int fd, bool utc, int64_t *seconds,
                         struct raw_time *now);

/* Switches update interrupts on or off; a failure is logged with the severity. The first interrupt
   after switching on is to be ignored, since it may be late. */
bool rtc_device_interrupts(const struct world *world, int fd, bool on, enum log_severity severity);

#endif
