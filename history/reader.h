/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a history file (history.md 4): what a program makes of it that only looks. The file may be
 * written at the same time, be cut off, or be damaged anywhere; what is right is found.
 */
#ifndef HISTORY_READER_H
#define HISTORY_READER_H

#include <stddef.h>
#include <stdint.h>
#include "history/history.h"

enum history_result {
    HISTORY_READ,
    HISTORY_UNREADABLE,    /* of history_load(): errno says why */
    HISTORY_NOT_A_HISTORY, /* neither its first page nor any other is known */
    HISTORY_OTHER_VERSION, /* of a later program */
};

/* Records at these times, both included, and gaps that touch them. */
struct history_limits {
    int64_t since, until;
};

/* What a file holds; limits NULL: all. Unless HISTORY_READ is returned *history is empty. The
   caller frees it with history_free() in any case. */
enum history_result history_parse(const void *data, size_t size,
                                  const struct history_limits *limits, struct history *history);
/* The same of a file, which is read again when a page was just being written. */
enum history_result history_load(const char *path, const struct history_limits *limits,
                                 struct history *history);
/* Frees the arrays. */
void history_free(struct history *history);

#endif
