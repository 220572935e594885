/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics: what the daemon's reports say, as text that Prometheus and its relatives read. Both
 * chronyc and the daemon's process that serves them over HTTP call this; how a report is asked for
 * is theirs. Nothing here has a socket, and nothing is changed in the daemon.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <stdbool.h>
#include <stdio.h>
#include "cmdmon/message.h"

enum metrics_format {
    METRICS_OPENMETRICS, /* OpenMetrics 1.0: application/openmetrics-text; version=1.0.0 */
    METRICS_PLAIN,       /* Prometheus's older text, which the node exporter and promtool read:
                            text/plain; version=0.0.4 */
};

enum metrics_answer {
    METRICS_ANSWERED, /* the body is filled in */
    METRICS_NOTHING,  /* there is no such source, or what the report is about is not in use */
    METRICS_REFUSED,  /* not open to this client, or not known to the daemon: asking again is of no
                         use */
    METRICS_SILENT,   /* the daemon does not answer */
};

/* Asks the daemon for one report, and waits for it. arg is what metrics_write() was given. */
typedef enum metrics_answer metrics_ask(const struct cmd_request *request,
                                        union cmd_reply_body *body, void *arg);

/* What a status of the daemon is for metrics_ask. */
enum metrics_answer metrics_answer_of(enum cmd_status status);

/*
 * Asks for everything and writes the text to out, at least chrony_up and the end. Reports that are
 * refused are left out. False: the daemon did not answer (any more); then the text says so, and has
 * nothing else. Errors of out are the caller's to look for.
 */
bool metrics_write(FILE *out, enum metrics_format format, metrics_ask *ask, void *arg);

/* Whether a request is one of those that metrics_write() makes. None of them changes anything. */
bool metrics_may_ask(const struct cmd_request *request);

#endif
