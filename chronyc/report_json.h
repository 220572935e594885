/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON form of each report (-j): which fields it has, their names and their order. The schemas
 * in doc/schema/ describe the same for users; a test keeps both together.
 */
#ifndef CHRONYC_REPORT_JSON_H
#define CHRONYC_REPORT_JSON_H

#include "base/report.h"
#include "chronyc/document.h"
#include "cmdmon/message.h"

/* Reports of one object. */
void json_tracking(struct document *d, const struct report_tracking *t, const char *name);
void json_settime(struct document *d, const struct cmd_settime_reply *s);
void json_waitsync(struct document *d, int tries, bool synchronised,
                   const struct report_tracking *t);
void json_sourcename(struct document *d, const char *name);

/* The same, from the body of the reply that is all there is to show. */
void json_activity(struct document *d, const union cmd_reply_body *body);
void json_serverstats(struct document *d, const union cmd_reply_body *body);
void json_rtcdata(struct document *d, const union cmd_reply_body *body);
void json_smoothing(struct document *d, const union cmd_reply_body *body);

/* One row. The name is that of the printed report. */
void json_source(struct document *d, const struct report_source *s, const char *name);
void json_sourcestats(struct document *d, const struct report_sourcestats *s, const char *name);
void json_selectdata(struct document *d, const struct report_selectdata *s, const char *name);
void json_authdata(struct document *d, const struct report_authdata *a, const struct ip_addr *addr,
                   const char *name);
void json_ntpdata(struct document *d, const struct report_ntpdata *n);
void json_client(struct document *d, const struct report_client *r, const char *name);
void json_manual_sample(struct document *d, uint32_t index, const struct report_manual_sample *s);

#endif
