/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the daemon: sending with retries and fall-back, and the status lines (chronyc.md 5
 * and 6).
 */
#ifndef CHRONYC_EXCHANGE_H
#define CHRONYC_EXCHANGE_H

#include "chronyc/client.h"
#include "metrics/metrics.h"

/*
 * Asks for a report. Prints the status line if the status is not success, and "508 Bad reply" for
 * a reply of another kind; then the result is false and the body not to be used.
 */
bool exchange_report(struct client *c, const struct cmd_request *request,
                     union cmd_reply_body *body);

/* The same, printing the status line in any case. */
bool exchange_verbose(struct client *c, const struct cmd_request *request,
                      union cmd_reply_body *body);

/*
 * Asks for a report and prints nothing. False: no daemon answers. *status is that of the daemon, or
 * CMD_STATUS_FAILED for a reply of another kind; the body is filled in with CMD_STATUS_SUCCESS
 * only.
 */
bool exchange_quiet(struct client *c, const struct cmd_request *request, enum cmd_status *status,
                    union cmd_reply_body *body);
/* The same for metrics/, whose metrics_ask this is; client: a struct client. */
enum metrics_answer exchange_metrics(const struct cmd_request *request, union cmd_reply_body *body,
                                     void *client);

/* Runs a command that has no report: prints its status line, which is the command's result. */
bool exchange_command(struct client *c, const struct cmd_request *request);

/*
 * Prints a status line. A JSON document has a place for it only when it is the result of the
 * command that exchange_command() runs, or (is_result) stands for a report that failed.
 */
void exchange_print_status(struct client *c, const char *line, bool is_result);

/* "200 OK" and so on. */
const char *status_line(unsigned int status);

#endif
