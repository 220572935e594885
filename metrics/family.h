/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metric families: one row each says how it is named, of which report and field its value is, and
 * what labels it has. Writing, the list in the manual and the tests walk the rows. A family whose
 * report is of a source has the labels source_address and source_name besides.
 *
 * Names that other programs know (the exporter for chrony that most dashboards are made for) are
 * marked. They stay, also where a newer rule would have another name; the name by the rule then
 * has a row of its own beside it.
 */
#ifndef METRICS_FAMILY_H
#define METRICS_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cmdmon/message_field.h"

#define METRIC_PPM     1e-6
#define METRIC_PERCENT 1e-2

enum metric_type {
    METRIC_GAUGE,
    METRIC_COUNTER,  /* written as NAME_total */
    METRIC_INFO,     /* written as NAME_info, value 1; what counts are the labels */
    METRIC_STATESET, /* one line for each word of the value: 1 for that which holds, else 0 */
};

struct metric_family {
    const char *name; /* without _total and _info; ends with the unit */
    uint8_t type;     /* enum metric_type */
    uint8_t report;   /* enum facts_report */
    bool known;       /* the name is that of the exporter */
    const char *unit; /* NULL: none */
    const char *help; /* one line */

    /* The value: a field, its number multiplied by factor unless that is 0; or what a function
       makes of the report. */
    struct cmd_field value;
    double factor;
    double (*derive)(const void *report);
    bool (*valid)(const void *report); /* whether there is a value; NULL: always */

    /* Of several values, each by a word: the label, and the field with the number of values, which
       follow the first one. A source has no lines for those that are zero. */
    const char *by; /* NULL: there is one value */
    struct cmd_field count;

    const struct cmd_field *labels; /* key: name of the label; NULL: none */
    size_t label_count;
};

#define METRIC_LABELS(rows) .labels = (rows), .label_count = COUNT(rows)

/* The rows of a file. */
struct metric_table {
    const struct metric_family *families;
    size_t count;
};
extern const struct metric_table metric_table_clock, metric_table_daemon, metric_table_sources;

/* All of them, in the order in which they are written. NULL behind the last one. */
const struct metric_family *metric_family_get(size_t index);

#endif
