/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manual input (discipline.md 23). Owns the samples, which follow the changes of the clock. It
 * corrects the clock through the reference only.
 */
#include "chronyd/manual.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/regression.h"
#include "base/text.h"
#include "ntp/wire/packet.h"

#define MIN_SAMPLE_INTERVAL  1.0
#define REGRESSION_TOLERANCE 1.0e-8
#define REFID_MANUAL         0x4d414e55 /* MANU */
#define UNKNOWN_SKEW         0.099999999

struct sample {
    struct local_time when;
    double original_offset; /* positive: clock fast */
    double offset;          /* with the corrections since then */
    double residual;
};

struct manual {
    struct manual_env env;
    bool enabled;
    int count;
    struct sample samples[REPORT_MANUAL_MAX]; /* oldest first */
};

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct manual *m = arg;

    if (change->type == CLOCK_UNKNOWN_STEP) {
        m->count = 0;
        return;
    }
    for (int i = 0; i < m->count; i++)
        m->samples[i].offset +=
            local_adjust(&m->samples[i].when, change->cooked, change->dfreq, change->doffset);
}

struct manual *manual_new(const struct manual_env *env, bool enabled)
{
    struct manual *m = mem_alloc(sizeof(*m));

    m->env = *env;
    m->enabled = enabled;
    local_clock_add_handler(env->clock, CLOCK_HOLDER_MANUAL, on_clock_change, m);
    return m;
}

void manual_free(struct manual *m)
{
    if (!m)
        return;
    local_clock_remove_handler(m->env.clock, on_clock_change, m);
    free(m);
}

bool manual_is_enabled(const struct manual *m)
{
    return m->enabled;
}

void manual_enable(struct manual *m, bool enabled)
{
    m->enabled = enabled;
}

void manual_reset(struct manual *m)
{
    m->count = 0;
}

static void remove_sample(struct manual *m, int index)
{
    m->count--;
    memmove(&m->samples[index], &m->samples[index + 1],
            (size_t)(m->count - index) * sizeof(m->samples[0]));
}

/* Fits a line to the samples over their age. False: too few samples; the line is the given offset
   then. */
static bool fit_samples(struct manual *m, double offset, struct regression_robust *fit)
{
    double age[REPORT_MANUAL_MAX], offsets[REPORT_MANUAL_MAX];

    for (int i = 0; i < m->count; i++) {
        age[i] = local_diff(m->samples[m->count - 1].when, m->samples[i].when);
        offsets[i] = m->samples[i].offset;
    }
    bool found = m->count >= 2 &&
                 regression_robust_line(age, offsets, m->count, REGRESSION_TOLERANCE, fit) &&
                 isfinite(fit->intercept) && isfinite(fit->slope);
    if (!found)
        *fit = (struct regression_robust){.intercept = offset};
    if (m->count == 1)
        offsets[0] = fit->intercept;
    for (int i = 0; i < m->count; i++)
        m->samples[i].residual = offsets[i] - (fit->intercept + age[i] * fit->slope);
    return found;
}

/* Corrects the clock (discipline.md 23.3). given: the offset just entered, or NULL. */
static void correct_clock(struct manual *m, struct local_time now, const double *given,
                          struct manual_estimate *estimate)
{
    struct regression_robust fit;
    bool found = fit_samples(m, given ? *given : 0.0, &fit);
    double freq = found ? -fit.slope : 0.0;
    double slew = given ? *given : fit.intercept;

    if (found)
        LOG_INFO("Making a frequency change of %.3f ppm and a slew of %.6f", 1.0e6 * freq, slew);
    else
        LOG_INFO("Making a slew of %.6f", slew);

    struct reference_update update = {
        .leap = LEAP_UNSYNC,
        .combined_sources = 1,
        .refid = REFID_MANUAL,
        .ref_time = now,
        .offset = slew,
        .frequency = freq,
        .frequency_sd = UNKNOWN_SKEW,
        .skew = UNKNOWN_SKEW,
    };
    reference_update(m->env.reference, &update);
    *estimate = (struct manual_estimate){
        .offset = fit.intercept,
        .freq_change_ppm = 1.0e6 * freq,
        .new_freq_ppm = local_clock_read_frequency(m->env.clock),
    };
}

bool manual_accept(struct manual *m, struct instant time, struct manual_estimate *estimate)
{
    struct local_time now = local_clock_now(m->env.clock, NULL);
    double offset = local_diff(now, (struct local_time){time});

    if (!time_offset_is_sane(time, 0.0))
        return false;
    if (m->count > 0 && local_diff(now, m->samples[m->count - 1].when) < MIN_SAMPLE_INTERVAL)
        return false;

    if (m->count == REPORT_MANUAL_MAX)
        remove_sample(m, 0);
    m->samples[m->count++] =
        (struct sample){.when = now, .original_offset = offset, .offset = offset};
    correct_clock(m, now, &offset, estimate);
    return true;
}

void manual_list(const struct manual *m, struct report_manual_list *list)
{
    *list = (struct report_manual_list){.count = (uint32_t)m->count};
    for (int i = 0; i < m->count; i++)
        list->samples[i] = (struct report_manual_sample){
            .when = m->samples[i].when.i,
            .slewed_offset = m->samples[i].offset,
            .orig_offset = m->samples[i].original_offset,
            .residual = m->samples[i].residual,
        };
}

bool manual_delete(struct manual *m, int index)
{
    struct manual_estimate estimate;

    if (index < 0 || index >= m->count)
        return false;
    remove_sample(m, index);
    correct_clock(m, local_clock_now(m->env.clock, NULL), NULL, &estimate);
    return true;
}
