/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small file of state that outlives the daemon and is replaced again and again (drift file, rtcfile,
 * ntskeys): daemon.md 22. It is whole at any time, also after a power cut: the new contents are on the
 * disk before they take the place of the old ones. Trouble is told once, and once when it is over.
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
    bool sync_name;      /* its name has to last too when state_file_write() returns */
};

/* World and loop must outlive it, and the message of the specification too. */
struct state_file *state_file_new(struct world *world, struct loop *loop,
                                  const struct state_file_spec *spec);
/* Gives up what was to be written later. NULL is allowed. */
void state_file_free(struct state_file *file);

/* Writes the whole contents; the buffer of the stream is wiped afterwards. */
typedef void (*state_file_writer)(FILE *stream, const void *arg);

/* Replaces the file now, and waits for the disk: for the start, the end and for commands. False after a
   failure, which was logged if it is news. */
bool state_file_write(struct state_file *file, state_file_writer writer, const void *arg);
/*
 * Writes now, but lets the new file take the old one's place only after a while, when the kernel has
 * brought it to the disk by itself, so that a busy disk does not stop the loop. `interval`: seconds to
 * the next call (the while is a part of it). What an earlier call has left to be done is given up.
 */
void state_file_write_later(struct state_file *file, double interval, state_file_writer writer,
                            const void *arg);

#endif
