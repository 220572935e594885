/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the text files that people write: configuration, .sources files, key files (config.md
 * 2).
 */
#ifndef BASE_LINE_READER_H
#define BASE_LINE_READER_H

#include <stdbool.h>
#include <stdio.h>
#include "base/text.h"

struct line_reader {
    FILE *stream;     /* the caller's */
    const char *path; /* for messages; the caller's */
    int number;       /* of the last line that was read, counted from 1 */
    bool complete;    /* that line had a newline */
    bool nul_seen;    /* a line of this file had a NUL octet */
    char line[TEXT_LINE_SIZE];
};

enum line_result { LINE_OK, LINE_END, LINE_TOO_LONG };

/* At the beginning of a stream. */
struct line_reader line_reader_start(FILE *stream, const char *path);

/*
 * Reads a line without its newline. A NUL octet ends the line: the rest of it is skipped, which is
 * worth a warning for the first line of a file that has one. LINE_TOO_LONG: more than 2047 octets
 * with the newline; all of it is skipped, so that the next line can be read. LINE_END: nothing is
 * left, or a read error (errno, ferror()).
 */
enum line_result line_reader_next(struct line_reader *reader);

#endif
