/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a driver's measurement to a sample in the filter (system.md 2.6 to 2.8). Called by
 * drivers. A driver may pass any value; implausible ones are dropped here.
 */
#include <math.h>
#include "base/log.h"
#include "chronyd/refclock/clock.h"
#include "base/sync_status.h"

#define MAX_ERROR_PULSES  0.4 /* allowed error of a completed pulse, in pulse intervals */
#define HALF_PULSE        0.5
#define TAI_OFFSET_ROUNDS 2

/* Keeps the reason for those who ask why there are no samples. */
static void note_ignored(struct refclock *clock, enum finding_code code, double value, double limit)
{
    struct refclock_ignored *ignored = &clock->ignored;

    ignored->count = ignored->code == code ? ignored->count + 1 : 1;
    ignored->code = code;
    ignored->value = value;
    ignored->limit = limit;
    ignored->time = loop_uptime(clock->set->env.loop);
}

static bool age_is_valid(struct refclock *clock, struct local_time time)
{
    double age = local_diff(local_clock_now(clock->set->env.clock, NULL), time);
    char text[32];

    if (age >= 0.0 && age <= log2_to_seconds(clock->conf.poll + 1))
        return true;
    note_ignored(clock, FINDING_REFCLOCK_AGE, age, log2_to_seconds(clock->conf.poll + 1));
    instant_format_utc(time.i, text, sizeof(text));
    LOG_DEBUG("%s refclock sample time %s.%09d not valid age=%.6f", clock->name, text, time.i.nsec,
              age);
    return false;
}

/* Adds a sample to the filter (system.md 2.8). False: the filter refused it. */
static bool accumulate(struct refclock *clock, struct local_time time, double offset,
                       double dispersion, int quality)
{
    struct source_sample sample = {
        .time = time,
        .offset = offset,
        .peer_delay = clock->conf.delay,
        .peer_dispersion = dispersion,
        .root_delay = clock->conf.delay,
        .root_dispersion = dispersion,
    };

    clock->reached++;
    if (quality < 1) {
        LOG_DEBUG("refclock sample ignored quality=%d", quality);
        note_ignored(clock, FINDING_REFCLOCK_QUALITY, quality, 1.0);
        return false;
    }
    if (!sample_filter_add(clock->filter, &sample)) {
        char text[32];

        instant_format_utc(time.i, text, sizeof(text));
        LOG_DEBUG("filter non-increasing sample time %s.%09d", text, time.i.nsec);
        note_ignored(clock, FINDING_REFCLOCK_ORDER, 0.0, 0.0);
        return false;
    }
    clock->samples++;
    clock->last_sample = loop_uptime(clock->set->env.loop);
    return true;
}

static void count_event(struct refclock *clock)
{
    if (!clock->driver->poll)
        clock->driver_polls++;
}

/* By how much the local clock is fast: system + correction - reference - the configured offset,
   which is turned here, as it moves the reference forward. Whole seconds and fractions are
   separate, so that a large difference loses no precision. */
static double exact_offset(const struct refclock *clock, struct instant reference,
                           struct instant system, double correction)
{
    double whole =
        (double)reference.sec - (double)system.sec - trunc(correction) + trunc(clock->offset);
    double fraction = 1e-9 * (double)(reference.nsec - system.nsec) -
                      (correction - trunc(correction)) + (clock->offset - trunc(clock->offset));

    return -(whole + fraction);
}

/* The table of leap seconds is indexed by UTC. False: TAI-UTC is not known. */
static bool subtract_tai_offset(struct refclock *clock, struct instant system, double *offset)
{
    struct instant tai = instant_add(system, -*offset);
    int difference = 0;

    for (int i = 0; i < TAI_OFFSET_ROUNDS; i++)
        difference = reference_tai_offset(clock->set->reference, tai.sec - difference);
    if (difference == 0) {
        LOG_DEBUG("refclock sample ignored unknown TAI offset");
        note_ignored(clock, FINDING_REFCLOCK_NO_TAI, 0.0, 0.0);
        return false;
    }
    *offset += difference;
    return true;
}

void refclock_add_sample(struct refclock *clock, struct raw_time system, struct instant reference,
                         int leap, int quality)
{
    double correction, dispersion, offset, raw_offset = instant_diff(system.i, reference);

    if (!clock->source) /* before the start is complete, it cannot be judged */
        return;
    if (clock->pps) {
        refclock_add_pulse(clock, system, 1e-9 * (system.i.nsec - reference.nsec), quality);
        return;
    }
    correction = local_clock_correction(clock->set->env.clock, system, &dispersion);
    struct local_time time = (struct local_time){instant_add(system.i, correction)};
    dispersion += clock->precision;
    if (!time_offset_is_sane(system.i, raw_offset)) {
        refclock_bad_input(clock, "impossible time");
        return;
    }
    if (!age_is_valid(clock, time))
        return;
    if (leap != LEAP_NORMAL && leap != LEAP_INSERT && leap != LEAP_DELETE) {
        LOG_DEBUG("refclock sample ignored bad leap %d", leap);
        note_ignored(clock, FINDING_REFCLOCK_NO_LEAP, leap, 0.0);
        return;
    }
    clock->leap = leap;
    offset = exact_offset(clock, reference, system.i, correction);
    if (clock->conf.tai && !subtract_tai_offset(clock, system.i, &offset))
        return;
    if (!accumulate(clock, time, offset, dispersion, quality))
        return;
    clock->pulse_driven = false;
    refclock_log_sample(clock, time, false, raw_offset, offset, dispersion);
    count_event(clock);
}

/* ---- Pulses: debug texts have NTP's sign ---- */

/* Tells rising from falling edges by what is known about the pulse. */
static bool edge_is_right(struct refclock *clock, double offset, double distance)
{
    double width = clock->conf.pulse_width, max_error;

    if (!(width > 0.0))
        return true;
    max_error = 0.5 * fmin(width, 1.0 / clock->rate - width);
    if (fabs(offset) <= max_error && fabs(distance) <= max_error)
        return true;
    note_ignored(clock, FINDING_REFCLOCK_EDGE, fmax(fabs(offset), fabs(distance)), max_error);
    LOG_DEBUG("refclock pulse ignored offset=%.9f distance=%.9f max_error=%.9f",
              refclock_log_offset(offset), distance, max_error);
    return false;
}

static void lose_local_lock(struct refclock *clock)
{
    LOG_WARN("Local refclock lost lock");
    sample_filter_reset(clock->filter);
    source_drop_samples(clock->source);
}

/* Completes the pulse with the second of the clock that it is locked to. False: they do not
   agree. */
static bool complete_from_lock(struct refclock *clock, struct local_time time, double dispersion,
                               double *offset, int *leap)
{
    const struct source_sample *last = sample_filter_last(clock->lock->filter);
    struct source_sample ref = {.time = time, .offset = *offset};
    double rate = clock->rate, sample_diff, offset_diff;

    if (last)
        ref = *last;
    else if (!clock->conf.local) {
        LOG_DEBUG("refclock pulse ignored no ref sample");
        note_ignored(clock, FINDING_REFCLOCK_LOCK_SILENT, 0.0, 0.0);
        return false;
    }
    ref.root_dispersion += sample_filter_average_dispersion(clock->lock->filter);

    sample_diff = local_diff(time, ref.time);
    if (!(fabs(sample_diff) < clock->max_lock_age / rate)) {
        LOG_DEBUG("refclock pulse ignored samplediff=%.9f", sample_diff);
        note_ignored(clock, FINDING_REFCLOCK_LOCK_SILENT, fabs(sample_diff),
                     clock->max_lock_age / rate);
        if (clock->conf.local)
            lose_local_lock(clock);
        return false;
    }
    *offset += round((ref.offset - *offset) * rate) / rate;
    offset_diff = ref.offset - *offset;
    if (!(fabs(offset_diff) + ref.root_dispersion + dispersion <= MAX_ERROR_PULSES / rate)) {
        LOG_DEBUG("refclock pulse ignored offdiff=%.9f refdisp=%.9f disp=%.9f",
                  refclock_log_offset(offset_diff), ref.root_dispersion, dispersion);
        note_ignored(clock, FINDING_REFCLOCK_LOCK_DIFFERS,
                     fabs(offset_diff) + ref.root_dispersion + dispersion, MAX_ERROR_PULSES / rate);
        return false;
    }
    if (!edge_is_right(clock, offset_diff, 0.0))
        return false;
    *leap = clock->lock->leap;
    LOG_DEBUG("refclock pulse offset=%.9f offdiff=%.9f samplediff=%.9f",
              refclock_log_offset(*offset), refclock_log_offset(offset_diff), sample_diff);
    return true;
}

/* Completes the pulse with the second of the system clock or the local reference. False: their
   error is too large. */
static bool complete_from_reference(struct refclock *clock, struct local_time time, double offset,
                                    int *leap)
{
    struct reference_data reference;

    reference_get(clock->set->reference, time, &reference);
    double distance = fabs(reference.root_delay) / 2.0 + reference.root_dispersion;
    if (reference.leap == LEAP_UNSYNC || !(distance < HALF_PULSE / clock->rate)) {
        LOG_DEBUG("refclock pulse ignored offset=%.9f sync=%d dist=%.9f",
                  refclock_log_offset(offset), reference.leap != LEAP_UNSYNC, distance);
        note_ignored(clock, FINDING_REFCLOCK_NEEDS_TIME, distance, HALF_PULSE / clock->rate);
        sample_filter_reset(clock->filter);
        return false;
    }
    *leap = reference.leap;
    return edge_is_right(clock, offset, distance);
}

/* Into (-0.5, 0.5] of the interval of pulses. */
static double reduce_to_pulse(double offset, double rate)
{
    offset -= trunc(offset * rate) / rate;
    if (offset <= -HALF_PULSE / rate)
        offset += 1.0 / rate;
    else if (offset > HALF_PULSE / rate)
        offset -= 1.0 / rate;
    return offset;
}

void refclock_add_cooked_pulse(struct refclock *clock, const struct cooked_pulse *pulse)
{
    double dispersion = pulse->dispersion + clock->precision, offset;
    int leap = LEAP_NORMAL;

    if (!clock->source)
        return;
    if (!time_offset_is_sane(pulse->time.i, pulse->second)) {
        refclock_bad_input(clock, "impossible time");
        return;
    }
    if (!age_is_valid(clock, pulse->time))
        return;

    offset = reduce_to_pulse(pulse->second - clock->offset, clock->rate);
    if (refclock_is_locked(clock)) {
        if (!complete_from_lock(clock, pulse->time, dispersion, &offset, &leap))
            return;
    } else if (!complete_from_reference(clock, pulse->time, offset, &leap)) {
        return;
    }
    if (!accumulate(clock, pulse->time, offset, dispersion, pulse->quality))
        return;
    clock->leap = leap;
    clock->pulse_driven = true;
    refclock_log_sample(clock, pulse->time, true, offset - pulse->raw_correction + clock->offset,
                        offset, dispersion);
    count_event(clock);
}

void refclock_add_pulse(struct refclock *clock, struct raw_time system, double second, int quality)
{
    double dispersion;
    double correction = local_clock_correction(clock->set->env.clock, system, &dispersion);
    struct cooked_pulse pulse = {
        .time = {instant_add(system.i, correction)},
        .second = second + correction,
        .dispersion = dispersion,
        .raw_correction = correction,
        .quality = quality,
    };

    if (!time_offset_is_sane(system.i, 0.0)) {
        refclock_bad_input(clock, "impossible time");
        return;
    }
    refclock_add_cooked_pulse(clock, &pulse);
}
