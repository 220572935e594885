/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy of the guard of the clock (discipline.md 6.8): what it allows, made from the
 * configuration before rights are dropped, and the ledger of what was done. Pure: the caller says
 * what time it is. Whoever asks is taken as hostile: nothing that it says of the past is believed,
 * the ledger counts by itself.
 */
#ifndef CLOCK_GUARD_POLICY_H
#define CLOCK_GUARD_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/instant.h"
#include "base/step_reason.h"
#include "conf/groups.h"
#include "process/guard_verdict.h"

/*
 * Changes of the clock in a second, and at once after a pause. The honest maximum: an update sets
 * the frequency twice (its own change, and the offset), may step and then slew instead of a step
 * that failed, and sets the status: 6 requests with the word that it comes. A refinement makes 3,
 * so a source makes at most 6 for each sample, and its shortest polling interval is 1/128 s: 768 a
 * second. Five such sources whose samples are all used, and room for timers and commands.
 */
#define GUARD_CHANGES 4096.0
/* The RTC: at once, and the seconds after which one more is allowed. */
#define GUARD_RTC_CHANGES  10.0
#define GUARD_RTC_INTERVAL 60.0
/* Seconds by which the time of the RTC may differ from the system clock: a slew may be under
   way. */
#define GUARD_RTC_DISTANCE 60.0
/* Seconds before and after the end of its day at which a leap second may be applied by a step. A
   machine may have slept. */
#define GUARD_LEAP_BEFORE 2
#define GUARD_LEAP_AFTER  3600
/* TAI - UTC in seconds: that of 1972, and far more than can come. */
#define GUARD_MIN_TAI 10
#define GUARD_MAX_TAI 255
/* Largest error in the status of the kernel, in seconds. */
#define GUARD_MAX_ERROR 16.0

struct guard_policy {
    double max_freq_ppm; /* of all settings */
    struct makestep_conf makestep;
    struct max_change_conf max_change;
    struct clock_step_conf clock_step; /* per_hour is at most CLOCK_STEP_MAX_PER_HOUR */
    bool steps_from_rtc;               /* -s */
    bool steps_initially;              /* initstepslew, -q */
    double initial_threshold;          /* s, of initstepslew; 0: any offset */
    enum leapsec_mode leap_mode;
    bool sets_rtc;
    bool rtc_on_utc;
    /* A guard before this one has ended. What it had left is not known, so nothing is left. */
    bool restarted;
};

/* The limit of frequency: what slewing at max_slew_rate sets with a base within max_drift. A
   frequency that was there at the start (initial_ppm) may stay; compensated: with tempcomp.
   max_ppm: the kernel's limit. All in ppm. */
double guard_policy_max_frequency(const struct clock_conf *conf, double initial_ppm,
                                  bool compensated, double max_ppm);

/* What time it is, for judgements. */
struct guard_now {
    struct mono_time mono;
    struct raw_time raw;
};

struct guard_ledger;

struct guard_ledger *guard_ledger_new(const struct guard_policy *policy, struct mono_time now);
void guard_ledger_free(struct guard_ledger *ledger);

/* An update of the reference is about to correct the clock. */
struct guard_judgement guard_judge_update(struct guard_ledger *ledger, const struct guard_now *now);
/* base_ppm: what is to be left when nobody steers the clock any more. */
struct guard_judgement guard_judge_frequency(struct guard_ledger *ledger,
                                             const struct guard_now *now, double freq_ppm,
                                             double base_ppm);
/* offset in seconds: the clock goes back by it. */
struct guard_judgement guard_judge_step(struct guard_ledger *ledger, const struct guard_now *now,
                                        enum step_reason reason, double offset);
/* Errors in seconds. */
struct guard_judgement guard_judge_status(struct guard_ledger *ledger, const struct guard_now *now,
                                          double est_error, double max_error);
/* leap: -1, 0, 1; tai_offset in seconds, 0 if unknown. */
struct guard_judgement guard_judge_leap(struct guard_ledger *ledger, const struct guard_now *now,
                                        int leap, int tai_offset);
/* seconds since 1970 that the RTC is to show, were it on UTC. */
struct guard_judgement guard_judge_rtc(struct guard_ledger *ledger, const struct guard_now *now,
                                       int64_t seconds);

/* Steps by command within the last hour. */
int guard_ledger_command_steps(const struct guard_ledger *ledger, struct mono_time now);

#endif
