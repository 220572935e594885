/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracking of the real-time clock (rtcfile; discipline.md 24, system.md 8): how fast it is and
 * what it gains, measured at its update interrupts, kept in a file for the next start, and the
 * setting of the RTC (trimming). Owned by the daemon. It changes the system clock only once, at
 * the end of the initial measurement.
 */
#ifndef CHRONYD_RTC_RTC_H
#define CHRONYD_RTC_RTC_H

#include <stdbool.h>
#include "base/loop.h"
#include "base/report.h"
#include "base/world.h"
#include "chronyd/rtc/rtc_file.h"
#include "clock/guarded_clock.h"
#include "clock/local_clock.h"
#include "clock/measurement_log.h"
#include "clock/reference.h"
#include "conf/groups.h"

struct rtc;

struct rtc_env {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
    struct measurement_log *log; /* NULL: none */
    struct guarded_clock *guard; /* sets the device; NULL: this process does */
};

/* Opens the device. file: result of rtc_file_read(). NULL: there is no rtcfile, or the device
   cannot be used, which was logged. The other functions accept NULL. The strings of
   conf must outlive it. */
struct rtc *rtc_new(const struct rtc_env *env, const struct rtc_conf *conf,
                    const struct rtc_coefficients *file);
/* Writes the file, if there is something to write. */
void rtc_free(struct rtc *rtc);

/* Measures for 8 seconds, then slews the system clock by the difference to the prediction of the
   file (system.md 8.3). False: it cannot be done, and done is not called. True: done is called at
   the end. */
bool rtc_measure_initially(struct rtc *rtc, void (*done)(void *arg), void *arg);
/* Begins to track. The reference tells whether the clock is synchronised (automatic trimming). */
void rtc_start(struct rtc *rtc, struct reference *reference);

/* Commands and report. */
enum rtc_status { RTC_STATUS_OK, RTC_STATUS_NOT_RUNNING, RTC_STATUS_FAILED };
enum rtc_status rtc_trim(struct rtc *rtc);
enum rtc_status rtc_write_file(struct rtc *rtc);
enum rtc_status rtc_report(const struct rtc *rtc, struct report_rtc *report);

#endif
