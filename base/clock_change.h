/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Announcement of a change of the local clock to everybody who stores local times
 * (discipline.md 4.4). Holders adjust what they hold with local_adjust().
 */
#ifndef BASE_CLOCK_CHANGE_H
#define BASE_CLOCK_CHANGE_H

#include "base/instant.h"

enum clock_change_type { CLOCK_ADJUST, CLOCK_STEP, CLOCK_UNKNOWN_STEP };

struct clock_change {
    enum clock_change_type type;
    struct raw_time raw;
    struct local_time cooked; /* before the change, where an offset is changed */
    double dfreq;             /* gain of the clock relative to its present setting */
    double doffset;           /* seconds, positive: the clock was fast and is moved back */
};

typedef void (*clock_change_handler)(const struct clock_change *change, void *arg);

#endif
