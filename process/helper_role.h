/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kind of helper processes: the facts and functions by which the fork server runs them and the
 * pool uses them, without knowing their purpose. NTS-KE helpers (nts/ke_helper.h) are the only
 * kind; a build without NTS has none. Helpers come in generations: each is made of files as they
 * were when it was ordered.
 */
#ifndef PROCESS_HELPER_ROLE_H
#define PROCESS_HELPER_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/instant.h"

/* Exit status of helpers, for the fork server. */
enum helper_exit { HELPER_EXIT_DONE = 0, HELPER_EXIT_FATAL = 1, HELPER_EXIT_BAD_FILES = 3 };

struct helper_identity {
    uint32_t generation; /* from 1 */
    uint16_t number;     /* from 1 */
    bool restarted;      /* takes the place of one that died */
    bool starting; /* of the generation that was read last, and not of the one that is adopted */
};

struct helper_role {
    const char *service;      /* in messages for people: NTS-KE */
    const char *process_name; /* that listings of processes show */
    const char *files;        /* in messages: certificates and keys */
    const char *bad_files;    /* ... why one ended with HELPER_EXIT_BAD_FILES */
    int count;                /* helpers of a generation, at least 1 */
    int max_sessions;         /* of a helper */
    void *ctx;

    /* The following functions are called in the fork server, which may read files and must not
       parse them. */

    /* Reads the files of a new generation. False: there is nothing to start it with. problem: why
       some of them are bad, which was logged; empty: none is. */
    bool (*read)(void *ctx, char *problem, size_t size);
    /* Adopt: the last read files are in use from now on. Abandon: they are dropped. */
    void (*adopt)(void *ctx);
    void (*abandon)(void *ctx);
    /* Seconds until look has something to do (negative: nothing); look tells whether to read the
       files again. */
    double (*look_wait)(void *ctx, struct mono_time now);
    bool (*look)(void *ctx, struct mono_time now);
    /* Wipes all files: at the end, and in children with another role. */
    void (*forget)(void *ctx);
    /* Body of a helper, in a process of its own. It keeps the files of its generation and wipes
       the rest. Returns the exit status when it is told to drain, or when the main process has
       ended. */
    int (*run)(void *ctx, const struct helper_identity *identity, int channel);
};

#endif
