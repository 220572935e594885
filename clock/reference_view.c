/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of the reference at a local time. Called by the reference itself, and by those who
 * answer from a copy of what it knows. It reads no clock and keeps nothing.
 */
#include "clock/reference_view.h"

#include <math.h>
#include "base/refid.h"
#include "clock/estimate.h"

double reference_view_dispersion(const struct reference_view *v, struct local_time when)
{
    if (local_is_zero(v->ref_time))
        return REFERENCE_UNKNOWN_DISTANCE;
    double elapsed = fabs(local_diff(when, v->ref_time));
    double dispersion = v->root_dispersion + elapsed * v->rate;

    return v->wander > 0.0 ? dispersion + estimate_wander_bound(v->wander, elapsed) : dispersion;
}

/* Root dispersion as it counts for the choice between the reference and the local one. */
static double dispersion_at(const struct reference_view *v, struct local_time when)
{
    return v->synchronised ? reference_view_dispersion(v, when) : 0.0;
}

bool reference_view_activated(const struct reference_view *v, struct local_time when)
{
    double distance = 0.5 * v->root_delay + dispersion_at(v, when);

    return v->local.activated || v->local.activate == 0.0 ||
           (v->synchronised && distance < v->local.activate);
}

bool reference_view_get(const struct reference_view *v, struct local_time when,
                        struct reference_data *out)
{
    double dispersion = dispersion_at(v, when);
    double distance = 0.5 * v->root_delay + dispersion;
    bool waited = v->synchronised ? local_diff(when, v->ref_time) >= v->local.wait_synced
                                  : v->local.waited_unsynced;
    bool local_ready = v->local.enabled && reference_view_activated(v, when) && waited;

    if (v->synchronised && !(local_ready && distance > v->local.distance)) {
        *out = (struct reference_data){
            .synchronised = true,
            .leap = v->leap,
            .stratum = v->stratum,
            .refid = v->refid,
            .ref_time = v->ref_time,
            .root_delay = v->root_delay,
            .root_dispersion = dispersion,
        };
        return false;
    }
    if (local_ready) {
        *out = (struct reference_data){
            .leap = LEAP_NORMAL,
            .stratum = v->local.stratum,
            .refid = REFID_LOCAL,
            .ref_time = v->local.ref_time,
        };
        return true;
    }
    *out = (struct reference_data){
        .leap = LEAP_UNSYNC,
        .stratum = NTP_MAX_STRATUM,
        .refid = REFID_UNSYNC,
        .root_delay = REFERENCE_UNKNOWN_DISTANCE,
        .root_dispersion = REFERENCE_UNKNOWN_DISTANCE,
    };
    return false;
}
