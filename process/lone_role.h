/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process without generations: the fork server starts it, gives the main process its end of the
 * channel, and starts it again when it ends. It knows no purpose of it. Of most kinds there is one;
 * those of the same kind have numbers.
 */
#ifndef PROCESS_LONE_ROLE_H
#define PROCESS_LONE_ROLE_H

#include <stdbool.h>
#include <stdint.h>
#include "process/role.h"
#include "process/sandbox.h"

/* When there is such a process. */
enum lone_presence {
    LONE_ALWAYS,       /* from the start of the fork server */
    LONE_FROM_ORDER,   /* from fork_server_want() on */
    LONE_WHILE_ORDERED /* ... until fork_server_kill(); it comes again with the next order */
};

struct lone_role {
    enum process_role role;
    uint16_t number; /* from 1, among those of the role */
    bool is_urgent;  /* started again after a second at most, however often it ends */
    enum lone_presence presence;
    bool ends_itself;         /* has work to do when the daemon ends: is not killed then */
    const char *name;         /* in messages for people: Name resolving helper */
    const char *process_name; /* that listings of processes show */
    const char *bad_files;    /* why it ended with HELPER_EXIT_BAD_FILES; NULL: it does not */
    /* Body of the process, which gives up its rights first. It returns the exit status
       (enum helper_exit) when the channel ends. */
    int (*run)(void *ctx, const struct sandbox *sandbox, int channel);
    /* In the fork server, after each start of the process: it can write into ctx what those that
       come after that one should know. May be NULL. */
    void (*started)(void *ctx);
    void *ctx;
};

#endif
