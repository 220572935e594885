/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers that the simulator hands to virtual_time.so, as text in the environment, and the
 * figures that come back. Linked into both; it calls nothing of either.
 */
#include "test/interop/virtual_time.h"

#include <inttypes.h>
#include <stdio.h>

#define MAX_NUMBERS 32
#define SETTINGS    7

/* All that are of type double, in the order of the text. Their count. */
static int list_numbers(struct virtual_time_params *p, double *numbers[static MAX_NUMBERS])
{
    struct sim_device *shm = &p->devices[SIM_SHM], *pps = &p->devices[SIM_PPS];
    struct sim_device *phc = &p->devices[SIM_PHC];
    double *all[] = {
        &p->duration,
        &p->oscillator.offset,
        &p->oscillator.frequency,
        &p->oscillator.wander,
        &p->there.delay,
        &p->there.jitter,
        &p->there.loss,
        &p->back.delay,
        &p->back.jitter,
        &p->back.loss,
        &p->bounds.from,
        &p->bounds.offset,
        &p->bounds.frequency,
        &p->nic.jitter,
        &p->nic.rx_error,
        &p->nic.tx_error,
        &p->nic.missed,
        &p->nic.tx_delay,
        &p->nic.latency,
        &p->nic.kernel_latency,
        &shm->offset,
        &shm->jitter,
        &pps->offset,
        &pps->jitter,
        &phc->offset,
        &phc->rate,
        &phc->delay,
        &phc->jitter,
        &phc->asymmetry,
    };
    int count = sizeof(all) / sizeof(all[0]);

    _Static_assert(sizeof(all) / sizeof(all[0]) <= MAX_NUMBERS, "they fit");
    for (int i = 0; i < count; i++)
        numbers[i] = all[i];
    return count;
}

/* The other things that differ from scenario to scenario, as integers. */
static void get_settings(const struct virtual_time_params *p, int settings[static SETTINGS])
{
    settings[0] = p->node;
    settings[1] = p->server_precision;
    settings[2] = p->nic.present;
    settings[3] = p->devices[SIM_SHM].present;
    settings[4] = p->devices[SIM_PPS].present;
    settings[5] = p->devices[SIM_PPS].pulses;
    settings[6] = p->devices[SIM_PHC].present;
}

static void set_settings(struct virtual_time_params *p, const int settings[static SETTINGS])
{
    p->node = settings[0];
    p->server_precision = settings[1];
    p->nic.present = settings[2] != 0;
    p->devices[SIM_SHM].present = settings[3] != 0;
    p->devices[SIM_PPS].present = settings[4] != 0;
    p->devices[SIM_PPS].pulses = settings[5];
    p->devices[SIM_PHC].present = settings[6] != 0;
}

void virtual_time_format(char text[static VIRTUAL_TIME_TEXT_SIZE],
                         const struct virtual_time_params *params)
{
    struct virtual_time_params copy = *params;
    double *numbers[MAX_NUMBERS];
    int count = list_numbers(&copy, numbers), settings[SETTINGS];
    int length =
        snprintf(text, VIRTUAL_TIME_TEXT_SIZE, "%" PRIu64 " %" PRId64, params->seed, params->start);

    /* A number has 25 characters at the most. */
    _Static_assert(MAX_NUMBERS * 25 + SETTINGS * 12 + 50 < VIRTUAL_TIME_TEXT_SIZE, "they fit");
    get_settings(params, settings);
    for (int i = 0; i < SETTINGS; i++)
        length +=
            snprintf(text + length, VIRTUAL_TIME_TEXT_SIZE - (size_t)length, " %d", settings[i]);
    for (int i = 0; i < count; i++)
        length +=
            snprintf(text + length, VIRTUAL_TIME_TEXT_SIZE - (size_t)length, " %.17g", *numbers[i]);
}

bool virtual_time_parse(const char *text, struct virtual_time_params *p)
{
    double *numbers[MAX_NUMBERS];
    int count = list_numbers(p, numbers), settings[SETTINGS], length;

    if (sscanf(text, "%" SCNu64 " %" SCNd64 "%n", &p->seed, &p->start, &length) != 2)
        return false;
    text += length;
    for (int i = 0; i < SETTINGS; i++) {
        if (sscanf(text, "%d%n", &settings[i], &length) != 1)
            return false;
        text += length;
    }
    set_settings(p, settings);
    for (int i = 0; i < count; i++) {
        if (sscanf(text, "%lf%n", numbers[i], &length) != 1)
            return false;
        text += length;
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
