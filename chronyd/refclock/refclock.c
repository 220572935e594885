/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The common layer of reference clocks (system.md 2): creation from the configuration, the timer of
 * each clock, filtered samples to its source, changes of the local clock. Owned by the daemon.
 */
#include "chronyd/refclock/refclock.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/text.h"
#include "chronyd/refclock/clock.h"
#include "config.h"
#include "base/sync_status.h"

#define COMBINE_RATIO      0.6
#define MIN_LOCAL_LOCK_AGE 3
#define REFID_INDEX_DIGITS 10
#define MAX_FAILURE_TEXT   512
#define MIN_RETRY_DELAY    10.0 /* seconds, doubled each time */
#define MAX_RETRY_DELAY    60.0

static const struct {
    const char *name;
    const struct refclock_driver *driver; /* NULL: not built */
} drivers[] = {
#ifdef FEAT_REFCLOCK
    {"SHM", &refclock_shm_driver}, {"SOCK", &refclock_sock_driver},
#else
    {"SHM", NULL}, {"SOCK", NULL},
#endif
#ifdef FEAT_PPS
    {"PPS", &refclock_pps_driver},
#else
    {"PPS", NULL},
#endif
#ifdef FEAT_PHC
    {"PHC", &refclock_phc_driver},
#else
    {"PHC", NULL},
#endif
#if defined(FEAT_REFCLOCK) && defined(FEAT_RTC)
    {"RTC", &refclock_rtc_driver},
#else
    {"RTC", NULL},
#endif
};

/* ---- Changes of the local clock ---- */

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct refclock_set *set = arg;

    for (int i = 0; i < set->count; i++) {
        struct refclock *c = set->clocks[i];

        if (change->type == CLOCK_UNKNOWN_STEP)
            sample_filter_reset(c->filter);
        else
            sample_filter_clock_change(c->filter, change);
        if (c->data && c->driver->clock_change)
            c->driver->clock_change(c, change);
    }
}

static void on_dispersion(double dispersion, void *arg)
{
    struct refclock_set *set = arg;

    for (int i = 0; i < set->count; i++)
        sample_filter_add_dispersion(set->clocks[i]->filter, dispersion);
}

struct refclock_set *refclock_set_new(const struct refclock_env *env)
{
    struct refclock_set *set = mem_alloc(sizeof(*set));

    set->env = *env;
    local_clock_add_handler(env->clock, CLOCK_HOLDER_REFCLOCKS, on_clock_change, set);
    local_clock_add_dispersion_handler(env->clock, on_dispersion, set);
    return set;
}

/* ---- Creation ---- */

static const struct refclock_driver *find_driver(const char *name)
{
    for (size_t i = 0; i < COUNT(drivers); i++) {
        if (strcmp(name, drivers[i].name) != 0)
            continue;
        if (!drivers[i].driver)
            LOG_FATAL("refclock driver %s is not compiled in", name);
        return drivers[i].driver;
    }
    LOG_FATAL("unknown refclock driver %s", name);
}

/* Default reference ID (system.md 2.3). */
static uint32_t default_refid(const char *driver, int index)
{
    uint8_t c[4] = {(uint8_t)driver[0], (uint8_t)driver[1], (uint8_t)driver[2],
                    (uint8_t)('0' + index % REFID_INDEX_DIGITS)};

    if (index >= REFID_INDEX_DIGITS)
        c[2] = (uint8_t)('0' + index / REFID_INDEX_DIGITS % REFID_INDEX_DIGITS);
    return (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 | (uint32_t)c[2] << 8 | c[3];
}

/* "PARAMETER:OPTION:OPTION=VALUE" */
static void split_parameter(struct refclock *c)
{
    size_t length = strlen(c->conf.parameter);
    char *copy = mem_alloc(length + 2); /* ends in an empty option */

    memcpy(copy, c->conf.parameter, length);
    for (char *p = copy; *p != '\0'; p++) {
        if (*p == ':')
            *p = '\0';
    }
    c->parameter = copy;
    c->options = copy + strcspn(c->conf.parameter, ":");
    if (c->options < copy + length)
        c->options++;
}

/* The options lie between `options` and the end of the copy of the parameter. */
static const char *next_option(const struct refclock *c, const char *option)
{
    const char *end = c->parameter + strlen(c->conf.parameter);

    option = option ? option + strlen(option) + 1 : c->options;
    return option < end ? option : NULL;
}

static const char *option_value(const char *option, const char *name)
{
    size_t length = strlen(name);

    if (strncmp(option, name, length) != 0)
        return NULL;
    return option[length] == '\0' ? "" : option[length] == '=' ? option + length + 1 : NULL;
}

const char *refclock_option(const struct refclock *c, const char *name)
{
    const char *option = NULL;

    while ((option = next_option(c, option))) {
        const char *value = option_value(option, name);
        if (value)
            return value;
    }
    return NULL;
}

enum log_severity refclock_option_severity(const struct refclock *c)
{
    return c->retry_delay > 0.0 ? LOG_SEV_DEBUG : LOG_SEV_WARN;
}

int refclock_int_option(const struct refclock *c, const char *name, int value)
{
    const char *text = refclock_option(c, name);
    bool clamped;
    size_t used;

    if (!text)
        return value;
    if (!text_scan_clamped(text, INT_MIN, INT_MAX, &value, &clamped, &used)) {
        clamped = true;
        value = 0;
        used = 0;
    }
    if (clamped || text[used] != '\0')
        LOG(refclock_option_severity(c), "Invalid value %s of refclock driver option %s, using %d",
            text, name, value);
    return value;
}

static _Noreturn void fail_option(const struct refclock_driver *driver, const char *option)
{
    char *word = text_dup(option);

    word[strcspn(word, "=")] = '\0';
    struct nearest nearest = nearest_start(word);
    for (const char *const *name = driver->options; name && *name; name++)
        nearest_offer(&nearest, *name);
    LOG_FATAL("Invalid refclock driver option %s%s%s%s", option,
              nearest.best ? " (did you mean " : "", nearest.best ? nearest.best : "",
              nearest.best ? "?)" : "");
}

static void check_options(const struct refclock *c)
{
    const char *option = NULL;

    while ((option = next_option(c, option))) {
        bool known = false;

        for (const char *const *name = c->driver->options; name && *name; name++)
            known = known || option_value(option, *name);
        if (!known)
            fail_option(c->driver, option);
    }
}

static struct refclock *make_clock(struct refclock_set *set, const struct refclock_conf *conf,
                                   int index)
{
    struct refclock *c = mem_alloc(sizeof(*c));

    c->set = set;
    c->conf = *conf;
    c->driver = find_driver(conf->driver);
    c->precision = fmax(local_clock_precision(set->env.clock), conf->precision);
    c->rate = conf->rate;
    c->max_lock_age = conf->max_lock_age;
    c->offset = conf->offset;
    c->pps = conf->pps || conf->local;
    c->leap = LEAP_NORMAL;
    c->driver_poll = conf->dpoll;
    c->refid = conf->refid != 0 ? conf->refid : default_refid(conf->driver, index);
    refid_format(c->refid, c->name, sizeof(c->name));
    if (conf->local) {
        c->leap = LEAP_UNSYNC;
        if (c->max_lock_age < MIN_LOCAL_LOCK_AGE)
            c->max_lock_age = MIN_LOCAL_LOCK_AGE;
    }
    if (c->driver->poll && c->driver_poll > conf->poll)
        c->driver_poll = conf->poll;
    c->filter = sample_filter_new(&(struct sample_filter_params){
        .length = conf->filter_length,
        .max_dispersion = conf->max_dispersion,
        .combine_ratio = COMBINE_RATIO,
        .quantum = local_clock_precision(set->env.clock),
    });
    return c;
}

void refclock_open_failed(struct refclock *c, const char *format, ...)
{
    char text[MAX_FAILURE_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    free(c->failure);
    c->failure = text_dup(text);
}

/* Option waitdevice: a device that may come later (system.md 2.1). Each reason is logged once. */
static void wait_for_device(struct refclock *c, const char *reported);

static void on_retry(void *arg)
{
    struct refclock *c = arg;
    char *reported = c->failure;

    c->retry_timer = 0;
    c->failure = NULL;
    if (c->driver->open(c))
        LOG_INFO("Refclock %s has its device %s now", c->name, c->parameter);
    else
        wait_for_device(c, reported);
    free(reported);
}

static void wait_for_device(struct refclock *c, const char *reported)
{
    if (!reported || !c->failure || strcmp(reported, c->failure) != 0)
        LOG_WARN("%s; refclock %s waits for its device", c->failure ? c->failure : "No device",
                 c->name);
    c->retry_delay = fmin(fmax(MIN_RETRY_DELAY, 2.0 * c->retry_delay), MAX_RETRY_DELAY);
    c->retry_timer = loop_timer_add(c->set->env.loop, c->retry_delay, on_retry, c);
}

static void open_clock(struct refclock *c)
{
    if (c->driver->open(c))
        return;
    if (!c->failure)
        LOG_FATAL("refclock %s initialisation failed", c->conf.driver);
    if (!c->conf.wait_device)
        LOG_FATAL("%s", c->failure);
    wait_for_device(c, NULL);
}

void refclock_set_open(struct refclock_set *set, const struct refclocks_conf *conf)
{
    set->clocks = mem_array(conf->count, sizeof(*set->clocks));
    for (size_t i = 0; i < conf->count; i++) {
        struct refclock *c = make_clock(set, &conf->items[i], (int)i);

        set->clocks[set->count++] = c;
        split_parameter(c);
        check_options(c);
        open_clock(c);
        LOG_DEBUG("refclock %s refid=%s poll=%d dpoll=%d filter=%d", conf->items[i].driver, c->name,
                  c->conf.poll, c->driver_poll, sample_filter_length(c->filter));
    }
}

void refclock_set_clean_up(struct refclock_set *set)
{
    for (int i = 0; i < set->count; i++) {
        struct refclock *c = set->clocks[i];

        if (c->data && c->driver->clean_up)
            c->driver->clean_up(c);
    }
}

void refclock_set_attach(struct refclock_set *set, struct source_register *sources,
                         struct reference *reference)
{
    set->sources = sources;
    set->reference = reference;
    for (int i = 0; i < set->count; i++) {
        struct refclock *c = set->clocks[i];
        struct source_params params = {
            .select_options = c->conf.select_options,
            .min_samples = c->conf.min_samples,
            .max_samples = c->conf.max_samples,
            .max_unreach = c->conf.max_unreach,
        };

        c->source = source_new_refclock(sources, c->refid, &params);
    }
}

void refclock_set_free(struct refclock_set *set)
{
    if (!set)
        return;
    local_clock_remove_handler(set->env.clock, on_clock_change, set);
    local_clock_remove_dispersion_handler(set->env.clock, on_dispersion, set);
    for (int i = 0; i < set->count; i++) {
        struct refclock *c = set->clocks[i];

        loop_timer_cancel(set->env.loop, c->timer);
        loop_timer_cancel(set->env.loop, c->retry_timer);
        if (c->data)
            c->driver->close(c);
        free(c->failure);
        sample_filter_free(c->filter);
        free(c->parameter);
        free(c);
    }
    free(set->clocks);
    free(set);
}

/* ---- Polling ---- */

static void report_good_input(struct refclock *c)
{
    if (c->bad_input && !c->bad_input_in_poll && c->reached > 0)
        c->bad_input = false;
    c->bad_input_in_poll = false;
}

void refclock_bad_input(struct refclock *c, const char *format, ...)
{
    const char *text = c->bad_input_text;
    va_list args;

    va_start(args, format);
    vsnprintf(c->bad_input_text, sizeof(c->bad_input_text), format, args);
    va_end(args);
    if (!c->bad_input)
        LOG_WARN("Refclock %s ignores samples : %s", c->name, text);
    else
        LOG_DEBUG("%s refclock sample ignored : %s", c->name, text);
    c->bad_input = true;
    c->bad_input_in_poll = true;
}

static void process(struct refclock *c)
{
    struct source_sample sample;

    report_good_input(c);
    source_update_reachability(c->source, c->reached > 0);
    c->reached = 0;
    if (!sample_filter_take(c->filter, &sample))
        return;
    int stratum = refclock_stratum(c, sample.time);
    if (c->conf.local) {
        c->leap = LEAP_UNSYNC;
        source_update_status(c->source, stratum, c->leap);
        refclock_follow_local(c, &sample);
    } else {
        source_update_status(c->source, stratum, c->leap);
        source_accumulate(c->source, &sample);
    }
    refclock_log_filtered(c, &sample);
}

static void on_poll(void *arg)
{
    struct refclock *c = arg;
    int interval = c->conf.poll;

    c->timer = 0;
    if (c->driver->poll) {
        if (c->data)
            c->driver->poll(c);
        c->driver_polls++;
        interval = c->driver_poll;
    }
    if (!c->driver->poll || (double)c->driver_polls >= ldexp(1.0, c->conf.poll - c->driver_poll)) {
        c->driver_polls = 0;
        process(c);
    }
    c->timer = loop_timer_add(c->set->env.loop, log2_to_seconds(interval), on_poll, c);
}

/* Finds the clock of the lock option: the first one with its reference ID (system.md 2.4). */
static void find_lock(struct refclock *c)
{
    uint32_t refid = c->conf.local ? c->refid : c->conf.lock_refid;
    char text[ADDR_TEXT_SIZE];

    for (int i = 0; refid != 0 && !c->lock && i < c->set->count; i++) {
        if (c->set->clocks[i]->refid == refid)
            c->lock = c->set->clocks[i];
    }
    if (c->lock && c->driver->poll && c->lock->driver->poll &&
        c->max_lock_age / (double)c->rate < log2_to_seconds(c->lock->driver_poll))
        LOG_WARN("%s maxlockage too small for %s", c->name, c->lock->name);
    if (refid != 0 && (!c->lock || (c->lock == c && !c->conf.local)))
        LOG_WARN("Invalid lock refid %s", refid_format(refid, text, sizeof(text)));
}

void refclock_set_start(struct refclock_set *set)
{
    for (int i = 0; i < set->count; i++) {
        struct refclock *c = set->clocks[i];

        source_set_active(c->source, true);
        c->timer = loop_timer_add(set->env.loop, 0.0, on_poll, c);
        find_lock(c);
    }
}

/* ---- Stratum, reports and log ---- */

bool refclock_is_locked(const struct refclock *c)
{
    return c->lock != NULL;
}

static bool is_unlocked_pps(const struct refclock *c)
{
    return c->pulse_driven && !refclock_is_locked(c);
}

/* A PPS that takes the second from another source has no better stratum than that source. */
int refclock_stratum(const struct refclock *c, struct local_time when)
{
    struct reference_data ref;

    if (!is_unlocked_pps(c))
        return c->conf.stratum;
    reference_get(c->set->reference, when, &ref);
    if (ref.refid == c->refid || (!ref.synchronised && ref.leap != LEAP_UNSYNC))
        return ref.stratum - 1;
    for (int i = 0; i < c->set->count; i++) {
        if (ref.synchronised && c->set->clocks[i]->refid == ref.refid &&
            is_unlocked_pps(c->set->clocks[i]))
            return ref.stratum - 1;
    }
    return 0;
}

void refclock_set_report(const struct refclock_set *set, const struct source *source,
                         struct report_source *report)
{
    for (int i = 0; i < set->count; i++) {
        if (set->clocks[i]->source == source)
            report->poll = set->clocks[i]->conf.poll;
    }
}

bool refclock_set_modify_offset(struct refclock_set *set, uint32_t refid, double offset)
{
    for (int i = 0; i < set->count; i++) {
        struct refclock *c = set->clocks[i];

        if (c->refid != refid)
            continue;
        c->offset = offset;
        LOG_INFO("Source %s new offset %f", c->name, offset);
        return true;
    }
    return false;
}

double refclock_log_offset(double offset)
{
    return 0.0 - offset;
}

void refclock_log_sample(const struct refclock *c, struct local_time time, bool pulse,
                         double raw_offset, double offset, double dispersion)
{
    char date[32];

    if (!measurement_log_enabled(c->set->env.log, MLOG_REFCLOCKS))
        return;
    instant_format_utc(time.i, date, sizeof(date));
    measurement_log_write(
        c->set->env.log, MLOG_REFCLOCKS, "%s.%06d %-5s %3d %1c %1d %13.6e %13.6e %10.3e", date,
        (int)(time.i.nsec / 1000), c->name, (int)c->driver_polls, leap_letter(c->leap), pulse,
        refclock_log_offset(raw_offset), refclock_log_offset(offset), dispersion);
}

void refclock_log_filtered(const struct refclock *c, const struct source_sample *sample)
{
    char date[32];

    if (!measurement_log_enabled(c->set->env.log, MLOG_REFCLOCKS))
        return;
    instant_format_utc(sample->time.i, date, sizeof(date));
    measurement_log_write(c->set->env.log, MLOG_REFCLOCKS,
                          "%s.%06d %-5s   - %1c -       -       %13.6e %10.3e", date,
                          (int)(sample->time.i.nsec / 1000), c->name, leap_letter(c->leap),
                          refclock_log_offset(sample->offset), sample->peer_dispersion);
}
