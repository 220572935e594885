/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The measurement log files in logdir: opening at the first entry, banners, one flushed line per
 * entry, closing for rotation (daemon.md 18, discipline.md 27). Each module formats its own
 * entries; the headings are here.
 */
#ifndef CLOCK_MEASUREMENT_LOG_H
#define CLOCK_MEASUREMENT_LOG_H

#include <stdbool.h>
#include "base/world.h"
#include "conf/groups.h"

enum measurement_log_kind {
    MLOG_MEASUREMENTS,
    MLOG_SELECTION,
    MLOG_STATISTICS,
    MLOG_TRACKING,
    MLOG_RTC,
    MLOG_REFCLOCKS,
    MLOG_TEMPCOMP,
    MLOG_ESTIMATOR,
    MLOG_KINDS,
};

struct measurement_log;

/* The directory must outlive it. */
struct measurement_log *measurement_log_new(struct world *world, const struct log_conf *conf);
void measurement_log_free(struct measurement_log *log);

/* Whether entries of this kind are wanted and can still be written; log may be NULL (no). */
bool measurement_log_enabled(const struct measurement_log *log, enum measurement_log_kind kind);

/* Writes one line (without newline), if enabled. A file that cannot be opened is reported once and
   stays off. */
void measurement_log_write(struct measurement_log *log, enum measurement_log_kind kind,
                           const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether the last attempt to open or write one of the files has failed. */
bool measurement_log_is_failing(const struct measurement_log *log);

/* Closes all files; each is opened again, and gets its banner, with the next entry (cyclelogs). */
void measurement_log_cycle(struct measurement_log *log);

#endif
