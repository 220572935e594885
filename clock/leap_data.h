/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leap second data of the system: a leap-seconds.list file or a time zone that counts leap seconds
 * (discipline.md 17.1, daemon.md 20). Called by the leap second module once a day or so.
 */
#ifndef CLOCK_LEAP_DATA_H
#define CLOCK_LEAP_DATA_H

#include <stdint.h>
#include "base/world.h"

struct leap_data;

struct leap_day {
    int leap;       /* enum leap_status: what the end of the UTC day brings */
    int tai_offset; /* TAI-UTC in seconds on that day; 0: unknown */
};

/* list, zone: leapseclist and leapsectz, or NULL; must stay valid. Each is tried first, and left
   out with a warning if it is of no use. The list has priority. Never returns NULL: without a
   source every day is normal. */
struct leap_data *leap_data_new(struct world *world, const char *list, const char *zone);
void leap_data_free(struct leap_data *data);

/* The day of a time (seconds since 1970). The answer is cached for half a day: so a changed file is
   noticed, and is not read with every call. */
struct leap_day leap_data_get(struct leap_data *data, int64_t time);

#endif
