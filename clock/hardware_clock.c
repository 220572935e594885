/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping of a hardware clock to the local clock, see hardware_clock.h.
 */
#include "clock/hardware_clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/quantile.h"
#include "base/regression.h"
#include "base/text.h"

#define MIN_SAMPLES 2
#define MAX_SAMPLES 64

#define SLOPE_TOLERANCE 1e-10
#define MAX_FREQ_ERROR  (2.0 / 3.0)

/* Readings are good if their delay is between these quantiles. */
#define LOW_QUANTILE        1
#define HIGH_QUANTILE       2
#define QUANTILE_SCALE      10
#define QUANTILE_REPEAT     7
#define QUANTILE_LARGE_STEP 1000
#define QUANTILE_MIN_STEP   1e-9

struct hardware_clock {
    struct local_clock *clock;
    int min_samples, max_samples;
    double min_separation;
    double precision;
    struct quantile *delays;

    /* The newest sample, and all samples as intervals from it, oldest first. */
    int count;
    struct hardware_time hardware_ref;
    struct local_time local_ref;
    double x[MAX_SAMPLES]; /* local, not corrected for the frequency of the system clock */
    double y[MAX_SAMPLES]; /* hardware */
    double last_error;

    bool valid;
    double offset;
    double frequency; /* hardware seconds in a local second */
};

static int limit(int value)
{
    return value < MIN_SAMPLES ? MIN_SAMPLES : value > MAX_SAMPLES ? MAX_SAMPLES : value;
}

struct hardware_clock *hardware_clock_new(const struct world *world, struct local_clock *clock,
                                          const struct hardware_clock_params *params)
{
    struct hardware_clock *hw = mem_alloc(sizeof(*hw));

    hw->clock = clock;
    hw->min_samples = limit(params->min_samples);
    hw->max_samples = limit(params->max_samples);
    if (hw->max_samples < hw->min_samples)
        hw->max_samples = hw->min_samples;
    hw->min_separation = params->min_separation;
    hw->precision = params->precision;
    hw->delays = quantile_new(world, LOW_QUANTILE, HIGH_QUANTILE, QUANTILE_SCALE, QUANTILE_REPEAT,
                              QUANTILE_LARGE_STEP, QUANTILE_MIN_STEP);
    return hw;
}

void hardware_clock_free(struct hardware_clock *hw)
{
    if (!hw)
        return;
    quantile_free(hw->delays);
    free(hw);
}

bool hardware_clock_needs_sample(const struct hardware_clock *hw, struct local_time now)
{
    return hw->count == 0 || fabs(local_diff(now, hw->local_ref)) >= hw->min_separation;
}

static double hardware_diff(struct hardware_time a, struct hardware_time b)
{
    return instant_diff(a.i, b.i);
}

/* Cooked seconds per raw second during the readings. */
static double cooked_rate(const struct hardware_clock *hw, struct raw_time first,
                          struct raw_time last)
{
    double raw = raw_diff(last, first);

    if (!(raw > 0.0))
        return 1.0;
    return local_diff(local_clock_cook(hw->clock, last, NULL),
                      local_clock_cook(hw->clock, first, NULL)) /
           raw;
}

/* The mean of the readings with a delay in the given range. False: there is none. */
static bool combine(const struct hardware_clock *hw, const struct phc_reading *readings, int count,
                    double rate, double low, double high, struct hardware_sample *sample)
{
    double hardware = 0.0, system = 0.0, delays = 0.0;
    int combined = 0;

    for (int i = 0; i < count; i++) {
        double raw_delay = raw_diff(readings[i].after, readings[i].before);
        double delay = rate * raw_delay;

        if (delay < low || delay > high)
            continue;
        hardware += hardware_diff(readings[i].time, readings[0].time);
        system += raw_diff(readings[i].before, readings[0].before) + raw_delay / 2.0;
        delays += delay;
        combined++;
    }
    LOG_DEBUG("Combined %d readings lo=%e hi=%e", combined, low, high);
    if (combined == 0)
        return false;
    sample->hardware.i = instant_add(readings[0].time.i, hardware / combined);
    sample->system = raw_add(readings[0].before, system / combined);
    sample->error = fmax(delays / combined / 2.0, hw->precision);
    sample->quality = 2;
    return true;
}

static void use_fastest(const struct hardware_clock *hw, const struct phc_reading *reading,
                        double rate, struct hardware_sample *sample)
{
    double raw_delay = raw_diff(reading->after, reading->before);
    struct local_time mapped;
    double mapped_error = 0.0;

    sample->hardware = reading->time;
    sample->system = raw_add(reading->before, raw_delay / 2.0);
    sample->error = fmax(rate * raw_delay / 2.0, hw->precision);
    sample->quality = 1;
    if (hardware_clock_cook(hw, sample->hardware, &mapped, NULL)) {
        mapped_error = local_diff(local_clock_cook(hw->clock, sample->system, NULL), mapped);
        if (!(mapped_error > sample->error))
            sample->quality = 0;
    }
    LOG_DEBUG("Min-delay reading err=%e prerr=%e ql=%d", sample->error, mapped_error,
              sample->quality);
}

bool hardware_clock_process(struct hardware_clock *hw, const struct phc_reading *readings,
                            int count, struct hardware_sample *sample)
{
    double min_delay = INFINITY, low, high, rate;
    int fastest = 0;

    if (count < 1)
        return false;
    rate = cooked_rate(hw, readings[0].before, readings[count - 1].after);
    for (int i = 0; i < count; i++) {
        double delay = rate * raw_diff(readings[i].after, readings[i].before);

        if (!(delay >= 0.0)) {
            LOG_DEBUG("Bad reading delay=%e", delay);
            return false;
        }
        if (delay < min_delay) {
            min_delay = delay;
            fastest = i;
        }
        quantile_add(hw->delays, delay);
    }
    low = quantile_get(hw->delays, LOW_QUANTILE) - QUANTILE_MIN_STEP / 2.0;
    high = quantile_get(hw->delays, HIGH_QUANTILE) + QUANTILE_MIN_STEP / 2.0;
    low = fmin(low, high);
    high = fmax(high, low + local_clock_precision(hw->clock));
    if (!combine(hw, readings, count, rate, low, high, sample))
        use_fastest(hw, &readings[fastest], rate, sample);
    return true;
}

static void drop_oldest(struct hardware_clock *hw, int number)
{
    size_t left = (size_t)(hw->count - number);

    memmove(hw->x, hw->x + number, left * sizeof(hw->x[0]));
    memmove(hw->y, hw->y + number, left * sizeof(hw->y[0]));
    hw->count -= number;
}

/* Makes a new sample the one that the others are relative to. */
static void move_reference(struct hardware_clock *hw, struct hardware_time hardware,
                           struct local_time local, double local_freq)
{
    if (hw->count == 0)
        return;
    if (hw->count >= hw->max_samples)
        drop_oldest(hw, hw->count - hw->max_samples + 1);
    double hardware_step = hardware_diff(hardware, hw->hardware_ref);
    double local_step = local_diff(local, hw->local_ref) / local_freq;
    if (!(hardware_step > 0.0) || local_step < hw->min_separation / 2.0) {
        LOG_DEBUG("HW clock reset interval=%f", local_step);
        hw->count = 0;
    }
    for (int i = 0; i < hw->count; i++) {
        hw->x[i] -= local_step;
        hw->y[i] -= hardware_step;
    }
}

void hardware_clock_add(struct hardware_clock *hw, struct hardware_time hardware,
                        struct local_time local, double error)
{
    double local_freq = 1.0 - 1e-6 * local_clock_read_frequency(hw->clock);
    struct regression_robust line;

    move_reference(hw, hardware, local, local_freq);
    hw->x[hw->count] = 0.0;
    hw->y[hw->count] = 0.0;
    hw->count++;
    hw->hardware_ref = hardware;
    hw->local_ref = local;
    hw->last_error = error;

    hw->valid = regression_robust_line(hw->x, hw->y, hw->count, SLOPE_TOLERANCE, &line);
    if (!hw->valid) {
        LOG_DEBUG("HW clock needs more samples");
        return;
    }
    hw->offset = line.intercept;
    hw->frequency = line.slope / local_freq;
    if (hw->count > hw->min_samples) {
        int surplus = hw->count - hw->min_samples;
        drop_oldest(hw, line.start < surplus ? line.start : surplus);
    }
    if (!(fabs(hw->offset) <= error && fabs(hw->frequency - 1.0) <= MAX_FREQ_ERROR)) {
        LOG_DEBUG("HW clock reset");
        hw->count = 0;
        hw->valid = false;
        return;
    }
    LOG_DEBUG("HW clock samples=%d offset=%e freq=%e raw_freq=%e err=%e ref_diff=%e", hw->count,
              hw->offset, hw->frequency - 1.0, line.slope - 1.0, error,
              instant_diff(hw->hardware_ref.i, hw->local_ref.i));
}

bool hardware_clock_cook(const struct hardware_clock *hw, struct hardware_time hardware,
                         struct local_time *local, double *error)
{
    if (!hw->valid)
        return false;
    *local = local_add(hw->local_ref,
                       hardware_diff(hardware, hw->hardware_ref) / hw->frequency - hw->offset);
    if (error)
        *error = hw->last_error;
    return true;
}

void hardware_clock_change(struct hardware_clock *hw, const struct clock_change *change)
{
    if (hw->count > 0)
        local_adjust(&hw->local_ref, change->cooked, change->dfreq, change->doffset);
    if (hw->valid)
        hw->frequency /= 1.0 - change->dfreq;
}
