/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readings and pulses of the clock devices; see virtual_devices.h. Called by virtual_time.c and
 * virtual_card.c. It reads no clock: the time is given.
 */
#include "test/interop/virtual_devices.h"

#include <errno.h>
#include <linux/pps.h>
#include <linux/ptp_clock.h>
#include <math.h>
#include <string.h>

#define NS 1000000000

/* ---- PTP clock ---- */

int64_t virtual_phc_shown(const struct virtual_phc *phc, int64_t now, double from_now)
{
    double gained = phc->spec.offset + phc->spec.rate * 1e-9 * (double)now;

    return phc->start * NS + now + (int64_t)floor(gained * 1e9) + (int64_t)floor(from_now * 1e9);
}

static struct ptp_clock_time to_ptp(int64_t time)
{
    return (struct ptp_clock_time){.sec = time / NS, .nsec = (uint32_t)(time % NS)};
}

/* As phc_read() of devices.c: the last reading ends not long before now. */
static void read_phc(const struct virtual_phc *phc, struct sim_random *random,
                     struct ptp_sys_offset_extended *readings, int64_t now, int64_t raw)
{
    int count = (int)readings->n_samples;

    for (int i = 0; i < count; i++) {
        double extra = fabs(phc->spec.jitter * sim_random_normal(random));
        double at = SIM_READING_INTERVAL * (i - count), delay = phc->spec.delay + extra;
        double middle = 0.5 * phc->spec.delay + (0.5 + phc->spec.asymmetry) * extra;

        readings->ts[i][0] = to_ptp(raw + llround(at * 1e9));
        readings->ts[i][1] = to_ptp(virtual_phc_shown(phc, now, at + middle));
        readings->ts[i][2] = to_ptp(raw + llround((at + delay) * 1e9));
    }
}

int virtual_phc_request(const struct virtual_phc *phc, struct sim_random *random,
                        unsigned long request, void *data, int64_t now, int64_t raw)
{
    switch (request) {
    case PTP_CLOCK_GETCAPS:
        memset(data, 0, sizeof(struct ptp_clock_caps));
        return 0;
    case PTP_SYS_OFFSET_EXTENDED:
        if (((struct ptp_sys_offset_extended *)data)->n_samples > PTP_MAX_SAMPLES)
            return EINVAL;
        read_phc(phc, random, data, now, raw);
        return 0;
    default:
        return EOPNOTSUPP;
    }
}

/* ---- PPS ---- */

static int fetch(const struct virtual_pps *pps, struct pps_fdata *data)
{
    data->info = (struct pps_kinfo){
        .assert_sequence = pps->sequence,
        .assert_tu = {.sec = pps->time / NS, .nsec = (int32_t)(pps->time % NS)},
    };
    return 0;
}

int virtual_pps_request(const struct virtual_pps *pps, unsigned long request, void *data)
{
    int mode = PPS_CAPTUREASSERT | PPS_TSFMT_TSPEC;

    switch (request) {
    case PPS_GETCAP:
        memcpy(data, &mode, sizeof(mode));
        return 0;
    case PPS_GETPARAMS:
        *(struct pps_kparams *)data = (struct pps_kparams){.api_version = 1, .mode = mode};
        return 0;
    case PPS_SETPARAMS:
        return ((struct pps_kparams *)data)->mode == mode ? 0 : EINVAL;
    case PPS_FETCH:
        return fetch(pps, data);
    default:
        return EOPNOTSUPP;
    }
}
