/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kind of process of which there is one, and no generations: the fork server starts it, gives the
 * main process its end of the channel, and starts it again when it ends. It knows no purpose of it.
 */
#ifndef PROCESS_LONE_ROLE_H
#define PROCESS_LONE_ROLE_H

#include "process/ipc.h"
#include "process/sandbox.h"

struct lone_role {
    const char *name;           /* in messages for people: Name resolving helper */
    const char *process_name;   /* that listings of processes show */
    const char *bad_files;      /* ... why it ended with HELPER_EXIT_BAD_FILES; NULL: it does not */
    enum ipc_type announcement; /* brings the main process the ID and the channel */
    /* Body of the process, which gives up its rights first. It returns the exit status
       (enum helper_exit) when the channel ends. */
    int (*run)(void *ctx, const struct sandbox *sandbox, int channel);
    void *ctx;
};

#endif
