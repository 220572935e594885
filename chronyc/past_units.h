/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as they stand in a report about the past: with the unit that fits and three digits, and
 * dates in UTC. A text lives as long as the expression that it is made in (format.h).
 */
#ifndef CHRONYC_PAST_UNITS_H
#define CHRONYC_PAST_UNITS_H

#include <stdint.h>
#include "chronyc/format.h"

/* Seconds as "12.3 us", "-" for a NAN; without its sign, or always with it. */
struct formatted past_time(double seconds);
struct formatted past_signed_time(double seconds);
/* A limit as it was set: "1 ms", "250 us", with up to six digits. */
struct formatted past_limit(double seconds);
/* The unit for values of this size: its name, and what seconds are multiplied by. */
const char *past_time_unit(double seconds, double *factor);
/* A length of time in its two largest units: "3 d 4 h", "2 min 5 s". */
struct formatted past_length(double seconds);
/* "-12.345 ppm", with three decimals; "-" for a NAN. */
struct formatted past_ppm(double ppm);
/* Part of a whole in per cent. "100 %" is said of the whole only, "0 %" of nothing only. */
struct formatted past_percent(int64_t part, int64_t whole);
/* The same with one decimal, for columns. */
struct formatted past_share(int64_t part, int64_t whole);
/* Seconds since 1970 as "2026-11-30 12:34:56", and without the seconds. */
struct formatted past_date(int64_t time);
struct formatted past_date_minutes(int64_t time);

#endif
