/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE helper process (nts.md 16, architecture.md "Processes"). It is forked by the fork server
 * with the octets of certificates and private keys, gives up all rights, parses them, and then runs
 * NTS-KE sessions on the sockets that the main process passes.
 *
 * Promise: descriptors: the channel, the log, its connections. Files: none.
 * Capabilities: none. It holds the private key and, during a session, the current cookie key.
 */
#ifndef NTS_HELPER_H
#define NTS_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/world.h"
#include "conf/conf.h"
#include "nts/context.h"
#include "nts/server_files.h"

/*
 * What the daemon knows about privileges, called in the new process. Failures are fatal for the
 * process that calls (LOG_FATAL). None of the functions may be NULL.
 */
struct helper_sandbox {
    /* In the fork server: sets no-new-privs and, when started as root, stays root with nothing but
       CAP_DAC_READ_SEARCH if there are NTS-KE helpers, CAP_SETUID and CAP_SETGID if children change
       user, and CAP_IPC_LOCK if locked memory needs it, as far as they are permitted. Warns of what
       will not work. */
    void (*limit_fork_server)(void *arg);
    /* In the fork server: kills a child, also one that has changed its user. */
    void (*kill)(pid_t pid, void *arg);
    /* In a helper: change to the configured user (no supplementary groups), drop every capability,
       set no-new-privs. Without root only the latter two. */
    void (*drop)(void *arg);
    /* In a helper: system call filter of its kind at the level of -F; a debug message. */
    void (*load_filter)(void *arg);
    /* In both: closes all descriptors but 0 to 2, those of the log, and the given ones. It also
       forgets the pipe to the foreground process and the hook of fatal messages. */
    void (*close_descriptors)(const int *keep, size_t count, void *arg);
    void *arg;
};

struct helper_identity;

/* What helpers are made of; must outlive the fork server (in the main process: until it has been
   started). */
struct helper_spec {
    struct world *world; /* clocks, streams, random octets, wait; files in the fork server only */
    const struct conf *conf;
    struct nts_aeads aeads;
    struct helper_sandbox sandbox;
    /* Bodies of the children of the fork server: helper_run, NULL: no NTS-KE helpers; the name
       resolving helper, with the sandbox's arg, NULL: none. */
    int (*run_helper)(const struct helper_spec *spec, const struct helper_identity *identity,
                      struct server_files *files, int channel);
    void (*run_resolver)(int channel, void *arg);
};

/* Exit status of helpers, for the fork server. */
enum helper_exit { HELPER_EXIT_DONE = 0, HELPER_EXIT_FATAL = 1, HELPER_EXIT_BAD_FILES = 3 };

struct helper_identity {
    uint32_t generation;
    uint16_t number;
    bool restarted; /* takes the place of one that died: dates were reported already */
};

/* Body of the process: returns the exit status when it is told to drain or the main process is
   gone. files: octets of the generation, freed here as soon as they are parsed; the caller has freed
   all others that it has. */
int helper_run(const struct helper_spec *spec, const struct helper_identity *identity,
               struct server_files *files, int channel);

#endif
