/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads lines of bounded length. Called for the configuration, .sources files and key files. It
 * keeps no copy of a line but the last one, which the owner of secrets has to wipe.
 */
#include "base/line_reader.h"

#include "base/log.h"

struct line_reader line_reader_start(FILE *stream, const char *path)
{
    return (struct line_reader){.stream = stream, .path = path};
}

static void warn_nul(struct line_reader *reader)
{
    if (!reader->nul_seen)
        LOG_WARN("NUL character at line %d in file %s, ignoring the rest of the line",
                 reader->number, reader->path);
    reader->nul_seen = true;
}

enum line_result line_reader_next(struct line_reader *reader)
{
    const size_t longest = sizeof(reader->line) - 2;
    size_t length = 0;
    bool ended = false, too_long = false, empty = true;
    int c;

    reader->number++;
    reader->complete = false;
    while ((c = getc(reader->stream)) != EOF) {
        empty = false;
        if (c == '\n') {
            reader->complete = true;
            break;
        }
        if (c == '\0' && !ended && !too_long) {
            warn_nul(reader);
            ended = true;
        }
        if (ended)
            continue;
        too_long = too_long || length >= longest;
        if (!too_long)
            reader->line[length++] = (char)c;
    }
    /* The newline counts, too */
    too_long = too_long || (reader->complete && !ended && length >= longest);
    reader->line[length] = '\0';
    return too_long ? LINE_TOO_LONG : empty ? LINE_END : LINE_OK;
}
