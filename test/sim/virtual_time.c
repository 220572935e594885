/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/interop/virtual_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_NUMBERS 32

/* All that are of type double, in the order of the text. Their count. */
static int list_numbers(struct virtual_time_params *p, double *numbers[static MAX_NUMBERS])
{
    double *all[] = {
        &p->duration,          &p->oscillator.offset, &p->oscillator.frequency,
        &p->oscillator.wander, &p->there.delay,       &p->there.jitter,
        &p->there.loss,        &p->back.delay,        &p->back.jitter,
        &p->back.loss,         &p->bounds.from,       &p->bounds.offset,
        &p->bounds.frequency,  &p->shm_jitter,        &p->nic.jitter,
        &p->nic.rx_error,      &p->nic.tx_error,      &p->nic.missed,
        &p->nic.tx_delay,      &p->nic.latency,       &p->nic.kernel_latency,
        &p->phc.offset,        &p->phc.rate,          &p->phc.delay,
        &p->phc.jitter,        &p->phc.asymmetry,
    };
    int count = sizeof(all) / sizeof(all[0]);

    _Static_assert(sizeof(all) / sizeof(all[0]) <= MAX_NUMBERS, "they fit");
    for (int i = 0; i < count; i++)
        numbers[i] = all[i];
    return count;
}

void virtual_time_format(char text[static VIRTUAL_TIME_TEXT_SIZE],
                         const struct virtual_time_params *params)
{
    struct virtual_time_params copy = *params;
    double *numbers[MAX_NUMBERS];
    int count = list_numbers(&copy, numbers);
    int length =
        snprintf(text, VIRTUAL_TIME_TEXT_SIZE, "%" PRIu64 " %" PRId64 " %d %d %d", params->seed,
                 params->start, params->node, params->server_precision, params->nic.present);

    /* 27 characters are the longest that one of them can have. */
    _Static_assert(MAX_NUMBERS * 27 + 100 < VIRTUAL_TIME_TEXT_SIZE, "they fit");
    for (int i = 0; i < count; i++)
        length +=
            snprintf(text + length, VIRTUAL_TIME_TEXT_SIZE - (size_t)length, " %.17g", *numbers[i]);
}

bool virtual_time_parse(const char *text, struct virtual_time_params *p)
{
    double *numbers[MAX_NUMBERS];
    int count = list_numbers(p, numbers), present, length;

    if (sscanf(text, "%" SCNu64 " %" SCNd64 " %d %d %d%n", &p->seed, &p->start, &p->node,
               &p->server_precision, &present, &length) != 5)
        return false;
    p->nic.present = p->phc.present = present != 0;
    text += length;
    for (int i = 0; i < count; i++) {
        char *end;

        *numbers[i] = strtod(text, &end);
        if (end == text)
            return false;
        text = end;
    }
    return *text == '\0';
}

void virtual_time_format_result(char text[static VIRTUAL_TIME_TEXT_SIZE],
                                const struct sim_result *r)
{
    snprintf(text, VIRTUAL_TIME_TEXT_SIZE,
             "virtual time: %.17g %.17g %.17g %.17g %.17g %.17g %.17g %" PRIu64 " %.17g",
             r->sync_time, r->max_offset, r->rms_offset, r->max_frequency, r->rms_frequency,
             r->min_raw_step, r->max_raw_step, r->packets, r->final_offset);
}

bool virtual_time_parse_result(const char *text, struct sim_result *r)
{
    return sscanf(text, "virtual time: %lf %lf %lf %lf %lf %lf %lf %" SCNu64 " %lf", &r->sync_time,
                  &r->max_offset, &r->rms_offset, &r->max_frequency, &r->rms_frequency,
                  &r->min_raw_step, &r->max_raw_step, &r->packets, &r->final_offset) == 9;
}
