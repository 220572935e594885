/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are written again and again and cannot be: that is told once when it begins and once
 * when it is over (architecture.md, Errors and logs), however often it is tried meanwhile. The owner
 * of a file, or of files that fail together, keeps one of these, zeroed at first.
 */
#ifndef BASE_FILE_TROUBLE_H
#define BASE_FILE_TROUBLE_H

#include <stdbool.h>
#include "base/log.h"

struct file_trouble {
    bool failed;
    bool in_round; /* several files are being written: one of them does not end the trouble */
};

/* Notes a failure. The severity of its message: error if it is news, else debug. NULL: always news. */
enum log_severity file_trouble_begin(struct file_trouble *trouble);
/* Notes a success; info `Writing of PATH works again` if there was trouble. Nothing in a round, whose
   owner calls it afterwards with the directory if all went well. NULL is allowed. */
void file_trouble_end(struct file_trouble *trouble, const char *path);

/* Logs a failure. */
#define LOG_TROUBLE(trouble, ...) LOG(file_trouble_begin(trouble), __VA_ARGS__)

#endif
