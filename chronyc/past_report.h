/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report about the past, as text, page, JSON and CSV. The command report (report_past.c)
 * collects what it is made of; everything here is pure and writes to a stream.
 */
#ifndef CHRONYC_PAST_REPORT_H
#define CHRONYC_PAST_REPORT_H

#include <stdbool.h>
#include <stdio.h>
#include "chronyc/document.h"
#include "chronyc/past_figures.h"

struct past_report {
    const struct history *history;
    const struct past_figures *figures;
    const char *host;    /* name of the machine on which the report is made */
    const char *path;    /* of the history file */
    const char *version; /* of the program */
    int64_t made;        /* s since 1970 */
    bool limit_given;    /* by the user, else it is the default */
};

/* One line of the table that an auditor files. */
struct past_row {
    const char *label;
    char value[160];
};

#define PAST_ROWS_MAX 32

/* The table, in its order; what there is nothing to say of has no row. Returns their number. */
size_t past_rows(const struct past_report *r, struct past_row rows[PAST_ROWS_MAX]);

/* The verdict in a sentence. */
void past_verdict(const struct past_report *r, char *text, size_t size);

/* "synchronised, bound within the limit" and so on: a part of the period. */
const char *past_part_word(enum past_part part);

/*
 * Which sources are shown, those that were selected for longest first. Fills in up to max indices;
 * returns their number, and in *left_out how many more have samples.
 */
size_t past_order_sources(const struct past_figures *f, int *order, size_t max, size_t *left_out);

/* How a source is called: its name, or its address when another one has the same name. The text is
   one of the history. */
const char *past_source_label(const struct history *h, int source);

/* For a terminal, in 80 columns. utf8: block characters may be used. */
void past_print_text(const struct past_report *r, bool utf8, FILE *out);
/* One self-contained HTML page. */
void past_print_page(const struct past_report *r, FILE *out);
/* The figures, with sources and events. */
void past_put_document(const struct past_report *r, struct document *d);
/* A line for each minute of the period. */
void past_print_csv(const struct past_report *r, FILE *out);

#endif
