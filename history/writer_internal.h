/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the writer of the history file, shared by writer.c and writer_open.c.
 */
#ifndef HISTORY_WRITER_INTERNAL_H
#define HISTORY_WRITER_INTERNAL_H

#include <stdio.h>
#include "base/file_trouble.h"
#include "history/writer.h"

struct history_writer {
    struct world *world;
    char *path;
    uint32_t pages;
    bool starting; /* the loop does not run yet, so the disk may be waited for */

    bool resuming; /* records are added while the file is opened, which is not done again then */

    FILE *stream;                /* NULL: not open */
    struct world_file_info info; /* of the open file */
    enum report_history_state state;
    struct file_trouble trouble;
    /* A file that is no history, as it was when it was looked at; an inode of 0: none. */
    struct world_file_info foreign;

    bool has_page;            /* there were records */
    bool in_file;             /* the page, or a part of it, is in the file */
    size_t flushed;           /* octets of the page that are in the file as they are here */
    struct history_page page; /* which is filled */
    struct history_page kept; /* records from before the file was opened */

    uint64_t written;
    uint32_t failures, lost_pages;
};

/* Opens the file, makes one if there is none, and finds the page to go on with; records that were
   not written yet are added to it. False: it cannot be used now; the reason was logged. */
bool history_writer_open(struct history_writer *writer);
/* Closes the file. The page stays. */
void history_writer_close(struct history_writer *writer);
/* Reads the page in a place, from the beginning of the file; what is behind the end of the file is
   zeros. False: there is nothing at all, or it failed. */
bool history_writer_read(struct history_writer *writer, uint32_t place,
                         uint8_t octets[HISTORY_PAGE_SIZE]);

#endif
