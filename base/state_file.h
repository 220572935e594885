/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small file of state that outlives the daemon and is replaced again and again (drift file,
 * rtcfile, ntskeys; daemon.md 22). It is complete at any time, also after a power cut: the new
 * contents are on the disk before they replace the old ones. A failure is reported once when it
 * begins and once when it is over.
 */
#ifndef BASE_STATE_FILE_H
#define BASE_STATE_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include "base/loop.h"
#include "base/world.h"

struct state_file;

struct state_file_spec {
    const char *path;
    mode_t mode;
    const char *failure; /* message when it cannot be written; NULL: `Could not write PATH` */
    bool sync_name;      /* state_file_write() also waits for the entry in the directory */
};

/* World, loop and the strings of spec must outlive it. */
struct state_file *state_file_new(struct world *world, struct loop *loop,
                                  const struct state_file_spec *spec);
/* Drops a write that is still to be done. NULL is allowed. */
void state_file_free(struct state_file *file);

/* Writes the whole contents; the buffer of the stream is wiped afterwards. */
typedef void (*state_file_writer)(FILE *stream, const void *arg);

/* Replaces the file now and waits for the disk. For the start, the end and for commands. False: it
   failed, which was logged if it was the first failure. */
bool state_file_write(struct state_file *file, state_file_writer writer, const void *arg);
/*
 * Writes a temporary file now and replaces the old file by it later, when the kernel has written
 * it to the disk by itself. So a busy disk does not block the loop. `interval`: seconds until the
 * next call; the delay is a part of it. Drops a replacement that is still to be done by an
 * earlier call.
 */
void state_file_write_later(struct state_file *file, double interval, state_file_writer writer,
                            const void *arg);

/* Whether the last attempt to write it has failed. NULL, no file: false. */
bool state_file_is_failing(const struct state_file *file);

#endif
