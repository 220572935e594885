/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One reference clock, for the files of this folder only: its state, the interface of drivers, and
 * the ways in which they hand in what they measured. Drivers own their `data` and descriptors, and
 * touch nothing else of the clock. Numbers of sections are those of system.md.
 */
#ifndef CHRONYD_REFCLOCK_CLOCK_H
#define CHRONYD_REFCLOCK_CLOCK_H

#include "base/device.h"
#include "base/finding.h"
#include "base/log.h"
#include "base/loop.h"
#include "chronyd/refclock/refclock.h"
#include "source/sample_filter.h"

struct refclock;

struct refclock_driver {
    const char *name;
    const char *const *options; /* of the driver, ends in NULL; NULL: none */
    /* Opens the device and sets `data`. False after refclock_open_failed(): nothing is left open,
       and it can be called again. False without it: this build or world has no such devices. An
       error that cannot go away is fatal. The other functions are called with an open device
       only. */
    bool (*open)(struct refclock *clock);
    void (*poll)(struct refclock *clock); /* NULL: driven by events only */
    void (*clock_change)(struct refclock *clock, const struct clock_change *change); /* or NULL */
    void (*close)(struct refclock *clock);
    /* After a fatal error; NULL: leaves nothing behind. */
    void (*clean_up)(struct refclock *clock);
};

extern const struct refclock_driver refclock_shm_driver;
extern const struct refclock_driver refclock_sock_driver;
extern const struct refclock_driver refclock_pps_driver;
extern const struct refclock_driver refclock_phc_driver;
extern const struct refclock_driver refclock_rtc_driver;

/* Why a sample or pulse was not used. */
struct refclock_ignored {
    enum finding_code code; /* 0: none so far */
    double value, limit;    /* what was compared */
    double time;            /* loop_uptime() */
    uint32_t count;         /* of this code, in a row */
};

#define BAD_INPUT_TEXT_SIZE 256

struct refclock {
    struct refclock_set *set;
    struct refclock_conf conf;
    const struct refclock_driver *driver;
    void *data;    /* of the driver; NULL: not open */
    char *failure; /* why it could not be opened; NULL: it could */
    double retry_delay;
    timer_id retry_timer;

    char *parameter; /* its first part */
    char *options;   /* the others, each terminated; an empty one ends the list */

    uint32_t refid;
    char name[ADDR_TEXT_SIZE]; /* text of the refid */
    int driver_poll;           /* log2 s */
    int max_lock_age;
    int rate;
    double precision;
    double offset; /* seconds, changed by command */
    bool pps;      /* only the fraction of a second counts */

    struct refclock *lock; /* completes the pulses; NULL: none */
    int leap;              /* enum leap_status */
    bool pulse_driven;     /* the last accepted sample was a pulse */
    bool bad_input;        /* was reported */
    bool bad_input_in_poll;
    char bad_input_text[BAD_INPUT_TEXT_SIZE]; /* of the last one */
    uint32_t samples;                         /* that were used, since the start */
    double last_sample;                       /* loop_uptime() */
    struct refclock_ignored ignored;
    unsigned int reached; /* samples since the last poll, also those of low quality */
    int64_t driver_polls; /* since the last poll */
    timer_id timer;
    struct sample_filter *filter;
    struct source *source;
};

struct refclock_set {
    struct refclock_env env;
    struct source_register *sources;
    struct reference *reference;
    struct refclock **clocks;
    int count;
};

/* ---- For drivers ---- */

static inline const struct world *refclock_world(const struct refclock *clock)
{
    return clock->set->env.world;
}

/* NULL: this world has no devices. */
static inline const struct device_ops *refclock_devices(const struct refclock *clock)
{
    return clock->set->env.world->ops->devices;
}

/* Value of a driver option: NULL: not given, "": a flag. */
const char *refclock_option(const struct refclock *clock, const char *name);
/* Value of a driver option by the rules of atoi(), or the default if it is not given. */
int refclock_int_option(const struct refclock *clock, const char *name, int value);

/* Severity of messages about the options: they are logged with the first open() only. */
enum log_severity refclock_option_severity(const struct refclock *clock);

/* Message of an open() that failed. */
void refclock_open_failed(struct refclock *clock, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A sample (system.md 2.6): system time and the clock's time at that moment; leap as in NTP; a
   quality below 1 only keeps the clock reachable. */
void refclock_add_sample(struct refclock *clock, struct raw_time system, struct instant reference,
                         int leap, int quality);
/* A pulse (system.md 2.7). second: seconds by which the system time is past the start of a
   second. */
void refclock_add_pulse(struct refclock *clock, struct raw_time system, double second, int quality);
/* A pulse in local time, with its error. raw_correction: for the log. */
struct cooked_pulse {
    struct local_time time;
    double second;
    double dispersion;
    double raw_correction;
    int quality;
};
void refclock_add_cooked_pulse(struct refclock *clock, const struct cooked_pulse *pulse);

/* Input that cannot be used: a warning when it begins, no more until a whole poll was good. */
void refclock_bad_input(struct refclock *clock, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- Within the common layer ---- */

bool refclock_is_locked(const struct refclock *clock);
/* Stratum of a filtered sample (system.md 2.9). */
int refclock_stratum(const struct refclock *clock, struct local_time when);
/* An offset for logs: positive when the local clock is slow, as in NTP. A zero gets no sign. */
double refclock_log_offset(double offset);
void refclock_log_sample(const struct refclock *clock, struct local_time time, bool pulse,
                         double raw_offset, double offset, double dispersion);
void refclock_log_filtered(const struct refclock *clock, const struct source_sample *sample);

/* The local option (system.md 2.10): a filtered sample goes to the source, and the clock follows
   it. */
void refclock_follow_local(struct refclock *clock, const struct source_sample *sample);

#endif
