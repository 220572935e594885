/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference clocks (system.md 2 and 3, discipline.md 26): the set of all `refclock` directives. The
 * daemon opens the devices early, as root, gives the clocks their sources when those exist, and
 * starts them together with the NTP sources. Reports and commands find a clock by its source.
 */
#ifndef CHRONYD_REFCLOCK_REFCLOCK_H
#define CHRONYD_REFCLOCK_REFCLOCK_H

#include <stdbool.h>
#include "base/finding.h"
#include "base/report.h"
#include "base/world.h"
#include "clock/local_clock.h"
#include "clock/measurement_log.h"
#include "clock/reference.h"
#include "conf/groups.h"
#include "source/source.h"

struct refclock_set;

struct refclock_env {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
    struct measurement_log *log; /* NULL: none */
};

/* An empty set; registers with the clock for changes. */
struct refclock_set *refclock_set_new(const struct refclock_env *env);
/* Makes the clocks of conf, whose strings must outlive the set, and opens their devices. A failure
   ends the program with one message (system.md 2.2). */
void refclock_set_open(struct refclock_set *set, const struct refclocks_conf *conf);
/* After a fatal error: sockets are removed from the file system. */
void refclock_set_clean_up(struct refclock_set *set);
/* Gives each clock its source. Before NTP sources are made, so that they come first in reports. */
void refclock_set_attach(struct refclock_set *set, struct source_register *sources,
                         struct reference *reference);
/* Begins measurements (system.md 2.4). */
void refclock_set_start(struct refclock_set *set);
/* Closes the devices in the order of the configuration. The sources are left to their set. */
void refclock_set_free(struct refclock_set *set);

/* Fills in the fields that the record of the source does not have. */
void refclock_set_report(const struct refclock_set *set, const struct source *source,
                         struct report_source *report);
/* Adds what is known of the clock that has this source (cmdmon.md 13.18). */
void refclock_set_explain(const struct refclock_set *set, const struct source *source,
                          struct findings *findings);
/* The offset command (system.md 2.11). False: there is no such clock. */
bool refclock_set_modify_offset(struct refclock_set *set, uint32_t refid, double offset);

#endif
