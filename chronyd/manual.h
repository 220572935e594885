/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manual input of the time (discipline.md 23, cmdmon.md 14.9): a register of the times that people
 * entered, and the corrections of the clock that follow from them. Called for control commands.
 */
#ifndef CHRONYD_MANUAL_H
#define CHRONYD_MANUAL_H

#include <stdbool.h>
#include "base/report.h"
#include "clock/local_clock.h"
#include "clock/reference.h"

struct manual;

struct manual_env {
    struct world *world;
    struct local_clock *clock;
    struct reference *reference;
};

/* enabled: by the directive manual. */
struct manual *manual_new(const struct manual_env *env, bool enabled);
void manual_free(struct manual *manual);

bool manual_is_enabled(const struct manual *manual);
void manual_enable(struct manual *manual, bool enabled);
/* Forgets the samples. */
void manual_reset(struct manual *manual);

struct manual_estimate {
    double offset; /* seconds, positive: the clock was fast */
    double freq_change_ppm;
    double new_freq_ppm;
};

/* Enters a time and corrects the clock. False: the time is not sane, or the last entry is less
   than a second old. Whether manual input is enabled is the caller's to check. */
bool manual_accept(struct manual *manual, struct instant time, struct manual_estimate *estimate);
void manual_list(const struct manual *manual, struct report_manual_list *list);
/* Removes the sample with this index, counted from the oldest, and corrects the clock by the
   trend of the others. False: no such sample. */
bool manual_delete(struct manual *manual, int index);

#endif
