/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon was asked for one text of metrics. All is asked first and written then, because
 * the lines of a metric stand together, and a report has the values of many.
 */
#ifndef METRICS_FACTS_H
#define METRICS_FACTS_H

#include <stddef.h>
#include <stdint.h>
#include "metrics/metrics.h"

/* The reports. Behind those of which there is one come lists, and those of which each source has
   one. */
enum facts_report {
    FACTS_TRACKING,
    FACTS_CLOCK,
    FACTS_ACTIVITY,
    FACTS_SERVERSTATS,
    FACTS_TEMPERATURE,
    FACTS_RTC,
    FACTS_SMOOTHING,
    FACTS_UPDATES,
    FACTS_SELECTIONS,
    FACTS_REQUESTS,
    FACTS_KE,
    FACTS_DAEMON,
    FACTS_PROCESS,
    FACTS_CERTIFICATE,
    FACTS_SOURCE,
    FACTS_SOURCENAME,
    FACTS_SOURCESTATS,
    FACTS_SELECTDATA,
    FACTS_AUTHDATA,
    FACTS_NTPDATA,
    FACTS_ESTIMATOR,
    FACTS_SOURCE_COUNTS,
    FACTS_REPORTS,
};
#define FACTS_LISTS      FACTS_PROCESS
#define FACTS_PER_SOURCE FACTS_SOURCE

struct facts_source {
    uint32_t have; /* a bit for each enum facts_report */
    char address[ADDR_TEXT_SIZE];
    char *name; /* as configured, the characters of the reference ID, or the address */
    struct report_source data;
    struct report_sourcestats stats;
    struct report_selectdata selection;
    struct report_authdata auth;
    struct report_ntpdata ntp;
    struct report_estimator estimate;
    struct report_source_counts counts;
};

struct facts {
    uint32_t have; /* a bit for each enum facts_report of which there is one */
    struct report_tracking tracking;
    struct report_clock clock;
    struct report_activity activity;
    struct report_serverstats server;
    struct report_temperature temperature;
    struct report_rtc rtc;
    struct report_smoothing smoothing;
    struct report_counts updates, selections, requests, ke;
    struct report_daemon daemon;
    struct report_certificate *certificates;
    size_t certificate_count;
    struct facts_source *sources;
    size_t source_count;
};

/* Asks for everything. False: the daemon did not answer, and there are no facts. */
bool facts_collect(struct facts *facts, metrics_ask *ask, void *arg);
void facts_free(struct facts *facts);

/* The values of a report (const struct report_*), NULL if there are none. source: NULL for a report
   that is not of a source. Not for lists. */
const void *facts_get(const struct facts *facts, const struct facts_source *source,
                      enum facts_report report);
/* How many of a report there may be, and the values of one of them, NULL if there are none. */
size_t facts_count(const struct facts *facts, enum facts_report report);
const void *facts_at(const struct facts *facts, enum facts_report report, size_t index);

#endif
