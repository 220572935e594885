/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the history file (history.md 5): a ring of pages of fixed size, which goes on where it
 * stopped. Nothing waits for the disk but the start and the end. A file that cannot be written is
 * tried again at each call; one that is something else is never touched.
 */
#ifndef HISTORY_WRITER_H
#define HISTORY_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/report.h"
#include "base/world.h"
#include "history/page.h"

/* What the file holds. */
struct history_writer_status {
    enum report_history_state state;
    uint64_t size;       /* octets of the whole ring */
    int64_t first, last; /* times of the oldest and of the newest record; 0: there is none */
    uint32_t pages;      /* with records */
    uint64_t written;    /* octets since the start */
    uint32_t failures;   /* since the start */
    uint32_t lost_pages; /* whose records were never written, since the start */
};

struct history_writer;

/* Opens the file, or makes it with mode 0640, with room for so many pages. The world must outlive
   the writer. Failures are logged once when they begin and once when they are over. */
struct history_writer *history_writer_new(struct world *world, const char *path, uint32_t pages);
/* Writes what is left and waits for the disk. NULL is allowed. */
void history_writer_free(struct history_writer *writer);

/* Takes a record of a minute, a sample or an event, and its source (NULL: none). It is written with
   the next flush, or when its page is full. */
void history_writer_add(struct history_writer *writer, const struct history_record *record,
                        const struct history_source *source);
/* Writes all records up to here. False: it failed, which was logged; they are kept for the next
   attempt, as long as their page is not full. */
bool history_writer_flush(struct history_writer *writer);

void history_writer_report(struct history_writer *writer, struct history_writer_status *status);

#endif
