/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frequency that the reference starts with, and its drift file (discipline.md 15.1, 16.4).
 * Called by the reference only.
 */
#include <math.h>
#include "base/log.h"
#include "clock/drift_file.h"
#include "clock/reference_state.h"

#define MIN_SKEW 1.0e-12

void reference_read_drift_file(struct reference *r)
{
    double freq_ppm = 0.0, skew_ppm;
    enum drift_file_status status = DRIFT_FILE_MISSING;

    if (r->conf.drift_file.path)
        status = drift_file_read(r->world, r->conf.drift_file.path, &freq_ppm, &skew_ppm);
    if (status == DRIFT_FILE_OK) {
        r->skew = fmax(MIN_SKEW, 1.0e-6 * skew_ppm);
        LOG_INFO("Frequency %.3f +/- %.3f ppm read from %s", freq_ppm, skew_ppm,
                 r->conf.drift_file.path);
        local_clock_set_frequency(r->clock, freq_ppm);
    } else {
        freq_ppm = 0.0;
        if (status == DRIFT_FILE_INVALID)
            LOG_WARN("Could not read valid frequency and skew from driftfile %s",
                     r->conf.drift_file.path);
    }
    /* A frequency that another program has set before stays in effect. */
    if (freq_ppm == 0.0 && local_clock_read_frequency(r->clock) != 0.0)
        LOG_INFO("Initial frequency %.3f ppm", local_clock_read_frequency(r->clock));
    if (r->conf.drift_file.path)
        r->drift_file = drift_file_new(r->world, r->loop, r->conf.drift_file.path);
}

void reference_write_drift_file(struct reference *r, double interval)
{
    const struct drift_file_values values = {local_clock_read_frequency(r->clock), r->skew * 1.0e6};

    if (!r->drift_file)
        return;
    if (interval > 0.0)
        state_file_write_later(r->drift_file, interval, drift_file_print, &values);
    else
        state_file_write(r->drift_file, drift_file_print, &values);
}

void reference_age_drift_file(struct reference *r, double interval)
{
    r->drift_file_age += interval;
    if (r->drift_file_age < r->conf.drift_file.interval)
        return;
    reference_write_drift_file(r, r->conf.drift_file.interval);
    r->drift_file_age = 0.0;
}

bool reference_drift_file_is_failing(const struct reference *r)
{
    return state_file_is_failing(r->drift_file);
}
