/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracking of the real-time clock, see rtc.h. Interrupts are on only while a sample is wanted. A
 * device that fails ends the tracking, nothing else.
 */
#include "chronyd/rtc/rtc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/number.h"
#include "base/regression.h"
#include "base/sync_status.h"
#include "base/text.h"
#include "chronyd/rtc/rtc_device.h"
#include "config.h"

#define MAX_SAMPLES       64
#define DROPPED_WHEN_FULL 4
#define SPECIAL_SAMPLES   8 /* of the initial measurement, and after trimming */
#define SLOPE_TOLERANCE   1e-9
#define MIN_TRIM_SECONDS  1.0
/* A set RTC shows its next second after half a second. */
#define SET_DELAY 0.5
/* There should be an interrupt each second. After so many seconds without one, the RTC has
   stopped. */
#define MAX_SILENCE 10.0

enum rtc_mode { RTC_NORMAL, RTC_INITIAL, RTC_AFTER_TRIM };

struct rtc_sample {
    int64_t rtc; /* seconds since 1970 */
    struct local_time system;
};

struct rtc {
    struct rtc_env env;
    struct rtc_conf conf;
    struct reference *reference;
    struct state_file *state_file; /* the rtcfile */
    int fd;                        /* -1: the device has failed */
    bool utc;

    enum rtc_mode mode;
    bool interrupts;
    int skip;     /* interrupts to be ignored */
    bool failing; /* no interrupt came, or something else failed; was reported */
    timer_id
        timer; /* for the next measurement, or, with interrupts on, the limit of waiting for one */
    void (*done)(void *arg); /* of the initial measurement */
    void *done_arg;

    struct rtc_sample samples[MAX_SAMPLES]; /* oldest first */
    int count;
    int runs;
    struct rtc_coefficients file; /* from the last run of the daemon */
    struct rtc_coefficients now;
    double rate_before_trim;
};

/* Seconds between measurements in normal operation. */
static int measurement_period(const struct rtc *rtc)
{
    static const struct {
        int below; /* samples */
        int period;
    } periods[] = {{4, 15}, {6, 30}, {10, 60}, {14, 120}};

    for (size_t i = 0; i < COUNT(periods); i++) {
        if (rtc->count < periods[i].below)
            return periods[i].period;
    }
    return 240;
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct rtc *rtc = arg;

    if (change->type == CLOCK_UNKNOWN_STEP)
        rtc->count = 0;
    for (int i = 0; i < rtc->count; i++)
        local_adjust(&rtc->samples[i].system, change->cooked, change->dfreq, change->doffset);
    if (rtc->now.valid) {
        rtc->now.offset += change->doffset;
        rtc->now.rate += change->dfreq * (1.0 - rtc->now.rate);
    }
}

/* ---- Device ---- */

static void on_silence(void *arg);
static void on_timer(void *arg);

static void stop_timer(struct rtc *rtc)
{
    loop_timer_cancel(rtc->env.loop, rtc->timer);
    rtc->timer = 0;
}

static void wait_for_interrupt(struct rtc *rtc)
{
    stop_timer(rtc);
    rtc->timer = loop_timer_add(rtc->env.loop, MAX_SILENCE, on_silence, rtc);
}

/* Severity of a message about the device, which is an error only when the trouble begins. */
static enum log_severity severity(const struct rtc *rtc)
{
    return rtc->failing ? LOG_SEV_DEBUG : LOG_SEV_ERROR;
}

static void switch_off(struct rtc *rtc)
{
    if (rtc->interrupts) {
        stop_timer(rtc);
        rtc_device_interrupts(rtc->env.world, rtc->fd, false, severity(rtc));
    }
    rtc->interrupts = false;
}

static bool switch_on(struct rtc *rtc)
{
    rtc->interrupts = rtc_device_interrupts(rtc->env.world, rtc->fd, true, severity(rtc));
    rtc->failing = rtc->failing || !rtc->interrupts;
    rtc->skip = 1;
    if (rtc->interrupts)
        wait_for_interrupt(rtc);
    return rtc->interrupts;
}

/* The next measurement in normal operation. */
static void schedule(struct rtc *rtc)
{
    switch_off(rtc);
    stop_timer(rtc);
    rtc->timer = loop_timer_add(rtc->env.loop, measurement_period(rtc), on_timer, rtc);
}

static void on_timer(void *arg)
{
    struct rtc *rtc = arg;

    rtc->timer = 0;
    if (!switch_on(rtc))
        schedule(rtc);
}

static void close_device(struct rtc *rtc)
{
    if (rtc->fd < 0)
        return;
    stop_timer(rtc);
    loop_fd_remove(rtc->env.loop, rtc->fd);
    switch_off(rtc);
    rtc->env.world->ops->devices->close(rtc->env.world->ctx, rtc->fd);
    rtc->fd = -1;
}

static void call_done(struct rtc *rtc)
{
    void (*done)(void *arg) = rtc->done;

    rtc->done = NULL;
    if (done)
        done(rtc->done_arg);
}

/* After a failed reading: goes back to normal operation. */
static void leave_special_mode(struct rtc *rtc)
{
    bool initial = rtc->mode == RTC_INITIAL;

    rtc->mode = RTC_NORMAL;
    if (initial) {
        LOG_DEBUG("Initial measurement of the RTC failed");
        switch_off(rtc);
        call_done(rtc);
    } else {
        schedule(rtc);
    }
}

/* Ends the waiting for an RTC that has stopped. The start of the daemon must not hang on it. */
static void on_silence(void *arg)
{
    struct rtc *rtc = arg;

    rtc->timer = 0;
    LOG(severity(rtc), "No interrupts from %s", rtc->conf.device);
    rtc->failing = true;
    leave_special_mode(rtc);
}

/* ---- Samples ---- */

static void drop_oldest(struct rtc *rtc, int number)
{
    rtc->count -= number;
    memmove(rtc->samples, rtc->samples + number, (size_t)rtc->count * sizeof(rtc->samples[0]));
}

static double seconds_fast(const struct rtc_sample *sample)
{
    return instant_diff((struct instant){.sec = sample->rtc}, sample->system.i);
}

static void add_sample(struct rtc *rtc, int64_t seconds, struct local_time system)
{
    if (rtc->count == MAX_SAMPLES)
        drop_oldest(rtc, DROPPED_WHEN_FULL);
    if (rtc->count > 0 && seconds <= rtc->samples[rtc->count - 1].rtc) {
        LOG_DEBUG("RTC samples discarded");
        rtc->count = 0;
    }
    rtc->samples[rtc->count++] = (struct rtc_sample){seconds, system};
}

/* Regression of the samples (discipline.md 24.5). False: the coefficients stay. */
static bool fit(struct rtc *rtc)
{
    double x[MAX_SAMPLES], y[MAX_SAMPLES];
    struct regression_robust line;

    if (rtc->count == 0)
        return false;
    for (int i = 0; i < rtc->count; i++) {
        x[i] = (double)(rtc->samples[i].rtc - rtc->samples[rtc->count - 1].rtc);
        y[i] = seconds_fast(&rtc->samples[i]);
    }
    if (!regression_robust_line(x, y, rtc->count, SLOPE_TOLERANCE, &line))
        return false;
    rtc->now = (struct rtc_coefficients){
        .valid = true,
        .ref = rtc->samples[rtc->count - 1].rtc,
        .offset = line.intercept,
        .rate = line.slope,
    };
    rtc->runs = line.runs;
    drop_oldest(rtc, line.start);
    return true;
}

static void forget(struct rtc *rtc)
{
    rtc->count = 0;
    rtc->runs = 0;
    rtc->now = (struct rtc_coefficients){.valid = false};
}

static void write_log(const struct rtc *rtc, struct local_time system, double fast)
{
    char date[32];

    if (!measurement_log_enabled(rtc->env.log, MLOG_RTC))
        return;
    instant_format_utc(system.i, date, sizeof(date));
    measurement_log_write(rtc->env.log, MLOG_RTC, "%s %14.6f %1d  %14.6f  %12.3f  %2d  %2d %4d",
                          date, fast, rtc->now.valid, rtc->now.offset, 1e6 * rtc->now.rate,
                          rtc->count, rtc->runs, measurement_period(rtc));
}

/* ---- Modes ---- */

static void finish_normal(struct rtc *rtc, bool fitted)
{
    double threshold = rtc->conf.autotrim;

    schedule(rtc);
    if (fitted && threshold > 0.0 && fabs(rtc->now.offset) >= threshold &&
        reference_our_stratum(rtc->reference) < NTP_MAX_STRATUM)
        rtc_trim(rtc);
}

static void finish_initial(struct rtc *rtc)
{
    if (fit(rtc) && rtc->file.valid) {
        double expected =
            rtc->file.offset + rtc->file.rate * (double)(rtc->now.ref - rtc->file.ref);
        double error = expected - rtc->now.offset;

        LOG_INFO("System clock off from RTC by %f seconds (slew)", error);
        local_clock_accumulate_offset(rtc->env.clock, error, 0.0);
    } else if (!rtc->file.valid) {
        LOG_WARN("No valid rtcfile coefficients");
    }
    forget(rtc);
    rtc->mode = RTC_NORMAL;
    switch_off(rtc);
    call_done(rtc);
}

static void finish_after_trim(struct rtc *rtc)
{
    if (fit(rtc)) {
        struct rtc_coefficients c = rtc->now;

        c.rate = rtc->rate_before_trim;
        rtc_file_write(rtc->state_file, &c);
    }
    forget(rtc);
    rtc->mode = RTC_NORMAL;
    schedule(rtc);
}

static void process_sample(struct rtc *rtc, int64_t seconds)
{
    struct local_time system = local_clock_event_time(rtc->env.clock, NULL);
    bool fitted = false, complete;

    add_sample(rtc, seconds, system);
    if (rtc->mode == RTC_NORMAL)
        fitted = fit(rtc);
    complete = rtc->count >= SPECIAL_SAMPLES;
    write_log(rtc, system, instant_diff((struct instant){.sec = seconds}, system.i));

    if (rtc->mode == RTC_NORMAL)
        finish_normal(rtc, fitted);
    else if (complete && rtc->mode == RTC_INITIAL)
        finish_initial(rtc);
    else if (complete)
        finish_after_trim(rtc);
}

static void on_interrupt(int fd, unsigned int event, void *arg)
{
    struct rtc *rtc = arg;
    const struct world *world = rtc->env.world;
    enum rtc_event kind = world->ops->devices->rtc_event(world->ctx, fd);
    int64_t seconds;

    if (kind == RTC_EVENT_FAILED) {
        LOG_ERROR("Could not read flags %s : %s", rtc->conf.device, text_errno(errno));
        close_device(rtc);
        call_done(rtc);
        return;
    }
    if (rtc->interrupts)
        wait_for_interrupt(rtc);
    if (rtc->skip > 0) {
        rtc->skip--;
        return;
    }
    if (kind != RTC_EVENT_UPDATE || !rtc->interrupts)
        return;
    if (!world->ops->devices->rtc_get(world->ctx, fd, rtc->utc, &seconds)) {
        LOG(severity(rtc), "Could not read time from %s : %s", rtc->conf.device, text_errno(errno));
        rtc->failing = true;
        leave_special_mode(rtc);
        return;
    }
    if (rtc->failing)
        LOG_INFO("RTC %s works again", rtc->conf.device);
    rtc->failing = false;
    process_sample(rtc, seconds);
}

static bool set_device(const struct rtc *rtc, int64_t seconds)
{
    const struct world *world = rtc->env.world;

    if (rtc->env.guard)
        return guarded_clock_set_rtc(rtc->env.guard, rtc->fd, seconds);
    return world->ops->devices->rtc_set(world->ctx, rtc->fd, rtc->utc, seconds);
}

/* The caller has checked that the device is open. */
static bool set_rtc(struct rtc *rtc)
{
    struct local_time now = local_clock_now(rtc->env.clock, NULL);

    LOG_INFO("RTC wrong by %.3f seconds (step)", rtc->now.offset);
    if (!set_device(rtc, now.i.sec)) {
        LOG_ERROR("Could not set RTC time");
        return false;
    }
    rtc->count = 0;
    rtc->now.offset = SET_DELAY - 1e-9 * now.i.nsec;
    rtc->now.ref = now.i.sec;
    rtc->mode = RTC_AFTER_TRIM;
    return true;
}

enum rtc_status rtc_trim(struct rtc *rtc)
{
    if (!rtc || rtc->fd < 0)
        return RTC_STATUS_NOT_RUNNING;
    if (!(fabs(rtc->now.offset) > MIN_TRIM_SECONDS))
        return RTC_STATUS_OK;
    rtc->rate_before_trim = rtc->now.rate;
    if (!set_rtc(rtc))
        return RTC_STATUS_FAILED;
    stop_timer(rtc);
    if (!switch_on(rtc))
        leave_special_mode(rtc);
    return RTC_STATUS_OK;
}

/* ---- Life ---- */

#ifdef FEAT_RTC

static bool open_device(struct rtc *rtc)
{
    const struct world *world = rtc->env.world;
    const struct device_ops *devices = world->ops->devices;

    if (!devices || !devices->rtc_get)
        return false;
    rtc->fd = devices->open(world->ctx, rtc->conf.device, true);
    if (rtc->fd < 0) {
        LOG_ERROR("Could not open RTC device %s : %s", rtc->conf.device, text_errno(errno));
        return false;
    }
    if (rtc_device_interrupts(world, rtc->fd, true, LOG_SEV_ERROR) &&
        rtc_device_interrupts(world, rtc->fd, false, LOG_SEV_ERROR))
        return true;
    devices->close(world->ctx, rtc->fd);
    return false;
}

struct rtc *rtc_new(const struct rtc_env *env, const struct rtc_conf *conf,
                    const struct rtc_coefficients *file)
{
    if (!conf->file)
        return NULL;
    struct rtc *rtc = mem_alloc(sizeof(*rtc));
    rtc->env = *env;
    rtc->conf = *conf;
    rtc->file = *file;
    rtc->utc = rtc_is_on_utc(env->world, conf);
    if (!open_device(rtc)) {
        LOG_ERROR("RTC driver could not be initialised");
        free(rtc);
        return NULL;
    }
    rtc->state_file = rtc_file_new(env->world, env->loop, conf->file);
    loop_fd_add(env->loop, rtc->fd, WORLD_READ, on_interrupt, rtc);
    local_clock_add_handler(env->clock, CLOCK_HOLDER_RTC, on_clock_change, rtc);
    return rtc;
}

#else

struct rtc *rtc_new(const struct rtc_env *env, const struct rtc_conf *conf,
                    const struct rtc_coefficients *file)
{
    if (conf->file)
        LOG_ERROR("RTC not supported on this operating system");
    return NULL;
}

#endif

void rtc_free(struct rtc *rtc)
{
    if (!rtc)
        return;
    rtc_write_file(rtc);
    state_file_free(rtc->state_file);
    close_device(rtc);
    local_clock_remove_handler(rtc->env.clock, on_clock_change, rtc);
    free(rtc);
}

bool rtc_measure_initially(struct rtc *rtc, void (*done)(void *arg), void *arg)
{
    if (!rtc || rtc->fd < 0 || !switch_on(rtc))
        return false;
    rtc->mode = RTC_INITIAL;
    rtc->done = done;
    rtc->done_arg = arg;
    return true;
}

void rtc_start(struct rtc *rtc, struct reference *reference)
{
    if (!rtc || rtc->fd < 0)
        return;
    rtc->reference = reference;
    on_timer(rtc);
}

enum rtc_status rtc_write_file(struct rtc *rtc)
{
    if (!rtc || rtc->fd < 0)
        return RTC_STATUS_NOT_RUNNING;
    if (rtc->now.valid && !rtc_file_write(rtc->state_file, &rtc->now))
        return RTC_STATUS_FAILED;
    return RTC_STATUS_OK;
}

enum rtc_status rtc_report(const struct rtc *rtc, struct report_rtc *report)
{
    if (!rtc || rtc->fd < 0)
        return RTC_STATUS_NOT_RUNNING;
    *report = (struct report_rtc){
        .ref_time = {.sec = rtc->now.ref},
        .samples = rtc->count,
        .runs = rtc->runs,
        .seconds_fast = rtc->now.offset,
        .gain_ppm = 1e6 * rtc->now.rate,
    };
    if (rtc->count >= 2)
        report->span_seconds = (uint32_t)(rtc->samples[rtc->count - 1].rtc - rtc->samples[0].rtc);
    return RTC_STATUS_OK;
}
