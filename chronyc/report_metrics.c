/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command metrics (chronyc.md 10.21): asks the daemon for what metrics/ needs. A report that is
 * not open to this user is left out without a word.
 */
#include "chronyc/reports.h"

#include <string.h>
#include "chronyc/exchange.h"
#include "metrics/metrics.h"

bool show_metrics(struct client *c, char *args)
{
    enum metrics_format format = METRICS_OPENMETRICS;

    if (strcmp(args, "-p") == 0) {
        format = METRICS_PLAIN;
    } else if (args[0] != '\0') {
        fprintf(c->env->err, "Unrecognized option %s\n", args);
        return false;
    }
    if (metrics_write(c->env->out, format, exchange_metrics, c))
        return true;
    fprintf(c->env->err, "506 Cannot talk to daemon\n");
    return false;
}
