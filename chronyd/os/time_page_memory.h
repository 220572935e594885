/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of time pages (ntp/server/time_page.h): shared memory for processes of the daemon, which
 * only the process that made it can write, and a file for other programs. Called at the start, when
 * the daemon still has its rights, and by readers.
 */
#ifndef CHRONYD_OS_TIME_PAGE_MEMORY_H
#define CHRONYD_OS_TIME_PAGE_MEMORY_H

#include <sys/types.h>
#include "ntp/server/time_page.h"

struct time_page_memory {
    struct time_page *page; /* NULL: there is none; all zero is a valid state */
    int fd;                 /* of shared memory: to be passed to readers; else -1 */
    char *path;             /* of a file; else NULL */
    dev_t device;           /* of the file */
    ino_t inode;
};

/* Shared memory with a page that has no contents yet. Whoever has the descriptor can read it, and
   neither write nor shorten it. False: errno has the reason, nothing was made. */
bool time_page_memory_new(struct time_page_memory *memory);
/* A file with such a page, in place of an older one: mode 0644, never shorter than it is. Another
   program that maps it never sees an incomplete one. False: errno has the reason. */
bool time_page_memory_new_file(struct time_page_memory *memory, const char *path);
/* Ends the mapping and removes the file, if it is still the one that was made. */
void time_page_memory_free(struct time_page_memory *memory);

/* The page of a descriptor, for reading. NULL: it is none; errno has the reason. */
const struct time_page *time_page_map(int fd);
void time_page_unmap(const struct time_page *page);

#endif
