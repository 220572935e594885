/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon writes to its history file (history.md 6): the clock at each full minute, samples
 * of sources, and events. It is told of samples and runs of the selection, and looks at the other
 * modules each minute; it changes none of them. Without the directive historyfile there is none.
 */
#ifndef CHRONYD_HISTORY_COLLECTOR_H
#define CHRONYD_HISTORY_COLLECTOR_H

#include <stdbool.h>
#include "base/loop.h"
#include "base/world.h"
#include "clock/local_clock.h"
#include "clock/reference.h"
#include "conf/groups.h"
#include "history/writer.h"
#include "source/source.h"

struct history_collector;

/* All of it must outlive the collector. */
struct history_env {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
    struct reference *reference;
    struct source_register *sources;
    const char *sensor; /* file with a temperature; NULL: none */
};

/* Opens the file and notes the start. NULL: conf names no file. */
struct history_collector *history_collector_new(const struct history_env *env,
                                                const struct history_conf *conf);
/* Notes the end and closes the file. NULL is allowed, as in all that follows. */
void history_collector_free(struct history_collector *collector);

/* A source has a new sample, and the selection has run with it. */
void history_collector_sample(struct history_collector *collector, const struct source *source,
                              const struct source_sample *sample);
/* The selection has run, or sources went online or offline: notes what has changed. */
void history_collector_observe(struct history_collector *collector);
/* Certificates and keys of the NTS server were read again; ok: all of them can be used. */
void history_collector_certificates(struct history_collector *collector, bool ok);
/* A helper process was started in the place of one that ended; what it does. */
void history_collector_restart(struct history_collector *collector, const char *service);

/* Writes what is left and tells what the file holds. False: there is no file. */
bool history_collector_report(struct history_collector *collector,
                              struct history_writer_status *status);

#endif
