/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a terminal shows of a report: a grid of characters with styles, and what differs from the
 * grid before. Text in, escape sequences out; no terminal is touched here.
 */
#ifndef CHRONYC_GRID_H
#define CHRONYC_GRID_H

#include <stdbool.h>
#include <stdio.h>

struct grid;

/* An empty grid. */
struct grid *grid_new(int rows, int columns);
void grid_free(struct grid *f);
bool grid_has_size(const struct grid *f, int rows, int columns);

/* Lays out the text of a report, with the sequences of style.h and the block characters of
   sparkline.h in it. Other characters that are not printable are replaced. Returns the number of
   lines that there is no row for. */
int grid_set_text(struct grid *f, const char *text);

/* Marks the words that differ from the previous grid of the same size. */
void grid_mark_changes(struct grid *f, const struct grid *previous);

/* Writes the grid so that it begins in the given row (from 1) and nothing remains below it. */
void grid_draw(const struct grid *f, int first_row, FILE *out);

#endif
