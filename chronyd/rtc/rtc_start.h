/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting the system clock at start (option -s, daemon.md 11): from the real-time clock, else from
 * the time of the last modification of the drift file. Called once, before any other use of the
 * clock. Tracking of the RTC is not part of this.
 */
#ifndef CHRONYD_RTC_RTC_START_H
#define CHRONYD_RTC_RTC_START_H

#include "base/world.h"
#include "chronyd/rtc/rtc_file.h"
#include "clock/local_clock.h"
#include "conf/groups.h"

/* Steps the clock if the RTC (or the drift file) shows another time. Every outcome is logged,
   none is fatal. drift_file: its path or NULL. coefficients: from the rtcfile, or not valid. True:
   the RTC was good, a precise measurement may follow. */
bool rtc_start_set_clock(const struct world *world, struct local_clock *clock,
                         const struct rtc_conf *conf, const char *drift_file,
                         const struct rtc_coefficients *coefficients);

#endif
