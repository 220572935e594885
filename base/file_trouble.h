/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of a file that is written again and again: a failure is reported once when it begins and
 * once when it is over (architecture.md, "Errors and logs"), not with each attempt. The owner of
 * a file, or of files that fail together, keeps one such struct. It begins with zeros.
 */
#ifndef BASE_FILE_TROUBLE_H
#define BASE_FILE_TROUBLE_H

#include <stdbool.h>
#include "base/log.h"

struct file_trouble {
    bool failed;
    bool in_round; /* several files are written: the success of one does not end the trouble */
};

/* Notes a failure. Returns the severity of its message: error for the first one, else debug. NULL:
   always error. */
enum log_severity file_trouble_begin(struct file_trouble *trouble);
/* Notes a success; info `Writing of PATH works again` if there was trouble. Does nothing in a
   round: the owner of the round calls it at the end, with the directory, if all files were
   written. NULL is allowed. */
void file_trouble_end(struct file_trouble *trouble, const char *path);

/* Logs a failure. */
#define LOG_TROUBLE(trouble, ...) LOG(file_trouble_begin(trouble), __VA_ARGS__)

#endif
