/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time smoothing (discipline.md 21): what is added to the time that is served, so that it changes
 * slowly while the own clock makes large corrections. Follows the announcements of the clock;
 * asked by the NTP server.
 */
#ifndef CLOCK_SMOOTHING_H
#define CLOCK_SMOOTHING_H

#include <stdbool.h>
#include "base/report.h"
#include "clock/local_clock.h"
#include "clock/reference.h"
#include "clock/smoothing_curve.h"
#include "conf/groups.h"

struct smoothing;

/* NULL when smoothtime is off; the other functions accept NULL. Sets the step and leap hooks of the
   clock. Must be created after the reference. */
struct smoothing *smoothing_new(struct local_clock *clock, const struct reference *reference,
                                const struct smoothing_conf *conf);
void smoothing_free(struct smoothing *smoothing);

/* What the served time is at any local time, until smoothing changes. */
struct smoothing_view smoothing_view(const struct smoothing *smoothing);
/* Seconds to be added to a cooked time that is served. False: off. */
bool smoothing_offset(const struct smoothing *smoothing, struct local_time when, double *offset);

/* Commands and report. False: off. */
bool smoothing_reset(struct smoothing *smoothing);
bool smoothing_activate(struct smoothing *smoothing);
bool smoothing_report(const struct smoothing *smoothing, struct report_smoothing *report);

#endif
