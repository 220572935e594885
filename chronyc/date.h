/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free-form dates of settime (chronyc.md 10.16).
 */
#ifndef CHRONYC_DATE_H
#define CHRONYC_DATE_H

#include <stdbool.h>
#include "base/instant.h"

/* Reads a date relative to now, in the local time zone (TZ); the result has no fraction. False:
   the text cannot be understood. */
bool date_parse(const char *text, struct instant now, struct instant *result);

#endif
