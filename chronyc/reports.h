/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report commands (chronyc.md 10). Each takes the rest of its line, which it may change, asks
 * the daemon and prints; false: the report could not be completed, and the reason was printed.
 */
#ifndef CHRONYC_REPORTS_H
#define CHRONYC_REPORTS_H

#include "chronyc/client.h"

bool show_explain(struct client *c, char *args);
bool show_clock(struct client *c, char *args);
bool show_top(struct client *c, char *args);
bool show_tracking(struct client *c, char *args);
bool show_waitsync(struct client *c, char *args);

bool show_sources(struct client *c, char *args);
bool show_sourcestats(struct client *c, char *args);
bool show_estimator(struct client *c, char *args);
bool show_selectdata(struct client *c, char *args);
bool show_authdata(struct client *c, char *args);
bool show_sourcename(struct client *c, char *args);

bool show_ntpdata(struct client *c, char *args);

bool show_activity(struct client *c, char *args);
bool show_serverstats(struct client *c, char *args);
bool show_clients(struct client *c, char *args);
bool show_rtcdata(struct client *c, char *args);
bool show_smoothing(struct client *c, char *args);
bool show_temperature(struct client *c, char *args);
bool show_xdp(struct client *c, char *args);
bool show_processes(struct client *c, char *args);
bool show_metrics(struct client *c, char *args);
bool show_report(struct client *c, char *args);
bool show_manual_list(struct client *c);
bool show_settime(struct client *c, char *args);

#endif
