/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file with the coefficients of the real-time clock (rtcfile, discipline.md 24.3): one line
 * with validity, reference time, offset and rate.
 */
#ifndef CHRONYD_RTC_RTC_FILE_H
#define CHRONYD_RTC_RTC_FILE_H

#include "base/state_file.h"
#include "base/world.h"

/* Seconds that the RTC is fast at reference time `ref` (RTC seconds since 1970), and its gain
   relative to the system clock (a ratio). */
struct rtc_coefficients {
    bool valid;
    int64_t ref;
    double offset;
    double rate;
};

/* Not valid if there is no file, or its flag says so. A file that cannot be parsed gives a
   warning. */
struct rtc_coefficients rtc_file_read(const struct world *world, const char *path);
/* For writing. */
struct state_file *rtc_file_new(struct world *world, struct loop *loop, const char *path);
/* Replaces the file. False: it could not be written, which was logged if it was the first
   failure. */
bool rtc_file_write(struct state_file *file, const struct rtc_coefficients *coefficients);

#endif
