/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local clock (discipline.md 4): raw and cooked time, the operations that change them, and the
 * announcement of every change to the holders of local timestamps, in a fixed order. Only the
 * reference, manual input, the RTC at start and commands change it; nothing else steers the clock.
 */
#ifndef CLOCK_LOCAL_CLOCK_H
#define CLOCK_LOCAL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/clock_change.h"
#include "base/loop.h"
#include "base/world.h"
#include "clock/driver.h"
#include "conf/groups.h"

struct local_clock;

/* Holders of local times, in the order in which they are told of changes (discipline.md 4.4). The
   event loop and the driver come before all of these. Each adjusts what it holds; a step by
   somebody else, whose size is a guess, makes those that estimate forget their samples. */
enum clock_holder {
    CLOCK_HOLDER_RTC,       /* samples of the RTC */
    CLOCK_HOLDER_SOURCES,   /* samples of all sources; after such a step they run the selection */
    CLOCK_HOLDER_REFCLOCKS, /* filters of reference clocks, and mappings of their hardware clocks */
    CLOCK_HOLDER_INTERFACES,  /* mappings of the hardware clocks of network cards */
    CLOCK_HOLDER_SERVER,      /* timestamps for interleaved replies, the monotonic scale */
    CLOCK_HOLDER_REFERENCE,   /* reference time; unsynchronised after such a step */
    CLOCK_HOLDER_NTP_SOURCES, /* timestamps and filters of NTP associations */
    CLOCK_HOLDER_MANUAL,      /* samples of manual input */
    CLOCK_HOLDER_SMOOTHING,   /* takes up the offset that the clock gives off */
    CLOCK_HOLDER_TEMPERATURE, /* learns from the corrections; an end of what it has begun */
    CLOCK_HOLDER_HISTORY,     /* writes down the steps */
};

struct local_clock_params {
    struct clock_conf conf;
    bool control; /* false: -x, -Q */
    bool rtc_sync;
    const struct kernel_clock *kernel; /* NULL: that of Linux over the world */
};

/*
 * Measures the precision, starts the driver that params asks for and hooks itself to the loop (wake
 * and jump handlers, which it then owns). Ends the program with a fatal message where the kernel's
 * clock cannot be used. World and loop must outlive it. Freeing ends the slew that is in progress;
 * the frequency stays.
 */
struct local_clock *local_clock_new(struct world *world, struct loop *loop,
                                    const struct local_clock_params *params);
/* The same with a given driver, which is taken over. If that is a slew engine, the clock does not
   hear of its dispersion and of the changes that it makes by itself before
   local_clock_follow_slew(). */
struct local_clock *local_clock_new_with_driver(struct world *world, struct loop *loop,
                                                const struct local_clock_params *params,
                                                struct clock_driver driver);
struct slew;
void local_clock_follow_slew(struct local_clock *clock, struct slew *slew);
void local_clock_free(struct local_clock *clock);

/* Precision quantum in seconds (1e-9 to 1; discipline.md 4.2), and its log2 (at least -30). */
double local_clock_precision(const struct local_clock *clock);
int local_clock_precision_log(const struct local_clock *clock);
double local_clock_max_error(const struct local_clock *clock); /* fraction */
/* Whether the driver can apply leap seconds. */
bool local_clock_can_leap(const struct local_clock *clock);

/* Raw to cooked; err: error bound in seconds, may be NULL. The scale by itself is for those who
   cook raw times near this one without the clock, until the clock is changed. */
struct clock_scale local_clock_scale(const struct local_clock *clock, struct raw_time raw);
double local_clock_correction(const struct local_clock *clock, struct raw_time raw, double *err);
struct local_time local_clock_cook(const struct local_clock *clock, struct raw_time raw,
                                   double *err);
struct local_time local_clock_now(const struct local_clock *clock, double *err);
/* Time of the last wake-up; the second form gives the cooked time with its error (or NULL). */
struct raw_time local_clock_event_raw(const struct local_clock *clock);
struct local_time local_clock_event_time(const struct local_clock *clock, double *err);

typedef void (*dispersion_handler)(double dispersion, void *arg);
void local_clock_add_handler(struct local_clock *clock, enum clock_holder holder,
                             clock_change_handler handler, void *arg);
void local_clock_remove_handler(struct local_clock *clock, clock_change_handler handler, void *arg);
void local_clock_add_dispersion_handler(struct local_clock *clock, dispersion_handler handler,
                                        void *arg);
void local_clock_remove_dispersion_handler(struct local_clock *clock, dispersion_handler handler,
                                           void *arg);
void local_clock_announce_dispersion(double dispersion, void *clock);
/* Called after each successful step and before its announcement, with the old cooked time, to reset
   time smoothing. */
void local_clock_set_step_hook(struct local_clock *clock,
                               void (*hook)(struct local_time before, void *arg), void *arg);
/* Called with the cooked time before a leap second is announced (discipline.md 21.5). */
void local_clock_set_leap_hook(struct local_clock *clock,
                               void (*hook)(struct local_time now, int leap, void *arg), void *arg);

/*
 * Somebody who tells other processes of the clock (chronyd/time_page_writer.h). `before` is called
 * when a change of the clock, or of what is said about it, begins; step: the change may step the
 * clock (then it may be called a second time). `after` is called when everybody in this process
 * knows of the change. Changes within a change are parts of it. NULL: nobody.
 */
struct clock_watch {
    void (*before)(bool step, void *arg);
    void (*after)(void *arg);
    void *arg;
};
void local_clock_set_watch(struct local_clock *clock, const struct clock_watch *watch);
/* Around each change by those who know of it; the operations here do that by themselves. */
void local_clock_begin_change(struct local_clock *clock);
void local_clock_end_change(struct local_clock *clock);

/* Operations of discipline.md 4.3. Absolute frequency in ppm; dfreq is a ratio; offsets in
   seconds, positive when the clock is fast. Those that return bool fail when the result would not
   be sane or the step failed, and have logged the reason. */
double local_clock_read_frequency(const struct local_clock *clock);
void local_clock_set_frequency(struct local_clock *clock, double freq_ppm);
void local_clock_accumulate_frequency(struct local_clock *clock, double dfreq);
bool local_clock_accumulate_offset(struct local_clock *clock, double offset, double rate);
bool local_clock_accumulate(struct local_clock *clock, double dfreq, double offset, double rate);
/* The same without an announcement: for a reference clock that the clock follows (discipline.md
   26.8) and that corrects its own samples. */
bool local_clock_accumulate_unannounced(struct local_clock *clock, double dfreq, double offset,
                                        double rate);
bool local_clock_step(struct local_clock *clock, double offset, enum step_reason reason);
bool local_clock_make_step(struct local_clock *clock);
void local_clock_cancel_correction(struct local_clock *clock);
/* Somebody else stepped the clock: -offset; raw is the time now. */
void local_clock_external_step(struct local_clock *clock, struct raw_time raw,
                               struct local_time cooked, double offset, double dispersion);
/* Announces a leap second (-1, 1) as a step, without changing the clock (discipline.md 17.5). */
void local_clock_notify_leap(struct local_clock *clock, int leap);
/* Commands dfreq and doffset, with their messages (cmdmon.md 14.13). */
void local_clock_command_dfreq(struct local_clock *clock, double freq_ppm);
bool local_clock_command_doffset(struct local_clock *clock, double offset);
/* Temperature compensation in ppm (discipline.md 22). Returns the value that is in effect. */
double local_clock_set_temperature_compensation(struct local_clock *clock, double comp_ppm);
/* The oscillator is known to have become faster by this (ppm; negative: slower), and the absolute
   frequency follows it (discipline.md 30.8). Cooked time goes on as if nothing had happened, so
   nobody is told. Returns the change that was made. */
double local_clock_follow_oscillator(struct local_clock *clock, double change_ppm);

/* An update of the reference is about to correct the clock. */
void local_clock_note_update(struct local_clock *clock);

/* Kernel status: errors in seconds; nothing happens where the driver has no control. */
void local_clock_set_sync_status(struct local_clock *clock, bool synchronised, double est_error,
                                 double max_error);
void local_clock_set_leap(struct local_clock *clock, int leap, int tai_offset);

/* Corrections of the clock made by this process so far: changes of the offset by slew or step, not
   steps made by others or zero offsets. For nocerttimecheck (nts.md). */
uint64_t local_clock_updates(const struct local_clock *clock);

/* Steps made by this process so far, without those of zero. */
struct local_clock_steps {
    uint32_t count;
    double last;      /* s, what the last one added to the clock */
    double last_time; /* loop_uptime(); 0 before the first one */
};
struct local_clock_steps local_clock_steps(const struct local_clock *clock);

#endif
