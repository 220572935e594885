/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports for programs: JSON (-j) and comma-separated values (-c), from the rows of the reply's
 * fields (cmdmon/message_reply.c). Signs and units are those of the protocol. The schemas in
 * doc/schema/ describe the same for users; a test keeps both together.
 */
#ifndef CHRONYC_REPORT_ROWS_H
#define CHRONYC_REPORT_ROWS_H

#include "chronyc/client.h"

/* What the reply does not have. */
struct row_given {
    const char *name;           /* as in the report for people */
    const struct ip_addr *addr; /* shown unless it is not one of a host */
    uint32_t index;
};

/* Begins a report with any number of rows. True: it is for people and wants a header. */
bool rows_begin(const struct client *c);

/*
 * Shows a reply's body, or one of the records in it, as an object or as a line. False: nothing was
 * shown, the report is for people. given may be NULL for a report that needs nothing of it.
 */
bool row_show(const struct client *c, enum reply_code reply, const void *body,
              const struct row_given *given);
bool row_show_record(const struct client *c, enum reply_code reply, const void *record,
                     const struct row_given *given);

/* How a value of the kind SHOW_KNOWN is shown outside of JSON. */
const char *known_word(int64_t value);

#endif
