/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report commands (chronyc.md 10). Each takes the rest of its line, which it may change, asks
 * the daemon and prints; false: the report could not be completed, and the reason was printed.
 */
#ifndef CHRONYC_REPORTS_H
#define CHRONYC_REPORTS_H

#include "chronyc/client.h"

bool report_tracking(struct client *c, char *args);
bool report_waitsync(struct client *c, char *args);

bool report_sources(struct client *c, char *args);
bool report_sourcestats(struct client *c, char *args);
bool report_selectdata(struct client *c, char *args);
bool report_authdata(struct client *c, char *args);
bool report_sourcename(struct client *c, char *args);

bool report_ntpdata(struct client *c, char *args);

bool report_activity(struct client *c, char *args);
bool report_serverstats(struct client *c, char *args);
bool report_clients(struct client *c, char *args);
bool report_rtcdata(struct client *c, char *args);
bool report_smoothing(struct client *c, char *args);
bool report_manual_list(struct client *c);
bool report_settime(struct client *c, char *args);

#endif
